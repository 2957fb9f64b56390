/* Pins, of which the bench has none. */
#ifndef BENCH_DRIVER_GPIO_H
#define BENCH_DRIVER_GPIO_H
#include "esp_err.h"
typedef int gpio_num_t;
#define GPIO_NUM_NC (-1)
#endif
