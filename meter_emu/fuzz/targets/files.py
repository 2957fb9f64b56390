"""Targets in files: card images, traces, meter models, read as commands read them."""

import json
import tomllib
from functools import cache
from random import Random
from typing import Any, Final
from zlib import crc32

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, parse_image
from card_protocol.errors import LayoutError, TraceError
from card_protocol.trace import Trace, row_words
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import ENERGIES
from meter_emu.errors import MeterEmuError
from meter_emu.fuzz.modelled import ModelledCard, bytes_of, numbered
from meter_emu.fuzz.models.file_card import image_holds
from meter_emu.fuzz.models.meter_models import RANGES, numbers_of, numbers_refused
from meter_emu.fuzz.reach import must, note, note_all
from meter_emu.fuzz.scratch import scratch_file
from meter_emu.fuzz.target import FuzzField, Target, last_bytes
from meter_emu.resources import built_in
from meter_emu.stories.chooser import FromBytes
from meter_emu.world.meter.image import CRC_SIZE_BYTES
from meter_emu.world.meter.model import load_model

_METER_ID: Final = 541_000_000_001
_MINUTE: Final = 10_000_000
_IMAGE_HEAD: Final = 0x44  # as in card_protocol/card/image.py
_COMMANDS: Final = tuple(
    bytes.fromhex(text)
    for text in (
        "00a40000023f00", "00a4000402be0100", "00b0810008", "00b0000010", "00d6810004deadbeef",
        "0084000008", "002000010437383136", "00d6810004deadbeef", "00d600ff0401020304",
        "00d6050001ff", "00d6830001ff", "00a4000c02df01", "00b0810008",
    )
)  # fmt: skip
_SELECT_MEMORY: Final = bytes.fromhex("ffa400000106")


def _commands(image: AnyImage) -> tuple[bytes, ...]:
    """Return what is sent to a card; a memory card's code is on it."""
    if not isinstance(image, MemoryImage):
        return _COMMANDS
    write, past = bytes.fromhex("ffd020040401020304"), bytes.fromhex("ffd0fe00040102030405")
    code = b"\xff\x20\x00\x00\x03" + image.code
    return (
        write,
        _SELECT_MEMORY,
        bytes.fromhex("ffb0000010"),
        code,
        bytes.fromhex("ffd000200401020304"),
        bytes.fromhex("ffd000fe0401020304"),
        past,
    )


def _card_image(data: bytes, _build: str) -> None:
    try:
        image = parse_image(data)
    except LayoutError as error:
        note("refused")
        must(not _could_be(data), "an image of a card that there can be is not refused", str(error))
        return
    must(_could_be(data), "what no card can hold is refused")
    must(bytes_of(image) == data, "an image is the same bytes when it is written again")
    card = ModelledCard(image, numbered)
    if not card.power_on():
        card.transmit(_SELECT_MEMORY)
        must(data[:2] == CardKind.MEMORY.value, "only a memory card that no reader knows is silent")
        return
    kind = image.kind.name.lower()
    for command in _commands(image):
        answer = card.transmit(command)
        note(f"{kind} {command[1]:02X} {answer[-2]:02X}")
    again = card.image.to_bytes()
    must(parse_image(again).to_bytes() == again, "what it holds then is an image too")


def _could_be(data: bytes) -> bool:
    """Whether an image is of a card: a memory card has any bytes, and three bits of tries."""
    if len(data) < CRC_SIZE_BYTES or crc32(data[:-4]).to_bytes(4, "big") != data[-4:]:
        return False
    if data[:2] != CardKind.MEMORY.value:
        return data[:2] in {b"SC", b"PC"} and image_holds(data)
    return len(data) == 0x110 and data[2:4] == b"\1\0" and data[0x108] < 8


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


def _trace(data: bytes, _build: str) -> None:
    path = scratch_file("fuzzed.trace")
    path.write_bytes(data)
    try:
        with Trace(path) as trace:
            for row in trace.rows():
                must(bool(row_words(row)), "every row has words")
                note(type(row).__name__)
    except TraceError as error:
        must("\n" not in str(error), "a refusal is one line")
        must(data not in _traces()[:2], "a trace that is right is not refused")
        note("refused")
        return
    note("cut off" if trace.cut else "ended")


def _model(data: bytes, _build: str) -> None:
    path, drawn = scratch_file("fuzzed-model.toml"), data[:1] == _DRAWN
    path.write_bytes(_with_an_edge(FromBytes(data[1:])).encode() if drawn else data)
    try:
        model = load_model(path)
    except MeterEmuError as error:
        must("\n" not in str(error), "a refusal is one line")
        right = not numbers_refused(tomllib.loads(path.read_text())) if drawn else data in _files()
        must(not right, "a file that is right is not refused", str(error))
        note("a number refused" if drawn else "refused")
        return
    note_all(model.rtc, model.energy)
    table = tomllib.loads(path.read_text())
    must(not numbers_refused(table), "a number that cannot be is refused", moved=drawn)
    _says(table, model)


def _with_an_edge(chooser: FromBytes) -> str:
    """Return a built-in file with a number at an edge of it, or next to another of its section."""
    table = tomllib.loads(chooser.of(_files()).decode())
    section, key = chooser.of(numbers_of(table))
    owner = table if section == "" else table[section]
    others = [owner[other] for other in RANGES[section] if other in owner]
    owner[key] = max(0, chooser.of((*RANGES[section][key], *others)) + chooser.of((-1, 0, 1)))
    plain = [(None, {name: one for name, one in table.items() if not isinstance(one, dict)})]
    sections = [(name, one) for name, one in table.items() if isinstance(one, dict)]
    return "".join(
        (f"[{name}]\n" if name else "")
        + "".join(f"{key} = {json.dumps(value)}\n" for key, value in one.items())
        for name, one in (*plain, *sections)
    )


def _says(table: dict[str, Any], read: object) -> None:
    """Ask that what a file says is what was read of it, where both are plain."""
    for name, value in table.items():
        now = getattr(read, name, None)
        if isinstance(value, dict):
            _says(value, now)
        elif isinstance(value, int | str) and isinstance(now, type(value)):
            must(now == value, "a model has the numbers and words of its file", f"{name}: {now}")


def _cards() -> tuple[bytes, ...]:
    desk = Desk(TEST_MASTER_KEY)
    return tuple(
        desk.issue(
            _METER_ID, issued_at_min=_MINUTE, card_kind=kind, generation=generation
        ).to_bytes()
        for kind, generation in (
            (CardKind.SECURE, 1), (CardKind.SECURE, 2), (CardKind.PLAIN, 1), (CardKind.MEMORY, 1),
        )
    )  # fmt: skip


_TRACE_SEED: Final = (
    b'{"row":"trace","version":1,"origin":{"card":"home.card"}}\n'
    b'{"row":"insert","card":"home.card","at":"2020-03-23 14:50"}\n'
    b'{"row":"reset","atr":"3b00"}\n'
    b'{"row":"exchange","command":"00a40000023f00","answer":"9000","means":"SELECT: success"}\n'
    b'{"row":"exchange","command":"0020000108xxxx","failure":"pulled out","means":"VERIFY"}\n'
    b'{"row":"torn","command":"00d6000001ff","writing_us":5000,"means":"UPDATE BINARY"}\n'
    b'{"row":"done","what":"button","us":1584972600000000}\n'
    b'{"row":"off"}\n{"row":"remove"}\n{"row":"end"}\n'
)


def _traces() -> tuple[bytes, ...]:
    return (_TRACE_SEED, _TRACE_SEED[:-16], _TRACE_SEED.replace(b'"3b00"', b'"3"'))


@cache
def _files() -> tuple[bytes, ...]:
    """Return the built-in models, of meters and of devices: all are right."""
    paths = (*built_in("meters").values(), *built_in("devices").values())
    texts = (path.read_bytes() for path in paths)
    return tuple(text for text in texts if len(text) <= _TOML_SIZE_MAX)


def _chips() -> list[str]:
    """Return the clock chips of the built-in models: what seeds must reach."""
    return sorted({load_model(path).rtc for path in built_in("meters").values()})


_TOML_SIZE_MAX: Final = 8_192
_DRAWN: Final = b"\0"  # no file begins with it

TARGETS: Final = (
    Target(
        id="card-image",
        asks="a card's image, of any kind",
        oracles="refused, or the same bytes again; answers and writes as the rules say",
        reaches=(
            "refused",
            "secure A4 90",
            "secure B0 90",
            "secure D6 69",
            "plain D6 90",
            "plain D6 69",
            "plain D6 6A",
            "memory A4 90",
            "memory 20 90",
            "memory D0 90",
            "memory D0 69",
            "memory D0 6B",
        ),
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
        reaches=(
            "refused",
            "cut off",
            "ended",
            "Inserted",
            "Removed",
            "Reset",
            "Unpowered",
            "Exchanged",
            "Torn",
            "Done",
            "Ended",
        ),
        size_max=4_096,
        check=_trace,
        seeds=_traces,
        words=(b'"row":', b'"exchange"', b'"answer":', b'"us":', b"xx", b'{"row":"end"}\n'),
    ),
    Target(
        id="model",
        asks="a meter model's file",
        oracles="refused in one line, or the model that the file says",
        reaches=("refused", "a number refused", *_chips(), *ENERGIES),
        size_max=_TOML_SIZE_MAX,
        check=_model,
        drawn=True,
        seeds=lambda: (
            *_files(),
            b"?",
            *(_DRAWN + Random(number).randbytes(8) for number in range(24)),
        ),
        words=(b"[clock]", b"[credit]", b"[window]", b"[night]", b"rtc = ", b"poll_s = "),
    ),
)
