"""The command over real campaigns: what it prints, what it writes, how it ends."""

import os
from functools import partial
from typing import Any

import pytest

from tests.campaigns import head
from tests.cells import each_cell
from tests.cli.outcome import Outcome, checked

TINY = (
    head("tiny", "2020-06-01T08:00:00", "2020-07-08T12:00:00")
    + """[[household]]
id = "back"
kind = "reactivated"
balance_eur = "12.50"
load_w = 300
visits = [
  { at = 2020-06-02T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T10:30:00, insert = true },
  { at = 2020-06-29T09:20:00, desk = ["reactivate"], load_eur = 100 },
  { at = 2020-06-29T17:40:00, insert = true },
]
[[household]]
id = "gone"
kind = "never came back"
count = 3
balance_eur = 8
load_w = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""
)
TWO_JULY = "2020-07-02T23:"


ALWAYS_ON = """
from meter_emu.ports import Sleep
from tests.campaigns import head

class AlwaysOn:
    def __init__(self, ports):
        self._ports = ports

    def poll(self):
        self._ports.display("ON")
        return Sleep(86_400)
"""


@pytest.fixture
def rehearse(emu):
    return partial(emu, "rehearse")


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, "utf-8")
    return path


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return tmp_path_factory.mktemp("july")


@pytest.fixture
def july(rehearse, kept):
    """July 2020 with the reference and its events, rehearsed once: the table and the JSON."""
    out, text = kept / "out.json", kept / "out.txt"
    if not text.exists():
        done = rehearse("ores-2020-07", "--events", "--json", out)
        assert (done.code, done.err) == (0, f"meter-emu: wrote {out}\n")
        text.write_text(done.out, "utf-8")
    return text.read_text("utf-8"), checked(out.read_text("utf-8"))


def meters(done: Outcome) -> dict[str, dict[str, Any]]:
    return {meter["id"]: meter for meter in checked(done.out)["meters"]}


@pytest.mark.slow("rehearses whole campaigns")
def test_with_the_reference_every_promise_of_july_2020_is_kept(july):
    _, result = july
    assert list(result) == ["campaign", "zone", "seed", "meters", "answer", "notes", "summary"]
    rows = {row["id"]: row for row in result["meters"]}
    verdicts = {name: row["ordered"]["verdict"] for name, row in rows.items()}
    assert set(verdicts.values()) == {"on_time", "kept", "held"}
    assert verdicts["clock-lost"] == "held"
    assert sum(result["summary"].values()) == len(rows)
    assert not [
        row["id"] for row in rows.values() if (row["ordered"]["at"] or "").startswith(TWO_JULY)
    ]
    assert list(rows["friday"]) == [
        "id", "kind", "energy", "model", "firmware", "ordered", "lived", "told",
        "as_expected", "breaches", "findings", "failure", "without_credit", "disconnected",
        "supply", "seen_until", "events",
    ]  # fmt: skip


@each_cell(
    ("build", "dark", "verdict"),
    [
        ("reference+end-exclusive", "friday", "early"),
        ("reference+end-exclusive", "never-back", "early"),
        ("reference+doy-common-year", "large-balance", "early"),
        ("reference+end-exclusive+reactivation-clears-one", "june-29", "wrongly_cut"),
    ],
)
def test_with_a_defect_homes_are_dark_the_evening_before(rehearse, build, dark, verdict):
    done = rehearse("ores-2020-07", "--json", "-", "--build", build, "--household", dark)
    assert done.code == 1
    row = meters(done)[dark]
    assert (row["ordered"]["verdict"], row["firmware"]) == (verdict, build)
    assert row["ordered"]["at"].startswith(TWO_JULY)


def test_a_reactivation_that_clears_one_item_cuts_the_reactivated_at_the_old_t(rehearse):
    options = ("--json", "-", "--build", "reference+reactivation-clears-one")
    found = {}
    for name, code in (("june-29", 1), ("never-back", 0)):
        done = rehearse("ores-2020-07", *options, "--household", name)
        assert done.code == code
        found.update(meters(done))
    assert found["june-29"]["ordered"]["verdict"] == "wrongly_cut"
    assert found["june-29"]["ordered"]["at"].startswith("2020-07-03T23:")
    assert found["never-back"]["ordered"]["verdict"] == "on_time"


@pytest.mark.slow("rehearses whole campaigns")
def test_the_first_ordinary_credit_cut_after_t_is_an_event_on_monday_morning(july):
    row = july[1]["meters"][6]
    assert (row["id"], row["ordered"]["verdict"], row["ordered"]["at"]) == (
        "little-credit",
        "kept",
        None,
    )
    off = [event for event in row["events"] if event["what"] == "supply off"]
    assert [event["at"][:14] for event in off] == ["2020-07-06T08:"]
    assert off[0]["shown"]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(rehearse, tiny):
    one, two = rehearse(tiny, "--json", "-", "--events"), rehearse(tiny, "--json", "-", "--events")
    assert one.out == two.out
    other = rehearse(tiny, "--json", "-", "--events", "--seed", "9")
    assert checked(other.out)["seed"] == 9
    assert other.out != one.out


def test_a_file_holds_what_stdout_would_show_and_the_table_is_shown_beside_it(
    rehearse, tiny, tmp_path
):
    out = tmp_path / "out.json"
    done = rehearse(tiny, "--json", out)
    assert out.read_text("utf-8") == rehearse(tiny, "--json", "-").out
    first, second, *_ = done.out.splitlines()
    assert first == "All lived what was announced."
    assert second.startswith("Of 4 households, at the end 1 is supplied, 3 disconnected by order")
    assert done.err == f"meter-emu: wrote {out}\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.json", "tiny.toml"]


def test_copies_that_fare_alike_are_one_row_and_all_in_the_json(rehearse, tiny):
    assert "gone-1 and 2 more" in rehearse(tiny, "-v").out
    assert list(meters(rehearse(tiny, "--json", "-"))) == ["back", "gone-1", "gone-2", "gone-3"]


@pytest.mark.slow("rehearses whole campaigns")
def test_the_event_log_gives_the_reason_of_every_supply_change(july):
    lines = [line for line in july[0].splitlines() if "supply off" in line]
    assert lines
    assert all("OFF:" in line or "GAS FLOWED" in line for line in lines)


@pytest.mark.parametrize(
    ("args", "want"),
    [
        (["no-such"], "no-such: no such file, and none of the built-in campaigns: clock-changes"),
        (["TINY", "--build", "reference+nothing"], "expected a defect of"),
        (["TINY", "--build", "other"], "got 'other'"),
        (["TINY", "--seed", "-1"], "--seed"),
        (["TINY", "--model", "no-such"], "no-such: no such file, and none of the built-in meters"),
        (["TINY", "--model", "gas-pcf8563-battery"], "household: none has a meter for gas"),
        (["TINY", "--json", "/nowhere/out.json"], "/nowhere/out.json: cannot be written"),
        (["."], "is a directory, expected a TOML file"),
        ([], "Missing argument 'CAMPAIGN'"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(rehearse, tiny, args, want):
    done = rehearse(*[str(tiny) if arg == "TINY" else arg for arg in args])
    assert done.code == 2
    assert want in done.err
    assert len(done.err.splitlines()) == 1
    assert "{" not in done.out


def test_an_expected_verdict_that_does_not_come_is_exit_1(rehearse, tiny):
    tiny.write_text(TINY.replace('id = "back"', 'id = "back"\nexpect = ["early"]'), "utf-8")
    done = rehearse(tiny)
    assert done.code == 1
    assert "\n1 of 4 meters did otherwise than expected.\n" in done.out
    assert "back: expected early" in done.out


def test_a_campaign_can_be_rehearsed_on_another_meter(rehearse, tiny):
    done = rehearse(tiny, "--model", "electricity-ds3231-utc", "--json", "-")
    assert (done.code, done.err) == (0, "")
    assert {row["model"] for row in meters(done).values()} == {"electricity-ds3231-utc"}


@pytest.mark.slow("rehearses whole campaigns")
def test_a_campaign_can_be_rehearsed_with_somebody_elses_program(
    rehearse, tiny, tmp_path, monkeypatch
):
    """Also by several workers, which find it by its name."""
    (tmp_path / "my_meter.py").write_text(ALWAYS_ON, "utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(tmp_path)
    options = ("--build", "my_meter:AlwaysOn", "--jobs", "2", "--json", "-")
    done = rehearse(tiny, *options)
    assert (done.code, done.err) == (1, "")
    assert {row["id"]: row["ordered"]["verdict"] for row in meters(done).values()} == {
        "back": "kept", "gone-1": "never", "gone-2": "never", "gone-3": "never",
    }  # fmt: skip


def test_a_home_whose_own_order_ends_before_the_announcement_is_named(rehearse, tiny):
    own = "defer_until = 2020-06-30T23:01:00, cut_at = 2020-06-30T23:01:00"
    words = '11:00:00, desk = ["defer", "cut"]'
    text = TINY.replace(words, f"{words}, {own}")
    tiny.write_text(text, "utf-8")
    done = rehearse(tiny, "--json", tiny.with_suffix(".json"))
    assert done.code == 1
    want = "3 were cut or limited up to 2 d 23 h before the announced moment (gone-1, gone-2,"
    assert want in " ".join(done.out.split())
    row = checked(tiny.with_suffix(".json").read_text("utf-8"))["meters"][1]
    assert (row["ordered"]["verdict"], row["ordered"]["cut_ordered"]) == (
        "on_time",
        "2020-06-30T23:01:00+02:00",
    )
    assert (row["lived"]["verdict"], row["lived"]["reason"]) == ("dark_before", "order")
    assert row["lived"]["at"] == row["ordered"]["at"]
    assert row["lived"]["doing"] == [{"repairs": ["office"], "lives": "as_announced"}]
    assert [one["cut_at"] for one in row["told"]] == ["2020-07-03T23:01:00+02:00"]
    tiny.write_text(text.replace('id = "gone"', 'id = "gone"\nexpect_lived = ["dark_before"]'))
    done = rehearse(tiny)
    assert done.code == 0
    assert "the doing of the office, as the file expects." in " ".join(done.out.split())


@pytest.mark.slow("rehearses whole campaigns")
def test_an_ordinary_season_is_rehearsed_with_nothing_announced(rehearse, tmp_path):
    out = tmp_path / "out.json"
    shown = rehearse("winter", "--json", out)
    assert (shown.code, shown.err) == (0, f"meter-emu: wrote {out}\n")
    rows = checked(out.read_text("utf-8"))["meters"]
    assert {row["id"] for row in rows if row["ordered"]["cut_ordered"]} == {"clock-lost"}
    assert {row["lived"]["verdict"] for row in rows} == {"not_announced"}
    said, _, title = " ".join(shown.out.split()).partition(" An ordinary winter")
    assert said == (
        "19 households, and nothing announced: at the end 16 are supplied, 1 disconnected by "
        "order, 2 without credit; at worst, on 30 Mar 08:03, 15 supplied, 1 disconnected by order, "
        "3 without credit. "
        "2 households are without credit, the first since 15 January; 11 were for a time."
    )
    assert "as announced" not in shown.out
    assert title.startswith(", October 2019 to April 2020")


@pytest.mark.slow("rehearses whole campaigns")
def test_a_run_that_stops_at_the_first_says_how_many_it_ran(emu, tmp_path):
    words = ("rehearse", "ores-2020-07", "--build", "reference+end-exclusive", "--stop-at-first")
    done = emu(*words, "--json", tmp_path / "out.json")
    assert done.code == 1
    given = checked((tmp_path / "out.json").read_text("utf-8"))
    wrong = [one["as_expected"] for one in given["meters"]]
    assert wrong == [True] * (len(wrong) - 1) + [False]
    note = f"stopped at the first that is not as expected: {len(wrong)} of 32 households were run"
    assert given["notes"][0] == note
    assert f"note: {note}" in done.out
    assert "--stop-at-first runs fewer" in emu(*words, "--report", tmp_path).complains()
    assert not emu("rehearse", "ores-2020-07", "--stop-at-first", "--json", "-").json()["notes"]
