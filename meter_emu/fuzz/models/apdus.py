"""Commands and answers to reset, read as ISO/IEC 7816-3 and 7816-4 write them down."""

from functools import lru_cache, reduce
from operator import xor
from struct import unpack
from typing import Final, NamedTuple


class CommandFields(NamedTuple):
    """A command: its header, its data, and Ne, `None` where there is no Le."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    ne: int | None


def asked_by(raw: bytes) -> CommandFields | None:
    """Return the command in these bytes, `None` where they are none (ISO/IEC 7816-3, 12.1.3)."""
    if len(raw) < 4:
        return None
    body, size = raw[4:], len(raw) - 4
    data, ne = b"", None
    if size == 1:
        ne = 256 if body == b"\0" else body[0]
    elif size > 1 and body[0]:
        data, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
        if len(data) < body[0] or len(rest) > 1:
            return None
        ne = None if not rest else 256 if rest == b"\0" else rest[0]
    elif size > 1:
        if size < 3:
            return None
        (long,), rest = unpack(">H", body[1:3]), body[3:]
        if not rest:
            ne = long or 65_536
        elif long == 0 or len(rest) not in {long, long + 2}:
            return None
        else:
            data = rest[:long]
            ne = (unpack(">H", rest[long:])[0] or 65_536) if len(rest) > long else None
    return CommandFields(raw[0], raw[1], raw[2], raw[3], data, ne)


asked_often: Final = lru_cache(256)(asked_by)  # of a card that is sent the same again and again


class ResetFields(NamedTuple):
    """An answer to reset: the protocols it names, Fi of the first TA, its historical bytes."""

    protocols: tuple[int, ...]
    fi: int | None
    historical: bytes


# ISO/IEC 7816-3, table 7: Fi by the high half of TA1; what is missing there is reserved.
_FI = dict(enumerate((372, 372, 558, 744, 1116, 1488, 1860))) | dict(
    enumerate((512, 768, 1024, 1536, 2048), 9)
)


def reset_of(raw: bytes) -> ResetFields | None:
    """Return what an answer to reset says, `None` where its bytes do not add up (8.2)."""
    if not 2 <= len(raw) <= 33 or raw[0] not in {0x3B, 0x3F}:
        return None
    at, announced, named, ta1, first = 2, raw[1] >> 4, [], 0x11, True
    while announced:
        group = {}
        for bit in (1, 2, 4, 8):
            if announced & bit:
                if at >= len(raw):
                    return None
                group[bit], at = raw[at], at + 1
        if first:
            ta1, first = group.get(1, ta1), False
        td = group.get(8)
        announced = 0 if td is None else td >> 4
        if td is not None:
            named.append(td & 0xF)
    historical = raw[at : at + (raw[1] & 0xF)]
    checked = any(protocol != 0 for protocol in named)
    if len(raw) != at + (raw[1] & 0xF) + checked:
        return None
    if checked and reduce(xor, raw[1:]):
        return None
    offered = tuple(dict.fromkeys(one for one in named if one != 15))  # 15 marks global bytes
    return ResetFields(offered or (0,), _FI.get(ta1 >> 4), historical)
