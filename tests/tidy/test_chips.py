"""A clock chip is one row: no other room of the packages knows one by its name."""

import ast
import re

from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from tests.cells import each_cell
from tests.tidy.repository import found_by, modules, walked

# Who may name a chip: its own files, the table of them, a defect that shows on one alone, and the
# law that has data sheets written apart.
NAMING = tuple(f"meter_emu/{name}" for name in (
    "hardware/rtc/", "firmware/rtc/", "world/meter/clock_chips.py",
    "defects/driver/waits_for_a_tick.py", "laws/board/clock_chip.py",
))  # fmt: skip


def naming(tree: ast.Module) -> list[str]:
    """Return what knows a chip by its name: text that has it, its modules, `.rtc ==` a text.

    Names of model files do not count, nor where a defect was seen, nor what is there to read.
    """
    chips = "|".join(CLOCK_CHIPS)
    name = re.compile(rf"(?<![\w/-])({chips})(?![\w-])", re.IGNORECASE)
    prose: set[ast.AST] = set()
    for node in walked(tree):
        if isinstance(node, ast.Expr):
            prose.add(node.value)
        elif isinstance(node, ast.keyword) and node.arg == "seen":
            prose.update(ast.walk(node.value))
    found = []
    for node in walked(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in prose:
            small = node.value.lower()
            if any(chip in small for chip in CLOCK_CHIPS):  # the pattern alone takes two seconds
                found += name.findall(node.value)
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            found += [
                one for one in (*(node.module or "").split("."), *names) if one in CLOCK_CHIPS
            ]
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            values = [side.value for side in sides if isinstance(side, ast.Constant)]
            texts = [value for value in values if isinstance(value, str)]
            chip = [
                side for side in sides if isinstance(side, ast.Attribute) and side.attr == "rtc"
            ]
            found += [ast.unparse(node)] if texts and chip else []
    return found


def test_no_other_room_knows_a_chip_by_its_name() -> None:
    others = {
        name: tree
        for name, tree in modules().items()
        if name.startswith("meter_emu/") and not name.startswith(NAMING)
    }
    assert len(others) > 300
    assert found_by(naming, others) == []


@each_cell(
    ("source", "found"),
    [
        ('if model.rtc == "anything":\n    pass', ["model.rtc == 'anything'"]),
        ('DOUBT = {"ds3231": (0x0F, 0x80)}', ["ds3231"]),
        ('needs = f"clock chip pcf8563 of {model}"', ["pcf8563"]),
        ("from meter_emu.hardware.rtc.ds1307 import Ds1307", ["ds1307"]),
        ("from meter_emu.hardware.rtc import pcf8563", ["pcf8563"]),
        ('"""A DS1307 halts."""\nMODEL = "electricity-ds1307-cet"', []),
        ('Defect(seen="feilipu/avrfreertos#10, the driver of a DS1307")', []),
        ("others = [rtc for rtc in CLOCK_CHIPS if rtc != home.model.rtc]", []),
    ],
)
def test_a_name_is_found_where_it_stands(source: str, found: list[str]) -> None:
    assert naming(ast.parse(source)) == found
