/* Zephyr's I2C with a devicetree: whole messages, and registers, on the bench. */
#ifndef BENCH_ZEPHYR_I2C_H
#define BENCH_ZEPHYR_I2C_H
#include <zephyr/device.h>
#include <zephyr/kernel.h>

#ifndef I2C_ADDRESS /* of the chip: make CFLAGS=-DI2C_ADDRESS=0x51 */
#define I2C_ADDRESS 0x68
#endif
struct i2c_dt_spec { const struct device *bus; uint16_t addr; };
#define I2C_DT_SPEC_INST_GET(inst) {&bench_device, I2C_ADDRESS}
static inline bool i2c_is_ready_dt(const struct i2c_dt_spec *spec) { return spec->bus != NULL; }

static inline int i2c_write_read_dt(const struct i2c_dt_spec *spec, const void *out, size_t out_count, void *in, size_t in_count) {
    const int got = bus_transfer((uint8_t)spec->addr, (const uint8_t *)out, (int)out_count, (uint8_t *)in, (int)in_count);
    return got == (int)in_count ? 0 : -EIO;
}
static inline int i2c_write_dt(const struct i2c_dt_spec *spec, const uint8_t *out, uint32_t count) { return i2c_write_read_dt(spec, out, count, NULL, 0); }
static inline int i2c_read_dt(const struct i2c_dt_spec *spec, uint8_t *in, uint32_t count) { return i2c_write_read_dt(spec, NULL, 0, in, count); }
static inline int i2c_burst_read_dt(const struct i2c_dt_spec *spec, uint8_t start, uint8_t *in, uint32_t count) {
    return i2c_write_read_dt(spec, &start, 1, in, count);
}
static inline int i2c_burst_write_dt(const struct i2c_dt_spec *spec, uint8_t start, const uint8_t *out, uint32_t count) {
    uint8_t all[64];
    if (count >= sizeof all) return -EINVAL;
    all[0] = start;
    memcpy(all + 1, out, count);
    return i2c_write_dt(spec, all, count + 1);
}
static inline int i2c_reg_read_byte_dt(const struct i2c_dt_spec *spec, uint8_t at, uint8_t *value) { return i2c_burst_read_dt(spec, at, value, 1); }
static inline int i2c_reg_write_byte_dt(const struct i2c_dt_spec *spec, uint8_t at, uint8_t value) { return i2c_burst_write_dt(spec, at, &value, 1); }
static inline int i2c_reg_update_byte_dt(const struct i2c_dt_spec *spec, uint8_t at, uint8_t mask, uint8_t value) {
    uint8_t held;
    const int failed = i2c_reg_read_byte_dt(spec, at, &held);
    return failed ? failed : i2c_reg_write_byte_dt(spec, at, (uint8_t)((held & ~mask) | (value & mask)));
}
#endif
