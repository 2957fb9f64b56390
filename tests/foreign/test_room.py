"""A reader that breaks a limit of its room is one line, and no reader outlives who asked it."""

import sys

import pytest

from meter_emu.errors import ConfigError
from meter_emu.foreign import room
from meter_emu.foreign.room import read_apart
from tests.foreign.misreaders import misreads

WORDS = {
    "loops": "takes more than 1 s of processor time to read",
    "allocates": "takes more than 300 MB of memory to read",
    "replies": "has more than 2 MB of values",
    "aborts": r"broke its reader \(SIGABRT\): at the end of its wits",
    "leaves": r"broke its reader \(3\)",
    "raises": r"broke its reader \(1\): .*what no handler expects",
    "fails": "cannot be read: what no handler expects",
    "promises": "has more than 2 MB of values",
    "writes": "cannot be read: ",
}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """A room with little in it."""
    for name, most in (
        ("READER_MEMORY_MAX_MB", 300),
        ("READER_PROCESSOR_MAX_S", 1),
        ("REPLY_MAX_MB", 2),
    ):
        monkeypatch.setattr(room, name, most)


def replies(what: str) -> list[object]:
    return list(read_apart("a.xlsx", misreads, b"12345", [what], instead=("", "CSV")))


@pytest.mark.slow("a process that works for a second")
@pytest.mark.parametrize("what", WORDS)
def test_what_breaks_a_limit_is_one_line_and_what_came_before_is_there(what):
    found = read_apart("a.xlsx", misreads, b"12345", [what], instead=("", "CSV"))
    assert next(found) == 5
    with pytest.raises(ConfigError, match=WORDS[what]) as refused:
        list(found)
    assert "\n" not in str(refused.value)
    assert "\x1b" not in str(refused.value)


def test_who_talks_more_than_anybody_reads_waits_for_nobody():
    assert replies("talks").count("refused") > 90


def test_a_reader_whose_rows_nobody_wants_any_more_ends():
    found = read_apart("a.xlsx", misreads, b"", ["waits"], instead=("", ""))
    assert next(found) == 0
    found.close()  # and `tests/leaks.py` looks for the process


def test_a_library_that_is_missing_is_a_line_however_much_there_was_to_read():
    with pytest.raises(ConfigError, match=r"a.xlsx: needs this"):
        list(read_apart("a.xlsx", misreads, bytes(1 << 22), ["lacks"], instead=("needs this",)))


@pytest.mark.parametrize(
    "lost", ["sys.modules['resource'] = None", "import resource; del resource.RLIMIT_AS",
             "import resource; resource.setrlimit = lambda *_: None"],
    ids=["Windows", "none of memory", "macOS, which takes one and keeps none"],
)  # fmt: skip
def test_where_the_system_keeps_no_limit_nothing_is_read_and_the_line_says_what_to_do(
    monkeypatch, tmp_path, lost
):
    (tmp_path / "sitecustomize.py").write_text(f"import sys\n{lost}\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ConfigError, match="this system bounds no program's memory; CSV"):
        replies("loops")


def test_where_no_process_can_be_started_nothing_is_read(monkeypatch):
    """As in a browser."""
    monkeypatch.setattr(sys, "executable", "nowhere/python")
    with pytest.raises(ConfigError, match=r"no process can be started \(No such file.*; CSV"):
        replies("loops")
