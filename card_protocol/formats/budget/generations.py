"""Which layout each file of a budget card has, by the generation that its identity states."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

from card_protocol.errors import LayoutError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    IDENTITY,
    NOT_BOUND,
    TARIFF,
    WALLET,
    WRITE_BACK,
    IdentityRecord,
    Sfi,
    TariffRecord,
    WalletRecord,
    instants,
)
from card_protocol.formats.budget.instants import InstantOrderRecord
from card_protocol.layout import Layout

AnyOrderRecord: TypeAlias = budget.OrderRecord | InstantOrderRecord


class CardRecords(NamedTuple):
    """What a card carries from the desk to the meter, each record checked."""

    identity: IdentityRecord
    wallet: WalletRecord
    order: AnyOrderRecord
    tariff: TariffRecord

    @property
    def other_tariff(self) -> bool:
        """Whether the tariff is not the record that the order was written with.

        This happens when an old one was put back, and on a secure card when a visit was torn
        between the two.
        """
        return self.order.tariff_mac not in {NOT_BOUND, self.tariff.mac}


ORDERS: Final[Mapping[int, Layout[Any]]] = MappingProxyType(
    {
        budget.GENERATION: budget.ORDER,
        instants.GENERATION: instants.ORDER,
    }
)


def layouts(generation: int) -> Mapping[Sfi, Layout[Any]]:
    """Return the layout of every file of a card of `generation` (a key of `ORDERS`)."""
    return {
        Sfi.IDENTITY: IDENTITY,
        Sfi.WALLET: WALLET,
        Sfi.ORDER: ORDERS[generation],
        Sfi.TARIFF: TARIFF,
        Sfi.WRITE_BACK: WRITE_BACK,
    }


def parse_identity(raw: bytes) -> IdentityRecord:
    """Return the identity in `raw`, of a known generation; its MAC is not checked here.

    Raise `LayoutError` for a wrong size or magic, and for a generation nobody has defined.
    """
    identity = IDENTITY.parse(raw)
    if identity.generation not in ORDERS:
        wanted = " or ".join(str(generation) for generation in ORDERS)
        raise LayoutError(
            IDENTITY.name, offset=2, want=f"generation {wanted}", got=str(identity.generation)
        )
    return identity
