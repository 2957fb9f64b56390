"""Records on a card, their MACs right: put into a meter, and then taken to the desk."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import cache
from itertools import product
from typing import Any, Final

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import DESK, IDENTITY, CardId, Sfi, mac_text
from card_protocol.formats.budget.generations import layouts
from card_protocol.formats.budget.making import (
    df_of,
    personalise_budget_card,
    personalise_plain_budget_card,
    record_on,
)
from card_protocol.keys import MAC_SIZE_BYTES, Key, Purpose, derive
from card_protocol.layout import Layout
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result
from meter_emu.errors import MeterEmuError
from meter_emu.firmware.layouts import MONEY_MAX_UEUR, State
from meter_emu.fuzz.bench import A_LOAD, FAR_OFF, FUZZED_MODELS, FUZZING_FROM_US, FuzzedMeter
from meter_emu.fuzz.models.orders import SaidOrder, lasting, order_of
from meter_emu.fuzz.reach import must, note, note_all
from meter_emu.fuzz.target import FuzzField, Target, slots_of
from meter_emu.units import UEUR_PER_CENT
from meter_emu.world.households.campaign import METER_ID_FIRST
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.rehearsal.rig import Rig

_REACTIVATION: Final = DeskOrder(reactivate=True)
_PLAIN: Final = 0x10  # in the first byte, above the model: on which carrier
_SECOND: Final = 0x20  # and of which generation
# A result speaks of the first thing on a card that is refused; the rest of it may be obeyed.
_WALLET_REFUSED: Final = frozenset({Result.WALLET_ROLLED_BACK, Result.LOAD_TOO_LARGE})
_ORDER_OBEYED: Final = frozenset({*_WALLET_REFUSED, Result.STAMP_AHEAD, Result.BAD_FORMAT})
_CARD_REFUSED: Final = frozenset(
    {
        Result.CARD_UNREADABLE, Result.CARD_NOT_GENUINE, Result.WRONG_METER,
        Result.BAD_MAC, Result.CARD_REMOVED, Result.CARD_EXPIRED, Result.CARD_REPLACED,
        Result.CARD_TOO_SLOW, Result.WRONG_ENERGY,
    }
)  # fmt: skip
# Of these the meter has read a date as well, and may doubt its clock.
_DATE_READ: Final = frozenset({Result.CARD_EXPIRED, Result.CARD_REPLACED})
_DOUBT: Final = frozenset({"health", "refused_stamp_min"})
# What a meter changes because a card was there, and what it books or doubts besides the order.
_CARD_SEEN: Final = frozenset({"sequence", "crc", "events", "session_count", "shown_session"})
_MONEY: Final = frozenset(
    {
        "accepted_cents", "accepted_count", "balance_ueur", "emergency_debt_ueur", "card_number",
    }
) | _DOUBT  # fmt: skip
_REACHED: Final = (
    Result.EXECUTED, Result.ALREADY_EXECUTED, Result.STALE_ORDER, Result.BAD_FORMAT,
    Result.BAD_MAC, Result.BAD_DATE, Result.WRONG_METER, Result.LOAD_TOO_LARGE,
    Result.WALLET_ROLLED_BACK,
)  # fmt: skip
_LIMITS: Final = (2, 250, 2_000, 27_000)  # orders and a price of the bench, cents of one load
_SFIS: Final = (Sfi.IDENTITY, Sfi.DESK)


def _carried(data: bytes, build: str) -> None:
    """A card with these records, of the right keys, is put in twice, then taken to the desk."""
    records, at = {}, 1
    for sfi, layout in _layouts(data):
        records[sfi] = data[at : at + layout.size_bytes]
        at += layout.size_bytes
    if len(data) != at:
        return
    bench = FuzzedMeter(data[0] & 0x0F, build, armed=True)
    card = card_of(_image(data[0], bench.rig, records), bench.rig.challenge)
    before = _state(bench)
    result = bench.insert(card)
    note_all(result.name, f"{card.image.kind.name.lower()} card of generation {_generation(data)}")
    after = _state(bench)
    genuine = _genuine(records, card.image.kind)
    must(result.refused or genuine, "a record with a wrong MAC is refused", moved=not genuine)
    if _wrong_by_a_byte(records, card.image.kind):
        note("a MAC of which the last byte alone is wrong")
    held = [record_on(_files(card), sfi)[: len(raw)] for sfi, raw in records.items()]
    must(held == list(records.values()), "a meter leaves what the office wrote")
    _ask_once(result, before, after)
    order = order_of(records[Sfi.DESK], _generation(data))
    energy = bench.rig.household.model.measures.code
    number = lasting(records[Sfi.IDENTITY], _generation(data), energy)
    right_meter = records[Sfi.IDENTITY][4:12] == METER_ID_FIRST.to_bytes(8, "big")
    if genuine and right_meter and order is not None and number and number >= before.card_number:
        must(result not in _CARD_REFUSED, "a card that is right is not refused", result.name)
        must(after.card_number == number, "its number is known from now on")
        _ask_order(order, result, before, after)
        load_max_cents = bench.rig.household.model.credit.load_max_cents
        want = order.money if _may_load(order, before, load_max_cents) else _money(before)
        must(_money(after) == want, "money that may be loaded is loaded, and no other", result.name,
             moved=want != _money(before))  # fmt: skip
        if order.number < before.order_number or _generation(data) == 1:
            first = record_on(_files(bench.card), Sfi.DESK)[: DESK.size_bytes]
            _ask_known(order, order_of(first, 1), result, before, after)
    again = bench.insert(card)
    twice = _state(bench)
    if after.order_number != before.order_number:
        must(again in {Result.ALREADY_EXECUTED, *_ORDER_OBEYED}, "what was obeyed is known again",
             again.name)  # fmt: skip
    if not again.refused:
        must(_money(after) == _money(twice), "a card shown twice is booked once")
        must(after.order_number == twice.order_number, "and obeyed once")
    if _desk_agrees(bench.rig, card, result, after):
        bench.a_day()


def _image(first: int, rig: Rig, records: Mapping[Sfi, bytes]) -> CardImage:
    """Return the card of these records, on the carrier and of the generation of the first byte."""
    df = df_of(rig.household.model.measures.code)
    generation = _generation(bytes((first,)))
    if first & _PLAIN:
        return personalise_plain_budget_card(records, generation=generation, df=df)
    return personalise_budget_card(
        TEST_MASTER_KEY,
        rig.meter_id,
        records,
        pin="0000",
        generation=generation,
        df=df,
    )


def _state(bench: FuzzedMeter) -> State:
    state = bench.state()
    must(state is not None, "the memory can be read")
    assert state is not None, "it was just said"
    return state


def _ask_once(result: Result, before: State, after: State) -> None:
    """Ask what must hold of a meter that has heard a card."""
    must(_money(after) >= _money(before), "what was booked stays booked")
    must(after.order_number >= before.order_number, "and an older order is not obeyed")
    if result in _WALLET_REFUSED:
        must(_money(before) == _money(after), "a wallet that is refused brings no money")
    if result.refused and result not in _ORDER_OBEYED:
        must(_but(before, _MONEY) == _but(after, _MONEY), "a refused order changes nothing")
    if result in _CARD_REFUSED:
        doubt = _DOUBT if result in _DATE_READ else frozenset()
        must(_but(before, doubt) == _but(after, doubt), "a refused card changes nothing")
    loaded_ueur = (after.accepted_cents - before.accepted_cents) * UEUR_PER_CENT
    owed_ueur = min(_stands_ueur(before) + loaded_ueur, MONEY_MAX_UEUR)
    must(_stands_ueur(after) == owed_ueur, "what is loaded is credit", moved=loaded_ueur > 0)
    if owed_ueur == MONEY_MAX_UEUR:
        note("as much credit as there can be")


def _ask_order(said: SaidOrder, result: Result, before: State, after: State) -> None:
    """Ask that what is sound and new on a right card is obeyed, and that what is obeyed is kept."""
    obeyed = after.order_number != before.order_number
    if said.number > before.order_number and (said.barred or said.plain):
        must(obeyed != said.barred, "a newer order is obeyed, unless it cannot be", result.name)
    if obeyed:
        must(after.order_number == said.number, "what is obeyed is what the card says")
        tariff = (after.tariff_number, after.price_ueur_per_wh, after.night_price_ueur_per_wh,
                  after.mwh_per_unit)  # fmt: skip
        must((after.flags & 3, tariff) == (said.flags, said.tariff), "and its tariff is kept",
             str(tariff), moved=said.tariff[1] != before.price_ueur_per_wh)  # fmt: skip
        for end, kept in zip(said.ends, (after.defer_end, after.cut_end), strict=True):
            must(end in {kept, None}, "its ends are those of the card", kept.hex())


def _ask_known(
    said: SaidOrder,
    in_meter: SaidOrder | None,
    result: Result,
    before: State,
    after: State,
) -> None:
    """Ask that the order `in_meter` is harmless, and another of its number or an older refused."""
    if said.number > before.order_number:
        return
    stale, same = (
        said.number < before.order_number,
        said == (in_meter and in_meter._replace(money=said.money)),
    )
    name = (
        Result.STALE_ORDER if stale else Result.ALREADY_EXECUTED if same else Result.ANOTHER_ORDER
    )
    want = {name, *_ORDER_OBEYED}
    if same and _money(after) != _money(before):
        want.add(Result.EXECUTED)
    must(result in want, "an order is known by all that it says", result.name, moved=not same)


def _may_load(said: SaidOrder, before: State, load_max_cents: int) -> bool:
    (cents, count), (known_cents, known_count) = said.money, _money(before)
    loads = count - known_count
    return cents > 0 and loads > 0 and 0 <= cents - known_cents <= loads * load_max_cents


def _desk_agrees(rig: Rig, card: VirtualCard, result: Result, state: State) -> bool:
    """Ask whether the desk agrees with the meter on a card; return whether it can read it."""
    card.power_on()
    try:
        account = rig.desk.account(card.transmit)
        written = rig.desk.read_back(card.transmit)
    except (CardProtocolError, MeterEmuError) as error:
        must(result.refused, "a card that the meter obeys the desk can read", str(error))
        note("the desk cannot read it")
        return False
    if result is Result.EXECUTED:
        must(written is not None, "an order that is executed is written back")
    if not result.refused:
        wallet = account.desk.loaded_cents, account.desk.load_count
        must(state.order_number == account.desk.order_number, "meter and desk agree on the order")
        must(_money(state) == wallet, "and on the money", moved=wallet[0] > 0)
        if written is not None:
            must(written.balance_ueur == state.balance_ueur, "and on the credit")
    return True


def _but(state: State, more: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return the fields of a state but those that say that a card was there, and `more`."""
    said = asdict(state)
    return {name: said[name] for name in said if name not in _CARD_SEEN | more}


def _files(card: VirtualCard) -> CardImage:
    image = card.image
    assert isinstance(image, CardImage), "a card of files"
    return image


def _stands_ueur(state: State) -> int:
    """Return what was ever paid in: the credit, with what was lent and used taken back."""
    return state.balance_ueur - state.emergency_debt_ueur + state.charged_ueur


def _generation(data: bytes) -> int:
    return 2 if data and data[0] & _SECOND else 1


def _money(state: State) -> tuple[int, int]:
    return state.accepted_cents, state.accepted_count


def _layouts(data: bytes) -> list[tuple[Sfi, Layout[Any]]]:
    found = layouts(_generation(data))
    return [(sfi, found[sfi]) for sfi in _SFIS]


def _carried_slots(data: bytes) -> list[FuzzField]:
    found, at = [], 1
    for _, layout in _layouts(data):
        found += slots_of(layout, at, _LIMITS)
        at += layout.size_bytes
    return found


def _carried_seal(data: bytes) -> bytes:
    """Put right what is looked at first: magic, generation, meter, and the MACs, by our keys."""
    parts, at = {}, 1
    generation = bytes((_generation(data),))
    whole = 1 + sum(layout.size_bytes for _, layout in _layouts(data))
    data = data[:whole].ljust(whole, b"\xff")  # another generation is of another size
    for sfi, layout in _layouts(data):
        head = layout.magic + generation
        parts[sfi] = head + data[at + len(head) : at + layout.size_bytes]
        at += layout.size_bytes
    meter_id = METER_ID_FIRST.to_bytes(8, "big")
    parts[Sfi.IDENTITY] = _put(IDENTITY, parts[Sfi.IDENTITY], "meter_id", meter_id)
    card = _card_id(parts, CardKind.PLAIN if data[0] & _PLAIN else CardKind.SECURE)
    return data[:1] + b"".join(_sealed(raw, _desk_key(), card) for raw in parts.values())


def _carried_tags(data: bytes) -> list[slice]:
    found, at = [], 1
    for _, layout in _layouts(data):
        at += layout.size_bytes
        found.append(slice(at - MAC_SIZE_BYTES, at))
    return found


def _card_id(records: Mapping[Sfi, bytes], kind: CardKind) -> CardId:
    number = int.from_bytes(records[Sfi.IDENTITY][_place(IDENTITY, "card_number")], "big")
    return CardId(METER_ID_FIRST, number, kind)


def _genuine(records: Mapping[Sfi, bytes], kind: CardKind) -> bool:
    """Whether the MAC of every record is right, all of it."""
    card = _card_id(records, kind)
    return all(_sealed(raw, _desk_key(), card) == raw for raw in records.values())


def _wrong_by_a_byte(records: Mapping[Sfi, bytes], kind: CardKind) -> bool:
    """Whether some MAC is wrong in its last byte, and in no other."""
    card = _card_id(records, kind)
    pairs = [(raw, _sealed(raw, _desk_key(), card)) for raw in records.values()]
    return any(raw != right and raw[:-1] == right[:-1] for raw, right in pairs)


@cache
def _desk_key() -> Key:
    return derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, METER_ID_FIRST)


def _sealed(raw: bytes, key: Key, card: CardId) -> bytes:
    body = raw[:-MAC_SIZE_BYTES]
    return body + key.mac(mac_text(body, card))


def _place(layout: Layout[Any], name: str) -> slice:
    field = next(field for field in layout.fields if field.name == name)
    return slice(field.offset, field.offset + field.size_bytes)


def _put(layout: Layout[Any], raw: bytes, name: str, value: bytes) -> bytes:
    place = _place(layout, name)
    return raw[: place.start] + value + raw[place.stop :]


def _carried_seeds() -> tuple[bytes, ...]:
    found = []
    for selector, flags in product(
        range(len(FUZZED_MODELS)), (0, _PLAIN, _SECOND, _PLAIN | _SECOND)
    ):
        bench = FuzzedMeter(selector, "reference")
        household = replace(
            bench.rig.household,
            carrier=CardKind.PLAIN if flags & _PLAIN else CardKind.SECURE,
            card_generation=2 if flags & _SECOND else 1,
        )
        rig = Rig.seeded(household, start_us=FUZZING_FROM_US, seed=0)
        card = rig.first_card()
        rig.write(card, FAR_OFF)
        for order in (A_LOAD, FAR_OFF, _REACTIVATION, A_LOAD):
            rig.write(card, order)
            raws = (record_on(_files(card), sfi) for sfi in _SFIS)
            sizes = (layout.size_bytes for _, layout in _layouts(bytes((flags,))))
            found.append(
                bytes((selector | flags,))
                + b"".join(raw[:size] for raw, size in zip(raws, sizes, strict=True))
            )
    return (*found, *_wrong_ones(found[3]))


def _wrong_ones(data: bytes) -> Iterator[bytes]:
    """Yield a card with a MAC wrong in its last byte, of another meter, or without a date; money.

    The money is on both sides of what one, or two, loads may bring to a meter that has 20 EUR.
    """
    yield data[:-1] + bytes((data[-1] ^ 1,))
    at, identity = 1 + IDENTITY.size_bytes, data[1 : 1 + IDENTITY.size_bytes]
    yield data[:1] + _put(IDENTITY, identity, "meter_id", bytes(8)) + data[at:]
    expired = _put(IDENTITY, identity, "expires", bytes.fromhex("2002300000"))
    yield _carried_seal(data[:1] + expired + data[at:])
    for cents, count in (
        (0, 0), (0x7FFF_FFFF, 3), (27_000, 2), (27_001, 2), (52_000, 3), (52_001, 3), (2_001, 1),
        (1_999, 2), (2_000, 2),
    ):  # fmt: skip
        desk = _put(DESK, data[at:], "loaded_cents", cents.to_bytes(4, "big"))
        desk = _put(DESK, desk, "load_count", count.to_bytes(4, "big"))
        yield _carried_seal(data[:at] + desk)
    desk = _put(DESK, data[at:], "token", b"\xff" * MAC_SIZE_BYTES)
    anew = {"price_ueur_per_wh": 251, "night_price_ueur_per_wh": 251, "order_number": 9}
    for name, value in anew.items():
        desk = _put(DESK, desk, name, value.to_bytes(4, "big"))
    yield _carried_seal(data[:at] + desk)


TARGETS: Final = (
    Target(
        id="card-records",
        our_memory=True,
        asks="records on a card, their MACs right, put into the meter and taken to the desk",
        oracles="forged or refused, it changes nothing; what is right is obeyed and kept; "
        "meter and desk agree; twice counts once",
        reaches=(
            *(
                f"{kind} card of generation {number}"
                for kind in ("secure", "plain")
                for number in (1, 2)
            ),
            *(result.name for result in _REACHED),
            "the desk cannot read it",
            "a MAC of which the last byte alone is wrong",
        ),
        size_max=1 + 48 + 80,
        check=_carried,
        seeds=_carried_seeds,
        slots=_carried_slots,
        seal=_carried_seal,
        tags=_carried_tags,
        fixed=True,
    ),
)
