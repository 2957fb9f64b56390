/* No pins: a driver alone has no interrupt. */
#ifndef BENCH_ZEPHYR_GPIO_H
#define BENCH_ZEPHYR_GPIO_H
#include <zephyr/device.h>
struct gpio_dt_spec { const struct device *port; uint8_t pin; uint16_t dt_flags; };
struct gpio_callback { int none; };
#define GPIO_DT_SPEC_INST_GET_OR(inst, property, otherwise) otherwise
#endif
