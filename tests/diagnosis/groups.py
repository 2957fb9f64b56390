"""Defects that no report of the campaign tells apart, and the bench order that does.

`python -m tests.diagnosis.groups` writes the table of docs/diagnosis.md anew, from kept signatures.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from meter_emu.diagnosis import SAMPLES
from meter_emu.diagnosis.decide import cut_words, probes
from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.hypotheses import Hypothesis, singles
from meter_emu.diagnosis.incident import load_incident
from meter_emu.diagnosis.kept import default_folder
from meter_emu.diagnosis.sampling import SampledHousehold
from meter_emu.diagnosis.signatures import run_under, signature_of
from meter_emu.resources import built_in
from meter_emu.verify.distinguish import distinguish

PAGE = Path(__file__).parents[2] / "docs" / "diagnosis.md"
HEAD = "| the same in every household | split by | what each does |\n| --- | --- | --- |\n"
STORIES = 300


def orders() -> tuple[tuple[str, SampledHousehold], ...]:
    """Return the bench orders of the Walloon incident."""
    incident = load_incident(built_in("incidents")["ores-2020-07"])
    return probes(incident, ()).bench


def does(order: SampledHousehold, member: str) -> str:
    """Return when a bench order cuts under a defect."""
    return cut_words(signature_of(run_under(order, Hypothesis(defects=(member,)))), order)


def row(members: Sequence[str]) -> str:
    """Return the table's row: the orders that split most, and for who is left `distinguish`."""
    tried = [(words, {one: does(order, one) for one in members}) for words, order in orders()]
    known: dict[str, tuple[str, ...]] = dict.fromkeys(members, ())
    used = []
    while True:
        gains = [len({(known[one], each[one]) for one in members}) for _, each in tried]
        if max(gains) == len(set(known.values())):
            break
        words, each = tried[gains.index(max(gains))]
        used.append(words)
        known = {one: (*known[one], each[one]) for one in members}
    for answer in dict.fromkeys(known.values()):
        left = [one for one in members if known[one] == answer]
        if len(left) > 1:
            pair = [f"reference+{one}" for one in left[:2]]
            found = distinguish(*pair, examples=STORIES).difference
            what = "nothing" if found is None else f"{found.look_at}, {found.day}"
            used.append(f"`{left[0]}` and `{left[1]}` by `distinguish`: {what}")
    said = "; ".join(f"`{one}` {', '.join(answer)}" for one, answer in known.items() if answer)
    return f"| {', '.join(f'`{one}`' for one in members)} | {'; '.join(used)} | {said} |"


def groups() -> Iterator[tuple[str, ...]]:
    """Yield the defects that differ from the reference, and from each other in no household."""
    incident = load_incident(built_in("incidents")["ores-2020-07"])
    at_work = Diagnosing(incident, samples=SAMPLES, seed=0, kept_in=default_folder(), jobs=None)
    at_work.singles()
    places = range(len(at_work.predictor.households))
    by_signature: dict[object, list[str]] = {}
    for one in singles():
        if one.base == "reference" and one.office is None:
            seen = tuple(at_work.predictor.kept.of(place, one) for place in places)
            by_signature.setdefault(seen, []).append(one.words)
    for members in by_signature.values():
        if len(members) > 1 and "nothing was wrong" not in members:
            yield tuple(members)


def main() -> None:
    """Write the table."""
    table = HEAD + "".join(f"{row(members)}\n" for members in sorted(groups()))
    text = PAGE.read_text("utf-8")
    PAGE.write_text(re.sub(re.escape(HEAD) + r"(?:\|.*\n)*", lambda _: table, text), "utf-8")


if __name__ == "__main__":
    main()
