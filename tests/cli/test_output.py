"""Files, whole or untouched: whatever goes wrong while one is written."""

import os
from pathlib import Path
from typing import Any

import pytest

from meter_emu.cli import output
from meter_emu.errors import OutputError
from tests.cli.budget_cards import METER


@pytest.mark.parametrize("broken", ["fsync", "write", "replace"])
def test_a_write_that_fails_leaves_the_old_card_and_nothing_beside_it(
    emu, card, monkeypatch, broken
):
    before = card.read_bytes()

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, "No space left on device")

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    elif broken == "replace":
        monkeypatch.setattr(Path, "replace", full)
    else:
        opened = Path.open

        class Full:
            def __init__(self, file: Any) -> None:
                self.file = file

            def close(self) -> None:
                self.file.close()

            def fileno(self) -> int:
                return int(self.file.fileno())

            write = staticmethod(full)

        def open_full(self: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            file = opened(self, mode, *args, **kwargs)
            return Full(file) if "x" in mode else file

        monkeypatch.setattr(Path, "open", open_full)
    said = emu("desk", "load", card, "--eur", "50").complains()
    assert f"{card}: cannot be written: no space left on device" in said
    assert card.read_bytes() == before
    assert list(card.parent.iterdir()) == [card]


@pytest.mark.parametrize("where", ["none/here.bin", "."])
def test_a_place_that_cannot_be_written_is_one_line(emu, tmp_path, where):
    args = ("--meter-id", METER, "--force")
    assert "cannot be written" in emu("card", "new", f"{tmp_path}/{where}", *args).complains()
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_file_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o444)
    monkeypatch.setattr(os, "access", lambda *args: False)  # root may write anything
    with pytest.raises(OutputError, match="read-only"):
        output.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"


def test_mode_and_symbolic_link_survive(tmp_path):
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_bytes(b"old")
    path.chmod(0o640)
    link.symlink_to(path)
    output.write_atomically(link, b"new")
    assert link.is_symlink()
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_new_file_gets_the_mode_any_program_would_give_it(tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    output.write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").stat().st_mode == plain.stat().st_mode


def test_a_card_is_for_its_owner_only_since_keys_are_in_it(emu, card):
    assert card.stat().st_mode & 0o777 == 0o600
    card.chmod(0o640)
    assert emu("desk", "reactivate", card).code == 0
    assert card.stat().st_mode & 0o777 == 0o640


def test_an_error_on_the_way_leaves_the_old_file_and_passes_through_unchanged(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def half() -> None:
        with output.atomic_writer(path) as write:
            write(b"half")
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_known_before_the_work(tmp_path):
    begun = []
    writer = output.atomic_writer(tmp_path / "none" / "file")
    with pytest.raises(OutputError, match="cannot be written"), writer:
        begun.append(True)
    assert not begun


def test_a_full_disk_is_said_with_the_path():
    with pytest.raises(OutputError, match="/dev/full: cannot be written: no space left"):
        output.write_atomically("/dev/full", b"new")


def test_a_device_is_written_and_not_replaced():
    output.write_atomically("/dev/null", b"gone")
    assert Path("/dev/null").is_char_device()


def test_a_file_of_another_kind_is_called_what_it_is(emu, card, tmp_path):
    meter = tmp_path / "m.image"
    emu("image", "new", meter, "--model", "electricity-pcf8563-utc", "--meter-id", METER)
    said = emu("card", "show", meter).complains()
    assert "is a meter image, expected a card image: meter-emu image show explains it" in said
    said = emu("image", "show", card).complains()
    assert "is a card image, expected a meter image: meter-emu card show explains it" in said
    assert "is a meter image" in emu("desk", "load", meter, "--eur", "5").complains()
