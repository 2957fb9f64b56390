#include "card.h"
#include "bytes.h"
#include "crypto.h"
#include "meter_ports.h"
#include <string.h>

enum { IDENTITY = 1, DESK, WRITE_BACK, FILES };
enum { EXCHANGES_MAX = 64, SESSION_MAX_MS = 20000, SLOT_SIZE = 512, DENIED = -1, GONE = -2, SLOW = -3 };

static uint8_t container[SLOT_SIZE]; /* of a plain card, the copy in force */
static int container_size, container_slot, place[FILES], size_of[FILES];
static bool plain;
static uint8_t identity[48], generation;
static uint32_t began_ms;
static int exchanges, refused_with;

/* Sends a command; returns the bytes of its answer before 9000, or why there are none. */
static int ask(const uint8_t *command, int size, uint8_t *answer, int room) {
    uint8_t got[258];
    int count;
    refused_with = 0;
    if (exchanges++ >= EXCHANGES_MAX || meter_ticks_ms() - began_ms >= SESSION_MAX_MS) return SLOW;
    count = meter_card_exchange(command, size, got, sizeof got);
    if (count < 2) return GONE;
    refused_with = got[count - 2] << 8 | got[count - 1];
    if (refused_with != 0x9000 || count - 2 > room) return DENIED;
    if (count > 2) memcpy(answer, got, (size_t)count - 2);
    return count - 2;
}

static int select_file(int fid) {
    const uint8_t command[] = {0, 0xA4, 0, 0x0C, 2, (uint8_t)(fid >> 8), (uint8_t)fid};
    return ask(command, sizeof command, NULL, 0);
}

static int read_at(uint8_t p1, uint8_t p2, uint8_t *to, int size) {
    const uint8_t command[] = {0, 0xB0, p1, p2, (uint8_t)size};
    const int count = ask(command, sizeof command, to, size);
    return count >= 0 && count != size ? DENIED : count;
}

static int write_at(uint8_t p1, uint8_t p2, const uint8_t *data, int size) {
    uint8_t command[260] = {0, 0xD6, p1, p2, (uint8_t)size};
    memcpy(command + 5, data, (size_t)size);
    return ask(command, 5 + size, NULL, 0);
}

/* ---- A plain card: two copies of a container, the whole one with the higher sequence counts ---- */

static int read_copy(int slot, int size) {
    int at, part, status;
    for (at = 0; at < size; at += part) {
        part = size - at < 255 ? size - at : 255;
        status = read_at((uint8_t)((slot * SLOT_SIZE + at) >> 8), (uint8_t)(slot * SLOT_SIZE + at), container + at, part);
        if (status < 0) return status;
    }
    return size;
}

static bool is_head(const uint8_t *head) {
    const int size = (int)be(head + 8, 2);
    return head[0] == 'P' && head[1] == 'E' && head[2] == 1 && head[3] <= 30 && size >= 14 && size <= SLOT_SIZE;
}

static bool open_container(void) {
    const int rows = container[3], end = container_size - 4;
    int at = 10 + 3 * rows, row, sfi;
    memset(size_of, 0, sizeof size_of);
    if (at > end || crc32(container, end) != be(container + end, 4)) return false;
    for (row = 0; row < rows; row++) {
        sfi = container[10 + 3 * row];
        if (sfi > 0 && sfi < FILES) { place[sfi] = at; size_of[sfi] = (int)be(container + 11 + 3 * row, 2); }
        at += (int)be(container + 11 + 3 * row, 2);
    }
    return at == end;
}

static int open_plain(void) {
    uint8_t heads[2][10];
    int status, slot, tried, newer;
    for (slot = 0; slot < 2; slot++)
        if ((status = read_at((uint8_t)(slot * 2), 0, heads[slot], 10)) < 0) return status;
    newer = is_head(heads[1]) && (!is_head(heads[0]) || be(heads[1] + 4, 4) > be(heads[0] + 4, 4));
    for (tried = 0; tried < 2; tried++) {
        container_slot = tried ? !newer : newer;
        if (!is_head(heads[container_slot])) continue;
        container_size = (int)be(heads[container_slot] + 8, 2);
        if ((status = read_copy(container_slot, container_size)) < 0) return status;
        if (open_container()) return 0;
    }
    return DENIED;
}

/* ---- Records ---- */

static int read_file(int sfi, uint8_t *to, int size) {
    if (!plain) return read_at((uint8_t)(0x80 | sfi), 0, to, size);
    if (size_of[sfi] < size) return DENIED;
    memcpy(to, container + place[sfi], (size_t)size);
    return size;
}

static void mac_of(const uint8_t key[16], const uint8_t *record, int size, uint8_t mac[8]) {
    uint8_t text[13 + 146], whole[16];
    memcpy(text, identity + 4, 8);      /* meter id */
    memcpy(text + 8, identity + 20, 4); /* card number */
    text[12] = plain ? 'P' : 'S';       /* carrier */
    memcpy(text + 13, record, (size_t)size - 8);
    cmac(key, text, 13 + size - 8, whole);
    memcpy(mac, whole, 8);
}

static int checked(const uint8_t *record, int size, const char *magic, const card_keys *keys) {
    uint8_t mac[8];
    if (memcmp(record, magic, 2) || record[2] != generation) return BAD_FORMAT;
    mac_of(keys->desk_record, record, size, mac);
    return memcmp(mac, record + size - 8, 8) ? BAD_MAC : NONE;
}

static bool is_none(const uint8_t *bytes, int size) {
    while (size--) if (*bytes++ != 0xFF) return false;
    return true;
}

static stated_end end_of(const uint8_t *civil, const uint8_t *minute, uint8_t zone_rule) {
    stated_end end;
    memcpy(end.civil, civil, 5);
    end.has_minute = generation == 2;
    end.minute = generation == 2 ? (uint32_t)be(minute, 4) : 0;
    end.zone_rule = zone_rule;
    return end;
}

static bool proved(const card_keys *keys, const uint8_t challenge[8], int *status) {
    static const uint8_t get_challenge[] = {0, 0x84, 0, 0, 8};
    uint8_t text[20] = "ext\x01", mac[16], answer[8];
    uint8_t external[21] = {0, 0x82, 0, 1, 16}, internal[14] = {0, 0x88, 0, 3, 8};
    if ((*status = ask(get_challenge, 5, text + 4, 8)) != 8) return false;
    memcpy(text + 12, challenge, 8);
    cmac(keys->meter_auth, text, 20, mac);
    memcpy(external + 5, challenge, 8);
    memcpy(external + 13, mac, 8);
    if ((*status = ask(external, 21, NULL, 0)) < 0) return false;
    memcpy(internal + 5, challenge, 8);
    internal[13] = 8;
    if ((*status = ask(internal, 14, answer, 8)) != 8) return false;
    memcpy(text, "int", 3);
    memcpy(text + 3, challenge, 8);
    cmac(keys->card_auth, text, 11, mac);
    return !memcmp(mac, answer, 8);
}

static int why(int status, int otherwise) { return status == GONE ? CARD_REMOVED : status == SLOW ? CARD_TOO_SLOW : otherwise; }

static int identified(void) {
    int status = select_file(0xDF01);
    plain = false;
    if (status == DENIED && refused_with == 0x6A82) {
        status = select_file(0xBE01);
        plain = status >= 0;
        if (status == DENIED && (select_file(0xDF03) >= 0 || select_file(0xBE03) >= 0)) return WRONG_ENERGY;
    }
    if (status < 0) return why(status, CARD_UNREADABLE);
    if (plain && (status = open_plain()) < 0) return why(status, status == DENIED && refused_with == 0x9000 ? BAD_FORMAT : CARD_UNREADABLE);
    if ((status = read_file(IDENTITY, identity, 48)) < 0) return why(status, CARD_UNREADABLE);
    generation = identity[2];
    return identity[0] == 'B' && identity[1] == 'I' && (generation == 1 || generation == 2) ? NONE : BAD_FORMAT;
}

/* Names an order with its tariff, and no other, whatever card it lies on. */
static void mac_of_order(const card_keys *keys, const uint8_t *desk, uint8_t mac[8]) {
    const uint8_t *token = desk + (generation == 2 ? 35 : 26);
    uint8_t text[57], whole[16];
    memset(text, 0xFF, sizeof text);
    put_be(text, keys->meter_id, 8);
    memcpy(text + 8, "order", 5);
    memcpy(text + 13, desk + 12, 4); /* number */
    text[17] = desk[3];              /* flags */
    if (generation == 2) {
        memcpy(text + 18, desk + 20, 5);
        memcpy(text + 23, desk + 16, 4);
        memcpy(text + 27, desk + 29, 5);
        memcpy(text + 32, desk + 25, 4);
        text[36] = desk[34];
    } else {
        memcpy(text + 18, desk + 16, 5);
        memcpy(text + 27, desk + 21, 5);
    }
    memcpy(text + 37, token, 8 + 2 + 4 + 4 + 2); /* and the tariff after it */
    cmac(keys->desk_record, text, 57, whole);
    memcpy(mac, whole, 8);
}

int card_read(const card_keys *keys, const uint8_t challenge[8], card_contents *said) {
    uint8_t desk[80], token_text[30], mac[16];
    int status, result, desk_size;
    const uint8_t *token, *tariff;
    uint32_t issued, written;
    exchanges = 0;
    began_ms = meter_ticks_ms();
    if (!meter_card_power(true, NULL, 0)) return CARD_UNREADABLE;
    if ((result = identified()) != NONE) return result;
    if (identity[3] != 1) return WRONG_ENERGY;
    if (be(identity + 4, 8) != keys->meter_id) return WRONG_METER;
    if (!plain && !proved(keys, challenge, &status)) return why(status, CARD_NOT_GENUINE);
    if ((result = checked(identity, 48, "BI", keys)) != NONE) return result;
    desk_size = generation == 2 ? 80 : 64;
    if ((status = read_file(DESK, desk, desk_size)) < 0) return why(status, CARD_UNREADABLE);
    if ((result = checked(desk, desk_size, "BD", keys)) != NONE) return result;

    said->generation = generation;
    said->card_number = (uint32_t)be(identity + 20, 4);
    said->expires = end_of(identity + 28, identity + 33, identity[37]);
    said->order_flags = desk[3];
    said->loaded_cents = (uint32_t)be(desk + 4, 4);
    said->load_count = (uint32_t)be(desk + 8, 4);
    said->order_number = (uint32_t)be(desk + 12, 4);
    mac_of_order(keys, desk, said->order_mac);
    if (generation == 2) {
        said->defer_until = end_of(desk + 20, desk + 16, desk[34]);
        said->cut_at = end_of(desk + 29, desk + 25, desk[34]);
    } else {
        said->defer_until = end_of(desk + 16, NULL, 0);
        said->cut_at = end_of(desk + 21, NULL, 0);
    }
    token = desk + (generation == 2 ? 35 : 26);
    said->reactivates = !is_none(token, 8);
    put_be(token_text, keys->meter_id, 8);
    put_be(token_text + 8, said->order_number, 4);
    memcpy(token_text + 12, "cancels T1 and T2", 17);
    cmac(keys->reactivation, token_text, 29, mac);
    said->token_right = !memcmp(mac, token, 8);
    tariff = token + 8;
    said->tariff_number = (uint16_t)be(tariff, 2);
    said->day_price = (uint32_t)be(tariff + 2, 4);
    said->night_price = (uint32_t)be(tariff + 6, 4);
    said->mwh_per_unit = (uint16_t)be(tariff + 10, 2);
    issued = (uint32_t)be(identity + 24, 4);
    written = (uint32_t)be(tariff + 12, 4);
    said->newest_stamp = issued != 0xFFFFFFFFu ? issued : 0;
    if (written != 0xFFFFFFFFu && written > said->newest_stamp) said->newest_stamp = written;
    said->seen_session = (uint32_t)be(tariff + 16, 4);
    return NONE;
}

bool card_write_back(const card_keys *keys, uint8_t record[154]) {
    static const uint8_t pin[] = {0, 0x20, 0, 1, 4, '7', '8', '1', '6'};
    int at, part;
    memcpy(record, "BB", 2);
    record[2] = generation;
    mac_of(keys->meter_record, record, 154, record + 146);
    if (!plain) return write_at(0x80 | WRITE_BACK, 0, record, 154) >= 0;
    if (size_of[WRITE_BACK] < 154 || ask(pin, sizeof pin, NULL, 0) < 0) return false;
    memcpy(container + place[WRITE_BACK], record, 154);
    put_be(container + 4, be(container + 4, 4) + 1, 4);
    put_be(container + container_size - 4, crc32(container, container_size - 4), 4);
    container_slot = !container_slot;
    for (at = 0; at < container_size; at += part) {
        const int to = container_slot * SLOT_SIZE + at;
        part = container_size - at < 255 ? container_size - at : 255;
        if (write_at((uint8_t)(to >> 8), (uint8_t)to, container + at, part) < 0) return false;
    }
    return true;
}
