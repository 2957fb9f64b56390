#include "tokens.h"

enum { AHEAD = 64, SYNC_AHEAD = 100, SYNC_BACK = 64, OLDER = 16, COUNT_MAX = 0xFFFF };
enum { VALUE_MAX = 995, DISABLES = 998, SYNCS = 999 };

typedef struct { /* a token of 9 digits, or of 12 */
    int digits, restricted_digits, hash_bits;
    uint64_t code_max, values;
} token_form;

static const token_form forms[2] = {{9, 15, 30, 999999999, 1000}, {12, 20, 40, 999999999999, 1000000}};
static const token_form *const STANDARD = &forms[0];

/* ---- SipHash-2-4 (Aumasson and Bernstein, 2012) of eight bytes ---- */

static uint64_t turned(uint64_t x, int by) { return x << by | x >> (64 - by); }

static void rounds(uint64_t v[4], int count) {
    while (count--) {
        v[0] += v[1]; v[1] = turned(v[1], 13) ^ v[0]; v[0] = turned(v[0], 32);
        v[2] += v[3]; v[3] = turned(v[3], 16) ^ v[2];
        v[0] += v[3]; v[3] = turned(v[3], 21) ^ v[0];
        v[2] += v[1]; v[1] = turned(v[1], 17) ^ v[2]; v[2] = turned(v[2], 32);
    }
}

static uint64_t little(const uint8_t *at) {
    uint64_t word = 0;
    int n;
    for (n = 7; n >= 0; n--) word = word << 8 | at[n];
    return word;
}

static uint64_t siphash(const uint8_t key[16], const uint8_t data[8]) {
    const uint64_t low = little(key), high = little(key + 8), words[2] = {little(data), (uint64_t)8 << 56};
    uint64_t v[4] = {low ^ 0x736F6D6570736575u, high ^ 0x646F72616E646F6Du, low ^ 0x6C7967656E657261u, high ^ 0x7465646279746573u};
    int n;
    for (n = 0; n < 2; n++) {
        v[3] ^= words[n];
        rounds(v, 2);
        v[0] ^= words[n];
    }
    v[2] ^= 0xFF;
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* ---- The chain of codes: each is the hash of the one before ---- */

static uint64_t next_code(const token_secret *secret, const token_form *form, uint64_t code) {
    uint8_t data[8];
    uint64_t hash;
    int n;
    for (n = 0; n < 8; n++) data[n] = (uint8_t)(code >> 8 * (form == STANDARD ? 3 - n % 4 : 7 - n));
    hash = siphash(secret->key, data);
    if (form == STANDARD) hash = (uint64_t)(uint32_t)(hash >> 32 ^ hash) << 32;
    hash >>= 64 - form->hash_bits;
    return hash <= form->code_max ? hash : hash - ((uint64_t)1 << form->hash_bits) + form->code_max;
}

/* The code of the digits, and the form that their number tells; false: no token can be this. */
static bool code_of(const token_secret *secret, const uint8_t *keys, int size, const token_form **form, uint64_t *code) {
    const int first = secret->restricted ? '1' : '0', last = secret->restricted ? '4' : '9';
    int n;
    *form = 0;
    for (n = 0; n < 2; n++)
        if (size == (secret->restricted ? forms[n].restricted_digits : forms[n].digits)) *form = &forms[n];
    if (!*form) return false;
    for (*code = 0, n = 0; n < size; n++) {
        if (keys[n] < first || keys[n] > last) return false;
        *code = *code * (secret->restricted ? 4 : 10) + (uint64_t)(keys[n] - first);
    }
    return *code <= (*form)->code_max;
}

/* ---- The counter ---- */

static token_kind kind_of(const token_form *form, uint64_t value, int count) {
    if (form == STANDARD && value == SYNCS) return COUNTER_SYNC;
    if (form == STANDARD && value == DISABLES) return DISABLE;
    return count % 2 ? SET_TIME : ADD_TIME;
}

static int tried(const token_counter *counter, token_kind kind) { /* the highest count in reach */
#ifdef MISTAKE_REACH_IN_16_BITS
    return (uint16_t)(counter->last + (kind == COUNTER_SYNC ? SYNC_AHEAD : AHEAD));
#else
    const int highest = counter->last + (kind == COUNTER_SYNC ? SYNC_AHEAD : AHEAD);
    return highest < COUNT_MAX ? highest : COUNT_MAX;
#endif
}

static bool takes(const token_counter *counter, token_kind kind, int count) {
    const int below = counter->last - count;
    if (kind == COUNTER_SYNC) return below < SYNC_BACK;
    if (below < 0) return true;
    if (kind != ADD_TIME || !count) return false; /* count 0 is the starting code itself, which is no secret of the key */
#ifdef MISTAKE_USED_FORGOTTEN
    return below > 0 && below < OLDER;
#else
    return below > 0 && below < OLDER && !(counter->used >> below & 1);
#endif
}

void token_count(token_counter *counter, const token *taken) {
    const int ahead = taken->count - counter->last;
    if (taken->kind == ADD_TIME && ahead <= 0) { /* an older one, which stays within reach */
        counter->used |= (uint16_t)(1u << -ahead);
        return;
    }
    if (taken->kind == ADD_TIME) {
#ifdef MISTAKE_BITS_NOT_MOVED
        counter->used |= 1;
#else
        counter->used = ahead < OLDER ? (uint16_t)((uint32_t)(counter->used | 1) << ahead | 1) : 1;
#endif
    } else {
#ifndef MISTAKE_SET_LEAVES_OPEN
        counter->used = 0xFFFF; /* what sets time or unlocks closes all that is older */
#endif
    }
    counter->last = taken->count;
}

token_answer token_read(const token_secret *secret, const token_counter *counter, const uint8_t *keys, int size, token *found) {
    const token_form *form;
    token_answer answer = WRONG;
    uint64_t code, at, value, ending;
    int count, highest;
    if (!code_of(secret, keys, size, &form, &code)) return WRONG;
    ending = code % form->values;
    value = (code + form->values - secret->starting_code % form->values) % form->values;
    at = secret->starting_code - secret->starting_code % form->values + ending;
    highest = tried(counter, kind_of(form, value, 1));
    for (count = 0; count <= highest; count++, at = next_code(secret, form, at)) {
        if (at - at % form->values + ending != code) continue;
        if (form == STANDARD && value > VALUE_MAX && value < DISABLES) return WRONG; /* reserved */
        found->kind = kind_of(form, value, count);
        found->value = (uint32_t)value;
        found->count = (uint16_t)count;
        if (takes(counter, found->kind, count)) return TAKEN;
        answer = USED; /* unless a later count gives the same digits */
    }
    return answer;
}
