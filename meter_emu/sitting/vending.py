"""The office that sells tokens for the device of a sitting: it knows what it sold, and no more.

It never forgets a count: who goes back and buys again has the next one.
"""

from typing import Final, final

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.errors import CommandError
from meter_emu.world.households.ledger import SoldToken, token_words, units_in
from meter_emu.world.rehearsal.rig import Rig

SALES: Final = {
    "sell": PaygoKind.ADD_TIME,
    "set": PaygoKind.SET_TIME,
    "unlock": PaygoKind.DISABLE,
}


@final
class TimeOffice:
    """Sells tokens for a rig's device, after all that its household was sold."""

    def __init__(self, rig: Rig) -> None:
        household = rig.household
        self._rig: Final = rig
        sold = (one.count for one in household.tokens if isinstance(one, SoldToken))
        self._last = max([household.age.token_count, *sold])

    def sold(self, line: str) -> str:
        """Sell what a line asks, and return its digits and what they do; raise `CommandError`."""
        word, _, days = " ".join(line.split()).partition(" ")
        kind, model = SALES.get(word), self._rig.household.model
        if kind is None or (not days) is not (kind is PaygoKind.DISABLE):
            raise CommandError(f"this office does sell DAYS, set DAYS, unlock; got {line[:40]!r}")
        try:
            value = units_in(days, model, kind) if days else None
            self._last, digits = self._rig.token(self._last, kind, value)
        except TokenError as error:
            raise CommandError(str(error)) from None
        return f"{digits} {token_words(kind, value, model)}, count {self._last}"


def vending(rig: Rig) -> TimeOffice | None:
    """Return the office that sells time for a rig's device, `None` for another device."""
    return None if rig.household.model.paygo is None else TimeOffice(rig)
