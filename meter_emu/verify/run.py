"""`verify(build, ...) -> Report`: draws stories from a seed, runs them, and checks every law.

Story `n` of a seed is the same in any process and with any number of them, and a broken law is
checked no further. So equal arguments give equal reports, unless there is a deadline.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from math import inf
from time import monotonic
from typing import Final, NamedTuple, Self, final

import msgspec

from card_protocol.card.image import CardKind
from meter_emu.domain import DeviceName
from meter_emu.errors import ConfigError
from meter_emu.laws import laws
from meter_emu.laws.law import FOR_ALL, NOT_REPRODUCIBLE, Aside, Broken, DrawStory, Law, Trial
from meter_emu.nearest import hint
from meter_emu.stories.chooser import Chooser, Replayed, seeded
from meter_emu.stories.story import ModelAndCards
from meter_emu.verify.met import met
from meter_emu.verify.program import covered, device_of, few_hints
from meter_emu.verify.report import (
    Counterexample,
    Examined,
    Report,
    counterexample,
    judged,
    story_in_words,
)
from meter_emu.verify.shrinking import Tape, shrunk
from meter_emu.workers.engines import here_or_processes, processes
from meter_emu.workers.results_file import GoOn, ResultsFile, source_digest
from meter_emu.workers.work import Engine, TextTask, lost_worker
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.model import MeterModel

_BATCH: Final = 20  # ours: stories a process takes at once; a fraction of a second of work
_BATCH_THERE: Final = 200  # ours: a worker of a cluster; some seconds of work
_OVER: Final = 0.05  # ours: share of the time for the last story, and for making small what it is

Hear = Callable[[int, Law | None], None]


class Stories(NamedTuple):
    """A range of stories to examine, and the laws to check."""

    first: int
    stop: int
    law_ids: tuple[str, ...]


class _Breach(NamedTuple):
    number: int
    tape: Tape
    hung: bool
    crashed: bool


@dataclass(slots=True)
class _Tally:
    """The results for one law so far."""

    held_on: int = 0
    not_asked: int = 0
    asides: dict[str, int] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    broken: _Breach | None = None


class _Met(NamedTuple):
    """What the stories are about of which the same laws were asked."""

    law_ids: tuple[str, ...]
    about: dict[str, int]


class _Seen(NamedTuple):
    """The results of a batch: laws by their ids, and the number of stories in the time given.

    `hung` is whether the program hung in the last story, so nothing was asked after it. `met`
    counts what its stories are about, apart for each set of laws that were checked on one: of a
    story that a batch given out early draws for a law already broken nothing is counted.
    """

    tallies: dict[str, _Tally]
    stories: int
    met: list[_Met]
    hung: bool = False


class _SentKit(NamedTuple):
    model_name: str
    model: MeterModel
    cards: list[tuple[int, str]]


class _Sent(NamedTuple):
    build: str
    kits: list[_SentKit]
    seed: int


@final
class Examining(TextTask[Stories, _Seen]):
    """Draws stories of a seed on these kits, and checks a build's run of each.

    `ends_s` is a deadline by `monotonic`, which processes of one machine share: no law is asked
    after it, and who still asks one at `late_s` is ended. It is not sent to other machines, which
    finish every batch they begin.
    """

    unit_type = Stories
    result_type = _Seen

    def __init__(
        self,
        build: str,
        kits: Sequence[ModelAndCards],
        seed: int,
        *,
        ends_s: float = inf,
        late_s: float = inf,
    ) -> None:
        self.ends_s: Final = ends_s
        self.late_s: Final = late_s
        self.build: Final = build
        self.kits: Final = kits
        self.seed: Final = seed

    def run(
        self,
        unit: Stories,
        memory: memoryview | None = None,  # noqa: ARG002  nobody watches
    ) -> _Seen:
        """Return each law's results on these stories, up to the first that breaks it."""
        tallies = {law_id: _Tally() for law_id in unit.law_ids}
        groups: dict[DrawStory, list[Law]] = {}
        for law_id in unit.law_ids:
            law = laws(device_of(self.kits))[law_id]
            groups.setdefault(law.draw, []).append(law)
        seen: dict[tuple[str, ...], dict[str, int]] = {}
        for number in range(unit.first, unit.stop):
            for draw, group in groups.items():
                asked = [
                    law for law in group if law.is_due(number) and tallies[law.id].broken is None
                ]
                if not asked:
                    continue
                chooser = seeded(f"{self.seed}/{draw.__name__}/{number}", number)
                trial = Trial(draw(chooser, self.kits), self.build)
                about = seen.setdefault(tuple(law.id for law in asked), {})
                _add(about, dict.fromkeys(met(trial.campaign), 1))
                for law in asked:
                    if monotonic() > self.ends_s:
                        return _Seen(tallies, number - unit.first, _each_met(seen))
                    _ask(law, trial, tallies[law.id], number, chooser)
                    if trial.hung:  # each story would take as long to say the same
                        return _Seen(tallies, number - unit.first + 1, _each_met(seen), hung=True)
        return _Seen(tallies, unit.stop - unit.first, _each_met(seen))

    def watching(
        self,
        unit: Stories,
        memory: memoryview | None,  # noqa: ARG002  what was found so far is lost
    ) -> "_Late | None":
        """See `Task`."""
        return None if self.late_s == inf else _Late(unit, self.late_s)

    def as_text(self) -> str:
        """See `TextTask`."""
        kits = [
            _SentKit(kit.model_name, kit.model, [(of, kind.name) for of, kind in kit.cards])
            for kit in self.kits
        ]
        return msgspec.json.encode(_Sent(self.build, kits, self.seed)).decode()

    @classmethod
    def of_text(cls, text: str) -> Self:
        """See `TextTask`."""
        sent = msgspec.json.decode(text, type=_Sent)
        kits = [
            ModelAndCards(
                kit.model_name, kit.model, [(of, CardKind[name]) for of, name in kit.cards]
            )
            for kit in sent.kits
        ]
        parse_build(sent.build)
        return cls(sent.build, kits, sent.seed)

    def run_there(self, unit: Stories) -> _Seen:
        """See `TextTask`: somebody else's program may need a process with an alarm."""
        if parse_build(self.build).factory is None:
            return self.run(unit)
        (seen,) = processes(1).results(self, [unit])
        return seen


@final
class _Late:
    """Ends a worker that is in the middle of a story when the time is over."""

    def __init__(self, unit: Stories, late_s: float) -> None:
        self._unit: Final = unit
        self._late_s: Final = late_s

    def is_hung(self) -> bool:
        """See `Watching`."""
        return monotonic() > self._late_s

    def lost(self, how: str, *, hung: bool) -> _Seen:
        """See `Watching`: of the stories of a worker that was ended nothing is said."""
        if not hung:
            raise lost_worker(how)
        return _Seen({law_id: _Tally() for law_id in self._unit.law_ids}, 0, [])


def verify(
    build: str,
    *,
    models: Sequence[str] = (),
    law_ids: Sequence[str] = (),
    examples: int | None = 1_000,
    seed: int = 0,
    deadline_s: float | None = None,
    began_s: float | None = None,
    jobs: int | None = 1,
    cluster: Engine | None = None,
    hear: Hear = lambda _stories, _broken: None,
    go_on: GoOn | None = None,
) -> Report:
    """Check the laws on a build, and return what was found.

    It ends after `examples` stories or at the deadline, whichever is first, and at least one of
    them is given.

    Args:
        build: `reference`, with defects behind a `+`, `MODULE:FACTORY` or `./PROGRAM`.
        models: Meter models by path or built-in name; all that the program covers by default.
        law_ids: Ids of the laws to check; all by default.
        examples: How many stories; `None` for as many as there is time for.
        seed: Where the stories come from; the same seed, the same stories.
        deadline_s: Seconds from `began_s`; it ends within a tenth more, also in the middle of a
            story.
        began_s: When the time began to run, by `time.monotonic`; now by default.
        jobs: How many processes; `None` for one a processor.
        cluster: Workers elsewhere that do the work.
        hear: Gets the number of stories after each batch, and each broken law before its story is
            made small.
        go_on: The file of an interrupted verify, from which a program of ours goes on; the time
            that one took counts. Who has the report removes the file, which cannot be written for
            an `OutputError`.

    Raises:
        ConfigError: A build, model or law does not exist; the error has the nearest name.
    """
    assert examples is not None or deadline_s is not None, "it must end some time"
    began_s = monotonic() if began_s is None else began_s
    kits, not_covered = covered(parse_build(build), tuple(models))
    size = _BATCH if cluster is None else _BATCH_THERE
    total = _Total(build, chosen_laws(law_ids, device_of(kits)), kits, hear)
    kept = _left_by(go_on, Examining(build, kits, seed), tuple(total.tallies), examples, size)
    spent_s = max((one.spent_s for one in kept.held()), default=0.0) if kept else 0.0
    ends_s, late_s = _deadline(deadline_s, began_s - spent_s)
    if kept and go_on:
        for one in kept.held():
            total.add(one.batch, late_s)
        if total.stories:
            go_on.say(f"{kept.path}: {total.stories:,} stories are done")
    units = _units(total, examples, size)
    engine = cluster or (here_or_processes(jobs) if ends_s == inf else processes(jobs))
    task = Examining(build, kits, seed, ends_s=ends_s, late_s=late_s)
    with closing(engine.results(task, units)) as batches:
        for seen in batches:
            whole = seen.stories == _up_to(size, examples and examples - total.stories)
            total.add(seen, late_s)
            if kept and whole and not seen.hung:
                kept.add(_Kept(seen, spent_s + monotonic() - began_s))
            if total.all_broken or seen.hung or monotonic() > ends_s:
                break
    return total.report(seed, examples, not_covered, late_s)


class _Kept(NamedTuple):
    """A batch, and the seconds that the whole had taken when it came."""

    batch: _Seen
    spent_s: float


def _left_by(go_on: GoOn | None, task: Examining, *asked: object) -> ResultsFile[_Kept] | None:
    """Return what a verify goes on from; a program that is not ours has no source to key it by."""
    if go_on is None or parse_build(task.build).factory is not None:
        return None
    return ResultsFile(go_on.path, repr((task.as_text(), asked, source_digest())), _Kept)


@final
class _Total:
    """The results of all batches so far; laws in `found` are broken, and checked no further."""

    def __init__(
        self, build: str, chosen: Sequence[Law], kits: Sequence[ModelAndCards], hear: Hear
    ) -> None:
        self._laws: Final = {law.id: law for law in chosen}
        self.tallies: Final = {law.id: _Tally() for law in chosen}
        self.found: Final[dict[str, Examined]] = {}
        self.about: Final[dict[str, int]] = {}
        self.stories = 0
        self._build, self._kits, self._hear = build, kits, hear

    @property
    def all_broken(self) -> bool:
        """Whether there is no law left to check."""
        return self.found.keys() == self.tallies.keys()

    def add(self, batch: _Seen, late_s: float) -> None:
        """Add the next batch."""
        self.stories += batch.stories
        for asked, counts in batch.met:
            if not self.found.keys() >= set(asked):  # the same on any engine
                _add(self.about, counts)
        for law_id in _counted(batch.tallies, self.tallies, self.found):
            self._hear(self.stories, self._laws[law_id])  # to make its story small takes seconds
            self.found[law_id] = self._examined(law_id, late_s)
        self._hear(self.stories, None)

    def _examined(self, law_id: str, late_s: float) -> Examined:
        return _examined(self._laws[law_id], self.tallies, self._build, self._kits, late_s)

    def report(
        self, seed: int, examples: int | None, not_covered: tuple[str, ...], late_s: float
    ) -> Report:
        """Return what the batches come to."""
        stories, device = self.stories, device_of(self._kits)
        if self.all_broken:
            last = max(tally.broken.number for tally in self.tallies.values() if tally.broken)
            stories = _up_to((last // _BATCH + 1) * _BATCH, examples)  # on any engine
        return Report(
            build=self._build,
            seed=seed,
            stories=stories,
            examined=tuple(
                self.found.get(law_id) or self._examined(law_id, late_s) for law_id in self.tallies
            ),
            not_covered=not_covered,
            few_hints=few_hints(parse_build(self._build), self._kits[0]),
            about=dict(self.about),
            device=device,
            enough=_up_to(FOR_ALL, examples),
        )


def _deadline(deadline_s: float | None, began_s: float) -> tuple[float, float]:
    """Return when no law is asked any more, and when who still asks one is ended.

    That is another process then, also where there is one alone.
    """
    if deadline_s is None:
        return inf, inf
    return began_s + deadline_s, began_s + deadline_s * (1 + _OVER)


def _each_met(about_by_laws: dict[tuple[str, ...], dict[str, int]]) -> list[_Met]:
    return [_Met(law_ids, about) for law_ids, about in about_by_laws.items()]


def _add(counts: dict[str, int], more: dict[str, int]) -> None:
    for name, times in more.items():
        counts[name] = counts.get(name, 0) + times


def _up_to(stories: int, examples: int | None) -> int:
    return stories if examples is None else min(examples, stories)


def _counted(
    seen: dict[str, _Tally], tallies: dict[str, _Tally], found: "dict[str, Examined]"
) -> Iterator[str]:
    """Add a batch's results to the laws not broken yet; yield those now broken."""
    for law_id, more in seen.items():
        if law_id in found:
            continue
        tally = tallies[law_id]
        tally.held_on += more.held_on
        tally.not_asked += more.not_asked
        for why, times in more.asides.items():
            tally.asides[why] = tally.asides.get(why, 0) + times
        tally.details = more.details | tally.details
        tally.broken = more.broken
        if tally.broken is not None:
            yield law_id


def examine(trial: Trial, law: Law) -> Examined:
    """Check one law against one story."""
    finding = law.asked(trial)
    broken = None
    if isinstance(finding, Broken):
        verdict, accused = judged(trial)
        broken = Counterexample(
            number=0,
            campaign=finding.campaign or trial.campaign,
            words=finding.words,
            course=story_in_words(trial),
            tape=(),
            runs=0,
            verdict=verdict,
            accused=accused,
        )
    aside = finding if isinstance(finding, Aside) else None
    return Examined(
        law=law,
        held_on=int(finding is None),
        not_asked=trial.not_asked,
        asides={} if aside is None else {aside.why: 1},
        details={aside.why: aside.detail} if aside is not None and aside.detail else {},
        broken=broken,
    )


def chosen_laws(law_ids: Sequence[str], device: DeviceName) -> list[Law]:
    """Return these laws of a device, each once, or all; raise `ConfigError` for an unknown one."""
    known = laws(device)
    for law_id in law_ids:
        if law_id not in known:
            why = f"no law {law_id!r}{hint(law_id, known)}; there are {', '.join(known)}"
            raise ConfigError("verify", "law", why)
    return [known[law_id] for law_id in dict.fromkeys(law_ids)] or list(known.values())


def _units(total: _Total, examples: int | None, size: int) -> Iterator[Stories]:
    """Yield the next ranges of stories; a law that was found broken is checked no further."""
    start = total.stories
    for first in count(start, size) if examples is None else range(start, examples, size):
        stop = first + size if examples is None else min(examples, first + size)
        law_ids = tuple(law_id for law_id in total.tallies if law_id not in total.found)
        if law_ids:
            yield Stories(first, stop, law_ids)


def _ask(law: Law, trial: Trial, tally: _Tally, number: int, chooser: Chooser) -> None:
    before = trial.not_asked
    finding = law.asked(trial)
    tally.not_asked += trial.not_asked - before
    if isinstance(finding, Broken):
        tally.broken = _Breach(number, tuple(chooser.tape), trial.hung, trial.crashed)
    elif isinstance(finding, Aside):
        tally.asides[finding.why] = tally.asides.get(finding.why, 0) + 1
        if finding.detail:
            tally.details.setdefault(finding.why, finding.detail)
    else:
        tally.held_on += 1


def _examined(
    law: Law,
    tallies: Mapping[str, _Tally],
    build: str,
    kits: Sequence[ModelAndCards],
    until_s: float,
) -> Examined:
    """Return the results for a law, with its counterexample made small while there is time.

    Of the laws that a crash breaks the first is made small: the others are a line.
    """
    tally = tallies[law.id]
    crashes = [one for one in tallies.values() if one.broken is not None and one.broken.crashed]
    counterexample = None
    if tally.broken is not None:
        tape, runs = tally.broken.tape, 0
        if not (tally.broken.hung or (tally in crashes and len(crashes) > 1)):
            tape, runs = shrunk(
                tape,
                lambda tried: _used(law, tried, build, kits) if monotonic() < until_s else None,
            )
        trial = Trial(law.draw(Replayed(tape), kits), build)
        finding = law.asked(trial)
        if not isinstance(finding, Broken):
            assert not trial.ours, "a story of ours is the same whenever it is run"
            finding = Broken(NOT_REPRODUCIBLE)
        breach = tally.broken._replace(tape=tape)
        counterexample = _counterexample(trial, finding, breach, runs=runs)
    return Examined(
        law=law,
        held_on=tally.held_on,
        not_asked=tally.not_asked,
        asides=tally.asides,
        details=tally.details,
        broken=counterexample,
    )


def _counterexample(trial: Trial, finding: Broken, at: _Breach, *, runs: int) -> Counterexample:
    where = trial if finding.campaign is None else Trial(finding.campaign, trial.build)
    return counterexample(where, finding.words, number=at.number, tape=at.tape, runs=runs)


def _used(law: Law, tape: Tape, build: str, kits: Sequence[ModelAndCards]) -> Tape | None:
    """Return the part of the tape that the story used, if the law is broken on it."""
    chooser = Replayed(tape)
    trial = Trial(law.draw(chooser, kits), build)
    return tuple(chooser.tape) if isinstance(law.asked(trial), Broken) else None
