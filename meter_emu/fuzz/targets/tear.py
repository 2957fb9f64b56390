"""Power that fails anywhere in a card's session: what was being written is old or new.

What the card brings, of which kind it is, and how many sessions went before, the first byte says;
then in or after which call of the ports, how long after it began, and the seed of what torn cells
are left with, which also says whether the session that follows is torn as well, and where.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache
from itertools import product
from typing import Any, Final, NamedTuple

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import VirtualCard
from meter_emu.desk.desk import Account
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result, WriteBack
from meter_emu.firmware.layouts import NO_END, Health, State, StateFlags
from meter_emu.fuzz.bench import A_LOAD, FAR_OFF, FUZZED_MODELS, FuzzedMeter
from meter_emu.fuzz.reach import must, note, note_all
from meter_emu.fuzz.target import FuzzField, Target
from meter_emu.hardware.eeprom import WRITE_CYCLE_US
from meter_emu.laws.hazards.placing import Listening
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.board import NEVER_US
from meter_emu.world.meter.failure import CallLog, NoPulse
from meter_emu.world.meter.times import us_to_legal

_BRINGS: Final = (
    A_LOAD,
    FAR_OFF,
    DeskOrder(reactivate=True),
    DeskOrder(load_cents=500, prepayment=False),
    DeskOrder(tariff=Pricing.of(2, 300), load_cents=700),
)
_CARRIERS: Final = (CardKind.SECURE, CardKind.PLAIN, CardKind.MEMORY)
_SESSIONS: Final = range(3)  # before the one that is torn: both copies of each record are in use
_CASES: Final = tuple(
    product(_SESSIONS, range(len(FUZZED_MODELS)), range(len(_CARRIERS)), range(len(_BRINGS)))
)
_MEMORY_CARD_UEUR: Final = 100  # the step in which a memory card has the credit
_OUT_US: Final = 10 * SECOND_US
_AFTER_US: Final = WRITE_CYCLE_US // 0x100 + 1  # of a byte: all of a cycle that a call begins
_WRITES_OFTENER: Final = 8  # ours: of some 60 calls 4 to 12 write, and there something can tear
_SEED: Final = slice(3, 5)
_TWICE_FROM: Final = 0xC0  # of its first byte: then what is brought again is torn too
_SIZE: Final = 5
# What a write-back has of the memory's state, by its name there; no energy is used meanwhile.
_BOTH_SAY: Final = {name: name for name in (
    "tariff_number", "order_mac", "order_result", "emergency_debt_ueur", "supply", "charged_wh",
    "deferred_wh", "postpaid_wh", "charged_ueur", "night_wh", "charged_night_wh",
)} | {"register_units": "booked_units"}  # fmt: skip
_CLOCK_OFF_MAX_S: Final = 90  # ours: it was set hours ago, and shows minutes
_SLOTS: Final = (FuzzField(0, 1, tuple(bytes((case,)) for case in range(len(_CASES)))),)


class _Facts(NamedTuple):
    """What a session changes as a whole or not at all; `rest` is all else that time leaves."""

    accepted: tuple[int, int]
    balance_ueur: int
    order: int
    ends: tuple[bytes, bytes]
    rest: tuple[tuple[str, Any], ...]
    sessions: int


class _Whole(NamedTuple):
    """What is so before and after a session that nothing happens to, and when its calls were."""

    before: _Facts
    after: _Facts
    account: Account
    calls: Sequence[int]


# What a power cut, the time that passes, and the count of sessions change by themselves.
_PASSING: Final = frozenset(
    {
        "sequence", "crc", "events", "last_time_s", "last_ticks_ms", "certain_s",
        "sheltered_ticks_ms", "session_count", "shown_session",
    }
)  # fmt: skip


def _facts(state: State | None) -> _Facts:
    must(state is not None, "the memory can be read")
    assert state is not None, "it was just said"
    return _Facts(
        (state.accepted_cents, state.accepted_count),
        state.balance_ueur,
        state.order_number,
        (state.defer_end, state.cut_end),
        tuple(pair for pair in asdict(state).items() if pair[0] not in _PASSING),
        state.session_count,
    )


def _begun(case: int, build: str, seed: int) -> tuple[FuzzedMeter, VirtualCard]:
    """Return an armed meter, and the card that brings it something."""
    sessions, model, carrier, brings = _CASES[case % len(_CASES)]
    kind = _CARRIERS[carrier]
    bench = FuzzedMeter(model, build, armed=True, used=True, carrier=kind, seed=seed)
    for _ in range(sessions):
        bench.rig.write(bench.card, A_LOAD)
        bench.insert(bench.card)
    for _ in range(1 if brings else 2):  # two loads at once
        bench.rig.write(bench.card, _BRINGS[brings])
    return bench, bench.card


@cache
def _whole(case: int, build: str) -> _Whole:
    """Let a session take place that nothing happens to; calls that write stand there oftener."""
    bench, card = _begun(case, build, 0)
    before, account = _facts(bench.state()), bench.account(card)
    heard = Listening(NoPulse(), 0, NEVER_US)
    bench.live.bench.log = CallLog(bench.rig.board, heard)
    bench.live.bench.rebuild()  # so that it has the ports that are listened to
    bench.insert(card)
    calls = [call.at_us for call in heard.calls]
    writes = [call.at_us for call in heard.calls if call.name == "eeprom_write"]
    return _Whole(before, _facts(bench.state()), account, calls + _WRITES_OFTENER * writes)


def _check(data: bytes, build: str) -> None:
    if len(data) != _SIZE:
        return
    case = data[0] % len(_CASES)
    before, after, account, calls = _whole(case, build)
    sessions, _, carrier, _ = _CASES[case]
    bench, card = _begun(case, build, int.from_bytes(data[_SEED], "big"))
    board, now = bench.rig.board, before
    began_us, places = board.now_us, data[1:5:3] if data[3] >= _TWICE_FROM else data[1:2]
    for place in places:
        lost_us = calls[place % len(calls)] - began_us + board.now_us + 1 + data[2] * _AFTER_US
        bench.live.bench.plan_outage(lost_us, lost_us + _OUT_US)
        bench.insert(card)
        bench.live.bench.run_until(lost_us + _OUT_US + MINUTE_US)
        old, new = now, after._replace(sessions=now.sessions + 1)
        now = _facts(bench.state())
        must(now in {old, new}, "what was being written is old or new", moved=old != new)
        note_all("old" if now == old else "new", _CARRIERS[carrier].name)
        must(board.switch.on, "who has credit is supplied when the power is back")
        _check_written(bench.written_back(card), now, "at once", {before, after, now})
        must(bench.account(card) == account, "the card still has its order and money, and all else")
    note(f"after {sessions} sessions more")
    note("torn twice" if len(places) > 1 else "torn once")
    torn = bench.written_back(card)
    result = bench.insert(card)
    must(
        result in {Result.EXECUTED, Result.ALREADY_EXECUTED}, "brought again it counts", result.name
    )
    again = _facts(bench.state())
    must(
        again._replace(sessions=0) == after._replace(sessions=0),
        "and the session has become what it was to be",
    )
    must(again.sessions == now.sessions + 1, "and is counted once")
    issued = (account.desk.loaded_cents, account.desk.load_count)
    must(again.accepted == issued, "all that was issued is accepted", f"{again.accepted}, {issued}")
    written = bench.written_back(card)
    _check_written(written, again, "brought again", {again})
    assert torn is not None, "it was just said"
    assert written is not None, "likewise"
    _check_session(written, bench, result)
    must(written.challenge is None or written.challenge != torn.challenge, "each has its challenge")
    must(bench.account(card) == account, "the card still has its order and money, and all else")
    must(board.switch.on, "nobody is cut by it")


def _check_written(
    written: WriteBack | None, facts: _Facts, when: str, either: set[_Facts]
) -> None:
    """Ask that what the office reads back is one of the states, all that both have."""
    must(written is not None, "a card that a meter has served has a write-back")
    assert written is not None, "it was just said"
    must(written.meter_id == METER_ID_FIRST, "a write-back is of its meter")
    must(written.session_count <= facts.sessions, "a write-back is of a session that is counted")
    said = (written.accepted_cents, written.accepted_count, written.order_number,
            (written.defer_until, written.cut_at))  # fmt: skip
    states = {_of_write_back(one): one for one in either}
    must(said in states, "a write-back is of the state before the session, or after", when)
    ahead = said != _of_write_back(facts) and states[said] == max(either, key=_sessions)
    must(not ahead, "a write-back says nothing that the memory has not", when,
         moved=len(states) > 1)  # fmt: skip
    near_ueur = abs(written.balance_ueur - states[said].balance_ueur)
    must(near_ueur < _MEMORY_CARD_UEUR, "and so is its credit", f"{near_ueur} off")
    whose, held = states[said], dict(states[said].rest)
    must(written.blocks == 0, "who has credit and is not cut has no reason to be")
    shields = (whose.ends[0][:5] != NO_END[:5]) | 4 * (not held["flags"] & StateFlags.PREPAYMENT_ON)
    must(written.shields & 5 == shields, "a deferral shields, and no prepayment")
    for name, there in _BOTH_SAY.items():
        value = getattr(written, name)
        must(value is None or value == held[there], "and so is all else that it says",
             f"{name} {value}, the memory {held[there]}", moved=value is not None)  # fmt: skip
    note(
        "written back" if said == _of_write_back(facts) else "the write-back of the session before"
    )


def _check_session(written: WriteBack, bench: FuzzedMeter, result: Result) -> None:
    """Ask for what a write-back has of its session: its result, the time, what was journalled."""
    must(written.result == result, "a write-back has the result that was shown",
         f"{written.result}, shown {result}")  # fmt: skip
    state = bench.state()
    assert state is not None, "it was just read"
    must(state.shown_session == state.session_count, "and is the one that the office waits for")
    events = state.events[: len(written.events)]
    journalled = written.challenge is None or written.events == events
    must(journalled, "and what was journalled last", moved=written.challenge is not None)
    if written.clock_health == Health.TRUSTED:
        now = us_to_legal(bench.rig.board.now_us, bench.rig.zone).replace(tzinfo=None)
        said = datetime.strptime(written.clock.hex(), "%y%m%d%H%M")  # noqa: DTZ007
        off_s = abs((now - said).total_seconds())
        must(off_s < _CLOCK_OFF_MAX_S, "and the time, where the clock is right", f"{said}, {now}")
        must(0 < written.uncertainty_s < _CLOCK_OFF_MAX_S, "and how far that may be off")


def _of_write_back(facts: _Facts) -> tuple[object, ...]:
    return (*facts.accepted, facts.order, (facts.ends[0][:5], facts.ends[1][:5]))


def _sessions(facts: _Facts) -> tuple[int, int]:
    """Return what only grows from session to session: loads and orders."""
    return facts.accepted[1], facts.order


def _seeds() -> Sequence[bytes]:
    """Each case, with power lost before anything is written, or after all of it."""
    late, early = 0x2B, 0x80
    return tuple(
        bytes((case, late if case % 3 else early, 0, 0 if case % 4 else _TWICE_FROM, case))
        for case in range(len(_CASES))
    )


TARGETS: Final = (
    Target(
        id="tear",
        our_memory=True,
        asks="power that fails at any instant of a card's session, and what it leaves",
        oracles="memory, card and write-back are old or new; brought again, the card does its work",
        reaches=(
            "old",
            "new",
            *(kind.name for kind in _CARRIERS),
            *(f"after {one} sessions more" for one in _SESSIONS),
            "written back",
            "torn once",
            "torn twice",
        ),
        size_max=_SIZE,
        check=_check,
        seeds=_seeds,
        slots=lambda _data: _SLOTS,
        fixed=True,
    ),
)
