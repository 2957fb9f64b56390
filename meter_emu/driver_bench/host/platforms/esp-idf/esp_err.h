/* ESP-IDF's results. */
#ifndef BENCH_ESP_ERR_H
#define BENCH_ESP_ERR_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef int esp_err_t;
enum {
    ESP_OK = 0, ESP_FAIL = -1, ESP_ERR_NO_MEM = 0x101, ESP_ERR_INVALID_ARG = 0x102, ESP_ERR_INVALID_STATE = 0x103,
    ESP_ERR_INVALID_SIZE = 0x104, ESP_ERR_NOT_FOUND = 0x105, ESP_ERR_NOT_SUPPORTED = 0x106, ESP_ERR_TIMEOUT = 0x107,
    ESP_ERR_INVALID_RESPONSE = 0x108
};
#define ESP_ERROR_CHECK(call) ((void)(call))
#define ESP_RETURN_ON_ERROR(call, tag, ...) do { esp_err_t err_ = (call); if (err_ != ESP_OK) return err_; } while (0)
#define ESP_RETURN_ON_FALSE(met, err, tag, ...) do { if (!(met)) return (err); } while (0)
static inline const char *esp_err_to_name(esp_err_t err) { return err == ESP_OK ? "ESP_OK" : "ESP_FAIL"; }
#endif
