"""Recording changes nothing, and what was recorded can be played again without the card."""

from collections.abc import Callable
from pathlib import Path

import pytest

from card_protocol.card.virtual import SecureCard
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import Sfi
from card_protocol.keys import Role
from card_protocol.link.link import DirectLink, Link
from card_protocol.link.recorded import RecordedCard, RecordedLink
from card_protocol.link.replay import Playback, ReplayCard
from card_protocol.terminal import Terminal
from card_protocol.trace import Exchanged, Recorder, Reset, Trace, TraceRow, Unpowered
from tests.card_protocol.cards import (
    GET_CHALLENGE,
    PIN,
    RECORDS,
    SELECT_DF,
    TERMINAL_RANDOM,
    budget_image,
    counting_rng,
    plain_image,
    plain_powered,
    role_key,
    update_command,
)
from tests.card_protocol.scripted import ScriptedLink

NEW = b"\x77" * 64


def secure() -> SecureCard:
    return SecureCard(budget_image(), counting_rng())


def session(link: Link, order: bytes = NEW) -> list[bytes]:
    """A desk's visit; returns what it read."""
    link.connect()
    terminal, image = Terminal(link.exchange), budget_image()
    key = role_key(image, Role.DESK)
    terminal.authenticate(Role.DESK, key, image.card_key, TERMINAL_RANDOM)
    terminal.select(0xDF01)
    read = [terminal.read_binary(sfi, len(raw)) for sfi, raw in RECORDS.items()]
    terminal.verify(PIN)
    terminal.update_binary(Sfi.DESK, order)
    link.disconnect()
    return read


class Tape:
    """A recorder in memory."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.recorder = Recorder(self.lines.append, {"kind": "test"})

    def rows(self, folder: Path) -> list[TraceRow]:
        path = folder / "tape.trace"
        path.write_bytes(b"".join(self.lines))
        with Trace(path) as trace:
            return list(trace.rows())


Wrap = Callable[[SecureCard, Recorder], Link]
WRAPS: dict[str, Wrap] = {
    "link": lambda card, recorder: RecordedLink(DirectLink(card), recorder),
    "card": lambda card, recorder: DirectLink(RecordedCard(card, recorder)),
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_recording_changes_nothing_and_takes_down_all(wrap, tmp_path):
    bare, card, tape = secure(), secure(), Tape()
    assert session(wrap(card, tape.recorder)) == session(DirectLink(bare))
    assert card.image == bare.image
    rows = tape.rows(tmp_path)
    assert isinstance(rows[0], Reset)
    assert isinstance(rows[-1], Unpowered)
    commands = [row.command for row in rows if isinstance(row, Exchanged)]
    assert len(commands) == len(rows) - 2 == 3 + 1 + 3 + 2
    assert commands[0] == GET_CHALLENGE.hex()
    assert commands[-1] == f"00d6820040{NEW.hex()}"


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_no_key_and_no_pin_is_in_a_recording(wrap):
    tape, image = Tape(), budget_image()
    session(wrap(secure(), tape.recorder))
    text = b"".join(tape.lines).decode().lower()
    keys = {"meter": image.meter_key, "desk": image.desk_key, "card": image.card_key}
    secrets = [key.raw.hex() for key in keys.values()]
    secrets += [PIN, PIN.encode().hex(), image.pin.hex()]
    assert not [secret for secret in secrets if secret in text]
    assert NEW.hex() in text, "the check can find what is there"


def test_both_ways_of_recording_write_the_same_bytes():
    tapes = []
    for wrap in WRAPS.values():
        tape = Tape()
        session(wrap(secure(), tape.recorder))
        tapes.append(tape.lines)
    assert tapes[0] == tapes[1]


def test_a_failing_link_is_taken_down_and_fails_on(tmp_path):
    tape = Tape()
    script = ScriptedLink([(SELECT_DF, LinkErrorKind.TIMED_OUT)])
    link = RecordedLink(script, tape.recorder)
    link.connect()
    with pytest.raises(LinkError, match="timed out"):
        link.exchange(SELECT_DF)
    card = DirectLink(secure())
    card.removed()
    gone = RecordedLink(card, tape.recorder)
    with pytest.raises(LinkError, match="no card"):
        gone.connect()
    gone.disconnect()
    rows = tape.rows(tmp_path)
    assert isinstance(rows[1], Exchanged)
    assert rows[1].failure == "timed out"
    assert rows[2] == Reset(atr="", failure="no card")
    assert len(rows) == 3


def test_a_torn_write_is_taken_down(tmp_path):
    tape = Tape()
    card = RecordedCard(plain_powered(), tape.recorder)
    card.power_on()
    update = update_command(1, bytes(100))
    assert card.writing_us(update) == 10_000
    card.tear(update, lambda: 128)
    card.power_off()
    kinds = [type(row).__name__ for row in tape.rows(tmp_path)]
    assert kinds == ["Reset", "Torn", "Unpowered"]


def test_a_full_disk_is_not_hidden_from_the_terminal():
    def full(line: bytes) -> None:
        if b"exchange" in line:
            raise OSError("no space left")

    link = RecordedLink(DirectLink(secure()), Recorder(full, {}))
    link.connect()
    with pytest.raises(OSError, match="no space left"):
        link.exchange(SELECT_DF)


# Played again -------------------------------------------------------------------------------------


def playback(tmp_path: Path) -> Playback:
    tape = Tape()
    session(RecordedLink(DirectLink(secure()), tape.recorder))
    return Playback(iter(tape.rows(tmp_path)))


def test_a_recorded_session_is_played_without_a_card(tmp_path):
    played = playback(tmp_path)
    assert session(DirectLink(ReplayCard(played))) == list(RECORDS.values())
    assert played.over
    assert played.difference is None
    assert played.exchanges == 9


def test_the_first_difference_is_told_in_words_and_the_card_is_gone(tmp_path):
    played = playback(tmp_path)
    other = NEW[:20] + b"\x78" + NEW[21:]
    with pytest.raises(LinkError, match="knows no answer"):
        session(DirectLink(ReplayCard(played)), other)
    assert played.difference == (
        "line 11: recorded: UPDATE BINARY file 2 from 0, 64 bytes sent: success; "
        "now: UPDATE BINARY file 2 from 0, 64 bytes sent, but byte 20 of its data is 78 "
        "instead of 77"
    )
    assert played.exchanges == 8


def test_another_command_is_a_difference_and_only_the_first_counts(tmp_path):
    played = playback(tmp_path)
    link = DirectLink(ReplayCard(played))
    link.connect()
    for command in (SELECT_DF, GET_CHALLENGE):
        with pytest.raises(LinkError, match="knows no answer"):
            link.exchange(command)
    assert played.difference == (
        "line 3: recorded: GET CHALLENGE, up to 8 bytes back: success, 8 bytes; now: SELECT DF01"
    )
    assert link.connect() == b""


@pytest.mark.parametrize(
    ("now", "but"),
    [
        ("00a4010c02df01", "P1 is 01 instead of 00"),
        ("00a4000402df01", "P2 is 04 instead of 0c"),
        ("00a4000c01df", "its length byte is 01 instead of 02"),
        ("00a4000c02de01", "byte 0 of its data is de instead of df"),
        ("00a4000c02df0100", "8 bytes in all instead of 7"),
        ("00a4000c", "4 bytes in all instead of 7"),
    ],
)
def test_a_difference_that_the_words_do_not_tell_is_told_by_its_byte(tmp_path, now, but):
    tape = Tape()
    RecordedLink(ScriptedLink([(SELECT_DF, b"\x90\x00")]), tape.recorder).exchange(SELECT_DF)
    played = Playback(iter(tape.rows(tmp_path)))
    with pytest.raises(LinkError):
        ReplayCard(played).transmit(bytes.fromhex(now))
    assert played.difference is not None
    assert played.difference.startswith("line 2: recorded: SELECT DF01: success; now: SELECT")
    assert played.difference.endswith(f", but {but}")


def test_a_reset_too_many_is_a_difference(tmp_path):
    played = playback(tmp_path)
    card = ReplayCard(played)
    assert card.power_on() == secure().power_on()
    assert card.power_on() == b""
    assert played.difference is not None
    assert played.difference.endswith("now: reset")


def test_a_pin_is_compared_by_what_may_be_seen_of_it(tmp_path):
    """Another PIN of the same length is not seen; another length is."""
    tape = Tape()
    link = RecordedLink(DirectLink(secure()), tape.recorder)
    link.connect()
    Terminal(link.exchange).verify(PIN)
    for pin, same in ((PIN[::-1], True), (PIN[:-1], False)):
        played = Playback(iter(tape.rows(tmp_path)))
        card = ReplayCard(played)
        card.power_on()
        if same:
            Terminal(card.transmit).verify(pin)
        else:
            with pytest.raises(LinkError):
                Terminal(card.transmit).verify(pin)
        assert (played.difference is None) is same


def test_a_failure_fails_again_in_kind(tmp_path):
    tape = Tape()
    link = RecordedLink(ScriptedLink([(SELECT_DF, LinkErrorKind.TIMED_OUT)]), tape.recorder)
    link.connect()
    with pytest.raises(LinkError):
        link.exchange(SELECT_DF)
    card = ReplayCard(Playback(iter(tape.rows(tmp_path))))
    card.power_on()
    with pytest.raises(LinkError) as caught:
        card.transmit(SELECT_DF)
    assert caught.value.kind is LinkErrorKind.TIMED_OUT


def test_a_torn_write_is_torn_again(tmp_path):
    tape = Tape()
    first = RecordedCard(plain_powered(plain_image()), tape.recorder)
    first.power_on()
    update = update_command(1, bytes(100))
    first.tear(update, lambda: 0)
    played = Playback(iter(tape.rows(tmp_path)))
    card = ReplayCard(played)
    card.power_on()
    assert card.writing_us(update) == 10_000
    assert card.writing_us(GET_CHALLENGE) == 0
    card.tear(update, lambda: 0)
    assert played.over
    assert played.difference is None
