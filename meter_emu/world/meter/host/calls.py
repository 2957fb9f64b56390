"""What is done for a frame of a program in C: the call, and the bytes of its answer.

All of it follows from the rows of `meter_emu.ports`: a frame names a call by its number, and its
data and answer are the row's words.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, get_type_hints

from card_protocol.errors import LinkError
from meter_emu.ports import CALLS, PortCall, Ports

DONE: Final = 253  # a poll has returned; its data is the hint
WRONG: Final = 254  # the program made a mistake; its data says which
FULL: Final = 255  # no room for more frames: what is there is to be done
PACKED: Final = {"u8": "B", "u16": "H", "u32": "I", "flag": "?"}

Carried: TypeAlias = Callable[[bytes], bytes | None]
_Arguments: TypeAlias = Callable[[bytes], tuple[Any, ...]]
_BYTE: Final = tuple(bytes((number,)) for number in range(256))


def carried(ports: Ports) -> Mapping[int, Carried]:
    """Return what is done for each number of a frame: its answer, `None` if it has none."""
    return {call.number: _carried(name, call, getattr(ports, name)) for name, call in CALLS.items()}


def _carried(name: str, call: PortCall, port: Callable[..., Any]) -> Carried:
    packed = _ANSWERS[call.answers](port)
    if not call.sends:
        return lambda _: packed()
    sent = _SENT[name]
    return lambda data: packed(*sent(data))


def _nothing(port: Callable[..., Any]) -> Callable[..., None]:
    return port


def _returned(port: Callable[..., Any]) -> Callable[..., bytes]:
    def packed(*arguments: object) -> bytes:
        port(*arguments)
        return b""

    return packed


def _byte(port: Callable[..., Any]) -> Callable[..., bytes]:
    return lambda *arguments: _BYTE[port(*arguments)]


def _u32(port: Callable[..., Any]) -> Callable[..., bytes]:
    pack = struct.Struct("<I").pack
    return lambda *arguments: pack(port(*arguments))


def _all(port: Callable[..., Any]) -> Callable[..., bytes]:
    return port


def _some(port: Callable[..., Any]) -> Callable[..., bytes]:
    def packed(*arguments: object) -> bytes:
        try:
            got = port(*arguments)
        except LinkError:
            return b"\0"
        return b"\0" if got is None else b"\1" + got

    return packed


_Packer: TypeAlias = Callable[[Callable[..., Any]], Callable[..., bytes | None]]
_ANSWERS: Final[Mapping[str | None, _Packer]] = {
    None: _nothing,
    "": _returned,
    "flag": _byte,
    "u8": _byte,
    "u32": _u32,
    "bytes": _all,
    "flag bytes": _some,
}


def _sent(name: str, call: PortCall) -> _Arguments:
    """Return what makes the arguments of a call from the data of its frame.

    Raise `ValueError` or `struct.error` for data that is none.
    """
    *kinds, _ = get_type_hints(getattr(Ports, name)).values()
    *fixed, last = call.sends.split()
    if last in PACKED:
        unpack = struct.Struct("<" + "".join(PACKED[word] for word in (*fixed, last))).unpack
        if set(kinds) <= {int, bool}:
            return unpack
        (kind,) = kinds
        return lambda data: (kind(*unpack(data)),)
    if last == "text":
        return lambda data: (data.decode("ascii", "replace"),)
    if not fixed:
        return lambda data: (data,)
    head = struct.Struct("<" + "".join(PACKED[word] for word in fixed))
    unpack_from, at = head.unpack_from, head.size
    return lambda data: (*unpack_from(data), data[at:])


_SENT: Final = {name: _sent(name, call) for name, call in CALLS.items() if call.sends}
