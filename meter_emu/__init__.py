"""A byte-level emulator of the chip-card prepayment meter.

Rehearse a campaign on emulated meters before the first card is handed out. `docs/python-api.md`
begins with examples; `Ports` is the interface between a meter's program and its hardware.

What `__all__` names here and in `meter_emu.testing`, `meter_emu.strategies`, `meter_emu.laws` and
`meter_emu.verify` is public, with the pytest fixtures, `meter_emu.pytest_laws.test_law` and what
those names return and take. Other modules are not: any release may move or change them.

Examples:
    A cut ordered for 29 February 2000, on the reference program and on one that takes no year which
    100 divides for a leap year:

    >>> from meter_emu import find, load_campaign, rehearse_all
    >>> for build in ("reference", "reference+century-never-leap"):
    ...     campaign = load_campaign(find("campaigns", "leap-day-2000"), build=build)
    ...     (run,) = rehearse_all(campaign, jobs=1, events=False)
    ...     print(build, run.outcome.verdict.value)
    reference on_time
    reference+century-never-leap never
"""

from typing import TYPE_CHECKING, Final

from card_protocol import __version__
from card_protocol.late import late

if TYPE_CHECKING:
    from meter_emu.errors import (
        CardError,
        ConfigError,
        DeskError,
        ImageError,
        MeterEmuError,
        OutputError,
        ProgramError,
        WorkerError,
    )
    from meter_emu.ports import Button, Firmware, Lamp, Ports, ResetCause, Sleep
    from meter_emu.resources import built_in, find
    from meter_emu.world.households.campaign import Campaign
    from meter_emu.world.judge.outcome import Outcome
    from meter_emu.world.judge.verdicts import FindingKind, Verdict
    from meter_emu.world.meter.covers import Covers
    from meter_emu.world.rehearsal.campaign import load_campaign
    from meter_emu.world.rehearsal.fleet import Run, rehearse_all

__all__ = [
    "Button",
    "Campaign",
    "CardError",
    "ConfigError",
    "Covers",
    "DeskError",
    "FindingKind",
    "Firmware",
    "ImageError",
    "Lamp",
    "MeterEmuError",
    "Outcome",
    "OutputError",
    "Ports",
    "ProgramError",
    "ResetCause",
    "Run",
    "Sleep",
    "Verdict",
    "WorkerError",
    "__version__",
    "built_in",
    "find",
    "load_campaign",
    "rehearse_all",
]

# Where each comes from when it is first asked for, as in `card_protocol`.
_HOMES: Final = {
    "errors": "CardError ConfigError DeskError ImageError MeterEmuError OutputError ProgramError "
    "WorkerError",
    "ports": "Button Firmware Lamp Ports ResetCause Sleep",
    "resources": "built_in find",
    "world.households.campaign": "Campaign",
    "world.meter.covers": "Covers",
    "world.rehearsal.campaign": "load_campaign",
    "world.rehearsal.fleet": "Run rehearse_all",
    "world.judge.outcome": "Outcome",
    "world.judge.verdicts": "FindingKind Verdict",
}

if not TYPE_CHECKING:  # a type checker has the imports above, and sees a name that is not there
    __getattr__, __dir__ = late(__name__, _HOMES, globals())
