#include "nuttx/config.h" /* what a driver says goes nowhere */
