// A DS1307 driver for Arduino's Wire. Above: the sketch's own code. Below: what declares it.
#include "Wire.h"

static uint8_t toBcd(int n) { return n / 10 * 16 + n % 10; }
static int fromBcd(uint8_t n) { return n / 16 * 10 + n % 16; }

static void writeClock(int year, int month, int day, int weekday, int hour, int minute, int second) {
    Wire.beginTransmission(0x68);
    Wire.write(0);
    Wire.write(toBcd(second));
    Wire.write(toBcd(minute));
    Wire.write(toBcd(hour));
    Wire.write(weekday);
    Wire.write(toBcd(day));
    Wire.write(toBcd(month));
    Wire.write(toBcd(year - 2000));
    Wire.endTransmission();
}
static bool readClock(int *fields) { // second, minute, hour, weekday, day, month, year
    Wire.beginTransmission(0x68);
    Wire.write(0);
    Wire.endTransmission(false);
    if (Wire.requestFrom(0x68, 7) != 7) return false;
    for (int i = 0; i < 7; i++) fields[i] = fromBcd(Wire.read() & (i == 0 ? 0x7F : 0xFF));
    return true;
}

// ---- what declares it ----
static int begin() { Wire.begin(); return 0; }
static int set(const moment *t) {
    writeClock(t->year, t->month, t->day, t->weekday + 1, t->hour, t->minute, t->second);
    return 0;
}
static int get(moment *t) {
    int f[7];
    if (!readClock(f)) return 1;
    *t = {2000 + f[6], f[5], f[4], f[2], f[1], f[0], f[3] - 1, -1};
    return 0;
}
static driver_under_test_t offers() {
    driver_under_test_t offered = {};
    offered.declared = "chip=ds1307";
    offered.begin = begin;
    offered.set = set;
    offered.get = get;
    return offered;
}
const driver_under_test_t driver_under_test = offers();
