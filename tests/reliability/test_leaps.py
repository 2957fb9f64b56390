"""A clock that leaps, with power and without: whether it is believed then, and what becomes of T2.

With power the ticks tell of a leap; without, only the journal does: a leap forward within the
longest outage looks like one, and a small leap back is a clock that is late (`clock.md`).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import partial
from random import Random
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import Health
from meter_emu.ports import Button
from meter_emu.units import SECOND_US
from meter_emu.world.meter.acts import Power, Press
from meter_emu.world.meter.clock_chips import ClippedChip
from meter_emu.world.meter.times import to_us
from tests.firmware.meters import START, START_US, Rig
from tests.properties.trials import CARDS, METERS, WORK_US, ModelAndCards, legal
from tests.reliability.cutting import Program
from tests.reliability.forging import REFERENCE
from tests.reliability.stage import EXHAUSTIVE, KITS, clock_card, kit_name, rig_of, show
from tests.reliability.tally import Tried

MODELS = list(METERS.values())
ONE_A_MODEL = [ModelAndCards(model, *CARDS[at % len(CARDS)]) for at, model in enumerate(MODELS)]
ON_KITS = pytest.mark.parametrize("kit", KITS if EXHAUSTIVE else ONE_A_MODEL, ids=kit_name)
ON_MODELS = pytest.mark.parametrize("kit", ONE_A_MODEL, ids=kit_name)
BY_POWER = pytest.mark.parametrize("powered", [True, False], ids=["powered", "unpowered"])

HOUR, DAY = 3_600, 86_400
LEAP_AT_S: Final = 6 * HOUR  # after the last time in the journal, which is the start
T2: Final = START + timedelta(hours=9)
OUT_S: Final = 10
SLACK_S: Final = 5 + 3  # what clock and ticks may differ by, a crystal's drift in a day, a reading
OUTAGE_MAX_S: Final = 60 * DAY


class Then(NamedTuple):
    """What the meter makes of a leap: whether it believes it, and when T2 comes by it."""

    health: Health
    comes: str  # "on time", "as shown" by the clock that is believed, or "late" by a lower bound


ON_TIME: Final = Then(Health.TRUSTED, "on time")
AS_SHOWN: Final = Then(Health.TRUSTED, "as shown")
TICKS: Final = Then(Health.TICKS_DISAGREE, "late")
BACK: Final = Then(Health.BACKWARDS, "late")
TOO_FAR: Final = Then(Health.TOO_FAR_AHEAD, "late")

# the leap in seconds: with power, without
LEAPS: Final[dict[int, tuple[Then, Then]]] = {
    +1: (ON_TIME, ON_TIME),
    -1: (ON_TIME, ON_TIME),
    +4: (ON_TIME, ON_TIME),
    -4: (ON_TIME, ON_TIME),
    +8: (TICKS, AS_SHOWN),
    -8: (TICKS, AS_SHOWN),
    +60: (TICKS, AS_SHOWN),
    -60: (TICKS, AS_SHOWN),
    +HOUR: (TICKS, AS_SHOWN),
    -HOUR: (TICKS, AS_SHOWN),
    -5 * HOUR: (TICKS, AS_SHOWN),
    -7 * HOUR: (BACK, BACK),
    +DAY: (TICKS, AS_SHOWN),
    -DAY: (BACK, BACK),
    +30 * DAY: (TICKS, AS_SHOWN),
    -30 * DAY: (BACK, BACK),
    +59 * DAY: (TICKS, AS_SHOWN),
    +61 * DAY: (TOO_FAR, TOO_FAR),
    -61 * DAY: (BACK, BACK),
    +365 * DAY: (TOO_FAR, TOO_FAR),
    -365 * DAY: (BACK, BACK),
}


def shown_in(kit: ModelAndCards, at_us: int) -> tzinfo:
    """Return what the registers of a model count, at an instant."""
    offset = legal(at_us).utcoffset()
    assert offset is not None
    bases: dict[str, tzinfo] = {
        "utc": UTC,
        "standard": timezone(timedelta(hours=1)),
        "legal": timezone(offset),
    }
    return bases[kit.model.rtc_base]


def set_registers(rig: Rig, kit: ModelAndCards, when: datetime) -> None:
    """Have the chip show a time, its flags as when it was set right."""
    chip, driver = rig.board.rtc, REFERENCE.parts(kit.model).rtc
    chip.advance(rig.board.now_us)
    shown = when.astimezone(shown_in(kit, rig.board.now_us))
    civil = Civil(shown.year, shown.month, shown.day, shown.hour, shown.minute)
    driver.set_time(ClippedChip(chip), civil, shown.second, shown.weekday())


def armed(kit: ModelAndCards, program: Program | None = None) -> Rig:
    """Return a home armed with T2, six hours after its journal was written last."""
    rig = rig_of(kit, program=program)
    until = T2.astimezone(ZoneInfo("Europe/Brussels"))
    rig.write(Work(cut_at=Civil(until.year, until.month, until.day, until.hour, until.minute)))
    rig.insert()
    rig.bench.run_until(START_US + LEAP_AT_S * SECOND_US)
    return rig


def suffered(rig: Rig, kit: ModelAndCards, powered: bool, leap: Callable[[], object]) -> None:
    """Let something happen to the clock, and somebody have the meter look at it."""
    if not powered:
        rig.bench.do(Power(on=False))
        rig.run(OUT_S)
    leap()
    if not powered:
        rig.bench.do(Power(on=True))
        rig.run(kit.model.boot_ms // 1_000 + 1)
    rig.bench.do(Press(Button.BLUE))


def opened_us(rig: Rig) -> int | None:
    return next((at_us for at_us, on in rig.board.moves if not on), None)


def bound_s(kit: ModelAndCards) -> int:
    """Return how late a cut may come by a clock that is right: 2u, a poll, its own time."""
    return 2 * (kit.model.clock.set_error_s + 3) + kit.model.poll_s + WORK_US // SECOND_US


@pytest.mark.slow("leaps on each chip and card", short=6)
@ON_KITS
@BY_POWER
def test_a_leap_is_believed_and_followed_as_the_table_says(kit, powered, tried: Tried):
    for leap_s, thens in LEAPS.items():
        with tried.one("leaps of the clock", (leap_s, powered)):
            follow(kit, leap_s, thens[not powered], powered=powered)


def follow(
    kit: ModelAndCards, leap_s: int, then: Then, *, powered: bool, program: Program | None = None
) -> None:
    """Let one leap happen and live on, a technician in the end; raise where it is otherwise."""
    rig = armed(kit, program)

    def leap() -> None:
        now = START + timedelta(microseconds=rig.board.now_us - START_US)
        set_registers(rig, kit, now + timedelta(seconds=leap_s))

    suffered(rig, kit, powered, leap)
    if then.comes == "late":
        assert rig.state.lost_by == then.health
        late(rig, kit)
        assert rig.state.untimed_wh > 0
        return
    assert rig.state.health == then.health
    t_us = to_us(T2)
    comes_us = t_us - (leap_s * SECOND_US if then.comes == "as shown" else 0)
    comes_us = max(comes_us, START_US + LEAP_AT_S * SECOND_US)
    tolerance_us = 0 if then.comes == "as shown" else 5 * SECOND_US  # the clock may be so far ahead
    rig.bench.run_until(comes_us + (bound_s(kit) + OUT_S + 5) * SECOND_US)
    opened = opened_us(rig)
    assert opened is not None
    assert opened >= comes_us - tolerance_us
    early = show(rig, clock_card(rig)).endswith("CLOCK_CARD_STALE")
    assert early == (leap_s > kit.model.clock.set_error_s + 60 and not powered)


# Whatever the registers hold ----------------------------------------------------------------------


@ON_KITS
@BY_POWER
def test_a_chip_that_begins_anew_is_not_believed(kit, powered, tried: Tried):
    """Its default date, whatever it is by its data sheet, and garbage next to it."""
    for seed in range(20 if EXHAUSTIVE else 3):
        rig = armed(kit)
        garbage = Random(seed).randbytes(rig.board.rtc.GARBAGE_BYTES)
        with tried.one("leaps of the clock", ("power-on reset", seed)):
            suffered(rig, kit, powered, partial(begin_anew, rig, garbage))
            late(rig, kit)


def begin_anew(rig: Rig, garbage: bytes) -> None:
    rig.board.rtc.power_on_reset(garbage, rig.board.now_us)


@ON_KITS
@BY_POWER
def test_a_default_date_with_every_flag_as_if_it_was_set_is_not_believed(kit, powered, tried):
    for year in (0, 1, 10):
        rig = armed(kit)
        with tried.one("leaps of the clock", ("1 January", 2000 + year)):
            when = datetime(2000 + year, 1, 1, 12, tzinfo=UTC)
            suffered(rig, kit, powered, partial(set_registers, rig, kit, when))
            assert rig.state.lost_by == Health.BACKWARDS
            late(rig, kit)


@ON_KITS
def test_a_clock_card_that_was_used_is_refused_where_the_clock_stands_at_its_first_minute(
    kit, tried: Tried
):
    """In summer time that minute is of 1999 by UTC, a year that no card can carry."""
    first_minute = datetime(2000, 1, 1)  # noqa: DTZ001  whatever the registers count
    with tried.one("leaps of the clock", "the first minute"):
        rig = armed(kit)
        used = clock_card(rig)
        assert show(rig, used).endswith("EXECUTED")
        begins = first_minute.replace(tzinfo=shown_in(kit, rig.board.now_us))
        suffered(rig, kit, True, partial(set_registers, rig, kit, begins))
        assert rig.state.lost_by == Health.BACKWARDS
        assert show(rig, used).endswith("CLOCK_CARD_STALE")
        late(rig, kit)


def late(rig: Rig, kit: ModelAndCards) -> None:
    """Not believed, and goes on as a lower bound: T2 comes late by what was not journalled."""
    assert rig.state.health == Health.LOWER_BOUND
    lost_s = LEAP_AT_S + OUT_S + bound_s(kit)  # the journal is as old as the meter's last day
    rig.bench.run_until(to_us(T2) + lost_s * SECOND_US)
    opened = opened_us(rig)
    assert opened is not None
    assert opened >= to_us(T2), "never early"
    assert show(rig, clock_card(rig)).endswith("EXECUTED")
    assert not rig.board.switch.on


@pytest.mark.slow("tries every byte of a register", short=6)
@ON_MODELS
@BY_POWER
def test_no_register_with_any_byte_in_it_is_believed_when_it_is_wrong(kit, powered, tried: Tried):
    """Believed with power is a time that is right; without, one after the journal and no outage."""
    chip = armed(kit).board.rtc
    registers = (
        chip.SECONDS, chip.MINUTES, chip.HOURS, chip.WEEKDAY, chip.DAY, chip.MONTH, chip.YEAR,
    )  # fmt: skip
    every = [(at, byte) for at in registers for byte in range(256)]
    for at, byte in every if EXHAUSTIVE else Random(kit_name(kit)).sample(every, 30):
        with tried.one("bytes in a register of the clock", (at, byte, powered)):
            rig = armed(kit)
            board = rig.board
            suffered(rig, kit, powered, partial(write_register, rig, at, byte))
            if rig.state.health != Health.TRUSTED:
                continue
            off_s = believed_s(rig, kit) - board.now_us // SECOND_US
            since_s = believed_s(rig, kit) - START_US // SECOND_US
            assert abs(off_s) <= SLACK_S if powered else 0 <= since_s <= OUTAGE_MAX_S + HOUR


def write_register(rig: Rig, at: int, byte: int) -> None:
    now_us = rig.board.now_us
    rig.board.rtc.write(at, bytes((byte,)), now_us, now_us)


def believed_s(rig: Rig, kit: ModelAndCards) -> int:
    """Return what the registers show by the model's base, read by its driver, since 1970."""
    chip, driver = rig.board.rtc, REFERENCE.parts(kit.model).rtc
    chip.advance(rig.board.now_us)
    read = driver.read(ClippedChip(chip))
    zone = shown_in(kit, rig.board.now_us)
    shown = datetime(
        read.year, read.month, read.day, read.hour, read.minute, read.second, tzinfo=zone
    )
    return to_us(shown) // SECOND_US
