"""Four ways into the program, a command after the other: the answer is on the first screen of each.

A newcomer types them in a fresh folder; `SHOWN` is the command that the answer before named.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

SHOWN: Final = "what the answer before named"
LINES: Final = 24  # of a terminal
_EARLY: Final = "reference+end-exclusive"


class Step(NamedTuple):
    """What is typed, the exit status, and the words that answer it."""

    typed: str
    status: int
    answer: str


PATHS: Final[Mapping[str, tuple[Step, ...]]] = MappingProxyType({
    "a planner": (
        Step("rehearse ores-2020-07", 0, "at the end 16 are supplied, 1 behind a limiter"),
        Step(f"rehearse ores-2020-07 --build {_EARLY}", 1, "8 of 27 lived what was announced"),
        Step(SHOWN, 1, "cut though reactivated"),
        Step("plan check summer-2027", 0, "200 meters, no mistake"),
        Step("plan run summer-2027 --plan B --seeds 3 --jobs 1", 0, "Under B, 52 of 200 are"),
    ),
    "a developer of firmware": (
        Step(f"verify {_EARLY} --law never-early --examples 50", 1, "1 of 1 law broken in"),
        Step(SHOWN, 1, "promised supply (T1 is still to come"),
        Step(f"distinguish {_EARLY} reference --examples 50", 1, "reference differ in story"),
        Step("firmware new mine", 0, "meter-emu rehearse ores-2020-07 --build ./my_meter"),
    ),
    "a developer of card software": (
        Step("card new home.card --meter-id 541000000001", 0, "home.card: secure card 1 for"),
        Step("desk arm home.card --defer-until 2020-07-03T23:01 --cut-at 2020-07-03T23:01", 0,
             "no disconnection until 2020-07-03 23:01, cut at 2020-07-03 23:01"),
        Step("card show home.card", 0, "all that is written has a right MAC"),
        Step("card reissue home.card second.card", 0, "second.card: secure card 2 for"),
        Step("card diff home.card second.card", 1, "fields differ between A and B"),
    ),
    "an investigator": (
        Step("diagnose ores-2020-07 --singles --only end-exclusive --samples 1 --kept kept", 0,
             "Consistent with the reports"),
        Step("list defects", 0, "The calendar"),
        Step("show defect end-exclusive", 0, "caught by:     the law never-early"),
        Step("timestamp decode 2007032301 --around 2020-07-03", 0, "likely: 2020-07-03 23:01"),
    ),
})  # fmt: skip
