/* RIOT's choice of modules: none but the driver. */
#ifndef BENCH_KERNEL_DEFINES_H
#define BENCH_KERNEL_DEFINES_H
#define IS_USED(module) 0
#define IS_ACTIVE(module) 0
#endif
