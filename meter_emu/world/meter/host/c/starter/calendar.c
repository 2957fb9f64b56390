#include "calendar.h"

static bool is_leap(int year) {
#ifdef MISTAKE_LEAP_OF_BCD_YEAR
    return (to_bcd(year % 100) & 3) == 0; /* 2010 is one, 2012 is none */
#else
    return year % 4 == 0; /* 2000 to 2099, all that a clock chip counts */
#endif
}

int days_in_month(int year, int month) {
    static const uint8_t days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 2 && is_leap(year));
}

int64_t day_number(int year, int month, int day) {
    int64_t days = day - 1;
    int before;
    for (before = 2000; before < year; before++) days += is_leap(before) ? 366 : 365;
    for (before = 1; before < month; before++) days += days_in_month(year, before);
    return days;
}

int weekday(int64_t day) { return (int)((day % 7 + 12) % 7); }

civil_time civil_of(int64_t minutes) {
    civil_time when = {2000, 1, 1, 0, 0};
    int64_t days = minutes / 1440, rest = minutes % 1440;
    for (; days >= (is_leap(when.year) ? 366 : 365); when.year++) days -= is_leap(when.year) ? 366 : 365;
    for (; days >= days_in_month(when.year, when.month); when.month++) days -= days_in_month(when.year, when.month);
    when.day = (int)days + 1;
    when.hour = (int)rest / 60;
    when.minute = (int)rest % 60;
    return when;
}

int64_t minutes_of(civil_time when) {
    return (day_number(when.year, when.month, when.day) * 24 + when.hour) * 60 + when.minute;
}

int from_bcd(uint8_t byte) { return byte >> 4 > 9 || (byte & 15) > 9 ? -1 : (byte >> 4) * 10 + (byte & 15); }
uint8_t to_bcd(int value) { return (uint8_t)(value / 10 << 4 | value % 10); }

bool read_civil(const uint8_t field[5], civil_time *when) {
    const int year = from_bcd(field[0]);
    when->year = 2000 + year;
    when->month = from_bcd(field[1]);
    when->day = from_bcd(field[2]);
    when->hour = from_bcd(field[3]);
    when->minute = from_bcd(field[4]);
    return year >= 0 && when->month >= 1 && when->month <= 12 && when->day >= 1 &&
           when->day <= days_in_month(when->year, when->month) && when->hour >= 0 && when->hour <= 23 &&
           when->minute >= 0 && when->minute <= 59;
}

void write_civil(civil_time when, uint8_t field[5]) {
    field[0] = to_bcd(when.year % 100);
    field[1] = to_bcd(when.month);
    field[2] = to_bcd(when.day);
    field[3] = to_bcd(when.hour);
    field[4] = to_bcd(when.minute);
}

/* The last Sunday of March or October, 01:00 UTC. */
static int64_t change_min(int year, int month) {
    const int64_t last = day_number(year, month, 31);
    int64_t sunday = last - (weekday(last) + 1) % 7;
#ifdef MISTAKE_FOURTH_SUNDAY
    const int64_t first = day_number(year, month, 1);
    sunday = first + 6 - weekday(first) + 21;
#endif
    return sunday * 1440 + 60;
}

int offset_min(int64_t utc_min) {
#ifdef MISTAKE_NO_SUMMER_TIME
    (void)utc_min;
    return 60;
#else
    const int year = civil_of(utc_min < 0 ? 0 : utc_min).year;
    return utc_min >= change_min(year, 3) && utc_min < change_min(year, 10) ? 120 : 60;
#endif
}

int64_t to_legal(int64_t utc_min) { return utc_min + offset_min(utc_min); }

int64_t to_utc_later(int64_t legal_min) {
    const int64_t in_winter = legal_min - 60, in_summer = legal_min - 120;
    if (offset_min(in_winter) == 60) return in_winter; /* or it comes twice, and this is the later */
    return offset_min(in_summer) == 120 ? in_summer : in_winter; /* or it does not exist */
}
