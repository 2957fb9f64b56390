"""Two programs on one image file: one waits for the other, and nothing answered is lost."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from card_protocol.card.image import CardImage, CardKind
from card_protocol.formats.budget import DF_ELECTRICITY
from card_protocol.formats.container import TRANSPORT_PIN, plain_file
from meter_emu.cli import held, output
from meter_emu.cli.held import HeldFile, leave_image
from meter_emu.cli.output import write_atomically
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import ImageError, OutputError
from tests.bounds import HANG_S
from tests.cli.budget_cards import METER, shown
from tests.cli.serving import POWER_ON, ROOT, Driver, Serving
from tests.cli.sitting import MODEL, Sitting
from tests.forked import Forked

SIDE_BY_SIDE = 4  # a queue that a busy machine serves too in the seconds that a command waits
ROUNDS = 3
EMU = (sys.executable, "-m", "meter_emu")
WRONG_PIN = bytes.fromhex("002000010431313131")
SELECT_FILE = bytes.fromhex("00a4000c02") + plain_file(DF_ELECTRICITY).to_bytes(2, "big")


def side_by_side(*commands: list[str]) -> list[tuple[int, str]]:
    """Run command lines at once; return how each ended, and what it complained of."""
    running = [
        Forked(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for command in commands
    ]
    ended = [(process.communicate(timeout=HANG_S)[1], process) for process in running]
    return [(process.returncode, complaint) for complaint, process in ended]


def loads(emu: Any, card: Path) -> int:
    return int(shown(emu, card)["desk record"]["load_count"])


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less long for what will not come."""
    monkeypatch.setattr(held, "WAIT_S", 0.1)


@pytest.mark.slow("commands in processes side by side")
def test_loads_side_by_side_are_all_kept(emu, plain):
    load = [*EMU, "desk", "load", str(plain), "--eur", "5"]
    assert side_by_side(*[load] * SIDE_BY_SIDE) == [(0, "")] * SIDE_BY_SIDE
    assert loads(emu, plain) == SIDE_BY_SIDE
    assert list(plain.parent.iterdir()) == [plain]


@pytest.mark.slow("commands in processes side by side")
def test_of_new_images_side_by_side_one_is_made(tmp_path):
    for number, command in enumerate((["card", "new"], ["image", "new", "--model", MODEL])):
        file = tmp_path / str(number)
        makes = [[*EMU, *command, str(file), "--meter-id", str(meter)] for meter in (1, 2)]
        ended = side_by_side(*makes)
        assert sorted(status for status, _ in ended) == [0, 2]
        for status, complaint in ended:
            assert status == 0 or "there already" in complaint or "exists" in complaint, complaint
        (meter,) = (at for at, (status, _) in enumerate(ended, 1) if status == 0)
        assert meter.to_bytes(8, "big") in file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "the.card"
    image = Desk(TEST_MASTER_KEY).issue(METER, issued_at_min=10_000_000, card_kind=CardKind.PLAIN)
    write_atomically(path, image.to_bytes())
    return path


@pytest.fixture
def driver() -> Iterator[Driver]:
    made = Driver()
    yield made
    made.stop()


@pytest.fixture
def serving(driver: Driver, plain: Path) -> Iterator[Serving]:
    with Serving(plain, "--port", str(driver.port), named=True) as made:
        driver.take()
        driver.send(POWER_ON)
        made.says("inserted")
        yield made


@pytest.mark.usefixtures("brief")
def test_a_served_card_is_its_readers_until_it_is_out(emu, serving, driver, plain):
    process = serving.process.pid
    said = emu("desk", "load", plain, "--eur", "5").complains()
    assert said.startswith(f"meter-emu: {plain}: is in use by process {process} (")
    assert "card serve" in said
    assert emu("card", "show", plain).code == 0, "who only reads does not wait"
    assert driver.ask(WRONG_PIN)[:1] == b"\x63"
    serving.do("remove")
    serving.says("removed")
    assert CardImage.from_bytes(plain.read_bytes()).tries_left[0] == 2
    assert emu("desk", "load", plain, "--eur", "5").code == 0
    serving.do("insert")
    driver.take()
    serving.says("inserted")
    assert loads(emu, plain) == 1


@pytest.mark.slow("commands in processes side by side")
def test_what_a_served_card_answered_is_in_the_file_whatever_the_desk_tries(emu, driver, plain):
    """A desk at each round: it is served before, or after, or not at all."""
    expected = 0
    right = bytes.fromhex("0020000104") + TRANSPORT_PIN.encode()
    for number in range(ROUNDS):
        load = Forked(
            [*EMU, "desk", "load", str(plain), "--eur", "5"],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        with Serving(plain, "--port", str(driver.port)) as serving:
            driver.take()
            driver.send(POWER_ON)
            serving.says("inserted")
            assert driver.ask(SELECT_FILE)[-2:] == b"\x90\0"
            assert driver.ask(right) == b"\x90\0"
            mark = bytes([number]) * 4  # in the last bytes of the file, where no record is
            assert driver.ask(bytes.fromhex("00d603fc04") + mark) == b"\x90\0"
            serving.do("quit")
            assert serving.end() == 0
        expected += load.wait(HANG_S) == 0
        image = CardImage.from_bytes(plain.read_bytes())
        assert image.contents[0][-4:] == mark
        assert loads(emu, plain) == expected


@pytest.mark.usefixtures("brief")
def test_a_card_that_another_program_has_is_not_inserted(emu, plain, driver):
    with HeldFile(str(plain), "a card image"):
        said = emu("card", "serve", plain, "--port", str(driver.port)).err
        assert f"{plain}: is in use by process {os.getpid()} (" in said


@pytest.mark.slow("commands in processes side by side")
@pytest.mark.usefixtures("brief")
def test_a_sitting_has_its_meter_and_the_card_in_its_slot(emu, plain, tmp_path):
    image = tmp_path / "m.image"
    assert emu("image", "new", image, "--model", MODEL, "--meter-id", METER).code == 0
    with Sitting("--image", image, "--rate", "max", cwd=tmp_path, named=True) as sitting:
        sitting.type(f"insert {plain}\nshow\n")
        sitting.wait_for("display ")
        for command in (
            ["run", "--image", image, "--lines"],
            ["image", "new", image, "--model", MODEL, "--meter-id", METER, "--force"],
            ["desk", "load", plain, "--eur", "5"],
            ["card", "new", plain, "--meter-id", METER, "--force"],
            ["card", "reissue", plain, tmp_path / "next.card"],
        ):
            said = emu(*command).complains()
            assert f"is in use by process {sitting.process.pid} (" in said
            assert " run " in said
        sitting.type("remove\nshow\n")
        sitting.wait_for(lambda said: said.count("display ") > 1)
        assert emu("desk", "load", plain, "--eur", "5").code == 0
        assert sitting.end() == 0
    with Sitting("--image", image, "--rate", "max", cwd=tmp_path) as sitting:
        assert sitting.end() == 0


def test_the_lock_dies_with_its_process(emu, serving, plain):
    serving.process.kill()
    serving.process.wait(HANG_S)
    assert emu("desk", "load", plain, "--eur", "5").code == 0


def test_a_file_that_is_in_use_is_waited_for(emu, card):
    holding = HeldFile(str(card), "a card image")
    threading.Timer(0.2, holding.release).start()
    assert emu("desk", "load", card, "--eur", "5").code == 0


def test_a_card_is_reissued_in_its_own_place(emu, card):
    assert emu("card", "reissue", card, card, "--force").code == 0
    assert shown(emu, card)["identity"]["card_number"] == 2


def held_by_one(path: str, writes: int) -> bool:
    """Whether a second is refused, before the first has written and after."""
    refused = 0
    with HeldFile(path, "a file") as first:
        for number in range(writes + 1):
            try:
                HeldFile(path, "a file").release()
            except ImageError:
                refused += 1
            first.write(bytes([number]))
    return refused == writes + 1


@pytest.mark.usefixtures("brief")
def test_what_is_held_stays_held_when_it_is_written(tmp_path, monkeypatch):
    """The file that gets the name is locked before it has it; and who leaves that out is seen."""
    path = tmp_path / "file"
    path.write_bytes(b"0")
    assert held_by_one(str(path), writes=3)
    assert path.read_bytes() == b"\3"
    monkeypatch.setattr(output, "lock", lambda _: True)
    assert not held_by_one(str(path), writes=1), "the lock stays with the file that was replaced"
    monkeypatch.setattr(held, "lock", lambda _: True)
    assert not held_by_one(str(path), writes=0)


def test_a_lock_on_a_file_that_has_lost_its_name_is_none(tmp_path, monkeypatch):
    """Who has waited for a file that was replaced meanwhile takes the one that is there now."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    opened, calls = os.open, count()

    def replaced_in_between(*args: Any) -> int:
        handle = opened(*args)
        if next(calls) == 0:
            output.write_atomically(path, b"new")
        return handle

    monkeypatch.setattr(os, "open", replaced_in_between)
    with HeldFile(str(path), "a file") as holding:
        assert holding.content == b"new"


def test_others_who_do_not_ask_are_not_overwritten(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with HeldFile(str(path), "a file") as holding:
        path.write_bytes(b"theirs")
        with pytest.raises(OutputError, match="another program changed it meanwhile"):
            holding.write(b"ours")
    assert path.read_bytes() == b"theirs"


def test_a_holder_that_the_system_does_not_name_is_another_program(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(held, "WAIT_S", 0.0)
    with HeldFile(str(path), "a file"):
        monkeypatch.setattr(Path, "read_text", lambda *_: "no table of locks")
        with pytest.raises(ImageError, match="is in use by another program"):
            HeldFile(str(path), "a file")


def test_what_a_killed_program_left_goes_with_the_next_write_and_what_is_being_written_stays(
    tmp_path,
):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    killed = tmp_path / ".file.0123abcd.part"
    killed.write_bytes(b"keys")
    (tmp_path / ".file.notours!.part").write_bytes(b"of somebody else")
    with output.atomic_writer(path) as write:
        write(b"slow")
        leave_image(str(path), b"quick", replace=True)
        assert not killed.exists()
        assert len(list(tmp_path.glob(".file.*.part"))) == 2
    assert path.read_bytes() == b"slow"
    assert sorted(one.name for one in tmp_path.iterdir()) == [".file.notours!.part", "file"]
