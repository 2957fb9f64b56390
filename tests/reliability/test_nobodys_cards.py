"""A card of nobody: it costs no memory, counts as no session, and fills no journal."""

from typing import Final

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.formats.budget import Sfi
from card_protocol.timestamp import MINUTES_NONE
from meter_emu.domain import Result
from meter_emu.firmware.layouts import NO_EVENTS, EventCode
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import EPOCH_2000_S
from tests.cards import raw_on, with_raw
from tests.firmware.meters import METER_ID, PARTS, Rig, factory, now_at, state
from tests.rigs import counted

HOUR_S: Final = 3_600
KINDS: Final = list(CardKind)


def another_meters(rig: Rig) -> VirtualCard:
    return card_of(Rig(carrier=rig.card.image.kind, meter_id=METER_ID + 1).card.image, counted())


def altered(rig: Rig) -> VirtualCard:
    raw = bytearray(raw_on(rig.card.image, Sfi.DESK))
    raw[10] ^= 1
    return card_of(with_raw(rig.card.image, Sfi.DESK, bytes(raw)), counted())


def refused(rig: Rig) -> list[int]:
    return [code for code in rig.state.events[4::8] if code == EventCode.CARD_REFUSED]


@pytest.mark.parametrize("carrier", KINDS)
@pytest.mark.parametrize("of", [another_meters, altered])
def test_a_card_of_nobody_costs_one_write_an_hour_and_is_no_session(carrier, of):
    rig = Rig(carrier=carrier)
    rig.insert()
    rig.run(HOUR_S)
    genuine, before, sessions = rig.card, sum(rig.board.eeprom.wear), rig.state.session_count
    rig.card = of(rig)
    began_us = rig.board.now_us
    while rig.board.now_us < began_us + 2 * HOUR_S * 1_000_000:
        assert Result[rig.insert().rpartition(" ")[2]].refused
        rig.run(60)
    assert len(refused(rig)) in {2, 3}
    assert sum(rig.board.eeprom.wear) - before == 4 * len(refused(rig))
    assert rig.state.session_count == sessions
    rig.card = genuine
    rig.insert()
    assert rig.state.session_count == sessions + 1


@pytest.mark.parametrize(
    ("journalled_min", "now_s", "lately"),
    [
        (1_000, EPOCH_2000_S + 1_000 * 60, True),
        (1_000, EPOCH_2000_S + 1_059 * 60 + 59, True),
        (1_000, EPOCH_2000_S + 1_060 * 60, False),
        (1_000, EPOCH_2000_S + 999 * 60, False),  # the clock was set back since: a write as well
        (1_000, 0, False),
        (MINUTES_NONE, EPOCH_2000_S + 1_000 * 60, False),
        (MINUTES_NONE, 0, True),  # a clock without a time: once, until other events drive it out
    ],
)
def test_an_hour_is_by_the_minutes_in_the_journal(journalled_min, now_s, lately):
    entry = journalled_min.to_bytes(4, "big") + bytes([EventCode.CARD_REFUSED, 0, 0, 0x12])
    other = journalled_min.to_bytes(4, "big") + bytes([EventCode.READY, 0, 0, 0])
    for events, found in ((NO_EVENTS[8:] + entry, lately), (other * 8, False), (NO_EVENTS, False)):
        kept = state(events=events)
        rules = MeterRules(PARTS, factory(), kept, now_at(now_s), ticks_ms=0, register_units=0)
        assert rules.refused_lately() is found
