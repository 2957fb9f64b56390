#include "crypto.h"
#include <string.h>

/* The S-box is computed at its first use: 256 bytes of RAM for 256 of text that nobody reads. */
static uint8_t sbox[256];

static uint8_t twice(uint8_t x) { return (uint8_t)(x << 1 ^ (x >> 7) * 0x1B); }
static uint8_t turned(uint8_t x, int by) { return (uint8_t)(x << by | x >> (8 - by)); }

static void make_sbox(void) {
    uint8_t p = 1, q = 1;
    do { /* p runs through all elements but 0, q through their inverses */
        p = (uint8_t)(p ^ twice(p));
        q = (uint8_t)(q ^ q << 1);
        q = (uint8_t)(q ^ q << 2);
        q = (uint8_t)(q ^ q << 4);
        if (q & 0x80) q ^= 0x09;
        sbox[p] = (uint8_t)(q ^ turned(q, 1) ^ turned(q, 2) ^ turned(q, 3) ^ turned(q, 4) ^ 0x63);
    } while (p != 1);
    sbox[0] = 0x63;
}

static void expand(const uint8_t key[16], uint8_t round_keys[176]) {
    uint8_t constant = 1, word[4], first;
    int i, at;
    memcpy(round_keys, key, 16);
    for (at = 16; at < 176; at += 4) {
        memcpy(word, round_keys + at - 4, 4);
        if (at % 16 == 0) {
            first = word[0];
            word[0] = (uint8_t)(sbox[word[1]] ^ constant);
            word[1] = sbox[word[2]];
            word[2] = sbox[word[3]];
            word[3] = sbox[first];
            constant = twice(constant);
        }
        for (i = 0; i < 4; i++) round_keys[at + i] = round_keys[at + i - 16] ^ word[i];
    }
}

static void encrypt(const uint8_t keys[176], uint8_t state[16]) {
    uint8_t moved[16], all, first, *column;
    int round, i;
    for (i = 0; i < 16; i++) state[i] ^= keys[i];
    for (round = 1; round <= 10; round++) {
        for (i = 0; i < 16; i++) moved[i] = sbox[state[(i + 4 * (i % 4)) % 16]];
        memcpy(state, moved, 16);
        for (column = state; round < 10 && column < state + 16; column += 4) {
            all = column[0] ^ column[1] ^ column[2] ^ column[3];
            first = column[0];
            for (i = 0; i < 3; i++) column[i] ^= all ^ twice(column[i] ^ column[i + 1]);
            column[3] ^= all ^ twice(column[3] ^ first);
        }
        for (i = 0; i < 16; i++) state[i] ^= keys[16 * round + i];
    }
}

static void doubled(uint8_t block[16]) {
    const uint8_t carry = block[0] >> 7;
    int i;
    for (i = 0; i < 15; i++) block[i] = (uint8_t)(block[i] << 1 | block[i + 1] >> 7);
    block[15] = (uint8_t)(block[15] << 1 ^ carry * 0x87);
}

void cmac(const uint8_t key[16], const uint8_t *text, int size, uint8_t mac[16]) {
    uint8_t keys[176], last[16] = {0};
    int i, rest;
    if (!sbox[0]) make_sbox();
    expand(key, keys);
    encrypt(keys, last);
    doubled(last); /* K1 */
    memset(mac, 0, 16);
    for (; size > 16; size -= 16, text += 16) {
        for (i = 0; i < 16; i++) mac[i] ^= text[i];
        encrypt(keys, mac);
    }
    rest = size;
    if (rest < 16) doubled(last); /* K2, for a last block that is not whole */
    for (i = 0; i < rest; i++) mac[i] ^= text[i];
    if (rest < 16) mac[rest] ^= 0x80;
    for (i = 0; i < 16; i++) mac[i] ^= last[i];
    encrypt(keys, mac);
}
