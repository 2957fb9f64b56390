"""The mutants that no law found, as somebody read them: of which kind each is, and why."""

from typing import Final

EQUIVALENT: Final = "does the same"
WITHIN: Final = "within what a law allows"
UNMET: Final = "no story comes to it"
UNREAD: Final = "no law reads it"

_OVERSHOT = "a loop of its own goes back what the other has gone too far"
_SOONER = "a hint that is shorter, or ends in a poll that finds nothing to do"
_OTHER_YEAR = "near New Year it asks another year's summer, and in winter either says winter"
_NO_SUCH_FIELD = "no day or month is 0 there: who reads the digits of a card has refused it"
_EDGE = "differs in one instant of a century"
_WEEKDAY = "nothing reads the weekday register, and nothing on panel or card shows it"

READ: Final[dict[str, tuple[str, str]]] = {
    name: (kind, why)
    for kind, why, names in (
        (EQUIVALENT, "the last month is never left: no day is past its end",
         ("Calendar.date#9",)),
        (EQUIVALENT, "of the years of a clock, 2000 to 2099, all keep their length",
         ("Calendar.is_leap#14",)),
        (EQUIVALENT, _OVERSHOT,
         ("Calendar.year#8", "Calendar.year#10", "Calendar.year#12", "Calendar.year#18",)),
        (EQUIVALENT, "u of a clock set this second is a rounding larger",
         ("ClockTrust.uncertainty_s#0",)),
        (EQUIVALENT, _SOONER,
         ("Ledger.units_until#4", "Ledger.units_until#6", "LegalHours._seconds_to#0",
          "LegalHours._seconds_to#17", "ClockBase.seconds_to_step#9")),
        (EQUIVALENT, _OTHER_YEAR,
         ("Zone.offset_min#7", "Zone.offset_min#8",)),
        (EQUIVALENT, "what agrees, or has one form, is kept the same by the lines below",
         ("OrderGate._accept#3",)),
        (EQUIVALENT, "an equal number is answered before",
         ("OrderGate.fresh#0",)),
        (EQUIVALENT, "the reading is not valid, and nothing of it is used",
         ("RtcDriver.reading#30",)),
        (WITHIN, _EDGE,
         ("ClockBase.resolve_step#4", "ClockBase.resolve_step#7", "ClockBase.resolve_step#8",)),
        (WITHIN, "a hint that is some seconds too long at an edge of the protected hours",
         ("LegalHours.seconds_to_edge#5",)),
        (EQUIVALENT, _NO_SUCH_FIELD,
         ("Calendar.exists#16",)),
        (EQUIVALENT, "which cut was latched is asked while one is, and each latch says it anew",
         ("OrderGate.reactivate#2",)),
        (UNREAD, _WEEKDAY,
         ("Pcf8563Driver.encode#1", "Pcf8563Driver.encode#2",)),
        (EQUIVALENT, "found by trial from any year: only the number of steps is another",
         ("Calendar.year#1",)),
        (EQUIVALENT, "an hour that is read sooner, in a year's first days another year's",
         ("ClockBase.seconds_to_step#8", "Zone.next_change_min#1",)),
        (EQUIVALENT, "the day of a reading that is none, which nobody asks for",
         ("ClockTrust.judge#12",)),
        (EQUIVALENT, "the year of a reading that is none, which nobody asks for",
         ("RtcDriver.reading#27",)),
        (EQUIVALENT, "at the very minute the year is looked up again, and is the same",
         ("Zone.offset_min#3",)),
        (EQUIVALENT, "a hint of a second less for every minute",
         ("LegalHours._seconds_to#2",)),
        (WITHIN, "one day of nine hundred",
         ("ClockTrust.suspicion#15",)),
        (WITHIN, "a hint that is a second a minute too long, at an edge of the protected hours",
         ("LegalHours._seconds_to#16",)),
        (EQUIVALENT, "no card can say 2106: its years are 2000 to 2099",
         ("Calendar.exists#2",)),
        (EQUIVALENT, _NO_SUCH_FIELD,
         ("Calendar.exists#12",)),
        (UNREAD, _WEEKDAY,
         ("Pcf8563Driver.encode#3",)),
        (EQUIVALENT, _SOONER,
         ("Ledger.units_until#2",)),
        (EQUIVALENT, "the day of a reading that is none, which nobody asks for",
         ("ClockTrust.judge#14", "RtcDriver.reading#16",)),
        (EQUIVALENT, "a clock set this second: a rounding",
         ("ClockTrust.uncertainty_s#1",)),
        (EQUIVALENT, "the year begins with one that is never too late",
         ("Calendar.year#15",)),
        (EQUIVALENT, "a poll more, at the change itself",
         ("Zone.next_change_min#5",)),
        (EQUIVALENT, "a wait of months, from October to March, is cut to a day in any case",
         ("Zone.next_change_min#3",)),
        (WITHIN, "at the very second, or millisecond",
         ("EndStore.due#0", "ClockTrust.ticks_disagree#2",)),
        (WITHIN, "a hint that is some seconds too long at an edge of the protected hours",
         ("LegalHours.seconds_to_edge#2",)),
        (UNMET, "power that fails in a step of the hour, and another step after it",
         ("ClockBase.resolve_step#0",)),
        (UNMET, "a power cut between the two writes of a setting, and a tick there",
         ("Ds1307Driver.set_time#1", "Ds1307Driver.set_time#2",)),
        (UNREAD, "words for a person, or the place of a mistake that nothing but they name",
         ("Held.__str__#2", "desk._check_issued_at#7", "image._check_frame#18",
          "ImageRecords.read#1")),
        (EQUIVALENT, "an erased cell is one byte: its first is its last",
         ("first_content._kept#2",)),
        (UNREAD, "who compares two cards for a person reads it, and no meter or office",
         ("container.claimed_places#4",)),
        (EQUIVALENT, "two readings that are the same are no trouble, and nobody asks",
         ("DeskDates._trouble#1",)),
        (EQUIVALENT, "a session is never below 0",
         ("Desk._seen#2",)),
        (EQUIVALENT, "a price of 0 is refused by the next line: no night costs less than 1",
         ("pricing.check_tariff#13",)),
        (UNMET, "a reader that answers a code with a word that no make has",
         ("MemoryTerminal._present#11",)),
        (UNMET, "two ends of generation 2 in an hour that comes twice, ordered by their minutes",
         ("DeskDates.cut_precedes#2",)),
        (EQUIVALENT, "clocks change on a Sunday, on which no built-in meter's hours begin or end",
         ("LegalHours._seconds_to#11",)),
    )
    for name in names
}  # fmt: skip
