"""The mutants that no law found, as somebody read them: of which kind each is, and why."""

from typing import Final

EQUIVALENT: Final = "does the same"
WITHIN: Final = "within what a law allows"
UNMET: Final = "no story comes to it"
UNREAD: Final = "no law reads it"

_OVERSHOT = "a loop of its own goes back what the other has gone too far"
_SOONER = "a hint that is shorter, or ends in a poll that finds nothing to do"
_OTHER_YEAR = "near New Year it asks another year's summer, and in winter either says winter"
_NO_SUCH_REGISTER = "a chip that counts right never shows it: it takes a chip with a fault"
_NO_12_HOURS = "no chip in a story is in 12-hour mode: all are set by the meter, in 24-hour mode"
_NO_SUCH_DATE = "the office writes no date that is not in the calendar: it takes a forged card"
_STAMP = "it takes a clock that lost its time, and an office that wrote before"
_EDGE = "differs in one instant of a century"
_WEEKDAY = "nothing reads the weekday register, and nothing on panel or card shows it"
_NIGHT = "a register of the night's energy that is on no card: it is read from the memory alone"
_POSTPAID = "energy without prepayment is on the card, and no law adds up the registers there"

READ: Final[dict[str, tuple[str, str]]] = {
    name: (kind, why)
    for kind, why, names in (
        (EQUIVALENT, "the last month is never left: no day is past its end",
         ("Calendar.date#9",)),
        (EQUIVALENT, "of the years of a clock, 2000 to 2099, all keep their length",
         ("Calendar.is_leap#14",)),
        (EQUIVALENT, _OVERSHOT,
         ("Calendar.year#8", "Calendar.year#10",
          "Calendar.year#12", "Calendar.year#18")),
        (EQUIVALENT, "set and read a second ahead alike: u has room for it",
         ("ClockBase.offset_s#2",)),
        (EQUIVALENT, "u of a clock set this second is a rounding larger",
         ("ClockTrust.uncertainty_s#0",)),
        (EQUIVALENT, _SOONER,
         ("Ledger.units_until#4",
          "Ledger.units_until#6", "LegalHours._seconds_to#0",
          "LegalHours._seconds_to#17", "ClockBase.seconds_to_step#9")),
        (EQUIVALENT, _OTHER_YEAR,
         ("Zone.offset_min#7", "Zone.offset_min#8")),
        (EQUIVALENT, "what agrees, or has one form, is kept the same by the lines below",
         ("OrderGate._accept#3",)),
        (EQUIVALENT, "an equal number is answered before",
         ("OrderGate.fresh#0",)),
        (EQUIVALENT, "the reading is not valid, and nothing of it is used",
         ("RtcDriver.reading#30",)),
        (WITHIN, _EDGE,
         ("ClockBase.resolve_step#4",
          "ClockBase.resolve_step#7", "ClockBase.resolve_step#8",
          "OrderGate.exists#2")),
        (WITHIN, "a hint that is some seconds too long at an edge of the protected hours",
         ("LegalHours._seconds_to#13",
          "LegalHours.seconds_to_edge#5")),
        (UNMET, "an hour too long a hint, for credit that ends at an edge on a day of a change",
         ("LegalHours._seconds_to#9",)),
        (UNMET, "a program that runs on from one year into the summer of the next",
         ("Zone.offset_min#10",)),
        (UNMET, _NO_SUCH_REGISTER,
         ("FieldCodec.hour#23", "FieldCodec.month#7")),
        (UNMET, _NO_12_HOURS,
         ("FieldCodec.hour#8",
          "FieldCodec.hour#9")),
        (UNMET, _NO_SUCH_DATE,
         ("Calendar.exists#16",
          "OrderGate.exists#3")),
        (UNMET, _STAMP,
         ("ClockTrust.known_s#0",
          "ClockTrust.known_s#2")),
        (UNMET, "a deferral that is over, and after it another",
         ("OrderGate.apply#4",)),
        (UNMET, "a tariff that changes what a unit of gas is worth",
         ("OrderGate.apply#12",)),
        (UNMET, "a wallet with less in it than before, on a card that is not an older one",
         ("Ledger.judge_wallet#5",)),
        (UNMET, "more loads at once than their sum may have",
         ("Ledger.load#7",)),
        (UNMET, "a home that was cut, reactivated, and whose clock is then set",
         ("OrderGate.reactivate#2",)),
        (UNREAD, _WEEKDAY,
         ("Pcf8563Driver.encode#1", "Pcf8563Driver.encode#2")),
        (UNREAD, _NIGHT,
         ("Ledger.book#14",)),
        (UNREAD, _POSTPAID,
         ("Ledger.book#15",
          "Ledger.book#23")),
    )
    for name in names
}  # fmt: skip
