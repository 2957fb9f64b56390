"""What `verify --driver` prints as JSON, and the file of a finding, which it reads again."""

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Struct

from meter_emu.cli.printed.base import Printed, Shape, shaped
from meter_emu.driver_bench.examine import Found
from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.report import DriverReport, dialogue
from meter_emu.resources import means

_Moment: TypeAlias = Annotated[datetime, means("what the clock was to say; a chip knows no zone")]
_More: TypeAlias = Annotated[tuple[int | str, ...], means("what else the law draws")]
_Dialogue: TypeAlias = Annotated[tuple[str, ...], means("on the bus, each byte with its meaning")]


class DriverFindingJson(Shape):
    """A kind of finding."""

    differs: Annotated[tuple[str, ...], means("the fields that are wrong")]
    rank: FindingRank
    words: str
    tries: Annotated[int, means("at which try it was found")]
    moment: _Moment
    more: _More
    dialogue: _Dialogue


class DriverLawJson(Shape):
    """What became of a law."""

    id: str
    tries: int
    not_checked: Annotated[str | None, means("why it was not")]
    found: tuple[DriverFindingJson, ...]


class DriverVerifiedJson(Printed, tag="verify-driver/1"):
    """The laws of a clock driver alone."""

    driver: str
    chip: str | None
    seed: int
    wrong: Annotated[bool, means("whether a date was wrong")]
    laws: tuple[DriverLawJson, ...]


class DriverCaseJson(Struct):
    """The file of a finding: `verify --driver --again` plays it."""

    driver: str
    law: str
    moment: _Moment
    more: _More
    words: str
    dialogue: _Dialogue


def driver_verified(report: DriverReport) -> DriverVerifiedJson:
    """Return the laws, in order, and what each found."""
    laws = tuple(
        DriverLawJson(
            id=one.law_id,
            tries=one.tries,
            not_checked=one.lacks or None,
            found=tuple(_finding(report, found) for found in one.found),
        )
        for one in report.examined
    )
    return shaped(report, DriverVerifiedJson, chip=report.declared.chip or None, laws=laws)


def _finding(report: DriverReport, found: Found) -> DriverFindingJson:
    said = tuple(dialogue(report.declared, found))
    return shaped(
        found, DriverFindingJson, moment=found.case.t, more=found.case.more, dialogue=said
    )
