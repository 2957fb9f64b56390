"""`distinguish`: in which household two builds differ, and that equal ones do not."""

import json
import struct
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from typing_extensions import override

from meter_emu.cli.app import run
from meter_emu.domain import Wallet
from meter_emu.errors import ConfigError
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger
from meter_emu.ports import Ports, Sleep
from meter_emu.verify.distinguish import distinguish
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import each_cell
from tests.explore.field import Report, entered
from tests.explore.mistakes import OURS
from tests.laws import wrong
from tests.laws.wrong import Wrapped

HERE = f"{__name__}:"
MODEL = "electricity-pcf8563-utc"
WRONG = f"{wrong.__name__}:"


class Dawdling(Wrapped):
    """Looks at its clock once more in each poll, which takes some microseconds."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._ports = ports

    @override
    def poll(self) -> Sleep | None:
        self._ports.rtc_read(0, 1)
        return super().poll()


class Deaf:
    """A program that never looks at its card."""

    def __init__(self, ports: object) -> None: ...

    def poll(self) -> None: ...


@pytest.mark.slow("lives stories under all laws")
@each_cell(
    "second",
    ["reference", f"{WRONG}Wrapped", f"{HERE}Dawdling", "tests.laws.strangers:other_words"],
    short=2,
)
def test_programs_that_do_the_same_are_not_told_apart(second):
    found = distinguish("reference", second, models=[MODEL], examples=15)
    assert (found.difference, found.stories) == (None, 15)


def money_through_a_float(self: Ledger, state: State, wallet: Wallet) -> int:
    """Of 32 bits, as a microcontroller has it."""
    cents = Ledger.load(self, state, wallet)
    (euro,) = struct.unpack("f", struct.pack("f", state.balance_ueur / 1_000_000))
    state.balance_ueur = round(euro * 1_000_000)
    return cents


FLOAT = Report(Ledger, "load", money_through_a_float, "ours")
AGED = ("loads-by-thousands", "order-in-15-bits")


@pytest.mark.slow("some dozen stories each", short=1)
@pytest.mark.parametrize("name", ["money-through-a-float", *AGED])
def test_what_shows_in_hazards_and_old_meters_is_told_apart_in_300_stories(name):
    with entered({**OURS, "money-through-a-float": FLOAT}):
        found = distinguish("reference", f"reference+{name}", examples=300).difference
    assert found is not None
    assert found.look_at in {"the card that comes back", "the display when the card is in"}


@pytest.mark.slow("lives stories under all laws", short=2)
@pytest.mark.parametrize(
    ("pair", "look_at"),
    [
        (("reference+end-exclusive", "reference+doy-common-year"), "the card that comes back"),
        (("reference+time-of-day-dropped", "reference"), "the supply"),
        (("reference+equal-ends-refused", "reference"), "the display when the card is in"),
        ((f"{WRONG}Wrapped", f"{WRONG}never_asks"), "the lamps"),
        (("reference+only-in-its-minute", "reference"), "the supply"),
        ((f"{WRONG}never", f"{WRONG}Wrapped"), "the supply"),
        ((f"{WRONG}Wrapped", f"{WRONG}Raising"), "the program"),
    ],
)
def test_a_difference_is_small_and_is_there_when_its_home_lives_again(pair, look_at, tmp_path):
    models = [MODEL] if WRONG in pair[0] else []
    found = distinguish(*pair, models=models, examples=120).difference
    assert found is not None
    assert found.look_at == look_at
    assert [one.build for one in found.seen] == list(pair)
    assert len({one.words for one in found.seen}) == 2
    assert len(found.text.splitlines()) <= 25
    if WRONG in pair[0]:
        return
    file = tmp_path / "differ.toml"
    file.write_text(found.text)
    campaign = load_campaign(file)
    (household,) = campaign.households
    assert household.build == pair[0]
    first, second = (run_meter(replace(household, build=build), campaign) for build in pair)
    assert first != second


def test_two_that_obey_no_card_in_common_are_bad_input():
    with pytest.raises(ConfigError, match="obeys no card"):
        distinguish("reference", f"{HERE}Deaf", examples=1)


def test_a_deadline_ends_it():
    assert distinguish("reference", "reference", examples=None, deadline_s=0.0).stories == 1


@pytest.fixture
def meter_emu(monkeypatch: pytest.MonkeyPatch, tmp_path) -> Callable[..., int]:
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> int:
        monkeypatch.setattr(sys, "argv", ["meter-emu", *words])
        return run()

    return call


PAIR = ("reference+time-of-day-dropped", "reference+look-ahead")


def test_the_verb_says_what_to_look_at_and_gives_the_home(meter_emu, tmp_path, capsys):
    assert meter_emu("distinguish", *PAIR, "--json", "found.json") == 1
    said = capsys.readouterr().out
    shown = json.loads((tmp_path / "found.json").read_text())
    assert shown["builds"] == list(PAIR)
    assert f"look at {shown['difference']['look_at']} on {shown['difference']['day']}" in said
    for build, words in shown["difference"]["seen"].items():
        assert build in said
        assert words in said
    assert meter_emu("distinguish", *PAIR, "--toml") == 1
    assert capsys.readouterr().out == shown["difference"]["campaign"]


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("reference", "reference", "--examples", "3"), 0),
        (("reference", "reference", "--time", "1", "--examples", "3", "--toml"), 0),
        (("reference", "reference+end-exclusiv"), 2),
        (("reference",), 2),
        (("reference", "no_such_module:program"), 2),
        ((*PAIR, "--toml", "--json", "-"), 2),
    ],
)
def test_the_verb_says_by_its_status_whether_there_is_a_difference(meter_emu, words, status):
    assert meter_emu("distinguish", *words) == status
