/* RIOT's I²C on the bench: a register and what is read or written is one access. */
#ifndef BENCH_PERIPH_I2C_H
#define BENCH_PERIPH_I2C_H
#include "driver_under_test.h"
#include "kernel_defines.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef unsigned i2c_t;
#define I2C_DEV(number) (number)
enum { I2C_ADDR10 = 1, I2C_REG16 = 2, I2C_NOSTOP = 4, I2C_NOSTART = 8 };

static inline void i2c_acquire(i2c_t bus) { (void)bus; }
static inline void i2c_release(i2c_t bus) { (void)bus; }
static inline int i2c_read_regs(i2c_t bus, uint16_t address, uint16_t reg, void *in, size_t count, uint8_t flags) {
    const uint8_t at = (uint8_t)reg;
    (void)bus; (void)flags;
    return bus_transfer((uint8_t)address, &at, 1, (uint8_t *)in, (int)count) == (int)count ? 0 : -ENXIO;
}
static inline int i2c_write_regs(i2c_t bus, uint16_t address, uint16_t reg, const void *out, size_t count, uint8_t flags) {
    uint8_t both[256];
    (void)bus; (void)flags;
    if (count >= sizeof both) return -EINVAL;
    both[0] = (uint8_t)reg;
    memcpy(both + 1, out, count);
    return bus_transfer((uint8_t)address, both, (int)count + 1, NULL, 0) < 0 ? -ENXIO : 0;
}
static inline int i2c_read_reg(i2c_t bus, uint16_t address, uint16_t reg, void *in, uint8_t flags) {
    return i2c_read_regs(bus, address, reg, in, 1, flags);
}
static inline int i2c_write_reg(i2c_t bus, uint16_t address, uint16_t reg, uint8_t byte, uint8_t flags) {
    return i2c_write_regs(bus, address, reg, &byte, 1, flags);
}
static inline int i2c_read_bytes(i2c_t bus, uint16_t address, void *in, size_t count, uint8_t flags) {
    (void)bus; (void)flags;
    return bus_transfer((uint8_t)address, NULL, 0, (uint8_t *)in, (int)count) == (int)count ? 0 : -ENXIO;
}
static inline int i2c_write_bytes(i2c_t bus, uint16_t address, const void *out, size_t count, uint8_t flags) {
    (void)bus; (void)flags;
    return bus_transfer((uint8_t)address, (const uint8_t *)out, (int)count, NULL, 0) < 0 ? -ENXIO : 0;
}
#endif
