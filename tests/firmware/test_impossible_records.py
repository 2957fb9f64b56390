"""Records whose CRC is right and whose values cannot be; and a clock chip with a stuck bit."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.carrier.find import laid_open
from card_protocol.errors import LayoutError
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.generations import layouts
from card_protocol.layout import FieldInfo
from meter_emu.domain import Result
from meter_emu.firmware.layouts import (
    FACTORY,
    FACTORY_AT,
    MONEY_MAX_UEUR,
    STATE,
    STATE_AT,
    Health,
    with_crc,
)
from meter_emu.world.meter.acts import Power
from tests.cards import with_contents
from tests.cells import each_cell
from tests.firmware.meters import START, Rig, seconds_2000
from tests.firmware.sessions import ARM, DESK_KEY, ON_EACH, armed
from tests.firmware.test_clock_card import clock_card
from tests.rigs import counted

NOT_BCD = b"\xaa" * 12
# Of a card's records: what says whose they are, and what sealing fills in.
KEPT = {"magic", "generation", "meter_id", "mac"}
STATES: dict[str, dict[str, Any]] = {
    "T1 not BCD": {"defer_end": NOT_BCD},
    "T2 not BCD": {"cut_end": NOT_BCD},
    "the T2 reached not BCD": {"latched_end": NOT_BCD},
    "a code": {"health": 0x7F},
    "a time after 2099": {"last_time_s": 0xFFFFFFFF},
    "a setting after 2099": {"clock_set_s": 0xFFFFFFFF},
    "a remainder": {"remainder_mwh": 1_000},
    "no energy in a unit": {"mwh_per_unit": 0},
    "no price": {"price_ueur_per_wh": 0},
    "a night that costs more": {"night_price_ueur_per_wh": 251},
    "money": {"balance_ueur": MONEY_MAX_UEUR + 1},
    "a debt": {"balance_ueur": -MONEY_MAX_UEUR - 1},
    "what was charged": {"charged_ueur": 2**64 - 1},
}
FACTORIES: dict[str, dict[str, Any]] = {
    "energy 0": {"energy": 0},
    "energy 7F": {"energy": 0x7F},
    "no meter": {"meter_id": 0},
    "a base": {"rtc_base": 3},
    "no key": {"rearm_key": 0},
    "two keys": {"rearm_key": 3},
    "a drift of everything": {"drift_bound_ppb": 10**9},
    "an emergency credit": {"emergency_cents": 2**32 - 1},
    "a window": {"window_start_minute": 1_440},
    "a night": {"night_end_minute": 1_440},
}


def burn(rig: Rig, at: int, layout: Any, record: Any) -> None:
    rig.board.eeprom.cells[at : at + layout.size_bytes] = with_crc(layout.build(record))


def lives_on(rig: Rig) -> str:
    """Let it run, press and be given a card; nothing escapes a poll."""
    rig.bench.do(Power(on=False))
    rig.bench.do(Power(on=True))
    rig.run(200_000)
    rig.insert()
    rig.run(120)
    return rig.board.panel.text


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("what", STATES)
def test_a_state_that_cannot_be_is_none(what):
    rig = Rig()
    bad = replace(rig.state, **STATES[what])
    for at in STATE_AT:
        burn(rig, at, STATE, bad)
    assert lives_on(rig).startswith("MEMORY FAULT")


@each_cell("what", STATES)
def test_the_other_copy_is_taken(what):
    rig = Rig()
    good = rig.state
    burn(rig, STATE_AT[0], STATE, good)
    burn(rig, STATE_AT[1], STATE, replace(good, sequence=good.sequence + 1, **STATES[what]))
    assert lives_on(rig).startswith("CREDIT 50.00 EUR")


@pytest.mark.slow("tries every field")
@each_cell("what", FACTORIES)
def test_a_factory_record_that_cannot_be_is_none(what):
    rig = Rig()
    raw = bytes(rig.board.eeprom.cells[FACTORY_AT : FACTORY_AT + FACTORY.size_bytes])
    burn(rig, FACTORY_AT, FACTORY, replace(FACTORY.parse(raw), **FACTORIES[what]))
    assert lives_on(rig).startswith("NOT CONFIGURED")


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("seed", range(60))
def test_no_bytes_with_a_right_crc_escape_a_poll(seed):
    """A field at random of state or factory, any value its bytes can hold."""
    chance = Random(seed)
    rig = Rig(load=chance.choice([0, 40_000]))
    kinds: list[tuple[Any, tuple[int, ...]]] = [(STATE, STATE_AT), (FACTORY, (FACTORY_AT,))]
    layout, places = chance.choice(kinds)
    raw = bytearray(rig.board.eeprom.cells[places[0] : places[0] + layout.size_bytes])
    field = chance.choice([one for one in layout.fields if one.name not in ("magic", "crc")])
    value = chance.choice([b"\xff", b"\x00", b"\x7f", bytes([chance.randrange(256)])])
    raw[field.offset : field.offset + field.size_bytes] = value * field.size_bytes
    for at in places:
        rig.board.eeprom.cells[at : at + layout.size_bytes] = with_crc(bytes(raw))
    lives_on(rig)


# What a card says under a right MAC, and what of it is refused -----------------------------------

RECORDS: dict[str, tuple[Sfi, dict[str, Any]]] = {
    "card number 0": (Sfi.IDENTITY, {"card_number": 0}),
    "money without a load": (Sfi.DESK, {"load_count": 0}),
    "a load without money": (Sfi.DESK, {"loaded_cents": 0}),
    "a flag": (Sfi.DESK, {"flags": 0x05}),
    "tariff 0": (Sfi.DESK, {"tariff_number": 0}),
    "no price": (Sfi.DESK, {"price_ueur_per_wh": 0, "night_price_ueur_per_wh": 0}),
    "no price at night": (Sfi.DESK, {"night_price_ueur_per_wh": 0}),
    "a night that costs more": (Sfi.DESK, {"night_price_ueur_per_wh": 251}),
    "no energy in a unit": (Sfi.DESK, {"mwh_per_unit": 0}),
}


@ON_EACH
@pytest.mark.parametrize("what", RECORDS)
def test_a_card_record_that_cannot_be_is_refused_and_the_rest_counts(what, carrier):
    sfi, changes = RECORDS[what]
    rig = armed(carrier)
    contents = laid_open(rig.card.image).contents(DESK_KEY)
    name = sfi.name.lower()
    contents = contents._replace(**{name: replace(getattr(contents, name), **changes)})
    rig.card = card_of(with_contents(rig.card.image, contents, DESK_KEY), counted())
    # A memory card has the code that goes with its number, so this one is another's first.
    foreign = carrier is CardKind.MEMORY and sfi is Sfi.IDENTITY
    assert rig.insert().endswith("CARD_NOT_GENUINE" if foreign else "CARD 13 BAD_FORMAT")
    kept = rig.state
    money, ordered = changes.keys() & {"load_count", "loaded_cents"}, sfi is Sfi.DESK
    booked = 5_000 if ordered and not money else 0
    assert (kept.accepted_cents, kept.order_number) == (booked, int(ordered and bool(money)))
    assert kept.price_ueur_per_wh == 250
    lives_on(rig)


def drawn(chance: Random, field: FieldInfo) -> Any:
    """Return a value that a field's bytes can hold: one of its ends, or any."""
    top = 1 << 8 * field.size_bytes
    number = chance.choice([0, 1, top // 2, top - 1, chance.randrange(top)])
    return number if field.kind == "uint" else number.to_bytes(field.size_bytes, "big")


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("seed", range(80))
def test_no_card_with_right_macs_escapes_a_poll(seed):
    """Fields at random of the records of either generation, on any carrier that has room."""
    chance = Random(seed)
    carrier = chance.choice(list(CardKind))
    generation = 1 if carrier is CardKind.MEMORY else chance.choice([1, 2])
    rig = Rig(carrier=carrier, generation=generation, load=chance.choice([0, 40_000]))
    rig.write(ARM)
    contents = laid_open(rig.card.image).contents(DESK_KEY)
    for _ in range(chance.choice([1, 1, 2, 3])):
        sfi = chance.choice([Sfi.IDENTITY, Sfi.DESK, Sfi.DESK, Sfi.DESK])
        fields = [one for one in layouts(generation)[sfi].fields if one.name not in KEPT]
        field, name = chance.choice(fields), sfi.name.lower()
        changed = replace(getattr(contents, name), **{field.name: drawn(chance, field)})
        contents = contents._replace(**{name: changed})
    try:
        image = with_contents(rig.card.image, contents, DESK_KEY)
    except LayoutError:
        assert carrier is CardKind.MEMORY, "what its parts cannot say"
        return
    rig.card = card_of(image, counted())
    lives_on(rig)


@pytest.mark.parametrize("at_limit", [MONEY_MAX_UEUR, -MONEY_MAX_UEUR])
def test_money_stops_where_its_range_ends(at_limit):
    rig = Rig(load=40_000)
    full = replace(rig.state, balance_ueur=at_limit, charged_ueur=MONEY_MAX_UEUR,
                   price_ueur_per_wh=2**32 - 1)  # fmt: skip
    for at in STATE_AT:
        burn(rig, at, STATE, full)
    rig.run(86_400 * 3)
    assert rig.state.charged_ueur == MONEY_MAX_UEUR
    assert -MONEY_MAX_UEUR <= rig.state.balance_ueur <= MONEY_MAX_UEUR


class Stuck:
    """A board whose clock chip has a bit of a register stuck."""

    def __init__(self, ports: Any, at: int, bit: int, level: int) -> None:
        self._ports, self._at, self._bit, self._level = ports, at, bit, level

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ports, name)

    def rtc_read(self, at: int, count: int) -> bytes:
        raw = bytearray(self._ports.rtc_read(at, count))
        if at <= self._at < at + count:
            mask = 1 << self._bit
            raw[self._at - at] = raw[self._at - at] & ~mask | mask * self._level
        return bytes(raw)


@pytest.mark.slow("cuts or changes it anywhere")
@each_cell("level", [0, 1])
@each_cell("bit", range(8))
@each_cell("register", range(2, 9))  # seconds to years of a PCF8563
def test_a_stuck_bit_of_the_clock_is_no_end_of_the_program(register, bit, level):
    """A clock that does not read back as it was set is not believed."""
    rig = Rig(tap=lambda ports: Stuck(ports, register, bit, level))
    rig.run(120)
    rig.bench.insert(clock_card(seconds_2000(START) + 10_000_000))
    rig.bench.remove()
    said = rig.board.panel.text
    if rig.state.health == Health.TRUSTED:
        assert said.endswith("EXECUTED")
    else:
        assert said.endswith((Result.CLOCK_NOT_SET.name, Result.CLOCK_CARD_STALE.name, "EXECUTED"))
    rig.run(86_400)
