"""People at the bench: the supply taken and given by hand, and deeds in the middle of a poll."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.desk.desk import Work
from meter_emu.ports import SECONDS_A_DAY, Button, Firmware, Lamp, Ports, Sleep
from meter_emu.world.meter.acts import Appliances, Power, Press
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import NEVER_US
from tests.cells import each_cell
from tests.properties.trials import (
    DAY_US,
    GAS,
    HOUR_US,
    MINUTE_US,
    MODEL,
    SECOND_US,
    Circumstances,
    MeterSetup,
)

START_US = 1_593_410_400 * SECOND_US  # Monday 29 June 2020 08:00 in Brussels


def setup_of(**kw) -> MeterSetup:
    setup = MeterSetup(Circumstances(start_us=START_US, clock_set_us=START_US - DAY_US, **kw))
    setup.bench.run_until(START_US + 1)
    return setup


@pytest.mark.parametrize("model", [MODEL, GAS])
def test_a_supply_cut_by_hand_is_an_outage_that_was_planned(model):
    """The same bytes, whether a campaign says so or somebody pulls the plug."""
    gone_us, back_us = START_US + 10 * MINUTE_US, START_US + 3 * HOUR_US
    by_hand = setup_of(model=model)
    by_hand.bench.run_until(gone_us)
    by_hand.bench.do(Power(on=False))
    assert not by_hand.board.powered
    by_hand.bench.run_until(back_us)
    assert by_hand.board.panel.text == ""
    by_hand.bench.do(Power(on=True))
    planned = setup_of(model=model, outages=[(gone_us, back_us)])
    for setup in (by_hand, planned):
        setup.bench.run_until(START_US + DAY_US)
    assert by_hand.bytes_now() == planned.bytes_now()


@given(
    st.lists(st.integers(1, 86_399), min_size=2, max_size=6, unique=True).map(sorted),
    st.randoms(use_true_random=False),
)
def test_outages_made_known_later_in_any_order_are_those_known_before(edges_s, shuffle):
    edges_us = [START_US + edge_s * SECOND_US for edge_s in edges_s]
    outages = list(zip(edges_us[::2], edges_us[1::2], strict=False))
    before, later = setup_of(outages=outages), setup_of()
    shuffle.shuffle(outages)
    for lost_us, back_us in outages:
        later.bench.plan_outage(lost_us, back_us)
    for setup in (before, later):
        setup.bench.run_until(START_US + DAY_US)
    assert later.bytes_now() == before.bytes_now()


def test_to_cut_what_is_dark_and_to_give_what_is_there_is_nothing():
    setup = setup_of()
    before = setup.bytes_now()
    setup.bench.do(Power(on=True))
    assert setup.bytes_now() == before
    for _ in range(2):
        setup.bench.do(Power(on=False))
    setup.bench.do(Power(on=True))
    assert setup.board.powered
    assert setup.board.fails_at_us == NEVER_US


def test_giving_the_supply_back_early_ends_the_outage_and_not_the_next_one():
    second = START_US + 3 * HOUR_US
    setup = setup_of(
        outages=[(START_US + HOUR_US, START_US + 2 * HOUR_US), (second, second + HOUR_US)]
    )
    setup.bench.run_until(START_US + HOUR_US + MINUTE_US)
    setup.bench.do(Power(on=True))
    assert setup.board.powered
    assert setup.board.fails_at_us == second


@pytest.mark.parametrize("lit_again_min", [40, 200])
def test_a_load_that_changes_while_the_program_sleeps_wakes_it_in_time(lit_again_min):
    """Its hint names a reading of the register, and when that comes is the load's business."""
    left = []
    for obey_hints in (True, False):
        start_us = START_US + HOUR_US
        setup = MeterSetup(
            Circumstances(
                start_us=start_us, clock_set_us=START_US, balance_cents=30, load=(900,) * 24
            )
        )
        setup.bench.obey_hints = obey_hints
        setup.bench.run_until(start_us + 10 * MINUTE_US)
        setup.bench.do(Appliances(lit=False))
        setup.bench.do(Press(Button.BLUE))  # the program goes to sleep with nothing flowing
        setup.bench.run_until(start_us + lit_again_min * MINUTE_US)
        setup.bench.do(Appliances(lit=True))
        setup.bench.run_until(start_us + (lit_again_min + 100) * MINUTE_US)
        left.append((setup.bytes_now(), setup.board.moves))
    assert left[0] == left[1]
    ((_, on),) = left[0][1]
    assert not on  # it was cut, in the minute its credit was used up


def rearming_gas() -> MeterSetup:
    """Return a gas meter whose home was dark and has been loaded: it asks to be re-armed."""
    setup = setup_of(model=GAS, balance_cents=-100, load=(2_000,) * 24)
    setup.bench.run_until(START_US + 2 * HOUR_US)  # past the window that protected it
    assert not setup.board.switch.on
    setup.write(Work(load_cents=5_000))
    setup.insert()
    assert Lamp.RECONNECT in setup.board.panel.lamps
    setup.bench.do(Appliances(lit=False))
    return setup


def test_what_people_do_in_the_countdown_counts_there():
    """Somebody lights an appliance in its fifth second: the valve shuts again at once."""
    setup, seen = rearming_gas(), []

    def watch() -> None:
        seen.append(setup.board.panel.text)
        if len(seen) == 5:
            setup.bench.do(Appliances(lit=True))

    setup.board.meanwhile = watch
    began_us = setup.board.now_us
    setup.bench.do(Press(Button.BLUE, held_ms=4_000))
    left_s = range(720, 715, -1)
    assert seen[:5] == [f"WAIT {left} S, LEAVE ALL APPLIANCES SHUT" for left in left_s]
    assert not setup.board.switch.on
    assert setup.board.now_us - began_us < 15 * SECOND_US
    assert setup.board.panel.text.startswith("GAS FLOWED")


def test_a_supply_cut_in_the_countdown_ends_it():
    setup = rearming_gas()
    calls = 0

    def watch() -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            setup.bench.do(Power(on=False))

    setup.board.meanwhile = watch
    setup.bench.do(Press(Button.BLUE, held_ms=4_000))
    assert not setup.board.powered
    assert calls == 3
    setup.bench.do(Power(on=True))
    assert not setup.board.switch.on  # a countdown in progress ends as at a power cut


class Sleeper:
    """A program that only rests, and counts the buttons it finds."""

    def __init__(self, ports: Ports, found: list[Button]) -> None:
        self._ports, self._found = ports, found

    def poll(self) -> None:
        self._found.append(self._ports.buttons())
        self._ports.wait_ms(10_000)


def test_a_button_pressed_in_a_poll_ends_the_rest_and_wakes_the_program_again():
    setup, found = setup_of(), list[Button]()
    board = setup.board

    def program(ports: Ports) -> Firmware:
        return Sleeper(ports, found)

    bench = Bench(board, program, poll_us=HOUR_US)

    def press_once() -> None:
        board.meanwhile = lambda: None
        bench.do(Press(Button.RED))

    board.meanwhile = press_once
    began_us = board.now_us
    bench.run_until(began_us + 1)
    assert found == [Button(0), Button.RED]
    assert board.now_us - began_us < 11 * SECOND_US  # the first rest was cut short


class OverMidnight:
    """A program that asks at its first poll to sleep until 23:59:59, and then rests over it."""

    def __init__(self, ports: Ports, polls: list[None]) -> None:
        self._ports, self._polls = ports, polls

    def poll(self) -> Sleep:
        self._polls.append(None)
        self._ports.wait_ms(2_000 if len(self._polls) == 1 else 1)
        return Sleep(until_second=SECONDS_A_DAY - 1)


@pytest.mark.parametrize(("before_midnight_us", "polls"), [(SECOND_US, 2), (HOUR_US, 1)])
def test_a_hint_about_a_day_that_ended_in_the_poll_is_taken_as_over(before_midnight_us, polls):
    """Read as one of the new day it would be a sleep of 24 hours."""
    setup, counted = setup_of(), list[None]()
    board = setup.board
    board.shut_appliances()  # a program's wait ends where energy flows
    to_midnight_us = board.rtc.us_until_second_of_day(
        SECONDS_A_DAY, board.rtc.second_of_day(board.now_us) or 0
    )
    assert to_midnight_us is not None
    setup.bench.run_until(board.now_us + to_midnight_us - before_midnight_us)

    def program(ports: Ports) -> Firmware:
        return OverMidnight(ports, counted)

    bench = Bench(board, program, poll_us=MINUTE_US)
    bench.run_until(board.now_us + MINUTE_US + 30 * SECOND_US)
    assert len(counted) == polls


def test_a_card_pulled_in_any_exchange_of_a_session_loses_nothing():
    """At every APDU: the meter goes on, and the same card shown again ends as if never pulled."""
    whole = setup_of()
    exchanges = []
    whole.write(Work(load_cents=2_000))
    whole.board.meanwhile = lambda: exchanges.append(whole.board.now_us)
    whole.insert()
    assert len(exchanges) > 5
    for at in range(len(exchanges)):
        setup, left = setup_of(), [at]
        setup.write(Work(load_cents=2_000))

        def pull(setup: MeterSetup = setup, left: list[int] = left) -> None:
            if left[0] == 0:
                setup.bench.remove()
            left[0] -= 1

        setup.board.meanwhile = pull
        setup.bench.insert(setup.card)
        setup.board.meanwhile = lambda: None
        setup.insert()
        assert setup.state().balance_ueur == whole.state().balance_ueur
        assert setup.state().accepted_count == 1


@each_cell("gap_us", [1, 700_000, 1_499_999, 1_500_000])
def test_supply_that_goes_again_before_the_program_has_started_feeds_nobody_meanwhile(gap_us):
    """A start-up takes 1.5 s; the home draws 100 kW, so that a second of it is 27 Wh."""
    lost_us = START_US + HOUR_US
    back_us = lost_us + MINUTE_US
    again_us = back_us + gap_us
    outages = [(lost_us, back_us), (again_us, again_us + HOUR_US)]
    setup = setup_of(outages=outages, load=(100_000,) * 24, balance_cents=1_000_000)
    setup.bench.run_until(START_US + 2 * HOUR_US)
    fed_us = HOUR_US + gap_us
    assert setup.board.metrology.read_units(setup.board.now_us) == 100_000 * fed_us // HOUR_US
