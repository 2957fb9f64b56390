/* One client on an I2C bus of the bench, by messages, smbus and regmap. `make CFLAGS=-DI2C_ADDRESS=0x51` */
#ifndef BENCH_LINUX_I2C_H
#define BENCH_LINUX_I2C_H
#include <linux/rtc.h>
#ifndef I2C_ADDRESS
#define I2C_ADDRESS 0x68
#endif
struct i2c_adapter { int none; };
struct i2c_client { u16 addr, flags; int irq; char name[20]; struct i2c_adapter *adapter; struct device dev; };
struct i2c_msg { u16 addr, flags, len; u8 *buf; };
struct i2c_device_id { char name[20]; unsigned long driver_data; };
struct of_device_id { char compatible[64]; const void *data; };
struct i2c_driver {
    struct { const char *name; const struct dev_pm_ops *pm; const struct of_device_id *of_match_table; } driver;
    int (*probe)(struct i2c_client *); void (*remove)(struct i2c_client *); const struct i2c_device_id *id_table;
};
enum { I2C_M_RD = 1, I2C_FUNC_I2C = 1, I2C_FUNC_SMBUS_BYTE_DATA = 2, I2C_FUNC_SMBUS_I2C_BLOCK = 4 };
#define i2c_check_functionality(adapter, what) true
#define to_i2c_client(at) container_of(at, struct i2c_client, dev)
static inline void *i2c_get_clientdata(const struct i2c_client *client) { return client->dev.driver_data; }
static inline void i2c_set_clientdata(struct i2c_client *client, void *data) { client->dev.driver_data = data; }
#define of_match_ptr(table) NULL
#define MODULE_DEVICE_TABLE(of, table) extern int bench_module
#define MODULE_AUTHOR(text) extern int bench_module
#define MODULE_DESCRIPTION(text) extern int bench_module
#define MODULE_LICENSE(text) extern int bench_module
#define module_i2c_driver(driver_of) \
    int bench_begin(void) { \
        static struct i2c_adapter adapter; \
        static struct i2c_client client = {.addr = I2C_ADDRESS, .adapter = &adapter}; \
        return driver_of.probe(&client); \
    } \
    extern int bench_module

static inline int bench_access(const struct i2c_client *client, const void *out, int sent, void *in, int want) {
    return bus_transfer((u8)client->addr, out, sent, in, want) == want ? 0 : -EIO;
}
/* A write and the read after it are one access; any other message is one. */
static inline int i2c_transfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int count) {
    (void)adapter;
    for (int i = 0; i < count; i++) {
        const struct i2c_msg *at = &msgs[i], *then = i + 1 < count ? &msgs[i + 1] : NULL;
        const bool reads = at->flags & I2C_M_RD, both = !reads && then && then->flags & I2C_M_RD;
        const struct i2c_client to = {.addr = at->addr};
        if (bench_access(&to, reads ? NULL : at->buf, reads ? 0 : at->len, reads ? at->buf : both ? then->buf : NULL,
                         reads ? at->len : both ? then->len : 0)) return -EIO;
        i += both;
    }
    return count;
}
static inline int i2c_master_send(const struct i2c_client *client, const void *data, int count) {
    return bench_access(client, data, count, NULL, 0) ? -EIO : count;
}
static inline s32 i2c_smbus_read_i2c_block_data(const struct i2c_client *client, u8 at, u8 count, u8 *in) {
    return bench_access(client, &at, 1, in, count) ? -EIO : count;
}
static inline s32 i2c_smbus_write_i2c_block_data(const struct i2c_client *client, u8 at, u8 count, const u8 *data) {
    u8 all[33] = {at};
    memcpy(all + 1, data, min(count, 32));
    return bench_access(client, all, min(count, 32) + 1, NULL, 0);
}
static inline s32 i2c_smbus_read_byte_data(const struct i2c_client *client, u8 at) {
    u8 held;
    return bench_access(client, &at, 1, &held, 1) ? -EIO : held;
}
static inline s32 i2c_smbus_write_byte_data(const struct i2c_client *client, u8 at, u8 value) {
    return i2c_smbus_write_i2c_block_data(client, at, 1, &value);
}

struct regmap { const struct i2c_client *client; };
struct regmap_config { int reg_bits, val_bits; unsigned max_register; };
static inline struct regmap *devm_regmap_init_i2c(struct i2c_client *client, const struct regmap_config *config) {
    static struct regmap map;
    map.client = client;
    return config->reg_bits == 8 && config->val_bits == 8 ? &map : ERR_PTR(-EINVAL);
}
static inline int regmap_bulk_read(struct regmap *map, unsigned at, void *in, size_t count) {
    const int got = i2c_smbus_read_i2c_block_data(map->client, (u8)at, (u8)count, in);
    return got < 0 ? got : 0;
}
static inline int regmap_bulk_write(struct regmap *map, unsigned at, const void *data, size_t count) {
    return i2c_smbus_write_i2c_block_data(map->client, (u8)at, (u8)count, data);
}
static inline int regmap_read(struct regmap *map, unsigned at, unsigned *value) {
    const int held = i2c_smbus_read_byte_data(map->client, (u8)at);
    if (held >= 0) *value = (unsigned)held;
    return held < 0 ? held : 0;
}
static inline int regmap_write(struct regmap *map, unsigned at, unsigned value) { return i2c_smbus_write_byte_data(map->client, (u8)at, (u8)value); }
static inline int regmap_update_bits(struct regmap *map, unsigned at, unsigned mask, unsigned value) {
    unsigned held;
    const int failed = regmap_read(map, at, &held);
    if (failed || (held & mask) == (value & mask)) return failed; /* as the kernel: no write where nothing changes */
    return regmap_write(map, at, (held & ~mask) | (value & mask));
}
#define regmap_set_bits(map, at, bits) regmap_update_bits(map, at, bits, bits)
#define regmap_clear_bits(map, at, bits) regmap_update_bits(map, at, bits, 0)
#endif
