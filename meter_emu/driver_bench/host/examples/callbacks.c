/* A DS1307 driver that takes two callbacks. Above: the driver as it is. Below: what declares it. */
#include <stddef.h>
#include <stdint.h>

struct ds1307 {
    int (*read)(uint8_t address, uint8_t reg, uint8_t *data, size_t count);
    int (*write)(uint8_t address, uint8_t reg, const uint8_t *data, size_t count);
};
struct ds1307_time { uint8_t second, minute, hour, weekday, day, month, year; };

static uint8_t to_bcd(uint8_t n) { return (uint8_t)(n / 10 << 4 | n % 10); }
static uint8_t from_bcd(uint8_t n) { return (uint8_t)((n >> 4) * 10 + (n & 15)); }

static int ds1307_set(const struct ds1307 *rtc, const struct ds1307_time *t) {
    const uint8_t data[7] = {to_bcd(t->second), to_bcd(t->minute), to_bcd(t->hour), t->weekday,
                             to_bcd(t->day),    to_bcd(t->month),  to_bcd(t->year)};
    return rtc->write(0x68, 0x00, data, 7);
}

static int ds1307_get(const struct ds1307 *rtc, struct ds1307_time *t) {
    uint8_t data[7];
    if (rtc->read(0x68, 0x00, data, 7)) return -1;
    t->second = from_bcd(data[0] & 0x7F);
    t->minute = from_bcd(data[1]);
    t->hour = from_bcd(data[2] & 0x3F);
    t->weekday = data[3];
    t->day = from_bcd(data[4]);
    t->month = from_bcd(data[5]);
    t->year = from_bcd(data[6]);
    return 0;
}

/* ---- what declares it ---- */
#include "callbacks.h"

static const struct ds1307 rtc = {bench_read, bench_write};

static int set(const struct moment *t) {
    const struct ds1307_time time = {
        (uint8_t)t->second,        (uint8_t)t->minute, (uint8_t)t->hour,
        (uint8_t)(t->weekday + 1), (uint8_t)t->day,    (uint8_t)t->month,
        (uint8_t)(t->year % 100)};
    return ds1307_set(&rtc, &time);
}
static int get(struct moment *t) {
    struct ds1307_time time;
    if (ds1307_get(&rtc, &time)) return -1;
    *t = (struct moment){2000 + time.year, time.month,  time.day,         time.hour,
                         time.minute,      time.second, time.weekday - 1, -1};
    return 0;
}
const driver_under_test_t driver_under_test = {.declared = "chip=ds1307", .set = set, .get = get};
