/* A clock inside a microcontroller, time and date a word each. Below: what declares it. */
#include "driver_under_test.h"

static int plain(uint32_t bcd) { return (int)(bcd >> 4 & 15) * 10 + (int)(bcd & 15); }
static uint32_t packed(int n) { return (uint32_t)(n / 10 << 4 | n % 10); }

/* ---- what declares it ---- */
static int set(const struct moment *t) {
    const uint32_t weekday = t->weekday ? (uint32_t)t->weekday : 7;
    const uint32_t date = packed(t->year % 100) << 16 | weekday << 13 | packed(t->month) << 8 | packed(t->day);
    const uint32_t time = packed(t->hour) << 16 | packed(t->minute) << 8 | packed(t->second);
    bus_poke(0, 0); /* at 00:00:00 no day ends while the date is written */
    bus_poke(1, date);
    bus_poke(0, time);
    return 0;
}
static int get(struct moment *t) {
    uint32_t date = bus_peek(1), time, again;
    do { /* the date before and after the time must agree */
        again = date;
        time = bus_peek(0);
        date = bus_peek(1);
    } while (date != again);
    *t = (struct moment){2000 + plain(date >> 16), plain(date >> 8 & 0x1F), plain(date & 0x3F),
                         plain(time >> 16 & 0x3F), plain(time >> 8 & 0x7F), plain(time & 0x7F),
                         (int)(date >> 13 & 7) % 7, -1};
    return 0;
}
const driver_under_test_t driver_under_test = {.declared = "chip=words-bcd", .set = set, .get = get};
