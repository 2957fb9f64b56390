/* What people see: a line of text, and lamps. */
#include "meter.h"
#include <stdio.h>

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

void show(int card_result, bool turned, bool fault) {
    static const char *const names[] = {"TRUSTED", "LOW_VOLTAGE", "IMPOSSIBLE_DATE", "BACKWARDS", "TOO_FAR_AHEAD",
        "SET_TOO_LONG_AGO", "TICKS_DISAGREE", "BEING_SET", "LOWER_BOUND", "DISPUTED"};
    static int page;
    char text[96], date[24] = "NONE";
    if (state.supply == READY) strcpy(text, factory[63] == METER_BUTTON_RED ? "PRESS RED TO RECONNECT" : "PRESS BLUE TO RECONNECT");
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
    meter_lamps((uint8_t)((blocks() & BY_CREDIT ? METER_LAMP_CREDIT_EXHAUSTED : 0) | (state.supply == READY ? METER_LAMP_RECONNECT : 0) |
                          (fault ? METER_LAMP_FAULT : 0) | (trusted() ? 0 : METER_LAMP_CLOCK_DOUBTED)));
}
