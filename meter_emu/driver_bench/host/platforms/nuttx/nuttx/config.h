/* NuttX's configuration: a driver of a date and time alone. Choose its chip by CFLAGS=-DCONFIG_RTC_DS3231 or so. */
#ifndef BENCH_NUTTX_CONFIG_H
#define BENCH_NUTTX_CONFIG_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#define FAR
#define OK 0
#define CONFIG_RTC 1
#define CONFIG_RTC_DATETIME 1
#define CONFIG_RTC_EXTERNAL 1
#define CONFIG_LIBC_LOCALTIME 1
#define CONFIG_DS3231_I2C_FREQUENCY 400000
#define CONFIG_PCF85263_I2C_FREQUENCY 400000
#define CONFIG_MCP794XX_I2C_FREQUENCY 400000
#define CONFIG_RX8010_I2C_FREQUENCY 400000
#define rtcerr(...) ((void)0)
#define rtcwarn(...) ((void)0)
#define rtcinfo(...) ((void)0)
#endif
