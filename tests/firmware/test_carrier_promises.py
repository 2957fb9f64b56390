"""What each carrier promises, row by row as `docs/card-format.md` says, on a whole meter."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of, parse_image
from card_protocol.carrier.readers import find_reader
from card_protocol.errors import ApduError
from card_protocol.formats.budget import DESK, DF_ELECTRICITY, Sfi
from card_protocol.formats.budget.compact import DESK_PART
from card_protocol.terminal import Terminal
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from meter_emu.ports import Ports
from tests.cards import file_card, memory_card, raw_on, with_raw
from tests.cells import each_cell
from tests.firmware.meters import METER_ID, START_US, Rig
from tests.firmware.sessions import spent
from tests.rigs import counted

PAGE = (Path(__file__).parents[2] / "docs" / "card-format.md").read_text("utf-8")
T2 = Civil(2020, 7, 3, 23, 1)
UEUR_PER_CENT = 10_000


def outsider_reads(rig: Rig, sfi: Sfi) -> bytes | None:
    """Return a record as anyone with a reader gets it, `None` when the card refuses."""
    rig.card.power_on()
    terminal = Terminal(rig.card.transmit)
    try:
        if rig.card.image.kind is CardKind.SECURE:
            terminal.select(DF_ELECTRICITY)
            return terminal.read_binary(sfi, len(rig.file(sfi)))
        if rig.card.image.kind is CardKind.PLAIN:
            terminal.select(0xBE01)
            whole = terminal.read_current(0, 512)
        else:
            whole = find_reader(rig.card.transmit).read(32, 224)
    except ApduError:
        return None
    finally:
        rig.card.power_off()
    return rig.file(sfi) if rig.file(sfi) in whole else None


def copied(image: AnyImage, rig: Rig) -> bool:
    """Whether an outsider can put the records of `image` onto the card that `home` has now.

    On a secure card nobody without keys can write, whatever PIN is known; on a plain one the
    transport PIN is public; of a memory card's code a stranger knows how cards are delivered.
    """
    rig.card.power_on()
    terminal = Terminal(rig.card.transmit)
    try:
        if image.kind is CardKind.SECURE:
            terminal.select(DF_ELECTRICITY)
            terminal.verify("0000")
            terminal.update_binary(Sfi.DESK, raw_on(image, Sfi.DESK))
        elif image.kind is CardKind.PLAIN:
            terminal.select(0xBE01)
            terminal.verify("7816")
            terminal.update_current(0, file_card(image).contents[0])
        else:
            reader = find_reader(rig.card.transmit)
            with suppress(ApduError):
                reader.present(b"\xff\xff\xff")
            reader.write(32, memory_card(image).main[32:])
    except ApduError:
        return False
    finally:
        rig.card.power_off()
    return True


def served(carrier: CardKind, *works: Work) -> Rig:
    rig = Rig(carrier=carrier)
    for work in works:
        rig.write(work)
        rig.insert()
    return rig


# One row of the page each: returns whether the carrier keeps it -----------------------------------


def forged_record_refused(carrier: CardKind) -> bool:
    rig = Rig(carrier=carrier)
    rig.write(Work(load_cents=5_000))
    raw = bytearray(rig.file(Sfi.DESK))
    raw[6] ^= 1
    rig.put(Sfi.DESK, bytes(raw))
    return rig.insert().endswith(Result.BAD_MAC.name) and rig.state.accepted_cents == 0


def foreign_card_refused(carrier: CardKind) -> bool:
    rig = Rig(carrier=carrier)
    image = rig.desk.issue(METER_ID + 1, issued_at_min=0, card_kind=carrier)
    rig.card = card_of(image, counted())
    return rig.insert().endswith(Result.WRONG_METER.name)


def torn_write_old_or_new(carrier: CardKind) -> bool:
    """At each of 60 instants of a session's last commands; every byte is tested elsewhere."""
    found = set()
    whole = Rig(carrier=carrier)
    whole.write(Work(load_cents=5_000))
    whole.bench.insert(whole.card)
    end_us = whole.board.now_us
    for number in range(60):
        at_us = end_us - 10_000 * number
        rig = Rig(carrier=carrier, outages=[(at_us, at_us + 10**6)], fate=Random(number))
        rig.write(Work(load_cents=5_000))
        old = rig.file(Sfi.WRITE_BACK)
        rig.bench.insert(rig.card)
        is_old = rig.file(Sfi.WRITE_BACK) == old
        found.add("old" if is_old else "new" if rig.write_back() else "torn")
    return found == {"old", "new"}


def money_and_order_once(carrier: CardKind) -> bool:
    rig = served(carrier, Work(load_cents=5_000, cut_at=T2))
    before = rig.state.balance_ueur
    shown = [rig.insert() for _ in range(3)]
    return rig.state.balance_ueur == before and all(
        text.endswith(Result.ALREADY_EXECUTED.name) for text in shown
    )


def rolled_back_money_refused(carrier: CardKind) -> bool:
    """Old records, by whatever means they came onto the card, are seen by sum and count."""
    rig = served(carrier, Work(load_cents=5_000))
    old = rig.card.image
    rig.write(Work(load_cents=2_000))
    rig.insert()
    booked = rig.state.balance_ueur
    rig.put(Sfi.DESK, raw_on(old, Sfi.DESK))
    said = rig.insert()
    return said.endswith(Result.WALLET_ROLLED_BACK.name) and rig.state.balance_ueur == booked


def rolled_back_order_refused(carrier: CardKind) -> bool:
    rig = served(carrier, Work(cut_at=T2))
    old = rig.card.image
    rig.write(Work(reactivate=True))
    rig.insert()
    rig.card = card_of(old, counted())
    said = rig.insert()
    return said.endswith(Result.STALE_ORDER.name) and rig.state.order_number == 2


def rolled_back_tariff_refused(carrier: CardKind) -> bool:
    """The prices of last month under the number of this month's tariff, next to its order."""
    rig = served(carrier, Work(tariff=Pricing(2, 275, 275)))
    old = rig.card.image
    rig.write(Work(load_cents=5_000, tariff=Pricing(2, 300, 300)))
    rig.card = card_of(with_tariff_of(rig.card.image, old), counted())
    said, state = rig.insert(), rig.state
    kept = state.order_number == 1 and state.price_ueur_per_wh == 275
    return said.endswith(Result.BAD_MAC.name) and kept and state.accepted_cents == 0


def with_tariff_of(image: AnyImage, old: AnyImage) -> AnyImage:
    """Return a card with the tariff that another has, past all rules, under the MAC it had."""
    layout = DESK_PART if isinstance(image, MemoryImage) else DESK
    at, end = (
        next(field.offset for field in layout.fields if field.name == name)
        for name in ("tariff_number", "issued_at_min")
    )
    new, before = raw_on(image, Sfi.DESK), raw_on(old, Sfi.DESK)
    return with_raw(image, Sfi.DESK, new[:at] + before[at:end] + new[end:])


def expiry_not_evaded(carrier: CardKind) -> bool:
    """The identity of the first card, which never expires, on a temporary one that has."""
    rig = Rig(carrier=carrier)
    first = rig.card
    first.power_on()
    account = rig.desk.account(first.transmit)
    first.power_off()
    expired = Civil(2020, 6, 1, 12, 0)
    image = rig.desk.reissue(
        account, card_number=2, expires=expired, issued_at_min=0, card_kind=carrier
    )
    rig.card = card_of(image, counted())
    rig.write(Work(load_cents=5_000, cut_at=T2))
    temporary = rig.card.image
    assert rig.insert().endswith(Result.CARD_EXPIRED.name)
    rig.card = card_of(
        with_raw(temporary, Sfi.IDENTITY, raw_on(first.image, Sfi.IDENTITY)), counted()
    )
    said, state = rig.insert(), rig.state
    kept = (state.accepted_cents, state.order_number) == (0, 0)
    return said.endswith(Result.BAD_MAC.name) and kept and not spent(rig.card.image)


def second_use_of_a_clone_books_nothing(carrier: CardKind) -> bool:
    """A byte-for-byte copy, however it was made."""
    rig = Rig(carrier=carrier)
    rig.write(Work(load_cents=5_000))
    clone = card_of(parse_image(rig.card.image.to_bytes()), counted())
    rig.insert()
    booked = rig.state.balance_ueur
    rig.card = clone
    said = rig.insert()
    return said.endswith(Result.ALREADY_EXECUTED.name) and rig.state.balance_ueur == booked


def private_from_strangers(carrier: CardKind) -> bool:
    rig = Rig(carrier=carrier)
    assert outsider_reads(rig, Sfi.IDENTITY) == rig.file(Sfi.IDENTITY)
    return outsider_reads(rig, Sfi.DESK) is None


def stranger_cannot_write(carrier: CardKind) -> bool:
    rig = Rig(carrier=carrier)
    old = rig.card.image
    rig.write(Work(load_cents=5_000))
    return not copied(old, rig)


class Listener:
    """A card on whose contacts somebody listens."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card
        self.heard: list[bytes] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._card, name)

    def transmit(self, command: bytes) -> bytes:
        self.heard.append(command)
        return self._card.transmit(command)


def listening_gains_nothing(carrier: CardKind) -> bool:
    """Whether what was heard in a session does not let the listener write on the card."""
    rig = Rig(carrier=carrier)
    rig.write(Work(load_cents=5_000))
    listener = Listener(rig.card)
    rig.bench.insert(listener)  # type: ignore[arg-type]
    rig.bench.remove()
    before = rig.card.image
    rig.card.power_on()
    for command in listener.heard:  # played again, the last write with a byte of his own
        if command[1] in {0xD0, 0xD6} and len(command) > 40:
            command = command[:-1] + bytes((command[-1] ^ 1,))  # noqa: PLW2901
        rig.card.transmit(command)
    rig.card.power_off()
    return all(raw_on(rig.card.image, sfi) == raw_on(before, sfi) for sfi in Sfi)


def copy_on_another_card_refused(carrier: CardKind) -> bool:
    """Every byte a stranger can read, on a card of the same make that keeps secrets of its own."""
    rig = Rig(carrier=carrier)
    rig.write(Work(load_cents=5_000))
    image = rig.card.image
    if isinstance(image, MemoryImage):
        image = replace(image, code=b"\xff\xff\xff")
    elif image.kind is CardKind.SECURE:  # its maker does not know the keys
        foreign = file_card(rig.desk.issue(METER_ID + 1, issued_at_min=0))
        keys = {name: getattr(foreign, name) for name in ("meter_key", "desk_key", "card_key")}
        image = replace(image, **keys)
    rig.card = card_of(image, counted())
    return rig.insert().endswith(Result.CARD_NOT_GENUINE.name)


class YesCard:
    """A programmed chip: it shows the right bytes and finds every code right."""

    def __init__(self, card: VirtualCard) -> None:
        self._card = card

    def __getattr__(self, name: str) -> object:
        return getattr(self._card, name)

    def transmit(self, command: bytes) -> bytes:
        return b"\x90\x07" if command[:2] == b"\xff\x20" else self._card.transmit(command)


def imitation_refused(carrier: CardKind) -> bool:
    """A programmed card that shows whatever its maker could read, and says yes to everything."""
    rig = Rig(carrier=carrier)
    rig.write(Work(load_cents=5_000))
    if carrier is CardKind.SECURE:
        return copy_on_another_card_refused(carrier)  # it would have to compute a proof
    rig.bench.insert(YesCard(rig.card))  # type: ignore[arg-type]
    return rig.board.panel.text.endswith(Result.CARD_NOT_GENUINE.name)


def visit_all_or_nothing(carrier: CardKind) -> bool:
    """Pull the card at every command of a visit that changes tariff, order and wallet."""
    work = Work(load_cents=5_000, cut_at=T2, tariff=Pricing(2, 275, 190))
    new = Rig(carrier=carrier)
    new.write(work)
    seen = set()
    for count in range(30):
        rig = Rig(carrier=carrier)
        old = [rig.file(sfi) for sfi in Sfi]
        rig.card.power_on()
        left = count

        def exchange(command: bytes, rig: Rig = rig) -> bytes:
            nonlocal left
            left -= 1
            return rig.card.transmit(command) if left >= 0 else b"\x6f\x00"

        with suppress(ApduError):
            rig.desk.serve(exchange, work, issued_at_min=0)
        files = [rig.file(sfi) for sfi in Sfi]
        seen.add(
            "old" if files == old else "new" if files == [new.file(s) for s in Sfi] else "part"
        )
    assert {"old", "new"} <= seen
    return "part" not in seen


def heard_record_refused(carrier: CardKind) -> bool:
    """What passes in clear, on a blank card of each other kind that holds such records."""
    rig = Rig(carrier=carrier)
    rig.write(Work(load_cents=5_000, cut_at=T2))
    said = []
    for other in {CardKind.SECURE, CardKind.PLAIN} - {carrier}:
        fake = Rig(carrier=other)
        for sfi in (Sfi.IDENTITY, Sfi.DESK):
            if carrier is not CardKind.MEMORY:  # its parts are no records
                fake.put(sfi, rig.file(sfi))
            else:
                part = rig.file(sfi)
                fake.put(sfi, part.ljust(len(fake.file(sfi)), b"\xff")[: len(fake.file(sfi))])
        said.append(fake.insert().rpartition(" ")[2])
        assert (fake.state.accepted_cents, fake.state.order_number) == (0, 0)
    return set(said) <= {Result.BAD_MAC.name, Result.BAD_FORMAT.name}


def older_order_refused(carrier: CardKind) -> bool:
    """The order before the cut, in the very record that brings 50 EUR."""
    rig = Rig(carrier=carrier)
    rig.write(Work(limiter=True))
    old = rig.file(Sfi.DESK)
    rig.write(Work(cut_at=T2, load_cents=5_000))
    layout = DESK_PART if carrier is CardKind.MEMORY else DESK
    at, end = (
        next(field.offset for field in layout.fields if field.name == name)
        for name in ("order_number", "issued_at_min")
    )
    new = rig.file(Sfi.DESK)
    rig.put(Sfi.DESK, new[:at] + old[at:end] + new[end:])
    refused = rig.insert().endswith(Result.BAD_MAC.name)
    return refused and (rig.state.accepted_cents, rig.state.order_number) == (0, 0)


PROMISES: dict[str, Callable[[CardKind], bool]] = {
    "a forged or altered record is refused": forged_record_refused,
    "another meter's card is refused": foreign_card_refused,
    "a torn write leaves each record old or new": torn_write_old_or_new,
    "a torn visit to the office leaves all of it or none": visit_all_or_nothing,
    "a card shown again books and executes nothing": money_and_order_once,
    "rolled-back credit is refused, by sum and count": rolled_back_money_refused,
    "a rolled-back order is refused, by its number": rolled_back_order_refused,
    "a rolled-back tariff is refused, by the MAC over all of a visit": rolled_back_tariff_refused,
    "a record heard on one carrier is refused on another": heard_record_refused,
    "an older order is refused next to a later load": older_order_refused,
    "an expiry is not evaded by another card's identity": expiry_not_evaded,
    "the second use of a clone books nothing": second_use_of_a_clone_books_nothing,
    "a copy of what strangers can read, on another such card, is refused": (
        copy_on_another_card_refused
    ),
    "a stranger cannot write on the card": stranger_cannot_write,
    "who listens on the contacts of a session cannot write either": listening_gains_nothing,
    "an imitation without keys is refused": imitation_refused,
    "only the holder of a key can read more than the identity": private_from_strangers,
}


def said() -> dict[str, dict[CardKind, bool]]:
    """Return the table of the page."""
    rows = PAGE.split("\n| promise | secure | plain | memory |\n")[1].splitlines()[1:]
    table = {}
    for row in rows:
        if not row.startswith("|"):
            break
        promise, *cells = (cell.strip() for cell in row.strip("|").split("|"))
        assert set(cells) <= {"yes", "no"}
        kept = [cell == "yes" for cell in cells]
        table[promise] = dict(
            zip((CardKind.SECURE, CardKind.PLAIN, CardKind.MEMORY), kept, strict=True)
        )
    return table


def test_the_page_and_the_checks_have_the_same_rows():
    assert list(said()) == list(PROMISES)


@pytest.mark.slow("tears cards")
@each_cell("carrier", list(CardKind), ids=lambda kind: kind.name.lower())
@each_cell("promise", PROMISES)
def test_a_carrier_keeps_what_the_page_says_and_no_more(promise, carrier):
    assert PROMISES[promise](carrier) == said()[promise][carrier]


class Timed:
    """Passes every port call on and notes exchanges with the card."""

    def __init__(self, ports: Ports, spent: list[tuple[int, int]]) -> None:
        self._ports = ports
        self._spent = spent

    def __getattr__(self, name: str) -> object:
        return getattr(self._ports, name)

    def card_exchange(self, command: bytes) -> bytes:
        begin_us = self._ports.now_us  # type: ignore[attr-defined]  # the board under the ports
        answer = self._ports.card_exchange(command)
        self._spent.append((begin_us, self._ports.now_us))  # type: ignore[attr-defined]
        return answer


@each_cell("carrier", list(CardKind), ids=lambda kind: kind.name.lower())
def test_a_session_costs_what_the_page_says(carrier):
    spent: list[tuple[int, int]] = []
    rig = Rig(carrier=carrier, tap=lambda ports: Timed(ports, spent))  # type: ignore[arg-type,return-value]
    rig.write(Work(load_cents=5_000, cut_at=T2))
    rig.bench.insert(rig.card)
    assert rig.state.order_number == 1
    assert spent[0][0] > START_US
    cost_ms = sum(end_us - begin_us for begin_us, end_us in spent) // 1_000
    row = re.search(rf"^\| {carrier.name.lower()} \| (\d+) \| ([\d,]+) \|", PAGE, re.MULTILINE)
    assert row is not None
    assert (len(spent), cost_ms) == (int(row[1]), int(row[2].replace(",", "")))
