/* The EEPROM: the factory record, the state as two copies, and what an installer left in a new meter. */
#include "meter.h"

meter_state state;
bool changed;
uint8_t factory[256];
card_keys keys;
static kept_record kept = {&state, (uint16_t)(offsetof(meter_state, crc) + sizeof state.crc), {0x200, 0x300}, "MINE", 0};

uint64_t made(int at, int size) { return be(factory + at, size); } /* a field of the factory record */

void save(void) {
    kept_save(&kept);
    changed = false;
}

/* The first start: the installer left what it has counted in the record at 0100h (docs/meter-image.md). */
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

bool start(void) {
    eeprom_read_firmly(0, factory, 256);
    if (factory[0] != 'M' || factory[1] != 'F' || crc32(factory, 252) != be(factory + 252, 4)) return false;
    if (factory[3] != 1 || factory[62] != 0) return false; /* electricity; a clock that counts UTC */
    keys.meter_id = made(28, 8);
    keys.meter_auth = factory + 72;
    keys.card_auth = factory + 88;
    keys.desk_record = factory + 104;
    keys.meter_record = factory + 120;
    keys.reactivation = factory + 136;
    return kept_load(&kept) || install();
}

uint64_t this_minute(void) { return utc_s >= 0 && second_of_day >= 0 ? (uint64_t)(utc_s / 60) : NO_MINUTE; }

void note(uint8_t code, uint32_t detail) {
    memmove(state.events + 8, state.events, 16);
    put_be(state.events, this_minute(), 4);
    state.events[4] = code;
    put_be(state.events + 5, detail < 0xFFFFFF ? detail : 0xFFFFFF, 3);
    changed = true;
}
