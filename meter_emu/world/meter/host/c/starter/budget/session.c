/* A card in the slot: whether it is obeyed, what it brings, and what it takes back to the office. */
#include "meter.h"

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
        if (made(36, 1) & 0x20 && state.cut_end.minute != NO_MINUTE && state.cut_end.minute > state.latched_minute)
            state.flags &= (uint8_t)~CUT_LATCHED; /* a later T2: a person may reconnect */
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
void set_lower_bound(int64_t to_s) {
    book();
    state.health = BEING_SET;
    save();
    clock_set(to_s);
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
    if ((anew && card->seen_session < shown) || card->seen_session >= state.session_count)
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

/* Anybody has a card that is refused, and each entry in the journal wears the memory out. */
static bool refused_lately(void) {
    int n;
    for (n = 0; n < 24; n += 8)
        if (state.events[n + 4] == CARD_REFUSED && this_minute() - be(state.events + n, 4) < 60) return true;
    return false;
}

int serve_card(void) {
    uint8_t text[17] = "challenge", mac[16];
    card_contents card;
    int result, stamp, read;
    put_be(text + 9, state.sequence, 4); /* saved after a power-up and each card that has proved itself, and */
    put_be(text + 13, meter_ticks_ms(), 4); /* between two saves no tick comes twice: nor does a challenge */
    cmac(keys.meter_auth, text, 17, mac);
    read = result = card_read(&keys, mac, &card);
    if (read == NONE) {
        state.session_count++;
        stamp = heed_stamp(card.newest_stamp);
        result = obey(&card);
        if (stamp && result >= CARD_UNREADABLE) note(CARD_REFUSED, (uint32_t)stamp);
        else if (stamp) result = stamp;
        settle();
    }
    if (result >= CARD_UNREADABLE && (read == NONE || !refused_lately())) note(CARD_REFUSED, (uint32_t)result);
    if (read == NONE) {
        save();
        write_back(result, mac);
    }
    meter_card_power(false, NULL, 0);
    meter_card_done();
    meter_beep(200);
    return result;
}
