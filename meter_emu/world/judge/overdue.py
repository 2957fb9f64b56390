"""A household that is supplied in full and should have been cut, or limited, by now.

The opposite promise: nobody is supplied for nothing. It is asked only where no leniency of the
rules explains the supply.
"""

from typing import Final, NamedTuple, final

from meter_emu.world.judge.forks import Forks
from meter_emu.world.judge.hours import ZoneHours
from meter_emu.world.judge.knowledge import Knowledge
from meter_emu.world.judge.outcome import WORK_US

_NEVER_US: Final = 2**63


@final
class Full(NamedTuple):
    """What is certain of a household that is supplied in full at `now_us`.

    `ready_us` is from when on its meter can look; `by_order` is whether T2 has come and a limiter
    stands in for the cut, `unpaid` whether the credit is used up. `any_hour` is whether the
    protected hours do not count, `over` whether that is because their shelter is over.
    """

    now_us: int
    ready_us: int
    limiter: bool
    by_order: bool
    unpaid: bool
    any_hour: bool
    over: bool


@final
class Overdue(Forks):
    """Since when that is so; `found` is each beginning in words, and its end as `None`."""

    def __init__(self, hours: ZoneHours) -> None:
        self.found: Final[list[tuple[int, str | None]]] = []
        self.by_us: int | None = None  # when the cut is certainly due
        self.unlimited_us: int | None = None  # when a limiter was last taken away
        self._hours: Final = hours

    def watch(self, supply: Full, knowledge: Knowledge) -> None:
        """Take in what is certain now."""
        if not (supply.by_order or supply.unpaid):
            self.by_us = None
        elif self.by_us is None or (supply.over and self.by_us == _NEVER_US):
            self.by_us = self._due_us(supply, knowledge)
        late = self.by_us is not None and supply.now_us > self.by_us
        if late is not bool(self.found and self.found[-1][1]):
            words = "the credit is used up, and the household is not cut for it"
            if supply.limiter:
                words = "a limiter is granted and a cut is due, and the household is not limited"
            self.found.append((supply.now_us, words if late else None))

    def _due_us(self, supply: Full, knowledge: Knowledge) -> int:
        """Return when the latest right meter has acted; far away where one need not act at all.

        A meter that is not sure of the time waits at both ends of the non-disconnection period. One
        that had limited knew that none ran, and is not waiting for its next look; unless it has
        limited no more because its clock was set, by which the cut may be to come again.
        """
        just_set = supply.now_us - knowledge.since_us <= WORK_US
        knew = self.unlimited_us == supply.now_us and not just_set
        look_us = WORK_US if knew else knowledge.look_us
        if supply.by_order:
            return supply.ready_us + look_us
        from_us = max(supply.ready_us, knowledge.since_us)
        if supply.any_hour:
            return from_us + look_us
        # A clock that is u ahead sees these hours as [start, end - 2u], one that is u behind as
        # [start + 2u, end]. Both must have a look in theirs; else a meter may be right not to cut
        # in them, and only the bound on shelter is for it (docs/decisions/doubt.md).
        starts_us = self._hours.last_change_us(supply.now_us)
        ends_us = self._hours.next_change_us(supply.now_us)
        within_us = 2 * knowledge.within_us(ends_us)
        by_us = max(from_us, from_us if knew else starts_us + within_us) + look_us
        if from_us + look_us > ends_us - within_us or by_us > ends_us:
            return _NEVER_US
        return by_us
