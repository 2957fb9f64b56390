/* The program of a device that is paid for by the day, with a keypad and a PCF8563: a small whole one to start from.
 *
 * A token adds time, sets it, or ends the payments for good. The time is counted by the device's own clock from one
 * moment to another, so what the clock was set to plays no part. A clock that was lost goes on from what was kept: it
 * gives no time, and takes none that is known to have passed.
 *
 * Here are what is paid, the clock, and the poll; tokens.c has the digits, eeprom.c and pcf8563.c the parts.
 *
 * -DMISTAKE_... plants a mistake that such devices can have (docs/token-meters.md). */
#include "bytes.h"
#include "eeprom.h"
#include "meter_ports.h"
#include "pcf8563.h"
#include "tokens.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char meter_traits[] = "devices=openpaygo chips=pcf8563 energies=electricity time_bases=utc";

#define DAY_S 86400
enum { OVER = 1, UNLOCKED = 2, LOWER_BOUND = 4, CLOCK_DEAD = 8 }; /* bits of flags */
enum { KEPT_EVERY_S = 3600, FREE_STARTS = 24, ANSWER_SHOWN_S = 60 }; /* ours (docs/token-meters.md) */

typedef struct {
    uint8_t magic[4];
    uint32_t sequence;
    uint32_t last_time_s, last_ticks_ms; /* when the time was last kept, seconds since 2000, and its ticks */
    uint32_t paid_until_s;
    token_counter counter;
    uint8_t flags, lost_starts;
    uint32_t crc;
} device_state;

static device_state state;
static kept_record kept = {&state, (uint16_t)(offsetof(device_state, crc) + sizeof state.crc), {0x100, 0x140}, "PAID", 0};
static token_secret secret;
static uint32_t drift_ppb, outage_max_s, time_divider, ticks_ms;
static clock_reading now;
static bool running, dated;

static void save(void) { kept_save(&kept); }

/* The device record at 00h, and what the installer left at 40h (docs/token-meters.md). */
static bool start(void) {
    uint8_t made[64], left[32];
    eeprom_read_firmly(0, made, 64);
    if (memcmp(made, "TF\1", 3) || crc32(made, 60) != be(made + 60, 4)) return false;
    time_divider = made[3];
    drift_ppb = (uint32_t)be(made + 12, 4);
    outage_max_s = (uint32_t)be(made + 16, 2) * DAY_S;
    secret.restricted = made[18];
    secret.starting_code = (uint32_t)be(made + 19, 4);
    memcpy(secret.key, made + 23, 16);
    if (!time_divider) return false;
    if (kept_load(&kept)) return true;
    eeprom_read_firmly(0x40, left, 32);
    if (memcmp(left, "TS\1", 3) || crc32(left, 28) != be(left + 28, 4)) return false;
    memset(&state, 0, sizeof state);
    memcpy(state.magic, "PAID", 4);
    state.flags = left[3] & (OVER | UNLOCKED);
    state.last_time_s = (uint32_t)be(left + 8, 4);
    state.last_ticks_ms = (uint32_t)be(left + 12, 4);
    state.paid_until_s = (uint32_t)be(left + 16, 4);
    state.counter.last = (uint16_t)be(left + 20, 2);
    state.counter.used = (uint16_t)be(left + 22, 4);
    return true;
}

/* ---- The clock ---- */

static void keep(int64_t time_s) {
    state.last_time_s = (uint32_t)time_s;
    state.last_ticks_ms = meter_ticks_ms();
    save();
}

static bool lost(bool by_ticks) {
    const int64_t since_s = now.utc_s - state.last_time_s, ticked_ms = (uint32_t)(ticks_ms - state.last_ticks_ms);
    const int64_t slack_ms = 5000 + ticked_ms * drift_ppb / 1000000000, ahead_ms = since_s * 1000 - ticked_ms;
    if (!now.exists || now.low_voltage || since_s < 0 || since_s > (int64_t)outage_max_s) return true;
    return by_ticks && (ahead_ms > slack_ms || (-ahead_ms > slack_ms && !(state.flags & LOWER_BOUND)));
}

/* From what is certain to have passed: what was kept, and with power the lesser of clock and ticks since. Who pulls
 * reserve and power once an hour would be supplied for good: so each start beyond some costs what it can have given. */
static void go_on(bool powered_on) {
    const int64_t ticked_ms = (uint32_t)(ticks_ms - state.last_ticks_ms);
    const int64_t ticked_s = (ticked_ms - ticked_ms * drift_ppb / 1000000000) / 1000;
    const int64_t shown_s = now.exists ? now.utc_s - state.last_time_s : 0;
    int64_t to_s = state.last_time_s;
    if (powered_on) {
        if (state.lost_starts >= FREE_STARTS) to_s += KEPT_EVERY_S;
        if (state.lost_starts < 0xFF) state.lost_starts++;
    } else if (ticked_s > 0 && shown_s > 0) to_s += ticked_s < shown_s ? ticked_s : shown_s;
#ifdef MISTAKE_LOST_CLOCK_BEGINS
    to_s = 0;
    state.last_time_s = 0;
#endif
    clock_set(to_s);
    now = clock_read();
    state.flags |= LOWER_BOUND;
    if (lost(false)) state.flags |= CLOCK_DEAD;
    keep(to_s);
}

static void keep_time(bool powered_on) {
    now = clock_read();
    if (powered_on) state.flags &= (uint8_t)~CLOCK_DEAD; /* it is tried once more */
    if (!(state.flags & CLOCK_DEAD)) {
        if (lost(!powered_on)) go_on(powered_on);
        else if (powered_on || now.utc_s - state.last_time_s >= KEPT_EVERY_S) keep(now.utc_s);
    }
    dated = !(state.flags & CLOCK_DEAD);
}

/* ---- What is paid ---- */

static uint32_t seconds_of(uint32_t value) {
#ifdef MISTAKE_DAYS_IN_16_BITS
    return (uint16_t)(value * DAY_S) / time_divider;
#elif defined MISTAKE_ROUNDED_FIRST
    return value * (24 / time_divider) * 3600;
#else
    return (uint32_t)((uint64_t)value * DAY_S / time_divider); /* the product may have 37 bits */
#endif
}

static void pay(const token *taken) {
    const uint64_t now_s = (uint64_t)now.utc_s + 1; /* and the second that the clock does not show */
    uint64_t from_s = now_s;
    token_count(&state.counter, taken);
#ifdef MISTAKE_COUNT_SAVED_FIRST
    save();
#endif
    state.lost_starts = 0;
#ifndef MISTAKE_UNLOCK_NOT_KEPT
    if (taken->kind == DISABLE) state.flags |= UNLOCKED;
#endif
    if (taken->kind == ADD_TIME || taken->kind == SET_TIME) {
#ifndef MISTAKE_REST_LOST
        if (taken->kind == ADD_TIME && !(state.flags & OVER) && state.paid_until_s > now_s) from_s = state.paid_until_s;
#endif
        from_s += seconds_of(taken->value);
        state.paid_until_s = from_s < UINT32_MAX ? (uint32_t)from_s : UINT32_MAX;
        state.flags &= (uint8_t)~OVER;
    }
    save();
}

static const char *obey(void) {
    static const char *const words[] = {"TAKEN", "USED TOKEN", "WRONG TOKEN"};
    uint8_t keys[32];
    const int size = meter_keys(keys, sizeof keys);
    token_answer answer;
    token found;
    if (!size) return "";
    answer = token_read(&secret, &state.counter, keys, size, &found);
    if (answer == TAKEN && dated) pay(&found);
    meter_keys_done();
    meter_beep(200);
    return dated ? words[answer] : "NO CLOCK";
}

static bool supplied(void) {
    int64_t until_s = state.paid_until_s;
#ifdef MISTAKE_UNTIL_MIDNIGHT
    until_s = until_s / DAY_S * DAY_S;
#endif
    if (state.flags & UNLOCKED) return true;
    if (!(state.flags & OVER) && dated && now.utc_s >= until_s) {
        state.flags |= OVER; /* and stays so: no clock that is set back brings it again */
        save();
    }
    return !(state.flags & OVER);
}

/* ---- One poll ---- */

static void show(const char *said, bool fault) {
    const int64_t left_s = state.paid_until_s - now.utc_s;
    const uint32_t left_h = left_s > 0 ? (uint32_t)(left_s / 3600) : 0;
    char text[64] = "NOT PAID";
    if (state.flags & UNLOCKED) strcpy(text, "UNLOCKED");
    else if (!(state.flags & OVER)) snprintf(text, sizeof text, "PAID %ud %02uh", left_h / 24, left_h % 24);
    if (*said) snprintf(text + strlen(text), sizeof text - strlen(text), " | %s", said);
    meter_display(text);
    meter_lamps((uint8_t)((fault ? METER_LAMP_FAULT : 0) | (state.flags & (LOWER_BOUND | CLOCK_DEAD) ? METER_LAMP_CLOCK_DOUBTED : 0) |
                          ((state.flags & (OVER | UNLOCKED)) == OVER ? METER_LAMP_CREDIT_EXHAUSTED : 0)));
}

static void sleep_until(meter_sleep *hint, bool answered) {
    int64_t wait_s = state.last_time_s + (int64_t)KEPT_EVERY_S - now.utc_s, until;
    if (!dated) return;
    if (!(state.flags & (OVER | UNLOCKED)) && state.paid_until_s - now.utc_s < wait_s) wait_s = state.paid_until_s - now.utc_s;
    if (answered && wait_s > ANSWER_SHOWN_S) wait_s = ANSWER_SHOWN_S;
    until = now.second_of_day + (wait_s > 1 ? wait_s : 1);
    hint->until_second = (uint32_t)(until < DAY_S ? until : DAY_S);
}

void meter_poll(meter_sleep *hint) {
    const bool powered_on = !running && meter_reset_cause() /* whichever it was */;
    const char *said;
    bool wanted, fault;
    if (!running && !start()) {
        meter_display("NOT CONFIGURED");
        meter_lamps(METER_LAMP_FAULT);
        return;
    }
    running = true;
    ticks_ms = meter_ticks_ms();
    keep_time(powered_on);
    said = obey();
    wanted = supplied();
    if (meter_switch_on() != wanted) meter_switch_drive(wanted);
    fault = meter_switch_on() != wanted;
    show(said, fault);
    if (!fault) sleep_until(hint, *said);
}
