"""Random homes with an STS meter, and an oracle that knows dates, energy and what was sold.

The oracle is written with `datetime` and exact fractions: it reads no digit, TID or register, and
shares no line with program or judge. Of the story it takes when the switch moved.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache
from random import Random
from typing import Final, NamedTuple

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.codec import decode_sts
from card_protocol.tokens.sts.tid import BaseDate
from meter_emu.desk.vending import MeterKey
from meter_emu.resources import find
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Entry, Household, Households, Visit, VisitKind
from meter_emu.world.households.ledger import NO_TYPO, TypedToken, Typo
from meter_emu.world.households.sts_ledger import StsSale, StsToken, vended
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.devices import decoder_key, first_key
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import MeterModel, load_model

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
METER_ID: Final = 541_000_000_123
NEIGHBOUR: Final = 541_000_000_777
SALES: Final = 80
DAYS: Final = 130
LOOK: Final = timedelta(seconds=65)
ENTRY: Final = timedelta(seconds=5)
START_UP: Final = timedelta(seconds=7)
HALF: Final = timedelta(minutes=10)
DEPTH: Final = 50


def us(when: datetime) -> int:
    """Return an instant as the world counts it."""
    return (when - EPOCH) // timedelta(microseconds=1)


def when_of(us_: int) -> datetime:
    """Return an instant of the world."""
    return EPOCH + timedelta(microseconds=us_)


@cache
def model_of(name: str) -> MeterModel:
    """Return a built-in model."""
    return load_model(find("meters", name))


class Era(NamedTuple):
    """When a home begins, with which meter, and the base date that comes next."""

    model: str
    start: datetime
    made: datetime
    next_base: BaseDate


ERAS: Final = (
    Era("sts", datetime(2024, 9, 1, 8, tzinfo=UTC), datetime(2012, 6, 7, 5, 20, tzinfo=UTC),
        BaseDate.Y2014),
    Era("sts", datetime(2021, 2, 1, 8, tzinfo=UTC), datetime(2012, 6, 7, 5, 20, tzinfo=UTC),
        BaseDate.Y2014),
    Era("sts-2014", datetime(2029, 10, 10, 8, tzinfo=UTC),
        datetime(2015, 3, 7, 13, 20, tzinfo=UTC), BaseDate.Y2014),
    Era("sts-2014", datetime(2045, 9, 1, 8, tzinfo=UTC),
        datetime(2015, 3, 7, 13, 20, tzinfo=UTC), BaseDate.Y2035),
    Era("sts-ea11", datetime(2045, 9, 1, 8, tzinfo=UTC),
        datetime(2015, 3, 7, 13, 20, tzinfo=UTC), BaseDate.Y2035),
)  # fmt: skip


class Entered(NamedTuple):
    """What was keyed in when, with which typo, and whether it was for this meter."""

    at: datetime
    token: StsToken
    typo: Typo
    own: bool

    @property
    def right(self) -> bool:
        """Whether it is what the office sold for this meter."""
        return self.own and self.typo == NO_TYPO


@dataclass
class Home:
    """A home: what was sold, what was keyed in when, and when there was no power."""

    era: Era
    tokens: list[StsToken]
    entries: list[Entered]
    outages: list[tuple[datetime, datetime]]
    load_w: int
    credit_wh: int

    @property
    def model(self) -> MeterModel:
        """The meter's model."""
        return model_of(self.era.model)

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
            model_name=self.era.model,
            build=build,
            balance_cents=0,
            load=(self.load_w,) * 24,
            clock_set_us=us(self.era.start),
            meter_id=METER_ID,
            outages=tuple((us(lost), us(back)) for lost, back in self.outages),
            visits=tuple(visits),
            tokens=tuple(self.tokens),
            age=Age(credit_wh=self.credit_wh),
        )


def campaign_of_home(household: Household, home: Home) -> Campaign:
    """Return the campaign of one home."""
    return Campaign(
        name="drawn",
        zone=household.model.zone,
        start_us=us(home.era.start),
        end_us=us(home.era.start + timedelta(days=DAYS)),
        seed=1,
        announced=(),
        households=Households((Entry(first=household, count=1, poll_phase_us=0),), 1),
    )


def drawn(number: int, seed: int = 47, sales: int = SALES) -> Home:
    """Draw a home."""
    chance = Random(f"{seed}/{number}")
    era = chance.choice(ERAS)
    model = model_of(era.model)
    assert model.sts is not None
    sold = list(_sales(chance, era, first_key(model.sts), sales))
    tokens = list(vended(sold, model))
    home = Home(
        era, tokens, [], [], chance.choice([60, 250, 400, 1500]), chance.choice([0, 2000, 9000])
    )
    home.entries = _entries(chance, home)
    home.outages = _outages(chance, home)
    home.entries = [one for one in home.entries if _meant(home, one)]
    return home


def _sales(chance: Random, era: Era, key: MeterKey, count: int) -> Iterator[StsSale]:
    """Yield the sales of a right office, each some minutes after the one before."""
    within = int(timedelta(days=DAYS - 3) / timedelta(minutes=1))
    minutes = sorted(chance.sample(range(10, within, 4), count))
    rollover_at = chance.choice([None, chance.randrange(count), chance.randrange(count)])
    changes = chance.random() < 0.6
    rollover_at = rollover_at if changes else None
    former: MeterKey | None = None  # the key before, where the office may go back to it
    for place, minute in enumerate(minutes):
        sale = StsSale(
            id=f"t{place}",
            household="home",
            sold_us=us(era.start + timedelta(minutes=minute, seconds=chance.randrange(60))),
        )
        what = chance.random()
        if place == rollover_at:
            key = replace(key, base=era.next_base, revision=key.revision % 9 + 1)
            former = None
            yield replace(sale, new_key=key, rollover=True)
        elif what < 0.007 and changes:
            former, key = key, replace(key, revision=key.revision % 9 + 1)
            yield replace(sale, new_key=key)
        elif what < 0.03 and former is not None:  # there and back
            key = former
            former = None
            yield replace(sale, new_key=key)
        elif what < 0.03:
            yield replace(sale, setting="clear-credit")
        elif what < 0.05:
            yield replace(sale, limit_w=5_000)
        elif what < 0.06:
            yield replace(sale, setting="clear-tamper")
        elif what < 0.07:
            yield replace(sale, setting="meter-test")
        else:
            yield replace(sale, wh=70_000 if what > 0.99 else chance.randint(10, 90) * 100)


def _entries(chance: Random, home: Home) -> list[Entered]:
    end = home.era.start + timedelta(days=DAYS, hours=-1)
    late = chance.choice([0.01, 0.3, 1.0])
    entries: list[Entered] = []
    for token in home.tokens:
        if token.refused:
            continue
        sold = when_of(token.sold_us)
        smooth = token.number and chance.random() < 0.9  # a half, as it should be
        for _ in range(1 if smooth else chance.choice([0, 1, 1, 1, 1, 2, 3])):
            typo, own, what = NO_TYPO, True, 1.0 if smooth else chance.random()
            if what < 0.05:
                typo = Typo(wrong=chance.randint(1, 20))
            elif what < 0.08:
                typo = Typo(swapped=chance.randint(1, 19))
            elif what < 0.10:
                typo = Typo(first=chance.randint(1, 19))
            elif what < 0.13:
                own = False
            after = (end - sold) * late * chance.random() ** 3
            if token.number and chance.random() < 0.95:  # all halves, mostly within ten minutes
                after = timedelta(seconds=chance.choice([12, 60, 90, 120, 599]) * token.number)
            elif chance.random() < 0.12:  # found in a drawer
                after = (end - sold) * chance.random()
            entries.append(Entered(sold + after + timedelta(minutes=1), token, typo, own))
    apart: list[Entered] = []
    for entry in sorted(entries, key=lambda entry: entry.at):
        if not apart or entry.at - apart[-1].at > timedelta(seconds=9):
            apart.append(entry)
    return apart


def _outages(chance: Random, home: Home) -> list[tuple[datetime, datetime]]:
    outages: list[tuple[datetime, datetime]] = []
    for _ in range(chance.choice([0, 0, 1, 3, 6])):
        lost = home.era.start + timedelta(seconds=chance.randrange(600, (DAYS - 9) * 86_400))
        if home.entries and chance.random() < 0.4:  # soon after an entry: within a half, or a lock
            lost = chance.choice(home.entries).at + timedelta(seconds=31)
        back = lost + timedelta(seconds=chance.choice([30, 200, 4_000, 90_000]))
        clear = all(
            abs(one.at - edge) > timedelta(seconds=30)
            for one in home.entries
            for edge in (lost, back)
        )
        if clear and all(back + LOOK < one[0] or one[1] + LOOK < lost for one in outages):
            outages.append((lost, back))
    return sorted(outages)


def _meant(home: Home, one: Entered) -> bool:
    """Whether an entry is what it seems to be: another number, and no token by chance."""
    if one.token.sale.setting == "meter-test":  # any meter obeys it
        return one.right
    meter = None if one.own else NEIGHBOUR
    sold = TypedToken(token=one.token, meter_id=meter).digits(home.model, METER_ID)
    digits = TypedToken(token=one.token, typo=one.typo, meter_id=meter).digits(home.model, METER_ID)
    if one.typo != NO_TYPO and digits == sold:
        return False
    assert home.model.sts is not None
    news = [token.sale.new_key for token in home.tokens if token.sale.new_key is not None]
    keys = {first_key(home.model.sts), *news} - ({one.token.under} if one.right else set())
    return not any(_decodes(digits, decoder_key(home.model, METER_ID, key)) for key in keys)


def _decodes(digits: str, key: object) -> bool:
    try:
        decode_sts(digits, key)  # type: ignore[arg-type]
    except TokenError as error:
        return error.check not in {"digits", "range", "CRC"}
    return True


@dataclass
class Oracle:
    """What a meter must have, by dates, energy and the ledger."""

    home: Home
    credit: Fraction  # Wh, of all tokens taken; what was used is counted apart
    used: Fraction = Fraction(0)
    key: str = "first"  # which of the keys that were sold it has, by base date and revision
    taken: list[datetime] = field(default_factory=list)
    half: dict[int, tuple[str, datetime]] = field(default_factory=dict)
    spare: int = 0  # Wh that a meter may have more
    wrong: int = 0
    locked: datetime = EPOCH
    deaf: bool = False

    def __post_init__(self) -> None:
        self.taken = [self.home.era.made] * DEPTH
        self.brings: dict[str, str] = {}  # of each sale of a key, which
        self.under: dict[str, str] = {}  # of each token
        first = self.home.model.sts
        assert first is not None
        key = self.key = f"{first.base}, {first.key_revision}"
        for token in self.home.tokens:
            new = token.sale.new_key
            if new is not None and token.sale.id in self.brings:
                continue
            self.under[token.sale.id] = key
            if new is not None:
                key = self.brings[token.sale.id] = f"{new.base.value}, {new.revision}"

    def entry(self, one: Entered) -> None:
        """Take an entry in."""
        if one.at < self.locked:
            return
        token = one.token
        if one.right and token.sale.setting == "meter-test":
            self.wrong = 0
        elif not one.right or self.deaf or self.under[token.sale.id] != self.key:
            self.wrong += 1
            if self.wrong >= 3:
                length = min(1280, 10 * 2 ** (self.wrong - 3))
                self.locked = one.at + timedelta(seconds=length)
        elif token.sale.new_key is not None:
            self._section(token, one.at)
        else:
            self._dated(token)

    def _section(self, token: StsToken, at: datetime) -> None:
        self.wrong = 0
        if self.half and at - max(then for _, then in self.half.values()) >= HALF:
            self.half = {}
        self.half[token.number] = (token.sale.id, at)
        if len(self.half) < (4 if self.home.era.model == "sts-ea11" else 2):
            return
        sets = {name for name, _ in self.half.values()}
        rolled = {token.sale.id for token in self.home.tokens if token.sale.rollover}
        if self.half[1][0] in rolled:
            self.taken = [EPOCH] * DEPTH
        self.half = {}
        keys = {self.brings[name] for name in sets}
        self.deaf = len(keys) > 1
        self.key = keys.pop()

    def _dated(self, token: StsToken) -> None:
        sold = when_of(token.sold_us).replace(second=0, microsecond=0)
        if (sold.hour, sold.minute) == (0, 1):
            sold += timedelta(minutes=1)
        if sold in self.taken or sold < min(self.taken):
            return
        self.wrong = 0
        self.taken = sorted([*self.taken, sold])[-DEPTH:]
        if token.sale.wh is not None:
            self.credit += token.sale.wh
        elif token.sale.setting == "clear-credit":
            # The register may come to the next Wh while the entry is served.
            self.credit = Fraction(int(self.used))
            self.spare = int(self.used + Fraction(self.home.load_w, 3_600)) - int(self.used)


def differences(home: Home, events: list[Event]) -> list[str]:
    """Return where the supply that was seen differs from what the oracle says, in words."""
    end = home.era.start + timedelta(days=DAYS)
    acts: list[tuple[datetime, int, object]] = [(one.at, 0, one) for one in home.entries]
    acts += [(lost, 1, False) for lost, _ in home.outages]
    acts += [(back, 1, True) for _, back in home.outages]
    acts += [
        (when_of(e.at_us), 2, e.what is What.CLOSED)
        for e in events
        if e.what in (What.OPENED, What.CLOSED)
    ]
    acts.sort(key=lambda act: act[0])
    oracle = Oracle(home, Fraction(home.credit_wh))
    found: list[str] = []
    on, powered = True, True
    now, settled = home.era.start, home.era.start + LOOK
    for at, what, act in [*acts, (end, 3, None)]:
        found += _between(oracle, now, at, settled, on=on, powered=powered)
        if on and powered:
            oracle.used += Fraction(
                home.load_w * ((at - now) // timedelta(microseconds=1)), 3_600_000_000
            )
        now = at
        if what == 0 and powered:
            assert isinstance(act, Entered)
            oracle.entry(act)
            settled = max(settled, at + ENTRY)
        elif what == 1:
            powered = bool(act)
            settled = max(settled, at + START_UP)
            oracle.half, oracle.wrong, oracle.locked = {}, 0, EPOCH
        elif what == 2:
            on = bool(act)
    return found


def _between(
    oracle: Oracle, now: datetime, at: datetime, settled: datetime, *, on: bool, powered: bool
) -> Iterator[str]:
    """Yield what is wrong from one instant to another, in which the switch stands still."""
    if not powered or at <= settled:
        return
    left = oracle.credit - oracle.used
    if not on and left > 0:
        yield f"{max(now, settled)}: off with {float(left):.3f} Wh"
    if on:
        rest = max(Fraction(0), left + oracle.spare) * 3600 / max(1, oracle.home.load_w)
        over = max(settled, now + timedelta(seconds=float(rest)) + LOOK)
        if at > over + timedelta(milliseconds=1) and (oracle.home.load_w or left <= 0):
            yield f"{over}: still on, {float(left):.3f} Wh before"
