"""`desk --reader`: the office at a real reader, which writes on purpose and says what failed."""

import json
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, CardImage, Kind
from card_protocol.link.pcsc import PcscLink
from meter_emu.cli import app
from tests.cli.test_card_and_desk import Outcome
from tests.firmware.meters import METER_ID, Home
from tests.pcsc.needs import pyscard_absent, refuse
from tests.pcsc.private import READERS, PrivatePcscd
from tests.pcsc.slots import Odd, Pulled, Slot, card_in

FIRST, SECOND = READERS
SURE = "--yes-write-hardware"


@pytest.fixture(autouse=True)
def _client() -> None:
    if why := pyscard_absent():
        refuse(why)


@pytest.fixture
def desk(monkeypatch, capsys) -> Callable[..., Outcome]:
    def go(*args: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["meter-emu", "desk", *map(str, args), "--reader", FIRST])
        capsys.readouterr()
        code = app.run()
        return Outcome(code, *capsys.readouterr())

    return go


@pytest.fixture
def link(pcscd: PrivatePcscd) -> Iterator[PcscLink]:
    with PcscLink(FIRST) as link:
        yield link


def test_readers_are_listed_for_people_and_programs(pcscd, monkeypatch, capsys):
    for args, said in (([], "\n".join(READERS) + "\n"), (["--json", "-"], None)):
        monkeypatch.setattr(sys, "argv", ["meter-emu", "card", "readers", *args])
        assert app.run() == 0
        out, err = capsys.readouterr()
        assert err == ""
        assert out == said or json.loads(out) == {"readers": list(READERS)}


@pytest.mark.parametrize("carrier", list(Kind), ids=lambda kind: kind.name.lower())
def test_the_office_writes_on_a_real_card_and_reads_what_the_meter_wrote(
    pcscd, link, desk, carrier
):
    home = Home(carrier=carrier)
    with card_in(pcscd, link, home.card):
        done = desk("load", "--eur", "50", SURE)
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith(f"{FIRST}: meter {METER_ID}: order 0")
        assert "no meter has written on this card" in desk("read").complains()
        assert desk("limiter", "on", SURE).code == 0
        told = json.loads(desk("account", "--json", "-").out)
        assert (told["loaded_cents"], told["order"]["limiter_granted"]) == (5_000, True)
    assert home.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    with card_in(pcscd, link, home.card):
        written = {
            row["field"]: row for row in json.loads(desk("read", "--json", "-").out)["fields"]
        }
        assert written["accepted_cents"]["value"] in {5_000, "50.00 EUR"}


def test_a_real_card_is_not_written_without_the_word(pcscd, link, desk):
    home = Home()
    before = home.card.image.to_bytes()
    with card_in(pcscd, link, home.card):
        assert SURE in desk("load", "--eur", "50").complains()
        assert home.card.image.to_bytes() == before
        assert desk("account").code == 0
    assert home.card.image.contents == CardImage.from_bytes(before).contents


def test_a_card_is_waited_for_and_its_absence_said(pcscd, desk):
    said = desk("account", "--wait-s", "0").complains()
    assert said == f"meter-emu: no card: {FIRST}\n"
    slots: list[Slot] = []
    later = threading.Timer(0.2, lambda: slots.append(Slot(pcscd, Home().card)))
    later.start()
    done = desk("account", "--wait-s", "10")
    later.join()
    slots[0].end()
    assert done.code == 0
    assert done.err == f"{FIRST}: put the card in; waiting 10 s\n"


def test_a_wrong_key_costs_the_card_no_try(pcscd, link, desk, tmp_path):
    key = tmp_path / "key"
    key.write_text("00" * 16)
    home = Home()
    with card_in(pcscd, link, home.card):
        for verb in (["account"], ["load", "--eur", "50", SURE]):
            said = desk(*verb, "--master-key", key).complains()
            assert said.startswith(f"meter-emu: {FIRST}: ")
            assert "MAC" in said
    assert home.card.image.tries_left == (PIN_TRIES_MAX, KEY_TRIES_MAX, KEY_TRIES_MAX)


def test_a_card_pulled_while_it_is_written_is_to_be_looked_at(pcscd, link, desk):
    home = Home()
    pulled = Pulled(home.card)
    with card_in(pcscd, link, pulled) as slot:
        pulled.slot, pulled.at = slot, 9
        said = desk("load", "--eur", "50", SURE).complains()
    why = "it may have been written: see desk account"
    assert said == f"meter-emu: card removed: {FIRST}; {why}\n"
    with card_in(pcscd, link, home.card):
        assert "ever loaded 50.00 EUR in 1 loads" in desk("account").out


def test_a_card_that_is_none_of_ours_is_said(pcscd, link, desk):
    with card_in(pcscd, link, Odd(lambda _: b"\x6a\x82")):
        said = desk("account").complains()
        assert said.startswith(f"meter-emu: {FIRST}: select ")
