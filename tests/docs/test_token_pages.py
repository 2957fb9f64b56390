"""docs/sts.md and docs/openpaygo.md: commands print what is shown, tables are the program's."""

import re
import shlex
from datetime import datetime, timedelta
from typing import Any

import pytest

from card_protocol.tokens.openpaygo.chain import EXTENDED, STANDARD
from card_protocol.tokens.openpaygo.counter import CounterLimits, PaygoCounter, PaygoKind
from card_protocol.tokens.sts.tid import TID_MAX, BaseDate, wall_min_of
from tests.cli.outcome import runner
from tests.docs.pages import blocks, page, table

PAGES = ("docs/sts.md", "docs/openpaygo.md")
SHOWN = re.compile(r"^```sh\n(.*?)^```\n\n```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", PAGES)
def test_commands_print_what_the_page_shows(name: str, monkeypatch: Any, capsys: Any) -> None:
    emu = runner(monkeypatch, capsys)
    steps = SHOWN.findall(page(name))
    assert len(steps) >= 2
    assert len(steps) == page(name).count("```sh\n"), "every command is shown with what it prints"
    for commands, shown in steps:
        lines = []
        for command in commands.splitlines():
            words = shlex.split(command, comments=True)
            status = re.search(r"# exit status (\d)$", command)
            done = emu(*words[1:])
            assert done.code == (int(status[1]) if status else 0), command
            lines += (done.out + done.err).splitlines()
        left = iter(lines)
        for line in shown.splitlines():
            assert any(found == line for found in left), line


@pytest.mark.parametrize("name", PAGES)
def test_the_example_in_python_runs(name: str) -> None:
    (source,) = blocks(page(name), "python")
    exec(compile(source, name, "exec"), {})


def test_the_ends_of_the_base_dates_are_those_of_the_codec() -> None:
    for base, end, _ in table(page("docs/sts.md"), "base date", "last minute", "what then"):
        year = BaseDate(datetime.fromisoformat(base).year)
        last = datetime(1970, 1, 1) + timedelta(minutes=wall_min_of(TID_MAX, year))  # noqa: DTZ001
        assert f"{last:%Y-%m-%d %H:%M}" == end


def test_the_forms_and_the_counter_are_those_of_the_program() -> None:
    text = page("docs/openpaygo.md")
    rows = table(text, "form", "digits", "restricted digits", "values")
    for (_, digits, restricted, _), form in zip(rows, (STANDARD, EXTENDED), strict=True):
        assert (int(digits), int(restricted)) == (form.digits, form.restricted_digits)
    limits = CounterLimits()
    any_, add, sync = (said for _, said in table(text, "token", "is taken if its count is"))
    assert any_ == f"1 to {limits.ahead} above the last"
    assert f"less than {limits.older} below" in add
    assert f"{limits.sync_back - 1} below to {limits.sync_ahead} above" in sync
    for last, taken in ((63, True), (64, False)):
        assert PaygoCounter(last).takes(PaygoKind.COUNTER_SYNC, 0) is taken


def test_every_check_that_the_page_lists_is_one_that_fails_in_a_test() -> None:
    listed = [name for name, _ in table(page("docs/sts.md"), "check", "refused")]
    tests = page("tests/card_protocol/test_sts_refused.py")
    assert [name for name in listed if f'refused("{name}"' not in tests] == []
