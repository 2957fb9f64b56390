"""The reference program of a meter, either energy: one poll from reset cause to sleep hint.

Between two polls nothing lives in memory but the page of the button scroll: every poll loads the
state from EEPROM, so a program built anew from the same bytes behaves the same. Within a poll the
order is fixed: a card is heard before anything due happens, because it may call that off, and a
change is saved before the switch moves or a card gets its write-back. The tightness countdown of a
gas meter is one long poll: it is stored nowhere, so a power cut ends it, and the next poll turns
the valve off.

Only this module writes the clock, journalled before and after. A setting first saves that it is
under way (`BEING_SET`, not trusted), so that a power cut inside leaves an untrusted clock and never
a wrong one.
"""

from collections.abc import Sequence
from typing import Final

from card_protocol.keys import Key
from card_protocol.timestamp import EPOCH_2000_MIN
from meter_emu.domain import ClockSetting, Contents, Result
from meter_emu.firmware import screen
from meter_emu.firmware.dialogues.base import BoundedSession, CardDialogue
from meter_emu.firmware.layouts import (
    EventCode,
    Factory,
    Health,
    RtcBase,
    State,
    StateFlags,
    possible,
)
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.parts import Parts
from meter_emu.firmware.rtc.driver import RtcReading
from meter_emu.firmware.rules import MeterRules, Standing
from meter_emu.firmware.supply import LIMIT, switch_belongs_on
from meter_emu.firmware.trust import EPOCH_2000_S, Now, clocks_end_min
from meter_emu.firmware.written_back import written_back
from meter_emu.ports import SECONDS_A_DAY, Button, Lamp, Ports, Sleep
from meter_emu.units import HOUR_S

WRITE_ERROR_S: Final = 2  # ours: the second not shown, and the divider's place when it is written


CHALLENGE_SIZE_BYTES: Final = 8
CARD_BEEP_MS: Final = 200  # ours
LOW_CREDIT_BEEP_MS: Final = 2000  # ours
COUNT_MS: Final = 1000  # ours: the countdown is shown second by second
_MAY_BE_ANOTHER_KIND: Final = {Result.CARD_UNREADABLE, Result.BAD_FORMAT}


class Program:
    """The firmware as the board runs it (`meter_emu.ports.Firmware`). A part.

    Each of `dialogues` tries a card in turn; the first that identifies it reads it. `memory` and
    `rules` are the parts that hold a meter's state.
    """

    __slots__ = ("_dialogues", "_memory", "_page", "_parts", "_ports", "_rules")

    def __init__(
        self,
        ports: Ports,
        parts: Parts,
        dialogues: Sequence[type[CardDialogue]],
        *,
        memory: type[Memory] = Memory,
        rules: type[MeterRules] = MeterRules,
    ) -> None:
        self._ports = ports
        self._parts = parts
        self._dialogues = dialogues
        self._memory = memory(ports, parts.ends.possible)
        self._rules = rules
        self._page = 0

    def poll(self) -> Sleep | None:
        """Run once. See `meter_emu.ports.Firmware`."""
        ports, memory = self._ports, self._memory
        powered_on = ports.reset_cause() != 0
        factory = memory.factory()
        state = memory.state(powered_on=powered_on) if factory else None
        if factory is None or state is None or not (powered_on or memory.whole):
            return self._out_of_order("NOT CONFIGURED" if factory is None else "MEMORY FAULT")
        meter = self._meter(factory, state, powered_on=powered_on)
        if switch_belongs_on(state.supply) and not ports.switch_on():
            meter.found_open()
        self._keep_time(meter, powered_on=powered_on)
        if powered_on:  # before any card: what was found is settled, and no challenge comes twice
            memory.save(state)
        said = self._serve_card(meter) if ports.card_present() else None
        standing = meter.settle()
        pressed = ports.buttons()
        asked = self._asked(factory, pressed) if pressed else pressed
        testing = bool(asked) and self._ask(meter)
        if asked:
            standing = meter.standing()
        memory.save_changed(state)
        obeyed = self._drive(meter, standing)
        if testing and obeyed:
            meter, standing = self._rearm(meter)
            obeyed = self._drive(meter, standing)
        passing = self._show(
            meter, standing, said, pressed & ~asked if asked else pressed, fault=not obeyed
        )
        if self.step_clock(meter) or not obeyed:
            return None
        return meter.sleep(standing, at_most_s=screen.SHOWN_S if passing else SECONDS_A_DAY)

    def _meter(self, factory: Factory, state: State, *, powered_on: bool) -> MeterRules:
        """Return the rules at this moment: one reading of clock, ticks and register."""
        ports, parts = self._ports, self._parts
        reading = parts.rtc.read(ports)
        ticks_ms = ports.ticks_ms()
        begun = state.flags & StateFlags.STEP_PENDING
        doubted = begun and self._settle_step(reading, state, factory)
        now = parts.trust.judge(reading, None if powered_on else ticks_ms, state, factory)
        register_units = ports.metrology_units()
        meter = self._rules(
            parts, factory, state, now, ticks_ms=ticks_ms, register_units=register_units
        )
        if doubted:
            meter.note(EventCode.STEP_DOUBTED)
        if begun:  # before anything else: power that fails again finds it settled, or as it was
            self._memory.save(state)
        return meter

    def _settle_step(self, reading: RtcReading, state: State, factory: Factory) -> bool:
        """Settle a step of the clock that an earlier program began; return if it is in doubt."""
        unstepped = self._parts.trust.judge(reading, None, state, factory)
        since_s = unstepped.utc_s - EPOCH_2000_S - state.last_time_s
        return self._parts.base.resolve_step(since_s, state)

    def _asked(self, factory: Factory, pressed: Button) -> Button:
        """Return the button that asks for supply if it was pressed and held long enough."""
        asked = pressed & Button(factory.rearm_key)
        if asked and self._ports.button_held_ms(asked) < factory.rearm_hold_ms:
            return Button(0)
        return asked

    def _ask(self, meter: MeterRules) -> bool:
        """Handle a person's request for supply; return whether the tightness test comes first."""
        allowed = meter.ask_supply()
        if allowed and not meter.factory.tightness_s:
            meter.reconnect()
        return allowed and bool(meter.factory.tightness_s)

    def _rearm(self, meter: MeterRules) -> tuple[MeterRules, Standing]:
        """Test the installation and act on the result; return the meter's state minutes later."""
        tight = self._tight(meter.factory.tightness_s * 1000)
        later = self._meter(meter.factory, meter.state, powered_on=False)
        self._keep_time(later, powered_on=False)
        later.settle()
        if tight:
            later.reconnect()
        else:
            later.leaked()
        self._memory.save(later.state)
        return later, later.standing()

    def _tight(self, whole_ms: int) -> bool:
        """Turn the valve on and watch; return whether nothing flowed for the whole time."""
        ports = self._ports
        ports.switch_drive(True)
        began_ms = ports.ticks_ms()
        left_ms = whole_ms
        while left_ms > 0:
            if ports.flowing():
                return False
            ports.buttons()  # a button pressed now would end every wait at once
            ports.display(screen.countdown(-(-left_ms // 1000)))
            ports.wait_ms(min(left_ms, COUNT_MS))
            left_ms = whole_ms - ((ports.ticks_ms() - began_ms) & 0xFFFFFFFF)
        return not ports.flowing()

    def _serve_card(self, meter: MeterRules) -> Result:
        """Hear the card in the slot; memory is written for one that has proved itself."""
        challenge = self._challenge(meter)
        dialogue = self._identified(meter.factory)
        found = dialogue if isinstance(dialogue, Result) else dialogue.read(challenge)
        proved = not isinstance(found, Result)
        if proved:
            meter.state.session_count = (meter.state.session_count + 1) & 0xFFFFFFFF
        result = self._obey(meter, found)
        if result.refused and (proved or not meter.refused_lately()):
            meter.refuse(result)
        if not isinstance(dialogue, Result) and proved:
            self._memory.save(meter.state)
            dialogue.write_back(written_back(meter, result, challenge))
        self._ports.card_power(False)  # so that no authentication outlives the session
        self._ports.card_done()
        self._ports.beep(CARD_BEEP_MS)
        return result

    def _identified(self, factory: Factory) -> CardDialogue | Result:
        """Power the card; return the dialogue that identifies it, or the reason if none does."""
        if not self._ports.card_power(True):
            return Result.CARD_UNREADABLE
        seen, session = Result.CARD_UNREADABLE, BoundedSession(self._ports)
        for make in self._dialogues:
            dialogue = make(session.exchange, factory)
            refused = dialogue.identify()
            if refused is None:
                return dialogue
            if refused is not Result.CARD_UNREADABLE:
                seen = refused  # one of the dialogues knows its files
            if seen not in _MAY_BE_ANOTHER_KIND:
                break
        return seen

    def _obey(self, meter: MeterRules, found: Contents | ClockSetting | Result) -> Result:
        """Obey a card; return the result."""
        if isinstance(found, Result):
            return found
        if isinstance(found, Contents):
            stamp, result = self._heed_stamp(meter, found.issued_at_min), meter.obey(found)
            if stamp.refused and result.refused:
                meter.refuse(stamp)
            elif stamp.refused:
                result = stamp
        else:
            result = self.obey_clock_card(meter, found)
        meter.settle()
        return result

    def _heed_stamp(self, meter: MeterRules, issued_at_min: int | None) -> Result:
        """Compare the clock with the desk's stamp; refuse one too far ahead of a clock set here.

        A clock that nobody has set since it was lost moves forward to the stamp, never back. Ends
        that are due by it come after the card's order: that may be the reactivation, brought late
        to a meter that could not know the time.
        """
        if issued_at_min is None:
            return Result.NONE
        stamp_min = EPOCH_2000_MIN + issued_at_min
        if stamp_min >= clocks_end_min(meter.parts.calendar, meter.parts.zone):
            return Result.NONE  # no clock can be set to it
        trust = meter.parts.trust
        utc_s = trust.lower_bound_s(stamp_min * 60, meter.now, meter.state, meter.factory)
        if utc_s is not None:
            self.set_clock(meter, utc_s, error_s=0, health=Health.LOWER_BOUND)
        return meter.judge_stamp(stamp_min * 60)

    def _keep_time(self, meter: MeterRules, *, powered_on: bool) -> None:
        """Journal the time; let a clock that was lost go on at once, as a lower bound.

        Once for each loss and each power-up: a chip that cannot be set must not wear out the
        memory.
        """
        if not meter.keep_time(powered_on=powered_on):
            return
        ticks_ms = None if powered_on else meter.ticks_ms
        trust = meter.parts.trust
        utc_s = trust.goes_on_s(meter.now, meter.state, meter.factory, ticks_ms)
        if utc_s is not None:
            self.set_clock(meter, utc_s, error_s=0, health=Health.LOWER_BOUND)

    # The clock -----------------------------------------------------------------------------------

    def set_clock(self, meter: MeterRules, utc_s: int, *, error_s: int, health: Health) -> bool:
        """Set the clock to an instant known to within `error_s`, and record `health`.

        The meter's `now` is a fresh reading afterwards. Return False if that differs from the time
        written: the clock is then not trusted.
        """
        ports, memory = self._ports, self._memory
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
        if health is Health.TRUSTED:
            state.lost_by, state.doubted_from_wh = Health.TRUSTED, state.untimed_wh
        now = parts.trust.judge(parts.rtc.read(ports), meter.ticks_ms, state, factory)
        is_set = now.health is health and 0 <= now.utc_s - utc_s <= WRITE_ERROR_S
        if is_set:
            meter.now = now
            meter.journal_time()
            meter.note(EventCode.CLOCK_SET, health)
            if state.order_result == Result.PENDING:
                state.order_result = Result.EXECUTED  # its end waited for a clock
        else:
            state.health = Health.BEING_SET if now.health is health else now.health
            meter.now = now._replace(health=Health(state.health))
            meter.note(EventCode.CLOCK_LOST, state.health)
        memory.save(state)
        return is_set

    def obey_clock_card(self, meter: MeterRules, order: ClockSetting) -> Result:
        """Set the clock by a technician's card; refuse an old card.

        Old is a card no newer than the last one, or with a time that has certainly passed: it was
        made long ago and never put in. A stamp is not certain, so the card outranks it, and undoes
        ends that came too early by it.
        """
        utc_s = meter.parts.codec.set_to_s(order)
        if not possible(order):
            return Result.BAD_FORMAT
        if utc_s // 60 >= clocks_end_min(meter.parts.calendar, meter.parts.zone):
            return Result.BAD_DATE
        if (
            order.set_to_s <= meter.state.clock_card_s
            or utc_s + order.set_error_s < meter.certain_s
        ):
            return Result.CLOCK_CARD_STALE
        meter.state.clock_card_s = order.set_to_s
        error_s, trusted = order.set_error_s, Health.TRUSTED
        if not self.set_clock(meter, utc_s, error_s=error_s, health=trusted):
            return Result.CLOCK_NOT_SET
        meter.unlatch_ends()
        return Result.EXECUTED

    def step_clock(self, meter: MeterRules) -> bool:
        """Step the clock by the hour if legal time has changed; return whether it was written.

        The hour is that of a second reading, after the save: a card may have taken long.
        """
        ports, memory, parts, state = self._ports, self._memory, meter.parts, meter.state
        if not self._hours_to_step(meter.now, state, meter.factory):
            return False
        meter.journal_time()
        state.flags |= StateFlags.STEP_PENDING
        memory.save(state)
        now = parts.trust.judge(parts.rtc.read(ports), None, state, meter.factory)
        hours = self._hours_to_step(now, state, meter.factory)
        if hours and now.second_of_day is not None:
            parts.rtc.set_hour(ports, now.second_of_day // HOUR_S + hours)
            state.flags = parts.base.season(now.utc_s, state)
        state.flags &= ~StateFlags.STEP_PENDING
        memory.save(state)
        return bool(hours)

    def _hours_to_step(self, now: Now, state: State, factory: Factory) -> int:
        """Return by how many hours the clock is to be stepped at a reading."""
        if not now.dated or now.second_of_day is None:
            return 0
        return self._parts.base.step_hours(now.utc_s, now.second_of_day, state, factory)

    def _challenge(self, meter: MeterRules) -> bytes:
        """Return eight bytes that no card can foresee: a MAC of the state's sequence and the ticks.

        The state is saved after each power-up and each session of a card that has proved itself, so
        the sequence has no number twice, and between two saves the ticks have not.
        """
        numbers = meter.state.sequence, self._ports.ticks_ms()
        text = b"".join(number.to_bytes(4, "big") for number in numbers)
        return Key(meter.factory.key_meter_auth).cmac(b"challenge" + text)[:CHALLENGE_SIZE_BYTES]

    def _drive(self, meter: MeterRules, standing: Standing) -> bool:
        """Move the switch to its position; return whether it got there."""
        ports = self._ports
        limited = standing.permission is LIMIT
        ports.limiter_set(meter.factory.limiter_ampere if limited else 0)
        wanted = switch_belongs_on(meter.state.supply)
        if ports.switch_on() != wanted:
            ports.switch_drive(wanted)
        return ports.switch_on() == wanted

    def _show(
        self,
        meter: MeterRules,
        standing: Standing,
        said: Result | None,
        pressed: Button,
        *,
        fault: bool,
    ) -> bool:
        """Set display and lamps; return whether the text is there for a while only."""
        if meter.beeping:
            self._ports.beep(LOW_CREDIT_BEEP_MS)
        text, passing = screen.status(meter, standing), True
        if said is not None:
            text = f"{text} | {screen.card_line(said)}"
        elif pressed and Button.BLUE in pressed:
            text = screen.scroll(meter, self._page)
            self._page += 1
        else:
            text, passing = text + screen.favour(meter), False
        self._ports.display(text)
        self._ports.lamps(screen.lamps(meter, standing, fault=fault))
        return passing

    def _out_of_order(self, why: str) -> Sleep | None:
        """Touch only the panel: without a valid memory any other act could do harm."""
        ports = self._ports
        text = why
        if ports.card_present():
            text = f"{why} | {screen.card_line(Result.METER_NOT_CONFIGURED)}"
            ports.card_done()
        ports.display(text)
        ports.lamps(Lamp.FAULT)
        return None
