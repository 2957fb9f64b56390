/* Mistakes that a sanitizer reports: which one, is the name of the executable. */
#define _GNU_SOURCE
#include "meter_ports.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile int sink, nine = 9;

static int is(const char *name) { return !strcmp(program_invocation_short_name, name); }

void meter_poll(meter_sleep *hint) {
    char *heap = malloc(8), stack[8];
    int many = INT_MAX;
    meter_display("ON");
    if (is("heap")) sink = heap[nine];
    if (is("stack")) sink = stack[nine];
    if (is("freed")) { free(heap); sink = heap[1]; }
    if (is("overflow")) sink = nine + many;
    if (is("shift")) sink = 1 << (nine * 4);
    if (is("says_its_number")) {
        fprintf(stderr, "Assertion failed in process %d at %p\n", (int)getpid(), (void *)heap);
        abort();
    }
    hint->until_second = 86400;
}
