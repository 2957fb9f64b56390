/* The program of an electricity budget meter with a PCF8563 that counts UTC: a small whole one to start from.
 *
 * Between polls everything lies in `state`, in RAM; what changes is saved before the switch moves and before a card
 * gets its write-back, as one of two copies in the EEPROM. After a power-up it is read back from there. What decides
 * is integers: seconds and minutes since 2000-01-01 00:00 UTC, micro-euro, watt-hours.
 *
 * -DMISTAKE_... plants one of ten mistakes that meters have had (docs/firmware-in-c.md). */
#include "calendar.h"
#include "card.h"
#include "crypto.h"
#include "meter_ports.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char meter_traits[] = "chips=pcf8563 energies=electricity time_bases=utc generations=1,2 "
                            "carriers=plain,secure clock_cards=no";

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
    uint32_t sheltered_wh, sheltered_min, sheltered_ticks_ms, doubted_wh; /* what favours have given (docs/decisions/doubt.md) */
    end_time defer_end, cut_end;
    uint8_t events[24];
    uint32_t crc;
} meter_state;

static meter_state state;

static uint8_t factory[256];
static card_keys keys;
static bool running, changed;
static int older; /* which copy is written next */

/* ---- This moment ---- */

static int64_t utc_s, uncertainty_s, day;
static int second_of_day; /* -1: the registers show no time */
static uint8_t health;
static uint32_t ticks_ms, units;
static bool beeping;

static uint64_t made(int at, int size) { return be(factory + at, size); } /* a field of the factory record */
static bool trusted(void) { return health == TRUSTED; }
static bool dated(void) { return health == TRUSTED || health == LOWER_BOUND || health == DISPUTED; }
static int64_t late_s(void) { return utc_s + uncertainty_s; }

static int64_t early_s(void) {
#ifdef MISTAKE_UNCERTAINTY_FORGOTTEN
    return utc_s;
#else
    return utc_s - uncertainty_s;
#endif
}

static int64_t u_at(int64_t at_s) { /* how far off the clock may be, whole seconds, rounded up */
    const int64_t since = at_s > state.clock_set_s ? at_s - state.clock_set_s : 0, drift = (int64_t)made(42, 4);
    return state.set_error_s + (since * drift + 999999999 - drift) / (1000000000 - drift);
}

/* ---- The memory ---- */

static void eeprom_read(uint32_t at, void *to, uint16_t size) {
    int tries = 50;
    while (tries-- && !meter_eeprom_read(at, (uint8_t *)to, size)) {}
    if (tries < 0) memset(to, 0xFF, size);
}

static void eeprom_read_firmly(uint32_t at, void *to, uint16_t size) {
    uint8_t again[256]; /* a copy torn by a power cut may read otherwise each time */
    int n;
    eeprom_read(at, to, size);
    for (n = 0; n < 3; n++) {
        eeprom_read(at, again, size);
        if (memcmp(again, to, size)) memset(to, 0xFF, size);
    }
}

static uint32_t copy_at(int copy) { return copy ? 0x300 : 0x200; }

static void save(void) {
    uint8_t one;
    const uint8_t *bytes = (const uint8_t *)&state;
    uint16_t at, part;
    int tries;
    state.sequence++;
    state.crc = crc32(bytes, (int)offsetof(meter_state, crc));
    for (at = 0; at < sizeof state; at += part) {
        part = sizeof state - at < 64 ? (uint16_t)(sizeof state - at) : 64;
        for (tries = 50; tries && !meter_eeprom_write(copy_at(older) + at, bytes + at, part); tries--) {}
    }
    eeprom_read(copy_at(older), &one, 1); /* acknowledged when the last cycle is over */
    older = !older;
    changed = false;
}

static bool load(void) {
    meter_state copies[2];
    bool good[2];
    int n;
    for (n = 0; n < 2; n++) {
        eeprom_read_firmly(copy_at(n), &copies[n], sizeof state);
        good[n] = !memcmp(copies[n].magic, "MINE", 4) &&
                  copies[n].crc == crc32((const uint8_t *)&copies[n], (int)offsetof(meter_state, crc));
    }
    if (!good[0] && !good[1]) return false;
    n = good[1] && (!good[0] || (int32_t)(copies[1].sequence - copies[0].sequence) > 0);
    state = copies[n];
    older = !n;
    return true;
}

/* The first start: whoever installed it left what it has counted in the record at 0100h (docs/meter-image.md). */
static bool install(void) {
    uint8_t left[256];
    eeprom_read(0x100, left, 256);
    if (left[0] != 'M' || left[1] != 'S' || crc32(left, 252) != be(left + 252, 4)) return false;
    memset(&state, 0, sizeof state);
    memcpy(state.magic, "MINE", 4);
    state.flags = left[3] & (PREPAYMENT | LIMITER);
    state.last_time_s = (uint32_t)be(left + 8, 4);
    state.last_ticks_ms = (uint32_t)be(left + 12, 4);
    state.last_day = (uint32_t)be(left + 16, 2);
    state.clock_set_s = (uint32_t)be(left + 18, 4);
    state.set_error_s = (uint16_t)be(left + 22, 2);
    state.health = left[28];
    state.supply = left[29];
    state.account = left[30];
    state.booked_units = (uint32_t)be(left + 32, 4);
    state.charged_wh = (uint32_t)be(left + 36, 4);
    state.deferred_wh = (uint32_t)be(left + 40, 4);
    state.postpaid_wh = (uint32_t)be(left + 44, 4);
    state.balance_ueur = (int64_t)be(left + 48, 8);
    state.charged_ueur = be(left + 56, 8);
    state.accepted_cents = (uint32_t)be(left + 68, 4);
    state.accepted_count = (uint32_t)be(left + 72, 4);
    state.order_number = (uint32_t)be(left + 76, 4);
    state.session_count = (uint32_t)be(left + 80, 4);
    state.card_number = (uint32_t)be(left + 182, 4);
    state.night_wh = (uint32_t)be(left + 190, 4);
    state.charged_night_wh = (uint32_t)be(left + 194, 4);
    state.day_price = (uint32_t)be(left + 84, 4);
    state.night_price = (uint32_t)be(left + 186, 4);
    state.tariff_number = (uint16_t)be(left + 92, 2);
    state.defer_end.minute = state.cut_end.minute = NO_MINUTE;
    memset(state.order_mac, 0xFF, sizeof state.order_mac);
    memset(state.events, 0xFF, sizeof state.events);
    return true;
}

static bool start(void) {
    eeprom_read_firmly(0, factory, 256);
    if (factory[0] != 'M' || factory[1] != 'F' || crc32(factory, 252) != be(factory + 252, 4)) return false;
    if (factory[3] != 1 || factory[62] != 0) return false; /* electricity; a clock that counts UTC */
    keys.meter_id = made(28, 8);
    keys.meter_auth = factory + 72;
    keys.card_auth = factory + 88;
    keys.desk_record = factory + 104;
    keys.meter_record = factory + 120;
    keys.reactivation = factory + 136;
    return load() || install();
}

static void note(uint8_t code, uint32_t detail) {
    memmove(state.events + 8, state.events, 16);
    put_be(state.events, utc_s >= 0 && second_of_day >= 0 ? (uint64_t)(utc_s / 60) : NO_MINUTE, 4);
    state.events[4] = code;
    put_be(state.events + 5, detail < 0xFFFFFF ? detail : 0xFFFFFF, 3);
    changed = true;
}

/* ---- The clock ---- */

static uint8_t suspicion(bool low_voltage, bool by_ticks) {
    const int64_t since = utc_s - state.last_time_s;
    const int64_t ticked_ms = (uint32_t)(ticks_ms - state.last_ticks_ms);
    const int64_t slack_ms = 5000 + ticked_ms * (int64_t)made(42, 4) / 1000000000;
    int64_t apart_ms = since * 1000 - ticked_ms;
    if (apart_ms < 0) apart_ms = -apart_ms;
    if (low_voltage) return LOW_VOLTAGE;
    if (since < 0) return BACKWARDS;
    if (since > (int64_t)made(48, 2) * DAY_S) return TOO_FAR_AHEAD;
    if (by_ticks && apart_ms > slack_ms && (since * 1000 > ticked_ms || state.health != LOWER_BOUND)) return TICKS_DISAGREE;
    if (utc_s / DAY_S - state.clock_set_s / DAY_S > (int64_t)made(46, 2)) return SET_TOO_LONG_AGO;
    return TRUSTED;
}

static void read_clock(bool by_ticks) {
    uint8_t r[7], suspected;
    int second, minute, hour, mday, month, year;
    bool low_voltage, exists;
#ifdef MISTAKE_TORN_READ
    meter_rtc_read(2, r, 3);
    meter_rtc_read(5, r + 3, 4); /* the date by itself: midnight may come in between */
#else
    meter_rtc_read(2, r, 7);
#endif
    second = from_bcd(r[0] & 0x7F);
    minute = from_bcd(r[1] & 0x7F);
    hour = from_bcd(r[2] & 0x3F);
    mday = from_bcd(r[3] & 0x3F);
#ifdef MISTAKE_MONTH_WITHOUT_TENS
    month = r[5] & 0x0F;
#else
    month = from_bcd(r[5] & 0x1F);
#endif
    year = from_bcd(r[6]);
    low_voltage = r[0] & 0x80;
#ifdef MISTAKE_LOW_VOLTAGE_NOT_ASKED
    low_voltage = false;
#endif
    exists = second >= 0 && second < 60 && minute >= 0 && minute < 60 && hour >= 0 && hour < 24;
    second_of_day = exists && mday >= 1 && mday <= 31 && month >= 1 && month <= 12 && year >= 0 ? (hour * 60 + minute) * 60 + second : -1;
    exists = second_of_day >= 0 && !(r[5] & 0x80) && mday <= days_in_month(2000 + year, month);
    if (!exists) {
        utc_s = uncertainty_s = day = 0;
        health = low_voltage ? LOW_VOLTAGE : IMPOSSIBLE_DATE;
        return;
    }
    day = day_number(2000 + year, month, mday);
    utc_s = day * DAY_S + second_of_day;
    uncertainty_s = u_at(utc_s);
    health = state.health;
    if (dated()) {
        suspected = suspicion(low_voltage, by_ticks);
        if (suspected) health = suspected;
    }
}

static bool has_come(const end_time *end) {
    return end->minute != NO_MINUTE && dated() && (int64_t)end->minute * 60 <= early_s();
}

static bool deferral_holds(void) {
    return !(state.flags & DEFERRAL_OVER) && state.defer_end.minute != NO_MINUTE && !has_come(&state.defer_end);
}

static bool ends_ahead(void) {
    const bool defer = state.defer_end.minute != NO_MINUTE && !(state.flags & DEFERRAL_OVER);
    const bool cut = state.cut_end.minute != NO_MINUTE && !(state.flags & CUT_LATCHED);
    return defer || cut;
}

static bool waiting(void) { return !dated() && ends_ahead(); } /* for a clock that can be believed */

/* ---- Hours of the legal day: the protected ones, and the night's ---- */

enum { WINDOW = 38, NIGHT = 68 }; /* where the factory record has from and until */

static bool has_hours(int which) { return factory[36] & (which == WINDOW ? 1 : 8); }

static bool covers(int which, int64_t legal_min) {
    const int today = weekday(legal_min / 1440), minute = (int)(legal_min % 1440);
#ifdef MISTAKE_FRIDAY_AND_SATURDAY
    const bool weekend = today == 4 || today == 5;
#else
    const bool weekend = today >= 5;
#endif
    if (weekend && (factory[36] & (which == WINDOW ? 2 : 0x10))) return true;
    return minute >= (int)made(which, 2) || minute < (int)made(which + 2, 2);
}

static bool may_run(int which) { /* in doubt they do */
    int64_t first, last;
    if (!has_hours(which)) return false;
    if (!trusted()) return true;
    first = to_legal(early_s() / 60);
    last = to_legal(late_s() / 60);
    return first / 1440 != last / 1440 || last - first != late_s() / 60 - early_s() / 60 || covers(which, first) || covers(which, last);
}

static int64_t seconds_to(int edge, int64_t at_s) {
    const int64_t at = at_s / 60, left = ((edge - to_legal(at) - 1) % 1440 + 1440) % 1440 + 1;
    if (offset_min(at + left) != offset_min(at)) return 3600 - at_s % 3600;
    return left * 60 - at_s % 60;
}

static int64_t seconds_to_edge(int which) {
    const int64_t starts = seconds_to((int)made(which, 2), late_s()), stops = seconds_to((int)made(which + 2, 2), early_s());
    const int64_t left = starts < stops ? starts : stops;
    return left - left * (int64_t)made(42, 4) / 1000000000 - 1;
}

/* ---- The account ---- */

static bool bi_hourly(void) { return state.day_price != state.night_price; }
static uint32_t price(void) { return state.night_rate ? state.night_price : state.day_price; }

static void book(void) { /* what was used since the last booking, by the rules that it was used by */
    const uint32_t used = units - state.booked_units;
    if (used) changed = true;
    state.booked_units = units;
    if (state.night_rate) state.night_wh += used;
    if (state.flags & SHELTERED) state.sheltered_wh += used;
    if (state.health != TRUSTED) state.doubted_wh += used;
    if (state.account == CHARGED) {
        state.charged_wh += used;
        if (state.night_rate) state.charged_night_wh += used;
        state.charged_ueur += (uint64_t)used * price();
        state.balance_ueur -= (int64_t)used * price();
    } else if (state.account == DEFERRED) {
        state.deferred_wh += used;
    } else {
        state.postpaid_wh += used;
    }
}

static uint32_t unbooked(void) { return units - state.booked_units; }
static uint32_t left(uint64_t most, uint64_t used) { return used < most ? (uint32_t)(most - used) : 0; }

/* What is left of each favour (docs/decisions/doubt.md); at 0 it is over. */
static uint32_t shelter_left_min(void) { return left(SHELTER_MAX_MIN, state.sheltered_min); }
static uint32_t shelter_left_wh(void) {
    return left((made(152, 4) * made(156, 2) + 59) / 60, state.sheltered_wh + (uint64_t)(state.flags & SHELTERED ? unbooked() : 0));
}
static uint32_t night_left_wh(void) { return left(NIGHT_MAX_WH, state.doubted_wh + (uint64_t)(state.health != TRUSTED ? unbooked() : 0)); }

static int64_t balance(void) {
    if (state.account != CHARGED) return state.balance_ueur;
    return state.balance_ueur - (int64_t)(uint32_t)(units - state.booked_units) * price();
}

/* ---- What is permitted, and what follows ---- */

static int blocks(void) {
    return (state.flags & CUT_LATCHED ? BY_ORDER : 0) | (state.flags & PREPAYMENT && balance() <= 0 ? BY_CREDIT : 0);
}

static int shields(void) {
    return deferral_holds() | (!state.debt_ueur && shelter_left_min() && shelter_left_wh() && may_run(WINDOW)) << 1 | !(state.flags & PREPAYMENT) << 2;
}

static int permission(void) {
    const int why_dark = blocks(), held_off = why_dark ? shields() : 0;
    const bool limited = state.flags & LIMITER;
    if (!why_dark) return ALLOW;
    if (why_dark & BY_ORDER) return limited ? LIMIT : OPEN;
    if (held_off & 5) return ALLOW;
    if (held_off & 2) return limited ? ALLOW : HOLD;
    return limited ? LIMIT : OPEN;
}

static void move_to(uint8_t supply) {
    if (supply == state.supply) return;
    book();
    state.supply = supply;
    note(supply == CONNECTED ? RECONNECTED : supply == READY ? IS_READY : state.flags & CUT_LATCHED ? CUT_PROGRAMMED : CUT_CREDIT, 0);
}

/* Shelter: the credit is used up, and the hours alone keep the supply on. By ticks, less what they may be fast. */
static uint32_t shelter_minute_ms(void) { return 60000 + (uint32_t)((60000 * made(42, 4) + 999999999) / 1000000000); }

static void count_shelter(void) {
    const uint32_t minutes = (ticks_ms - state.sheltered_ticks_ms) / shelter_minute_ms();
    if (!(state.flags & SHELTERED) || !minutes) return;
    state.sheltered_min += minutes;
    state.sheltered_ticks_ms += minutes * shelter_minute_ms();
    changed = true;
}

static void shelter(void) {
    const int permitted = permission();
    const bool alone = permitted == HOLD && state.supply == CONNECTED;
    if (alone != !!(state.flags & SHELTERED)) {
        book();
        state.flags ^= SHELTERED;
        state.sheltered_ticks_ms = ticks_ms;
        changed = true;
    }
    if (permitted >= LIMIT && (state.sheltered_wh || state.sheltered_min)) {
        state.sheltered_wh = state.sheltered_min = 0;
        changed = true;
    }
}

static void settle(void) {
    uint8_t account;
    bool night;
    int permitted;
    count_shelter();
    if (!deferral_holds() && state.defer_end.minute != NO_MINUTE && !(state.flags & DEFERRAL_OVER)) {
        state.flags |= DEFERRAL_OVER;
        changed = true;
    }
    if (!(state.flags & CUT_LATCHED) && has_come(&state.cut_end)) {
        state.flags |= CUT_LATCHED;
        changed = true;
    }
    account = !(state.flags & PREPAYMENT) ? POSTPAID : deferral_holds() && factory[36] & 4 ? DEFERRED : CHARGED;
    night = bi_hourly() && may_run(NIGHT) && (trusted() || night_left_wh());
    if (account != state.account || night != state.night_rate) {
        book();
        state.account = account;
        state.night_rate = night;
        changed = true;
    }
    permitted = permission();
    if (permitted == OPEN || (permitted == HOLD && state.supply == READY)) move_to(DISCONNECTED);
    if (permitted >= LIMIT && state.supply == DISCONNECTED) move_to(READY);
    shelter();
    if (!(state.flags & LOW_SAID) && balance() > 0 && balance() <= (int64_t)made(58, 4) * UEUR_PER_CENT) {
        state.flags |= LOW_SAID;
        changed = beeping = true;
    }
}

static void journal_time(void) {
    state.last_time_s = (uint32_t)utc_s;
    state.last_ticks_ms = ticks_ms;
    state.last_day = (uint32_t)day;
    changed = true;
}

static int64_t known_s(void) { return dated() ? early_s() : state.last_time_s - u_at(state.last_time_s); }
static void set_lower_bound(int64_t to_s);

/* A clock that is lost goes on at once from what is certain: with power, by the lesser of clock and ticks since. */
static void go_on(bool powered_on) {
    const int64_t ticked_ms = (uint32_t)(ticks_ms - state.last_ticks_ms), shown_s = utc_s ? utc_s - state.last_time_s : 0;
    const int64_t ticked_s = (ticked_ms - ticked_ms * (int64_t)made(42, 4) / 1000000000) / 1000;
    const int64_t lesser_s = powered_on || shown_s < 0 ? 0 : ticked_s < shown_s ? ticked_s : shown_s;
    set_lower_bound(known_s() + lesser_s > 0 ? known_s() + lesser_s : 0);
}

static int64_t journal_wait_s(void) { /* what is not journalled is lost with power, where the reserve is dead */
    return health == LOWER_BOUND && ends_ahead() ? state.last_time_s + (int64_t)900 - utc_s : DAY_S;
}

static void keep_time(bool powered_on) {
    const bool lost = !dated() && (powered_on || state.health != health);
    if (powered_on) {
        note(POWER_ON, 0);
        state.sheltered_ticks_ms = ticks_ms; /* they began anew */
    }
    if (state.health != health) {
        book();
        state.health = health;
        note(CLOCK_LOST, health);
        if (state.order_result == EXECUTED && waiting()) state.order_result = PENDING;
    }
    if (dated() && (powered_on || (uint32_t)day != state.last_day)) {
        book();
        journal_time();
    } else if (journal_wait_s() <= 0) journal_time();
    if (lost) go_on(powered_on);
}

static void ask_supply(void) {
    const bool offered = !state.debt_ueur && made(50, 4);
    if (state.supply == DISCONNECTED && blocks() == BY_CREDIT && offered) {
        book();
        state.debt_ueur = (uint32_t)made(50, 4) * UEUR_PER_CENT;
        state.balance_ueur += state.debt_ueur;
        note(EMERGENCY_TAKEN, 0);
        settle();
    }
    if (state.supply == READY) move_to(CONNECTED);
}

/* ---- Cards ---- */

static bool exists(const stated_end *end) {
    civil_time when;
    return read_civil(end->civil, &when) && (!end->has_minute || end->minute < CLOCKS_END);
}

static bool is_no_end(const stated_end *end) {
    static const uint8_t none[5] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    return !memcmp(end->civil, none, 5) && (!end->has_minute || end->minute == NO_MINUTE);
}

static bool is_bad_end(const stated_end *end) { /* no date, half an end, or of another zone */
    static const uint8_t none[5] = {0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    if (is_no_end(end)) return false;
    if (!memcmp(end->civil, none, 5) || (end->has_minute && (end->minute == NO_MINUTE || end->zone_rule != 1))) return true;
    return !exists(end);
}

static int64_t by_civil(const stated_end *end) {
    civil_time when;
    read_civil(end->civil, &when);
    return to_utc_later(minutes_of(when));
}

static bool agrees(const stated_end *end) {
    civil_time when;
    read_civil(end->civil, &when);
    return !end->has_minute || to_legal(end->minute) == minutes_of(when);
}

static int64_t later_of(const stated_end *end) {
    if (!end->has_minute) return by_civil(end);
    if (agrees(end)) return end->minute;
    return by_civil(end) > end->minute ? by_civil(end) : (int64_t)end->minute;
}

static end_time accepted(const stated_end *end) {
    end_time kept = {{0xFF, 0xFF, 0xFF, 0xFF, 0xFF}, NO_MINUTE};
    if (is_no_end(end)) return kept;
    kept.minute = (uint32_t)later_of(end);
    memcpy(kept.civil, end->civil, 5);
    if (!agrees(end) && kept.minute == end->minute) write_civil(civil_of(to_legal(kept.minute)), kept.civil);
#ifdef MISTAKE_END_EXCLUSIVE
    kept.minute -= 1440; /* the first day without */
    write_civil(civil_of(to_legal(kept.minute)), kept.civil);
#endif
    return kept;
}

static int admit(const card_contents *card) {
    end_time expiry;
    if (!card->card_number) return BAD_FORMAT;
    if (card->card_number < state.card_number) return CARD_REPLACED;
    if (is_bad_end(&card->expires)) return BAD_DATE;
    if (!is_no_end(&card->expires)) {
        expiry = accepted(&card->expires);
        if (has_come(&expiry)) return CARD_EXPIRED;
        if (!trusted()) note(EXPIRY_UNCHECKED, card->card_number);
        if (!agrees(&card->expires)) note(END_DISAGREES, 0);
    }
    state.card_number = card->card_number;
    return EXECUTED;
}

static int take_wallet(const card_contents *card) {
#ifdef MISTAKE_LOADS_IN_16_BITS
    const int64_t cents = (int64_t)(uint16_t)card->loaded_cents - (uint16_t)state.accepted_cents;
#else
    const int64_t cents = (int64_t)card->loaded_cents - state.accepted_cents;
#endif
    const int64_t loads = (int64_t)card->load_count - state.accepted_count;
    int64_t repaid;
    if (!card->loaded_cents != !card->load_count) return BAD_FORMAT;
    if (cents < 0 || loads < 0 || (!loads && cents)) return WALLET_ROLLED_BACK;
    if (cents > loads * (int64_t)made(54, 4)) return LOAD_TOO_LARGE;
    if (!loads) return ALREADY_EXECUTED;
    repaid = cents * UEUR_PER_CENT < state.debt_ueur ? cents * UEUR_PER_CENT : state.debt_ueur;
    state.debt_ueur -= (uint32_t)repaid;
    state.balance_ueur += cents * UEUR_PER_CENT - repaid;
    state.accepted_cents = card->loaded_cents;
    state.accepted_count = card->load_count;
    state.flags &= (uint8_t)~LOW_SAID;
    note(CREDIT_LOADED, (uint32_t)cents);
    return EXECUTED;
}

static int judge_order(const card_contents *card) {
    const stated_end *defer = &card->defer_until, *cut = &card->cut_at;
    const bool none = is_no_end(defer) && is_no_end(cut);
    if (card->order_number == state.order_number) {
        if (!card->order_number) return NONE;
        if (!memcmp(state.order_mac, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8)) return ALREADY_EXECUTED; /* an older program's */
        return memcmp(card->order_mac, state.order_mac, 8) ? ANOTHER_ORDER : ALREADY_EXECUTED;
    }
#ifndef MISTAKE_STALE_ORDER_ACCEPTED
    if (card->order_number < state.order_number) return STALE_ORDER;
#endif
    if (!card->tariff_number || !card->night_price || card->night_price > card->day_price || !card->mwh_per_unit) return BAD_FORMAT;
    if (card->night_price != card->day_price && !has_hours(NIGHT)) return NO_NIGHT_HOURS;
    if (card->reactivates && !card->token_right) return BAD_TOKEN;
    if ((!is_no_end(defer) && is_bad_end(defer)) || (!is_no_end(cut) && is_bad_end(cut))) return BAD_DATE;
    if (card->order_flags & ~3 || (card->reactivates && !none)) return BAD_FORMAT;
    if (card->order_flags & 2 && !factory[37]) return NO_LIMITER;
    if (!is_no_end(cut) && !agrees(cut)) return CUT_DISAGREES;
    if (!is_no_end(cut) && !is_no_end(defer) && later_of(cut) < later_of(defer)) return CUT_BEFORE_DEFERRAL;
    return is_no_end(defer) || agrees(defer) ? EXECUTED : LATER_END_TAKEN;
}

static int take_order(const card_contents *card) {
    int result = judge_order(card);
    if (result == NONE || result == ALREADY_EXECUTED) return state.order_result == PENDING ? PENDING : result;
    if (result >= CARD_UNREADABLE) return result;
    if (card->reactivates) {
        state.defer_end.minute = NO_MINUTE;
        memset(state.defer_end.civil, 0xFF, 5);
#ifndef MISTAKE_REACTIVATION_CLEARS_ONE
        state.cut_end = state.defer_end;
#endif
        state.flags &= (uint8_t)~CUT_LATCHED;
    } else {
        state.defer_end = accepted(&card->defer_until);
        state.cut_end = accepted(&card->cut_at);
        state.flags &= (uint8_t)~DEFERRAL_OVER;
    }
    state.flags = (uint8_t)((state.flags & ~(PREPAYMENT | LIMITER)) | card->order_flags);
    state.tariff_number = card->tariff_number;
    state.day_price = card->day_price;
    state.night_price = card->night_price;
    state.order_number = card->order_number;
    memcpy(state.order_mac, card->order_mac, 8);
    note(ORDER_EXECUTED, card->order_number);
    if (result == LATER_END_TAKEN) note(END_DISAGREES, card->order_number);
    if (result == EXECUTED && waiting()) result = PENDING;
    state.order_result = (uint8_t)result;
    return result;
}

/* A clock that was lost is this; it moves forward to when the desk wrote, never back. */
static void set_lower_bound(int64_t to_s) {
    const civil_time when = civil_of(to_s / 60);
    const uint8_t seven[7] = {to_bcd((int)(to_s % 60)), to_bcd(when.minute), to_bcd(when.hour), to_bcd(when.day),
                              (uint8_t)((weekday(to_s / DAY_S) + 1) % 7), to_bcd(when.month), to_bcd(when.year % 100)};
    const uint8_t run = 0;
    book();
    state.health = BEING_SET;
    save();
    meter_rtc_write(2, seven, 7);
    meter_rtc_write(0, &run, 1);
    state.clock_set_s = state.last_time_s = (uint32_t)to_s;
    state.last_ticks_ms = ticks_ms = meter_ticks_ms();
    state.set_error_s = 2; /* the second not shown, and where the divider stood */
    state.health = LOWER_BOUND;
    read_clock(true);
    if (health == LOWER_BOUND && utc_s >= to_s && utc_s <= to_s + 2) {
        journal_time();
        note(CLOCK_SET, LOWER_BOUND);
        if (state.order_result == PENDING) state.order_result = EXECUTED;
    } else {
        state.health = health = health == LOWER_BOUND ? BEING_SET : health;
        note(CLOCK_LOST, health);
    }
    save();
}

static bool set_here(void) { return health == TRUSTED || health == DISPUTED; }

static int heed_stamp(uint32_t stamp) {
    const int64_t stamp_s = (int64_t)stamp * 60;
    if (!stamp || stamp >= CLOCKS_END) return NONE;
    if (!set_here() && !(dated() && utc_s >= stamp_s)) set_lower_bound(known_s() > stamp_s ? known_s() : stamp_s);
    if (!set_here() || stamp_s <= late_s() + 15 * 60) return NONE;
    if (stamp > state.refused_stamp) {
        book();
        state.refused_stamp = stamp;
        state.health = health = DISPUTED;
        note(CLOCK_LOST, DISPUTED);
    }
    return STAMP_AHEAD;
}

static int telling(int result) { return result == PENDING ? LATER_END_TAKEN : result == LATER_END_TAKEN ? PENDING : result == EXECUTED ? ALREADY_EXECUTED : result == ALREADY_EXECUTED ? EXECUTED : NONE; }

static int obey(const card_contents *card) {
    const uint32_t shown = state.shown_session, known_card = state.card_number;
    const uint32_t count = state.accepted_count, number = state.order_number;
    int wallet, order, result;
    bool anew;
    state.shown_session = state.session_count;
    result = admit(card);
    if (result >= CARD_UNREADABLE) return result;
    book();
    wallet = take_wallet(card);
    order = take_order(card);
    settle();
    anew = (state.accepted_count != count || state.order_number != number) && state.card_number == known_card;
    if ((anew && card->seen_session < (shown < 0xFFFF ? shown : 0xFFFF)) || card->seen_session >= state.session_count)
        note(SESSIONS_DISAGREE, card->seen_session);
    if (wallet >= CARD_UNREADABLE) return wallet;
    if (order >= CARD_UNREADABLE) return order;
    return telling(order) >= telling(wallet) ? order : wallet;
}

static void write_back(int result, const uint8_t challenge[8]) {
    uint8_t record[154];
    memset(record, 0, sizeof record);
    record[3] = (uint8_t)result;
    put_be(record + 4, keys.meter_id, 8);
    put_be(record + 12, state.session_count, 4);
    memcpy(record + 16, challenge, 8);
    memset(record + 24, 0xFF, 5);
    if (utc_s && to_legal(utc_s / 60) < 52595999 + 1) write_civil(civil_of(to_legal(utc_s / 60)), record + 24);
    record[29] = health;
    put_be(record + 30, uncertainty_s < 0xFFFF ? (uint64_t)uncertainty_s : 0xFFFF, 2);
    put_be(record + 32, units, 4);
    put_be(record + 36, state.charged_wh, 4);
    put_be(record + 40, state.deferred_wh, 4);
    put_be(record + 44, state.postpaid_wh, 4);
    put_be(record + 48, (uint64_t)state.balance_ueur, 8);
    put_be(record + 56, state.charged_ueur, 8);
    put_be(record + 64, state.debt_ueur, 4);
    put_be(record + 68, state.accepted_cents, 4);
    put_be(record + 72, state.accepted_count, 4);
    put_be(record + 76, state.order_number, 4);
    memcpy(record + 80, state.order_mac, 8);
    record[88] = state.order_result;
    record[89] = state.supply;
    record[90] = (uint8_t)blocks();
    record[91] = (uint8_t)shields();
    memset(record + 92, 0xFF, 10);
    if (state.defer_end.minute != NO_MINUTE) memcpy(record + 92, state.defer_end.civil, 5);
    if (state.cut_end.minute != NO_MINUTE) memcpy(record + 97, state.cut_end.civil, 5);
    put_be(record + 102, state.tariff_number, 2);
    put_be(record + 104, state.night_wh, 4);
    put_be(record + 108, state.charged_night_wh, 4);
    put_be(record + 112, shelter_left_min(), 2);
    put_be(record + 114, shelter_left_wh(), 4);
    put_be(record + 118, night_left_wh(), 4);
    memcpy(record + 122, state.events, 24);
    card_write_back(&keys, record);
}

static int serve_card(void) {
    uint8_t text[17] = "challenge", mac[16];
    card_contents card;
    int result, stamp, read;
    state.session_count++;
    save(); /* or a power cut would let the same challenge come again */
    put_be(text + 9, state.session_count, 4);
    put_be(text + 13, meter_ticks_ms(), 4);
    cmac(keys.meter_auth, text, 17, mac);
    read = result = card_read(&keys, mac, &card);
    if (read == NONE) {
        stamp = heed_stamp(card.newest_stamp);
        result = obey(&card);
        if (stamp && result >= CARD_UNREADABLE) note(CARD_REFUSED, (uint32_t)stamp);
        else if (stamp) result = stamp;
        settle();
    }
    if (result >= CARD_UNREADABLE) note(CARD_REFUSED, (uint32_t)result);
    save();
    if (read == NONE) write_back(result, mac);
    meter_card_power(false, NULL, 0);
    meter_card_done();
    meter_beep(200);
    return result;
}

/* ---- The panel ---- */

static void date_into(char *text, int64_t legal_min) {
    const civil_time when = civil_of(legal_min);
    snprintf(text, 24, "%04d-%02d-%02d %02d:%02d", when.year, when.month, when.day, when.hour, when.minute);
}

static void end_into(char *text, const end_time *end) {
    civil_time when;
    if (end->minute == NO_MINUTE || !read_civil(end->civil, &when)) strcpy(text, "NONE");
    else date_into(text, minutes_of(when));
}

static void credit_into(char *text, size_t room) {
    const int64_t cents = balance() < 0 ? (balance() - UEUR_PER_CENT + 1) / UEUR_PER_CENT : balance() / UEUR_PER_CENT;
    const int64_t size = cents < 0 ? -cents : cents;
    snprintf(text, room, "CREDIT %s%lld.%02lld EUR", cents < 0 ? "-" : "", (long long)(size / 100), (long long)(size % 100));
}

static void show(int card_result, bool turned, bool fault) {
    static const char *const names[] = {"TRUSTED", "LOW_VOLTAGE", "IMPOSSIBLE_DATE", "BACKWARDS", "TOO_FAR_AHEAD",
        "SET_TOO_LONG_AGO", "TICKS_DISAGREE", "BEING_SET", "LOWER_BOUND", "DISPUTED"};
    static int page;
    char text[96], date[24] = "NONE";
    if (state.supply == READY) strcpy(text, factory[63] == METER_RED ? "PRESS RED TO RECONNECT" : "PRESS BLUE TO RECONNECT");
    else if (state.supply == DISCONNECTED && blocks() & BY_ORDER) {
        end_into(date, &state.cut_end);
        snprintf(text, sizeof text, has_come(&state.cut_end) ? "OFF: CUT AS OF %s" : "OFF: PROGRAMMED CUT", date);
    } else if (state.supply == DISCONNECTED) strcpy(text, "OFF: CREDIT EXHAUSTED");
    else if (permission() == LIMIT) snprintf(text, sizeof text, "LIMITED TO %d A", factory[37]);
    else credit_into(text, sizeof text);
    if (state.flags & SHELTERED && card_result < 0)
        snprintf(text + strlen(text), sizeof text - strlen(text), ", OFF IN %u H OR %u KWH", (unsigned)(shelter_left_min() / 60), (unsigned)(shelter_left_wh() / 1000));
    if (card_result >= 0) snprintf(text + strlen(text), sizeof text - strlen(text), " | CARD %02X", card_result);
    else if (turned) {
        switch (page++ % 4) {
        case 0:
            if (utc_s) date_into(date, to_legal(utc_s / 60));
            snprintf(text, sizeof text, "CLOCK %s %s +-%lldS", date, names[health], (long long)uncertainty_s);
            break;
        case 1: end_into(date, &state.defer_end); snprintf(text, sizeof text, "T1 %s", date); break;
        case 2: end_into(date, &state.cut_end); snprintf(text, sizeof text, "T2 %s", date); break;
        default: credit_into(text, sizeof text);
        }
    }
    text[64] = 0;
    meter_display(text);
    meter_lamps((uint8_t)((blocks() & BY_CREDIT ? METER_LAMP_CREDIT : 0) | (state.supply == READY ? METER_LAMP_RECONNECT : 0) |
                          (fault ? METER_LAMP_FAULT : 0) | (trusted() ? 0 : METER_LAMP_CLOCK)));
}

/* ---- Until when nothing can be due ---- */

static void wake_at(meter_sleep *hint, uint32_t used) { /* since the last booking */
    const uint32_t at = state.booked_units + used;
    if (hint->has_units && hint->until_units - units < at - units) return;
    hint->has_units = true;
    hint->until_units = at;
}

static void sleep_until(meter_sleep *hint, bool busy) {
    int64_t wait = DAY_S - second_of_day, soon, left_ms, spare, mark = (int64_t)made(58, 4) * UEUR_PER_CENT;
    const end_time *ends[2] = {&state.defer_end, &state.cut_end};
    const int over[2] = {DEFERRAL_OVER, CUT_LATCHED};
    int n;
    if (second_of_day < 0) return;
    if (busy && wait > 30) wait = 30;
    for (n = 0; dated() && n < 2; n++) {
        if (state.flags & over[n] || ends[n]->minute == NO_MINUTE) continue;
        soon = (int64_t)ends[n]->minute * 60 - early_s();
        if (soon < wait) wait = soon;
    }
    if (trusted() && blocks() == BY_CREDIT && state.supply != DISCONNECTED && !deferral_holds() && has_hours(WINDOW)) {
        soon = seconds_to_edge(WINDOW);
        if (soon < wait) wait = soon;
    }
    if (trusted() && bi_hourly()) {
        soon = seconds_to_edge(NIGHT);
        if (soon < wait) wait = soon;
    }
    if (state.flags & SHELTERED) {
        left_ms = shelter_minute_ms() - (ticks_ms - state.sheltered_ticks_ms);
        if (left_ms / 1000 < wait) wait = left_ms / 1000;
    }
    if (journal_wait_s() < wait) wait = journal_wait_s();
    hint->until_second = (uint32_t)(second_of_day + (wait > 1 ? wait : 1));
    if (state.flags & LOW_SAID || balance() <= mark) mark = 0;
    spare = state.balance_ueur - mark;
    if (state.account == CHARGED && balance() > mark && spare > 0) wake_at(hint, (uint32_t)((spare + price() - 1) / price()));
    if (state.flags & SHELTERED) wake_at(hint, shelter_left_wh() + unbooked());
    if (state.night_rate && !trusted()) wake_at(hint, night_left_wh() + unbooked());
}

/* ---- One poll ---- */

void meter_poll(meter_sleep *hint) {
    const bool powered_on = !running && meter_reset_cause() == METER_RESET_POWER_ON;
    int card_result = -1;
    uint8_t pressed;
    bool on, fault;
    if (!running && !start()) {
        if (meter_card_present()) meter_card_done();
        meter_display("NOT CONFIGURED");
        meter_lamps(METER_LAMP_FAULT);
        hint->until_second = DAY_S;
        return;
    }
    running = true;
    beeping = false;
    ticks_ms = meter_ticks_ms();
    read_clock(!powered_on);
    units = meter_metrology_units();
    if (state.supply == CONNECTED && !meter_switch_on()) {
        note(SWITCH_DISAGREES, 0);
        book();
        state.supply = READY; /* a person may be at the wiring: nothing closes it unasked */
    }
    keep_time(powered_on);
    if (meter_card_present()) card_result = serve_card();
    settle();
    pressed = meter_buttons();
    if (pressed & factory[63]) ask_supply();
    if (powered_on || changed) save();
    meter_limiter_set(permission() == LIMIT ? factory[37] : 0);
    on = meter_switch_on();
    if (on != (state.supply == CONNECTED)) {
        meter_switch_drive(state.supply == CONNECTED);
        on = meter_switch_on();
    }
    fault = on != (state.supply == CONNECTED);
    if (beeping) meter_beep(2000);
    show(card_result, pressed & METER_BLUE, fault);
    if (!fault) sleep_until(hint, card_result >= 0 || pressed);
}
