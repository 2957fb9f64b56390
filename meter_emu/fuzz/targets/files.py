"""Targets in files: card images, traces, campaigns, meter models, read as the verbs read them."""

import atexit
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final
from zlib import crc32

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of, parse_image
from card_protocol.errors import LayoutError, TraceError
from card_protocol.trace import Trace, row_words
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk
from meter_emu.errors import MeterEmuError
from meter_emu.fuzz.target import FuzzField, Target, last_bytes, must
from meter_emu.resources import built_in
from meter_emu.world.meter.image import CRC_SIZE_BYTES
from meter_emu.world.meter.model import load_model
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml

_METER_ID: Final = 541_000_000_001
_MINUTE: Final = 10_000_000
_DONE: Final = b"\x90\x00"
_VERIFY: Final = 0x20  # a wrong PIN costs a try
_IMAGE_HEAD: Final = 0x44  # as in card_protocol/card/image.py
_COMMANDS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "00a40000023f00", "00a4000402be0100", "00b0810008", "00b0000010", "00d6810004deadbeef",
        "0084000008", "002000810437383136", "00a4000c02df01", "ffb0000010", "ffd0200401020304",
    )
)  # fmt: skip


def _card_image(data: bytes, _build: str) -> None:
    try:
        image = parse_image(data)
    except LayoutError:
        return
    must(image.to_bytes() == data, "an image is the same bytes when it is written again")
    card = card_of(image, Random(0).randbytes)
    if not card.power_on():
        must(data[:2] == CardKind.MEMORY.value, "only a memory card that no reader knows is silent")
        return
    for command in _COMMANDS:
        before = card.image.to_bytes()
        answer = card.transmit(command)
        must(len(answer) >= 2, "every command is answered")
        kept = answer[-2:] == _DONE or command[1] == _VERIFY or before == card.image.to_bytes()
        must(kept, "a command that is refused leaves every byte as it was")
    again = card.image.to_bytes()
    must(parse_image(again).to_bytes() == again, "what it holds then is an image too")


def _image_crc(data: bytes) -> bytes:
    """Put the CRC-32 at the end of an image right, and the size that stands in a file card's."""
    if len(data) < _IMAGE_HEAD:
        return data
    body = data[:-CRC_SIZE_BYTES]
    if data[:2] != CardKind.MEMORY.value:
        body = body[:4] + len(data).to_bytes(4, "big") + body[8:]
    return body + crc32(body).to_bytes(CRC_SIZE_BYTES, "big")


def _image_slots(data: bytes) -> list[FuzzField]:
    """Return life cycle, counts and rows of the file table of a file card."""
    if len(data) < _IMAGE_HEAD or data[:2] == CardKind.MEMORY.value:
        return []
    edges = (b"\x00", b"\x01", b"\x7f", b"\xff")
    rows = range(_IMAGE_HEAD, min(_IMAGE_HEAD + 9 * data[8], len(data) - 9))
    return [FuzzField(at, 1, edges) for at in (*range(2, 12), *rows)]


@cache
def _folder() -> Path:
    """Return a folder of this process for what is read from a file."""
    made = TemporaryDirectory(prefix="meter-emu-fuzz-")
    atexit.register(made.cleanup)
    return Path(made.name)


def _of_file(name: str, ask: Callable[[Path], None]) -> Callable[[bytes, str], None]:
    def check(data: bytes, _build: str) -> None:
        path = _folder() / name
        path.write_bytes(data)
        ask(path)

    return check


def _trace(path: Path) -> None:
    with suppress(TraceError), Trace(path) as trace:
        for row in trace.rows():
            must(bool(row_words(row)), "every row has words")


def _campaign(path: Path) -> None:
    try:
        campaign = load_campaign(path)
        if len(campaign.households) > _HOMES_MAX:
            return
        text = campaign_toml(campaign)
    except MeterEmuError:
        return
    path.write_text(text)
    must(campaign_toml(load_campaign(path)) == text, "a campaign is the same when written again")


def _model(path: Path) -> None:
    with suppress(MeterEmuError):
        load_model(path)


_HOMES_MAX: Final = 40


def _cards() -> tuple[bytes, ...]:
    desk = Desk(BENCH_MASTER_KEY)
    return tuple(
        desk.issue(_METER_ID, issued_at_min=_MINUTE, kind=kind, generation=generation).to_bytes()
        for kind, generation in (
            (CardKind.SECURE, 1), (CardKind.SECURE, 2), (CardKind.PLAIN, 1), (CardKind.MEMORY, 1),
        )
    )  # fmt: skip


_TRACE_SEED: Final = (
    b'{"row":"trace","version":1,"origin":{"card":"home.card"}}\n'
    b'{"row":"insert","card":"home.card","at":"2020-03-23 14:50"}\n'
    b'{"row":"reset","atr":"3b00"}\n'
    b'{"row":"exchange","command":"00a40000023f00","answer":"9000"}\n'
    b'{"row":"exchange","command":"0020008108xxxx","failure":"card removed"}\n'
    b'{"row":"torn","command":"00d6000001ff","writing_us":5000}\n'
    b'{"row":"off"}\n{"row":"remove"}\n{"row":"end"}\n'
)
_TOML_WORDS: Final = (
    b"[[household]]", b"[[household.visits]]", b"id = ", b"at = 2020-07-03T23:01:00",
    b"2020-03-29T02:30:00", b"2020-10-25T02:30:00+02:00", b"cut_at", b"defer_until", b"count = ",
    b"reactivate = true", b"load_eur", b"model = ", b"expect = ", b"0x", b"inf", b"nan", b'"""',
)  # fmt: skip


def _toml(kind: str) -> Callable[[], tuple[bytes, ...]]:
    def seeds() -> tuple[bytes, ...]:
        assert kind in {"campaigns", "meters"}
        found = built_in("campaigns" if kind == "campaigns" else "meters").values()
        texts = (path.read_bytes() for path in found)
        return tuple(text for text in texts if len(text) <= _TOML_SIZE_MAX)

    return seeds


_TOML_SIZE_MAX: Final = 8_192

TARGETS: Final = (
    Target(
        id="card-image",
        asks="a card's image, of any kind",
        oracles="refused, or the same bytes again; answers, and what is refused changes nothing",
        size_max=2_048,
        check=_card_image,
        seeds=_cards,
        words=tuple(kind.value for kind in CardKind),
        slots=_image_slots,
        seal=_image_crc,
        tags=last_bytes(CRC_SIZE_BYTES),
        fixed=True,
    ),
    Target(
        id="trace",
        asks="a trace file",
        oracles="refused in one line, or every row has words",
        size_max=4_096,
        check=_of_file("fuzzed.trace", _trace),
        seeds=lambda: (_TRACE_SEED,),
        words=(b'"row":', b'"exchange"', b'"answer":', b'"us":', b"xx", b'{"row":"end"}\n'),
    ),
    Target(
        id="campaign",
        asks="a campaign file",
        oracles="refused in one line, or the same campaign when it is written again",
        size_max=_TOML_SIZE_MAX,
        check=_of_file("fuzzed.toml", _campaign),
        seeds=_toml("campaigns"),
        words=_TOML_WORDS,
    ),
    Target(
        id="model",
        asks="a meter model's file",
        oracles="refused in one line, or a model",
        size_max=_TOML_SIZE_MAX,
        check=_of_file("fuzzed-model.toml", _model),
        seeds=_toml("meters"),
        words=(b"[clock]", b"[credit]", b"[window]", b"[night]", b"rtc = ", b"poll_s = "),
    ),
)
