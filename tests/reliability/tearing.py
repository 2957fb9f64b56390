"""Cards that go away: at each byte that passes, and at each byte that the card itself writes.

The meter serves one, or the office does; then people do what they do with a card that was out too
soon: another meter's owner tries it, the office looks, the meter has it again, the office does what
is missing. Each of these finds the old content or the new, and money is what was paid.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, repeat
from random import Random
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from card_protocol.card.sle4442 import PHASE_US
from card_protocol.card.virtual import AnyImage, FileCard, VirtualCard, card_of
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.link.t0 import CardOverT0
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from meter_emu.world.meter.board import SlotCard
from tests.cards import file_card
from tests.firmware.meters import METER_ID, Rig
from tests.properties.trials import ModelAndCards
from tests.reliability.cutting import DESK_FILES
from tests.reliability.kinds import T
from tests.reliability.stage import Facts, facts, money_holds, rig_of, show
from tests.rigs import counted

BALANCE_CENTS: Final = 5_000
MORE_CENTS: Final = 2_000
_COMMAND_HEAD_BYTES: Final = 5
_CELLS: Final = {"old": 0, "erased": 1, "new": 2}  # what a cell is left with, see `PlainCard.tear`


class Tear(NamedTuple):
    """When a card goes: at a character of T=0, before or after a command, or while it writes.

    `done` is how much of what it writes is there: bytes of a plain card, phases of a memory card
    and of how many; `cells` what those in progress are left with.
    """

    how: str
    at: int
    done: int = 0
    of: int = 0
    cells: str = ""

    def fate(self) -> Callable[[], int]:
        if self.how == "phase":
            numbers = iter(divmod(-(-self.done * 65_536 // self.of), 256))
        else:
            rest = Random(self.done)
            numbers = chain(
                [-(-self.done * 256 // self.of)],
                repeat(_CELLS[self.cells])
                if self.cells in _CELLS
                else iter(lambda: rest.randrange(256), None),
            )
        return lambda: next(numbers)


class TornCard:
    """A card that goes at a command; it counts them, and says what was written for each."""

    def __init__(self, card: VirtualCard, tear: Tear | None = None) -> None:
        self._card = card
        self._tear = tear
        self.commands: list[tuple[bytes, int]] = []

    @property
    def image(self) -> AnyImage:
        return self._card.image

    def writing_us(self, command: bytes) -> int:
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        self._card.tear(command, fate)

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        tear = self._tear
        self.commands.append((command, self._card.writing_us(command)))
        if tear is None or len(self.commands) <= tear.at:
            return self._card.transmit(command)
        if tear.how == "after":
            self._card.transmit(command)
        elif tear.how != "before":
            self._card.tear(command, tear.fate())
        self._card.power_off()
        raise LinkError(LinkErrorKind.CARD_GONE)


@dataclass(frozen=True)
class Visit:
    """What a card is torn in: a session of the meter, or one of the office that does `work`."""

    name: str
    before: Work | None
    work: Work | None


VISITS: Final = {
    visit.name: visit
    for visit in (
        Visit("meter", Work(load_cents=5_000, cut_at=T, tariff=Pricing(7, 300, 300)), None),
        Visit("load", Work(cut_at=T), Work(load_cents=5_000)),
        Visit("arm", Work(load_cents=1_000), Work(defer_until=T._replace(hour=14), cut_at=T)),
        Visit("reactivate", Work(cut_at=T), Work(reactivate=True)),
        Visit(
            "all at once",
            Work(load_cents=1_000, cut_at=T),
            Work(load_cents=5_000, tariff=Pricing(7, 300, 300), prepayment=False),
        ),
    )
}


class Tearing:
    """One visit on one kit, whole; and then torn."""

    def __init__(self, kit: ModelAndCards, name: str) -> None:
        self.kit = kit
        self.visit = VISITS[name]
        rig = self._rig()
        self._old = self._files(rig)
        card = TornCard(rig.card)
        self._do(rig, card)
        self._commands = card.commands
        self._new = self._files(rig)
        rig.insert()
        self._final = facts(rig.state)
        self._characters = 0
        if kit.carrier is not CardKind.MEMORY:
            rig = self._rig()
            wire = over_t0(rig)
            self._do(rig, wire)
            self._characters = wire.line.characters

    def tears(self) -> list[Tear]:
        """Return every tear: between all bytes that pass, and in all that is written."""
        tears = [Tear("character", at) for at in range(self._characters)]
        for at, (command, writing_us) in enumerate(self._commands):
            tears += [Tear("before", at), Tear("after", at)]
            if writing_us and self.kit.carrier is CardKind.MEMORY:
                of = writing_us // PHASE_US + 1
                tears += [Tear("phase", at, done, of) for done in range(of)]
            elif writing_us:
                of = len(command) - _COMMAND_HEAD_BYTES
                tears += [
                    Tear("byte", at, done, of, cells)
                    for done in range(of)
                    for cells in (*_CELLS, "mix")
                ]
        return tears

    def tear(self, tear: Tear) -> None:
        """Tear the card, and let everybody have it afterwards; raise where something is wrong."""
        rig = self._rig()
        slot: CardOverT0 | TornCard = (
            over_t0(rig) if tear.how == "character" else TornCard(rig.card, tear)
        )
        if isinstance(slot, CardOverT0):
            slot.pull_after(tear.at)
        self._do(rig, slot)
        rig.card = card_of(slot.image, counted())
        self._old_or_new(rig)
        self._other_meter(rig)
        account = self._account(rig)
        self._same_meter(rig, account)
        self._done_again(rig, account)

    # Inside --------------------------------------------------------------------------------------

    def _rig(self) -> Rig:
        rig = rig_of(self.kit, balance_cents=BALANCE_CENTS)
        if self.visit.before is not None:
            rig.write(self.visit.before)
        if self.visit.work is not None:
            rig.insert()
        return rig

    def _files(self, rig: Rig) -> tuple[list[bytes], bytes]:
        return [rig.file(sfi) for sfi in DESK_FILES], rig.file(Sfi.WRITE_BACK)

    def _do(self, rig: Rig, slot: SlotCard) -> None:
        """Have the visit with what is in the slot; it ends when the card is gone."""
        if self.visit.work is None:
            rig.bench.insert(slot)
            rig.bench.remove()
        else:
            slot.power_on()
            with suppress(LinkError):
                rig.desk.serve(slot.transmit, self.visit.work, issued_at_min=0)
            slot.power_off()

    def _old_or_new(self, rig: Rig) -> None:
        files, shown = self._files(rig)
        assert shown in {self._old[1], self._new[1]}
        for found, old, new in zip(files, self._old[0], self._new[0], strict=True):
            assert found in {old, new}
        if self.kit.carrier is not CardKind.SECURE:
            assert files in (self._old[0], self._new[0]), "a visit of the office is one write"

    def _other_meter(self, rig: Rig) -> None:
        before = self._files(rig)
        other = Rig(model=self.kit.model, meter_id=METER_ID + 1)
        assert show(other, rig.card).endswith(Result.WRONG_METER.name)
        assert other.state.accepted_count == 0
        assert self._files(rig) == before

    def _account(self, rig: Rig) -> CardRecords:
        """Look at the card as the office does: every record opens, what the meter said too."""
        rig.card.power_on()
        account = rig.desk.account(rig.card.transmit)
        rig.desk.read_back(rig.card.transmit)
        rig.card.power_off()
        return account

    def _same_meter(self, rig: Rig, account: CardRecords) -> None:
        assert not Result[rig.insert().rpartition(" ")[2]].refused
        state = rig.state
        assert state.accepted_cents == account.desk.loaded_cents
        assert state.order_number == account.desk.order_number
        money_holds(state, self.kit, BALANCE_CENTS, account.desk.loaded_cents)

    def _done_again(self, rig: Rig, account: CardRecords) -> None:
        """Have the office do what is missing: orders again, money after a look at the wallet."""
        work = self.visit.work
        if work is not None:
            loaded = account.desk.loaded_cents == self._final.accepted[0]
            rig.write(replace(work, load_cents=0) if loaded else work)
            rig.insert()
        assert numberless(facts(rig.state)) == numberless(self._final)
        rig.write(Work(load_cents=MORE_CENTS))
        rig.insert()
        issued_cents = self._final.accepted[0] + MORE_CENTS
        assert rig.state.accepted_cents == issued_cents
        money_holds(rig.state, self.kit, BALANCE_CENTS, issued_cents)


def over_t0(rig: Rig) -> CardOverT0:
    """Return the home's card behind a contact that speaks T=0."""
    card = card_of(file_card(rig.card.image), counted(), t0=True)
    assert isinstance(card, FileCard)
    rig.card = card
    return CardOverT0(card)


def numberless(of: Facts) -> Facts:
    """Return the facts without the order's number, which is another when it was written again."""
    return of._replace(order=(0, *of.order[1:]))
