/* ESP-IDF's I²C master on the bench: what is sent and what is read is one access. */
#ifndef BENCH_DRIVER_I2C_MASTER_H
#define BENCH_DRIVER_I2C_MASTER_H
#include "driver/gpio.h"
#include "driver_under_test.h"
#include <string.h>

typedef int i2c_port_t, i2c_port_num_t;
typedef enum { I2C_ADDR_BIT_LEN_7, I2C_ADDR_BIT_LEN_10 } i2c_addr_bit_len_t;
typedef struct { i2c_addr_bit_len_t dev_addr_length; uint16_t device_address; uint32_t scl_speed_hz, scl_wait_us; } i2c_device_config_t;
typedef struct { i2c_port_num_t i2c_port; gpio_num_t sda_io_num, scl_io_num; int clk_source; uint8_t glitch_ignore_cnt; } i2c_master_bus_config_t;
typedef struct { uint8_t address; } *i2c_master_dev_handle_t;
typedef void *i2c_master_bus_handle_t;
enum { I2C_NUM_0, I2C_NUM_1, I2C_CLK_SRC_DEFAULT = 0 };

static inline esp_err_t bench_access(uint8_t address, const void *out, size_t out_count, void *in, size_t in_count) {
    int got = bus_transfer(address, (const uint8_t *)out, (int)out_count, (uint8_t *)in, (int)in_count);
    return got == (int)in_count ? ESP_OK : ESP_FAIL;
}
static inline esp_err_t i2c_new_master_bus(const i2c_master_bus_config_t *config, i2c_master_bus_handle_t *bus) {
    *bus = (void *)config;
    return ESP_OK;
}
static inline esp_err_t i2c_del_master_bus(i2c_master_bus_handle_t bus) { (void)bus; return ESP_OK; }
static inline esp_err_t i2c_master_bus_add_device(i2c_master_bus_handle_t bus, const i2c_device_config_t *config, i2c_master_dev_handle_t *device) {
    static uint8_t addresses[128]; /* a handle is a place in it */
    const int at = config->device_address & 127;
    (void)bus;
    addresses[at] = (uint8_t)at;
    *device = (i2c_master_dev_handle_t)&addresses[at];
    return ESP_OK;
}
static inline esp_err_t i2c_master_bus_rm_device(i2c_master_dev_handle_t device) { (void)device; return ESP_OK; }
static inline esp_err_t i2c_master_probe(i2c_master_bus_handle_t bus, uint16_t address, int ms) {
    (void)bus; (void)ms;
    return bench_access((uint8_t)address, NULL, 0, NULL, 0);
}
static inline esp_err_t i2c_master_transmit(i2c_master_dev_handle_t device, const uint8_t *out, size_t count, int ms) {
    (void)ms;
    return bench_access(device->address, out, count, NULL, 0);
}
static inline esp_err_t i2c_master_receive(i2c_master_dev_handle_t device, uint8_t *in, size_t count, int ms) {
    (void)ms;
    return bench_access(device->address, NULL, 0, in, count);
}
static inline esp_err_t i2c_master_transmit_receive(i2c_master_dev_handle_t device, const uint8_t *out, size_t out_count, uint8_t *in, size_t in_count, int ms) {
    (void)ms;
    return bench_access(device->address, out, out_count, in, in_count);
}
#endif
