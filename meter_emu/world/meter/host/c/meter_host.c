/* Between a meter's program and the bench: starts it, forks it at every power-up, carries its port calls.
 * Nothing here is part of a meter. It wants POSIX; Linux gives more: no address randomisation, no orphans. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "meter_ports.h"
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#endif

extern const char meter_traits[] __attribute__((weak));
extern void __gcov_dump(void) __attribute__((weak));
extern void __gcov_reset(void) __attribute__((weak));

enum { /* frames to the bench: one byte what, one byte 0, two bytes how long, then that */
    RTC_READ = 1, RTC_WRITE, EEPROM_READ, EEPROM_WRITE, CARD_PRESENT, CARD_POWER, CARD_EXCHANGE, CARD_DONE,
    SWITCH_DRIVE, SWITCH_ON, LIMITER_SET, METROLOGY_UNITS, FLOWING, BUTTONS, BUTTON_HELD_MS, WAIT_MS, DISPLAY,
    LAMPS, BEEP, TICKS_MS, RESET_CAUSE, DONE, WRONG
};
#define CPU_S 2          /* of its own processor time, user and system, a poll may take */
#define OUT_MAX 8192     /* calls without an answer go with the next that has one */
#define FRAME_MAX 1024

static int bench = -1;   /* this power-up's socket */
static uint8_t out[OUT_MAX];
static size_t out_size;

static void end(int status) {
    if (__gcov_dump) __gcov_dump();
    _exit(status);
}

static void all_out(void) {
    size_t at = 0;
    while (at < out_size) {
        ssize_t sent = send(bench, out + at, out_size - at, MSG_NOSIGNAL);
        if (sent > 0) at += (size_t)sent;
        else if (sent < 0 && errno != EINTR) end(0); /* the bench has gone, or the supply has */
    }
    out_size = 0;
}

static void all_in(void *data, size_t size) {
    size_t at = 0;
    while (at < size) {
        ssize_t got = recv(bench, (uint8_t *)data + at, size - at, 0);
        if (got > 0) at += (size_t)got;
        else if (got == 0 || errno != EINTR) end(0); /* the supply has failed: RAM is no more */
    }
}

static void put(uint8_t what, const void *first, size_t first_size, const void *rest, size_t rest_size) {
    static const char *const early = "a port is called before the meter has power: in a constructor\n";
    const size_t size = first_size + rest_size;
    if (bench < 0) {
        if (write(2, early, strlen(early)) < 0) _exit(4);
        _exit(3);
    }
    if (out_size + 4 + size > OUT_MAX) all_out();
    out[out_size++] = what;
    out[out_size++] = 0;
    out[out_size++] = (uint8_t)size;
    out[out_size++] = (uint8_t)(size >> 8);
    if (first_size) memcpy(out + out_size, first, first_size);
    if (rest_size) memcpy(out + out_size + first_size, rest, rest_size);
    out_size += size;
}

static void wrong(const char *format, ...) {
    char words[160];
    va_list values;
    va_start(values, format);
    vsnprintf(words, sizeof words, format, values);
    va_end(values);
    put(WRONG, words, strlen(words), NULL, 0);
    all_out();
    end(1);
}

static void numbers(uint8_t *to, uint32_t value, int count) {
    int i;
    for (i = 0; i < count; i++) to[i] = (uint8_t)(value >> 8 * i);
}

/* Sends what waits and reads the answer, of at most `room` bytes; returns how many. */
static int answer(const char *call, void *data, int room) {
    uint8_t size[2];
    uint8_t more[FRAME_MAX];
    int count;
    all_out();
    all_in(size, 2);
    count = size[0] | size[1] << 8;
    if (count > FRAME_MAX) end(1);
    if (count > room) {
        all_in(more, (size_t)count);
        wrong("%s: %d bytes for room of %d", call, count, room);
    }
    all_in(data, (size_t)count);
    return count;
}

static uint32_t number(const char *call) {
    uint8_t got[4] = {0, 0, 0, 0};
    answer(call, got, 4);
    return got[0] | (uint32_t)got[1] << 8 | (uint32_t)got[2] << 16 | (uint32_t)got[3] << 24;
}

void meter_rtc_read(uint8_t at, uint8_t *data, uint8_t count) {
    const uint8_t asked[2] = {at, count};
    put(RTC_READ, asked, 2, NULL, 0);
    answer("rtc_read", data, count);
}

void meter_rtc_write(uint8_t at, const uint8_t *data, uint8_t count) { put(RTC_WRITE, &at, 1, data, count); }

bool meter_eeprom_read(uint32_t at, uint8_t *data, uint16_t count) {
    uint8_t asked[6], got[FRAME_MAX];
    int size;
    if (count >= FRAME_MAX) wrong("eeprom_read: %d bytes, at most %d at once", count, FRAME_MAX - 1);
    numbers(asked, at, 4);
    numbers(asked + 4, count, 2);
    put(EEPROM_READ, asked, 6, NULL, 0);
    size = answer("eeprom_read", got, count + 1);
    if (size != count + 1 || !got[0]) return false;
    memcpy(data, got + 1, count);
    return true;
}

bool meter_eeprom_write(uint32_t at, const uint8_t *data, uint16_t count) {
    uint8_t asked[4];
    if (count >= FRAME_MAX) wrong("eeprom_write: %d bytes, at most %d at once", count, FRAME_MAX - 1);
    numbers(asked, at, 4);
    put(EEPROM_WRITE, asked, 4, data, count);
    return number("eeprom_write") != 0;
}

bool meter_card_present(void) { put(CARD_PRESENT, NULL, 0, NULL, 0); return number("card_present") != 0; }

int meter_card_power(bool on, uint8_t *atr, int room) {
    uint8_t got[64];
    const uint8_t asked = on;
    int size;
    put(CARD_POWER, &asked, 1, NULL, 0);
    size = answer("card_power", got, 64);
    if (!atr) return size;
    if (size > room) wrong("card_power: %d bytes for room of %d", size, room);
    memcpy(atr, got, (size_t)size);
    return size;
}

int meter_card_exchange(const uint8_t *command, int size, uint8_t *into, int room) {
    uint8_t got[FRAME_MAX];
    int count;
    if (size < 0 || size >= FRAME_MAX) wrong("card_exchange: a command of %d bytes", size);
    put(CARD_EXCHANGE, command, (size_t)size, NULL, 0);
    count = answer("card_exchange", got, FRAME_MAX) - 1;
    if (count < 0 || !got[0]) return METER_NO_CARD;
    if (count > room) wrong("card_exchange: %d bytes for room of %d", count, room);
    memcpy(into, got + 1, (size_t)count);
    return count;
}

void meter_card_done(void) { put(CARD_DONE, NULL, 0, NULL, 0); }
void meter_switch_drive(bool on) { const uint8_t v = on; put(SWITCH_DRIVE, &v, 1, NULL, 0); }
bool meter_switch_on(void) { put(SWITCH_ON, NULL, 0, NULL, 0); return number("switch_on") != 0; }
void meter_limiter_set(uint8_t ampere) { put(LIMITER_SET, &ampere, 1, NULL, 0); }
uint32_t meter_metrology_units(void) { put(METROLOGY_UNITS, NULL, 0, NULL, 0); return number("metrology_units"); }
bool meter_flowing(void) { put(FLOWING, NULL, 0, NULL, 0); return number("flowing") != 0; }
uint8_t meter_buttons(void) { put(BUTTONS, NULL, 0, NULL, 0); return (uint8_t)number("buttons"); }

uint32_t meter_button_held_ms(uint8_t button) {
    put(BUTTON_HELD_MS, &button, 1, NULL, 0);
    return number("button_held_ms");
}

void meter_wait_ms(uint32_t duration_ms) {
    uint8_t asked[4];
    numbers(asked, duration_ms, 4);
    put(WAIT_MS, asked, 4, NULL, 0);
    number("wait_ms");
}

void meter_display(const char *text) {
    const size_t size = strnlen(text, 65);
    if (size > 64) wrong("display: more than 64 characters");
    put(DISPLAY, text, size, NULL, 0);
}

void meter_lamps(uint8_t lamps) { put(LAMPS, &lamps, 1, NULL, 0); }
void meter_beep(uint16_t duration_ms) { uint8_t v[2]; numbers(v, duration_ms, 2); put(BEEP, v, 2, NULL, 0); }
uint32_t meter_ticks_ms(void) { put(TICKS_MS, NULL, 0, NULL, 0); return number("ticks_ms"); }
uint8_t meter_reset_cause(void) { put(RESET_CAUSE, NULL, 0, NULL, 0); return (uint8_t)number("reset_cause"); }

/* ---- One power-up, in a process of its own ---- */

static void patience(void) {
    static long limit_s;
    struct timespec used;
    struct rlimit limit;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) || used.tv_sec + CPU_S < limit_s) return;
    getrlimit(RLIMIT_CPU, &limit);
    limit_s = (long)used.tv_sec + 1 + CPU_S;
    limit.rlim_cur = (rlim_t)limit_s;
    setrlimit(RLIMIT_CPU, &limit);
}

static void no_threads(void) {
#ifdef __linux__
    struct stat tasks;
    if (!stat("/proc/self/task", &tasks) && tasks.st_nlink > 3) wrong("it starts threads, and a meter has none");
#endif
}

static void powered(bool bounded) {
    uint8_t word, hint_out[9];
    meter_sleep hint;
    unsigned long polls = 0;
    const struct rlimit no_core = {0, 0}; /* a crash is told by its signal; a core takes seconds */
    setrlimit(RLIMIT_CORE, &no_core);
    if (__gcov_reset) __gcov_reset();
    for (;;) {
        all_in(&word, 1);
        if (bounded) patience();
        memset(&hint, 0, sizeof hint);
        meter_poll(&hint);
        if (!polls++) no_threads();
        numbers(hint_out, hint.until_second, 4);
        hint_out[4] = hint.has_units;
        numbers(hint_out + 5, hint.until_units, 4);
        put(DONE, hint_out, 9, NULL, 0);
        all_out();
    }
}

/* ---- The host: waits for power-ups, and says how each ended ---- */

static void dies_with(pid_t parent) {
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(0);
#else
    (void)parent;
#endif
}

/* Bench and program take turns: on one processor the next turn begins at once. */
static void beside_bench(unsigned char cpu) {
#ifdef __linux__
    cpu_set_t one;
    if (cpu == 255) return;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    sched_setaffinity(0, sizeof one, &one);
#else
    (void)cpu;
#endif
}

static int given(int control, unsigned char *word) { /* a socket for one power-up, -1 when the bench has gone */
    struct iovec data = {word, 1};
    union { struct cmsghdr head; char room[CMSG_SPACE(sizeof(int))]; } with;
    struct msghdr message;
    struct cmsghdr *head;
    int got;
    memset(&message, 0, sizeof message);
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = with.room;
    message.msg_controllen = sizeof with.room;
    do got = (int)recvmsg(control, &message, 0); while (got < 0 && errno == EINTR);
    head = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (!head || head->cmsg_type != SCM_RIGHTS) return -1;
    memcpy(&got, CMSG_DATA(head), sizeof got);
    return got;
}

static void says(int control, char what, int32_t value) {
    uint8_t said[5];
    said[0] = (uint8_t)what;
    numbers(said + 1, (uint32_t)value, 4);
    if (send(control, said, sizeof said, MSG_NOSIGNAL) != (ssize_t)sizeof said) _exit(0);
}

static void host(int control, bool bounded) {
    static const char none[] = "";
    const char *traits = meter_traits ? meter_traits : none;
    const pid_t own = getpid();
    const size_t size = strlen(traits);
    char hello[512];
    int count = snprintf(hello, sizeof hello, "METER %d %.*s\n", METER_PORTS_VERSION, (int)(size < 400 ? size : 400), traits);
    if (send(control, hello, (size_t)count, MSG_NOSIGNAL) != count) _exit(0);
    for (;;) {
        unsigned char cpu = 255;
        const int one = given(control, &cpu);
        int status = 0;
        pid_t child;
        if (one < 0) _exit(0);
        child = fork();
        if (child == 0) {
            setpgid(0, 0);
            dies_with(own);
            close(control);
            bench = one;
            beside_bench(cpu);
            powered(bounded);
        }
        close(one);
        says(control, 'P', (int32_t)child);
        if (child < 0) continue;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        kill(-child, SIGKILL); /* what it has started itself */
        says(control, 'E', status);
    }
}

int main(int argc, char **argv) {
    int control;
    long parent;
    if (argc != 5 || strcmp(argv[1], "--meter-bench")) {
        fprintf(stderr, "This is the program of a meter. Try: meter-emu rehearse ores-2020-07 --build %s\n", argv[0]);
        return 2;
    }
    control = atoi(argv[2]);
    parent = atol(argv[3]);
    dies_with((pid_t)parent);
#ifdef __linux__
    if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE) && personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE) >= 0 &&
        (personality(0xffffffff) & ADDR_NO_RANDOMIZE))
        execv("/proc/self/exe", argv);
#endif
    host(control, argv[4][0] == '1');
    return 0;
}
