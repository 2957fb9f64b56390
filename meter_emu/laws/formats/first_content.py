"""A card's first content writes over nothing of worth, and torn anywhere it can be repeated."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain
from random import Random
from typing import Final

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.carrier.copied import copied
from card_protocol.carrier.find import find_card, find_memory, laid_open, put_file
from card_protocol.carrier.first_content import TRANSPORT_CODE, put_cells
from card_protocol.carrier.replaced import (
    Confirm,
    Held,
    Lies,
    refuse_loss,
    whatever_lies_there,
)
from card_protocol.errors import ApduError, LayoutError, LinkError, LinkErrorKind
from card_protocol.formats.budget import DF_OF
from card_protocol.formats.budget.making import new_memory_card, new_plain_card
from card_protocol.formats.container import plain_file
from card_protocol.keys import Purpose, derive
from card_protocol.status import SW
from card_protocol.terminal import Terminal
from meter_emu.desk.desk import Account, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import ENERGIES
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance
from meter_emu.world.rehearsal.engine import rig_of
from meter_emu.world.rehearsal.rig import Rig

_DF: Final = DF_OF[1]
_MAKERS: Final = bytes.fromhex("a2131091").ljust(32, b"\xff")  # of a memory card, and stay
_OURS: Final = len(_MAKERS)
_TWO_TRIES: Final = 0b011  # of the three bits of a memory card's error counter
_WRITES: Final = frozenset({0xD6, 0xD0})  # UPDATE BINARY, and a reader's write to a memory card
# Fates of a torn cell, modulo 4, without the fourth: a page in which a cell is neither old, erased
# nor new lies like something foreign, and is written over after a question alone.
_FATES: Final = tuple(number for number in range(256) if number % 4 != 3)
_NEITHER: Final = (
    SW.FILE_DEACTIVATED, SW.MEMORY_FAILURE, SW.SECURITY_STATUS_NOT_SATISFIED,
    SW.CONDITIONS_NOT_SATISFIED, SW.INCORRECT_P1_P2, SW.NO_DIAGNOSIS,
)  # fmt: skip
_COMMANDS_MAX: Final = 40  # ours: after which a first content is over, torn or not


@law_with_runs(id="first-content", properties=("P4",), presumes="the built-in formats")
def first_content(trial: Trial) -> Finding:
    """A first content writes over nothing of worth, and torn anywhere it can be repeated."""
    random = chance(trial, "first")
    rig = rig_of(trial.household, trial.campaign)
    kind = random.choice((CardKind.PLAIN, CardKind.MEMORY))
    parts = _over_what_lies(rig, kind, random), _laid_open(rig, kind, random), _copied(rig)
    for words in chain(*parts, _unknown(random)):
        return Broken(f"{kind.name.lower()} card: {words}")
    return None


def _issued(rig: Rig, kind: CardKind, meter_id: int, loads: int) -> AnyImage:
    """Return a card of the office, with so many loads of 5 EUR on it."""
    image = rig.desk.issue(meter_id, issued_at_min=0, card_kind=kind)
    card = card_of(image, rig.challenge)
    for _ in range(loads):
        rig.serve(card, Work(load_cents=500, reactivate=True), 1)
    return card.image


def _bytes(image: AnyImage) -> bytes:
    """Return what a first content of it writes."""
    return image.contents[0] if isinstance(image, CardImage) else image.main[_OURS:]


def _card_with(kind: CardKind, content: bytes, code: bytes, rig: Rig) -> VirtualCard:
    if kind is CardKind.PLAIN:
        return card_of(new_plain_card(content, _DF), rig.challenge)
    return card_of(new_memory_card(_MAKERS + content, code=code), rig.challenge)


def _over_what_lies(rig: Rig, kind: CardKind, random: Random) -> Iterator[str]:
    """Each thing that can lie on a card, under a first content of one that has two loads."""
    meter_id = random.choice((1, 541_000_000_001))
    own = _issued(rig, kind, meter_id, 2)
    new, code = _bytes(own), own.code if isinstance(own, MemoryImage) else b""
    blank = bytes((random.choice((0xFF, 0xFF, 0)),)) * len(new)
    cut = random.randrange(5, 100)  # before any copy of a plain card's records is whole
    begun = (new[:cut] if kind is CardKind.PLAIN else b"\xff" * 4 + new[4:cut]).ljust(
        len(new), b"\xff"
    )
    older, newer, others = (
        _bytes(_issued(rig, kind, meter, loads))
        for meter, loads in ((meter_id, 1), (meter_id, 3), (meter_id + 1, 0))
    )
    lying = (
        (blank, TRANSPORT_CODE, Lies.BLANK, 0, True), (begun, TRANSPORT_CODE, Lies.BEGUN, 0, True),
        (older, code, Lies.OURS, 1, True), (newer, code, Lies.OURS, 3, False),
        (new, code, Lies.OURS, 2, True), (others, code, Lies.OURS, 0, False),
        (random.randbytes(len(new)), TRANSPORT_CODE, Lies.FOREIGN, 0, False),
    )  # fmt: skip
    for content, its_code, lies, loads, right in lying:
        card = _card_with(kind, content, its_code, rig)
        before, said = card.image, []
        try:
            said.append(_put(card, own, lambda one: one))
        except ApduError as error:
            if right:
                yield f"what is {lies.value} is not written over: {error}"
            elif card.image != before:
                yield f"what is {lies.value} was refused, and the card is another now"
            continue
        if not right:
            yield f"what is {lies.value} is written over"
        if _bytes(card.image) != new or getattr(card.image, "code", b"") != code:
            yield f"over what is {lies.value}, the card does not hold what was written"
        held = said[0]
        known = (meter_id, 1, 500 * loads, loads) if lies is Lies.OURS else (0, 0, 0, 0)
        if (held.lies, held.meter_id, held.card_number, held.loaded_cents, held.order_number) != (
            lies, *known
        ):  # fmt: skip
            yield f"what is {lies.value} with {loads} loads was called {held!r}"
        shown = copied(_terminal(card))
        tries = [getattr(one, "counter", 0) for one in (shown, card.image)]
        if _bytes(shown) != new or tries[0] != tries[1]:
            yield "a copy of its public bytes is another, or has other tries"
    yield from _torn(rig, kind, own, blank, random)
    yield from _another(rig, own, others)
    yield from _never_issued(rig, own, blank)
    forgetful = _card_with(kind, blank, TRANSPORT_CODE, rig)
    try:
        _put(forgetful, own, _writing_nothing)
    except ApduError:
        return
    yield "a card that keeps nothing was believed to hold what was written"


def _another(rig: Rig, own: AnyImage, other: bytes) -> Iterator[str]:
    """A card whose code nobody here knows is refused, and loses no try when it has two left.

    A blank one with two tries may have been torn out while a code was presented: it is written.
    """
    if isinstance(own, CardImage):
        return
    blank, foreign = b"\xff" * len(other), b"\x55" * len(other)
    for content, code, right in (
        (other, b"\1\2\3", False),
        (foreign, b"\1\2\3", False),
        (blank, TRANSPORT_CODE, True),
    ):
        main = _MAKERS + content
        card = card_of(new_memory_card(main, code=code, counter=_TWO_TRIES), rig.challenge)
        before = card.image
        try:
            _put(card, own, lambda one: one, whatever_lies_there)
        except ApduError:
            if right or card.image != before:
                yield f"a card of {content[:4].hex()} with two tries left was refused, or lost one"
            continue
        if not right:
            yield "a card whose code is not known was written over"


def _never_issued(rig: Rig, own: AnyImage, blank: bytes) -> Iterator[str]:
    """An image without one of its marks was begun and not finished: it goes on no card."""
    if isinstance(own, CardImage):
        return
    for mark in range(4):
        card = _card_with(CardKind.MEMORY, blank, TRANSPORT_CODE, rig)
        before = card.image
        try:
            _put(card, own.with_main(_OURS + mark, b"\xff"), lambda one: one, whatever_lies_there)
        except LayoutError:
            if card.image == before:
                continue
        yield f"an image that was never issued, without mark {mark}, goes on a card"


def _unknown(random: Random) -> Iterator[str]:
    """A card that answers a SELECT with neither yes nor no is refused, and asked nothing more."""
    word = random.choice(_NEITHER)
    for answers in ((word,), (SW.FILE_NOT_FOUND, word)):
        left = [one.to_bytes(2, "big") for one in (*answers, SW.SUCCESS)]
        try:
            find_card(Terminal(lambda _command, left=left: left.pop(0)), _DF)  # type: ignore[misc]
        except ApduError as error:
            if error.sw == word and len(left) == 1:
                continue
        yield f"a card that answers a SELECT with {word:04X} is taken, or asked once more"


def _copied(rig: Rig) -> Iterator[str]:
    """A copy is of the card of any energy; a secure card shows its records to nobody."""
    for energy in ENERGIES.values():
        image = rig.desk.issue(5, issued_at_min=0, card_kind=CardKind.PLAIN, energy=energy)
        shown = copied(_terminal(card_of(image, rig.challenge)))
        if shown.to_bytes() != image.to_bytes():
            yield f"the copy of a plain card of {energy.name} is another"
        image = rig.desk.issue(5, issued_at_min=0, energy=energy)
        try:
            copied(_terminal(card_of(image, rig.challenge)))
        except ApduError:
            continue
        yield "a secure card is copied"


def _writing_nothing(exchange: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return the exchange with a card that says that it wrote, and did not."""
    return lambda command: b"\x90\x00" if command[1] in _WRITES else exchange(command)


def _torn(rig: Rig, kind: CardKind, own: AnyImage, blank: bytes, random: Random) -> Iterator[str]:
    """It is pulled out in a command, some of which write byte by byte, and written again."""
    card = _card_with(kind, blank, TRANSPORT_CODE, rig)
    left = random.randrange(_COMMANDS_MAX)

    def torn(exchange: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
        def send(command: bytes) -> bytes:
            nonlocal left
            left -= 1
            if left < 0:
                card.tear(command, lambda: random.choice(_FATES))
                raise LinkError(LinkErrorKind.CARD_GONE)
            return exchange(command)

        return send

    with suppress(LinkError):
        _put(card, own, torn)
    try:
        _put(card, own, lambda one: one)
    except ApduError as error:
        yield f"torn, it cannot be written again: {error}"
        return
    if _bytes(card.image) != _bytes(own):
        yield "torn and written again, it does not hold what was written"


def _terminal(card: VirtualCard) -> Terminal:
    card.power_on()
    return Terminal(card.transmit)


def _put(
    card: VirtualCard,
    own: AnyImage,
    through: Callable[..., Callable[[bytes], bytes]],
    confirm: Confirm | None = None,
) -> Held:
    card.power_on()
    terminal = Terminal(through(card.transmit))
    if isinstance(own, MemoryImage):
        return put_cells(find_memory(terminal), own.main, own.code, confirm or refuse_loss)
    return put_file(terminal, plain_file(_DF), own.contents[0], confirm or refuse_loss)


def _laid_open(rig: Rig, kind: CardKind, random: Random) -> Iterator[str]:
    """The card of an image holds what a terminal reads from it, and can be written likewise."""
    image = _issued(rig, kind, 77, random.randrange(3))
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, 77)
    opened, card = laid_open(image), card_of(image, rig.challenge)
    card.power_on()
    read: Account = rig.desk.account(card.transmit)
    if opened.contents(key) != read or opened.identity(key) != read.identity:
        yield "laid open it has other contents"
    if opened.written_back(key) is not None or rig.desk.read_back(card.transmit) is not None:
        yield "it has a write-back that no meter wrote"
    desk = read.desk.__class__
    more = {name: getattr(read.desk, name) for name in read.desk.__slots__}
    after = read._replace(desk=desk(**{**more, "loaded_cents": 4_321}))
    saved = opened.save(read, after, key)
    if opened.contents(key) != saved or saved.desk.loaded_cents != 4_321:
        yield "laid open it does not keep what is saved on it"
