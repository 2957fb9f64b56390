/* The clock: what it shows, how far it is believed, and what has come by it. */
#include "meter.h"

int64_t utc_s, uncertainty_s, day;
int second_of_day;
uint8_t health;
uint32_t ticks_ms, units;

bool trusted(void) { return health == TRUSTED; }
bool dated(void) { return health == TRUSTED || health == LOWER_BOUND || health == DISPUTED; }
int64_t late_s(void) { return utc_s + uncertainty_s; }

int64_t early_s(void) {
#ifdef MISTAKE_UNCERTAINTY_FORGOTTEN
    return utc_s;
#else
    return utc_s - uncertainty_s;
#endif
}

int64_t u_at(int64_t at_s) { /* how far off the clock may be, whole seconds, rounded up */
    const int64_t since = at_s > state.clock_set_s ? at_s - state.clock_set_s : 0, drift = (int64_t)made(42, 4);
    const int64_t u = state.set_error_s + (since * drift + 999999999 - drift) / (1000000000 - drift);
    return state.health == LOWER_BOUND && since < u ? since : u; /* that was set to an instant that had passed */
}

int64_t known_s(void) { return dated() ? early_s() : state.last_time_s - u_at(state.last_time_s); } /* it is at least that */

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

void read_clock(bool by_ticks) {
    const clock_reading now = clock_read();
    uint8_t suspected;
    utc_s = now.utc_s;
    day = now.day;
    second_of_day = now.second_of_day;
    uncertainty_s = now.exists ? u_at(utc_s) : 0;
    health = now.exists ? state.health : now.low_voltage ? LOW_VOLTAGE : IMPOSSIBLE_DATE;
    if (now.exists && dated()) {
        suspected = suspicion(now.low_voltage, by_ticks);
        if (suspected) health = suspected;
    }
}

bool has_come(const end_time *end) {
    return end->minute != NO_MINUTE && dated() && (int64_t)end->minute * 60 <= early_s();
}

bool deferral_holds(void) {
    return !(state.flags & DEFERRAL_OVER) && state.defer_end.minute != NO_MINUTE && !has_come(&state.defer_end);
}

bool ends_ahead(void) {
    const bool defer = state.defer_end.minute != NO_MINUTE && !(state.flags & DEFERRAL_OVER);
    const bool cut = state.cut_end.minute != NO_MINUTE && !(state.flags & CUT_LATCHED);
    return defer || cut;
}

bool waiting(void) { return !dated() && ends_ahead(); } /* for a clock that can be believed */

void journal_time(void) {
    state.last_time_s = (uint32_t)utc_s;
    state.last_ticks_ms = ticks_ms;
    state.last_day = (uint32_t)day;
    changed = true;
}

/* ---- Hours of the legal day: the protected ones, and the night's ---- */

bool has_hours(int which) { return factory[36] & (which == WINDOW ? 1 : 8); }

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

bool may_run(int which) { /* in doubt they do */
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

int64_t seconds_to_edge(int which) {
    const int64_t starts = seconds_to((int)made(which, 2), late_s()), stops = seconds_to((int)made(which + 2, 2), early_s());
    const int64_t left = starts < stops ? starts : stops;
    return left - left * (int64_t)made(42, 4) / 1000000000 - 1;
}
