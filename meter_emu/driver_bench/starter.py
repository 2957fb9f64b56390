"""What a driver in C is built with, copied to a folder: host, headers, examples, Makefile.

For a platform those are stand-ins for its headers, on the bench, written from its public interface:
a driver that is published for it is put next to them and compiles as it is.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from meter_emu.errors import ConfigError, OutputError
from meter_emu.nearest import hint

# What has headers in `host/platforms`, and whose drivers are meant.
PLATFORMS: Final = {
    "arduino": "Arduino libraries: Wire, TimeLib, EEPROM, Adafruit_BusIO",
    "esp-idf": "ESP-IDF: i2c_master, and i2cdev of esp-idf-lib",
    "linux": "Linux 6.3 and later: rtc-*.c over i2c, smbus or regmap, no interrupts",
    "nuttx": "Apache NuttX: I2C_TRANSFER",
    "riot": "RIOT: periph/i2c",
    "zephyr": "Zephyr: drivers/rtc over i2c_dt_spec, one instance, no interrupts",
}
_DEFINES: Final = {"arduino": "-DARDUINO=10819"}  # by which libraries know a core since 1.0
_MAKEFILE: Final = """\
# Each example is a program: `make`, then `meter-emu verify --driver ./callbacks`
CFLAGS   = -std=c99 -O1 -Wall -Wextra -I.
CXXFLAGS = -std=c++11 -O1 -Wall -Wextra -I.
DRIVERS  = callbacks wire port_io words

all: $(DRIVERS)
%: %.c driver_host.o
\t$(CC) $(CFLAGS) -o $@ $^
%: %.cpp driver_host.o
\t$(CXX) $(CXXFLAGS) -o $@ $^
%.int16: %.int16.cpp driver_host.o
\t$(CXX) -std=c++20 -O1 -I. -o $@ $^
%.int16.cpp: %.c
\tmeter-emu verify --int16 $<
driver_host.o: driver_host.c driver_under_test.h
clean:
\trm -f $(DRIVERS) *.o *.int16 *.int16.cpp
"""
_FOR_A_PLATFORM: Final = """\
# Put the driver's own files here, unchanged, and its calls into declares: `make`, then
# `meter-emu verify --driver ./driver`. Every C and C++ file of this folder is a part of it.
DEFINES = {defines}
OBJECTS = $(patsubst %,%.o,$(wildcard *.c *.cpp))

driver: $(OBJECTS)
\t$(CXX) -o $@ $^
%.c.o: %.c
\t$(CC) -std=gnu99 -O1 -I. -Iplatform $(DEFINES) $(CFLAGS) -c -o $@ $<
%.cpp.o: %.cpp
\t$(CXX) -std=gnu++17 -O1 -I. -Iplatform $(DEFINES) $(CXXFLAGS) -c -o $@ $<
clean:
\trm -f driver *.o
"""


def write_starter(folder: str, platform: str = "") -> list[Path]:
    """Write the files to a folder that is new or empty; raise `OutputError`, `ConfigError`."""
    if platform and platform not in PLATFORMS:
        why = f"no platform{hint(platform, PLATFORMS)}; there are {', '.join(PLATFORMS)}"
        raise ConfigError("verify", platform, why)
    to = Path(folder)
    host = files("meter_emu.driver_bench") / "host"
    try:
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise OutputError(folder, "is not empty")
        if platform:
            written = _of_a_platform(host, platform, to)
        else:
            written = [
                _copied(source, to)
                for source in (*host.iterdir(), *(host / "examples").iterdir())
                if source.is_file()
            ]
        makefile = to / "Makefile"
        defines = _DEFINES.get(platform, "")
        made = _FOR_A_PLATFORM.replace("{defines}", defines).replace("= \n", "=\n")
        makefile.write_text(made if platform else _MAKEFILE, "utf-8")
    except OSError as error:
        raise OutputError(folder, (error.strerror or str(error)).lower()) from None
    return sorted((*written, makefile))


def _of_a_platform(host: Traversable, platform: str, to: Path) -> list[Path]:
    """Write host and declaration, and the platform's headers in a folder below."""
    headers = to / "platform"
    there = host / "platforms" / platform
    written = [_copied(host / "driver_host.c", to)]
    headers.mkdir()
    written += [_copied(one, headers) for one in host.iterdir() if one.name.endswith(".h")]
    written += [_copied(one, to) for one in there.iterdir() if one.name.endswith(".txt")]
    if platform == "arduino":
        binary = headers / "binary.h"
        binary.write_text(_binary_constants(), "utf-8")
        written.append(binary)
    return written + _headers_of(there, headers)


def _binary_constants() -> str:
    """Return Arduino's B0 to B11111111, one for each way to write up to eight digits."""
    words = (f"{number:0{digits}b}" for digits in range(1, 9) for number in range(2**digits))
    lines = "".join(f"#define B{word} {int(word, 2)}\n" for word in words)
    return f"#ifndef BENCH_BINARY_H\n#define BENCH_BINARY_H\n{lines}#endif\n"


def _headers_of(folder: Traversable, to: Path) -> list[Path]:
    written = []
    for one in folder.iterdir():
        if one.is_dir():
            (to / one.name).mkdir()
            written += _headers_of(one, to / one.name)
        elif one.name.endswith(".h"):
            written.append(_copied(one, to))
    return written


def _copied(source: Traversable, to: Path) -> Path:
    path = to / source.name.removesuffix(".txt")
    path.write_bytes(source.read_bytes())
    return path
