"""Whether a program that a file names may be started: only its reader can say so.

A campaign, a trace or a find may come from a stranger, with a module or an executable next to it.
Reading such a file must not run that code, so a build other than our own needs the option.
"""

from collections.abc import Iterable
from typing import Final

import click

from meter_emu.errors import ConfigError

trust_option: Final = click.option(
    "--trust-builds", is_flag=True, help="Start programs that the file names; it runs their code."
)


def check_builds(file: str, builds: Iterable[str], *, typed: str | None, trusted: bool) -> None:
    """Check the builds that `file` names; `typed` is the one of the command line, if there is any.

    Raise `ConfigError` for a build that does not exist, or for a program that is not ours and that
    nobody has allowed. It is refused before it is imported or started.
    """
    from meter_emu.world.meter.build import OUR_BUILDS, parse_build

    for build in sorted(set(builds)):
        program = build.split("+")[0]
        if program not in OUR_BUILDS and build != typed and not trusted and _is_program(program):
            why = f"a file starts no program, and {program!r} is one: --trust-builds allows it"
            raise ConfigError(file, "build", why)
        parse_build(build)


def _is_program(name: str) -> bool:
    """Whether a build's name is of somebody's program; any other is a typo."""
    return bool({":", "/", "\\"} & set(name))
