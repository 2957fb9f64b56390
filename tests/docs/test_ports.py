"""docs/ports.md lists every call a firmware has, with what it really takes."""

import inspect
import re
from collections.abc import Callable
from datetime import datetime
from random import Random
from typing import Any

import pytest

from card_protocol.timestamp import Civil
from meter_emu import ports
from meter_emu.domain import Result
from meter_emu.hardware.contactor import Contactor
from meter_emu.hardware.valve import Valve
from meter_emu.ports import CALLS, Button, Lamp, Ports
from meter_emu.world.meter import board as board_module
from meter_emu.world.meter import display
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from tests.cells import each_cell
from tests.docs.pages import ROOT, blocks, page, section, table
from tests.docs.test_meter_image import MAY_2020_US, MODEL, installed

PAGE = page("docs/ports.md") + page("docs/ports-costs.md")
COST_ROWS = {
    row[0].split("(")[0]: row
    for row in table(PAGE.replace("\\|", "¦"), "call", "what it does", "cost")
}
CONSTANTS = {
    name: value
    for name, value in vars(board_module).items()
    if name.endswith("_US") and name not in {"NEVER_US", "DAY_US"}
}
# What each call is tried with, where it takes something.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "rtc_read": (2, 7),
    "rtc_write": (9, b"\x80\x80\x80"),
    "eeprom_read": (0x1234, 300),
    "eeprom_write": (0x300, b"some bytes"),
    "card_exchange": (b"\x00\x84\x00\x00\x08",),
    "card_power": (True,),
    "switch_drive": (False,),
    "button_held_ms": (Button.BLUE,),
    "wait_ms": (70_000,),
    "limiter_set": (10,),
    "display": ("HELLO",),
    "lamps": (Lamp.FAULT,),
    "beep": (1_000,),
}


class Silent:
    """A card that answers three bytes to anything."""

    def power_on(self) -> bytes:
        return b"\x3b\x00"

    def power_off(self) -> None:
        pass

    def writing_us(self, command: bytes) -> int:
        return 0

    def tear(self, command: bytes, fate: Callable[[], int]) -> None:
        raise AssertionError("a card that never writes is never torn")

    def transmit(self, command: bytes) -> bytes:
        return b"\x00\x90\x00"


@each_cell("name", CALLS)
def test_every_call_takes_the_time_the_page_says(name: str) -> None:
    arguments = ARGUMENTS.get(name, ())
    board = installed()
    board.insert(Silent())
    board.shut_appliances()  # a flow would end a wait at once
    started_us = board.now_us
    answer = getattr(board, name)(*arguments)
    names = list(inspect.signature(getattr(Ports, name)).parameters)[1:]
    known = {
        **CONSTANTS,
        **dict(zip(names, arguments, strict=True)),
        "answer": answer,
        "drive_us": board.switch.drive_us,
    }
    assert board.now_us - started_us == eval(COST_ROWS[name][2], {"len": len}, known)


def test_a_nack_costs_what_the_page_says() -> None:
    board = installed()
    assert board.eeprom_write(0, b"x")
    started_us = board.now_us
    assert board.eeprom_read(0, 1) is None
    assert board.now_us - started_us == board_module.EEPROM_NACK_US
    assert board.eeprom_write(0, b"y")
    started_us = board.now_us
    assert not board.eeprom_write(0, b"z")
    assert board.now_us - started_us == board_module.EEPROM_NACK_US


def test_a_clock_that_does_not_acknowledge_costs_what_the_page_says() -> None:
    board = installed()
    board.rtc_nacks = 1
    started_us = board.now_us
    assert board.rtc_read(2, 7) is None
    assert board.now_us - started_us == board_module.RTC_BYTE_US
    assert board.rtc_read(2, 7) is not None


def test_every_cost_constant_is_on_the_page() -> None:
    said = {row[0]: int(row[1]) for row in table(PAGE, "constant", "µs", "from")}
    assert said == CONSTANTS


def test_how_long_each_switch_is_driven() -> None:
    assert f"{Contactor.drive_us} for the contactor" in PAGE
    assert f"{Valve.drive_us} for the valve" in PAGE


def test_the_day_of_the_hint() -> None:
    assert f"1 to {ports.SECONDS_A_DAY}" in section(PAGE, "Sleep: the hint")


def test_a_poll_with_nothing_to_do_takes_about_what_the_page_says() -> None:
    from meter_emu.world.meter.build import parse_build

    board = installed()
    program = parse_build("reference").program(MODEL)(board)
    program.poll()
    started_us = board.now_us
    program.poll()
    said = re.search(r"nothing to do is about (\d+) ms", PAGE)
    assert said is not None
    assert (board.now_us - started_us) / 1000 == pytest.approx(int(said[1]), rel=0.25)


def test_the_program_in_ten_lines_runs() -> None:
    (text,) = blocks(PAGE, "python")
    scope: dict[str, Any] = {"__name__": "page"}
    exec(compile(text, "docs/ports.md", "exec"), scope)
    board = installed()
    board.switch_drive(False)
    bench = Bench(board, scope["AlwaysOn"], poll_us=60_000_000)
    bench.run_until(MAY_2020_US + 86_400_000_000)
    assert board.switch.on
    assert board.panel.text.endswith(" UNITS")
    assert board.metrology_units() > 0


def test_cuts_inside_a_call_leave_what_the_page_says() -> None:
    from meter_emu.errors import PowerLost

    for name in CALLS:
        board = installed()
        board.insert(Silent())
        board.fails_at_us = board.now_us + 5
        before = _kept(board)
        with pytest.raises(PowerLost):
            getattr(board, name)(*ARGUMENTS.get(name, ()))
        if name != "switch_drive":
            assert _kept(board) == before, name
    rows = {row[0]: row[1] for row in table(PAGE, "inside", "leaves")}
    assert "either position" in rows["switch_drive"]
    moved = set()
    for seed in range(8):
        board = installed()
        board._fate = Random(seed)
        board.fails_at_us = board.now_us + 29_000
        with pytest.raises(PowerLost):
            board.switch_drive(False)
        moved.add(board.switch.on)
    assert moved == {True, False}


def _kept(board: Board) -> tuple[object, ...]:
    return (
        bytes(board.rtc.registers),
        bytes(board.eeprom.cells),
        board.switch.on,
        board.switch.limiter_a,
        board.panel.text,
        board.panel.lamps,
        board.card_waiting,
    )


def test_the_forms_of_a_display_on_the_page_are_read_and_others_say_nothing():
    rows = table(PAGE.replace("\\|", "¦"), "form", "when", "who reads it")
    card, clock, supply, untimed = (row[0].replace("¦", "|") for row in rows)
    card, clock, untimed = (form.strip("`") for form in (card, clock, untimed))
    assert display.card_said(card) is Result(0x14)
    assert display.clock_said(clock) == (
        datetime(2020, 7, 3, 22, 45),  # noqa: DTZ001
        "LOWER_BOUND",
        "LOW_VOLTAGE",
    )
    assert display.untimed_said(untimed) == (120, "KWH")
    off, cut, limited = re.split("`?, `", supply)
    assert display.supply_said(off) is display.supply_said(cut) is display.SupplySaid.OFF
    assert display.supply_said(limited) is display.SupplySaid.LIMITED
    assert display.ends_said(cut) == {"T2": Civil(2020, 7, 3, 23, 1)}
    for text in ("CREDIT 1.00 EUR", "CARTE 14 REFUSEE", "HORLOGE 2020-07-03 22:45 SURE +-60S", ""):
        assert display.card_said(text) is Result.NONE
        assert display.clock_said(text) is None
        assert display.untimed_said(text) is None
        assert display.supply_said(text) is None
    assert display.clock_said("CLOCK 2020-02-31 10:00 TRUSTED +-60S") == (None, "TRUSTED", "")


def test_no_other_module_reads_a_display():
    found = [
        str(path.relative_to(ROOT))
        for folder in ("laws", "world", "verify", "testing", "fuzz", "stories", "cli")
        for path in (ROOT / "meter_emu" / folder).rglob("*.py")
        if re.search(r"(?:search\(|match\(|\bin )[\w.]+\.(?:shown|text)\b", path.read_text())
    ]
    assert found == []
