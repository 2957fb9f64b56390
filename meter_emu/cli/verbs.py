"""How every verb explains itself: what it must be given first, three examples, the nearest name.

`Verb` and `Verbs` are click's command and group with these three manners. A verb without examples
is refused by a test, and so is an example that the verb would not take.
"""

from typing import Final

import click

from meter_emu.cli.examples import EXAMPLES
from meter_emu.nearest import hint

PROGRAM: Final = "meter-emu"


class Verb(click.Command):
    """A command whose help begins with what it must be given, and ends with examples."""

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, the options that must be given before the others."""
        return sorted(super().get_params(ctx), key=_may_be_left_out)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the examples, each a line that can be copied."""
        super().format_epilog(ctx, formatter)
        with formatter.section("Examples"):
            for line in EXAMPLES[path_of(ctx)]:
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


def path_of(ctx: click.Context) -> str:
    """Return the words that name a verb, without the program's."""
    return " ".join(ctx.command_path.split()[1:])


def _may_be_left_out(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.required
