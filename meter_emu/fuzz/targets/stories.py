"""Stories drawn from a fuzzer's bytes: whatever the laws say of one home, guided by coverage."""

from collections.abc import Sequence
from functools import cache
from typing import Final

from meter_emu.fuzz.target import OracleError, Target
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Law, Trial
from meter_emu.stories.chooser import FromBytes
from meter_emu.stories.story import story
from meter_emu.verify.in_words import story_in_words
from meter_emu.world.rehearsal.campaign_toml import campaign_toml

_SIZE_MAX: Final = 160  # ours: a story takes about as many choices


@cache
def _passive() -> tuple[Law, ...]:
    """Return the laws that look at one run, all at the same."""
    return tuple(law for law in laws().values() if law.draw is story and law.one_in == 1)


def _check(data: bytes, build: str) -> None:
    trial = _trial(data, build)
    for law in _passive():
        finding = law.check(trial)
        if isinstance(finding, Broken):
            raise OracleError(f"{law.id}: {finding.words}")


def _trial(data: bytes, build: str) -> Trial:
    return Trial(story(FromBytes(data)), build)


def _in_words(data: bytes, build: str) -> Sequence[str]:
    """Return the story in words, and the campaign that plays it."""
    trial = _trial(data, build)
    return (*story_in_words(trial), "", *campaign_toml(trial.campaign).splitlines())


TARGETS: Final = (
    Target(
        id="stories",
        asks="a household's story, drawn from the bytes",
        oracles="the laws that look at one run",
        size_max=_SIZE_MAX,
        check=_check,
        seeds=lambda: (bytes(_SIZE_MAX), bytes(range(_SIZE_MAX)), b"\x55\xaa" * (_SIZE_MAX // 2)),
        in_words=_in_words,
    ),
)
