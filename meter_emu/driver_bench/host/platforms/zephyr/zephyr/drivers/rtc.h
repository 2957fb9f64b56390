/* Zephyr's interface of clocks: a driver's table of calls, and the calls through it. */
#ifndef BENCH_ZEPHYR_RTC_H
#define BENCH_ZEPHYR_RTC_H
#include <zephyr/device.h>
#include <zephyr/kernel.h>

struct rtc_time { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst, tm_nsec; };
#define RTC_ALARM_TIME_MASK_SECOND BIT(0)
#define RTC_ALARM_TIME_MASK_MINUTE BIT(1)
#define RTC_ALARM_TIME_MASK_HOUR BIT(2)
#define RTC_ALARM_TIME_MASK_MONTHDAY BIT(3)
#define RTC_ALARM_TIME_MASK_MONTH BIT(4)
#define RTC_ALARM_TIME_MASK_YEAR BIT(5)
#define RTC_ALARM_TIME_MASK_WEEKDAY BIT(6)
#define RTC_ALARM_TIME_MASK_YEARDAY BIT(7)
#define RTC_ALARM_TIME_MASK_NSEC BIT(8)

typedef void (*rtc_alarm_callback)(const struct device *, uint16_t id, void *user_data);
typedef void (*rtc_update_callback)(const struct device *, void *user_data);
struct rtc_driver_api {
    int (*set_time)(const struct device *, const struct rtc_time *);
    int (*get_time)(const struct device *, struct rtc_time *);
    int (*alarm_get_supported_fields)(const struct device *, uint16_t id, uint16_t *mask);
    int (*alarm_set_time)(const struct device *, uint16_t id, uint16_t mask, const struct rtc_time *);
    int (*alarm_get_time)(const struct device *, uint16_t id, uint16_t *mask, struct rtc_time *);
    int (*alarm_is_pending)(const struct device *, uint16_t id);
    int (*alarm_set_callback)(const struct device *, uint16_t id, rtc_alarm_callback, void *user_data);
    int (*update_set_callback)(const struct device *, rtc_update_callback, void *user_data);
    int (*set_calibration)(const struct device *, int32_t);
    int (*get_calibration)(const struct device *, int32_t *);
};
#define BENCH_CALL(call, ...) (((const struct rtc_driver_api *)bench_device.api)->call(&bench_device, __VA_ARGS__))
static inline int rtc_set_time(const struct device *device, const struct rtc_time *time) { (void)device; return BENCH_CALL(set_time, time); }
static inline int rtc_get_time(const struct device *device, struct rtc_time *time) { (void)device; return BENCH_CALL(get_time, time); }
#ifdef CONFIG_RTC_ALARM
static inline int rtc_alarm_set_time(const struct device *device, uint16_t id, uint16_t mask, const struct rtc_time *time) {
    (void)device;
    return BENCH_CALL(alarm_set_time, id, mask, time);
}
static inline int rtc_alarm_get_time(const struct device *device, uint16_t id, uint16_t *mask, struct rtc_time *time) {
    (void)device;
    return BENCH_CALL(alarm_get_time, id, mask, time);
}
#endif
#endif
