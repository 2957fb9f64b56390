"""A 32,768 Hz crystal with the divider that makes one tick a second of it, in exact integers.

The divider's position is kept in 1e-15 s of a *divider second*, so a crystal that is off by whole
parts per billion needs no rounding ever: one true microsecond moves it by 10**9 + `drift_ppb`.
Source of the division by 2**15: NXP PCF8563 data sheet, Rev. 10, section 8.10, Fig. 11.

`Backup` is the super-capacitor that carries it through an outage, measured in time, not in farads.
`charge_us` is how long it could still carry the RTC. It drains one for one while the mains are
away and gains `recharge_ratio` for each microsecond of mains. `ours:` a line for what is a curve;
the size of a meter's reserve is model data (IEC 62054-21 asks time switches for an operation
reserve).
"""

from typing import Final, Self

from card_protocol.errors import LayoutError

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
        assert elapsed_us >= 0, f"true time does not go back by {-elapsed_us} us"
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


# offset  size  field
# 0x00    8     charge, µs, big-endian
BACKUP_SIZE_BYTES: Final = 8

RECHARGE_RATIO: Final = 24  # ours: an hour of mains carries a day


class Backup:
    """The backup capacitor of one meter. It starts full and with the mains up."""

    __slots__ = ("at_us", "capacity_us", "charge_us", "mains_up", "recharge_ratio")

    def __init__(
        self, capacity_us: int, *, at_us: int = 0, recharge_ratio: int = RECHARGE_RATIO
    ) -> None:
        assert capacity_us >= 0, "a reserve is not negative"
        self.capacity_us: Final = capacity_us
        self.recharge_ratio: Final = recharge_ratio
        self.charge_us = capacity_us
        self.at_us = at_us
        self.mains_up = True

    def advance(self, now_us: int) -> None:
        """Drain or recharge until `now_us`."""
        elapsed_us = now_us - self.at_us
        assert elapsed_us >= 0, f"true time does not go back by {-elapsed_us} us"
        self.at_us = now_us
        if self.mains_up:
            charge_us = self.charge_us + elapsed_us * self.recharge_ratio
            self.charge_us = min(self.capacity_us, charge_us)
        else:
            self.charge_us = max(0, self.charge_us - elapsed_us)

    def lose_power(self, now_us: int) -> None:
        """Start carrying the RTC."""
        self.advance(now_us)
        self.mains_up = False

    def regain_power(self, now_us: int) -> bool:
        """Stop carrying; return whether it lasted, `False` if it ran empty at or before now."""
        self.advance(now_us)
        lasted = self.mains_up or self.charge_us > 0
        self.mains_up = True
        return lasted

    def to_bytes(self, now_us: int) -> bytes:
        """Return the part of a meter image, 8 bytes, as of `now_us`."""
        self.advance(now_us)
        return self.charge_us.to_bytes(BACKUP_SIZE_BYTES, "big")

    @classmethod
    def from_bytes(
        cls, raw: bytes, capacity_us: int, *, at_us: int, recharge_ratio: int = RECHARGE_RATIO
    ) -> Self:
        """Return the backup capacitor an image holds, with the mains up, at the image's instant."""
        if len(raw) != BACKUP_SIZE_BYTES:
            raise LayoutError(
                "backup", offset=0, expected=f"{BACKUP_SIZE_BYTES} bytes", got=f"{len(raw)} bytes"
            )
        charge_us = int.from_bytes(raw, "big")
        if charge_us > capacity_us:
            raise LayoutError(
                "backup", offset=0, expected=f"at most {capacity_us} µs", got=f"{charge_us}"
            )
        backup = cls(capacity_us, at_us=at_us, recharge_ratio=recharge_ratio)
        backup.charge_us = charge_us
        return backup
