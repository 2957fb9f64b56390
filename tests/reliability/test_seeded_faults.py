"""The suite itself is tried: programs and formats with a fault seeded are found by it, each.

The fault is a subclass or a patched part, never a change of the product. Files whose lock is left
out: `tests/cli/test_held.py`.
"""

from collections.abc import Callable, Iterable
from itertools import islice
from random import Random
from typing import Any

import pytest
from typing_extensions import override

from card_protocol.formats import budget, container
from card_protocol.formats.budget import compact
from meter_emu.domain import ClockSetting, Contents, Result, Wallet
from meter_emu.errors import ProgramError
from meter_emu.firmware import memory
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.memory import Memory
from meter_emu.firmware.parts import assemble
from meter_emu.firmware.program import Program
from meter_emu.firmware.rules import MeterRules
from meter_emu.firmware.trust import ClockState, ClockTrust, TrustBounds
from meter_emu.firmware.written_back import written_back
from meter_emu.ports import Firmware, Ports
from meter_emu.world.meter.build import dialogues
from meter_emu.world.meter.clock_chips import clock_chip
from tests.cells import each_cell
from tests.properties.trials import ModelAndCards
from tests.reliability.cutting import Cut, Sweep
from tests.reliability.forging import RECORDS, REFERENCE, History, Imitation
from tests.reliability.stage import KITS, kit_name, rig_of
from tests.reliability.tearing import Tearing
from tests.reliability.test_forgeries import (
    AT,
    BALANCE_CENTS,
    STEPS,
    held,
    one_bit_off,
    swindle,
)
from tests.reliability.test_leaps import DAY, LEAPS, follow

KIT = next(kit for kit in KITS if kit_name(kit) == "electricity-pcf8563-utc-plain-1")
MEMORY_KIT = next(kit for kit in KITS if kit_name(kit) == "electricity-pcf8563-utc-memory-1")
MakeMemory = type[Memory]


class NewestOverwritten(Memory):
    """The copy in force is the one that is written over."""

    @override
    def save(self, state: State) -> None:
        self._newest = 1 - self._newest
        super().save(state)


class ReadOnce(Memory):
    """After a power-up each copy is read once, in place of four times."""

    @override
    def state(self, *, powered_on: bool = False) -> State | None:
        return super().state()


class ToldFirst(Program):
    """The order of a commit reversed: the card gets what is not saved yet."""

    @override
    def _identified(self, factory: Factory) -> CardDialogue | Result:
        self._known = super()._identified(factory)
        return self._known

    @override
    def _obey(self, meter: MeterRules, found: Contents | ClockSetting | Result) -> Result:
        result = super()._obey(meter, found)
        if not isinstance(self._known, Result) and not isinstance(found, Result):
            self._known.write_back(written_back(meter, result, bytes(8)))
        return result


class CountNotChecked(Ledger):
    """A wallet is judged by its sum alone."""

    @override
    def judge_wallet(self, state: State, factory: Factory, wallet: Wallet) -> Result:
        if wallet.loaded_cents <= state.accepted_cents:
            return super().judge_wallet(state, factory, wallet)
        return Result.EXECUTED


class TicksNotAsked(ClockTrust):
    """A clock is not compared with the ticks."""

    @override
    def ticks_disagree(
        self, since_journal_s: int, ticks_ms: int, state: ClockState, factory: TrustBounds
    ) -> bool:
        return False


def with_memory(make: MakeMemory) -> Callable[[Ports], Firmware]:
    parts = REFERENCE.parts(KIT.model)

    class Faulty(Program):
        def __init__(self, ports: Ports) -> None:
            super().__init__(ports, parts, dialogues())
            self._memory = make(ports, parts.ends.possible)

    return Faulty


def with_part(faulty: type[Any], kit: ModelAndCards) -> Callable[[Ports], Firmware]:
    """Return the program with that class, or one part of it swapped for it."""
    fit: Any = lambda part: faulty if issubclass(faulty, part) else part  # noqa: E731
    parts = assemble(fit, clock_chip(kit.model).driver, kit.model.zone.rule)
    return lambda ports: Program(ports, parts, dialogues())


def lost(sweep: Sweep, cuts: Iterable[Cut], pairs: int = 0) -> bool:
    """Whether something is lost at one of these cuts, or of so many pairs that begin with one."""
    chance = Random(1)
    try:
        for cut in cuts:
            for _ in range(pairs):
                sweep.pair(cut, chance)
            sweep.cut(cut)
    except (AssertionError, IndexError, ProgramError):
        return True
    return False


@each_cell("settle", ["old", "erased", "new", "mix 1"])
def test_a_memory_that_writes_over_its_newest_copy_is_found(settle):
    sweep = Sweep(KIT, "load", program=with_memory(NewestOverwritten))
    cuts = [cut for cut in sweep.cuts() if cut.settle == settle]
    assert lost(sweep, cuts)


@pytest.mark.slow("cuts or changes it anywhere")
def test_a_memory_that_looks_once_after_a_power_up_is_found():
    """A weak cell reads right once: what it says has had effects when it does not any more."""
    sweep = Sweep(KIT, "load", program=with_memory(ReadOnce))
    cuts = [cut for cut in sweep.cuts() if cut.settle == "unstable"]
    assert lost(sweep, cuts, pairs=12)
    reference = Sweep(KIT, "load")
    assert not lost(reference, islice(cuts, 3), pairs=12)


@pytest.mark.slow("cuts power at every instant")
def test_a_program_that_tells_the_card_before_it_saves_is_found():
    parts = REFERENCE.parts(KIT.model)
    sweep = Sweep(KIT, "arm", program=lambda ports: ToldFirst(ports, parts, dialogues()))
    assert lost(sweep, sweep.cuts())


@pytest.mark.parametrize(("ledger", "found"), [(CountNotChecked, True), (Ledger, False)])
def test_a_ledger_that_does_not_count_loads_is_found(ledger, found):
    caught = 0
    for seed in range(6):
        rig = rig_of(KIT, balance_cents=BALANCE_CENTS, program=with_part(ledger, KIT))
        try:
            swindle(rig, KIT, Random(seed), STEPS)
        except AssertionError:
            caught += 1
    assert (caught > 0) == found


@pytest.mark.slow("cuts the power at each of many writes")
def test_a_sequence_that_is_not_followed_where_it_wraps_is_found(monkeypatch):
    sweep = Sweep(KIT, "load", saves=2**32 - 3)
    assert not lost(sweep, islice(sweep.cuts(), 40, 60))
    monkeypatch.setattr(memory, "is_newer", lambda raw, than: raw[4:8] > than[4:8])
    assert lost(sweep, sweep.cuts())


@pytest.mark.parametrize("leap_s", [+60, +DAY])
def test_a_program_that_does_not_compare_clock_and_ticks_is_found(leap_s):
    then, _ = LEAPS[leap_s]
    follow(KIT, leap_s, then, powered=True)
    with pytest.raises(AssertionError):
        follow(KIT, leap_s, then, powered=True, program=with_part(TicksNotAsked, KIT))


def torn_wrong(name: str, kit: ModelAndCards) -> bool:
    """Whether some sampled tear of a visit leaves what it must not."""
    tearing = Tearing(kit, name)
    try:
        for tear in Random(name).sample(tearing.tears(), 60):
            tearing.tear(tear)
    except AssertionError:
        return True
    return False


@pytest.mark.slow("tears out a card at each of its writes")
def test_a_copy_on_a_card_that_counts_without_being_whole_is_found(monkeypatch):
    assert not torn_wrong("meter", KIT)
    monkeypatch.setattr(container, "crc32", lambda _: 0)
    assert torn_wrong("meter", KIT)


def bits_unseen(kit: ModelAndCards) -> set[str]:
    """Return the records of which some byte can be changed and the meter obeys it unseen."""
    history = History(kit)
    image = history.images[AT]
    found = set()
    for sfi in RECORDS:
        for bit in range(32, 8 * 24, 24):
            if not held(history, AT, history.shown(AT, Imitation(one_bit_off(image, sfi, bit)))):
                found.add(sfi.name)
    return found


def test_a_mac_over_fewer_bytes_is_found(monkeypatch):
    covered = budget.mac_text
    for module in (budget, compact):
        monkeypatch.setattr(module, "mac_text", lambda body, card: covered(body[:4], card))
    assert "DESK" in bits_unseen(KIT)
    assert bits_unseen(MEMORY_KIT)


def mixes_unseen(kit: ModelAndCards, *counts: int) -> set[tuple[str, ...]]:
    """Return the mixes that meters obey unseen that have seen so many cards."""
    history = History(kit)
    return {
        taken
        for count in counts
        for _, taken, mixed in history.mixes()
        if not held(history, count, history.shown(count, Imitation(mixed)))
    }


def test_a_mac_that_does_not_cover_the_cards_number_is_found(monkeypatch):
    covered = budget.mac_text
    for module in (budget, compact):
        monkeypatch.setattr(
            module, "mac_text", lambda body, card: covered(body, card._replace(card_number=0))
        )
    assert ("IDENTITY",) in mixes_unseen(KIT, AT)
    assert ("IDENTITY",) in mixes_unseen(MEMORY_KIT, AT)
