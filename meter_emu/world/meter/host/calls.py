"""What is done for a frame of a program in C: the call, and the bytes of its answer.

All of it follows from the rows of `meter_emu.ports`: a frame names a call by its number, and its
data and answer are the row's words.
"""

import struct
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, get_type_hints

from card_protocol.errors import LinkError
from meter_emu.ports import CALLS, PortCall, Ports

# Doubt: that header and host are of one version is asked when a program is started. The byte in
# each frame finds no program that this does not, until frames are kept or sent further.
DONE: Final = 253  # a poll has returned; its data is the hint
WRONG: Final = 254  # the program made a mistake; its data says which
FULL: Final = 255  # no room for more frames: what is there is to be done
PACKED: Final = {"u8": "B", "u16": "H", "u32": "I", "flag": "?"}

Carried: TypeAlias = Callable[[bytes], bytes | None]
_Port: TypeAlias = Callable[..., Any]
_Arguments: TypeAlias = Callable[[bytes], tuple[Any, ...]]
_BYTE: Final = tuple(bytes((number,)) for number in range(256))
_PACK_U32: Final = struct.Struct("<I").pack


def carried(ports: Ports) -> Mapping[int, Carried]:
    """Return what is done for each number of a frame: its answer, `None` if it has none."""
    return {
        call.number: _ANSWERS[call.answers](getattr(ports, name), _SENT[name])
        for name, call in CALLS.items()
    }


# Each of these is a call's whole way, in one function: a story has tens of thousands of calls.
def _none(port: _Port, sent: _Arguments | None) -> Carried:
    if sent is None:
        return lambda _: port()
    return lambda data: port(*sent(data))


def _empty(port: _Port, sent: _Arguments | None) -> Carried:
    assert sent is not None, "a call that only takes time takes how much"
    return lambda data: port(*sent(data)) or b""


def _byte(port: _Port, sent: _Arguments | None) -> Carried:
    if sent is None:
        return lambda _: _BYTE[port()]
    return lambda data: _BYTE[port(*sent(data))]


def _u32(port: _Port, sent: _Arguments | None) -> Carried:
    if sent is None:
        return lambda _: _PACK_U32(port())
    return lambda data: _PACK_U32(port(*sent(data)))


def _some(port: _Port, sent: _Arguments | None) -> Carried:
    assert sent is not None, "a call that may have no answer sends something"

    def answered(data: bytes) -> bytes:
        try:
            got = port(*sent(data))
        except LinkError:
            return b"\0"
        return b"\0" if got is None else b"\1" + got

    return answered


_ANSWERS: Final[Mapping[str | None, Callable[[_Port, _Arguments | None], Carried]]] = {
    None: _none,
    "": _empty,
    "flag": _byte,
    "u8": _byte,
    "u32": _u32,
    "bytes": _none,
    "flag bytes": _some,
}


def _sent(name: str, call: PortCall) -> _Arguments | None:
    """Return what makes the arguments of a call from the data of its frame, `None` for no data.

    It raises `ValueError` or `struct.error` for data that is none.
    """
    if not call.sends:
        return None
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


_SENT: Final = {name: _sent(name, call) for name, call in CALLS.items()}
