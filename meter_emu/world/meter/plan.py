"""What a meter will do next, by its own reading of time and orders.

A copy made from its image is asked and thrown away: the real meter loses no time, wears nothing and
does not wake. The copy has the program parts of the build, so a defective build shows its wrong T
long before it acts on it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, unique
from random import Random
from typing import Final, final

from card_protocol.timestamp import Civil
from meter_emu.firmware.ends import LegalHours
from meter_emu.firmware.layouts import Health, StateFlags
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.rules import MeterRules
from meter_emu.hardware.oscillator import NOMINAL_RATE
from meter_emu.languages.speech import marked
from meter_emu.ports import SECONDS_A_DAY
from meter_emu.units import SECOND_US, UEUR_PER_CENT
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import Build
from meter_emu.world.meter.image import board_of, image_of
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import END_US

_LOOKS_MAX: Final = 400  # ours: a weekend with its night needs about a hundred
_NO_LOAD: Final = (0,) * 24


@final
@unique
class Deed(Enum):
    """An action that a meter takes by itself, in words for a person."""

    DEFERRAL_ENDS = marked("deferral ends T1")
    CUT = marked("programmed cut T2")
    PROTECTION_BEGINS = marked("non-disconnection period begins")
    PROTECTION_ENDS = marked("non-disconnection period ends")
    NIGHT_BEGINS = marked("night price begins")
    NIGHT_ENDS = marked("night price ends")
    LOW_CREDIT = marked("beeps for low credit, at this load")
    CREDIT_OUT = marked("credit used up, at this load")
    CLOCK_STEP = marked("steps its clock by an hour")
    MIDNIGHT = marked("midnight of its clock, journal")


@final
@dataclass(frozen=True, slots=True)
class Planned:
    """An action and the approximate true instant from which the next poll takes it.

    `civil` is T1 or T2 as on the meter's display.
    """

    at_us: int
    deed: Deed
    civil: Civil | None = None


@final
@dataclass(frozen=True, slots=True)
class Insight:
    """A meter's own view of its situation at one moment.

    `utc_us` is the instant its clock shows, `None` for none; `uncertainty_s` is its own error
    bound. `plan` is what it will do, soonest first; empty for one without power.
    """

    meter_id: int
    utc_us: int | None
    health: Health
    uncertainty_s: int
    plan: tuple[Planned, ...]


def insight(board: Board, model: MeterModel, build: Build) -> Insight | None:
    """Return a meter's own view; `None` where its memory is broken, or another program's."""
    if build.readable(model) is None:
        return None
    raw = image_of(board, model)
    copy = board_of(
        raw,
        model,
        build,
        _NO_LOAD,
        drift_ppb=0,
        now_us=board.now_us,
        fate=Random(0),  # noqa: S311  a copy that is not kept
        path=model.name,
        ticks_from_us=board.ticks_from_us,
    )
    parts = build.parts(model)
    memory = Memory(copy, parts.ends.possible)
    factory = memory.factory()
    state = memory.state() if factory else None
    if factory is None or state is None:
        return None
    phase = copy.rtc.oscillator.phase
    reading, ticks_ms = parts.rtc.read(copy), copy.ticks_ms()
    ticking = board.powered and not board.starting
    now = parts.trust.judge(reading, ticks_ms if ticking else None, state, factory)
    units = copy.metrology_units()
    meter = MeterRules(parts, factory, state, now, ticks_ms=ticks_ms, register_units=units)
    second_us = phase // NOMINAL_RATE  # the fraction of the second that the registers show
    plan = _plan(board, meter, second_us) if board.powered else ()
    within = (planned for planned in plan if planned.at_us < END_US)  # nothing lit, nothing used
    return Insight(
        meter_id=factory.meter_id,
        utc_us=now.utc_s * SECOND_US + second_us if now.utc_s else None,
        health=now.health,
        uncertainty_s=now.uncertainty_s,
        plan=tuple(sorted(within, key=lambda planned: planned.at_us)),
    )


def _plan(board: Board, meter: MeterRules, second_us: int) -> Iterator[Planned]:
    by_clock = (*_ends(meter), *_protection(meter), *_night(meter), *_clock(meter))
    for left_s, deed, civil in by_clock:
        yield Planned(board.now_us + left_s * SECOND_US - second_us, deed, civil)
    for units, deed in _marks(meter):
        left_us = board.metrology.us_until_units(units, board.now_us)
        if left_us is not None:
            yield Planned(board.now_us + left_us, deed)


def _ends(meter: MeterRules) -> Iterator[tuple[int, Deed, Civil | None]]:
    state, ends = meter.state, meter.parts.ends
    for end, over, deed in (
        (state.defer_end, StateFlags.DEFERRAL_OVER, Deed.DEFERRAL_ENDS),
        (state.cut_end, StateFlags.CUT_LATCHED, Deed.CUT),
    ):
        if meter.now.dated and not state.flags & over:
            left_s = _seconds_until_certain(meter, end) if ends.armed(end) else 0
            if left_s > 0:
                yield left_s, deed, ends.understood(end)


def _seconds_until_certain(meter: MeterRules, end: bytes) -> int:
    """Return the seconds until T1 or T2 has certainly come; 0 or less if it has.

    The uncertainty grows on the way, so the meter will act later than it looks today. The growth is
    a few parts in a million of the wait: each look takes the rest of the wait to nearly nothing.
    """
    ends, now = meter.parts.ends, meter.now
    left_s = ends.wait_s(end, now)
    for _ in range(_LOOKS_MAX):
        if left_s <= 0:
            break
        more_s = ends.wait_s(end, meter.later(now, left_s))
        if more_s <= 0:
            break
        left_s += more_s
    return left_s


def _protection(meter: MeterRules) -> Iterator[tuple[int, Deed, Civil | None]]:
    yield from _change(meter, meter.parts.windows, Deed.PROTECTION_BEGINS, Deed.PROTECTION_ENDS)


def _night(meter: MeterRules) -> Iterator[tuple[int, Deed, Civil | None]]:
    if meter.parts.ledger.bi_hourly(meter.state):
        yield from _change(meter, meter.parts.nights, Deed.NIGHT_BEGINS, Deed.NIGHT_ENDS)


def _change(
    meter: MeterRules, hours: LegalHours, begins: Deed, ends: Deed
) -> Iterator[tuple[int, Deed, Civil | None]]:
    """Yield the next change of hours of a kind, found with the edges of the sleep hint."""
    factory, now = meter.factory, meter.now
    if hours.hours(factory) is None or not now.trusted:
        return
    inside = hours.may_run(now, factory)
    left_s, then = 0, now
    for _ in range(_LOOKS_MAX):
        left_s += max(1, meter.seconds_to_edge(hours, then))
        then = meter.later(now, left_s)
        if hours.may_run(then, factory) != inside:
            yield left_s, ends if inside else begins, None
            return


def _clock(meter: MeterRules) -> Iterator[tuple[int, Deed, Civil | None]]:
    now = meter.now
    if now.second_of_day is not None and now.dated:
        yield SECONDS_A_DAY - now.second_of_day, Deed.MIDNIGHT, None
        step_s = meter.parts.base.seconds_to_step(now.utc_s, meter.state, meter.factory)
        if step_s is not None:
            yield step_s, Deed.CLOCK_STEP, None


def _marks(meter: MeterRules) -> Iterator[tuple[int, Deed]]:
    """Yield the register readings at which the balance reaches a threshold."""
    ledger, state = meter.parts.ledger, meter.state
    balance_ueur = meter.standing().balance_ueur
    low_ueur = meter.factory.low_credit_cents * UEUR_PER_CENT
    for mark_ueur, deed, said in (
        (low_ueur, Deed.LOW_CREDIT, bool(state.flags & StateFlags.LOW_CREDIT_SAID)),
        (0, Deed.CREDIT_OUT, False),
    ):
        if balance_ueur > mark_ueur and not said:
            units = ledger.units_until(state, mark_ueur)
            if units is not None:
                yield units, deed
