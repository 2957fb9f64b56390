/* A PCF8523 as a driver of Linux has it, with what declares it below. */
#include <linux/bcd.h>
#include <linux/bitfield.h>
#include <linux/clk-provider.h>
#include <linux/err.h>
#include <linux/i2c.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/regmap.h>
#include <linux/rtc.h>
#include <linux/slab.h>

struct ours { struct regmap *map; struct rtc_device *rtc; };

static int ours_read_time(struct device *dev, struct rtc_time *t) {
    struct i2c_client *client = to_i2c_client(dev);
    u8 from = 3, regs[7];
    struct i2c_msg messages[] = {{.addr = client->addr, .len = 1, .buf = &from},
                                 {.addr = client->addr, .flags = I2C_M_RD, .len = sizeof(regs), .buf = regs}};
    if (i2c_transfer(client->adapter, messages, 2) != 2) return -EIO;
    if (regs[0] & BIT(7)) return -EINVAL;
    t->tm_sec = bcd2bin(FIELD_GET(GENMASK(6, 0), regs[0]));
    t->tm_min = bcd2bin(regs[1] & 0x7F);
    t->tm_hour = bcd2bin(regs[2] & 0x3F);
    t->tm_mday = bcd2bin(regs[3] & 0x3F);
    t->tm_wday = regs[4] & 7;
    t->tm_mon = bcd2bin(regs[5] & 0x1F) - 1;
    t->tm_year = bcd2bin(regs[6]) + 100;
    return 0;
}
static int ours_set_time(struct device *dev, struct rtc_time *t) {
    struct ours *own = dev_get_drvdata(dev);
    const u8 regs[7] = {bin2bcd(t->tm_sec), bin2bcd(t->tm_min), bin2bcd(t->tm_hour), bin2bcd(t->tm_mday),
                        (u8)t->tm_wday, bin2bcd(t->tm_mon + 1), bin2bcd(t->tm_year - 100)};
    int failed = regmap_set_bits(own->map, 0, BIT(5)); /* STOP, so that no second ends in between */
    if (!failed) failed = regmap_bulk_write(own->map, 3, regs, sizeof(regs));
    return failed ? failed : regmap_clear_bits(own->map, 0, BIT(5));
}
static const struct rtc_class_ops calls = {.read_time = ours_read_time, .set_time = ours_set_time};

static int ours_probe(struct i2c_client *client) {
    static const struct regmap_config config = {.reg_bits = 8, .val_bits = 8, .max_register = 0x13};
    struct ours *own = devm_kzalloc(&client->dev, sizeof(*own), GFP_KERNEL);
    u32 held = 0x20;
    if (!own || !i2c_check_functionality(client->adapter, I2C_FUNC_I2C)) return -ENODEV;
    own->map = devm_regmap_init_i2c(client, &config);
    if (IS_ERR(own->map)) return PTR_ERR(own->map);
    i2c_set_clientdata(client, own);
    own->rtc = devm_rtc_allocate_device(&client->dev);
    own->rtc->ops = &calls;
    own->rtc->range_min = RTC_TIMESTAMP_BEGIN_2000;
    set_bit(RTC_FEATURE_ALARM_RES_MINUTE, own->rtc->features);
    if (regmap_read(own->map, 0, &held) || (int)held != i2c_smbus_read_byte_data(client, 0)) return -EIO;
    if (client->irq > 0) return -EINVAL;
    return clamp(DIV_ROUND_CLOSEST(-7, 2), -3, 3) == -3 ? devm_rtc_register_device(own->rtc) : -EINVAL;
}
static const struct i2c_device_id ids[] = {{"ours", 0}, {}};
MODULE_DEVICE_TABLE(i2c, ids);
static struct i2c_driver driver = {.driver = {.name = "ours"}, .probe = ours_probe, .id_table = ids};
module_i2c_driver(driver);
MODULE_LICENSE("MIT");

static int set(const struct moment *t) {
    struct rtc_time time = {.tm_year = t->year - 1900, .tm_mon = t->month - 1, .tm_mday = t->day, .tm_hour = t->hour,
                            .tm_min = t->minute, .tm_sec = t->second, .tm_wday = t->weekday};
    return bench_rtc.ops->set_time(bench_rtc.dev.parent, &time);
}
static int get(struct moment *t) {
    struct rtc_time n = {0};
    const int refused = bench_rtc.ops->read_time(bench_rtc.dev.parent, &n);
    *t = (struct moment){n.tm_year + 1900, n.tm_mon + 1, n.tm_mday, n.tm_hour, n.tm_min, n.tm_sec, n.tm_wday, -1};
    return refused == -EINVAL ? no_valid_time : refused;
}
const driver_under_test_t driver_under_test = {.declared = "chip=pcf8523", .begin = bench_begin, .set = set, .get = get};
