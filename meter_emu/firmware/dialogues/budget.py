"""The dialogue with a budget card of either generation, on any carrier: read, decide, write back.

The identity is read first and says which generation the card is of; a record of another one on the
same card is no record of it (`BAD_FORMAT`).

Nothing on the card or in the meter changes while reading. The program applies and *saves* what was
read before `write_back` is called, so a card pulled early, or power cut, costs at most the
write-back: numbers and cumulative amounts make the next insertion harmless.
"""

from collections.abc import Callable
from typing import TypeVar

from card_protocol.authentication import Role
from card_protocol.carrier.base import BudgetCard, Carrier, Credentials
from card_protocol.carrier.find import find_among, find_card
from card_protocol.errors import ApduError, LayoutError, LinkError, MacError, NotGenuineError
from card_protocol.formats.budget import DF_OF, WriteBack
from card_protocol.formats.generations import Contents
from card_protocol.keys import Key
from card_protocol.status import SW
from card_protocol.terminal import Terminal
from meter_emu.domain import Energy, Result
from meter_emu.firmware.layouts import Factory
from meter_emu.ports import Ports


class BudgetDialogue:
    """One session with one inserted card."""

    __slots__ = ("_card", "_factory", "_ports")

    def __init__(self, ports: Ports, factory: Factory) -> None:
        self._ports = ports
        self._factory = factory
        self._card: BudgetCard | None = None

    def read(self, challenge: bytes) -> Contents | Result:
        """Return the card's records, or why it is refused. `challenge` is eight fresh bytes."""
        if not self._ports.card_power(True):
            return Result.CARD_UNREADABLE
        return refusing(lambda: self._read(challenge))

    def write_back(self, record: WriteBack) -> None:
        """Write what the meter did on the card that was read; one pulled too early misses this."""
        card, key = self._card, Key(self._factory.key_meter_record)
        assert card is not None, "a card is read before it is written"
        refusing(lambda: _written(card, record, key))

    def leave(self) -> None:
        """Unpower the card, so that no authentication outlives the session."""
        self._ports.card_power(False)

    def _found(self, energy: Energy) -> BudgetCard | None:
        """Return the card, `None` for one of the other energy: SELECTs cost it no try."""
        terminal = Terminal(self._ports.card_exchange)
        try:
            return find_card(terminal, DF_OF[energy])
        except ApduError as error:
            if error.sw != SW.FILE_NOT_FOUND:
                raise
        find_among(terminal, (DF_OF[other] for other in Energy if other is not energy))
        return None

    def _read(self, challenge: bytes) -> Contents | Result:
        energy = Energy(self._factory.energy)
        card = self._card = self._found(energy)
        if card is None:
            return Result.WRONG_ENERGY
        # The identity is readable by anyone: a foreign card is refused before an authentication
        # that must fail, and would cost it one of its tries.
        identity = card.claimed()
        if identity.energy != energy:
            return Result.WRONG_ENERGY
        if identity.meter_id != self._factory.meter_id:
            return Result.WRONG_METER
        if not authenticated(card, self._factory, challenge):
            return Result.CARD_NOT_GENUINE
        return card.contents(Key(self._factory.key_desk_record))


def _written(card: BudgetCard, record: WriteBack, key: Key) -> Result:
    card.write_back(record, key)
    return Result.EXECUTED


def authenticated(card: BudgetCard | Carrier, factory: Factory, challenge: bytes) -> bool:
    """Whether card and meter have proved themselves to each other, as far as the card can."""
    keys = Key(factory.key_meter_auth), Key(factory.key_card_auth)
    try:
        card.authenticate(Credentials(Role.METER, *keys), challenge)
    except ApduError:
        return False
    return True


FoundT = TypeVar("FoundT")


def refusing(job: Callable[[], FoundT | Result]) -> FoundT | Result:
    """Run part of a dialogue; what the card or the slot does wrong becomes a result."""
    try:
        return job()
    except LinkError:
        return Result.CARD_REMOVED
    except NotGenuineError:
        return Result.CARD_NOT_GENUINE
    except MacError:
        return Result.BAD_MAC
    except LayoutError:
        return Result.BAD_FORMAT
    except ApduError:
        return Result.CARD_UNREADABLE
