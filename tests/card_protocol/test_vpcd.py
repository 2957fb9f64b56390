"""The card's half of the virtual reader's protocol: bytes in, bytes out, and then a socket."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.serve.vpcd import PluggedCard, VpcdLine, VpcdSlot, connect
from tests.bounds import HANG_S
from tests.cells import each_cell

pytestmark = pytest.mark.loopback

ATR = bytes.fromhex("3b80800101")
GET_ATR, POWER_ON, POWER_OFF, RESET = (bytes((0, 1, code)) for code in (4, 1, 0, 2))
SHORT_S = 0.05


class Echo:
    """A card that says what it heard, and notes what was done to it."""

    def __init__(self, answer: Callable[[bytes], bytes] = lambda command: command) -> None:
        self.story: list[bytes | str] = []
        self._answer = answer

    def power_on(self) -> bytes:
        self.story.append("on")
        return ATR

    def power_off(self) -> None:
        self.story.append("off")

    def transmit(self, command: bytes) -> bytes:
        self.story.append(command)
        return self._answer(command)


class Dead(Echo):
    def power_on(self) -> bytes:
        return b""


def framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(2, "big") + payload


def heard(plugged: VpcdSlot, data: bytes) -> bytes:
    """Return all answers to what came, one after another."""
    answers = answer = plugged.receive(data)
    while plugged.whole:
        assert answer, "one that obeys without an answer goes on by itself"
        answer = plugged.receive(b"")
        answers += answer
    return answers


def slot(card: Echo) -> VpcdSlot:
    made = VpcdSlot(card)
    card.story.clear()
    return made


@each_cell(
    ("control", "answer", "story"),
    [
        (GET_ATR, framed(ATR), []),
        (POWER_ON, b"", ["on"]),
        (POWER_OFF, b"", ["off"]),
        (RESET, b"", ["on"]),
    ],
)
def test_only_the_atr_is_answered_and_asking_for_it_leaves_the_card_alone(
    control: bytes, answer: bytes, story: list[str]
) -> None:
    card = Echo()
    assert slot(card).receive(control) == answer
    assert card.story == story


@each_cell("code", sorted(set(range(256)) - {0, 1, 2, 4}))
def test_any_other_single_byte_is_a_command(code: int) -> None:
    card = Echo(lambda _: b"\x67\x00")
    assert slot(card).receive(bytes((0, 1, code))) == framed(b"\x67\x00")
    assert card.story == [bytes((code,))]


def test_the_card_comes_and_goes_without_power() -> None:
    card = Echo()
    plugged = VpcdSlot(card)
    assert card.story == ["on", "off"]
    plugged.receive(POWER_ON)
    plugged.closed()
    assert card.story[-1] == "off"


@given(st.lists(st.binary(min_size=2, max_size=300), max_size=6), st.data())
def test_where_the_bytes_are_split_makes_no_difference(
    commands: list[bytes], data: st.DataObject
) -> None:
    sent = b"".join(framed(command) for command in commands)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(sent)), max_size=8)))
    card = Echo()
    plugged = slot(card)
    answered = b""
    for start, end in zip([0, *cuts], [*cuts, len(sent)], strict=True):
        answered += heard(plugged, sent[start:end])
    assert answered == sent
    assert card.story == commands
    assert not plugged.waiting


@each_cell("size", [1, 2, 65_535])
def test_answers_of_all_sizes_the_length_can_say_are_carried(size: int) -> None:
    card = Echo(lambda _: bytes(size))
    assert slot(card).receive(POWER_ON + framed(b"\0\0")) == framed(bytes(size))


@each_cell("size", [0, 65_536, 65_538])
def test_what_the_length_cannot_say_is_never_sent(size: int) -> None:
    card = Echo(lambda _: bytes(size))
    with pytest.raises(
        LinkError, match=f"expected an answer of 1 to 65535 bytes .* got {size}"
    ) as got:
        slot(card).receive(POWER_ON + framed(b"\0\0"))
    assert got.value.kind is LinkErrorKind.BROKEN


@each_cell("size", [2, 255, 256, 260, 261, 65_535])
def test_commands_of_all_sizes_the_length_can_say_are_heard_whole(size: int) -> None:
    """UPDATE BINARY of 255 bytes is 260; the length is two bytes, the high one first."""
    card = Echo()
    command = bytes(number % 251 for number in range(size))
    assert heard(slot(card), framed(command) + GET_ATR) == framed(command) + framed(ATR)
    assert card.story == [command]


def test_a_message_without_a_byte_is_refused() -> None:
    with pytest.raises(LinkError, match="without a byte"):
        slot(Echo()).receive(b"\0\0")


def test_a_card_that_does_not_answer_to_reset_is_not_plugged_in() -> None:
    with pytest.raises(LinkError) as got:
        VpcdSlot(Dead())
    assert got.value.kind is LinkErrorKind.NO_CARD


@each_cell("size", range(1, 6))
def test_a_reader_that_leaves_mid_message_is_an_error_and_the_card_unpowered(size: int) -> None:
    card = Echo()
    plugged = slot(card)
    plugged.receive(framed(b"\1\2\3\4")[:size])
    assert plugged.waiting
    with pytest.raises(LinkError, match=f"left after {size} bytes of a message"):
        plugged.closed()
    assert card.story == ["off"]
    plugged.closed()  # said once


@pytest.fixture
def wire() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected ends of TCP on loopback: ours, and the driver's."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = connect(port=server.getsockname()[1])
        theirs, _ = server.accept()
    theirs.settimeout(HANG_S)
    with ours, theirs:
        yield ours, theirs


def test_a_turn_answers_what_is_there_and_tells_when_the_reader_has_gone(wire) -> None:
    ours, theirs = wire
    card = Echo()
    line = VpcdLine(ours, card)
    theirs.sendall(POWER_ON + framed(b"\0\xa4"))
    assert line.turn()
    assert theirs.recv(100) == framed(b"\0\xa4")
    card.story.clear()
    theirs.close()
    assert not line.turn()
    assert card.story == ["off"]
    line.close()


def test_a_reader_that_goes_in_the_middle_of_a_message_is_told_from_one_that_leaves(wire) -> None:
    ours, theirs = wire
    line = VpcdLine(ours, Echo())
    theirs.sendall(b"\0\5\1")
    theirs.close()
    with pytest.raises(LinkError, match="left after 3 bytes of a message"):
        line.turn()


def test_the_rest_of_a_message_is_waited_for(wire) -> None:
    """It is sent when the answer to what came before it is there."""
    ours, theirs = wire
    line = VpcdLine(ours, Echo())
    first, second = framed(b"\0\xa4"), framed(b"\0\xb0\0\0\4")
    theirs.sendall(first + second[:3])
    heard: list[bytes] = []

    def go_on() -> None:
        heard.append(theirs.recv(len(first)))
        theirs.sendall(second[3:])
        heard.append(theirs.recv(len(second)))

    reader = threading.Thread(target=go_on)
    reader.start()
    try:
        while len(heard) < 2:
            assert line.turn()
    finally:
        reader.join()
    assert heard == [first, second]
    assert line.due is None


def test_the_card_is_stored_before_the_terminal_hears_of_it(wire) -> None:
    ours, theirs = wire

    def keep() -> None:
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)
        raise OSError("disk full")

    line = VpcdLine(ours, Echo(), keep)
    theirs.sendall(framed(b"\0\xd6"))
    with pytest.raises(OSError, match="disk full"):
        line.turn()
    line.close()
    assert theirs.recv(1) == b"", "no answer, only the end"


@pytest.mark.parametrize("part", [b"\0", b"\0\5", b"\0\5\1\2", b"\xff\xff" + bytes(9)])
def test_a_message_that_stops_half_way_is_not_waited_for(wire, part: bytes) -> None:
    ours, theirs = wire
    line = VpcdLine(ours, Echo(), message_s=SHORT_S)
    theirs.sendall(part)
    with pytest.raises(LinkError, match="stopped in the middle") as got:
        until_it_ends(line)
    assert got.value.kind is LinkErrorKind.TIMED_OUT


def until_it_ends(line: VpcdLine) -> None:
    while line.turn():
        assert line.due is not None, "there is something to wait for, and it ends"


def test_a_message_that_trickles_is_not_waited_for(wire) -> None:
    ours, theirs = wire
    line = VpcdLine(ours, Echo(), message_s=SHORT_S)
    ended = threading.Event()

    def trickle() -> None:
        theirs.sendall(b"\xff")
        while not ended.wait(SHORT_S / 10):
            theirs.sendall(b"\xff")

    trickling = threading.Thread(target=trickle)
    trickling.start()
    try:
        with pytest.raises(LinkError, match="stopped in the middle"):
            until_it_ends(line)
    finally:
        ended.set()
        trickling.join()


def held_up(wire: tuple[socket.socket, socket.socket], message_s: float) -> tuple[VpcdLine, int]:
    """Return a line whose reader has not taken all of its answers, and how many those are."""
    ours, theirs = wire
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line = VpcdLine(ours, Echo(lambda command: command[-1:] * 65_535), message_s=message_s)
    for asked in range(1, 1000):
        theirs.sendall(framed(bytes((0, asked))))
        assert line.turn()
        if line.held_up:
            return line, asked
    raise AssertionError("the reader takes whatever comes")


def test_a_reader_that_takes_no_answers_is_not_waited_for(wire) -> None:
    line, _ = held_up(wire, SHORT_S)
    with pytest.raises(LinkError, match="takes no answer") as got:
        until_it_ends(line)
    assert got.value.kind is LinkErrorKind.TIMED_OUT


def test_while_an_answer_waits_unread_the_caller_may_do_something_else(wire) -> None:
    """A turn that waited for the reader would take an hour; what waits is sent later, whole."""
    line, asked = held_up(wire, message_s=3_600)
    _, theirs = wire
    theirs.sendall(framed(b"\0\xff"))
    assert line.turn()
    assert line.held_up, "and no further command is obeyed meanwhile"
    came: list[bytes] = []
    theirs.settimeout(None)  # or MSG_WAITALL would not wait for all

    def read() -> None:
        for _ in range(asked + 1):
            size = int.from_bytes(theirs.recv(2, socket.MSG_WAITALL), "big")
            came.append(theirs.recv(size, socket.MSG_WAITALL))

    reading = threading.Thread(target=read)
    reading.start()
    try:
        while reading.is_alive():
            assert line.turn()
    finally:
        reading.join()
    assert came == [bytes((number,)) * 65_535 for number in (*range(1, asked + 1), 255)]
    assert not any((line.held_up, line.due))


def test_nothing_that_listens_is_no_reader() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # and does not listen
        with pytest.raises(LinkError, match="connection refused") as got:
            connect(port=bound.getsockname()[1])
    assert got.value.kind is LinkErrorKind.NO_READER


@pytest.mark.parametrize("host", [".", "a" * 70])
def test_what_is_no_host_is_no_reader(host: str) -> None:
    with pytest.raises(LinkError, match="is no name of a host") as got:
        connect(host)
    assert got.value.kind is LinkErrorKind.NO_READER


def test_a_pulled_card_answers_nothing_more_and_belongs_to_us_again(wire) -> None:
    ours, theirs = wire
    card = Echo()
    with PluggedCard(ours, card) as plugged:
        theirs.sendall(framed(b"\0\xa4"))
        assert theirs.recv(100) == framed(b"\0\xa4")
    assert theirs.recv(1) == b""
    assert card.story[-1] == "off"
    assert plugged.failure is None


def test_a_card_pulled_within_a_command_does_not_answer_it(wire) -> None:
    ours, theirs = wire
    plugged: PluggedCard

    def pull(_: bytes) -> bytes:
        plugged.pull()
        return b"\x90\0"

    plugged = PluggedCard(ours, Echo(pull))
    theirs.sendall(framed(b"\0\xa4"))
    assert theirs.recv(1) == b""
    plugged.pull()


def test_why_a_card_left_by_itself_is_kept(wire) -> None:
    ours, theirs = wire
    with PluggedCard(ours, Echo(lambda _: b"")) as plugged:
        theirs.sendall(POWER_ON + framed(b"\0\xa4"))
        assert theirs.recv(1) == b""
    assert plugged.failure is not None
    assert plugged.failure.kind is LinkErrorKind.BROKEN


def test_a_command_without_power_is_answered_and_counted_and_with_power_the_card_leaves() -> None:
    made = slot(Echo(lambda _: b""))
    assert made.receive(framed(b"\0\xa4")) == framed(b"\x6f\0")
    made.receive(POWER_ON + POWER_OFF)
    assert made.receive(framed(b"\0\xb0")) == framed(b"\x6f\0")
    assert made.unpowered_count == 2
    made.receive(POWER_ON)
    with pytest.raises(LinkError):
        made.receive(framed(b"\0\xa4"))
    assert made.unpowered_count == 2
