/* What a driver says goes nowhere: its lines on standard output are its answers. */
#undef DEBUG
#define DEBUG(...) ((void)0)
#define DEBUG_PUTS(text) ((void)0)
