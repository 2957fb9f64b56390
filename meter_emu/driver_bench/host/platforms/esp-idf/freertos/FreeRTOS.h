/* FreeRTOS for a driver alone: ticks of 1 ms that pass on the bench, and nobody to wait for. */
#ifndef BENCH_FREERTOS_H
#define BENCH_FREERTOS_H
#include "driver_under_test.h"
#include <stddef.h>
typedef uint32_t TickType_t;
typedef void *SemaphoreHandle_t;
typedef int portMUX_TYPE;
#define pdMS_TO_TICKS(ms) ((TickType_t)(ms))
#define portTICK_PERIOD_MS 1
#define portMAX_DELAY 0xFFFFFFFFu
#define pdTRUE 1
static inline void vTaskDelay(TickType_t ticks) { bus_wait_us(ticks * 1000u); }
static inline TickType_t xTaskGetTickCount(void) { return (TickType_t)(bus_now_us() / 1000); }
#endif
