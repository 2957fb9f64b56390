"""A card that is not obeyed: refused whole, or in part, with a code on display and card."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, SecureCard, card_of
from card_protocol.formats.budget import DF_GAS, Sfi
from card_protocol.formats.budget.making import personalise_budget_card
from meter_emu.desk.desk import Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.energies import GAS
from meter_emu.firmware.layouts import NO_END, EventCode
from tests.cards import file_card
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, Rig
from tests.firmware.sessions import ON_EACH, RECORDS, armed, events, resealed, spent
from tests.rigs import counted


def contents(image: AnyImage) -> tuple[bytes, ...]:
    return (image.main,) if isinstance(image, MemoryImage) else image.contents


def stranger(rig: Rig) -> None:
    kind = rig.card.image.kind
    rig.card = card_of(rig.desk.issue(METER_ID + 1, issued_at_min=0, card_kind=kind), counted())


def other_energy(rig: Rig) -> None:
    resealed(rig, Sfi.IDENTITY, energy=GAS.code)


def of_another_operator(rig: Rig) -> None:
    """The same meter number under other keys: no terminal of ours can open it."""
    image = file_card(rig.card.image)
    rig.card = SecureCard(replace(image, card_key=image.desk_key), counted())


def dead(rig: Rig) -> None:
    from card_protocol.card.image import blank

    rig.card = SecureCard(blank(), counted())


def forged(sfi: Sfi) -> Callable[[Rig], None]:
    def forge(rig: Rig) -> None:
        raw = bytearray(rig.file(sfi))
        raw[10] ^= 1
        rig.put(sfi, bytes(raw))

    return forge


def foreign(sfi: Sfi) -> Callable[[Rig], None]:
    def spoil(rig: Rig) -> None:
        rig.put(sfi, bytes(len(rig.file(sfi))))

    return spoil


REFUSALS: dict[str, tuple[Callable[[Rig], None], Result]] = {
    "another meter's card": (stranger, Result.WRONG_METER),
    "a gas card": (other_energy, Result.WRONG_ENERGY),
    "a card of another operator": (of_another_operator, Result.CARD_NOT_GENUINE),
    "a blank card": (dead, Result.CARD_UNREADABLE),
    "a forged wallet": (forged(Sfi.DESK), Result.BAD_MAC),
    "a forged order": (forged(Sfi.DESK), Result.BAD_MAC),
    "a forged tariff": (forged(Sfi.DESK), Result.BAD_MAC),
    "a forged identity": (forged(Sfi.IDENTITY), Result.WRONG_METER),
    "a wallet of zeros": (foreign(Sfi.DESK), Result.BAD_FORMAT),
    "an order of zeros": (foreign(Sfi.DESK), Result.BAD_FORMAT),
    "a tariff of zeros": (foreign(Sfi.DESK), Result.BAD_FORMAT),
    "an identity of zeros": (foreign(Sfi.IDENTITY), Result.BAD_FORMAT),
}


# What only keys can show. A plain card of another operator has records with other MACs instead.
KEYED = {"a card of another operator", "a blank card"}
ON_EACH_REFUSAL = each_cell(
    ("what", "carrier"),
    [
        (what, kind)
        for what in REFUSALS
        for kind in CardKind
        if kind is CardKind.SECURE or what not in KEYED
    ],
)


@ON_EACH_REFUSAL
def test_a_card_refused_whole_shows_its_code_and_keeps_its_content_and_its_tries(what, carrier):
    spoil, result = REFUSALS[what]
    rig = armed(carrier)
    spoil(rig)
    before, kept = rig.card.image, rig.state
    rig.run(0)
    shown = rig.insert()
    assert shown == f"CREDIT 50.00 EUR | CARD {result:02X} {result.name}"
    after = rig.card.image
    assert contents(after) == contents(before)
    assert not spent(after)
    assert events(rig)[0] == EventCode.CARD_REFUSED
    assert rig.state.events[5:8] == result.to_bytes(3, "big")
    refused = rig.state
    assert (refused.order_number, refused.accepted_cents) == (0, 0)
    assert refused.balance_ueur == kept.balance_ueur


@ON_EACH_REFUSAL
def test_a_refused_card_stands_in_nobodys_way(what, carrier):
    rig = armed(carrier)
    good = rig.card
    REFUSALS[what][0](rig)
    rig.insert()
    rig.card = good
    assert rig.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"


def too_large(rig: Rig) -> None:
    resealed(rig, Sfi.DESK, loaded_cents=25_001, load_count=1)


def rolled_back(rig: Rig) -> None:
    rig.insert()
    resealed(rig, Sfi.DESK, loaded_cents=4_999)


def stale(rig: Rig) -> None:
    old = rig.card.image
    rig.insert()
    rig.write(Work(limiter=True))
    rig.insert()
    rig.card = card_of(old, counted())


def undone(rig: Rig) -> None:
    resealed(rig, Sfi.DESK, cut_at=bytes.fromhex("2013010900"))


PARTLY = {
    "too large a load": (too_large, Result.LOAD_TOO_LARGE),
    "a wallet rolled back": (rolled_back, Result.WALLET_ROLLED_BACK),
    "an old order": (stale, Result.STALE_ORDER),
    "a date that is none": (undone, Result.BAD_DATE),
}


@ON_EACH
@pytest.mark.parametrize("what", PARTLY)
def test_what_is_refused_of_a_genuine_card_is_told_on_display_and_card(what, carrier):
    prepare, result = PARTLY[what]
    rig = armed(carrier)
    prepare(rig)
    files = [rig.file(sfi) for sfi in RECORDS]
    assert rig.insert().endswith(f"| CARD {result:02X} {result.name}")
    back = rig.write_back()
    assert back is not None
    assert back.result == result
    assert [rig.file(sfi) for sfi in RECORDS] == files


def test_a_household_whose_order_is_refused_still_gets_what_it_paid_for():
    rig = armed()
    undone(rig)
    assert rig.insert() == "CREDIT 100.00 EUR | CARD 16 BAD_DATE"
    kept = rig.state
    assert (kept.accepted_cents, kept.order_number) == (5_000, 0)
    assert (kept.defer_end, kept.cut_end) == (NO_END, NO_END)


def test_a_household_whose_load_is_refused_still_has_its_order():
    rig = armed()
    too_large(rig)
    assert rig.insert() == "CREDIT 50.00 EUR | CARD 1B LOAD_TOO_LARGE"
    assert (rig.state.accepted_cents, rig.state.order_number) == (0, 1)


def test_a_card_in_the_other_energys_files_is_refused_whatever_its_identity_says() -> None:
    rig = Rig()
    records: dict[Sfi, bytes] = {sfi: rig.file(sfi) for sfi in Sfi}
    image = personalise_budget_card(
        TEST_MASTER_KEY, METER_ID, records, pin="0000", generation=1, df=DF_GAS
    )
    rig.card = card_of(image, counted())
    assert rig.insert().endswith("CARD 28 WRONG_ENERGY")
