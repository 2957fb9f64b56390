"""A card cannot hold the meter, and a session that was listened to cannot be played again."""

from collections.abc import Callable
from typing import Any

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import VirtualCard
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.firmware.dialogues.base import EXCHANGES_MAX, SESSION_MAX_MS
from meter_emu.ports import Ports
from meter_emu.units import SECOND_US
from meter_emu.world.meter.acts import Power
from meter_emu.world.meter.board import CARD_EXCHANGE_MAX_US
from tests.cells import each_cell
from tests.firmware.meters import START_US, Rig
from tests.firmware.sessions import ARM, COMMANDS, ON_EACH, armed, supplied
from tests.rigs import MODEL

SOON = Civil(2020, 7, 1, 12, 5)
SOON_US = START_US + 300 * SECOND_US  # of legal time
BOUND_US = SESSION_MAX_MS * 1_000 + CARD_EXCHANGE_MAX_US + SECOND_US  # a second for all the rest


class Hostile:
    """A card that does what it likes: `answer` makes an R-APDU of a command and a true answer."""

    def __init__(
        self, card: VirtualCard, answer: Callable[[bytes, bytes], bytes], *, writing_us: int = 0
    ) -> None:
        self._card = card
        self._answer = answer
        self._writing_us = writing_us
        self.asked = 0

    def writing_us(self, command: bytes) -> int:
        return self._writing_us

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        self._card.tear(command, fate)

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        self.asked += 1
        return self._answer(command, self._card.transmit(command))


HOSTILE: dict[str, tuple[Callable[[bytes, bytes], bytes], int]] = {
    "65,536 bytes each": (lambda _command, _answer: bytes(65_534) + b"\x90\0", 0),
    "more waiting, for ever": (lambda _command, _answer: bytes(255) + b"\x61\xff", 0),
    "more waiting, a byte at a time": (
        lambda command, _answer: b"\0\x61\x01" if command[1] == 0xC0 else b"\x61\x01",
        0,
    ),
    "another Le, for ever": (lambda _command, _answer: b"\x6c\x01", 0),
    "as slow as it may be": (lambda _command, answer: answer, CARD_EXCHANGE_MAX_US - 400_000),
    "slower": (lambda _command, answer: answer, 10**12),
    "no status word": (lambda _command, _answer: b"", 0),
    "longer than was asked for": (lambda _command, answer: bytes(300) + answer, 0),
}


@each_cell("carrier", list(CardKind), ids=lambda kind: kind.name.lower())
@each_cell("how", HOSTILE)
def test_no_card_holds_the_meter(how, carrier):
    rig = armed(carrier)
    answer, writing_us = HOSTILE[how]
    card = Hostile(rig.card, answer, writing_us=writing_us)
    before_us = rig.board.now_us
    rig.bench.insert(card)
    assert rig.board.now_us - before_us < BOUND_US
    assert card.asked <= EXCHANGES_MAX
    assert rig.state.order_number == 0, "nothing of it was obeyed"


def test_a_slow_card_is_called_so_and_a_dumb_one_cannot_be_read():
    rig = armed()
    rig.bench.insert(Hostile(rig.card, HOSTILE["slower"][0], writing_us=10**12))
    assert rig.board.panel.text.endswith("CARD 23 CARD_TOO_SLOW")
    rig = armed()
    rig.bench.insert(Hostile(rig.card, HOSTILE["more waiting, a byte at a time"][0]))
    assert rig.board.panel.text.endswith("CARD 23 CARD_TOO_SLOW")
    rig = armed()
    rig.bench.insert(Hostile(rig.card, HOSTILE["longer than was asked for"][0]))
    assert rig.board.panel.text.endswith("CARD 10 CARD_UNREADABLE")


@each_cell("carrier", list(CardKind), ids=lambda kind: kind.name.lower())
def test_a_normal_session_is_far_from_the_bounds(carrier):
    rig = armed(carrier)
    before_us = rig.board.now_us
    assert rig.insert().endswith("EXECUTED")
    assert rig.board.now_us - before_us < 3 * SECOND_US
    assert COMMANDS[carrier] * 5 <= EXCHANGES_MAX


def due_soon(carrier: CardKind, before_ms: int) -> tuple[Rig, int]:
    """Return a home so long before it may be cut, and that instant: RTC - u reaches T2 then."""
    rig = Rig(carrier=carrier)
    rig.write(Work(cut_at=SOON))
    rig.insert()
    back = rig.write_back()
    assert back is not None
    due_us = SOON_US + back.uncertainty_s * SECOND_US
    rig.bench.run_until(due_us - before_ms * 1_000)
    assert supplied(rig)
    return rig, due_us


def in_one_session(rig: Rig, card: Hostile) -> tuple[int, int]:
    begin_us = rig.board.now_us
    rig.bench.insert(card)
    end_us = rig.board.now_us
    rig.bench.remove()
    return begin_us, end_us


@ON_EACH
@pytest.mark.parametrize("before_ms", [100, 5_000, 10_000, 15_000, 20_000])
def test_a_cut_due_within_a_session_comes_at_the_next_poll(before_ms, carrier):
    rig, due_us = due_soon(carrier, before_ms)
    slow = Hostile(rig.card, HOSTILE["as slow as it may be"][0], writing_us=4_500_000)
    begin_us, end_us = in_one_session(rig, slow)
    assert begin_us < due_us < end_us
    assert end_us - begin_us < BOUND_US
    rig.run(2 * MODEL.poll_s)
    (at_us,) = [at_us for at_us, on in rig.board.moves if not on]
    assert due_us <= at_us <= end_us + (MODEL.poll_s + 1) * SECOND_US


@ON_EACH
def test_a_cut_due_within_a_session_that_ends_well_comes_at_the_next_poll(carrier):
    """Ten commands of two seconds, a load that is booked: none of it puts the cut off."""
    rig, due_us = due_soon(carrier, 3_000)
    rig.write(Work(load_cents=5_000))
    slow = Hostile(rig.card, lambda _command, answer: answer, writing_us=700_000)
    begin_us, end_us = in_one_session(rig, slow)
    assert begin_us < due_us < end_us
    assert rig.state.accepted_cents == 5_000
    rig.run(2 * MODEL.poll_s)
    (at_us,) = [at_us for at_us, on in rig.board.moves if not on]
    assert due_us <= at_us <= end_us + (MODEL.poll_s + 1) * SECOND_US


@ON_EACH
def test_a_reactivation_whose_session_the_cut_falls_into_is_in_time(carrier):
    rig, due_us = due_soon(carrier, 3_000)
    rig.write(Work(reactivate=True))
    slow = Hostile(rig.card, lambda _command, answer: answer, writing_us=700_000)
    begin_us, end_us = in_one_session(rig, slow)
    assert begin_us < due_us < end_us
    rig.run(10 * MODEL.poll_s)
    assert supplied(rig)
    assert rig.board.moves == []


class SameTicks:
    """A board whose tick counter starts alike at each power-up, and stands still."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)

    def ticks_ms(self) -> int:
        return 7


class Recording:
    """A card whose answers are recorded; power fails when the last of them is heard."""

    def __init__(self, rig: Rig, last: int) -> None:
        self._rig = rig
        self._last = last
        self.answers: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rig.card, name)

    def transmit(self, command: bytes) -> bytes:
        answer = self._rig.card.transmit(command)
        self.answers.append(answer)
        if len(self.answers) == self._last:
            self._rig.bench.do(Power(on=False))
        return answer


def test_a_session_that_was_listened_to_is_not_played_again():
    """Power fails before the meter has saved what it heard; a machine then plays it once more."""
    rig = Rig(tap=SameTicks)
    rig.write(ARM)
    recording = Recording(rig, COMMANDS[CardKind.SECURE] - 1)
    rig.bench.insert(recording)
    rig.bench.remove()
    rig.bench.do(Power(on=True))
    assert rig.state.order_number == 0, "nothing of it was saved"
    played = iter(recording.answers)
    replay = Hostile(rig.card, lambda _command, _answer: next(played, b"\x6f\0"))
    rig.bench.insert(replay)
    assert rig.board.panel.text.endswith("CARD 11 CARD_NOT_GENUINE")
    assert (rig.state.order_number, rig.state.accepted_cents) == (0, 0)
