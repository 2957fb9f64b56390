"""What can be seen of a meter from outside, as a list of dated facts.

The world writes these while it runs a meter; the verdict and the reports read nothing else of it.
The *reason* of a supply change is what the meter itself showed: a cut that the display does not
explain is a silent one, and shows as such.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, unique
from typing import Final, final

from card_protocol.timestamp import Civil
from meter_emu.ports import Lamp
from meter_emu.world.meter.failure import Failure, FailureKind


@final
@unique
class What(Enum):
    """The kinds of fact."""

    BEGINS = "begins"  # the first of every list: how the meter stands before its program runs
    DESK = "desk"  # the office wrote on the card
    DESK_FAILED = "desk failed"  # the office's own program did not, and the card is as it was
    CARD_SERVED = "card"  # the meter obeyed the card
    CARD_REFUSED = (
        "card refused"  # the meter showed a code; where it had read the card, it wrote it
    )
    CLOCK_SET = "clock set"  # a technician's clock card was obeyed
    CARD_UNSEEN = "card unseen"  # put into a meter without power
    KEY_PRESSED = "key"
    KEY_HELD = "key held"
    SHUT = "appliances shut"  # by the household, to re-arm
    LIT = "appliances lit"
    OPENED = "supply off"  # the switch's actual position, whatever moved it
    CLOSED = "supply on"
    LIMITED = "limiter on"
    UNLIMITED = "limiter off"
    INVITED = "button asked for"  # the meter's lamp asks somebody to press it: supply is to be had
    UNINVITED = "button not asked for"
    CLOCK_DOUBTED = "clock doubted"  # the meter's lamp says it does not believe its clock
    CLOCK_TRUSTED = "clock trusted"
    POWER_LOST = "power lost"  # upstream of the meter; the home is dark too
    POWER_BACK = "power back"
    CRASHED = "crashed"  # the program failed, and the story with it
    HUNG = "hung"
    UNSEEN = "not seen"  # the home has had its polls; what comes after is not seen
    ENDED = "end"  # the rehearsal is over; how the meter stands then


NO_DATE: Final = Civil(0, 0, 0, 0, 0)  # what a field states that holds no date


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """What a meter's write-back on a card says of account and order.

    A memory card has no room for what may be `None`: it is so there.
    """

    balance_ueur: int
    accepted_cents: int
    accepted_count: int
    charged_wh: int | None
    deferred_wh: int
    postpaid_wh: int | None
    night_wh: int | None
    charged_night_wh: int | None
    order_number: int
    result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact at one true instant, integer microseconds since 1970-01-01 UTC.

    `shown` is the display text after it; `detail` is the world's own words (who, what order).
    `understood` is T1 and T2 as the meter's write-back on the card states them (legal time), on
    card events that left a write-back, `written` what it says besides. `clock_trusted` is what the
    lamp said last. `balance_ueur` is the balance in the memory after it, micro-euro, with the
    energy used up to then taken off, `None` where the memory cannot be read. `visit` says which of
    the household's visits, from 0, put a card in; the person may have stood at the meter since the
    one before. `failure` is on the last event of a story that ends before its time.
    """

    at_us: int
    what: What
    shown: str = ""
    detail: str = ""
    understood: tuple[Civil | None, Civil | None] | None = None
    clock_trusted: bool = True
    balance_ueur: int | None = None
    visit: int | None = None
    written: WrittenBack | None = None
    failure: Failure | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning(Event):
    """The first event of every home: how its meter stands before its program runs.

    `supply_on` is the switch's position, `limiter_a` what the limiter lets through, ampere, 0 for
    no limit. What comes later moves these; nobody has to guess them from what moves first.
    """

    supply_on: bool
    limiter_a: int
    lamps: Lamp

    @property
    def lit(self) -> list[str]:
        """The lamps that are lit, as `--events` names them."""
        return [str(lamp.name).lower().replace("_", " ") for lamp in self.lamps]


def beginning_of(events: Sequence[Event]) -> Beginning:
    """Return how a home begins."""
    first = events[0]
    assert isinstance(first, Beginning), "the first event of every home is how it begins"
    return first


FAILED: Final = {
    FailureKind.CRASHED: What.CRASHED,
    FailureKind.HUNG: What.HUNG,
    FailureKind.UNSEEN: What.UNSEEN,
}


def failed_event(failure: Failure, last: Event | None = None) -> Event:
    """Return the last event of a story that fails, as the meter stood at the `last` one seen."""
    what = FAILED[failure.kind]
    if last is None:
        return Event(at_us=failure.at_us, what=what, detail=failure.why, failure=failure)
    return replace(last, at_us=failure.at_us, what=what, detail=failure.why, failure=failure)
