"""Options that several verbs take, so that each is one thing under one name everywhere."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from meter_emu.cli.names import FILE, LEFT, OneOf

CommandT = TypeVar("CommandT", bound=Callable[..., Any])

_METER: Final = click.IntRange(1, 0xFFFF_FFFF_FFFF_FFFF)

master_key_option: Final = click.option(
    "--master-key",
    "key_file",
    type=FILE,
    metavar="FILE",
    help="A file with the office's key, 32 hex digits. Default: the published bench key.",
)
issued_at_option: Final = click.option(
    "--issued-at",
    metavar="TIME",
    help="When the office writes: '2020-06-02 10:15' is legal time, with Z or +02:00 an instant. "
    "Default: now.",
)
expires_option: Final = click.option(
    "--expires",
    metavar="TIME",
    help="A temporary card: no meter obeys it from then on; '2020-07-18 00:00' is legal time.",
)
json_option: Final = click.option(
    "--json",
    "json_file",
    type=LEFT,
    metavar="FILE",
    help="Write the result as JSON to FILE, or - for here.",
)
ambiguous_option: Final = click.option(
    "--if-ambiguous",
    "which",
    type=OneOf(["earlier", "later"]),
    help="Which instant is meant when the change of clocks skips or repeats the time.",
)


def meter_option(text: str) -> Callable[[CommandT], CommandT]:
    """Return the option that takes a meter's number."""
    return click.option("--meter-id", "meter", type=_METER, required=True, help=text)
