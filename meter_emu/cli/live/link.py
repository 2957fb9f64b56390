"""The link to the meter of a sitting: the command that begins it, and what was typed since."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import click

from meter_emu.cli.held import read_bytes
from meter_emu.cli.scene import Scene, link_of
from meter_emu.world.meter.times import us_to_utc

LinkOf: TypeAlias = Callable[[str], str]  # of the lines typed since; empty where there is no link

# How one looks at a meter, and what its owner alone allows: none of it goes to others.
_HOW: Final = frozenset((
    "json_to", "language", "lines", "port", "rate", "script", "sure", "trace_to", "trust_builds",
    "web",
))  # fmt: skip
_OWNERS: Final = ("reader", "key_file")  # a meter of these is nobody else's


def is_given(name: str) -> bool:
    """Whether an option was given."""
    source = click.get_current_context().get_parameter_source(name)
    return source is not click.core.ParameterSource.DEFAULT


def linking(options: dict[str, Any], at_us: int, *, alone: bool) -> LinkOf:
    """Return who makes the link to the meter of these options, which begins at `at_us`.

    `alone`: of no option. What its opening does, its link does again, and need not say.
    """
    if not options["web"] or any(options[name] is not None for name in _OWNERS):
        return lambda _typed: ""
    words, files = ["run"], {}
    for param in click.get_current_context().command.params:
        name = param.name or ""
        if name in _HOW or not is_given(name):
            continue
        word = str(options[name])
        if name == "image_file" or (name == "meter" and Path(word).is_file()):
            path, word = word, Path(word).name
            files[word] = read_bytes(path, "a file")
        words += [word] if isinstance(param, click.Argument) else [param.opts[0], word]
    if not (alone or options["household"] or options["start"]):
        words += ["--start", us_to_utc(at_us).isoformat()]
    opening = 2 if alone else 0  # lines: when its card goes in, and that it does
    return lambda typed: link_of(
        Scene(tuple(words), files, "".join(typed.splitlines(keepends=True)[opening:]))
    )
