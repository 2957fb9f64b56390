"""What agrees against a prediction: seldom anything where it is right, often where it is not."""

from collections.abc import Sequence
from math import log10
from random import Random

import pytest

from meter_emu.diagnosis.evidence import LAST_WORD, Evidence, agreed_against, report_chance
from meter_emu.diagnosis.incident import Observation, Sighting
from meter_emu.diagnosis.incident_file import Whose

SURE = 0.95
NIGHTS, TOLD = 14, 9  # nights in which supply may have gone off, and reports of an incident
ODDS = log10(SURE / (1 - SURE))


def cut_in(night: int, many: str = "some") -> Observation:
    return said(Sighting(cut_us=(10 * night, 10 * night + 8)), many)


def said(seen: Sighting, many: str = "some") -> Observation:
    return Observation(
        id="", whose=Whose(fleet="village"), many=many, seen=seen, sure=SURE, refs=(), words=""
    )


def against(reports: Sequence[Observation], predicted: int) -> float:
    """Return what agrees against a cut in one night alone, of reports of cuts."""
    return agreed_against(reports, [0.98 if one == cut_in(predicted) else 0.02 for one in reports])


def told_of(night: int, chance: Random) -> list[Observation]:
    """Return what several persons say of a cut, each right as often as they are sure."""
    return [
        cut_in(night if chance.random() < SURE else chance.randrange(NIGHTS)) for _ in range(TOLD)
    ]


def test_where_a_prediction_is_right_wrong_reports_seldom_agree() -> None:
    chance = Random(1)
    found = [against(told_of(night % NIGHTS, chance), night % NIGHTS) for night in range(200)]
    assert sum(one > 0 for one in found) <= 6


def test_where_it_is_wrong_reports_agree() -> None:
    chance = Random(2)
    found = [against(told_of(night % NIGHTS, chance), (night + 1) % NIGHTS) for night in range(200)]
    assert sum(one > 3 * ODDS for one in found) >= 195


@pytest.mark.parametrize(
    ("reports", "decades"),
    [
        ([cut_in(1)], 0.0),
        ([cut_in(1), cut_in(2), cut_in(3)], 0.0),
        ([cut_in(1), cut_in(1)], ODDS),
        ([cut_in(1), cut_in(1), cut_in(2)], ODDS),
        ([cut_in(1), cut_in(1, "none")], ODDS),
        ([cut_in(1), said(Sighting(card="refused", visit=0))], ODDS),
        ([cut_in(1)] * 70, 67 * ODDS),  # of 70 who are 95 % sure three are wrong
    ],
)
def test_reports_against_a_prediction_count_where_they_agree(
    reports: list[Observation], decades: float
) -> None:
    assert agreed_against(reports, [0.02] * len(reports)) == pytest.approx(decades)
    assert agreed_against(reports, [0.3] * len(reports)) == 0, "an hour off is not against it"


def test_one_false_report_costs_a_bounded_factor() -> None:
    """However sure a prediction is, one report against it costs no more than its surety gives."""
    against, for_it = (
        Evidence([[chance]], [SURE], [0]).decades()[0] for chance in (1e-9, 1 - 1e-9)
    )
    assert for_it - against <= log10(SURE / (1 - SURE))
    many = Evidence([[1e-9] * 9, [1 - 1e-9] * 9], [SURE] * 9, [0] * 9).decades()
    assert 1.5 < many[1] - many[0] <= -log10(LAST_WORD) + 0.01, "all of one sort of households"


def test_persons_who_see_something_by_chance_each_see_it_by_chance() -> None:
    """Of six who might each see it or not, three do: as likely as three right and three wrong."""
    (found,) = Evidence([[0.5] * 6], [SURE] * 6, [0] * 6).decades()
    assert found == pytest.approx(6 * log10(report_chance(0.5, SURE)))
