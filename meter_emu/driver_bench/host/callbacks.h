/* The two callbacks that many drivers in C take: read and write registers; 0 is done. */
#ifndef BENCH_CALLBACKS_H
#define BENCH_CALLBACKS_H
#include "driver_under_test.h"
#include <stddef.h>
#include <string.h>

static inline int bench_read(uint8_t address, uint8_t reg, uint8_t *data, size_t count) {
    return bus_transfer(address, &reg, 1, data, (int)count) == (int)count ? 0 : -1;
}

static inline int bench_write(uint8_t address, uint8_t reg, const uint8_t *data, size_t count) {
    uint8_t out[64];
    if (count >= sizeof out) return -1;
    out[0] = reg;
    memcpy(out + 1, data, count);
    return bus_transfer(address, out, (int)count + 1, NULL, 0) < 0 ? -1 : 0;
}
#endif
