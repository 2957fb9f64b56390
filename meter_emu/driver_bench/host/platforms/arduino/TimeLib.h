/* The dates of Arduino's Time library: years count from 1970, weekdays from Sunday 1. Ours, by libc. */
#ifndef BENCH_TIMELIB_H
#define BENCH_TIMELIB_H
#include <stdint.h>
#include <time.h>

struct tmElements_t { uint8_t Second, Minute, Hour, Wday, Day, Month, Year; };
enum { tmSecond, tmMinute, tmHour, tmWday, tmDay, tmMonth, tmYear, tmNbrFields };
typedef tmElements_t TimeElements, *tmElementsPtr_t;
typedef enum { timeNotSet, timeNeedsSync, timeSet } timeStatus_t;
typedef time_t (*getExternalTime)();
#define SECS_PER_MIN ((time_t)(60UL))
#define SECS_PER_HOUR ((time_t)(3600UL))
#define SECS_PER_DAY ((time_t)(86400UL))
#define tmYearToCalendar(Y) ((Y) + 1970)
#define CalendarYrToTm(Y) ((Y) - 1970)
#define tmYearToY2k(Y) ((Y) - 30)
#define y2kYearToTm(Y) ((Y) + 30)

inline void breakTime(time_t t, tmElements_t &tm) {
    struct tm parts;
    gmtime_r(&t, &parts);
    tm.Second = (uint8_t)parts.tm_sec; tm.Minute = (uint8_t)parts.tm_min; tm.Hour = (uint8_t)parts.tm_hour;
    tm.Wday = (uint8_t)(parts.tm_wday + 1); tm.Day = (uint8_t)parts.tm_mday;
    tm.Month = (uint8_t)(parts.tm_mon + 1); tm.Year = (uint8_t)(parts.tm_year - 70);
}
inline time_t makeTime(const tmElements_t &tm) {
    struct tm parts = {};
    parts.tm_sec = tm.Second; parts.tm_min = tm.Minute; parts.tm_hour = tm.Hour;
    parts.tm_mday = tm.Day; parts.tm_mon = tm.Month - 1; parts.tm_year = tm.Year + 70;
    return timegm(&parts);
}
inline tmElements_t bench_parts(time_t t) { tmElements_t tm; breakTime(t, tm); return tm; }
inline int year(time_t t) { return tmYearToCalendar(bench_parts(t).Year); }
inline int month(time_t t) { return bench_parts(t).Month; }
inline int day(time_t t) { return bench_parts(t).Day; }
inline int weekday(time_t t) { return bench_parts(t).Wday; }
inline int hour(time_t t) { return bench_parts(t).Hour; }
inline int minute(time_t t) { return bench_parts(t).Minute; }
inline int second(time_t t) { return bench_parts(t).Second; }
inline void setSyncProvider(getExternalTime) {}
inline void setSyncInterval(time_t) {}
#endif
