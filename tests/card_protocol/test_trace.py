"""A trace is what was said, less the secrets, and readable wherever it was cut."""

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card_protocol.errors import LinkError, LinkErrorKind, TraceError
from card_protocol.trace import (
    LINE_SIZE_MAX,
    Done,
    Ended,
    Exchanged,
    Inserted,
    Recorder,
    Removed,
    Reset,
    Torn,
    Trace,
    TraceRow,
    Unpowered,
    hide,
    no_clock,
    reveal,
)
from card_protocol.words import command_words
from tests.card_protocol.cards import PIN, SELECT_DF, verify_command
from tests.cells import each_cell

NOON = "2020-07-02 12:00:00"


def noon() -> str:
    return NOON


def h(text: str) -> bytes:
    return bytes.fromhex(text)


def recorded() -> bytes:
    """One row of each kind."""
    lines: list[bytes] = []
    recorder = Recorder(lines.append, {"kind": "test", "seed": 7})
    recorder.inserted("a card", clock=noon, us=1_000_000)
    recorder.reset(h("3b00"), clock=noon)
    recorder.exchanged(SELECT_DF, h("9000"), clock=noon)
    recorder.exchanged(verify_command(PIN), h("63c2"), clock=noon, writing_us=5_000)
    failure = LinkError(LinkErrorKind.CARD_GONE, "pulled out")
    recorder.exchanged(SELECT_DF, failure, clock=noon)
    recorder.torn(h("00d6000002aabb"), clock=noon, writing_us=5_000)
    recorder.unpowered(clock=noon)
    recorder.removed(clock=no_clock)
    recorder.reset(b"", failure, clock=noon)
    recorder.done("red button", 4_000, clock=noon, us=2_000_000)
    recorder.ended(clock=noon, us=3_000_000)
    return b"".join(lines)


def read(path: Path, raw: bytes) -> tuple[list[TraceRow], bool]:
    path.write_bytes(raw)
    with Trace(path) as trace:
        return list(trace.rows()), trace.cut


def test_a_recorder_at_a_real_card_adds_true_time_to_each_row():
    lines: list[bytes] = []
    recorder = Recorder(lines.append, {}, true_us=iter(range(5, 9)).__next__)
    recorder.inserted("a card", clock=no_clock)
    recorder.reset(h("3b00"), clock=no_clock)
    recorder.removed(clock=no_clock, us=1)
    assert [json.loads(line).get("us") for line in lines] == [None, 5, 6, 1]


# What is written ----------------------------------------------------------------------------------


def test_what_was_recorded_is_read_back(tmp_path):
    rows, cut = read(tmp_path / "t", recorded())
    assert not cut
    at = NOON
    assert rows == [
        Inserted(at=at, us=1_000_000, card="a card"),
        Reset(at=at, atr="3b00"),
        Exchanged(at=at, command="00a4000c02df01", answer="9000", means="SELECT DF01: success"),
        Exchanged(
            at=at,
            command="0020000105xxxxxxxxxx",
            answer="63c2",
            writing_us=5_000,
            means="VERIFY secret 1, 5 bytes not shown: refused, tries left: 2",
        ),
        Exchanged(
            at=at,
            command="00a4000c02df01",
            failure="card removed: pulled out",
            means="SELECT DF01: card removed: pulled out",
        ),
        Torn(
            at=at,
            command="00d6000002aabb",
            writing_us=5_000,
            means="UPDATE BINARY from 0, 2 bytes sent: power lost while the card was writing",
        ),
        Unpowered(at=at),
        Removed(at=None),
        Reset(at=at, atr="", failure="card removed: pulled out"),
        Done(at=at, us=2_000_000, what="red button", value=4_000),
        Ended(at=at, us=3_000_000),
    ]


def test_a_trace_is_lines_of_json_that_any_program_reads():
    first, second, *rest = (json.loads(line) for line in recorded().splitlines())
    assert first == {"row": "trace", "version": 1, "origin": {"kind": "test", "seed": 7}}
    assert second == {"row": "insert", "at": NOON, "us": 1_000_000, "card": "a card"}
    assert len(rest) == 10
    assert rest[6]["at"] is None


def test_each_row_is_written_whole_and_at_once():
    lines: list[bytes] = []
    recorder = Recorder(lines.append, {})
    for count in range(1, 4):
        recorder.exchanged(SELECT_DF, h("9000"), clock=no_clock)
        assert len(lines) == 1 + count
        assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in lines)


# Secrets ------------------------------------------------------------------------------------------

SECRET_INS = {0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D}


@each_cell("form", ["short", "with le", "extended", "no length", "length too long"])
def test_no_digit_of_any_secret_is_ever_shown(form):
    """Every class and every secret instruction, well formed or not."""
    digits = PIN.encode()
    body = {
        "short": bytes((len(digits),)) + digits,
        "with le": bytes((len(digits),)) + digits + b"\x00",
        "extended": b"\x00\x00" + bytes((len(digits),)) + digits,
        "no length": digits,
        "length too long": bytes((len(digits) + 9,)) + digits,
    }[form]
    pairs = [*product(range(256), SECRET_INS), (0xFF, 0x82), (0xFF, 0xD2)]
    for cla, ins in pairs:
        command = bytes((cla, ins, 0, 1)) + body
        shown, _ = hide(command)
        assert len(shown) == 2 * len(command)
        assert shown.startswith(command[:4].hex())
        seen = shown[8 if form in {"no length", "length too long"} else 10 :]
        assert set(seen) == {"x"}


# What our own cards and the readers of memory cards are asked, and VERIFY and codes are not in it.
KNOWN = frozenset(
    {(cla, ins) for cla in range(4) for ins in (0x82, 0x84, 0x88, 0xA4, 0xB0, 0xC0, 0xD6)}
    | {(0xFF, ins) for ins in (0xA4, 0xB0, 0xB2, 0xCA, 0xD0, 0xD1, 0xD6)}
)


def test_all_that_is_not_known_to_be_no_secret_is_hidden():
    """Every class and instruction: ENVELOPE, STORE DATA, a reader's own, secure messaging."""
    wrong = []
    for cla, ins in product(range(256), range(256)):
        if (cla, ins) == (0xFF, 0xB1):
            continue
        command = bytes((cla, ins, 0, 1, 6)) + b"secret"
        asked, said = hide(command, b"secret\x90\x00")
        shown = (cla, ins) in KNOWN
        data, sent = ("736563726574", command.hex()) if shown else ("xx" * 6, None)
        if said != f"{data}9000" or asked != (sent or f"{command[:5].hex()}{data}"):
            wrong.append(f"{cla:02X} {ins:02X}: {asked} {said}")
    assert wrong == []


def test_words_quote_nothing_that_is_hidden():
    for cla, ins in product(range(256), range(256)):
        if (cla, ins) not in KNOWN:
            command = bytes((cla, ins, 4, 0, 6)) + b"secret"
            assert b"secret".hex().upper() not in command_words(command), f"{cla:02X} {ins:02X}"


def test_an_answer_fetched_later_is_hidden_as_its_command_is():
    lines: list[bytes] = []
    recorder = Recorder(lines.append, {"card": "c"})
    for asked, fetched in (("80d8000001aa", "73656372"), ("00a40000023f00", "6f02830a")):
        recorder.exchanged(h(asked), h("6104"), clock=no_clock)
        recorder.exchanged(h("00c0000002"), h(fetched[:4] + "6102"), clock=no_clock)
        recorder.exchanged(h("00c0000002"), h(fetched[4:] + "9000"), clock=no_clock)
    answers = [json.loads(line)["answer"] for line in lines[1:]]
    assert answers == ["6104", "xxxx6102", "xxxx9000", "6104", "6f026102", "830a9000"]


def test_a_reader_that_gives_the_code_away_is_not_quoted():
    assert hide(h("ffb1000004"), h("07aabbcc9000")) == ("ffb1000004", "07xxxxxx9000")
    assert hide(h("ffb1000004"), h("6981")) == ("ffb1000004", "6981")


def test_the_state_of_a_secret_is_none_itself():
    assert hide(h("00200001"), h("63c3")) == ("00200001", "63c3")
    assert hide(h("0020000100"), h("63c3")) == ("0020000100", "63c3")


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_hiding_is_total_and_keeps_every_length(command, answer):
    for raw, shown in zip((command, answer), hide(command, answer), strict=True):
        assert len(reveal(shown)) == len(raw)
        pairs = [shown[at : at + 2] for at in range(0, len(shown), 2)]
        assert all(pair in ("xx", f"{byte:02x}") for pair, byte in zip(pairs, raw, strict=True))


# Reading ------------------------------------------------------------------------------------------


@pytest.mark.slow("reads a trace cut at each of its bytes")
def test_a_trace_cut_at_any_byte_gives_its_whole_rows(tmp_path):
    """What a killed recorder leaves: every prefix of a trace, exhaustively."""
    raw, path = recorded(), tmp_path / "t"
    whole, _ = read(path, raw)
    header = raw.index(b"\n") + 1
    for at in range(len(raw)):
        if at < header:
            path.write_bytes(raw[:at])
            with pytest.raises(TraceError, match="first line is cut off"):
                Trace(path)
        else:
            rows, cut = read(path, raw[:at])
            assert cut
            assert rows == whole[: raw[:at].count(b"\n") - 1]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b'"row":"reset"', b'"row":"rise"', "line 3.*Invalid value 'rise'"),
        (b'"what"', b'"whet"', "line 11.*unknown field"),
        (b'"3b00"', b'"3b0g"', "line 3: atr: expected hexadecimal digits"),
        (b'"9000"', b'"900"', "line 4: answer: expected hexadecimal"),
        (b'"answer":"9000",', b"", "line 4: an exchange has an answer or a failure"),
        (b'"us":1000000', b'"us":"soon"', "line 2.*Expected `int`"),
        (b'"version":1', b'"version":2', "line 1: expected format version 1, got 2"),
        (b'"row":"trace"', b'"row":"tree"', "line 1: expected a trace"),
        (b"a card", b"a \xff\xfe", "line 2"),
        (b"a card", b"a" * LINE_SIZE_MAX, f"line 2: expected at most {LINE_SIZE_MAX} bytes"),
    ],
)
def test_what_is_no_trace_says_where(tmp_path, old, new, why):
    raw = recorded()
    assert old in raw
    with pytest.raises(TraceError, match=why):
        read(tmp_path / "t", raw.replace(old, new, 1))


@given(st.data())
def test_any_bytes_are_a_trace_or_one_error(tmp_path_factory, data):
    raw = bytearray(recorded())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    path = tmp_path_factory.getbasetemp() / "mutated.trace"
    said = ""
    try:
        read(path, bytes(raw))
    except TraceError as error:
        said = str(error)
    assert not said or said.startswith(f"{path}: ")


def test_what_cannot_be_read_says_why(tmp_path):
    with pytest.raises(TraceError, match="No such file"):
        Trace(tmp_path / "missing")
    with pytest.raises(TraceError, match="directory"):
        Trace(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(TraceError, match="is empty"):
        Trace(tmp_path / "empty")
