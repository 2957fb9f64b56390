"""Programs whose saves are wrong in a way that only power failing in between brings out."""

from functools import partial

from typing_extensions import override

from meter_emu.firmware.layouts import STATE, State
from meter_emu.firmware.memory import Memory
from tests.laws.wrong import Wrapped


class _Saturated(Memory):
    """Counts its saves up to 100 above a multiple of 128, and there no further."""

    @override
    def save(self, state: State) -> None:
        if state.sequence % 128 >= 100:
            state.sequence -= 1
        super().save(state)


class _Overwriting(Memory):
    """Writes each save over the one before."""

    @override
    def save(self, state: State) -> None:
        self._newest = 1 - self._newest
        super().save(state)


class _NumberedLate(Memory):
    """Saves a session's number at the end of its poll, when the card has it already."""

    late = False

    @override
    def save(self, state: State) -> None:
        count, known = state.session_count, STATE.parse(self._raw).session_count
        self.late = count != known and not self.late
        if self.late:
            state.session_count = known
        super().save(state)
        state.session_count = count


saturating = partial(Wrapped, swap=_Saturated)
overwriting = partial(Wrapped, swap=_Overwriting)
numbered_late = partial(Wrapped, swap=_NumberedLate)
