"""A stranger's file that names a program of his: reading it must not run the program."""

import json
from pathlib import Path

import pytest

from meter_emu.resources import KEY_PARTS_MAX, toml_of
from tests.campaigns import head

PROGRAM = """
from pathlib import Path
Path("it-ran").write_text("")
from meter_emu.firmware.program import Program
from meter_emu.world.meter.build import dialogues, parse_build
from meter_emu.world.meter.model import load_model
from meter_emu.resources import find
MODEL = load_model(find("meters", "electricity-pcf8563-utc"))
def program(ports):
    return Program(ports, parse_build("reference").parts(MODEL), dialogues())
"""
CAMPAIGN = (
    head(
        "a stranger's",
        "2020-06-29T08:00:00",
        "2020-07-01T00:00:00",
        'build = "BUILD"',
        announced="2020-07-10T23:01:00",
    )
    + """
[[household]]
id = "one"
kind = "of a stranger"
balance_eur = 20
load_w = 100
visits = [{ at = 2020-06-29T10:00:00, insert = true }]
"""
)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> str:
    """The stranger's archive, unpacked; give the name of the build its files use."""
    module = f"stranger_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    build = f"{module}:program"
    Path("campaign.toml").write_text(CAMPAIGN.replace("BUILD", build))
    find = f'target = "stories"\nbuild = "{build}"\ninput = "00"\nwhy = "it fails"\n'
    Path("find.toml").write_text(find)
    return build


def refused(done, file: str) -> None:
    assert done.code == 2
    assert done.err.startswith(f"meter-emu: {file}: build: a file starts no program")
    assert "--trust-builds allows it" in done.err
    assert done.err.count("\n") == 1
    assert not Path("it-ran").exists()


@pytest.mark.slow("rehearses whole campaigns")
def test_a_file_starts_no_program_that_nobody_allowed(folder, emu):
    refused(emu("rehearse", "campaign.toml"), "campaign.toml")
    refused(emu("fuzz", "replay", "find.toml"), "find.toml")
    refused(emu("fuzz", "minimize", "find.toml"), "find.toml")
    Path("campaign.toml").write_text(CAMPAIGN.replace("BUILD", "./next-to-it"))
    Path("next-to-it").write_text("#!/bin/sh\ntouch it-ran\n")
    Path("next-to-it").chmod(0o755)
    refused(emu("rehearse", "campaign.toml"), "campaign.toml")


@pytest.mark.slow("starts commands")
def test_it_runs_where_it_is_allowed_or_named_at_the_command_line(folder, emu):
    allowed = emu("rehearse", "campaign.toml", "--trust-builds", "--jobs", "1")
    assert (allowed.code, allowed.err) == (0, "")
    Path("it-ran").unlink()  # imported once in this process, it does not run again
    named = emu("rehearse", "campaign.toml", "--build", folder, "--jobs", "1")
    assert (named.code, named.err) == (0, "")


def test_a_recorded_dialogue_starts_no_program_either(folder, emu):
    text = CAMPAIGN.replace("BUILD", "reference")
    Path("campaign.toml").write_text(text)
    assert emu("rehearse", "campaign.toml", "--trace", "dialogue.jsonl").code == 0
    first, rest = Path("dialogue.jsonl").read_text().split("\n", 1)
    header = json.loads(first)
    header["origin"]["build"] = folder
    Path("dialogue.jsonl").write_text(json.dumps(header) + "\n" + rest)
    refused(emu("trace", "replay", "dialogue.jsonl"), "dialogue.jsonl")
    assert emu("trace", "replay", "dialogue.jsonl", "--build", "reference").code == 0


def test_our_own_builds_and_slips_of_the_pen_need_no_leave(folder, emu):
    Path("campaign.toml").write_text(CAMPAIGN.replace("BUILD", "reference+end-exclusive"))
    assert emu("rehearse", "campaign.toml", "--jobs", "1").code == 0
    Path("campaign.toml").write_text(CAMPAIGN.replace("BUILD", "refrence"))
    assert "did you mean" in emu("rehearse", "campaign.toml").err


LONG = ".".join("a" * (KEY_PARTS_MAX + 1))


@pytest.mark.parametrize(
    "text",
    [f"{LONG} = 1", f"[{LONG}]", '"x".' * KEY_PARTS_MAX + "b = 1", f"x = {{ {LONG} = 1 }}"],
    ids=["key", "header", "quoted", "inline"],
)
def test_a_key_of_very_many_parts_is_refused_before_it_is_parsed(text, tmp_path, emu):
    with pytest.raises(ValueError, match="a key of more than 16 parts"):
        toml_of(text)
    (tmp_path / "bomb.toml").write_text(text)
    done = emu("rehearse", tmp_path / "bomb.toml")
    assert done.code == 2
    assert "is not valid TOML: a key of more than 16 parts" in done.err


def test_dots_in_text_and_comments_are_no_keys():
    dots = "a." * 50
    text = f'x = "{dots}" # {dots}\ny = \'{dots}\'\nz = """\n{dots}\n"""\n{LONG[2:]} = 1\n'
    assert toml_of(text)["y"] == dots
