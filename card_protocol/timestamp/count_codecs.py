"""The counts in use: Unix, Zigbee, NTP, STS token identifiers, DVB, EN 1545, and our own."""

from collections.abc import Iterator
from typing import Final

from card_protocol.timestamp.counts import ByteOrder, Count, DayAndMinute
from card_protocol.timestamp.days import day_number
from card_protocol.timestamp.encoding import NO_ZONE, Basis
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS

_UNIX: Final = "POSIX.1-2017, 4.16 Seconds Since the Epoch"
_STS: Final = "IEC 62055-41, as on tidrollover.com and in the vectors of NectarAPI/tokens-service"
_Y1970: Final = (1970, 1, 1)
_Y2000: Final = (2000, 1, 1)
_LITTLE: Final = (
    ("min2000-u32-le", 4, MINUTE_MS, _Y2000), ("min1970-u32-le", 4, MINUTE_MS, _Y1970),
    ("min2000-u24-le", 3, MINUTE_MS, _Y2000), ("days2000-u16-le", 2, DAY_MS, _Y2000),
    ("days1970-u16-le", 2, DAY_MS, _Y1970),
)  # fmt: skip


def _row(
    name: str,
    title: str,
    size: int,
    step_ms: int,
    epoch: tuple[int, int, int],
    source: str,
    basis: Basis = Basis.UTC,
    *,
    bits: int = 0,
    specials: tuple[tuple[bytes, str], ...] = (),
    signed: bool = False,
    order: ByteOrder = "big",
    cannot: tuple[str, ...] = (),
) -> Count:
    return Count(
        name=name,
        title=title,
        size_bytes=size,
        basis=basis,
        step_ms=step_ms,
        source=source,
        epoch_ms=day_number(*epoch) * DAY_MS,
        bits=bits or 8 * size,
        signed=signed,
        order=order,
        specials=specials,
        cannot=cannot or (("a time of day",) if step_ms == DAY_MS else ("a leap second",)),
    )


def _seconds(order: ByteOrder) -> Iterator[Count]:
    """Yield the seconds of one byte order."""
    tail, low = ("", "") if order == "big" else ("-le", ", little end first")
    yield _row(f"unix-u32{tail}", f"s since 1970{low}", 4, SECOND_MS, _Y1970, _UNIX, order=order)
    yield _row(
        f"unix-i32{tail}",
        f"s since 1970, signed{low}",
        4,
        SECOND_MS,
        _Y1970,
        _UNIX,
        signed=True,
        order=order,
    )
    yield _row(
        f"s2000-u32{tail}",
        f"s since 2000{low}",
        4,
        SECOND_MS,
        _Y2000,
        "Zigbee Cluster Library, UTCTime: FFFFFFFF is invalid",
        specials=((b"\xff" * 4, "invalid (Zigbee)"),),
        order=order,
    )
    yield _row(
        f"s2000-i32{tail}",
        f"s since 2000, signed{low}",
        4,
        SECOND_MS,
        _Y2000,
        "ours: as the one without a sign",
        signed=True,
        order=order,
    )


def _others() -> Iterator[Count]:
    """Yield the counts of one byte order."""
    ntp = "RFC 5905, 6: the seconds of era 0"
    yield _row("ntp-u32", "s since 1900 (NTP era 0)", 4, SECOND_MS, (1900, 1, 1), ntp)
    for name, size, step_ms, epoch in _LITTLE:
        source, unit = "as the one with the high byte first", "min" if step_ms < DAY_MS else "days"
        basis = Basis.CIVIL if step_ms == DAY_MS else Basis.UTC
        title = f"{unit} since {epoch[0]}, little end first"
        yield _row(name, title, size, step_ms, epoch, source, basis, order="little")
    none = ((b"\xff" * 4, "no date (cards of meter-emu)"),)
    cards = "generation 2 cards of meter-emu, ours"
    yield _row("min2000-u32", "min since 2000", 4, MINUTE_MS, _Y2000, cards, specials=none)
    yield _row("min1970-u32", "min since 1970", 4, MINUTE_MS, _Y1970, "ours")
    for year in (1993, 2014, 2035):
        yield _row(
            f"sts-tid-{year}",
            f"STS token identifier, base {year}",
            3,
            MINUTE_MS,
            (year, 1, 1),
            _STS,
            Basis.CIVIL,
            cannot=(NO_ZONE, "the minute 00:01, which tokens leave out"),
        )
    yield _row("min2000-u24", "min since 2000", 3, MINUTE_MS, _Y2000, "ours")
    yield _row("min2000-u16", "min since 2000", 2, MINUTE_MS, _Y2000, "ours")
    yield _row("days2000-u16", "days since 2000", 2, DAY_MS, _Y2000, "ours", Basis.CIVIL)
    yield _row("days1970-u16", "days since 1970", 2, DAY_MS, _Y1970, "ours", Basis.CIVIL)
    yield _row(
        "mjd-u16",
        "modified Julian day",
        2,
        DAY_MS,
        (1858, 11, 17),
        "ETSI EN 300 468 annex C (DVB)",
    )
    yield _row(
        "en1545-days",
        "EN 1545 DateStamp, 14 bits",
        2,
        DAY_MS,
        (1997, 1, 1),
        "EN 1545-1 DateStamp; here right-aligned in two bytes",
        Basis.CIVIL,
        bits=14,
    )


DAY_AND_MINUTE: Final = DayAndMinute(
    name="days2000-minute",
    title="days since 2000, minute of day",
    size_bytes=4,
    basis=Basis.CIVIL,
    step_ms=MINUTE_MS,
    source="ours",
    cannot=(NO_ZONE,),
    epoch_ms=day_number(2000, 1, 1) * DAY_MS,
)
COUNTS: Final = (*_seconds("big"), *_seconds("little"), *_others(), DAY_AND_MINUTE)
