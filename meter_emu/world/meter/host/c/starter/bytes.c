#include "bytes.h"

uint64_t be(const uint8_t *at, int size) {
    uint64_t value = 0;
    while (size--) value = value << 8 | *at++;
    return value;
}

void put_be(uint8_t *at, uint64_t value, int size) {
    while (size--) { at[size] = (uint8_t)value; value >>= 8; }
}

uint32_t crc32(const uint8_t *data, int size) {
    uint32_t crc = 0xFFFFFFFFu;
    int bit;
    while (size-- > 0) {
        crc ^= *data++;
        for (bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    return ~crc;
}
