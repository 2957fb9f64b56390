/* RIOT's description of a memory. */
#ifndef BENCH_NVRAM_H
#define BENCH_NVRAM_H
#include <stddef.h>
#include <stdint.h>
struct nvram;
typedef struct nvram {
    int (*read)(struct nvram *dev, uint8_t *to, uint32_t from, size_t count);
    int (*write)(struct nvram *dev, const uint8_t *from, uint32_t to, size_t count);
    size_t size;
    void *extra;
} nvram_t;
#endif
