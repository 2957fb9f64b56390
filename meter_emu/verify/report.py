"""The results of `verify`, law by law, and a counterexample in the household's words."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, final

from meter_emu.desk.switches import switched
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.errors import ConfigError
from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.laws.judged import promises
from meter_emu.laws.law import FOR_ALL, UNREADABLE, Broken, Law, Trial, is_our_mistake
from meter_emu.units import decimal
from meter_emu.verify.crossings import CROSSINGS
from meter_emu.verify.met import all_met
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, Visit, VisitKind
from meter_emu.world.households.ledger import TypedToken
from meter_emu.world.judge.verdicts import GRAVITY, Verdict
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from meter_emu.zones import TimeZone

NO_STORY: Final = "no story was tried"
_OUTAGES_SHOWN: Final = 5  # ours: a flicker has hundreds, and all are in the file


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A small story, `campaign`, that breaks a law, in `words`; `course` is its course in words.

    `tape` is the choices that make it: the same ones make the same story.

    It was found at story `number`; `runs` more runs made it small. `verdict` is what became of its
    household: laws are shown by that, the gravest first. `accused` is whether the judge accuses
    it, so that a rehearsal shows it: else the law alone does.
    """

    number: int
    campaign: Campaign
    words: str
    course: tuple[str, ...]
    tape: tuple[int, ...]
    runs: int
    verdict: Verdict
    accused: bool

    @property
    def text(self) -> str:
        """The campaign file."""
        return campaign_toml(self.campaign)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One `law`: on how many stories it held (`held_on`), and what broke it (`broken`), if any.

    `asides` counts the stories to which it does not apply, by the reason.

    `not_asked` counts comparisons with variants that the program does not cover; `details` are of
    the first story set aside for each reason that has any.
    """

    law: Law
    held_on: int
    not_asked: int
    asides: Mapping[str, int]
    details: Mapping[str, str]
    broken: Counterexample | None

    @property
    def not_observable(self) -> str | None:
        """Why no story was able to show it, if none was."""
        if self.broken is not None or self.held_on:
            return None
        return _commonest([self])

    def is_asked(self, enough: int) -> bool:
        """Whether it was tried on `enough` stories, one of which at least was able to show it."""
        if self.broken is not None:
            return True
        return self.held_on > 0 and self.held_on + sum(self.asides.values()) >= enough


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The results for a `build`; `about` counts stories by what they are about.

    So many `stories` were made from the `seed`, for one kind of `device`; `examined` has each law,
    `not_covered` what the program declares or showed that it is not for.

    `few_hints` says that its sleep hints skip hardly any poll, if so. A law is asked if it was
    tried on `enough` stories: fewer say nothing of it, and none is green.
    """

    build: str
    seed: int
    stories: int
    examined: tuple[Examined, ...]
    not_covered: tuple[str, ...]
    few_hints: str = ""
    about: Mapping[str, int] = field(default_factory=dict)
    device: DeviceName = BUDGET
    enough: int = FOR_ALL

    @property
    def asked(self) -> tuple[str, ...]:
        """The laws that were asked."""
        return tuple(one.law.id for one in self.examined if one.is_asked(self.enough))

    @property
    def not_asked(self) -> tuple[str, ...]:
        """The laws that were not asked, or of too few stories."""
        return tuple(one.law.id for one in self.examined if not one.is_asked(self.enough))

    @property
    def nothing_checked(self) -> str | None:
        """Why no law was asked, if none was: the commonest reason, or too few stories."""
        if self.asked:
            return None
        if any(one.not_observable is None for one in self.examined):
            return f"each law needs {self.enough} stories, and there were {self.stories}"
        return _commonest(self.examined)

    @property
    def met(self) -> Mapping[str, int]:
        """How many stories were about each moment, people, age and event."""
        return self._among(all_met(self.device))

    @property
    def crossed(self) -> Mapping[str, int]:
        """In how many stories one theme came before or within another."""
        return self._among(CROSSINGS)

    @property
    def never_met(self) -> tuple[str, ...]:
        """What no story was about."""
        met = self.met
        return tuple(name for name in all_met(self.device) if name not in met) if met else ()

    def _among(self, names: Sequence[str]) -> Mapping[str, int]:
        return {name: self.about[name] for name in names if name in self.about}

    @property
    def placed(self) -> Mapping[str, int]:
        """In how many stories each hazard was there."""
        there = ((one.law, one.held_on + (one.broken is not None)) for one in self.examined)
        return {law.id: count for law, count in there if law.hazard}

    @property
    def by_harm(self) -> list[Examined]:
        """The laws that are broken, the gravest for a household first, then the others."""
        last = len(GRAVITY)
        return sorted(
            self.examined,
            key=lambda one: last if one.broken is None else GRAVITY[one.broken.verdict],
        )

    @property
    def broken(self) -> bool:
        """Whether any law is broken."""
        return any(one.broken is not None for one in self.examined)


def _commonest(examined: Sequence[Examined]) -> str:
    """Return why most stories were set aside, and what is known of the first of them."""
    reasons: Counter[str] = Counter()
    for one in examined:
        reasons.update(one.asides)
    why = max(reasons, key=lambda why: reasons[why], default=NO_STORY)
    detail = next((one.details[why] for one in examined if why in one.details), "")
    return f"{why}: {detail}" if detail else why


def judged(trial: Trial) -> tuple[Verdict, bool]:
    """Return what became of the household of a story, and whether the judge accuses it."""
    try:
        return trial.run.outcome.verdict, isinstance(promises(trial), Broken)
    except (ConfigError, *UNREADABLE) as error:
        if is_our_mistake(trial, error):
            raise
        return Verdict.NOT_SEEN, False


def counterexample(
    trial: Trial, words: str, *, number: int = 0, tape: tuple[int, ...] = (), runs: int = 0
) -> Counterexample:
    """Return a story that breaks something; `runs` more made it small."""
    verdict, accused = judged(trial)
    return Counterexample(
        number=number,
        campaign=trial.campaign,
        words=words,
        course=story_in_words(trial),
        tape=tape,
        runs=runs,
        verdict=verdict,
        accused=accused,
    )


def story_in_words(trial: Trial) -> tuple[str, ...]:
    """Return a story in a few lines."""
    try:
        events = trial.run.events
    except (ConfigError, *UNREADABLE) as error:
        if is_our_mistake(trial, error):
            raise
        return tuple(_lines(trial.household))
    return (*_lines(trial.household), *_ran(events, trial.campaign.zone))


def _meter(household: Household) -> str:
    clock = f"clock chip {household.model.rtc} in {household.model.rtc_base} time"
    if not DEVICES[household.model.device].slot:
        return f"{household.model.name}, {clock}"
    card = f"{household.carrier.name.lower()} card of generation {household.card_generation}"
    credit = f"{decimal(household.balance_cents, 100)} euro"
    return f"{household.model.energy}, {credit}, {clock}, {card}"


def _lines(household: Household) -> Iterator[str]:
    yield _meter(household)
    if household.age.said:
        said = household.age.said.items()
        counted = (f"{name.replace('_', ' ')} {count}" for name, count in said)
        yield f"counted before: {', '.join(counted)}"
    zone = household.model.zone
    for visit in household.visits:
        yield _visited(visit, _when(visit.at_us, zone), zone)
    for lost_us, back_us in household.outages[:_OUTAGES_SHOWN]:
        yield f"no power in the street from {_when(lost_us, zone)} to {_when(back_us, zone)}"
    if more := household.outages[_OUTAGES_SHOWN:]:
        yield f"and {len(more)} more times, the last until {_when(more[-1][1], zone)}"
    for at_us, found in household.rtc_found:
        yield f"then, {_when(at_us, zone)}, registers of the clock chip hold {_registers(found)}"


def _visited(visit: Visit, at: str, zone: TimeZone) -> str:
    if visit.kind is VisitKind.INSERT:
        return f"the card in the meter {at}"
    if visit.kind is VisitKind.COPY:
        of = f"the {' and '.join(visit.records)} of " if visit.records else ""
        of = f"a changed bit in {of}" if visit.flipped is not None else of
        return f"a copy of {of}the card, office visit {visit.copy_number}, in the meter {at}"
    if visit.kind is VisitKind.OLD_CARD:
        return f"card {visit.card_number}, since replaced, in the meter {at}"
    if visit.desk is not None:
        return f"the office {at}: {_order(visit.desk, zone)}"
    if visit.token is not None:
        return f"{_keyed_in(visit.token)} {at}"
    if visit.kind is VisitKind.CLOCK_CARD:
        return f"{_technician(visit, zone)} {at}"
    if visit.kind is VisitKind.UPSET:
        return f"registers of the clock chip hold {_registers(visit.registers)} from {at}"
    return f"{visit.kind.value if visit.act is None else visit.act.in_story} {at}"


def _keyed_in(typed: TypedToken) -> str:
    token, typo = typed.token, typed.typo
    said = f"{token.id} ({token.words}) keyed in"
    if typo.wrong is not None:
        return f"{said} with digit {typo.wrong} wrong"
    if typo.swapped is not None:
        return f"{said} with digits {typo.swapped} and {typo.swapped + 1} swapped"
    return said if typo.first is None else f"the first {typo.first} digits of {said}"


def _registers(found: Registers) -> str:
    return ", ".join(f"{register:02X} = {byte:02X}" for register, byte in found)


def _technician(visit: Visit, zone: TimeZone) -> str:
    if visit.lost:
        return "a technician, of whose setting the clock takes nothing,"
    if visit.for_meter is not None:
        return f"a clock card for meter {visit.for_meter}"
    if visit.made_us is not None:
        return f"a clock card of {_when(visit.made_us, zone)}"
    return "a technician at the clock"


def _ran(events: list[Event], zone: TimeZone) -> Iterator[str]:
    opened = [event for event in events if event.what is What.OPENED]
    if opened:
        why = f" ({opened[0].shown})" if opened[0].shown else ""
        yield f"disconnected {_when(opened[0].at_us, zone)}{why}"
    else:
        yield "never disconnected"
    if events and events[-1].failure is not None:
        yield f"{events[-1].what.value} {_when(events[-1].at_us, zone)}: {events[-1].detail}"
    stated = [event.understood for event in events if event.understood is not None]
    if stated:
        defer, cut = stated[-1]
        yield f"the card said: on until {defer or '-'}, cut at {cut or '-'}"


def _order(order: DeskOrder, zone: TimeZone) -> str:
    words = []
    if order.new_card is not None:
        words.append("a new card")
    if order.defer_us is not None:
        words.append(f"on until {_when(order.defer_us, zone)}")
    if order.cut_us is not None:
        words.append(f"cut {_when(order.cut_us, zone)}")
    if order.reactivate:
        words.append("reactivated")
    if order.load_cents:
        words.append(f"loads {order.load_cents / 100:g} euro")
    words += (switch.short[on] for switch, on in switched(order))
    if order.tariff is not None:
        words.append("another tariff")
    if order.torn:
        words.append("torn")
    if order.fields is not None:
        said = order.fields.said.items()
        words += (f"{name} {v.hex() if isinstance(v, bytes) else v}" for name, v in said)
    return ", ".join(words)


def _when(us: int, zone: TimeZone) -> str:
    legal = us_to_legal(us, zone)
    seconds = f":{legal:%S}" if legal.second else ""
    return f"{legal.day} {legal:%B %Y %H:%M}{seconds}"
