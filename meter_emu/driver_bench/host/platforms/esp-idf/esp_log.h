/* ESP-IDF's log, which says nothing here: a driver's lines on standard output are its answers. */
#ifndef BENCH_ESP_LOG_H
#define BENCH_ESP_LOG_H
#define ESP_LOGE(tag, ...) ((void)(tag))
#define ESP_LOGW(tag, ...) ((void)(tag))
#define ESP_LOGI(tag, ...) ((void)(tag))
#define ESP_LOGD(tag, ...) ((void)(tag))
#define ESP_LOGV(tag, ...) ((void)(tag))
#endif
