#include <zephyr/device.h>
