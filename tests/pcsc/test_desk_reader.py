"""`desk --reader`: the office at a real reader, which writes on purpose and says what failed."""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, CardImage, CardKind
from card_protocol.card.memory_card import Make, MemoryCard
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import FileCard, card_of
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.cli import app
from tests.bounds import HANG_MS, HANG_S
from tests.cards import file_card, memory_card
from tests.cli.outcome import Outcome, runner
from tests.firmware.meters import METER_ID, START, Rig
from tests.forked import PROGRAM, Forked
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.slots import Odd, Pulled, Slot, card_in
from tests.rigs import counted

FIRST, SECOND = VPCD_READERS
READERS = {"schema": "card-readers/1", "readers": list(VPCD_READERS)}
SURE = "--yes-write-hardware"
# The time that the meter has: a stamp of today would be years ahead of it.
THEN = ("--issued-at", f"{START:%Y-%m-%dT%H:%MZ}")


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


@pytest.fixture
def desk(monkeypatch, capsys) -> Callable[..., Outcome]:
    return runner(monkeypatch, capsys, "desk", after=("--reader", FIRST))


@pytest.fixture
def link(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(FIRST) as link:
        assert link.wait(present=False, wait_ms=HANG_MS)  # a card of the test before
        yield link


def test_readers_are_listed_for_people_and_programs(pcscd, monkeypatch, capsys):
    for args, said in (([], "\n".join(VPCD_READERS) + "\n"), (["--json", "-"], None)):
        monkeypatch.setattr(sys, "argv", ["meter-emu", "card", "readers", *args])
        assert app.run() == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert out == said or json.loads(out) == READERS


@pytest.mark.slow("a process for the reader at each visit")
@pytest.mark.parametrize("carrier", list(CardKind), ids=lambda kind: kind.name.lower())
def test_the_office_writes_on_a_real_card_and_reads_what_the_meter_wrote(
    pcscd, link, desk, carrier
):
    rig = Rig(carrier=carrier)
    with card_in(pcscd, link, rig.card):
        done = desk("load", "--eur", "50", SURE, *THEN)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"{FIRST}: meter {METER_ID}: order 0")
        assert "no meter has written on this card" in desk("read").complains()
        assert desk("limiter", "on", SURE, *THEN).code == 0
        promise = json.loads(desk("account", "--json", "-").out)
        assert (promise["loaded_cents"], promise["order"]["limiter_granted"]) == (5_000, True)
    assert rig.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    with card_in(pcscd, link, rig.card):
        written = {
            row["field"]: row for row in json.loads(desk("read", "--json", "-").out)["fields"]
        }
        assert written["accepted_cents"]["value"] in {5_000, "50.00 EUR"}


def test_a_real_card_is_not_written_without_the_word(pcscd, link, desk):
    rig = Rig()
    before = rig.card.image.to_bytes()
    with card_in(pcscd, link, rig.card):
        assert SURE in desk("load", "--eur", "50").complains()
        assert rig.card.image.to_bytes() == before
        assert desk("account").code == 0
    assert file_card(rig.card.image).contents == CardImage.from_bytes(before).contents


def test_a_card_is_waited_for_and_its_absence_said(pcscd, desk):
    said = desk("account", "--wait-s", "0").complains()
    assert said == f"meter-emu: no card: {FIRST}\n"
    waiting = Forked(
        [*PROGRAM, "desk", "account", "--wait-s", "60", "--reader", FIRST],
        env=pcscd.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with waiting:
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == f"{FIRST}: put the card in; waiting 60 s\n"
        slot = Slot(pcscd, Rig().card)
        assert waiting.communicate(timeout=HANG_S) == (None, "")
        slot.end()
    assert waiting.returncode == 0


def test_a_wrong_key_costs_the_card_no_try(pcscd, link, desk, tmp_path):
    key = tmp_path / "key"
    key.write_text("00" * 16)
    rig = Rig()
    with card_in(pcscd, link, rig.card):
        for command in (["account"], ["load", "--eur", "50", SURE]):
            said = desk(*command, "--master-key", key).complains()
            assert said.startswith(f"meter-emu: {FIRST}: ")
            assert "MAC" in said
    assert rig.card.image.tries_left == (PIN_TRIES_MAX, KEY_TRIES_MAX, KEY_TRIES_MAX)


def test_a_plain_card_at_its_last_try_keeps_it(pcscd, link, desk, put, tmp_path):
    rig, path = Rig(carrier=CardKind.PLAIN), tmp_path / "home.card"
    path.write_bytes(rig.card.image.to_bytes())
    rig.card = card_of(file_card(rig.card.image).with_tries(0, 1), counted())
    before = rig.card.image.to_bytes()
    with card_in(pcscd, link, rig.card):
        for done in (desk("load", "--eur", "50", SURE, *THEN), put(path, SURE)):
            kept = "meter-emu: not sent: PIN not presented, tries left: 1\n"
            assert done.complains() == kept
        assert desk("account").code == 0
    assert rig.card.image.to_bytes() == before


def test_a_card_pulled_while_it_is_written_is_to_be_looked_at(pcscd, link, desk):
    rig = Rig()
    pulled = Pulled(rig.card)
    look = "; it may have been written: see desk account"
    # Told a date, the office looks at the card with six commands, and again with seven before it
    # writes: then it reads as well what the meter wrote back.
    for at, perhaps in ((13, ""), (14, look)):
        with card_in(pcscd, link, pulled) as slot:
            pulled.slot, pulled.at = slot, at
            said = desk("load", "--eur", "50", SURE, *THEN).complains()
        assert said == f"meter-emu: card removed: {FIRST}{perhaps}\n"
    with card_in(pcscd, link, rig.card):
        assert "ever loaded 50.00 EUR in 1 load" in desk("account").out


@pytest.mark.slow("has a process that owns the reader for each of six command lines")
def test_a_trace_without_room_says_when_the_card_was_written_before(pcscd, link, desk, tmp_path):
    rig, trace = Rig(), tmp_path / "the.trace"
    load = ("load", "--eur", "50", SURE, "--trace", trace)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with card_in(pcscd, link, rig.card):
        assert desk(*load).code == 0
        written = trace.read_bytes().rindex(b'{"row":"exchange"')  # UPDATE BINARY, and then the end
        for room, perhaps, loads in (
            (written - 1, "", 1),
            (written + 1, "; it may have been written: see desk account", 2),
        ):
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            try:
                said = desk(*load).complains()
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            want = f"meter-emu: {trace}: cannot be written: no room for a whole row{perhaps}\n"
            assert said == want
            assert f"in {loads} load{'s' * (loads > 1)}\n" in desk("account").out


def test_a_card_that_is_none_of_ours_is_said(pcscd, link, desk):
    with card_in(pcscd, link, Odd(lambda _: b"\x6a\x82")):
        said = desk("account").complains()
        assert said.startswith(f"meter-emu: {FIRST}: no budget card: select ")


# A real card's first content ----------------------------------------------------------------------


@pytest.fixture
def put(monkeypatch, capsys) -> Callable[..., Outcome]:
    return runner(monkeypatch, capsys, "card", "put", after=("--reader", FIRST))


def erased(rig: Rig) -> FileCard:
    """Return the plain card of a home as its maker delivers it: the file is there, and empty."""
    image = file_card(rig.card.image)
    (content,) = image.contents
    return card_of(replace(image, contents=(b"\xff" * len(content),)), counted())


def test_a_new_plain_card_gets_its_first_content_and_is_obeyed(pcscd, link, put, desk, tmp_path):
    rig = Rig(carrier=CardKind.PLAIN)
    issued, rig.card = rig.card.image, erased(rig)
    path = tmp_path / "home.card"
    path.write_bytes(issued.to_bytes())
    with card_in(pcscd, link, rig.card):
        assert SURE in put(path).complains()
        assert "expected a copy that is whole" in desk("account").complains()
        done = put(path, SURE)
        assert (done.code, done.err) == (0, "")
        assert done.out == f"{FIRST}: holds {path} now, 1024 bytes in file BE01; before: blank\n"
        assert desk("load", "--eur", "50", SURE, *THEN).code == 0
    assert rig.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"


def test_only_a_plain_image_is_put_on_a_card_that_has_room_for_it(pcscd, link, put, tmp_path):
    secure, plain = tmp_path / "secure.card", tmp_path / "plain.card"
    secure.write_bytes(Rig().card.image.to_bytes())
    plain.write_bytes(Rig(carrier=CardKind.PLAIN).card.image.to_bytes())
    assert "expected a plain or a memory card" in put(secure, SURE).complains()
    with card_in(pcscd, link, Odd(lambda _: b"\x6a\x82")):
        assert "select BE01: 6A82" in put(plain, SURE).complains()
    forgetful = Odd(lambda command: b"\x90\x00" if command[1] != 0xB0 else bytes(256) + b"\x90\x00")
    with card_in(pcscd, link, forgetful):
        assert "does not hold what was written" in put(plain, SURE).complains()


# A blank memory card ------------------------------------------------------------------------------


@pytest.fixture
def memory(tmp_path) -> tuple[Rig, Path]:
    """Return a home whose memory card was issued into a file and is a blank chip yet."""
    rig = Rig(carrier=CardKind.MEMORY)
    path = tmp_path / "memory.card"
    path.write_bytes(rig.card.image.to_bytes())
    rig.card = MemoryCard(blank(rig))
    return rig, path


def blank(rig: Rig, code: bytes = b"\xff\xff\xff") -> MemoryImage:
    own = memory_card(rig.card.image)
    return replace(own, main=own.main[:32] + b"\xff" * 224, code=code)


@pytest.mark.slow("a daemon and a card in its reader")
def test_a_blank_memory_card_gets_its_first_content_and_is_obeyed(pcscd, link, put, desk, memory):
    rig, path = memory
    own = MemoryImage.from_bytes(path.read_bytes())
    with card_in(pcscd, link, rig.card):
        assert SURE in put(path).complains()
        assert "magic" in desk("account").complains()
        done = put(path, SURE)
        assert (done.code, done.err) == (0, "")
        assert (
            done.out
            == f"{FIRST}: holds {path} now, from byte 32 on, behind its own code; before: blank\n"
        )
        assert rig.card.image == own
        assert desk("load", "--eur", "50", SURE, *THEN).code == 0
        assert "50.00 loaded, order 0, which is newer" in put(path, SURE).complains()
        assert put(path, SURE, "--force").code == 0  # what was loaded is gone
        assert rig.card.image == own
        assert desk("load", "--eur", "50", SURE, *THEN).code == 0
    assert rig.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    with card_in(pcscd, link, rig.card):
        assert "50.00 EUR" in desk("read").out
    assert memory_card(rig.card.image).tries_left == 3


# How many commands the card obeys, and what it has then: bytes of ours, and of the code. All cuts,
# also in the middle of a command, are in tests/card_protocol/test_first_content.py.
PULLS = {"code presented": (6, 0, 0), "written": (7, 220, 0), "code begun": (11, 221, 1),
         "code changed": (23, 223, 3)}  # fmt: skip


@pytest.mark.parametrize(("at", "ours", "changed"), PULLS.values(), ids=PULLS)
def test_a_memory_card_that_was_pulled_is_put_again(pcscd, link, put, memory, at, ours, changed):
    rig, path = memory
    own = MemoryImage.from_bytes(path.read_bytes())
    marks = max(ours - 220, 0)
    pulled = Pulled(rig.card)
    with card_in(pcscd, link, pulled) as slot:
        pulled.slot, pulled.at = slot, at
        said = put(path, SURE).complains()
    perhaps = "; it may have been written: put it again" if ours else ""
    assert said == f"meter-emu: card removed: {FIRST}{perhaps}\n"
    left = memory_card(rig.card.image)
    assert left.main[32:36] == own.main[32 : 32 + marks] + b"\xff" * (4 - marks)
    assert left.main[36:] == (own.main[36:] if ours else b"\xff" * 220)
    assert left.code == own.code[:changed] + b"\xff" * (3 - changed)
    with card_in(pcscd, link, rig.card):
        assert put(path, SURE).code == 0
    assert rig.card.image == own


def test_a_memory_card_with_a_foreign_code_loses_one_try(pcscd, link, put, memory):
    rig, path = memory
    foreign = blank(rig, b"\x12\x34\x56")
    foreign = foreign.with_main(32, bytes(range(224)))
    rig.card = MemoryCard(foreign)
    with card_in(pcscd, link, rig.card):
        refused = "what lies on the card is none of ours: not written, --force does"
        assert put(path, SURE).complains() == f"meter-emu: {FIRST}: {refused}\n"
        forced = put(path, SURE, "--force").complains()
        assert forced == f"meter-emu: {FIRST}: wrong code, tries left: 2\n"
        for _ in range(2):
            assert "code not presented, tries left: 2" in put(path, SURE, "--force").complains()
    assert rig.card.image == replace(foreign, counter=6)


def test_what_cannot_take_a_memory_card_is_said_and_costs_no_try(pcscd, link, put, memory):
    rig, path = memory
    fresh = memory_card(rig.card.image)
    path.with_name("blank.card").write_bytes(fresh.to_bytes())
    said = put(path.with_name("blank.card"), SURE).complains()
    assert "blank.card: expected a card as card new makes it: identity part" in said
    other = MemoryCard(fresh, make=Make.PCSC)
    for card, said in (
        (other, "a reader of make PC/SC cannot change the code"),
        (Rig(carrier=CardKind.PLAIN).card, "expected a memory card, and this one has files"),
    ):
        with card_in(pcscd, link, card):
            assert put(path, SURE).complains() == f"meter-emu: {FIRST}: {said}\n"
    assert other.image == fresh
