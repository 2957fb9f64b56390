/* Pins, of which the bench has none. */
#ifndef BENCH_PERIPH_GPIO_H
#define BENCH_PERIPH_GPIO_H
typedef unsigned gpio_t;
#define GPIO_UNDEF (~0u)
#define GPIO_PIN(port, pin) ((port) << 8 | (pin))
typedef void (*gpio_cb_t)(void *);
#endif
