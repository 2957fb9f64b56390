"""A driver in C as C++ in which `int` has 16 bits, as on small machines: overflows a host hides.

Types and literals are renamed up to the line that says `what declares it`; below it all stays as it
is. `int16.h` has the types. What C++ refuses of it, such as `?:` of two types, wants a cast.
"""

import re
from pathlib import Path
from typing import Final

from meter_emu.errors import ConfigError, OutputError
from meter_emu.resources import read_file

_MARK: Final = "what declares it"
_TYPES: Final = (
    (r"(?:unsigned\s+)?long\s+long(?:\s+int)?|u?int64_t", "bench_i64"),
    (r"unsigned\s+long(?:\s+int)?|long\s+unsigned(?:\s+int)?|uint32_t", "bench_u32"),
    (r"unsigned\s+char|uint8_t|byte", "bench_u8"),
    (r"unsigned\s+short(?:\s+int)?|uint16_t|size_t", "bench_u16"),
    (r"(?:signed\s+)?long(?:\s+int)?|int32_t|time_t", "bench_i32"),
    (r"signed\s+char|int8_t", "bench_i8"),
    (r"unsigned(?:\s+int)?", "bench_u16"),
    (r"(?:signed\s+)?short(?:\s+int)?|int16_t|signed(?:\s+int)?|int", "bench_i16"),
)
_LITERAL: Final = re.compile(r"(0[xX][0-9A-Fa-f]+|\d+)([uUlL]*)")
_TOKEN: Final = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|^[ \t]*#[ \t]*(?!define)[^\n]*"
    r"|\d+\.\d*[fF]?|(?<![\w.])(?:0[xX][0-9A-Fa-f]+|\d+)[uUlL]*(?![\w.])|[A-Za-z_]\w*(?:\s+(?:char|"
    r"short|int|long|unsigned)\b)*",
    re.DOTALL | re.MULTILINE,
)


def write_int16(path: str) -> Path:
    """Write `driver.int16.cpp` next to `driver.c`; raise `ConfigError` for a file that is none."""
    try:
        text = read_file(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("verify", path, f"cannot be read: {error}") from None
    if _MARK not in text:
        why = f"has no line with {_MARK!r}, below which your declaration is"
        raise ConfigError("verify", path, why)
    driver, mark, declares = text.partition(_MARK)
    to = Path(path).with_suffix(".int16.cpp")
    try:
        to.write_text(f'#include "int16.h"\n{translated(driver)}{mark}{declares}', "utf-8")
    except OSError as error:
        raise OutputError(str(to), (error.strerror or str(error)).lower()) from None
    return to


def translated(text: str) -> str:
    """Return C with the types and literals of a machine of 16 bits; comments and texts stay."""
    return _TOKEN.sub(lambda found: _renamed(found[0]), text)


def _renamed(token: str) -> str:
    literal = _LITERAL.fullmatch(token)
    if literal:
        suffix = "".join(sorted(set(literal[2].lower()), reverse=True))
        return f"{literal[1]}_16{suffix}"
    if re.match(r"[A-Za-z_]", token):
        for pattern, name in _TYPES:
            if re.fullmatch(pattern, token):
                return name
        first, _, rest = token.partition(" ")
        if rest and re.match(r"[A-Za-z_]", rest):  # `static unsigned int`
            return f"{first} {_renamed(rest.lstrip())}"
    return token
