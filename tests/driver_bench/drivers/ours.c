/* A PCF8563 driver in C on two callbacks, and date routines. With PLANTED=n it has mistake n. */
#include "callbacks.h"
#include <stdlib.h>

#define ADDRESS 0x51
#define P(n) (planted == (n))

static int planted;
static int cached_year; /* a static: the laws find it fresh */

static uint8_t bcd(int value) { return (uint8_t)(value / 10 << 4 | value % 10); }
static int value(uint8_t byte) { return (byte >> 4) * 10 + (byte & 15); }
static int is_bcd(uint8_t byte, int first, int last) {
    return (byte & 15) <= 9 && byte >> 4 <= 9 && value(byte) >= first && value(byte) <= last;
}

/* Dates ------------------------------------------------------------------------------------- */

static int leap(int y) {
    if (P(1)) return (y & 3) == 0 && y % 100 != 0;        /* A9: no 400 rule */
    if (P(2)) return (bcd(y % 100) & 3) == 0;             /* A4: of the BCD year */
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}
static int month_days(int y, int m) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (P(3)) return m == 12 ? 31 : days[m] + (m == 1 && leap(y)); /* A27: index */
    return days[m - 1] + (m == 2 && leap(y));
}
static int yearday(int y, int m, int d) {
    int i, sum = d;
    for (i = 1; i < m; i++) sum += month_days(y, i);
    if (P(4) && leap(y)) sum += m == 2 ? 1 : m > 2 ? -1 : 0; /* A17: leap day in February */
    return sum;
}
static int64_t days_from_1970(int y, int m, int d) {
    int64_t past = y - 1;
    if (P(5)) return (int64_t)(y - 1970) * 365 + (y - 1970) / 4 + yearday(y, m, d) - 1; /* A16 */
    return 365 * past + past / 4 - past / 100 + past / 400 - 719162 + yearday(y, m, d) - 1;
}
static void date_of(int64_t days, struct moment *t) {
    int y = 1970, m = 1;
    if (P(6)) { /* A1: the loop that never ends on day 366 */
        while (days > 365) {
            if (!leap(y)) { days -= 365; y++; }
            else if (days > 366) { days -= 366; y++; }
        }
    }
    while (days >= 365 + leap(y)) days -= 365 + leap(y++);
    while (days >= month_days(y, m)) days -= month_days(y, m++);
    t->year = y;
    t->month = m;
    t->day = (int32_t)days + 1;
    t->yearday = yearday(y, m, t->day);
}
static int weekday_of(int y, int m, int d) {
    if (P(7)) return (int)((days_from_1970(y, m, d) + 3 + (y > 2011)) % 7); /* C70: base year */
    return (int)((days_from_1970(y, m, d) + 4) % 7);
}
static int64_t seconds(const struct moment *t) {
    if (P(8)) return (int32_t)((uint32_t)days_from_1970(t->year, t->month, t->day) * 86400u +
                               (uint32_t)(t->hour * 3600 + t->minute * 60 + t->second)); /* F135 */
    return days_from_1970(t->year, t->month, t->day) * 86400 + t->hour * 3600L + t->minute * 60 + t->second;
}
static void moment_at(int64_t number, struct moment *t) {
    const int32_t rest = (int32_t)(number % 86400);
    date_of(number / 86400, t);
    t->hour = rest / 3600;
    t->minute = rest / 60 % 60;
    t->second = rest % 60;
    t->weekday = weekday_of(t->year, t->month, t->day);
}

static int do_number(const struct moment *t, int64_t *n) { *n = seconds(t); return 0; }
static int do_moment(int64_t n, struct moment *t) { moment_at(n, t); return 0; }
static int do_weekday(int y, int m, int d, int64_t *w) { *w = weekday_of(y, m, d); return 0; }
static int do_yearday(int y, int m, int d, int64_t *n) { *n = yearday(y, m, d); return 0; }
static int do_month(int y, int m, int64_t *n) { *n = month_days(y, m); return 0; }
static int do_leap(int y, int *yes) { *yes = leap(y); return 0; }
static int do_next(int y, int m, int d, struct moment *t) {
    if (P(9) && d == 31 && m != 12) { t->year = y; t->month = m + 1; t->day = 31; return 0; } /* A30 */
    date_of(days_from_1970(y, m, d) + 1, t);
    return 0;
}
static int do_year(int64_t n, int64_t *y) {
    struct moment t;
    if (P(10)) { *y = 1970 + n * 100 / 36525; return 0; } /* A18: years of 365.25 days */
    date_of(n, &t);
    *y = t.year;
    return 0;
}
static int nth(int y, int m, int w, int n) {
    const int first = weekday_of(y, m, 1);
    if (P(11)) return 1 + (w - first + 7) % 7 + (n - (w >= first ? 1 : 0)) * 7; /* D90 */
    return 1 + (w - first + 7) % 7 + (n - 1) * 7;
}
static int last(int y, int m, int w) {
    const int end = month_days(y, m);
    if (P(12)) return nth(y, m, w, 4); /* D90: the fourth taken for the last */
    return end - (weekday_of(y, m, end) - w + 7) % 7;
}
static int do_nth(int y, int m, int w, int n, int64_t *d) { *d = nth(y, m, w, n); return 0; }
static int do_last(int y, int m, int w, int64_t *d) { *d = last(y, m, w); return 0; }

/* Belgian summer time: last Sundays of March and October, 01:00 UTC. */
static int summer(const struct moment *t) {
    const int32_t minute = t->day * 1440 + t->hour * 60 + t->minute;
    int32_t change = 0;
    if (t->month < 3 || t->month > 10) return 0;
    if (t->month > 3 && t->month < 10) return 1;
    if (!P(13)) change = 60; /* D90: from 00:00 of the date */
    change += last(t->year, t->month, 0) * 1440;
    return t->month == 3 ? minute >= change : minute < change;
}
static int do_summer(const struct moment *t, int *yes) { *yes = summer(t); return 0; }
static int do_local(const struct moment *utc, struct moment *t) {
    int hours = 1 + summer(utc);
    if (P(14) && summer(utc)) hours = 3; /* D92: twice */
    *t = *utc;
    if (P(15)) { t->hour = utc->hour + hours; if (t->hour > 23) t->hour -= 24; return 0; } /* D100 */
    moment_at(seconds(utc) + hours * 3600L, t);
    return 0;
}
static int do_due(const struct moment *now, int64_t after, struct moment *t) {
    if (P(16)) { /* F133: minutes in 16 bits */
        moment_at(seconds(now) + (uint16_t)after, t);
        return 0;
    }
    moment_at(seconds(now) + after, t);
    return 0;
}
static int do_reached(const struct moment *now, const struct moment *end, int *yes) {
    *yes = P(17) ? seconds(now) == seconds(end) : seconds(now) >= seconds(end); /* E111 */
    return 0;
}

/* MS-DOS date and time, little-endian. */
static int do_encode(const struct moment *t, uint8_t *bytes, int *count) {
    const int year_bits = P(18) ? 31 : 127; /* B51: five bits for the year */
    const uint16_t time = (uint16_t)(t->hour << 11 | t->minute << 5 | t->second / 2);
    const uint16_t date = (uint16_t)(((t->year - 1980) & year_bits) << 9 | t->month << 5 | t->day);
    bytes[0] = (uint8_t)time;
    bytes[1] = (uint8_t)(time >> 8);
    bytes[2] = (uint8_t)date;
    bytes[3] = (uint8_t)(date >> 8);
    *count = 4;
    return 0;
}
static int do_decode(const uint8_t *bytes, int count, struct moment *t) {
    const uint16_t time = (uint16_t)(bytes[0] | bytes[1] << 8);
    const uint16_t date = (uint16_t)(bytes[2] | bytes[3] << 8);
    if (count != 4) return -1;
    t->year = 1980 + (date >> 9);
    t->month = date >> 5 & 15;
    t->day = date & 31;
    t->hour = time >> 11;
    t->minute = time >> 5 & 63;
    t->second = P(19) ? (time & 31) : (time & 31) * 2; /* B: the step of two seconds */
    return 0;
}

/* The chip ----------------------------------------------------------------------------------- */

static int begin(void) {
    uint8_t control;
    planted = getenv("PLANTED") ? atoi(getenv("PLANTED")) : 0;
    if (bench_read(ADDRESS, 0x00, &control, 1)) return -1;
    if (!(control & 0x20)) return 0;
    control &= (uint8_t)~0x20;
    return bench_write(ADDRESS, 0x00, &control, 1);
}
static int set(const struct moment *t) {
    uint8_t out[7], seconds_again;
    if (t->year < 2000 || t->year > 2099) return -2;
    out[0] = bcd(t->second);
    out[1] = bcd(t->minute);
    out[2] = bcd(t->hour);
    out[3] = bcd(t->day);
    out[4] = (uint8_t)t->weekday;
    if (P(20) && t->weekday == 0) out[4] = 7;      /* C68 */
    out[5] = bcd(t->month);
    if (P(21)) out[5] = (uint8_t)(bcd(t->month - 1) + 1); /* B39: October is 0Ah */
    out[6] = bcd(t->year % 100);
    if (P(22)) out[6] = bcd((t->year - 1970) % 100); /* A12 */
    if (P(23)) out[2] &= 0x1F; /* C62 */
    cached_year = t->year;
    if (P(24)) { /* C72: date and time in two accesses */
        if (bench_write(ADDRESS, 0x02, out, 3)) return -1;
        return bench_write(ADDRESS, 0x05, out + 3, 4);
    }
    if (bench_write(ADDRESS, 0x02, out, 7)) return -1;
    if (P(25)) { /* C: read and write back running seconds */
        if (bench_read(ADDRESS, 0x02, &seconds_again, 1)) return -1;
        seconds_again &= 0x7F;
        return bench_write(ADDRESS, 0x02, &seconds_again, 1);
    }
    return 0;
}
static int get(struct moment *t) {
    uint8_t in[7];
    if (P(26)) { /* C72, and read in two accesses */
        if (bench_read(ADDRESS, 0x05, in + 3, 4) || bench_read(ADDRESS, 0x02, in, 3)) return -1;
    } else if (bench_read(ADDRESS, 0x02, in, 7)) return -1;
    if (in[0] & 0x80) return no_valid_time;
    in[1] &= 0x7F;
    in[2] &= P(27) ? 0x1F : 0x3F; /* C62 */
    in[3] &= 0x3F;
    in[5] &= P(28) ? 0x0F : 0x1F; /* B: tens of the month */
    if (!is_bcd(in[0], 0, 59) || !is_bcd(in[1], 0, 59) || !is_bcd(in[2], 0, 23) ||
        !is_bcd(in[3], 1, 31) || !is_bcd(in[5], 1, 12) || !is_bcd(in[6], 0, 99))
        return P(28) ? -3 : no_valid_time;
    t->second = value(in[0]);
    t->minute = value(in[1]);
    t->hour = value(in[2]);
    t->day = P(29) ? in[3] : value(in[3]); /* B35: BCD read as binary */
    t->weekday = in[4] & 7;
    t->month = value(in[5]);
    t->year = (P(30) && cached_year ? cached_year / 100 * 100 : 2000) + value(in[6]);
    if (P(30)) t->year += t->year % 4 == 0 && t->month == 3; /* A18 */
    if (t->day > month_days(t->year, t->month) && !P(29) && !P(3)) return no_valid_time;
    t->yearday = yearday(t->year, t->month, t->day);
    return 0;
}
static int now(int64_t *number) {
    struct moment t;
    const int status = get(&t);
    if (!status) *number = seconds(&t);
    return status;
}
static int stopped(int *yes) {
    uint8_t byte;
    if (bench_read(ADDRESS, 0x02, &byte, 1)) return -1;
    *yes = byte >> 7;
    return 0;
}
static int alarm_set(const struct moment *t, int use) {
    uint8_t out[4] = {0x80, 0x80, 0x80, 0x80};
    if (use & use_minute) out[0] = bcd(t->minute);
    if (use & use_hour) out[1] = bcd(t->hour);
    if (use & use_day) out[2] = bcd(t->day);
    if (use & use_weekday) out[3] = (uint8_t)t->weekday;
    if (P(31) && use & use_weekday) out[3] = (uint8_t)(t->day % 7); /* B53: day for weekday */
    if (P(32) && use & use_weekday) out[3] = (uint8_t)((t->weekday + 6) % 7); /* C67 */
    if (P(33)) out[2] &= 0x7F; /* C: an unused field is left on */
    return bench_write(ADDRESS, 0x09, out, 4);
}
static int alarm_get(struct moment *t, int *use) {
    uint8_t in[4];
    if (bench_read(ADDRESS, 0x09, in, 4)) return -1;
    *use = 0;
    if (!(in[0] & 0x80)) *use |= use_minute;
    if (!(in[1] & 0x80)) *use |= use_hour;
    if (!(in[2] & 0x80)) *use |= use_day;
    if (!(in[3] & 0x80)) *use |= use_weekday;
    t->year = 2000;
    t->month = 1;
    t->minute = value(in[0] & 0x7F);
    t->hour = value(in[1] & 0x3F);
    t->day = value(in[2] & (P(34) ? 0x1F : 0x3F)); /* B: tens of the day */
    t->weekday = in[3] & 7;
    return 0;
}

const driver_under_test_t driver_under_test = {
    .declared = "chip=pcf8563 years=2000..2099 zone=Europe/Brussels standard=fat-datetime due_most=200000"
                " alarm_fields=minute,hour+minute,day+hour+minute,weekday+hour+minute",
    .begin = begin, .set = set, .get = get, .now = now, .stopped = stopped,
    .alarm_set = alarm_set, .alarm_get = alarm_get, .number = do_number, .moment = do_moment,
    .weekday = do_weekday, .day_of_year = do_yearday, .days_in_month = do_month, .is_leap = do_leap,
    .next_day = do_next, .year_of = do_year, .nth_weekday = do_nth, .last_weekday = do_last,
    .is_summer = do_summer, .local = do_local, .due = do_due, .reached = do_reached,
    .encode = do_encode, .decode = do_decode,
};
