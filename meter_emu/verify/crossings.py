"""Which themes happened before or within which others, read off a household and nothing else."""

from dataclasses import replace
from itertools import product
from typing import Final, NamedTuple, final

from meter_emu.stories.crossed import CANNOT_CROSS
from meter_emu.stories.themes import THEMES
from meter_emu.units import HOUR_US
from meter_emu.world.households.household import DeskOrder, Household, Visit, VisitKind
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.meter.acts import Press

_BEFORE: Final = {pair: f"{pair[0]}, then {pair[1]}" for pair in product(THEMES, repeat=2)}
_WITHIN: Final = {pair: f"{pair[0]} within {pair[1]}" for pair in product(THEMES, repeat=2)}
CROSSINGS: Final = tuple(
    words[pair]
    for words in (_BEFORE, _WITHIN)
    for pair in product(THEMES, repeat=2)
    if pair[0] != pair[1] and not (words is _WITHIN and pair in CANNOT_CROSS)
)


class ThemeSpan(NamedTuple):
    """From when to when a theme lasts, in µs."""

    from_us: int
    to_us: int


def crossings(household: Household, start_us: int) -> set[str]:
    """Return which themes of a life crossed, by names of `CROSSINGS`."""
    spans = _Reading(household, start_us).spans
    found = set[str]()
    for one, other in product(spans, repeat=2):
        if one == other:
            continue
        for a, b in product(spans[one], spans[other]):
            if a.to_us < b.from_us:
                found.add(_BEFORE[one, other])
            elif b.from_us < a.from_us and a.to_us < b.to_us:
                found.add(_WITHIN[one, other])
    return found


@final
class _Reading:
    """Reads the visits and outages of a household, in their order."""

    def __init__(self, household: Household, start_us: int) -> None:
        self.spans: Final[dict[str, list[ThemeSpan]]] = {}
        self._household: Final = household
        self._start_us: Final = start_us
        self._points: Final[dict[str, list[ThemeSpan]]] = {}
        self._on_card: list[tuple[str, int]] = []  # what the office wrote, and when
        self._wrong_since: Final[dict[str, int]] = {}  # the clock
        self._written: Final[list[Visit]] = []
        self._lent_us: int | None = None
        upsets = [("lost clock", at_us) for at_us, _ in household.rtc_found]
        for lost_us, back_us in household.outages:
            self._add("outage", lost_us, back_us)
        for visit in household.visits:
            while upsets and upsets[0][1] < visit.at_us:
                name, at_us = upsets.pop(0)
                self._wrong_since[name] = at_us
            self._take(visit)
        for name, (begins, ends) in _MADE_OF.items():
            for a, b in product(self._points.get(begins, ()), self._points.get(ends, ())):
                if a.to_us < b.from_us:
                    self._add(name, a.from_us, b.to_us)

    def _add(self, name: str, from_us: int, to_us: int) -> None:
        self.spans.setdefault(name, []).append(ThemeSpan(from_us, to_us))

    def _note(self, point: str, from_us: int, to_us: int) -> None:
        self._points.setdefault(point, []).append(ThemeSpan(from_us, to_us))

    def _take(self, visit: Visit) -> None:
        at_us, kind = visit.at_us, visit.kind
        if visit.desk is not None:
            self._write(visit, visit.desk)
        elif kind is VisitKind.INSERT:
            self._insert(at_us)
        elif kind is VisitKind.COPY and visit.copy_number is not None:
            self._add("copy", self._written[visit.copy_number - 1].at_us, at_us)
        elif kind is VisitKind.OLD_CARD:
            self._note("old card", at_us, at_us)
        elif kind is VisitKind.UPSET:
            self._wrong_since["spoilt clock"] = at_us
        elif kind is VisitKind.CLOCK_CARD:
            self._set_clock(visit)
        elif isinstance(visit.act, Press) and visit.act.name == self._household.model.rearm.key:
            self._ask(at_us)

    def _write(self, visit: Visit, order: DeskOrder) -> None:
        at_us = visit.at_us
        for before in self._written:
            told = before.desk
            if told is not None and told.torn and told == replace(order, torn=True):
                self._add("torn visit", before.at_us, at_us)
        self._written.append(visit)
        if order.torn:
            return
        wrote = {
            "right arming": order.cut_us is not None and not order.office_error_s,
            "arming": order.cut_us is not None,
            "wrong date": order.office_error_s != 0,
            "reactivation": order.reactivate,
            "load": order.load_cents > 0,
            "tariff": order.tariff is not None,
            "limiter": order.limiter is True,
            "no limiter": order.limiter is False,
            "prepaid": order.prepayment is True,
            "postpaid": order.prepayment is False,
        }
        self._on_card += [(point, at_us) for point, so in wrote.items() if so]
        new_card = order.new_card
        if new_card is not None and new_card.expires_us is not None:
            self._add("temporary card", at_us, new_card.expires_us)
        elif new_card is not None:
            self._note("new card", at_us, at_us)

    def _insert(self, at_us: int) -> None:
        if not self._on_card:
            self._note("shown", at_us, at_us)
        for point, written_us in self._on_card:
            self._note(point, written_us, at_us)
            if point == "load" and self._lent_us is not None:
                self._add("emergency credit", self._lent_us, at_us)
                self._lent_us = None
        self._on_card.clear()

    def _set_clock(self, visit: Visit) -> None:
        if not visit.sets_the_clock:
            self._note("refused", visit.at_us, visit.at_us)
        elif not any(lost < visit.at_us < back for lost, back in self._household.outages):
            if not self._wrong_since:
                self._note("set", visit.at_us, visit.at_us)
            for name, since_us in self._wrong_since.items():
                self._add(name, since_us, visit.at_us)
            self._wrong_since.clear()

    def _ask(self, at_us: int) -> None:
        """Take in that somebody asks for supply: emergency credit, if the credit is used up."""
        self._note("asked", at_us, at_us)
        household = self._household
        credit = household.model.credit
        loaded = (one.desk.load_cents for one in self._written if one.desk is not None)
        cents = household.balance_cents + sum(loaded)
        ueur = credit.mwh_per_unit * credit.price_ueur_per_wh
        units_us = max(0, cents * 10_000 * 1_000 * HOUR_US // ueur)
        ends_us = LoadProfile(household.load).reached_us(self._start_us, units_us)
        if self._lent_us is None and ends_us is not None and ends_us < at_us:
            self._lent_us = at_us


# With what a theme begins and ends, where that is all.
_MADE_OF: Final = {
    "extension": ("arming", "arming"),
    "reactivation": ("arming", "reactivation"),
    "load": ("load", "load"),
    "tariff change": ("tariff", "tariff"),
    "limiter": ("limiter", "no limiter"),
    "postpaid": ("postpaid", "prepaid"),
    "replaced card": ("new card", "old card"),
    "date of an office": ("wrong date", "right arming"),
    "clock card": ("set", "set"),
    "refused clock card": ("refused", "refused"),
    "supply asked for": ("asked", "asked"),
    "card shown": ("shown", "shown"),
}
