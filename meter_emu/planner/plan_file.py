"""A plan as people write it: the sheet and what its columns are, the office, behaviour, dates.

What makes it a plan, and no campaign, is its `[sheet]`. No share in `[behaviour]` has a default:
nobody knows them but who plans, and the page shows each as an assumption.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from meter_emu.errors import ConfigError
from meter_emu.languages.speech import marked, said
from meter_emu.resources import PRINTABLE, FileDay, FileTime, means, read_toml
from meter_emu.world.meter.build import REFERENCE, parse_build
from meter_emu.world.meter.times import legal_to_us
from meter_emu.zones import TimeZone

_Text: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
_Share: TypeAlias = Annotated[float, Meta(ge=0, le=1)]
_Rate: TypeAlias = Annotated[int, Meta(ge=1, le=3_600)]
_Point: TypeAlias = tuple[Annotated[int, Meta(ge=0, le=366)], _Share]
_Times: TypeAlias = Annotated[float, Meta(gt=0, le=100)]
_Watt: TypeAlias = Annotated[int, Meta(ge=1, le=20_000)]
_Load: TypeAlias = Annotated[int, Meta(ge=5, le=250)]
_Days: TypeAlias = Annotated[int, Meta(ge=0, le=3_650)]
EXTRA: Final = "pip install 'meter-emu[plan]'"
DAY_NAMES: Final = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_SHARES_SUM: Final = 1 + 1e-9  # of weights that are written as decimals


class RawColumn(Struct, forbid_unknown_fields=True, kw_only=True):
    """A column of the sheet whose words are others than ours, or one value for all rows."""

    column: Annotated[_Text | None, means("its heading")] = None
    values: Annotated[dict[str, str], means("what each of their words is here")] = {}
    all: Annotated[_Text | None, means("the same for all rows: there is no column")] = None


_Column: TypeAlias = _Text | RawColumn


class RawColumns(Struct, forbid_unknown_fields=True, kw_only=True):
    """Which column is what."""

    meter_id: Annotated[_Text, means("the meter's number, once each")]
    model: Annotated[_Column, means("its model: a built-in name, or a path from the plan")]
    balance: Annotated[_Text, means("the credit on the meter, in euro")]
    debt: Annotated[_Text | None, means("what is taken off the credit, in euro")] = None
    district: Annotated[_Column | None, means("whose office it goes to")] = None
    last_visit: Annotated[_Text, means("the last day at an office; empty for never")]

    @property
    def headings(self) -> set[str]:
        """The headings that it names."""
        columns = [getattr(self, key) for key in self.__struct_fields__]
        names = [one.column if isinstance(one, RawColumn) else one for one in columns]
        return {" ".join(name.split()) for name in names if name}


class RawSheet(Struct, forbid_unknown_fields=True, kw_only=True):
    """The sheet: a row a meter, the headings first."""

    file: Annotated[_Text, means("CSV or XLSX, a path from the plan")]
    sheet: Annotated[_Text | None, means("of a workbook with several")] = None
    as_of: Annotated[FileDay, means("when it was made: no date in it is later")]
    decimal: Annotated[Literal[",", "."], means("the mark before the cents")]
    dates: Annotated[_Text, means("how days are written: %d/%m/%Y")]
    meter_numbers: Annotated[
        Literal["gs1", "any"] | None,
        means("gs1: each ends with GS1's check digit; any: they may be of several lengths"),
    ] = None
    columns: Annotated[RawColumns, means("which column is what")]


class RawDistrict(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is other at the office of a district."""

    hours: Annotated[_Text | None, means("when it is open")] = None
    closed: Annotated[list[FileDay] | None, means("other days on which it is closed")] = None
    visits_per_hour: Annotated[_Rate | None, means("how many people it serves an hour")] = None


class RawOffice(Struct, forbid_unknown_fields=True, kw_only=True):
    """When the offices are open, and how many people an hour they serve."""

    hours: Annotated[_Text, means("as OpenStreetMap writes them; PH is a public holiday")]
    closed: Annotated[list[FileDay], means("other days on which it is closed")] = []
    visits_per_hour: Annotated[_Rate, means("how many people each serves an hour")]
    district: Annotated[dict[str, RawDistrict], means("what is other at the office of one")] = {}


class Behaviour(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """What nobody knows of the future; every key is an assumption of who plans."""

    use_w: Annotated[_Watt, means("what a household uses, in watt")]
    loads_eur: Annotated[_Load, means("what it loads at each visit")]
    regular_days: Annotated[
        _Days, means("seen so few days before as_of, it comes when its credit runs out")
    ]
    rare_comes: Annotated[_Share, means("share of the others who do")]
    reactivation_from: Annotated[FileDay, means("from when on the offices reactivate")]
    comes: Annotated[
        tuple[_Point, ...],
        Meta(min_length=2),
        means("days before T2, and the share that has come by then, of those who follow it"),
    ]
    follows_calendar: Annotated[_Share, means("share that comes on certain days, whatever T2 is")]
    comes_on: Annotated[
        tuple[tuple[_Text, _Share], ...],
        means("which: a day of the month or a weekday (1, 15, Fr), and its share of them"),
    ]
    gives_up: Annotated[_Share, means("of those not served on their day: not again before T2")]
    inserts_next_day: Annotated[_Share, means("share that puts the card in a day later")]
    lost_card: Annotated[_Share, means("share whose card never reaches the meter")]
    late_comes: Annotated[_Share, means("of those who are cut: at the office within two days")]


class RawPlan(Struct, forbid_unknown_fields=True, kw_only=True):
    """Dates to be compared."""

    name: Annotated[_Text, means("what it is called on the page")]
    cut_at: Annotated[FileTime, means("T2")]
    defer_until: Annotated[FileTime | None, means("T1, T2 if left out")] = None


_ShareRange: TypeAlias = tuple[_Share, _Share]


class RawWhatIf(Struct, forbid_unknown_fields=True, kw_only=True):
    """An assumption, low and high; `times` multiplies, `days` moves, the others replace."""

    comes_total: Annotated[
        _ShareRange | None, means("share of those who follow the deadline that comes in all")
    ] = None
    comes_later_days: Annotated[
        tuple[int, int] | None, means("so many days later than the curve; negative is earlier")
    ] = None
    visits_per_hour_times: Annotated[
        tuple[_Times, _Times] | None, means("so many times as many people an hour")
    ] = None
    use_w: Annotated[tuple[_Watt, _Watt] | None, means("what a household uses")] = None
    loads_eur: Annotated[tuple[_Load, _Load] | None, means("what it loads at each visit")] = None
    rare_comes: Annotated[_ShareRange | None, means("share of the rare visitors")] = None
    follows_calendar: Annotated[_ShareRange | None, means("share that comes on pay days")] = None
    gives_up: Annotated[_ShareRange | None, means("share of those not served on their day")] = None
    inserts_next_day: Annotated[_ShareRange | None, means("share that waits a day")] = None
    lost_card: Annotated[_ShareRange | None, means("share whose card never gets there")] = None
    late_comes: Annotated[_ShareRange | None, means("share of those who are cut")] = None


class RawPlanFile(Struct, forbid_unknown_fields=True, kw_only=True):
    """A plan: a sheet of meters, offices, and the dates to be compared."""

    name: Annotated[_Text, means("the title of the page")]
    zone: Annotated[TimeZone, means("whose legal time this file is in")]
    language: Annotated[
        Literal["en", "fr", "nl"] | None, means("of answer and page, if no --language says other")
    ] = None
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1), means("what is drawn is drawn from it")] = 0
    build: Annotated[
        Annotated[str, Meta(pattern=r"^reference(\+[a-z0-9-]+)*\Z")],
        means("the program of all meters: reference, or with defects, reference+DEFECT"),
    ] = REFERENCE
    sheet: Annotated[RawSheet, means("a row a meter")]
    office: Annotated[RawOffice, means("when the offices are open, and for how many")]
    behaviour: Annotated[Behaviour, means("what nobody knows of the future")]
    plan: Annotated[list[RawPlan], Meta(min_length=1, max_length=26), means("the dates")]
    what_if: Annotated[RawWhatIf | None, means("assumptions to try, each alone")] = None
    at_most_cut: Annotated[
        Annotated[int, Meta(ge=0)] | None, means("say which share must come for so few")
    ] = None
    end_days: Annotated[
        int, Meta(ge=2, le=60), means("it is rehearsed to so many days after the last T2")
    ] = 9
    credit_step_eur: Annotated[
        int, Meta(ge=1, le=50), means("credit is rounded to so much, for one run of equal lives")
    ] = 10


def load_plan(path: Path) -> RawPlanFile:
    """Return the plan in a file; raise `ConfigError` naming file, key and what was wanted."""
    raw_plan = read_toml(path, RawPlanFile)
    check_plan(path, raw_plan)
    return raw_plan


def check_plan(path: Path, raw_plan: RawPlanFile) -> None:
    """Raise `ConfigError` for the first thing in a plan that cannot be."""
    try:
        parse_build(raw_plan.build)
    except ConfigError as error:
        raise ConfigError(str(path), "build", error.why) from None
    as_of = datetime.combine(raw_plan.sheet.as_of, time())
    legal_to_us(as_of, raw_plan.zone, path=str(path), key="sheet: as_of")
    for one in raw_plan.plan:
        for end, when in (("cut_at", one.cut_at), ("defer_until", one.defer_until or one.cut_at)):
            legal_to_us(when, raw_plan.zone, path=str(path), key=f"plan {one.name!r}: {end}")
    for key, why in _refused_keys(raw_plan):
        raise ConfigError(str(path), key, why)


def _refused_keys(raw_plan: RawPlanFile) -> Iterator[tuple[str, str]]:
    """Yield each key that cannot be as it is, and why."""
    as_of, began = raw_plan.sheet.as_of, raw_plan.behaviour.reactivation_from
    pattern = raw_plan.sheet.dates
    if not _has_whole_day(pattern, as_of):
        words = marked(
            "expected a pattern with day, month and year, such as %d/%m/%Y, got {pattern}"
        )
        yield "sheet: dates", said(words, pattern=repr(pattern))
    if began <= as_of:
        words = marked("expected after as_of ({as_of}), got {day}")
        yield "behaviour: reactivation_from", said(words, as_of=as_of, day=began)
    names = [one.name for one in raw_plan.plan]
    for one in raw_plan.plan:
        key, cut_at, defer_until = f"plan {one.name!r}", one.cut_at, one.defer_until or one.cut_at
        if names.count(one.name) > 1:
            yield key, said("expected each name once")
        for end, when in (("cut_at", cut_at), ("defer_until", defer_until)):
            if when.tzinfo is not None or when.second or when.microsecond:
                words = marked("expected whole minutes of legal time, no offset, got {when}")
                yield f"{key}: {end}", said(words, when=str(when))
        if cut_at.date() <= began:
            words = marked("expected after as_of and reactivation_from, got {when}")
            yield f"{key}: cut_at", said(words, when=str(cut_at))
        if defer_until.date() <= as_of or defer_until > cut_at:
            words = marked("expected after as_of and up to cut_at, got {when}")
            yield f"{key}: defer_until", said(words, when=str(defer_until))
    yield from _refused_shares(raw_plan.behaviour)
    if raw_plan.office.district and raw_plan.sheet.columns.district is None:
        words = marked(
            "expected the column that says to which a meter belongs: sheet.columns: district"
        )
        yield "office: district", said(words)


def _refused_shares(behaviour: Behaviour) -> Iterator[tuple[str, str]]:
    for (days, share), (fewer, more) in pairwise(behaviour.comes):
        if fewer >= days or more < share:
            points = f"{[days, share]}, {[fewer, more]}"
            words = marked("expected fewer days and no smaller share each, got {points}")
            yield "behaviour: comes", said(words, points=points)
    if behaviour.comes[0][1]:
        yield "behaviour: comes", said("expected it to begin with a share of 0")
    if sum(share for _, share in behaviour.comes_on) > _SHARES_SUM:
        yield "behaviour: comes_on", said("expected shares of at most 1 in all")
    for name, _ in behaviour.comes_on:
        if name not in DAY_NAMES and not (name.isdecimal() and 1 <= int(name) <= 28):
            words = marked("expected 1 to 28, or one of {days}, got {name}")
            yield "behaviour: comes_on", said(words, days=", ".join(DAY_NAMES), name=repr(name))


def _has_whole_day(pattern: str, day: date) -> bool:
    """Whether a pattern has day, month and year; Python itself reads none without a year."""
    first = day.replace(day=1)
    try:
        if first.strftime(pattern) == first.replace(year=first.year + 1).strftime(pattern):
            return False
        return datetime.strptime(day.strftime(pattern), pattern).date() == day  # noqa: DTZ007
    except ValueError:
        return False
