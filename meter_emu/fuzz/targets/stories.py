"""Stories drawn from a fuzzer's bytes: whatever the laws say of one home, guided by coverage."""

from functools import cache
from typing import Final

from meter_emu.fuzz.bench import FUZZED_MODELS
from meter_emu.fuzz.target import OracleError, Target
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Law, Trial
from meter_emu.stories.chooser import FromBytes
from meter_emu.stories.story import Kit, models, own_models, story
from meter_emu.verify.report import story_in_words
from meter_emu.world.meter.build import parse_build
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
    return Trial(story(FromBytes(data), _kits(build)), build)


@cache
def _kits(build: str) -> tuple[Kit, ...]:
    """Return the models of the stories: any for ours, the bench's for a program for one chip."""
    ours = parse_build(build).factory is None
    return models() if ours else tuple(k for k in own_models() if k.model_name in FUZZED_MODELS)


def _campaign(data: bytes, build: str) -> str:
    return campaign_toml(_trial(data, build).campaign)


TARGETS: Final = (
    Target(
        id="stories",
        asks="a household's story, drawn from the bytes",
        oracles="the laws that look at one run",
        size_max=_SIZE_MAX,
        check=_check,
        seeds=lambda: (bytes(_SIZE_MAX), bytes(range(_SIZE_MAX)), b"\x55\xaa" * (_SIZE_MAX // 2)),
        in_words=lambda data, build: story_in_words(_trial(data, build)),
        campaign=_campaign,
        events=True,
    ),
)
