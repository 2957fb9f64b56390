/* What clock libraries use of Arduino's core, on the bench: its own time, no pins, nothing printed. */
#ifndef BENCH_ARDUINO_H
#define BENCH_ARDUINO_H
#include "Wire.h"
#include "binary.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <string>

typedef uint8_t byte;
typedef bool boolean;
typedef uint16_t word;
enum { LOW = 0, HIGH = 1, INPUT = 0, OUTPUT = 1, INPUT_PULLUP = 2, FALLING = 2, RISING = 3, CHANGE = 4 };
enum { DEC = 10, HEX = 16, OCT = 8, BIN = 2 };

inline uint32_t micros() { return (uint32_t)bus_now_us(); }
inline uint32_t millis() { return (uint32_t)(bus_now_us() / 1000); }
inline void yield() {}
inline void pinMode(int, int) {}
inline void digitalWrite(int, int) {}
inline int digitalRead(int) { return HIGH; }
inline int digitalPinToInterrupt(int pin) { return pin; }
inline void attachInterrupt(int, void (*)(), int) {}
inline void detachInterrupt(int) {}
inline void noInterrupts() {}
inline void interrupts() {}

/* There is one memory: what lies in flash is read as any other. */
#define PROGMEM
#define PGM_P const char *
#define PSTR(text) (text)
#define pgm_read_byte(at) (*(const uint8_t *)(at))
#define pgm_read_word(at) (*(const uint16_t *)(at))
#define memcpy_P memcpy
#define strlen_P strlen
#define strncpy_P strncpy
#define strcmp_P strcmp
#define strncmp_P strncmp
class __FlashStringHelper;
#define F(text) ((const __FlashStringHelper *)(text))

#define _BV(bit) (1 << (bit))
#define bit(number) (1UL << (number))
#define bitRead(value, at) (((value) >> (at)) & 1)
#define bitSet(value, at) ((value) |= 1UL << (at))
#define bitClear(value, at) ((value) &= ~(1UL << (at)))
#define bitWrite(value, at, to) ((to) ? bitSet(value, at) : bitClear(value, at))
#define lowByte(value) ((uint8_t)((value) & 0xFF))
#define highByte(value) ((uint8_t)((value) >> 8))
#define constrain(value, low, high) ((value) < (low) ? (low) : (value) > (high) ? (high) : (value))
template <class A, class B> inline auto min(A a, B b) -> decltype(a < b ? a : b) { return a < b ? a : b; }
template <class A, class B> inline auto max(A a, B b) -> decltype(a > b ? a : b) { return a > b ? a : b; }

class String : public std::string {
public:
    String(const char *text = "") : std::string(text) {}
    String(const std::string &text) : std::string(text) {}
    explicit String(long number) : std::string(std::to_string(number)) {}
    explicit String(int number) : std::string(std::to_string(number)) {}
    long toInt() const { return atol(c_str()); }
    unsigned length() const { return (unsigned)size(); }
    char charAt(unsigned at) const { return at < size() ? (*this)[at] : 0; }
    String substring(unsigned from, unsigned to = ~0U) const { return from < size() ? substr(from, to - from) : ""; }
};

/* A printer that says nothing: a driver's lines on standard output are its answers. */
class Print {
public:
    virtual ~Print() {}
    virtual size_t write(uint8_t) { return 1; }
    template <class T> size_t print(const T &, int = DEC) { return 0; }
    template <class T> size_t println(const T &, int = DEC) { return 0; }
    size_t println() { return 0; }
    template <class... T> int printf(const char *, T...) { return 0; }
};
class Stream : public Print {
public:
    void begin(long) {}
    int available() { return 0; }
    int read() { return -1; }
    void flush() {}
    operator bool() const { return true; }
};
typedef Stream HardwareSerial;
extern Stream Serial;
__attribute__((weak)) Stream Serial;
#endif
