"""Card sessions on a whole meter: obeyed once, refused with a code, torn and cut anywhere."""

from collections.abc import Callable
from dataclasses import asdict, replace
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, Kind
from card_protocol.card.make import AnyImage, VirtualCard, card_of
from card_protocol.card.memory_image import MemoryImage
from card_protocol.card.plain import PAGE_WRITE_US
from card_protocol.card.secure import SecureCard
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.formats.budget import (
    IDENTITY,
    ORDER,
    TARIFF,
    WALLET,
    Energy,
    Result,
    Sfi,
    open_sealed,
    seal,
)
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import MINUTES_NONE, Civil, decode_bcd_minute
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.clock_card import issue_clock_card
from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import NO_END, Account, EventCode, Health, StateFlags, Supply
from meter_emu.ports import Key, Lamp, Ports
from meter_emu.world.board import CARD_BYTE_US
from tests.cards import file_card, resealed_part
from tests.firmware.meters import METER_ID, MODEL, START, START_US, Home, counted, seconds_2000

T1 = Civil(2020, 7, 3, 9, 0)
T2 = Civil(2020, 7, 3, 23, 1)
ARM = Work(load_cents=5_000, defer_until=T1, cut_at=T2)
DESK_KEY = derive(BENCH_MASTER_KEY, Purpose.DESK_RECORD, METER_ID)
UEUR_PER_CENT = 10_000
RECORDS = {Sfi.IDENTITY: IDENTITY, Sfi.WALLET: WALLET, Sfi.ORDER: ORDER, Sfi.TARIFF: TARIFF}
DESK_FILES = (Sfi.WALLET, Sfi.ORDER, Sfi.TARIFF)


ON_EACH = pytest.mark.parametrize("carrier", list(Kind), ids=lambda kind: kind.name.lower())


def armed(carrier: Kind = Kind.SECURE) -> Home:
    home = Home(carrier=carrier)
    home.write(ARM)
    return home


def events(home: Home) -> list[int]:
    raw = home.state.events
    return [raw[at] for at in range(4, len(raw), 8)]


def supplied(home: Home) -> bool:
    return home.board.switch.on


UNTRIED = (PIN_TRIES_MAX, KEY_TRIES_MAX, KEY_TRIES_MAX)


def contents(image: AnyImage) -> tuple[bytes, ...]:
    return (image.main,) if isinstance(image, MemoryImage) else image.contents


def spent(image: AnyImage) -> bool:
    """Whether a try of anything was taken and not given back."""
    untried = 3 if isinstance(image, MemoryImage) else UNTRIED
    return image.tries_left != untried


def resealed(home: Home, sfi: Sfi, **changes: Any) -> None:
    """Change a record and seal it as only the desk can."""
    if isinstance(home.card.image, MemoryImage):
        home.put(sfi, resealed_part(home.card.image, sfi, **changes))
        return
    layout: Any = RECORDS[sfi]
    record = open_sealed(layout, home.file(sfi), DESK_KEY, METER_ID)
    home.put(sfi, seal(layout, replace(record, **changes), DESK_KEY, METER_ID))


# Obeyed -------------------------------------------------------------------------------------------


@ON_EACH
def test_an_order_and_a_load_are_executed_and_told_to_the_card(carrier):
    home = armed(carrier)
    assert home.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"
    told, kept = home.write_back(), home.state
    assert told is not None
    assert told.result == told.order_result == Result.EXECUTED
    assert (told.order_number, told.accepted_cents, told.accepted_count) == (1, 5_000, 1)
    assert told.balance_ueur == kept.balance_ueur == 10_000 * UEUR_PER_CENT
    assert (decode_bcd_minute(told.defer_until), decode_bcd_minute(told.cut_at)) == (T1, T2)
    assert (told.clock, told.uncertainty_s) == (bytes.fromhex("2007011200"), 60)
    assert told.supply == Supply.CONNECTED
    assert told.meter_id == METER_ID
    carried = b"" if carrier is Kind.MEMORY else kept.events  # it has no room for events
    assert told.events == carried[: len(told.events)].ljust(len(told.events), b"\xff")
    assert events(home)[:2] == [EventCode.ORDER_EXECUTED, EventCode.CREDIT_LOADED]


@ON_EACH
def test_a_card_shown_again_is_already_executed_and_changes_nothing_that_counts(carrier):
    home = armed(carrier)
    home.insert()
    before = home.state
    for _ in range(3):
        assert home.insert() == "CREDIT 100.00 EUR | CARD 02 ALREADY_EXECUTED"
    after = home.state
    assert after.session_count == before.session_count + 3
    told = home.write_back()
    assert told is not None
    assert told.result == Result.ALREADY_EXECUTED
    assert told.order_result == Result.EXECUTED
    changed = {name for name, value in asdict(after).items() if value != asdict(before)[name]}
    assert changed == {"sequence", "session_count", "crc"}


def test_a_card_left_in_is_served_once():
    home = armed()
    home.bench.insert(home.card)
    home.run(3_600)
    assert home.state.session_count == 1


def test_the_card_is_unpowered_after_its_session():
    home = armed()
    home.bench.insert(home.card)
    assert home.card.transmit(bytes.fromhex("0084000008")) == b""


def test_the_word_about_the_card_gives_way_to_the_resting_screen():
    home = armed()
    home.insert()
    home.run(120)
    assert home.board.panel.text == "CREDIT 100.00 EUR"


def test_a_clock_not_believed_takes_the_desks_word_as_a_lower_bound():
    home = armed()
    home.board.rtc.voltage_low()
    home.write(Work(cut_at=T2))
    assert home.insert().endswith("CARD 01 EXECUTED")
    told = home.write_back()
    assert told is not None
    assert told.clock_health == Health.LOWER_BOUND
    assert home.board.panel.lamps & Lamp.CLOCK_DOUBTED


@pytest.mark.parametrize("ago_s", [0, 86_400, 3_600 * 24 * 200])
def test_a_lost_clock_never_goes_back_behind_what_the_meter_knew(ago_s):
    """A card written before the last time journalled says less than the meter knows itself."""
    home = Home()
    home.board.rtc.voltage_low()
    home.write(Work(load_cents=500), (seconds_2000(START) - ago_s) // 60)
    home.insert()
    assert home.state.health == Health.LOWER_BOUND
    behind_s = seconds_2000(START) - home.state.last_time_s
    assert 0 <= behind_s <= (MODEL.clock.set_error_s if ago_s else 0)


@pytest.mark.parametrize("year", [2100, 2136, 2150, 10_165])
def test_what_no_clock_can_be_set_to_moves_none(year):
    """A desk whose own clock is a century ahead; a chip that was set by it would show 2000."""
    home = Home()
    issued_at_min = (year - 2000) * 525_960 + 1_440
    home.write(Work(load_cents=500), issued_at_min)
    assert home.insert().endswith("CARD 01 EXECUTED")
    assert home.state.health == Health.TRUSTED
    assert home.state.clock_set_s == seconds_2000(START)


@pytest.mark.parametrize(("work", "fed"), [(Work(reactivate=True), True), (Work(), False)])
def test_a_card_that_says_how_late_it_is_is_obeyed_before_what_is_due_by_that(work, fed):
    """A home held by a lost clock until after T2 is not cut by the card that reactivates it."""
    home = armed()
    home.insert()
    home.board.rtc.voltage_low()
    home.run(4 * 86_400)
    assert home.board.switch.on
    home.write(replace(work, load_cents=500), seconds_2000(START) // 60 + 4 * 1_440)
    home.insert()
    assert home.state.health == Health.LOWER_BOUND
    assert home.board.switch.on is fed
    assert bool(home.board.moves) is not fed


def test_an_order_without_a_date_has_nothing_to_wait_for():
    home = Home()
    home.board.rtc.voltage_low()
    home.write(Work(limiter_granted=True))
    assert home.insert().endswith("CARD 01 EXECUTED")
    assert home.state.order_result == Result.EXECUTED


def test_a_dated_order_waits_where_neither_clock_nor_card_knows_the_time():
    """A card of an office that does not say when it writes: no bound to move a lost clock to."""
    home = Home(load=LOAD_W)
    home.board.rtc.voltage_low()
    home.write(Work(load_cents=5_000, cut_at=Civil(2020, 7, 1, 12, 30)))
    for sfi in RECORDS:
        resealed(home, sfi, issued_at_min=MINUTES_NONE)
    for _ in range(2):  # shown again it still waits
        assert home.insert().endswith("PENDING")
        told = home.write_back()
        assert told is not None
        assert (told.result, told.order_result) == (Result.PENDING, Result.PENDING)
        assert told.clock_health == Health.LOW_VOLTAGE
    home.run(3_600)
    assert supplied(home)
    clock_s = (home.board.now_us // 1_000_000) - 946_684_800
    technician = issue_clock_card(BENCH_MASTER_KEY, METER_ID, set_to_s=clock_s, set_error_s=60)
    home.bench.insert(card_of(technician, counted()))
    home.bench.remove()
    assert home.state.order_result == Result.EXECUTED
    assert not supplied(home)  # what it waited for has come, and so has the cut
    assert home.insert().endswith("ALREADY_EXECUTED")


def test_a_reactivation_lifts_a_cut_and_a_person_reconnects():
    home = Home()
    home.write(Work(cut_at=Civil(2020, 6, 30, 9, 0)))
    assert home.insert() == "OFF: CUT AS OF 2020-06-30 09:00 | CARD 01 EXECUTED"
    assert not supplied(home)
    home.write(Work(reactivate=True))
    assert home.insert() == "PRESS RED TO RECONNECT | CARD 01 EXECUTED"
    assert not supplied(home)
    home.bench.press(Key.RED)
    assert supplied(home)
    assert (home.state.defer_end, home.state.cut_end) == (NO_END, NO_END)


# Refused ------------------------------------------------------------------------------------------


def stranger(home: Home) -> None:
    kind = home.card.image.kind
    home.card = card_of(home.desk.issue(METER_ID + 1, issued_at_min=0, kind=kind), counted())


def other_energy(home: Home) -> None:
    resealed(home, Sfi.IDENTITY, energy=Energy.GAS)


def of_another_operator(home: Home) -> None:
    """The same meter number under other keys: no terminal of ours can open it."""
    image = file_card(home.card.image)
    home.card = SecureCard(replace(image, card_key=image.desk_key), counted())


def dead(home: Home) -> None:
    from card_protocol.card.image import blank

    home.card = SecureCard(blank(), counted())


def forged(sfi: Sfi) -> Callable[[Home], None]:
    def forge(home: Home) -> None:
        raw = bytearray(home.file(sfi))
        raw[10] ^= 1
        home.put(sfi, bytes(raw))

    return forge


def foreign(sfi: Sfi) -> Callable[[Home], None]:
    def spoil(home: Home) -> None:
        home.put(sfi, bytes(len(home.file(sfi))))

    return spoil


REFUSALS: dict[str, tuple[Callable[[Home], None], Result]] = {
    "another meter's card": (stranger, Result.WRONG_METER),
    "a gas card": (other_energy, Result.WRONG_ENERGY),
    "a card of another operator": (of_another_operator, Result.CARD_NOT_GENUINE),
    "a blank card": (dead, Result.CARD_UNREADABLE),
    "a forged wallet": (forged(Sfi.WALLET), Result.BAD_MAC),
    "a forged order": (forged(Sfi.ORDER), Result.BAD_MAC),
    "a forged tariff": (forged(Sfi.TARIFF), Result.BAD_MAC),
    "a forged identity": (forged(Sfi.IDENTITY), Result.WRONG_METER),
    "a wallet of zeros": (foreign(Sfi.WALLET), Result.BAD_FORMAT),
    "an order of zeros": (foreign(Sfi.ORDER), Result.BAD_FORMAT),
    "a tariff of zeros": (foreign(Sfi.TARIFF), Result.BAD_FORMAT),
    "an identity of zeros": (foreign(Sfi.IDENTITY), Result.BAD_FORMAT),
}


# What only keys can tell. A plain card of another operator has records with other MACs instead.
KEYED = {"a card of another operator", "a blank card"}
ON_EACH_REFUSAL = pytest.mark.parametrize(
    ("what", "carrier"),
    [
        (what, kind)
        for what in REFUSALS
        for kind in Kind
        if kind is Kind.SECURE or what not in KEYED
    ],
)


@ON_EACH_REFUSAL
def test_a_card_refused_whole_shows_its_code_and_keeps_its_content_and_its_tries(what, carrier):
    spoil, result = REFUSALS[what]
    home = armed(carrier)
    spoil(home)
    before, kept = home.card.image, home.state
    home.run(0)
    shown = home.insert()
    assert shown == f"CREDIT 50.00 EUR | CARD {result:02X} {result.name}"
    after = home.card.image
    assert contents(after) == contents(before)
    assert not spent(after)
    assert events(home)[0] == EventCode.CARD_REFUSED
    assert home.state.events[5:8] == result.to_bytes(3, "big")
    refused = home.state
    assert (refused.order_number, refused.accepted_cents) == (0, 0)
    assert refused.balance_ueur == kept.balance_ueur


@ON_EACH_REFUSAL
def test_a_refused_card_stands_in_nobodys_way(what, carrier):
    home = armed(carrier)
    good = home.card
    REFUSALS[what][0](home)
    home.insert()
    home.card = good
    assert home.insert() == "CREDIT 100.00 EUR | CARD 01 EXECUTED"


def too_large(home: Home) -> None:
    resealed(home, Sfi.WALLET, loaded_cents=25_001, load_count=1)


def rolled_back(home: Home) -> None:
    home.insert()
    resealed(home, Sfi.WALLET, loaded_cents=4_999)


def stale(home: Home) -> None:
    old = home.card.image
    home.insert()
    home.write(Work(limiter_granted=True))
    home.insert()
    home.card = card_of(old, counted())


def undone(home: Home) -> None:
    resealed(home, Sfi.ORDER, cut_at=bytes.fromhex("2013010900"))


PARTLY = {
    "too large a load": (too_large, Result.LOAD_TOO_LARGE),
    "a wallet rolled back": (rolled_back, Result.WALLET_ROLLED_BACK),
    "an old order": (stale, Result.STALE_ORDER),
    "a date that is none": (undone, Result.BAD_DATE),
}


@ON_EACH
@pytest.mark.parametrize("what", PARTLY)
def test_what_is_refused_of_a_genuine_card_is_told_on_display_and_card(what, carrier):
    prepare, result = PARTLY[what]
    home = armed(carrier)
    prepare(home)
    files = [home.file(sfi) for sfi in RECORDS]
    assert home.insert().endswith(f"| CARD {result:02X} {result.name}")
    told = home.write_back()
    assert told is not None
    assert told.result == result
    assert [home.file(sfi) for sfi in RECORDS] == files


def test_a_household_whose_order_is_refused_still_gets_what_it_paid_for():
    home = armed()
    undone(home)
    assert home.insert() == "CREDIT 100.00 EUR | CARD 16 BAD_DATE"
    kept = home.state
    assert (kept.accepted_cents, kept.order_number) == (5_000, 0)
    assert (kept.defer_end, kept.cut_end) == (NO_END, NO_END)


def test_a_household_whose_load_is_refused_still_has_its_order():
    home = armed()
    too_large(home)
    assert home.insert() == "CREDIT 50.00 EUR | CARD 1B LOAD_TOO_LARGE"
    assert (home.state.accepted_cents, home.state.order_number) == (0, 1)


# Pulled out ---------------------------------------------------------------------------------------


class Pulled:
    """A card that leaves the slot at its n-th command: before it, while writing for it, after."""

    def __init__(self, card: VirtualCard, at: int, how: str) -> None:
        self._card = card
        self._left = at
        self._how = how
        self.count = 0

    def writing_us(self, command: bytes) -> int:
        return self._card.writing_us(command)

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        self._card.tear(command, fate)

    def power_on(self) -> bytes:
        return self._card.power_on()

    def power_off(self) -> None:
        self._card.power_off()

    def transmit(self, command: bytes) -> bytes:
        self.count += 1
        if self.count < self._left:
            return self._card.transmit(command)
        if self.count == self._left and self._how == "after":
            self._card.transmit(command)
        if self.count == self._left and self._how == "within":
            fate = Random(self._left)
            self._card.tear(command, lambda: fate.randrange(256))
        raise LinkError(LinkErrorKind.CARD_GONE)


def command_count(carrier: Kind) -> int:
    home = armed(carrier)
    whole = Pulled(home.card, 1_000, "after")
    home.bench.insert(whole)
    return whole.count


COMMANDS = {carrier: command_count(carrier) for carrier in Kind}
# How many of them, the last ones, are the write-back, and how many of these make it stand.
WRITING = {Kind.SECURE: 1, Kind.PLAIN: 3, Kind.MEMORY: 4}
STANDING = {Kind.SECURE: 1, Kind.PLAIN: 1, Kind.MEMORY: 2}  # a memory card's is read back


@pytest.mark.parametrize("how", ["before", "within", "after"])
@pytest.mark.parametrize(
    ("carrier", "at"), [(kind, at + 1) for kind in Kind for at in range(COMMANDS[kind])]
)
def test_a_card_pulled_at_any_command_is_served_whole_or_not_at_all(carrier, at, how):
    """Only the last commands write: pulled before them, nothing; at them, it may miss."""
    home = armed(carrier)
    files = [home.file(sfi) for sfi in RECORDS]
    home.bench.insert(Pulled(home.card, at, how))
    shown = home.board.panel.text
    home.bench.remove()
    executed = at > COMMANDS[carrier] - WRITING[carrier]
    assert shown.endswith("CARD 01 EXECUTED" if executed else "CARD 1C CARD_REMOVED")
    assert home.state.order_number == executed
    assert home.state.accepted_cents == 5_000 * executed
    assert [home.file(sfi) for sfi in RECORDS] == files
    standing = at - (how != "after") > COMMANDS[carrier] - STANDING[carrier]
    if how != "within":
        assert (home.write_back() is not None) == standing
    again = "CARD 02 ALREADY_EXECUTED" if executed else "CARD 01 EXECUTED"
    assert home.insert() == f"CREDIT 100.00 EUR | {again}"
    assert events(home).count(EventCode.ORDER_EXECUTED) == 1
    assert events(home).count(EventCode.CREDIT_LOADED) == 1
    assert not spent(home.card.image)


def test_a_session_is_as_many_commands_as_the_page_says():
    """Select, identity, three of authentication, three records, the write-back.

    Plain: two selects, two heads, one copy in two parts; the PIN, the next copy in two parts.
    Memory: a select that finds no files, the card type, the counter; identity, two copies; the
    counter, the code; two copies, the write-back, and the look whether it is there.
    """
    assert COMMANDS == {
        Kind.SECURE: 1 + 1 + 3 + 3 + 1,
        Kind.PLAIN: 2 + 2 + 2 + 1 + 2,
        Kind.MEMORY: 3 + 3 + 2 + 4,
    }


# Cut ----------------------------------------------------------------------------------------------


class Tap:
    """Passes every port call on and notes when it began and ended."""

    def __init__(self, ports: Ports, calls: list[tuple[str, int, int]]) -> None:
        self._ports: Any = ports
        self._calls = calls

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            begin_us = self._ports.now_us
            answer = getattr(self._ports, name)(*arguments)
            self._calls.append((name, begin_us, self._ports.now_us))
            return answer

        return call


LOAD_W = 3_000
OUT_US = 10_000_000


def session_calls(carrier: Kind) -> list[tuple[str, int, int]]:
    calls: list[tuple[str, int, int]] = []
    tap = lambda ports: cast("Ports", Tap(ports, calls))  # noqa: E731
    home = Home(load=LOAD_W, tap=tap, carrier=carrier)
    home.write(ARM)
    home.bench.insert(home.card)
    return calls


CALLS = {carrier: session_calls(carrier) for carrier in Kind}
ANSWER_US = 2 * CARD_BYTE_US  # what a command without data is answered with
WRITE_US = 4 * PAGE_WRITE_US  # the longest write: 255 bytes


def cuts(calls: list[tuple[str, int, int]]) -> list[int]:
    """Return instants at the beginning, at the end and inside every call.

    Just before the answer to a command a plain card writes: there are some more of them.
    """
    found = set()
    for name, begin_us, end_us in calls:
        found |= {end_us, *range(begin_us + 1, end_us + 1, max(1, (end_us - begin_us) // 5))}
        if name == "card_exchange":
            written_us = end_us - ANSWER_US
            found |= set(range(max(begin_us, written_us - WRITE_US), written_us, WRITE_US // 4))
    return sorted(found)


@ON_EACH
def test_the_session_of_the_cuts_has_all_its_calls(carrier):
    calls = CALLS[carrier]
    names = [name for name, _, _ in calls]
    assert names.count("card_exchange") == COMMANDS[carrier]
    assert names.count("eeprom_write") >= 3
    assert calls[0][1] == START_US
    assert len(cuts(calls)) > 3 * len(calls)


def counted_once(home: Home) -> None:
    """The card's 50 euro and its order are in the meter, once; the card's records are whole."""
    kept = home.state
    assert (kept.accepted_cents, kept.accepted_count, kept.order_number) == (5_000, 1, 1)
    assert events(home).count(EventCode.CREDIT_LOADED) == 1
    assert events(home).count(EventCode.ORDER_EXECUTED) == 1
    installed_ueur = accepted_ueur = 5_000 * UEUR_PER_CENT
    assert kept.emergency_debt_ueur == 0
    assert installed_ueur + accepted_ueur == kept.balance_ueur + kept.charged_ueur
    assert kept.charged_ueur == kept.charged_wh * 250
    assert (home.write_back() or kept).order_number == 1


@ON_EACH
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("stays", [False, True], ids=["pulled", "left in"])
def test_a_power_cut_anywhere_in_a_session_counts_money_once_and_obeys_once(seed, stays, carrier):
    for at_us in cuts(CALLS[carrier]):
        home = Home(
            carrier=carrier,
            load=LOAD_W,
            outages=[(at_us, at_us + OUT_US)],
            fate=Random(seed * 7 + at_us),
        )
        home.write(ARM)
        desk_files = [home.file(sfi) for sfi in DESK_FILES]
        home.bench.insert(home.card)
        assert not home.board.powered
        if not stays:
            home.bench.remove()
        home.bench.run_until(at_us + OUT_US + 60_000_000)
        assert [home.file(sfi) for sfi in DESK_FILES] == desk_files
        if not stays:
            home.insert()
        counted_once(home)
        told = home.write_back()
        assert told is not None
        assert told.result in {Result.EXECUTED, Result.ALREADY_EXECUTED}
        assert (told.accepted_cents, told.order_number) == (5_000, 1)
        assert supplied(home)
        assert not spent(home.card.image)


@ON_EACH
def test_a_power_cut_anywhere_leaves_the_write_back_old_or_new(carrier):
    whole = Home(load=LOAD_W, carrier=carrier)
    whole.write(ARM)
    whole.bench.insert(whole.card)
    new = whole.file(Sfi.WRITE_BACK)
    for at_us in cuts(CALLS[carrier]):
        home = Home(load=LOAD_W, outages=[(at_us, at_us + OUT_US)], carrier=carrier)
        home.write(ARM)
        old = home.file(Sfi.WRITE_BACK)
        home.bench.insert(home.card)
        assert home.file(Sfi.WRITE_BACK) in (old, new)


OVERDUE = Work(cut_at=Civil(2020, 6, 30, 9, 0))


def tapped(story: Callable[[Home], None]) -> list[tuple[str, int, int]]:
    """Return the calls of the last thing a story does, after which the contactor has moved."""
    calls: list[tuple[str, int, int]] = []
    home = Home(tap=lambda ports: cast("Ports", Tap(ports, calls)))
    story(home)
    begin = max(n for n, (name, _, _) in enumerate(calls) if name == "reset_cause")
    assert "switch_drive" in [name for name, _, _ in calls[begin:]]
    return calls[begin:]


def overdue(home: Home) -> None:
    home.write(OVERDUE)
    home.bench.insert(home.card)


def reconnected(home: Home) -> None:
    overdue(home)
    home.bench.remove()
    home.write(Work(reactivate=True))
    home.insert()
    home.bench.press(Key.RED)


@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_anywhere_in_a_cut_ends_dark(seed):
    for at_us in cuts(tapped(overdue)):
        home = Home(outages=[(at_us, at_us + OUT_US)], fate=Random(seed + at_us))
        overdue(home)
        home.bench.run_until(at_us + OUT_US + 60_000_000)
        assert home.state.supply == Supply.DISCONNECTED
        assert home.state.flags & StateFlags.CUT_LATCHED
        assert not supplied(home)
        assert events(home).count(EventCode.CUT_PROGRAMMED) == 1


@pytest.mark.parametrize("seed", range(4))
def test_a_power_cut_anywhere_in_a_reconnection_ends_with_supply_or_an_invitation(seed):
    for at_us in cuts(tapped(reconnected)):
        home = Home(outages=[(at_us, at_us + OUT_US)], fate=Random(seed + at_us))
        reconnected(home)
        home.bench.run_until(at_us + OUT_US + 60_000_000)
        if not supplied(home):
            assert home.board.panel.lamps & Lamp.RECONNECT
            home.bench.press(Key.RED)
        assert supplied(home)
        assert home.state.supply == Supply.CONNECTED


@settings(max_examples=120)
@given(
    st.lists(st.tuples(st.integers(1, 2_200_000), st.integers(1, OUT_US)), min_size=1, max_size=6),
    st.integers(0, 2**32),
    st.sampled_from(Kind),
)
def test_a_supply_that_fails_again_and_again_counts_money_once_and_obeys_once(
    failures, seed, carrier
):
    """Each failure some time after the last, in start-up or anywhere in the session after it."""
    outages, at_us = [], START_US
    for up_us, out_us in failures:
        outages.append((at_us + up_us, at_us + up_us + out_us))
        at_us += up_us + out_us
    home = Home(load=LOAD_W, outages=outages, fate=Random(seed), carrier=carrier)
    home.write(ARM)
    home.bench.insert(home.card)
    home.bench.run_until(at_us + 60_000_000)
    counted_once(home)
    assert supplied(home)


def test_a_deferral_that_has_ended_does_not_come_back_with_a_lost_clock():
    home = Home(balance_cents=100)
    home.write(Work(defer_until=Civil(2020, 7, 1, 13, 0)))
    home.insert()
    home.run(2 * 3600)
    assert home.state.flags & StateFlags.DEFERRAL_OVER
    home.board.rtc.voltage_low()
    home.run(120)
    assert home.state.health == Health.LOW_VOLTAGE
    assert home.state.account == Account.CHARGED
