"""Power cut at any instant of a session: money counted once, orders obeyed once, files whole."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any, cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from card_protocol.card.make import card_of
from card_protocol.card.memory_image import COUNTER_ERASED, MemoryImage
from card_protocol.card.plain import PAGE_WRITE_US
from card_protocol.formats.budget import Sfi
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.domain import Result
from meter_emu.firmware.layouts import EventCode, StateFlags, Supply
from meter_emu.ports import Button, Lamp, Ports
from meter_emu.world.meter.board import CARD_BYTE_US
from tests.firmware.meters import START_US, Home, counted
from tests.firmware.sessions import (
    ARM,
    COMMANDS,
    LOAD_W,
    ON_EACH,
    counted_once,
    events,
    spent,
    supplied,
)

DESK_FILES = (Sfi.WALLET, Sfi.ORDER, Sfi.TARIFF)


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


OUT_US = 10_000_000


def session_calls(carrier: CardKind) -> list[tuple[str, int, int]]:
    calls: list[tuple[str, int, int]] = []
    tap = lambda ports: cast("Ports", Tap(ports, calls))  # noqa: E731
    home = Home(load=LOAD_W, tap=tap, carrier=carrier)
    home.write(ARM)
    home.bench.insert(home.card)
    return calls


CALLS = {carrier: session_calls(carrier) for carrier in CardKind}
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
        back = home.write_back()
        assert back is not None
        assert back.result in {Result.EXECUTED, Result.ALREADY_EXECUTED}
        assert (back.accepted_cents, back.order_number) == (5_000, 1)
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
    home.bench.press(Button.RED)


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
            home.bench.press(Button.RED)
        assert supplied(home)
        assert home.state.supply == Supply.CONNECTED


@settings(max_examples=120)
@given(
    st.lists(st.tuples(st.integers(1, 2_200_000), st.integers(1, OUT_US)), min_size=1, max_size=6),
    st.integers(0, 2**32),
    st.sampled_from(CardKind),
)
@example([(1, 1), (1_829_781, 1), (1_829_781, 1)], 0, CardKind.MEMORY)
def test_a_supply_that_fails_again_and_again_counts_money_once_and_obeys_once(
    failures, seed, carrier
):
    """Each failure some time after the last, in start-up or anywhere in the session after it.

    Two of them can leave a memory card one try, which no meter risks (docs/memory-card.md): then
    nothing was taken, and the card is as good as ever when it has its tries again.
    """
    outages, at_us = [], START_US
    for up_us, out_us in failures:
        outages.append((at_us + up_us, at_us + up_us + out_us))
        at_us += up_us + out_us
    home = Home(load=LOAD_W, outages=outages, fate=Random(seed), carrier=carrier)
    home.write(ARM)
    home.bench.insert(home.card)
    home.bench.run_until(at_us + 60_000_000)
    image = home.card.image
    if isinstance(image, MemoryImage) and image.tries_left == 1 and not home.state.order_number:
        assert len(failures) > 1
        assert home.state.accepted_cents == 0
        home.bench.remove()
        home.card = card_of(replace(image, counter=COUNTER_ERASED), counted())
        home.insert()
    counted_once(home)
    assert supplied(home)
