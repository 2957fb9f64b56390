#include <linux/i2c.h>
