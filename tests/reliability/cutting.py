"""Power cut anywhere in any kind of session: where, what the cells are left with, what must hold.

A sweep runs one session whole, notes each call of the ports and each state that was saved, and then
lives it again once for every place where power can go. It raises where something does not hold.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple

from card_protocol.card.sle4442 import COUNTER_ERASED, MemoryImage
from card_protocol.card.virtual import PAGE_WRITE_US, card_of
from card_protocol.formats.budget import Sfi
from meter_emu.firmware.layouts import Health
from meter_emu.hardware.eeprom import BLANK, MIXED, NEW, OLD, WEAK, WRITE_CYCLE_US
from meter_emu.hardware.oscillator import Backup
from meter_emu.ports import Firmware, Ports
from meter_emu.units import EPOCH_2000_US, SECOND_US
from meter_emu.world.meter.board import CARD_BYTE_US, RTC_BYTE_US, Board
from meter_emu.world.meter.model import uncertainty_s
from meter_emu.world.meter.times import to_us
from tests.firmware.meters import Rig
from tests.properties.trials import WORK_US, ModelAndCards
from tests.reliability.kinds import KINDS, Kind, fitted_kit
from tests.reliability.stage import (
    Call,
    Facts,
    Fate,
    clock_card,
    facts,
    firm_states,
    money_holds,
    press,
    rig_of,
    show,
    tapped,
    with_sequence,
)
from tests.rigs import counted

OUT_US: Final = 10 * SECOND_US
_ANSWER_US: Final = 2 * CARD_BYTE_US  # to a command that writes
_SENT_BYTES: Final = 64  # of a page, the most; a weak cell is one of them
DESK_FILES: Final = (Sfi.IDENTITY, Sfi.DESK, Sfi.DESK, Sfi.DESK)

Program = Callable[[Ports], Firmware]


# What a cell that was being written holds afterwards ----------------------------------------------


def all_like(outcome: int) -> Callable[[int], Callable[[int], int]]:
    return lambda _seed: lambda _nth: outcome


def one_weak(seed: int) -> Callable[[int], int]:
    """New but for one cell, which gives what it should a few times and then does not."""
    return lambda nth: WEAK if nth % _SENT_BYTES == seed % _SENT_BYTES else NEW


SETTLES: Final[Mapping[str, Callable[[int], Callable[[int], int]] | None]] = MappingProxyType(
    {
        "old": all_like(OLD),
        "erased": all_like(BLANK),
        "new": all_like(NEW),
        "mix 1": None,
        "mix 2": None,
        "mix 3": None,
        "unstable": one_weak,
    }
)
assert MIXED not in {OLD, BLANK, NEW, WEAK}, "a mix is drawn from the seed, all five of them"


class Cut(NamedTuple):
    """Where power goes: a true instant, and what a cell being written then is left with."""

    at_us: int
    settle: str = "mix 1"

    def fate(self) -> Fate:
        seed = self.at_us * 8 + list(SETTLES).index(self.settle)
        rule = SETTLES[self.settle]
        return Fate(seed, None if rule is None else rule(self.at_us))

    @property
    def right_reads(self) -> int:
        """How often a weak cell is read right before it is not."""
        return 1 + self.at_us % 3


def unsteady(rig: Rig, right_reads: int) -> None:
    """Have one weak cell read right so often and then wrong; several read as anything."""
    eeprom, seen, noise = rig.board.eeprom, 0, Random(right_reads)

    def flicker() -> int:
        nonlocal seen
        if len(eeprom.weak) > 1:
            return noise.randrange(256)
        seen += 1
        (cell,) = eeprom.weak
        return eeprom.cells[cell] ^ (seen > right_reads)

    eeprom._flicker = flicker  # type: ignore[misc]  # what the cells are is ours to say


# Where power can go -------------------------------------------------------------------------------


def instants(calls: list[Call]) -> Iterator[tuple[int, bool]]:
    """Yield true instants between any two calls and inside each that takes long.

    With each, whether something is being written then, so that it matters what is left.
    """
    cycle_ends_us = 0
    for call in calls:
        yield call.begin_us + 1, call.begin_us < cycle_ends_us
        if call.name == "eeprom_write" and call.end_us >= cycle_ends_us:
            cycle_ends_us = call.end_us + WRITE_CYCLE_US
        elif call.name == "rtc_write":
            for at_us in range(call.begin_us + RTC_BYTE_US, call.end_us + 1, RTC_BYTE_US):
                yield at_us, False
        elif call.name == "switch_drive":
            yield (call.begin_us + call.end_us) // 2, True
        elif call.name == "card_exchange":
            (command,) = call.arguments
            heard_us = call.begin_us + len(command) * CARD_BYTE_US
            writing = call.end_us - _ANSWER_US > heard_us and command[1] in {0xD0, 0xD6}
            yield heard_us, False
            if writing:
                step_us = max(PAGE_WRITE_US, (call.end_us - _ANSWER_US - heard_us) // 4)
                for at_us in range(heard_us + 1, call.end_us - _ANSWER_US, step_us):
                    yield at_us, True
            yield call.end_us, False
    yield calls[-1].end_us + 1, calls[-1].end_us < cycle_ends_us


def cuts_in(calls: list[Call]) -> list[Cut]:
    """Return every cut: where something is being written, one for each way to settle."""
    return [
        Cut(at_us, settle)
        for at_us, writing in dict(instants(calls)).items()
        for settle in (SETTLES if writing else ("mix 1",))
    ]


# One session, whole and cut -----------------------------------------------------------------------


@dataclass
class Whole:
    """A session that nothing happened to, and the meter until after T."""

    calls: list[Call] = field(default_factory=list)
    path: list[Facts] = field(default_factory=list)  # of every state there was, in order
    files: list[bytes] = field(default_factory=list)  # of the card, before
    promise: set[bytes] = field(default_factory=set)  # the write-back, before and after
    final: Facts | None = None
    issued_cents: int = 0
    supplied: bool = True


class Sweep:
    """One kind of session on one kit; `stays` leaves the card in, `program` may be a faulty one.

    The meter has saved its state `saves` times before.
    """

    def __init__(
        self,
        kit: ModelAndCards,
        name: str,
        *,
        stays: bool = False,
        program: Program | None = None,
        saves: int = 1,
    ) -> None:
        self.kit = fitted_kit(kit)
        self.kind: Kind = KINDS[name]
        self.stays = stays
        self.program = program
        self.saves = saves
        self._stands = self._before()
        self.whole = Whole()
        self._live_whole()

    def cuts(self) -> list[Cut]:
        return cuts_in(self.whole.calls)

    def cut(self, cut: Cut, *, empty: bool = False) -> None:
        """Live it with power cut, the clock's reserve full or `empty`; raise where wrong."""
        rig = self._rig([cut], empty=empty)
        self._act(rig, cut.at_us)
        self._at_the_cut(rig)
        self._recover(rig)
        self._afterwards(rig, lost=empty)

    def pair(self, first: Cut, chance: Random) -> None:
        """Cut power twice, the second time anywhere in what follows the first."""
        calls: list[Call] = []
        rig = self._rig([first], noted=lambda _, call: calls.append(call))
        self._act(rig, first.at_us)
        calls.clear()
        self._recover(rig)
        second = chance.choice(cuts_in(calls))
        rig = self._rig([first, second])
        self._act(rig, first.at_us)
        self._at_the_cut(rig)
        self._recover(rig)
        self._at_the_second(rig)
        self._recover(rig)
        self._afterwards(rig, lost=False)

    # Inside --------------------------------------------------------------------------------------

    def _before(self) -> Rig:
        """Return the home just before the act, no card in it."""
        rig = rig_of(
            self.kit,
            start_us=to_us(self.kind.start),
            balance_cents=self.kind.balance_cents,
            program=self.program,
        )
        with_sequence(rig, self.saves)
        self.kind.before(rig, self.kit)
        return rig

    def _rig(
        self,
        cuts: list[Cut],
        noted: Callable[[Board, Call], None] | None = None,
        *,
        empty: bool = False,
    ) -> Rig:
        """Return the home at the act, with these cuts ahead of it."""
        rig = self._stands.fork(
            outages=[(cut.at_us, cut.at_us + OUT_US) for cut in cuts],
            fate=cuts[0].fate() if cuts else Fate(0),
            tap=(lambda ports: ports) if noted is None else tapped(noted),
        )
        if cuts:
            unsteady(rig, cuts[0].right_reads)
        if empty:
            rig.board.backup = Backup(0, at_us=rig.board.now_us)
        if self.stays and isinstance(self.kind.act, int):
            rig.bench.insert(rig.card)
        return rig

    def _act(self, rig: Rig, until_us: int | None = None) -> None:
        act = self.kind.act
        if not isinstance(act, int):
            act(rig, self.kit)
        elif until_us is None:
            rig.run(act)
        else:
            rig.bench.run_until(until_us + 1)
        if until_us is not None and rig.board.powered:  # the session was over before
            rig.bench.run_until(until_us + 1)
            assert not rig.board.powered

    def _live_whole(self) -> None:
        whole = self.whole
        rig = self._rig([], noted=self._note)
        whole.calls.clear()
        whole.path[:] = [facts(firm_states(rig.board)[0])]
        whole.files = [rig.file(sfi) for sfi in DESK_FILES]
        whole.promise = {rig.file(Sfi.WRITE_BACK)}
        self._act(rig)
        whole.promise.add(rig.file(Sfi.WRITE_BACK))
        calls = list(whole.calls)
        path = list(whole.path)
        rig.bench.remove()
        self.kind.again(rig, self.kit)
        if not rig.board.switch.on:
            press(rig, self.kit)
        whole.final = facts(rig.state)
        whole.issued_cents = rig.state.accepted_cents
        self._until_after_the_end(rig)
        whole.supplied = rig.board.switch.on
        whole.calls, whole.path = calls, path

    def _note(self, board: Board, call: Call) -> None:
        self.whole.calls.append(call)
        firm = firm_states(board) if call.name == "eeprom_write" else []
        self.whole.path += [facts(state) for state in firm[:1]]

    def _at_the_cut(self, rig: Rig) -> None:
        """What holds of the bytes the moment power is gone."""
        assert not rig.board.powered
        firm = firm_states(rig.board)
        assert firm, "no whole copy is left"
        assert facts(firm[0]) in self.whole.path, "half a session was saved"
        money_holds(firm[0], self.kit, self.kind.balance_cents, self.whole.issued_cents)
        assert [rig.file(sfi) for sfi in DESK_FILES] == self.whole.files
        assert rig.file(Sfi.WRITE_BACK) in self.whole.promise
        self._told_is_kept(rig)

    def _at_the_second(self, rig: Rig) -> None:
        assert firm_states(rig.board), "no whole copy is left"
        self._told_is_kept(rig)

    def _told_is_kept(self, rig: Rig) -> None:
        """Nothing goes onto a card that is not saved."""
        promise, kept = rig.write_back(), firm_states(rig.board)[0]
        if promise is not None:
            assert promise.accepted_cents <= kept.accepted_cents
            assert promise.order_number <= kept.order_number

    def _recover(self, rig: Rig) -> None:
        """Let power come back and people do what they would; a second cut may come in it."""
        board = rig.board
        if not self.stays:
            rig.bench.remove()
        rig.bench.run_until(board.now_us + OUT_US + self.kit.model.boot_ms * 1_000 + WORK_US)
        if not board.powered:
            return
        rig.bench.remove()
        image = rig.card.image
        if isinstance(image, MemoryImage) and image.tries_left == 1:
            rig.card = card_of(replace(image, counter=COUNTER_ERASED), counted())
        self.kind.again(rig, self.kit)
        if not board.switch.on:
            press(rig, self.kit)

    def _afterwards(self, rig: Rig, *, lost: bool) -> None:
        """What the meter is in the end, with a technician's visit where its clock was `lost`."""
        if lost:
            show(rig, clock_card(rig))
            if not rig.board.switch.on:
                press(rig, self.kit)
        state, whole = rig.state, self.whole
        assert state.health == Health.TRUSTED
        assert facts(state) == whole.final, "the session has not become what it was to be"
        money_holds(state, self.kit, self.kind.balance_cents, whole.issued_cents)
        self._told_is_kept(rig)
        self._until_after_the_end(rig)
        assert rig.board.switch.on == whole.supplied
        self.kind.last(rig, self.kit)

    def _until_after_the_end(self, rig: Rig) -> None:
        """Let time pass until the cut must have come; it has not come before."""
        if self.kind.ends is None:
            return
        end_us, model, state = to_us(self.kind.ends), self.kit.model, rig.state
        set_us = state.clock_set_s * SECOND_US + EPOCH_2000_US
        u_s = uncertainty_s(model, set_us, end_us) + state.set_error_s - model.clock.set_error_s
        late_s = self.kind.late_s and self.kind.late_s + model.poll_s
        wait_s = 2 * u_s + model.poll_s + late_s
        rig.bench.run_until(end_us + wait_s * SECOND_US + model.boot_ms * 1_000 + WORK_US)
        early = [at_us for at_us, on in rig.board.moves if not on and at_us < end_us]
        assert not early, "switched off before T"
