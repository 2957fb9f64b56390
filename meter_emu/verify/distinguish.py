"""The shortest story in which two builds differ, and what to look at in it, on which day.

Both run the same stories. The comparison is of what people see: supply, lamps, the returned card,
and the display when somebody is at the meter or the supply changes. Memory is not compared, and
events within a second are simultaneous.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import count, islice, zip_longest
from time import monotonic
from typing import Final, NamedTuple, TypeAlias, final

from meter_emu.domain import BUDGET, DeviceName
from meter_emu.errors import ConfigError
from meter_emu.laws import laws
from meter_emu.laws.compared import without_screen
from meter_emu.laws.law import Broken, DrawStory, Law, Trial
from meter_emu.stories.chooser import Chooser, Replayed, seeded
from meter_emu.stories.story import Among, own_models
from meter_emu.units import SECOND_US, decimal
from meter_emu.verify.program import covered, device_for, device_of
from meter_emu.verify.report import story_in_words
from meter_emu.verify.shrinking import Tape, shrunk
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Households
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.events import FAILED, Event, What
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from meter_emu.world.rehearsal.engine import how_it_begins
from meter_emu.zones import TimeZone

_APART_US: Final = SECOND_US  # ours: no person sees less
_POLLS_MAX: Final = 3_000  # ours: a run with a working clock has 200 polls; one without, two days
_CARD: Final = frozenset({What.CARD_SERVED, What.CARD_REFUSED})
_LAMPS: Final = frozenset(
    {What.INVITED, What.UNINVITED, What.CLOCK_DOUBTED, What.CLOCK_TRUSTED, What.CLOCK_SET}
)
_FAILED: Final = frozenset(FAILED.values())
_UNREAD: Final = frozenset({What.DESK, What.POWER_LOST, What.POWER_BACK, What.ENDED})


_Pair: TypeAlias = tuple[Event | None, Event | None]


class SeenOf(NamedTuple):
    """What one meter shows first where two differ."""

    build: str
    words: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A story in which two builds differ: what to look at, when, and what each shows."""

    number: int
    runs: int
    campaign: Campaign
    look_at: str
    at_us: int
    seen: tuple[SeenOf, SeenOf]
    course: tuple[str, ...]

    @property
    def day(self) -> str:
        """The legal day on which to look."""
        legal = us_to_legal(self.at_us, self.campaign.zone)
        return f"{legal.day} {legal:%B %Y}"

    @property
    def text(self) -> str:
        """The campaign file; its meter runs the first build."""
        return campaign_toml(self.campaign)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two builds, the number of stories, and the one in which they differ, if any.

    `asked` and `not_asked` are the kinds of story that were tried and were not, each by a law that
    draws it.
    """

    builds: tuple[str, str]
    seed: int
    stories: int
    difference: Difference | None
    asked: tuple[str, ...] = ()
    not_asked: tuple[str, ...] = ()


def distinguish(
    first: str,
    second: str,
    *,
    models: Sequence[str] = (),
    examples: int | None = 1_000,
    seed: int = 0,
    deadline_s: float | None = None,
    hear: Callable[[int], None] = lambda _stories: None,
) -> Comparison:
    """Return a story in which two builds differ, as small as it could be made.

    Without `models` all are taken. The search ends after `examples` stories or `deadline_s`
    seconds, whichever is first; at least one is given. They are those that `verify` draws, each as
    often as there; `hear` gets the number of stories so far. Raise `ConfigError` for a build or
    model that does not exist, and for two builds that no meter and card have in common.
    """
    assert examples is not None or deadline_s is not None, "it must end some time"
    kits = _common(first, second, models)
    began, stories, difference = monotonic(), 0, None
    left = {law.draw: law.id for law in laws(device_of(kits)).values()}
    asked: list[str] = []
    for number, (law, chooser) in enumerate(islice(_stories_of(device_of(kits), seed), examples)):
        stories = number + 1
        if law.draw in left:
            asked.append(left.pop(law.draw))
        if _first_difference(law.draw(chooser, kits), law, (first, second)) is not None:
            difference = _small(law, tuple(chooser.tape), kits, (first, second), number)
            break
        hear(stories)
        if deadline_s is not None and monotonic() - began > deadline_s:
            break
    return Comparison(
        builds=(first, second),
        seed=seed,
        stories=stories,
        difference=difference,
        asked=tuple(asked),
        not_asked=tuple(left.values()),
    )


def _stories_of(device: DeviceName, seed: int) -> Iterator[tuple[Law, Chooser]]:
    """Yield the stories of a search in order: a law that draws each, and its choices."""
    draws: dict[DrawStory, list[Law]] = {}
    for law in laws(device).values():
        draws.setdefault(law.draw, []).append(law)
    for number in count():
        for draw, group in draws.items():
            if any(law.is_due(number) for law in group):
                yield group[-1], seeded(f"{seed}/{draw.__name__}/{number}", number)


def _common(first: str, second: str, models: Sequence[str]) -> Among:
    """Return the meters and cards that both builds cover, of the device that either is for."""
    pair = parse_build(first), parse_build(second)
    device = device_for(*pair)
    if not models and device != BUDGET:
        models = [kit.model_name for kit in own_models(device)]
    one, other = (covered(build, tuple(models)).kits for build in pair)
    found = []
    for kit in one:
        same = [also for also in other if also[:2] == kit[:2]]
        cards = [card for also in same for card in kit.cards if card in also.cards]
        if cards:
            by_card = kit.clock_cards and all(also.clock_cards for also in same)
            found.append(kit._replace(cards=cards, clock_cards=by_card))
    if not found:
        raise ConfigError("distinguish", "build", f"{first} and {second} have no meter in common")
    return found


def _small(law: Law, tape: Tape, kits: Among, builds: tuple[str, str], number: int) -> Difference:
    """Return the difference in a story made small."""

    def differs(tried: Tape) -> Tape | None:
        chooser: Chooser = Replayed(tried)
        found = _first_difference(law.draw(chooser, kits), law, builds)
        return None if found is None else tuple(chooser.tape)

    small, runs = shrunk(tape, differs)
    found = _first_difference(law.draw(Replayed(small), kits), law, builds)
    assert found is not None, "a story is the same whenever it is lived"
    campaign, pair = _without_what_follows(*found, builds)
    trial = Trial(campaign, builds[0])
    return Difference(
        number=number,
        runs=runs,
        campaign=trial.campaign,
        look_at=where_apart(pair),
        at_us=min(event.at_us for event in pair if event is not None),
        seen=(
            SeenOf(builds[0], words_of(*pair, trial.campaign.zone)),
            SeenOf(builds[1], words_of(*pair[::-1], trial.campaign.zone)),
        ),
        course=story_in_words(trial),
    )


def _first_difference(
    story: Campaign, law: Law, builds: tuple[str, str]
) -> tuple[Campaign, _Pair] | None:
    """Return the first difference in a story, or in one that a hazard makes from it."""
    for campaign in _with_hazard(story, law, builds):
        pair = _first_pair(campaign, builds)
        if pair is not None:
            return campaign, pair
    return None


def _first_pair(campaign: Campaign, builds: tuple[str, str]) -> _Pair | None:
    """Return the first events in which two builds differ in a story."""
    one, other = (_run(Trial(campaign, build)) for build in builds)
    if len({parse_build(build).factory is None for build in builds}) == 2:
        one, other = without_screen(one), without_screen(other)  # each has words of its own
    for pair in zip_longest(*_both_seen(one, other)):
        if not alike(*pair):
            return pair
    return None


def _without_what_follows(
    campaign: Campaign, pair: _Pair, builds: tuple[str, str]
) -> tuple[Campaign, _Pair]:
    """Return the story without the visits after its difference, if that is there all the same.

    A draw that always makes several visits makes them whatever is on its tape.
    """
    last_us = max(event.at_us for event in pair if event is not None)
    (entry,) = campaign.households.entries
    visits = tuple(visit for visit in entry.first.visits if visit.at_us <= last_us)
    if visits == entry.first.visits:
        return campaign, pair
    entry = replace(entry, first=replace(entry.first, visits=visits))
    shorter = replace(campaign, households=Households((entry,), campaign.seed))
    return (shorter, pair) if _first_pair(shorter, builds) == pair else (campaign, pair)


def _with_hazard(story: Campaign, law: Law, builds: tuple[str, str]) -> Iterator[Campaign]:
    """Yield the story, and one that a hazard makes from it if its law breaks in a build."""
    yield story
    if law.hazard:
        for build in builds:
            finding = law.asked(Trial(story, build))
            if isinstance(finding, Broken) and finding.campaign is not None:
                yield finding.campaign


def _run(trial: Trial) -> list[Event]:
    """Run a story and return its events; our own program is limited to some polls."""
    campaign = replace(trial.campaign, polls_max=_POLLS_MAX) if trial.ours else trial.campaign
    try:
        return trial.events(trial.household, campaign)
    except ConfigError:
        why = "the card cannot be written"
        unwritten = Event(at_us=campaign.start_us, what=What.DESK, detail=why)
        return [how_it_begins(trial.household, campaign), unwritten]


def _both_seen(one: list[Event], other: list[Event]) -> tuple[Iterator[Event], Iterator[Event]]:
    """Return the events of both up to where the first reached its poll limit."""
    ends_us = [event.at_us for event in (*one, *other) if event.what is What.UNSEEN]
    until_us = min(ends_us, default=None)
    seen = (
        (event for event in events if until_us is None or event.at_us < until_us)
        for events in (one, other)
    )
    first, second = seen
    return first, second


def alike(one: Event | None, other: Event | None) -> bool:
    """Return whether two events are the same to who stands before the meters."""
    if one is None or other is None or one.what is not other.what:
        return False
    if abs(one.at_us - other.at_us) > _APART_US or one.clock_trusted != other.clock_trusted:
        return False
    return _on_card(one) == _on_card(other) and (one.what in _UNREAD or one.shown == other.shown)


def _on_card(event: Event) -> tuple[object, ...]:
    return event.understood, event.written


def where_apart(pair: _Pair) -> str:
    """Return where to look: at the program first, where one of them failed."""
    if any(event is not None and event.what in _FAILED for event in pair):
        return "the program"
    one, other = pair
    if one is not None and other is not None and one.what is other.what:
        if _on_card(one) != _on_card(other):
            return "the card that comes back"
        if abs(one.at_us - other.at_us) <= _APART_US:
            return "the display" if one.clock_trusted == other.clock_trusted else "the lamps"
    event = min((event for event in pair if event is not None), key=lambda event: event.at_us)
    if event.what in _CARD:
        return "the display when the card is in"
    if event.what is What.DESK:
        return "the office"
    return "the lamps" if event.what in _LAMPS else "the supply"


def words_of(event: Event | None, other: Event | None, zone: TimeZone) -> str:
    """Return one meter's event in words, where it differs from the other's."""
    if event is None or event.what is What.ENDED:
        return "nothing more"
    desk = f": {event.detail}" if event.what is What.DESK else ""
    legal = us_to_legal(event.at_us, zone)
    when = f"{legal.day} {legal:%B %Y %H:%M:%S}"
    said = [f"{event.what.value} {when}{desk}"]
    if other is None:
        return said[0]
    if event.what is not other.what:
        later = event.at_us > other.at_us
        what = when if event.what in _UNREAD else said[0]
        return f"nothing before {what}" if later else said[0]
    if event.understood is not None and event.understood != other.understood:
        defer, cut = event.understood
        said.append(f"the card says on until {defer or '-'}, cut at {cut or '-'}")
    elif event.written != other.written:
        said.append(f"the card says {_account(event, other)}")
    elif event.shown != other.shown:
        said.append(f"the display says {event.shown}")
    return ", ".join(said)


def _account(event: Event, other: Event) -> str:
    """Return the account and order fields in which the card differs from the other."""
    if event.written is None:
        return "nothing"
    written = {one.name: getattr(event.written, one.name) for one in fields(event.written)}
    said = []
    for name, value in written.items():
        if getattr(other.written, name, None) != value:
            stem, is_money, _ = name.partition("_ueur")
            amount = f"{decimal(value, 1_000_000)} euro" if is_money else value
            said.append(f"{stem.replace('_', ' ')} {amount}")
    return ", ".join(said)
