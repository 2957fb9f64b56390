/* Between a meter's program and the bench: starts it, forks it at every power-up, carries its port calls.
 * Nothing here is part of a meter. It wants POSIX; Linux gives more: no address randomisation, no orphans. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "meter_ports.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/personality.h>
#include <sys/prctl.h>
#endif

__attribute__((weak)) const char meter_traits[] = "";
#ifdef METER_COVERAGE /* of a build with --coverage */
extern void __gcov_dump(void);
extern void __gcov_reset(void);
#endif
#ifndef MSG_NOSIGNAL /* macOS: SIGPIPE is ignored instead */
#define MSG_NOSIGNAL 0
#endif

#define CPU_S 2          /* of its own processor time, user and system, a poll may take */
#define FRAME_MAX 1024
#define HEAD_BYTES 6
#define PRINTED_MAX (64 << 20) /* bytes, of what nobody reads */

/* Memory that the bench sees as well, so that what a program did last is known however it ends. A frame is a byte
 * what (METER_FRAME_...), a byte the version of the ports, two how many of its last bytes are the answer that the
 * program had, two how long, then that; little-endian. Before each answer the bench foretells others: a call that is
 * foretold returns at once, and the bench does it, and compares, when it gets the frames. Costs are of docs/ports.md,
 * in us. */
static struct {
    uint64_t ticks_us;
    uint32_t size;                                       /* of the frames; the bench begins anew */
    uint32_t units, units_us, registers_us, eeprom_us;   /* the us from now until which they hold */
    uint32_t cells_bytes;                                /* of the EEPROM, 0 if they are not known */
    uint8_t foretold, switch_on, card_present, buttons, limiter, reset_cause, page_bytes, registers_known;
    uint8_t registers[16];
    uint16_t register_us, rtc_us, eeprom_byte_us, nack_us, cycle_us;
    uint8_t access_bytes;                                /* of addresses, in a read of the clock and a write of the EEPROM */
    uint8_t padding;
    uint8_t frames[8124];
    uint8_t cells[32768];
} unshared, *shared = &unshared;

static int bench = -1;        /* this power-up's socket */
static uint32_t spent_us;     /* what calls since the bench foretold have taken */

static void end(int status) {
#ifdef METER_COVERAGE
    __gcov_dump();
#endif
    _exit(status);
}

static void ring(void) {
    static const uint8_t bell = 1;
    ssize_t sent;
    do sent = send(bench, &bell, 1, MSG_NOSIGNAL); while (sent < 0 && errno == EINTR);
    if (sent != 1) end(0); /* the bench has gone, or the supply has */
}

static void all_in(void *data, size_t size) {
    size_t at = 0;
    while (at < size) {
        ssize_t got = recv(bench, (uint8_t *)data + at, size - at, 0);
        if (got > 0) at += (size_t)got;
        else if (got == 0 || errno != EINTR) end(0); /* the supply has failed: RAM is no more */
    }
}

static void numbers(uint8_t *to, uint32_t value, int count) {
    int i;
    for (i = 0; i < count; i++) to[i] = (uint8_t)(value >> 8 * i);
}

static void frame(uint8_t what, const void *first, size_t first_size, const void *rest, size_t rest_size, size_t answered) {
    uint8_t *to = shared->frames + shared->size;
    *to++ = what;
    *to++ = METER_PORTS_VERSION;
    numbers(to, (uint32_t)answered, 2);
    numbers(to + 2, (uint32_t)(first_size + rest_size), 2);
    to += 4;
    if (first_size) memcpy(to, first, first_size);
    if (rest_size) memcpy(to + first_size, rest, rest_size);
    shared->size += (uint32_t)(HEAD_BYTES + first_size + rest_size);
}

static void make_room(size_t size) {
    static const char *const early = "a port is called before the meter has power: in a constructor\n";
    uint8_t none[2];
    if (bench < 0) {
        if (write(2, early, strlen(early)) < 0) _exit(4);
        _exit(3);
    }
    if (shared->size > sizeof shared->frames) end(1); /* something wrote over it */
    if (shared->size + size + 12 <= sizeof shared->frames) return;
    frame(METER_FRAME_FULL, NULL, 0, NULL, 0, 0);
    ring();
    all_in(none, 2);
    spent_us = 0;
}

static void put(uint8_t what, const void *first, size_t first_size, const void *rest, size_t rest_size) {
    make_room(first_size + rest_size);
    frame(what, first, first_size, rest, rest_size, 0);
    spent_us += shared->register_us;
}

static void wrong(const char *format, ...) {
    char words[160];
    va_list values;
    va_start(values, format);
    vsnprintf(words, sizeof words, format, values);
    va_end(values);
    put(METER_FRAME_WRONG, words, strlen(words), NULL, 0);
    ring();
    end(1);
}

/* Lets the bench do what waits and reads the answer, of at most `room` bytes; returns how many. */
static int answer(const char *call, void *data, int room) {
    uint8_t size[2];
    uint8_t more[FRAME_MAX];
    int count;
    ring();
    all_in(size, 2);
    spent_us = 0;
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

/* A call whose answer was foretold: it takes its time, and the program goes on. */
static void foretold(uint8_t what, const void *asked, size_t asked_size, const void *got, size_t got_size, uint32_t cost_us) {
    frame(what, asked, asked_size, got, got_size, got_size);
    spent_us += cost_us;
}

static uint8_t of_register(uint8_t what, const char *call, const uint8_t *value) {
    make_room(1); /* which may change the value */
    if (!shared->foretold) {
        put(what, NULL, 0, NULL, 0);
        return (uint8_t)number(call);
    }
    foretold(what, NULL, 0, value, 1, shared->register_us);
    return *value;
}

bool meter_rtc_read(uint8_t at, uint8_t *data, uint8_t count) {
    const uint8_t asked[2] = {at, count};
    uint8_t got[1 + 255];
    int size;
    make_room(2 + sizeof got);
    if (shared->foretold && at + count <= shared->registers_known && count && spent_us < shared->registers_us) {
        got[0] = 1;
        memcpy(got + 1, shared->registers + at, count);
        memcpy(data, got + 1, count);
        foretold(METER_FRAME_RTC_READ, asked, 2, got, (size_t)count + 1,
                 (uint32_t)(shared->access_bytes + count) * shared->rtc_us);
        return true;
    }
    put(METER_FRAME_RTC_READ, asked, 2, NULL, 0);
    size = answer("rtc_read", got, count + 1);
    if (size != count + 1 || !got[0]) return false;
    memcpy(data, got + 1, count);
    return true;
}

void meter_rtc_write(uint8_t at, const uint8_t *data, uint8_t count) {
    put(METER_FRAME_RTC_WRITE, &at, 1, data, count);
    shared->foretold = 0;
}

bool meter_eeprom_read(uint32_t at, uint8_t *data, uint16_t count) {
    static const uint8_t nack = 0;
    uint8_t asked[6], got[FRAME_MAX];
    int size;
    if (count >= FRAME_MAX) wrong("eeprom_read: %d bytes, at most %d at once", count, FRAME_MAX - 1);
    numbers(asked, at, 4);
    numbers(asked + 4, count, 2);
    make_room(7 + (size_t)count);
    if (shared->foretold && spent_us < shared->eeprom_us) {
        foretold(METER_FRAME_EEPROM_READ, asked, 6, &nack, 1, shared->nack_us);
        return false;
    }
    if (shared->foretold && at < shared->cells_bytes && count <= shared->cells_bytes - at) {
        got[0] = 1;
        memcpy(got + 1, shared->cells + at, count);
        memcpy(data, got + 1, count);
        foretold(METER_FRAME_EEPROM_READ, asked, 6, got, (size_t)count + 1,
                 (uint32_t)(shared->access_bytes + 1 + count) * shared->eeprom_byte_us);
        return true;
    }
    put(METER_FRAME_EEPROM_READ, asked, 6, NULL, 0);
    size = answer("eeprom_read", got, count + 1);
    if (size != count + 1 || !got[0]) return false;
    memcpy(data, got + 1, count);
    return true;
}

static void written(uint32_t at, const uint8_t *data, uint16_t count) {
    uint32_t i, offset;
    uint8_t *page;
    if (!shared->cells_bytes) return;
    offset = at % shared->page_bytes; /* in which a write rolls over */
    page = shared->cells + (at - offset) % shared->cells_bytes;
    for (i = 0; i < count; i++) page[(offset + i) % shared->page_bytes] = data[i];
}

bool meter_eeprom_write(uint32_t at, const uint8_t *data, uint16_t count) {
    uint8_t asked[FRAME_MAX + 4];
    uint8_t taken;
    if (count >= FRAME_MAX) wrong("eeprom_write: %d bytes, at most %d at once", count, FRAME_MAX - 1);
    numbers(asked, at, 4);
    make_room(4 + (size_t)count + 1);
    if (!shared->foretold || !count) {
        put(METER_FRAME_EEPROM_WRITE, asked, 4, data, count);
        taken = number("eeprom_write") != 0;
        if (taken) written(at, data, count);
        return taken;
    }
    memcpy(asked + 4, data, count);
    taken = spent_us >= shared->eeprom_us;
    foretold(METER_FRAME_EEPROM_WRITE, asked, 4 + (size_t)count, &taken, 1,
             taken ? (uint32_t)(shared->access_bytes + count) * shared->eeprom_byte_us : shared->nack_us);
    if (taken) {
        shared->eeprom_us = spent_us + shared->cycle_us;
        written(at, data, count);
    }
    return taken;
}

bool meter_card_present(void) { return of_register(METER_FRAME_CARD_PRESENT, "card_present", &shared->card_present) != 0; }

int meter_card_power(bool on, uint8_t *atr, int room) {
    uint8_t got[FRAME_MAX];
    const uint8_t asked = on;
    int size;
    put(METER_FRAME_CARD_POWER, &asked, 1, NULL, 0);
    size = answer("card_power", got, FRAME_MAX);
    if (!atr) return size;
    if (size > room) wrong("card_power: %d bytes for room of %d", size, room);
    memcpy(atr, got, (size_t)size);
    return size;
}

int meter_card_exchange(const uint8_t *command, int size, uint8_t *into, int room) {
    uint8_t got[FRAME_MAX];
    int count;
    if (size < 0 || size >= FRAME_MAX) wrong("card_exchange: a command of %d bytes", size);
    put(METER_FRAME_CARD_EXCHANGE, command, (size_t)size, NULL, 0);
    count = answer("card_exchange", got, FRAME_MAX) - 1;
    if (count < 0 || !got[0]) return METER_NO_CARD;
    if (count > room) wrong("card_exchange: %d bytes for room of %d", count, room);
    memcpy(into, got + 1, (size_t)count);
    return count;
}

void meter_card_done(void) {
    put(METER_FRAME_CARD_DONE, NULL, 0, NULL, 0);
    shared->card_present = 0;
}

void meter_switch_drive(bool on) {
    const uint8_t v = on;
    put(METER_FRAME_SWITCH_DRIVE, &v, 1, NULL, 0);
    shared->foretold = 0;
}

bool meter_switch_on(void) { return of_register(METER_FRAME_SWITCH_ON, "switch_on", &shared->switch_on) != 0; }

void meter_limiter_set(uint8_t ampere) {
    put(METER_FRAME_LIMITER_SET, &ampere, 1, NULL, 0);
    if (ampere != shared->limiter) shared->foretold = 0;
}

uint32_t meter_metrology_units(void) {
    uint8_t got[4];
    make_room(4);
    if (shared->foretold && spent_us + shared->register_us < shared->units_us) {
        numbers(got, shared->units, 4);
        foretold(METER_FRAME_METROLOGY_UNITS, NULL, 0, got, 4, shared->register_us);
        return shared->units;
    }
    put(METER_FRAME_METROLOGY_UNITS, NULL, 0, NULL, 0);
    return number("metrology_units");
}

bool meter_flowing(void) { put(METER_FRAME_FLOWING, NULL, 0, NULL, 0); return number("flowing") != 0; }

int meter_keys(uint8_t *keys, int room) {
    uint8_t got[FRAME_MAX];
    int count;
    put(METER_FRAME_KEYS, NULL, 0, NULL, 0);
    count = answer("keys", got, FRAME_MAX);
    if (count > room) wrong("keys: %d bytes for room of %d", count, room);
    memcpy(keys, got, (size_t)count);
    return count;
}

void meter_keys_done(void) { put(METER_FRAME_KEYS_DONE, NULL, 0, NULL, 0); }

uint8_t meter_buttons(void) {
    const uint8_t pressed = of_register(METER_FRAME_BUTTONS, "buttons", &shared->buttons);
    shared->buttons = 0;
    return pressed;
}

uint32_t meter_button_held_ms(uint8_t button) {
    put(METER_FRAME_BUTTON_HELD_MS, &button, 1, NULL, 0);
    return number("button_held_ms");
}

void meter_wait_ms(uint32_t duration_ms) {
    uint8_t asked[4];
    numbers(asked, duration_ms, 4);
    put(METER_FRAME_WAIT_MS, asked, 4, NULL, 0);
    number("wait_ms");
}

void meter_display(const char *text) {
    const size_t size = strnlen(text, 65);
    if (size > 64) wrong("display: more than 64 characters");
    put(METER_FRAME_DISPLAY, text, size, NULL, 0);
}

void meter_lamps(uint8_t lamps) { put(METER_FRAME_LAMPS, &lamps, 1, NULL, 0); }
void meter_beep(uint16_t duration_ms) { uint8_t v[2]; numbers(v, duration_ms, 2); put(METER_FRAME_BEEP, v, 2, NULL, 0); }

uint32_t meter_ticks_ms(void) {
    uint8_t got[4];
    uint32_t ticks_ms;
    make_room(4);
    if (!shared->foretold) {
        put(METER_FRAME_TICKS_MS, NULL, 0, NULL, 0);
        return number("ticks_ms");
    }
    ticks_ms = (uint32_t)((shared->ticks_us + spent_us + shared->register_us) / 1000);
    numbers(got, ticks_ms, 4);
    foretold(METER_FRAME_TICKS_MS, NULL, 0, got, 4, shared->register_us);
    return ticks_ms;
}

uint8_t meter_reset_cause(void) {
    const uint8_t cause = of_register(METER_FRAME_RESET_CAUSE, "reset_cause", &shared->reset_cause);
    shared->reset_cause = 0;
    return cause;
}

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

/* Doubt: threads are looked for on Linux alone, and after the first poll. One that starts later is not seen, but for what
 * it does: the program is not reproducible. */
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
    const struct rlimit printed = {PRINTED_MAX, PRINTED_MAX};
    const struct rlimit no_core = {0, 0}; /* a crash is told by its signal; a core takes seconds */
    setrlimit(RLIMIT_CORE, &no_core);
    setrlimit(RLIMIT_FSIZE, &printed);
#ifdef METER_COVERAGE
    __gcov_reset();
#endif
    for (;;) {
        all_in(&word, 1);
        spent_us = 0;
        if (bounded) patience();
        memset(&hint, 0, sizeof hint);
        meter_poll(&hint);
        if (!polls++) no_threads();
        numbers(hint_out, hint.until_second, 4);
        hint_out[4] = hint.has_units;
        numbers(hint_out + 5, hint.until_units, 4);
        put(METER_FRAME_DONE, hint_out, 9, NULL, 0);
        ring();
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

/* Ends what a power-up has started and left: on Linux it comes to us, in whatever session it is. */
static void sweep(void) {
#ifdef __linux__
    int rounds;
    for (rounds = 0; rounds < 100; rounds++) {
        char text[4096];
        char *at = text, *next;
        const int of = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
        const ssize_t size = of < 0 ? 0 : read(of, text, sizeof text - 1);
        if (of >= 0) close(of);
        if (size <= 0) return;
        text[size] = 0;
        for (;; at = next) {
            const long pid = strtol(at, &next, 10);
            if (next == at) break;
            if (*next) kill((pid_t)pid, SIGKILL); /* a number that is cut off is another's */
        }
        while (waitpid(-1, NULL, WNOHANG) > 0) {}
    }
#endif
}

static int given(int control) { /* a socket for one power-up, -1 when the bench has gone */
    unsigned char word;
    struct iovec data = {&word, 1};
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
    const pid_t own = getpid();
    const char *volatile declared = meter_traits; /* a compiler must not take ours for the program's */
    const char *const traits = declared;
    const size_t size = strlen(traits);
    char hello[512];
    int count = snprintf(hello, sizeof hello, "METER %d %.*s\n", METER_PORTS_VERSION, (int)(size < 400 ? size : 400), traits);
    if (send(control, hello, (size_t)count, MSG_NOSIGNAL) != count) _exit(0);
    if (!MSG_NOSIGNAL) signal(SIGPIPE, SIG_IGN);
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
    sweep(); /* so that each power-up finds the stack as it left it */
    for (;;) {
        const int one = given(control);
        int status = 0;
        pid_t child;
        if (one < 0) _exit(0);
        child = fork();
        if (child == 0) {
            setpgid(0, 0);
            dies_with(own);
            close(control);
            bench = one;
            powered(bounded);
        }
        close(one);
        says(control, 'P', (int32_t)child);
        if (child < 0) continue;
        /* One that has itself traced is reported when it stops, too. */
        while (waitpid(child, &status, 0) < 0 ? errno == EINTR : WIFSTOPPED(status)) {}
        kill(-child, SIGKILL); /* what it has started itself */
        sweep();
        says(control, 'E', status);
    }
}

int main(int argc, char **argv) {
    int control;
    long parent;
    void *seen;
    if (argc != 6 || strcmp(argv[1], "--meter-bench")) {
        fprintf(stderr, "This is the program of a meter. Try: meter-emu rehearse ores-2020-07 --build %s\n", argv[0]);
        return 2;
    }
    control = atoi(argv[2]);
    parent = atol(argv[3]);
    if (parent) dies_with((pid_t)parent); /* a debugger's child otherwise */
#ifdef __linux__
    if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE) && personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE) >= 0 &&
        (personality(0xffffffff) & ADDR_NO_RANDOMIZE))
        execv("/proc/self/exe", argv);
#endif
    seen = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[5]), 0);
    if (seen == MAP_FAILED) {
        perror("shared memory");
        return 2;
    }
    shared = seen;
    close(atoi(argv[5]));
    host(control, argv[4][0] == '1');
    return 0;
}
