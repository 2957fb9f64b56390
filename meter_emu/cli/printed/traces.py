"""What `trace` prints as JSON."""

from typing import Annotated, TypeAlias

from card_protocol.trace import TraceRow
from meter_emu.cli.printed.base import Printed
from meter_emu.resources import means

_Cut: TypeAlias = Annotated[bool, means("whether the recording was cut off")]


class TraceShownJson(Printed, tag="trace-show/1"):
    """A recorded dialogue."""

    origin: Annotated[dict[str, str | int], means("what was recorded: docs/traces.md")]
    rows: tuple[TraceRow, ...]
    cut: _Cut


class TraceReplayedJson(Printed, tag="trace-replay/1"):
    """A recorded dialogue with a meter's program in the place of the recorded one."""

    build: str
    exchanges: Annotated[int, means("commands that were as recorded")]
    difference: Annotated[str | None, means("what came next instead, in words")]
    cut: _Cut


class TraceExportedJson(Printed, tag="trace-export/1"):
    """A capture that was written."""

    file: str
    out: str
    packets: int
    cut: _Cut
