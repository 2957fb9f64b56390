/* Sleeping passes on the bench. */
#ifndef BENCH_NUTTX_SIGNAL_H
#define BENCH_NUTTX_SIGNAL_H
#include "driver_under_test.h"
#include "nuttx/config.h"
static inline int nxsig_usleep(uint32_t us) { bus_wait_us(us); return OK; }
static inline int nxsched_usleep(uint32_t us) { bus_wait_us(us); return OK; }
#endif
