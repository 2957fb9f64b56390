"""Hypotheses: a base program with mistakes of the catalogue, or an office that wrote wrong data.

A mistake in data is as able to bring a cut forward as one in a program; it needs no meter that
fails. Two base programs run every mistake: the guards of the reference acquit some of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import Final, NamedTuple

from card_protocol.timestamp import Civil
from meter_emu.defects import defects_of
from meter_emu.domain import BUDGET
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.world.households.household import DeskOrder, Household
from meter_emu.world.meter.build import PLAIN, REFERENCE, parse_build
from meter_emu.world.meter.times import to_us
from meter_emu.zones import TimeZone

_OFFICE: Final = "office:"


class Hypothesis(NamedTuple):
    """A base program with its defects, and the mistakes of the first fleet's office."""

    base: str = REFERENCE
    defects: tuple[str, ...] = ()
    office: str | None = None

    @property
    def build(self) -> str:
        """The build that runs in the meters."""
        return "+".join((self.base, *self.defects))

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Everything that is wrong, by name."""
        return (*self.defects, *(() if self.office is None else (f"{_OFFICE}{self.office}",)))

    @property
    def key(self) -> str:
        """The name under which its signatures are kept."""
        return self.build if self.office is None else f"{self.build}/{self.office}"

    @property
    def words(self) -> str:
        """Its mistakes, as a memo names them."""
        return " + ".join(self.mistakes) or "nothing was wrong"


BASES: Final = (REFERENCE, PLAIN)  # ours, and the same without guards that acquit some mistakes
_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
# What an office can write wrong: by how much it moves the end of the deferral and the cut, or what
# never comes onto the card.
_MOVED: Final = {
    "order-a-day-early": (-_DAY, -_DAY),
    "order-a-day-late": (_DAY, _DAY),
    "order-an-hour-early": (-_HOUR, -_HOUR),
    "order-twelve-hours-early": (-12 * _HOUR, -12 * _HOUR),  # 11:01 for 23:01
    "order-three-days-early": (-3 * _DAY, -3 * _DAY),  # the dates before an extension
    "deferral-a-day-early": (-_DAY, 0 * _DAY),
}
_NO_REACTIVATION, _NO_LOAD = "reactivation-not-written", "load-not-written"
OFFICE_MISTAKES: Final = (*_MOVED, _NO_REACTIVATION, _NO_LOAD)


def served_wrongly(household: Household, office: str | None) -> Household:
    """Return the household whose office makes a mistake; the announcement stays right."""
    if office is None:
        return household
    served = [
        visit
        if visit.desk is None
        else replace(visit, desk=_wrong(visit.desk, office, household.model.zone))
        for visit in household.visits
    ]
    return replace(household, visits=tuple(served))


def _wrong(order: DeskOrder, office: str, zone: TimeZone) -> DeskOrder:
    if office == _NO_REACTIVATION:
        return replace(order, reactivate=False)
    if office == _NO_LOAD:
        return replace(order, load_cents=0)
    changed, (defer_by, cut_by) = order, _MOVED[office]
    if order.defer_until is not None:
        civil, us = _moved(order.defer_until, zone, defer_by)
        changed = replace(changed, defer_until=civil, defer_us=us)
    if order.cut_at is not None:
        civil, us = _moved(order.cut_at, zone, cut_by)
        changed = replace(changed, cut_at=civil, cut_us=us)
    return changed


def _moved(civil: Civil, zone: TimeZone, by: timedelta) -> tuple[Civil, int]:
    """Return a time moved as a clerk writes dates: by the calendar."""
    when = datetime(*civil) + by  # noqa: DTZ001  legal time, whose zone comes next
    us = to_us(when.replace(tzinfo=zone.info))
    return Civil(when.year, when.month, when.day, when.hour, when.minute), us


def mistakes(only: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the defects and the office's mistakes to try: all, or those of `only`.

    Raise `ConfigError` for one that does not exist; `office:ID` names an office's.
    """
    every = [*defects_of(BUDGET), *(f"{_OFFICE}{one}" for one in OFFICE_MISTAKES)]
    for name in only:
        if name not in every:
            raise ConfigError("--only", "", f"no mistake {name!r}{hint(name, every)}")
    wanted = tuple(dict.fromkeys(only)) or tuple(every)
    offices = tuple(one.removeprefix(_OFFICE) for one in wanted if one.startswith(_OFFICE))
    return tuple(one for one in wanted if not one.startswith(_OFFICE)), offices


def singles(only: Sequence[str] = ()) -> tuple[Hypothesis, ...]:
    """Return each base alone, then every single mistake on each base; those of `only`, if given."""
    defects, offices = mistakes(only)
    found = [Hypothesis(base) for base in BASES]
    for base in BASES:
        found += [Hypothesis(base, (defect,)) for defect in defects]
        found += [Hypothesis(base, office=office) for office in offices]
    return tuple(found)


def pairs_of(only: Sequence[str] = ()) -> Iterator[Hypothesis]:
    """Yield every pair of mistakes on each base; two that swap the same routine are no build."""
    defects, offices = mistakes(only)
    for base in BASES:
        for both in combinations(defects, 2):
            pair = Hypothesis(base, both)
            try:
                parse_build(pair.build)
            except ConfigError:
                continue
            yield pair
        for defect, office in product(defects, offices):
            yield Hypothesis(base, (defect,), office)
