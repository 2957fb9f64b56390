"""A household: one meter, the people behind it, and what they do; and any number of copies of one.

A campaign of 53,579 households is some twenty entries, each with a count. A household is made on
demand from entry, number and seed alone, so every process makes the same one.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, unique
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias, final

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.languages.speech import Later, marked, said
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.ledger import TypedToken
from meter_emu.world.households.ledger_token import LedgerToken
from meter_emu.world.households.wording import worded
from meter_emu.world.meter.acts import Act
from meter_emu.world.meter.age import NEW, Age
from meter_emu.world.meter.model import MeterModel

_LOAD_JITTER_PERCENT: Final = 20  # ours: so that copies of a household do not run out together
PHASES: Final = 12  # ours: poll phases of copies, evenly apart (docs/decisions/fleet.md has why)
LATE_MAX_US: Final = 60 * MINUTE_US  # ours: what "at T2" still means for people
_COPY_NUMBER: Final = re.compile(r"[1-9][0-9]{0,6}")


@final
@unique
class VisitKind(Enum):
    """What a person does: the card at the office, a card in the meter, another act at the meter."""

    DESK = marked("at the office")
    INSERT = marked("card put in")  # the household's newest card
    OLD_CARD = marked("old card")  # a card that was replaced
    COPY = marked("copy")  # a copy of the card, made when it came from the office
    OTHERS_CARD = marked("another's card")
    KEYED_IN = marked("token")  # a sold token is keyed in
    ACT = marked("act")  # a row of `meter_emu.world.meter.acts`
    CLOCK_CARD = marked("clock card")
    UPSET = marked("upset")  # nobody: registers of the clock chip hold other bytes from now on


@final
@dataclass(frozen=True, slots=True)
class NewCard:
    """A card that the office hands out, for good or temporary.

    No meter obeys it from `expires_us` on, which a temporary card carries as `expires`.
    """

    expires: Civil | None = None
    expires_us: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What households were announced: T1, T2 or both, as legal time and as instants, and the words.

    It counts from `made_us` on. One for `takers_only` is for those who ask an office for it and
    then put the card in. Later than `late_max_us` after T2 nobody would say "at T2". One without a
    name goes to every household that names no other. In `text` the placeholders `{cut_at}` and
    `{defer_until}` are their dates in `language`.
    """

    name: str | None = None
    defer_until: Civil | None
    cut_at: Civil | None
    defer_us: int | None
    cut_us: int | None
    text: str
    language: str = "en"
    made_us: int
    takers_only: bool = True
    late_max_us: int = LATE_MAX_US

    @property
    def ends(self) -> dict[str, Civil]:
        """T1 and T2 by the name of their key, those there are."""
        ends = {"defer_until": self.defer_until, "cut_at": self.cut_at}
        return {name: when for name, when in ends.items() if when is not None}

    @property
    def end_us(self) -> int:
        """T2, or T1 where there is no T2."""
        end_us = self.defer_us if self.cut_us is None else self.cut_us
        assert end_us is not None, "an announcement has one of them"
        return end_us

    @property
    def called(self) -> str:
        """Its name, or what it is."""
        if self.name is None:
            return said("the announcement")
        return said("announcement {name}", name=repr(self.name))

    @property
    def words(self) -> str:
        """The announcement's own text with its dates; empty if it has none."""
        return worded(self.text, self.ends, self.language)

    @property
    def in_words(self) -> str:
        """The announcement's own words, or its dates if it has none."""
        return (f"{self.name}: " if self.name else "") + (self.words or self._dates_said)

    @property
    def _dates_said(self) -> str:
        defer_until, cut_at = str(self.defer_until), str(self.cut_at)
        if self.cut_at is None:
            return said("announced: no disconnection until {defer_until}", defer_until=defer_until)
        if self.defer_until is None:
            return said("announced: cut at {cut_at}", cut_at=cut_at)
        return said(
            "announced: no disconnection until {defer_until}, cut at {cut_at}",
            defer_until=defer_until,
            cut_at=cut_at,
        )


@final
@dataclass(frozen=True, slots=True)
class Reported:
    """Something reported from outside at an instant; drawn in the report, never judged."""

    at_us: int
    text: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOrder(Work):
    """What the office writes at one visit of a household, and how it comes to pass.

    `defer_us` and `cut_us` are the instants announced to the household for the two civil times. A
    `new_card` is handed out first, and written on. `office_error_s` is how far ahead the office's
    date is. Of a visit that is `torn` nothing got onto the card.
    """

    defer_us: int | None = None
    cut_us: int | None = None
    new_card: NewCard | None = None
    office_error_s: int = 0
    torn: bool = False

    @property
    def dated(self) -> bool:
        """Whether it has an end: T1 or T2."""
        return self.defer_us is not None or self.cut_us is not None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One act at one instant; `desk` is set for `DESK`, `act` for `ACT`, `token` for
    `KEYED_IN`.

    `clock_error_s` is how wrong the technician's tool is at a `CLOCK_CARD`, which was made at
    `made_us` if not on the spot, for meter `for_meter` if not this one, and of which the clock chip
    takes nothing if it is `lost`. An `OLD_CARD` has its
    `card_number`, from 1; a `COPY` was made after the office had written `copy_number` times. With
    `records` it is the newest card, with only these of that time, and bit `flipped` of the first
    of them turned over if given. An `UPSET` has its `registers`.
    `other` is whose card `OTHERS_CARD` is: that household with its visits to the office up to then.
    `in_file` is which of the household's visits in its file it is, from 1.
    """

    at_us: int
    kind: VisitKind
    desk: DeskOrder | None = None
    act: Act | None = None
    token: TypedToken | None = None
    clock_error_s: int = 0
    made_us: int | None = None
    for_meter: int | None = None
    lost: bool = False
    registers: Registers = ()
    card_number: int | None = None
    copy_number: int | None = None
    records: tuple[str, ...] = ()
    flipped: int | None = None
    other: "Household | None" = None
    in_file: int = field(default=0, compare=False)

    @property
    def sets_the_clock(self) -> bool:
        """Whether it is a technician with a card that a right meter obeys."""
        made = self.made_us is None and self.for_meter is None and not self.lost
        return made and self.kind is VisitKind.CLOCK_CARD


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """One meter and the people behind it; instants are true microseconds.

    `clock_error_s` is RTC minus true time at `clock_set_us`, `drift_ppb` counts from there
    (positive is fast). `load` is by hour of the UTC day, in units an hour: W, or dm³/h of gas. A
    careless household re-arms gas with an appliance left open, then does it again. Visits are in
    time order, equal times in file order. `carrier` is the kind of card they have. `expect` and
    `expect_lived` are the verdicts the author expects of the two accounts, `None` for the good
    ones; `expect_cut_us` is the first and last instant of an expected cut. `announced` is what they
    heard, in the order in which it was made. `rtc_base` is the time base of their meter's clock if
    it differs from the model file's. `rtc_found` gives register contents of its clock chip at some
    power-ups. `age` is what meter and card have counted before. `group` is what the answer splits
    by, such as a district; empty for none. `tokens` is what the office's ledger has for this
    device, in order of sale.
    """

    id: str
    kind: str
    model: MeterModel
    model_name: str
    build: str
    balance_cents: int
    load: tuple[int, ...]
    clock_set_us: int
    meter_id: int
    clock_error_s: int = 0
    drift_ppb: int = 0
    limiter: bool = False
    prepayment: bool = True
    careless: bool = False
    card_generation: int = 1
    first_card: NewCard = NewCard()
    poll_phase_us: int = 0
    outages: tuple[tuple[int, int], ...] = ()
    visits: tuple[Visit, ...] = ()
    carrier: CardKind = CardKind.SECURE
    expect: tuple[str, ...] | None = None
    image: Path | None = None
    announced: tuple[Announcement, ...] = ()
    expect_lived: tuple[str, ...] | None = None
    expect_cut_us: tuple[int, int] | None = None
    rtc_base: str | None = None
    rtc_found: tuple[tuple[int, Registers], ...] = ()
    age: Age = NEW
    group: str = ""
    tokens: tuple[LedgerToken, ...] = ()

    @property
    def last_announced(self) -> Announcement | None:
        """The last announcement that they heard."""
        return self.announced[-1] if self.announced else None


def newest_announced(announced: Sequence[Announcement], us: int) -> Announcement | None:
    """Return the announcement that counts at an instant: the last that was made by then."""
    return next((one for one in reversed(announced) if one.made_us <= us), None)


Range: TypeAlias = tuple[int, int]  # from and to, both included


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The bounds between which the households of an entry vary, evenly; `None` for no variation.

    All visits of one household are put off by the same time.
    """

    clock_error_s: Range | None = None
    drift_ppb: Range | None = None
    visits_s: Range | None = None


_ALIKE: Final = Spread()


class CopyDraw(NamedTuple):
    """What is drawn for one household of an entry: its load, its phase, and its spread."""

    load: tuple[int, ...]
    poll_phase_us: int
    visits_off_us: int
    clock_error_s: int
    drift_ppb: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A household of the file and its count; copies are named `id-1` and so on.

    `first` lacks what is drawn for each household: a poll phase if `poll_phase_us` gives none, and
    the values in `spread`. `remarks` are lines on what its author may not have meant.
    """

    first: Household
    count: int
    poll_phase_us: int | None = None
    spread: Spread = _ALIKE
    remarks: tuple[Later, ...] = field(default=(), compare=False)

    def household(self, number: int, seed: int) -> Household:
        """Return copy `number`, from 1, with its own poll phase and a slightly different load."""
        first, drawn = self.first, self.drawn(number, seed)
        visits = first.visits
        if drawn.visits_off_us:
            off_us = drawn.visits_off_us
            visits = tuple(replace(visit, at_us=visit.at_us + off_us) for visit in visits)
        return replace(
            first,
            id=self._name(number),
            meter_id=first.meter_id + number - 1,
            load=drawn.load,
            poll_phase_us=drawn.poll_phase_us,
            visits=visits,
            clock_error_s=drawn.clock_error_s,
            drift_ppb=drawn.drift_ppb,
        )

    def drawn(self, number: int, seed: int) -> CopyDraw:
        """Return what is drawn for copy `number`, from 1.

        One of many polls at one of `PHASES`, so that equal ones are found; one alone at any time.
        """
        assert 1 <= number <= self.count, "copies are counted from 1"
        first, spread, name = self.first, self.spread, self._name(number)
        load, phase_us, period_us = first.load, self.poll_phase_us, first.model.poll_s * SECOND_US
        if self.count > 1:
            percent = 100 - _LOAD_JITTER_PERCENT
            percent += _drawn(seed, name, "load", 2 * _LOAD_JITTER_PERCENT + 1)
            load = tuple(rate * percent // 100 for rate in load)
        if phase_us is None:
            steps = PHASES if self.count > 1 else period_us
            phase_us = _drawn(seed, name, "poll phase", steps) * period_us // steps
        off_us, error_s, drift_ppb = 0, first.clock_error_s, first.drift_ppb
        if spread.visits_s is not None:
            off_us = _drawn_from(seed, name, "visits", spread.visits_s, SECOND_US)
        if spread.clock_error_s is not None:
            error_s = _drawn_from(seed, name, "clock error", spread.clock_error_s)
        if spread.drift_ppb is not None:
            drift_ppb = _drawn_from(seed, name, "drift", spread.drift_ppb)
        return CopyDraw(load, phase_us, off_us, error_s, drift_ppb)

    def alone(self, number: int, seed: int) -> "Entry":
        """Return an entry that is copy `number` and nothing else."""
        household = self.household(number, seed)
        return Entry(
            first=replace(household, poll_phase_us=0),
            count=1,
            poll_phase_us=household.poll_phase_us,
            remarks=self.remarks,
        )

    def _name(self, number: int) -> str:
        return self.first.id if self.count == 1 else f"{self.first.id}-{number}"


@final
@dataclass(frozen=True, slots=True)
class Households:
    """All households of a campaign in file order, each made on demand."""

    entries: tuple[Entry, ...]
    seed: int

    def __len__(self) -> int:
        return sum(entry.count for entry in self.entries)

    def __iter__(self) -> Iterator[Household]:
        for entry in self.entries:
            for number in range(1, entry.count + 1):
                yield entry.household(number, self.seed)

    def __getitem__(self, index: int) -> Household:
        """Return household `index`, from 0."""
        entry, number = self.place(index)
        return entry.household(number, self.seed)

    def alone(self, name: str) -> "Households | None":
        """Return the household of that id, or all copies of an entry; `None` if there is none."""
        for entry in self.entries:
            of, _, number = name.rpartition("-")
            if entry.count == 1 and name == entry.first.id:
                return Households((entry,), self.seed)
            copied = entry.count > 1 and of == entry.first.id and _COPY_NUMBER.fullmatch(number)
            if copied and int(number) <= entry.count:
                return Households((entry.alone(int(number), self.seed),), self.seed)
        every = tuple(entry for entry in self.entries if name == entry.first.id)
        return Households(every, self.seed) if every else None

    def place(self, index: int) -> tuple[Entry, int]:
        """Return the entry that household `index` comes from and which of its copies it is."""
        left = index
        for entry in self.entries if index >= 0 else ():
            if left < entry.count:
                return entry, left + 1
            left -= entry.count
        raise IndexError(f"no household {index} of {len(self)}")


def shared_id(entries: Sequence[Entry]) -> str | None:
    """Return an id that two households share, or `None`; makes no copy to find it."""
    counts: dict[str, int] = {}  # how many copies each name has, if any
    alone: set[str] = set()
    for entry in entries:
        name = entry.first.id
        if name in (alone if entry.count == 1 else counts):
            return name if entry.count == 1 else f"{name}-1"
        if entry.count == 1:
            alone.add(name)
        else:
            counts[name] = entry.count
    for name in alone:
        of, _, number = name.rpartition("-")
        if _COPY_NUMBER.fullmatch(number) and int(number) <= counts.get(of, 0):
            return name
    return None


def shared_meter_id(entries: Sequence[Entry]) -> int | None:
    """Return a meter number that two households share, or `None`."""
    taken = sorted((entry.first.meter_id, entry.count) for entry in entries)
    for (meter_id, count), (next_id, _) in pairwise(taken):
        if next_id < meter_id + count:
            return next_id
    return None


def _drawn(seed: int, name: str, what: str, below: int) -> int:
    """Return a number from 0 that depends only on seed, household and `what`."""
    text = f"{seed}/{name}/{what}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") % below


def _drawn_from(seed: int, name: str, what: str, bounds: Range, parts: int = 1) -> int:
    """Return a number within `bounds`, in multiples of `parts`, drawn in the same way."""
    low, high = bounds
    return low * parts + _drawn(seed, name, what, (high - low) * parts + 1)
