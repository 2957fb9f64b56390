"""What `rehearse` says in a terminal: the answer, then who does not fare as told, at any width.

Run in this process, with the campaign of 2020 and the defects of the README's tour.
"""

import io
import re
from dataclasses import replace
from datetime import datetime
from functools import cache

import pytest
from rich.cells import cell_len
from rich.console import Console

from meter_emu.cli import progress
from meter_emu.cli.progress import ProgressLine
from meter_emu.cli.table import LIST_BELOW, ResultTable
from meter_emu.resources import find
from meter_emu.world.judge.verdict import judge
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head
from tests.cells import each_cell
from tests.report.pages import BOTH, REFERENCE

WIDTHS = (40, 59, 60, 66, 80, 120, 200)
BROKEN = 27


@cache
def table(build: str, campaign: str = "ores-2020-07") -> ResultTable:
    resolved = load_campaign(find("campaigns", campaign), build=build)
    found = ResultTable(resolved)
    for household in resolved.households:
        found.add(household, judge(household, resolved, run_meter(household, resolved)))
    return found


@pytest.fixture(autouse=True, scope="module")
def rehearsed() -> None:
    """Have the campaign run before the first test, which is not what it tests."""
    for build in (REFERENCE, BOTH):
        table(build)


def shown(found: ResultTable, width: int, *, every: bool = False) -> list[str]:
    text = io.StringIO()
    found.show(Console(file=text, width=width, highlight=False), every=every)
    return text.getvalue().splitlines()


def lines_of(rows: list[str], name: str) -> list[str]:
    return [row for row in rows if row.split("  ")[0] == name]


def test_the_answer_is_the_first_line_and_the_counts_the_last():
    rows = shown(table(BOTH), 200)
    assert rows[0] == "0 of 27 lived what was announced to them; for the other 5 nothing was."
    places = [
        rows.index(one) for one in rows if one.startswith(("8 were cut", "Of 32", "26 of 32"))
    ]
    assert len(places) == 3, "who lived otherwise, then the supply, then what the meters did"
    assert rows[places[1]].startswith(
        "Of 32 households, at the end 5 are supplied, 1 behind a limiter, 25 disconnected"
    )
    erred = (
        "26 of 32 meters did otherwise than expected; 25 cut, the first in the night of 29 June, "
    )
    right = "1 household has the right supply, and something else is wrong: "
    for said in (
        f"{erred}24 of them in the night of 2 July; 1 limited.",
        f"{right}the meter stated another moment (clock-lost).",
        "1 household is without credit, since 21 April; 6 were for a time.",
    ):
        assert said in rows
    found_alone = next(at for at, row in enumerate(rows) if row.startswith(right))
    assert [row.startswith(erred) for row in rows[:found_alone]].count(True) == 1  # cuts are above
    assert rows[-1] == (
        "32 households: wrongly_cut 8, early 18, held 1, kept 5; -v shows each household"
    )


@pytest.mark.slow("starts commands")
def test_where_all_is_well_no_household_is_listed():
    rows = shown(table(REFERENCE), 80)
    said = " ".join(" ".join(rows).split())
    assert said.startswith(
        "24 of 27 lived what was announced to them; for the other 5 nothing was."
    )
    assert "Of 32 households, at the end 16 are supplied, 1 behind a limiter, 13" in said
    assert said.count("as the file expects.") == 2
    assert not [row for row in rows if row.startswith("household ")]
    assert len(rows) <= 20


@pytest.mark.slow("lives a campaign")
@each_cell("width", WIDTHS)
@each_cell("every", [False, True])
def test_no_line_is_wider_than_the_terminal_and_each_home_is_there(width, every):
    rows = shown(table(BOTH), width, every=every)
    assert max(cell_len(row) for row in rows) <= width
    if width >= 120:
        ids = {
            household.id
            for household in load_campaign(find("campaigns", "ores-2020-07")).households
        }
        there = {name for name in ids if lines_of(rows, name)}
        assert len(there) == (len(ids) if every else BROKEN)


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_home_is_one_line_and_its_columns_are_what_their_headings_say(width):
    rows = shown(table(BOTH), width)
    at = next(place for place, row in enumerate(rows) if row.startswith("household "))
    above, headings = (
        [part.strip() for part in row.split("  ") if part] for row in rows[at - 1 :][:2]
    )
    on_card, unfed = width > LIST_BELOW, width >= 120
    assert above == ["order in", *["order on"] * on_card, *["no supply for"] * unfed]
    cells_of = [*["the card"] * on_card, "cut", *["lack of credit"] * unfed]
    assert headings == ["household", "announced", "the meter", *cells_of]
    for name, cells in {
        "june-29": ("3 Jul 23:01", "no cut", "reactivation", "2 Jul 23:10"),
        "not-extended": ("3 Jul 23:01", "30 Jun 23:01", "30 Jun 23:01", "29 Jun 23:09"),
    }.items():
        (line,) = lines_of(rows, name)
        found = [part.strip() for part in line.split("  ") if part][1:]
        want = cells if on_card else (*cells[:2], cells[3])
        assert tuple(found[: len(want)]) == want
        assert (len(found) > len(want)) is (width >= 120)  # the household's own words


@pytest.mark.slow("starts commands")
def test_below_sixty_columns_it_is_a_list_that_loses_no_word():
    rows = [row.strip() for row in shown(table(BOTH), 40)]
    at = rows.index("june-29")
    assert rows[at + 1 : at + 7] == [
        "reactivated on Monday 29 June and",
        "loaded 100 euro",
        "announced: 3 Jul 23:01",
        "order in the meter: no cut",
        "order on the card: reactivation",
        "cut: 2 Jul 23:10",
    ]


def test_a_fact_is_said_once_for_all_homes_it_was_found_at():
    rows = shown(table(BOTH), 120)
    assert [row for row in rows if "display" in row] == [
        "25 displays say 2 Jul 23:01 since 18 Mar 10:30",
        "2 displays say 29 Jun 23:01 since 23 Mar 09:30",
    ]
    assert not [row for row in rows if "wrong_display" in row]


def test_each_household_has_its_words_and_what_was_written_on_its_card():
    rows = shown(table(REFERENCE), 80, every=True)
    at = rows.index(lines_of(rows, "june-29")[0])
    assert rows[at + 1 : at + 4] == [
        "    reactivated on Monday 29 June and loaded 100 euro",
        "    23 Mar 14:10 on the card: T1 T2 3 Jul 23:01",
        "    29 Jun 09:20 on the card: reactivation, 100 EUR",
    ]


def test_a_limit_is_not_called_dark():
    rows = shown(table(BOTH), 120)
    assert "limiter: limited then, not cut" in rows
    answer = table(BOTH).answer
    assert (answer.cuts.total(), answer.limited) == (25, 1)  # 24, and one on 29 June


def test_long_work_is_heard_of_once_a_minute(capsys):
    seconds = iter([0.0, 59.0, 60.0, 61.0, 119.0, 121.0])
    line = ProgressLine(lambda: next(seconds))
    for count in range(1, 6):
        line.say(f"{count} of 9 households rehearsed")
    assert capsys.readouterr().err == (
        "meter-emu: 2 of 9 households rehearsed\nmeter-emu: 5 of 9 households rehearsed\n"
    )


def test_what_takes_longer_than_ten_seconds_says_so_at_once_and_then_what_is_left(capsys):
    """What was kept of the run before is no measure of its speed; another step begins anew."""
    seconds = iter([0.0, 4.0, 4.5, 5.0, 6.0, 65.0, 66.0, 67.0, 68.0])
    line = ProgressLine(lambda: next(seconds))
    for share in (0.50, 0.505, 0.51, 0.52, 0.90, 0.01, 0.02, 0.99):
        line.say("so far", share)
    assert capsys.readouterr().err.splitlines() == [
        "meter-emu: so far; 51 %, 0:00:49 left",
        "meter-emu: so far; 90 %, 0:00:15 left",
        "meter-emu: so far; 2 %, 0:01:38 left",
    ]


def test_short_work_says_nothing_and_given_time_is_a_share(capsys):
    seconds = iter([0.0, 1.0, 2.0, 4.0, 7.9])
    line = ProgressLine(lambda: next(seconds))
    for share in (0.1, 0.3, 0.6, 1.0):
        line.say("so far", share)
    assert capsys.readouterr().err == ""
    seconds = iter([0.0, 3.0, 3.0])
    line = ProgressLine(lambda: next(seconds), time_s=60)
    assert line.share() == 0.05
    assert line.share(0.5) == 0.5


@pytest.mark.parametrize(
    ("given", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_obeys_the_environment_and_no_bar_is_drawn_in_a_log(
    given, coloured, emu, monkeypatch
):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    done = emu(
        "rehearse",
        "ores-2020-07",
        "--household",
        "never-back",
        "--build",
        "reference+end-exclusive",
    )
    assert done.code == 1
    assert bool(re.search(r"\x1b\[[\d;]*3\dm", done.out)) is coloured
    assert "\x1b" not in done.err


def test_off_a_terminal_long_work_says_where_it_is(emu, monkeypatch):
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    done = emu("rehearse", "ores-2020-07", "--household", "never-back")
    assert (done.code, done.err) == (
        0,
        "meter-emu: 1 of 1 household rehearsed, so far: 0 early, 0 without credit\n",
    )


def test_ctrl_c_says_how_far_it_was_and_what_is_not_written(capsys):
    def work() -> None:
        with progress.watched(total=None, shown=False, files=["a.json", "page"]) as done:
            done(3, "3 stories, nothing broken")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    said = "meter-emu: interrupted: 3 stories, nothing broken; a.json and page not written\n"
    assert capsys.readouterr().err == said


def test_each_clock_beyond_its_bound_is_counted_in_a_fleet(tmp_path):
    """Copies draw their own error: it is not the first of a row that speaks for all."""
    text = head("fleet", "2020-06-01T10:00:00", "2020-06-02T10:00:00", announced=None)
    body = '[[household]]\nid = "a"\nkind = "x"\ncount = 20\nload_w = 100\nbalance_eur = 20\n'
    (tmp_path / "c.toml").write_text(f"{text}{body}clock_error_s = [50, 69]\n", "utf-8")
    campaign = load_campaign(tmp_path / "c.toml")
    found, beyond = ResultTable(campaign), 0
    for household in campaign.households:
        found.add(household, judge(household, campaign, run_meter(household, campaign)))
        beyond += household.clock_error_s > 60
    assert 1 < beyond < 20
    (said,) = [row for row in shown(found, 200) if "beyond its bound" in row]
    assert said.startswith(f"{beyond} households: clock beyond its bound, outside the promise,")


@pytest.mark.parametrize(
    ("cuts", "words"),
    [
        (("2020-07-02T23:07:05", "2020-07-02T23:07:55"), "2 Jul 23:07"),
        (("2020-07-02T23:07:55", "2020-07-02T23:08:05"), "2 Jul 23:07 to 23:08"),
        (("2020-07-02T23:07:05", "2020-07-03T23:07:05"), "2 Jul 23:07 to 3 Jul 23:07"),
    ],
)
def test_cuts_of_one_minute_are_one_moment(cuts, words):
    """Copies are polled at other seconds: `23:07 to 23:07` would say nothing."""
    campaign = load_campaign(find("campaigns", "ores-2020-07"))
    household, found = campaign.households[0], ResultTable(campaign)
    outcome = judge(household, campaign, run_meter(household, campaign))
    for cut in cuts:
        moment = datetime.fromisoformat(f"{cut}+02:00")
        found.add(household, replace(outcome, cut_us=int(moment.timestamp()) * 1_000_000))
    rows = [row.split("  ") for row in shown(found, 200, every=True)]
    assert [words in map(str.strip, row) for row in rows].count(True) == 1
