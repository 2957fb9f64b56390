"""docs/meter-model.md names every key of a model file, and the bounds that the file is held to."""

import re

import msgspec
from msgspec import inspect

from meter_emu.energies import ENERGIES
from meter_emu.world.meter.clock_chips import CLOCK_CHIPS
from meter_emu.world.meter.model import MeterModel
from meter_emu.zones import TimeZone
from tests.docs.pages import page, table

ROWS = {row[0]: row[1] for row in table(page("docs/meter-model.md"), "key", "what", "meaning")}


def undescribed(kind: inspect.Type) -> inspect.Type:
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def keys(struct: type[msgspec.Struct], before: str = "") -> dict[str, inspect.Type]:
    found: dict[str, inspect.Type] = {}
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        kind = undescribed(field.type)
        if isinstance(kind, inspect.UnionType):  # what may be left out
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
        if isinstance(kind, inspect.StructType):
            found |= keys(kind.cls, f"{before}{field.name}.")
        else:
            found[before + field.name] = kind
    return found


def test_every_key_of_a_model_file_is_on_the_page_in_its_order() -> None:
    assert list(ROWS) == list(keys(MeterModel))


def test_the_bounds_are_those_of_the_file() -> None:
    compared = 0
    for name, kind in keys(MeterModel).items():
        if isinstance(kind, inspect.IntType):
            numbers = [int(one.replace(",", "")) for one in re.findall(r"[\d,]*\d", ROWS[name])]
            assert numbers[-1] == kind.le, name
            assert numbers[0] in {kind.ge, kind.le}, name
            compared += 1
    assert compared > 15


def test_the_energies_are_those_there_are() -> None:
    assert re.findall(r"\w+", ROWS["energy"]) == " or ".join(ENERGIES).split()


def test_the_clock_chips_are_those_there_are() -> None:
    assert set(re.findall(r"\b(\w*\d\w*)\b", ROWS["rtc"])) == set(CLOCK_CHIPS)


def test_the_zones_are_those_there_are() -> None:
    assert set(re.findall(r"\w+/\w+", ROWS["zone"])) == {zone.key for zone in TimeZone}
