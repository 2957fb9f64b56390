/* The EEPROM, and a record in it as two copies: saved whole, or not at all. */
#ifndef EEPROM_H
#define EEPROM_H
#include <stdbool.h>
#include <stdint.h>

enum { RECORD_MAX = 256 };

typedef struct {
    void *record; /* begins with four bytes of magic and a uint32_t, its sequence; ends with a uint32_t, its CRC */
    uint16_t size, at[2];
    const char *magic;
    int older; /* which copy is written next */
} kept_record;

void eeprom_read(uint32_t at, void *to, uint16_t size);
void eeprom_read_firmly(uint32_t at, void *to, uint16_t size); /* at most RECORD_MAX: after a power-up */
bool kept_load(kept_record *kept);                             /* false: there is none yet */
void kept_save(kept_record *kept);
#endif
