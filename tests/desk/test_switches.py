"""The orders that are on or off: each row is whole, and is written, read, typed, said and tried."""

from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

from card_protocol.formats.budget import OrderFlags
from meter_emu.desk.desk import Work
from meter_emu.desk.switches import SWITCHED, SWITCHES, SwitchName, switched
from meter_emu.energies import ENERGIES
from meter_emu.explore.acts import ACT_ROWS
from meter_emu.sitting.office import at_counter
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from meter_emu.world.rehearsal.rig import order_in_words
from meter_emu.zones import BELGIAN
from tests.campaigns import STREET
from tests.desk.reader import ISSUED

EACH = pytest.mark.parametrize(
    ("switch", "on"),
    [(switch, on) for switch in SWITCHES for on in (True, False)],
    ids=[f"{switch.name}-{word}" for switch in SWITCHES for word in ("on", "off")],
)


def test_a_row_has_its_field_and_its_bit_and_none_is_without_a_row():
    names = tuple(switch.name for switch in SWITCHES)
    assert names == tuple(one.name for one in fields(Work) if one.type == bool | None)
    assert names == get_args(SwitchName)
    assert [switch.flag for switch in SWITCHES] == [flag.name for flag in OrderFlags]
    for switch in SWITCHES:
        assert set(switch.written) == set(switch.short) == {True, False}
        assert any(switch.fits(energy) for energy in ENERGIES.values())


@EACH
def test_an_office_writes_one_bit_of_it_and_leaves_it_as_it_is(reader, switch, on):
    """A card of each kind has it."""
    flag, before = OrderFlags[switch.flag], reader.desk.account(reader.exchange).desk.flags
    for _ in range(2):  # switched twice it stays
        work = Work(**{switch.name: on})
        after = reader.desk.serve(reader.exchange, work, issued_at_min=ISSUED).desk.flags
        assert (bool(after & flag), after | flag) == (on, before | flag)
    kept = reader.desk.serve(reader.exchange, Work(load_cents=500), issued_at_min=ISSUED)
    assert kept.desk.flags == after


@EACH
def test_a_file_has_it_as_a_word_that_is_read_written_tried_typed_and_said(
    switch, on, tmp_path: Path
):
    word = f"{switch.name}-{'on' if on else 'off'}"
    assert SWITCHED[word] == (switch.name, on)
    path = tmp_path / "one.toml"
    path.write_text(STREET.replace('"cut"', f'"{word}"'), "utf-8")
    campaign = load_campaign(path)
    visit = campaign.households[0].visits[0]
    assert visit.desk == DeskOrder(**{switch.name: on})
    assert f'desk = ["{word}"]' in campaign_toml(campaign)
    others = [name for name in SWITCHED if name != word]
    assert ACT_ROWS[word].is_in(visit)
    assert not any(ACT_ROWS[name].is_in(visit) for name in others)
    typed = at_counter(word.replace("-", " "), visit.at_us, BELGIAN)
    assert typed.order == visit.desk
    assert order_in_words(visit.desk, ENERGIES["electricity"].priced) == switch.written[on]


def test_nothing_is_switched_by_who_says_nothing():
    assert switched(Work(load_cents=500)) == switched(DeskOrder(reactivate=True)) == []
