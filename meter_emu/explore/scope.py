"""A scope: the household to begin with, what may happen to it, and the instants to look at.

It is read from a campaign of one household. Its visits and outages are the *acts*, and its dates
the instants: at each of them any one act may happen, or nothing. A card that comes from an office
and is put in less than five minutes later is one act. What the file has at its very `start` has
happened: it makes the root. So a campaign file is a scope, and what is found is a campaign again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final, NamedTuple, final

from meter_emu.errors import ConfigError
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit, VisitKind
from meter_emu.world.households.ledger import NO_TYPO
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.rehearsal.rig import order_in_words

_BROUGHT_US: Final = 5 * MINUTE_US  # ours: sooner after an office than this, a card is brought
_HERALD_US: Final = 61 * SECOND_US  # ours: a poll before the end, and the second before


@final
class ScopeAct(NamedTuple):
    """One thing that may happen at an instant: visits, an outage so long, or nothing.

    Of its visits `at_us` is how long after the instant each is.
    """

    label: str
    visits: tuple[Visit, ...] = ()
    outage_us: int = 0


NOTHING: Final = ScopeAct("nothing")  # the first act of every scope


@final
class Scope(NamedTuple):
    """What is explored, on the build that the household has."""

    campaign: Campaign
    household: Household
    acts: tuple[ScopeAct, ...]
    instants: tuple[int, ...]

    def after(self, at_us: int) -> int:
        """Return the first instant after another, or the campaign's end."""
        return next((us for us in self.instants if us > at_us), self.campaign.end_us)

    @property
    def visits(self) -> Iterator[Visit]:
        """Every visit of its acts."""
        return chain.from_iterable(act.visits for act in self.acts)

    @property
    def copied(self) -> int:
        """How many of the office's writings somebody may put in a copy of, the first ones."""
        return max((visit.copy_number or 0 for visit in self.visits), default=0)


def scope_of(campaign: Campaign, build: str) -> Scope:
    """Return the scope that a campaign's one household gives, on a build.

    What the file has at `start` has happened; what comes later are the acts. Raise `ConfigError`
    where there is more than one household, or nothing may happen.
    """
    if len(campaign.households) != 1:
        want = f"expected one household, got {len(campaign.households)}"
        raise ConfigError(campaign.path or campaign.name, "household", want)
    household = replace(campaign.households[0], build=build)
    start_us, found = campaign.start_us, {us for us, _ in household.rtc_found}
    fixed = [one for one in household.outages if one[1] in found or one[0] == start_us]
    outages = [one for one in household.outages if one not in fixed]
    happened = tuple(visit for visit in household.visits if visit.at_us == start_us)
    visits = household.visits[len(happened) :]
    if not visits and not outages:
        want = "expected a visit after the start: an act"
        raise ConfigError(campaign.path or campaign.name, household.id, want)
    acts = [NOTHING]
    goings = list(_goings(visits))
    for going in goings:
        act = act_of(going, household)
        if act not in acts:
            acts.append(act)
    for long_us in dict.fromkeys(back - lost for lost, back in outages):
        acts.append(outage_act(long_us))
    instants = {*(going[0].at_us for going in goings), *(one[0] for one in outages)}
    begun = bool(happened) or any(one[0] == start_us for one in fixed)
    instants |= set() if begun else {start_us}
    for end_us in _ends(household):
        instants |= {end_us - _HERALD_US, _over_us(household, end_us)}
    root = replace(
        household, outages=tuple(fixed), visits=happened, expect=None, expect_cut_us=None
    )
    from_us = start_us + begun
    return Scope(
        campaign=campaign,
        household=root,
        acts=tuple(acts),
        instants=tuple(sorted(us for us in instants if from_us <= us < campaign.end_us)),
    )


def act_of(visits: Sequence[Visit], household: Household) -> ScopeAct:
    """Return the act of visits that follow each other at once."""
    first_us = visits[0].at_us
    timeless = tuple(replace(one, at_us=one.at_us - first_us, in_file=0) for one in visits)
    label = ", then ".join(_label(visit, household) for visit in timeless)
    return ScopeAct(label, visits=timeless)


def outage_act(long_us: int) -> ScopeAct:
    """Return the act of a power failure so long."""
    return ScopeAct(f"no power for {long_us // SECOND_US} s", outage_us=long_us)


def _goings(visits: Sequence[Visit]) -> Iterator[list[Visit]]:
    """Yield visits that are one act: in their file the card is put in right after an office."""
    going = list[Visit]()
    for visit in sorted(visits, key=lambda one: one.in_file):
        brought = going and going[-1].desk is not None and visit.kind is VisitKind.INSERT
        if brought and 0 < visit.at_us - going[-1].at_us < _BROUGHT_US:
            going.append(visit)
            continue
        if going:
            yield going
        going = [visit]
    if going:
        yield going


def _ends(household: Household) -> Iterator[int]:
    """Yield T1 and T2 of every order, and when cards expire."""
    cards = [household.first_card]
    for visit in household.visits:
        if visit.desk is not None:
            yield from (us for us in (visit.desk.defer_us, visit.desk.cut_us) if us is not None)
            cards += [visit.desk.new_card] if visit.desk.new_card else []
    yield from (card.expires_us for card in cards if card.expires_us is not None)


def _over_us(household: Household, end_us: int) -> int:
    """Return an instant at which any right meter has acted on an end, on a whole minute."""
    u_s = uncertainty_s(household.model, household.clock_set_us, end_us)
    late_us = (2 * u_s + household.model.poll_s) * SECOND_US + household.model.boot_ms * 1_000
    return -(-(end_us + late_us + WORK_US) // MINUTE_US) * MINUTE_US + MINUTE_US


def _label(visit: Visit, household: Household) -> str:
    if visit.desk is not None:
        torn = ", torn" if visit.desk.torn else ""
        off_s = visit.desk.office_error_s
        dated = f", by a date {off_s} s off" if off_s else ""
        words = order_in_words(visit.desk, household.model.measures.priced)
        return f"office: {words}{dated}{torn}"
    if visit.kind is VisitKind.COPY:
        parts = f", of it {', '.join(visit.records)}" if visit.records else ""
        turned = "" if visit.flipped is None else f", bit {visit.flipped} turned over"
        return f"insert a copy, office visit {visit.copy_number}{parts}{turned}"
    if visit.kind is VisitKind.OLD_CARD:
        return f"insert card {visit.card_number}"
    if visit.kind is VisitKind.CLOCK_CARD:
        lost = ", of which the clock takes nothing" if visit.lost else ""
        others = "" if visit.for_meter is None else ", another meter's card"
        old = "" if visit.made_us is None else ", an old card"
        return f"technician, {visit.clock_error_s} s off{old}{others}{lost}"
    if visit.token is not None:
        mistyped = "" if visit.token.typo == NO_TYPO else ", mistyped"
        return f"key in {visit.token.token.id}{mistyped}"
    if visit.act is not None:
        return " ".join(visit.act.file or ())
    return f"{visit.kind.value}"
