/* What a clock driver of Linux (6.3 and later) uses of the kernel, on the bench: one client on an I2C bus, smbus or
 * regmap, no interrupt, an empty devicetree. Written from the kernel's documented interface; no header of it is here. */
#ifndef BENCH_LINUX_RTC_H
#define BENCH_LINUX_RTC_H
#include "driver_under_test.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8; typedef uint16_t u16; typedef uint32_t u32; typedef uint64_t u64;
typedef int8_t s8; typedef int16_t s16; typedef int32_t s32; typedef int64_t s64; typedef int64_t time64_t;
#define __user
#define __maybe_unused __attribute__((unused))
#define fallthrough __attribute__((fallthrough))
#define BIT(at) (1UL << (at))
#define GENMASK(high, low) ((~0UL >> (8 * sizeof(long) - 1 - (high))) & (~0UL << (low)))
#define FIELD_GET(mask, value) (((value) & (mask)) / ((mask) & ~((mask) << 1)))
#define FIELD_PREP(mask, value) (((value) * ((mask) & ~((mask) << 1))) & (mask))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define container_of(at, type, field) ((type *)((char *)(at) - offsetof(type, field)))
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define clamp(value, low, high) min(max(value, low), high)
#define DIV_ROUND_CLOSEST(n, by) (((n) > 0) == ((by) > 0) ? ((n) + (by) / 2) / (by) : ((n) - (by) / 2) / (by))
#define bcd2bin(bcd) (((bcd) & 15) + ((bcd) >> 4) * 10)
#define bin2bcd(bin) ((u8)((bin) / 10 << 4 | (bin) % 10))
#define ENOIOCTLCMD 515
#define ENOTSUPP 524
#define GFP_KERNEL 0
#define IS_ERR(at) ((uintptr_t)(at) >= (uintptr_t)-4095)
#define PTR_ERR(at) ((int)(intptr_t)(at))
#define ERR_PTR(code) ((void *)(intptr_t)(code))
#define put_user(value, at) (*(at) = (value), 0)
#define set_bit(at, words) ((words)[0] |= BIT(at))
#define clear_bit(at, words) ((words)[0] &= ~BIT(at))
#define msleep(ms) bus_wait_us((ms) * 1000)
#define udelay(us) bus_wait_us(us)
#define usleep_range(least, most) bus_wait_us(least)

/* Devices: nothing is printed, as a driver's lines on standard output are its answers. */
struct device_node;
struct device { void *driver_data, *platform_data; struct device_node *of_node; struct device *parent; };
static inline void bench_says(const struct device *dev, const char *text, ...) { (void)dev; (void)text; }
#define dev_err bench_says
#define dev_warn bench_says
#define dev_info bench_says
#define dev_dbg bench_says
#define dev_name(dev) "rtc"
#define dev_get_drvdata(dev) ((dev)->driver_data)
#define dev_set_drvdata(dev, data) ((dev)->driver_data = (data))
#define dev_fwnode(dev) NULL
#define devm_kzalloc(dev, size, flags) calloc(1, size)
#define of_property_read_u32(node, name, to) (-EINVAL)
#define of_property_read_bool(node, name) false
#define device_property_read_bool(dev, name) false
#define device_property_read_u32(dev, name, to) (-EINVAL)
#define device_init_wakeup(dev, can) ((void)(can))
#define device_may_wakeup(dev) false
#define dev_pm_set_wake_irq(dev, irq) ((void)0)
struct dev_pm_ops { int none; };
#define SIMPLE_DEV_PM_OPS(name, suspend, resume) const struct dev_pm_ops __maybe_unused name = {0}
#define DEFINE_SIMPLE_DEV_PM_OPS SIMPLE_DEV_PM_OPS
#define pm_sleep_ptr(at) NULL

typedef enum { IRQ_NONE, IRQ_HANDLED } irqreturn_t;
enum { IRQF_TRIGGER_LOW = 8, IRQF_SHARED = 128, IRQF_ONESHOT = 8192, IRQF_TRIGGER_FALLING = 2, RTC_IRQF = 128, RTC_AF = 32 };
#define devm_request_threaded_irq(dev, irq, handler, thread, flags, name, data) ((void)(thread), (void)(flags), 0)
#define enable_irq_wake(irq) ((void)(irq))
#define disable_irq_wake(irq) ((void)(irq))

/* Clocks. */
struct rtc_time { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst; };
struct rtc_wkalrm { unsigned char enabled, pending; struct rtc_time time; };
struct rtc_param { u64 param; union { u64 uvalue; s64 svalue; }; u32 index; };
struct rtc_class_ops {
    int (*ioctl)(struct device *, unsigned, unsigned long);
    int (*read_time)(struct device *, struct rtc_time *), (*set_time)(struct device *, struct rtc_time *);
    int (*read_alarm)(struct device *, struct rtc_wkalrm *), (*set_alarm)(struct device *, struct rtc_wkalrm *);
    int (*proc)(struct device *, void *), (*alarm_irq_enable)(struct device *, unsigned);
    int (*read_offset)(struct device *, long *), (*set_offset)(struct device *, long);
    int (*param_get)(struct device *, struct rtc_param *), (*param_set)(struct device *, struct rtc_param *);
};
struct rtc_device {
    struct device dev; const struct rtc_class_ops *ops; unsigned long features[1];
    time64_t range_min, start_secs; u64 range_max; bool set_start_time;
};
enum { RTC_FEATURE_ALARM, RTC_FEATURE_ALARM_RES_MINUTE, RTC_FEATURE_NEED_WEEK_DAY, RTC_FEATURE_ALARM_RES_2S,
       RTC_FEATURE_UPDATE_INTERRUPT, RTC_FEATURE_CORRECTION, RTC_FEATURE_BACKUP_SWITCH_MODE, RTC_FEATURE_ALARM_WAKEUP_ONLY };
enum { RTC_VL_READ = 1, RTC_VL_CLR, RTC_PARAM_BACKUP_SWITCH_MODE = 2, RTC_VL_DATA_INVALID = 1, RTC_VL_BACKUP_LOW = 2 };
enum { RTC_BSM_DISABLED, RTC_BSM_DIRECT, RTC_BSM_LEVEL, RTC_BSM_STANDBY };
#define RTC_TIMESTAMP_BEGIN_1900 (-2208988800LL)
#define RTC_TIMESTAMP_BEGIN_2000 946684800LL
#define RTC_TIMESTAMP_END_2063 2966371199LL
#define RTC_TIMESTAMP_END_2079 3471292799LL
#define RTC_TIMESTAMP_END_2099 4102444799LL
#define RTC_TIMESTAMP_END_2199 7258118399LL
#define rtc_update_irq(rtc, count, events) ((void)(rtc))
extern struct rtc_device bench_rtc;
__attribute__((weak)) struct rtc_device bench_rtc;
static inline struct rtc_device *devm_rtc_allocate_device(struct device *dev) { bench_rtc.dev.parent = dev; return &bench_rtc; }
static inline int devm_rtc_register_device(struct rtc_device *rtc) { return rtc->ops ? 0 : -EINVAL; }
int bench_begin(void); /* probes the driver: it fills `bench_rtc` */
#endif
