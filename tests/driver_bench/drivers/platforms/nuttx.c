/* A DS1307 as a driver of NuttX has it: the register and what is read are two messages, one access. */
#include <nuttx/config.h>
#include <nuttx/debug.h>
#include <nuttx/i2c/i2c_master.h>
#include <nuttx/signal.h>

static struct i2c_master_s bus;

static int begin(void) { nxsig_usleep(10000); return OK; }
static int transfer(uint8_t *held, uint16_t flags) {
    uint8_t first = 0;
    struct i2c_msg_s messages[2] = {{.addr = 0x68, .flags = I2C_M_NOSTOP, .buffer = &first, .length = 1},
                                    {.addr = 0x68, .flags = flags, .buffer = held, .length = 7}};
    return I2C_TRANSFER(&bus, messages, 2);
}
static uint8_t to_bcd(int n) { return (uint8_t)(n / 10 << 4 | n % 10); }
static int plain(uint8_t n) { return (n >> 4) * 10 + (n & 15); }

static int set(const struct moment *t) {
    const uint8_t held[7] = {to_bcd(t->second), to_bcd(t->minute), to_bcd(t->hour), (uint8_t)(t->weekday + 1),
                             to_bcd(t->day), to_bcd(t->month), to_bcd(t->year % 100)};
    return transfer((uint8_t *)held, I2C_M_NOSTART);
}
static int get(struct moment *t) {
    uint8_t held[7];
    const int refused = transfer(held, I2C_M_READ);
    *t = (struct moment){2000 + plain(held[6]), plain(held[5]), plain(held[4]), plain(held[2] & 0x3F), plain(held[1]),
                         plain(held[0] & 0x7F), held[3] - 1, -1};
    return refused;
}
const driver_under_test_t driver_under_test = {.declared = "chip=ds1307", .begin = begin, .set = set, .get = get};
