/* NuttX's I2C_TRANSFER on the bench: a message that does not end in a STOP is one access with the next. */
#ifndef BENCH_NUTTX_I2C_MASTER_H
#define BENCH_NUTTX_I2C_MASTER_H
#include "driver_under_test.h"
#include "nuttx/config.h"
#include <errno.h>
#include <string.h>
#include <sys/types.h>

enum { I2C_M_READ = 1, I2C_M_TEN = 2, I2C_M_NOSTOP = 0x40, I2C_M_NOSTART = 0x80 };
struct i2c_master_s { int bus; };
struct i2c_msg_s { uint32_t frequency; uint16_t addr, flags; uint8_t *buffer; ssize_t length; };
struct i2c_config_s { uint32_t frequency; uint16_t address; uint8_t addrlen; };

static inline int bench_messages(struct i2c_msg_s *message, int count) {
    int at;
    for (at = 0; at < count; at++) {
        struct i2c_msg_s *one = &message[at], *next = at + 1 < count ? one + 1 : NULL;
        const int reads = one->flags & I2C_M_READ, goes_on = next && one->flags & I2C_M_NOSTOP;
        uint8_t both[256];
        if (!reads && goes_on && next->flags & I2C_M_READ) {
            if (bus_transfer((uint8_t)one->addr, one->buffer, (int)one->length, next->buffer, (int)next->length) != next->length) return -EIO;
            at++;
        } else if (!reads && goes_on && next->flags & I2C_M_NOSTART) {
            if (one->length + next->length > (ssize_t)sizeof both) return -EINVAL;
            memcpy(both, one->buffer, (size_t)one->length);
            memcpy(both + one->length, next->buffer, (size_t)next->length);
            if (bus_transfer((uint8_t)one->addr, both, (int)(one->length + next->length), NULL, 0) < 0) return -EIO;
            at++;
        } else if (reads) {
            if (bus_transfer((uint8_t)one->addr, NULL, 0, one->buffer, (int)one->length) != one->length) return -EIO;
        } else if (bus_transfer((uint8_t)one->addr, one->buffer, (int)one->length, NULL, 0) < 0) return -EIO;
    }
    return OK;
}
#define I2C_TRANSFER(bus, messages, count) ((void)(bus), bench_messages((messages), (count)))
#define I2C_SETFREQUENCY(bus, hz) ((void)(bus))
static inline int i2c_write(struct i2c_master_s *bus, const struct i2c_config_s *to, const uint8_t *out, int count) {
    (void)bus;
    return bus_transfer((uint8_t)to->address, out, count, NULL, 0) < 0 ? -EIO : OK;
}
static inline int i2c_read(struct i2c_master_s *bus, const struct i2c_config_s *to, uint8_t *in, int count) {
    (void)bus;
    return bus_transfer((uint8_t)to->address, NULL, 0, in, count) == count ? OK : -EIO;
}
static inline int i2c_writeread(struct i2c_master_s *bus, const struct i2c_config_s *to, const uint8_t *out, int out_count, uint8_t *in, int in_count) {
    (void)bus;
    return bus_transfer((uint8_t)to->address, out, out_count, in, in_count) == in_count ? OK : -EIO;
}
#endif
