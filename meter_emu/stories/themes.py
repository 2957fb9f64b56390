"""Themes of a story: what happens to a card, an order, the money, the clock or the power.

Each is two acts, one when it begins and one when it ends: an order comes to the meter, and one that
replaces it; the power fails, and comes back; a clock is spoilt, and a technician sets it. So
another theme can begin and end before it, after it, or between its two acts.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, final

from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.stories.draft import Draft
from meter_emu.stories.registers import upset, without_seconds
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.household import DeskOrder, VisitKind

WAY_S: Final = 2 * MINUTE_S  # ours: from an office to the meter, where nothing lies between
_ENDS_S: Final = (DAY_S, HOUR_S, 7 * DAY_S, 30 * DAY_S, 0, -HOUR_S, -DAY_S)  # a new T less the old
_LOADS_CENTS: Final = (500, 700, 2_000)
_OTHERS: Final = (1, -1, 1 << 16)  # the number of a meter that is not this one, less this one's
# How far an office is ahead, or behind.
_OFF_S: Final = (14 * MINUTE_S, -14 * MINUTE_S, 5 * MINUTE_S, -12 * HOUR_S, -30 * DAY_S, 59, -59)


@final
@dataclass(slots=True)
class Stage:
    """A draft, and what a theme that has begun left for its end."""

    draft: Draft
    doubts: bool  # whether the clock is spoilt or lost, in this life
    lends: bool  # whether there is emergency credit, which any load repays
    since_s: int = 0  # when something happened last
    until_s: int = 0  # when the theme that begins is to end
    missed: int = 0  # times that somebody came to set the clock of a meter without power
    copied: int = 0  # after how many visits to the office the copy was made
    cards: int = 1  # handed out so far
    replaced: int = 0  # the card that was replaced, by its number
    torn: DeskOrder | None = None
    lost_s: int | None = None  # since when the power is off
    found: Registers | None = None  # registers of the clock when it is back

    def bring(self, at_s: int, order: DeskOrder) -> None:
        """The office writes the card, and it is put into the meter at once."""
        self.draft.office(at_s, order)
        self.draft.insert(at_s + WAY_S)

    def armed(self, at_s: int) -> DeskOrder:
        """Return an order that defers and cuts at another T, after its theme has ended."""
        other_s = self.draft.timing.end_s + self.draft.chooser.of(_ENDS_S)
        return self.draft.arming(*(max(other_s, at_s + 2 * WAY_S, self.until_s + 2 * WAY_S),) * 2)

    def any_order(self, at_s: int) -> DeskOrder:
        """Return a new T or a reactivation, mostly with a load."""
        order = self.draft.chooser.of((self.armed(at_s), DeskOrder(reactivate=True)))
        load_cents = self.draft.chooser.of((*_LOADS_CENTS, 0))
        return replace(order, load_cents=0 if self.lends else load_cents)


ThemeAct = Callable[[Stage, int], None]


class Theme(NamedTuple):
    """How a theme begins, and how it ends; what it takes: a limiter, or a technician's cards."""

    begins: ThemeAct
    ends: ThemeAct
    takes: str = ""


def _insert(stage: Stage, at_s: int) -> None:
    stage.draft.insert(at_s)


def _armed(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, stage.armed(at_s))


def _reactivated(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, DeskOrder(reactivate=True))


def _loaded(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, DeskOrder(load_cents=stage.draft.chooser.of(_LOADS_CENTS)))


def _repriced(stage: Stage, at_s: int) -> None:
    draft = stage.draft
    stage.bring(at_s, DeskOrder(tariff=draft.tariff(), mwh_per_unit=draft.worth_of_a_unit()))


def _limited(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, DeskOrder(limiter=True))


def _unlimited(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, DeskOrder(limiter=False))


def _postpaid(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, DeskOrder(prepayment=False))


def _prepaid(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, DeskOrder(prepayment=True))


def _replaced(stage: Stage, at_s: int) -> None:
    stage.replaced = stage.cards
    stage.cards += 1
    new_card = stage.draft.new_card(None)
    stage.bring(at_s, replace(stage.any_order(at_s), new_card=new_card))


def _replaced_used(stage: Stage, at_s: int) -> None:
    stage.draft.insert_old(at_s, stage.replaced)


def _temporary(stage: Stage, at_s: int) -> None:
    """A card that ends a little before or after it is used again."""
    stage.cards += 1
    expires_s = stage.until_s + stage.draft.chooser.of((-1, 1, -2, 2)) * MINUTE_S
    new_card = stage.draft.new_card(expires_s)
    stage.bring(at_s, replace(stage.any_order(at_s), new_card=new_card))


def _copied(stage: Stage, at_s: int) -> None:
    stage.bring(at_s, stage.any_order(at_s))
    stage.copied = sum(visit.kind is VisitKind.DESK for visit in stage.draft.visits)


def _copy_used(stage: Stage, at_s: int) -> None:
    stage.draft.insert_copy(at_s, stage.copied)


def _visit_torn(stage: Stage, at_s: int) -> None:
    stage.torn = stage.any_order(at_s)
    stage.draft.office(at_s, replace(stage.torn, torn=True))
    if stage.draft.chooser.below(2):
        stage.draft.insert(at_s + WAY_S)


def _made_again(stage: Stage, at_s: int) -> None:
    assert stage.torn is not None, "it has begun"
    stage.bring(at_s, stage.torn)


def _wrong_office(stage: Stage, at_s: int) -> None:
    """The office's date is wrong; behind, where the meter's clock is to be doubted."""
    error_s = stage.draft.chooser.of(_OFF_S)
    error_s = -abs(error_s) if stage.doubts else error_s
    stage.bring(at_s, replace(stage.armed(at_s), office_error_s=error_s))


def _clock_set(stage: Stage, at_s: int) -> None:
    stage.missed += stage.lost_s is not None
    stage.draft.technician(at_s, stage.draft.tool_error_s())


def _refused_clock_card(stage: Stage, at_s: int) -> None:
    """A clock card that was made a day ago, or is another meter's, which no doubt makes good."""
    draft = stage.draft
    others = draft.chooser.of(_OTHERS if stage.doubts else (0, *_OTHERS))
    draft.clock_card(at_s, error_s=draft.tool_error_s(), others=others, made_s=at_s - DAY_S)


def _power_lost(stage: Stage, at_s: int) -> None:
    stage.lost_s = at_s


def _power_back(stage: Stage, at_s: int) -> None:
    assert stage.lost_s is not None, "it has begun"
    if stage.found is None:
        stage.draft.outages.append((stage.lost_s, at_s))
    else:
        stage.draft.upset(stage.lost_s, at_s, stage.found)
    stage.lost_s = stage.found = None
    for nth in range(stage.missed):
        _clock_set(stage, at_s + (1 + nth) * WAY_S)
    stage.missed = 0


def _clock_lost(stage: Stage, at_s: int) -> None:
    """The clock chip has other registers after a power failure: the one there is, or a minute."""
    draft = stage.draft
    stage.found = upset(draft.chooser, draft.model, at_s + MINUTE_S)
    if stage.lost_s is None:
        stage.lost_s = at_s
        _power_back(stage, at_s + MINUTE_S)


def _clock_spoilt(stage: Stage, at_s: int) -> None:
    """Registers change under a running program; one without power finds a lost clock.

    Somebody wakes the program then: where it sleeps until the power fails, nothing could tell it
    that the time it finds is not what went by without power.
    """
    if stage.lost_s is not None:
        _clock_lost(stage, at_s)
        return
    draft = stage.draft
    found = upset(draft.chooser, draft.model, at_s)
    draft.upset_now(at_s, without_seconds(draft.model, found))
    draft.scroll(at_s + 5)


def _credit_used_up(stage: Stage, at_s: int) -> None:
    """The credit ends; what was loaded so far is used by then, or nearly."""
    draft = stage.draft
    ends_s = at_s - MINUTE_S - draft.chooser.below(max(1, (at_s - stage.since_s) // 2))
    loaded = sum(visit.desk.load_cents for visit in draft.visits if visit.desk is not None)
    draft.credit_ends_s, draft.ends_after_cents = ends_s, loaded
    draft.ask_supply(at_s)


def _supply_asked(stage: Stage, at_s: int) -> None:
    stage.draft.ask_supply(at_s)


OF_CLOCK: Final = ("lost clock", "spoilt clock")
TAKES_LIMITER: Final = "a limiter"
TAKES_CLOCK_CARDS: Final = "a program that obeys a technician's card"
# As many as `crossed.CROSSED_ROWS` is made for: a prime.
THEMES: Final[dict[str, Theme]] = {
    "extension": Theme(_armed, _armed),
    "reactivation": Theme(_armed, _reactivated),
    "load": Theme(_loaded, _loaded),
    "tariff change": Theme(_repriced, _repriced),
    "limiter": Theme(_limited, _unlimited, TAKES_LIMITER),
    "postpaid": Theme(_postpaid, _prepaid),
    "replaced card": Theme(_replaced, _replaced_used),
    "temporary card": Theme(_temporary, _insert),
    "copy": Theme(_copied, _copy_used),
    "torn visit": Theme(_visit_torn, _made_again),
    "date of an office": Theme(_wrong_office, _armed),
    "clock card": Theme(_clock_set, _clock_set, TAKES_CLOCK_CARDS),
    "refused clock card": Theme(_refused_clock_card, _refused_clock_card, TAKES_CLOCK_CARDS),
    "outage": Theme(_power_lost, _power_back),
    "lost clock": Theme(_clock_lost, _clock_set, TAKES_CLOCK_CARDS),
    "spoilt clock": Theme(_clock_spoilt, _clock_set, TAKES_CLOCK_CARDS),
    "emergency credit": Theme(_credit_used_up, _loaded),
    "supply asked for": Theme(_supply_asked, _supply_asked),
    "card shown": Theme(_insert, _insert),
}
