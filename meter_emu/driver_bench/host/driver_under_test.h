/* What a clock driver declares to be verified alone: fill in what it offers, leave out the rest.
 * Link with driver_host.c; then: meter-emu verify --driver ./program
 * A routine returns 0, or anything else where it refuses; `no_valid_time` where there is none, and
 * `cannot` where it was not made for what it is given. */
#ifndef DRIVER_UNDER_TEST_H
#define DRIVER_UNDER_TEST_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

/* Month 1 to 12, weekday 0 to 6 from Sunday, yearday from 1. A result of -1: not said. */
struct moment { int32_t year, month, day, hour, minute, second, weekday, yearday; };
enum { no_valid_time = 1000, cannot = 1001 };
enum { use_second = 1, use_minute = 2, use_hour = 4, use_day = 8, use_weekday = 16, use_month = 32 };

typedef struct {
    const char *declared; /* "chip=ds3231 years=2000..2099 ...", as docs/driver-under-test.md has it */
    int (*begin)(void);
    int (*set)(const struct moment *t);
    int (*get)(struct moment *t);
    int (*now)(int64_t *number);
    int (*mode)(int hours); /* 12 or 24 */
    int (*stopped)(int *yes);
    int (*alarm_set)(const struct moment *t, int use);
    int (*alarm_get)(struct moment *t, int *use); /* leave *use if nothing says it */
    int (*number)(const struct moment *t, int64_t *number);
    int (*moment)(int64_t number, struct moment *t);
    int (*weekday)(int year, int month, int day, int64_t *weekday);
    int (*day_of_year)(int year, int month, int day, int64_t *yearday);
    int (*days_in_month)(int year, int month, int64_t *days);
    int (*is_leap)(int year, int *yes);
    int (*next_day)(int year, int month, int day, struct moment *t);
    int (*year_of)(int64_t day_number, int64_t *year);
    int (*nth_weekday)(int year, int month, int weekday, int n, int64_t *day);
    int (*last_weekday)(int year, int month, int weekday, int64_t *day);
    int (*is_summer)(const struct moment *t, int *yes);
    int (*local)(const struct moment *utc, struct moment *t);
    int (*due)(const struct moment *now, int64_t after_s, struct moment *t);
    int (*reached)(const struct moment *now, const struct moment *end, int *yes);
    int (*encode)(const struct moment *t, uint8_t *bytes, int *count); /* at most 32 */
    int (*decode)(const uint8_t *bytes, int count, struct moment *t);
} driver_under_test_t;
extern const driver_under_test_t driver_under_test;

/* The bench. `driver_instance` is 0, or 1 where a second instance is called. */
extern int driver_instance;
int bus_transfer(uint8_t address, const uint8_t *out, int out_count, uint8_t *in, int in_count);
uint32_t bus_peek(int word); /* bus_transfer returns how many bytes were read, -1: no answer */
void bus_poke(int word, uint32_t value);
void bus_wait_us(uint32_t us);
uint64_t bus_now_us(void); /* the program's own clock: what it sees of the bench's time */

#ifdef __cplusplus
}
#endif
#endif
