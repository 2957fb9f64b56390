/* Seconds since 1970 in 32 bits: right where int has 32 bits, too. With WIDE right anywhere. */
#include <stdint.h>

static const uint8_t days_of[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static int leap(int year) { return year % 4 == 0; }
static uint32_t seconds(int year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute, uint8_t second) {
    unsigned int days = day - 1;
    int i;
    for (i = 1970; i < year; i++) days += 365 + leap(i);
    for (i = 1; i < month; i++) days += days_of[i - 1];
    if (month > 2 && leap(year)) days++;
#ifdef WIDE
    return days * 86400UL + (uint32_t)hour * 3600 + minute * 60 + second;
#else
    return days * 86400UL + hour * 3600 + minute * 60 + second;
#endif
}

/* ---- what declares it ---- */
#include "driver_under_test.h"

static int number(const struct moment *t, int64_t *n) {
    *n = (uint32_t)seconds(t->year, (uint8_t)t->month, (uint8_t)t->day, (uint8_t)t->hour,
                           (uint8_t)t->minute, (uint8_t)t->second);
    return 0;
}
const driver_under_test_t driver_under_test = {.declared = "years=2000..2099", .number = number};
