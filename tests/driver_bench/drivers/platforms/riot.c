/* A DS1307 as a driver of RIOT has it. */
#include "bcd.h"
#include "debug.h"
#include "mutex.h"
#include "periph/i2c.h"

static int begin(void) { DEBUG("begins\n"); return 0; }
static int write_all(const uint8_t *held) {
    i2c_acquire(I2C_DEV(0));
    const int done = i2c_write_regs(I2C_DEV(0), 0x68, 0, held, 7, 0);
    i2c_release(I2C_DEV(0));
    return done;
}
static int read_all(uint8_t *held) {
    i2c_acquire(I2C_DEV(0));
    const int done = i2c_read_regs(I2C_DEV(0), 0x68, 0, held, 7, 0);
    i2c_release(I2C_DEV(0));
    return bcd_to_byte(bcd_from_byte(59)) == 59 ? done : -EIO;
}
static uint8_t to_bcd(int n) { return (uint8_t)(n / 10 << 4 | n % 10); }
static int plain(uint8_t n) { return (n >> 4) * 10 + (n & 15); }

static int set(const struct moment *t) {
    const uint8_t held[7] = {to_bcd(t->second), to_bcd(t->minute), to_bcd(t->hour), (uint8_t)(t->weekday + 1),
                             to_bcd(t->day), to_bcd(t->month), to_bcd(t->year % 100)};
    return write_all(held);
}
static int get(struct moment *t) {
    uint8_t held[7];
    const int refused = read_all(held);
    *t = (struct moment){2000 + plain(held[6]), plain(held[5]), plain(held[4]), plain(held[2] & 0x3F), plain(held[1]),
                         plain(held[0] & 0x7F), held[3] - 1, -1};
    return refused;
}
const driver_under_test_t driver_under_test = {.declared = "chip=ds1307", .begin = begin, .set = set, .get = get};
