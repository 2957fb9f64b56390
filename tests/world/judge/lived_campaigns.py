"""Drawn campaigns with offices that err, and what their households heard, did and had.

A campaign is drawn as text, and lived by real meters. What the account of a household needs is then
read once more from that text and from the events, by code that shares nothing with the package's:
the reason of a loss is what the display of the meter says. `meter` alone is handed over, since only
the other account knows what a meter owed.
"""

import tomllib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from meter_emu.ports import Lamp
from meter_emu.world.judge.outcome import Breach
from meter_emu.world.meter.events import Event, What, beginning_of
from tests.world.judge.naive_lived import Act, Heard, Stretch

ZONE: Final = "Europe/Brussels"
START: Final = datetime.fromisoformat("2020-05-20T08:00:00")  # legal time, as in the file
T2: Final = datetime.fromisoformat("2020-07-03T23:01:00")
LATE_MAX_MIN: Final = 60  # where a file does not say
MODELS: Final = (
    *["electricity-pcf8563-utc"] * 4,
    "electricity-ds3231-utc",
    "electricity-legal-time",
    "electricity-ds1307-cet",
    "gas-pcf8563-battery",
)
BUILDS: Final = (
    *["reference"] * 8,
    "reference+end-exclusive",
    "reference+reactivation-clears-one",
)


class DrawnCampaign(NamedTuple):
    """A campaign of one household as text, and the errors of its offices and people."""

    text: str
    errors: frozenset[str]


class Shown(NamedTuple):
    """An announcement as drawn."""

    made: datetime
    defer: datetime | None
    cut: datetime | None
    takers_only: bool
    late_max_min: int | None

    @property
    def lines(self) -> Iterator[str]:
        yield "[[announced]]"
        if self.made != START:
            yield f"made = {self.made.isoformat()}"
        if not self.takers_only:
            yield 'for = "all"'
        if self.defer is not None:
            yield f"defer_until = {self.defer.isoformat()}"
        if self.cut is not None:
            yield f"cut_at = {self.cut.isoformat()}"
        if self.late_max_min is not None:
            yield f"late_max_min = {self.late_max_min}"


def drawn_campaign(seed: int, again: int = 0) -> DrawnCampaign:
    """Return the campaign of a seed; `again` is how many were drawn for it before."""
    chance, errors = Random(f"{seed} {again}"), set[str]()
    end = START + timedelta(days=chance.randint(36, 62), minutes=chance.randrange(1440))
    announced = list(_announced(chance, errors)) if chance.random() < 0.97 else []
    model = chance.choice(MODELS)
    gas = model.startswith("gas")
    home = ["[[household]]", 'id = "home"', 'kind = "drawn"', f'model = "{model}"']
    home += [f'build = "{chance.choice(BUILDS)}"']
    home += [f"balance_eur = {chance.choice([1, 5, 20, 60, 200])}"]
    load = chance.choice([0, 100, 300, 900])
    home += [f"load_dm3_per_h = {load // 2}" if gas else f"load_w = {load}"]
    home += [
        f"clock_error_s = {chance.randint(-50, 50)}",
        f"drift_ppb = {chance.randint(-9, 9) * 100}",
    ]
    if announced and chance.random() < 0.05:
        home += ['announced = "none"']
    if chance.random() < 0.1:
        home += [f"card_expires = {_day(chance, 20, 45, hour=9).isoformat()}"]
        errors.add("expired")
    if not gas and chance.random() < 0.2:
        home += ["limiter = true"]
    outages = list(_outages(chance, announced, end))
    if outages:
        home += [f"outages = [{', '.join(outages)}]"]
    visits = sorted(_visits(chance, announced, end, errors, gas=gas))
    home += ["visits = [", *(f"  {{ at = {at.isoformat()}, {more} }}," for at, more in visits), "]"]
    head = ['name = "drawn"', f'zone = "{ZONE}"', f"start = {START.isoformat()}"]
    head += [f"end = {end.isoformat()}", f"seed = {seed}"]
    lines = [*head, *(line for one in announced for line in one.lines), *home]
    return DrawnCampaign("\n".join(lines) + "\n", frozenset(errors))


def _day(chance: Random, first: int, last: int, *, hour: int) -> datetime:
    day = START.replace(hour=hour, minute=0) + timedelta(days=chance.randint(first, last))
    return day + timedelta(minutes=chance.choice([0, 0, 1, 30]))


def _announced(chance: Random, errors: set[str]) -> Iterator[Shown]:
    made, cut = START, T2
    if chance.random() < 0.3:
        made, cut = _day(chance, 1, 12, hour=9), _day(chance, 20, 50, hour=chance.randint(0, 23))
    for number in range(chance.choice([1, 1, 1, 2, 2, 3])):
        if number:
            made += timedelta(days=chance.randint(1, 20), minutes=chance.randrange(600))
            moved = cut + timedelta(days=chance.choice([-4, -1, 1, 3, 4, 7]))
            cut = moved if moved > made else made + timedelta(days=2)
            cut = cut.replace(second=0, microsecond=0)
            errors.add("extended")
        defer = chance.choice([cut, cut, cut - timedelta(days=chance.randint(0, 9)), None])
        if defer is not None and defer <= made:
            defer = cut
        without_t2 = defer is not None and chance.random() < 0.1
        late = chance.choice([None, None, 10, 300])
        all_of_them = chance.random() < 0.25
        yield Shown(made, defer, None if without_t2 else cut, not all_of_them, late)


def _outages(chance: Random, announced: Sequence[Shown], end: datetime) -> Iterator[str]:
    if announced and chance.random() < 0.15:
        last = announced[-1].cut or announced[-1].defer
        assert last is not None, "one of the two is there"
        lost = last - timedelta(minutes=chance.choice([1, 30, 300]))
    elif chance.random() < 0.15:
        lost = _day(chance, 2, 30, hour=chance.randint(0, 23))
    else:
        return
    back = lost + timedelta(minutes=chance.choice([1, 20, 600, 3000]))
    if lost > START and back < end:
        yield f"{{ from = {lost.isoformat()}, to = {back.isoformat()} }}"


def _visits(
    chance: Random, announced: Sequence[Shown], end: datetime, errors: set[str], *, gas: bool
) -> Iterator[tuple[datetime, str]]:
    """Yield visits to an office, and to the meter after most of them."""
    at = START
    for number in range(chance.choice([0, 1, 1, 2, 2, 3, 4])):
        at += timedelta(days=chance.randint(1, 16), minutes=chance.randrange(600))
        if at + timedelta(days=4) >= end:
            return
        yield at, _asked(chance, at, announced, errors)
        if chance.random() < 0.15:
            errors.add("forgotten")
            continue
        days = chance.choice([0, 0, 0, 1, 3])
        put = at + timedelta(days=days, minutes=chance.choice([5, 60, 300]))
        if days:
            errors.add("late")
        if chance.random() < 0.08:
            errors.add("copied")
            yield put, f"insert = true, copy_of = {chance.randint(1, number + 1)}"
        else:
            yield put, "insert = true"
        if chance.random() < 0.5:
            key = 'hold = "blue"' if gas else 'press = "red"'
            yield put + timedelta(minutes=chance.choice([1, 3, 90])), key
        at = put


def _asked(chance: Random, at: datetime, announced: Sequence[Shown], errors: set[str]) -> str:
    """Return the keys of a visit to an office, which may write what was not announced."""
    more = f", load_eur = {chance.choice([5, 20, 60])}" if chance.random() < 0.3 else ""
    if chance.random() < 0.06:
        errors.add("torn")
        more += ", torn = true"
    what = chance.random()
    if what < 0.1:
        return f"load_eur = {chance.choice([5, 40])}" + (", torn = true" if "torn" in more else "")
    if what < 0.3:
        return f'desk = ["reactivate"]{more}'
    known = [one for one in announced if one.made <= at]
    newest = max(known, key=lambda one: one.made) if known else None
    defer, cut = (None, at + timedelta(days=9)) if newest is None else (newest.defer, newest.cut)
    if chance.random() < 0.35 or newest is None:
        errors.add("dates")
        by = chance.choice([timedelta(days=days) for days in (-30, -10, -1, 1, 2, 30)])
        if chance.random() < 0.3:
            errors.add("hours")
            by = timedelta(hours=chance.choice([-12, -1, 1, 12]))
        defer, cut = (None if end is None else end + by for end in (defer, cut))
    words = [*["defer"] * (defer is not None), *["cut"] * (cut is not None)]
    keys = [f"desk = {words}".replace("'", '"')]
    for key, end in (("defer_until", defer), ("cut_at", cut)):
        if end is not None:
            keys.append(f"{key} = {end.replace(second=0, microsecond=0).isoformat()}")
    return ", ".join(keys) + more


# What was heard, done and had ---------------------------------------------------------------------


def instant_us(local: datetime) -> int:
    """Return an instant of legal time; no campaign here has a change of clocks."""
    since = local.replace(tzinfo=ZoneInfo(ZONE)) - datetime.fromtimestamp(0, UTC)
    return since // timedelta(microseconds=1)


def heard_in(file: dict[str, Any]) -> list[Heard] | None:
    """Return the announcements that the household heard, `None` where there was none to hear."""
    if "announced" not in file:
        return None
    if file["household"][0].get("announced") == "none":
        return []
    found = []
    for one in file["announced"]:
        ends = (one.get("defer_until"), one.get("cut_at"))
        defer_us, cut_us = (None if end is None else instant_us(end) for end in ends)
        late_us = one.get("late_max_min", LATE_MAX_MIN) * 60_000_000
        made_us = instant_us(one.get("made", file["start"]))
        found.append(Heard(made_us, defer_us, cut_us, one.get("for") != "all", late_us))
    return sorted(found)


def done_in(file: dict[str, Any]) -> list[Act]:
    """Return what people asked for, and when they put their own newest card in."""
    acts = []
    for visit in file["household"][0].get("visits", ()):
        desk = visit.get("desk", ())
        if "reactivate" in desk:
            acts.append(Act(instant_us(visit["at"]), "reactivate"))
        elif {"defer", "cut"} & {*desk}:
            acts.append(Act(instant_us(visit["at"]), "take part"))
        elif visit.get("insert") and "copy_of" not in visit:
            acts.append(Act(instant_us(visit["at"]), "put in"))
    return acts


def had_in(
    file: dict[str, Any], events: Sequence[Event], faults: Sequence[Breach]
) -> list[Stretch]:
    """Return the supply, from the facts in the log and the words on the display."""
    start_us, end_us = instant_us(file["start"]), instant_us(file["end"])
    edges = {start_us, end_us, *(event.at_us for event in events)}
    edges |= {us for fault in faults for us in (fault.from_us, fault.to_us)}
    instants = sorted(us for us in edges if start_us <= us <= end_us)
    begins = beginning_of(events)
    on, limited, power = begins.supply_on, bool(begins.limiter_a), True
    asks, cut_us, lost, why = Lamp.RECONNECT in begins.lamps, None, "", ""
    found, at = [], 0
    for from_us, to_us in pairwise(instants):
        while at < len(events) and events[at].at_us <= from_us:
            event = events[at]
            at += 1
            on = {What.CLOSED: True, What.OPENED: False}.get(event.what, on)
            limited = {What.LIMITED: True, What.UNLIMITED: False}.get(event.what, limited)
            power = {What.POWER_BACK: True, What.POWER_LOST: False}.get(event.what, power)
            asks = {What.INVITED: True, What.UNINVITED: False}.get(event.what, asks)
            if event.what is What.CARD_SERVED and event.understood is not None:
                stated = event.understood[1]
                cut_us = None if stated is None else instant_us(datetime.fromisoformat(str(stated)))
            if not on and event.shown.startswith("OFF: CREDIT EXHAUSTED"):
                why = "credit"
            elif not on and event.what is What.OPENED:
                why = "order"
            elif on and event.what is What.LIMITED:
                why = "order" if cut_us is not None and cut_us <= event.at_us else "credit"
        had = "on" if on and not limited else "limited" if on else "off"
        if not power:
            found.append(Stretch(from_us, to_us, "no power", ""))
            continue
        wrong = any(one.from_us <= from_us < one.to_us for one in faults)
        if had == "off" and asks and not wrong:
            had = "ready"
        lost = "" if had in {"on", "ready"} else "meter" if wrong else why
        found.append(Stretch(from_us, to_us, had, lost))
    return found


def read_again(text: str) -> dict[str, Any]:
    """Return what a campaign says, by the library alone."""
    return tomllib.loads(text)
