"""A skeleton of a second card family: its records, its card and its dialogue, and nothing more.

Like the State Grid card it has its files under DF01, where the budget card has its own, and like
every other family it has dates, numbers and a write-back of its own. It knows no record of the
budget card: all it shares with that one is the way to the card and the meter's words.
"""

from dataclasses import dataclass
from typing import Annotated, Final

import construct as c

from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.card.image import CardImage, personalise
from card_protocol.carrier.sealed import SecureCarrier
from card_protocol.keys import Key, Purpose, derive
from card_protocol.layout import S32, U16, U32, U64, Layout, Magic
from card_protocol.terminal import Terminal
from card_protocol.timestamp import BCD_NONE
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
from meter_emu.firmware.dialogues.base import AskCard, authenticated, refusing
from meter_emu.firmware.layouts import Factory

DF: Final = 0xDF01
SFI_PURCHASE: Final = 1
SFI_RETURN: Final = 2
NO_HOUR: Final = b"\xff" * 4


@dataclass(frozen=True, slots=True)
class Purchase:
    """All that the shop says. `cut_hour` is YYMMDDhh in BCD, on the hour; prices are its own."""

    magic: Magic
    meter_number: U64
    key_card: U16
    purchase_number: U32
    paid_cents: U32
    instruction: U32
    cut_hour: Annotated[bytes, c.Bytes(4)]
    cents_per_mwh: U32
    spare: Annotated[bytes, c.Bytes(32)]


@dataclass(frozen=True, slots=True)
class Return:
    """All that this card has room for of what the meter says."""

    magic: Magic
    result: U16
    left_cents: S32
    register: U32


PURCHASE: Final = Layout("purchase", Purchase, magic=b"\x68\x01")
RETURN: Final = Layout("return", Return, magic=b"\x68\x02")
TREE: Final = FileTree(
    (
        FileSpec(DF, 0x0001, SFI_PURCHASE, PURCHASE.size_bytes, Access.ALWAYS, Access.DESK),
        FileSpec(DF, 0x0002, SFI_RETURN, RETURN.size_bytes, Access.ALWAYS, Access.METER),
    )
)


def card_image(master: Key, purchase: Purchase) -> CardImage:
    """Return a card of the family with one purchase on it."""
    meter_key, desk_key, card_key = (
        derive(master, purpose, purchase.meter_number)
        for purpose in (Purpose.METER_AUTH, Purpose.DESK_AUTH, Purpose.CARD_AUTH)
    )
    return personalise(
        TREE,
        (PURCHASE.build(purchase), b"\xff" * RETURN.size_bytes),
        meter_key=meter_key,
        desk_key=desk_key,
        card_key=card_key,
        pin="0000",
    )


class PurchaseDialogue:
    """One session with one powered card of the family. See `CardDialogue`."""

    def __init__(self, exchange: AskCard, factory: Factory) -> None:
        self._factory = factory
        self._terminal = Terminal(exchange)
        self._carrier = SecureCarrier(self._terminal)
        self._purchase: Purchase | None = None

    def identify(self) -> Result | None:
        return refusing(self._identify)

    def read(self, challenge: bytes) -> Contents | Result:
        return refusing(lambda: self._read(challenge))

    def write_back(self, said: WriteBack) -> None:
        refusing(lambda: self._written(said))

    def _identify(self) -> None:
        self._terminal.select(DF)
        self._purchase = PURCHASE.parse(self._carrier.read(SFI_PURCHASE, PURCHASE.size_bytes))

    def _read(self, challenge: bytes) -> Contents | Result:
        purchase = self._purchase
        assert purchase is not None
        if purchase.meter_number != self._factory.meter_id:
            return Result.WRONG_METER
        if not authenticated(self._carrier, self._factory, challenge):
            return Result.CARD_NOT_GENUINE
        no_end = RawEnd(BCD_NONE)
        cut = no_end if purchase.cut_hour == NO_HOUR else RawEnd(purchase.cut_hour + b"\x00")
        price = purchase.cents_per_mwh // 100  # cents per MWh are hundredths of micro-euro per Wh
        return Contents(
            Identity(purchase.key_card, no_end),
            Wallet(purchase.paid_cents, purchase.purchase_number),
            Order(
                number=purchase.instruction,
                defer_until=no_end,
                cut_at=cut,
                tariff_number=1,
                prepayment_on=True,
                limiter_granted=False,
                reactivation=Reactivation.NONE,
            ),
            Tariff(1, price, price, 1000),
            issued_at_min=None,
        )

    def _written(self, said: WriteBack) -> None:
        left_cents = said.balance_ueur // 10_000
        record = Return(RETURN.magic, said.result, left_cents, said.register_units)
        self._carrier.write({SFI_RETURN: RETURN.build(record)})
