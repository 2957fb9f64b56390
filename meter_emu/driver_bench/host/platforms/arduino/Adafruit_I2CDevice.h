/* A device on Wire, with the calls of Adafruit_BusIO that clock libraries use. */
#ifndef BENCH_ADAFRUIT_I2CDEVICE_H
#define BENCH_ADAFRUIT_I2CDEVICE_H
#include "Arduino.h"

class Adafruit_I2CDevice {
public:
    Adafruit_I2CDevice(uint8_t address, TwoWire *wire = &Wire) : at(address), bus(wire) {}
    uint8_t address() const { return at; }
    bool begin(bool look = true) { bus->begin(); return !look || detected(); }
    void end() {}
    bool detected() { bus->beginTransmission(at); return bus->endTransmission() == 0; }
    size_t maxBufferSize() const { return 250; }
    bool setSpeed(uint32_t) { return true; }
    bool write(const uint8_t *data, size_t count, bool stop = true, const uint8_t *before = nullptr, size_t before_count = 0) {
        bus->beginTransmission(at);
        if (before && bus->write(before, before_count) != before_count) return false;
        return bus->write(data, count) == count && bus->endTransmission(stop) == 0;
    }
    bool read(uint8_t *data, size_t count, bool stop = true) {
        if (bus->requestFrom(at, (uint8_t)count, stop) != count) return false;
        for (size_t i = 0; i < count; i++) data[i] = (uint8_t)bus->read();
        return true;
    }
    bool write_then_read(const uint8_t *out, size_t out_count, uint8_t *in, size_t in_count, bool stop = false) {
        return write(out, out_count, stop) && read(in, in_count);
    }

private:
    uint8_t at;
    TwoWire *bus;
};
#endif
