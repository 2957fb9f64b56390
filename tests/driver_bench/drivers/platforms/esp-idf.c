/* A DS1307 as a component of ESP-IDF has it: read by i2c_master, written by i2cdev. */
#include <driver/i2c_master.h>
#include <esp_log.h>
#include <freertos/task.h>
#include <i2cdev.h>

static i2c_dev_t dev = {.addr = 0x68};
static i2c_master_dev_handle_t device;

static int begin(void) {
    const i2c_master_bus_config_t bus = {.i2c_port = I2C_NUM_0, .sda_io_num = 21, .scl_io_num = 22};
    const i2c_device_config_t at = {.device_address = 0x68, .scl_speed_hz = 100000};
    i2c_master_bus_handle_t handle;
    ESP_RETURN_ON_ERROR(i2c_new_master_bus(&bus, &handle), "clock", "no bus");
    ESP_RETURN_ON_ERROR(i2c_master_probe(handle, 0x68, 100), "clock", "no chip");
    vTaskDelay(pdMS_TO_TICKS(10));
    return i2c_master_bus_add_device(handle, &at, &device);
}
static esp_err_t write_all(const uint8_t *held) {
    I2C_DEV_TAKE_MUTEX(&dev);
    I2C_DEV_CHECK(&dev, i2c_dev_write_reg(&dev, 0, held, 7));
    I2C_DEV_GIVE_MUTEX(&dev);
    return ESP_OK;
}
static esp_err_t read_all(uint8_t *held) {
    static const uint8_t first = 0;
    return i2c_master_transmit_receive(device, &first, 1, held, 7, 1000);
}
static uint8_t to_bcd(int n) { return (uint8_t)(n / 10 << 4 | n % 10); }
static int plain(uint8_t n) { return (n >> 4) * 10 + (n & 15); }

static int set(const struct moment *t) {
    const uint8_t held[7] = {to_bcd(t->second), to_bcd(t->minute), to_bcd(t->hour), (uint8_t)(t->weekday + 1),
                             to_bcd(t->day), to_bcd(t->month), to_bcd(t->year % 100)};
    return write_all(held);
}
static int get(struct moment *t) {
    uint8_t held[7];
    const int refused = read_all(held);
    *t = (struct moment){2000 + plain(held[6]), plain(held[5]), plain(held[4]), plain(held[2] & 0x3F), plain(held[1]),
                         plain(held[0] & 0x7F), held[3] - 1, -1};
    return refused;
}
const driver_under_test_t driver_under_test = {.declared = "chip=ds1307", .begin = begin, .set = set, .get = get};
