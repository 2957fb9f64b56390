"""How the commands explain themselves: examples that work, near names, what a shell offers."""

import re
import shlex
from collections.abc import Collection, Iterator
from importlib import import_module
from pkgutil import iter_modules

import click
import pytest
from click.shell_completion import ShellComplete

from meter_emu import cli as cli_room
from meter_emu.cli.app import CliCommand, CliGroup, cli
from tests.cells import each_cell


def leaves(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, by the words that call it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        words = (*path, name)
        if isinstance(command, click.Group):
            assert isinstance(command, CliGroup), words
            yield from leaves(command, words)
        else:
            yield " ".join(words), command


LEAVES = dict(leaves(cli))
EXAMPLES = {path: getattr(command, "examples", ()) for path, command in LEAVES.items()}


def test_every_verb_has_its_manners_and_three_examples():
    for path, command in LEAVES.items():
        assert isinstance(command, CliCommand), path
        lines = EXAMPLES[path]
        assert len(set(lines)) == 3, path
        assert all(f"{line} ".startswith(f"{path} ") for line in lines), path


def unreached(commands: Collection[click.Command]) -> list[str]:
    """Return the commands that some module of the command line makes and `commands` has not."""
    modules = [import_module(one.name) for one in iter_modules(cli_room.__path__, "meter_emu.cli.")]
    made = {one.callback: one for module in modules for one in vars(module).values()
            if isinstance(one, CliCommand)}  # fmt: skip
    has = {command.callback for command in commands}
    return [str(one.name) for callback, one in made.items() if callback not in has]


def test_the_program_has_every_verb_that_there_is():
    assert unreached(LEAVES.values()) == []
    assert unreached([one for path, one in LEAVES.items() if path != "card put"]) == ["put"]


def test_a_verb_without_examples_has_a_help_all_the_same():
    """It can only be a command of somebody else's: ours are refused without, above."""
    command = CliCommand("own", callback=lambda: None)
    said = command.get_help(click.Context(command, info_name="meter-emu own"))
    assert "Examples" not in said
    assert "--help" in said


def joined(said: str) -> list[str]:
    """Return the lines of a help as a shell reads them: a command may go on in the next."""
    return re.sub(r" \\\n +", " ", said).splitlines()


GROUPS = ("", *sorted({path.rpartition(" ")[0] for path in LEAVES} - {""}))


@each_cell("path", GROUPS)
def test_a_group_without_a_word_shows_its_help_with_three_commands_that_work(emu, path):
    done = emu(*path.split())
    assert (done.code, done.err) == (0, "")
    assert done.out == emu(*path.split(), "--help").out
    assert max(map(len, done.out.splitlines())) <= 80
    shown = joined(done.out.partition("Examples:\n")[2])
    own = {f"  meter-emu {line}" for lines in EXAMPLES.values() for line in lines}
    assert len(shown) == len(set(shown)) == 3
    assert set(shown) <= own, "each is an example of its verb, and tried as such"


@each_cell("path", LEAVES)
def test_the_help_of_a_verb_shows_its_examples_and_first_what_it_must_be_given(path):
    context = click.Context(LEAVES[path], info_name=f"meter-emu {path}", color=False)
    said = LEAVES[path].get_help(context)
    assert max(map(len, said.splitlines())) <= 80
    for line in EXAMPLES[path]:
        assert f"  meter-emu {line}" in joined(said)
    options = said.partition("Options:")[2].partition("Examples:")[0]
    last_required = options.rfind("required]")
    free = [
        options.index(param.opts[0])
        for param in LEAVES[path].params
        if isinstance(param, click.Option) and not param.required
    ]
    assert not free or last_required < min(free)


@each_cell("path", ["firmware", "fuzz", "card", "image", "timestamp", "trace", "show", "desk"])
def test_a_list_of_commands_has_whole_sentences_of_english(path):
    command = cli.get_command(click.Context(cli), path)
    assert command is not None
    listed = command.get_help(click.Context(command, info_name=path)).partition("Commands:")[2]
    assert "..." not in listed
    assert not re.search(r"Json\b", listed), "a class's name is no word"


@each_cell("line", [line for lines in EXAMPLES.values() for line in lines])
def test_an_example_is_taken_as_it_stands(line):
    """Parsed by the command itself; nothing is run."""
    group, args = cli, shlex.split(line)
    context = click.Context(cli, info_name="meter-emu")
    command: click.Command = cli
    while isinstance(command, click.Group):
        found = command.get_command(context, args[0])
        assert found is not None, line
        command, args = found, args[1:]
    assert group is cli
    made = command.make_context(line, args, parent=context)
    assert made.params


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        ("rehears", "did you mean 'rehearse'?"),
        ("desk armm x.card", "did you mean 'arm'?"),
        ("card sho x.card", "did you mean 'show'?"),
        ("rehearse ores-2020-07 --buld reference", "did you mean '--build'?"),
        ("desk cut x.card --cut-att soon", "did you mean '--cut-at'?"),
        ("image new x.image --modle y", "did you mean '--model'?"),
    ],
)
def test_a_slip_is_answered_with_the_nearest_name(emu, args, meant):
    assert meant in emu(*args.split()).complains()


@pytest.mark.parametrize("args", ["zzz", "desk qqqqq x", "rehearse ores-2020-07 --qqqqqqq"])
def test_what_is_near_nothing_is_said_without_a_guess(emu, args):
    assert "did you mean" not in emu(*args.split()).complains()


def offered(*args: str, incomplete: str = "") -> list[str]:
    found = ShellComplete(cli, {}, "meter-emu", "_METER_EMU_COMPLETE").get_completions(
        list(args), incomplete
    )
    return [item.value if item.type == "plain" else f"({item.type})" for item in found]


def test_a_shell_offers_verbs_campaigns_models_defects_and_files():
    assert "rehearse" in offered(incomplete="re")
    assert offered("rehearse", incomplete="ores-2020")[0].startswith("ores-2020-07")
    assert offered("rehearse", incomplete="/some/where") == ["(file)"]
    assert "electricity-pcf8563-utc" in offered("run", incomplete="elec")
    assert "--report" in offered("rehearse", "ores-2020-07", incomplete="--re")
    builds = offered("rehearse", "ores-2020-07", "--build", incomplete="reference+")
    assert "reference+end-exclusive" in builds
    more = offered("rehearse", "x", "--build", incomplete="reference+end-exclusive+")
    assert "reference+end-exclusive+reactivation-clears-one" in more
    assert all(name.count("end-exclusive") == 1 for name in more)  # none twice
    assert offered("card", "show", incomplete="ho") == ["(file)"]
