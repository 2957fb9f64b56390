/* Serves the routines of a clock driver on standard input and output, a line each way. */
#include "driver_under_test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 512

int driver_instance;
static char line[4 * BYTES_MAX];
static const driver_under_test_t *const d = &driver_under_test;

static int read_line(void) { return fgets(line, sizeof line, stdin) != NULL; }

static int ask(void) {
    fflush(stdout);
    if (!read_line()) exit(3);
    return line[0] != '-';
}

static int digit(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static int from_hex(const char *text, uint8_t *bytes, int most) {
    int count = 0;
    if (*text == '.') return 0;
    while (text[0] > ' ' && text[1] > ' ' && count < most) {
        bytes[count++] = (uint8_t)(digit(text[0]) << 4 | digit(text[1]));
        text += 2;
    }
    return count;
}

int bus_transfer(uint8_t address, const uint8_t *out, int out_count, uint8_t *in, int in_count) {
    int i;
    if (out_count < 0 || out_count > BYTES_MAX || in_count < 0 || in_count > BYTES_MAX) return -1;
    printf("t %x ", address);
    for (i = 0; i < out_count; i++) printf("%02x", out[i]);
    printf("%s %d\n", out_count ? "" : ".", in_count);
    if (!ask()) return -1;
    return from_hex(line, in, in_count);
}

uint32_t bus_peek(int word) {
    printf("p %d\n", word);
    return ask() ? (uint32_t)strtoul(line, NULL, 10) : 0xFFFFFFFFu;
}

void bus_poke(int word, uint32_t value) {
    printf("q %d %lu\n", word, (unsigned long)value);
    ask();
}

void bus_wait_us(uint32_t us) {
    printf("w %lu\n", (unsigned long)us);
    ask();
}

uint64_t bus_now_us(void) {
    puts("c");
    return ask() ? strtoull(line, NULL, 10) : 0;
}

/* The arguments of the line that is served. */
static char *rest;
static int64_t number(void) { return strtoll(rest, &rest, 10); }

static struct moment moment(void) {
    struct moment t;
    int32_t *const fields[] = {&t.year,   &t.month,  &t.day,     &t.hour,
                               &t.minute, &t.second, &t.weekday, &t.yearday};
    int i;
    for (i = 0; i < 8; i++) *fields[i] = (int32_t)number();
    return t;
}

static char *word(void) {
    char *end;
    rest += strspn(rest, " ");
    end = rest + strcspn(rest, " \r\n");
    if (*end) *end++ = 0;
    char *const found = rest;
    rest = end;
    return found;
}

static const char *const field_names[] = {"second", "minute", "hour", "day", "weekday", "month"};

static int fields_used(const char *text) {
    int used = 0, i;
    while (*text) {
        const size_t length = strcspn(text, "+");
        for (i = 0; i < 6; i++)
            if (strlen(field_names[i]) == length && !strncmp(text, field_names[i], length)) used |= 1 << i;
        text += length + (text[length] == '+');
    }
    return used;
}

static int refused(int status) {
    if (!status) return 0;
    if (status == no_valid_time) puts("none");
    else if (status == cannot) puts("! cannot");
    else printf("! error %d\n", status);
    return 1;
}

static void print_moment(const struct moment *t) {
    printf("= %ld %ld %ld %ld %ld %ld %ld %ld", (long)t->year, (long)t->month, (long)t->day,
           (long)t->hour, (long)t->minute, (long)t->second, (long)t->weekday, (long)t->yearday);
}

static void say_moment(int status, const struct moment *t) {
    if (refused(status)) return;
    print_moment(t);
    puts("");
}

static void say_number(int status, int64_t value) {
    if (!refused(status)) printf("= %lld\n", (long long)value);
}

static void say_done(int status) {
    if (!refused(status)) puts("=");
}

static void hello(void) {
    const char *comma = "";
    printf("driver %s routines=", d->declared);
#define OFFER(name) if (d->name) { printf("%s" #name, comma); comma = ","; }
    OFFER(begin) OFFER(set) OFFER(get) OFFER(now) OFFER(mode) OFFER(stopped) OFFER(alarm_set)
    OFFER(alarm_get) OFFER(number) OFFER(moment) OFFER(weekday) OFFER(day_of_year)
    OFFER(days_in_month) OFFER(is_leap) OFFER(next_day) OFFER(year_of) OFFER(nth_weekday)
    OFFER(last_weekday) OFFER(is_summer) OFFER(local) OFFER(due) OFFER(reached) OFFER(encode)
    OFFER(decode)
    puts("");
}

static void say_alarm(void) {
    struct moment t = {0, 0, 0, 0, 0, 0, -1, -1};
    int use = -1, i, status = d->alarm_get(&t, &use);
    const char *plus = " ";
    if (refused(status)) return;
    print_moment(&t);
    for (i = 0; use >= 0 && i < 6; i++)
        if (use >> i & 1) {
            printf("%s%s", plus, field_names[i]);
            plus = "+";
        }
    puts("");
}

static void serve_clock(const char *routine) {
    struct moment t = {0, 0, 0, 0, 0, 0, -1, -1};
    int64_t value = 0;
    int status, yes = 0;
    if (!strcmp(routine, "begin")) say_done(d->begin());
    else if (!strcmp(routine, "set")) { t = moment(); say_done(d->set(&t)); }
    else if (!strcmp(routine, "get")) { status = d->get(&t); say_moment(status, &t); }
    else if (!strcmp(routine, "now")) { status = d->now(&value); say_number(status, value); }
    else if (!strcmp(routine, "mode")) say_done(d->mode((int)number()));
    else if (!strcmp(routine, "stopped")) { status = d->stopped(&yes); say_number(status, yes); }
    else if (!strcmp(routine, "alarm_set")) {
        t = moment();
        say_done(d->alarm_set(&t, fields_used(word())));
    } else if (!strcmp(routine, "alarm_get")) say_alarm();
    else puts("! no such routine");
}

static void serve_bytes(const char *routine) {
    uint8_t bytes[32];
    struct moment t = {0, 0, 0, 0, 0, 0, -1, -1};
    int count = 0, status, i;
    if (!strcmp(routine, "decode")) {
        count = from_hex(word(), bytes, sizeof bytes);
        status = d->decode(bytes, count, &t);
        say_moment(status, &t);
        return;
    }
    t = moment();
    if (refused(d->encode(&t, bytes, &count))) return;
    printf("= ");
    for (i = 0; i < count && i < (int)sizeof bytes; i++) printf("%02x", bytes[i]);
    puts("");
}

/* Routines of dates; 0 where `routine` is none of them. */
static int serve_dates(const char *routine) {
    struct moment t = {0, 0, 0, 0, 0, 0, -1, -1}, other;
    int64_t value = 0;
    int status, yes = 0, year, month, day;
#define IS(name) (!strcmp(routine, #name) && d->name)
    if (IS(number)) { t = moment(); status = d->number(&t, &value); say_number(status, value); }
    else if (IS(moment)) { value = number(); status = d->moment(value, &t); say_moment(status, &t); }
    else if (IS(year_of)) { status = d->year_of(number(), &value); say_number(status, value); }
    else if (IS(is_summer)) { t = moment(); status = d->is_summer(&t, &yes); say_number(status, yes); }
    else if (IS(local)) { other = moment(); status = d->local(&other, &t); say_moment(status, &t); }
    else if (IS(due)) {
        other = moment();
        value = number();
        status = d->due(&other, value, &t);
        say_moment(status, &t);
    } else if (IS(reached)) {
        t = moment();
        other = moment();
        status = d->reached(&t, &other, &yes);
        say_number(status, yes);
    } else if (IS(encode) || IS(decode)) serve_bytes(routine);
    else if (IS(is_leap)) { status = d->is_leap((int)number(), &yes); say_number(status, yes); }
    else if (!strstr(" weekday day_of_year days_in_month nth_weekday last_weekday next_day ", routine))
        return 0;
    else {
        year = (int)number();
        month = (int)number();
        day = (int)number();
        if (IS(weekday)) status = d->weekday(year, month, day, &value);
        else if (IS(day_of_year)) status = d->day_of_year(year, month, day, &value);
        else if (IS(days_in_month)) status = d->days_in_month(year, month, &value);
        else if (IS(nth_weekday)) status = d->nth_weekday(year, month, day, (int)number(), &value);
        else if (IS(last_weekday)) status = d->last_weekday(year, month, day, &value);
        else if (IS(next_day)) { status = d->next_day(year, month, day, &t); say_moment(status, &t); return 1; }
        else return 0;
        say_number(status, value);
    }
    return 1;
}

int main(void) {
    while (read_line()) {
        char *routine;
        rest = line;
        routine = word();
        if (!strcmp(routine, "hello")) hello();
        else {
            driver_instance = (int)number();
            if (!serve_dates(routine)) serve_clock(routine);
        }
        fflush(stdout);
    }
    return 0;
}
