#include "eeprom.h"
#include "bytes.h"
#include "meter_ports.h"
#include <string.h>

void eeprom_read(uint32_t at, void *to, uint16_t size) {
    int tries = 50;
    while (tries-- && !meter_eeprom_read(at, (uint8_t *)to, size)) {}
    if (tries < 0) memset(to, 0xFF, size);
}

void eeprom_read_firmly(uint32_t at, void *to, uint16_t size) {
    uint8_t again[RECORD_MAX]; /* a copy torn by a power cut may read otherwise each time */
    int n;
    eeprom_read(at, to, size);
    for (n = 0; n < 3; n++) {
        eeprom_read(at, again, size);
        if (memcmp(again, to, size)) memset(to, 0xFF, size);
    }
}

static uint32_t word(const uint8_t *at) {
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

void kept_save(kept_record *kept) {
    uint8_t *bytes = kept->record, one;
    const uint32_t sequence = word(bytes + 4) + 1;
    uint32_t crc;
    uint16_t at, part;
    int tries;
    memcpy(bytes + 4, &sequence, sizeof sequence);
    crc = crc32(bytes, kept->size - 4);
    memcpy(bytes + kept->size - 4, &crc, sizeof crc);
    for (at = 0; at < kept->size; at += part) {
        part = kept->size - at < 64 ? (uint16_t)(kept->size - at) : 64;
        for (tries = 50; tries && !meter_eeprom_write((uint32_t)kept->at[kept->older] + at, bytes + at, part); tries--) {}
    }
    eeprom_read(kept->at[kept->older], &one, 1); /* acknowledged when the last cycle is over */
    kept->older = !kept->older;
}

bool kept_load(kept_record *kept) {
    uint8_t copies[2][RECORD_MAX];
    bool good[2];
    int n;
    for (n = 0; n < 2; n++) {
        eeprom_read_firmly(kept->at[n], copies[n], kept->size);
        good[n] = !memcmp(copies[n], kept->magic, 4) && word(copies[n] + kept->size - 4) == crc32(copies[n], kept->size - 4);
    }
    if (!good[0] && !good[1]) return false;
    n = good[1] && (!good[0] || (int32_t)(word(copies[1] + 4) - word(copies[0] + 4)) > 0);
    memcpy(kept->record, copies[n], kept->size);
    kept->older = !n;
    return true;
}
