"""The judge of token devices is denied both ways: nobody right is accused, no bound is looser.

A judge that is too strict accuses a right program in one of these stories; one that is too loose
lets a program pass that is wrong by as much. `make test-whole` lives as many as `verify` draws.
"""

from collections.abc import Iterator

import pytest

from meter_emu.domain import DeviceName
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import ModelAndCards, own_models
from tests.cells import each_cell, few
from tests.laws import wrong_by_one, wrong_tokens

STORIES = 160
PAYGO = own_models("openpaygo")
STS = own_models("sts")
NEAR = tuple(kit for kit in PAYGO if kit.model_name == "openpaygo-narrow")
OURS = tuple(kit for kit in PAYGO if kit.model.rtc == wrong_tokens.MODEL.rtc)
KITS: dict[str, tuple[ModelAndCards, ...]] = {
    f"{wrong_tokens.__name__}:Planted": OURS,
    f"{wrong_tokens.__name__}:StsPlanted": STS,
}
RIGHT: list[tuple[str, DeviceName]] = [
    *((build, kits[0].model.device) for build, kits in KITS.items()),
    ("reference", "openpaygo"),
    ("reference", "sts"),
]
WRONG = [
    (one.__name__, "sts" if issubclass(one, wrong_tokens.StsPlanted) else "openpaygo")
    for one in vars(wrong_by_one).values()
    if isinstance(one, type)
    and issubclass(one, wrong_tokens.Planted)
    and one.__module__ == wrong_by_one.__name__
]


def found(
    build: str, device: DeviceName, kits: tuple[ModelAndCards, ...], stories: int = STORIES
) -> Iterator[str]:
    """Yield what is wrong with a program: one theme in another, cuts in an entry, half a key."""
    asked = {"woven": stories, "cut-in-entry": stories // 5}
    asked |= {"half-a-set": stories // 4} if device == "sts" else {}
    for law_id, count in asked.items():
        law = laws(device)[law_id]
        for number in range(count):
            trial = Trial(law.draw(seeded(f"bounds/{number}", 2 * number), kits), build)
            finding = law.asked(trial)
            if isinstance(finding, Broken):
                yield f"{number}: {finding.words}"


@pytest.mark.slow("lives stories of token devices")
@each_cell(("build", "device"), RIGHT, short=1)
def test_nobody_right_is_accused(build: str, device: DeviceName) -> None:
    kits = KITS.get(build, own_models(device))
    assert not list(found(build, device, kits, few(STORIES, short=20)))


@pytest.mark.slow("lives stories of token devices")
@each_cell(("name", "device"), WRONG, short=1)
def test_who_is_wrong_at_one_bound_is_found(name: str, device: DeviceName) -> None:
    kits = NEAR if device == "openpaygo" else STS
    assert next(found(f"{wrong_by_one.__name__}:{name}", device, kits), None)
