"""`rehearse --report DIR`: the page of a rehearsal as DIR/index.html, whole or not at all."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from meter_emu.cli.output import write_atomically
from meter_emu.errors import OutputError
from meter_emu.report.collect import Collector
from meter_emu.world.campaign import Campaign
from meter_emu.world.events import Event
from meter_emu.world.household import Household
from meter_emu.world.outcome import Outcome

PAGE: Final = "index.html"


class ReportFolder:
    """A folder that will hold the page; made at once, so that a long run does not end in a refusal.

    Raise `OutputError` when the folder cannot be made, or the page not be written.
    """

    def __init__(self, folder: str, campaign: Campaign) -> None:
        self._folder = Path(folder)
        self._collector = Collector(campaign)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(folder, (error.strerror or str(error)).lower()) from error

    def add(self, household: Household, outcome: Outcome, events: Sequence[Event]) -> None:
        """Take in one household with all its events."""
        self._collector.add(household, outcome, events)

    def write(self) -> None:
        """Write the page."""
        from meter_emu.report.page import render

        write_atomically(self._folder / PAGE, render(self._collector).encode())
