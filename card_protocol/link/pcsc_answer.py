"""What the process that owns a reader answers, as `pcsc_child` sends it: read, never believed.

The names and bytes in an answer come from readers and cards. An answer that is none, or none to
what was asked, is an `UndecodedError`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Generic, TypeVar, final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from card_protocol.decoding import decoding

_Hex = Annotated[str, Meta(pattern=r"\A([0-9a-f]{2})*\Z")]
_Name = Annotated[str, Meta(min_length=1)]
_Done = TypeVar("_Done")


@final
class Connected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card that was powered: its ATR in hex, and whether it speaks T=0."""

    atr: _Hex
    t0: bool


@final
class PcscAnswer(
    msgspec.Struct, Generic[_Done], frozen=True, forbid_unknown_fields=True, omit_defaults=True
):
    """Either what was `done`, or the PC/SC `call` that failed and the name of its `fault`."""

    done: _Done | UnsetType = UNSET
    call: _Name = ""
    fault: _Name = ""

    def __post_init__(self) -> None:
        if not (self.done is UNSET) == bool(self.call) == bool(self.fault):
            raise ValueError("want either what was done, or the call and its fault")


_ANSWERS: Final[Mapping[str, msgspec.json.Decoder[PcscAnswer[Any]]]] = {
    "readers": msgspec.json.Decoder(PcscAnswer[list[str]]),
    "wait": msgspec.json.Decoder(PcscAnswer[bool]),
    "connect": msgspec.json.Decoder(PcscAnswer[Connected]),
    "transmit": msgspec.json.Decoder(PcscAnswer[_Hex]),
    "leave": msgspec.json.Decoder(PcscAnswer[None]),
}


def parse_answer(do: str, line: bytes) -> PcscAnswer[Any]:
    """Return the answer to a request to `do` something; raise `UndecodedError` for none."""
    with decoding():
        return _ANSWERS[do].decode(line)
