"""A desk with a card in its reader, and everything a clerk may do there."""

from collections.abc import Callable
from typing import Any

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.carrier.find import laid_open
from card_protocol.formats.budget import DeskRecord, Sfi
from card_protocol.formats.budget.generations import AnyDeskRecord
from card_protocol.keys import Purpose, derive
from card_protocol.link.link import DirectLink
from card_protocol.timestamp import Civil, decode_bcd_minute
from meter_emu.desk.desk import Account, Desk, Exchange, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.cards import raw_on, resealed, with_raw
from tests.rigs import counted

METER = 541_000_000_001
ISSUED = 10_734_240
T1 = Civil(2020, 6, 30, 9, 0)
T2 = Civil(2020, 7, 3, 23, 1)
DESK_KEY = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)
METER_KEY = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER)
TOKEN_KEY = derive(TEST_MASTER_KEY, Purpose.REACTIVATION, METER)


class Reader:
    """A desk with a card in its reader."""

    def __init__(
        self,
        desk: Desk | None = None,
        image: AnyImage | None = None,
        kind: CardKind = CardKind.SECURE,
    ) -> None:
        self.desk = desk or Desk(TEST_MASTER_KEY, challenge=counted())
        first = image or self.desk.issue(METER, issued_at_min=ISSUED, card_kind=kind)
        self.card = card_of(first, counted())
        self.link = DirectLink(self.card)
        self.link.connect()
        self.exchange = self.link.exchange

    def put(self, sfi: Sfi, raw: bytes) -> None:
        """Change a file behind everybody's back."""
        self.swap(with_raw(self.card.image, sfi, raw))

    def swap(self, image: AnyImage) -> None:
        """Put another card into the reader."""
        self.link.disconnect()
        self.card = card_of(image, counted())
        self.link = DirectLink(self.card)
        self.link.connect()
        self.exchange = self.link.exchange

    def reseal(self, sfi: Sfi, **changes: Any) -> None:
        """Change a record and seal it as only the desk can."""
        self.swap(resealed(self.card.image, sfi, **changes))

    @property
    def in_parts(self) -> bool:
        """Whether the card has parts and no records."""
        return self.card.image.kind is CardKind.MEMORY

    def file(self, sfi: Sfi) -> bytes:
        return raw_on(self.card.image, sfi)

    def files(self) -> tuple[bytes, ...]:
        return tuple(self.file(sfi) for sfi in Sfi)

    def order(self) -> DeskRecord:
        desk = laid_open(self.card.image).contents(DESK_KEY).desk
        assert isinstance(desk, DeskRecord)
        return desk


def dates(order: AnyDeskRecord) -> tuple[Civil | None, Civil | None]:
    return decode_bcd_minute(order.defer_until), decode_bcd_minute(order.cut_at)


DEEDS: dict[str, Callable[[Desk, Exchange], Account]] = {
    "load": lambda d, x: d.serve(x, Work(load_cents=5000), issued_at_min=ISSUED + 1),
    "defer": lambda d, x: d.serve(x, Work(defer_until=T1), issued_at_min=ISSUED + 1),
    "cut": lambda d, x: d.serve(x, Work(cut_at=T2), issued_at_min=ISSUED + 1),
    "arm": lambda d, x: d.serve(x, Work(defer_until=T1, cut_at=T2), issued_at_min=ISSUED + 1),
    "reactivate": lambda d, x: d.serve(x, Work(reactivate=True), issued_at_min=ISSUED + 1),
    "prepayment": lambda d, x: d.serve(x, Work(prepayment=False), issued_at_min=ISSUED + 1),
    "limiter": lambda d, x: d.serve(x, Work(limiter=True), issued_at_min=ISSUED + 1),
    "tariff": lambda d, x: d.serve(x, Work(tariff=Pricing.of(2, 275)), issued_at_min=ISSUED + 1),
}
ORDERING = sorted(DEEDS.keys() - {"load"})
ON_EACH = pytest.mark.parametrize("kind", list(CardKind), ids=lambda kind: kind.name.lower())
BY_DEED = pytest.mark.parametrize("deed", DEEDS)
