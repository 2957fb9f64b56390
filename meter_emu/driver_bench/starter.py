"""What a driver in C is built with, copied to a folder: host, headers, examples, Makefile."""

from importlib.resources import files
from pathlib import Path
from typing import Final

from meter_emu.errors import OutputError

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


def write_starter(folder: str) -> list[Path]:
    """Write the files to a folder that is new or empty; raise `OutputError`."""
    to = Path(folder)
    try:
        to.mkdir(parents=True, exist_ok=True)
        if any(to.iterdir()):
            raise OutputError(folder, "is not empty")
        written = []
        host = files("meter_emu.driver_bench") / "host"
        for source in (*host.iterdir(), *(host / "examples").iterdir()):
            if source.is_file():
                path = to / source.name.removesuffix(".txt")
                path.write_bytes(source.read_bytes())
                written.append(path)
        makefile = to / "Makefile"
        makefile.write_text(_MAKEFILE, "utf-8")
    except OSError as error:
        raise OutputError(folder, (error.strerror or str(error)).lower()) from None
    return sorted((*written, makefile))
