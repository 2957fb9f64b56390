"""Which built-in campaign shows which defect: `python -m tests.docs.seen_in_campaigns`.

Runs every household of every built-in campaign on every defect, which takes minutes. Writes what it
saw to docs/evidence/seen-in-campaigns.json, and the page from it. A defect is seen where a
household ends otherwise than with the reference: another verdict, another finding, or a failure.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from resource import RUSAGE_CHILDREN, getrusage

import click

from meter_emu.defects import Defect, catalogue, defects_of
from meter_emu.domain import BUDGET
from meter_emu.resources import built_in
from meter_emu.workers.processes import Processes
from meter_emu.workers.work import Calling
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.campaigns import of_tokens
from tests.docs.pages import ROOT

PAGE = ROOT / "docs" / "evidence" / "seen-in-campaigns.md"
DATA = ROOT / "docs" / "evidence" / "seen-in-campaigns.json"
LEFT_OUT = {
    "ores-fleet": "its households are those of `ores-2020-07`, 53,579 of them",
}
SLOW = {"waits-for-a-tick": "leap-and-new-year"}  # each look takes a second of bus
CAMPAIGNS = [name for name in built_in("campaigns") if name not in {*LEFT_OUT, *of_tokens()}]
HEAD = """# Which campaign shows which date bug

A defect is seen in a campaign where a household ends otherwise than with the reference: by
verdict, finding or failure. `make seen` runs {households} households on {defects}
[defects](../date-bugs.md) again, in five minutes of a processor, and writes this page and
`seen-in-campaigns.json`, a line for each defect with the campaigns and, in each, the first
household that shows it. `meter-emu rehearse CAMPAIGN --build reference+ID` runs it. {left_out}
Campaigns of devices that take tokens are left out: those run another program.
`waits-for-a-tick` runs in one campaign only: each of its looks takes a second.

{new} defects, of `rules`, `program`, `memory` and counts, made on 28 November 2026, were tried in
`full-counts` and `ores-2020-07` alone: nothing is said of them in the others.

Every one of the {defects} is seen in at least one campaign. `meter-emu show defect ID` has, for
each, a household of its own.
"""


@cache
def campaign(name: str) -> Campaign:
    return load_campaign(built_in("campaigns")[name])


def households(name: str) -> list[Household]:
    """Return a household of each kind of a campaign, with its poll phase."""
    households = campaign(name).households
    return [entry.household(1, households.seed) for entry in households.entries]


@cache
def fared(name: str, place: int, build: str) -> tuple[object, ...]:
    """Return what becomes of a household with a build."""
    household = replace(households(name)[place], build=build)
    outcome, _ = rehearsed(household, campaign(name), events=False)
    return outcome.verdict, {finding.words for finding in outcome.findings}


def shows(name: str, place: int, defect: Defect) -> bool:
    return fared(name, place, defect.build) != fared(name, place, "reference")


def seen_of(defect_id: str) -> dict[str, str]:
    """Return the campaigns in which a defect is seen, and the first household that shows it."""
    defect = catalogue()[defect_id]
    found = {}
    for name in [SLOW[defect_id]] if defect_id in SLOW else CAMPAIGNS:
        for place, household in enumerate(households(name)):
            if shows(name, place, defect):
                found[name] = household.id
                break
    return found


def lines(seen: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield the page."""
    left_out = " ".join(f"`{name}` is left out: {why}." for name, why in LEFT_OUT.items())
    yield HEAD.format(
        households=sum(len(households(name)) for name in CAMPAIGNS),
        defects=len(seen),
        new=25,
        left_out=left_out,
    )
    yield "| campaign | defects seen | seen in no other |"
    yield "| --- | --- | --- |"
    for name in CAMPAIGNS:
        here = [defect_id for defect_id, where in seen.items() if name in where]
        alone = [defect_id for defect_id in here if len(seen[defect_id]) == 1]
        links = ", ".join(f"[`{one}`](../date-bugs.md#{one})" for one in alone)
        yield f"| `{name}` | {len(here)} | {links or 'none'} |"


def text(seen: dict[str, dict[str, str]]) -> str:
    """Return the whole page."""
    return "\n".join(lines(seen)).rstrip("\n") + "\n"


def data(seen: dict[str, dict[str, str]]) -> str:
    """Return the data file, a defect a line."""
    rows = ",\n".join(f"{json.dumps(one)}: {json.dumps(where)}" for one, where in seen.items())
    return f"{{\n{rows}\n}}\n"


def stored() -> dict[str, dict[str, str]]:
    """Return what was seen last."""
    seen: dict[str, dict[str, str]] = json.loads(DATA.read_text("utf-8"))
    return seen


if __name__ == "__main__":
    from tests.docs import evidence  # which reads what this file wrote

    ids = list(defects_of(BUDGET))
    seen_now = {}
    pool = Processes(None)
    with closing(pool.results(Calling(seen_of), ids)) as found:
        for defect_id, where in zip(ids, found, strict=True):
            seen_now[defect_id] = where
            click.echo(f"{len(seen_now):>3} of {len(ids)}  {defect_id:<32} {len(where)} campaigns")
    used = getrusage(RUSAGE_CHILDREN)
    click.echo(f"{used.ru_utime + used.ru_stime:.0f} s of a processor")
    DATA.write_text(data(seen_now), "utf-8")
    PAGE.write_text(text(seen_now), "utf-8")
    evidence.write()
