"""The first table of docs/threat-model.md: each attack, on each carrier, and what the meter shows.

An attack leaves a home whose card is about to be put in. What then becomes of it is told in the
words of the page, from the display and from the state, and compared with the page.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import card_of
from card_protocol.carrier.find import laid_open
from card_protocol.formats.budget import Sfi
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from meter_emu.energies import GAS
from tests.cards import file_card, raw_on, with_contents
from tests.docs.pages import page
from tests.firmware.meters import METER_ID, Rig
from tests.firmware.sessions import DESK_KEY, ON_EACH
from tests.firmware.test_carrier_promises import Listener, YesCard, served, with_tariff_of
from tests.firmware.test_session_bounds import HOSTILE, Hostile
from tests.rigs import counted

T2 = Civil(2020, 7, 3, 23, 1)
LOAD = Work(load_cents=5_000)
CARRIERS = (CardKind.SECURE, CardKind.PLAIN, CardKind.MEMORY)


class Attack:
    """A home, and the card that is put in, which may be an imitation of its own."""

    def __init__(self, rig: Rig, card: Any = None) -> None:
        self.rig = rig
        self.card = rig.card if card is None else card

    def becomes(self) -> str:
        """Return what becomes of it, in the words of the page."""
        rig = self.rig
        before = rig.state
        rig.bench.insert(self.card)
        said = re.search(r"CARD ([0-9A-F]{2}) \w+$", rig.board.panel.text)
        rig.bench.remove()
        assert said is not None
        after = rig.state
        booked = after.accepted_cents != before.accepted_cents
        executed = after.order_number != before.order_number
        if Result(int(said[1], 16)).refused:
            assert not executed, "nothing of what is refused is executed"
            return f"refused {said[1]}" + (", the credit counts" if booked else "")
        return "**obeyed**" if booked or executed else "nothing new"


def loaded(carrier: CardKind) -> Rig:
    rig = Rig(carrier=carrier)
    rig.write(LOAD)
    return rig


def forged(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    raw = bytearray(rig.file(Sfi.DESK))
    raw[6] ^= 1
    rig.put(Sfi.DESK, bytes(raw))
    return Attack(rig)


def of_another_meter(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    return Attack(
        rig, card_of(rig.desk.issue(METER_ID + 1, issued_at_min=0, card_kind=carrier), bytes)
    )


def of_the_other_energy(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    image = rig.desk.issue(METER_ID, energy=GAS, issued_at_min=0, card_kind=carrier)
    return Attack(rig, card_of(image, bytes))


def wallet_put_back(carrier: CardKind) -> Attack:
    rig = served(carrier, LOAD)
    old = rig.card.image
    rig.write(Work(load_cents=2_000))
    rig.insert()
    rig.put(Sfi.DESK, raw_on(old, Sfi.DESK))
    return Attack(rig)


def order_put_back(carrier: CardKind) -> Attack:
    rig = served(carrier, Work(cut_at=T2))
    old = rig.card.image
    rig.write(Work(reactivate=True))
    rig.insert()
    return Attack(rig, card_of(old, counted()))


def tariff_put_back(carrier: CardKind) -> Attack:
    rig = served(carrier, Work(tariff=Pricing(2, 275, 275)))
    old = rig.card.image
    rig.write(Work(load_cents=5_000, tariff=Pricing(2, 300, 300)))
    return Attack(rig, card_of(with_tariff_of(rig.card.image, old), counted()))


def replaced(carrier: CardKind, expires: Civil | None = None) -> Rig:
    """A home with its second card, which may expire; nothing of it was seen by the meter yet."""
    rig = Rig(carrier=carrier)
    rig.card.power_on()
    account = rig.desk.account(rig.card.transmit)
    rig.card.power_off()
    image = rig.desk.reissue(
        account, card_number=2, expires=expires, issued_at_min=0, card_kind=carrier
    )
    rig.card = card_of(image, counted())
    rig.write(LOAD)
    return rig


def expired(carrier: CardKind) -> Attack:
    return Attack(replaced(carrier, Civil(2020, 6, 1, 12, 0)))


def expiry_evaded(carrier: CardKind) -> Attack:
    rig = replaced(carrier, Civil(2020, 6, 1, 12, 0))
    rig.put(Sfi.IDENTITY, Rig(carrier=carrier).file(Sfi.IDENTITY))
    return Attack(rig)


def lost_card(carrier: CardKind) -> Attack:
    rig = replaced(carrier)
    rig.insert()
    first = loaded(carrier)
    first.write(LOAD)
    return Attack(rig, first.card)


def copied(carrier: CardKind) -> Attack:
    """Every byte a stranger can read, on a card of the same make that keeps secrets of its own."""
    rig = loaded(carrier)
    image = rig.card.image
    if isinstance(image, MemoryImage):
        image = replace(image, code=b"\xff\xff\xff")
    elif image.kind is CardKind.SECURE:
        foreign = file_card(rig.desk.issue(METER_ID + 1, issued_at_min=0))
        keys = {name: getattr(foreign, name) for name in ("meter_key", "desk_key", "card_key")}
        image = replace(image, **keys)
    return Attack(rig, card_of(image, counted()))


def cloned(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    clone = card_of(rig.card.image, counted())
    rig.insert()
    return Attack(rig, clone)


def imitated(carrier: CardKind) -> Attack:
    """A chip that shows what its maker could read, and says yes to whatever it cannot compute."""
    attack = copied(carrier)
    return attack if carrier is CardKind.SECURE else Attack(attack.rig, YesCard(attack.card))


def played_again(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    heard = Listener(rig.card)
    answers: list[bytes] = []

    def record(command: bytes, answer: bytes) -> bytes:
        answers.append(answer)
        return answer

    rig.bench.insert(Hostile(heard, record))  # type: ignore[arg-type]
    rig.bench.remove()
    playing = iter(answers)
    return Attack(rig, Hostile(rig.card, lambda _command, _answer: next(playing, b"\x6f\0")))


def endless(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    return Attack(rig, Hostile(rig.card, HOSTILE["more waiting, for ever"][0]))


def slow(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    return Attack(rig, Hostile(rig.card, HOSTILE["slower"][0], writing_us=10**12))


def impossible(carrier: CardKind) -> Attack:
    rig = loaded(carrier)
    contents = laid_open(rig.card.image).contents(DESK_KEY)
    contents = contents._replace(desk=replace(contents.desk, load_count=0))
    return Attack(rig, card_of(with_contents(rig.card.image, contents, DESK_KEY), counted()))


THREATS: dict[str, Callable[[CardKind], Attack]] = {
    "a forged or altered record": forged,
    "another meter's card": of_another_meter,
    "a card for the other energy": of_the_other_energy,
    "wallet put back": wallet_put_back,
    "order put back": order_put_back,
    "tariff put back next to a newer order of the same tariff number": tariff_put_back,
    "a temporary card whose time is over": expired,
    "the same with the identity of an older card that never expires": expiry_evaded,
    "a lost card that was loaded after its replacement was used": lost_card,
    "a copy of what strangers can read, on a card of the same make": copied,
    "a clone to the last bit, used second": cloned,
    "an imitation that says yes to whatever it cannot compute": imitated,
    "an imitation that plays a recorded session": played_again,
    "an answer without end": endless,
    "a card that takes for ever": slow,
    "a record that cannot be, with a right MAC": impossible,
}


def rows() -> dict[str, list[str]]:
    """Return the cells of the page's first table, by threat."""
    text = page("docs/threat-model.md")
    lines = text.split("\n| threat | secure | plain | memory |\n")[1].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return {threat: said for threat, *said in cells}


def test_the_page_has_the_threats_that_are_tried() -> None:
    assert list(rows()) == list(THREATS)


@ON_EACH
@pytest.mark.parametrize("threat", THREATS)
def test_a_meter_shows_what_the_table_of_threats_says(threat: str, carrier: CardKind) -> None:
    assert THREATS[threat](carrier).becomes() == rows()[threat][CARRIERS.index(carrier)]
