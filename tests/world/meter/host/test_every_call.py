"""Every row of the ports, called from C: what the board is asked, and what the program is answered.

Header, frames and page are made from one table, so that they agree shows nothing. The program here
is made from what the header declares, linked with `meter_host.c`, and run on a board.
"""

import inspect
import re
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from card_protocol.errors import LinkError
from meter_emu.ports import CALLS, Ports
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.host.calls import DONE, FULL, WRONG, carried
from meter_emu.world.meter.host.hosted import hosted
from tests.docs.test_meter_image import installed
from tests.docs.test_ports import ARGUMENTS, Silent
from tests.world.meter.host.compiling import C, linked
from tests.world.meter.host.made import MADE

DECLARED = {
    name: (result, [parameter.strip() for parameter in parameters.split(",")])
    for result, name, parameters in re.findall(
        r"^(\w+) +meter_(\w+)\(([^;]*)\);", (C / "meter_ports.h").read_text("utf-8"), re.MULTILINE
    )
    if name != "poll"
}
# What a parameter is tried with where no test names a value.
VALUES: dict[Any, Any] = {int: 3, bool: True, bytes: b"\x01\x02\x03", str: "SHOWN"}
PROGRAM = """
#include "meter_ports.h"
#include <stdio.h>
#include <string.h>

static char said[65];
static uint8_t got[300];

static void says(const char *call, long result, int count) {
    int i, at = snprintf(said, sizeof said, "%s %lx ", call, (unsigned long)result & 0xFFFFFFFF);
    for (i = 0; i < count && at < 62; i++) at += snprintf(said + at, 3, "%02x", got[i]);
    meter_display(said);
}

void meter_poll(meter_sleep *hint) {
    long result = 0;
"""


def arguments(name: str) -> tuple[Any, ...]:
    """Return what a call is tried with."""
    *kinds, _ = get_type_hints(getattr(Ports, name)).values()
    return ARGUMENTS.get(name) or tuple(VALUES.get(kind) or kind(1) for kind in kinds)


def called(name: str) -> str:
    """Return the lines of C that call a port, and show its answer."""
    result, parameters = DECLARED[name]
    given = list(arguments(name))
    words: list[str] = []
    filled = sized = None
    for parameter in parameters:
        kind, _, label = parameter.rpartition(" ")
        if parameter == "void":
            continue
        if sized is not None:
            words.append(str(sized))
            sized = None
        elif parameter.startswith("const char *"):
            words.append(f'"{given.pop(0)}"')
        elif parameter.startswith("const uint8_t *"):
            data = given.pop(0)
            words.append(f'(const uint8_t *)"{"".join(f"{chr(92)}x{byte:02x}" for byte in data)}"')
            sized = len(data)
        elif label.startswith("*"):
            words.append("got")
            filled = "(int)result" if result == "int" else str(given[-1])
        elif label == "room":
            words.append("sizeof got")
        else:
            assert kind in {"bool", "uint8_t", "uint16_t", "uint32_t"}, parameter
            words.append(str(int(given.pop(0))))
    call = f"meter_{name}({', '.join(words)});"
    before = "memset(got, 0xEE, sizeof got); "
    after = f'says("{name}", result, {filled or 0});'
    return f"    {before}{'' if result == 'void' else 'result = '}{call} {after} result = 0;\n"


class Heard:
    """Ports that write down each call with its answer; the board below them foretells."""

    def __init__(self, board: Board, *, foretells: bool) -> None:
        self.said: list[tuple[str, tuple[Any, ...], Any]] = []
        self._board = board
        if foretells:
            self.board = board

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._board, name)

        def heard(*args: Any) -> Any:
            try:
                answer = call(*args)
            except LinkError as error:
                answer = error
            self.said.append((name, args, answer))
            if isinstance(answer, LinkError):
                raise answer
            return answer

        return heard


def expected(name: str, answer: Any) -> str:
    """Return what the program has to show of an answer."""
    result, parameters = DECLARED[name]
    filled = any(parameter.startswith("uint8_t *") for parameter in parameters)
    if isinstance(answer, LinkError):
        return f"{name} ffffffff "
    if not filled:
        return f"{name} {int(answer or 0):x} "
    if answer is None:
        return f"{name} 0 " + "ee" * int(arguments(name)[-1])
    data = answer or b""
    return f"{name} {len(data) if result == 'int' else 1:x} {data.hex()}"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("every_call")
    lines = "".join(called(name) for name in CALLS)
    (folder / "all.c").write_text(f"{PROGRAM}{lines}    hint->until_second = 77;\n}}\n", "utf-8")
    return linked([folder / "all.c"], folder / "all", "-std=c99", "-Wall", "-Wextra", "-Werror")


@pytest.mark.slow("compiles, and runs processes")
@pytest.mark.parametrize("foretells", [True, False])
def test_a_program_in_c_calls_every_row_and_is_answered(program: str, foretells: bool) -> None:
    board = installed()
    board.insert(Silent())
    board.shut_appliances()
    ports = Heard(board, foretells=foretells)
    meter = hosted(program)(ports)
    try:
        for there in (True, False):
            if not there:  # nothing acknowledges, and there is no card
                board.remove()
                board.rtc_nacks = 1
                board.now_us += 10_000
                assert board.eeprom_write(0, b"\0")
            ports.said.clear()
            hint = meter.poll()
            assert hint is not None
            assert hint.until_second == 77
            shown = iter(ports.said)
            answers = {}
            for name in CALLS:
                heard, args, answer = next(shown)
                assert (heard, args) == (name, arguments(name))
                assert next(shown) == ("display", (cut(expected(name, answer)),), None)
                answers[name] = answer
            assert next(shown, None) is None
            absent = {name for name, answer in answers.items() if answer is None}
            assert ("rtc_read" in absent) is ("eeprom_read" in absent) is not there
            assert isinstance(answers["card_exchange"], LinkError) is not there
    finally:
        meter.close()


def cut(shown: str) -> str:
    """Return a text as far as the display of the program goes, in whole bytes."""
    head, _, data = shown.rpartition(" ")
    room = (62 - len(head) - 1 + 1) // 2 * 2
    return f"{head} {data[:room]}"


def test_every_call_is_a_row_with_a_number_of_its_own() -> None:
    methods = [name for name, one in vars(Ports).items() if inspect.isfunction(one)]
    assert [name for name in methods if not name.startswith("_")] == list(CALLS) == list(DECLARED)
    numbers = [call.number for call in CALLS.values()] + [DONE, WRONG, FULL]
    assert len(set(numbers)) == len(numbers)
    assert 0 < min(numbers) < max(numbers) < 256
    assert list(carried(installed())) == numbers[:-3]


@pytest.mark.parametrize("path", MADE, ids=lambda path: Path(path).name)
def test_header_and_page_are_as_the_table_makes_them(path: Path) -> None:
    text = path.read_text("utf-8")
    assert MADE[path](text) == text, "python -m tests.world.meter.host.made writes it anew"
