"""`meter-emu timestamp`: what bytes mean as a date, how a date is written, when encodings end."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import click

from meter_emu.cli.answers import so_many
from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.names import FILE, WORD, ambiguous_option, json_option
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.with_layout import layout_option, only_with_layout
from meter_emu.errors import ImageError
from meter_emu.nearest import hint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from card_protocol.timestamp.encoding import Codec
    from meter_emu.cli.printed.timestamps import ReadingJson
    from meter_emu.foreign.plausible import Guess
    from meter_emu.foreign.two_clocks import BothClocks

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


zone_option: Final = click.option(
    "--zone",
    default="Europe/Brussels",
    show_default=True,
    metavar="ZONE",
    help="Whose legal time.",
)
codec_option: Final = click.option(
    "--codec",
    "names",
    type=WORD,
    multiple=True,
    metavar="NAME",
    help="This one alone; may be given again. Default: all.",
)
epoch_option: Final = click.option(
    "--epoch",
    metavar="DATE",
    help="Also counts of seconds, minutes and days since this date.",
)


@click.group(cls=CliGroup)
def timestamp() -> None:
    """Say what bytes mean as a date, how a date is written, and when encodings end."""


@examples(
    "timestamp decode 2007032301",
    "timestamp decode 5EFF9C8C --around 2020-07-03",
    "timestamp decode DC BC 0D --epoch 2014-01-01 --json -",
)
@timestamp.command()
@click.argument("hex_text", metavar="BYTES", nargs=-1, required=True)
@click.option("--around", metavar="DATE", help="When it should be about. Default: now.")
@epoch_option
@codec_option
@zone_option
@json_option
def decode(
    hex_text: tuple[str, ...],
    around: str | None,
    epoch: str | None,
    names: tuple[str, ...],
    zone: str,
    json_file: str | None,
) -> int:
    """Say what BYTES mean under every codec of their size, most plausible first.

    A date within ten years of --around is likely, another of 1990 to 2099 possible, any other
    unlikely; a mark that is set, a spare bit or a weekday of another day puts it one step lower,
    but for a mark that many meters always set. The last column says how often random bytes are a
    likely date under this codec; of two readings that are equally plausible, that one comes first
    which random bytes are less often, as near to --around. Legal time is that of --zone. Exit
    status 1 when no codec reads a date.
    """
    from meter_emu.foreign.plausible import Rank, guesses
    from meter_emu.foreign.two_clocks import both_clocks

    raw, of_zone = _bytes(hex_text), _zone(zone)
    around_ms = _ms(datetime.now(UTC) if around is None else _date(around, "--around"))
    codecs = _codecs(names, epoch)
    if len(raw) not in (sizes := sorted({codec.size_bytes for codec in codecs})):
        have = ", ".join(str(size) for size in sizes)
        raise click.BadParameter(
            f"no chosen codec has {len(raw)} bytes; they have {have}", param_hint="BYTES"
        )
    found = guesses(raw, codecs, around_ms)
    clocks = [both_clocks(one.stamp, one.codec.basis, of_zone) for one in found]
    if json_file is not None:
        from meter_emu.cli.printed.timestamps import DecodedJson

        readings = tuple(_reading(*pair) for pair in zip(found, clocks, strict=True))
        print_json(DecodedJson(raw=raw.hex(), zone=zone, readings=readings), json_file)
    if json_file != STDOUT:
        _print_guesses(found, clocks, zone)
    return EXIT_OK if any(one.rank <= Rank.PARTIAL for one in found) else EXIT_FOUND


@examples(
    "timestamp encode '2020-07-03 23:01'",
    "timestamp encode '2020-10-25 02:30' --if-ambiguous later",
    "timestamp encode 2020-07-03T21:01:00Z --codec unix-u32 --json -",
)
@timestamp.command()
@click.argument("date")
@ambiguous_option
@codec_option
@epoch_option
@zone_option
@json_option
def encode(
    date: str,
    which: str | None,
    names: tuple[str, ...],
    epoch: str | None,
    zone: str,
    json_file: str | None,
) -> int:
    """Say how each codec writes DATE, and which cannot.

    '2020-07-03 23:01' is legal time of --zone, with Z or +02:00 an instant; no time is 00:00. A
    codec that would lose something refuses. Exit status 1 when none can write it.
    """
    from card_protocol.errors import TimestampError
    from card_protocol.timestamp.encoding import Basis
    from meter_emu.cli.printed.timestamps import EncodedJson, WrittenDateJson
    from meter_emu.foreign.two_clocks import both_clocks, stamp_for

    of_zone = _zone(zone)
    instant = _instant(date, of_zone, zone, which)
    written: list[WrittenDateJson] = []
    for codec in _codecs(names, epoch):
        try:
            stamp = stamp_for(codec, instant, of_zone)
            raw = codec.encode(stamp).hex()
            remark = "; ".join(both_clocks(stamp, codec.basis, of_zone).remarks)
            row = WrittenDateJson(
                codec=codec.name, raw=raw, as_written=str(stamp), basis=codec.basis, remark=remark
            )
        except TimestampError as error:
            row = WrittenDateJson(codec=codec.name, basis=codec.basis, why=str(error))
        written.append(row)
    if json_file is not None:
        utc = instant.isoformat()
        print_json(EncodedJson(instant=utc, zone=zone, written=tuple(written)), json_file)
    if json_file != STDOUT:
        able = f"{sum(bool(row.raw) for row in written)} of {len(written)} codecs can write it"
        here = f"{instant.astimezone(of_zone):%Y-%m-%d %H:%M:%S %Z}"
        echo(f"{here} is {instant:%H:%M:%S} UTC; {able}\n")
        for row in written:
            if row.why:
                echo(f"{row.codec:<18}  cannot: {row.why}")
                continue
            remark = f"  {row.remark}" if row.remark else ""
            basis = "UTC" if row.basis is Basis.UTC else "legal"
            echo(f"{row.codec:<18}  {row.raw:<24}  {row.as_written} {basis}{remark}")
    return EXIT_OK if any(row.raw for row in written) else EXIT_FOUND


@examples(
    "timestamp ends",
    "timestamp ends --after 1990-01-01 --codec sts-tid-1993",
    "timestamp ends --epoch 2014-01-01 --json -",
)
@timestamp.command()
@click.option("--after", metavar="DATE", help="From this date on. Default: now.")
@codec_option
@epoch_option
@json_option
def ends(
    after: str | None, names: tuple[str, ...], epoch: str | None, json_file: str | None
) -> None:
    """List when encodings end or roll over, the next one first.

    Each is the first moment that an encoding cannot say, on the clock that it counts: UTC, or a
    wall clock. `sign bit` is where it only ends for a program that reads the count as signed.
    """
    from_ms = _ms(datetime.now(UTC) if after is None else _date(after, "--after"))
    found = [end for codec in _codecs(names, epoch) for end in codec.ends()]
    found = sorted(
        (end for end in found if end.at.total_ms >= from_ms), key=lambda end: end.at.total_ms
    )
    if json_file is not None:
        from meter_emu.cli.printed.timestamps import EndShownJson, EndsJson

        shown = tuple(
            EndShownJson(
                at=str(end.at), codec=end.codec, kind=end.kind, last=str(end.last), then=end.then
            )
            for end in found
        )
        print_json(EndsJson(ends=shown), json_file)
    if json_file != STDOUT:
        ends_found = so_many(len(found), "end of an encoding", "ends of encodings")
        echo(f"{ends_found}{f', the next {found[0].at} ({found[0].codec})' if found else ''}")
        for end in found:
            echo(f"{end.at!s:<19}  {end.codec:<18}  {end.kind.value}: {end.then}")


@examples(
    "timestamp scan dump.bin --from 2020-01-01 --to 2021-01-01",
    "timestamp scan dump.bin --from 2020-01-01 --to 2021-01-01 --codec bcd-yymmddhhmm",
    "timestamp scan order.bin --from 2020-01-01 --to 2021-01-01 --layout state-grid-order",
)
@timestamp.command()
@click.argument("file", type=FILE)
@click.option("--from", "begin", metavar="DATE", required=True, help="The first date of the range.")
@click.option("--to", "end", metavar="DATE", required=True, help="The first date after the range.")
@codec_option
@epoch_option
@layout_option
@json_option
def scan(
    file: str,
    begin: str,
    end: str,
    names: tuple[str, ...],
    epoch: str | None,
    layout: str | None,
    begins: int | None,
    json_file: str | None,
) -> int:
    """List every offset in FILE at which a codec reads a date of a range.

    With a layout, the field in which it begins is named. Without --codec the dates come first that
    random bytes are least often under their codec.

    Dates with a mark, a spare bit or another day's weekday are left out, and so are bytes that are
    all 00 or all FF. Random bytes are dates too: the first line says how many a random file of this
    size would show. Exit status 1 when there is none.
    """
    from meter_emu.cli.held import read_bytes
    from meter_emu.foreign.plausible import chance_of
    from meter_emu.foreign.scanning import SCAN_SIZE_MAX, by_chance
    from meter_emu.foreign.scanning import scan as dates_in

    from_ms, to_ms = _ms(_date(begin, "--from")), _ms(_date(end, "--to"))
    if from_ms >= to_ms:
        raise click.BadParameter("the range ends before it begins", param_hint="--to")
    raw = read_bytes(file, "a dump")
    if len(raw) > SCAN_SIZE_MAX:
        raise ImageError(file, f"expected at most {SCAN_SIZE_MAX} bytes to scan, cut it first")
    field_at = _fields(raw, layout, begins, file)
    codecs = _codecs(names, epoch)
    found = list(dates_in(raw, codecs, from_ms, to_ms))
    if not names:
        found.sort(key=lambda hit: chance_of(hit.codec, from_ms, to_ms))  # and then by offset
    chance = by_chance(len(raw), codecs, from_ms, to_ms)
    if json_file is not None:
        from meter_emu.cli.printed.timestamps import DateFoundJson, ScannedJson

        dates = tuple(
            DateFoundJson(
                offset=hit.offset,
                codec=hit.codec.name,
                raw=hit.raw.hex(),
                date=str(hit.stamp),
                field=field_at(hit.offset),
            )
            for hit in found
        )
        shown = ScannedJson(file=file, size_bytes=len(raw), dates=dates, by_chance=round(chance, 2))
        print_json(shown, json_file)
    if json_file != STDOUT:
        count = so_many(len(found), "date", "dates")
        echo(f"{file}: {count}; random bytes would show about {chance:.1f}")
        for hit in found:
            place = f"{hit.offset:>7}  {hit.codec.name:<18}  {hit.raw.hex():<24}"
            echo(f"{place}  {hit.stamp}  {field_at(hit.offset)}".rstrip())
    return EXIT_OK if found else EXIT_FOUND


def _fields(
    raw: bytes, layout: str | None, begins: int | None, file: str
) -> "Callable[[int], str]":
    """Return what names the field of a layout at an offset of the file."""
    if layout is None:
        only_with_layout(begins)
        return lambda _offset: ""
    from meter_emu.foreign.dump import cut_out
    from meter_emu.foreign.layout_file import load_layout

    of_layout = load_layout(layout)
    _, base = cut_out(raw, of_layout, begins, file)
    names = [f"{cell.part}: {cell.name}" for cell in of_layout.cells for _ in range(cell.size)]
    return lambda offset: names[offset - base] if 0 <= offset - base < len(names) else ""


def _codecs(names: tuple[str, ...], epoch: str | None) -> "list[Codec]":
    """Return the codecs that are meant."""
    from card_protocol.timestamp.counts import counting
    from card_protocol.timestamp.registry import CODECS
    from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS, stamp_at

    for name in names:
        if name not in CODECS:
            raise click.BadParameter(
                f"no codec {name!r}{hint(name, CODECS)}; there are {', '.join(CODECS)}",
                param_hint="--codec",
            )
    found: list[Codec] = [CODECS[name] for name in names] if names else list(CODECS.values())
    if epoch is not None:
        since = stamp_at(_ms(_date(epoch, "--epoch")), MINUTE_MS)
        sizes = {SECOND_MS: (4,), MINUTE_MS: (2, 3, 4), DAY_MS: (2,)}
        own: list[Codec] = [
            counting(since, step, each, order=order)
            for step, of_step in sizes.items()
            for each in of_step
            for order in ("big", "little")
        ]
        found = own + found
    return found


def _bytes(words: tuple[str, ...]) -> bytes:
    text = "".join(words).replace(":", "").removeprefix("0x")
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raise click.BadParameter(
            f"expected hex digits, two a byte, got {' '.join(words)!r}", param_hint="BYTES"
        ) from None
    return raw


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(
            f"no zone {name!r}, such as Europe/Brussels", param_hint="--zone"
        ) from None


def _date(text: str, option: str) -> datetime:
    """Return a date with or without a time, on the clock that a codec counts."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None:
        raise click.BadParameter(
            f"expected a date such as 2020-07-03 without an offset, got {text!r}", param_hint=option
        )
    return at.replace(tzinfo=UTC)


def _instant(text: str, zone: ZoneInfo, name: str, which: str | None) -> datetime:
    """Return the instant that a legal time names, or that has its offset."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"expected a date such as '2020-07-03 23:01', got {text!r}", param_hint="DATE"
        ) from None
    try:
        if at.tzinfo is not None:
            return at.astimezone(UTC).astimezone(zone).astimezone(UTC)
        readings = [at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    except OverflowError:
        raise click.BadParameter(
            f"{text} is outside the years 1 to 9999 in UTC or in {name}", param_hint="DATE"
        ) from None
    if readings[0] == readings[1]:
        return readings[0]
    there = readings[0].astimezone(zone).replace(tzinfo=None) == at
    why = "exists twice" if there else "was skipped"
    if which is None:
        both = " and ".join(f"{one:%H:%M} UTC" for one in sorted(readings))
        raise click.BadParameter(
            f"{text} {why} in {name} ({both}): say --if-ambiguous", param_hint="DATE"
        )
    return min(readings) if which == "earlier" else max(readings)


def _ms(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)


def _share(chance: float) -> str:
    if not chance:
        return "never"
    return f"1 in {1 / chance:,.0f}" if chance < 0.1 else f"{chance:.0%}"


def _reading(guess: "Guess", both: "BothClocks") -> "ReadingJson":
    from msgspec import convert

    from meter_emu.cli.printed.timestamps import RankName, ReadingJson

    stamp = guess.stamp
    return ReadingJson(
        codec=guess.codec.name,
        rank=convert(guess.rank.name.lower(), RankName),
        as_written="" if guess.why else str(stamp),
        why=guess.why,
        basis=guess.codec.basis,
        offset_min=stamp.offset_min,
        summer=stamp.summer,
        extras=dict(stamp.extras),
        by_chance=guess.chance,
        legal=both.legal,
        utc=both.utc,
        remarks=(*stamp.doubts(), *both.remarks),
    )


def _print_guesses(found: "Sequence[Guess]", clocks: "Sequence[BothClocks]", zone: str) -> None:
    """Print readings by rank, legal time and UTC side by side, what is odd below."""
    from meter_emu.foreign.plausible import Rank

    echo(_decoded_in_short(found, clocks))
    echo(f"{'':<20}  {zone:<19}  {'UTC':<19}  random bytes")
    rank = None
    for one, both in zip(found, clocks, strict=True):
        if one.rank is not rank:
            rank = one.rank
            echo(rank.name.lower())
        if one.why:
            echo(f"  {one.codec.name:<18}  {one.why}")
            continue
        share = _share(one.chance) if rank is Rank.LIKELY else ""
        legal = both.legal or str(one.stamp)
        echo(f"  {one.codec.name:<18}  {legal:<19}  {both.utc:<19}  {share}".rstrip())
        if odd := "; ".join((*one.stamp.doubts(), *both.remarks)):
            echo(f"  {'':<18}  {odd}")


def _decoded_in_short(found: "Sequence[Guess]", clocks: "Sequence[BothClocks]") -> str:
    """Return how many codecs read a date, and what the most plausible one reads."""
    from meter_emu.foreign.plausible import Rank

    codecs = so_many(len(found), "codec", "codecs")
    read = [pair for pair in zip(found, clocks, strict=True) if pair[0].rank <= Rank.PARTIAL]
    if not read:
        return f"no date under any of {codecs} of this size"
    best, both = read[0]
    date = both.legal or str(best.stamp)
    many = f"{len(read)} of {codecs} of this size read a date"
    return f"{best.rank.name.lower()}: {date} ({best.codec.name}); {many}"
