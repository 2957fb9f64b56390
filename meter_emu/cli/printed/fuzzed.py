"""What `fuzz` prints as JSON."""

from typing import Annotated

from meter_emu.cli.printed.base import Printed, Shape
from meter_emu.resources import means


class TargetShownJson(Shape):
    """A target."""

    id: str
    asks: Annotated[str, means("what it is given")]
    oracles: Annotated[str, means("what must hold")]
    size_max: Annotated[int, means("bytes of an input")]


class TargetsListedJson(Printed, tag="fuzz-list/1"):
    """The targets."""

    targets: tuple[TargetShownJson, ...]


class FindJson(Shape):
    """An input that failed."""

    file: str
    why: str
    at: Annotated[str, means("the place in the code")]


class TargetFuzzedJson(Shape):
    """What became of a target."""

    target: str
    time_s: float
    executions: int
    cpu_s: float
    executions_per_cpu_s: int
    edges: Annotated[int | None, means("of the code that were met, if they were counted")]
    corpus: Annotated[int, means("inputs that are kept")]
    size_max: Annotated[int, means("bytes of an input")]
    coverage_guided: bool
    reached: Annotated[dict[str, int], means("what it must reach, and how often it did")]
    not_reached: tuple[str, ...]
    held: Annotated[dict[str, int], means("how often each thing that must hold was checked")]
    found: Annotated[tuple[FindJson, ...], means("what is new")]
    known: Annotated[int, means("how often a known find was met")]
    failed: Annotated[str | None, means("why it has failed")]


class FuzzedJson(Printed, tag="fuzz-run/1"):
    """What became of each target."""

    asked: Annotated[tuple[str, ...], means("targets that had inputs enough")]
    not_asked: Annotated[tuple[str, ...], means("targets of which this says nothing")]
    targets: tuple[TargetFuzzedJson, ...]


class FindReplayedJson(Printed, tag="fuzz-replay/1"):
    """A find that was tried again."""

    target: str
    build: str
    fails: bool
    why: str | None
    at: Annotated[str | None, means("the place in the code")]
