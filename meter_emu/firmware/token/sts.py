"""The program of a prepayment meter that obeys STS tokens: energy is sold, and it has no clock.

Every date is in a token. What the meter knows of time is the order of TIDs: it keeps the largest
that it took, and refuses what it has or what is older than all of them. A new key comes in sections
that are typed one after the other, in any order; when the last one is there the key changes, and
where the roll-over bit is set the memory of TIDs is emptied with it.

Nothing lives in memory between two polls. What a token changes is saved at once and together before
the entry is done and the switch moves. The credit is a reading of the register at which supply
ends, so nothing is saved while energy is used.
"""

from enum import IntEnum, unique
from typing import Final

from typing_extensions import override

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.codec import decode_sts
from card_protocol.tokens.sts.fields import (
    REGISTER_ALL,
    CreditKind,
    KeyPart,
    SettingKind,
    StsCredit,
    StsKeySection,
    StsMeterTest,
    StsSetting,
)
from card_protocol.tokens.sts.key_change import StsKeyChange, join_sections
from card_protocol.tokens.sts.keys import DecoderKey, KeyType
from card_protocol.tokens.sts.tid import is_expired
from meter_emu.energies import DEFAULT
from meter_emu.firmware.token.polls import TokenProgram
from meter_emu.firmware.token.sts_layouts import (
    LONG_KEY_BYTES,
    SECTION_SIZE_BYTES,
    SECTIONS,
    STS,
    TIDS,
    StsFactory,
    StsState,
    tid_bytes,
    tids_in,
)
from meter_emu.ports import Lamp, Ports, Sleep

WH_PER_TENTH: Final = 100  # of an amount: a tenth of a kWh
_U32: Final = 0xFFFFFFFF
_HALF: Final = 0x80000000
_TRIES_MAX: Final = 0xFF
_NO_TIDS: Final = (0,) * TIDS
_NO_SECTIONS: Final = STS.state.erased("sections")


@unique
class StsAnswer(IntEnum):
    """What a meter answers to an entry.

    The numbers are those of one maker's status register (Conlog BEC62 technical manual, page 47).
    """

    TAKEN = 1
    FIRST_SECTION = 2
    SECOND_SECTION = 3
    OVERFLOW = 4
    KEY_TYPE = 5
    FORMAT = 6
    RANGE = 7
    FUNCTION = 8
    OLD = 9
    USED = 10
    KEY_EXPIRED = 11
    DDTK = 12
    CRC = 13
    MAKER = 14
    LOCKED = 15


TAKEN_ENTRIES: Final = frozenset(
    {StsAnswer.TAKEN, StsAnswer.FIRST_SECTION, StsAnswer.SECOND_SECTION}
)
# What nobody can have sold this meter; ours that only these count as wrong entries.
WRONG_ENTRIES: Final = frozenset({StsAnswer.FORMAT, StsAnswer.RANGE, StsAnswer.CRC})
# Ours: of a check of the codec, the number of the answer. Registers and padding are values.
_OF_CHECK: Final = {
    "digits": StsAnswer.FORMAT,
    "range": StsAnswer.RANGE,
    "class": StsAnswer.FUNCTION,
    "CRC": StsAnswer.CRC,
    "subclass": StsAnswer.FUNCTION,
    "register": StsAnswer.RANGE,
    "padding": StsAnswer.RANGE,
}


class TidMemory:
    """The TIDs that were taken: the largest, in ascending order. A part."""

    __slots__ = ()

    def judged(self, tids: tuple[int, ...], tid: int) -> StsAnswer:
        """Return whether a token is new. Ours: used is said before old."""
        if tid in tids:
            return StsAnswer.USED
        return StsAnswer.OLD if tid < tids[0] else StsAnswer.TAKEN

    def keeping(self, tids: tuple[int, ...], tid: int) -> tuple[int, ...]:
        """Return the memory once a TID is taken: the smallest makes room for it."""
        return tuple(sorted((*tids[1:], tid)))

    def expired(self, tid: int, ken: int) -> bool:
        """Whether a token is newer than the key may be used."""
        return is_expired(tid, ken)


class StsEffects:
    """What tokens do to a state, once they are taken. A part."""

    __slots__ = ()

    def credited(self, state: StsState, wh: int) -> None:
        """Add energy to the credit."""
        state.limit_units = (state.limit_units + wh) & _U32

    def cleared(self, state: StsState, register_units: int) -> None:
        """Take all credit away."""
        state.limit_units = register_units

    def complete(self, sections: dict[int, StsKeySection], *, long_key: bool) -> bool:
        """Whether all sections of a new key are there."""
        return len(sections) == (SECTIONS if long_key else 2)

    def too_late(self, waited_ms: int, half_s: int) -> bool:
        """Whether sections have waited too long for the others."""
        return waited_ms >= 1000 * half_s

    def rekeyed(self, state: StsState, change: StsKeyChange) -> None:
        """Take a new key, and what goes with it, at once."""
        state.key = change.key.raw.ljust(LONG_KEY_BYTES, b"\0")
        state.key_type = change.key_type
        state.revision = change.revision
        state.tariff_index = change.tariff_index
        state.ken = change.ken
        if change.supply_group is not None:
            state.supply_group = int(change.supply_group)
        if change.rollover:
            self.rolled_over(state)

    def rolled_over(self, state: StsState) -> None:
        """Forget all TIDs: the next base date counts them anew."""
        state.tids = tid_bytes(_NO_TIDS)


class StsProgram(TokenProgram[StsFactory, StsState]):
    """The program as the board runs it (`meter_emu.ports.Firmware`). A part."""

    __slots__ = ("_effects", "_tids")

    def __init__(self, ports: Ports, *, tids: TidMemory, effects: StsEffects) -> None:
        super().__init__(ports, STS)
        self._tids = tids
        self._effects = effects

    @override
    def _look(self, factory: StsFactory, state: StsState, *, powered_on: bool) -> Sleep | None:
        ports = self._ports
        self._forget(factory, state, powered_on=powered_on)
        said = self._obey(factory, state) if ports.keys() else ""
        register_units = ports.metrology_units()
        wanted = credit_wh(state, register_units) > 0
        obeyed = self._switched(wanted=wanted)
        self._show(state, register_units, said, fault=not obeyed)
        if said or not obeyed or state.locked or state.waiting:
            return None
        return Sleep(None, _shown_until(state, register_units) if wanted else None)

    # What time takes away ------------------------------------------------------------------------

    def _forget(self, factory: StsFactory, state: StsState, *, powered_on: bool) -> None:
        """End a lock, and forget sections whose partners did not come in time.

        Time without power cannot be counted. Ours: a start forgets the sections, and the wrong
        entries with their lock (a maker's frequently asked questions say the latter).
        """
        ticks_ms, locked, waiting = self._ports.ticks_ms(), state.locked, state.waiting
        tries = state.tries
        if powered_on:
            state.locked = state.since_ms = state.tries = 0
        if state.locked and _since(ticks_ms, state.since_ms) >= 1000 * lock_s(factory, state):
            state.locked = state.since_ms = 0
        waited_ms = _since(ticks_ms, state.waiting_ms)
        gone = powered_on or self._effects.too_late(waited_ms, factory.half_s)
        if state.waiting and gone:
            _drop_sections(state)
        if (state.locked, state.waiting, state.tries) != (locked, waiting, tries):
            self._journal.save(state)

    # Tokens --------------------------------------------------------------------------------------

    def _obey(self, factory: StsFactory, state: StsState) -> str:
        """Obey what was keyed in; return the answer in words."""
        before, typed = STS.state.values(state), self._ports.keys()
        answer = StsAnswer.LOCKED if state.locked else self._answer(factory, state, typed)
        if answer in TAKEN_ENTRIES:
            state.tries = 0
        elif answer in WRONG_ENTRIES:
            self._wrong(factory, state)
        if STS.state.values(state) != before:
            self.keep(state)
        self._entry_done()
        return f"{answer.value} {answer.name.replace('_', ' ')}"

    def _wrong(self, factory: StsFactory, state: StsState) -> None:
        state.tries = min(_TRIES_MAX, state.tries + 1)
        if state.tries >= factory.tries:
            state.locked, state.since_ms = 1, self._ports.ticks_ms()

    def _answer(self, factory: StsFactory, state: StsState, typed: bytes) -> StsAnswer:
        size = LONG_KEY_BYTES if factory.long_key else LONG_KEY_BYTES // 2
        try:
            record = decode_sts(typed.decode("ascii", "replace"), DecoderKey(state.key[:size]))
        except TokenError as error:
            return _OF_CHECK[error.check]
        if isinstance(record, StsMeterTest):
            return StsAnswer.TAKEN if record.maker in (0, factory.maker) else StsAnswer.MAKER
        if isinstance(record, StsKeySection):
            return self._section(factory, state, record)
        return self._dated(factory, state, record)

    def _dated(
        self, factory: StsFactory, state: StsState, record: StsCredit | StsSetting
    ) -> StsAnswer:
        """Answer a token with a TID, and do what it says if it is taken."""
        tids = tids_in(state.tids)
        new = self._tids.judged(tids, record.tid)
        if new is not StsAnswer.TAKEN:
            return new
        if factory.checks_ken and self._tids.expired(record.tid, state.ken):
            return StsAnswer.KEY_EXPIRED
        if isinstance(record, StsCredit):
            done = self._credit(factory, state, record)
        else:
            done = self._set(state, record)
        if done is StsAnswer.TAKEN:
            state.tids = tid_bytes(self._tids.keeping(tids, record.tid))
        return done

    def _credit(self, factory: StsFactory, state: StsState, record: StsCredit) -> StsAnswer:
        if state.key_type == KeyType.DDTK:
            return StsAnswer.DDTK
        if record.kind is not CreditKind.ELECTRICITY:
            return StsAnswer.FUNCTION
        wh = record.amount * WH_PER_TENTH
        if credit_wh(state, self._ports.metrology_units()) + wh > factory.credit_most_wh:
            return StsAnswer.OVERFLOW
        self._effects.credited(state, wh)
        return StsAnswer.TAKEN

    def _set(self, state: StsState, record: StsSetting) -> StsAnswer:
        if record.kind is SettingKind.POWER_LIMIT:
            state.power_limit_w = record.amount or 0
        elif record.kind is SettingKind.CLEAR_CREDIT and record.value in (0, REGISTER_ALL):
            self._effects.cleared(state, self._ports.metrology_units())
        elif record.kind is not SettingKind.CLEAR_TAMPER:  # it has one phase, one register, no rate
            return StsAnswer.FUNCTION
        return StsAnswer.TAKEN

    # A new key -----------------------------------------------------------------------------------

    def _section(self, factory: StsFactory, state: StsState, one: StsKeySection) -> StsAnswer:
        if one.number > 2 and not factory.long_key:
            return StsAnswer.FUNCTION
        # A common key is for magnetic cards, and a factory's comes by no token.
        if one.number == 1 and one.head & 3 not in (KeyType.DDTK, KeyType.DUTK):
            return StsAnswer.KEY_TYPE
        _put(state, one)
        state.waiting_ms = self._ports.ticks_ms()
        sections = _waiting(state)
        if not self._effects.complete(sections, long_key=factory.long_key):
            return _SECTION.get(one.number, StsAnswer.TAKEN)
        try:
            change = join_sections(tuple(sections.values()))
        except TokenError:  # halves of two sets that make no values
            _drop_sections(state)
            return StsAnswer.RANGE
        _drop_sections(state)
        self._effects.rekeyed(state, change)
        return StsAnswer.TAKEN

    def keep(self, state: StsState) -> None:
        """Save what an entry changed, all of it at once."""
        self._journal.save(state)

    # The supply ----------------------------------------------------------------------------------

    def _show(self, state: StsState, register_units: int, said: str, *, fault: bool) -> None:
        left_wh = credit_wh(state, register_units)
        text = f"{left_wh // 1000} {DEFAULT.kilo_units}" if left_wh > 0 else "NO CREDIT"
        if said:
            text = f"{text} | {said}"
        elif state.waiting:
            text = f"{text} | KEY CHANGE"
        self._ports.display(text)
        lamps = Lamp.FAULT if fault else Lamp(0)
        self._ports.lamps(lamps | (Lamp(0) if left_wh > 0 else Lamp.CREDIT_EXHAUSTED))


_SECTION: Final = {1: StsAnswer.FIRST_SECTION, 2: StsAnswer.SECOND_SECTION}  # ours: 3, 4 are taken


def credit_wh(state: StsState, register_units: int) -> int:
    """Return the credit that is left; below zero where more was used before the switch opened."""
    left = (state.limit_units - register_units) & _U32
    return left - _U32 - 1 if left >= _HALF else left


def standing(state: StsState, register_units: int, ticks_ms: int) -> tuple[int, ...]:
    """Return the credit, and for how many seconds sections and a lock have been there."""
    waited_ms = _since(ticks_ms, state.waiting_ms) if state.waiting else 0
    locked_ms = _since(ticks_ms, state.since_ms) if state.locked else 0
    return credit_wh(state, register_units), round(waited_ms / 1000), round(locked_ms / 1000)


def lock_s(factory: StsFactory, state: StsState) -> int:
    """Return how long the keypad is locked after so many wrong entries: doubled by each more."""
    more = max(0, state.tries - factory.tries)
    return min(factory.lock_most_s, factory.lock_first_s << min(more, 16))


def _shown_until(state: StsState, register_units: int) -> int:
    """Return the reading at which the credit that is shown, in whole kWh, changes."""
    left_wh = credit_wh(state, register_units)
    return (register_units + left_wh % 1000 + 1 if left_wh >= 1000 else state.limit_units) & _U32


def _since(ticks_ms: int, then_ms: int) -> int:
    return (ticks_ms - then_ms) & _U32


def _put(state: StsState, one: StsKeySection) -> None:
    """Keep a section until its partners come; a later one of the same number replaces it."""
    at = (one.number - 1) * SECTION_SIZE_BYTES
    raw = one.head.to_bytes(2, "big") + one.part.raw
    state.sections = state.sections[:at] + raw + state.sections[at + SECTION_SIZE_BYTES :]
    state.waiting |= 1 << one.number - 1


def _drop_sections(state: StsState) -> None:
    state.waiting = state.waiting_ms = 0
    state.sections = _NO_SECTIONS


def _waiting(state: StsState) -> dict[int, StsKeySection]:
    found = {}
    for place in range(SECTIONS):
        if state.waiting >> place & 1:
            raw = state.sections[place * SECTION_SIZE_BYTES :][:SECTION_SIZE_BYTES]
            head, part = int.from_bytes(raw[:2], "big"), KeyPart(raw[2:])
            found[place + 1] = StsKeySection(place + 1, head, part)
    return found
