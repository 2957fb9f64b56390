/* The clock of a PC behind its index and data ports, 70h and 71h: one register an access. */
#ifndef BENCH_PORT_IO_H
#define BENCH_PORT_IO_H
#include "driver_under_test.h"
#include <stddef.h>

static uint8_t cmos_index;

static inline void outb(uint8_t value, uint16_t port) {
    uint8_t out[2];
    if (port == 0x70) {
        cmos_index = value & 0x7F;
        return;
    }
    out[0] = cmos_index;
    out[1] = value;
    bus_transfer(0x70, out, 2, NULL, 0);
}

static inline uint8_t inb(uint16_t port) {
    uint8_t in = 0xFF;
    (void)port;
    bus_transfer(0x70, &cmos_index, 1, &in, 1);
    return in;
}
#endif
