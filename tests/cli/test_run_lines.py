"""The live meter without a terminal: the same lines in, the same lines and images out."""

import json
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from card_protocol.card.image import CardImage
from card_protocol.card.virtual import card_of, parse_image
from card_protocol.timestamp import Civil
from meter_emu.cli import app
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import DEFAULT, ENERGIES, Energy
from meter_emu.sitting.commands import WORDS
from tests.bounds import HANG_S
from tests.cli.outcome import Outcome
from tests.cli.sitting import JUNE, MODEL, Sitting

METER = 541_000_000_001
MAX = ("--rate", "max")
JULY = ("--start", "2020-07-03 22:00")
GAS = ("gas-pcf8563-battery", "--start", "2020-06-29 12:00", "--load-dm3-per-h", "1000")
ISSUED_MIN = 10_741_440  # 3 June 2020, 08:00 UTC
THIRD = Civil(2020, 7, 3, 23, 1)


Emu = Callable[..., Outcome]


@pytest.fixture
def emu(monkeypatch, capsys, tmp_path) -> Emu:
    """Run the command line in this process, in an empty folder, lines typed at it."""
    monkeypatch.chdir(tmp_path)

    def go(*args: str | Path, lines: str = "", status: int = 0) -> Outcome:
        (tmp_path / "lines").write_text(lines)
        monkeypatch.setattr(sys, "argv", ["meter-emu", *map(str, args)])
        capsys.readouterr()
        with (tmp_path / "lines").open() as typed, monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", typed)
            code = app.run()
        out, err = capsys.readouterr()
        assert code == status, out + err
        return Outcome(code, out, err)

    return go


def desk_writes(path: Path, work: Work, energy: Energy = DEFAULT) -> Path:
    """Have the office write on the card of a file, which it issues if it is not there."""
    desk = Desk(TEST_MASTER_KEY, challenge=Random(1).randbytes)
    if path.exists():
        image = parse_image(path.read_bytes())
    else:
        image = desk.issue(METER, energy=energy, issued_at_min=ISSUED_MIN)
    card = card_of(image, Random(2).randbytes)
    card.power_on()
    desk.serve(card.transmit, work, issued_at_min=ISSUED_MIN)
    card.power_off()
    path.write_bytes(card.image.to_bytes())
    return path


@pytest.fixture
def card(tmp_path):
    """A card that orders a cut on Friday 3 July 2020 at 23:01 and carries 20 euro."""
    work = Work(defer_until=THIRD, cut_at=THIRD, load_cents=2_000)
    return desk_writes(tmp_path / "a.card", work)


@pytest.fixture
def gas_card(tmp_path):
    """A card with 20 euro for a home without gas."""
    return desk_writes(tmp_path / "g.card", Work(load_cents=2_000), ENERGIES["gas"])


@pytest.fixture
def image(emu, tmp_path):
    at = ("--at", "2020-06-29 07:00", "--balance-eur", "5")
    emu("image", "new", "m.image", "--model", MODEL, "--meter-id", str(METER), *at)
    return tmp_path / "m.image"


def facts(said: str) -> list[dict[str, str]]:
    """Return what each `show` said, by name; of several `next` the first."""
    shown: list[dict[str, str]] = []
    for line in said.splitlines():
        name, words = line[:9].rstrip(), line[10:]
        if name == "display":
            shown.append({})
        if shown and name in {
            "display",
            "lamps",
            "supply",
            "true time",
            "clock",
            "balance",
            "card",
        }:
            shown[-1][name] = words.strip()
        if shown and name == "next":
            shown[-1].setdefault(name, words.strip())
    return shown


STORY = """
# the office armed the card; it goes into the meter, and the home waits
insert a.card
show
remove
blue
blue
until 2020-07-03 22:59
next
show
red
"""


def test_a_card_written_later_than_the_sitting_is_said(emu, card):
    """The stamp is 3 June 2020, 08:00 UTC, a month ahead of a clock that is right."""
    early = emu("run", MODEL, "--start", "2020-05-01 07:00", *MAX, lines="insert a.card\n")
    assert "STAMP_AHEAD" in early.out
    assert "note: the card was written later than this meter's clock: see --issued-at" in early.out
    assert "note:" not in emu("run", MODEL, *JUNE, *MAX, lines="insert a.card\n").out


def test_a_script_tells_the_night_of_the_third_of_july(emu, card):
    done = emu("run", MODEL, *JUNE, *MAX, "--load-w", "300", lines=STORY)
    assert done.err == ""
    lines = done.out.splitlines()
    at, shown = "2020-06-29 07:00:00", "CREDIT 20.00 EUR | CARD 01 EXECUTED"
    assert lines[:2] == [f"{at}  begins      supply on", f"{at}  card        a.card  {shown}"]
    assert [line for line in lines if "key" in line][1].endswith("T1 2020-07-03 23:01")
    (cut,) = (line for line in lines if "supply off" in line)
    assert cut.startswith("2020-07-03 23:03:00")  # the first poll at which RTC - u is there
    assert cut.endswith("OFF: CUT AS OF 2020-07-03 23:01")
    before, after = facts(done.out)
    assert (before["card"], after["card"]) == ("a.card", "none")
    assert before["next"].endswith("non-disconnection period ends")
    assert (before["balance"], after["balance"]) == (
        "20.00 EUR",
        "20.00 EUR",
    )  # deferred: it stands
    assert after["supply"] == "off, 0 W"


def test_the_same_script_gives_the_same_bytes(emu, card, tmp_path):
    given = []
    for _ in range(2):
        lines, before = STORY + "save after.image\n", card.read_bytes()
        done = emu("run", MODEL, *JUNE, *MAX, "--load-w", "300", lines=lines)
        given.append((done.out, (tmp_path / "after.image").read_bytes(), card.read_bytes()))
        assert card.read_bytes() != before  # the meter's write-back is in the file
        card.write_bytes(before)
    assert given[0] == given[1]


def test_an_hour_is_sixty_minutes_however_it_is_asked_for(emu, tmp_path):
    images = []
    for lines in ("advance 3h\n", "advance 1m\n" * 180, "next\n" + "until 2020-06-29T08:00:00Z\n"):
        household = ("--load-w", "700", "--balance-eur", "1")
        emu("run", MODEL, *JUNE, *MAX, *household, lines=lines + "save x.image\n")
        images.append((tmp_path / "x.image").read_bytes())
    assert images[0] == images[1] == images[2]


@pytest.mark.slow("a sitting in a process of its own")
def test_time_goes_with_the_wall_and_what_happens_is_said_when_it_does(card, tmp_path):
    with Sitting(MODEL, *JULY, "--rate", "100000", cwd=tmp_path) as sitting:
        sitting.type("insert a.card\n")
        said = sitting.wait_for("supply off")
        assert "OFF: CUT AS OF 2020-07-03 23:01" in said
        assert sitting.end() == 0


@pytest.mark.slow("a sitting in a process of its own")
def test_a_card_can_be_pulled_in_the_middle_of_its_session(card, tmp_path):
    """At the pace of the wall a session takes its half second, and the next line comes within."""
    before = CardImage.from_bytes(card.read_bytes())
    with Sitting(MODEL, *JUNE, cwd=tmp_path) as sitting:
        sitting.type("insert a.card\nremove\n")
        said = sitting.wait_for("card refused")
        # before its power-up or within: what was typed may be read at either
        assert "CARD 1C CARD_REMOVED" in said or "CARD 10 CARD_UNREADABLE" in said
        assert sitting.end() == 0
    assert CardImage.from_bytes(card.read_bytes()).contents == before.contents


REARM = "next\nappliances shut\ninsert g.card\nremove\nrate 600\nblue 4\n"


@pytest.mark.slow("a sitting in a process of its own")
def test_an_appliance_lit_in_the_countdown_shuts_the_valve(emu, gas_card, tmp_path):
    """The countdown of 720 s is lived through, and who lights the stove in it is heard."""
    with Sitting(*GAS, *MAX, cwd=tmp_path) as sitting:
        sitting.type(f"{REARM}appliances lit\nrate max\nshow\n")
        said = sitting.wait_for("display   GAS FLOWED, VALVE SHUT")
        assert "supply on   WAIT 720 S, LEAVE ALL APPLIANCES SHUT" in said
        assert "supply off  GAS FLOWED, VALVE SHUT" in said
        assert sitting.end() == 0


def test_quit_in_the_countdown_is_a_power_cut(emu, gas_card):
    made = ("--model", GAS[0], "--meter-id", str(METER), "--at", "2020-06-29 12:00")
    emu("image", "new", "g.image", *made)
    left = emu("run", *GAS, *MAX, "--image", "g.image", lines=f"{REARM}quit\n")
    assert "power lost" in left.out.splitlines()[-1]
    found = emu("run", *GAS[3:], *MAX, "--image", "g.image", lines="show\n")
    assert facts(found.out)[0]["supply"] == "off, 0 dm³/h"  # the program turned it off again


def test_a_countdown_nobody_disturbs_ends_with_gas(emu, gas_card):
    done = emu("run", *GAS, *MAX, lines=REARM.replace("rate 600\n", "") + "show\n")
    assert facts(done.out)[0]["supply"] == "on, 0 dm³/h"


def test_a_meter_lives_on_between_two_sittings(emu, image, card):
    go = ("run", "--image", "m.image", *MAX, "--load-w", "300")
    done = emu(*go, lines="insert a.card\nadvance 5h\nshow\n")
    again = emu(*go, lines="show\npower off\nadvance 1h\nquit\n")
    (left,), (found,) = facts(done.out), facts(again.out)
    for name in ("supply", "balance", "next"):
        assert found[name].partition("  in ")[0] == left[name].partition("  in ")[0]
    assert (
        found["true time"] == left["true time"] == "2020-06-29 12:00:00"
    )  # what its own clock says
    assert found["clock"].startswith("2020-06-29 12:00:00  trusted")
    emu("image", "show", "m.image")  # sound, says its exit status


def test_what_cannot_be_done_is_one_line_and_the_meter_goes_on(emu):
    wrong = [
        "jump", "insert", "insert none.card", "remove", "red 61", "red x", "power maybe",
        "advance 3", "advance 0s", "advance", "advance 99999d", "until yesterday",
        "until 2020-06-29 06:59", "until 2020-02-30 10:00", "rate 0", "rate 1000001", "rate fast",
        "save", "save no/such/folder/x", "next week", "appliances lit 3h", "x" * 10_000,
    ]  # fmt: skip
    done = emu("run", MODEL, *JUNE, *MAX, lines="\n".join([*wrong, "show"]), status=2)
    complaints = done.err.splitlines()
    assert all(line.startswith("! ") for line in complaints)
    assert len(complaints) == len(wrong)
    assert facts(done.out)[0]["true time"] == "2020-06-29 07:00:00"


@pytest.mark.parametrize(
    ("args", "want"),
    [
        (["--start", "2020-07-03 22:45"], "expected MODEL with --start"),
        (["no-such"], "none of the built-in meters"),
        (["."], "is a directory"),
        ([MODEL, "--rate", "0"], "expected a rate from 1 to 1000000, or max"),
        ([MODEL, "--start", "soon"], "expected a legal time such as"),
        ([MODEL, "--start", "2100-01-01 00:00"], "2000 to 2099"),
        ([MODEL, "--build", "reference+nothing"], "expected a defect of"),
        ([MODEL, "--balance-eur", "ten"], "expected an amount such as 12.50"),
        ([MODEL, "--load-dm3-per-h", "3"], "meter of electricity: --load-w, not --load-dm3-per-h"),
        ([MODEL, "--image", "none.image"], "none.image: cannot be read"),
        (["--image", "none.image"], "none.image: cannot be read"),
        (["--image", "m.image", "--balance-eur", "3"], "--balance-eur is for a new meter"),
        (["--image", "m.image", "--meter-id", "3"], "--meter-id is for a new meter"),
        (["gas-pcf8563-battery", "--image", "m.image"], "expected model gas-pcf8563-battery"),
        (["--image", "a.txt"], "expected MEMI"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(args, want, emu, image, tmp_path):
    (tmp_path / "a.txt").write_text("a text")
    before = image.read_bytes()
    done = emu("run", *args, status=2)
    assert want in done.err
    assert (done.out, done.err.count("\n")) == ("", 1)
    assert image.read_bytes() == before


@pytest.mark.slow("a sitting in a process of its own", short=1)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_sitting_in_order(number, emu, image, tmp_path):
    before = image.read_bytes()
    with Sitting("--image", "m.image", "--rate", "3600", cwd=tmp_path) as sitting:
        sitting.type("show\n")
        sitting.wait_for("balance")
        sitting.process.send_signal(number)
        assert sitting.process.wait(HANG_S) == 128 + number
    after = image.read_bytes()
    assert after != before
    emu("image", "show", "m.image")


@pytest.mark.slow("a sitting in a process of its own")
def test_who_reads_along_may_leave(image, tmp_path):
    before = image.read_bytes()
    with Sitting("--image", "m.image", *MAX, cwd=tmp_path) as sitting:
        assert sitting.process.stdout is not None
        sitting.process.stdout.close()
        sitting.type("show\nadvance 1d\nshow\n")
        assert sitting.process.wait(HANG_S) == 3, "saved, and nobody saw that"
    assert image.read_bytes() != before


@pytest.mark.slow("a sitting in a process of its own")
def test_killed_half_way_the_files_are_whole(emu, image, card, tmp_path):
    """A save a minute and a card that changes at each insertion, until somebody pulls the plug."""
    lines = "insert a.card\nremove\nadvance 1m\nsave\n" * 400
    with Sitting("--image", "m.image", *MAX, cwd=tmp_path) as sitting:
        sitting.type(lines)
        sitting.wait_for(lambda said: said.count("saved") > 8)
        sitting.process.kill()
        sitting.process.wait()
    for kind, name in (("image", "m.image"), ("card", "a.card")):
        shown = emu(kind, "show", name)
        assert (shown.code, shown.err) == (0, ""), name


@pytest.mark.slow("a sitting in a process of its own")
def test_a_card_that_somebody_else_changed_meanwhile_is_left_alone(card, tmp_path):
    other = card.read_bytes()
    with Sitting(MODEL, *JULY, *MAX, cwd=tmp_path) as sitting:
        sitting.type("power off\ninsert a.card\n")
        sitting.wait_for("no power")
        desk_writes(card, Work(load_cents=500))
        changed = card.read_bytes()
        assert changed != other
        sitting.type("power on\nremove\n")
        sitting.wait_for("another program changed it meanwhile")
        assert sitting.end() == 2
    assert card.read_bytes() == changed


@pytest.mark.slow("a sitting in a process of its own")
def test_a_card_that_cannot_be_saved_is_said_once_and_at_the_end(emu, card):
    """Where its folder has gone; the meter has booked what it booked."""
    folder = card.parent / "drawer"
    folder.mkdir()
    card = card.rename(folder / "a.card")
    with Sitting(MODEL, *JUNE, *MAX, cwd=folder.parent) as sitting:
        sitting.type("power off\ninsert drawer/a.card\n")
        sitting.wait_for("no power")
        card.unlink()
        folder.rmdir()
        sitting.type("power on\nadvance 1h\nshow\n")
        said = sitting.wait_for("balance   20.00 EUR")
        assert said.count("! drawer/a.card: cannot be written") == 1
        assert sitting.end() == 2
        assert sitting.said.count("drawer/a.card: cannot be written") == 2


def test_events_are_data_for_a_program_too(emu, card, tmp_path):
    lines = STORY.replace("show\n", "")
    go = ("run", MODEL, *JUNE, *MAX, "--json")
    given = [json.loads(line) for line in emu(*go, "-", lines=lines).out.splitlines()]
    assert [event["what"] for event in given] == [
        "begins", "card", "key", "key", "supply off", "key",
    ]  # fmt: skip
    assert [given[0][key] for key in ("supply_on", "limiter_a", "lamps")] == [True, 0, []]
    assert given[4]["at"] == "2020-07-03T23:03:00+02:00"
    assert list(given[1]) == [
        "schema", "at", "what", "shown", "detail", "understood", "clock_trusted", "balance_ueur",
    ]  # fmt: skip
    desk_writes(card, Work())
    emu(*go, "events", lines=lines)
    kept = [json.loads(line) for line in (tmp_path / "events").read_text().splitlines()]
    assert [event["at"] for event in kept] == [event["at"] for event in given]
    refused = emu(*go, "no/folder/events", lines=lines, status=2)
    assert "no/folder/events: cannot be written" in refused.err


def test_without_any_input_it_ends_at_once(emu):
    assert emu("run", MODEL, *JUNE).out == "2020-06-29 07:00:00  begins      supply on\n"


def test_every_word_is_listed(emu):
    _, *said = emu("run", MODEL, *JUNE, *MAX, lines="help\n").out.splitlines()
    assert [line.split()[0] for line in said] == list(WORDS)


@pytest.mark.parametrize(
    "where", [("ores-2020-07", "--household", "never-back"), (MODEL, "--web"), ("--web",)]
)
def test_a_twin_that_nobody_would_see_is_refused(where, emu):
    said = emu("run", *where, "--twin", "reference", status=2).complains()
    assert said.startswith("meter-emu: --twin is for a household of a campaign, with --web")


def test_the_office_sells_what_a_device_that_is_paid_for_by_time_takes(emu: Emu) -> None:
    paid = ("openpaygo", "--start", "2024-03-01 08:00", *MAX)
    sold = [
        line.split()[1]
        for line in emu(
            *("run", *paid), lines="office sell 2\noffice set 1\noffice unlock\nquit\n"
        ).out.splitlines()
        if line.startswith("office ")
    ]
    typed = "".join(f"type {digits}\nadvance 1m\n" for digits in sold)
    out = emu(*("run", *paid), lines=f"{typed}quit\n").out
    assert re.findall(r"typed +\d{9} +(.*)", out) == [
        "PAID 2d 00h | TAKEN",
        "PAID 1d 00h | TAKEN",
        "UNLOCKED | TAKEN",
    ]


def test_an_office_that_sells_tokens_writes_on_no_card(emu: Emu) -> None:
    paid = ("openpaygo", "--start", "2024-03-01 08:00", *MAX)
    for line, said in (
        ("office load 5", "does sell DAYS, set DAYS, unlock"),
        ("office sell 0", "expected 1 to 995 in whole days, got 0"),
        ("office unlock 3", "does sell DAYS, set DAYS, unlock"),
        ("office sell 1/0", "expected days such as 7, 0.5 or 1/7"),
    ):
        assert said in emu("run", *paid, lines=f"{line}\nquit\n", status=2).err


def test_it_sells_after_all_that_its_household_was_sold(emu: Emu) -> None:
    words = ("run", "paygo-month", "--household", "typos-1", *MAX)
    assert "adds 7 days, count 6" in emu(*words, lines="office sell 7\nquit\n").out
