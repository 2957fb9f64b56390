"""What moves, what carries the clock, what a person sees: switch, reserve, crystal, panel."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Final

from card_protocol.errors import LayoutError
from meter_emu.hardware.contactor import Contactor
from meter_emu.hardware.oscillator import Backup, Oscillator
from meter_emu.hardware.panel import Panel
from meter_emu.hardware.valve import Valve
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance
from meter_emu.ports import Button, Lamp

_PULSE_US: Final = 20_000  # docs/hardware.md: a shorter one does not move the armature
_TRAVEL_US: Final = 3_000_000
_CHARS: Final = 64
_VOLT: Final = 230


@law_with_runs(id="board-parts", properties=("P8",), presumes="the built-in board")
def board_parts(trial: Trial) -> Finding:
    """Switch, reserve, crystal and panel move, carry, tick and show as they are driven."""
    random = chance(trial, "parts")
    for part in (_contactor, _valve, _reserve, _crystal, _panel, _images):
        words = next(part(random), None)
        if words is not None:
            return Broken(words)
    return None


def _drives(whole_us: int) -> Iterator[tuple[int, bool, bool]]:
    """Yield how long a switch is driven, whether it is stuck, and whether it then moves."""
    yield whole_us, False, True
    yield whole_us - 1, False, False
    yield whole_us, True, False


def _contactor(random: Random) -> Iterator[str]:
    for pulse_us, stuck, moves in _drives(_PULSE_US):
        was, to = random.random() < 0.5, random.random() < 0.5
        contactor = Contactor(on=was, stuck=stuck)
        contactor.drive(to, 1_000, 1_000 + pulse_us)
        if contactor.on is not (to if moves else was):
            yield "the contactor moves otherwise than its pulse says"
        for fate in range(4):
            contactor.on = was
            contactor.cut_during_drive(to, partial(int, fate))
            has_moved = fate % 2 == 1 and not stuck
            if contactor.on is not (to if has_moved else was):
                yield "the contactor moves otherwise in a pulse that lost its power"
    contactor = Contactor()
    for ampere in (0, 1, 10):
        contactor.limit(ampere)
        if contactor.limit_rate() != (ampere * _VOLT if ampere else None):
            yield f"the limiter of {ampere} A lets {contactor.limit_rate()} W pass"
    contactor.lose_power()
    if contactor.limit_rate() is not None or not contactor.on:
        yield "the contactor without power keeps a limit, or its position not"


def _valve(random: Random) -> Iterator[str]:
    for drive_us, stuck, moves in _drives(_TRAVEL_US):
        was, to = random.random() < 0.5, random.random() < 0.5
        valve = Valve(on=was, stuck=stuck)
        valve.drive(to, 7, 7 + drive_us)
        if valve.between or valve.on is not (to if moves else was):
            yield "the valve turns otherwise than it is driven"
        # Where a drive that lost its power leaves it: gas passes a valve between its ends.
        stayed, stopped, arrived = (was, False), (True, True), (to, False)
        for fate, left in enumerate((stayed, stopped, arrived) * 2):
            valve.on, valve.between = was, False
            valve.cut_during_drive(to, partial(int, fate))
            if (valve.on, valve.between) != (stayed if stuck else left):
                yield "the valve stops elsewhere in a drive that lost its power"
    valve = Valve(on=True, between=True)
    valve.drive(False, 0, _TRAVEL_US)
    valve.limit(5)
    valve.lose_power()
    if valve.between or valve.on or valve.limit_rate() is not None:
        yield "the valve from between its ends is not driven shut"


def _reserve(random: Random) -> Iterator[str]:
    capacity, ratio, now = random.randrange(1, 10**9), random.randrange(1, 50), 0
    backup, charge, up = Backup(capacity, recharge_ratio=ratio), capacity, True
    for _ in range(12):
        step = random.choice((0, 1, charge, charge + 1, max(0, charge - 1), capacity // ratio))
        now += step
        charge = min(capacity, charge + step * ratio) if up else max(0, charge - step)
        if random.random() < 0.5:
            lasted = up or charge > 0
            if backup.regain_power(now) is not lasted:
                yield "the backup capacitor says otherwise whether it lasted"
            up = True
        else:
            backup.lose_power(now)
            up = False
        if backup.to_bytes(now) != charge.to_bytes(8, "big"):
            yield f"the backup capacitor holds {backup.charge_us} us, not {charge}"


def _crystal(random: Random) -> Iterator[str]:
    drift, at = random.choice((0, 20_000, -20_000, 300_000)), random.randrange(10**9)
    start = random.randrange(10**15)
    crystal = Oscillator(drift, at_us=at, phase=start)
    passed, ticked = 0, 0
    for _ in range(8):
        for seconds in (0, 1, random.randrange(2, 100)):
            until = crystal.us_until(seconds)
            if until is None or not _comes(start + passed, until, ticked + seconds, drift):
                yield f"the crystal says that {seconds} s come after {until} us"
        us = random.choice((0, 1, 999_999, 1_000_000, random.randrange(10**10)))
        passed += us * (10**9 + drift)
        at += us
        ticked += crystal.advance(at)
        if ticked != (start + passed) // 10**15:
            yield "the crystal has ticked another number of seconds"
    crystal.held = random.random() < 0.5
    crystal.running = crystal.held
    phase = crystal.phase
    if crystal.advance(at + 10**9) or crystal.us_until(1) is not None or crystal.phase != phase:
        yield "the crystal goes on while it stands"
    crystal.held, crystal.running = False, True
    if crystal.advance(at + 10**9):
        yield "the crystal makes up for what it stood"


def _comes(units: int, us: int, seconds: int, drift: int) -> bool:
    """Whether so many seconds have come after so many microseconds, and not one earlier."""
    rate, wanted = 10**9 + drift, seconds * 10**15
    return units + us * rate >= wanted and (us == 0 or units + (us - 1) * rate < wanted)


def _panel(random: Random) -> Iterator[str]:
    panel = Panel()
    for text in ("", "x" * _CHARS, "x" * (_CHARS + 1), "20 °C", "T2 23:01"):
        panel.show(text)
        if panel.text != "".join(c if ord(c) < 128 else "?" for c in text)[:_CHARS]:
            yield f"the display shows {panel.text!r} for {text!r}"
    if panel.pressed or panel.take_keys() or any(map(panel.held_ms, Button)) or panel.lamps:
        yield "the panel has a button pressed that nobody pressed"
    buttons = {button: random.randrange(1, 9_999) for button in Button}
    for button, ms in buttons.items():
        panel.press(button, ms)
        panel.beep()
    every = Button(0)
    for button in buttons:
        every |= button
    if panel.beep_count != len(buttons) or panel.pressed != every:
        yield "the panel counts presses and beeps otherwise"
    if {button: panel.held_ms(button) for button in buttons} != buttons:
        yield "the panel says otherwise how long a button was held"
    if panel.take_keys() != every or panel.take_keys() or panel.pressed:
        yield "the panel does not give each press once"
    panel.press(next(iter(buttons)), 5)
    panel.lamps = ~Lamp(0)
    panel.lose_power()
    lit = panel.text or panel.lamps or panel.pressed or any(map(panel.held_ms, buttons))
    if lit or panel.beep_count != len(buttons):
        yield "the panel without power keeps something, or forgets its beeps"


def _images(_random: Random) -> Iterator[str]:
    loads: tuple[tuple[str, Callable[[bytes], bytes], frozenset[int]], ...] = (
        ("contactor", lambda raw: Contactor.from_bytes(raw).to_bytes(), frozenset(range(4))),
        ("valve", lambda raw: Valve.from_bytes(raw).to_bytes(), frozenset({0, 1, 2, 3, 5, 7})),
    )
    for name, load, good in loads:
        for raw in (b"", b"\0\0", *(bytes((flags,)) for flags in range(256))):
            right = len(raw) == 1 and raw[0] in good
            if _loaded(load, raw) != (raw if right else None):
                yield f"the {name} of an image of {raw.hex() or 'no byte'} is taken otherwise"
    contactor, valve = Contactor.from_bytes(b"\1"), Valve.from_bytes(b"\5")
    if not contactor.on or contactor.stuck or not valve.between:
        yield "a part of an image is another than it says"
    yield from _reserve_images()


def _loaded(load: Callable[[bytes], bytes], raw: bytes) -> bytes | None:
    """Return a part's image when it is saved again, `None` if it is refused, at its start."""
    try:
        return load(raw)
    except LayoutError as error:
        return None if error.offset == 0 else b"refused elsewhere"


def _reserve_again(raw: bytes, most_us: int) -> bytes:
    return Backup.from_bytes(raw, most_us, at_us=9).to_bytes(9)


def _reserve_images() -> Iterator[str]:
    for charge, capacity, right in ((0, 0, True), (5, 5, True), (6, 5, False)):
        raw = charge.to_bytes(8, "big")
        whole = _loaded(lambda raw, most=capacity: _reserve_again(raw, most), raw)  # type: ignore[misc]
        if whole != (raw if right else None):
            yield f"a reserve of {charge} us of {capacity} is taken otherwise"
    for raw in (bytes(7), bytes(9)):
        if _loaded(lambda raw: _reserve_again(raw, 5), raw) is not None:
            yield f"a reserve is loaded from {len(raw)} bytes"
