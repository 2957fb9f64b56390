"""A plan from its sheet to its answer: lives, classes, commands, and what they write."""

import csv
import json
import re
from datetime import date, datetime
from io import StringIO
from itertools import pairwise
from pathlib import Path
from statistics import fmean

import msgspec
import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from python_calamine import CalamineWorkbook

from meter_emu.cli.app import cli
from meter_emu.cli.schema import schema_of
from meter_emu.errors import ConfigError
from meter_emu.planner.answer import (
    WhatIfs,
    answered,
    changed,
    coming,
    compared_plans,
    fit_of,
)
from meter_emu.planner.classes import HomeState, MeterEnd, Runner
from meter_emu.planner.decided import Criterion
from meter_emu.planner.lives import CardWish, Draws, PlanLives, Town, days_before, last_day
from meter_emu.planner.plan_file import Behaviour, RawPlan
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.checkpoint import Checkpoint
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.cells import few
from tests.planner.audited import town_of, unrounded, within
from tests.planner.sheets import town

ROWS = few(60, short=32)  # `python -m tests.planner.audited` has 5,000
WHAT_IF = """
[what_if]
comes_total = [0.5, 1.0]
visits_per_hour_times = [0.5, 2.0]
"""


def with_hours(there: Town, hours: str) -> Town:
    there.raw.office.hours = hours
    return Town(there.path, there.raw, there.sheet)


def lives_of(there: Town, plan: RawPlan) -> PlanLives:
    return there.lives(plan)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A thousand meters, of which no meter is run."""
    return town_of(tmp_path_factory.mktemp("crowd"), 1_000, per_hour=2, north=1)


# Who comes when ----------------------------------------------------------------------------------


def test_draws_depend_on_seed_and_meter_alone():
    assert Draws.of(1, "a") == Draws.of(1, "a")
    found = {Draws.of(seed, name) for seed in (1, 2) for name in "ab"}
    assert len(found) == 4
    many = [Draws.of(1, str(number)) for number in range(2_000)]
    for values in zip(*many, strict=True):
        assert 0.47 < sum(values) / len(many) < 0.53
        assert all(0 <= value < 1 for value in values)


def test_a_curve_is_followed():
    curve = ((28, 0.0), (14, 0.25), (0, 0.85))
    assert days_before(curve, 0.9) is None
    assert [days_before(curve, share) for share in (0.0, 0.125, 0.25, 0.54, 0.8499)] == [
        28, 21, 14, 7, 0,
    ]  # fmt: skip
    many = [days_before(curve, number / 10_000) for number in range(10_000)]
    assert sum(one is not None and one >= 14 for one in many) / 10_000 == pytest.approx(
        0.25, abs=0.03
    )


def test_two_plans_differ_by_what_differs_and_not_by_chance(crowd):
    first, second = (lives_of(crowd, plan) for plan in crowd.raw.plan)
    for before, after in zip(first.visits, second.visits, strict=True):
        assert [one for one in before if one.what is CardWish.ARM] == [
            one for one in after if one.what is CardWish.ARM
        ]
    assert first.visits != second.visits


def test_everybody_goes_to_the_office_when_it_is_open_and_no_more_than_it_has_room_for(crowd):
    plan = crowd.raw.plan[1]
    lives = lives_of(crowd, plan)
    per_day: dict[tuple[str, date], int] = {}
    for row, visits in zip(crowd.sheet.rows, lives.visits, strict=True):
        for visit in visits:
            key = row.district, visit.desk.date()
            per_day[key] = per_day.get(key, 0) + 1
            assert date(2027, 5, 7) != visit.desk.date(), "it is closed"
            assert visit.desk.weekday() < 6
            assert visit.put_in is None or visit.put_in > visit.desk
        for one, other in pairwise(visits):
            assert one.desk.date() < other.desk.date()
    rooms = {(group, one.day): one for group, days in lives.days.items() for one in days}
    for key, count in per_day.items():
        assert count == rooms[key].served <= rooms[key].room
    for days in lives.days.values():
        for before, today in pairwise(days):
            gone = before.waiting + today.came - today.served - today.waiting
            assert gone >= 0
            assert gone == 0 or today.day <= last_day(plan.cut_at), "nobody gives up then"
    assert sum(lives.not_served.values()) > 10, "the offices of this town are too small"


def test_with_room_for_all_nobody_is_late(tmp_path):
    there = town_of(tmp_path, 400, per_hour=200, north=200)
    lives = lives_of(there, there.raw.plan[0])
    assert not any(lives.not_served.values())


def test_last_day_is_before_a_cut_in_the_morning():
    assert last_day(datetime(2027, 7, 2, 23, 1)) == date(2027, 7, 2)  # noqa: DTZ001
    assert last_day(datetime(2027, 7, 3, 0, 1)) == date(2027, 7, 2)  # noqa: DTZ001


def test_an_assumption_is_changed_alone(crowd):
    behaviour = crowd.raw.behaviour
    half = coming(behaviour, 0.425).comes
    assert [round(share, 3) for _, share in half] == [0, 0.05, 0.125, 0.25, 0.36, 0.425]
    assert changed(behaviour, "use_w", 400).behaviour.use_w == 400
    assert changed(behaviour, "comes_later_days", 3) == (behaviour, 3, 1)
    assert changed(behaviour, "visits_per_hour_times", 0.5) == (behaviour, 0, 0.5)


# Meters ------------------------------------------------------------------------------------------


@pytest.mark.slow("runs each meter of a sheet, and its class")
def test_classes_against_unrounded_lives(tmp_path):
    """Each plan whole, unrounded: its figures are within the bound that the page prints."""
    there = town_of(tmp_path, ROWS)
    for plan in there.raw.plan:
        answer = answered(Runner(there, plan, jobs=1), 3)
        exact = unrounded(answer)
        assert answer.audit.run == ROWS
        assert within(answer, exact)
        answer.drawn[0] = [exact[0]] * ROWS
        assert not within(answer, exact), "this can fail"
        assert {end.morning for end in exact} == set(HomeState)
        assert not any(end.harmed for end in exact)


@pytest.mark.slow("runs the meters of two plans")
def test_two_plans_are_compared_meter_by_meter(tmp_path):
    there = town_of(tmp_path, 24)
    first, second = (answered(Runner(there, one, jobs=1), 3) for one in there.raw.plan)
    found = compared_plans(first, second)
    for criterion, moved in found.by.items():
        pairs = list(zip(first.counts(criterion), second.counts(criterion), strict=True))
        assert moved.mean == pytest.approx(fmean(after - before for before, after in pairs))
        assert moved.low - moved.fewer <= moved.mean <= moved.high + moved.more
    assert first.counts(Criterion.TURNED_AWAY) == [
        sum(there.lives(first.plan, seed=seed).not_served.values()) for seed in (1, 2, 3)
    ]
    assert len({tuple(ends) for ends in first.drawn}) == 3, "seeds draw other lives"
    same = compared_plans(first, first)
    assert {same.better(one) for one in Criterion} == {None}
    assert (same.choice, same.shortest) == (None, None)
    assert first.morning.total == 24
    for figure in ("disconnected", "without_credit", "supplied"):
        groups = (getattr(one, figure) for one in first.by_group.values())
        assert sum(groups) == getattr(first.morning, figure)


@pytest.mark.slow("runs the meters of two plans")
def test_what_would_help_the_tightest_office_does(tmp_path):
    there = town_of(tmp_path, 60, per_hour=1, north=1)
    there = with_hours(there, "Fr 09:00-10:00")
    answer = answered(Runner(there, there.raw.plan[0], jobs=1), 3)
    fit = fit_of(answer)
    assert fit is not None
    assert fit.turned_away == answer.lives.not_served[fit.group] > 0
    assert fit.waiting == max(
        one.waiting for one in answer.lives.days[fit.group] if one.day <= fit.day
    )
    assert fit.needed is not None

    def turned_away(rate: int) -> int:
        assumed = changed(there.raw.behaviour, "visits_per_hour_times", rate / fit.visits_per_hour)
        return there.lives(answer.plan, assumed).not_served[fit.group]

    assert (turned_away(fit.needed), turned_away(fit.needed - 1) > 0) == (0, True)


@pytest.mark.slow("runs the meters of many assumptions")
def test_what_breaks_first_is_paired_and_the_threshold_is_where_it_turns(tmp_path):
    there = town_of(tmp_path, 24, WHAT_IF)
    plan = there.raw.plan[1]
    last = WhatIfs(answered(Runner(there, plan, jobs=1), 3))
    tried = {one.key: one for one in last.tried()}
    assert list(tried) == ["comes_total", "visits_per_hour_times"]
    assert tried["comes_total"].change_low >= 0 >= tried["comes_total"].change_high
    none, some = last.threshold(0), last.threshold(23)
    assert none.share is None or none.share > 0
    assert some.share is not None


# Commands ----------------------------------------------------------------------------------------


def emu(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(cli, [*words], standalone_mode=False)
    if isinstance(done.exception, ConfigError):
        return 2, done.stdout, str(done.exception)
    assert done.exception is None, done.exception
    status = done.return_value
    return status if isinstance(status, int) else 0, done.stdout, done.stderr


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A plan of 24 meters that was run with all that it writes."""
    folder = tmp_path_factory.mktemp("town")
    path = town(folder, 24)
    text = path.read_text("utf-8").replace('"Mons"', '"=Mons"')
    path.write_text(text, "utf-8")
    sheet = folder / "meters.csv"
    sheet.write_text(sheet.read_text("utf-8").replace("Mons", "=Mons"), "utf-8")
    status, out, _ = emu(
        "plan", "run", str(path), "--jobs", "1", "--json", str(folder / "r.json"), "--seeds", "3",
        "--sheet", str(folder / "r.csv"), "--report", str(folder / "page"),
    )  # fmt: skip
    assert status == 0
    return folder, out


@pytest.mark.slow("runs a plan whole")
def test_json_is_as_its_schema_says_and_its_figures_are_every_meter_once(run):
    folder, out = run
    found = json.loads((folder / "r.json").read_text())
    Draft202012Validator(schema_of("plan-result")).validate(found)
    for one in found["plans"]:
        for part in (one["figures"], one["at_end"]):
            assert part["supplied"] + part["disconnected"] + part["without_credit"] == 24
        districts = one["by_group"].values()
        assert sum(part["disconnected"] for part in districts) == one["figures"]["disconnected"]
        assert f"{one['figures']['disconnected']} disconnected by order" in out
    assert list(folder.glob("*.checkpoint")) == []


@pytest.mark.slow("runs a plan whole")
def test_the_sheet_has_a_row_a_meter_and_no_formula(run):
    folder, _ = run
    found = json.loads((folder / "r.json").read_text())
    text = (folder / "r.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(StringIO(text), delimiter=";"))
    for one in found["plans"]:
        own = [row for row in rows if row["plan"] == one["name"]]
        cut = [row for row in own if row["morning after T2"] == "disconnected by order"]
        assert (len(own), len(cut)) == (24, one["by_seed"]["disconnected"][0])
    assert {row["district"] for row in rows} >= {"'=Mons", "Namur"}


@pytest.mark.slow("runs a plan whole")
def test_the_page_says_what_the_terminal_says_and_loads_nothing(run):
    folder, out = run
    page = (folder / "page" / "index.html").read_text("utf-8")
    choice, *_ = out.splitlines()
    assert f"{choice}</p>" in page
    last = next(line for line in out.splitlines() if line.startswith("Under "))
    promise = last.partition(" credit. ")[2]
    assert f">{promise}</p>" in page
    board = page.partition("<details")[0]
    assert not re.search(
        r"--|\[|plan run|seed|SHA|JSON|\bclass ",
        re.sub("(?s:<style>.*</style>)|<[^>]*>", "", board),
    )
    assert not re.search(r"<script|src=|href=|url\((?!#)", page)
    assert "default-src 'none'" in page
    assert len(page) < 40_000


@pytest.mark.slow("runs a plan whole, in processes too")
def test_the_same_plan_gives_the_same_bytes_on_any_number_of_processes(run, tmp_path):
    folder, _ = run
    again = [tmp_path / name for name in ("r.json", "r.xlsx", "page")]
    words = ["--jobs", "2", "--seeds", "3", "--json", str(again[0]), "--sheet", str(again[1])]
    assert emu("plan", "run", str(folder / "plan.toml"), *words, "--report", str(again[2]))[0] == 0
    assert again[0].read_bytes() == (folder / "r.json").read_bytes()
    page = Path("page") / "index.html"
    assert (tmp_path / page).read_bytes() == (folder / page).read_bytes()
    rows = CalamineWorkbook.from_path(str(again[1])).get_sheet_by_index(0).to_python()
    assert len(rows) == 49
    assert "=Mons" in {row[2] for row in rows}, "it is a text, and shown as it is"


@pytest.mark.slow("runs a meter")
def test_a_row_is_shown_as_a_campaign_that_lives_the_same(run, tmp_path):
    folder, _ = run
    rows = list(csv.DictReader(StringIO((folder / "r.csv").read_text("utf-8-sig")), delimiter=";"))
    one = next(row for row in rows if row["plan"] == "B" and row["cut"])
    status, text, _ = emu("plan", "show", str(folder / "plan.toml"), one["row"], "--plan", "B")
    assert status == 0
    (tmp_path / "one.toml").write_text(text, "utf-8")
    campaign = load_campaign(tmp_path / "one.toml")
    (household,) = campaign.households
    assert household.id == one["meter"]
    outcome, _ = rehearsed(household, campaign, events=False)
    assert outcome.cut_us is not None


@pytest.mark.slow("runs a plan of meters with a defect")
def test_meters_that_cut_a_day_early_are_harm_and_exit_status_1(tmp_path):
    path = town(tmp_path, 12)
    text = path.read_text("utf-8").replace(
        "seed = 1", 'seed = 1\nbuild = "reference+end-exclusive"'
    )
    path.write_text(text, "utf-8")
    status, out, _ = emu("plan", "run", str(path), "--plan", "B", "--seeds", "3", "--jobs", "1")
    assert status == 1
    assert re.search(r"\d were disconnected otherwise than announced", out)


@pytest.mark.slow("runs a plan twice")
def test_a_long_run_goes_on_from_where_it_was(tmp_path):
    there, said = town_of(tmp_path, few(150, short=70)), list[str]()
    plan = there.raw.plan[0]
    lives = lives_of(there, plan)

    def stopped(done: int, _of: int) -> None:
        if done == 30:
            raise KeyboardInterrupt

    def ends(step) -> list[MeterEnd]:
        runner = Runner(
            there, plan, jobs=1, step=step,
            kept=lambda: Checkpoint(tmp_path / "r.checkpoint", said.append),
        )  # fmt: skip
        return runner.ends(lives)

    with pytest.raises(KeyboardInterrupt):
        ends(stopped)
    found = ends(lambda _done, _of: None)
    assert re.search(r"(30|31) of \d+ are done", said[0])
    (tmp_path / "r.checkpoint").unlink()
    assert found == ends(lambda _done, _of: None)
    assert len(said) == 1


def test_mistakes_come_at_once_and_nothing_is_run(tmp_path):
    path = town(tmp_path, 30)
    sheet = tmp_path / "meters.csv"
    sheet.write_text(re.sub(r"(?m);gaz;", ";gas;", sheet.read_text("utf-8")), "utf-8")
    page = tmp_path / "page"
    status, out, said = emu("plan", "run", str(path), "--report", str(page))
    assert (status, out) == (2, "")
    first, *cells = said.splitlines()
    assert cells
    assert all(re.match(r"cell B\d+ \(Modèle\): 'gas': expected one of", one) for one in cells)
    assert first.endswith(f"{len(cells)} mistakes, nothing was run")
    assert not page.exists()


def test_check_says_whether_the_offices_have_room(tmp_path):
    path = town(tmp_path, 300, per_hour=20, north=20)
    status, out, _ = emu("plan", "check", str(path))
    assert (status, "300 meters, no mistake" in out) == (0, True)
    assert "column C (Crédit (€))" in out
    path = town(tmp_path, 3_000, per_hour=1, north=1)
    status, out, _ = emu("plan", "check", str(path))
    assert status == 1
    assert "Charleroi Nord: not all of them can be served in time" in out


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("rare_comes = 0.5\n", "", "rare_comes.*missing"),
        ("[7, 0.50]", "[7, 0.10]", "behaviour: comes: expected fewer days and no smaller share"),
        ("[28, 0.0]", "[28, 0.1]", "begin with a share of 0"),
        ("[21, 0.10]", "[21, 10]", r"plan.toml: behaviour.comes 2 2: expected .* <= 1"),
        ('["Fr", 0.2]', '["Fr", 0.9]', "at most 1 in all"),
        ('["Fr", 0.2]', '["Fri", 0.2]', "expected 1 to 28, or one of Mo"),
        ("%d/%m/%Y", "%d/%m", "expected a pattern with day, month and year"),
        ("2027-03-01", "0001-01-01", "plan.toml: sheet: as_of: expected 2000 to 2099"),
        ('name = "B"', 'name = "A"', "expected each name once"),
        (
            "2027-07-02T23:01:00",
            "2027-02-02T23:01:00",
            "expected after as_of and reactivation_from",
        ),
        ("2027-06-01", "2027-02-01", "reactivation_from: expected after as_of"),
        ("07-02T23:01:00", "07-02T23:01:30", "plan 'B': cut_at: expected whole minutes"),
        ("07-02T23:01:00", "07-02T23:01:00+02:00", "plan 'B': cut_at: expected .* no offset"),
        ("2027-07-02T23:01:00", "2127-07-02T23:01:00", "plan 'B': cut_at: expected 2000 to 2099"),
        ("2027-07-02T23:01:00", "2028-03-26T02:30:00", "plan 'B': cut_at: .*does not exist"),
        (
            "2027-07-02T23:01:00",
            "2027-07-02T23:01:00\ndefer_until = 2027-07-02T23:02:00",
            "plan 'B': defer_until: expected after as_of and up to cut_at",
        ),
        (
            "2027-07-02T23:01:00",
            "2027-07-02T23:01:00\ndefer_until = 2027-03-01T23:02:00",
            "plan 'B': defer_until: expected after as_of and up to cut_at",
        ),
        (
            'district."Charleroi Nord"',
            'district."Charleroi nord"',
            "district 'Charleroi nord': no meter belongs to it: .*did you mean 'Charleroi Nord'",
        ),
        ('district = "District"\n', "", "office: district: expected the column"),
        ('file = "meters.csv"', 'file = "gone.csv"', "gone.csv: cannot be read"),
        ("gas-pcf8563-battery", "gas-x", "is no meter model"),
        ("gas-pcf8563-battery", "openpaygo", "is no meter model: is a device that takes no card"),
        ("gas-pcf8563-battery", "sts", "is no meter model: is a device that takes no card"),
        ("regular_days", "regular_dais", "regular_dais"),
        ("seed = 1", 'seed = 1\nbuild = "reference+end-exclusiv"', "build: .*end-exclusiv"),
        ("seed = 1", 'seed = 1\nbuild = "os:system"', "build"),
    ],
)
def test_a_mistake_in_a_plan_is_one_line(tmp_path, old, new, words):
    path = town(tmp_path, 30)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    status, _, said = emu("plan", "check", str(path))
    assert status == 2
    assert re.search(words, said), said


def test_what_is_asked_for_and_is_not_there_is_said(tmp_path):
    path = str(town(tmp_path, 30))
    assert "there is A, B" in emu("plan", "run", path, "--plan", "C")[2]
    assert "the last one is in row 31" in emu("plan", "show", path, "99")[2]
    assert ".csv or .xlsx" in emu("plan", "run", path, "--sheet", "x.txt")[2]


def test_the_planners_own_sheet_is_not_overwritten(tmp_path):
    path, sheet = str(town(tmp_path, 30)), tmp_path / "meters.csv"
    before = sheet.read_bytes()
    for option in ("--sheet", "--json"):
        status, _, said = emu("plan", "run", path, option, str(sheet))
        assert (status, "is the sheet of the plan" in said) == (2, True)
    assert sheet.read_bytes() == before


def test_no_share_has_a_default():
    assert all(field.required for field in msgspec.structs.fields(Behaviour))
