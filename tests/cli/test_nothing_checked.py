"""A command that checked nothing does not end like one that found nothing: 2, and why."""

import re

import pytest

from meter_emu.explore import every
from meter_emu.ports import Ports, Sleep
from meter_emu.world.meter.covers import Covers
from tests.campaigns import head
from tests.cli.outcome import checked

HERE = f"{__name__}:"
STORY = """
[[household]]
id = "home"
kind = "nobody comes"
balance_eur = 8
load_w = 200
"""


class Raises:
    """Fails in its first poll; what it is for is declared whole, so it is not tried before."""

    covers: Covers | None = Covers(
        chips={"pcf8563"},
        energies={"electricity"},
        time_bases={"utc"},
        generations={2},
        carriers={"secure"},
        clock_cards=True,
    )

    def __init__(self, ports: Ports) -> None: ...

    def poll(self) -> Sleep | None:
        raise RuntimeError("no driver for this clock")


class Undeclared(Raises):
    covers = None


class OfElectricity(Raises):
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def poll(self) -> Sleep | None:
        self._ports.display("ON")
        return None


class NoRoutine:
    """A clock driver that offers nothing."""


WHY = "RuntimeError: no driver for this clock"


@pytest.mark.slow("runs a program of somebody else's in processes of its own")
def test_laws_that_end_with_the_program_are_broken_and_its_last_words_are_said(
    emu, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    words = ("verify", f"{HERE}Raises", "--law", "never-early", "--law", "cut-comes")
    done = emu(*words, "--examples", 2, "--json", tmp_path / "out.json")
    assert done.code == 1
    assert "not reproducible" not in done.out
    assert WHY in done.out
    shown = checked((tmp_path / "out.json").read_text())
    assert [law["held_on"] for law in shown["laws"]] == [0, 0]
    assert [law["broken"] is not None for law in shown["laws"]] == [True, True]
    assert emu("verify", "reference", "--law", "never-early", "--examples", 2).code == 0


def test_a_program_that_obeys_no_card_because_it_fails_says_how(emu):
    said = emu("verify", f"{HERE}Undeclared", "--model", "gas-pcf8563-battery").complains()
    assert said.startswith(f"meter-emu: {HERE}Undeclared: build: {WHY}")
    assert said.endswith("; it obeys no card on any meter: nothing to verify\n")


def test_a_story_that_shows_nothing_of_a_law_is_not_green(emu, tmp_path):
    path = tmp_path / "story.toml"
    path.write_text(head("c", "2020-06-01T08:00:00", "2020-06-09T08:00:00", announced=None) + STORY)
    said = emu("verify", "reference", "--law", "newest-order", "--story", path).complains()
    assert said == "meter-emu: reference: nothing was checked: there was one order at most\n"


def test_a_driver_without_a_routine_is_not_green(emu, tmp_path):
    done = emu("verify", "--driver", f"{HERE}NoRoutine", "--to", tmp_path)
    assert done.code == 2
    assert done.err == f"meter-emu: {HERE}NoRoutine: nothing was checked: no routine set\n"


@pytest.mark.slow("imports the targets, which is all that there is time for")
def test_a_run_in_which_no_target_had_time_is_not_green(emu, tmp_path):
    where = ("--corpus", tmp_path / "c", "--to", tmp_path / "f")
    done = emu("fuzz", "run", "all", "--time", 1, "--jobs", 1, *where)
    assert done.out.count("no input was tried in its") > 20
    assert done.out.startswith("fuzz: undecided, nothing new found in 0 inputs of ")
    said = "meter-emu: fuzz: nothing was checked: no target was asked: each needs 100 inputs\n"
    assert (done.code, done.err) == (2, said)


def test_every_scope_in_none_of_which_a_defect_can_show_is_not_green(emu, monkeypatch):
    """Nor is a time in which none was finished."""
    monkeypatch.setattr(every, "built_in", lambda _kind: dict.fromkeys(("session", "one-end")))
    words = ("explore", "reference+waits-for-a-tick", "--scope", "all", "--jobs", 1)
    done = emu(*words, "--depth", 1)
    said = "every scope: nothing was checked: no scope can show it\n"
    assert (done.code, done.err) == (2, f"meter-emu: reference+waits-for-a-tick, {said}")
    monkeypatch.setattr(every, "monotonic", iter((0.0, *[9.0] * 99)).__next__)
    done = emu("explore", "reference", "--scope", "all", "--time", 1, "--jobs", 1)
    why = "no scope was asked: each needs every sequence of one act"
    said = f"every scope: nothing was checked: {why}\n"
    assert (done.code, done.err) == (2, f"meter-emu: reference, {said}")


def test_cuts_of_a_story_in_which_nobody_comes_are_not_green(emu, tmp_path):
    path = tmp_path / "story.toml"
    path.write_text(head("c", "2020-06-01T08:00:00", "2020-06-09T08:00:00", announced=None) + STORY)
    said = emu("explore", "reference", "--scope", path, "--cuts", 1).complains()
    assert said.endswith(f"nothing was checked: in scope {path} nobody comes to the meter\n")


@pytest.mark.slow("runs a program of somebody else's in a process of its own")
def test_a_rehearsal_of_homes_that_the_program_does_not_cover_is_not_green(emu, tmp_path):
    build = ("--build", f"{HERE}OfElectricity")
    done = emu("rehearse", "ores-2020-07", *build, "--household", "gas-dark", "--jobs", 1)
    assert done.out.startswith("The program covers none of 1 household: nothing was run.")
    why = "nothing was checked: its programs cover none of the households"
    assert (done.code, done.err) == (2, f"meter-emu: ores-2020-07: {why}\n")


def test_a_recording_without_a_command_is_not_green(emu, tmp_path):
    path = tmp_path / "t"
    assert emu("rehearse", "ores-2020-07", "--household", "friday", "--trace", path).code == 0
    header = path.read_text().splitlines()[0]
    path.write_text(f"{header}\n")
    said = emu("trace", "replay", path).complains()
    assert said == f"meter-emu: {path}: nothing was checked: no command is recorded\n"


@pytest.mark.slow("cuts power in a story")
def test_cuts_whose_time_is_over_claim_no_more_pairs_than_were_tried(emu, tmp_path):
    (path := tmp_path / "short.toml").write_text(
        head("short", "2020-06-02T08:00:00", "2020-06-02T11:00:00")
        + f"{STORY}visits = [ {{ at = 2020-06-02T10:00:00, insert = true }} ]\n"
    )
    words = ("explore", "reference", "--scope", path, "--cuts", 2, "--time", 1, "--jobs", 1)
    said = emu(*words).out
    assert re.search(r"wherever it comes, or by [1-9]\d{0,2} pairs? of them\n", said), said
    assert re.search(r"; [1-9]\d{0,2} pairs? of cuts, from 0 of these states all\n", said), said
