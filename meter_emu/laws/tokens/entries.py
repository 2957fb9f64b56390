"""Laws of a story that is run again with other entries: the supply goes and comes as it did.

Each of them takes a look of the program as the same time: somebody who keys a token in wakes it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.codec import decode_sts
from card_protocol.tokens.sts.keys import DecoderKey
from meter_emu.laws.law import Aside, Broken, Finding, Trial, chance, law, moves
from meter_emu.laws.tokens.judged import law_of_light
from meter_emu.stories.buyers import length_s
from meter_emu.stories.energy import energy_alone
from meter_emu.stories.paid import bought
from meter_emu.units import SECOND_US
from meter_emu.world.households.household import Household, Visit, VisitKind
from meter_emu.world.households.ledger import (
    NO_TYPO,
    SoldToken,
    TypedToken,
    Typo,
    digits_of,
    token_by_chance,
)
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.devices import decoder_key, first_key
from meter_emu.world.meter.times import us_to_iso

_CLEAR_US: Final = 60 * SECOND_US  # ours: nothing else happens so near to an entry that is added
_NOT_NOW: Final = Aside("no entry stands apart from power failures and others")


def same_moves(trial: Trial, visits: Sequence[Visit], where: str) -> Finding:
    """Check that the supply moves as in the trial's own run when people do this instead."""
    household = replace(trial.household, visits=tuple(visits))
    was, now = moves(trial.run.events), moves(trial.events(household))
    look_us, zone = trial.household.model.poll_s * SECOND_US + WORK_US, trial.campaign.zone
    for (own_us, own), (other_us, other) in zip(was, now, strict=False):
        if own is not other or abs(own_us - other_us) > look_us:
            words = f"{own.value} at {us_to_iso(own_us, zone)}"
            return Broken(f"{words}, and {where} {other.value} at {us_to_iso(other_us, zone)}")
    if len(was) != len(now):
        return Broken(f"the supply moved {len(was)} times, and {where} {len(now)} times")
    return None


def by_time(visits: Sequence[Visit]) -> list[Visit]:
    """Return visits in the order of time."""
    return sorted(visits, key=lambda visit: visit.at_us)


def stands_apart(household: Household, at_us: int, but: Visit | None = None) -> bool:
    """Whether nothing else happens to a device shortly before an instant or after it."""
    others = [visit.at_us for visit in household.visits if visit is not but]
    edges = [us for outage in household.outages for us in outage]
    dark = any(lost_us <= at_us < back_us for lost_us, back_us in household.outages)
    return not dark and all(abs(us - at_us) > _CLEAR_US for us in (*others, *edges))


def _right_entries(trial: Trial) -> list[Visit]:
    """Return the entries of a token as it was sold."""
    keyed_in = [visit for visit in trial.household.visits if visit.kind is VisitKind.KEYED_IN]
    return [one for one in keyed_in if one.token is not None and one.token.typo == NO_TYPO]


def _wrong_most(household: Household) -> int:
    """Return how many wrong entries a story is given: too few to lock a keypad."""
    sts = household.model.sts
    return 6 if sts is None else sts.tries - 1


@law_of_light(
    id="typed-again",
    properties=("P10", "P13"),
    presumes="a keypad that has no waiting time",
    one_in=10,
)
def typed_again(trial: Trial) -> Finding:
    """A token that is keyed in again at once gives and takes nothing."""
    later_us = _CLEAR_US // 2
    alone = [
        visit
        for visit in _right_entries(trial)
        if stands_apart(trial.household, visit.at_us, visit)
    ]
    again = [replace(visit, at_us=visit.at_us + later_us) for visit in alone]
    if not again:
        return _NOT_NOW
    visits = by_time([*trial.household.visits, *again])
    return same_moves(trial, visits, "with tokens keyed in again at once")


@law_of_light(
    id="refused-entry",
    properties=("P13",),
    presumes="a keypad that has no waiting time",
    one_in=10,
)
def refused_entry(trial: Trial) -> Finding:
    """What is mistyped, or half of a token, changes nothing."""
    # Key mistyped tokens in at instants of their own.
    household, draw = trial.household, chance(trial, "refused")
    entries, wrong = _right_entries(trial), list[Visit]()
    if not entries:
        return _NOT_NOW
    start_us, end_us = trial.campaign.start_us, trial.campaign.end_us
    for _ in range(_wrong_most(household)):
        at_us = draw.randrange(start_us, end_us) // SECOND_US * SECOND_US
        near = draw.choice(entries).at_us + draw.choice((-90, 90, 600)) * SECOND_US
        at_us = near if draw.randrange(2) else at_us
        token = draw.choice(entries).token
        assert token is not None, "an entry has its token"
        place = 1 + draw.randrange(8)
        typo = draw.choice((Typo(wrong=place), Typo(swapped=place), Typo(first=place)))
        typed = replace(token, typo=typo)
        sold_us = token.token.sold_us
        late = max(sold_us, start_us) < at_us < end_us
        if late and stands_apart(household, at_us) and is_wrong(household, typed):
            wrong.append(Visit(at_us=at_us, kind=VisitKind.KEYED_IN, token=typed))
    if not wrong:
        return _NOT_NOW
    visits = by_time([*household.visits, *wrong])
    return same_moves(trial, visits, "with mistyped tokens between")


def sold(household: Household) -> list[SoldToken]:
    """Return the tokens of time that a household was sold."""
    return [token for token in household.tokens if isinstance(token, SoldToken)]


def is_wrong(household: Household, typed: TypedToken) -> bool:
    """Whether what is keyed in is no token of the device, by chance either."""
    model, own_id = household.model, household.meter_id
    digits = typed.digits(model, own_id)
    if model.sts is not None:
        return _is_no_sts_token(digits, decoder_key(model, own_id, first_key(model.sts)))
    if any(digits == digits_of(token, model, own_id) for token in sold(household)):
        return False
    last = max(token.count for token in sold(household))
    return token_by_chance(digits, model, own_id, last) is None


def _is_no_sts_token(digits: str, key: DecoderKey) -> bool:
    try:
        decode_sts(digits, key)
    except TokenError:
        return True
    return False


@law(
    id="any-order",
    properties=("P10", "P13"),
    presumes="counts within reach, and time left between",
    draw=bought,
    one_in=10,
    device="openpaygo",
)
def any_order(trial: Trial) -> Finding:
    """Tokens that add time give the same in whatever order they are keyed in."""
    # Key the tokens of an unbroken stretch of paid time in the other way round.
    household = trial.household
    first = list(_unbroken(household, household.visits))
    if len({visit.token for visit in first}) < 2:
        return Aside("one token at most was keyed in while time was left")
    turned = [
        replace(visit, token=other.token)
        for visit, other in zip(first, reversed(first), strict=True)
    ]
    if len(list(_unbroken(household, turned))) < len(turned):
        return Aside("the other way round time would run out between")
    visits = [*turned, *household.visits[len(first) :]]
    return same_moves(trial, visits, "with its tokens keyed in the other way round")


def _unbroken(household: Household, visits: Sequence[Visit]) -> Iterator[Visit]:
    """Yield the entries up to the first at which less than an hour is left, by their lengths."""
    left_us, at_us, seen = 0, 0, set[int]()
    for visit in visits:
        if visit.token is None:
            return
        token = visit.token.token
        assert isinstance(token, SoldToken), "its tokens give time"
        if seen and at_us + left_us - visit.at_us < 3_600 * SECOND_US:
            return
        left_us = max(0, at_us + left_us - visit.at_us)
        if token.count not in seen:
            left_us += length_s(household.model, token.value or 0) * SECOND_US
        at_us = visit.at_us
        seen.add(token.count)
        yield visit


_IN_REACH: Final = "energy alone is bought, fewer tokens than are remembered"
ENERGY_TYPED_AGAIN: Final = replace(
    typed_again, presumes=_IN_REACH, draw=energy_alone, device="sts"
)
ENERGY_REFUSED_ENTRY: Final = replace(
    refused_entry,
    presumes="so few wrong entries that the keypad is not locked",
    draw=energy_alone,
    device="sts",
)
