/* esp-idf-lib's devices on the bench: a register and what is read or written is one access. */
#ifndef BENCH_I2CDEV_H
#define BENCH_I2CDEV_H
#include "driver/i2c_master.h"
#include "esp_idf_lib_helpers.h"
#include "freertos/FreeRTOS.h"

typedef enum { I2C_DEV_WRITE, I2C_DEV_READ } i2c_dev_type_t;
typedef struct {
    i2c_port_t port;
    uint16_t addr;
    i2c_addr_bit_len_t addr_bit_len;
    SemaphoreHandle_t mutex;
    uint32_t timeout_ticks;
    struct {
        gpio_num_t sda_io_num, scl_io_num;
        uint8_t sda_pullup_en, scl_pullup_en;
        struct { uint32_t clk_speed; } master;
    } cfg;
} i2c_dev_t;

static inline esp_err_t i2cdev_init(void) { return ESP_OK; }
static inline esp_err_t i2cdev_done(void) { return ESP_OK; }
static inline esp_err_t i2c_dev_create_mutex(i2c_dev_t *dev) { (void)dev; return ESP_OK; }
static inline esp_err_t i2c_dev_delete_mutex(i2c_dev_t *dev) { (void)dev; return ESP_OK; }
static inline esp_err_t i2c_dev_take_mutex(i2c_dev_t *dev) { (void)dev; return ESP_OK; }
static inline esp_err_t i2c_dev_give_mutex(i2c_dev_t *dev) { (void)dev; return ESP_OK; }
static inline esp_err_t i2c_dev_read(const i2c_dev_t *dev, const void *out, size_t out_count, void *in, size_t in_count) {
    return bench_access((uint8_t)dev->addr, out, out_count, in, in_count);
}
static inline esp_err_t i2c_dev_write(const i2c_dev_t *dev, const void *reg, size_t reg_count, const void *out, size_t count) {
    uint8_t both[256];
    if (reg_count + count > sizeof both) return ESP_ERR_INVALID_SIZE;
    if (reg_count) memcpy(both, reg, reg_count);
    if (count) memcpy(both + reg_count, out, count);
    return bench_access((uint8_t)dev->addr, both, reg_count + count, NULL, 0);
}
static inline esp_err_t i2c_dev_read_reg(const i2c_dev_t *dev, uint8_t reg, void *in, size_t count) {
    return i2c_dev_read(dev, &reg, 1, in, count);
}
static inline esp_err_t i2c_dev_write_reg(const i2c_dev_t *dev, uint8_t reg, const void *out, size_t count) {
    return i2c_dev_write(dev, &reg, 1, out, count);
}
static inline esp_err_t i2c_dev_probe(const i2c_dev_t *dev, i2c_dev_type_t type) {
    (void)type;
    return bench_access((uint8_t)dev->addr, NULL, 0, NULL, 0);
}
static inline esp_err_t i2c_dev_check_present(const i2c_dev_t *dev) { return i2c_dev_probe(dev, I2C_DEV_WRITE); }
#define I2C_DEV_TAKE_MUTEX(dev) do { esp_err_t err_ = i2c_dev_take_mutex(dev); if (err_ != ESP_OK) return err_; } while (0)
#define I2C_DEV_GIVE_MUTEX(dev) do { esp_err_t err_ = i2c_dev_give_mutex(dev); if (err_ != ESP_OK) return err_; } while (0)
#define I2C_DEV_CHECK(dev, call) do { esp_err_t err_ = (call); if (err_ != ESP_OK) { I2C_DEV_GIVE_MUTEX(dev); return err_; } } while (0)
#define I2C_DEV_CHECK_LOGE(dev, call, ...) I2C_DEV_CHECK(dev, call)
#endif
