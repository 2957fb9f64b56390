"""What is shown first is the gravest harm; what ends a program is one finding and a line."""

from pathlib import Path

import pytest

from meter_emu.firmware.program import Program
from meter_emu.ports import Ports, Sleep
from meter_emu.resources import find
from meter_emu.verify.run import verify
from meter_emu.world.judge.verdicts import GRAVITY, Verdict
from meter_emu.world.meter.build import dialogues, parse_build
from meter_emu.world.meter.covers import Covers
from meter_emu.world.meter.host import hosted
from meter_emu.world.meter.model import load_model
from tests.cli.outcome import runner
from tests.world.meter.host.compiling import linked

TORTURES = Path(__file__).parents[1] / "world" / "meter" / "host" / "tortures.c"
MODEL = "electricity-pcf8563-utc"
COVERS = (
    "chips=pcf8563 energies=electricity time_bases=utc generations=1 carriers=secure clock_cards=no"
)


@pytest.mark.slow("lives stories under all laws")
def test_the_gravest_harm_is_first() -> None:
    laws = ("account", "cut-comes", "deferred-again", "never-early", "no-wrong-cut")
    report = verify("reference+end-exclusive", models=[MODEL], law_ids=laws, examples=41)
    shown = [one.broken.verdict for one in report.by_harm if one.broken]
    assert len(shown) > 1
    assert [GRAVITY[one] for one in shown] == sorted(GRAVITY[one] for one in shown)
    in_order_of_laws = [one.broken.verdict for one in report.examined if one.broken]
    assert shown != in_order_of_laws, "else the order shows nothing"


@pytest.mark.slow("builds a program in C, and lives stories")
@pytest.mark.parametrize(
    ("name", "verdict"), [("sleeps", Verdict.HUNG), ("segfault", Verdict.CRASHED)]
)
def test_what_ends_a_program_is_one_finding_and_a_line(
    name: str, verdict: Verdict, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(hosted, "SILENT_S", 1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "traits.c").write_text(
        f'#include "meter_ports.h"\nconst char meter_traits[] = "{COVERS}";\n'
    )
    linked([TORTURES, tmp_path / "traits.c"], tmp_path / name, "-w")
    words = ("verify", f"./{name}", "--model", MODEL, "--examples", "2", "--jobs", "1", "-v")
    done = runner(monkeypatch, capsys)(*words)
    assert done.code == 1, done.out + done.err
    told = [line for line in done.out.splitlines() if line.startswith("  broken  ")]
    assert len(told) <= 2, done.out
    if verdict is Verdict.HUNG:
        assert ": no story was tried" in done.out
    else:
        assert "it crashed as in" in done.out


@pytest.mark.slow("builds a program in C, and waits for it")
def test_a_program_that_hangs_wherever_it_is_tried_is_said_to_after_two_meters(
    tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(hosted, "SILENT_S", 1)
    linked([TORTURES], tmp_path / "sleeps", "-w")
    said = runner(monkeypatch, capsys)("verify", str(tmp_path / "sleeps")).complains()
    assert (
        "no port was called for 1 s; it obeys no card in 2 meters, and was tried in no more" in said
    )


class FailsSoonOrLater:
    """Our program, with an error in the sixtieth poll since power came."""

    covers = Covers(chips={"pcf8563"}, energies={"electricity"}, time_bases={"utc"})

    def __init__(self, ports: Ports) -> None:
        parts = parse_build("reference").parts(load_model(find("meters", MODEL)))
        self._program = Program(ports, parts, dialogues())
        self._polls = 0

    def poll(self) -> Sleep | None:
        self._polls += 1
        if self._polls == 60:
            raise ValueError("too far")
        return self._program.poll()


@pytest.mark.slow("lives stories under all laws")
def test_a_law_ends_at_its_first_crash_and_one_of_them_is_made_small() -> None:
    build = f"{__name__}:FailsSoonOrLater"
    ids = ["never-early", "cut-comes", "answers", "newest-order"]
    report = verify(build, models=[MODEL], law_ids=ids, examples=400)
    broken = {one.law.id: one.broken for one in report.examined if one.broken}
    assert set(broken) == set(ids), "a run that ends in a crash holds no law"
    assert {one.verdict for one in broken.values()} == {Verdict.CRASHED}
    assert sum(one.runs > 0 for one in broken.values()) == 1
    assert report.stories < 400


@pytest.mark.slow("imports a program, and tries it", short=1)
@pytest.mark.parametrize(("shape", "said"), [("no_hint", True), ("other_words", False)])
def test_hints_that_skip_hardly_a_poll_are_said(shape: str, said: bool) -> None:
    report = verify(
        f"tests.laws.strangers:{shape}", models=[MODEL], law_ids=["answers"], examples=1
    )
    assert bool(report.few_hints) is said
    if said:
        assert report.few_hints.startswith("skip 0% of the polls")
