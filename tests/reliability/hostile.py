"""What somebody may do to a file before we read it, by chance or to do harm; and how often."""

import os
import re
from collections.abc import Callable
from random import Random
from typing import Final

from tests.cli.test_hostile_text import HOSTILE

# `make test-hostile` asks for 300 of each kind.
EACH: Final = int(os.environ.get("METER_EMU_HOSTILE", "2"))
_NUMBERS: Final = (
    "99999999999999999999", "-1", "0", "1e999", "nan", "inf", "0x7f", "1_0", "4294967296", "1.5",
    "9" * 5_000, "true", '""', "[]", "{}", "9999-12-31T23:59:59", "0001-01-01T00:00:00Z", "24:00",
)  # fmt: skip
_TEXTS: Final = (
    HOSTILE, "../../../../etc/passwd", "/dev/zero", "/dev/stdin", "\0", "a" * 100_000, "%s%n",
    "{0}", "builtins:exec", "os:_exit", "-", "", "\u202e", "\ud7ff\uffff", "<script>", "'; --",
    "$(touch x)",
)  # fmt: skip
_NUMBER: Final = re.compile(rb"(?<![\w.-])-?\d[\d_.:T-]*")
_TEXT: Final = re.compile(rb'"[^"\n]*"')


def _bits(raw: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :]


def _bytes(raw: bytes, chance: Random) -> bytes:
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 40)):
        changed[chance.randrange(len(raw))] = chance.randrange(256)
    return bytes(changed)


def _run(raw: bytes, chance: Random) -> bytes:
    begin, end = _slice(raw, chance)
    return raw[:begin] + chance.choice((b"\0", b"\xff")) * (end - begin) + raw[end:]


def _slice(raw: bytes, chance: Random) -> tuple[int, int]:
    begin = chance.randrange(len(raw))
    return begin, min(len(raw), begin + chance.randint(1, 64))


def _without(raw: bytes, chance: Random) -> bytes:
    begin, end = _slice(raw, chance)
    return raw[:begin] + raw[end:]


def _again(raw: bytes, chance: Random) -> bytes:
    begin, end = _slice(raw, chance)
    return raw[:end] + raw[begin:end] * chance.choice((1, 2, 1_000)) + raw[end:]


def _within(raw: bytes, chance: Random) -> bytes:
    some = chance.choice((HOSTILE.encode(), b"\xc3\x28", b"\xed\xa0\x80", chance.randbytes(20)))
    at = chance.randrange(len(raw))
    return raw[:at] + some + raw[at:]


def _lines(raw: bytes, chance: Random) -> bytes:
    lines = raw.splitlines(keepends=True)
    chance.shuffle(lines)
    return b"".join(lines[: chance.randint(1, len(lines))])


def _one_of(pattern: re.Pattern[bytes], to: Callable[[Random], bytes]) -> "Change":
    def change(raw: bytes, chance: Random) -> bytes:
        places = list(pattern.finditer(raw))
        if not places:
            return _bytes(raw, chance)
        at = chance.choice(places)
        return raw[: at.start()] + to(chance) + raw[at.end() :]

    return change


def _encoded(raw: bytes, chance: Random) -> bytes:
    text = raw.decode("utf-8", "replace")
    return text.encode(chance.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig")))


Change = Callable[[bytes, Random], bytes]
CHANGES: Final[tuple[Change, ...]] = (
    lambda raw, chance: raw[: chance.randrange(len(raw))],
    lambda raw, chance: raw + chance.randbytes(chance.choice((1, 100, 100_000))),
    lambda raw, chance: raw * chance.choice((2, 50)),
    lambda _raw, chance: chance.randbytes(chance.choice((0, 1, 512, 65_536))),
    _bits, _bytes, _run, _without, _again, _within, _lines, _encoded,
    _one_of(_NUMBER, lambda chance: chance.choice(_NUMBERS).encode()),
    _one_of(_NUMBER, lambda chance: str(2 ** chance.randrange(70)).encode()),
    _one_of(_TEXT, lambda chance: f'"{chance.choice(_TEXTS)}"'.encode("utf-8", "surrogatepass")),
    _one_of(_TEXT, lambda chance: chance.choice(_NUMBERS).encode()),
)  # fmt: skip

DEPTH: Final = 100_000
# As text of TOML: what takes a parser deep, or long, or much room.
BOMBS: Final[dict[str, Callable[[], str]]] = {
    "brackets": lambda: "a = " + "[" * DEPTH,
    "brackets that close": lambda: "a = " + "[" * DEPTH + "]" * DEPTH,
    "tables in tables": lambda: "a = " + "{ b = " * DEPTH,
    "heads": lambda: "[[" * DEPTH,
    "a key of 50,000 parts": lambda: ".".join("a" * 50_000) + " = 1",
    "a number of a million digits": lambda: "a = " + "9" * 1_000_000,
    "an exponent of a million digits": lambda: "a = 1e" + "9" * 1_000_000,
    "100,000 keys": lambda: "\n".join(f"k{number} = 1" for number in range(100_000)),
    "100,000 tables": lambda: "\n".join(f"[t{number}]" for number in range(100_000)),
    "100,000 households": lambda: "[[household]]\n" * 100_000,
    "a comment of 60 MB": lambda: "#" + "x" * 60_000_000,
    "more than is read": lambda: "#" + "x" * 70_000_000,
    "text of 10 MB": lambda: 'a = "' + "x" * 10_000_000 + '"',
    "text that is not closed": lambda: 'a = """' + "x" * 10_000_000,
    "quotes that are not closed": lambda: '"\\' * 500_000,
    "quotes in triple quotes": lambda: 'a = """' + '""x' * 500_000,
    "a zero byte in a million": lambda: "\0" * 1_000_000,
}
