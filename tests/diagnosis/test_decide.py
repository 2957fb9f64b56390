"""What would decide: the bits of a step are those that its answer gives, however it is counted."""

from dataclasses import replace
from math import log2

import pytest

from meter_emu.diagnosis.decide import ASK, OPEN, ORDER, OUTSIDE, asked_again
from meter_emu.diagnosis.memo import Diagnosis, memo


def test_a_report_that_is_asked_again_tells_what_its_answer_narrows(alone: Diagnosis) -> None:
    """The bits anew, as what is known of the cause before less what is known after the answer."""
    ranking, reports = alone.ranking, alone.incident.observations
    first, *_, last = ranking.classes
    two = replace(ranking, classes=(first, replace(last, against=first.against)))
    weights = [10**-one.score for one in two.classes]
    prior = [weight / sum(weights) * (1 - two.outside) for weight in weights] + [two.outside]
    told = {one.words: one for one in asked_again(alone.incident, two)}
    assert told
    for number, report in enumerate(reports):
        true = [
            chance * report.sure / (chance * report.sure + (1 - chance) * (1 - report.sure))
            for chance in (one.chances[number] for one in two.classes)
        ] + [report.sure]
        bits = _bits(prior)
        for so in (True, False):
            each = [p * (q if so else 1 - q) for p, q in zip(prior, true, strict=True)]
            bits -= sum(each) * _bits([one / sum(each) for one in each])
        words = f"{', '.join(report.refs) or 'the operator'}: {report.words}?"
        if words in told:
            assert told[words].bits == pytest.approx(bits, abs=1e-6)
        else:
            assert bits < max(one.bits for one in told.values())


def _bits(parts: list[float]) -> float:
    return -sum(part * log2(part) for part in parts if part > 0)


def test_each_step_says_what_every_outcome_would_mean(alone: Diagnosis) -> None:
    kinds = {how for how, _ in alone.steps}
    assert {ASK, OPEN, ORDER} <= kinds
    leading = set(alone.ranking.classes[0].names)
    for _, steps in alone.steps:
        for one in steps:
            named = [name for _, names in one.answers for name in names]
            assert OUTSIDE in named or one.campaign is None
            assert leading & set(named)
            assert one.bits > 0


def test_the_meter_to_open_shows_the_date_that_tells_leaders_apart(alone: Diagnosis) -> None:
    (steps,) = (steps for how, steps in alone.steps if how == OPEN)
    of = {name: answer for answer, names in steps[0].answers for name in names}
    assert of["odd-day-lost"] != of["night-named-by-its-morning"]


def test_a_memo_ends_with_the_step_that_tells_most(alone: Diagnosis) -> None:
    text = " ".join(" ".join(memo(alone)).split())
    assert text.endswith(" ".join(alone.next_step.split()))
    best = max(one.bits for _, steps in alone.steps for one in steps)
    assert alone.next_step.startswith(f"Next ({best:.2f} bit): ")
