"""Targets with a meter: the content of its clock, of its memory, and the card in its slot.

The program is the build's, so a program of one's own is fuzzed by the same targets.
"""

from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Final, final

from card_protocol.card.virtual import VirtualCard
from card_protocol.errors import LayoutError
from card_protocol.words import meaning
from meter_emu.firmware.layouts import (
    EVENT_CODE_AT,
    FACTORY,
    FACTORY_AT,
    MONEY_MAX_UEUR,
    STATE,
    STATE_AT,
    EventCode,
    State,
    Supply,
    with_crc,
)
from meter_emu.fuzz.bench import A_LOAD, FAR_OFF, FUZZED_MODELS, FUZZING_FROM_US, FuzzedMeter
from meter_emu.fuzz.models.clock_registers import believed
from meter_emu.fuzz.models.record_fields import (
    LIMITS,
    factory_holds,
    fields_of_record,
    state_in_force,
)
from meter_emu.fuzz.reach import must, note, note_all, tell
from meter_emu.fuzz.target import FuzzField, Target, slots_of
from meter_emu.ports import Lamp
from meter_emu.units import HOUR_S, HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.acts import Power
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.image import CRC_SIZE_BYTES


def _powered_up(bench: FuzzedMeter, change: Callable[[Board], None]) -> None:
    """Take the supply away, change what is in the meter, give it back, and let a minute pass."""
    bench.live.do(Power(on=False))
    change(bench.rig.board)
    bench.live.do(Power(on=True))
    bench.live.bench.run_until(bench.rig.board.now_us + MINUTE_US)


def _ours(bench: FuzzedMeter) -> bool:
    """Whether the program is ours: what it has in its memory is known."""
    return bench.rig.build.readable(bench.rig.household.model) is not None


def _lamps(bench: FuzzedMeter) -> list[str]:
    return [str(lamp.name) for lamp in bench.rig.board.panel.lamps] or ["no lamp"]


# What stands in the clock -------------------------------------------------------------------------


def _clock(data: bytes, build: str) -> None:
    """A meter that is to cut in twenty years finds this in its clock when power comes."""
    if not data:
        return
    bench = FuzzedMeter(data[0], build, armed=True)

    def change(board: Board) -> None:
        board.rtc.upset(enumerate(data[1 : 1 + len(board.rtc.registers)]))

    _powered_up(bench, change)
    if _ours(bench):
        _believed(bench, data[1 : 1 + len(bench.rig.board.rtc.registers)])
    bench.a_day()
    note_all(*_lamps(bench))
    moved = bytes(bench.rig.board.rtc.registers)[: len(data) - 1] != data[1:]
    must(
        not bench.opened,
        "whatever the clock shows, a cut twenty years away does not come",
        moved=moved,
    )
    must(bench.rig.board.switch.on, "and the household has its supply", moved=moved)


def _believed(bench: FuzzedMeter, registers: bytes) -> None:
    """Ask that a meter believes what can be the time, and nothing else."""
    model = bench.rig.household.model
    last = datetime.fromtimestamp(FUZZING_FROM_US // SECOND_US, UTC)
    outage = timedelta(days=model.clock.outage_max_days)
    expected = believed(registers, 0 if model.rtc_base == "utc" else HOUR_S, last, outage)
    doubted = Lamp.CLOCK_DOUBTED in bench.rig.board.panel.lamps
    note("on an edge" if expected is None else "believed" if expected else "doubted")
    right = expected is None or doubted != expected
    must(right, "a clock is believed where it can be right, and no other",
         f"{registers[:9].hex()} {'doubted' if doubted else 'believed'}",
         moved=expected is not None)  # fmt: skip


def _clock_seeds() -> tuple[bytes, ...]:
    """The registers as they are, then each with another time: later, too late, past, and none."""
    benches = (FuzzedMeter(selector, "reference") for selector in range(len(FUZZED_MODELS)))
    found = []
    for selector, bench in enumerate(benches):
        registers = bytes(bench.rig.board.rtc.registers)
        times = (registers[2:9], *map(bytes.fromhex, _TIMES[selector::3]))
        found += [bytes((selector,)) + registers[:2] + time + registers[9:] for time in times]
    return tuple(found)


_TIMES: Final = (  # seconds, minutes, hours, days, weekdays, months, years
    "00301018000420", "00301018000541", "00301018010320", "00301031000620", "00301018008420",
    "80301018000420", "59592328000320", "00301018001320", "00302418000420", "00301018000499",
    "00603018000420", "0030101a000420", "00301018000920", "00301001000121", "00301017000420",
)  # fmt: skip


def _clock_slots(data: bytes) -> list[FuzzField]:
    edges = tuple(bytes((edge,)) for edge in bytes.fromhex("0001121328293031325960 7f808199ff"))
    near = (*edges, *(bytes((byte,)) for byte in bytes.fromhex("03040506071011182021222324414050")))
    return [FuzzField(at, 1, near if 3 <= at <= 9 else edges) for at in range(1, len(data))]


# What stands in the memory ------------------------------------------------------------------------

_U32: Final = 0xFFFF_FFFF
_MEMORY_BYTES: Final = STATE_AT[-1] + STATE.size_bytes
_MEMORY_SLOTS: Final = (
    *slots_of(FACTORY, 1 + FACTORY_AT, LIMITS),
    *(slot for at in STATE_AT for slot in slots_of(STATE, 1 + at, LIMITS)),
)


def _memory(data: bytes, build: str) -> None:
    """A meter finds this in its memory when power comes."""
    if len(data) != 1 + _MEMORY_BYTES:
        return
    bench = FuzzedMeter(data[0], build)

    def change(board: Board) -> None:
        board.eeprom.cells[:_MEMORY_BYTES] = data[1:]

    _powered_up(bench, change)
    if Lamp.FAULT in bench.rig.board.panel.lamps:  # it only looks, again and again
        bench.live.bench.run_until(bench.rig.board.now_us + HOUR_US)
    else:
        bench.a_day()
    must(bool(bench.rig.board.panel.text), "the display says something")
    state = bench.state()
    if _ours(bench):
        _goes_on(data[1:], state, bench.rig.board)
    note_all("no state" if state is None else f"health {state.health}", *_lamps(bench))
    if state is not None:
        note_all(f"supply {state.supply}", "on" if bench.rig.board.switch.on else "off")


def _goes_on(cells: bytes, state: State | None, board: Board) -> None:
    """Ask that a meter goes on with the copy that counts, and says where there is none."""
    first, second = (cells[at : at + STATE.size_bytes] for at in STATE_AT)
    raw, configured = state_in_force((first, second)), factory_holds(cells[: FACTORY.size_bytes])
    fault = raw is None or not configured
    must((Lamp.FAULT in board.panel.lamps) == fault, "a memory that cannot be is a fault")
    must((state is None) == (raw is None), "a state that can be is used, and no other")
    if raw is None or state is None:
        return
    kept = fields_of_record(STATE.name, raw)
    assert kept is not None, "it can be"
    now = (
        dict(zip((field.name for field in STATE.fields), kept, strict=True)).items()
        ^ asdict(state).items()
    )
    changed = {name for name, _ in now} - (_LIVED if configured else frozenset())
    must(not changed, "a meter goes on with the newest state that can be", ", ".join(changed))
    stands_ueur = kept[_BALANCE] + kept[_CHARGED]
    full = MONEY_MAX_UEUR in {state.charged_ueur, -state.balance_ueur}  # sums stop there
    must(full or state.balance_ueur + state.charged_ueur == stands_ueur,
         "and its money is conserved", moved=state.charged_ueur != kept[_CHARGED])  # fmt: skip


def _memory_seal(data: bytes) -> bytes:
    """Put the CRC-32 of each record right."""
    if len(data) != 1 + _MEMORY_BYTES:
        return data
    records = (data[1 + at : 1 + at + STATE.size_bytes] for at in (FACTORY_AT, *STATE_AT))
    return data[:1] + b"".join(with_crc(record) for record in records)


def _memory_tags(_data: bytes) -> list[slice]:
    ends = (1 + at + STATE.size_bytes for at in (FACTORY_AT, *STATE_AT))
    return [slice(end - CRC_SIZE_BYTES, end) for end in ends]


def _memory_seeds() -> tuple[bytes, ...]:
    """Memories of meters that run, armed or not; and of one in each state of the supply."""
    found = []
    for selector in range(len(FUZZED_MODELS)):
        for armed in (False, True):
            bench = FuzzedMeter(selector, "reference", armed=armed)
            bench.a_day()
            found.append(bytes((selector,)) + bytes(bench.rig.board.eeprom.cells[:_MEMORY_BYTES]))
    supplies = (_with_state(found[0], supply=one, balance_ueur=-1) for one in Supply)
    used = _with_state(found[0], booked_units=0xFFFF_FF00)
    blank = (b"\xff" * STATE.size_bytes) * 2
    nothing, no_state = found[0][:1] + bytes(_MEMORY_BYTES), found[0][: 1 + STATE_AT[0]] + blank
    wraps = (
        _in_order(found[0], *pair) for pair in ((_U32, 0), (0, _U32), (7, 8), (0x7FFF_FFFF, 1))
    )
    at = 1 + STATE_AT[0]
    other = _memory_seal(found[0][: at + 2] + b"\xfe" + found[0][at + 3 :])  # another version
    return (*found, *supplies, used, nothing, no_state, found[0][:-1] + b"?", *wraps, other)


def _in_order(data: bytes, first: int, second: int) -> bytes:
    """Return a memory whose copies have these sequences, each with money of its own."""
    state = STATE.parse(data[1 + STATE_AT[0] : 1 + STATE_AT[0] + STATE.size_bytes])
    for at, sequence in zip(STATE_AT, (first, second), strict=True):
        balance_ueur = state.balance_ueur + 1_000_000 * (at == STATE_AT[0])
        record = STATE.build(replace(state, sequence=sequence, balance_ueur=balance_ueur))
        data = data[: 1 + at] + record + data[1 + at + STATE.size_bytes :]
    return _memory_seal(data)


def _with_state(data: bytes, **values: int) -> bytes:
    """Return a memory whose states have these values."""
    for at in STATE_AT:
        place = slice(1 + at, 1 + at + STATE.size_bytes)
        try:
            state = STATE.parse(data[place])
        except LayoutError:  # the second of two copies is still empty
            continue
        record = STATE.build(replace(state, **values))  # type: ignore[arg-type]
        data = data[: place.start] + record + data[place.stop :]
    return _memory_seal(data)


_BALANCE, _CHARGED = 18, 19
# What a day at the meter changes in its memory: clock, energy, money that is used, the supply.
_LIVED: Final = frozenset(
    {
        "flags", "sequence", "last_time_s", "last_ticks_ms", "last_day", "clock_set_s",
        "set_error_s", "health", "supply", "account", "booked_units", "charged_wh", "deferred_wh",
        "postpaid_wh", "balance_ueur", "charged_ueur", "remainder_mwh", "events", "night_wh",
        "charged_night_wh", "rate", "untimed_wh", "certain_s", "latched_end", "sheltered_wh",
        "sheltered_min", "sheltered_ticks_ms", "doubted_from_wh", "lost_by", "powered_from_min",
        "order_result",
        "crc",
    }
)  # fmt: skip


# What a card answers ------------------------------------------------------------------------------


@final
class _AnsweringAnything:
    """A card whose answers come from an input: each has its length in the byte before it."""

    def __init__(self, data: bytes) -> None:
        self._left = data
        self.asked = 0

    def power_on(self) -> bytes:
        """Return the next piece as ATR."""
        return self._next()

    def power_off(self) -> None:
        """Go on where it stands: nothing is forgotten."""

    def writing_us(self, command: bytes) -> int:
        """Return that nothing is written."""
        del command
        return 0

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        """Lose nothing."""

    def transmit(self, command: bytes) -> bytes:
        """Return the next piece."""
        note(f"asked {command[1]:02X}")
        self.asked += 1
        answer = self._next()
        tell(lambda: meaning(command, answer), command + b" " + answer)
        return answer

    def _next(self) -> bytes:
        size = self._left[0] if self._left else 0
        piece, self._left = self._left[1 : 1 + size], self._left[1 + size :]
        return piece


_STATUS_WORDS: Final = tuple(
    bytes.fromhex(one)
    for one in ("9000", "6100", "6110", "6c00", "6c08", "6283", "63c0", "63c2", "6700", "6982",
                "6983", "6a82", "6d00", "6f00", "9001", "0000")
)  # fmt: skip
# What a meter remembers of a card that it refused, and of one that brought nothing new.
_REFUSED: Final = frozenset({"sequence", "crc", "events"})
_SERVED: Final = frozenset({"sequence", "crc", "card_number", "session_count", "shown_session"})


_COMMANDS_MAX: Final = 64  # docs/card-format.md, result 23
_LATER_US: Final = 7 * SECOND_US


def _answers(data: bytes, build: str) -> None:
    """A card that answers what was drawn, or what another session has recorded of a right card."""
    if not data:
        return
    bench = FuzzedMeter(data[0], build)
    before, card = bench.state(), _AnsweringAnything(data[1:])
    result = bench.insert(card)
    note(result.name)
    must(card.asked <= _COMMANDS_MAX, "a session is bounded", f"{card.asked} commands")
    after = bench.state()
    if before is not None:
        must(after is not None, "its memory can be read")
        assert after is not None, "it was just said"
        changed = {name for name, _ in asdict(before).items() ^ asdict(after).items()}
        seen = _REFUSED if result.refused else _SERVED
        must(changed <= seen, "a card without a key changes nothing", ", ".join(changed - seen))
        said = after.events[EVENT_CODE_AT], int.from_bytes(after.events[5:8], "big")
        must(not result.refused or said == (EventCode.CARD_REFUSED, result), "and is journalled")
    must(bench.rig.board.switch.on, "and the household keeps its supply")


@final
class _Heard:
    """A card whose answers are recorded."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self.said = bytearray()

    def power_on(self) -> bytes:
        return self._record(self._card.power_on())

    def power_off(self) -> None:
        self._card.power_off()

    def writing_us(self, command: bytes) -> int:
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        self._card.tear(command, fate)

    def transmit(self, command: bytes) -> bytes:
        return self._record(self._card.transmit(command))

    def _record(self, answer: bytes) -> bytes:
        self.said += bytes((len(answer),)) + answer
        return answer


def _answer_seeds() -> tuple[bytes, ...]:
    found = []
    for selector in range(len(FUZZED_MODELS)):
        bench = FuzzedMeter(selector, "reference")
        heard = _Heard(bench.card)
        bench.insert(heard)
        found.append(bytes((selector,)) + bytes(heard.said))
        # Money and an order, heard by a meter at another time: its challenge was another.
        brings = FuzzedMeter(selector, "reference", phase_us=_LATER_US)
        brings.live.bench.run_until(brings.rig.board.now_us + MINUTE_US)
        for order in (A_LOAD, FAR_OFF):
            brings.rig.write(brings.card, order)
        recorded = _Heard(brings.card)
        brings.insert(recorded)
        found.append(bytes((selector,)) + bytes(recorded.said))
    return (*found, b"\0\2\x3b\0" + 200 * b"\2\x61\x10")


def _answer_slots(data: bytes) -> list[FuzzField]:
    """Return of each answer its length and its status word."""
    found, at = list[FuzzField](), 1
    while at < len(data):
        size = data[at]
        lengths = {0, 1, 2, max(0, size - 1), min(255, size + 1), 255} - {size}
        found.append(FuzzField(at, 1, tuple(bytes((one,)) for one in sorted(lengths))))
        if 2 <= size <= len(data) - at - 1:
            found.append(FuzzField(at + size - 1, 2, _STATUS_WORDS))
        at += 1 + size
    return found


TARGETS: Final = (
    Target(
        id="clock-registers",
        asks="what a meter finds in its clock chip when power comes",
        oracles="no error for a day; no cut comes that is twenty years away; "
        "believed where it can be right, and no other",
        reaches=("CLOCK_DOUBTED", "no lamp", "believed", "doubted", "on an edge"),
        size_max=1 + 64,
        check=_clock,
        seeds=_clock_seeds,
        slots=_clock_slots,
        fixed=True,
    ),
    Target(
        id="memory",
        asks="what a meter finds in its EEPROM when power comes",
        oracles="no error for a day; the display says something; "
        "it goes on with the newest state that can be",
        reaches=(
            "no state",
            "health 0",
            "health 8",
            "supply 0",
            "supply 1",
            "on",
            "off",
            "CLOCK_DOUBTED",
            "FAULT",
            "no lamp",
        ),
        size_max=1 + _MEMORY_BYTES,
        check=_memory,
        seeds=_memory_seeds,
        slots=lambda data: _MEMORY_SLOTS if len(data) == 1 + _MEMORY_BYTES else (),
        seal=_memory_seal,
        tags=_memory_tags,
        fixed=True,
    ),
    Target(
        id="card-answers",
        asks="what a card may answer to a meter, in a session with no key",
        oracles="no error, within the session's bound; no money, no order, no cut",
        reaches=(
            "asked A4",
            "asked B0",
            "asked 84",
            "asked 82",
            "asked 88",
            "asked D6",
            "ALREADY_EXECUTED",
            "CARD_UNREADABLE",
            "CARD_NOT_GENUINE",
            "CARD_TOO_SLOW",
        ),
        size_max=2_048,
        check=_answers,
        seeds=_answer_seeds,
        slots=_answer_slots,
        words=(b"\x90\x00", b"\x61\x10", b"\x6c\x08", b"\x6a\x82", b"BI", b"BD", b"BB", b"PE"),
    ),
)
