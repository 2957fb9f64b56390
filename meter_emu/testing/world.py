"""True time on the bench, in the legal time of the place."""

from datetime import datetime
from typing import final
from zoneinfo import ZoneInfo

from meter_emu.errors import ConfigError
from meter_emu.testing.when import When, length_us, when_us
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.times import us_to_legal
from meter_emu.world.rehearsal.rig import Rig


@final
class World:
    """The fixture `world`: what time it is, and how it passes.

    Args:
        rig: The board with its chips.
        bench: The meter's bench, which lets it run.
        seed: The run's seed, for a test that draws something itself.
    """

    def __init__(self, rig: Rig, bench: Bench, seed: int) -> None:
        self.seed = seed
        self._rig = rig
        self._bench = bench

    @property
    def zone(self) -> ZoneInfo:
        """The zone whose rule is legal time here."""
        return self._rig.zone.info

    @property
    def now(self) -> datetime:
        """True time, as an aware datetime in legal time."""
        return us_to_legal(self._rig.board.now_us, self._rig.zone)

    def run_until(self, when: When) -> None:
        """Let the meter run until `when`, legal time or an aware `datetime`.

        Raises:
            ConfigError: The time has passed or names no single instant.
            ProgramError: The program under test crashed or hung.
            PollsSpentError: The program was woken more often than the story allows.
        """
        until_us = when_us(when, self._rig.zone, path="world.run_until", key="when")
        if until_us < self._rig.board.now_us:
            raise ConfigError("world.run_until", "when", f"it is {self.now} already, got {when}")
        self._bench.run_until(until_us)

    def advance(self, *, days: int = 0, hours: int = 0, minutes: int = 0, seconds: int = 0) -> None:
        """Let the meter run for a while, by true time: a day has 24 hours on any date.

        Args:
            days: How long: days of 24 hours.
            hours: Hours besides.
            minutes: Minutes besides.
            seconds: Seconds besides.

        Raises:
            ConfigError: The sum is not above 0.
            ProgramError: The program under test crashed or hung.
            PollsSpentError: The program was woken more often than the story allows.
        """
        rest_us = length_us(
            "world.advance", days=days, hours=hours, minutes=minutes, seconds=seconds
        )
        self._bench.run_until(self._rig.board.now_us + rest_us)
