"""`card serve` against a driver played here, from the protocol alone: no PC/SC is needed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from card_protocol.card.image import CardImage, CardKind, LifeCycle
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.formats.budget import DF_ELECTRICITY
from card_protocol.formats.container import TRANSPORT_PIN, plain_file
from meter_emu.cli import app
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_S
from tests.cli.serving import GET_ATR, POWER_ON, Driver, Serving

pytestmark = pytest.mark.loopback

METER = 541_000_000_001
KILLS = max(6, int(os.environ.get("METER_EMU_KILLS", "0")) // 10)
WRONG_PIN = bytes.fromhex("002000010431313131")
RIGHT_PIN = bytes.fromhex("0020000104") + TRANSPORT_PIN.encode()
SELECT_FILE = bytes.fromhex("00a4000c02") + plain_file(DF_ELECTRICITY).to_bytes(2, "big")
WRITE = bytes.fromhex("00d6000004")  # at the start of the file


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.stop()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "the.card"
    desk = Desk(TEST_MASTER_KEY, challenge=bytes)
    image = desk.issue(METER, issued_at_min=10_000_000, card_kind=CardKind.PLAIN)
    write_atomically(path, image.to_bytes())
    return path


@pytest.fixture
def serving(driver: Driver, file: Path) -> Iterator[Serving]:
    """A card that has just been inserted and powered."""
    with Serving(file, "--port", str(driver.port)) as made:
        driver.take()
        driver.send(POWER_ON)
        made.says("inserted")
        yield made


@pytest.fixture
def complaint(monkeypatch, capsys):
    """Run the command line in this process and return the one line it ends with."""

    def go(*args: object) -> str:
        monkeypatch.setattr(sys, "argv", ["meter-emu", *map(str, args)])
        assert app.run() == 2
        said: str = capsys.readouterr().err
        assert said.count("\n") == 1
        return said

    return go


def tries_in(file: Path) -> int:
    return CardImage.from_bytes(file.read_bytes()).tries_left[0]


def test_it_says_what_it_is_and_where_it_went(driver: Driver, file: Path) -> None:
    with Serving(file, "--port", str(driver.port)) as serving:
        assert serving.said() == f"{file}: plain card, T=1"
        driver.take()
        assert serving.said() == f"inserted: 127.0.0.1 port {driver.port}"


def test_the_atr_offers_the_protocol_that_was_asked_for(driver: Driver, file: Path) -> None:
    from card_protocol.atr import Atr

    for option, protocols in (((), (1,)), (("--t0",), (0,))):
        with Serving(file, "--port", str(driver.port), *option):
            assert Atr.parse(driver.take()).protocols == protocols


def test_a_change_is_in_the_file_before_the_terminal_hears_of_it(
    serving: Serving, driver: Driver, file: Path
) -> None:
    for left in (2, 1, 0):
        assert driver.ask(WRONG_PIN)[0] in {0x63, 0x69}
        assert tries_in(file) == left, "read after the answer, and there already"
        assert serving.said() == f"saved: change {3 - left}"
    assert CardImage.from_bytes(file.read_bytes()).life_cycle is LifeCycle.BLOCKED


def test_a_command_that_changes_nothing_writes_nothing(
    serving: Serving, driver: Driver, file: Path
) -> None:
    before = file.stat()
    assert driver.ask(bytes.fromhex("00a4000c023f00")) == b"\x90\x00"
    assert file.stat().st_ino == before.st_ino, "an atomic write makes a new file"


@pytest.mark.slow("starts the command as a process")
def test_killed_at_any_moment_it_leaves_a_whole_card_that_holds_what_was_answered(
    driver: Driver, file: Path
) -> None:
    (content,) = CardImage.from_bytes(file.read_bytes()).contents
    seconds, answered = Random(4), int.from_bytes(content[:4], "big")
    for _ in range(KILLS):
        with Serving(file, "--port", str(driver.port)) as serving:
            driver.take()
            driver.send(POWER_ON)
            assert driver.ask(SELECT_FILE) == driver.ask(RIGHT_PIN) == b"\x90\x00"
            kill = threading.Timer(seconds.uniform(0, 0.02), serving.process.kill)
            kill.start()
            asked = answered
            with suppress(ConnectionError):
                while driver.ask(WRITE + (asked := asked + 1).to_bytes(4, "big")) == b"\x90\x00":
                    answered = asked
            kill.join()
            assert serving.process.wait(HANG_S) == -signal.SIGKILL
        (content,) = CardImage.from_bytes(file.read_bytes()).contents
        held = int.from_bytes(content[:4], "big")
        assert held in {answered, asked}
        answered = held


def test_remove_and_insert_are_commands(serving: Serving, driver: Driver) -> None:
    serving.do("remove")
    assert driver.gone()
    assert serving.said() == "removed"
    serving.do("remove")
    assert serving.said() == "the card is out already"
    serving.do("insert")
    driver.take()
    assert serving.said().startswith("inserted")
    serving.do("insert")
    assert serving.said() == "the card is in already"


def test_what_is_no_command_is_named_and_forgotten(serving: Serving, driver: Driver) -> None:
    serving.do("eject")
    assert serving.said() == "'eject' is no command: insert, remove or quit"
    serving.do("x" * 5000)
    assert "is no command" in serving.says("'xxx")
    assert driver.ask(GET_ATR)


def test_insertion_takes_the_file_as_it_is_then(
    serving: Serving, driver: Driver, file: Path
) -> None:
    serving.do("remove")
    serving.says("removed")
    image = CardImage.from_bytes(file.read_bytes())
    write_atomically(file, image.with_tries(0, 2).to_bytes())
    serving.do("insert")
    driver.take()
    driver.send(POWER_ON)
    assert driver.ask(WRONG_PIN) == b"\x63\xc1"


def test_a_file_that_is_no_card_any_more_is_not_inserted(
    serving: Serving, driver: Driver, file: Path
) -> None:
    serving.do("remove")
    serving.says("removed")
    whole = file.read_bytes()
    file.write_bytes(b"nonsense")
    serving.do("insert")
    assert serving.said().startswith(f"not inserted: {file}: no card image")
    file.write_bytes(whole)
    serving.do("insert")
    assert driver.take()


def test_a_card_that_does_not_answer_to_a_reset_is_not_offered_to_readers(
    complaint, driver: Driver, file: Path
) -> None:
    """A memory chip whose first four bytes were overwritten: a reader knows it by them."""
    image = Desk(TEST_MASTER_KEY).issue(METER, issued_at_min=10_000_000, card_kind=CardKind.MEMORY)
    assert isinstance(image, MemoryImage)
    open_to_all = replace(image, protection=b"\xff" * 4)
    write_atomically(file, open_to_all.to_bytes())
    with Serving(file, "--port", str(driver.port)) as serving:
        driver.take()
        driver.send(POWER_ON)
        for command in ("ffa400000106", f"ff20000003{image.code.hex()}", "ffd000000100"):
            assert driver.ask(bytes.fromhex(command))[0] == 0x90
        driver.stop()
        assert serving.says("out: ").endswith("the card does not answer to a reset any more")
        serving.do("insert")
        assert serving.said() == f"not inserted: {file}: this card does not answer to a reset"
    assert MemoryImage.from_bytes(file.read_bytes()).main[0] == 0
    said = complaint("card", "serve", file, "--wait-s", "0")
    assert said == f"meter-emu: {file}: this card does not answer to a reset\n"


def test_what_another_program_wrote_meanwhile_is_not_overwritten(
    serving: Serving, driver: Driver, file: Path
) -> None:
    image = CardImage.from_bytes(file.read_bytes())
    theirs = image.with_tries(0, 1).to_bytes()
    write_atomically(file, theirs)
    driver.send(WRONG_PIN)
    assert driver.gone(), "no answer: the card leaves instead"
    assert serving.end() == 2
    assert serving.complaint == (
        f"meter-emu: {file}: cannot be written: another program changed it meanwhile\n"
    )
    assert file.read_bytes() == theirs


def test_a_file_that_cannot_be_written_ends_it_without_an_answer(
    serving: Serving, driver: Driver, file: Path
) -> None:
    before = file.read_bytes()
    file.unlink()
    file.mkdir()
    driver.send(WRONG_PIN)
    assert driver.gone()
    assert serving.end() == 2
    assert serving.complaint.count("\n") == 1
    assert before, "nothing of the file was ours to keep"


def test_a_reader_that_leaves_is_looked_for_until_it_is_back(
    serving: Serving, driver: Driver
) -> None:
    driver.stop()
    assert serving.said() == "out: the reader has gone; looking for it again"
    assert serving.said() == (
        f"waiting: no reader: 127.0.0.1 port {driver.port}: connection refused; "
        "is pcscd running, with the vpcd driver?"
    )
    driver.again()
    driver.take()
    assert serving.said().startswith("inserted"), "the reason was said once"


def test_a_reader_that_is_not_there_yet_is_waited_for(driver: Driver, file: Path) -> None:
    driver.stop()
    with Serving(file, "--port", str(driver.port)) as serving:
        serving.says("waiting: no reader")
        driver.again()
        driver.take()
        serving.says("inserted")


def test_waiting_ends_when_it_was_told_to(complaint, driver: Driver, file: Path) -> None:
    driver.stop()
    said = complaint("card", "serve", file, "--port", driver.port, "--wait-s", "0")
    assert said == (
        f"meter-emu: no reader: 127.0.0.1 port {driver.port}: connection refused; "
        "is pcscd running, with the vpcd driver?\n"
    )


def test_nonsense_from_the_reader_takes_the_card_out_and_in_again(
    serving: Serving, driver: Driver
) -> None:
    driver.send(b"")
    assert driver.gone()
    assert "the reader sent a message without a byte" in serving.says("out: ")
    driver.take()
    serving.says("inserted")


def test_a_reader_that_took_another_card_is_wondered_about(driver: Driver, file: Path) -> None:
    with Serving(file, "--port", str(driver.port)) as serving:
        serving.says(f"{file}: plain card")
        assert "is another card in its slot?" in serving.says("connected, but")
        driver.take()
        serving.says("inserted")


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_takes_the_card_out_in_order(
    serving: Serving, driver: Driver, number: signal.Signals, status: int
) -> None:
    assert serving.ended(number) == status
    assert driver.gone()
    assert serving.said() == f"{number.name}: removed, the file is saved"
    assert serving.complaint == ""


@pytest.mark.parametrize("end", ["quit", "end of input", "SIGTERM"])
def test_the_result_of_a_stay_is_json_and_the_lines_go_next_to_it(
    driver: Driver, file: Path, end: str
) -> None:
    with Serving(file, "--port", driver.port, "--json", "-") as serving:
        driver.take()
        driver.send(POWER_ON)
        assert driver.ask(WRONG_PIN)[0] == 0x63
        if end == "quit":
            serving.do(end)
        if end == "SIGTERM":
            assert serving.ended(signal.SIGTERM) == 143
            assert driver.gone()
        else:
            assert serving.end() == 0
        shown = json.loads(serving.rest())
        assert shown == {
            "schema": "card-serve/1",
            "file": str(file), "insertions": 1, "changes": 1, "ended_by": end,
        }  # fmt: skip
        assert "saved: change 1\n" in serving.complaint


@pytest.mark.parametrize("last", ["quit", None])
def test_quit_and_the_end_of_the_input_end_it(
    serving: Serving, driver: Driver, last: str | None
) -> None:
    if last:
        serving.do(last)
    assert serving.end() == 0
    assert driver.gone()


def said_while_unread(driver: Driver, file: Path, last: str | signal.Signals) -> tuple[int, str]:
    """Have the card held up by a reader that takes no answers, then end it; status and words."""
    with Serving(file, "--port", str(driver.port)) as serving:
        driver.take()
        driver.send(POWER_ON)
        assert driver.ask(SELECT_FILE) == b"\x90\x00"
        driver.ask_until_stuck(bytes.fromhex("00b00000000000"))
        if isinstance(last, str):
            serving.do(last)
        else:
            serving.process.send_signal(last)
        return serving.process.wait(HANG_S), serving.rest()


@pytest.mark.parametrize(("last", "status"), [("quit", 0), (signal.SIGTERM, 143)])
def test_it_ends_at_once_while_answers_wait_unread(driver, file, last, status) -> None:
    """Not after the two seconds that a reader is given: three tries, for a busy machine."""
    for _ in range(3):
        ended, said = said_while_unread(driver, file, last)
        assert ended == status
        if "takes no answer" not in said:
            return
    raise AssertionError("the reader was waited for each time")


def test_without_an_input_it_serves_until_a_signal(driver: Driver, file: Path) -> None:
    with Serving(file, "--port", str(driver.port), stdin=subprocess.DEVNULL) as serving:
        driver.take()
        serving.says("inserted")
        assert driver.ask(GET_ATR)
        assert serving.ended(signal.SIGTERM) == 143


def test_a_file_of_commands_is_an_input(driver: Driver, file: Path, tmp_path: Path) -> None:
    (tmp_path / "commands").write_text("remove\nquit\n")
    with (
        (tmp_path / "commands").open() as commands,
        Serving(file, "--port", str(driver.port), stdin=commands.fileno()) as serving,
    ):
        assert serving.end() == 0
        assert serving.says("removed")


@pytest.mark.parametrize("what", ["", "no card", "folder", "absent"])
def test_what_is_no_card_is_one_line(complaint, tmp_path: Path, what: str) -> None:
    file = tmp_path / "it"
    if what == "folder":
        file.mkdir()
    elif what != "absent":
        file.write_text(what)
    assert complaint("card", "serve", file).startswith(f"meter-emu: {file}: ")


def test_what_a_reader_asks_is_recorded(driver, file, tmp_path):
    trace = tmp_path / "served.trace"
    before = time.time_ns() // 1_000
    with Serving(file, "--port", str(driver.port), "--trace", str(trace)) as serving:
        driver.take()
        serving.says("inserted")
        driver.send(POWER_ON)
        assert driver.ask(WRONG_PIN)[:1] == b"\x63"
        serving.do("remove")
        serving.says("removed")
        assert serving.end() == 0
    rows = [json.loads(line) for line in trace.read_text().splitlines()]
    assert [row["row"] for row in rows] == [
        "trace", "insert", "reset", "off", "reset", "exchange", "off", "remove", "end",
    ]  # fmt: skip
    assert rows[5]["command"] == "0020000104xxxxxxxx"
    times = [before, *(row["us"] for row in rows[1:]), time.time_ns() // 1_000]
    assert times == sorted(times)
