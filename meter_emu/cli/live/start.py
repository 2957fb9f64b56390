"""Puts a sitting together from what the command line says, and ends it in order.

`meter-emu run` alone begins on the evening of 3 July 2020. Its meter obeyed the card of spring 2020
in March. The card lies in a folder of its own, a file like any other: a desk can write on it, and
`insert` puts it back.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias, final

import click
import msgspec
from rich.console import Console

from card_protocol.card.virtual import AnyImage
from card_protocol.timestamp import Civil
from card_protocol.trace import no_clock
from meter_emu.cli.exits import EXIT_BAD_INPUT, EXIT_OK, EXIT_SIGNAL
from meter_emu.cli.held import (
    CARD_IMAGE,
    HeldFile,
    check_free,
    image_in,
    leave_image,
    read_bytes,
)
from meter_emu.cli.image import cents_option
from meter_emu.cli.live.lines import Lines, Printer
from meter_emu.cli.live.link import LinkOf, is_given, linking
from meter_emu.cli.live.origin import LiveOrigin, digest_of, model_of, rig_at_start, shown_us
from meter_emu.cli.live.reader import ReaderCards
from meter_emu.cli.live.screen import Log, Screen
from meter_emu.cli.live.shell import listening
from meter_emu.cli.live.twin import Twin
from meter_emu.cli.names import machine_now, speak
from meter_emu.cli.output import STDOUT, atomic_writer, json_escaped, write_atomically
from meter_emu.cli.printed.events import event_line_json
from meter_emu.cli.replayed import chosen_campaign
from meter_emu.cli.tracing import recording
from meter_emu.cli.trusting import check_builds
from meter_emu.desk.desk import Work
from meter_emu.errors import MeterEmuError
from meter_emu.languages.speech import marked, said
from meter_emu.sitting.cards import Cards, FileCards, HouseholdCards
from meter_emu.sitting.commands import rate_of, typed_instant_us
from meter_emu.sitting.premises import OwnMeter, Premises
from meter_emu.sitting.sitting import Sitting
from meter_emu.sitting.view import event_line
from meter_emu.units import EPOCH_2000_US, MINUTE_US
from meter_emu.world.meter.acts import ActListener, MeterTrace
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.build import Build, parse_build
from meter_emu.world.meter.clock_chips import clock_of
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.meter.times import to_us
from meter_emu.world.rehearsal.by_hand import LivedByHand
from meter_emu.world.rehearsal.rig import Rig
from meter_emu.zones import BELGIAN, TimeZone

_OF_NEW_METERS: Final = ("balance_eur", "meter_id", "key_file")
_LOADS: Final = ("load_w", "load_dm3_per_h")
_NO_HOUSEHOLDS: Final = (
    *_OF_NEW_METERS, *_LOADS, "image_file", "start", "trace_to", "reader",
)  # fmt: skip


def origin_of(options: dict[str, Any], model: MeterModel, build: Build) -> LiveOrigin:
    """Return how the meter begins: a new one, or the one of an image."""
    image = options["image_file"] or ""
    wall_us = time.time_ns() // 1_000
    start = options["start"]
    start_us = None if start is None else typed_instant_us(start, wall_us, model.zone)
    begins = LiveOrigin(
        meter=options["meter"] or "",
        build=build.name,
        start_us=0,
        load=_load(options, model),
        seed=options["seed"],
        clock=model.rtc_base,
    )
    if image:
        refuse_given("{} is for a new meter; the image has its own", _OF_NEW_METERS)
        return msgspec.structs.replace(
            begins,
            image=image,
            sha256=digest_of(image),
            start_us=shown_us(image, model, build) if start_us is None else start_us,
        )
    return msgspec.structs.replace(
        begins,
        start_us=to_us(machine_now("--start")) if start_us is None else start_us,
        meter_id=options["meter_id"],
        balance_cents=cents_option(options["balance_eur"]),
        key_file=options["key_file"] or "",
    )


def _load(options: dict[str, Any], model: MeterModel) -> int:
    """Return what the household draws, the same at every hour of the day."""
    wanted = model.measures.load_key
    for name in _LOADS:
        if name != wanted and options[name] is not None:
            want, got = (f"--{key.replace('_', '-')}" for key in (wanted, name))
            raise click.UsageError(f"{model.name} is a meter of {model.energy}: {want}, not {got}")
    return options[wanted] or 0


def refuse_given(why: str, names: Iterable[str]) -> None:
    """Refuse those options of `names` that were given; `why` has a place for the option."""
    for name in names:
        if is_given(name):
            params = click.get_current_context().command.params
            (option,) = (one for one in params if one.name == name)
            raise click.UsageError(why.format(option.opts[0]))


CARD_NAME: Final = "home.card"
# Friday 3 July 2020, 23:01 was announced (La Libre, 3 July 2020): a quarter of an hour before.
METER: Final = "electricity-pcf8563-utc"
_ALONE: Final = {
    "start": "2020-07-03 22:45",
    "balance_eur": "20",
    "load_w": 400,
}
ANNOUNCED: Final = Civil(2020, 7, 3, 23, 1)
_ARMED_AT: Final = "2020-07-03 22:40"  # ours: no later than the meter's clock, or it would move it


# What to do in each shell; no line is wrapped in 60 columns.
_KEYS: Final = (
    "x pulls it out; o, Enter: the office reactivates;",
    "i, Enter puts it in. n goes on, u undoes, h: all words.",
)
_BUTTONS: Final = (
    marked("Pull out takes it out; Reactivate: the office reactivates;"),
    marked("Put in puts it in. Next event goes on, Undo undoes."),
)
_TYPED: Final = (
    "remove pulls it out; office reactivate: the office does;",
    "insert puts it in. next, back; help: all words.",
)


def words(file: str, hints: Iterable[str]) -> tuple[str, ...]:
    """Return what a person needs to know of this evening."""
    return (
        said("It is 22:45, and this meter is to cut at {when}.", when=str(ANNOUNCED)),
        said("Its card is {file}", file=file),
        *map(said, hints),
    )


def _card(rig: Rig) -> str:
    """Write a card with the two orders of spring 2020 into a folder of its own, return its name.

    The folder goes with the command.
    """
    armed_us = typed_instant_us(_ARMED_AT, EPOCH_2000_US, BELGIAN)
    issued_at_min = (armed_us - EPOCH_2000_US) // MINUTE_US
    card = rig.first_card(issued_at_min=issued_at_min)
    rig.serve(card, Work(defer_until=ANNOUNCED, cut_at=ANNOUNCED), issued_at_min)
    folder = tempfile.mkdtemp(prefix="meter-emu-")
    click.get_current_context().call_on_close(partial(shutil.rmtree, folder, ignore_errors=True))
    path = Path(folder) / CARD_NAME
    write_atomically(path, card.image.to_bytes(), private=True)
    return str(path)


def sit(options: dict[str, Any]) -> int:
    """Run the interactive meter of these options until the user quits; return the exit status.

    Raise what is wrong with the options, and `BrokenPipeError` when its reader has gone.
    """
    if options["twin"] is not None and (options["household"] is None or not options["web"]):
        raise click.UsageError("--twin is for a household of a campaign, with --web")
    if options["language"] is not None and not options["web"]:
        raise click.UsageError("--language is for the front panel, with --web")
    if options["household"] is not None:
        return _sit(options, None)
    if options["meter"] is None and options["image_file"] is None:
        refuse_given("expected MODEL with {}: alone, it is a meter that there is", _ALONE)
        return _sit(options | _ALONE | {"meter": METER}, None, alone=True)
    if options["image_file"] is None:
        return _sit(options, None)
    with HeldFile(options["image_file"], "a meter image") as held:
        return _sit(options, held)


@final
class CardFiles:
    """The files of a sitting: each held, and written whole."""

    def hold(self, path: str) -> HeldFile:
        """See `Files`."""
        return HeldFile(path, CARD_IMAGE)

    def card_in(self, path: str, raw: bytes) -> AnyImage:
        """See `Files`."""
        return image_in(path, raw)

    def leave(self, path: str, data: bytes, *, replace: bool) -> None:
        """See `Files`."""
        check_free(path, force=replace)
        leave_image(path, data, replace=replace)


def _script(path: str | None) -> list[str]:
    """Return the lines of a script; raise `ImageError` when it cannot be read."""
    if path is None:
        return []
    return read_bytes(path, "a script").decode("utf-8", "replace").splitlines()


def _no_way_back(options: dict[str, Any]) -> str:
    """Return why a sitting of these options cannot go back in time, empty if it can."""
    for name, why in (
        ("trace_to", "what is recorded cannot be taken back: leave out --trace"),
        ("json_to", "what is written cannot be taken back: leave out --json"),
        ("reader", "a real card does not go back"),
    ):
        if options[name] is not None:
            return why
    return ""


class Seat(NamedTuple):
    """Which interactive meter it is: its premises, its cards, and what the heading says."""

    premises: Premises
    cards: Cards
    title: str
    zone: TimeZone
    lived: LivedByHand | None = None


def _household(options: dict[str, Any], build: str | None = None) -> Seat:
    """Return the seat of a household of a campaign, of this build or of that of the options."""
    refuse_given("{} is for a meter, and a household has its own", _NO_HOUSEHOLDS)
    if options["meter"] is None:
        raise click.UsageError("expected a campaign with --household: which file is it of?")
    if build is None and is_given("build"):
        build = options["build"]
    seed = options["seed"] if is_given("seed") else None
    campaign = chosen_campaign(
        options["meter"], seed=seed, build=build, model=None, household=options["household"]
    )
    check_builds(options["meter"], campaign.builds, typed=build, trusted=options["trust_builds"])
    household = campaign.households[0]
    lived = LivedByHand(household, campaign)
    title = f"{campaign.name}  {household.id}  {household.build}"
    return Seat(lived, HouseholdCards(lived), title, campaign.zone, lived)


def _meter(options: dict[str, Any], say: Callable[[str], None], stack: ExitStack) -> Seat:
    """Return the seat of a meter of its own, new or of an image."""
    model = model_of(options["meter"] or "", options["image_file"] or "")
    build = parse_build(options["build"])
    origin = origin_of(options, model, build)
    rig = rig_at_start(origin, model, build.name)
    witness = stack.enter_context(_witness(options["trace_to"], origin, rig.board))
    title = f"{model.name}  {build.name}"
    return Seat(OwnMeter(rig, witness), _cards(options, rig, say), title, model.zone)


def _sit(options: dict[str, Any], held: HeldFile | None, *, alone: bool = False) -> int:
    out = _out(options)
    with ExitStack() as stack:
        if options["household"] is not None:
            seat = _household(options)
        else:
            seat = _meter(options, out.say, stack)
        if options["web"]:
            campaign = None if seat.lived is None else seat.lived.campaign
            speak(options["language"] or (campaign and campaign.language))
        sitting = Sitting(
            seat.premises,
            seat.cards,
            CardFiles(),
            rate=rate_of(options["rate"], 1),
            held=held,
            say=out.say,
            take=_teller(out, options["json_to"], seat.zone, stack),
            wall_ns=time.monotonic_ns,
            script=_script(options["script"]),
            no_way_back=_no_way_back(options),
        )
        link = linking(options, sitting.meter.board.now_us, alone=alone)
        shell = stack.enter_context(_shell(options, sitting, out, seat, link))
        try:
            sitting.begin()
            if alone:
                card_file = _card(seat.premises.rig)
                sitting.type_in(f"insert {card_file}")
                hints = (
                    _TYPED if isinstance(out, Printer) else _BUTTONS if options["web"] else _KEYS
                )
                for line in words(card_file, hints):
                    out.say(line)
            shell.run()
        except MeterEmuError:  # what is saved now is as a power cut at this moment leaves it
            with suppress(MeterEmuError):
                sitting.close()
            raise
        sitting.close()
    if shell.gone:
        raise BrokenPipeError
    if shell.caught is not None:
        return EXIT_SIGNAL + shell.caught
    return EXIT_BAD_INPUT if sitting.mistakes and not isinstance(out, Log) else EXIT_OK


Serving: TypeAlias = Callable[
    [Sitting, Log, str, LivedByHand | None, Twin | None, int, LinkOf], AbstractContextManager[Lines]
]
_brought: Final[list[Serving]] = []


def serve_by(serving: Serving) -> None:
    """Have this bring the front panel to its page instead of the web server."""
    _brought[:] = [serving]


def _serving() -> Serving:
    if _brought:
        return _brought[0]
    try:
        from meter_emu.cli.live.web import serving
    except ModuleNotFoundError as error:
        why = f"the front panel wants {error.name}: pip install 'meter-emu[web]'"
        raise click.UsageError(why) from None
    return serving


def _twin(options: dict[str, Any]) -> Twin | None:
    """Return the meter that lives the same life with another program, `None` for no such option."""
    build = options["twin"]
    if build is None:
        return None

    def begin() -> Sitting:
        seat = _household(options, build)
        if options["web"]:
            campaign = None if seat.lived is None else seat.lived.campaign
            speak(options["language"] or (campaign and campaign.language))
        sitting = Sitting(
            seat.premises, seat.cards, CardFiles(), rate=rate_of("max", 1), held=None,
            say=_to_nobody, take=_to_nobody, wall_ns=time.monotonic_ns,
        )  # fmt: skip
        sitting.begin()
        return sitting

    return Twin(build, begin)


def _to_nobody(_said: object) -> None:
    """Say nothing: the first meter has said it."""


@contextmanager
def _shell(
    options: dict[str, Any], sitting: Sitting, out: Log | Printer, seat: Seat, link: LinkOf
) -> Iterator[Lines | Screen]:
    """Give the shell that these options ask for."""
    if options["web"]:
        assert isinstance(out, Log), "a page shows the log"
        twin = _twin(options)
        serving = _serving()
        with serving(sitting, out, seat.title, seat.lived, twin, options["port"], link) as shell:
            yield shell
        return
    with listening(_standard_input()) as source:
        if isinstance(out, Log):
            yield Screen(sitting, source, out, seat.title)
        else:
            yield Lines(sitting, source, out)


@contextmanager
def _witness(
    trace_to: str | None, origin: LiveOrigin, board: Board
) -> Iterator[ActListener | None]:
    """Give who records the sitting in a file, if there is one for it."""
    with recording(trace_to, msgspec.to_builtins(origin)) as recorder:
        if recorder is None:
            yield None
            return
        yield MeterTrace(recorder, board, clock_of(board))
        recorder.ended(clock=no_clock, us=board.now_us)


def _standard_input() -> int:
    if sys.stdin is None:
        raise click.UsageError("standard input is closed: no command could reach the meter")
    return sys.stdin.fileno()


def _out(options: dict[str, Any]) -> Log | Printer:
    """Return what takes the words: a screen where somebody can see it and press keys."""
    data_only = options["json_to"] == STDOUT
    if options["web"]:
        if data_only:
            raise click.UsageError("--json - leaves no room for --web: give it a file")
        return Log()
    terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if options["lines"] or data_only or not terminal or Console().is_dumb_terminal:
        return Printer(data_only=data_only)
    return Log()


def _cards(options: dict[str, Any], rig: Rig, say: Callable[[str], None]) -> Cards:
    """Return where cards come from."""
    if options["reader"] is None:
        return FileCards(CardFiles(), rig.challenge)
    if not options["sure"]:
        why = "a meter writes on the cards of --reader: say so with --yes-write-hardware"
        raise click.UsageError(why)
    return ReaderCards(options["reader"], say=say, wall_ns=time.monotonic_ns)


def _teller(
    out: Log | Printer, json_to: str | None, zone: TimeZone, stack: ExitStack
) -> Callable[[Event], None]:
    """Return what reports an event: as words, as JSON, or as both."""

    def as_json(event: Event) -> bytes:
        return json_escaped(msgspec.json.encode(event_line_json(event, zone))) + b"\n"

    if json_to == STDOUT:
        assert isinstance(out, Printer), "data on standard output leaves no room for a screen"
        return lambda event: out.put(as_json(event))
    if json_to is None:
        return lambda event: out.say(event_line(event, zone))
    write = stack.enter_context(atomic_writer(json_to))

    def report(event: Event) -> None:
        write(as_json(event))
        out.say(event_line(event, zone))

    return report
