"""People's visits: those of 2020 who never came back, came back in time or late, and others.

Each draws the visits of one household round its T. A name that stands twice is drawn twice as
often.
"""

from collections.abc import Callable, Sequence
from typing import Final

from meter_emu.stories.draft import Draft
from meter_emu.stories.times import at_minute_s, legal
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.household import DeskOrder

# How long before T somebody comes back; negative: after it.
_BACK_S: Final = (DAY_S, 3 * HOUR_S, 30 * MINUTE_S, MINUTE_S, 0, 6 * DAY_S, -MINUTE_S, -HOUR_S,
                  -8 * HOUR_S, -DAY_S)  # fmt: skip
_LOADS_CENTS: Final = (2_000, 500, 1_000, 10_000, 25_000, 0)
# Minutes of a legal week, from Monday 0:00, at which the non-disconnection period begins or ends.
WEEK_EDGES: Final = (4 * 1440 + 960, 480, 7 * 1440, 5 * 1440, 960, 1 * 1440 + 480, 4 * 1440 + 480,
                     3 * 1440 + 960)  # fmt: skip


def live(draft: Draft, among: Sequence[str] = ()) -> None:
    """Draw one of these households, or of all by default, and its visits."""
    name = draft.chooser.of(among or PEOPLE)
    draft.kind = name
    _PLANS[name](draft)


def _arm(draft: Draft, end_s: int, at_s: int) -> None:
    """Bring an order that defers and cuts at T; sometimes the deferral ends before."""
    early_s = (0, 0, 0, HOUR_S, DAY_S, MINUTE_S)[draft.chooser.below(6)]
    draft.bring(at_s, draft.arming(end_s - early_s, end_s))


def _never(draft: Draft) -> None:
    _arm(draft, draft.timing.end_s, draft.timing.armed_s)


def _back(draft: Draft) -> None:
    _never(draft)
    at_s = max(draft.timing.armed_s + HOUR_S, draft.timing.end_s - draft.chooser.of(_BACK_S))
    draft.bring(at_s, DeskOrder(reactivate=True, load_cents=draft.chooser.of(_LOADS_CENTS)))


def _ordinary(draft: Draft) -> None:
    """No date at all: credit that ends near an edge of the week, a load, emergency credit."""
    draft.credit_ends_s = near_week_edge_s(draft, draft.timing.end_s)
    at_s = draft.credit_ends_s
    if draft.chooser.below(2):
        draft.ask_supply(at_s + draft.chooser.below(100) * HOUR_S)
    if draft.chooser.below(2):
        cents = 500 + draft.chooser.below(3_000)
        draft.bring(at_s + draft.chooser.around(60) * HOUR_S, DeskOrder(load_cents=cents))


def _deferred(draft: Draft) -> None:
    """A deferral without a cut: when it ends, the ordinary rules apply."""
    until, until_us = draft.minute(draft.timing.end_s)
    draft.bring(draft.timing.armed_s, DeskOrder(defer_until=until, defer_us=until_us))
    draft.credit_ends_s = draft.timing.armed_s + HOUR_S + draft.chooser.below(40) * HOUR_S


def _extended(draft: Draft) -> None:
    """Armed for another T first, earlier or later; the last order has T."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    first_s = max(armed_s - (1 + chooser.below(48)) * HOUR_S, draft.first_s)
    other_s = end_s + (-3 * DAY_S, -DAY_S, -HOUR_S, DAY_S, 7 * DAY_S)[chooser.below(5)]
    if other_s > first_s:
        _arm(draft, other_s, first_s)
    _arm(draft, end_s, armed_s)


def _again(draft: Draft) -> None:
    """Reactivated, then armed once more: the second order counts."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    first_s = max(armed_s - 2 * DAY_S, draft.first_s)
    _arm(draft, end_s - chooser.below(3) * DAY_S, first_s)
    draft.bring(max(first_s, armed_s - DAY_S), DeskOrder(reactivate=True))
    _arm(draft, end_s, armed_s)


def _shown_again(draft: Draft) -> None:
    """The same card, a second and a third time."""
    _back(draft) if draft.chooser.below(2) else _never(draft)
    for _ in range(1 + draft.chooser.below(2)):
        draft.insert(draft.timing.end_s + draft.chooser.around(48) * HOUR_S)


def _two_cards(draft: Draft) -> None:
    """A new card halfway, for good or for some days."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    _never(draft)
    at_s = armed_s + HOUR_S + (end_s - armed_s) * chooser.below(4) // 4
    expires_s = None if chooser.below(2) else at_s + (1 + chooser.below(4)) * DAY_S
    order = (
        DeskOrder(new_card=draft.new_card(expires_s), reactivate=bool(chooser.below(2)))
        if chooser.below(2)
        else DeskOrder(new_card=draft.new_card(expires_s), load_cents=2_000)
    )
    draft.bring(at_s, order)
    if chooser.below(2):
        draft.insert(at_s + chooser.below(100) * HOUR_S)


def _temporary(draft: Draft) -> None:
    """A card that ends a little before or after it is put in."""
    expires_s = draft.timing.armed_s + draft.chooser.around(240) * MINUTE_S
    draft.first_card = draft.new_card(max(expires_s, draft.first_s))
    _back(draft)


def _switched(draft: Draft) -> None:
    """Prepayment, limiter and tariff change on the way to T; the card may be inserted once more."""
    chooser, (armed_s, end_s) = draft.chooser, draft.timing
    _never(draft)
    has_limiter = draft.model.limiter_a > 0
    draft.limiter = has_limiter and chooser.below(2) == 1
    draft.prepayment = chooser.below(4) != 3
    tariff = draft.tariff() if chooser.below(2) else None
    order = DeskOrder(
        prepayment=(None, True, False)[chooser.below(3)],
        limiter=(None, True, False)[chooser.below(3)] if has_limiter else None,
        tariff=tariff,
        mwh_per_unit=draft.worth_of_a_unit() if tariff else None,
        load_cents=2_000,
    )
    at_s = armed_s + HOUR_S + (end_s - armed_s) * chooser.below(6) // 4
    draft.bring(at_s, order)
    if chooser.below(2):
        draft.insert(at_s + (1 + chooser.below(48)) * HOUR_S)
    draft.credit_ends_s = near_week_edge_s(draft, end_s)


def near_week_edge_s(draft: Draft, about_s: int, edges: Sequence[int] = WEEK_EDGES) -> int:
    """Draw an instant near an edge of the week around `about_s`."""
    zone = draft.model.zone
    day = legal(about_s, zone).date()
    monday = day.toordinal() - day.weekday()
    edge = draft.chooser.of(edges)
    at_s = at_minute_s(day.fromordinal(monday + edge // 1440), edge % 1440, zone)
    return at_s + draft.chooser.around(50) * MINUTE_S


_PLANS: Final[dict[str, Callable[[Draft], None]]] = {
    "never came back": _never,
    "came back": _back,
    "ordinary": _ordinary,
    "deferred": _deferred,
    "extended": _extended,
    "armed again": _again,
    "shown again": _shown_again,
    "two cards": _two_cards,
    "temporary card": _temporary,
    "switched": _switched,
}
PEOPLE: Final = (
    *("never came back",) * 5,
    *("came back",) * 5,
    *("ordinary",) * 2,
    *("extended", "switched") * 2,
    *("deferred", "armed again", "shown again", "two cards", "temporary card"),
)
NEVER: Final = ("never came back",)
ARMED: Final = ("never came back", "never came back", "extended")  # and cut at T
EVENING: Final = ("never came back", "never came back", "deferred")
