"""`verify BUILD`: run the laws against a program on the ports, and show what breaks them."""

import itertools
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import click

from meter_emu.cli.app import began_s
from meter_emu.cli.clustered import cluster_at
from meter_emu.cli.driver_verified import case_of, show_report
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK, see_checked
from meter_emu.cli.junit import JUnitCase, write_junit
from meter_emu.cli.output import (
    STDOUT,
    echo,
    made_folder,
    print_json,
    say_written,
    write_atomically,
)
from meter_emu.cli.printed.verified import verified
from meter_emu.cli.progress import watched
from meter_emu.cli.verify import EXAMPLES
from meter_emu.cli.verify_words import words_of_laws
from meter_emu.driver_bench import TRIES
from meter_emu.driver_bench.report import DriverReport
from meter_emu.driver_bench.sixteen import write_int16
from meter_emu.driver_bench.starter import write_starter
from meter_emu.driver_bench.verify_driver import (
    check_again,
    chosen_driver_laws,
    verify_driver,
)
from meter_emu.errors import ConfigError
from meter_emu.laws import laws_of_any_story
from meter_emu.laws.law import Law, Trial
from meter_emu.resources import find
from meter_emu.verify.report import Examined, Report
from meter_emu.verify.run import Hear, chosen_laws, examine, verify
from meter_emu.workers.results_file import GoOn
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.campaign import load_campaign


def verify_build(
    build: str | None,
    *,
    driver: str | None,
    starter: str | None,
    platform: str | None,
    sixteen: str | None,
    again: str | None,
    junit_file: str | None,
    models: Sequence[str],
    law_ids: Sequence[str],
    examples: int | None,
    time_s: int | None,
    seed: int,
    jobs: int | None,
    address: str | None,
    story: str | None,
    folder: str,
    json_file: str | None,
    verbose: bool,
) -> int:
    """Do what `verify` asks; see its declaration."""
    sys.path.insert(0, str(Path.cwd()))  # where they are who have a program of their own
    if {starter, platform, sixteen} != {None}:
        say_written(*_files_for_c(starter, platform, sixteen))
        return EXIT_OK
    if driver is not None or again is not None:
        _alone(build=build, models=models, time_s=time_s, jobs=jobs, cluster=address, story=story)
        tested = _driver(driver, again, law_ids, examples, seed=seed, shown=json_file != STDOUT)
        return show_report(tested, Path(folder), json_file, junit_file)
    if build is None:
        raise click.UsageError("expected a BUILD, or --driver", click.get_current_context())
    if story is not None:
        report = _of_story(build, story, law_ids)
    else:
        examples = examples or (None if time_s else EXAMPLES)
        with cluster_at(address, jobs=jobs) as cluster, _hear(examples, time_s, json_file) as hear:
            report = verify(
                build,
                models=models,
                law_ids=law_ids,
                examples=examples,
                seed=seed,
                deadline_s=time_s,
                began_s=began_s(),
                jobs=jobs,
                cluster=cluster,
                hear=hear,
                go_on=_go_on(json_file),
            )
    _leave(report, junit_file, json_file)
    if json_file != STDOUT:
        files = {} if story is not None else _write(report, Path(folder))
        echo("\n".join(words_of_laws(report, files, story=story, verbose=verbose)))
    return EXIT_FOUND if report.broken else EXIT_OK


def _leave(report: Report, junit_file: str | None, json_file: str | None) -> None:
    """Write the files that were asked for; with the result, its checkpoint is over."""
    if junit_file is not None:
        cases = [_as_case(one) for one in report.examined]
        write_junit(junit_file, "verify", report.build, cases)
    if json_file is not None:
        print_json(verified(report), json_file)
    if go_on := _go_on(json_file):
        go_on.path.unlink(missing_ok=True)
    see_checked(report.build, report.nothing_checked)


def _go_on(json_file: str | None) -> GoOn | None:
    """Return where an interrupted verify leaves what it has: next to the file of its result."""
    if json_file is None or json_file == STDOUT:
        return None
    path = Path(f"{json_file}.checkpoint")
    return GoOn(path, lambda words: echo(f"meter-emu: {words}", err=True))


def _as_case(one: Examined) -> JUnitCase:
    """Return a law as a test case."""
    found = one.broken
    return JUnitCase(
        one.law.id,
        why="" if found is None else found.words,
        details="" if found is None else found.text,
        skipped=one.not_observable or "",
    )


def _files_for_c(starter: str | None, platform: str | None, sixteen: str | None) -> list[Path]:
    """Write what a driver in C wants; return the files."""
    if platform is not None and starter is None:
        raise click.UsageError("--platform is for --starter", click.get_current_context())
    files = [] if starter is None else write_starter(starter, platform or "")
    return files if sixteen is None else [*files, write_int16(sixteen)]


def _alone(**others: object) -> None:
    """Refuse what means nothing of a driver."""
    for name, value in others.items():
        if value not in (None, ()):
            what = {"build": "BUILD", "models": "--model", "time_s": "--time"}.get(
                name, f"--{name}"
            )
            raise click.UsageError(f"{what} means nothing of a driver", click.get_current_context())


def _driver(
    driver: str | None,
    again: str | None,
    law_ids: Sequence[str],
    tries: int | None,
    *,
    seed: int,
    shown: bool,
) -> DriverReport:
    """Return what the laws say of a driver, or what one says of the case of a file."""
    if find_spec("resource") is None:
        why = "--driver bounds a driver's processor time, which this system cannot"
        raise click.UsageError(why)
    if again is not None:
        named, law_id, case = case_of(again)
        if driver is None:  # what the file names may be a stranger's, with code that would run
            why = f"a file starts no driver: add --driver {shlex.quote(named)} if you know it"
            raise ConfigError(again, "driver", why)
        return check_again(driver, law_id, case)
    assert driver is not None, "one of the two was given"
    with watched(total=len(chosen_driver_laws(law_ids)), shown=shown) as done:
        count = itertools.count(1)
        return verify_driver(
            driver,
            law_ids=law_ids,
            tries=tries or TRIES,
            seed=seed,
            hear=lambda one: done(next(count), one.law_id),
        )


def _of_story(build: str, story: str, law_ids: Sequence[str]) -> Report:
    """Check the one household of a campaign file: against these laws, or those of any story."""
    parse_build(build)
    campaign = load_campaign(find("campaigns", story))
    if len(campaign.households) != 1:
        raise ConfigError(
            story, "household", f"expected one household, got {len(campaign.households)}"
        )
    trial = Trial(campaign, build)
    device = trial.household.model.device
    asked = chosen_laws(law_ids, device) if law_ids else laws_of_any_story(device)
    return Report(
        build=build,
        seed=0,
        stories=1,
        examined=tuple(examine(trial, law) for law in asked),
        not_covered=(),
        device=device,
        enough=1,
    )


def _write(report: Report, folder: Path) -> dict[str, Path]:
    """Write a campaign file for each broken law, and return where."""
    found = {one.law.id: one.broken for one in report.examined if one.broken is not None}
    if found:
        made_folder(folder)
    files = {law_id: folder / f"{law_id}.toml" for law_id in found}
    for law_id, path in files.items():
        write_atomically(path, found[law_id].text.encode())
    return files


@contextmanager
def _hear(examples: int | None, time_s: int | None, json_file: str | None) -> Iterator[Hear]:
    """Give what reports the progress."""
    with watched(total=examples, shown=json_file != STDOUT, time_s=time_s) as done:
        broken: list[str] = []

        def hear(stories: int, law: Law | None) -> None:
            if law is not None:
                broken.append(law.id)
            said = f"broken: {', '.join(broken)}" if broken else "nothing broken yet"
            small = "" if law is None else "; its story is made small"
            at_once = ""
            if law is not None and len(broken) == 1:
                at_once = f"broken: {law.id}: {law.says}"
            done(stories, f"{stories:,} stories, {said}{small}", at_once=at_once)

        yield hear
