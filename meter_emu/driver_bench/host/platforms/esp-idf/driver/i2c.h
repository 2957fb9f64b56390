#include "driver/i2c_master.h" /* the types of the older driver's header that others name */
