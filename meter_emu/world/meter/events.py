"""What can be seen of a meter from outside, as a list of dated facts.

The world writes these while it runs a meter; the verdict and the reports read nothing else. The
*reason* of a supply change is the meter's own display: a cut that it does not explain is silent,
and appears as such.
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

    BEGINS = "begins"  # the first of every list: the meter's state before its program runs
    DESK = "desk"  # the office wrote on the card
    DESK_FAILED = "desk failed"  # the office's own program failed, and the card is unchanged
    CARD_SERVED = "card"  # the meter obeyed the card
    CARD_REFUSED = "card refused"  # the meter showed a code; if it had read the card, it wrote it
    CLOCK_SET = "clock set"  # a technician's clock card was obeyed
    CARD_UNSEEN = "card unseen"  # put into a meter without power
    KEY_PRESSED = "key"
    KEY_HELD = "key held"
    TYPED = "typed"  # digits on the keypad, entered; one without power takes none
    SHUT = "appliances shut"  # by the household, to re-arm
    LIT = "appliances lit"
    OPENED = "supply off"  # the switch's actual position, whatever moved it
    CLOSED = "supply on"
    LIMITED = "limiter on"
    UNLIMITED = "limiter off"
    INVITED = "button asked for"  # the meter's lamp asks somebody to press it: supply is available
    UNINVITED = "button not asked for"
    CLOCK_DOUBTED = "clock doubted"  # the meter's lamp shows that it does not trust its clock
    CLOCK_TRUSTED = "clock trusted"
    POWER_LOST = "power lost"  # upstream of the meter; the household is without supply too
    POWER_BACK = "power back"
    CRASHED = "crashed"  # the program failed, which ends the story
    HUNG = "hung"
    UNSEEN = "not seen"  # the poll limit was reached; what comes after is not seen
    UNSTEADY = "not reproducible"  # run again the program did otherwise
    OUTSIDE = "not covered"  # the program is not for this meter or card: it was not run
    ENDED = "end"  # the rehearsal is over; the meter's state then


NO_DATE: Final = Civil(0, 0, 0, 0, 0)  # a field that holds no date


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBack:
    """A meter's write-back on a card about account, order and clock, whose legal time is `clock`.

    `session` is the number that the meter gave the session, its low 16 bits on a memory card.

    Fields that may be `None` are `None` on a memory card, which has no room for them.
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
    session: int = 0
    clock: Civil | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact at one true instant, integer microseconds since 1970-01-01 UTC.

    `shown` is the display text after it; `detail` is the world's own words (who, what order).
    `understood` is T1 and T2 as the meter's write-back on the card states them (legal time), on
    card events that left a write-back, `written` its other fields. `clock_trusted` is the last
    state of the lamp. `balance_ueur` is the balance in the memory after it, micro-euro, with the
    energy used up to then taken off, `None` if the memory cannot be read. `visit` is the number,
    from 0, of the household's visit that put a card in; the person may have been at the meter since
    the one before. `failure` is on the last event of a story that ends early.
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
    """The first event of every story: the meter's state before its program runs.

    `supply_on` is the switch's position, `limiter_a` the limiter's setting, ampere, 0 for no limit.
    Later events change these, so that nobody has to guess the initial state.
    """

    supply_on: bool
    limiter_a: int
    lamps: Lamp

    @property
    def lit(self) -> list[str]:
        """The lamps that are on, as `--events` names them."""
        return [str(lamp.name).lower().replace("_", " ") for lamp in self.lamps]


def beginning_of(events: Sequence[Event]) -> Beginning:
    """Return the first event of a story."""
    first = events[0]
    assert isinstance(first, Beginning), "the first event of every list is how the meter begins"
    return first


def done_in(events: Sequence[Event]) -> list[Event]:
    """Return what a program did, without what it said as it failed: its number, an address."""
    *before, last = events
    if last.failure is None:
        return [*before, last]
    return [*before, replace(last, detail="", failure=replace(last.failure, why=""))]


FAILED: Final = {
    FailureKind.CRASHED: What.CRASHED,
    FailureKind.HUNG: What.HUNG,
    FailureKind.UNSEEN: What.UNSEEN,
    FailureKind.OUTSIDE: What.OUTSIDE,
    FailureKind.UNSTEADY: What.UNSTEADY,
}


def failed_event(failure: Failure, last: Event | None = None) -> Event:
    """Return the last event of a story that fails, with the meter's state at `last`."""
    what = FAILED[failure.kind]
    if last is None:
        return Event(at_us=failure.at_us, what=what, detail=failure.why, failure=failure)
    return replace(last, at_us=failure.at_us, what=what, detail=failure.why, failure=failure)
