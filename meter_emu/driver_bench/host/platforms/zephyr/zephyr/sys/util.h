/* Bits, BCD and the macros of Zephyr that drivers of clocks use. */
#ifndef BENCH_ZEPHYR_UTIL_H
#define BENCH_ZEPHYR_UTIL_H
#include <stddef.h>
#include <stdint.h>
#define BIT(at) (1UL << (at))
#define GENMASK(high, low) ((~0UL >> (8 * sizeof(long) - 1 - (high))) & (~0UL << (low)))
#define FIELD_GET(mask, value) (((value) & (mask)) / ((mask) & ~((mask) << 1)))
#define FIELD_PREP(mask, value) (((value) * ((mask) & ~((mask) << 1))) & (mask))
#define WRITE_BIT(word, at, set) ((word) = (set) ? (word) | BIT(at) : (word) & ~BIT(at))
#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define ARG_UNUSED(name) (void)(name)
#define CONTAINER_OF(at, type, field) ((type *)((char *)(at) - offsetof(type, field)))
#define IN_RANGE(value, least, most) ((value) >= (least) && (value) <= (most))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define __packed __attribute__((packed))

/* IF_ENABLED(FLAG, (text)) is `text` where FLAG is defined as 1. */
#define BENCH_ON_1 0,
#define BENCH_TEXT(...) __VA_ARGS__
#define BENCH_SECOND(first, second, ...) BENCH_TEXT second
#define BENCH_CHOICE(...) BENCH_SECOND(__VA_ARGS__, )
#define BENCH_IF(flag, yes, no) BENCH_CHOICE(BENCH_ON_##flag yes, no)
#define COND_CODE_1(flag, yes, no) BENCH_IF(flag, yes, no)
#define IF_ENABLED(flag, yes) BENCH_IF(flag, yes, ())
#define IS_ENABLED(flag) COND_CODE_1(flag, (1), (0))

static inline uint8_t bcd2bin(uint8_t bcd) { return (uint8_t)(10 * (bcd >> 4) + (bcd & 15)); }
static inline uint8_t bin2bcd(uint8_t bin) { return (uint8_t)((bin / 10) << 4 | bin % 10); }
#endif
