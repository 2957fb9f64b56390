"""Power that fails in one call of the ports, again and again: any operation of more than one write.

The same call each time, or one further on each time; the card stays in, so it is there at the first
poll after each failure. Afterwards, without faults, all must be as if nothing had been. `make test`
takes a sample, `make test-exhaustive` all: the step of the clock and the daily save up to 40 times.
"""

from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

import pytest

from meter_emu.firmware.layouts import StateFlags
from meter_emu.laws.hazards.failing import Adversary, CallPlace
from meter_emu.units import EPOCH_2000_US, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.board import NEVER_US
from meter_emu.world.meter.failure import CallLog, NoPulse
from tests.firmware.meters import START_US, Rig
from tests.laws.wrong import stepped_again
from tests.properties.trials import WORK_US
from tests.reliability.cutting import Program, Sweep
from tests.reliability.kinds import KINDS
from tests.reliability.stage import EXHAUSTIVE, KITS, Call, Fate, kit_name
from tests.reliability.tally import Tried

BRUSSELS = ZoneInfo("Europe/Brussels")
LONG = {"eeprom_write", "rtc_write", "switch_drive", "card_exchange"}
TO_THE_END = ("step in spring", "step in autumn", "daily wake")  # for every number of failures
TIMES = {name: range(1, 41) if name in TO_THE_END else (1, 2, 3, 7, 40) for name in KINDS}
DARK_S = {name: (2, 3_700) if "step" in name else (2,) for name in KINDS}
LEGAL = next(kit for kit in KITS if kit_name(kit) == "electricity-legal-time-plain-1")


def kit_of(name: str):
    """Return a kit for a kind: a clock in legal time where it is stepped, else any in turn."""
    fit = [kit for kit in KITS if KINDS[name].gas or kit.model.energy != "gas"]
    return LEGAL if "step" in name else fit[7 * list(KINDS).index(name) % len(fit)]


def polls(calls: list[Call]) -> list[list[Call]]:
    found: list[list[Call]] = []
    for call in calls:
        if call.name == "reset_cause":
            found.append([])
        found[-1].append(call)
    return found


class Again:
    """A kind of session on one kit, which power may be made to fail in any number of times."""

    def __init__(self, name: str, program: Program | None = None) -> None:
        self.sweep = Sweep(kit_of(name), name, stays=True, program=program)

    def places(self) -> list[CallPlace]:
        """Return each call of a poll, whole or after a failure: before it, inside, just after."""
        whole = self.sweep.whole.calls
        after: list[Call] = []
        self.attacked(CallPlace("eeprom_write", 1, 0), 1, 2, after)
        found = dict.fromkeys(
            CallPlace(call.name, nth, into_us)
            for poll in polls([*whole, *after])
            for nth, call in numbered(poll)
            for into_us in phases(call)
        )
        return [*found, *(CallPlace("", n, 0, drift) for n in range(12) for drift in (1, 3))]

    def attacked(
        self, place: CallPlace, times: int, dark_s: int, heard: list[Call] | None = None
    ) -> tuple[Rig, Adversary]:
        """Return the home after so many failures, power back, and who made them."""
        sweep, kind = self.sweep, self.sweep.kind
        noted = None if heard is None else lambda _board, call: heard.append(call)
        rig = sweep._rig([], noted=noted)
        rig.board._fate = Fate(hash((place, times)))
        adversary = Adversary(
            rig.bench,
            place,
            times=times,
            dark_us=dark_s * SECOND_US,
            span_us=(rig.board.now_us, NEVER_US),
            inner=NoPulse(),
        )
        rig.bench.log = CallLog(rig.board, adversary)
        rig.bench.rebuild()  # on those ports
        each_us = dark_s * SECOND_US + sweep.kit.model.boot_ms * 1_000 + WORK_US
        for _ in range(1 if isinstance(kind.act, int) else times):
            sweep._act(rig)
            made = -1
            while made < len(adversary.outages):
                made = len(adversary.outages)
                rig.bench.run_until(rig.board.now_us + each_us)
        rig.bench.log = None
        rig.bench.rebuild()
        return rig, adversary

    def try_one(self, place: CallPlace, times: int, dark_s: int) -> int:
        """Fail there, recover, and check all of it; return how often power did fail."""
        rig, adversary = self.attacked(place, times, dark_s)
        self.sweep._recover(rig)
        if "step" in self.sweep.kind.name:  # T2 may have come meanwhile
            within_its_uncertainty(rig)
            self.sweep._until_after_the_end(rig)
            assert not rig.board.switch.on
        else:
            self.sweep._afterwards(rig, lost=False)
        return len(adversary.outages)


def numbered(poll: list[Call]):
    seen: dict[str, int] = {}
    for call in poll:
        nth = seen[call.name] = seen.get(call.name, -1) + 1
        yield nth, call


def phases(call: Call) -> tuple[int, ...]:
    long_us = call.end_us - call.begin_us
    return (0, long_us // 2, long_us + 1) if call.name in LONG else (0,)


def within_its_uncertainty(rig: Rig) -> None:
    """The clock is off by no more than it says, which is an hour at most for all the failures."""
    state = rig.state
    assert not state.flags & StateFlags.STEP_PENDING
    assert state.set_error_s <= 60 + 3_600
    shown = rig.board.rtc.second_of_day(rig.board.now_us)
    legal = datetime.fromtimestamp(rig.board.now_us // SECOND_US, BRUSSELS)
    right = legal.hour * 3_600 + legal.minute * 60 + legal.second
    season_s = 3_600 * (bool(state.flags & StateFlags.SUMMER) - bool(legal.dst()))
    since_s = (rig.board.now_us - EPOCH_2000_US) // SECOND_US - state.clock_set_s
    assert shown is not None
    off_s = (shown - right - season_s + 43_200) % 86_400 - 43_200  # across a midnight, too
    assert abs(off_s) <= state.set_error_s + since_s // 20_000 + 2


CASES = [(name, dark_s) for name in KINDS for dark_s in DARK_S[name]]


@pytest.mark.slow("fails again and again", short=4)
@pytest.mark.parametrize(("name", "dark_s"), CASES)
def test_power_that_fails_again_and_again_in_one_call_breaks_nothing(name, dark_s, tried: Tried):
    again, chance = Again(name), Random(f"{name} {dark_s}")
    table = [(place, times) for place in again.places() for times in TIMES[name]]
    failures = 0
    for place, times in table if EXHAUSTIVE else chance.sample(table, 8):
        with tried.one("operations that power failed in again and again", (place, times)):
            failures += again.try_one(place, times, dark_s)
    assert failures > 8


@pytest.mark.parametrize("name", TO_THE_END[:2])
@pytest.mark.parametrize("into_us", [0, 271], ids=["before the write", "after it"])
@pytest.mark.parametrize("dark_s", DARK_S["step in spring"])
def test_forty_failures_at_the_hour_that_is_written_step_the_clock_once(name, into_us, dark_s):
    """Each of them stepped it another hour: 26 cut a household 7.8 hours before its T2."""
    failures = Again(name).try_one(CallPlace("rtc_write", 0, into_us), 40, dark_s)
    assert failures == (40 if name == "step in spring" and not into_us and dark_s < 3_600 else 1)


@pytest.mark.parametrize("name", TO_THE_END[:2])
def test_a_step_that_is_taken_again_after_each_failure_is_found(name):
    into_us = 271 if name == "step in spring" else 0
    with pytest.raises(AssertionError):
        Again(name, stepped_again).try_one(CallPlace("rtc_write", 0, into_us), 20, 2)


def test_a_supply_shorter_than_the_start_keeps_the_switch_on():
    """A stated limit: the program never runs, so nothing is counted and nothing is switched off."""
    each_us, out_us = 1_400_000, 20_000
    start_us = START_US + MINUTE_US
    outages = [(at, at + out_us) for at in range(start_us, start_us + HOUR_US, each_us + out_us)]
    rig = Rig(balance_cents=5, load=2_000, outages=outages)  # six minutes
    polls = []
    rig.bench.run_until(start_us)
    rig.bench.on_poll = lambda: polls.append(rig.board.now_us)
    before_units = rig.board.metrology.read_units(rig.board.now_us)
    rig.bench.run_until(start_us + HOUR_US - SECOND_US)
    assert not polls
    assert rig.board.switch.on
    used_wh = rig.board.metrology.read_units(rig.board.now_us) - before_units
    assert 46 <= used_wh * 24 / 1_000 < 48
