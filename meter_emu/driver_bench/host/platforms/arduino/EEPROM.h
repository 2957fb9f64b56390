/* Arduino's EEPROM: erased at first, lost with the process. */
#ifndef BENCH_EEPROM_H
#define BENCH_EEPROM_H
#include <stdint.h>
#include <string.h>

class BenchEeprom {
public:
    BenchEeprom() { memset(cells, 0xFF, sizeof cells); }
    void begin(int) {}
    uint8_t read(int at) const { return cells[at % SIZE]; }
    void write(int at, uint8_t byte) { cells[at % SIZE] = byte; }
    void update(int at, uint8_t byte) { write(at, byte); }
    uint16_t length() const { return SIZE; }
    bool commit() { return true; }
    template <class T> T &get(int at, T &to) const { memcpy(&to, cells + at, sizeof to); return to; }
    template <class T> const T &put(int at, const T &from) { memcpy(cells + at, &from, sizeof from); return from; }

private:
    enum { SIZE = 4096 };
    uint8_t cells[SIZE];
};
extern BenchEeprom EEPROM;
__attribute__((weak)) BenchEeprom EEPROM;
#endif
