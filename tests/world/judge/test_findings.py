"""What is found next to the verdict: programs that supply as they should, and are yet wrong.

Each is our own program with one part swapped, so that nothing else is.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from meter_emu.domain import Result
from meter_emu.firmware.ends import EndStore
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import Health, State
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.program import Program
from meter_emu.firmware.rtc.pcf8563 import Pcf8563Driver
from meter_emu.firmware.trust import ClockTrust
from meter_emu.ports import Firmware, Ports
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import expected, judge
from meter_emu.world.judge.verdicts import GOOD, FindingKind
from meter_emu.world.meter.build import dialogues
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from meter_emu.zones import BELGIAN
from tests.campaigns import head
from tests.world.judge.case import Case

_PartT = TypeVar("_PartT")
HOME = (
    head(
        "found",
        "2020-06-01T00:00:00",
        "2020-06-20T12:00:00",
        'build = "BUILD"',
        announced="2020-06-16T09:00:00",
    )
    + """[[household]]
id = "home"
kind = "loads and is armed"
balance_eur = 60
load_w = 100
EXPECT
visits = [
  { at = 2020-06-02T09:00:00, load_eur = 20 },
  { at = 2020-06-02T10:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:00:00, insert = true },
  { at = 2020-06-10T11:00:00, insert = true },
]
"""
)


class NeverBooks(Ledger):
    __slots__ = ()

    def load(self, state: State, wallet: object) -> int:
        before_ueur = state.balance_ueur
        cents = super().load(state, wallet)  # type: ignore[arg-type]
        state.balance_ueur = before_ueur
        return cents


class CountsTwice(Ledger):
    __slots__ = ()

    def book(self, state: State, register_units: int) -> None:
        before_wh = state.charged_wh
        super().book(state, register_units)
        state.charged_wh += state.charged_wh - before_wh


class NeverSure(ClockTrust):
    __slots__ = ()

    def suspicion(self, *_reading: object, **_more: object) -> Health:
        return Health.TICKS_DISAGREE


class SaysNone(EndStore):
    __slots__ = ()

    def understood(self, end: bytes) -> None:
        return None


class Deaf(OrderGate):
    __slots__ = ()

    def judge(self, *_order: object, **_more: object) -> Result:
        return Result.NONE


def swapped(part: type, swap: type) -> Callable[[Ports], Firmware]:
    class Fitted:
        def __call__(self, one: type[_PartT], /) -> type[_PartT]:
            return swap if one is part else one

    parts = assemble(Fitted(), Pcf8563Driver, BELGIAN.rule)
    return lambda ports: Program(ports, parts, dialogues())


never_books = swapped(Ledger, NeverBooks)
counts_twice = swapped(Ledger, CountsTwice)
never_sure = swapped(ClockTrust, NeverSure)
says_none = swapped(EndStore, SaysNone)
deaf = swapped(OrderGate, Deaf)


def lived(folder: Path, build: str, expect: str = "") -> tuple[Campaign, Outcome]:
    text = HOME.replace("BUILD", build).replace("EXPECT", expect)
    (folder / "c.toml").write_text(text, "utf-8")
    campaign = load_campaign(folder / "c.toml")
    household = campaign.households[0]
    return campaign, judge(household, campaign, run_meter(household, campaign))


@pytest.mark.parametrize(
    ("build", "kind", "words"),
    [
        ("never_books", FindingKind.WRONG_MONEY, "balance"),
        ("counts_twice", FindingKind.WRONG_MONEY, "charged"),
        ("never_sure", FindingKind.GROUNDLESS_DOUBT, "nothing explains"),
        ("says_none", FindingKind.WRONG_DISPLAY, "the meter stated none"),
        ("deaf", FindingKind.SILENT_ORDER, "still names order 0"),
    ],
)
def test_a_program_that_is_wrong_next_to_its_supply_is_found(tmp_path, build, kind, words):
    name = f"tests.world.judge.test_findings:{build}"
    campaign, outcome = lived(tmp_path, name)
    found = [finding for finding in outcome.findings if finding.kind is kind]
    assert found
    assert words in found[0].words
    assert not expected(outcome, campaign.households[0])


def test_what_is_named_by_expect_is_as_expected(tmp_path):
    name = "tests.world.judge.test_findings:never_books"
    campaign, outcome = lived(tmp_path, name, 'expect = ["wrong_money"]')
    assert outcome.verdict in GOOD
    assert {finding.kind for finding in outcome.findings} == {FindingKind.WRONG_MONEY}
    assert expected(outcome, campaign.households[0])


def test_nothing_is_found_of_the_reference(tmp_path):
    _, outcome = lived(tmp_path, "reference")
    assert (outcome.findings, outcome.breaches) == ((), ())


def test_a_home_that_is_never_cut_for_want_of_credit_is_a_finding_of_money(tmp_path):
    case = Case(tmp_path, "balance_eur = 1")
    assert [one.kind for one in case.judge().findings] == [FindingKind.WRONG_MONEY]
    cut = ("2020-06-02T08:05:00", What.OPENED)  # 10 EUR at 2.5 cents an hour: 40 hours
    due_us = case.us("2020-06-03T08:00:00") + 2 * 70 * SECOND_US + 65 * SECOND_US  # 2u and a look
    assert case.judge((due_us, What.OPENED)).findings == ()
    assert case.judge((due_us + 1, What.OPENED)).findings != ()
    assert case.judge(cut).breaches
