"""Records as the tables of docs/card-format.md, memory-card.md and meter-image.md have them."""

from struct import calcsize, unpack
from typing import Any, Final
from zlib import crc32

# The magic of each record, and its fields as `struct` writes them down.
_RECORDS: Final = {
    "clock order": (b"CC", ">2sBBQIH6s8s"),
    "desk part": (b"D", ">sBHIHH10sHHHHIH8s"),
    "desk record": (b"BD", ">2sBBIII5s5s8sHIIHII2s8s"),
    "desk record of instants": (b"BD", ">2sBBIIII5sI5sB8sHIIHII9s8s"),
    "factory record": (b"MF", ">2sBB24sQBBHHIHHIIIBBHHHH16s16s16s16s16sIH94sI"),
    "identity": (b"BI", ">2sBBQQII5sIB2s8s"),
    "identity part": (b"I1", ">2sBQHIH5s8s"),
    "meter part": (b"M", ">sBHHIBBBHiIHHBIIII8s"),
    "state record": (
        b"MS", ">2sBBIIIHIHIBBBBIIIIqQIIIIIIHHH12s12s64sIIIIBII12sIIHIIB8sIHI"
    ),
    "write-back": (b"BB", ">2sBBQI8s5sBHIIIIqQIIII8sBBBB5s5sHIIHII24s8s"),
}  # fmt: skip
_BEYOND_S: Final = 36_525 * 86_400  # of 2000 to 2099
_MOST_UEUR: Final = 1 << 62
_MOST_CENTS: Final = 0xFFFFFFFF // 10_000  # micro-euro of emergency credit fill four bytes
_RESULTS: Final = {*range(5), *range(0x10, 0x2B)} - {0x19, 0x25, 0x27}
# Where what a memory may say ends: both sides of each are tried.
LIMITS: Final = (2, 9, 0x2A, 1_000, 1_440, 1_000_000, _MOST_CENTS, _BEYOND_S, _MOST_UEUR)
_SLOT: Final = 512
_VERSION: Final = 2


def is_documented(name: str) -> bool:
    """Whether our pages have the table of a record: those of somebody else's family have none."""
    return name in _RECORDS


def fields_of_record(name: str, raw: bytes) -> tuple[Any, ...] | None:
    """Return the values in a record's bytes, `None` where they are none of that name."""
    magic, fields = _RECORDS[name]
    if len(raw) != calcsize(fields) or raw[: len(magic)] != magic:
        return None
    return unpack(fields, raw)


def copy_of(raw: bytes) -> tuple[int, dict[int, bytes]] | None:
    """Return sequence and records of a plain card's copy, `None` for one that is not whole."""
    if not 14 <= len(raw) <= _SLOT or crc32(raw[:-4]) != int.from_bytes(raw[-4:], "big"):
        return None
    magic, version, count, sequence, size = unpack(">2sBBIH", raw[:10])
    body = raw[10 + 3 * count : -4]
    if (magic, version, size) != (b"PE", 1, len(raw)) or count > 30 or len(raw) < 14 + 3 * count:
        return None
    found: dict[int, bytes] = {}
    for row in range(10, 10 + 3 * count, 3):
        length = int.from_bytes(raw[row + 1 : row + 3], "big")
        found[raw[row]], body = body[:length], body[length:]
        if len(found[raw[row]]) < length:
            return None
    return None if body or len(found) != count else (sequence, found)


def civil_of(raw: bytes) -> tuple[int, ...] | None:
    """Return the civil time in five bytes of BCD, `None` for a digit or number out of range."""
    digits = raw.hex()
    if not digits.isdecimal():
        return None
    parts = (2000 + int(digits[:2]), *(int(digits[at : at + 2]) for at in range(2, 10, 2)))
    return parts if _ranged(*parts) else None


def packed_of(packed: int) -> tuple[int, ...] | None:
    """Return the civil time in a packed minute, `None` for a number out of range."""
    bits = f"{packed:032b}"
    places = ((5, 12), (12, 16), (16, 21), (21, 26), (26, 32))
    year, *rest = (int(bits[at:end], 2) for at, end in places)
    sound = bits.startswith("00000") and year < 100 and _ranged(year, *rest)
    return (2000 + year, *rest) if sound else None


def _ranged(year: int, month: int, day: int, hour: int, minute: int) -> bool:
    """Whether a time can be written: no calendar is asked, 31 February passes."""
    return year < 2100 and 0 < month < 13 and 0 < day < 32 and hour < 24 and minute < 60


# The memory of a meter ----------------------------------------------------------------------------


def factory_holds(raw: bytes) -> bool:
    """Whether a factory record is whole, and its values are possible."""
    found = _whole("factory record", raw)
    if found is None:
        return False
    energy, meter_id, drift_ppb, lent_cents, base, key = (found[at] for at in (2, 4, 9, 12, 15, 16))
    minutes, above_zero = (*found[7:9], *found[19:21]), (meter_id, *found[26:28])
    return (
        energy in {1, 2} and base in {0, 1, 2} and key in {1, 2} and min(above_zero) > 0
        and drift_ppb <= 1_000_000 and lent_cents <= _MOST_CENTS and max(minutes) < 1_440
    )  # fmt: skip


def state_holds(raw: bytes) -> bool:
    """Whether a state record is whole, and its values are possible."""
    found = _whole("state record", raw)
    if found is None:
        return False
    health, supply, account, result = found[10:14]
    price, per_unit, remainder = found[25:28]
    return (
        max(health, found[45]) <= 9 and max(supply, account) <= 2 and result in _RESULTS
        and max(found[4], found[7], found[38]) < _BEYOND_S and found[36] <= 1
        and remainder < 1_000 and per_unit > 0 and 0 < found[33] <= price
        and abs(found[18]) <= _MOST_UEUR and found[19] <= _MOST_UEUR
        and all(end == b"\xff" * 12 or civil_of(end[:5]) for end in (*found[29:31], found[39]))
    )  # fmt: skip


def state_in_force(copies: tuple[bytes, bytes]) -> bytes | None:
    """Return the copy that counts: of two possible ones that of the later sequence, which wraps."""
    first, second = copies
    if state_holds(first) and state_holds(second):
        ahead = int.from_bytes(second[4:8], "big") - int.from_bytes(first[4:8], "big")
        return second if 0 < ahead % (1 << 32) < 1 << 31 else first
    return next((one for one in copies if state_holds(one)), None)


def _whole(name: str, raw: bytes) -> tuple[Any, ...] | None:
    found = fields_of_record(name, raw)
    if found is None or found[1] != _VERSION or crc32(raw[:-4]) != found[-1]:
        return None
    return found
