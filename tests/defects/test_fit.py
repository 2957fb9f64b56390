"""Named swaps: each defect is its own few routines, and early by exactly what it says."""

import ast
import inspect
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

import meter_emu.defects
from card_protocol.timestamp import Civil
from meter_emu.defects import Defect, Effect, catalogue, fit
from meter_emu.desk.desk import Work
from meter_emu.errors import ConfigError
from meter_emu.firmware.calendar import Calendar, Zone
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.rtc.driver import RtcDriver, RtcPorts, RtcReading
from meter_emu.firmware.rtc.ds3231 import Ds3231Driver
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.resources import built_in
from meter_emu.world.meter import build as build_module
from meter_emu.world.meter.build import Build, parse_build
from meter_emu.world.meter.model import load_model
from meter_emu.world.meter.times import to_us
from tests.cells import each_cell
from tests.firmware.meters import Rig, now_at, seconds
from tests.rigs import MODEL

BRUSSELS = ZoneInfo("Europe/Brussels")


def fitted_parts() -> list[type]:
    """Return every part that a build of any model asks a class for."""
    asked: list[type] = []

    def noted(part: Any, defects: Any) -> Any:
        asked.append(part)
        return fit(part, defects)

    with patch.object(build_module, "fit", noted):
        every = Build("every part", ())
        for model in map(load_model, [*built_in("meters").values(), *built_in("devices").values()]):
            every.program(model)
            every.rtc(model, 0, 0)
        every.desk_parts(model.zone)
    return list(dict.fromkeys(asked))


PARTS = fitted_parts()
FOLDER = Path(meter_emu.defects.__file__).parent
MODULES = sorted(path for path in FOLDER.glob("*/*.py") if path.stem != "__init__")
DEFECTS = list(catalogue().values())
BY_DEFECT = each_cell("defect", DEFECTS, ids=[defect.id for defect in DEFECTS])


# The catalogue ------------------------------------------------------------------------------------


@each_cell("path", MODULES, ids=[path.stem for path in MODULES])
def test_every_module_ends_in_a_defect_of_its_own_name(path):
    last = ast.parse(path.read_text("utf-8")).body[-1]
    assert isinstance(last, ast.ClassDef)
    assert ast.unparse(last.decorator_list[0]).startswith("Defect(")
    assert path.stem.replace("_", "-") in catalogue()


def test_the_catalogue_is_the_folder_in_alphabetical_order():
    assert list(catalogue()) == sorted(path.stem.replace("_", "-") for path in MODULES)
    assert all(defect_id == defect.id for defect_id, defect in catalogue().items())


@BY_DEFECT
def test_a_defect_overrides_its_routines_and_nothing_else(defect):
    for name in dir(defect.part):
        if name in defect.routines:
            assert vars(defect.swap)[name] is not getattr(defect.part, name)
        elif not name.startswith(("__", "_abc")):
            inherited = inspect.getattr_static(defect.part, name)
            assert inspect.getattr_static(defect.swap, name) is inherited
    added = {name for name in vars(defect.swap) if not name.startswith(("__", "_abc"))}
    assert added == defect.routines
    assert defect.routines <= set(dir(defect.part))


@BY_DEFECT
def test_a_defect_adds_no_state_of_its_own(defect):
    assert own_state(inspect.getsource(defect.swap)) <= set(dir(defect.part))


def own_state(source: str) -> set[str]:
    """Return the attributes of `self` that a class assigns."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)]
    return {
        n.attr for n in nodes if isinstance(n.ctx, ast.Store) and ast.unparse(n.value) == "self"
    }


def test_state_of_its_own_is_seen():
    assert own_state("class C:\n def f(self):\n  self.a, x = 1, 2\n  self.b += 1") == {"a", "b"}


@each_cell("path", MODULES, ids=[path.stem for path in MODULES])
def test_a_defect_is_a_file_of_less_than_a_screen(path):
    assert len(path.read_text("utf-8").splitlines()) < 40


@BY_DEFECT
def test_a_defect_swaps_a_part_that_is_fitted_and_names_its_source(defect):
    assert any(issubclass(part, defect.part) for part in PARTS)
    assert defect.where == Path(inspect.getfile(defect.swap)).parent.name
    for text in (defect.mechanism, defect.blind, defect.seen, defect.avoid):
        assert text.strip() == text != ""
        assert not text.endswith(".")


@BY_DEFECT
def test_a_build_with_one_defect_differs_from_the_reference_where_the_defect_sits(defect):
    build, reference = parse_build(f"reference+{defect.id}"), parse_build("reference")
    for part in PARTS:
        fitted: type = build.fitted(part)
        assert (fitted is not part) == issubclass(part, defect.part)
        assert reference.fitted(part) is part
    names = type(build.parts(MODEL)).__slots__
    classes = [type(getattr(build.parts(MODEL), name)) for name in names]
    plain = [type(getattr(reference.parts(MODEL), name)) for name in names]
    changed = [b for a, b in zip(classes, plain, strict=True) if a is not b]
    assert changed == [part for part in plain if issubclass(part, defect.part)]


# Fitting ------------------------------------------------------------------------------------------


class NoLeap(Calendar):
    """Knows no leap years."""

    __slots__ = ()

    @override
    def is_leap(self, year: int) -> bool:
        return False


class SundayFirst(Calendar):
    """Counts weekdays from Sunday."""

    __slots__ = ()

    @override
    def weekday(self, day_number: int) -> int:
        return (super().weekday(day_number) + 1) % 7


class AlwaysLeap(Calendar):
    """Knows no common years."""

    __slots__ = ()

    @override
    def is_leap(self, year: int) -> bool:
        return True


def defect(swap: type) -> Defect:
    made = Defect(
        mechanism="-",
        effect=Effect.EARLY,
        law="-",
        shown=catalogue()["end-exclusive"].shown,
        blind="-",
        seen="-",
        avoid="-",
    )
    made(swap)
    return made


@each_cell("part", PARTS, ids=[part.__name__ for part in PARTS])
def test_without_a_defect_of_its_own_a_part_is_the_part_itself(part):
    assert fit(part, ()) is part
    others = [entry for entry in DEFECTS if not issubclass(part, entry.part)]
    assert fit(part, others) is part


def test_two_defects_of_one_part_are_both_in_the_composed_class():
    both = fit(Calendar, (defect(NoLeap), defect(SundayFirst)))()
    assert not both.is_leap(2020)
    assert both.weekday(0) == 4  # 1970-01-01, a Thursday
    assert both.day_number(1972, 3, 1) == Calendar().day_number(1972, 3, 1) - 1


@pytest.mark.parametrize(
    "pair", [(NoLeap, AlwaysLeap), (AlwaysLeap, NoLeap)], ids=["one way", "the other way"]
)
def test_two_defects_that_swap_one_routine_are_refused(pair):
    with pytest.raises(ConfigError, match=r"both swap Calendar\.is_leap"):
        fit(Calendar, [defect(swap) for swap in pair])


class TornRead(RtcDriver):
    """Reads twice, whatever the chip."""

    __slots__ = ()

    @override
    def read(self, ports: RtcPorts) -> RtcReading:
        super().read(ports)
        return super().read(ports)


class LateRead(Pcf8563Driver):
    """Another way to read one chip."""

    __slots__ = ()

    @override
    def read(self, ports: RtcPorts) -> RtcReading:
        return super().read(ports)


def test_a_defect_of_what_parts_share_is_in_each_of_them_and_in_nothing_else():
    torn = defect(TornRead)
    drivers = [part for part in PARTS if issubclass(part, RtcDriver)]
    assert len(drivers) == 3
    for part in PARTS:
        fitted: type = fit(part, [torn])
        assert (fitted is not part) == (part in drivers)
        if part in drivers:
            assert issubclass(fitted, TornRead)
            assert issubclass(fitted, part)


def test_a_defect_of_what_is_shared_and_one_of_a_part_do_not_swap_one_routine():
    pair = [defect(TornRead), defect(LateRead)]
    with pytest.raises(ConfigError, match=r"both swap Pcf8563Driver\.read"):
        fit(Pcf8563Driver, pair)
    assert issubclass(fit(Ds3231Driver, pair), TornRead)


def test_two_end_stores_in_one_build_are_refused():
    with pytest.raises(ConfigError, match="doy-common-year and minutes-in-16-bits both swap"):
        parse_build("reference+doy-common-year+minutes-in-16-bits")


def test_equal_defects_give_the_same_class_and_equal_names_the_same_build():
    entries = (defect(NoLeap), defect(SundayFirst))
    assert fit(Calendar, entries) is fit(Calendar, list(entries))
    for name in ("reference", "reference+end-exclusive+reactivation-clears-one"):
        assert parse_build(name) is parse_build(name)


def test_a_composed_class_has_room_for_nothing_new():
    composed = fit(Calendar, (defect(NoLeap),))()
    with pytest.raises(AttributeError):
        composed.extra = 1  # type: ignore[attr-defined]


def test_a_swap_that_overrides_nothing_is_no_defect():
    class Same(Calendar):
        pass

    with pytest.raises(AssertionError, match="overrides nothing"):
        defect(Same)


@each_cell(
    ("name", "why"),
    [
        ("reference+no-such-thing", "expected a defect of"),
        ("reference+end-exclusive+end-exclusive", "named twice"),
        ("other", "expected reference or plain"),
        ("reference+", "expected a defect of"),
        ("", "expected reference or plain"),
    ],
)
def test_a_build_that_cannot_be_is_refused_in_one_line(name, why):
    with pytest.raises(ConfigError, match=why) as caught:
        parse_build(name)
    assert "\n" not in str(caught.value)


# The regression grid ------------------------------------------------------------------------------

DATES = [(1, 1), (2, 28), (2, 29), (3, 1), (6, 30), (7, 2), (7, 3), (12, 31)]
YEARS = [2019, 2020, 2021, 2024, 2030, 2096, 2099]
TIMES = [(0, 0), (0, 1), (8, 0), (9, 0), (16, 0), (22, 59), (23, 0), (23, 1), (23, 59)]


def leap(year: int) -> bool:
    return (datetime(year + 1, 1, 1, tzinfo=UTC) - datetime(year, 1, 1, tzinfo=UTC)).days == 366


TARGETS = [
    Civil(year, *date, *time)
    for year, date, time in product(YEARS, DATES, TIMES)
    if date != (2, 29) or leap(year)
]


def instant_s(wall: datetime) -> int:
    """The oracle: the later instant of a naive legal time, in seconds since 1970."""
    return max(seconds(wall.replace(tzinfo=BRUSSELS, fold=fold)) for fold in (0, 1))


def wall(when: Civil) -> datetime:
    return datetime(*when, tzinfo=UTC).replace(tzinfo=None)


def due_s(build: str, when: Civil) -> int:
    """Return when an end comes in a build, by a clock without error."""
    ends = parse_build(build).parts(MODEL).ends
    return ends.instant_s(ends.accept(when, now_at(0)))


@each_cell("when", TARGETS, ids=str)
def test_the_reference_is_right_on_the_whole_grid(when):
    assert due_s("reference", when) == instant_s(wall(when))


@each_cell("when", TARGETS, ids=str)
def test_the_day_of_year_is_a_day_early_from_1_march_of_a_leap_year_and_else_right(when):
    early = leap(when.year) and when.month > 2
    want = wall(when) - timedelta(days=1) * early
    assert due_s("reference+doy-common-year", when) == instant_s(want)


@each_cell("year", [2019, 2020, 2021, 2024])
def test_the_day_of_year_is_seen_on_every_day_after_february_of_a_leap_year_only(year):
    day = datetime(year, 1, 1, 23, 1, tzinfo=UTC).replace(tzinfo=None)
    while day.year == year:
        when = Civil(day.year, day.month, day.day, 23, 1)
        early = leap(year) and when.month > 2
        want = day - timedelta(days=1) * early
        assert due_s("reference+doy-common-year", when) == instant_s(want)
        day += timedelta(days=1)


@each_cell("when", TARGETS, ids=str)
def test_an_exclusive_end_is_a_day_early_always(when):
    want = wall(when) - timedelta(days=1)
    assert due_s("reference+end-exclusive", when) == instant_s(want)


def test_what_the_meter_shows_tells_two_early_meters_apart():
    """One believes the announced date and counts wrongly, the other believes the day before."""
    announced = Civil(2020, 7, 3, 23, 1)
    shown = [
        parse_build(f"reference+{name}").parts(MODEL).ends
        for name in ("doy-common-year", "end-exclusive")
    ]
    assert [ends.understood(ends.accept(announced, now_at(0))) for ends in shown] == [
        announced,
        announced._replace(day=2),
    ]


COMPARED = (Calendar, EndStore, Zone)  # what says when an end comes
END_BUILDS = [
    "reference",
    *(
        entry.build
        for entry in DEFECTS
        if issubclass(entry.part, COMPARED) and entry.effect is not Effect.CRASHES
    ),
]


@pytest.mark.slow("lives a home for each defect", short=10)
@pytest.mark.parametrize("build", END_BUILDS)
@given(
    target=st.datetimes(wall(Civil(2000, 1, 1, 0, 0)), wall(Civil(2099, 12, 31, 23, 59))),
    before_s=st.integers(-200_000, 200_000),
    share=st.floats(0, 1, exclude_max=True),
)
def test_no_end_comes_while_the_hint_sleeps_in_any_build(build, target, before_s, share):
    """Within an RTC day: at its midnight the program looks anyway."""
    ends = parse_build(build).parts(MODEL).ends
    when = Civil(target.year, target.month, target.day, target.hour, target.minute)
    at_s = max(0, instant_s(wall(when)) - before_s)
    end = ends.accept(when, now_at(at_s))
    assert len(end) == 12
    assert ends.armed(end)
    if ends.due(end, now_at(at_s)):
        return
    sleeps_s = min(max(1, ends.wait_s(end, now_at(at_s))), 86_400 - at_s % 86_400)
    asleep = now_at(at_s + int(sleeps_s * share))
    assert not ends.due(end, asleep)


# On a whole meter ---------------------------------------------------------------------------------

DAY = timedelta(days=1)


def opened(build: str, armed: datetime, target: Civil, *deeds: Work) -> datetime | None:
    """Return when the contactor opened in a home armed for `target`, within a day after it."""
    rig = Rig(build=build, start_us=to_us(armed))
    for work in (Work(defer_until=target, cut_at=target), *deeds):
        rig.write(work)
        rig.insert()
    rig.bench.run_until(instant_s(wall(target)) * 1_000_000 + 86_400_000_000)
    moves = [at_us for at_us, closed in rig.board.moves if not closed]
    return datetime.fromtimestamp(moves[0] // 1_000_000, UTC) if moves else None


def hours_early(build: str, year: int, target: tuple[int, int, int, int]) -> float | None:
    when = Civil(year, *target)
    instant = datetime.fromtimestamp(instant_s(wall(when)), UTC)
    at = opened(build, instant - 3 * DAY, when)
    return None if at is None else (instant - at) / timedelta(hours=1)


@each_cell("target", [(7, 3, 23, 1), (6, 30, 9, 0), (3, 1, 12, 0)])
@each_cell(
    ("build", "year", "early"),
    [
        ("reference", 2020, 0),
        ("reference", 2021, 0),
        ("reference+doy-common-year", 2019, 0),
        ("reference+doy-common-year", 2020, 24),
        ("reference+doy-common-year", 2021, 0),
        ("reference+doy-common-year", 2024, 24),
        ("reference+end-exclusive", 2019, 24),
        ("reference+end-exclusive", 2020, 24),
        ("reference+reactivation-clears-one", 2020, 0),
    ],
)
def test_a_home_goes_dark_as_early_as_its_defect_says_and_never_before(build, year, early, target):
    """Within five minutes after: u is a minute and twelve seconds or so, a poll is a minute."""
    found = hours_early(build, year, target)
    assert found is not None
    assert early - 5 / 60 < found <= early


@each_cell(
    ("build", "cut"),
    [
        ("reference", False),
        ("reference+reactivation-clears-one", True),
        ("reference+doy-common-year", False),
        ("reference+end-exclusive", False),
    ],
)
def test_who_reactivated_is_cut_only_where_a_reactivation_clears_one_item(build, cut):
    target = Civil(2020, 7, 3, 23, 1)
    at = opened(build, datetime(2020, 6, 29, 10, tzinfo=UTC), target, Work(reactivate=True))
    assert (at is not None) == cut
    if at is not None:
        instant = datetime.fromtimestamp(instant_s(wall(target)), UTC)
        assert timedelta(0) <= at - instant < timedelta(minutes=5)
