// A DS3231 as a library for Arduino has it: in 12-hour mode too, its time by TimeLib.
#include <Arduino.h>
#include <EEPROM.h>
#include <TimeLib.h>
#include <Wire.h>

static uint8_t toBcd(int n) { return (uint8_t)(n / 10 << 4 | n % 10); }
static uint8_t fromBcd(uint8_t n) { return (uint8_t)((n >> 4) * 10 + (n & 15)); }

static bool writeTime(const tmElements_t &tm) {
    Wire.beginTransmission(0x68);
    Wire.write((uint8_t)0);
    const int fields[] = {tm.Second, tm.Minute, tm.Hour, tm.Wday, tm.Day, tm.Month, tmYearToY2k(tm.Year)};
    for (int field : fields) Wire.write(toBcd(field));
    if (Wire.endTransmission() != 0) return false;
    EEPROM.write(0, tm.Year);
    const uint32_t began = millis();
    while (millis() - began < 20) yield(); // lets the bus settle, by the core's own clock
    return true;
}
static bool readTime(tmElements_t &tm) {
    Wire.beginTransmission(0x68);
    Wire.write((uint8_t)0);
    Wire.endTransmission(false);
    if (Wire.requestFrom(0x68, 7) != 7) return false;
    tm.Second = fromBcd(Wire.read() & 0x7F);
    tm.Minute = fromBcd(Wire.read());
    const uint8_t hour = Wire.read();
    tm.Hour = bitRead(hour, 6) ? fromBcd(hour & 0x1F) % 12 + (bitRead(hour, 5) ? 12 : 0) : fromBcd(hour & 0x3F);
    tm.Wday = Wire.read();
    tm.Day = fromBcd(Wire.read());
    tm.Month = fromBcd(Wire.read() & 0x1F);
    tm.Year = y2kYearToTm(fromBcd(Wire.read()));
    return true;
}

static int begin() { Wire.begin(21, 22); return 0; }
static int set(const moment *t) {
    const tmElements_t tm = {(uint8_t)t->second, (uint8_t)t->minute, (uint8_t)t->hour, (uint8_t)(t->weekday + 1),
                             (uint8_t)t->day, (uint8_t)t->month, (uint8_t)CalendarYrToTm(t->year)};
    return writeTime(tm) ? 0 : 1;
}
static int get(moment *t) {
    tmElements_t tm;
    if (!readTime(tm)) return 1;
    *t = {tmYearToCalendar(tm.Year), tm.Month, tm.Day, tm.Hour, tm.Minute, tm.Second, tm.Wday - 1, -1};
    return makeTime(tm) < 0 ? 1 : 0;
}
static driver_under_test_t offers() {
    driver_under_test_t offered = {};
    offered.declared = "chip=ds3231";
    offered.begin = begin;
    offered.set = set;
    offered.get = get;
    return offered;
}
const driver_under_test_t driver_under_test = offers();
