/* A DS1307 as a driver of Zephyr has it, with what declares it below. */
#include <zephyr/drivers/gpio.h>
#include <zephyr/drivers/i2c.h>
#include <zephyr/drivers/rtc.h>
#include <zephyr/init.h>
#include <zephyr/logging/log.h>
#include <zephyr/pm/device.h>
#include <zephyr/sys/byteorder.h>
#include <zephyr/sys/timeutil.h>
#include <zephyr/sys/util.h>
#define DT_DRV_COMPAT ours_ds1307
LOG_MODULE_REGISTER(ours, CONFIG_RTC_LOG_LEVEL);

struct settings {
    struct i2c_dt_spec i2c;
    IF_ENABLED(HAS_A_PIN, (struct gpio_dt_spec pin;))
    uint8_t rate;
};
struct held { struct k_mutex lock; };

static int ours_set(const struct device *dev, const struct rtc_time *t) {
    const struct settings *own = dev->config;
    struct held *held = dev->data;
    const uint8_t regs[7] = {bin2bcd((uint8_t)t->tm_sec), bin2bcd((uint8_t)t->tm_min), bin2bcd((uint8_t)t->tm_hour),
                             (uint8_t)(t->tm_wday + 1), bin2bcd((uint8_t)t->tm_mday), bin2bcd((uint8_t)(t->tm_mon + 1)),
                             bin2bcd((uint8_t)(t->tm_year - 100))};
    k_mutex_lock(&held->lock, K_FOREVER);
    const int failed = i2c_burst_write_dt(&own->i2c, 0, regs, sizeof(regs));
    k_mutex_unlock(&held->lock);
    LOG_DBG("set: %d", failed);
    return failed;
}
static int ours_get(const struct device *dev, struct rtc_time *t) {
    const struct settings *own = dev->config;
    const uint8_t from = 0;
    uint8_t regs[7];
    const int failed = i2c_write_read_dt(&own->i2c, &from, 1, regs, sizeof(regs));
    if (failed) return failed;
    memset(t, 0, sizeof(*t));
    t->tm_sec = bcd2bin((uint8_t)FIELD_GET(GENMASK(6, 0), regs[0]));
    t->tm_min = bcd2bin(regs[1] & GENMASK(6, 0));
    t->tm_hour = bcd2bin(regs[2] & GENMASK(5, 0));
    t->tm_wday = regs[3] - 1;
    t->tm_mday = bcd2bin(regs[4] & GENMASK(5, 0));
    t->tm_mon = bcd2bin(regs[5] & GENMASK(4, 0)) - 1;
    t->tm_year = bcd2bin(regs[6]) + 100;
    return regs[0] & BIT(7) ? -ENODATA : 0;
}
static int ours_init(const struct device *dev) {
    const struct settings *own = dev->config;
    struct held *held = dev->data;
    k_mutex_init(&held->lock);
    if (!i2c_is_ready_dt(&own->i2c)) return -ENODEV;
    return i2c_reg_update_byte_dt(&own->i2c, 7, BIT(4), (uint8_t)FIELD_PREP(BIT(4), own->rate));
}
static DEVICE_API(rtc, calls) = {.set_time = ours_set, .get_time = ours_get};

#define OURS(inst) \
    static struct held held_##inst; \
    static const struct settings settings_##inst = { \
        .i2c = I2C_DT_SPEC_INST_GET(inst), \
        IF_ENABLED(HAS_A_PIN, (.pin = GPIO_DT_SPEC_INST_GET_OR(inst, int_gpios, {0}),)) \
        .rate = DT_INST_ENUM_IDX_OR(inst, rate, 0), \
    }; \
    DEVICE_DT_INST_DEFINE(inst, &ours_init, NULL, &held_##inst, &settings_##inst, POST_KERNEL, CONFIG_RTC_INIT_PRIORITY, &calls);
DT_INST_FOREACH_STATUS_OKAY(OURS)

static int set(const struct moment *t) {
    const struct rtc_time time = {.tm_year = t->year - 1900, .tm_mon = t->month - 1, .tm_mday = t->day, .tm_hour = t->hour,
                                  .tm_min = t->minute, .tm_sec = t->second, .tm_wday = t->weekday};
    return rtc_set_time(&bench_device, &time);
}
static int get(struct moment *t) {
    struct rtc_time n;
    const int refused = rtc_get_time(&bench_device, &n);
    *t = (struct moment){n.tm_year + 1900, n.tm_mon + 1, n.tm_mday, n.tm_hour, n.tm_min, n.tm_sec, n.tm_wday, -1};
    return refused == -ENODATA ? no_valid_time : refused;
}
const driver_under_test_t driver_under_test = {.declared = "chip=ds1307", .begin = bench_begin, .set = set, .get = get};
