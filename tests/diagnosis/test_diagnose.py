"""The Walloon night in small: who leads, what contradicts whom, which pair, what is unexplained."""

from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest

from meter_emu.cli.printed.diagnosed import diagnosed
from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.memo import COLUMNS, Diagnosis, memo
from meter_emu.diagnosis.ranking import CONTRADICTED, FitClass
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.diagnosis.small import FEW, at_work


def class_of(found: Diagnosis, words: str) -> FitClass:
    """Return the first class with a hypothesis, which has the fewest against it."""
    return next(one for one in found.ranking.classes if words in one.names)


def against(found: Diagnosis, one: FitClass) -> set[str]:
    observations = found.incident.observations
    pairs = zip(observations, one.marks, strict=True)
    return {o.id for o, mark in pairs if mark == CONTRADICTED}


def test_those_that_leave_resa_on_time_lead(alone: Diagnosis) -> None:
    leading = set(alone.ranking.classes[0].names)
    assert {"night-named-by-its-morning", "odd-day-lost", "office:order-a-day-early"} <= leading


def test_one_that_contradicts_resa_is_listed_with_it_or_with_its_assumption(
    alone: Diagnosis,
) -> None:
    same = [
        one for one in alone.ranking.classes
        if "end-exclusive" in one.names and not one.assumed.other_product
    ]  # fmt: skip
    assert all({"resa-on-time", "resa-not-before"} & against(alone, one) for one in same)
    assert same
    other = class_of(alone, "end-exclusive")
    assert other.assumed.other_product
    assert len(other.assumptions) == 2


def test_no_single_mistake_cuts_a_household_that_reactivated(alone: Diagnosis) -> None:
    first = alone.ranking.classes[0]
    assert "reactivated-too" in against(alone, first)


def test_the_pair_that_does_is_found_and_takes_less_against_it(paired: Diagnosis) -> None:
    words = "night-named-by-its-morning + reactivation-clears-one"
    pair = class_of(paired, words)
    assert "reactivated-too" not in against(paired, pair)
    assert pair.front
    assert paired.ranking.fits
    assert paired.ranking.outside < 0.5
    assert pair.against < class_of(paired, "night-named-by-its-morning").against


def test_the_error_at_the_redo_is_explained_by_nothing(paired: Diagnosis) -> None:
    ids = [paired.incident.observations[number].id for number in paired.ranking.unexplained]
    assert "error-8" in ids
    assert not {"night", "reactivated-too", "resa-on-time"} & set(ids)


def test_nothing_was_wrong_is_on_the_list_and_on_its_front(alone: Diagnosis) -> None:
    sound = class_of(alone, "nothing was wrong")
    assert sound.front
    assert sound.assumptions == ()
    assert sound.over_nothing == pytest.approx(0)


@pytest.mark.slow("lives the library of a village")
def test_a_second_look_runs_nothing(working: Diagnosing, paired: Diagnosis, tmp_path: Path) -> None:
    folder = Path(working.predictor.incident.path).parent
    again = at_work(folder)
    assert diagnosed(again.pairs(again.singles())) == diagnosed(paired)
    assert again.predictor.kept.runs == 0


def test_a_spoilt_file_is_run_again(working: Diagnosing, alone: Diagnosis, tmp_path: Path) -> None:
    folder = Path(working.predictor.incident.path).parent
    copytree(folder / "kept", tmp_path / "kept")
    kept = sorted(path for path in (tmp_path / "kept").rglob("*") if path.is_file())
    kept[0].write_bytes(b"no signature")
    again = at_work(tmp_path)
    assert diagnosed(again.decided(again.singles())) == diagnosed(alone)
    assert 0 < again.predictor.kept.runs <= 2 * (len(FEW) + 1)


def test_a_memo_is_80_columns_wide_and_claims_no_cause(paired: Diagnosis) -> None:
    lines = list(memo(paired))
    assert max(map(len, lines)) <= COLUMNS
    whole = " ".join(" ".join(lines).split())
    assert "Consistent with the reports" in whole
    assert "caused" not in whole
    assert " error-8" in whole


def test_a_memo_of_many_reports_is_no_wider(paired: Diagnosis) -> None:
    ranking, incident = paired.ranking, paired.incident
    classes = tuple(replace(one, marks=4 * one.marks) for one in ranking.classes)
    many = replace(
        paired,
        ranking=replace(ranking, classes=classes),
        incident=replace(incident, observations=4 * incident.observations),
    )
    lines = list(memo(many))
    assert max(map(len, lines)) <= COLUMNS
    assert sum(" 36" in line for line in lines) == 2, "in the list of reports and over the signs"


def test_a_bench_order_is_a_campaign_that_tells_leaders_apart(
    alone: Diagnosis, tmp_path: Path
) -> None:
    from meter_emu.world.rehearsal.campaign_toml import campaign_toml

    assert alone.experiments
    for one in alone.experiments:
        assert one.campaign is not None
        path = tmp_path / "bench.toml"
        path.write_text(campaign_toml(one.campaign), "utf-8")
        again = load_campaign(path)
        assert (
            again.households.entries[0].first.visits
            == one.campaign.households.entries[0].first.visits
        )
        assert len(one.answers) > 1
        assert one.bits > 0
    assert {"odd-day-lost", "night-named-by-its-morning"} <= set().union(
        *(names for _, names in alone.experiments[0].answers)
    )


def test_a_question_about_a_display_is_asked(alone: Diagnosis) -> None:
    assert any("display show" in one.words for one in alone.questions)


NOTHING_FITS = """
name = "cut at an hour that no mistake gives"
zone = "Europe/Brussels"
[[fleet]]
name = "ores"
campaign = "ores-2020-07"
households = 1_000
models = ["electricity-pcf8563-utc"]
[fleet.kinds]
after-summer-time = 900
june-29 = 100
"""


def odd(kind: str, day: int) -> str:
    times = f"[2020-06-{day}T03:00:00, 2020-06-{day}T05:00:00]"
    return f"""
[[observed]]
id = "{kind} {day}"
whose = {{ fleet = "ores", kind = "{kind}" }}
some = {{ cut = {times} }}
sources = [{{ ref = "a caller", sure = 0.95 }}]
"""


@pytest.mark.slow("runs all that is tried in an incident of its own")
def test_where_nothing_fits_the_first_line_says_so(tmp_path: Path) -> None:
    days = (10, 12, 14, 16)
    reports = "".join(odd(kind, day) for kind in ("after-summer-time", "june-29") for day in days)
    found = at_work(tmp_path, NOTHING_FITS + reports).singles()
    assert not found.ranking.fits
    assert found.ranking.outside > 0.5
    assert next(memo(found)).startswith("No single mistake that was tried fits: most")
    assert found.ranking.unexplained == tuple(range(8))


@pytest.mark.slow("runs all that is tried in an incident of its own")
def test_one_report_that_nothing_explains_is_no_misfit(tmp_path: Path) -> None:
    reports = odd("after-summer-time", 10).replace("0.95", "0.8")
    found = at_work(tmp_path, NOTHING_FITS + reports).singles()
    assert found.ranking.fits
    assert found.headline.startswith("The reports are what a sound meter gives, but for 1 of 1")
