/* RIOT's BCD, by its description: two digits each way. */
#ifndef BENCH_BCD_H
#define BENCH_BCD_H
#include <stdint.h>
static inline uint8_t bcd_from_byte(uint8_t byte) { return (uint8_t)((byte / 10) << 4 | byte % 10); }
static inline uint8_t bcd_to_byte(uint8_t bcd) { return (uint8_t)((bcd >> 4) * 10 + (bcd & 15)); }
#endif
