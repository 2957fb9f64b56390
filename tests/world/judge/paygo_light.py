"""What a buyer of days lived, by dates alone: an oracle that shares no line with the judge.

It is written with `datetime`, like that of `paygo_homes`, whose `Oracle` says which tokens a right
device takes. Light is a list of times from when to when; what was seen is read off the log.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.world.households.ledger import NO_TYPO, SoldToken
from meter_emu.world.judge.lived import LivedAccount
from meter_emu.world.judge.verdicts import Lived
from meter_emu.world.meter.events import Event, What
from tests.world.judge.paygo_homes import DAYS, EPOCH, JOURNAL, RESERVE, START, Home, Oracle

END: Final = START + timedelta(days=DAYS)
NONE: Final = timedelta()
HOUR: Final = timedelta(hours=1)
APART: Final = timedelta(seconds=15)  # the other oracle gives a second to each token


class Light(NamedTuple):
    """What was paid for, what there was, and what is left."""

    paid: timedelta
    on: timedelta
    left: timedelta

    @property
    def missed(self) -> bool:
        """Whether more than an hour is missing, and than a right clock drifts."""
        return self.paid - self.on - self.left > HOUR + self.paid * 50e-6


def unlike(light: Light, account: LivedAccount) -> bool:
    """Whether an account says something else, of a length or of the whole."""
    if account.light is None or light.missed != (account.verdict is Lived.DARK_THOUGH_PAID):
        return True
    found = (timedelta(microseconds=us) for us in account.light)
    return any(abs(one - other) > APART for one, other in zip(light, found, strict=True))


def light(home: Home, events: Sequence[Event]) -> Light:
    """Return the three lengths of a home whose device took what a right one takes."""
    device = Oracle(home, last=home.last_count)
    reserve, charged, ends = RESERVE, START, START  # `ends` is the latest that is right
    acts: list[tuple[datetime, Any]] = [(at, entry) for at, *entry in home.entries]
    acts += [(back, lost) for lost, back in home.outages]
    for at, act in sorted(acts, key=_when):
        if isinstance(act, list):
            token, typo, own = act
            if own and typo == NO_TYPO and device.powered(at) and device._new(token):
                rest = token.kind is PaygoKind.ADD_TIME and _is_on(events, at)
                ends = (max(ends, at) if rest else at) + _days(home, token) * (1 + 50e-6)
            device.entry(at, *act)
            continue
        reserve = min(RESERVE, reserve + (act - charged)) - (at - act)
        charged = at
        if reserve <= NONE:
            ends += at - act + JOURNAL
            reserve = NONE
    drawer = [one for one in home.sales if device._new(one)]
    in_drawer = sum((_days(home, one) for one in drawer), NONE)
    due = [one for one in home.sales if one not in drawer]
    left = NONE if device.unlocked or not _is_on(events, END) else max(NONE, ends - END)
    paid = sum((to - since for since, to in _if_keyed_in_when_sold(home, due)), NONE)
    return Light(paid + in_drawer, _seen(events), left + in_drawer)


def _when(act: tuple[datetime, object]) -> datetime:
    return act[0]


def _days(home: Home, token: SoldToken) -> timedelta:
    return timedelta(days=1) * (token.value or 0) / home.divider


def _if_keyed_in_when_sold(home: Home, due: Sequence[SoldToken]) -> list[tuple[datetime, datetime]]:
    """From when to when there is light."""
    times = [(START, START)]
    for token in due:
        since, to = times[-1]
        at = EPOCH + timedelta(microseconds=token.sold_us)
        if token.kind is PaygoKind.ADD_TIME and to > at:
            times[-1] = (since, to + _days(home, token))
        elif token.kind is PaygoKind.ADD_TIME:
            times.append((at, at + _days(home, token)))
        elif token.kind is PaygoKind.SET_TIME:
            times[-1] = (since, min(to, at))
            times.append((at, at + _days(home, token)))
        else:
            keyed = [
                when
                for when, one, typo, own in home.entries
                if (one.id, typo, own) == (token.id, NO_TYPO, True)
            ]
            for_good = min(keyed, default=at)
            times[-1] = (since, min(to, for_good))
            times.append((for_good, END))
            break
    return times


def _is_on(events: Sequence[Event], at: datetime) -> bool:
    """Whether the switch was last seen on, before an instant."""
    moves = [one for one in events if one.what in (What.CLOSED, What.OPENED)]
    before = [one for one in moves if EPOCH + timedelta(microseconds=one.at_us) < at]
    return not before or before[-1].what is What.CLOSED


def _seen(events: Sequence[Event]) -> timedelta:
    """How long the switch was on, with power."""
    on, power, now, seen = True, True, START, NONE
    for event in events:
        at = min(END, EPOCH + timedelta(microseconds=event.at_us))
        seen += at - now if on and power else NONE
        now = at
        on = {What.CLOSED: True, What.OPENED: False}.get(event.what, on)
        power = {What.POWER_LOST: False, What.POWER_BACK: True}.get(event.what, power)
    return seen + (END - now if on and power else NONE)
