/* A DS3231 driver in C++ on Wire, with its 12-hour mode and its alarm 1. PLANTED=n is mistake n. */
#include "Wire.h"
#include <stdlib.h>

namespace {

const uint8_t address = 0x68;
int planted;
bool P(int n) { return planted == n; }

uint8_t bcd(int value) { return uint8_t(value / 10 * 16 + value % 10); }
int value(uint8_t byte) { return (byte >> 4) * 10 + (byte & 15); }
bool is_bcd(uint8_t byte, int first, int last) {
    return (byte & 15) <= 9 && byte >> 4 <= 9 && value(byte) >= first && value(byte) <= last;
}
int month_days(int year, int month) {
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month == 2) return leap ? 29 : 28;
    return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

bool read(uint8_t reg, uint8_t *in, uint8_t count) {
    Wire.beginTransmission(address);
    Wire.write(reg);
    if (Wire.endTransmission(false)) return false;
    if (Wire.requestFrom(address, count) != count) return false;
    for (uint8_t i = 0; i < count; i++) in[i] = uint8_t(Wire.read());
    return true;
}
bool write(uint8_t reg, const uint8_t *out, uint8_t count) {
    Wire.beginTransmission(address);
    Wire.write(reg);
    Wire.write(out, count);
    return Wire.endTransmission() == 0;
}

/* 0 to 23 from an hours register in its mode, -1 where it is none. */
int hour_of(uint8_t byte) {
    if (!(byte & 0x40)) {
        const uint8_t digits = byte & (P(1) ? 0x1F : 0x3F); // C62
        return is_bcd(digits, 0, 23) ? value(digits) : -1;
    }
    if (!is_bcd(byte & 0x1F, 1, 12)) return -1;
    if (P(2)) return value(byte & 0x1F) + (byte & 0x20 ? 12 : 0); // C65: midnight is 12, noon 24
    if (P(3)) return value(uint8_t((byte & 0x1F) + (byte & 0x20 ? 12 : 0))) % 24; // C64
    return value(byte & 0x1F) % 12 + (byte & 0x20 ? 12 : 0);
}
uint8_t hour_register(int hour, bool twelve) {
    if (!twelve) return bcd(hour);
    if (P(4)) return uint8_t(0x40 | (hour > 12 ? 0x20 : 0) | bcd(hour > 12 ? hour - 12 : hour)); // C65
    return uint8_t(0x40 | (hour >= 12 ? 0x20 : 0) | bcd(hour % 12 ? hour % 12 : 12));
}

int begin() {
    planted = getenv("PLANTED") ? atoi(getenv("PLANTED")) : 0;
    Wire.begin();
    if (P(5)) { // C: a start that writes the running seconds
        uint8_t seconds;
        if (!read(0, &seconds, 1)) return 1;
        seconds &= 0x7F;
        return write(0, &seconds, 1) ? 0 : 1;
    }
    return 0;
}

int set(const moment *t) {
    uint8_t hours, status, out[7];
    if (t->year < 2000 || t->year > 2199) return 2;
    if (!read(2, &hours, 1)) return 1;
    out[0] = bcd(t->second);
    out[1] = bcd(t->minute);
    out[2] = hour_register(t->hour, hours & 0x40);
    if (P(6)) out[2] = uint8_t((hours & 0x40) | bcd(t->hour)); // C: 24-hour digits in 12-hour mode
    out[3] = uint8_t(t->weekday + 1);
    if (P(7)) out[3] = uint8_t(t->weekday == 0 ? 7 : t->month % 7 + 1); // B53
    out[4] = bcd(t->day);
    out[5] = uint8_t(bcd(t->month) | (t->year >= 2100 ? 0x80 : 0));
    if (P(8)) out[5] = bcd(t->month); // B55: the century is lost
    out[6] = bcd(t->year % 100);
    if (P(9)) out[0] = uint8_t(t->second * 16 / 10 + t->second % 10); // B42
    if (P(10)) { // C72: byte by byte
        for (uint8_t i = 0; i < 7; i++)
            if (!write(i, out + i, 1)) return 1;
    } else if (!write(0, out, 7)) return 1;
    if (!read(0x0F, &status, 1)) return 1;
    status &= 0x7F;
    return write(0x0F, &status, 1) ? 0 : 1;
}

int get(moment *t) {
    uint8_t in[7], status;
    if (!read(0x0F, &status, 1)) return 1;
    if (status & 0x80) return no_valid_time;
    if (P(11)) { // C72: each register by itself
        for (uint8_t i = 0; i < 7; i++)
            if (!read(i, in + i, 1)) return 1;
    } else if (!read(0, in, 7)) return 1;
    in[0] &= P(12) ? 0x3F : 0x7F; // B: seconds masked as days
    in[1] &= 0x7F;
    in[4] &= 0x3F;
    t->hour = hour_of(in[2] & 0x7F);
    if (!is_bcd(in[0], 0, 59) || !is_bcd(in[1], 0, 59) || (t->hour < 0) || !is_bcd(in[4], 1, 31) ||
        !is_bcd(in[5] & 0x1F, 1, 12) || !is_bcd(in[6], 0, 99))
        return no_valid_time;
    t->second = value(in[0]);
    t->minute = value(in[1]);
    t->weekday = P(13) ? (in[3] & 7) % 6 : (in[3] & 7) - 1; // C68: a week of six days
    t->day = value(in[4]);
    t->month = value(in[5] & 0x1F) - (P(14) ? 1 : 0); // B41
    t->year = 2000 + value(in[6]) + (in[5] & 0x80 ? 100 : 0);
    if (!P(14) && t->day > month_days(t->year, t->month)) return no_valid_time;
    return 0;
}

int mode(int hours) {
    const bool twelve = hours == 12;
    for (int turn = 0; turn < 3; turn++) {
        uint8_t before[7], after[7];
        if (!read(0, before, 7)) return 1;
        int hour = hour_of(before[2] & 0x7F);
        if (hour < 0) return 3;
        if (P(15)) { // C63: the bit alone
            const uint8_t bit = uint8_t(twelve ? before[2] | 0x40 : before[2] & ~0x40);
            return write(2, &bit, 1) ? 0 : 1;
        }
        uint8_t wanted = hour_register(hour, twelve);
        if (before[2] == wanted) return 0;
        if (!write(2, &wanted, 1)) return 1;
        if (P(16)) return 0; // C72: the hour that ended meanwhile
        if (!read(0, after, 7)) return 1;
        if (after[1] >= before[1]) return 0;
        hour = (hour + 1) % 24; // the hour ended between the read and the write, or after it
        if (hour_of(after[2] & 0x7F) == hour) return 0;
        wanted = hour_register(hour, twelve);
        if (!write(2, &wanted, 1)) return 1;
    }
    return 0;
}

int stopped(int *yes) {
    uint8_t status;
    if (!read(0x0F, &status, 1)) return 1;
    if (P(17)) { // C79: cleared by the look at it
        uint8_t cleared = status & 0x7F;
        write(0x0F, &cleared, 1);
    }
    *yes = status >> 7;
    return 0;
}

int alarm_set(const moment *t, int use) {
    uint8_t hours, out[4] = {0x80, 0x80, 0x80, 0x80};
    if (!read(2, &hours, 1)) return 1;
    if (use & use_second) out[0] = bcd(t->second);
    if (use & use_minute) out[1] = bcd(t->minute);
    if (use & use_hour) out[2] = hour_register(t->hour, hours & 0x40);
    if (use & use_day) out[3] = bcd(t->day);
    if (use & use_weekday) out[3] = uint8_t(0x40 | (t->weekday + 1));
    if (P(18) && use & use_hour) out[2] = bcd(t->hour);   // C: 24-hour alarm in 12-hour mode
    if (P(19) && use & use_weekday) out[3] = uint8_t(t->weekday + 1); // C: DY/DT is forgotten
    if (P(20) && use & use_day) out[3] = bcd(t->month);   // B52: arguments in another order
    return write(0x07, out, 4) ? 0 : 1;
}

int alarm_get(moment *t, int *use) {
    uint8_t in[4];
    if (!read(0x07, in, 4)) return 1;
    *use = 0;
    if (!(in[0] & 0x80)) *use |= use_second;
    if (!(in[1] & 0x80)) *use |= use_minute;
    if (!(in[2] & 0x80)) *use |= use_hour;
    if (!(in[3] & 0x80)) *use |= in[3] & 0x40 ? use_weekday : use_day;
    t->second = value(in[0] & 0x7F);
    t->minute = value(in[1] & 0x7F);
    t->hour = hour_of(in[2] & 0x7F);
    if (in[3] & 0x40) t->weekday = (in[3] & 7) - 1;
    else t->day = value(in[3] & 0x3F);
    return 0;
}

driver_under_test_t offers() {
    driver_under_test_t offered = {};
    offered.declared = "chip=ds3231 years=2000..2199 century=2000"
                       " alarm_fields=second,second+minute,second+minute+hour,"
                       "second+minute+hour+day,second+minute+hour+weekday";
    offered.begin = begin;
    offered.set = set;
    offered.get = get;
    offered.mode = mode;
    offered.stopped = stopped;
    offered.alarm_set = alarm_set;
    offered.alarm_get = alarm_get;
    return offered;
}

} // namespace

const driver_under_test_t driver_under_test = offers();
