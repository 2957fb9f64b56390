"""What a program or an office writes that nobody can read is an accusation, and no traceback."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from typing_extensions import override

from card_protocol.formats.budget import WRITE_BACK
from meter_emu.defects import Defect, Effect, catalogue
from meter_emu.desk.dates import DeskCodec
from meter_emu.domain import WriteBack
from meter_emu.firmware.dialogues.budget import BudgetDialogue
from meter_emu.laws import laws
from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import models
from meter_emu.verify.report import judged, story_in_words
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.build import parse_build
from tests.cells import few


class _Rambling(BudgetDialogue):
    """Writes anything into half of the fields of its write-back, under a right MAC."""

    @override
    def _written(self, said: WriteBack) -> None:
        random = Random(repr(said))
        sizes = {field.name: field.size_bytes for field in WRITE_BACK.fields}
        fields: dict[str, Any] = {}
        for name, value in said._asdict().items():
            raw = bytes(random.choice((0, 0xFF, 0x13, 0x31, 0x99)) for _ in range(sizes[name]))
            number = int.from_bytes(raw, "big", signed=name == "balance_ueur")
            other = raw if isinstance(value, bytes) else number
            fields[name] = random.choice((value, other))
        super()._written(WriteBack(**fields))


class _Thirteen(DeskCodec):
    """Rolls a month over to 13."""

    @override
    def armed(self, order, defer, cut):
        armed = super().armed(order, defer, cut)
        return replace(armed, cut_at=armed.cut_at[:1] + b"\x13" + armed.cut_at[2:])


@pytest.fixture(params=[_Rambling, _Thirteen])
def build(request: pytest.FixtureRequest) -> Iterator[str]:
    defect = Defect(
        mechanism="m",
        effect=Effect.CRASHES,
        law="answers",
        blind="",
        seen="",
        avoid="",
    )
    defect(request.param)
    catalogue()[defect.id] = defect
    yield defect.build
    del catalogue()[defect.id]
    parse_build.cache_clear()


@pytest.mark.slow("lives stories under all laws")
def test_what_nobody_can_read_is_an_accusation(build: str) -> None:
    broken = 0
    for number in range(few(3, short=1)):
        for law in laws().values():
            trial = Trial(law.draw(seeded(f"{number}", number), models()), build)
            if isinstance(law.asked(trial), Broken):
                broken += 1
                assert story_in_words(trial)
                assert judged(trial)[0] in Verdict
    assert broken > 1


def _raises(error: Exception) -> Law:
    """Return a law whose check raises `error` of every story."""

    def check(_: Trial) -> Finding:
        raise error

    return Law(id="x", says="x", properties=(), presumes="x", draw=laws()["never-early"].draw,
               check=check)  # fmt: skip


def test_a_law_that_cannot_read_accuses_others_and_never_the_reference() -> None:
    law = _raises(ValueError("month must be in 1..12"))
    campaign = law.draw(seeded(1), models())
    found = law.asked(Trial(campaign, "reference+end-exclusive"))
    assert found == Broken("what it leaves cannot be read: ValueError: month must be in 1..12",
                           for_good=True)  # fmt: skip
    with pytest.raises(ValueError, match="month"):
        law.asked(Trial(campaign, "reference"))


def test_a_mistake_of_a_law_accuses_nobody() -> None:
    law = _raises(AssertionError("a mistake of a law"))
    with pytest.raises(AssertionError, match="of a law"):
        law.asked(Trial(law.draw(seeded(1), models()), "reference+end-exclusive"))
