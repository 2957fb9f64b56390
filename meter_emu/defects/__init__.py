"""Date defects as named swaps: one file a defect, no trace of them in the reference.

A defect is a direct subclass of one part (of firmware, chip or desk) that overrides one or few
routines. A defect of shared code (all drivers, all chips, all hours of the week) is swapped in each
of the parts. `fit` gives the class to build with; the reference part itself if there is nothing to
swap. The folders show where a mistake sits. On the class stands `@Defect(...)`, its entry in the
catalogue, with a household in which it shows, written as a campaign file of some ten lines.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta
from enum import Enum, unique
from functools import cache, partial
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, Final, TypeVar, final

from meter_emu.domain import BUDGET, DeviceName
from meter_emu.errors import ConfigError

# The folders, in the order in which a reader meets them: from a date to the household.
DEFECT_PARTS: Final[Mapping[str, str]] = {
    "calendar": "The calendar",
    "zone": "Summer time and zones",
    "driver": "The driver of the clock chip",
    "chip": "The clock chip",
    "ends": "Ends: how they are kept and compared",
    "hours": "Hours of the week",
    "trust": "Believing the clock",
    "gate": "Which orders are obeyed",
    "rules": "What is done first, and when to look again",
    "program": "The program round the rules",
    "memory": "What is remembered, and which copy is newer",
    "credit": "Credit and energy",
    "dialogue": "What is read from a card and written on it",
    "desk": "The office",
    "paygo": "Devices that are paid for by tokens",
    "sts": "STS meters",
}
# Whose program has the parts of a folder, where that is not a budget meter's.
_DEVICES: Final[Mapping[str, DeviceName]] = {"paygo": "openpaygo", "sts": "sts"}

_HOUR: Final = timedelta(hours=1)
_TEN_MINUTES: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)
_MODEL: Final = "electricity-pcf8563-utc"
_FIRST_SALE: Final = "2024-03-01 09:00"  # ours: where a defect asks for no other date
_ACTS: Final = {
    "insert": "insert = true",
    "technician": "clock_card = true",
    "ahead": 'desk = ["prepayment-on"], office_error_s = 800',
    "red": 'press = "red"',
    "blue": 'press = "blue"',
}


@final
@dataclass(frozen=True, slots=True)
class Showing:
    """One household from `start` to `end`; times are legal, as `2020-07-03 23:01`.

    One that comes twice has its offset behind it: `2020-10-25 02:30+01:00`.

    `cut` and `defer` are what was announced. `visits` are a time and what is done: `insert`,
    `technician`, `red` or `blue` for a button, `ahead` for an order of an office whose clock is
    800 s ahead, `load 50` in euro, `copy 1` for the card as it first came from the office, `old 1`
    for the first card once it is replaced, words of the desk, or keys of the file after a `=`.
    `keys` are lines of the household as they stand in the file. `off` is from when on there is no
    power, and for how many hours. `sold` are tokens: when, and `add
    7`, `set 0` or `unlock`, of energy `wh 3000` or `key 2014 2 rollover`, a key by base date and
    revision; a visit `token 1` keys the first of them in. Who buys tokens has no balance.
    """

    start: str
    end: str
    _: KW_ONLY
    visits: tuple[str, ...] = ()
    cut: str | None = None
    defer: str | None = None
    model: str = _MODEL
    balance_eur: int = 50
    load_w: int = 50
    keys: tuple[str, ...] = ()
    off: tuple[str, int] | None = None
    sold: tuple[str, ...] = ()
    zone: str = "Europe/Brussels"

    def toml(self, name: str, build: str) -> str:
        """Return the campaign file of the household, its meter running a build."""
        return "\n".join(self._lines(name, build)) + "\n"

    def _lines(self, name: str, build: str) -> Iterator[str]:
        yield f'name = "{name}"'
        yield f'zone = "{self.zone}"'
        yield f"start = {_stamp(self.start)}"
        yield f"end = {_stamp(self.end)}"
        if self.cut or self.defer:
            yield "[announced]"
            if self.defer:
                yield f"defer_until = {_stamp(self.defer)}"
            if self.cut:
                yield f"cut_at = {_stamp(self.cut)}"
            yield f'text = "until {self.cut or self.defer}"'
        yield from self._ledger()
        yield "[[household]]"
        yield f'id = "home"\nkind = "in which {name} shows"'
        yield f'model = "{self.model}"\nbuild = "{build}"'
        if not self.sold:
            yield f"balance_eur = {self.balance_eur}"
        yield f"load_w = {self.load_w}"
        yield from self.keys
        if self.off is not None:
            back = _text(_when(self.off[0]) + self.off[1] * _HOUR)
            yield f"outages = [{{ from = {_stamp(self.off[0])}, to = {_stamp(back)} }}]"
        yield "visits = ["
        for visit in self.visits:
            yield f"  {{ at = {_stamp(visit[:16])}, {_act(visit[17:])} }},"
        yield "]"

    def _ledger(self) -> Iterator[str]:
        if not self.sold:
            return
        yield "token = ["
        for number, sale in enumerate(self.sold, start=1):
            kind, *value = sale[17:].split()
            given = f"{kind} = {value[0] if value else 'true'}"
            if kind == "key":
                given = f"new_key = {{ base = {value[0]}, revision = {value[1]} }}"
                given += ", rollover = true" if value[2:] else ""
            sold = f"sold = {_stamp(sale[:16])}"
            yield f'  {{ id = "{number}", household = "home", {sold}, {given} }},'
        yield "]"


def armed(
    cut: str,
    *,
    on: str,
    then: tuple[str, ...] = (),
    end: str | None = None,
    **more: Any,  # noqa: ANN401 - other fields of `Showing`
) -> Showing:
    """Return a household armed at the office, ten minutes later at the meter; T1, T2 are `cut`.

    `then` is what else is done. It is watched to two days after T2, or to `end`.
    """
    office, stop = _when(on), _when(end) if end else _when(cut) + 2 * _DAY
    visits = (f"{on} defer cut", f"{_text(office + _TEN_MINUTES)} insert", *then)
    start = _text(office - _HOUR)
    return Showing(start, _text(stop), cut=cut, defer=cut, visits=visits, **more)


# The household of July 2020, in which most defects show.
july: Final = partial(armed, "2020-07-03 23:01", on="2020-06-29 10:00")
# A household without an announcement, under ordinary rules, at any time and from Monday to Friday;
# and one that buys light by the day.
unannounced: Final = partial(Showing, balance_eur=1)
working_week: Final = partial(unannounced, "2020-01-13 09:00", "2020-01-17 12:00")
keyed_in: Final = partial(Showing, _FIRST_SALE, model="openpaygo", load_w=12, zone="Europe/Lisbon")


def energy_bought(
    end: str,
    *,
    start: str = _FIRST_SALE,
    model: str = "sts-2014",
    credit_wh: int = 0,
    lost: str = "",
    **more: Any,  # noqa: ANN401 - other fields of `Showing`
) -> Showing:
    """Return a household that buys energy and uses a kWh an hour.

    At `lost` power fails for some ten seconds.
    """
    keys = [f"age = {{ credit_wh = {credit_wh} }}"]
    if lost:
        back = f"{lost[:10]}T{lost[11:17]}10"
        keys.append(f"outages = [{{ from = {lost.replace(' ', 'T')}, to = {back} }}]")
    zone = "Europe/Lisbon"
    return Showing(start, end, model=model, load_w=1_000, zone=zone, keys=tuple(keys), **more)


def clock_lost(*visits: str) -> Showing:
    """Return an outage up to 17 February 2020, 10:00, after which the clock begins in 2000.

    Its credit ends on the evening of the 19th.
    """
    return unannounced(
        "2020-01-06 09:00",
        "2020-02-22 12:00",
        load_w=50,
        model="electricity-ds3231-utc",
        visits=visits,
        off=("2020-01-07 10:00", 984),
    )


def office_hours(load_w: int) -> Showing:
    """Return a household whose credit ends on a Friday, without power in office hours after it."""
    days = (f"2020-01-{day}" for day in (13, 14, 15, 16, 17))
    out = (f"  {{ from = {day}T07:55:00, to = {day}T16:05:00 }}," for day in days)
    return unannounced(
        "2020-01-10 16:30", "2020-01-18 12:00", load_w=load_w, keys=("outages = [", *out, "]")
    )


def _act(what: str) -> str:
    if what in _ACTS:
        return _ACTS[what]
    if what.startswith("="):
        return what[1:]
    verb, *rest = what.split()
    if verb == "load":
        return f"load_eur = {rest[0]}"
    if verb == "copy":
        return f"insert = true, copy_of = {rest[0]}"
    if verb == "token":
        return f'token = "{rest[0]}"'
    if verb == "old":
        return f"insert = true, card_number = {rest[0]}"
    words = ", ".join(f'"{word}"' for word in (verb, *rest))
    return f"desk = [{words}]"


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


def _stamp(text: str) -> str:
    return f"{text[:10]}T{text[11:16]}:00{text[16:]}"


PartT = TypeVar("PartT")


@final
@unique
class Effect(Enum):
    """The effect on a household, or who sees it."""

    EARLY = "cut early"
    LATE = "cut late"
    NEVER = "cut never"
    CUT_WRONGLY = "cut who is not to be"
    REFUSES = "refuses what it must accept"
    ACCEPTS = "accepts what it must refuse"
    NOT_RESTORED = "not fed again"
    CRASHES = "the program fails"
    HANGS = "the program never comes back"
    WRONG_MONEY = "wrong money"
    WRONG_DISPLAY = "wrong display"
    DOUBTS = "doubts a clock that is right"
    NOT_CREDITED = "does not credit what was paid"
    CREDITED_TWICE = "credits a token twice"


# The entries by their modules, each there once its module is imported.
ENTRIES: Final[dict[str, "Defect"]] = {}


@final
@dataclass(slots=True, kw_only=True, eq=False)
class Defect:
    """One entry, on its `swap`: a direct subclass of its part, in a module of the defect's name.

    `law` is the id of the law that catches it, and `needs` what a meter or card must have for it to
    show at all, in the words of `verify`'s *not covered*. `shown` is a household in which it first
    shows: that of July 2020, unless it says another. `blind` says when it does not show, `seen`
    where it was met, with the source, and `avoid` how to write it right.
    """

    mechanism: str
    swap: type = field(init=False)
    effect: Effect
    law: str
    needs: tuple[str, ...] = ()
    shown: Showing = field(default_factory=july)
    blind: str
    seen: str
    avoid: str

    def __call__(self, swap: type[PartT]) -> type[PartT]:
        """Enter a class, which stays as it is."""
        self.swap = swap
        assert self.routines, f"{self.id}: overrides nothing"
        ENTRIES[swap.__module__] = self
        return swap

    @property
    def id(self) -> str:
        """Its name, which is that of its module."""
        return self.swap.__module__.split(".")[-1].replace("_", "-")

    @property
    def part(self) -> type:
        """The part that it is a swap of."""
        (part,) = self.swap.__bases__
        whole: type = part
        return whole

    @property
    def routines(self) -> frozenset[str]:
        """The names of the routines it overrides."""
        return frozenset(name for name in vars(self.swap) if callable(getattr(self.swap, name)))

    @property
    def where(self) -> str:
        """Its folder: where the mistake sits."""
        return self.swap.__module__.split(".")[-2]

    @property
    def device(self) -> DeviceName:
        """The one whose program has that part.

        A defect of chip or office is of a budget meter, as the catalogue shows it there.
        """
        return _DEVICES.get(self.where, BUDGET)

    @property
    def build(self) -> str:
        """The build that has this defect and no other."""
        return f"reference+{self.id}"


@cache
def catalogue() -> dict[str, Defect]:
    """Return every defect of every device by its id, in alphabetical order."""
    modules = [one for one in walk_packages(__path__, f"{__name__}.") if one.name.count(".") == 3]
    found = [ENTRIES[import_module(module.name).__name__] for module in modules]
    return {defect.id: defect for defect in sorted(found, key=lambda defect: str(defect.id))}


def defects_of(device: DeviceName) -> dict[str, Defect]:
    """Return the defects of a device by their ids."""
    return {name: defect for name, defect in catalogue().items() if defect.device == device}


def fit(part: type[PartT], defects: Sequence[Defect]) -> type[PartT]:
    """Return `part` with the defects that concern it: itself when there are none.

    Raise `ConfigError` when two of them swap the same routine: neither would be what it says.
    """
    mine = tuple(defect for defect in defects if issubclass(part, defect.part))
    if not mine:
        return part
    whole: type = part
    fitted: type[PartT] = _composed(whole, mine)
    return fitted


@cache
def _composed(part: type, defects: tuple[Defect, ...]) -> type:
    taken: dict[str, str] = {}
    for defect in defects:
        for routine in defect.routines:
            if routine in taken:
                why = f"{taken[routine]} and {defect.id} both swap {part.__name__}.{routine}"
                raise ConfigError("build", "", why)
            taken[routine] = defect.id
    name = "+".join((part.__name__, *(defect.id for defect in defects)))
    return type(name, (*(defect.swap for defect in defects), part), {"__slots__": ()})
