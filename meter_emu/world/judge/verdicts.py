"""The verdicts over a household, gravest first, and the findings next to them: names and meanings.

`Verdict` is of what the meter was ordered, `Lived` of what was announced to the household. A
member's value is its name in JSON and in `expect` or `expect_lived`. `MEANING` and `FINDING`
explain it to people who know the meters, `PLAIN` to those who decide by the report whether to hand
out cards. The pages `docs/campaign-file.md` and `docs/report.md` are checked against this file.
"""

from dataclasses import dataclass
from enum import Enum, unique
from types import MappingProxyType
from typing import Final, final

from meter_emu.languages.speech import marked


@final
@unique
class Verdict(Enum):
    """A household's supply compared with its promise; the gravest that fits counts."""

    CRASHED = "crashed"
    HUNG = "hung"
    NOT_REPRODUCIBLE = "not_reproducible"
    WRONGLY_CUT = "wrongly_cut"
    EARLY = "early"
    NOT_RESTORED = "not_restored"
    FED_UNASKED = "fed_unasked"
    NEVER = "never"
    LATE = "late"
    NOT_SEEN = "not_seen"
    NOT_COVERED = "not_covered"
    HELD = "held"
    ON_TIME = "on_time"
    KEPT = "kept"


@final
@unique
class Lived(Enum):
    """What a household heard, compared with the supply that it had; the first harm counts."""

    DARK_THOUGH_REACTIVATED = "dark_though_reactivated"
    DARK_BEFORE = "dark_before"
    CUT_UNANNOUNCED = "cut_unannounced"
    NOT_GIVEN_BACK = "not_given_back"
    PAID_NEVER_GOT = "paid_never_got"
    DARK_THOUGH_PAID = "dark_though_paid"
    CANNOT_BUY = "cannot_buy"
    CANNOT_BE_SAID = "cannot_be_said"
    STILL_ON = "still_on"
    AS_ANNOUNCED = "as_announced"
    NOT_ANNOUNCED = "not_announced"


@final
@unique
class RepairName(Enum):
    """What can be put right alone where a household did not live what it heard."""

    OFFICE = "office"
    CARD = "card"
    CLOCK = "clock"
    SUPPLY = "supply"
    HOUSEHOLD = "household"
    PLAN = "plan"
    METER = "meter"


@final
@unique
class FindingKind(Enum):
    """What is wrong with a meter apart from its supply."""

    WRONG_DISPLAY = "wrong_display"
    WRONG_MONEY = "wrong_money"
    GROUNDLESS_DOUBT = "groundless_doubt"
    SILENT_ORDER = "silent_order"
    WRONG_CLOCK = "wrong_clock"
    GROUNDLESS_REFUSAL = "groundless_refusal"
    OBEYED_UNLAWFULLY = "obeyed_unlawfully"
    SUPPLY_MISSTATED = "supply_misstated"
    PAID_NOT_CREDITED = "paid_not_credited"
    CREDITED_TWICE = "credited_twice"


GOOD: Final = frozenset({Verdict.ON_TIME, Verdict.KEPT})  # expected by default
EXPECTED: Final = GOOD | {Verdict.NOT_COVERED}  # without a word in the campaign file
HARM: Final = frozenset(
    {
        Lived.DARK_THOUGH_REACTIVATED,
        Lived.DARK_BEFORE,
        Lived.CUT_UNANNOUNCED,
        Lived.NOT_GIVEN_BACK,
        Lived.PAID_NEVER_GOT,
        Lived.DARK_THOUGH_PAID,
        Lived.CANNOT_BUY,
    }
)
LIVED_GRAVITY: Final = MappingProxyType({lived: place for place, lived in enumerate(Lived)})
LIVED_WORDS: Final = MappingProxyType({  # of one and of several, with what follows
    Lived.DARK_THOUGH_REACTIVATED: (("was", "were"), marked("cut though reactivated")),
    Lived.DARK_BEFORE: (("was", "were"), marked("cut or limited before the announced moment")),
    Lived.CUT_UNANNOUNCED: (("was", "were"), marked("cut without an announcement")),
    Lived.NOT_GIVEN_BACK: (("was", "were"), marked("not given the supply back")),
    Lived.PAID_NEVER_GOT: (("has", "have"), marked("paid for energy and never got it")),
    Lived.DARK_THOUGH_PAID: (("was", "were"), marked("without light that was paid for")),
    Lived.CANNOT_BUY: (("is", "are"), marked("unable to buy energy at the end")),
    Lived.CANNOT_BE_SAID: (("is", "are"), marked("not rehearsed to the announced end")),
    Lived.STILL_ON: (("was", "were"), marked("supplied past the announced cut")),
    Lived.AS_ANNOUNCED: (("has", "have"), marked("lived what was announced")),
    Lived.NOT_ANNOUNCED: (("has", "have"), marked("heard nothing that was for them")),
})  # fmt: skip
LIVED_GOOD: Final = frozenset({Lived.STILL_ON, Lived.AS_ANNOUNCED, Lived.NOT_ANNOUNCED})
LIVED_WRONG: Final = HARM | {Lived.STILL_ON}
GRAVITY: Final = MappingProxyType({verdict: place for place, verdict in enumerate(Verdict)})

MEANING: Final = MappingProxyType({
    Verdict.CRASHED: "the program raised an exception, or asked for what no meter can do",
    Verdict.HUNG: "the program did not come back from a poll, or called no port in one",
    Verdict.NOT_REPRODUCIBLE: "run again with the same bytes, the program did otherwise: it reads "
    "a clock, chance, or memory that nobody wrote",
    Verdict.WRONGLY_CUT: "cut, or limited to 10 A, when no promise allows it: a reactivated "
    "household at the old T2, an ordinary one with credit or inside the period, one with a limiter",
    Verdict.EARLY: "an armed household, cut or limited before T2",
    Verdict.NOT_RESTORED: "without supply although it was to be fed: the meter did not ask anybody "
    "to press the button, or somebody asked for supply as this model wants it and was not fed",
    Verdict.FED_UNASKED: "the switch closed although nobody had asked for supply, or could have it",
    Verdict.NEVER: "still fed although a cut was due",
    Verdict.LATE: "cut later than L after T2, or than start-up after a power failure",
    Verdict.NOT_SEEN: "nothing went wrong, but the rehearsal ended before it could be seen",
    Verdict.NOT_COVERED: "the program is not for this meter or card, as it declares or as one "
    "order on a card shows: nothing was run",
    Verdict.HELD: "still fed at T2 because the meter did not believe its clock or had no power",
    Verdict.ON_TIME: "cut at T2, or as soon after it as the clock's uncertainty *u* allows",
    Verdict.KEPT: "nothing was due, and nothing happened that should not",
})  # fmt: skip


@final
@dataclass(frozen=True, slots=True)
class Plain:
    """A verdict in plain words: a heading, what happened, and what to do when it is a surprise.

    The catalogues have all three: they are said later.
    """

    heading: str
    meaning: str
    advice: str


_COMPARE: Final = marked(
    "Something else was expected here: compare the campaign file with the timeline."
)

PLAIN: Final = MappingProxyType({
    Verdict.CRASHED: Plain(
        "The meter's program failed",
        "The program of these meters stopped with an error, so nobody knows whether the "
        "households would have had supply.",
        "Do not hand out cards for these meters. The result names the error, the moment, and the "
        "program's last call to its meter: give these to its author.",
    ),
    Verdict.HUNG: Plain(
        "The meter's program did not come back",
        "The program of these meters looked once and never finished, so nobody knows whether the "
        "households would have had supply.",
        "Do not hand out cards for these meters. The result names the moment and the program's "
        "last call to its meter: give these to its author.",
    ),
    Verdict.NOT_REPRODUCIBLE: Plain(
        "The meter's program does not do the same twice",
        "Something went wrong in these households, and with the same bytes again something else "
        "happened.",
        "Do not hand out cards for these meters. The program reads a clock of the computer, "
        "chance, or memory that nobody wrote: give the result to its author.",
    ),
    Verdict.WRONGLY_CUT: Plain(
        "Cut though nothing allowed it",
        "These households had reactivated, or had credit or protection, and lost their supply all "
        "the same.",
        "Do not hand out cards for these meters. A household cut in this way has no supply until "
        "its card has been to an office and back: no one can reach the meter from afar. Compare "
        "“the meter understood” with “announced” in the timelines: where they differ, the order "
        "was written or read wrongly; where they agree, the meter did not act on what it knew.",
    ),
    Verdict.EARLY: Plain(
        "Cut before the ordered moment",
        "The end of their supply was ordered of these meters, and they cut before it.",
        "Do not hand out cards for these meters. If the meter understood an earlier moment than "
        "the ordered one, every meter of that kind will do the same: mend how the date is "
        "written or read, then rehearse again. Announcing an earlier moment is no remedy; it "
        "would move too.",
    ),
    Verdict.NOT_RESTORED: Plain(
        "Left without supply",
        "These households had reactivated or loaded, and could not get their supply back: the "
        "meter did not ask for the button, or the button did nothing.",
        "Do not hand out cards for these meters. No visit to an office helps such a household: "
        "its card already holds the right order. Look in the event log for what the meter showed "
        "when the card was put in and when the button was pressed.",
    ),
    Verdict.FED_UNASKED: Plain(
        "Switched on though it must stay off",
        "These households were without supply, and the meter switched it on: with nobody at the "
        "button, for somebody who could not have it, or to test the pipes, and left it on while "
        "gas flowed.",
        "Do not hand out cards for these meters. Where nobody had asked, a hob may be on, or "
        "somebody at the wiring; where somebody had, compare the balance with what was loaded. The "
        "event log has what came before.",
    ),
    Verdict.NEVER: Plain(
        "Not cut although ordered",
        "The end of their supply was ordered of these meters, and they kept it on.",
        "Nobody lost supply, but the order had no effect. See whether the meter "
        "understood an end at all; if not, the order never reached it.",
    ),
    Verdict.LATE: Plain(
        "Cut later than ordered",
        "These households had supply for longer than the meter's clock can explain.",
        "Nobody lost supply too early, but energy flowed that somebody has to pay for. Look in the "
        "event log for what the meter waited for.",
    ),
    Verdict.NOT_SEEN: Plain(
        "Not seen to the end",
        "The rehearsal ended before it could show whether these meters do what they were ordered.",
        "Let the rehearsal end later: a meter waits until its clock, however wrong, must have "
        "reached the ordered moment.",
    ),
    Verdict.NOT_COVERED: Plain(
        "Not covered by the program",
        "The program is not for these meters, or not for their cards, so nothing was run and "
        "nothing is known of these households.",
        "Rehearse them with the program that their meters have.",
    ),
    Verdict.HELD: Plain(
        "Supply kept: clock not reliable",
        "A cut was due, but the meter did not trust its clock or had no power. It kept the supply "
        "on and said so on its display.",
        "Plan a visit: these meters wait for a technician to set the clock, or for power.",
    ),
    Verdict.ON_TIME: Plain(
        "Cut as ordered",
        "The end of their supply was ordered of these meters, and no order took it before. "
        "Who had used up the credit earlier was off already.",
        _COMPARE,
    ),
    Verdict.KEPT: Plain(
        "Supplied as ordered",
        "No cut was due for these meters, and none came that should not have come.",
        _COMPARE,
    ),
})  # fmt: skip

FINDING: Final = MappingProxyType({
    FindingKind.WRONG_DISPLAY: "a write-back or the display stated another T1 or T2 than was "
    "announced",
    FindingKind.WRONG_MONEY: "a balance, an accepted sum or a charged energy that an exact account "
    "does not allow, either way, in a write-back, in the memory or on the display; or a household "
    "never cut for lack of credit, or never limited",
    FindingKind.GROUNDLESS_DOUBT: "the meter said that it did not know the time, and nothing "
    "explains it",
    FindingKind.SILENT_ORDER: "a new order was neither executed nor refused nor pending",
    FindingKind.WRONG_CLOCK: "a write-back stated a time further from the truth than *u*, of a "
    "clock that was set right and that the meter believed",
    FindingKind.GROUNDLESS_REFUSAL: "the household's newest card was right, and was not obeyed",
    FindingKind.OBEYED_UNLAWFULLY: "a card of another household, an expired or a replaced one was "
    "obeyed",
    FindingKind.SUPPLY_MISSTATED: "the display said that the supply was off or limited, and it was "
    "not; or the switch moved without power",
    FindingKind.PAID_NOT_CREDITED: "something was left of what was paid for with a token, and the "
    "supply was off",
    FindingKind.CREDITED_TWICE: "a token was keyed in again, and supply was on for longer than was "
    "paid for",
})  # fmt: skip

PLAIN_FINDING: Final = MappingProxyType({
    FindingKind.WRONG_DISPLAY: Plain(
        "The meter stated another moment",
        "These meters wrote back another T1 or T2 than was announced to the household.",
        "Mend how the date is written or read, then rehearse again: the meter will act on what it "
        "states.",
    ),
    FindingKind.WRONG_MONEY: Plain(
        "The account is wrong",
        "These meters stated a balance, a load or a consumption that nobody can explain, or never "
        "cut a household without credit.",
        "Do not hand out cards for these meters before the difference is understood: somebody pays "
        "it.",
    ),
    FindingKind.GROUNDLESS_DOUBT: Plain(
        "The clock was doubted without a cause",
        "These meters said that they did not know the time, and nothing explains it.",
        "A meter that does not know the time cuts nobody, lets every hour be night, and waits for "
        "a technician: find out why it doubts before thousands of them do.",
    ),
    FindingKind.SILENT_ORDER: Plain(
        "An order was lost in silence",
        "These meters took a card and said nothing of the new order on it.",
        "A household that did everything right has no way of knowing. Do not hand out cards for "
        "these meters.",
    ),
    FindingKind.WRONG_CLOCK: Plain(
        "The meter believed a wrong time",
        "These meters wrote back a time that is further off than they allow for, and said that "
        "they believed it.",
        "Do not hand out cards for these meters: everything with a date happens at a wrong moment. "
        "The clock chip was set right, so look at what the program reads from it, and writes.",
    ),
    FindingKind.GROUNDLESS_REFUSAL: Plain(
        "A right card was refused",
        "These meters did not obey a card that was right: the newest of the household, written by "
        "an office without faults, not expired.",
        "Do not hand out cards for these meters. The household has paid, or was reactivated, and "
        "the meter goes on as before: look in the event log for the code that it showed.",
    ),
    FindingKind.OBEYED_UNLAWFULLY: Plain(
        "A wrong card was obeyed",
        "These meters obeyed a card of another household, an expired or a replaced one.",
        "Do not hand out cards for these meters: somebody else's order, or one that was taken "
        "back, would be carried out.",
    ),
    FindingKind.SUPPLY_MISSTATED: Plain(
        "Switch and display contradict each other",
        "The displays of these meters said that the supply was off or limited, and it was not; or "
        "their switch moved while they had no power.",
        "Look in the event log for what moved the switch last: the meter's program takes it to be "
        "in another position than it is.",
    ),
    FindingKind.PAID_NOT_CREDITED: Plain(
        "Paid, and not supplied",
        "These households had something left of what they paid for, and had no supply.",
        "Do not sell tokens for these devices: look in the event log for what was keyed in before, "
        "and whether power failed in it.",
    ),
    FindingKind.CREDITED_TWICE: Plain(
        "A token was credited twice",
        "These devices were supplied for longer than was paid for, after a token that had been "
        "used was keyed in again.",
        "Who finds out needs no more tokens. Look at which counts the device keeps as used.",
    ),
})  # fmt: skip
