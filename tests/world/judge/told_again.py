"""Each sentence of an answer, recomputed from the JSON of its rehearsal alone.

The reader has the JSON and the English sentences, and shares no line with the program: it knows a
sentence by its pattern, and asks the meters for what is in it. A sentence without a reader is
denied. Instants are compared as written, in legal time.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from math import ceil
from typing import Any, Final

MONTHS: Final = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
LONG: Final = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
STATES: Final = (  # the names of the figures, and what a sentence calls them
    ("supplied", "supplied"),
    ("limited", "behind a limiter"),
    ("disconnected", "disconnected by order"),
    ("without_credit", "without credit"),
    ("no_power", "with no power in the street"),
    ("not_known", "not known"),
)
OTHERWISE: Final = {  # of how many, by what they lived
    "dark_though_reactivated": r"(?:was|were) cut though reactivated",
    "dark_before": (
        r"(?:was|were) cut or limited (?:up to )?(?P<early>[^(]+) before the announced moment"
    ),
    "cut_unannounced": r"(?:was|were) cut without an announcement",
    "not_given_back": r"(?:was|were) not given the supply back",
    "paid_never_got": r"(?:has|have) paid for energy and never got it",
    "dark_though_paid": (
        r"(?:was|were) without light that was paid for, (?:up to )?(?P<dark>[^(]+) of it"
    ),
    "cannot_buy": r"cannot buy energy at the end",
    "still_on": r"(?:was|were) supplied for (?:up to )?(?P<late>[^(]+) past the announced cut",
    "as_announced": r"(?:has|have) lived what was announced",
    "not_announced": r"(?:has|have) heard nothing that was for them",
}
WHOSE: Final = {
    "office": "office", "card": "card", "clock": "clock", "power failure": "supply",
    "household": "household", "plan": "plan", "meter": "meter",
}  # fmt: skip
FINDINGS: Final = {  # the headings of what else can be wrong
    "the meter stated another moment": "wrong_display",
    "the account is wrong": "wrong_money",
    "the clock was doubted without a cause": "groundless_doubt",
    "an order was lost in silence": "silent_order",
    "the meter believed a wrong time": "wrong_clock",
    "a right card was refused": "groundless_refusal",
    "a wrong card was obeyed": "obeyed_unlawfully",
    "switch and display contradict each other": "supply_misstated",
    "paid, and not supplied": "paid_not_credited",
    "a token was credited twice": "credited_twice",
}
COUNT: Final = r"(?P<n>[\d,]+)"
NAMES: Final = r"\((?P<names>[^)]*)\)"


def moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso)


def end_of(told: dict[str, Any]) -> datetime:
    """The announced end: T2, or T1 where nothing else was announced."""
    return moment(told["cut_at"] or told["defer_until"])


class Again:
    """A rehearsal's JSON, asked for what its sentences say."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found
        self.meters = [one for one in found["meters"] if one["ordered"]["verdict"] != "not_covered"]
        self.outside = len(found["meters"]) - len(self.meters)
        self.run = len(self.meters)
        self.heard = [one for one in self.meters if self.lived(one) != "not_announced"]
        self.judged = [one for one in self.heard if self.lived(one) != "cannot_be_said"]
        first = [moment(one["supply"][0]["from"]) for one in self.meters if one["supply"]]
        self.years = {one.year for one in (*first, moment(found["answer"]["at_end"]["at"]))}

    @staticmethod
    def lived(one: dict[str, Any]) -> str:
        return str(one["lived"]["verdict"])

    # Supply --------------------------------------------------------------------------------------

    def state(self, one: dict[str, Any], minute: float) -> str:
        """The state at the end of all that has happened by a minute."""
        failure = one["failure"]
        if not one["supply"]:
            return "not_known"
        if failure is not None and ceil(moment(failure["at"]).timestamp() / 60) <= minute:
            return "not_known"
        last = one["supply"][0]
        for change in one["supply"][1:]:
            if ceil(moment(change["from"]).timestamp() / 60) <= minute:
                last = change
        if last["had"] == "off":
            return "without_credit" if last["why"] == "credit" else "disconnected"
        return {"on": "supplied", "limited": "limited"}.get(last["had"], "no_power")

    def counts(self, minute: float) -> dict[str, int]:
        found = Counter(self.state(one, minute) for one in self.meters)
        return {name: found[name] for name, _ in STATES if found[name] or name == "supplied"}

    def minutes(self) -> list[int]:
        """Every minute at which something can change, in order."""
        first = min(moment(one["supply"][0]["from"]) for one in self.meters if one["supply"])
        found = {int(first.timestamp() // 60)}
        for one in self.meters:
            starts = [change["from"] for change in one["supply"]]
            starts += [one["failure"]["at"]] if one["failure"] else []
            found |= {ceil(moment(iso).timestamp() / 60) for iso in starts}
        end = moment(self.found["answer"]["at_end"]["at"]).timestamp() // 60
        return sorted(minute for minute in found if found and min(found) <= minute < end)

    @property
    def end(self) -> float:
        return moment(self.found["answer"]["at_end"]["at"]).timestamp() // 60

    # Words ---------------------------------------------------------------------------------------

    def short(self, when: datetime) -> str:
        year = "" if when.year in self.years else f" {when.year}"
        return f"{when.day} {MONTHS[when.month - 1]}{year} {when:%H:%M}"

    @staticmethod
    def named(ids: Sequence[str], names: str) -> bool:
        shown, left = ", ".join(ids[:3]), len(ids) - 3
        return names == (f"{shown} and {left:,} more" if left > 0 else shown)

    @staticmethod
    def early(one: dict[str, Any]) -> timedelta:
        """How long before the end that was announced to it by then it was cut."""
        at = moment(one["lived"]["at"])
        told = [shown for shown in one["told"] if moment(shown["made"]) <= at]
        return end_of(told[-1]) - at

    def late(self, one: dict[str, Any]) -> timedelta:
        """For how long it was supplied past the end that was announced when it was late."""
        at = moment(one["lived"]["at"])
        told = [shown for shown in one["told"] if moment(shown["made"]) <= at]
        off = (
            moment(change["from"])
            for change in one["supply"]
            if moment(change["from"]) > at and change["had"] in {"off", "limited"}
        )
        return next(off, moment(one["seen_until"])) - end_of(told[-1])

    @staticmethod
    def missing(one: dict[str, Any]) -> timedelta:
        """How much light was paid for and never there, by whole seconds."""
        light = one["lived"]["light"]
        return timedelta(seconds=light["paid_s"] - light["on_s"] - light["left_s"])


def span(length: timedelta) -> str:
    """A length of time in its two largest units."""
    seconds = int(length.total_seconds())
    parts, begun = [], False
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        count, seconds = divmod(seconds, size)
        begun = begun or count > 0
        if begun:
            parts.append((count, unit))
    return " ".join(f"{count} {unit}" for count, unit in parts[:2] if count) or "0 s"


def number(text: str) -> int:
    return int(text.replace(",", ""))


Said = re.Match[str]


def _always(again: Again, said: Said) -> bool:
    full = all(
        one["failure"] is None and one["supply"] and {c["had"] for c in one["supply"]} == {"on"}
        for one in again.meters
    )
    return full and number(said["n"] or "1") == again.run


def _figures(text: str) -> dict[str, int] | None:
    found = {}
    words = {word: name for name, word in STATES}
    for part in text.split(", "):
        count, _, word = part.partition(" ")
        if word not in words or words[word] in found:
            return None
        found[words[word]] = number(count)
    return found


def _at_end(again: Again, said: Said) -> bool:
    end = again.counts(again.end)
    shown = _figures(f"{said['n']} supplied{said['others']}")
    if shown != end or number(said["of"]) != again.run or sum(shown.values()) != again.run:
        return False
    at = {minute: again.counts(minute) for minute in again.minutes()}
    least = min(one["supplied"] for one in at.values())
    first = next(minute for minute, one in at.items() if one["supplied"] == least)
    if said["worst"] is None:
        return at[first] == end
    zone = moment(again.found["answer"]["worst"]["at"])
    when = again.short(datetime.fromtimestamp(first * 60, zone.tzinfo))
    return _figures(said["worst"]) == at[first] and said["when"] == when and at[first] != end


def _uncovered(again: Again, said: Said) -> bool:
    return number(said["n"]) == again.outside > 0


def _unjudged(again: Again, said: Said) -> bool:
    ids = [one["id"] for one in again.heard if again.lived(one) == "cannot_be_said"]
    ends = []
    for one in again.heard:
        if again.lived(one) == "cannot_be_said":
            last = one["told"][-1]
            ends.append(end_of(last) + timedelta(minutes=last["late_max_min"]))
    same = len({one["lived"]["as_expected"] for one in again.heard if one["id"] in ids}) < 2
    right = number(said["of"]) == len(again.heard) and number(said["n"]) == len(ids)
    latest = again.short(max(ends)) if ends else ""
    return right and same and again.named(ids, said["names"]) and said["when"] == latest


def _share(again: Again, said: Said) -> bool:
    right = sum(again.lived(one) == "as_announced" for one in again.judged)
    others = number(said["others"] or "0")
    shown = number(said["n"]), number(said["of"]), others
    return shown == (right, len(again.judged), again.run - len(again.heard))


def _all(again: Again, said: Said) -> bool:
    all_of_them = all(again.lived(one) == "as_announced" for one in again.meters)
    return all_of_them and (said[0].startswith("It ") == (again.run == 1))


def _none(again: Again, said: Said) -> bool:
    return not again.heard and number(said["n"]) == again.run


def _otherwise(again: Again, said: Said) -> bool:
    verdict = next(name for name in OTHERWISE if said[f"v_{name}"] is not None)
    doing = _repairs(said["doing"])
    as_expected = said["by"] != "and the file expects otherwise"
    good = verdict in {"still_on", "as_announced", "not_announced"}
    if not said["by"]:
        as_expected = good
    alike = [
        one
        for one in again.meters
        if again.lived(one) == verdict
        and one["lived"]["as_expected"] == as_expected
        and _named_repairs(one) == doing
    ]
    if verdict == "still_on":
        longest = max((again.late(one) for one in alike), default=timedelta())
        if said["late"] != span(longest):
            return False
    if verdict == "dark_before":
        earliest = max((again.early(one) for one in alike), default=timedelta())
        if said["early"] != span(earliest):
            return False
    if verdict == "dark_though_paid":
        missing = [again.missing(one) for one in alike]
        if said["dark"] not in {span(max(missing) + timedelta(seconds=off)) for off in (-1, 0, 1)}:
            return False
    right = number(said["n"]) == len(alike)
    return right and again.named([one["id"] for one in alike], said["names"])


def _named_repairs(one: dict[str, Any]) -> list[list[str]] | None:
    doing = one["lived"]["doing"]
    return None if doing is None else [by["repairs"] for by in doing]


def _repairs(text: str | None) -> list[list[str]] | None:
    if text is None:
        return None
    if text == "nothing that we can put right alone":
        return []
    doers = rf"the doing of the ({'|'.join(WHOSE)})\b"
    return [[WHOSE[word] for word in re.findall(doers, by)] for by in text.split(", or ")]


def _night(one: dict[str, Any]) -> tuple[date, bool]:
    when = moment(one["ordered"]["at"])
    if when.hour >= 18:
        return when.date(), True
    return (when.date() - timedelta(days=1), True) if when.hour < 6 else (when.date(), False)


def _day(day: date) -> str:
    return f"{day.day} {LONG[day.month - 1]}"


def _off_time(time: tuple[date, bool]) -> str:
    return f"in the night of {_day(time[0])}" if time[1] else f"on {_day(time[0])}"


def _erred(again: Again, said: Said) -> bool:
    erred = [one for one in again.meters if not one["ordered"]["as_expected"]]
    taken = [
        one
        for one in erred
        if one["ordered"]["verdict"] in {"wrongly_cut", "early"} and one["ordered"]["at"]
    ]
    limited = [one for one in taken if _limited(one)]
    cuts = Counter(_night(one) for one in taken if one not in limited)
    words = ""
    if cuts:
        most = max(sorted(cuts), key=lambda time: cuts[time])
        words = f"; {cuts.total():,} cut"
        if len(cuts) == 1:
            words += f" {_off_time(most)}"
        else:
            words += f", the first {_off_time(min(cuts))}"
            often = f", {cuts[most]:,} of them "
            if cuts[most] == 1:
                words += ", each in another night"
            else:
                words += often + ("then" if min(cuts) == most else _off_time(most))
    words += f"; {len(limited):,} limited" if limited else ""
    shown = number(said["n"]), number(said["of"]), re.sub(r" \d{4}(?=[,;]|$)", "", said["when"])
    return shown == (len(erred), again.run, words)


def _limited(one: dict[str, Any]) -> bool:
    return any(
        breach["from"] == one["ordered"]["at"]
        and breach["happened"].startswith("the meter limited")
        for breach in one["breaches"]
    )


def _alone(again: Again, said: Said) -> bool:
    alone = [
        one
        for one in again.meters
        if not one["as_expected"]
        and one["ordered"]["as_expected"]
        and one["lived"]["as_expected"]
        and one["findings"]
    ]
    if number(said["n"]) != len(alone):
        return False
    by_id = {one["id"]: {f["kind"] for f in one["findings"]} for one in alone}
    for heading, names in re.findall(r"([^;(]+) \(([^)]*)\)", said["kinds"]):
        kind = FINDINGS.get(heading.strip().removeprefix("; "))
        shown = [name for name in re.split(r", | and [\d,]+ more", names) if name]
        if kind is None or any(kind not in by_id.get(name, set()) for name in shown):
            return False
    return True


def _without_credit(again: Again, said: Said) -> bool:
    still, again_on = [], []
    for one in again.meters:
        spans = one["without_credit"]
        if spans and spans[-1]["to"] == one["seen_until"] and one["failure"] is None:
            still.append(moment(spans[-1]["from"]).date())
        elif spans:
            again_on.append(moment(spans[0]["from"]).date())
    days, first = (still, "n") if said["n"] else (again_on, "m")
    shown = re.sub(r" \d{4}$", "", said["day"])
    counts = number(said["n"] or "0"), number(said["m"] or "0")
    return (
        counts == (len(still), len(again_on))
        and bool(days)
        and shown == _day(min(days))
        and bool(first)
    )


READERS: Final[tuple[tuple[str, Callable[[Again, Said], bool]], ...]] = (
    (
        (
            r"(?:The household is|All (?P<n>[\d,]+) households are) supplied from beginning to end"
            r"(?:, and nothing announced)?\."
        ),
        _always,
    ),
    (
        r"(?:Of )?(?P<of>[\d,]+) households?(?:, and nothing announced:|,) at the end "
        + COUNT
        + r" (?:is|are) supplied(?P<others>(?:, [^,;]+)*)"
        r"; (?:it was never worse|at worst, on (?P<when>\d+ \w+(?: \d{4})? \d\d:\d\d), "
        r"(?P<worst>.*))\.",
        _at_end,
    ),
    (rf"The program does not cover {COUNT} households?: they were not run\.", _uncovered),
    (rf"The program covers none of {COUNT} households?: nothing was run\.", _uncovered),
    (
        (
            rf"Of (?P<of>[\d,]+), {COUNT} cannot be judged {NAMES}: the rehearsal ends before the "
            r"announced moment; end it later than (?P<when>[\w :]+)"
            r"(?:, as the file expects)?\."
        ),
        _unjudged,
    ),
    (
        (
            rf"{COUNT} of (?P<of>[\d,]+) lived what was announced to them"
            r"(?:; for the other (?P<others>[\d,]+) nothing was)?\."
        ),
        _share,
    ),
    (r"(?:It|All) lived what was announced\.", _all),
    (rf"What was announced was for none of {COUNT} households?\.", _none),
    (
        COUNT
        + " (?:"
        + "|".join(f"(?P<v_{name}>{words})" for name, words in OTHERWISE.items())
        + rf") {NAMES}(?:: (?P<doing>nothing that we can put right alone|the doing of .*?))?"
        r"(?:, (?P<by>as the file expects|and the file expects otherwise))?\.",
        _otherwise,
    ),
    (
        rf"{COUNT} of (?P<of>[\d,]+) meters did otherwise than expected(?P<when>.*)\.",
        _erred,
    ),
    (
        (
            rf"{COUNT} households? (?:has|have) the right supply, and something else is wrong: "
            r"(?P<kinds>.*)\."
        ),
        _alone,
    ),
    (
        (
            r"(?:(?P<n>[\d,]+) households? (?:is|are) without credit, (?:the first )?since "
            r"(?P<day>[\w ]+?)(?:; (?P<m>[\d,]+) (?:was|were) for a time)?)\."
        ),
        _without_credit,
    ),
    (
        (
            r"(?P<m>[\d,]+) households? (?:was|were) without credit for a time, the first on "
            r"(?P<day>[\w ]+)(?P<n>)?\."
        ),
        _without_credit,
    ),
)


def untrue(found: dict[str, Any], said: Sequence[str] | None = None) -> Iterator[str]:
    """Yield each sentence of an answer that its own JSON denies, or that nobody can read."""
    again = Again(found)
    for one in found["answer"]["said"] if said is None else said:
        for pattern, reads in READERS:
            match = re.fullmatch(pattern, one)
            if match is not None:
                if not reads(again, match):
                    yield one
                break
        else:
            yield f"no reader: {one}"


def sums(found: dict[str, Any]) -> Iterator[int]:
    """Yield the sum of each set of figures; all are the households that were run."""
    answer = found["answer"]
    for figures in (answer["at_end"], answer["worst"]):
        yield sum(figures[name] for name, _ in STATES)
    groups = answer.get("by_group", {}).values()
    if groups:
        yield sum(one[name] for one in groups for name, _ in STATES)
