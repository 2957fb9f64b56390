/* The clock of a PC on its two ports. Above: the driver as it is. Below: what declares it. */
#include "port_io.h"

static uint8_t cmos(uint8_t reg) { outb(reg, 0x70); return inb(0x71); }
static void cmos_put(uint8_t reg, uint8_t value) { outb(reg, 0x70); outb(value, 0x71); }
static int plain(uint8_t bcd) { return (bcd >> 4) * 10 + (bcd & 15); }
static uint8_t packed(int n) { return (uint8_t)(n / 10 << 4 | n % 10); }
static const uint8_t places[] = {0, 2, 4, 7, 8, 9}; /* second to year */

static void read_once(uint8_t *held) {
    int i;
    for (i = 0; i < 6; i++) held[i] = cmos(places[i]);
}

/* ---- what declares it ---- */
static int set(const struct moment *t) {
    const int values[] = {t->second, t->minute, t->hour, t->day, t->month, t->year % 100};
    int i;
    cmos_put(0x0B, cmos(0x0B) | 0x80); /* SET holds the updates, so no second ends in between */
    for (i = 0; i < 6; i++) cmos_put(places[i], packed(values[i]));
    cmos_put(6, (uint8_t)(t->weekday + 1));
    cmos_put(0x0B, cmos(0x0B) & 0x7F);
    return 0;
}
static int get(struct moment *t) {
    uint8_t held[6], again[6];
    int tries;
    read_once(held);
    for (tries = 0; tries < 5; tries++) { /* until two reads agree: UIP is no promise on a slow bus */
        int i, same = 1;
        read_once(again);
        for (i = 0; i < 6; i++) same &= held[i] == again[i];
        for (i = 0; i < 6; i++) held[i] = again[i];
        if (same) break;
    }
    *t = (struct moment){2000 + plain(held[5]), plain(held[4]), plain(held[3]), plain(held[2]),
                         plain(held[1]),        plain(held[0]), -1,             -1};
    return 0;
}
const driver_under_test_t driver_under_test = {.declared = "chip=mc146818", .set = set, .get = get};
