/* STS tokens: what 20 digits say under a meter's key (docs/sts.md). */
#ifndef TOKENS_H
#define TOKENS_H
#include <stdbool.h>
#include <stdint.h>

enum { TOKEN_DIGITS = 20, TID_MAX = 0xFFFFFF };

/* What a meter answers, by the numbers of one maker (docs/token-meters.md). */
typedef enum {
    TAKEN = 1, FIRST_SECTION, SECOND_SECTION, OVERFLOW, KEY_TYPE, FORMAT, RANGE, FUNCTION,
    OLD, USED, KEY_EXPIRED, DDTK, CRC, MAKER, LOCKED
} token_answer;

typedef enum { CREDIT, POWER_LIMIT, CLEAR_CREDIT, CLEAR_TAMPER, METER_TEST, KEY_SECTION, OF_OTHERS } token_kind;

typedef struct {
    token_kind kind;
    bool credit;       /* class 0, of whatever is sold */
    uint32_t tid;      /* of a credit, a limit, a clearing */
    uint32_t value;    /* tenths of a kWh, watts, a register, the maker of a test */
    uint8_t section;   /* of a key, 1 to 4 */
    uint8_t bytes[6];  /* of it: 12 bits of fields in two bytes, four of the key */
} token;

/* TAKEN, and what is found; or which check failed. A key has 8 bytes for EA07, or 16 for EA11. */
token_answer token_read(const uint8_t *key, bool long_key, const uint8_t *keys, int size, token *found);

uint64_t misty1_decrypt(const uint8_t key[16], uint64_t block); /* RFC 2994, the cipher of EA11 */
#endif
