"""The command `meter-emu`: finds the subcommand, runs it, and turns its errors into one line.

A subcommand is imported when it is called: `--help` must answer at once, and cards and fleets
import cryptography, construct and more. So `PROGRAM_COMMANDS` has each one's line of `--help`, in
the order in which a newcomer needs them; a test finds a command without a row.

Exit status: 0 all as expected, 1 a promise broken or a defect found, 2 bad input or nothing
checked, 3 done, but nobody saw the answer, 130 interrupted.
A command returns its status as an integer. Under the line on a file that is no TOML stand its line
and carets.

`CliCommand` and `CliGroup` add three things to click's: required options come first, three examples
follow, and a typo gets the nearest name as a suggestion. The examples are at the function, in
`@examples(...)`; a test refuses a command without them, and an example that the command refuses.
"""

import gc
import io
import os
import re
import signal
import sys
from _thread import start_new_thread
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from io import TextIOWrapper
from itertools import chain, islice
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, TypeVar

import click

from card_protocol import __version__
from card_protocol.errors import CardProtocolError
from meter_emu.cli.exits import (
    EXIT_BAD_INPUT,
    EXIT_FOUND,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_PIPE_CLOSED,
    EXIT_SIGNAL,
    EXIT_UNSEEN,
    status_of_signal,
)
from meter_emu.cli.output import (
    WIDTH_MIN,
    done_now,
    echo,
    escaped,
    forget_done,
    stdout_refused,
)
from meter_emu.errors import ConfigError, MeterEmuError, ProgramError
from meter_emu.nearest import hint

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from meter_emu.toml_typos import TomlTypo

PROGRAM: Final = "meter-emu"
_AGAIN_S: Final = 0.05  # ours: a finaliser is over by then, and nobody waits for it
_HANGS_UP: Final = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()  # Unix
EXAMPLES_SHOWN: Final = 3  # ours: of a command, and of a group
_WORD: Final = re.compile(r"(?:'[^']*'|\S)+")  # of a command line: a blank in quotes ends none
_SENTENCE: Final = 500  # ours: characters, more than any first sentence of a command has
_SHOWN_BEFORE: Final = 40  # ours: characters of a line before what is wrong in it

AnyCommandT = TypeVar("AnyCommandT", bound=click.Command)


def examples(first: str, second: str, third: str) -> Callable[[AnyCommandT], AnyCommandT]:
    """Return a decorator that gives a command its examples: lines to copy, without the program."""

    def given(command: AnyCommandT) -> AnyCommandT:
        assert isinstance(command, CliCommand), f"{command.name} shows no examples"
        command.examples = (first, second, third)
        return command

    return given


class CliCommand(click.Command):
    """A command whose help begins with its required options, and ends with examples.

    One that declares a `place` is carried out there, by `module:function`, which is imported when
    all that was typed is in order.
    """

    examples: tuple[str, ...] = ()

    def __init__(
        self,
        *declared: Any,  # noqa: ANN401  click has many, and hands them on
        place: str | None = None,
        **options: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*declared, **options)
        self.place: Final = place

    def invoke(self, ctx: click.Context) -> object:
        """Carry it out. What was imported by then stays, and no garbage is looked for in it."""
        if self.place is not None:
            self.callback = _at(self.place)
        if not gc.isenabled():  # as `main` has it
            gc.freeze()
            gc.enable()
        return super().invoke(ctx)

    def get_short_help_str(self, limit: int = 45) -> str:  # noqa: ARG002
        """Return the first sentence whole: a list of commands wraps it, and cuts none short."""
        return super().get_short_help_str(limit=_SENTENCE)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the parameters, the options that must be given before the others."""
        return sorted(super().get_params(ctx), key=_may_be_left_out)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the examples, each a command that can be copied."""
        super().format_epilog(ctx, formatter)
        if self.examples:  # somebody's own command may have none
            _write_examples(self.examples, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; for an unknown option suggest the nearest one."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            known = [name for param in self.get_params(ctx) for name in param.opts]
            raise click.UsageError(
                f"no option {error.option_name}{hint(error.option_name, known)}", ctx
            ) from None


class CliGroup(click.Group):
    """A group of commands: without one it shows its help; for an unknown one it suggests another.

    Its examples are the first ones of its first commands; of two commands also the second one.
    """

    command_class = CliCommand

    @property
    def examples(self) -> tuple[str, ...]:
        """The first example of each of the first commands, then their second ones."""
        ours = [one for one in self.commands.values() if isinstance(one, CliCommand | CliGroup)]
        by_turn = chain.from_iterable(zip(*(one.examples for one in ours), strict=True))
        return tuple(islice(by_turn, EXAMPLES_SHOWN))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the examples, each a command that can be copied."""
        super().format_epilog(ctx, formatter)
        _write_examples(self.examples, formatter)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; without a word show the help, and end well."""
        if not args and not ctx.resilient_parsing:
            echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first word names."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            known = self.list_commands(ctx)
            raise click.UsageError(
                f"no command {args[0]!r}{hint(args[0], known)}; there are {', '.join(known)}", ctx
            )
        return super().resolve_command(ctx, args)


def _write_examples(lines: Iterable[str], formatter: click.HelpFormatter) -> None:
    """Write commands to copy; one that is wider than the help goes on in the next line."""
    with formatter.section("Examples"):
        begin = " " * formatter.current_indent
        for line in lines:
            words = _WORD.findall(f"{PROGRAM} {line}")
            shown = [begin + words[0]]
            for word in words[1:]:
                if len(f"{shown[-1]} {word} \\") > formatter.width:
                    shown[-1] += " \\"
                    shown.append(f"{begin}{begin}{word}")
                else:
                    shown[-1] += f" {word}"
            formatter.write("\n".join(shown) + "\n")


def _at(place: str) -> Callable[..., Any]:
    module, _, name = place.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function


def _may_be_left_out(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.required


class CommandPlace(NamedTuple):
    """A command's function, as `module:function`, and its line in the list of commands."""

    place: str
    help: str


PROGRAM_COMMANDS: Final[Mapping[str, CommandPlace]] = {
    "rehearse": CommandPlace("meter_emu.cli.rehearse:rehearse", "Run a campaign: who is cut when."),
    "plan": CommandPlace("meter_emu.cli.plan:plan", "From a sheet of meters to a plan's answer."),
    "verify": CommandPlace("meter_emu.cli.verify:verify_build", "Run the laws against a program."),
    "explore": CommandPlace(
        "meter_emu.cli.explore:explore_build", "Try every sequence of acts, and count them."
    ),
    "distinguish": CommandPlace(
        "meter_emu.cli.distinguish:distinguish_builds", "Find a household in which builds differ."
    ),
    "diagnose": CommandPlace(
        "meter_emu.cli.diagnose:diagnose", "Say which mistakes are consistent with an incident."
    ),
    "firmware": CommandPlace("meter_emu.cli.firmware:firmware", "Start a meter's program in C."),
    "fuzz": CommandPlace("meter_emu.cli.fuzz:fuzz", "Feed a target inputs, and keep what fails."),
    "run": CommandPlace("meter_emu.cli.run:run", "Operate one live meter interactively."),
    "card": CommandPlace(
        "meter_emu.cli.card:card", "Make, explain, compare and serve card images."
    ),
    "image": CommandPlace("meter_emu.cli.image:image", "Make, explain and compare meter images."),
    "timestamp": CommandPlace(
        "meter_emu.cli.timestamp:timestamp", "Say what bytes mean as a date, and the reverse."
    ),
    "trace": CommandPlace(
        "meter_emu.cli.trace:trace", "Show, replay and export recorded dialogues."
    ),
    "schema": CommandPlace(
        "meter_emu.cli.schema:schema", "The JSON Schema of a file or of what --json prints."
    ),
    "list": CommandPlace("meter_emu.cli.listing:list_", "List defects, laws, models, campaigns."),
    "show": CommandPlace(
        "meter_emu.cli.listing:show", "Show a defect, or a campaign's or model's file."
    ),
    "sts": CommandPlace("meter_emu.cli.sts:sts", "Decode and encode STS tokens, derive keys."),
    "openpaygo": CommandPlace(
        "meter_emu.cli.openpaygo:openpaygo", "Decode and encode OpenPAYGO tokens."
    ),
    "desk": CommandPlace("meter_emu.cli.desk:desk", "Write on a card what the office writes."),
}


class PipeClosedError(Exception):
    """The reader of our output has gone; not a mistake of ours, and not one to talk about."""


class ProgramCommands(CliGroup):
    """The commands of `PROGRAM_COMMANDS`, each imported when it is called."""

    examples = (
        "rehearse ores-2020-07",
        "rehearse ores-2020-07 --household never-back --build reference+end-exclusive --events",
        "verify reference+end-exclusive",
    )

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names in the order of the table."""
        return list(PROGRAM_COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002
        cmd_name: str,
    ) -> click.Command | None:
        """Import the command and return it."""
        row = PROGRAM_COMMANDS.get(cmd_name)
        if row is None:
            return None
        command = _at(row.place)
        assert isinstance(command, click.Command), f"{row.place} is no command"
        return command

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002
        formatter: click.HelpFormatter,
    ) -> None:
        """List the commands from the table, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.help) for name, row in PROGRAM_COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a closed pipe becomes an error of our own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # click would end with 1, which here means a broken promise
            raise PipeClosedError from None
        except SystemExit as end:  # and so does rich, from inside the handler of that error
            if isinstance(end.__context__, BrokenPipeError):
                raise PipeClosedError from None
            raise


@click.group(
    cls=ProgramCommands,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="meter-emu")
def cli() -> None:
    """Rehearse what goes from an office over a chip card into a prepayment meter.

    Begin with the first of the examples: it runs July 2020, and says who was cut when.
    """


def began_s() -> float:
    """Return when this command was started, by `monotonic`: before it was imported."""
    at: float = click.get_current_context().find_root().obj
    return at


def main() -> None:
    """Run the command line and exit with its status."""
    gc.disable()  # until a command is carried out: what is imported before is no garbage
    _be_heard()
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # where a person's own MODULE:FACTORY lies, after all else
    for number in (signal.SIGTERM, *_HANGS_UP):
        if signal.getsignal(number) is signal.SIG_DFL:  # what nohup started ignores SIGHUP
            signal.signal(number, _end)
    sys.unraisablehook = _dropped
    sys.exit(run())


def run() -> int:
    """Run the command line in `sys.argv` and return its exit status."""
    if sys.flags.optimize:
        return _complain("python -O removes the checks this program relies on; run it without")
    forget_done()
    try:
        status = cli.main(prog_name="meter-emu", standalone_mode=False, obj=monotonic())
        sys.stdout.flush()
    except click.Abort:
        return EXIT_INTERRUPTED
    except (PipeClosedError, BrokenPipeError):
        return _unseen(None)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "meter-emu"
        return _complain(f"{error.format_message()} (see {where} --help)")
    except click.ClickException as error:
        return _complain(error.format_message())
    except (CardProtocolError, MeterEmuError) as error:
        status = _complain(str(error))
        if isinstance(error, ConfigError) and error.typo is not None:
            _point_at(error.typo)
        try:
            sys.stdout.flush()
        except OSError:  # which is what was said: the interpreter must not find it again
            _forget_stdout()
        return EXIT_FOUND if isinstance(error, ProgramError) else status
    except OSError as error:
        if error.filename is not None:  # a file of ours: `output` and `resources` name those
            raise
        return _unseen(error)
    except RuntimeError as error:
        return status_of_signal(error)
    return status if isinstance(status, int) else EXIT_OK


def _unseen(error: OSError | None) -> int:
    """Return the status of an answer that nobody saw; say what was done all the same, if anything.

    A reader that has gone, which is no `error`, is nothing to talk about.
    """
    _forget_stdout()
    if deeds := done_now():
        _complain(f"{stdout_refused(error)}; done all the same: {'; '.join(deeds)}")
        return EXIT_UNSEEN
    return EXIT_PIPE_CLOSED if error is None else _complain(str(stdout_refused(error)))


def _complain(message: str) -> int:
    """Say what is wrong in one line, whatever the message holds."""
    echo(f"meter-emu: {' '.join(message.split())}", err=True)
    return EXIT_BAD_INPUT


def _point_at(typo: "TomlTypo") -> None:
    """Show the line of a file with carets under what is wrong in it, in a window."""
    begin = max(0, typo.start - _SHOWN_BEFORE)
    end = max(typo.end, begin + WIDTH_MIN)
    shown = [
        "".join(escaped(char) for char in typo.shown_line[one].replace("\t", " "))
        for one in (slice(begin, typo.start), slice(typo.start, typo.end), slice(typo.end, end))
    ]
    echo(
        f"  {''.join(shown).rstrip()}\n  {' ' * len(shown[0])}{'^' * max(1, len(shown[1]))}",
        err=True,
    )


class _LastWords(io.FileIO):
    """Standard error: what it does not take is lost, and the exit status says the rest."""

    before: object = None  # the stream that it takes the place of, whose end would close the handle

    def write(self, piece: "ReadableBuffer") -> int:
        """Write what it takes."""
        try:
            return super().write(piece) or 0
        except OSError:
            return memoryview(piece).nbytes


def _be_heard() -> None:
    """Give the three streams something to be, and a way to say any character.

    What is closed stays so: its number goes to what refuses its use, so that the next file that is
    opened does not get it, and an answer that nobody sees is no success. A locale without the
    character, or a name that is no text, must not cost the answer.
    """
    for number, how in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:  # the lowest number that is free is what a file gets
            os.open(os.devnull, how)
    if sys.stdout is None:
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115  open to the end
    last = _LastWords(2, "w", closefd=False)  # a terminal too: it can go away
    last.before = sys.stderr
    raw = io.BufferedWriter(last)
    sys.stderr = TextIOWrapper(raw, errors="backslashreplace", line_buffering=True)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")


def _end(number: int, _frame: object) -> NoReturn:
    """End on a signal as on a mistake: what was begun and is not whole goes."""
    sys.exit(EXIT_SIGNAL + number)


def _dropped(found: "sys.UnraisableHookArgs") -> None:
    """Give a signal again that came in a finaliser: Python drops what its handler raised there."""
    error = found.exc_value
    if isinstance(error, KeyboardInterrupt):
        number = int(signal.SIGINT)
    elif isinstance(error, SystemExit) and isinstance(error.code, int):
        number = error.code - EXIT_SIGNAL
    else:
        sys.__unraisablehook__(found)
        return
    start_new_thread(_again, (number,))  # a `Thread` would wait here until it runs


def _again(number: int) -> None:
    sleep(_AGAIN_S)
    os.kill(os.getpid(), number)


def _forget_stdout() -> None:
    """Let the interpreter flush what is left into nothing, not into a traceback."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
