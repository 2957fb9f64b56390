"""What `card` prints as JSON."""

from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from meter_emu.cli.printed.base import Printed, Shape
from meter_emu.cli.printed.byte_results import PartShownJson, RecordShownJson
from meter_emu.energies import ENERGIES
from meter_emu.resources import means

_Carrier: TypeAlias = Annotated[str, means("secure, plain or memory")]
_EndedBy: TypeAlias = Annotated[
    str, means("what ended it: a command, the end of the input, a signal")
]


class CardNewJson(Printed, tag="card-new/1"):
    """A card that was issued."""

    file: str
    carrier: _Carrier
    energy: Annotated[str, means(f"of the meter: {', '.join(ENERGIES)}")]
    meter: Annotated[int, means("the meter's number")]
    card_number: Annotated[int, means("1 for a meter's first card")]


class ClockCardJson(Printed, tag="card-clock/1"):
    """A technician's card that was made."""

    file: str
    meter: Annotated[int, means("the meter's number")]
    set_to: Annotated[str, means("the time that it sets, UTC")]
    set_error_s: Annotated[int, means("by how many seconds that may be wrong")]


class TriesJson(Shape):
    """How often a wrong key, PIN or code is still taken; a kind of card has some of them."""

    pin: int | UnsetType = UNSET
    meter: int | UnsetType = UNSET
    desk: int | UnsetType = UNSET
    code: int | UnsetType = UNSET


class CardShownJson(Printed, kw_only=True, tag="card-show/1"):
    """The records of a card explained; of a card in a reader, what anyone may read."""

    file: Annotated[str | UnsetType, means("unless it is in a reader")] = UNSET
    life_cycle: Annotated[str | UnsetType, means("in use, blocked; of a file only")] = UNSET
    tries_left: TriesJson | UnsetType = UNSET
    reader: Annotated[str | UnsetType, means("in which the card is")] = UNSET
    carrier: _Carrier
    records: tuple[RecordShownJson, ...]
    around: Annotated[tuple[PartShownJson, ...], means("the rest of the image")]


class CardGotJson(Printed, tag="card-get/1"):
    """A card that was saved from a reader."""

    reader: str
    file: str
    carrier: _Carrier


class CardPutJson(Printed, tag="card-put/1"):
    """A card in a reader that was written over."""

    reader: str
    file: str
    carrier: _Carrier
    replaced: Annotated[str, means("what was on it before, in words")]


class ReadersJson(Printed, tag="card-readers/1"):
    """The readers that PC/SC knows."""

    readers: tuple[str, ...]


class ExchangedJson(Shape):
    """A command and its answer, without what is secret in them."""

    command: Annotated[str, means("in hex; secret data is not shown")]
    answer: Annotated[str, means("in hex with the status word; secret data is not shown")]
    means: Annotated[str, means("what both mean")]


class CardSentJson(Printed, tag="card-send/1"):
    """A dialogue with a card."""

    card: Annotated[str, means("the file or the reader")]
    saved: Annotated[bool, means("whether the file was changed")]
    exchanges: tuple[ExchangedJson, ...]


class CardServedJson(Printed, tag="card-serve/1"):
    """A card that was plugged into PC/SC."""

    file: str
    insertions: int
    changes: Annotated[int, means("how often the file was written")]
    ended_by: _EndedBy


class CardRelayedJson(Printed, tag="card-relay/1"):
    """A real card that was plugged into another reader."""

    reader: str
    insertions: int
    commands: Annotated[int, means("how many came from the terminal")]
    not_sent: Annotated[int, means("of them, how many did not reach the card")]
    ended_by: _EndedBy
