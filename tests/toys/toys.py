"""Toy members of every table: each is added to a copy of the tree, with nothing else.

What a real one would take besides is then named by the type checker or by a test, or it is complete
at once. A toy is text put before or after a line that has to be there once.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.campaigns import MODEL
from tests.docs.walks import CAMPAIGN
from tests.tidy.repository import ROOT


class Change(NamedTuple):
    """Text put after (`+`) or before (`-`) an anchor of a file; without an anchor, a new file."""

    file: str
    text: str
    after: str = ""
    before: str = ""


class Toy(NamedTuple):
    """One member. `shows` is a command that shows it complete where nobody names a place."""

    table: str
    member: str
    changes: tuple[Change, ...]
    shows: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[str, ...]:
        """The tests that hold its table together."""
        return (*ASKED_ALWAYS, *ASKED[self.table])


# Whom to ask of a table: the tests of its pages and rows; slow ones are not asked.
ASKED_ALWAYS: Final = ("tests/tidy/test_totality.py", "tests/tidy/test_names.py")
ASKED: Final = {
    "clock chip": ("tests/hardware/test_rows.py", "tests/docs/test_meter_model_page.py"),
    "energy": ("tests/firmware/test_domain.py", "tests/docs/test_meter_model_page.py"),
    "zone": ("tests/firmware/test_zone.py", "tests/docs/test_meter_model_page.py", "tests/lisbon"),
    "card family": ("tests/cli/test_families.py", "tests/tidy/test_families.py"),
    "port call": ("tests/docs/test_ports.py", "tests/world/meter/host/test_every_call.py"),
    "reset cause": ("tests/docs/test_ports.py", "tests/world/meter/host/test_every_call.py"),
    "button": ("tests/docs/test_ports.py", "tests/world/meter/host/test_every_call.py"),
    "lamp": ("tests/docs/test_ports.py", "tests/world/meter/host/test_every_call.py"),
    "verdict": ("tests/docs/test_report_page.py", "tests/report/test_page.py"),
    "finding": ("tests/docs/test_report_page.py", "tests/report/test_page.py"),
    "event": ("tests/docs/test_report_page.py",),
    "failure": ("tests/docs/test_report_page.py",),
    "kind of visit": ("tests/world/rehearsal/test_campaign_toml.py",),
    "act of a person": ("tests/docs/test_live_meter.py", "tests/world/meter/test_acts.py"),
    "order that is on or off": ("tests/desk/test_switches.py", "tests/explore/test_acts.py"),
    "word of a sitting": ("tests/docs/test_live_meter.py", "tests/sitting/test_household.py"),
    "command": ("tests/cli/test_app.py", "tests/cli/test_commands.py"),
    "law": ("tests/laws/test_laws.py", "tests/docs/test_verify_page.py"),
    "hazard": ("tests/laws/test_laws.py", "tests/docs/test_verify_page.py"),
    "defect part": ("tests/defects/test_fit.py",),
    "codec": ("tests/docs/test_dates_pages.py", "tests/card_protocol/timestamps/test_ends.py"),
    "token kind": ("tests/card_protocol/test_openpaygo_oracle.py",),
    "kind of card": ("tests/docs/test_reliability_page.py",),
}  # fmt: skip


def put(tree: Path, change: Change) -> None:
    """Make a change; an anchor that is not there once is our mistake."""
    path = tree / change.file
    anchor = change.after or change.before
    assert path.exists() is bool(anchor), f"{change.file}: a new file has no anchor"
    text = path.read_text("utf-8") if anchor else ""
    assert not anchor or text.count(anchor) == 1, f"{change.file}: {anchor!r} is not there once"
    here = anchor + change.text if change.after else change.text + anchor
    path.write_text(text.replace(anchor, here) if anchor else change.text, "utf-8")


def _row(table: str, member: str, file: str, text: str, after: str, *shows: str) -> Toy:
    return Toy(table, member, (Change(file, text, after=after),), shows)


def _renamed(file: str) -> str:
    return (ROOT / file).read_text("utf-8").replace("1307", "1399")


_WATER: Final = """WATER: Final = Energy(
    name="water",
    code=3,
    units="dm³",
    kilo_units="m³",
    rate_unit="dm³/h",
    load_key="load_dm3_per_h",
    priced=Measure("cm³", "m³", "M3", "dm³"),
    mwh_per_unit=1000,
    varies=False,
    first_price_ueur=5500,
    switch="valve",
    limiter=False,
    nights=False,
    countdown=True,
    drawn_one_in=50,
)
"""
_FAMILY: Final = """    CardFamily(
        name="toy card",
        layouts=(),
        dialogue=ClockDialogue,
        explain=lambda _image, _master: None,
        parts=lambda _image, _master: (),
    ),
"""
_VERB: Final = '''"""`meter-emu toy`: a toy."""

import click

from meter_emu.cli.app import CliCommand, examples
from meter_emu.cli.names import json_option
from meter_emu.cli.output import print_json
from meter_emu.cli.printed.toys import ToyJson


@examples("toy", "toy --json -", "toy --json toy.json")
@click.command("toy", cls=CliCommand)
@json_option
def toy(json_file: str | None) -> None:
    """Do nothing."""
    if json_file is not None:
        print_json(ToyJson(toys=1), json_file)
'''
_PRINTED: Final = '''"""What `toy` prints."""

from typing import Annotated

from meter_emu.cli.printed.base import Printed
from meter_emu.resources import means


class ToyJson(Printed, tag="toy/1"):
    """A toy."""

    toys: Annotated[int, means("how many")]
'''
_LAW: Final = '''"""A toy law."""

from meter_emu.laws.judged import law_with_runs, promises
from meter_emu.laws.law import Finding, Trial


@law_with_runs(id="toy", properties=("P1",))
def toy(trial: Trial) -> Finding:
    """A toy is a toy."""
    return promises(trial)
'''
_HAZARD: Final = '''"""A toy hazard."""

from meter_emu.laws.judged import hazard
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.draft import Draft


@hazard(id="toy", says="a toy is a toy", properties=("P1",))
def toy(draft: Draft, _: Chooser) -> None:
    """Draw an armed household."""
    people.live(draft, people.ARMED)
'''
_LISBON: Final = "tests/lisbon/electricity-lisbon.toml"
_MADRID: Final = (
    '    EUROPE_MADRID = "Europe/Madrid", ZoneRule(code=3, standard_min=60, summer_min=120)\n'
)


def _in_madrid(text: str) -> str:
    """Return a file of ours as one of the toy zone."""
    return text.replace("Europe/Lisbon", "Europe/Madrid").replace(
        "Europe/Brussels", "Europe/Madrid"
    )


_KNOCK: Final = '''@final
@dataclass(frozen=True, slots=True)
class Knock(Act):
    """Somebody knocks at the meter, which does nothing."""

    WORDS: ClassVar[Mapping[str, ActWord]] = {"knock": ActWord("", "knock at the meter", {})}
    TRACED: ClassVar[tuple[str, ...]] = ("knocked",)

    @classmethod
    @override
    def typed(cls, word: str, argument: str, board: Board) -> Self:
        return cls()

    @classmethod
    @override
    def recorded(cls, what: str, value: int) -> Self:
        return cls()

    @property
    @override
    def trace(self) -> tuple[str, int | None]:
        return "knocked", None

    @override
    def does(self, bench: Hands) -> None:
        bench.wake()


'''
_FIELD: Final = "    toy: bool | None = None\n"
_SWITCH: Final = """    SwitchOrder(
        name="toy",
        flag="TOY",
        written={True: "toy on", False: "toy off"},
        short={True: "toy on", False: "toy off"},
        means="Play with a toy.",
        fits=lambda _energy: True,
    ),
"""
_VERIFIED: Final = ("verify", "reference", "--examples", "40")
_PARTS: Final = "@dataclass(frozen=True, slots=True)\nclass Parts:"
_PART: Final = '''
class Toy:
    """A part that does nothing."""


'''


def toys() -> Iterator[Toy]:
    """Yield a toy for each table."""
    yield from _kinds()
    yield from _of_the_ports()
    yield from _of_the_judge()
    yield from _of_people()
    yield from _of_programs()


def _kinds() -> Iterator[Toy]:
    yield Toy(
        "clock chip",
        "DS1399, a DS1307 of another name",
        (
            *(
                Change(
                    f"meter_emu/{room}/rtc/ds1399.py", _renamed(f"meter_emu/{room}/rtc/ds1307.py")
                )
                for room in ("hardware", "firmware")
            ),
            Change(
                "meter_emu/world/meter/clock_chips.py",
                '    "ds1399": ClockChip(Ds1399, Ds1399Driver),\n',
                before='    "ds3231": ClockChip(',
            ),
            Change(
                "meter_emu/world/meter/clock_chips.py",
                "from meter_emu.firmware.rtc.ds1399 import Ds1399Driver\n"
                "from meter_emu.hardware.rtc.ds1399 import Ds1399\n",
                before="from meter_emu.firmware.rtc.ds3231 import",
            ),
        ),
        ("verify", "reference", "--examples", "200", "--law", "clock-chip"),
    )
    yield Toy(
        "energy",
        "water",
        (
            Change("meter_emu/energies.py", _WATER, before="ENERGIES: Final ="),
            Change("meter_emu/energies.py", ", WATER", after="(ELECTRICITY, GAS"),
        ),
        ("card", "new", "a.card", "--meter-id", "541", "--energy", "water"),
    )
    yield Toy(
        "zone",
        "Europe/Madrid",
        (
            Change("meter_emu/zones.py", _MADRID, after="standard_min=0, summer_min=60)\n"),
            Change("madrid-model.toml", _in_madrid((ROOT / _LISBON).read_text("utf-8"))),
            Change("madrid.toml", _in_madrid(CAMPAIGN.replace(MODEL, "madrid-model.toml"))),
        ),
        ("rehearse", "madrid.toml"),
    )
    yield _row(
        "card family", "toy card", "meter_emu/families.py", _FAMILY,
        "FAMILIES: Final[tuple[CardFamily, ...]] = (\n", *_VERIFIED,
    )  # fmt: skip


def _of_the_ports() -> Iterator[Toy]:
    yield _row(
        "port call", "toy", "meter_emu/ports.py",
        '    @_row(99, "u8", "u8", "uint8_t (uint8_t which)")\n'
        "    def toy(self, which: int) -> int:\n"
        '        """Play with a toy."""\n'
        "        ...\n\n",
        'watt-hour of electricity or a cubic decimetre of gas.\n    """\n\n',
    )  # fmt: skip
    yield _row(
        "reset cause", "TOY", "meter_emu/ports.py", "    TOY = 0x80\n",
        "    POWER_ON = 0x01\n",
    )  # fmt: skip
    yield _row(
        "button", "GREEN", "meter_emu/ports.py", "    GREEN = 0x04  # ours: a toy\n",
        "emergency credit, reconnection (domain: synonyme-du-mot.com)\n",
    )  # fmt: skip
    yield _row(
        "lamp", "TOY", "meter_emu/ports.py", "    TOY = 0x10\n",
        "the meter does not trust its clock; dated orders wait\n",
    )  # fmt: skip


def _of_the_judge() -> Iterator[Toy]:
    verdicts = "meter_emu/world/judge/verdicts.py"
    yield _row("verdict", "toy", verdicts, '    TOY = "toy"\n', '    NEVER = "never"\n')
    yield _row("finding", "toy", verdicts, '    TOY = "toy"\n', '    WRONG_CLOCK = "wrong_clock"\n')
    yield _row(
        "event", "toy", "meter_emu/world/meter/events.py", '    TOY = "toy"\n',
        '    KEY_HELD = "key held"\n',
    )  # fmt: skip
    yield _row(
        "failure", "toy", "meter_emu/world/meter/failure.py", '    TOY = "toy"\n',
        '    HUNG = "hung"\n',
    )  # fmt: skip
    yield _row(
        "kind of visit", "TOY", "meter_emu/world/households/household.py", '    TOY = "toy"\n',
        '    CLOCK_CARD = marked("clock card")\n',
    )  # fmt: skip


def _of_people() -> Iterator[Toy]:
    acts = "meter_emu/world/meter/acts.py"
    yield Toy(
        "act of a person",
        "knock",
        (
            Change(acts, _KNOCK, before="ACTS: Final[tuple"),
            Change(acts, ", Knock", after="= (Press, Power, Appliances"),
        ),
    )
    orders, flags = "meter_emu/desk/switches.py", "card_protocol/formats/budget/__init__.py"
    field = Change("meter_emu/desk/desk.py", _FIELD, after="    limiter: bool | None = None\n")
    bit = Change(flags, "    TOY = 0x04\n", after="    LIMITER_GRANTED = 0x02\n")
    name = Change(orders, ', "toy"', after='Literal["prepayment", "limiter"')
    row = Change(orders, _SWITCH, before=")\n# The words of a campaign file")
    changes = (field, bit, name, row)
    yield Toy("order that is on or off", "toy", changes, ("list", "acts"))
    yield _row(
        "word of a sitting", "toy", "meter_emu/sitting/commands.py",
        '        "toy": TypedWord("", "play with a toy"),\n',
        '        "show": TypedWord("", "say how the meter stands"),\n',
    )  # fmt: skip
    yield Toy(
        "command",
        "toy",
        (
            Change("meter_emu/cli/toy.py", _VERB),
            Change("meter_emu/cli/printed/toys.py", _PRINTED),
            Change(
                "meter_emu/cli/app.py",
                '    "toy": CommandPlace("meter_emu.cli.toy:toy", "Do nothing."),\n',
                before='    "verify": CommandPlace(',
            ),
        ),
        ("schema", "toy"),
    )


def _of_programs() -> Iterator[Toy]:
    yield Toy("law", "toy", (Change("meter_emu/laws/toy.py", _LAW),))
    yield Toy("hazard", "toy", (Change("meter_emu/laws/hazards/toy.py", _HAZARD),))
    yield Toy(
        "defect part",
        "Toy",
        (
            Change(
                "meter_emu/firmware/parts.py",
                _PART,
                before=_PARTS,
            ),
            Change("meter_emu/firmware/parts.py", "    toy: Toy\n", after="    favours: Favours\n"),
            Change(
                "meter_emu/firmware/parts.py",
                "        toy=fit(Toy)(),\n",
                after="        favours=fit(Favours)(ledger),\n",
            ),
        ),
        _VERIFIED,
    )
    yield Toy(
        "codec",
        "toy",
        (
            Change(
                "card_protocol/timestamp/registry.py",
                '_TOY: Final = replace(COUNTS[0], name="toy")\n',
                before="_ALL: Final[tuple[Codec, ...]] = (",
            ),
            Change("card_protocol/timestamp/registry.py", ", _TOY", after="CP56, COSEM"),
            Change(
                "card_protocol/timestamp/registry.py",
                "from dataclasses import replace\n",
                before="from typing import Final\n",
            ),
        ),
        ("timestamp", "encode", "2020-07-03 23:01", "--codec", "toy"),
    )
    yield _row(
        "token kind", "toy", "card_protocol/tokens/openpaygo/counter.py", '    TOY = "toy"\n',
        '    COUNTER_SYNC = "counter-sync"\n',
    )  # fmt: skip
    yield _row(
        "token kind", "TOY", "card_protocol/tokens/sts/fields.py", "    TOY = 4\n", "    TIME = 3\n"
    )  # fmt: skip
    yield _row(
        "kind of card", "TOY", "card_protocol/card/image.py", '    TOY = b"TC"\n',
        '    MEMORY = b"MC"\n',
    )  # fmt: skip
