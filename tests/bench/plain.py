"""Households as plain Hypothesis draws them: a date of `st.datetimes`, `st.integers` for the rest.

It must run in a process of its own, which has imported nothing but what stands here: Hypothesis
looks for constants in what was imported.
"""

from datetime import UTC, datetime
from typing import NamedTuple

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from typing_extensions import override

from meter_emu import Campaign
from meter_emu.stories.chooser import Chooser, Replayed
from meter_emu.stories.story import Among, begin, inhabited, models
from meter_emu.stories.times import FIRST_S, LAST_S, Timing
from meter_emu.units import DAY_S, MINUTE_S

LEAD_MAX_MIN = 108 * 1440  # as stories have it: the longest lead of 2020, and a day
_FIRST, _LAST = (datetime.fromtimestamp(at_s, UTC).replace(tzinfo=None) for at_s in (
    FIRST_S, LAST_S - (LEAD_MAX_MIN + 1) * MINUTE_S))  # fmt: skip


class PlainHome(NamedTuple):
    """One example: when it is armed, how long before T, and every other choice."""

    armed_s: int
    lead_min: int
    tape: tuple[int, ...]


class _Plain(Chooser):
    def __init__(self, data: st.DataObject) -> None:
        super().__init__()
        self._data = data

    @override
    def _choose(self, bound: int) -> int:
        return self._data.draw(st.integers(0, bound - 1))


def plain_homes(count: int, seed_number: int) -> list[PlainHome]:
    """Draw so many, without the first of all, which is the simplest."""
    found: list[PlainHome] = []

    @seed(seed_number)
    @settings(
        max_examples=count + 1,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    @given(st.datetimes(_FIRST, _LAST), st.integers(0, LEAD_MAX_MIN), st.data())
    def collect(armed: datetime, lead_min: int, data: st.DataObject) -> None:
        armed_s = int(armed.replace(tzinfo=UTC).timestamp())
        chooser = _Plain(data)
        _story(chooser, armed_s, lead_min, models())
        found.append(PlainHome(armed_s, lead_min, tuple(chooser.tape)))

    collect()
    return found[1:]


def plain_story(household: PlainHome, among: Among) -> Campaign:
    """Return the campaign of an example, on one of these kits."""
    return _story(Replayed(household.tape), household.armed_s, household.lead_min, among)


def _story(chooser: Chooser, armed_s: int, lead_min: int, among: Among) -> Campaign:
    number, draft = begin(chooser, among)
    draft.timing = Timing(armed_s, (armed_s // MINUTE_S + lead_min) * MINUTE_S)
    draft.first_s = armed_s - 3 * DAY_S
    return inhabited(draft, number)
