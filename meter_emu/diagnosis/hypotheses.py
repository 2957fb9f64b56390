"""Hypotheses: a base program with mistakes of the catalogue, or an office that wrote wrong data.

A mistake in data is as able to bring a cut forward as one in a program; it needs no meter that
fails. Two base programs run every mistake: the guards of the reference acquit some of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import Final, NamedTuple, final

from card_protocol.timestamp import Civil
from meter_emu.defects import catalogue
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.world.meter.build import PLAIN, REFERENCE, parse_build
from meter_emu.world.meter.times import to_us
from meter_emu.world.rehearsal.household import DeskOrder, Household, Visit
from meter_emu.zones import TimeZone

_OFFICE: Final = "office:"


class Hypothesis(NamedTuple):
    """A base program, what is wrong with it, and what the office of the first fleet did wrong."""

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
        """Its name among kept signatures."""
        return self.build if self.office is None else f"{self.build}/{self.office}"

    @property
    def words(self) -> str:
        """Its mistakes, as a memo names them."""
        return " + ".join(self.mistakes) or "nothing was wrong"


@final
@dataclass(frozen=True, slots=True)
class OfficeMistake:
    """What an office can write wrong: `change` makes its order from the right one."""

    id: str
    words: str
    change: Callable[[DeskOrder, TimeZone], DeskOrder]


def bases() -> tuple[str, ...]:
    """Return the base programs: ours, and the same without the guards that acquit some mistakes."""
    return REFERENCE, PLAIN


def _put_off(
    order: DeskOrder, zone: TimeZone, by: timedelta, *, defer: bool = True, cut: bool = True
) -> DeskOrder:
    """Return an order with its ends moved, as a clerk writes dates: by the calendar."""
    changed = order
    if defer and order.defer_until is not None:
        civil, us = _moved(order.defer_until, zone, by)
        changed = replace(changed, defer_until=civil, defer_us=us)
    if cut and order.cut_at is not None:
        civil, us = _moved(order.cut_at, zone, by)
        changed = replace(changed, cut_at=civil, cut_us=us)
    return changed


def _moved(civil: Civil, zone: TimeZone, by: timedelta) -> tuple[Civil, int]:
    when = datetime(*civil) + by  # noqa: DTZ001  legal time, whose zone comes next
    us = to_us(when.replace(tzinfo=zone.info))
    return Civil(when.year, when.month, when.day, when.hour, when.minute), us


_DAY: Final = timedelta(days=1)
_HOUR: Final = timedelta(hours=1)
OFFICE_MISTAKES: Final = (
    OfficeMistake(
        "order-a-day-early",
        "both dates of the order a day early",
        lambda order, zone: _put_off(order, zone, -_DAY),
    ),
    OfficeMistake(
        "order-a-day-late",
        "both dates of the order a day late",
        lambda order, zone: _put_off(order, zone, _DAY),
    ),
    OfficeMistake(
        "order-an-hour-early",
        "both times of the order an hour early",
        lambda order, zone: _put_off(order, zone, -_HOUR),
    ),
    OfficeMistake(
        "order-twelve-hours-early",
        "11:01 written for 23:01",
        lambda order, zone: _put_off(order, zone, -12 * _HOUR),
    ),
    OfficeMistake(
        "order-three-days-early",
        "the order's dates before an extension by three days",
        lambda order, zone: _put_off(order, zone, -3 * _DAY),
    ),
    OfficeMistake(
        "deferral-a-day-early",
        "the end of the deferral a day early, the cut right",
        lambda order, zone: _put_off(order, zone, -_DAY, cut=False),
    ),
    OfficeMistake(
        "reactivation-not-written",
        "the order to reactivate never came onto the card",
        lambda order, _zone: replace(order, reactivate=False),
    ),
    OfficeMistake(
        "load-not-written",
        "the load never came onto the card",
        lambda order, _zone: replace(order, load_cents=0),
    ),
)
_BY_ID: Final = {one.id: one for one in OFFICE_MISTAKES}


def served_wrongly(household: Household, office: str | None) -> Household:
    """Return the household whose office makes a mistake; the announcement stays right."""
    if office is None:
        return household
    mistake, zone = _BY_ID[office], household.model.zone
    return replace(
        household, visits=tuple(_served(visit, mistake, zone) for visit in household.visits)
    )


def _served(visit: Visit, mistake: OfficeMistake, zone: TimeZone) -> Visit:
    return visit if visit.desk is None else replace(visit, desk=mistake.change(visit.desk, zone))


def mistakes(only: Sequence[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the defects and the office's mistakes to try: all, or those of `only`.

    Raise `ConfigError` for one that does not exist; `office:ID` names an office's.
    """
    every = [*catalogue(), *(f"{_OFFICE}{one.id}" for one in OFFICE_MISTAKES)]
    for name in only:
        if name not in every:
            raise ConfigError("--only", "", f"no mistake {name!r}{hint(name, every)}")
    wanted = tuple(dict.fromkeys(only)) or tuple(every)
    offices = tuple(one.removeprefix(_OFFICE) for one in wanted if one.startswith(_OFFICE))
    return tuple(one for one in wanted if not one.startswith(_OFFICE)), offices


def singles(only: Sequence[str] = ()) -> tuple[Hypothesis, ...]:
    """Return each base alone, then every single mistake on each base; those of `only`, if given."""
    defects, offices = mistakes(only)
    found = [Hypothesis(base) for base in bases()]
    for base in bases():
        found += [Hypothesis(base, (defect,)) for defect in defects]
        found += [Hypothesis(base, office=office) for office in offices]
    return tuple(found)


def pairs_of(only: Sequence[str] = ()) -> Iterator[Hypothesis]:
    """Yield every pair of mistakes on each base; two that swap the same routine are no build."""
    defects, offices = mistakes(only)
    for base in bases():
        for both in combinations(defects, 2):
            pair = Hypothesis(base, both)
            if _builds(pair.build):
                yield pair
        for both in product(defects, offices):
            yield Hypothesis(base, both[:1], both[1])


def _builds(build: str) -> bool:
    try:
        parse_build(build)
    except ConfigError:
        return False
    return True
