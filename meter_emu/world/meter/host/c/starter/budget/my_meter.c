/* The program of an electricity budget meter with a PCF8563 that counts UTC: a small whole one to start from.
 *
 * Between polls everything lies in `state`, in RAM; what changes is saved before the switch moves and before a card
 * gets its write-back, as one of two copies in the EEPROM. After a power-up it is read back from there. What decides
 * is integers: seconds and minutes since 2000-01-01 00:00 UTC, micro-euro, watt-hours.
 *
 * Here is what is permitted and what follows, and the poll; memory.c, clock.c, session.c and panel.c do the rest.
 *
 * -DMISTAKE_... plants one of ten mistakes that meters have had (docs/firmware-in-c.md). */
#include "meter.h"

const char meter_traits[] = "chips=pcf8563 energies=electricity time_bases=utc generations=1,2 "
                            "carriers=plain,secure clock_cards=no";

static bool running, beeping;

/* ---- The account ---- */

bool bi_hourly(void) { return state.day_price != state.night_price; }
uint32_t price(void) { return state.night_rate ? state.night_price : state.day_price; }

void book(void) { /* what was used since the last booking, by the rules that it was used by */
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
uint32_t shelter_left_min(void) { return left(SHELTER_MAX_MIN, state.sheltered_min); }
uint32_t shelter_left_wh(void) {
    return left((made(152, 4) * made(156, 2) + 59) / 60, state.sheltered_wh + (uint64_t)(state.flags & SHELTERED ? unbooked() : 0));
}
uint32_t night_left_wh(void) { return left(NIGHT_MAX_WH, state.doubted_wh + (uint64_t)(state.health != TRUSTED ? unbooked() : 0)); }

int64_t balance(void) {
    if (state.account != CHARGED) return state.balance_ueur;
    return state.balance_ueur - (int64_t)(uint32_t)(units - state.booked_units) * price();
}

/* ---- What is permitted, and what follows ---- */

int blocks(void) {
    return (state.flags & CUT_LATCHED ? BY_ORDER : 0) | (state.flags & PREPAYMENT && balance() <= 0 ? BY_CREDIT : 0);
}

int shields(void) {
    return deferral_holds() | (!state.debt_ueur && shelter_left_min() && shelter_left_wh() && may_run(WINDOW)) << 1 | !(state.flags & PREPAYMENT) << 2;
}

int permission(void) {
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
static uint32_t certain_ms(uint32_t minutes) {
    return (uint32_t)(minutes * (uint64_t)60000 + (minutes * (uint64_t)60000 * made(42, 4) + 999999999) / 1000000000);
}

/* From one count to the next: a quarter of what was counted in this power-up, or of what is left, which is stated; not
 * below a quarter of an hour. Half a minute early, so that no poll is just too early. */
static uint32_t stretch_ms(void) {
    const uint32_t counted = state.sheltered_min - state.powered_from_min, left_min = shelter_left_min();
    uint32_t minutes = (counted < left_min ? counted : left_min) / 4;
    if (minutes < 15) minutes = left_min && left_min < 15 ? left_min : 15;
    return minutes > 1 ? certain_ms(minutes) - 30000 : certain_ms(1);
}

static void count_shelter(bool at_once) {
    const uint32_t ticked_ms = ticks_ms - state.sheltered_ticks_ms;
    const uint32_t minutes = (uint32_t)(ticked_ms * (uint64_t)1000000000 / (60000 * (1000000000 + made(42, 4))));
    if (!(state.flags & SHELTERED) || (!at_once && ticked_ms < stretch_ms())) return;
    if (minutes) changed = true;
    state.sheltered_min += minutes;
    state.sheltered_ticks_ms += certain_ms(minutes);
}

/* A limiter changes nothing in it: full supply in the hours is counted for it too, and after it there is the limiter. */
static void shelter(void) {
    const int why_dark = blocks(), held_off = why_dark ? shields() : 0;
    const bool alone = why_dark == BY_CREDIT && held_off == 2 && state.supply == CONNECTED;
    if (alone != !!(state.flags & SHELTERED)) {
        book();
        if (!alone) count_shelter(true);
        state.flags ^= SHELTERED;
        state.sheltered_ticks_ms = ticks_ms;
        changed = true;
    }
    if ((!(why_dark & BY_CREDIT) || held_off & 1) && (state.sheltered_wh || state.sheltered_min)) {
        state.sheltered_wh = state.sheltered_min = state.powered_from_min = 0;
        changed = true;
    }
}

void settle(void) {
    uint8_t account;
    bool night;
    int permitted;
    count_shelter(false);
    if (!deferral_holds() && state.defer_end.minute != NO_MINUTE && !(state.flags & DEFERRAL_OVER)) {
        state.flags |= DEFERRAL_OVER;
        journal_time(); /* so that no clock lost after it puts it ahead again */
    }
    if (!(state.flags & CUT_LATCHED) && has_come(&state.cut_end)) {
        state.flags |= CUT_LATCHED;
        state.latched_minute = state.cut_end.minute;
        journal_time();
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
        state.powered_from_min = state.sheltered_min;
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
    if (state.supply == READY) {
        move_to(CONNECTED);
        settle(); /* what is counted from here on is counted at once */
    }
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
        left_ms = (int64_t)stretch_ms() - (ticks_ms - state.sheltered_ticks_ms);
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
    const bool powered_on = !running && meter_reset_cause() /* whichever it was */;
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
    if (powered_on) save(); /* before any card: no challenge comes twice */
    if (meter_card_present()) card_result = serve_card();
    settle();
    pressed = meter_buttons();
    if (pressed & factory[63]) ask_supply();
    if (changed) save();
    meter_limiter_set(permission() == LIMIT ? factory[37] : 0);
    on = meter_switch_on();
    if (on != (state.supply == CONNECTED)) {
        meter_switch_drive(state.supply == CONNECTED);
        on = meter_switch_on();
    }
    fault = on != (state.supply == CONNECTED);
    if (beeping) meter_beep(2000);
    show(card_result, pressed & METER_BUTTON_BLUE, fault);
    if (!fault) sleep_until(hint, card_result >= 0 || pressed);
}
