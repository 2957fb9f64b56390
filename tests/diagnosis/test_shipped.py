"""The signatures that come with the package are those that this source makes, and are all there."""

from pathlib import Path
from random import Random

import pytest

from meter_emu.diagnosis import SAMPLES
from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.hypotheses import Hypothesis, singles
from meter_emu.diagnosis.incident import load_incident
from meter_emu.diagnosis.kept import KeptSignatures, code_digest
from meter_emu.diagnosis.predictions import is_about
from meter_emu.diagnosis.sampling import SampledHousehold, sampled_households
from meter_emu.diagnosis.shipped import ShippedSignatures, meaning_digest, packed, shipped_file
from meter_emu.diagnosis.signatures import run_under, signature_of
from meter_emu.resources import built_in
from tests.cells import each_cell

AGAIN = "the meter or the mistakes were changed: run `make signatures`"
SIZE_MAX = 300_000
EARLY = "order-a-day-early"
INCIDENT = load_incident(built_in("incidents")["ores-2020-07"])
HOUSEHOLDS = tuple(
    home
    for home in sampled_households(INCIDENT, SAMPLES, 0)
    if any(is_about(said, home) for said in INCIDENT.observations)
)


def shipped(folder: Path, households: list[SampledHousehold]) -> KeptSignatures:
    return KeptSignatures(folder, households, shipped_file())


def test_what_is_shipped_is_small() -> None:
    assert shipped_file().stat().st_size <= SIZE_MAX


@pytest.mark.slow("reads the whole source, and all that is shipped")
def test_the_first_diagnosis_runs_nothing(tmp_path: Path) -> None:
    """Also the digest: of another source nothing would be believed, and all be run."""
    at_work = Diagnosing(
        INCIDENT, samples=SAMPLES, seed=0, kept_in=tmp_path, jobs=1, shipped=shipped_file()
    )
    kept = at_work.predictor.kept
    missing = [place for place in range(len(HOUSEHOLDS)) if not kept.knows(place, singles())]
    assert not missing, AGAIN


@pytest.mark.slow("lives a household under a dozen mistakes")
@each_cell("place", range(len(HOUSEHOLDS)), short=2)
def test_a_shipped_signature_is_what_the_household_lives(place: int, tmp_path: Path) -> None:
    one = HOUSEHOLDS[place]
    kept = shipped(tmp_path, [one])
    assert kept.knows(0, singles()), AGAIN
    for hypothesis in Random(place).sample(singles(), 12):
        assert kept.of(0, hypothesis) == signature_of(run_under(one, hypothesis)), AGAIN


def test_a_signature_that_is_shipped_is_not_run(tmp_path: Path) -> None:
    one = HOUSEHOLDS[0]
    kept = KeptSignatures(tmp_path / "made", [one])
    few = (
        Hypothesis(),
        Hypothesis(defects=("end-exclusive",)),
        Hypothesis(office="order-a-day-early"),
    )
    kept.complete({0: few}, jobs=1)
    path = tmp_path / "signatures.xz"
    path.write_bytes(packed(code_digest(), kept.stories()))
    again = KeptSignatures(tmp_path / "again", [one], path)
    again.complete({0: few}, jobs=1)
    assert again.runs == 0
    assert [again.of(0, under) for under in few] == [kept.of(0, under) for under in few]
    without = KeptSignatures(tmp_path / "without", [one], tmp_path / "no such file")
    without.complete({0: few}, jobs=1)
    assert without.runs == len(few)


def test_signatures_of_another_source_are_not_believed(tmp_path: Path) -> None:
    one = signature_of(run_under(HOUSEHOLDS[0], Hypothesis()))
    path = tmp_path / "signatures.xz"
    path.write_bytes(packed(code_digest(), {"a story": {Hypothesis().key: one}}))
    assert ShippedSignatures(path, code_digest).of("a story") == {Hypothesis().key: one}
    assert ShippedSignatures(path, lambda: "another").of("a story") == {}
    assert ShippedSignatures(path, code_digest).of("another story") == {}


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ('# A comment.\ndef f():\n    """Words.\n\n    More.\n    """\n    return 1\n', True),
        ("def f():\n    return 2\n", False),
        ("def f():\n    return 1\n\n\nf = None\n", False),
        ("def g():\n    return 1\n", False),
    ],
)
def test_the_digest_is_of_what_a_module_does(text: str, same: bool, tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    digests = set()
    for written in ("def f():\n    return 1\n", text):
        path.write_text(written, "utf-8")
        digests.add(meaning_digest([path], tmp_path))
    assert (len(digests) == 1) == same
