/* Dates, BCD and the legal time of Brussels, in integers. Minutes and seconds count from 2000-01-01 00:00. */
#ifndef CALENDAR_H
#define CALENDAR_H
#include <stdbool.h>
#include <stdint.h>

#define NO_MINUTE 0xFFFFFFFFu
typedef struct { int year, month, day, hour, minute; } civil_time; /* year 2000 to 2099 */

int days_in_month(int year, int month);
int64_t day_number(int year, int month, int day);  /* 2000-01-01 is 0, a Saturday */
int weekday(int64_t day);                          /* Monday is 0 */
civil_time civil_of(int64_t minutes);
int64_t minutes_of(civil_time when);

int from_bcd(uint8_t byte);                        /* -1 for none */
uint8_t to_bcd(int value);
bool read_civil(const uint8_t field[5], civil_time *when); /* YYMMDDhhmm; false for no date of any calendar */
void write_civil(civil_time when, uint8_t field[5]);

int offset_min(int64_t utc_min);                   /* what legal clocks are ahead of UTC */
int64_t to_legal(int64_t utc_min);
int64_t to_utc_later(int64_t legal_min);           /* of a time that comes twice, the later */
#endif
