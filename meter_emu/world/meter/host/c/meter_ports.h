/* The board of a prepayment meter, as a program in C has it. What each call does and costs: docs/ports.md.
 *
 * (1) Link your program with meter_host.c to an executable and run it:
 *         cc -o my_meter my_meter.c meter_host.c
 *         meter-emu rehearse ores-2020-07 --build ./my_meter
 * (2) The bench starts it once and forks it at every power-up of every meter, before your first instruction: all RAM
 *     (static, heap, stack) is as your loader left it. Nothing is to be cleared, nothing leaks to the next meter.
 * (3) When the supply fails, the process ends inside the call. There is no status to look at, nothing to return from.
 * (4) There is no time but the board's. A program that asks time(), rand(), files or threads is not reproducible. */
#ifndef METER_PORTS_H
#define METER_PORTS_H
#include <stdbool.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

#define METER_PORTS_VERSION 2

enum { METER_NO_CARD = -1 };                 /* card_exchange: gone or silent */
enum { METER_BLUE = 1, METER_RED = 2 };      /* buttons, bits */
enum { METER_LAMP_CREDIT = 1, METER_LAMP_RECONNECT = 2, METER_LAMP_FAULT = 4, METER_LAMP_CLOCK = 8 };
enum { METER_RESET_NONE = 0, METER_RESET_POWER_ON = 1 };

/* ---- What you write ---- */

/* Until when a poll would do nothing; zeroed before the poll, and 0 in until_second is no hint. */
typedef struct {
    uint32_t until_second; /* of the clock chip's own day, 1 to 86400 */
    bool has_units;
    uint32_t until_units; /* a reading of the register */
} meter_sleep;

/* The only entry point. The first call after a power-up is your reset. */
void meter_poll(meter_sleep *hint);

/* Optional: what your program covers, "chips=pcf8563 energies=electricity time_bases=utc generations=1,2
 * carriers=plain,secure clock_cards=no". What is left out is found out by running it. */
extern const char meter_traits[];

/* ---- What you may call ---- */

void     meter_rtc_read(uint8_t at, uint8_t *data, uint8_t count);
void     meter_rtc_write(uint8_t at, const uint8_t *data, uint8_t count);
bool     meter_eeprom_read(uint32_t at, uint8_t *data, uint16_t count);        /* false: NACK, busy */
bool     meter_eeprom_write(uint32_t at, const uint8_t *data, uint16_t count); /* false: NACK; wraps in its page */
bool     meter_card_present(void);
int      meter_card_power(bool on, uint8_t *atr, int room); /* bytes of the ATR; atr may be NULL */
int      meter_card_exchange(const uint8_t *command, int size, uint8_t *answer, int room); /* bytes, or METER_NO_CARD */
void     meter_card_done(void);
void     meter_switch_drive(bool on);
bool     meter_switch_on(void);
void     meter_limiter_set(uint8_t ampere);
uint32_t meter_metrology_units(void);
bool     meter_flowing(void);
uint8_t  meter_buttons(void);
uint32_t meter_button_held_ms(uint8_t button);
void     meter_wait_ms(uint32_t duration_ms);
void     meter_display(const char *text); /* ASCII, at most 64 before its 0 */
void     meter_lamps(uint8_t lamps);
void     meter_beep(uint16_t duration_ms);
uint32_t meter_ticks_ms(void);
uint8_t  meter_reset_cause(void);
/* An answer above the caller's room is an error of the program: crashed, "card_exchange: 300 bytes for room of 260". */

#ifdef __cplusplus
}
#endif
#endif
