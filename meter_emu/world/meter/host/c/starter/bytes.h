/* Numbers in records, big-endian, and the CRC-32 of IEEE 802.3 that ends them. */
#ifndef BYTES_H
#define BYTES_H
#include <stdint.h>

uint64_t be(const uint8_t *at, int size);
void put_be(uint8_t *at, uint64_t value, int size);
uint32_t crc32(const uint8_t *data, int size);
#endif
