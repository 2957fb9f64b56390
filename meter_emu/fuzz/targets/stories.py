"""Stories drawn from a fuzzer's bytes: every law for one household, guided by coverage."""

from functools import cache
from typing import Final

from meter_emu.fuzz.bench import FUZZED_MODELS
from meter_emu.fuzz.reach import must, note_all, tell
from meter_emu.fuzz.target import Target, drawn_seeds
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Law, Trial
from meter_emu.stories.chooser import FromBytes
from meter_emu.stories.story import ModelAndCards, models, story
from meter_emu.verify.program import covered
from meter_emu.verify.report import story_in_words
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.campaign_toml import campaign_toml

_SIZE_MAX: Final = 160  # ours: a story takes about as many choices
# All events and laws, twice: `python -m tests.fuzz.seeds stories` finds them when draws change.
_SEEDS: Final = (96, 165, 141, 146)
_LOOKS: Final = 4  # one story in so many at the least has a law that looks at its one run


@cache
def _passive() -> tuple[Law, ...]:
    """Return the laws that look at one run, all at the same; rarer ones run a story again."""
    return tuple(law for law in laws().values() if law.draw is story and law.one_in <= _LOOKS)


def _check(data: bytes, build: str) -> None:
    trial = _trial(data, build)
    tell(lambda: "\n  ".join(story_in_words(trial)))
    for law in _passive():
        finding = law.check(trial)
        why = finding.words if isinstance(finding, Broken) else ""
        must(not isinstance(finding, Broken), law.id, why, moved=finding is None)
    note_all("a story", *{event.what.value for event in trial.events(trial.household)})


def _trial(data: bytes, build: str) -> Trial:
    return Trial(story(FromBytes(data), kits_of(build)), build)


@cache
def kits_of(build: str) -> tuple[ModelAndCards, ...]:
    """Return the models of the stories: any for ours, of the bench's what another covers.

    Raise `ConfigError` for a program that covers none of them.
    """
    program = parse_build(build)
    return models() if program.factory is None else covered(program, FUZZED_MODELS).kits


def _campaign(data: bytes, build: str) -> str:
    return campaign_toml(_trial(data, build).campaign)


TARGETS: Final = (
    Target(
        id="stories",
        asks="a household's story, drawn from the bytes",
        oracles="the laws that look at one run",
        reaches=(
            "supply off",
            "supply on",
            "button asked for",
            "card refused",
            "clock doubted",
            "clock set",
            "clock trusted",
            "limiter on",
            "limiter off",
            "power lost",
        ),
        size_max=_SIZE_MAX,
        check=_check,
        drawn=True,
        seeds=lambda: drawn_seeds(_SIZE_MAX, _SEEDS),
        campaign=_campaign,
        events=True,
    ),
)
