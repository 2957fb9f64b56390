"""A card dialogue: it knows one family of cards and returns the meter's own terms.

Identifying a card and reading it are separate steps. Families share files (DF01 is the electricity
DF of more than one), so a card is identified by their contents.

A session is bounded by commands and by ticks. A normal one sends 9 to 12 commands and takes under a
second. A card that is slow on purpose, or never ends, must not hold the meter while T2 passes; the
board ends each single exchange (`ports.md`).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Final, TypeAlias, TypeVar, final

from card_protocol.carrier.carrier import BudgetCard, Carrier, Credentials
from card_protocol.errors import (
    ApduError,
    LayoutError,
    LinkError,
    LinkErrorKind,
    MacError,
    NotGenuineError,
)
from card_protocol.keys import Key, Role
from card_protocol.terminal import Terminal
from meter_emu.domain import ClockSetting, Contents, Result, WriteBack
from meter_emu.firmware.layouts import Factory
from meter_emu.ports import TICKS_WRAP, Ports

FoundT = TypeVar("FoundT")
EXCHANGES_MAX: Final = 64  # ours: five times what the longest session needs
SESSION_MAX_MS: Final = 20_000  # ours: no exchange begins later


AskCard: TypeAlias = Callable[[bytes], bytes]


class CardDialogue(ABC):
    """One session with one powered card, for each family.

    Faults of the card or the slot become results here, for all families.
    """

    __slots__ = ("_factory", "_terminal")

    def __init__(self, exchange: AskCard, factory: Factory) -> None:
        self._factory = factory
        self._terminal = Terminal(exchange)

    @final
    def identify(self) -> Result | None:
        """Return `None` for a card of this family, else the reason.

        `CARD_UNREADABLE` is a card without our files and `BAD_FORMAT` one with other contents: it
        may be of another family. Any other reason ends the session. Uses no key and spends no try.
        """
        return _refusing(self._identify)

    @final
    def read(self, challenge: bytes) -> Contents | ClockSetting | Result:
        """Return the contents of the identified card, or the refusal.

        `challenge` is eight fresh bytes. Nothing on the card or in the meter changes.
        """
        return _refusing(lambda: self._read(challenge))

    @final
    def write_back(self, said: WriteBack) -> None:
        """Write the meter's results on the card that was read; one pulled too early misses this."""
        _refusing(lambda: self._written(said))

    @abstractmethod
    def _identify(self) -> None: ...

    @abstractmethod
    def _read(self, challenge: bytes) -> Contents | ClockSetting | Result: ...

    @abstractmethod
    def _written(self, said: WriteBack) -> None: ...

    def _authenticated(self, carrier: BudgetCard | Carrier, challenge: bytes) -> bool:
        """Whether card and meter have authenticated each other, if the card can."""
        keys = Key(self._factory.key_meter_auth), Key(self._factory.key_card_auth)
        try:
            carrier.authenticate(Credentials(Role.METER, *keys), challenge)
        except ApduError:
            return False
        return True


@final
class BoundedSession:
    """Counts and times the commands to the card in the slot, for one session."""

    __slots__ = ("_began_ms", "_left", "_ports")

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._began_ms = ports.ticks_ms()
        self._left = EXCHANGES_MAX

    def exchange(self, command: bytes) -> bytes:
        """Send a C-APDU and return the R-APDU; raise `LinkError`, also when the session is over."""
        taken_ms = (self._ports.ticks_ms() - self._began_ms) % TICKS_WRAP
        if not self._left or taken_ms >= SESSION_MAX_MS:
            raise LinkError(LinkErrorKind.TIMED_OUT, "the session is over")
        self._left -= 1
        return self._ports.card_exchange(command)


def _refusing(job: Callable[[], FoundT | Result]) -> FoundT | Result:
    """Run part of a dialogue; faults of card or slot become a result."""
    try:
        return job()
    except LinkError as error:
        slow = error.kind is LinkErrorKind.TIMED_OUT
        return Result.CARD_TOO_SLOW if slow else Result.CARD_REMOVED
    except NotGenuineError:
        return Result.CARD_NOT_GENUINE
    except MacError:
        return Result.BAD_MAC
    except LayoutError:
        return Result.BAD_FORMAT
    except ApduError:
        return Result.CARD_UNREADABLE
