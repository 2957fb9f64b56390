"""A hazard of bytes: a MAC or a token that begins or ends with 00 or FF.

One in 64 does, so one household in some tens has a card whose MAC a program cuts short that keeps
it as text, or takes for none where it looks at one byte of it.
"""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Final

from card_protocol.card.image import CardKind
from card_protocol.carrier.find import laid_open
from card_protocol.formats.budget import reactivation_token
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.formats.budget.making import sealed_records
from card_protocol.keys import MAC_SIZE_BYTES, Purpose, derive
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Law, campaign_of
from meter_emu.stories.ages import aged
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.rehearsal.engine import rig_of

_TRIES: Final = 4_000  # of these one in 256 does it: that none does is not to be
_LOADED_CENTS: Final = 2_000
# Where: the place of the byte, and what it is.
_EDGES: Final = ((0, 0x00), (0, 0xFF), (-1, 0x00), (-1, 0xFF))


def edge_bytes(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw an armed household that is reactivated, or whose order has such a MAC."""
    seed, draft = begin(chooser, among, "bytes at an edge")
    armed_s, end_s = draft.timing
    place, byte = chooser.of(_EDGES)
    # The parts of a memory card are sealed otherwise: of it the token alone is looked at.
    reactivated = chooser.below(2) == 0 or draft.carrier is CardKind.MEMORY
    draft.age = aged(chooser, draft.carrier)
    draft.bring(armed_s, draft.arming(end_s, end_s))
    draft.ample_credit = True
    if not reactivated:
        campaign = finish(draft, seed)
        return _sealed(campaign, lambda mac: mac[place] == byte)
    back_s = max(armed_s + HOUR_S, end_s - chooser.of((DAY_S, HOUR_S, MINUTE_S)))
    draft.bring(back_s, DeskOrder(reactivate=True, load_cents=_LOADED_CENTS))
    key = derive(TEST_MASTER_KEY, Purpose.REACTIVATION, METER_ID_FIRST)
    first = chooser.below(1_000)
    number = next(
        number
        for number in range(first + 2, first + 2 + _TRIES)
        if reactivation_token(key, METER_ID_FIRST, number)[place] == byte
    )
    draft.age = replace(draft.age, order_number=number - 2, card_writes=max(1, number - 2))
    return finish(draft, seed)


def _sealed(campaign: Campaign, fits: Callable[[bytes], bool]) -> Campaign:
    """Return the story with so much loaded before that the MAC of its one visit is such a one."""
    (household,) = campaign.households
    key = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, household.meter_id)
    age = replace(household.age, load_count=max(1, household.age.load_count))
    household = replace(household, age=age)
    at_desk = replace(household, visits=tuple(v for v in household.visits if v.desk is not None))
    written = laid_open(rig_of(at_desk, campaign).card_as_written().image).contents(key)
    first_cents = max(1, written.desk.loaded_cents)  # no load is of nothing
    for cents in count(first_cents):
        assert cents < first_cents + _TRIES, "one in 256 does it"
        records = CardRecords(written.identity, replace(written.desk, loaded_cents=cents))
        (*_, raw) = sealed_records(records, key, household.carrier).values()
        if fits(raw[-MAC_SIZE_BYTES:]):
            break
    return campaign_of(campaign, replace(household, age=replace(age, loaded_cents=cents)))


LAW: Final = Law(
    id="edge-bytes",
    says="a MAC or a token that begins or ends with 00 or FF is as good as any",
    properties=("P4", "P13"),
    presumes="an office with the right keys",
    draw=edge_bytes,
    check=promises,
    one_in=40,
    hazard=True,
)
