#include "nuttx/config.h" /* nothing of it is of a driver alone */
