"""What `verify --driver` shows and leaves: groups of findings, dialogues, files to play again."""

from pathlib import Path
from typing import Final

from msgspec import json
from rich.text import Text

from card_protocol.errors import UndecodedError, decoding
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK, see_checked
from meter_emu.cli.junit import JUnitCase, write_junit
from meter_emu.cli.output import (
    STDOUT,
    made_folder,
    naming,
    print_json,
    wide_console,
    write_atomically,
)
from meter_emu.cli.printed.drivers import DriverCaseJson, driver_verified
from meter_emu.driver_bench.examine import Found, LawResult
from meter_emu.driver_bench.law import Case, FindingRank
from meter_emu.driver_bench.report import DriverReport, dialogue
from meter_emu.driver_bench.verify_driver import DRIVER_LAWS, NO_ROUTINE
from meter_emu.errors import ConfigError
from meter_emu.resources import read_file

_LINES_MAX: Final = 24  # ours: of a dialogue on a screen; the file has all


def show_report(
    report: DriverReport, folder: Path, json_file: str | None, junit_file: str | None
) -> int:
    """Write the files that were asked for, say what was found, and return the exit status."""
    if json_file is not None:
        print_json(driver_verified(report), json_file)
    if junit_file is not None:
        cases = [_as_case(one) for one in report.examined]
        write_junit(junit_file, "verify --driver", report.driver, cases)
    if json_file != STDOUT:
        files = _written(report, folder)
        wide_console().print(_said(report, files), soft_wrap=True)
    see_checked(report.driver, report.nothing_checked)
    return EXIT_FOUND if report.wrong else EXIT_OK


def _as_case(one: LawResult) -> JUnitCase:
    """Return a law as a test case: a wrong date is a failure, a note its output."""
    wrong = [found.words for found in one.found if found.rank is FindingRank.WRONG_DATE]
    notes = [found.words for found in one.found if found.rank is not FindingRank.WRONG_DATE]
    return JUnitCase(
        one.law_id,
        why=wrong[0] if wrong else "",
        details="\n".join(wrong),
        skipped=one.lacks,
        output="\n".join(notes),
        time_s=one.cpu_ms / 1000,
    )


def case_of(path: str) -> tuple[str, str, Case]:
    """Return driver, law and case of a file that a run has left; raise `ConfigError`."""
    try:
        with naming(path), decoding():
            found = json.decode(read_file(path), type=DriverCaseJson)
    except UndecodedError as error:
        why = f"is no file that verify --driver wrote: {error}"
        raise ConfigError(path, "", why) from None
    return found.driver, found.law, Case(found.moment, found.more)


def _written(report: DriverReport, folder: Path) -> dict[Found, Path]:
    """Write each finding as a file that plays again; return where they are."""
    files: dict[Found, Path] = {}
    for rank in FindingRank:
        for one, found in report.of_rank(rank):
            number = sum(path.stem.startswith(one.law_id) for path in files.values()) + 1
            files[found] = folder / f"{one.law_id}-{number}.json"
    if files:
        made_folder(folder)
    laws = {found: one.law_id for one in report.examined for found in one.found}
    for found, path in files.items():
        case = DriverCaseJson(
            driver=report.driver,
            law=laws[found],
            moment=found.case.t,
            more=found.case.more,
            words=found.words,
            dialogue=tuple(dialogue(report.declared, found)),
        )
        write_atomically(path, json.format(json.encode(case), indent=2) + b"\n")
    return files


def _said(report: DriverReport, files: dict[Found, Path]) -> Text:
    checked = [one for one in report.examined if not one.lacks]
    tries = sum(one.tries for one in checked)
    text = Text.assemble(
        (report.driver, "bold"),
        f"  {report.declared.chip or 'no chip'}, {len(checked)} laws, {tries:,} checks of seed"
        f" {report.seed}\n",
    )
    for rank, style in ((FindingRank.WRONG_DATE, "bold red"), (FindingRank.CONTRACT, "yellow")):
        for one, found in report.of_rank(rank):
            text.append(f"  {rank.value}  ", style)
            text.append(
                f"{one.law_id} ({', '.join(found.differs)}): {DRIVER_LAWS[one.law_id].says}\n"
            )
            text.append(_found(report, one, found, files[found]))
    held = [one.law_id for one in checked if not one.found]
    text.append("  held  ", "green")
    text.append(f"{', '.join(held) or 'none'}\n")
    lacking = [one for one in report.examined if one.lacks]
    if absent := [one.law_id for one in lacking if one.lacks.startswith(NO_ROUTINE)]:
        text.append("  not offered  ", "dim")
        text.append(f"{', '.join(absent)}\n")
    for one in lacking:
        if one.law_id not in absent:
            text.append("  not checked  ", "dim")
            text.append(f"{one.law_id}: {one.lacks}\n")
    return text


def _found(report: DriverReport, one: LawResult, found: Found, path: Path) -> Text:
    text = Text(f"          {found.words}\n")
    lines = list(dialogue(report.declared, found)) if found.rank is FindingRank.WRONG_DATE else []
    for line in lines[-_LINES_MAX:]:
        text.append(f"          {line}\n", "dim")
    text.append(f"          {path}: found by try {found.tries} of {one.tries:,}\n", "dim")
    return text
