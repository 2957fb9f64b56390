"""A toy family of cards: all that a third family costs, in one row. A shop sells credit on it.

Like the State Grid card it has its files under DF01, where the budget card has its own, and like
every other family it has dates, numbers and a write-back of its own. It knows no record of another
family: all it shares with them is the way to the card and the meter's words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

import construct as c

from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.card.image import CardImage
from card_protocol.card.virtual import AnyImage, bound_card
from card_protocol.carrier.find import SecureCarrier
from card_protocol.keys import Key
from card_protocol.layout import S32, U16, U32, U64, Layout, Magic
from card_protocol.timestamp import BCD_NONE
from meter_emu.desk.card_image import RecordView, Seal, files_in, part_of
from meter_emu.domain import (
    Contents,
    Identity,
    Order,
    RawEnd,
    Reactivation,
    Result,
    Tariff,
    Wallet,
    WriteBack,
)
from meter_emu.families import CardFamily
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.rows import Part, rows_of

DF: Final = 0xDF01


@dataclass(frozen=True, slots=True)
class Purchase:
    """All that the shop says. `cut_hour` is YYMMDDhh in BCD, on the hour, or FF."""

    magic: Magic
    meter_number: U64
    number: U32
    paid_cents: Annotated[U32, "cent"]
    cut_hour: Annotated[bytes, c.Bytes(4)]


@dataclass(frozen=True, slots=True)
class Return:
    """All that this card has room for of what the meter says."""

    magic: Magic
    result: U16
    left_cents: S32


PURCHASE: Final = Layout("purchase", Purchase, magic=b"\x68\x01")
RETURN: Final = Layout("return", Return, magic=b"\x68\x02")
LAYOUTS: Final[tuple[Layout[Any], ...]] = (PURCHASE, RETURN)
TREE: Final = FileTree(
    FileSpec(DF, number, number, layout.size_bytes, Access.ALWAYS, who)
    for number, (layout, who) in enumerate(
        zip(LAYOUTS, (Access.DESK, Access.METER), strict=True), start=1
    )
)


def issue(master: Key, purchase: Purchase) -> CardImage:
    """Return a card of the family with one purchase on it."""
    contents = PURCHASE.build(purchase), b"\xff" * RETURN.size_bytes
    return bound_card(master, purchase.meter_number, TREE, contents, pin="0000")


class PurchaseDialogue(CardDialogue):
    """One session with one powered card of the family."""

    def _identify(self) -> None:
        self._terminal.select(DF)
        self._carrier = SecureCarrier(self._terminal)
        self._purchase = PURCHASE.parse(self._carrier.read(1, PURCHASE.size_bytes))

    def _read(self, challenge: bytes) -> Contents | Result:
        said, none = self._purchase, RawEnd(BCD_NONE)
        if said.meter_number != self._factory.meter_id:
            return Result.WRONG_METER
        if not self._authenticated(self._carrier, challenge):
            return Result.CARD_NOT_GENUINE
        cut = none if said.cut_hour == b"\xff" * 4 else RawEnd(said.cut_hour + b"\x00")
        mac = said.number.to_bytes(8, "big")
        return Contents(
            Identity(1, none),
            Wallet(said.paid_cents, said.number),
            Order(
                said.number,
                mac,
                none,
                cut,
                True,
                False,
                Reactivation.NONE,
            ),
            Tariff(1, 250, 250, 1000),
            issued_at_min=None,
            seen_session=0,
        )

    def _written(self, said: WriteBack) -> None:
        record = Return(RETURN.magic, said.result, said.balance_ueur // 10_000)
        self._carrier.write({2: RETURN.build(record)})


def explain(image: AnyImage, _master: Key) -> tuple[RecordView, ...] | None:
    """Return both records, which have no MAC."""
    if not isinstance(image, CardImage) or image.tree.specs != TREE.specs:
        return None
    return tuple(
        RecordView(layout.name, f"file {number}", len(raw), Seal.OK, rows_of(layout, raw, {}), ())
        for number, (layout, raw) in enumerate(zip(LAYOUTS, image.contents, strict=True), start=1)
    )


def parts(image: AnyImage, master: Key) -> Iterator[Part]:
    """Yield both records where they lie."""
    for view, file in zip(explain(image, master) or (), files_in(image), strict=False):  # type: ignore[arg-type]  # a card of files has views
        yield part_of(view, file.at)


TOY: Final = CardFamily(
    name="toy card", layouts=LAYOUTS, dialogue=PurchaseDialogue, explain=explain, parts=parts
)
