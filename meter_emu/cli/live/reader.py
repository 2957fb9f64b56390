"""Real cards: what is in a PC/SC reader is in the meter's slot.

The reader is looked at a few times a second, between two polls of the meter. Whatever happens on
the desk (a card pulled in the middle, the reader unplugged, its service stopped, another program at
the card) is one line and no end: when it is over, things go on, and that is a line too.
"""

from collections.abc import Callable
from typing import Final, TypeVar, final

from card_protocol.card.virtual import VirtualCard
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.link.guarded import GuardedLink
from card_protocol.link.pcsc import PcscLink
from meter_emu.errors import CommandError
from meter_emu.sitting.cards import CardsThen
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.linked_card import LinkedCard
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.rehearsal.rig import Rig

_DoneT = TypeVar("_DoneT")
_LOOK_NS: Final = 250_000_000  # ours: a person waits as long for a lamp
# What a card that is being looked for may say before its meter does: it was too quick, or is busy.
_NOT_YET: Final = frozenset({LinkErrorKind.NO_CARD, LinkErrorKind.CARD_GONE, LinkErrorKind.IN_USE})
# What is wrong with the way to the cards; everything else is for the meter to find out.
_NO_WAY: Final = frozenset({LinkErrorKind.NO_READER, LinkErrorKind.BROKEN})


@final
class ReaderCards:
    """The cards of one reader, by its name or a part of it. `say` takes a line for a person."""

    def __init__(
        self, reader: str, *, say: Callable[[str], None], wall_ns: Callable[[], int]
    ) -> None:
        self._reader: Final = reader
        self._link: Final = PcscLink(reader)
        self._say = say
        self._wall_ns = wall_ns
        self._next_look_ns = wall_ns()
        self._card: LinkedCard | None = None
        self._trouble = ""  # what was said last and still holds
        self._shown: LinkError | None = None  # the last failure of a session that was said

    def insert(self, meter: LiveMeter, argument: str) -> None:  # noqa: ARG002  all cards have it
        """Refuse: hands do that."""
        raise CommandError(f"cards come from {self._reader}: put it in there")

    def remove(self, meter: LiveMeter) -> None:  # noqa: ARG002  all cards have it
        """Refuse: hands do that."""
        raise CommandError(f"cards come from {self._reader}: pull it out there")

    def serve(self, name: str, do: Callable[[VirtualCard], _DoneT]) -> _DoneT:  # noqa: ARG002
        """Refuse: the office has a reader of its own."""
        raise CommandError(f"cards come from {self._reader}: meter-emu desk serves them")

    def write(self, meter: LiveMeter, rig: Rig, name: str, order: DeskOrder) -> None:  # noqa: ARG002
        """Refuse: the office has a reader of its own."""
        raise CommandError(f"cards come from {self._reader}: meter-emu desk writes on them")

    def names(self) -> tuple[str, ...]:
        """Return nothing: a card in a reader has no name."""
        return ()

    def at_hand(self) -> None:
        """Return nothing: what is on a real card, only its meter and its office read."""

    def then(self) -> CardsThen:
        """Return nothing: what is in a reader is not ours to keep."""
        return CardsThen(None, "", {})

    def put_back(self, then: CardsThen) -> None:
        """Do nothing: a sitting with a reader does not go back."""

    def attend(self, meter: LiveMeter) -> None:
        """Look at the reader, and let the meter have what is in it."""
        now_ns = self._wall_ns()
        if meter.bench.polling or now_ns < self._next_look_ns:
            return
        self._tell_failure()
        self._next_look_ns = now_ns + _LOOK_NS
        try:
            here = self._link.wait(present=True, wait_ms=0)
            ready = here and (self._card is not None or self._free())
        except LinkError as error:
            self._take_out(meter)
            self._once(str(error))
            return
        if not here:
            self._take_out(meter)
        if self._trouble and (ready or not here):
            self._once("")
        if ready and self._card is None:
            self._put_in(meter)

    def _free(self) -> bool:
        """Whether a card lets itself be connected; raise `LinkError` where there is no way to it.

        A card that is there and does not answer counts: what to make of it is the meter's business.
        """
        try:
            self._link.connect()
            self._link.disconnect()
        except LinkError as error:
            if error.kind in _NO_WAY:
                raise
            if error.kind is LinkErrorKind.IN_USE:
                self._once(str(error))
            return error.kind not in _NOT_YET
        return True

    def _put_in(self, meter: LiveMeter) -> None:
        self._card = LinkedCard(GuardedLink(self._link))
        meter.insert(self._card, self._reader)
        self._next_look_ns = self._wall_ns()
        failure = self._card.failure
        self._tell_failure()
        if failure is not None and failure.kind is LinkErrorKind.CARD_GONE:
            self._take_out(meter)  # what is in the reader now, if anything, was put in anew

    def _take_out(self, meter: LiveMeter) -> None:
        if self._card is not None:
            meter.remove()
            self._card = None

    def _tell_failure(self) -> None:
        """Say how the last session failed, if it did."""
        failure = None if self._card is None else self._card.failure
        if failure is not None and failure is not self._shown:
            self._say(f"reader: {failure}")
        self._shown = failure

    def _once(self, trouble: str) -> None:
        """Report a fault of the reader when it changes, and its end."""
        if trouble != self._trouble:
            self._say(f"reader: {trouble or f'{self._reader} is there again'}")
        self._trouble = trouble

    def words(self) -> str:
        """Say what is in the reader, or what is wrong with it."""
        if self._trouble:
            return self._trouble
        return f"{'one' if self._card else 'none'} in {self._reader}"

    def close(self, meter: LiveMeter) -> None:
        """Unpower the card and let the reader go."""
        self._take_out(meter)
        self._link.close()
