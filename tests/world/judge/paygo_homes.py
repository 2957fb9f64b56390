"""Random homes that pay by the day, and an oracle that knows dates and what the office sold.

The oracle is written with `datetime` alone: it reads no digit, no count's hash and no clock chip,
and shares no line with program or judge.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final, TypeAlias

import msgspec

from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.resources import find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Entry, Household, Households, Visit, VisitKind
from meter_emu.world.households.ledger import (
    NO_TYPO,
    Sale,
    SoldToken,
    TypedToken,
    Typo,
    sold_to,
    token_by_chance,
)
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel, Paygo, load_model

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
START: Final = datetime(2024, 2, 20, 8, 0, tzinfo=UTC)
MODEL: Final = load_model(find("meters", "openpaygo"))
METER_ID: Final = 541_000_000_123
NEIGHBOUR: Final = 541_000_000_777
DAYS: Final = 30
LOOK: Final = timedelta(seconds=66)  # a minute's look, the work of a poll, the second not shown
ENTRY: Final = timedelta(seconds=5)
NEAR: Final = timedelta(seconds=2)
RESERVE: Final = timedelta(days=3)
JOURNAL: Final = timedelta(hours=1)


# When what was keyed in, with which typo, and whether it was for this device.
Entered: TypeAlias = tuple[datetime, SoldToken, Typo, bool]


def us(when: datetime) -> int:
    """Return an instant as the world counts it."""
    return (when - EPOCH) // timedelta(microseconds=1)


@dataclass
class Home:
    """A home: what was sold, what was keyed in when, and when there was no power."""

    sales: list[SoldToken]
    entries: list[Entered]
    outages: list[tuple[datetime, datetime]]
    drift_ppb: int
    divider: int
    restricted: bool
    last_count: int = 1

    @property
    def model(self) -> MeterModel:
        """The device's model."""
        own = Paygo(time_divider=self.divider, restricted=self.restricted)
        return msgspec.structs.replace(MODEL, paygo=own)

    def household(self, build: str = "reference") -> Household:
        """Return the household of a campaign that lives this."""
        visits = [
            Visit(
                at_us=us(at),
                kind=VisitKind.KEYED_IN,
                token=TypedToken(token=token, typo=typo, meter_id=None if own else NEIGHBOUR),
            )
            for at, token, typo, own in self.entries
        ]
        return Household(
            id="home",
            kind="drawn",
            model=self.model,
            model_name="openpaygo",
            build=build,
            balance_cents=0,
            load=(12,) * 24,
            clock_set_us=us(START),
            drift_ppb=self.drift_ppb,
            meter_id=METER_ID,
            outages=tuple((us(lost), us(back)) for lost, back in self.outages),
            visits=tuple(visits),
            tokens=tuple(self.sales),
            age=Age(token_count=self.last_count),
        )


def campaign_of_home(household: Household) -> Campaign:
    """Return the campaign of one home."""
    return Campaign(
        name="drawn",
        zone=household.model.zone,
        start_us=us(START),
        end_us=us(START + timedelta(days=DAYS)),
        seed=1,
        announced=(),
        households=Households((Entry(first=household, count=1, poll_phase_us=0),), 1),
    )


def drawn(number: int, seed: int = 46) -> Home:
    """Draw a home."""
    chance = Random(f"{seed}/{number}")
    last_count = chance.choice([1, 1, 1, 2, 7, 40])
    sold = list(sold_to("home", _sales(chance), last_count))
    divider = chance.choice([1, 1, 1, 2, 7, 24])
    restricted = chance.random() < 0.15
    entries = _entries(chance, sold, 15 if restricted else 9)
    outages = _outages(chance, entries)
    drift = chance.choice([0, chance.randint(-50_000, 50_000)])
    home = Home(sold, entries, outages, drift, divider, restricted, last_count)
    home.entries = [entry for entry in home.entries if _meant(home, *entry)]
    return home


def _moment(chance: Random) -> datetime:
    return START + timedelta(seconds=chance.randrange(600, (DAYS - 1) * 86_400))


def _sales(chance: Random) -> list[Sale]:
    sales: list[Sale] = []
    for index, at in enumerate(sorted(_moment(chance) for _ in range(chance.randint(1, 9)))):
        kinds = [PaygoKind.ADD_TIME, PaygoKind.SET_TIME, PaygoKind.DISABLE]
        kind = chance.choices(kinds, [12, 3, 0.4])[0]
        value = None if kind is PaygoKind.DISABLE else chance.randint(0, 4)
        sales.append((f"t{index}", us(at), kind, value))
    return sales


def _entries(chance: Random, sold: list[SoldToken], size: int) -> list[Entered]:
    entries: list[Entered] = []
    for token in sold:
        for _ in range(chance.choice([0, 1, 1, 1, 2, 3])):
            typo, own, what = NO_TYPO, True, chance.random()
            if what < 0.08:
                typo = Typo(wrong=chance.randint(1, size))
            elif what < 0.14:
                typo = Typo(swapped=chance.randint(1, size - 1))
            elif what < 0.18:
                typo = Typo(first=chance.randint(1, size - 1))
            elif what < 0.24:
                own = False
            sold_at = EPOCH + timedelta(microseconds=token.sold_us)
            left = START + timedelta(days=DAYS) - sold_at - timedelta(hours=1)
            late = chance.choice([0.001, 0.02, 0.3, 0.9]) * chance.random()
            entries.append((sold_at + left * late, token, typo, own))
    apart: list[Entered] = []
    for entry in sorted(entries, key=lambda entry: entry[0]):
        if not apart or entry[0] - apart[-1][0] > timedelta(seconds=20):
            apart.append(entry)
    return apart


def _outages(chance: Random, entries: list[Entered]) -> list[tuple[datetime, datetime]]:
    outages: list[tuple[datetime, datetime]] = []
    for _ in range(chance.choice([0, 0, 1, 2, 4])):
        lost = _moment(chance)
        back = lost + timedelta(seconds=chance.choice([30, 4_000, 90_000, 300_000, 600_000]))
        edges = (lost, back)
        clear = all(abs(at - edge) > timedelta(seconds=30) for at, *_ in entries for edge in edges)
        alone = all(back + LOOK < one[0] or one[1] + LOOK < lost for one in outages)
        if clear and alone and back < START + timedelta(days=DAYS):
            outages.append((lost, back))
    return sorted(outages)


def _meant(home: Home, _at: datetime, token: SoldToken, typo: Typo, own: bool) -> bool:
    """Whether an entry is what its typo says: no two digits that are alike, no token by chance."""
    sold = TypedToken(token=token, meter_id=None if own else NEIGHBOUR).digits(home.model, METER_ID)
    typed = TypedToken(token=token, typo=typo, meter_id=None if own else NEIGHBOUR)
    digits, right = typed.digits(home.model, METER_ID), own and typo == NO_TYPO
    if right:
        return True
    last = home.sales[-1].count
    chance = token_by_chance(digits, home.model, METER_ID, last)
    return (typo == NO_TYPO or digits != sold) and chance is None


@dataclass
class Oracle:
    """What a device must be supplied until, by dates and the ledger."""

    home: Home
    ends: datetime = START
    early: timedelta = timedelta()  # how much before or after that a right clock may end it
    late: timedelta = timedelta()
    last: int = 1
    taken: set[int] = field(default_factory=set)
    unlocked: bool = False

    def powered(self, at: datetime) -> bool:
        """Whether there is power."""
        return not any(lost <= at < back for lost, back in self.home.outages)

    def entry(self, at: datetime, token: SoldToken, typo: Typo, own: bool) -> None:
        """Take an entry in."""
        if not own or typo != NO_TYPO or not self.powered(at) or not self._new(token):
            return
        if token.kind is PaygoKind.ADD_TIME:
            self.taken |= {token.count, self.last}
            self.last = max(self.last, token.count)
        else:
            self.last = token.count
            self.taken = set(range(token.count + 1))
        if token.kind is PaygoKind.DISABLE:
            self.unlocked = True
            return
        span = timedelta(days=1) * (token.value or 0) / self.home.divider
        if token.kind is PaygoKind.SET_TIME or at >= self.ends + self.late + LOOK:
            self.ends, self.early, self.late = at, timedelta(), timedelta()
        elif at >= self.ends - self.early:
            apart = abs(at - self.ends)
            self.early, self.late = self.early + apart, self.late + apart + LOOK
            self.ends = max(self.ends, at)
        self.ends += span
        self.early += span * 50e-6 + timedelta(seconds=1)
        self.late += span * 50e-6 + timedelta(seconds=1)

    def _new(self, token: SoldToken) -> bool:
        if token.count > self.last:
            return token.count - self.last <= 64
        older = 0 < self.last - token.count < 16
        return token.kind is PaygoKind.ADD_TIME and older and token.count not in self.taken

    def lost(self, lost: datetime, back: datetime) -> None:
        """Take a power failure in that the clock's reserve need not last."""
        self.late += back - lost + JOURNAL

    def must(self, at: datetime) -> bool | None:
        """Return whether supply must be on, `None` where either is right."""
        if self.unlocked or at < self.ends - self.early:
            return True
        return False if at >= self.ends + self.late + LOOK else None


def differences(home: Home, events: list[Event]) -> list[str]:
    """Return where the supply that was seen differs from what the oracle says, in words."""
    moves = [
        (e.at_us, e.what is What.CLOSED) for e in events if e.what in (What.OPENED, What.CLOSED)
    ]
    oracle, found = Oracle(home, last=home.last_count), []
    end = START + timedelta(days=DAYS)
    acts: list[tuple[datetime, int, Any]] = [
        (at, 0, (at, token, typo, own)) for at, token, typo, own in home.entries
    ]
    acts += [(back, 1, (lost, back)) for lost, back in home.outages]
    acts.sort(key=lambda act: act[0])
    reserve, charged_from = RESERVE, START
    now, settled = START, START + LOOK
    for at, what, act in [*acts, (end, 2, ())]:
        edges = {oracle.ends - oracle.early, oracle.ends + oracle.late + LOOK}
        hours = (at - now) // timedelta(hours=7)
        looked = {now + timedelta(hours=7) * n for n in range(hours + 1)} | {settled}
        looked |= {
            edge + off for edge in edges for off in (timedelta(seconds=-2), timedelta(seconds=2))
        }
        looked.add(at - timedelta(seconds=1))
        for when in sorted(looked):
            if not settled <= when < at or not oracle.powered(when):
                continue
            must = oracle.must(when)
            on = next((on for moved, on in reversed(moves) if moved <= us(when)), True)
            if must is not None and must is not on:
                found.append(f"{when}: expected {'on' if must else 'off'}")
        now = at
        if what == 0:
            oracle.entry(*act)
            settled = max(settled, at + ENTRY)
        elif what == 1:
            lost, back = act
            reserve = min(RESERVE, reserve + (lost - charged_from)) - (back - lost)
            charged_from = back
            if reserve <= timedelta():
                oracle.lost(lost, back)
                reserve = timedelta()
            settled = max(settled, back + LOOK)
    return found
