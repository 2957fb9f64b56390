/* A program that does what no meter may, by the name it is started under. */
#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "meter_ports.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Clears a screen, renames a window, writes backwards, hides in tags, ends a line, is no text. */
#define ESCAPES "\rx\033[2J\033]0;t\007\302\2331m\342\200\256egac\342\201\246\342\200\213\363\240\201\201\177\377"

static char memory[64];
static const char no_words[1 << 16];
static volatile int sink;

static bool is(const char *name) { return !strcmp(program_invocation_short_name, name); }

static int deep(int n) {
    volatile char frame[4096];
    frame[n & 4095] = (char)n;
    return deep(n + 1) + frame[0];
}

static void eat(size_t bytes) {
    const size_t some = (size_t)16 << 20;
    for (; bytes; bytes -= some) {
        volatile char *got = malloc(some);
        size_t at;
        for (at = 0; at < some; at += 4096) got[at] = 1;
    }
}

/* Starts processes that leave their parent, its session and its group. */
static void away(int count, size_t bytes) {
    while (count--) {
        const pid_t first = fork();
        if (first) { waitpid(first, NULL, 0); continue; }
        setsid();
        if (fork()) _exit(0);
        eat(bytes);
        for (;;) pause();
    }
}

/* Spoils what it shares with the bench, and rings it on every socket that it has. */
static void nonsense(void) {
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    unsigned long from, to;
    int i;
    while (maps && fgets(line, sizeof line, maps))
        if (sscanf(line, "%lx-%lx rw-s", &from, &to) == 2 && strstr(line, " rw-s ")) memset((void *)from, 0xff, to - from);
    for (i = 3; i < 1000; i++) send(i, line, 1, MSG_NOSIGNAL);
    for (;;) pause();
}

static void ignore_signals(void) {
    int i;
    for (i = 1; i < NSIG; i++) signal(i, SIG_IGN);
    for (;;) pause();
}

static void write_a_file(void) {
    const int file = open("written", O_WRONLY | O_CREAT, 0600);
    while (write(file, no_words, sizeof no_words) > 0) {}
}

static void *idle(void *none) { pause(); return none; }

__attribute__((constructor)) static void early(void) { if (is("early")) meter_card_present(); }

void meter_poll(meter_sleep *hint) {
    long i;
    pthread_t thread;
    uint8_t answer[4];
    static const uint8_t challenge[] = {0, 0x84, 0, 0, 8};
    if (is("calls_nothing")) return;
    if (is("dies_at_first_call")) _exit(7);
    meter_display("ON");
    sink = meter_switch_on();
    if (is("segfault")) *(volatile int *)(uintptr_t)(16 + sink) = 1;
    if (is("stack_overflow")) sink = deep(0);
    if (is("wild_write")) memset(memory, 0x55, (size_t)64 << 20);
    if (is("aborts")) abort();
    if (is("loops")) for (;;) sink++;
    if (is("loops_in_system_calls")) for (;;) sink += getppid();
    if (is("loops_with_calls")) for (;;) sink += meter_switch_on();
    if (is("million_calls")) for (i = 0; i < 1000000; i++) meter_lamps(0);
    if (is("ignores_its_bound")) { signal(SIGXCPU, SIG_IGN); for (;;) sink++; }
    if (is("sleeps")) pause();
    if (is("closes")) for (i = 0; i < 1000; i++) close((int)i);
    if (is("closes_and_waits")) { for (i = 0; i < 1000; i++) close((int)i); for (;;) pause(); }
    if (is("sends_nonsense")) nonsense();
    if (is("opens_all_files")) while (open("/dev/null", O_RDONLY) >= 0) {}
    if (is("ignores_signals")) ignore_signals();
    if (is("stops_itself")) raise(SIGSTOP);
    if (is("is_traced")) { ptrace(PTRACE_TRACEME, 0, NULL, NULL); raise(SIGSTOP); }
    if (is("writes_a_file")) write_a_file();
    if (is("becomes_another")) execl("/bin/sleep", program_invocation_name, "1000", (char *)NULL);
    if (is("ends_its_group")) { kill(-getppid(), SIGKILL); pause(); }
    if (is("complains_without_end")) for (;;) fwrite(no_words, 1, sizeof no_words, stderr);
    if (is("forks")) { if (!fork()) for (;;) pause(); }
    if (is("forks_away")) away(1, 0);
    if (is("waits_for_its_child")) {
        if (!fork()) { while (clock() < CLOCKS_PER_SEC) sink++; _exit(0); }
        wait(NULL);
    }
    if (is("fifty_away")) { away(50, 0); pause(); }
    if (is("eats_memory")) eat((size_t)1 << 40);
    if (is("eats_in_children")) { away(4, (size_t)100 << 20); pause(); }
    if (is("leaks_in_each_poll")) eat((size_t)640 << 20);
    if (is("stops_its_parent")) { kill(getppid(), SIGSTOP); _exit(3); }
    if (is("stops_and_goes_on")) kill(getppid(), SIGSTOP);
    if (is("ends_its_parent")) { kill(getppid(), SIGKILL); pause(); }
    if (is("real_time_signal")) raise(37);
    if (is("threads")) pthread_create(&thread, NULL, idle, NULL);
    if (is("says_escapes")) { fputs(ESCAPES "\n", stderr); abort(); }
    if (is("shows_escapes")) { meter_display(ESCAPES); hint->until_second = 86400; }
    if (is("prints")) for (i = 0; i < 2000; i++) puts("a line of which nobody asked");
    if (is("prints_without_end")) for (;;) puts("a line of which nobody asked");
    if (is("reads_the_clock")) {
        struct timespec now;
        char text[24];
        clock_gettime(CLOCK_MONOTONIC, &now);
        snprintf(text, sizeof text, "%ld.%09ld", (long)now.tv_sec, now.tv_nsec);
        meter_display(text);
        meter_switch_drive(false); /* never right, so it is run again, and never with the same words */
    }
    if (is("small_room") && meter_card_present()) {
        meter_card_power(true, NULL, 0);
        meter_card_exchange(challenge, sizeof challenge, answer, sizeof answer);
    }
    if (is("long_display")) meter_display("0123456789012345678901234567890123456789012345678901234567890123456789");

    hint->until_second = is("sleep_90000") ? 90000 : is("sleep_0") ? 0 : 86400;
}
