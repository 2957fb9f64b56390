"""docs/card-format.md is the contract: its tables and dumps are the program's, byte for byte."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from card_protocol.card.files import MF, Access
from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import card_of
from card_protocol.formats import budget
from card_protocol.formats.budget import CardId, OrderFlags, Sfi, WriteBackRecord, seal
from card_protocol.formats.budget.generations import layouts, order_mac
from card_protocol.formats.budget.instants import DESK as DESK_OF_INSTANTS
from card_protocol.formats.budget.making import plain_tree, secure_tree
from card_protocol.formats.clock import CLOCK
from card_protocol.formats.container import HEAD, SLOT_BYTES, TRANSPORT_PIN
from card_protocol.keys import Purpose, derive
from card_protocol.layout import Layout
from card_protocol.link.link import DirectLink
from card_protocol.timestamp import Civil, encode_bcd_minute
from meter_emu.desk.budget import view
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.energies import BY_CODE
from meter_emu.zones import TimeZone
from tests.cards import file_card
from tests.cells import each_cell

PAGE = (Path(__file__).parents[2] / "docs" / "card-format.md").read_text("utf-8")
TREES = {generation: secure_tree(budget.DF_ELECTRICITY, generation) for generation in (1, 2)}
METER = 541_000_000_001
CARD = CardId(METER, 7, CardKind.SECURE)
T = Civil(2020, 7, 3, 23, 1)
LAYOUTS: dict[str, Layout[Any]] = {
    layout.name: layout for generation in (1, 2) for layout in layouts(generation).values()
}
BY_NAME = each_cell("name", LAYOUTS)


def cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def table(heading: str, page: str = PAGE) -> list[list[str]]:
    """Return the rows of the table whose head row reads `heading`."""
    assert page.count(f"\n| {heading} |\n") == 1, heading
    lines = page.split(f"\n| {heading} |\n")[1].splitlines()[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append(cells(line))
    assert rows, heading
    return rows


def fields(name: str, page: str = PAGE) -> list[tuple[int, int, str, str, str]]:
    section = page.split(f"\n## {name.capitalize()}\n")[1].split("\n## ", maxsplit=1)[0]
    rows = table("offset | size | field | kind | unit | holds", section)
    return [(int(row[0]), int(row[1]), row[2], row[3], row[4].strip("\N{EN DASH}")) for row in rows]


def hexdump(name: str) -> bytes:
    found = re.findall(rf'```hexdump title="{name}"\n(.*?)```', PAGE, re.DOTALL)
    assert len(found) == 1, name
    raw = b""
    for line in found[0].splitlines():
        at, _, digits = line.partition("  ")
        assert int(at, 16) == len(raw), line
        raw += bytes.fromhex(digits)
    return raw


def codes(heading: str) -> dict[int, str]:
    return {int(code, 16): name for code, name in table(heading)}


def armed_card(generation: int, kind: CardKind = CardKind.SECURE) -> CardImage:
    """The card of the worked example, as its last section has it."""
    desk = Desk(TEST_MASTER_KEY)
    image = desk.issue(
        METER,
        customer_ref=1_234_567_890_123,
        card_number=7,
        generation=generation,
        issued_at_min=10_734_240,
        card_kind=kind,
    )
    card = card_of(image, bytes)
    link = DirectLink(card)
    link.connect()
    desk.serve(link.exchange, Work(load_cents=5000), issued_at_min=10_734_245)
    desk.serve(link.exchange, Work(defer_until=T, cut_at=T), issued_at_min=10_734_245)
    return file_card(card.image)


@pytest.fixture(scope="module")
def card() -> CardImage:
    return armed_card(1)


@pytest.fixture(scope="module")
def plain_card() -> CardImage:
    """The same on a plain card."""
    return armed_card(1, CardKind.PLAIN)


WRITTEN_BACK = WriteBackRecord(
    magic=b"BB",
    generation=1,
    result=Result.EXECUTED,
    meter_id=METER,
    session_count=2,
    challenge=bytes.fromhex("5c0ffee5c0ffee42"),
    clock=encode_bcd_minute(Civil(2020, 5, 29, 10, 12)),
    clock_health=0,
    uncertainty_s=61,
    register_units=4_711_000,
    charged_wh=4_600_000,
    deferred_wh=0,
    postpaid_wh=0,
    balance_ueur=48_250_000,
    charged_ueur=1_150_000_000,
    emergency_debt_ueur=0,
    accepted_cents=5000,
    accepted_count=1,
    order_number=1,
    order_mac=bytes.fromhex("bc2e3cb138eb737d"),
    order_result=Result.EXECUTED,
    supply=1,
    blocks=0,
    shields=1,
    defer_until=encode_bcd_minute(T),
    cut_at=encode_bcd_minute(T),
    tariff_number=1,
    night_wh=0,
    charged_night_wh=0,
    shelter_left_min=5_760,
    shelter_left_wh=671_600,
    night_left_wh=200_000,
    events=bytes.fromhex("00a3caac06000001 00a3caac08001388") + b"\xff" * 8,
    mac=budget.NO_MAC,
)


def test_every_byte_of_a_plain_card_is_on_the_page(plain_card):
    """Head and rows, the records of the other dumps, a write-back of FF, and the CRC."""
    names = [layouts(1)[sfi].name for sfi in Sfi if sfi is not Sfi.WRITE_BACK]
    bodies = [hexdump(name)[:-8] for name in names]
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER)
    head = METER.to_bytes(8, "big") + (7).to_bytes(4, "big") + b"P"
    macs = [cmac(key.raw, head + body)[:8] for body in bodies]
    assert "`{}` and `{}` on a plain card".format(*(mac.hex() for mac in macs)) in PAGE
    records = b"".join(body + mac for body, mac in zip(bodies, macs, strict=True))
    body = hexdump("container") + records + b"\xff" * budget.WRITE_BACK.size_bytes
    whole = body + crc32(body).to_bytes(4, "big")
    assert plain_card.contents[0][: len(whole)] == whole
    assert f"`{whole[-4:].hex()}`" in PAGE


def test_a_container_of_either_generation_is_as_long_as_the_page_says():
    sizes = []
    for generation in (1, 2):
        file = armed_card(generation, CardKind.PLAIN).contents[0]
        sizes.append(HEAD.parse(file[: HEAD.size_bytes]).size_bytes)
    assert "has {1} in place of {0}.".format(*sizes) in PAGE


def test_the_plain_file_is_where_the_page_says():
    (spec,) = plain_tree(budget.DF_ELECTRICITY).specs
    assert (spec.df, f"`{spec.fid:X}` in the MF" in PAGE) == (MF, True)
    assert f"{spec.size_bytes:,} bytes: two slots of {SLOT_BYTES}" in PAGE
    assert f"transport PIN `{TRANSPORT_PIN}`" in PAGE
    assert (spec.read, spec.update) == (Access.ALWAYS, Access.PIN)


@each_cell("layout", [*LAYOUTS.values(), HEAD, CLOCK], ids=lambda one: one.name)
def test_every_field_is_where_the_page_says(layout):
    assert fields(layout.name) == [tuple(field) for field in layout.fields]


@pytest.mark.parametrize(
    "row",
    [
        "| 17 | 5 | `defer_until` | bytes | YYMMDDhhmm |",
        "| 16 | 5 | `defer_until` | bytes | min since 2000 UTC |",
    ],
)
def test_a_page_with_another_offset_or_unit_is_seen(row):
    """The check can fail."""
    broken = PAGE.replace("| 16 | 5 | `defer_until` | bytes | YYMMDDhhmm |", row, 1)
    assert broken != PAGE
    assert fields("desk record", broken) != fields("desk record")


@pytest.mark.parametrize("sfi", [sfi for sfi in Sfi if sfi is not Sfi.WRITE_BACK])
def test_every_byte_the_desk_wrote_is_in_the_dump(card, sfi):
    assert card.content(budget.DF_ELECTRICITY, sfi) == hexdump(layouts(1)[sfi].name)


def test_every_byte_of_an_order_of_instants_is_in_the_dump():
    raw = armed_card(2).content(budget.DF_ELECTRICITY, Sfi.DESK)
    assert raw == hexdump(DESK_OF_INSTANTS.name)
    assert DESK_OF_INSTANTS.parse(raw).cut_min * 60 + 946_684_800 == 1_593_810_060  # 21:01 UTC


def test_every_byte_the_meter_wrote_is_in_the_dump():
    key = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER)
    assert seal(budget.WRITE_BACK, WRITTEN_BACK, key, CARD) == hexdump("write-back")


def test_another_value_makes_another_dump():
    """The check can fail: one cent more is seen in the record and in its MAC."""
    key = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, METER)
    other = seal(budget.WRITE_BACK, replace(WRITTEN_BACK, accepted_cents=5001), key, CARD)
    dump = hexdump("write-back")
    touched = {at for at in range(len(dump)) if dump[at] != other[at]}
    assert 71 in touched  # accepted_cents
    assert touched - {71} <= set(range(146, 154))


def test_the_files_are_those_of_the_card():
    words = {
        "always": Access.ALWAYS,
        "desk": Access.DESK,
        "meter": Access.METER,
        "meter or desk": Access.METER_OR_DESK,
    }
    rows = table("SFI | FID | name | size | size in generation 2 | read | update")
    for generation, column in ((1, 3), (2, 4)):
        assert [
            (int(row[0]), int(row[1], 16), int(row[column]), words[row[5]], words[row[6]])
            for row in rows
        ] == [(s.sfi, s.fid, s.size_bytes, s.read, s.update) for s in TREES[generation].specs]
    assert [row[2] for row in rows] == [layouts(1)[sfi].name for sfi in Sfi]


def cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(data)
    return mac.finalize()


def test_keys_derive_as_the_page_says():
    """The formula of the page, over plain CMAC, gives the keys in its table and those in use."""
    rows = table("purpose | label | key")
    assert [row[0] for row in rows] == [purpose.name for purpose in Purpose]
    for name, label, digits in rows:
        fixed = label.encode() + b"\x00" + METER.to_bytes(8, "big") + bytes.fromhex("00000080")
        key = cmac(TEST_MASTER_KEY.raw, bytes.fromhex("00000001") + fixed)
        assert key.hex() == digits
        assert derive(TEST_MASTER_KEY, Purpose[name], METER).raw == key
    assert f"`{TEST_MASTER_KEY.raw.hex()}`" in PAGE


@BY_NAME
def test_macs_cover_what_the_page_says(name):
    raw = hexdump(name)
    purpose = Purpose.METER_RECORD if name == "write-back" else Purpose.DESK_RECORD
    key = derive(TEST_MASTER_KEY, purpose, METER)
    head = METER.to_bytes(8, "big") + (7).to_bytes(4, "big") + b"S"
    assert cmac(key.raw, head + raw[:-8])[:8] == raw[-8:]


def test_the_letters_of_the_carriers_are_those_of_the_page():
    said = dict(table("letter | carrier"))
    assert said == {code.decode(): kind.name.lower() for kind, code in budget.CARRIER_CODES.items()}


def test_the_mac_of_the_order_is_the_one_on_the_page(card):
    record = budget.DESK.parse(card.content(budget.DF_ELECTRICITY, Sfi.DESK))
    mac = order_mac(derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER), METER, record)
    assert mac == WRITTEN_BACK.order_mac
    assert f"For the order below it is `{mac.hex()}`." in PAGE


def test_the_token_is_the_one_on_the_page():
    key = derive(TEST_MASTER_KEY, Purpose.REACTIVATION, METER)
    text = METER.to_bytes(8, "big") + bytes.fromhex("00000002") + b"cancels T1 and T2"
    token = cmac(key.raw, text)[:8]
    assert token == budget.reactivation_token(key, METER, 2)
    assert f"`{token.hex()}`" in PAGE


def test_result_codes_are_those_of_the_format():
    rows = table("code | name | means")
    assert {name: int(code, 16) for code, name, _ in rows} == {r.name: r.value for r in Result}


@each_cell(
    ("heading", "names"),
    [
        ("code | energies", {code: energy.name for code, energy in BY_CODE.items()}),
        ("code | clock health", view.HEALTH),
        ("code | supply states", view.SUPPLY),
        ("bit | blocks", view.BLOCKS),
        ("bit | shields", view.SHIELDS),
        ("bit | order flags", view.FLAGS),
        ("code | events", view.EVENTS),
        ("code | zone rules", view.ZONE_RULES),
    ],
)
def test_the_office_reads_codes_as_the_page_says(heading, names):
    assert codes(heading) == names


def test_the_meter_writes_codes_as_the_page_says():
    """Office and meter share no table; the page is what they have in common."""
    from meter_emu.firmware import layouts, supply

    def said(members: Any) -> dict[int, str]:
        return {member.value: member.name.lower().replace("_", " ") for member in members}

    assert codes("code | clock health") == said(layouts.Health)
    assert codes("code | supply states") == said(layouts.Supply)
    assert codes("bit | blocks") == said(supply.Block)
    assert codes("bit | shields") == said(supply.Shield)
    assert codes("bit | order flags") == said(OrderFlags)
    assert codes("code | zone rules") == {
        zone.rule.code: zone.name.lower().replace("_", " ") for zone in TimeZone
    }
    events = codes("code | events")
    assert events.keys() == {code.value for code in layouts.EventCode}
    for code in layouts.EventCode:
        assert code.name.lower().split("_")[0] in events[code.value]
