"""`meter-emu list` and `meter-emu show`: all names of a kind, and the thing behind one name."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import click
from click.shell_completion import CompletionItem

from meter_emu.cli.app import CliCommand, CliGroup, examples
from meter_emu.cli.names import CAMPAIGN, FILE, LAYOUT, MODEL, PLAN, WORD, OneOf, Word, json_option
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint

if TYPE_CHECKING:
    from meter_emu.defects import Defect
    from meter_emu.resources import ResourceKind


_BASES: Final = {"utc": "UTC", "legal": "legal time", "standard": "standard time"}


def defects() -> dict[str, str]:
    """Return what each defect does, by its name."""
    from meter_emu.defects import catalogue

    return {one.id: f"{one.mechanism} ({one.effect.value})" for one in catalogue().values()}


def _models() -> dict[str, str]:
    from meter_emu.resources import built_in
    from meter_emu.world.meter.model import load_model

    models = {name: load_model(path) for name, path in built_in("meters").items()}
    return {
        name: f"{model.energy}, clock {model.rtc} in {_BASES[model.rtc_base]}"
        for name, model in models.items()
    }


def campaigns(kind: "ResourceKind" = "campaigns") -> dict[str, str]:
    """Return the title of each campaign, or scope, by its name."""
    from meter_emu.resources import built_in
    from meter_emu.world.rehearsal.campaign import load_campaign

    return {name: load_campaign(path).name for name, path in built_in(kind).items()}


def _acts() -> dict[str, str]:
    """Return which built-in scopes have each act, by its name."""
    from meter_emu.explore.acts import ALL_ACTS, acts_in
    from meter_emu.explore.roots import scope_named
    from meter_emu.resources import built_in

    has = {name: acts_in(scope_named(name, "reference")) for name in built_in("scopes")}
    return {
        act: ", ".join(name for name, acts in has.items() if act in acts) or "in no scope"
        for act in ALL_ACTS
    }


def _plans() -> dict[str, str]:
    from meter_emu.planner.plan_file import load_plan
    from meter_emu.resources import built_in

    return {name: load_plan(path).name for name, path in built_in("plans").items()}


def _builds() -> dict[str, str]:
    from meter_emu.world.meter.build import OUR_BUILDS

    return OUR_BUILDS | {f"reference+{name}": said for name, said in defects().items()}


def _platforms() -> dict[str, str]:
    from meter_emu.driver_bench.starter import PLATFORMS

    return dict(PLATFORMS)


def _laws() -> dict[str, str]:
    from meter_emu.laws import laws
    from meter_emu.world.meter.devices import DEVICES

    found = sorted((law for one in DEVICES for law in laws(one).values()), key=lambda law: law.id)
    return {law.id: f"{law.says}; presumes {law.presumes}" for law in found}


def _layouts() -> dict[str, str]:
    from meter_emu.foreign.layout_file import load_layout
    from meter_emu.resources import built_in

    layouts = {name: load_layout(str(path)) for name, path in built_in("layouts").items()}
    return {name: f"{one.size_bytes} bytes, {one.source}" for name, one in layouts.items()}


def _codecs() -> dict[str, str]:
    from card_protocol.timestamp.registry import CODECS

    return {name: f"{codec.title}, {codec.size_bytes} bytes" for name, codec in CODECS.items()}


LISTED: Final[Mapping[str, Callable[[], dict[str, str]]]] = {
    "defects": defects,
    "laws": _laws,
    "models": _models,
    "campaigns": campaigns,
    "scopes": lambda: campaigns("scopes"),
    "acts": _acts,
    "plans": _plans,
    "builds": _builds,
    "codecs": _codecs,
    "layouts": _layouts,
    "platforms": _platforms,
}


@examples(
    "list defects",
    "list defects --part calendar",
    "list models --json -",
)
@click.command("list", cls=CliCommand)
@click.argument("what", metavar="WHAT", type=OneOf(list(LISTED)))
@click.option("--part", type=WORD, metavar="PART", help="Of defects, those of this part alone.")
@json_option
def list_(what: str, *, part: str | None, json_file: str | None) -> None:
    """List all names of a kind: defects, laws, models, campaigns, scopes, acts, plans, builds, ...

    Codecs, layouts and platforms are the others. The defects are listed by part: the calendar, the
    clock chip, the office. The acts of `explore` are listed with the scopes that have them.
    """
    if part is not None and what != "defects":
        raise click.UsageError(f"{what} have no parts, expected none with --part")
    found = LISTED[what]() if part is None else _defects_in(part)
    if json_file is not None:
        from msgspec import convert

        from meter_emu.cli.printed.listed import ListedJson

        rows = [{"name": name, "says": said} for name, said in found.items()]
        print_json(convert({"schema": "list/1", what: rows}, ListedJson), json_file)
    if json_file != STDOUT:
        if what == "defects" and part is None:
            echo("\n".join(_by_part()))
        else:
            echo("\n".join((f"{len(found)} {what}{f' in {part}' if part else ''}", *_rows(found))))


def _rows(found: Mapping[str, str], names: Iterable[str] | None = None) -> Iterator[str]:
    wide = max(map(len, found))
    return (f"{name:<{wide}}  {found[name]}" for name in (found if names is None else names))


def _defects_in(part: str) -> dict[str, str]:
    """Return the defects of a part; raise `ConfigError` where there is no such part."""
    from meter_emu.defects import DEFECT_PARTS, catalogue

    if part not in DEFECT_PARTS:
        why = f"no such part{hint(part, DEFECT_PARTS)}; expected one of {', '.join(DEFECT_PARTS)}"
        raise ConfigError(part, "--part", why)
    return {name: said for name, said in defects().items() if catalogue()[name].where == part}


def _by_part() -> Iterator[str]:
    """Yield how many defects there are, then those of each part under its title."""
    from meter_emu.defects import DEFECT_PARTS

    parts = {part: _defects_in(part) for part in DEFECT_PARTS}
    yield f"{sum(map(len, parts.values()))} defects in {len(parts)} parts"
    wide = max(map(len, DEFECT_PARTS))
    for part, found in parts.items():
        yield f"  {part:<{wide}}  {len(found):>3}  {DEFECT_PARTS[part]}"
    everything = defects()
    for part, found in parts.items():
        yield f"\n{part}: {DEFECT_PARTS[part]}"
        yield from _rows(everything, found)


class DefectName(Word):
    """The id of a defect of the catalogue."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the id; for an unknown one suggest the nearest."""
        from meter_emu.defects import catalogue

        name = super().convert(value, param, ctx)
        if name not in catalogue():
            near = hint(name, catalogue())
            self.fail(f"no defect {name!r}{near}; `meter-emu list defects` has all", param, ctx)
        return name

    def offered(self, incomplete: str) -> list[CompletionItem]:
        """Return the ids that begin so."""
        from meter_emu.defects import catalogue

        return [CompletionItem(name) for name in catalogue() if name.startswith(incomplete)]


@click.group(cls=CliGroup)
def show() -> None:
    """Show a defect, the file of a campaign, plan, model or layout, or what any file is."""


def _prints(kind: "ResourceKind", what: str, name_type: Word, *names: str) -> None:
    """Add the command that prints a file of a kind; `names` are its examples."""
    word = what.rsplit(maxsplit=1)[-1]

    @examples(*(f"show {word} {name}" for name in names))
    @show.command(word, help=f"Print the file of {what}, to begin one of your own with a copy.")
    @click.argument("name", metavar="NAME", type=name_type)
    def show_it(name: str) -> None:
        _print_file(kind, name)


_prints("campaigns", "a campaign", CAMPAIGN, "ores-2020-07", "winter", "campaign.toml")
_prints("plans", "a plan", PLAN, "summer-2027", "plan.toml", "mine.toml")
_prints(
    "meters", "a meter model", MODEL, "electricity-pcf8563-utc", "gas-pcf8563-battery",
    "my-meter.toml",
)  # fmt: skip
_prints(
    "layouts", "a layout", LAYOUT, "state-grid-order", "state-grid-write-back", "my-layout.toml"
)


@examples(
    "show file home.card",
    "show file home.image",
    "show file dialogue.jsonl",
)
@show.command("file")
@click.argument("name", metavar="FILE", type=FILE)
@click.pass_context
def show_file(ctx: click.Context, name: str) -> None:
    """Say what FILE is, and explain it: a card, a meter, a trace, or a campaign."""
    from meter_emu.cli.held import kind_of, read_bytes

    raw = read_bytes(name, "a file of this program")
    known = kind_of(raw)
    if known is not None:
        echo(f"{name} is {known[0]}:")
        ctx.invoke(_command(ctx, known[1]), file=name)
    elif b"[[household]]" in raw:
        from meter_emu.world.rehearsal.campaign import load_campaign

        one = load_campaign(Path(name))
        count = len(one.households)
        echo(f"{name} is a campaign of {count:,} households: {one.name}")
    else:
        raise ConfigError(name, "", "is no card image, meter image, trace or campaign")


def _command(ctx: click.Context, words: str) -> click.Command:
    """Return the command of these words."""
    command = ctx.find_root().command
    for word in words.split():
        assert isinstance(command, click.Group), "the last word is a command"
        found = command.get_command(ctx, word)
        assert found is not None, f"no command {words}"
        command = found
    return command


def _print_file(kind: "ResourceKind", name: str) -> None:
    from meter_emu.resources import find, read_file

    path = find(kind, name)
    try:
        text = read_file(path).decode()
    except OSError as error:
        raise ConfigError(str(path), "", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(str(path), "", "expected a TOML file in UTF-8") from None
    echo(text, nl=False)


@examples(
    "show defect doy-common-year",
    "show defect end-exclusive --toml",
    "show defect stale-order-accepted",
)
@show.command("defect")
@click.argument("name", metavar="ID", type=DefectName())
@click.option("--toml", "plain", is_flag=True, help="Only the campaign in which it shows.")
def show_defect(name: str, plain: bool) -> None:
    """Show a defect: what it does, where it was seen, and a household in which it shows."""
    from meter_emu.defects import catalogue

    defect = catalogue()[name]
    toml = defect.shown.toml(name, defect.build)
    if plain:
        echo(toml, nl=False)
        return
    echo(_given(defect))
    echo(f"the household: {_became(toml)}")
    echo(f"run it:        meter-emu show defect {name} --toml > shown.toml")
    echo("               meter-emu rehearse shown.toml --events\n")
    echo(toml, nl=False)


def _given(defect: "Defect") -> str:
    routines = ", ".join(sorted(defect.routines))
    return "\n".join(
        (
            f"{defect.id}: {defect.mechanism}",
            f"part:          {defect.where}, {defect.part.__name__}: {routines}",
            f"effect:        {defect.effect.value}",
            f"does not show: {defect.blind}",
            f"seen:          {defect.seen}",
            f"caught by:     the law {defect.law}",
            f"to avoid it:   {defect.avoid}",
        )
    )


def _became(toml: str) -> str:
    """Return the household's verdict, when it is cut, and the first finding."""
    from meter_emu.world.meter.times import us_to_civil
    from meter_emu.world.rehearsal.campaign import load_campaign
    from meter_emu.world.rehearsal.fleet import rehearse_all

    with TemporaryDirectory() as folder:
        path = Path(folder) / "shown.toml"
        path.write_text(toml, "utf-8")
        campaign = load_campaign(path)
    (run,) = rehearse_all(campaign, jobs=1, events=False)
    cut_us = run.outcome.cut_us
    when = "not cut" if cut_us is None else f"cut {us_to_civil(cut_us, campaign.zone)}"
    words = [f"{run.outcome.verdict.value.replace('_', ' ')}, {when}"]
    words += [finding.words for finding in run.outcome.findings[:1]]
    return "; ".join(words)
