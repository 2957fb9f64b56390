/* A budget card in the slot, secure or plain, generation 1 or 2: docs/card-format.md. */
#ifndef CARD_H
#define CARD_H
#include <stdbool.h>
#include <stdint.h>

enum { /* result codes */
    NONE = 0x00, EXECUTED, ALREADY_EXECUTED, PENDING, LATER_END_TAKEN,
    CARD_UNREADABLE = 0x10, CARD_NOT_GENUINE, WRONG_METER, BAD_FORMAT, BAD_MAC, STALE_ORDER, BAD_DATE,
    CUT_BEFORE_DEFERRAL, BAD_TOKEN, WALLET_ROLLED_BACK = 0x1A, LOAD_TOO_LARGE, CARD_REMOVED,
    METER_NOT_CONFIGURED, CUT_DISAGREES, CARD_EXPIRED, CLOCK_CARD_STALE, CARD_REPLACED, STAMP_AHEAD, CARD_TOO_SLOW,
    CLOCK_NOT_SET, ANOTHER_ORDER = 0x26, WRONG_ENERGY = 0x28, NO_LIMITER, NO_NIGHT_HOURS
};

typedef struct { /* an end as a card states it */
    uint8_t civil[5]; /* FF: none */
    bool has_minute;  /* generation 2 */
    uint32_t minute;
    uint8_t zone_rule;
} stated_end;

typedef struct {
    uint8_t generation;
    uint32_t card_number, newest_stamp;     /* minutes since 2000 UTC */
    stated_end expires;
    uint32_t loaded_cents, load_count;
    uint32_t order_number, seen_session;
    uint8_t order_mac[8];
    uint8_t order_flags;                    /* 01 prepayment on, 02 limiter granted */
    stated_end defer_until, cut_at;
    bool reactivates, token_right;
    uint16_t tariff_number, mwh_per_unit;
    uint32_t day_price, night_price;
} card_contents;

typedef struct { uint64_t meter_id; const uint8_t *meter_auth, *card_auth, *desk_record, *meter_record, *reactivation; } card_keys;

int card_read(const card_keys *keys, const uint8_t challenge[8], card_contents *said); /* NONE, or why not */
/* `record` has everything but magic, generation and MAC; false where the card was pulled out or refuses. */
bool card_write_back(const card_keys *keys, uint8_t record[154]);
#endif
