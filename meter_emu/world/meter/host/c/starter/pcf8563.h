/* The clock chip: a PCF8563 that counts UTC (NXP data sheet Rev. 10). Seconds count from 2000-01-01 00:00. */
#ifndef PCF8563_H
#define PCF8563_H
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t utc_s, day; /* 0 where the registers show no date */
    int second_of_day;  /* -1: the registers show no time */
    bool exists;        /* a date of 2000 to 2099 */
    bool low_voltage;   /* the chip's own doubt */
} clock_reading;

clock_reading clock_read(void);
void clock_set(int64_t utc_s); /* and let it run */
#endif
