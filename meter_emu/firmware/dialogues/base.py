"""What a card dialogue is to the program: it knows one kind of card and speaks the meter's words.

To identify a card and to hold its dialogue are two things. Kinds of cards share files (DF01 is the
electricity DF of more than one), so a card is known by what is in them.
"""

from collections.abc import Callable
from typing import Protocol, TypeAlias, TypeVar

from card_protocol.authentication import Role
from card_protocol.carrier.carrier import BudgetCard, Carrier, Credentials
from card_protocol.errors import (
    ApduError,
    LayoutError,
    LinkError,
    LinkErrorKind,
    MacError,
    NotGenuineError,
)
from card_protocol.keys import Key
from meter_emu.domain import ClockSetting, Contents, Result, WriteBack
from meter_emu.firmware.layouts import Factory

FoundT = TypeVar("FoundT")


class CardDialogue(Protocol):
    """One session with one powered card."""

    def identify(self) -> Result | None:
        """Return `None` for a card of this kind, else what it is from here.

        `CARD_UNREADABLE` is a card without our files and `BAD_FORMAT` one with something else in
        them: it may be of another kind. Anything else ends the session. No key is used and no try
        is spent.
        """
        ...

    def read(self, challenge: bytes) -> Contents | ClockSetting | Result:
        """Return what the identified card says, or why it is refused.

        `challenge` is eight fresh bytes. Nothing on the card or in the meter changes.
        """
        ...

    def write_back(self, said: WriteBack) -> None:
        """Write what the meter did on the card that was read; one pulled too early misses this."""
        ...


AskCard: TypeAlias = Callable[[bytes], bytes]
MakeDialogue: TypeAlias = Callable[[AskCard, Factory], CardDialogue]


def authenticated(card: BudgetCard | Carrier, factory: Factory, challenge: bytes) -> bool:
    """Whether card and meter have proved themselves to each other, as far as the card can."""
    keys = Key(factory.key_meter_auth), Key(factory.key_card_auth)
    try:
        card.authenticate(Credentials(Role.METER, *keys), challenge)
    except ApduError:
        return False
    return True


def refusing(job: Callable[[], FoundT | Result]) -> FoundT | Result:
    """Run part of a dialogue; what the card or the slot does wrong becomes a result."""
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
