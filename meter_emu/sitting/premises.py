"""Whose meter a sitting is at: one of a person's own, or a household of a campaign."""

from collections.abc import Callable
from typing import Final, Protocol, final

from meter_emu.errors import CommandError
from meter_emu.world.meter.acts import Act, ActListener
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.rehearsal.rig import Rig


class Premises(Protocol):
    """A meter, its office and its cards, and who else comes to it."""

    @property
    def rig(self) -> Rig:
        """Its meter, office and cards; asked for after `live`."""
        ...

    def live(self, take: Callable[[Event], None]) -> LiveMeter:
        """Return its meter as it begins; `take` gets every event."""
        ...

    def next_visit_us(self) -> int | None:
        """Return when somebody comes next by themselves, `None` for never."""
        ...

    def visit(self) -> None:
        """Make that visit."""
        ...

    def alone(self) -> None:
        """Make no such visit any more; raise `CommandError` where none is ahead."""
        ...

    def did(self, act: Act) -> None:
        """Hear what somebody does at the meter."""
        ...


@final
class OwnMeter:
    """The meter of a rig, which nobody else comes to. `witness` records what people do."""

    def __init__(self, rig: Rig, witness: ActListener | None = None) -> None:
        self.rig: Final = rig
        self._witness: Final = witness

    def live(self, take: Callable[[Event], None]) -> LiveMeter:
        """See `Premises`."""
        return self.rig.live(take, self._witness)

    def next_visit_us(self) -> int | None:
        """See `Premises`."""
        return None

    def visit(self) -> None:
        """See `Premises`."""
        raise AssertionError("nobody comes")

    def alone(self) -> None:
        """See `Premises`."""
        raise CommandError("this meter is of no campaign")

    def did(self, act: Act) -> None:
        """See `Premises`."""
