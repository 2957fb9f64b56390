"""Each span rule decides something: a home that is judged otherwise when the rule is taken away."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import pytest

from meter_emu.world.judge.breaches import breaches_of, supply_judged
from meter_emu.world.judge.obligations import RULES, Must, SpanRule, row_of
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.events import What
from tests.world.judge.case import ELECTRICITY, GAS, TEXT, Case, Seen

ARM = """  {at = 2020-06-02T10:30:00, desk = ["defer", "cut"]},
  {at = 2020-06-02T11:00:00, insert = true},
"""
BACK = """  {at = 2020-06-29T10:00:00, desk = ["reactivate"]},
  {at = 2020-06-29T11:00:00, insert = true},
"""
LOAD = """visits = [{at = 2020-06-04T09:30:00, load_eur = 20},
  {at = 2020-06-04T10:00:00, insert = true}]"""
ARMED = f"balance_eur = 50\nvisits = [\n{ARM}]"
BROKE = "balance_eur = 0"
T = "2020-07-03T23:01:00"
MONDAY_NIGHT, WEDNESDAY_NOON = "2020-06-01T20:00:00", "2020-06-03T12:00:00"
DARK = ("2020-06-03T08:00:05", What.OPENED)
HELD = "2020-07-02T20:00:00"
# The backup capacitor of the model is 40 days; the meter says so when it has started.
LOST = (
    ("2020-04-10T20:00:00", What.POWER_LOST),
    ("2020-05-28T20:00:00", What.POWER_BACK),
    ("2020-05-28T20:00:02", What.CLOCK_DOUBTED),
)


@dataclass(frozen=True)
class Promise:
    """A home, what was seen of it, what that is, and what it would be without the rule."""

    body: str
    seen: tuple[Seen, ...]
    judged: tuple[Verdict, ...] = ()
    without: tuple[Verdict, ...] = ()
    model: str = ELECTRICITY
    key: str = "red"
    refused: tuple[int, ...] = ()
    start: str = "2020-06-01"


WRONGLY, EARLY, UNASKED = (Verdict.WRONGLY_CUT,), (Verdict.EARLY,), (Verdict.FED_UNASKED,)
HOMES = {
    # The contactor was half way when power failed, and stayed where somebody had wanted it.
    "no power": Promise(
        BROKE,
        (DARK, ("2020-06-03T09:00:00", What.KEY_PRESSED), ("2020-06-03T09:00:01", What.POWER_LOST),
         ("2020-06-03T09:00:01", What.CLOSED), ("2020-06-03T09:10:00", What.POWER_BACK)),
        without=UNASKED,
    ),
    "start-up": Promise(
        BROKE,
        (("2020-06-03T15:59:59", What.POWER_LOST), ("2020-06-03T17:00:00", What.POWER_BACK),
         ("2020-06-03T17:00:02", What.OPENED)),
        without=WRONGLY,
    ),
    "countdown": Promise(
        f"balance_eur = 0\nvisits = [\n{ARM}]",
        (("2020-06-02T08:00:05", What.OPENED), ("2020-06-02T11:00:03", What.INVITED),
         (HELD, What.KEY_HELD), ("2020-07-02T20:00:03", What.CLOSED),
         ("2020-07-02T20:00:06", What.OPENED)),
        without=EARLY, model=GAS, key="blue",
    ),
    "just before": Promise(BROKE, (("2020-06-03T16:00:02", What.OPENED),), without=WRONGLY),
    "cut": Promise(ARMED, (), judged=(Verdict.NEVER,)),
    "asked": Promise(
        BROKE + "\n" + LOAD,
        (DARK, ("2020-06-04T10:00:02", What.INVITED), ("2020-06-04T10:01:00", What.KEY_PRESSED),
         ("2020-06-04T10:01:01", What.CLOSED)),
        without=UNASKED,
    ),
    "without supply": Promise(BROKE, (DARK, ("2020-06-03T09:00:00", What.CLOSED)), judged=UNASKED),
    # Behind by a lower bound: a day late, and yet not before T2.
    "clock doubted": Promise(
        ARMED, (*LOST, ("2020-07-04T20:00:00", What.OPENED)), without=WRONGLY, start="2020-04-01"
    ),
    "cut allowed": Promise(ARMED, (("2020-07-03T23:02:00", What.OPENED),), without=WRONGLY),
    "limiter": Promise(ARMED + "\nlimiter = true", ((T, What.LIMITED),), without=WRONGLY),
    "prepayment off": Promise(
        BROKE + "\nprepayment = false",
        ((WEDNESDAY_NOON, What.OPENED), (WEDNESDAY_NOON, What.INVITED)),
        judged=WRONGLY,
    ),
    "deferral": Promise(
        f"balance_eur = 0\nvisits = [\n{ARM}]",
        ((WEDNESDAY_NOON, What.OPENED), (WEDNESDAY_NOON, What.INVITED)),
        judged=EARLY,
    ),
    "period": Promise(BROKE, ((MONDAY_NIGHT, What.OPENED),), judged=WRONGLY),
    "no credit": Promise(BROKE, ((WEDNESDAY_NOON, What.OPENED),), without=WRONGLY),
}  # fmt: skip


def judged(promise: Promise, case: Case, rules: Sequence[SpanRule]) -> tuple[Verdict, ...]:
    """Return the verdicts of all breaches by these rules."""
    events = case.events(*promise.seen, key=promise.key, refused=promise.refused)
    row = row_of(case.household, case.campaign, events, rules)
    seen = supply_judged(row, events)
    return tuple(breach.verdict for breach in breaches_of(case.household, row, events, seen))


UNHEARD = f"balance_eur = 50\nvisits = [\n{ARM}{BACK}]"
OUT = (("2020-06-29T11:00:01", What.POWER_LOST), ("2020-06-29T11:10:00", What.POWER_BACK))
CUT_AFTER = ("2020-07-03T23:06:00", What.OPENED)


def test_a_card_that_may_not_have_been_heard_is_judged_either_way(tmp_path):
    """Power failed while the reactivation was in: both meters are right, and a third is not."""
    case = Case(tmp_path, UNHEARD)
    assert case.judge(*OUT, refused=(3,)).verdict is Verdict.KEPT
    assert case.judge(*OUT, CUT_AFTER, refused=(3,)).verdict is Verdict.ON_TIME
    early = ("2020-07-03T21:56:00", What.OPENED)
    assert case.judge(*OUT, early, refused=(3,)).verdict is Verdict.EARLY
    assert case.judge(*OUT, CUT_AFTER).verdict is Verdict.WRONGLY_CUT  # it had been served


def without(name: str) -> list[SpanRule]:
    return [rule for rule in RULES if rule.name != name]


@pytest.mark.parametrize("name", HOMES)
def test_a_home_is_judged_otherwise_without_the_rule(tmp_path, name):
    promise = HOMES[name]
    text = TEXT.replace("2020-06-01T10", f"{promise.start}T10")
    case = Case(tmp_path, promise.body, model=promise.model, text=text)
    assert judged(promise, case, RULES) == promise.judged
    assert judged(promise, case, without(name))[:1] == promise.without[:1]
    assert promise.judged != promise.without


def test_every_rule_has_its_home_and_the_last_one_always_answers(tmp_path):
    assert [*HOMES, "credit"] == [rule.name for rule in RULES]
    case = Case(tmp_path, ARMED)
    with pytest.raises(AssertionError, match="the last rule always answers"):
        case.row(rules=without("credit"))


def test_the_row_has_no_gap_and_each_span_says_why(tmp_path):
    for promise in HOMES.values():
        case = Case(tmp_path, promise.body, model=promise.model)
        spans = case.row(*promise.seen, key=promise.key, refused=promise.refused).spans
        assert spans[0].from_us == case.campaign.start_us
        assert spans[-1].to_us == case.campaign.end_us
        for before, after in pairwise(spans):
            assert before.to_us == after.from_us
            assert (before.must, before.why, before.invites) != (
                after.must, after.why, after.invites
            )  # fmt: skip
        assert all(span.why and span.from_us < span.to_us for span in spans)


AT_23_03 = """  {at = 2020-07-03T22:00:00, %s},
  {at = 2020-07-03T23:03:00, insert = true},
"""
REACTIVATED = AT_23_03 % 'desk = ["reactivate"]'
EXTENDED = AT_23_03 % 'desk = ["cut"], cut_at = 2020-07-06T09:00:00'
CUT = ("2020-07-03T23:02:00", What.OPENED)


@pytest.mark.parametrize(
    ("order", "seen", "must", "rule"),
    [
        (REACTIVATED, (), Must.ON, "credit"),
        (REACTIVATED, (CUT,), Must.OFF, "without supply"),  # until asked
        (EXTENDED, (), Must.ON, "credit"),
        (EXTENDED, (CUT,), Must.OFF, "without supply"),  # likewise
        (EXTENDED, (("2020-07-03T23:03:01", What.OPENED),), Must.ON, "credit"),  # the card did it
    ],
)
def test_an_order_brought_within_l_follows_what_was_seen(tmp_path, order, seen, must, rule):
    case = Case(tmp_path, f"balance_eur = 50\nvisits = [\n{ARM}{order}]")
    span = case.span("2020-07-04T12:00:00", *seen)
    assert (span.must, span.rule) == (must, rule)


def test_an_extension_gives_nothing_back_where_the_model_stays_cut(tmp_path):
    case = Case(tmp_path, f"balance_eur = 50\nvisits = [\n{ARM}{EXTENDED}]", stays_cut=True)
    span = case.span("2020-07-04T12:00:00", CUT)
    assert (span.must, span.rule) == (Must.OFF, "cut")


@pytest.mark.parametrize(
    ("at", "cut_at", "must", "rule"),
    [
        ("2020-07-05", "2020-07-07T09:00:00", Must.OFF, "without supply"),
        ("2020-07-05", "2020-07-04T09:00:00", Must.OFF, "cut"),  # later, and it has come as well
        ("2020-07-05", "2020-07-02T09:00:00", Must.OFF, "cut"),
    ],
)
def test_an_extension_after_the_cut_asks_for_a_person(tmp_path, at, cut_at, must, rule):
    later = f"""  {{at = {at}T10:00:00, desk = ["cut"], cut_at = {cut_at}}},
  {{at = {at}T11:00:00, insert = true}},
]"""
    case = Case(tmp_path, f"balance_eur = 50\nvisits = [\n{ARM}{later}")
    span = case.span("2020-07-06T12:00:00", CUT)
    assert (span.must, span.rule) == (must, rule)
    pressed = ("2020-07-06T13:00:00", What.KEY_PRESSED)
    fed = case.span("2020-07-06T14:00:00", CUT, pressed).must
    assert fed is (Must.ON if rule == "without supply" else Must.OFF)


def test_a_home_dark_before_and_extended_within_l_is_either_once_it_asks(tmp_path):
    """Dark since June for lack of credit: whether the meter noticed the old T2 is unknown."""
    loads = """  {at = 2020-07-04T10:00:00, load_eur = 20},
  {at = 2020-07-04T11:00:00, insert = true},
]"""
    body = f"balance_eur = 0\nvisits = [\n{ARM}{EXTENDED}{loads}"
    case, lifting = Case(tmp_path, body, stays_cut=True), Case(tmp_path, body)
    june = (("2020-06-02T08:00:05", What.OPENED), ("2020-06-02T11:00:02", What.INVITED))
    pressed = ("2020-07-05T11:00:00", What.KEY_PRESSED)
    fed = ("2020-07-05T11:00:01", What.CLOSED)
    noon = "2020-07-05T12:00:00"
    assert case.must(noon, *june, pressed) is Must.OFF
    assert case.must(noon, *june, pressed, fed) is Must.EITHER
    assert lifting.must(noon, *june, pressed, fed) is Must.ON, "noticed or not, it is lifted"
    assert case.judge(*june, pressed, key="red").verdict is Verdict.ON_TIME
    assert case.judge(*june, fed, key="red").verdict is Verdict.FED_UNASKED
