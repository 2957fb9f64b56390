"""`verify(build, ...) -> Report`: draws stories from a seed, lives them, and asks every law.

Story `n` of a seed is the same in any process and with any number of them, and a law is asked no
further once it is broken. So equal arguments give equal reports, unless there is a deadline.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing import get_context
from time import monotonic
from typing import Final, NamedTuple

from meter_emu.errors import ConfigError
from meter_emu.laws import laws
from meter_emu.laws.law import Aside, Broken, DrawStory, Law, Trial
from meter_emu.nearest import hint
from meter_emu.stories.chooser import Chooser, Replayed, seeded
from meter_emu.stories.story import Kit
from meter_emu.verify.program import covered
from meter_emu.verify.report import Counterexample, Examined, Report, story_in_words
from meter_emu.verify.shrinking import Tape, shrunk
from meter_emu.world.meter.build import parse_build

_BATCH: Final = 20  # ours: stories a process takes at once; a fraction of a second of work
_AHEAD_PER_JOB: Final = 2  # ours: batches begun before the oldest is done

Hear = Callable[[int, "Examined | None"], None]


class _Work(NamedTuple):
    """What a process must know to examine stories."""

    build: str
    kits: Sequence[Kit]
    seed: int
    law_ids: tuple[str, ...]
    numbers: range


class _Breach(NamedTuple):
    number: int
    tape: Tape


@dataclass(slots=True)
class _Tally:
    """One law so far."""

    held_on: int = 0
    not_asked: int = 0
    asides: Counter[str] = field(default_factory=Counter)
    broken: _Breach | None = None


def verify(
    build: str,
    *,
    models: Sequence[str] = (),
    law_ids: Sequence[str] = (),
    examples: int | None = 1_000,
    seed: int = 0,
    deadline_s: float | None = None,
    jobs: int = 1,
    hear: Hear = lambda _stories, _examined: None,
) -> Report:
    """Return what the laws say of a build: `reference`, with defects, or `MODULE:FACTORY`.

    Without `models` or `law_ids` all are taken. It ends after `examples` stories, or `deadline_s`
    seconds, whichever is first; one of them is given. `hear` gets after each batch how many
    stories there were, and at once of each law that is broken. Raise `ConfigError` for a build,
    model or law that does not exist, with the nearest name.
    """
    assert examples is not None or deadline_s is not None, "it must end some time"
    chosen = chosen_laws(law_ids)
    kits, not_covered = covered(parse_build(build), tuple(models))
    began = monotonic()
    tallies = {law.id: _Tally() for law in chosen}
    found: dict[str, Examined] = {}
    stories = 0
    open_ids = tuple(tallies)
    for numbers, seen in _batches(
        _Work(build, kits, seed, open_ids, range(0)), examples, jobs, found
    ):
        stories = numbers.stop
        for law_id, more in seen.items():
            if law_id in found:
                continue
            tally = tallies[law_id]
            tally.held_on += more.held_on
            tally.not_asked += more.not_asked
            tally.asides += more.asides
            if more.broken is not None:
                tally.broken = more.broken
                found[law_id] = _examined(laws()[law_id], tally, build, kits)
                hear(stories, found[law_id])
        hear(stories, None)
        if len(found) == len(chosen) or (
            deadline_s is not None and monotonic() - began > deadline_s
        ):
            break
    return Report(
        build=build,
        seed=seed,
        stories=stories,
        examined=tuple(
            found.get(law.id) or _examined(law, tallies[law.id], build, kits) for law in chosen
        ),
        not_covered=not_covered,
    )


def examine(trial: Trial, law: Law) -> Examined:
    """Return what one law says of one story."""
    finding = law.asked(trial)
    broken = None
    if isinstance(finding, Broken):
        broken = Counterexample(
            number=0,
            campaign=finding.campaign or trial.campaign,
            words=finding.words,
            told=_told(trial, finding),
            tape=(),
            runs=0,
        )
    asides = {finding.why: 1} if isinstance(finding, Aside) else {}
    return Examined(
        law=law,
        held_on=int(finding is None),
        not_asked=trial.not_asked,
        asides=asides,
        broken=broken,
    )


def chosen_laws(law_ids: Sequence[str]) -> list[Law]:
    """Return these laws, each once, or all; raise `ConfigError` for one that does not exist."""
    known = laws()
    for law_id in law_ids:
        if law_id not in known:
            why = f"no law {law_id!r}{hint(law_id, known)}; there are {', '.join(known)}"
            raise ConfigError("verify", "law", why)
    return [known[law_id] for law_id in dict.fromkeys(law_ids)] or list(known.values())


def _batches(
    work: _Work, examples: int | None, jobs: int, found: "dict[str, Examined]"
) -> Iterator[tuple[range, dict[str, _Tally]]]:
    """Yield what was seen in each batch, in order; a law in `found` is asked no further."""
    firsts = count(0, _BATCH) if examples is None else iter(range(0, examples, _BATCH))
    ends = (
        (first, first + _BATCH if examples is None else min(examples, first + _BATCH))
        for first in firsts
    )
    batches = (range(*end) for end in ends)
    if jobs == 1:
        for numbers in batches:
            yield numbers, _examine(_left(work, numbers, found))
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_deaf) as pool:
        waiting: list[tuple[range, Future[dict[str, _Tally]]]] = []
        try:
            while True:
                for numbers in islice(batches, _AHEAD_PER_JOB * jobs - len(waiting)):
                    done = pool.submit(_examine, _left(work, numbers, found))
                    waiting.append((numbers, done))
                if not waiting:
                    return
                first, first_done = waiting.pop(0)
                yield first, first_done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _left(work: _Work, numbers: range, found: "dict[str, Examined]") -> _Work:
    law_ids = tuple(law_id for law_id in work.law_ids if law_id not in found)
    return work._replace(numbers=numbers, law_ids=law_ids)


def _deaf() -> None:
    """Leave the keyboard's interrupt to the parent process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _examine(work: _Work) -> dict[str, _Tally]:
    """Return what each law says of these stories, up to the first that breaks it."""
    tallies = {law_id: _Tally() for law_id in work.law_ids}
    groups: dict[DrawStory, list[Law]] = {}
    for law_id in work.law_ids:
        groups.setdefault(laws()[law_id].draw, []).append(laws()[law_id])
    for number in work.numbers:
        for draw, group in groups.items():
            asked = [
                law for law in group if number % law.one_in == 0 and tallies[law.id].broken is None
            ]
            if not asked:
                continue
            chooser = seeded(f"{work.seed}/{draw.__name__}/{number}")
            trial = Trial(draw(chooser, work.kits), work.build)
            for law in asked:
                _ask(law, trial, tallies[law.id], number, chooser)
    return tallies


def _ask(law: Law, trial: Trial, tally: _Tally, number: int, chooser: Chooser) -> None:
    before = trial.not_asked
    finding = law.asked(trial)
    tally.not_asked += trial.not_asked - before
    if isinstance(finding, Broken):
        tally.broken = _Breach(number, tuple(chooser.tape))
    elif isinstance(finding, Aside):
        tally.asides[finding.why] += 1
    else:
        tally.held_on += 1


def _examined(law: Law, tally: _Tally, build: str, kits: Sequence[Kit]) -> Examined:
    """Return what was found of a law, a counterexample made small."""
    counterexample = None
    if tally.broken is not None:
        tape, runs = shrunk(tally.broken.tape, lambda tried: _used(law, tried, build, kits))
        trial = Trial(law.draw(Replayed(tape), kits), build)
        finding = law.asked(trial)
        assert isinstance(finding, Broken), "a story is the same whenever it is lived"
        breach = tally.broken._replace(tape=tape)
        counterexample = _counterexample(trial, finding, breach, runs=runs)
    return Examined(
        law=law,
        held_on=tally.held_on,
        not_asked=tally.not_asked,
        asides=dict(tally.asides),
        broken=counterexample,
    )


def _counterexample(trial: Trial, finding: Broken, at: _Breach, *, runs: int) -> Counterexample:
    return Counterexample(
        number=at.number,
        campaign=finding.campaign or trial.campaign,
        words=finding.words,
        told=_told(trial, finding),
        tape=at.tape,
        runs=runs,
    )


def _told(trial: Trial, finding: Broken) -> tuple[str, ...]:
    where = trial if finding.campaign is None else Trial(finding.campaign, trial.build)
    return story_in_words(where)


def _used(law: Law, tape: Tape, build: str, kits: Sequence[Kit]) -> Tape | None:
    """Return the tape as a story was drawn from it if the law is broken there."""
    chooser = Replayed(tape)
    trial = Trial(law.draw(chooser, kits), build)
    return tuple(chooser.tape) if isinstance(law.asked(trial), Broken) else None
