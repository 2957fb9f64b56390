/* OpenPAYGO tokens: which count gives the digits that were keyed in, and whether it is still taken (docs/openpaygo.md). */
#ifndef TOKENS_H
#define TOKENS_H
#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint8_t key[16];
    uint32_t starting_code;
    bool restricted; /* digits 1 to 4 alone */
} token_secret;

typedef struct {
    uint16_t last; /* the newest count that was taken */
    uint16_t used; /* bit n: the count n below it */
} token_counter;

typedef enum { ADD_TIME, SET_TIME, DISABLE, COUNTER_SYNC } token_kind;
typedef enum { TAKEN, USED, WRONG } token_answer;

typedef struct {
    token_kind kind;
    uint32_t value; /* in parts of a day */
    uint16_t count;
} token;

token_answer token_read(const token_secret *secret, const token_counter *counter, const uint8_t *keys, int size, token *found);
void token_count(token_counter *counter, const token *taken);
#endif
