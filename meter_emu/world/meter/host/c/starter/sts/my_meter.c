/* The program of a prepayment meter that obeys STS tokens: a small whole one to start from.
 *
 * It sells energy and has no clock: every date is in a token, as a count of minutes (TID). It keeps the fifty largest that
 * it took, refuses those and what is older than all of them. A new key comes in two sections, or four, and with its
 * roll-over bit the TIDs begin anew. The credit is a reading of the register: nothing is saved while energy is used.
 *
 * Here are the rules and the poll; tokens.c has the digits, misty1.c the longer keys' cipher, eeprom.c the records.
 *
 * -DMISTAKE_... plants a mistake that such meters can have (docs/token-meters.md). */
#include "bytes.h"
#include "eeprom.h"
#include "meter_ports.h"
#include "tokens.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char meter_traits[] = "devices=sts energies=electricity";

enum { TIDS = 50, SECTIONS = 4, KEY_DDTK = 1, KEY_DUTK = 2, WH_PER_TENTH = 100, NO_HINT_S = 86400 };

typedef struct {
    uint8_t magic[4];
    uint32_t sequence;
    uint32_t limit_wh; /* the reading of the register at which supply ends */
    uint32_t locked_ms, waiting_ms; /* since when, in ticks */
    uint32_t power_limit_w;
    uint8_t key[16], sections[SECTIONS][6], tids[TIDS][3];
    uint8_t key_type, ken, tries, locked, waiting; /* bit n of waiting: section n + 1 is there */
    uint8_t spare; /* no byte is left open: states are compared */
    uint32_t crc;
} meter_state;

static meter_state state;
static kept_record kept = {&state, (uint16_t)(offsetof(meter_state, crc) + sizeof state.crc), {0x200, 0x300}, "KWH", 0};
static bool long_key, checks_ken, running;
static uint32_t maker, half_s, tries_free, lock_first_s, lock_most_s, credit_most_wh, ticks_ms;

static void save(void) { kept_save(&kept); }

/* The meter record at 00h, and what the factory left at 100h (docs/token-meters.md). */
static bool start(void) {
    uint8_t made[64], left[228];
    eeprom_read_firmly(0, made, 64);
    if (memcmp(made, "SF\1", 3) || crc32(made, 60) != be(made + 60, 4)) return false;
    long_key = made[3] == 11;
    maker = (uint32_t)be(made + 12, 2);
    half_s = (uint32_t)be(made + 14, 2);
    tries_free = made[16];
    lock_first_s = (uint32_t)be(made + 17, 2);
    lock_most_s = (uint32_t)be(made + 19, 2);
    credit_most_wh = (uint32_t)be(made + 21, 4);
    checks_ken = made[25];
    if (kept_load(&kept)) return true;
    eeprom_read_firmly(0x100, left, sizeof left);
    if (memcmp(left, "SS\1", 3) || crc32(left, 224) != be(left + 224, 4)) return false;
    memset(&state, 0, sizeof state);
    memcpy(state.magic, "KWH", 4);
    state.key_type = left[3];
    state.limit_wh = (uint32_t)be(left + 8, 4);
    state.ken = left[14];
    state.power_limit_w = (uint32_t)be(left + 30, 4);
    memcpy(state.key, left + 34, 16);
    memcpy(state.tids, left + 74, sizeof state.tids);
    return true;
}

static int64_t credit_wh(void) { return (int32_t)(state.limit_wh - meter_metrology_units()); }

/* ---- What time takes away ---- */

static uint32_t lock_s(void) { /* doubled by each wrong entry more */
    uint32_t more = state.tries - tries_free, length_s = lock_first_s;
    while (more-- && length_s < lock_most_s) length_s *= 2;
    return length_s < lock_most_s ? length_s : lock_most_s;
}

static void drop_sections(void) {
    state.waiting = 0;
    memset(state.sections, 0, sizeof state.sections);
}

/* Time without power cannot be counted: a start forgets the sections, and the wrong entries with their lock. */
static void forget(bool powered_on) {
    bool changed = false;
#ifndef MISTAKE_LOCKED_FOR_GOOD
    if (state.locked && ticks_ms - state.locked_ms >= 1000 * lock_s()) { state.locked = 0; changed = true; }
#endif
    if (powered_on && (state.locked || state.tries)) { state.locked = state.tries = 0; changed = true; }
#ifndef MISTAKE_HALVES_FOR_EVER
    if (state.waiting && (powered_on || ticks_ms - state.waiting_ms >= 1000 * half_s)) { drop_sections(); changed = true; }
#endif
    if (changed) save();
}

/* ---- TIDs: the largest fifty that were taken, in ascending order ---- */

static uint32_t tid_at(int n) { return (uint32_t)be(state.tids[n], 3); }

static int64_t order_of(uint32_t tid) {
#ifdef MISTAKE_SIGNED_TID
    return tid & 0x800000 ? (int64_t)tid - 0x1000000 : (int64_t)tid;
#else
    return tid;
#endif
}

static token_answer tid_judged(uint32_t tid) { /* ours: used is said before old */
    int n;
#ifdef MISTAKE_TEN_DEEP
    for (n = TIDS - 10; n < TIDS; n++)
#else
    for (n = 0; n < TIDS; n++)
#endif
        if (tid_at(n) == tid) return USED;
#ifdef MISTAKE_OLDER_THAN_NEWEST
    return order_of(tid) < order_of(tid_at(TIDS - 1)) ? OLD : TAKEN;
#elif defined MISTAKE_RING
    return TAKEN;
#else
    return order_of(tid) < order_of(tid_at(0)) ? OLD : TAKEN;
#endif
}

static void tid_keep(uint32_t tid) { /* the smallest makes room */
    int n = 0;
#ifdef MISTAKE_TID_NOT_KEPT
    return;
#endif
#ifdef MISTAKE_RING
    for (; n < TIDS - 1; n++) memcpy(state.tids[n], state.tids[n + 1], 3);
#else
    for (; n < TIDS - 1 && order_of(tid_at(n + 1)) < order_of(tid); n++) memcpy(state.tids[n], state.tids[n + 1], 3);
#endif
    put_be(state.tids[n], tid, 3);
}

static bool expired(uint32_t tid) {
#ifdef MISTAKE_KEN_TIMES_65535
    return checks_ken && tid > state.ken * 65535u;
#else
    return checks_ken && tid >> 16 > state.ken;
#endif
}

/* ---- Tokens ---- */

static token_answer credited(const token *found) {
    uint32_t wh = found->value * WH_PER_TENTH;
    if (state.key_type == KEY_DDTK) return DDTK;
    if (found->kind != CREDIT) return FUNCTION;
    if (credit_wh() + wh > credit_most_wh) return OVERFLOW;
#ifdef MISTAKE_WHOLE_KWH
    wh = wh / 1000 * 1000;
#endif
    state.limit_wh += wh;
#ifdef MISTAKE_CREDIT_SAVED_FIRST
    save();
#endif
    return TAKEN;
}

static token_answer dated(const token *found, bool is_credit) {
    token_answer answer = tid_judged(found->tid);
    if (answer != TAKEN) return answer;
    if (expired(found->tid)) return KEY_EXPIRED;
    if (is_credit) answer = credited(found);
    else if (found->kind == POWER_LIMIT) state.power_limit_w = found->value;
    else if (found->kind == CLEAR_CREDIT) state.limit_wh = meter_metrology_units();
    else if (found->kind != CLEAR_TAMPER) answer = FUNCTION; /* it has one phase, one register, no rate */
    if (answer == TAKEN) tid_keep(found->tid);
    return answer;
}

/* ---- A new key ---- */

static token_answer new_key(void) {
    static const uint8_t order[SECTIONS] = {0, 2, 3, 1}; /* the sections in the order of their parts in a key of 16 bytes */
    const uint32_t first = (uint32_t)be(state.sections[0], 2), second = (uint32_t)be(state.sections[1], 2);
    uint8_t n, at = 0;
    for (n = 0; n < SECTIONS; n++)
        if (state.waiting >> order[n] & 1) memcpy(state.key + 4 * at++, state.sections[order[n]] + 2, 4);
    state.key_type = first & 3;
    state.ken = (uint8_t)(first >> 8 << 4 | second >> 8);
#ifdef MISTAKE_KEY_SAVED_FIRST
    drop_sections();
    save();
#endif
#ifdef MISTAKE_EMPTIED_AT_ANY_CHANGE
    memset(state.tids, 0, sizeof state.tids);
#elif !defined MISTAKE_ROLLOVER_IGNORED
    if (first >> 3 & 1) memset(state.tids, 0, sizeof state.tids); /* the next base date counts them anew */
#endif
#ifdef MISTAKE_CREDIT_CLEARED_WITH_KEY
    state.limit_wh = meter_metrology_units();
#endif
    drop_sections();
    return TAKEN;
}

static token_answer section(const token *found) {
    static const token_answer answers[SECTIONS] = {FIRST_SECTION, SECOND_SECTION, TAKEN, TAKEN}; /* ours: 3 and 4 */
    const uint32_t head = (uint32_t)be(found->bytes, 2);
    if (found->section > 2 && !long_key) return FUNCTION;
    if (found->section == 1 && (head & 3) != KEY_DDTK && (head & 3) != KEY_DUTK) return KEY_TYPE;
    memcpy(state.sections[found->section - 1], found->bytes, 6);
    state.waiting |= (uint8_t)(1 << (found->section - 1));
    state.waiting_ms = ticks_ms;
#ifdef MISTAKE_KEY_AT_FIRST_HALF
    if (found->section == 1 && !long_key) state.waiting = 3;
#endif
    return state.waiting == (long_key ? 15 : 3) ? new_key() : answers[found->section - 1];
}

static token_answer answered(const uint8_t *keys, int size) {
    token found;
    const token_answer answer = token_read(state.key, long_key, keys, size, &found);
    if (answer != TAKEN) return answer;
    if (found.kind == METER_TEST) return !found.value || found.value == maker ? TAKEN : MAKER;
    if (found.kind == KEY_SECTION) return section(&found);
    return dated(&found, found.credit);
}

static void wrong(void) {
    if (state.tries < 0xFF) state.tries++;
    if (state.tries >= tries_free) { state.locked = 1; state.locked_ms = ticks_ms; }
}

static const char *obey(void) {
    static const char *const words[] = {"",           "TAKEN",  "FIRST SECTION", "SECOND SECTION", "OVERFLOW", "KEY TYPE",
                                        "FORMAT",     "RANGE",  "FUNCTION",      "OLD",            "USED",     "KEY EXPIRED",
                                        "DDTK",       "CRC",    "MAKER",         "LOCKED"};
    static char said[24];
    const meter_state before = state;
    uint8_t keys[32];
    const int size = meter_keys(keys, sizeof keys);
    token_answer answer;
    if (!size) return "";
    answer = state.locked ? LOCKED : answered(keys, size);
    if (answer <= SECOND_SECTION) state.tries = 0;
    else if (answer == FORMAT || answer == RANGE || answer == CRC) wrong(); /* what nobody can have sold to this meter */
    if (memcmp(&before, &state, sizeof state)) save(); /* all of it at once, before the entry is done and the switch moves */
    meter_keys_done();
    meter_beep(200);
    snprintf(said, sizeof said, "%d %s", answer, words[answer]);
    return said;
}

/* ---- One poll ---- */

static void show(int64_t left_wh, const char *said, bool fault) {
    char text[64] = "NO CREDIT";
    if (left_wh > 0) snprintf(text, sizeof text, "%d kWh", (int)(left_wh / 1000));
    if (*said) snprintf(text + strlen(text), sizeof text - strlen(text), " | %s", said);
    else if (state.waiting) strcat(text, " | KEY CHANGE");
    meter_display(text);
    meter_lamps((uint8_t)((fault ? METER_LAMP_FAULT : 0) | (left_wh > 0 ? 0 : METER_LAMP_CREDIT_EXHAUSTED)));
}

void meter_poll(meter_sleep *hint) {
    const bool powered_on = !running && meter_reset_cause() /* whichever it was */;
    const char *said;
    int64_t left_wh;
    bool wanted, fault;
    if (!running && !start()) {
        meter_display("NOT CONFIGURED");
        meter_lamps(METER_LAMP_FAULT);
        return;
    }
    running = true;
    ticks_ms = meter_ticks_ms();
    forget(powered_on);
    said = obey();
    left_wh = credit_wh();
    wanted = left_wh > 0;
    if (meter_switch_on() != wanted) meter_switch_drive(wanted);
    fault = meter_switch_on() != wanted;
    show(left_wh, said, fault);
    if (*said || fault || state.locked || state.waiting) return; /* it is asked again soon */
    hint->until_second = NO_HINT_S; /* no clock tells it anything: the register wakes it, where the whole kWh changes */
    hint->has_units = wanted;
    hint->until_units = left_wh >= 1000 ? state.limit_wh - (uint32_t)(left_wh - left_wh % 1000) + 1 : state.limit_wh;
}
