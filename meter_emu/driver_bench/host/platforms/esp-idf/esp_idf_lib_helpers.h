/* Which machine it is for esp-idf-lib: an ESP32. */
#ifndef BENCH_ESP_IDF_LIB_HELPERS_H
#define BENCH_ESP_IDF_LIB_HELPERS_H
#define HELPER_TARGET_IS_ESP32 1
#define HELPER_TARGET_IS_ESP8266 0
#define ESP_IDF_VERSION_VAL(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))
#define ESP_IDF_VERSION ESP_IDF_VERSION_VAL(5, 1, 0)
#endif
