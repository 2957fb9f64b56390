"""A clock has lost its time: what is used until it is set is counted apart, on the display."""

import re
from itertools import pairwise
from typing import Final

from meter_emu.laws.law import Aside, Broken, Finding, Law, Trial
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish
from meter_emu.stories.times import Timing
from meter_emu.units import DAY_S, HOUR_S, HOUR_US, MINUTE_S
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.account import LoadProfile
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.outcome import WORK_US

_RATES: Final = (4_000, 2_000, 8_000)  # ours: some Wh a minute, of gas as well
_PAGES: Final = 7  # of our button scroll
_APART_S: Final = 3  # ours: from one press to the next
_PRESSED: Final = frozenset({What.KEY_PRESSED})
_WH: Final = 1000 * HOUR_US  # mWh per unit and rate-µs in a Wh
_SHOWN: Final = re.compile(r"USED WITHOUT TIME (\d+)\.(\d{3}) (\S+)")


def used_without_time(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a home that was dark beyond its clock's reserve, and somebody at its button after that.

    In two of three a technician has been there before. Every poll of a clock that is not believed
    is run, so that is an hour or two.
    """
    seed, draft = begin(chooser, among)
    draft.kind = "used without time"
    draft.rates, draft.ample_credit, draft.short = _RATES, True, True
    lost_s = draft.timing.armed_s + (1 + chooser.below(24)) * HOUR_S
    back_s = lost_s + (draft.model.clock.backup_days + 1 + chooser.below(15)) * DAY_S
    draft.outages.append((lost_s, back_s))
    draft.timing = Timing(draft.timing.armed_s, back_s)
    at_s = back_s + (10 + chooser.below(80)) * MINUTE_S
    if chooser.below(3):
        draft.technician(at_s, chooser.around(draft.model.clock.set_error_s - 1))
        at_s += (1 + chooser.below(60)) * MINUTE_S
    for page in range(_PAGES):
        draft.ask_clock(at_s + page * _APART_S)
    return finish(draft, seed)


def _check(trial: Trial) -> Finding:
    home, events = trial.home, trial.run.events
    if any(event.what is What.OPENED for event in events):
        return Aside("the home was cut")
    profile, worth = LoadProfile(home.load), home.model.credit.mwh_per_unit
    priced = home.model.measures.priced
    slack = 2 * WORK_US * max(home.load) * worth + 2 * worth * HOUR_US
    used, shown = 0, False
    for before, event in pairwise(events):
        if not before.clock_trusted:
            used += profile.used(before.at_us, event.at_us) * worth
        stated = _SHOWN.search(event.shown) if event.what in _PRESSED else None
        if stated is None:
            continue
        shown, stated_wh = True, int(stated[1] + stated[2])
        low_wh, high_wh = max(0, used - slack) // _WH, -(-(used + slack) // _WH)
        if not low_wh <= stated_wh <= high_wh:
            words = f"shown as used without time, want {low_wh} to {high_wh}"
            return Broken(f"{stated_wh} {priced.unit} {words}")
        if stated[3] != priced.panel:
            return Broken(f"used without time is shown in {stated[3]}, want {priced.panel}")
    return None if shown else Aside("the display says nothing of energy used without time")


LAW: Final = Law(
    id="used-without-time",
    says="what was used while the clock was doubted is shown apart",
    properties=("P8", "P10"),
    presumes="a display that says so, as ours does",
    draw=used_without_time,
    check=_check,
    one_in=10,
    hazard=True,
)
