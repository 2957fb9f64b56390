/* What the parts of this meter share: its state, the moment it is, and what each part does for the others. */
#ifndef METER_H
#define METER_H
#include "bytes.h"
#include "calendar.h"
#include "card.h"
#include "crypto.h"
#include "eeprom.h"
#include "meter_ports.h"
#include "pcf8563.h"
#include <stddef.h>
#include <string.h>

enum { PREPAYMENT = 1, LIMITER = 2, CUT_LATCHED = 4, LOW_SAID = 8, DEFERRAL_OVER = 0x40, SHELTERED = 0x80 };
enum { TRUSTED, LOW_VOLTAGE, IMPOSSIBLE_DATE, BACKWARDS, TOO_FAR_AHEAD, SET_TOO_LONG_AGO, TICKS_DISAGREE, BEING_SET,
       LOWER_BOUND, DISPUTED };
enum { DISCONNECTED, CONNECTED, READY };
enum { CHARGED, DEFERRED, POSTPAID };
enum { POWER_ON = 1, CUT_PROGRAMMED, CUT_CREDIT, IS_READY, RECONNECTED, ORDER_EXECUTED, CARD_REFUSED, CREDIT_LOADED,
       EMERGENCY_TAKEN, CLOCK_LOST, SWITCH_DISAGREES, CLOCK_SET, SESSIONS_DISAGREE = 15, END_DISAGREES = 20, EXPIRY_UNCHECKED };
enum { OPEN, HOLD, LIMIT, ALLOW }; /* what blocks and shields permit */
enum { BY_ORDER = 1, BY_CREDIT = 2 }; /* blocks */

#define DAY_S 86400
#define CLOCKS_END (int64_t)(52595999 + 1 - 60) /* minute: a clock in standard time shows 2100 */
#define UEUR_PER_CENT 10000
#define SHELTER_MAX_MIN (96 * 60)
#define NIGHT_MAX_WH 200000 /* at the night price while the clock is doubted */

typedef struct { uint8_t civil[5]; uint32_t minute; } end_time; /* NO_MINUTE: none */

typedef struct {
    uint8_t magic[4];
    uint32_t sequence;
    uint8_t flags, health, supply, account, order_result, night_rate;
    uint16_t tariff_number, set_error_s;
    uint32_t last_time_s, last_ticks_ms, last_day, clock_set_s, refused_stamp;
    uint32_t booked_units, charged_wh, deferred_wh, postpaid_wh, night_wh, charged_night_wh;
    int64_t balance_ueur;
    uint64_t charged_ueur;
    uint32_t debt_ueur, accepted_cents, accepted_count, order_number, session_count, shown_session, card_number;
    uint8_t order_mac[8];
    uint32_t day_price, night_price;
    uint32_t sheltered_wh, sheltered_min, powered_from_min, sheltered_ticks_ms, doubted_wh; /* what favours have given (docs/decisions/doubt.md) */
    end_time defer_end, cut_end;
    uint32_t latched_minute; /* of the T2 that was reached */
    uint8_t events[24];
    uint32_t crc;
} meter_state;

extern meter_state state;
extern bool changed;         /* since it was saved */
extern uint8_t factory[256]; /* the record of the factory */
extern card_keys keys;

/* ---- This moment, as the poll found it ---- */

extern int64_t utc_s, uncertainty_s, day;
extern int second_of_day; /* -1: the registers show no time */
extern uint8_t health;
extern uint32_t ticks_ms, units;

/* ---- memory.c ---- */

uint64_t made(int at, int size); /* a field of the factory record */
bool start(void);                /* false: no factory record, or not for this meter */
void save(void);
uint64_t this_minute(void); /* as an event has it: NO_MINUTE where the clock shows none */
void note(uint8_t code, uint32_t detail);

/* ---- clock.c ---- */

enum { WINDOW = 38, NIGHT = 68 }; /* hours of the legal day: where the factory record has from and until */

void read_clock(bool by_ticks);
bool trusted(void);
bool dated(void);
int64_t early_s(void);
int64_t late_s(void);
int64_t u_at(int64_t at_s); /* how far off the clock may be, whole seconds, rounded up */
bool has_come(const end_time *end);
bool deferral_holds(void);
int64_t known_s(void); /* it is at least that */
bool ends_ahead(void);
bool waiting(void); /* for a clock that can be believed */
void journal_time(void);
bool has_hours(int which);
bool may_run(int which); /* in doubt they do */
int64_t seconds_to_edge(int which);

/* ---- my_meter.c ---- */

bool bi_hourly(void);
uint32_t price(void);
void book(void); /* what was used since the last booking, by the rules that it was used by */
int64_t balance(void);
int blocks(void);
int shields(void);
int permission(void);
void settle(void);
uint32_t shelter_left_min(void); /* what is left of the favours of docs/decisions/doubt.md */
uint32_t shelter_left_wh(void);
uint32_t night_left_wh(void);

/* ---- session.c, panel.c ---- */

int serve_card(void); /* a result of card.h */
void set_lower_bound(int64_t to_s); /* the clock goes on from there, or later */
void show(int card_result, bool turned, bool fault);
#endif
