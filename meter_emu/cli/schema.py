"""`meter-emu schema`: the JSON Schema of a file that people write, or of what a command prints.

Schemas are made of the types that read a file or print a result, so they cannot say anything else.
"""

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Final

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.names import OneOf
from meter_emu.cli.output import echo

if TYPE_CHECKING:
    from msgspec import Struct

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> "dict[str, type[Struct]]":
    """Return the types by name: the files that people write, then what commands print."""
    from meter_emu.cli import printed as rooms
    from meter_emu.cli.printed.base import Printed, name_of
    from meter_emu.diagnosis.incident_file import RawIncident
    from meter_emu.foreign.layout_file import RawLayout
    from meter_emu.planner.plan_file import RawPlanFile
    from meter_emu.world.meter.model import MeterModel
    from meter_emu.world.rehearsal.campaign_file import RawCampaign

    found = [
        import_module(room.name) for room in iter_modules(rooms.__path__, f"{rooms.__name__}.")
    ]
    printed = {
        name_of(one): one
        for room in found
        for one in vars(room).values()
        if isinstance(one, type) and issubclass(one, Printed) and one is not Printed
    }
    written: dict[str, type[Struct]] = {
        "campaign": RawCampaign,
        "model": MeterModel,
        "incident": RawIncident,
        "layout": RawLayout,
        "plan": RawPlanFile,
    }
    return written | printed


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of that name."""
    from msgspec import json

    found = {"$schema": _DIALECT, **json.schema(schemas()[name])}
    _end_patterns(found)
    return found


def _end_patterns(found: object) -> None:
    """Write the end of a text in a schema's patterns as every reader of patterns knows it."""
    if isinstance(found, dict):
        if isinstance(found.get("pattern"), str):
            found["pattern"] = found["pattern"].replace(r"\Z", "$")
        found = list(found.values())
    for one in found if isinstance(found, list) else ():
        _end_patterns(one)


class _SchemaName(OneOf):
    """The name of a schema; all are imported only when one is given."""

    def __init__(self) -> None:
        super().__init__([])

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the name; for an unknown one suggest the nearest."""
        self.choices = tuple(schemas())
        return str(super().convert(value, param, ctx))


@examples(
    "schema",
    "schema campaign",
    "schema rehearse",
)
@click.command("schema", cls=CliCommand)
@click.argument("name", required=False, metavar="[NAME]", type=_SchemaName())
def schema(name: str | None) -> None:
    """Print a JSON Schema, or list them all: of files that you write, of what --json prints.

    The first key of all JSON is `schema`, with its name and version: `card-show/1`.
    """
    import json

    if name is not None:
        echo(json.dumps(schema_of(name), indent=2))
        return
    found = schemas()
    wide = max(map(len, found))
    for called, of in found.items():
        (first, *_) = (of.__doc__ or "").splitlines()
        echo(f"{called:<{wide}}  {first}")
