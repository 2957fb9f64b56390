"""A 32,768 Hz crystal with the divider that makes one tick a second of it, in exact integers.

The divider's position is kept in 1e-15 s of a *divider second*, so a crystal that is off by whole
parts per billion needs no rounding ever: one true microsecond moves it by 10**9 + `drift_ppb`.
Source of the division by 2**15: NXP PCF8563 data sheet, Rev. 10, section 8.10, Fig. 11.
"""

from typing import Final

SECOND: Final = 10**15  # ours: one divider second; makes 1 ppb of 1 µs a whole number
NOMINAL_RATE: Final = 10**9  # divider units in one true microsecond at no drift


class Oscillator:
    """Count the seconds of a crystal that is `drift_ppb` fast (slow when negative).

    `running` is whether the crystal oscillates, `held` whether its divider is held in reset.
    """

    __slots__ = ("at_us", "drift_ppb", "held", "phase", "running")

    def __init__(self, drift_ppb: int = 0, *, at_us: int = 0, phase: int = 0) -> None:
        assert drift_ppb > -NOMINAL_RATE, "a crystal does not run backwards"
        assert 0 <= phase < SECOND, "the divider holds less than one second"
        self.drift_ppb = drift_ppb
        self.at_us = at_us
        self.phase = phase
        self.running = True
        self.held = False

    def advance(self, now_us: int) -> int:
        """Return the whole seconds ticked since the last call; 0 while stopped or held."""
        elapsed_us = now_us - self.at_us
        assert elapsed_us >= 0, "true time does not go back"
        self.at_us = now_us
        if self.held or not self.running:
            return 0
        phase = self.phase + elapsed_us * (NOMINAL_RATE + self.drift_ppb)
        if phase < SECOND:
            self.phase = phase
            return 0
        seconds, self.phase = divmod(phase, SECOND)
        return seconds

    def us_until(self, seconds: int) -> int | None:
        """Return the µs after `at_us` by which `seconds` more ticked; `None` if they never do."""
        if self.held or not self.running:
            return None
        wanted = seconds * SECOND - self.phase
        return max(0, -(-wanted // (NOMINAL_RATE + self.drift_ppb)))
