#include "pcf8563.h"
#include "calendar.h"
#include "meter_ports.h"

clock_reading clock_read(void) {
    clock_reading now = {0, 0, -1, false, false};
    uint8_t r[7] = {0}; /* no date, if the chip does not answer */
    int second, minute, hour, mday, month, year;
#ifdef MISTAKE_TORN_READ
    meter_rtc_read(2, r, 3);
    meter_rtc_read(5, r + 3, 4); /* the date by itself: midnight may come in between */
#else
    if (!meter_rtc_read(2, r, 7)) meter_rtc_read(2, r, 7); /* the bus was disturbed once */
#endif
    second = from_bcd(r[0] & 0x7F);
    minute = from_bcd(r[1] & 0x7F);
    hour = from_bcd(r[2] & 0x3F);
    mday = from_bcd(r[3] & 0x3F);
#ifdef MISTAKE_MONTH_WITHOUT_TENS
    month = r[5] & 0x0F;
#else
    month = from_bcd(r[5] & 0x1F);
#endif
    year = from_bcd(r[6]);
#ifndef MISTAKE_LOW_VOLTAGE_NOT_ASKED
    now.low_voltage = r[0] & 0x80;
#endif
    if (second < 0 || second > 59 || minute < 0 || minute > 59 || hour < 0 || hour > 23) return now;
    if (mday < 1 || mday > 31 || month < 1 || month > 12 || year < 0) return now;
    now.second_of_day = (hour * 60 + minute) * 60 + second;
    now.exists = !(r[5] & 0x80) && mday <= days_in_month(2000 + year, month); /* the century bit: past 2099 */
    if (!now.exists) return now;
    now.day = day_number(2000 + year, month, mday);
    now.utc_s = now.day * 86400 + now.second_of_day;
    return now;
}

void clock_set(int64_t utc_s) {
    const civil_time when = civil_of(utc_s / 60);
    const uint8_t seven[7] = {to_bcd((int)(utc_s % 60)), to_bcd(when.minute), to_bcd(when.hour), to_bcd(when.day),
                              (uint8_t)((weekday(utc_s / 86400) + 1) % 7), to_bcd(when.month), to_bcd(when.year % 100)};
    const uint8_t run = 0;
    meter_rtc_write(2, seven, 7);
    meter_rtc_write(0, &run, 1);
}
