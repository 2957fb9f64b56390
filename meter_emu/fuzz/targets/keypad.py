"""What people do at the keypad of a device that is paid for, drawn from a fuzzer's bytes."""

from functools import cache
from typing import Final, final

from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.fuzz.bench import FUZZING_FROM_US, begun
from meter_emu.fuzz.models.paid_time import KeyedEntry, PaidDevice, PaidMemory, PaidTraits, kept_in
from meter_emu.fuzz.reach import must, note, tell
from meter_emu.fuzz.target import Target, drawn_seeds
from meter_emu.resources import find
from meter_emu.stories.chooser import Chooser, FromBytes
from meter_emu.units import DAY_US, HOUR_US, HOURS_A_DAY, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST
from meter_emu.world.households.household import Household
from meter_emu.world.meter.acts import Power, Type
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.devices import paygo_seed
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.rig import Rig

_SIZE_MAX: Final = 160
_STEPS_MAX: Final = 24  # fewer starts with a lost clock than cost nothing
# All marks and oracles, twice: `python -m tests.fuzz.seeds keypad` finds them when draws change.
_SEEDS: Final = (121, 32, 11, 100, 185, 37)
_MODELS: Final = ("openpaygo", "openpaygo-part-days", "openpaygo-four-keys")
_LAST: Final = (1, 2, 7, 250)  # counts of a device that has been in service
_STEPS: Final = (1, 2, 1, 2, 3, 4, 5, 16, 64, 65, -1, -2, -3, -6, -14, -15, -16)
_VALUES: Final = (1, 1, 2, 3, 0, 7, 30, 1, 2, 4, 995, 996, 998)
_WAITS_US: Final = (HOUR_US, 20 * SECOND_US, MINUTE_US, DAY_US, 6 * HOUR_US, 3 * DAY_US)
_OUTAGES_US: Final = (10 * MINUTE_US, SECOND_US, DAY_US, 4 * DAY_US, 25 * DAY_US)
_CUT_US: Final = 1 << 15  # ours: an entry is read and saved in less
_FAR_US: Final = 40 * DAY_US  # ours: an end that nobody waits for


@final
class KeypadAtPlay:
    """A device, and people who have tokens on paper; the model says what it must do."""

    def __init__(self, chooser: Chooser, build: str) -> None:
        self._chooser: Final = chooser
        model = load_model(find("meters", chooser.of(_MODELS)))
        last, bound_ppb = chooser.of(_LAST), model.clock.drift_bound_ppb
        household = _household(model, build, last, chooser.of((0, bound_ppb, -bound_ppb)))
        self._rig: Final = Rig.seeded(household, start_us=FUZZING_FROM_US, seed=0)
        self._device: Final = PaidDevice(_traits(model), FUZZING_FROM_US, last)
        self._live, self._events = begun(self._rig)
        self._board: Final = self._rig.board
        self._paper: Final[list[str]] = []
        self._heard = 0
        self._powered = True

    def live(self) -> None:
        """Take steps until the choices are over; after each the supply is looked at."""
        chooser = self._chooser
        deeds = (
            self._buy, self._wait, self._wait_for_end, self._again, self._mistype, self._buy,
            self._wait_for_end, self._sell, self._outage, self._entry_cut, self._again,
            self._digits,
        )  # fmt: skip
        self._look()
        for _ in range(1 + chooser.below(_STEPS_MAX)):
            chooser.of(deeds)()
            self._look()

    # What happens ---------------------------------------------------------------------------------

    def _sell(self) -> str:
        """Have the office sell a token of a count near the device's; it is kept on paper."""
        chooser = self._chooser
        count = max(0, self._device.counts.last + chooser.of(_STEPS))
        value, long = chooser.of(_VALUES), chooser.below(8) == 7
        self._paper.append(self._device.digits(value, count, long=long))
        return self._paper[-1]

    def _buy(self) -> None:
        self._enter(self._sell())

    def _again(self) -> None:
        """Key in any token that was sold, late, out of order or once more."""
        self._enter(self._chooser.of(self._paper or [self._sell()]))

    def _mistype(self) -> None:
        """Key in a token of which one digit is another, two have changed places, or a part."""
        chooser = self._chooser
        typed = list(chooser.of(self._paper or [self._sell()]))
        how, at = chooser.below(3), chooser.below(len(typed) - 1)
        if how == 0:
            typed[at] = str((int(typed[at]) + 1 + chooser.below(3)) % 10)
        elif how == 1:
            typed[at : at + 2] = reversed(typed[at : at + 2])
        else:
            typed = typed[: at + 1]
        self._enter("".join(typed))

    def _digits(self) -> None:
        """Key in any digits."""
        count = self._chooser.of((9, 12, 15, 20, 1, 32))
        self._enter("".join(str(self._chooser.below(10)) for _ in range(count)))

    def _wait(self) -> None:
        self._until(self._board.now_us + self._chooser.of(_WAITS_US))

    def _wait_for_end(self) -> None:
        """Wait until a minute before the paid time ends, or until it must be over."""
        end_us = self._device.off_by_us + MINUTE_US if self._chooser.below(3) else (
            self._device.from_us - MINUTE_US)  # fmt: skip
        now_us = self._board.now_us
        self._until(end_us if now_us < end_us < now_us + _FAR_US else now_us + HOUR_US)

    def _outage(self) -> None:
        """Take the power away for so long; somebody may key in what nobody hears."""
        self._live.do(Power(on=False))
        self._until(self._board.now_us + self._chooser.of(_OUTAGES_US))
        if self._paper and self._chooser.below(2):
            self._live.do(Type(self._chooser.of(self._paper)))
            note("keyed in without power")
        self._live.do(Power(on=True))

    def _until(self, at_us: int) -> None:
        tell(lambda: f"  time passes until {self._said(at_us)}")
        self._live.bench.run_until(at_us)

    # Entries --------------------------------------------------------------------------------------

    def _entered(self, digits: str) -> tuple[PaidMemory, KeyedEntry, int]:
        """Return what is kept before an entry, what the model says of it, and when it is made."""
        entry = self._device.entry(digits)
        tell(lambda: f"  {digits} is {entry.outcome}: value {entry.value}, count {entry.count}")
        return self._kept(), entry, self._board.now_us

    def _enter(self, digits: str) -> None:
        before, entry, at_us = self._entered(digits)
        self._live.do(Type(digits))
        after = self._kept()
        note(entry.outcome)
        if entry.outcome == "TAKEN":
            must(after.counts == entry.after, "what is taken is counted", f"{after.counts}")
            self._take(entry, at_us)
        elif entry.outcome == "USED":
            must(after == before, "a count is credited once", f"{after}, was {before}")
        else:
            must(after == before, "a refused entry changes nothing", f"{after}, was {before}")

    def _entry_cut(self) -> None:
        """Key in a token, and have power fail while the device is at it."""
        digits = self._chooser.of(self._paper or [self._sell()])
        before, entry, at_us = self._entered(digits)
        lost_us = at_us + 1 + self._chooser.below(_CUT_US)
        self._live.bench.plan_outage(lost_us, lost_us + MINUTE_US)
        self._live.do(Type(digits))
        self._until(lost_us + 2 * MINUTE_US)
        after, taken = self._kept(), entry.outcome == "TAKEN"
        moved = taken and after.counts == entry.after
        must(moved or after == before, "power that fails in an entry leaves it taken or not",
             f"{after}, was {before}", moved=taken)  # fmt: skip
        note(f"cut: {'taken' if moved else 'not taken'}" if taken else "cut: refused")
        if moved:
            self._take(entry, at_us)

    def _take(self, entry: KeyedEntry, at_us: int) -> None:
        device = self._device
        if entry.count < device.counts.last:
            note("out of order")
        if device.over:
            note("fed again")
        device.take(entry, at_us)
        if device.unlocked:
            note("unlocked")
        if entry.count % 2:
            note("set")

    def _kept(self) -> PaidMemory:
        return kept_in(bytes(self._board.eeprom.cells))

    # What must hold -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Ask the model about each move of the switch, and what the supply is now."""
        device, board = self._device, self._board
        for event in self._events[self._heard :]:
            self._hear(event)
        self._heard = len(self._events)
        paid = device.unlocked or (not device.over and board.now_us < device.from_us)
        late = not device.unlocked and (device.over or board.now_us > device.off_by_us)
        must(board.switch.on or not paid, "there is supply while the time is paid", moved=paid)
        must(not (board.switch.on and late), "there is none when it is over", moved=late)

    def _hear(self, event: Event) -> None:
        device, at_us = self._device, event.at_us
        if event.what is What.POWER_LOST:
            self._powered = False
            device.power_lost(at_us)
        elif event.what is What.POWER_BACK:
            self._powered = True
            if device.power_back(at_us):
                note("dead reserve")
        elif event.what is What.OPENED and self._powered:
            ends = not device.unlocked and device.from_us <= at_us <= device.off_by_us
            must(ends, "supply ends with the paid time, and one look", self._paid(at_us))
            device.over = True
            note("ended")
        elif event.what is What.CLOSED and self._powered:
            paid = device.unlocked or (not device.over and at_us <= device.off_by_us)
            must(paid, "supply comes with a token", self._paid(at_us))

    def _paid(self, at_us: int) -> str:
        from_us, to_us = self._device.from_us, self._device.off_by_us
        return f"{self._said(at_us)}, paid until {self._said(from_us)}, {self._said(to_us)} at most"

    def _said(self, at_us: int) -> str:
        return f"{us_to_legal(at_us, self._rig.zone):%d %b %Y %H:%M:%S}"


@cache
def _household(model: MeterModel, build: str, last: int, drift_ppb: int) -> Household:
    return Household(
        id="household",
        kind="a household that pays by the day",
        model=model,
        model_name=model.name,
        build=build,
        balance_cents=0,
        load=(12,) * HOURS_A_DAY,
        clock_set_us=FUZZING_FROM_US,
        drift_ppb=drift_ppb,
        meter_id=METER_ID_FIRST,
        age=Age(token_count=last),
    )


@cache
def _traits(model: MeterModel) -> PaidTraits:
    assert model.paygo is not None, "it is such a device"
    seed = paygo_seed(model, METER_ID_FIRST, TEST_MASTER_KEY)
    return PaidTraits(
        key=seed.key.raw,
        starting_code=seed.starting_code,
        restricted=model.paygo.restricted,
        divider=model.paygo.time_divider,
        drift_ppb=model.clock.drift_bound_ppb,
        reserve_us=model.clock.backup_days * DAY_US,
        poll_us=model.poll_s * SECOND_US,
        boot_us=model.boot_ms * 1_000,
    )


def _check(data: bytes, build: str) -> None:
    KeypadAtPlay(FromBytes(data), build).live()


TARGETS: Final = (
    Target(
        id="keypad",
        our_memory=True,
        asks="what people key in at a device that is paid for by the day, and power that fails",
        oracles="supplied as long as was paid; a count is credited once; "
        "refused, it changes nothing; cut, it is taken or not",
        reaches=(
            "TAKEN", "USED", "INVALID", "RESERVED", "no token", "ended", "fed again", "set",
            "out of order", "unlocked", "dead reserve", "keyed in without power",
            "cut: taken", "cut: not taken", "cut: refused",
        ),
        size_max=_SIZE_MAX,
        check=_check,
        drawn=True,
        seeds=lambda: drawn_seeds(_SIZE_MAX, _SEEDS),
        events=True,
    ),
)  # fmt: skip
