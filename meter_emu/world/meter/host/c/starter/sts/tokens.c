#include "tokens.h"
#include "bytes.h"

/* ---- EA07: 16 rounds of nibbles through S1 or S2, as one bit of the key says, and of all bits through P; undone ---- */

static const uint8_t s_undone[2][16] = {
    {9, 11, 6, 5, 12, 7, 14, 2, 13, 3, 1, 15, 4, 8, 0, 10},
    {12, 6, 2, 7, 13, 9, 5, 4, 1, 10, 14, 8, 0, 3, 15, 11},
};

static const uint8_t p[64] = {
    55, 42, 10, 18, 24, 21, 44, 35, 2, 22, 56, 43, 27, 58, 9, 50, 6, 36, 12, 61, 37, 38, 53, 16, 62, 3, 7, 4, 32, 20, 63, 25,
    51, 52, 54, 33, 49, 19, 46, 29, 48, 31, 23, 30, 41, 28, 13, 5, 40, 60, 39, 11, 15, 17, 1, 0, 57, 34, 59, 8, 47, 14, 45, 26,
};

static uint64_t turned_left(uint64_t x, int by) { return x << by | x >> (64 - by); }

static uint64_t ea07_decrypt(uint64_t key, uint64_t block) {
    uint64_t moved;
    int n, round;
    key = turned_left(~key, 3); /* 12 to the right, and 15 back to the left: the last round comes first */
    for (round = 0; round < 16; round++, key = turned_left(key, 63)) {
        for (moved = 0, n = 0; n < 64; n++) moved |= (block >> p[n] & 1) << n;
        for (block = 0, n = 0; n < 64; n += 4) block |= (uint64_t)s_undone[key >> (n + 3) & 1][moved >> n & 15] << n;
    }
    return block;
}

/* ---- Digits, class and CRC ---- */

/* The 66 bits of the digits: two above a uint64_t. */
static token_answer number_of(const uint8_t *keys, int size, uint64_t *low, uint32_t *high) {
    uint64_t part;
    int n;
    if (size != TOKEN_DIGITS) return FORMAT;
    for (*low = 0, *high = 0, n = 0; n < size; n++) {
        if (keys[n] < '0' || keys[n] > '9') return FORMAT;
        part = (*low & 0xFFFFFFFF) * 10 + (uint64_t)(keys[n] - '0');
        *high = *high * 10 + (uint32_t)(((*low >> 32) * 10 + (part >> 32)) >> 32);
        *low = ((*low >> 32) * 10 + (part >> 32)) << 32 | (part & 0xFFFFFFFF);
    }
    return *high > 3 ? RANGE : TAKEN;
}

static uint16_t crc_of(uint32_t token_class, uint64_t upper) { /* CRC-16/MODBUS of 50 bits, its bytes swapped */
    const uint64_t data = (uint64_t)token_class << 48 | upper;
    uint16_t crc = 0xFFFF;
    int n, bit;
    for (n = 48; n >= 0; n -= 8) {
        crc ^= (uint16_t)(data >> n & 0xFF);
        for (bit = 0; bit < 8; bit++) crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? 0xA001 : 0));
    }
    return (uint16_t)(crc << 8 | crc >> 8);
}

/* ---- Fields ---- */

static uint32_t amount_of(uint16_t code) { /* 14 bits, in four steps of ten */
    static const uint32_t steps[4] = {1, 10, 100, 1000}, firsts[4] = {0, 16384, 180224, 1818624};
    return firsts[code >> 14] + steps[code >> 14] * (code & 0x3FFF);
}

static token_answer fields_of(uint32_t token_class, uint64_t upper, token *found) {
    const uint32_t subclass = (uint32_t)(upper >> 44);
    const uint16_t value = (uint16_t)upper;
    static const uint8_t sections[16] = {[3] = 1, [4] = 2, [8] = 3, [9] = 4};
    found->kind = OF_OTHERS;
    found->credit = token_class == 0;
    found->tid = (uint32_t)(upper >> 16 & TID_MAX);
    found->value = value;
    if (token_class == 1) {
        if (subclass > 1) return FUNCTION; /* reserved, or a maker's own */
        found->kind = METER_TEST;
        found->value = subclass ? value : value & 0xFF;
    } else if (token_class == 0) {
        if (subclass > 3) return FUNCTION; /* currency, or reserved */
        if (subclass == 0) found->kind = CREDIT; /* others buy water, gas, time */
        found->value = amount_of(value);
    } else if (sections[subclass]) {
        found->kind = KEY_SECTION;
        found->section = sections[subclass];
        put_be(found->bytes, upper & 0xFFFFFFFFFFF, 6);
    } else if (subclass == 0) {
        found->kind = POWER_LIMIT;
        found->value = amount_of(value);
    } else if (subclass == 1) {
        if (value > 7 && value < 0xFFFF) return RANGE;
        if (value == 0 || value == 0xFFFF) found->kind = CLEAR_CREDIT; /* it has one register */
    } else if (subclass == 5) {
        if (value) return RANGE;
        found->kind = CLEAR_TAMPER;
    } else if (subclass != 2 && subclass != 6 && subclass != 7) return FUNCTION; /* extended, or a maker's own */
    return TAKEN;
}

token_answer token_read(const uint8_t *key, bool long_key, const uint8_t *keys, int size, token *found) {
    uint64_t block;
    uint32_t high, token_class;
    const token_answer number = number_of(keys, size, &block, &high);
    if (number != TAKEN) return number;
    token_class = (uint32_t)(block >> 27 & 3);
    block = (block & ~((uint64_t)3 << 27)) | (uint64_t)high << 27; /* the class has the place of two bits, which are on top */
    if (token_class == 3) return FUNCTION;
    if (token_class != 1) block = long_key ? misty1_decrypt(key, block) : ea07_decrypt(be(key, 8), block);
    if (crc_of(token_class, block >> 16) != (uint16_t)block) return CRC;
    return fields_of(token_class, block >> 16, found);
}
