"""Tokens as their public documents have them: STS (IEC 62055-41), OpenPAYGO and its SipHash."""

from collections.abc import Iterator
from typing import Final, NamedTuple

_STS_KINDS: Final = {0: {0, 1, 2, 3}, 1: {0, 1}, 2: {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
_SECTION: Final = {3: 1, 4: 2, 8: 3, 9: 4}


def sts_parts(digits: str) -> tuple[int, int] | None:
    """Return class and block of 20 digits: the class in bits 28-27, theirs above bit 63."""
    if len(digits) != 20 or not (digits.isascii() and digits.isdecimal()) or int(digits) >> 66:
        return None
    bits = f"{int(digits):066b}"
    return int(bits[37:39], 2), int(bits[2:37] + bits[:2] + bits[39:], 2)


def sts_crc(token_class: int, upper: int) -> int:
    """Return the CRC of a token: CRC-16/MODBUS of its 50 bits in seven bytes, low byte first."""
    crc = 0xFFFF
    bits = f"{token_class << 48 | upper:056b}"
    for at in range(0, 56, 8):
        for bit in reversed(bits[at : at + 8]):
            crc = (crc >> 1) ^ (0xA001 if crc & 1 != int(bit) else 0)
    return int.from_bytes(crc.to_bytes(2, "little"), "big")


def sts_amount(code: int) -> int:
    """Return the tenths of an amount code: 10^e times m, and 2^14 times 10^k for each k below e."""
    exponent, mantissa = divmod(code, 1 << 14)
    return int(10**exponent) * mantissa + sum(int(10**one) << 14 for one in range(exponent))


def sts_fields(token_class: int, upper: int) -> tuple[int, ...] | None:
    """Return what a clear block says, its subclass first; `None` where no document says what."""
    kind, rest = divmod(upper, 1 << 44)
    if kind not in _STS_KINDS.get(token_class, ()):
        return None
    if token_class == 1:
        return kind, *divmod(rest, 1 << (16 if kind else 8))
    if token_class == 2 and kind in _SECTION:
        return _SECTION[kind], *divmod(rest, 1 << 32)
    rnd, rest = divmod(rest, 1 << 40)
    tid, value = divmod(rest, 1 << 16)
    if token_class == 2 and ((kind == 1 and 7 < value < 0xFFFF) or (kind == 5 and value)):
        return None
    return kind, rnd, tid, value


def pan_holds(digits: str) -> bool:
    """Whether 18 digits are a MeterPAN: its last digit, and that of the meter's number, by Luhn."""
    if len(digits) != 18 or not (digits.isascii() and digits.isdecimal()):
        return False
    number = digits[4 if digits[:4] == "0000" else 6 : -1]
    return all(
        not sum(sum(divmod(int(one) * (1 + at % 2), 10)) for at, one in enumerate(part[::-1])) % 10
        for part in (number, digits)
    )


# OpenPAYGO ----------------------------------------------------------------------------------------


def _siphash(key: bytes, data: bytes) -> int:
    """SipHash-2-4, step by step as its authors print it."""
    mask = 2**64 - 1
    k0, k1 = (int.from_bytes(half, "little") for half in (key[:8], key[8:]))
    v = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D,
         k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]  # fmt: skip

    def rotated(value: int, count: int) -> int:
        return (value << count | value >> 64 - count) & mask

    def mix(times: int) -> None:
        for _ in range(times):
            for a, b, first, then in ((0, 1, 13, 32), (2, 3, 16, 0), (0, 3, 21, 0), (2, 1, 17, 32)):
                v[a] = v[a] + v[b] & mask
                v[b] = rotated(v[b], first) ^ v[a]
                v[a] = rotated(v[a], then) if then else v[a]

    padded = data + bytes(-(len(data) + 1) % 8) + bytes((len(data) % 256,))
    for at in range(0, len(padded), 8):
        word = int.from_bytes(padded[at : at + 8], "little")
        v[3] ^= word
        mix(2)
        v[0] ^= word
    v[2] ^= 0xFF
    mix(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def paygo_chain(key: bytes, start: int, last: int, *, long: bool) -> Iterator[int]:
    """Yield the codes of counts 0 and on, all of them ending in these digits (`last`)."""
    values, most = (10**6, 10**12 - 1) if long else (10**3, 10**9 - 1)
    code = start // values * values + last
    while True:
        yield code // values * values + last
        digest = _siphash(key, code.to_bytes(8, "big") if long else code.to_bytes(4, "big") * 2)
        if long:
            code = digest >> 24
            code -= (1 << 40) - most if code > most else 0
        else:
            code = (digest >> 32 ^ digest & 0xFFFFFFFF) >> 2
            code -= (1 << 30) - most if code > most else 0


class PaygoDevice(NamedTuple):
    """A device's last count and the older ones that it knows to be used."""

    last: int
    used: frozenset[int]


def paygo_says(
    device: PaygoDevice, value: int, count: int, *, long: bool
) -> tuple[str, PaygoDevice]:
    """Return what a device answers to the genuine token of a value and a count."""
    sync, off = not long and value == 999, not long and value == 998
    if count > min(0xFFFF, device.last + (100 if sync else 64)):
        return "INVALID", device
    if not long and value in {996, 997}:
        return "RESERVED", device
    adds = not (sync or off or count % 2)
    if sync:
        takes = count > device.last - 64
    else:
        older = device.last - 16 < count < device.last and count not in {0, *device.used}
        takes = count > device.last or (adds and older)
    if not takes:
        return "USED", device
    if not adds:  # all that is older is closed
        return "TAKEN", PaygoDevice(count, frozenset(range(max(0, count - 15), count + 1)))
    last = max(count, device.last)
    used = device.used | {count, device.last}
    return "TAKEN", PaygoDevice(last, frozenset(one for one in used if one > last - 16))


def paygo_code(text: str, *, restricted: bool) -> int | None:
    """Return the code of a token's digits, nine or twelve of ten, or fifteen or twenty of four."""
    most = {15: 9, 20: 12} if restricted else {9: 9, 12: 12}
    if len(text) not in most or not set(text) <= set("1234" if restricted else "0123456789"):
        return None
    code = int("".join(str(int(one) - 1) for one in text), 4) if restricted else int(text)
    return code if code < 10 ** most[len(text)] else None
