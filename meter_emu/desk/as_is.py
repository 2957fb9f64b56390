"""A faulty office: given values in the desk's record on a card, with a right MAC.

For meters to refuse; no office of ours writes them.
"""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Final, final

from card_protocol.formats.budget.generations import CardRecords
from meter_emu.errors import DeskError

_OF_WALLET: Final = frozenset({"loaded_cents", "load_count"})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AsIs:
    """Field values that override what the office would write; None means no override."""

    defer_until: bytes | None = None
    defer_min: int | None = None
    cut_at: bytes | None = None
    cut_min: int | None = None
    zone_rule: int | None = None
    loaded_cents: int | None = None
    load_count: int | None = None
    token: bytes | None = None
    flags: int | None = None
    reserved: bytes | None = None

    @property
    def said(self) -> dict[str, Any]:
        """Return the fields with an override."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @property
    def of_order(self) -> bool:
        """Whether a field of the order has one."""
        return not self.said.keys() <= _OF_WALLET


def as_is(account: CardRecords, wanted: AsIs) -> CardRecords:
    """Return an account with these fields, unsealed; raise `DeskError` for an unknown one."""
    has = {field.name for field in fields(account.desk)}
    for name in wanted.said:
        if name not in has:
            raise DeskError(f"a card of generation {account.identity.generation} has no {name}")
    return account._replace(desk=replace(account.desk, **wanted.said))
