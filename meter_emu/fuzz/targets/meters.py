"""Targets with a meter in them: what stands in its clock, its memory, its slot.

The program is the build's, so a program of one's own is fuzzed by the same targets.
"""

from collections.abc import Callable
from typing import Final, final

from card_protocol.card.virtual import VirtualCard
from meter_emu.firmware.layouts import FACTORY, FACTORY_AT, STATE, STATE_AT, with_crc
from meter_emu.fuzz.bench import FUZZED_MODELS, FuzzedMeter
from meter_emu.fuzz.target import FuzzField, Target, must, slots_of
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.image import CRC_SIZE_BYTES


def _powered_up(bench: FuzzedMeter, change: Callable[[Board], None]) -> None:
    """Take the supply away, change what is in the meter, give it back, and let a day pass."""
    bench.live.supply(on=False)
    change(bench.home.board)
    bench.live.supply(on=True)
    bench.a_day()


# What stands in the clock -------------------------------------------------------------------------


def _clock(data: bytes, build: str) -> None:
    """A meter that is to cut in twenty years finds this in its clock when power comes."""
    if not data:
        return
    bench = FuzzedMeter(data[0], build, armed=True)

    def change(board: Board) -> None:
        board.rtc.upset(enumerate(data[1 : 1 + len(board.rtc.registers)]))

    _powered_up(bench, change)
    must(not bench.opened, "whatever the clock shows, a cut twenty years away does not come")
    must(bench.home.board.switch.on, "and the home has its supply")


def _clock_seeds() -> tuple[bytes, ...]:
    benches = (FuzzedMeter(selector, "reference") for selector in range(len(FUZZED_MODELS)))
    return tuple(
        bytes((selector,)) + bytes(bench.home.board.rtc.registers)
        for selector, bench in enumerate(benches)
    )


def _clock_slots(data: bytes) -> list[FuzzField]:
    edges = tuple(bytes((edge,)) for edge in bytes.fromhex("0001121328293031325960 7f808199ff"))
    return [FuzzField(at, 1, edges) for at in range(1, len(data))]


# What stands in the memory ------------------------------------------------------------------------

_MEMORY_BYTES: Final = STATE_AT[-1] + STATE.size_bytes
_MEMORY_SLOTS: Final = (*slots_of(FACTORY, 1 + FACTORY_AT),
                        *(slot for at in STATE_AT for slot in slots_of(STATE, 1 + at)))  # fmt: skip


def _memory(data: bytes, build: str) -> None:
    """A meter finds this in its memory when power comes."""
    if len(data) != 1 + _MEMORY_BYTES:
        return
    bench = FuzzedMeter(data[0], build)

    def change(board: Board) -> None:
        board.eeprom.cells[:_MEMORY_BYTES] = data[1:]

    _powered_up(bench, change)
    must(bool(bench.home.board.panel.text), "the display says something")


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
    found = []
    for selector in range(len(FUZZED_MODELS)):
        for armed in (False, True):
            bench = FuzzedMeter(selector, "reference", armed=armed)
            bench.a_day()
            found.append(bytes((selector,)) + bytes(bench.home.board.eeprom.cells[:_MEMORY_BYTES]))
    return tuple(found)


# What a card answers ------------------------------------------------------------------------------


@final
class _AnsweringAnything:
    """A card whose answers come from an input: each has its length in the byte before it."""

    def __init__(self, data: bytes) -> None:
        self._left = data

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
        """Return the next piece, followed by 9000 where its first byte is even."""
        del command
        piece = self._next()
        return piece + b"\x90\x00" if piece and not piece[0] & 1 else piece

    def _next(self) -> bytes:
        size = self._left[0] if self._left else 0
        piece, self._left = self._left[1 : 1 + size], self._left[1 + size :]
        return piece


def _answers(data: bytes, build: str) -> None:
    if not data:
        return
    bench = FuzzedMeter(data[0], build)
    before = bench.state()
    bench.insert(_AnsweringAnything(data[1:]))
    after = bench.state()
    assert before is not None, "a new meter's memory can be read"
    must(after is not None, "its memory can be read")
    assert after is not None, "it was just said"
    must(after.accepted_cents == before.accepted_cents, "no card without a key brings money")
    must(after.order_number == before.order_number, "and none brings an order")
    must(bench.home.board.switch.on, "and the home keeps its supply")


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
    return tuple(found)


TARGETS: Final = (
    Target(
        id="clock-registers",
        asks="what a meter finds in its clock chip when power comes",
        oracles="no error for a day; no cut comes that is twenty years away",
        size_max=1 + 64,
        check=_clock,
        seeds=_clock_seeds,
        slots=_clock_slots,
        fixed=True,
    ),
    Target(
        id="memory",
        asks="what a meter finds in its EEPROM when power comes",
        oracles="no error for a day; the display says something",
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
        size_max=2_048,
        check=_answers,
        seeds=_answer_seeds,
        words=(b"\x90\x00", b"\x61\x10", b"\x6c\x08", b"\x6a\x82", b"BI", b"BW", b"BO", b"PE"),
    ),
)
