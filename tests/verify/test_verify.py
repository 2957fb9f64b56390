"""`verify`: what it says of the reference, of defects, of somebody else's program, of mistakes."""

import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec
import pytest

from card_protocol.card.memory_card import ATR_HEADER
from meter_emu.cli.app import run
from meter_emu.cli.printed.verified import verified
from meter_emu.errors import ConfigError
from meter_emu.firmware.program import Program
from meter_emu.laws import laws, laws_of_any_story
from meter_emu.laws.hazards.favours import shelter
from meter_emu.laws.law import Broken, Trial
from meter_emu.ports import Ports, Sleep
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import own_models, story
from meter_emu.verify.program import covered
from meter_emu.verify.report import story_in_words
from meter_emu.verify.run import Examining, Stories, verify
from meter_emu.verify.shrinking import shrunk
from meter_emu.workers.processes import Processes
from meter_emu.world.meter.build import dialogues, parse_build
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from tests.campaigns import head
from tests.cells import each_cell
from tests.cli.outcome import checked
from tests.forked import ran

FOREIGN = f"{__name__}:"
(ELECTRICITY,) = (k.model for k in own_models() if k.model_name == "electricity-pcf8563-utc")


@pytest.mark.slow("lives stories under all laws")
def test_the_reference_keeps_every_law():
    report = verify("reference", examples=20, seed=1)
    assert [one.law.id for one in report.examined if one.broken] == []
    assert [one.law.id for one in report.examined] == list(laws())
    assert not report.broken
    assert report.stories == 20
    assert report.not_covered == ()
    assert all(one.held_on or one.not_observable for one in report.examined)


def test_a_flicker_is_told_in_a_few_lines():
    trial = next(
        trial
        for number in range(100)
        if len(
            (trial := Trial(shelter.draw(seeded(f"{number}"), ()), "reference")).household.outages
        )
        > 9
    )
    lines = [line for line in story_in_words(trial) if "no power" in line or "more times" in line]
    assert len(lines) == 6
    assert f"and {len(trial.household.outages) - 5} more times" in lines[-1]


@pytest.mark.parametrize(
    ("defect", "law"),
    [
        ("end-exclusive", "never-early"),
        ("doy-common-year", "never-early"),
        ("reactivation-clears-one", "says-what-it-understood"),
    ],
)
def test_a_defect_breaks_a_law_with_a_small_story_that_replays(defect, law, tmp_path):
    build = f"reference+{defect}"
    report = verify(build, law_ids=[law], examples=200)
    (examined,) = report.examined
    found = examined.broken
    assert found is not None
    assert len(found.text.splitlines()) <= 25
    assert any("disconnected" in line for line in found.course)
    (tmp_path / "found.toml").write_text(found.text)
    again = load_campaign(tmp_path / "found.toml")
    assert again == found.campaign
    finding = laws()[law].check(Trial(again, build))
    assert finding == Broken(found.words)
    assert laws()[law].check(Trial(again, "reference")) is None


@pytest.mark.slow("lives stories under all laws")
def test_equal_arguments_give_equal_reports_with_any_number_of_processes():
    reports = [
        verify(
            "reference+doy-common-year", law_ids=["never-early", "weeks"], examples=60, jobs=jobs
        )
        for jobs in (1, 2)
    ]
    first, second = (msgspec.json.encode(verified(report)) for report in reports)
    assert first == second


def test_a_deadline_ends_it():
    """Within a batch: a story is not begun when the time is over."""
    report = verify("reference", law_ids=["never-early"], examples=None, deadline_s=0.001)
    assert report.stories < 20


def test_who_is_in_the_middle_of_a_story_is_ended_when_the_time_is_over():
    """The worker never looks at its clock itself, and has more to do than anybody waits for."""
    kits, _ = covered(parse_build("reference"), ("electricity-pcf8563-utc",))
    endless = Examining("reference", kits, 0, late_s=0.0)
    with closing(Processes(1).results(endless, [Stories(0, 10**9, ("never-early",))])) as results:
        (seen,) = results
    assert seen.stories == 0
    assert seen.tallies["never-early"].held_on == 0


def test_a_story_is_made_small_on_its_tape_within_bounded_runs():
    tape = tuple(range(40))
    runs = []

    def breaks(tried):
        runs.append(tried)
        return tried if tried[7] >= 3 and tried[30] else None

    small, count = shrunk(tape, breaks)
    assert small[7] == 3
    assert [at for at, number in enumerate(small) if number] == [7, 30]
    assert small[30] == 1
    assert count == len(runs) <= 121


# Somebody else's program --------------------------------------------------------------------------


class NoMemoryCards:
    """The ports, with a slot that knows no memory card."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)

    def card_power(self, on: bool) -> bytes:
        atr = self._ports.card_power(on)
        return b"" if atr.endswith(ATR_HEADER) else atr


class Older:
    """Our program in a meter of the first days, which knows no memory cards."""

    def __init__(self, ports: Ports) -> None:
        parts = parse_build("reference").parts(ELECTRICITY)
        self._program = Program(NoMemoryCards(ports), parts, dialogues())

    def poll(self) -> Sleep | None:
        return self._program.poll()


class Deaf:
    """A program that never looks at its card."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def poll(self) -> Sleep | None:
        self._ports.card_done()
        return Sleep(86_400, None)


def no_poll(_ports: Ports) -> object:
    return object()


def test_what_somebody_elses_program_does_not_obey_is_not_covered():
    name = "electricity-pcf8563-utc"
    report = verify(f"{FOREIGN}Older", models=[name], law_ids=["never-early"], examples=10)
    assert not report.broken
    assert report.examined[0].held_on == 10
    assert report.not_covered == (
        "clock chip ds1307",
        "clock chip ds3231",
        "gas",
        "memory card of generation 1",
    )


@each_cell(
    ("build", "options", "said"),
    [
        ("reference+end-exclusiv", {}, "did you mean 'end-exclusive'?"),
        (
            "reference",
            {"law_ids": ["never-erly"]},
            "did you mean 'never-early'?",
        ),
        ("reference", {"models": ["gas-pcf8563-batery"]}, "did you mean 'gas-pcf8563-battery'?"),
        ("no_such_module:thing", {}, "cannot import no_such_module"),
        (f"{FOREIGN}nothing", {}, "has no nothing to call"),
        (f"{FOREIGN}no_poll", {}, "has no poll()"),
        (f"{FOREIGN}Deaf", {}, "obeys no card on any meter"),
    ],
)
def test_what_cannot_be_verified_is_said_with_the_nearest_name(build, options, said):
    with pytest.raises(ConfigError, match=re.escape(said)):
        verify(build, examples=1, **options)


# The command -----------------------------------------------------------------------------------


@pytest.fixture
def meter_emu(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["meter-emu", *words])
        return run()

    return call


def test_the_verb_shows_what_breaks_a_law_and_writes_its_story(meter_emu, tmp_path, capsys):
    status = meter_emu("verify", "reference+end-exclusive", "--law", "never-early", "--jobs", "1")
    said = capsys.readouterr().out
    assert status == 1
    verdict, worst, shown_by, *more = said.splitlines()
    assert verdict == "reference+end-exclusive: 1 of 1 law broken in 20 stories (seed 0)"
    assert worst.startswith("worst: promised supply")
    assert any("disconnected" in line for line in more)
    file = tmp_path / "counterexamples" / "never-early.toml"
    assert file.exists()
    assert shown_by == "shown by: meter-emu rehearse counterexamples/never-early.toml --events"
    assert meter_emu(*shown_by.split()[3:]) == 1
    assert f"written to counterexamples: {file.name}" in said
    assert "broken  never-early: an armed" not in said, "that is behind -v"
    capsys.readouterr()
    alone = ("verify", "reference+end-exclusive", "--law", "never-early", "--story", str(file))
    assert meter_emu(*alone) == 1
    assert meter_emu("verify", "reference", "--law", "never-early", "--story", str(file)) == 0
    assert meter_emu("rehearse", str(file)) == 1


@pytest.mark.slow("lives stories under a law")
def test_what_no_rehearsal_shows_is_shown_by_its_law(meter_emu, tmp_path, capsys):
    build, law = "reference+stands-on-its-backup", "clock-chip"
    assert meter_emu("verify", build, "--law", law, "--jobs", "1") == 1
    shown_by = capsys.readouterr().out.splitlines()[2]
    file = tmp_path / "counterexamples" / f"{law}.toml"
    assert meter_emu("rehearse", str(file)) == 0, "the judge accuses it: take another"
    command = f"meter-emu verify {build} --law {law} --story counterexamples/{law}.toml"
    assert shown_by == f"shown by: {command}"
    capsys.readouterr()
    assert meter_emu(*command.split()[1:]) == 1
    assert capsys.readouterr().out.splitlines()[2] == shown_by, "so does the file, asked itself"


@pytest.mark.slow("lives stories under all laws")
def test_the_verb_writes_json_and_no_folder_where_nothing_is_broken(meter_emu, tmp_path, capsys):
    status = meter_emu("verify", "reference", "--examples", "2", "--jobs", "1", "--json", "-")
    promise = checked(capsys.readouterr().out)
    assert status == 0
    assert promise["stories"] == 2
    assert [law["id"] for law in promise["laws"]] == list(laws())
    assert not (tmp_path / "counterexamples").exists()


@pytest.mark.slow("a process of its own")
def test_a_program_in_the_working_directory_is_found(tmp_path):
    (tmp_path / "mine.py").write_text("class Mine:\n    def __init__(self, ports): pass\n")
    done = ran("verify", "mine:Mine", cwd=tmp_path, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "meter-emu: mine:Mine: build: its program, a Mine, has no poll()"
    ]


QUIET = (
    head(
        "nothing that a hazard asks for",
        "2020-03-29T12:00:00",
        "2020-03-29T18:00:00",
        model="electricity-legal-time",
        announced=None,
    )
    + """
[[household]]
id = "home"
kind = "quiet"
load_w = 500
balance_eur = 100
"""
)
PREPAYING = 'visits = [{ at = 2020-03-29T12:10:00, desk = ["prepayment-on"] }]'


@pytest.mark.slow("asks hazards of other stories")
@pytest.mark.parametrize("visits", ["", PREPAYING])
def test_a_hazard_that_is_asked_of_another_story_says_so(visits, meter_emu, tmp_path):
    file = tmp_path / "quiet.toml"
    file.write_text(QUIET + visits)
    named = [word for law in laws().values() for word in ("--law", law.id)]
    assert meter_emu("verify", "reference", "--story", str(file), *named) == 0


def test_a_story_is_asked_what_any_story_promises_unless_a_law_is_named(meter_emu, tmp_path):
    file, law = tmp_path / "ordinary.toml", laws()["shelter-has-an-end"]
    drawn = (story(seeded(number)) for number in range(100))
    # Sheltered by more than an office's hours: by a deferral, of which that law knows nothing.
    other = next(one for one in drawn if isinstance(law.asked(Trial(one, "reference")), Broken))
    file.write_text(campaign_toml(other))
    assert meter_emu("verify", "reference", "--story", str(file)) == 0
    assert meter_emu("verify", "reference", "--story", str(file), "--law", law.id) == 1
    assert meter_emu("verify", "reference+deferral-charged", "--story", str(file)) == 1


@pytest.mark.parametrize("device", DEVICES)
def test_a_device_has_laws_of_any_story(device):
    of_any = laws_of_any_story(device)
    assert of_any
    assert {law.draw for law in of_any} == {laws(device)["answers"].draw}
    assert not any(law.hazard for law in of_any)


def test_a_campaign_of_more_than_one_home_is_no_story(meter_emu, capsys):
    assert meter_emu("verify", "reference", "--story", "ores-2020-07") == 2
    assert "expected one household" in capsys.readouterr().err


@pytest.mark.slow("a process of its own")
def test_hypothesis_is_not_imported():
    code = (
        "import sys, meter_emu.cli.verifying; from meter_emu.laws import laws; laws();"
        "print('hypothesis' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
