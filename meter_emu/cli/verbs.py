"""How every verb explains itself: what it must be given first, three examples, the nearest name.

`Verb` and `Verbs` are click's command and group with these three manners. Its examples are
where the function is, in `@examples(...)`; a test refuses a verb without, and an example that the
verb would not take.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import click

from meter_emu.nearest import hint

PROGRAM: Final = "meter-emu"

VerbT = TypeVar("VerbT", bound=click.Command)


def examples(first: str, second: str, third: str) -> Callable[[VerbT], VerbT]:
    """Return what gives a verb its examples: lines that can be copied, without the program."""

    def given(verb: VerbT) -> VerbT:
        assert isinstance(verb, Verb), f"{verb.name} shows no examples"
        verb.examples = (first, second, third)
        return verb

    return given


class Verb(click.Command):
    """A command whose help begins with what it must be given, and ends with examples."""

    examples: tuple[str, ...] = ()

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, the options that must be given before the others."""
        return sorted(super().get_params(ctx), key=_may_be_left_out)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the examples, each a line that can be copied."""
        super().format_epilog(ctx, formatter)
        if not self.examples:  # a person's own verb, say
            return
        with formatter.section("Examples"):
            for line in self.examples:
                formatter.write(f"{'':{formatter.current_indent}}{PROGRAM} {line}\n")

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; an option that there is not is answered with the nearest that there is."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for param in self.get_params(ctx) for name in param.opts]
            raise click.UsageError(
                f"no option {error.option_name}{hint(error.option_name, known)}", ctx
            ) from None


class Verbs(click.Group):
    """A group of verbs; a word that is none is answered with the nearest that is one."""

    command_class = Verb

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the verb that the first word names."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            raise click.UsageError(
                f"no verb {args[0]!r}{hint(args[0], known)}; there are {', '.join(known)}", ctx
            )
        return super().resolve_command(ctx, args)


def _may_be_left_out(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.required
