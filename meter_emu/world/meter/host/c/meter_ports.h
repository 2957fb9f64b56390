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

#define METER_PORTS_VERSION 3

enum { /* bits of buttons */
    METER_BUTTON_BLUE = 0x01,
    METER_BUTTON_RED = 0x02
};

enum { /* bits of lamps */
    METER_LAMP_CREDIT_EXHAUSTED = 0x01,
    METER_LAMP_RECONNECT = 0x02,
    METER_LAMP_FAULT = 0x04,
    METER_LAMP_CLOCK_DOUBTED = 0x08
};

enum { /* bits of reset causes */
    METER_RESET_POWER_ON = 0x01,
    METER_RESET_BROWN_OUT = 0x02,
    METER_RESET_WATCHDOG = 0x04,
    METER_RESET_PIN = 0x08,
    METER_RESET_SOFTWARE = 0x10
};

enum { METER_NO_CARD = -1 }; /* card_exchange: gone or silent */

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
 * carriers=plain,secure clock_cards=no". What is left out is found out by running it. Of a device that is no budget
 * meter it says so: "devices=openpaygo" (docs/token-meters.md). */
extern const char meter_traits[];

/* ---- What you may call ---- */

bool     meter_rtc_read(uint8_t at, uint8_t *data, uint8_t count); /* false: NACK, and data as it was */
void     meter_rtc_write(uint8_t at, const uint8_t *data, uint8_t count);
bool     meter_eeprom_read(uint32_t at, uint8_t *data, uint16_t count); /* false: NACK, busy; at most 1,023 bytes */
/* false: NACK, busy; at most 1,023 bytes */
bool     meter_eeprom_write(uint32_t at, const uint8_t *data, uint16_t count);
bool     meter_card_present(void);
int      meter_card_power(bool on, uint8_t *atr, int room); /* bytes of the ATR, at most 33, or 0; atr may be NULL */
/* bytes, or METER_NO_CARD; 258 are room for any short APDU */
int      meter_card_exchange(const uint8_t *command, int size, uint8_t *answer, int room);
void     meter_card_done(void);
void     meter_switch_drive(bool on);
bool     meter_switch_on(void);
void     meter_limiter_set(uint8_t ampere);
uint32_t meter_metrology_units(void);
bool     meter_flowing(void);
uint8_t  meter_buttons(void); /* bits, METER_BUTTON_... */
uint32_t meter_button_held_ms(uint8_t button);
void     meter_wait_ms(uint32_t duration_ms);
void     meter_display(const char *text); /* at most 64 before its 0 */
void     meter_lamps(uint8_t lamps); /* bits, METER_LAMP_... */
void     meter_beep(uint16_t duration_ms);
uint32_t meter_ticks_ms(void);
uint8_t  meter_reset_cause(void); /* bits, METER_RESET_... */
int      meter_keys(uint8_t *keys, int room); /* characters, at most 32, or 0; no 0 after them */
void     meter_keys_done(void);
/* An answer above the caller's room is an error of the program: crashed, "card_exchange: 300 bytes for room of 260". */

/* ---- What passes between meter_host.c and the bench ---- */

/* Of each frame: its data, and the answer if there is one. Numbers are little-endian, bytes and text the rest. */

enum {
    METER_FRAME_RTC_READ = 1,         /* u8 u8 -> flag bytes */
    METER_FRAME_RTC_WRITE = 2,        /* u8 bytes */
    METER_FRAME_EEPROM_READ = 3,      /* u32 u16 -> flag bytes */
    METER_FRAME_EEPROM_WRITE = 4,     /* u32 bytes -> flag */
    METER_FRAME_CARD_PRESENT = 5,     /* nothing -> flag */
    METER_FRAME_CARD_POWER = 6,       /* flag -> bytes */
    METER_FRAME_CARD_EXCHANGE = 7,    /* bytes -> flag bytes */
    METER_FRAME_CARD_DONE = 8,        /* nothing */
    METER_FRAME_SWITCH_DRIVE = 9,     /* flag */
    METER_FRAME_SWITCH_ON = 10,       /* nothing -> flag */
    METER_FRAME_LIMITER_SET = 11,     /* u8 */
    METER_FRAME_METROLOGY_UNITS = 12, /* nothing -> u32 */
    METER_FRAME_FLOWING = 13,         /* nothing -> flag */
    METER_FRAME_BUTTONS = 14,         /* nothing -> u8 */
    METER_FRAME_BUTTON_HELD_MS = 15,  /* u8 -> u32 */
    METER_FRAME_WAIT_MS = 16,         /* u32 -> nothing */
    METER_FRAME_DISPLAY = 17,         /* text */
    METER_FRAME_LAMPS = 18,           /* u8 */
    METER_FRAME_BEEP = 19,            /* u16 */
    METER_FRAME_TICKS_MS = 20,        /* nothing -> u32 */
    METER_FRAME_RESET_CAUSE = 21,     /* nothing -> u8 */
    METER_FRAME_KEYS = 22,            /* nothing -> bytes */
    METER_FRAME_KEYS_DONE = 23,       /* nothing */
    METER_FRAME_DONE = 253,           /* u32 flag u32: the poll has returned with this hint */
    METER_FRAME_WRONG = 254,          /* text: a mistake of the program */
    METER_FRAME_FULL = 255,           /* nothing -> nothing: there is no room for more */
};

#ifdef __cplusplus
}
#endif
#endif
