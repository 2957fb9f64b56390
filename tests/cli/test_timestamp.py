"""`meter-emu timestamp`: decode, encode, ends and scan, in text and JSON, and bad input."""

import json
from typing import Any

import pytest

from tests.card_protocol.timestamps.vectors import VECTORS
from tests.cli.outcome import checked

NIGHT = ("--around", "2020-07-03")


def readings(emu: Any, *args: str) -> dict[str, Any]:
    found = checked(emu("timestamp", "decode", *args, "--json", "-").out)["readings"]
    return {one["codec"]: one for one in found}


def test_the_night_of_2_july_is_read_from_what_a_card_and_a_clock_hold(emu):
    card = readings(emu, "2007032301", *NIGHT)["bcd-yymmddhhmm"]
    assert (card["rank"], card["legal"], card["utc"]) == (
        "likely",
        "2020-07-03 23:01",
        "2020-07-03 21:01",
    )
    unix = readings(emu, "5E:FF:9C:8C", *NIGHT)
    assert next(iter(unix)) == "unix-u32", "the most plausible first"
    assert unix["unix-u32"]["legal"] == "2020-07-03 23:01:00"
    assert [one["rank"] for one in unix.values()] == sorted(
        (one["rank"] for one in unix.values()), key=RANKS.index
    )
    text = emu("timestamp", "decode", "20", "07", "03", "23", "01", *NIGHT).out
    assert "bcd-yymmddhhmm      2020-07-03 23:01     2020-07-03 21:01     1 in 104,526" in text


RANKS = ["likely", "possible", "unlikely", "partial", "special", "refused"]


def test_each_published_timestamp_is_first_or_behind_others_as_likely(emu):
    """A date of a published vector is likely about its own day, under its codec."""
    tried = 0
    for row in VECTORS:
        found = readings(emu, row["hex"], "--around", row["stamp"][:10])
        assert found[row["codec"]]["rank"] == "likely", row
        tried += 1
    assert tried > 20


def test_the_hour_that_exists_twice_gives_both_instants_and_a_bit_decides(emu):
    twice = readings(emu, "2010250230", *NIGHT)["bcd-yymmddhhmm"]
    assert twice["utc"] == "2020-10-25 00:30 or 2020-10-25 01:30"
    assert twice["remarks"] == ["exists twice"]
    for which, utc in (("earlier", "2020-10-25 00:30"), ("later", "2020-10-25 01:30")):
        written = json.loads(
            emu("timestamp", "encode", "2020-10-25 02:30", "--if-ambiguous", which,
                "--codec", "mbus-f", "--codec", "cosem-date-time", "--json", "-").out
        )["written"]  # fmt: skip
        for row in written:
            read = readings(emu, row["bytes"], *NIGHT)[row["codec"]]
            assert read["utc"][:16] == utc, row
            assert read["remarks"] == []
    skipped = readings(emu, "2003290230", *NIGHT)["bcd-yymmddhhmm"]
    assert (skipped["utc"], skipped["remarks"]) == ("", ["skipped by the change of clocks"])


def test_a_mark_a_special_value_and_a_wildcard_have_their_ranks(emu):
    assert readings(emu, "39B7E12A", "--around", "2023-10-01")["mbus-f"]["rank"] == "likely"
    marked = readings(emu, "B937E12A", "--around", "2023-10-01")["mbus-f"]
    assert (marked["rank"], marked["remarks"][0]) == ("possible", "invalid")
    assert readings(emu, "FFFFFFFFFF")["bcd-yymmddhhmm"]["rank"] == "special"
    assert readings(emu, "E02C")["mbus-g"]["rank"] == "partial"
    nothing = emu("timestamp", "decode", "FF:FF:FF:00000000000000FFFF")
    assert (nothing.code, "refused" in nothing.out) == (1, True)


def test_encode_says_which_cannot_and_why(emu):
    done = emu("timestamp", "encode", "2020-07-03 23:01:01.25")
    assert "cp56time2a          e20401" in done.out
    assert "unix-u32            cannot: it counts in steps of 1 s" in done.out
    assert "mbus-g              cannot: it counts in steps of 1 day" in done.out
    assert "sts-tid-2035        cannot" in done.out
    late = emu("timestamp", "encode", "2100-01-01", "--codec", "bcd-yymmddhhmm")
    assert (late.code, "year 2100 is not 2000-2099" in late.out) == (1, True)


def test_ends_come_in_order_and_from_the_day_asked(emu):
    shown = emu("timestamp", "ends", "--after", "2024-11-24", "--json", "-").json()["ends"]
    assert (shown[0]["codec"], shown[0]["at"]) == ("sts-tid-1993", "2024-11-24 20:16")
    dates = [one["at"] for one in shown]
    days = [at[:10] for at in dates if at[4] == "-"]
    assert days == sorted(days)
    later = emu("timestamp", "ends", "--after", "2024-11-25").out
    assert "sts-tid-1993" not in later
    own = emu("timestamp", "ends", "--after", "2014-02-01", "--epoch", "2014-01-01").out
    assert "2014-02-15 12:16" in own, "a count of 16 bits of minutes"


def test_scan_finds_the_dates_of_an_image(emu, tmp_path):
    dump = tmp_path / "dump"
    dump.write_bytes(bytes(7) + bytes.fromhex("2007032301") + b"\xff" * 9)
    span = ("--from", "2020-07-01", "--to", "2020-07-05")
    shown = emu("timestamp", "scan", dump, *span, "--json", "-").json()
    assert {"offset": 7, "codec": "bcd-yymmddhhmm", "bytes": "2007032301",
            "date": "2020-07-03 23:01", "field": ""} in shown["dates"]  # fmt: skip
    assert shown["size_bytes"] == 21
    one = emu("timestamp", "scan", dump, *span, "--codec", "bcd-yymmddhhmm")
    count, first = one.out.splitlines()
    assert count.startswith(f"{dump}: 1 date; random bytes would show about 0.0")
    assert first.startswith("      7  bcd-yymmddhhmm      2007032301")
    assert emu("timestamp", "scan", dump, *span, "--codec", "cosem-date-time").code == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("decode", "200703230"), "expected hex digits"),
        (("decode", "20070323zz"), "expected hex digits"),
        (("decode", "20"), "no chosen codec has 1 bytes; they have 2, 3, 4, 5, 6, 7, 8, 12"),
        (("decode", "00" * 13), "no chosen codec has 13 bytes"),
        (("decode", "2007032301", "--codec", "fat-datetime"), "they have 4"),
        (("decode", "2007032301", "--around", "2020-07-03T10:00Z"), "without an offset"),
        (("encode", "9999-12-31T23:59:59-12:00"), "outside the years 1 to 9999"),
        (("encode", "9999-12-31T23:59:59Z"), "outside the years 1 to 9999"),
        (("encode", "0001-01-01"), "outside the years 1 to 9999"),
        (("decode", "2007032301", "--zone", "Mars"), "no zone 'Mars'"),
        (("decode", "2007032301", "--zone", "../etc"), "no zone"),
        (
            ("decode", "2007032301", "--around", "soon"),
            "--around: expected a date such as 2020-07-03",
        ),
        (("decode", "2007032301", "--codec", "unix-u23"), "did you mean 'unix-u32'?"),
        (("encode", "yesterday"), "expected a date such as"),
        (("encode", "2020-02-30"), "expected a date such as"),
        (("encode", "2020-10-25 02:30"), "exists twice"),
        (("encode", "2020-03-29 02:30"), "was skipped"),
        (("ends", "--after", "2020-13-01"), "expected a date"),
        (("scan", "nothing", "--from", "2020-01-01", "--to", "2021-01-01"), "cannot be read"),
    ],
)
def test_bad_input_is_one_line(emu, args, said):
    assert said in emu("timestamp", *args).complains()


def test_a_range_that_ends_before_it_begins_and_a_dump_too_large(emu, tmp_path):
    large = tmp_path / "large"
    large.write_bytes(bytes((1 << 20) + 1))
    span = ("--from", "2020-01-02", "--to", "2020-01-02")
    assert "before it begins" in emu("timestamp", "scan", large, *span).complains()
    span = ("--from", "2020-01-02", "--to", "2020-01-03")
    assert "at most 1048576 bytes" in emu("timestamp", "scan", large, *span).complains()
