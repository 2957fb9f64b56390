"""The encodings in decimal digits: BCD, EMV, days of the year, GSM."""

from typing import Final

from card_protocol.timestamp.digits import Digits, step_of
from card_protocol.timestamp.encoding import NO_CENTURY, NO_ZONE, Basis


def _row(name: str, title: str, pattern: str, source: str, **more: object) -> Digits:
    size = len(pattern) // 2 + (name == "gsm-scts")
    fixed = {
        "basis": Basis.CIVIL,
        "step_ms": step_of(pattern),
        "cannot": (NO_ZONE, NO_CENTURY),
    }
    return Digits(
        name=name,
        title=title,
        size_bytes=size,
        source=source,
        pattern=pattern,
        **{**fixed, **more},  # type: ignore[arg-type]  # of the keys that it has
    )


DIGITS: Final = (
    _row(
        "bcd-yymmddhhmm",
        "BCD YYMMDDhhmm",
        "YYMMDDhhmm",
        "State Grid Q/GDW 365 order file, bytes 10-14, as published meter programs have it",
        specials=(
            (b"\xff" * 5, "no date (cards of meter-emu)"),
            (b"\x00" * 5, "no switch (State Grid)"),
            (b"\x99" * 5, "no switch (State Grid, all 99)"),
        ),
    ),
    _row(
        "bcd-yymmddhhmmss",
        "BCD YYMMDDhhmmss",
        "YYMMDDhhmmss",
        "the same with seconds; clock chips hold them first",
        specials=((b"\xff" * 6, "no date"),),
    ),
    _row(
        "bcd-yyyymmddhhmmss",
        "BCD YYYYMMDDhhmmss",
        "YYYYMMDDhhmmss",
        "the same with a whole year",
        cannot=(NO_ZONE,),
    ),
    _row(
        "emv-yymmdd",
        "EMV date YYMMDD",
        "YYMMDD",
        "EMV 4.4, tags 5F24, 5F25, 9A; 00-49 is 20YY (Book 4, 6.7.3, as in openemv/emv-utils)",
        pivot=49,
        cannot=("a time of day", NO_CENTURY),
    ),
    _row(
        "doy-yydddhhmm",
        "BCD day of year 0YYDDDhhmm",
        "0YYJJJhhmm",
        "ours: YYDDD and the time in BCD, a leading 0 fills the byte",
    ),
    _row(
        "doy-cyyddd",
        "packed decimal 0CYYDDDF",
        "0CYYJJJF",
        "z/OS TIME DEC; SAS informat PDJULI, which has the examples",
        cannot=("a time of day", NO_ZONE),
    ),
    _row(
        "gsm-scts",
        "GSM semi-octets with zone",
        "YYMMDDhhmmss",
        "3GPP TS 23.040, 9.2.3.11; the pivot as in warthog618/sms: 70-99 is 19YY",
        basis=Basis.OFFSET,
        pivot=69,
        swapped=True,
        carries=frozenset({"offset_min"}),
        cannot=(NO_CENTURY, "an offset that is no quarter hour"),
    ),
)
