"""Setting and stepping the clock: the only code that writes it, journalled on both sides.

A setting first saves that it is under way (`BEING_SET`, not to be believed), so that a power cut
inside leaves an untrusted clock and never a wrong one. A step of the hour saves its intent.
"""

from typing import Final

from meter_emu.domain import ClockSetting, Result
from meter_emu.firmware.layouts import EventCode, Health, RtcBase, StateFlags
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.possible import possible
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import EPOCH_2000_S, clocks_end_min
from meter_emu.ports import Ports

WRITE_ERROR_S: Final = 2  # ours: the second not shown, and the divider's place when it is written


def set_clock(
    ports: Ports, memory: Memory, meter: MeterRules, utc_s: int, *, error_s: int, health: Health
) -> bool:
    """Set the clock to an instant known to within `error_s`, and believe it as `health` says.

    The meter's `now` is a fresh reading afterwards. False where that is not what was written: the
    clock is then not believed.
    """
    parts, factory, state = meter.parts, meter.factory, meter.state
    meter.book()
    state.health = Health.BEING_SET
    memory.save(state)
    if factory.rtc_base == RtcBase.LEGAL:
        state.flags = parts.base.season(utc_s, state) & ~StateFlags.STEP_PENDING
    minutes, second = divmod(utc_s + parts.base.offset_s(state, factory), 60)
    weekday = parts.calendar.weekday(minutes // 1440)
    parts.rtc.set_time(ports, parts.calendar.civil(minutes), second, weekday)
    state.clock_set_s = state.last_time_s = utc_s - EPOCH_2000_S
    state.last_ticks_ms = meter.ticks_ms = ports.ticks_ms()
    state.set_error_s = error_s + WRITE_ERROR_S
    state.health = health
    if state.order_result == Result.PENDING:
        state.order_result = Result.EXECUTED  # what it waited for has come
    now = parts.trust.judge(parts.rtc.read(ports), meter.ticks_ms, state, factory)
    is_set = now.health is health and 0 <= now.utc_s - utc_s <= WRITE_ERROR_S
    if is_set:
        meter.now = now
        meter.journal_time()
        meter.note(EventCode.CLOCK_SET, health)
    else:
        state.health = Health.BEING_SET if now.health is health else now.health
        meter.now = now._replace(health=Health(state.health))
        meter.note(EventCode.CLOCK_LOST, state.health)
    memory.save(state)
    return is_set


def obey_clock_card(ports: Ports, memory: Memory, meter: MeterRules, order: ClockSetting) -> Result:
    """Set the clock as a technician's card says; refuse one that is not news.

    Not news is a card no newer than the last one, or one that names a time before what is known
    for certain, believed clock or not: it was made long ago and never put in. What a stamp said of
    the time is not certain, so the card outranks it, and takes back what came by it too early.
    """
    utc_s = meter.parts.codec.set_to_s(order)
    if not possible(order):
        return Result.BAD_FORMAT
    if utc_s // 60 >= clocks_end_min(meter.parts.calendar, meter.parts.zone):
        return Result.BAD_DATE
    if order.set_to_s <= meter.state.clock_card_s or utc_s + order.set_error_s < meter.certain_s:
        return Result.CLOCK_CARD_STALE
    meter.state.clock_card_s = order.set_to_s
    error_s, trusted = order.set_error_s, Health.TRUSTED
    if not set_clock(ports, memory, meter, utc_s, error_s=error_s, health=trusted):
        return Result.CLOCK_NOT_SET
    meter.unlatch_ends()
    return Result.EXECUTED


def step_clock(ports: Ports, memory: Memory, meter: MeterRules) -> bool:
    """Step the clock by the hour if legal time has changed; whether it was written."""
    parts, state, now = meter.parts, meter.state, meter.now
    if not now.dated or now.second_of_day is None:
        return False
    hours = parts.base.step_hours(now.utc_s, now.second_of_day, state, meter.factory)
    if not hours:
        return False
    meter.journal_time()
    state.flags |= StateFlags.STEP_PENDING
    memory.save(state)
    parts.rtc.set_hour(ports, now.second_of_day // 3600 + hours)
    state.flags = parts.base.season(now.utc_s, state) & ~StateFlags.STEP_PENDING
    memory.save(state)
    return True
