/* A device of Zephyr alone: what DEVICE_DT_INST_DEFINE is given is `bench_device`, `bench_begin` its init. */
#ifndef BENCH_ZEPHYR_DEVICE_H
#define BENCH_ZEPHYR_DEVICE_H
#include "driver_under_test.h"
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <zephyr/sys/util.h>

struct device { const char *name; const void *config; const void *api; void *data; };
static inline bool device_is_ready(const struct device *device) { return device != NULL; }

extern const struct device bench_device;
int bench_begin(void);

/* One instance, all of whose properties are left out of its devicetree. */
#define DT_INST_FOREACH_STATUS_OKAY(define) define(0)
#define DEVICE_DT_INST_DEFINE(inst, init, pm, held, settings, level, priority, calls) \
    const struct device bench_device = {"rtc", settings, calls, held}; \
    int bench_begin(void) { return (init)(&bench_device); } \
    extern const struct device bench_device /* takes the semicolon */
#define DEVICE_API(of, name) const struct of##_driver_api name
#define DT_INST_PROP(inst, property) 0
#define DT_INST_PROP_OR(inst, property, otherwise) otherwise
#define DT_INST_ENUM_IDX(inst, property) 0
#define DT_INST_ENUM_IDX_OR(inst, property, otherwise) otherwise
#define DT_INST_NODE_HAS_PROP(inst, property) 0
#define DT_ANY_INST_HAS_PROP_STATUS_OKAY(property) 0
#define PM_DEVICE_DT_INST_DEFINE(inst, action)
#define PM_DEVICE_DT_INST_GET(inst) NULL
#define CONFIG_RTC_INIT_PRIORITY 50
#define CONFIG_RTC_LOG_LEVEL 0
#ifndef CONFIG_RTC_ALARM
#define CONFIG_RTC_ALARM 1
#endif
#endif
