/* Arduino's Wire on the bench, for drivers in C++. A repeated START is one access. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H
#include "driver_under_test.h"
#include <stddef.h>
#include <stdlib.h>

class TwoWire {
public:
    void begin() {}
    void begin(int, int, uint32_t = 0) {} /* pins, where a core lets them be chosen */
    void end() {}
    void setClock(uint32_t) {}
    void beginTransmission(uint8_t address) { to = address; sent = 0; }
    size_t write(uint8_t byte) { return sent < (int)sizeof out ? (out[sent++] = byte, 1) : 0; }
    size_t write(const uint8_t *bytes, size_t count) {
        size_t i = 0;
        while (i < count && write(bytes[i])) i++;
        return i;
    }
    uint8_t endTransmission(bool stop = true) { /* 0 done, 2 no answer */
        held = !stop;
        return stop && bus_transfer(to, out, sent, NULL, 0) < 0 ? 2 : 0;
    }
    uint8_t requestFrom(int address, int count, bool = true) {
        count = count < (int)sizeof in ? count : (int)sizeof in;
        got = bus_transfer((uint8_t)address, out, held ? sent : 0, in, count);
        held = false;
        next = 0;
        return (uint8_t)(got < 0 ? (got = 0) : got);
    }
    int available() const { return got - next; }
    int peek() const { return next < got ? in[next] : -1; }
    size_t write(int byte) { return write((uint8_t)byte); }
    size_t write(unsigned long byte) { return write((uint8_t)byte); }
    int read() { return next < got ? in[next++] : -1; }

private:
    uint8_t to = 0, out[256], in[256];
    int sent = 0, got = 0, next = 0;
    bool held = false;
};
extern TwoWire Wire; /* one for all files: each defines it, and the linker takes the first */
__attribute__((weak)) TwoWire Wire;

inline void delay(uint32_t ms) { bus_wait_us(ms * 1000); }
inline void delayMicroseconds(uint32_t us) { bus_wait_us(us); }
#endif
