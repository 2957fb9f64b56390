"""Forged from genuine cards: mixed, altered by a bit, copied, played again, at the last number.

A forged card is *refused*, by its code, or does what a genuine card of the same meter would have
done. What it does beyond that, unseen, would be a hole.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Final, TypeVar

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.errors import ApduError, LayoutError, MacError
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.compact import FIRST_AT
from meter_emu.desk.desk import Account, Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from tests.cards import raw_on, with_raw
from tests.firmware.meters import Rig
from tests.firmware.sessions import resealed
from tests.properties.trials import CARDS, METERS, ModelAndCards
from tests.reliability.forging import RECORDS, History, Imitation, Listener, Seen
from tests.reliability.kinds import T
from tests.reliability.stage import EXHAUSTIVE, KITS, facts, kit_name, money_holds, rig_of
from tests.reliability.tally import Tried
from tests.rigs import counted

AnyT = TypeVar("AnyT")
MODELS = list(METERS.values())
SAMPLE: Final = None if EXHAUSTIVE else 200
ON_KITS = pytest.mark.parametrize(
    "kit",
    KITS if EXHAUSTIVE else [ModelAndCards(MODELS[at], *card) for at, card in enumerate(CARDS)],
    ids=kit_name,
)


def some(every: Sequence[AnyT], kit: ModelAndCards) -> Sequence[AnyT]:
    """Return all of it, or a sample that is another for each kit."""
    chance = Random(kit_name(kit))
    return every if SAMPLE is None else chance.sample(every, min(SAMPLE, len(every)))


def held(history: History, count: int, seen: Seen) -> bool:
    """Whether a card was refused, or did what a genuine one would have done."""
    return seen.result.refused or seen.facts in history.allowed(count)


def obeyed_unseen(history: History, tried: Tried) -> set[tuple[str, ...]]:
    """Return which older records a meter obeyed, unseen, of mixes on a programmed card."""
    shown = [(count, *mix) for count in range(len(history.boards)) for mix in history.mixes()]
    found = set()
    for count, place, taken, mixed in some(shown, history.kit):
        with tried.one("mixes of genuine records", (count, place, taken)):
            seen = history.shown(count, Imitation(mixed))
            if not held(history, count, seen):
                found.add(taken)
    return found


@pytest.mark.slow("mixes records of states, a session each", short=3)
@ON_KITS
def test_records_of_two_states_are_refused_or_as_good_as_genuine(kit, tried):
    assert not obeyed_unseen(History(kit), tried)


# One bit ------------------------------------------------------------------------------------------

AT = 3  # the meter has seen the first three cards, and the fourth brings money, order and tariff


def flipped(raw: bytes, bit: int) -> bytes:
    changed = bytearray(raw)
    changed[bit // 8] ^= 0x80 >> bit % 8
    return bytes(changed)


def bits_of(image: AnyImage) -> list[tuple[Sfi | None, int]]:
    """Return each bit of each record, and with no record each bit of the cells that are ours."""
    bits: list[tuple[Sfi | None, int]] = []
    for sfi in RECORDS:
        bits += [(sfi, bit) for bit in range(len(raw_on(image, sfi)) * 8)]
    if isinstance(image, MemoryImage):
        bits += [(None, bit) for bit in range(FIRST_AT * 8, len(image.main) * 8)]
    elif image.kind is CardKind.PLAIN:
        bits += [(None, bit) for bit in range(len(image.contents[0]) * 8)]
    return bits


def one_bit_off(image: AnyImage, sfi: Sfi | None, bit: int) -> AnyImage:
    """Return the card with a bit changed; of a record, with the checksum of its copy made right."""
    if sfi is not None:
        return with_raw(image, sfi, flipped(raw_on(image, sfi), bit))
    if isinstance(image, MemoryImage):
        return replace(image, main=flipped(image.main, bit))
    at = bit // 8
    return image.with_part(0, at, flipped(image.contents[0][at : at + 1], bit % 8))


@pytest.mark.slow("changes bits of a card, a session each", short=2)
@ON_KITS
def test_a_bit_of_a_card_that_is_changed_is_refused_or_changes_nothing(kit, tried):
    history = History(kit)
    genuine = account_on(history.images[AT])
    before = account_on(history.images[AT - 1])
    for sfi, bit in some(bits_of(history.images[AT]), kit):
        with tried.one("cards with one bit changed", (sfi, bit)):
            forged = one_bit_off(history.images[AT], sfi, bit)
            assert held(history, AT, history.shown(AT, Imitation(forged)))
            assert account_on(forged) in {genuine, before, None}


def account_on(image: AnyImage) -> Account | None:
    """Return what the office reads on a card, `None` where it refuses it."""
    card = card_of(image, counted())
    card.power_on()
    try:
        return Desk(TEST_MASTER_KEY, challenge=counted()).account(card.transmit)
    except (ApduError, LayoutError, MacError):
        return None


# Played again, and copied -------------------------------------------------------------------------


@ON_KITS
def test_a_session_played_again_is_refused_or_books_and_does_nothing(kit, tried):
    history = History(kit)
    for at, image in enumerate(history.images):
        listener = Listener(image)
        history.shown(at, listener)
        for count in range(at + 1, len(history.boards)):
            with tried.one("sessions played again", (at, count)):
                seen = history.shown(count, listener.replay())
                assert held(history, count, seen)
                if kit.carrier is CardKind.SECURE:
                    assert seen.result.refused


def swindle(rig: Rig, kit: ModelAndCards, chance: Random, steps: int) -> None:
    """Let a household with a copier do anything with its cards; raise where it gains by it.

    What is booked is a load more than before, and there is never more than was paid for.
    """
    images, issued_cents = [rig.card.image] * 2, 0
    for _ in range(steps):
        at = chance.randrange(len(images))
        rig.card = card_of(images[at], counted())
        deed = chance.choice(("load", "load", "show", "show", "order", "copy"))
        if deed == "load":
            cents = chance.randrange(500, 25_001)
            rig.write(Work(load_cents=cents))
            issued_cents += cents
        elif deed == "order":
            rig.write(Work(cut_at=T._replace(month=9, day=chance.randrange(1, 30))))
        elif deed == "show":
            before = rig.state
            rig.insert()
            state = rig.state
            loads = state.accepted_count - before.accepted_count
            cents = state.accepted_cents - before.accepted_cents
            assert (loads > 0) == (cents > 0)
            assert 0 <= cents <= loads * kit.model.credit.load_max_cents
            assert state.order_number >= before.order_number
        images[at] = rig.card.image
        if deed == "copy":
            images[chance.randrange(len(images))] = images[at]
        money_holds(rig.state, kit, BALANCE_CENTS, issued_cents)


SWINDLES, STEPS = (100 if EXHAUSTIVE else 6), 30
BALANCE_CENTS = 5_000


@ON_KITS
def test_who_copies_cards_and_puts_old_ones_back_gains_nothing(kit, tried):
    for seed in range(SWINDLES):
        with tried.one("households with a copier", seed):
            swindle(rig_of(kit, balance_cents=BALANCE_CENTS), kit, Random(seed), STEPS)


# The last numbers ---------------------------------------------------------------------------------

LAST: Final = {CardKind.SECURE: 2**32 - 1, CardKind.PLAIN: 2**32 - 1, CardKind.MEMORY: 2**16 - 1}
FIELDS: Final[dict[tuple[Sfi, str], Work]] = {
    (Sfi.DESK, "order_number"): Work(cut_at=T),
    (Sfi.DESK, "load_count"): Work(load_cents=500),
}


@ON_KITS
@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field[1])
def test_after_the_last_number_comes_none(kit, field, tried):
    """The office refuses to go past it, the card stays as it was, and no lower one is obeyed."""
    sfi, name = field
    rig = rig_of(kit)
    first = rig.card.image
    last_number = LAST[kit.carrier]
    money = {"loaded_cents": last_number} if name == "load_count" else {}
    resealed(rig, sfi, **{name: last_number}, **money)
    last = rig.card.image
    with tried.one("numbers that are used up", field):
        rig.insert()
        with pytest.raises(LayoutError):
            rig.write(FIELDS[field])
        assert [raw_on(rig.card.image, one) for one in RECORDS] == [
            raw_on(last, one) for one in RECORDS
        ]
        kept = facts(rig.state)
        rig.card = card_of(first, counted())
        rig.write(FIELDS[field])
        assert Result[rig.insert().rpartition(" ")[2]].refused
        assert facts(rig.state) == kept
