"""What a thief can make of cards that are all genuine: mixed, copied, put back, shown again.

One meter has a history: visits to the office, each followed or not by one to the meter, and a
second card that has expired by now. Whatever a forged card says is held to what the genuine cards
of that history say to a meter that has seen so many of them.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import combinations
from typing import Any, Final, NamedTuple

from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.formats.budget import Sfi
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from meter_emu.units import SECOND_US
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board, SlotCard
from meter_emu.world.meter.build import parse_build
from tests.cards import raw_on, with_raw
from tests.properties.trials import ModelAndCards
from tests.reliability.kinds import reissued
from tests.reliability.stage import Facts, facts, firm_states, rig_of
from tests.rigs import counted

EXPIRES: Final = Civil(2020, 7, 2, 12, 0)
PAST_EXPIRY_S: Final = 2 * 86_400
REFERENCE: Final = parse_build("reference")
_PRESENT_CODE, _RIGHT_CODE = bytes.fromhex("ff20"), bytes.fromhex("9007")
RECORDS: Final = (Sfi.IDENTITY, Sfi.DESK)


class Seen(NamedTuple):
    """What a meter said of a card, and how it stands after it."""

    result: Result
    facts: Facts


class History:
    """The cards of a meter, in the order of the office's visits, and the meter after each."""

    def __init__(self, kit: ModelAndCards) -> None:
        self.kit = kit
        rig = rig_of(kit)
        self.images: list[AnyImage] = [rig.card.image]
        for visit in (
            Work(load_cents=5_000),
            Work(cut_at=Civil(2020, 9, 1, 9, 0)),
            Work(tariff=Pricing(7, 300, 300), load_cents=2_000),
            Work(tariff=Pricing(7, 290, 290)),
            Work(reactivate=True),
            None,
            Work(load_cents=1_000, prepayment=False),
        ):
            if visit is None:
                reissued(2, EXPIRES)(rig, kit)
            else:
                rig.write(visit)
            self.images.append(rig.card.image)
        self._allowed: dict[int, set[Facts]] = {}
        self.boards = [self._board(count) for count in range(len(self.images) + 1)]

    def _board(self, count: int) -> Board:
        """Return the meter when it has seen the first `count` cards, after the last expired."""
        rig = rig_of(self.kit)
        for image in self.images[:count]:
            rig.card = card_of(image, counted())
            rig.insert()
        rig.run(PAST_EXPIRY_S)
        return rig.board

    def shown(self, count: int, card: SlotCard) -> Seen:
        """Show a card to the meter that has seen the first `count` cards; it learns nothing."""
        model = self.kit.model
        board = deepcopy(self.boards[count])
        bench = Bench(board, REFERENCE.program(model), poll_us=model.poll_s * SECOND_US)
        bench.insert(card)
        result = Result[board.panel.text.rpartition(" ")[2]]
        return Seen(result, facts(firm_states(board)[0]))

    def allowed(self, count: int) -> set[Facts]:
        """Return how that meter can stand after some genuine card of its history, or none."""
        if count not in self._allowed:
            genuine = {self.shown(count, card_of(image, counted())).facts for image in self.images}
            self._allowed[count] = genuine | {facts(firm_states(self.boards[count])[0])}
        return self._allowed[count]

    def mixes(self) -> Iterator[tuple[int, tuple[str, ...], AnyImage]]:
        """Yield cards with records of an older state on a newer card: its place, which, the card.

        All but one of a card's records, or parts, may be the older ones. Named are those that
        differ; a mix that is a genuine card of the history is left out.
        """
        seen = set(self.images)
        for (_, old), (place, new) in combinations(enumerate(self.images), 2):
            differing = [sfi for sfi in RECORDS if raw_on(old, sfi) != raw_on(new, sfi)]
            for size in range(1, len(differing)):
                for taken in combinations(differing, size):
                    mixed = new
                    for sfi in taken:
                        mixed = with_raw(mixed, sfi, raw_on(old, sfi))
                    if mixed not in seen:
                        seen.add(mixed)
                        yield place, tuple(sfi.name for sfi in taken), mixed


class Imitation:
    """A programmed card of a thief's: it shows what it was given, and says yes to every code."""

    def __init__(self, image: AnyImage) -> None:
        self._card = card_of(image, counted())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._card, name)

    def transmit(self, command: bytes) -> bytes:
        answer = self._card.transmit(command)
        return _RIGHT_CODE if command[:2] == _PRESENT_CODE else answer


class Replay:
    """A card that plays a recorded session: the answer of then, or else the next that was given."""

    def __init__(self, heard: list[tuple[bytes, bytes]], atr: bytes) -> None:
        self._heard = heard
        self._atr = atr
        self._next = 0

    def writing_us(self, _command: bytes) -> int:
        return 0

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        """Lose nothing: there are no cells."""

    def power_on(self) -> bytes:
        self._next = 0
        return self._atr

    def power_off(self) -> None:
        """Go dark."""

    def transmit(self, command: bytes) -> bytes:
        known = [answer for asked, answer in self._heard if asked == command]
        if known:
            return known[0]
        answer = self._heard[self._next % len(self._heard)][1]
        self._next += 1
        return answer


class Listener:
    """A card on whose contacts somebody listens."""

    def __init__(self, image: AnyImage) -> None:
        self._card = card_of(image, counted())
        self.heard: list[tuple[bytes, bytes]] = []
        self.atr = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._card, name)

    def power_on(self) -> bytes:
        self.atr = self._card.power_on()
        return self.atr

    def transmit(self, command: bytes) -> bytes:
        answer = self._card.transmit(command)
        self.heard.append((command, answer))
        return answer

    def replay(self) -> Replay:
        return Replay(self.heard, self.atr)
