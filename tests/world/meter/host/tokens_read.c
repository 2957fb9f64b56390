/* A line a token: key, starting code, 1 if restricted, last count, used counts, digits. Prints what the starter makes of it. */
#include "tokens.h"
#include <stdio.h>
#include <string.h>

int main(void) {
    char key[33], digits[33];
    unsigned start, restricted, last, used, byte;
    while (scanf("%32s %u %u %u %u %32s", key, &start, &restricted, &last, &used, digits) == 6) {
        token_secret secret = {{0}, start, restricted};
        token_counter counter = {(uint16_t)last, (uint16_t)used};
        token found = {ADD_TIME, 0, 0};
        token_answer answer;
        int n;
        for (n = 0; n < 16 && sscanf(key + 2 * n, "%2x", &byte) == 1; n++) secret.key[n] = (uint8_t)byte;
        answer = token_read(&secret, &counter, (const uint8_t *)digits, (int)strlen(digits), &found);
        if (answer == TAKEN) token_count(&counter, &found);
        printf("%d %d %u %u %u %u\n", answer, answer == WRONG ? 0 : (int)found.kind, answer == WRONG ? 0 : found.value,
               answer == WRONG ? 0 : found.count, counter.last, counter.used);
    }
    return 0;
}
