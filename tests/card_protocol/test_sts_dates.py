"""TIDs against `datetime`: the minute that is not sold, expiry, and mistakes that are caught."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from card_protocol.errors import TokenError
from card_protocol.timestamp.registry import CODECS
from card_protocol.tokens.sts import tid as right
from card_protocol.tokens.sts.codec import decode_sts
from card_protocol.tokens.sts.tid import (
    KEN_NEVER,
    TID_MAX,
    BaseDate,
    is_expired,
    is_reserved,
    tid_of,
    wall_min_of,
)
from tests.card_protocol.sts_vectors import key_of, vectors
from tests.card_protocol.when import utc_min
from tests.cells import each_cell

# The last minutes, as the whole trade met the first of them in November 2024.
ENDS = {1993: "2024-11-24 20:15", 2014: "2045-11-24 20:15", 2035: "2066-11-24 20:15"}
UNIX_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  a clock on a wall
BRUSSELS = ZoneInfo("Europe/Brussels")


def wall(minute: int) -> datetime:
    return UNIX_EPOCH + timedelta(minutes=minute)


def published_issues(codec: Any) -> None:
    """Each published token has the TID of the time at which its source issued it."""
    for one in vectors():
        if "issued" in one:
            base = BaseDate(one["key"]["base_year"])
            assert (
                codec.tid_of(utc_min(one["issued"]), base, offset_min=0) == one["token_identifier"]
            )
            assert codec.wall_min_of(one["token_identifier"], base) == utc_min(one["issued"])


def ends_of_the_bases(codec: Any) -> None:
    """The last TID is the last minute, and the minute after it is refused."""
    for base in BaseDate:
        end = utc_min(ENDS[base.value])
        assert codec.tid_of(end, base, offset_min=0) == TID_MAX
        assert codec.wall_min_of(TID_MAX, base) == end
        assert codec.tid_of(utc_min(f"{base.value}-01-01"), base, offset_min=0) == 0
        for outside in (end + 1, utc_min(f"{base.value}-01-01") - 1):
            with pytest.raises(TokenError, match="TID"):
                codec.tid_of(outside, base, offset_min=0)


def clock_of_the_office(codec: Any) -> None:
    """The TID is what the clock on the wall shows, and that is summer time in summer."""
    rng = Random(3)
    for _ in range(2_000):
        base = rng.choice(list(BaseDate))
        minute = base.epoch_min + rng.randrange(1500, TID_MAX - 200)
        local = (wall(minute).replace(tzinfo=ZoneInfo("UTC"))).astimezone(BRUSSELS)
        ahead = local.utcoffset()
        assert ahead is not None
        found = codec.tid_of(minute, base, offset_min=ahead // timedelta(minutes=1))
        shown = wall(codec.wall_min_of(found, base))
        naive = local.replace(tzinfo=None)
        if (naive.hour, naive.minute) == (0, 1):
            naive += timedelta(minutes=1)
        assert shown == naive


def minute_that_is_not_sold(codec: Any) -> None:
    """No token of a year has the TID of 00:01; at 00:01 it gets that of 00:02."""
    for base in BaseDate:
        for day in range(366):
            first = base.epoch_min + 1440 * (400 + day)
            found = [codec.tid_of(first + at, base, offset_min=0) for at in range(4)]
            assert found == [first - base.epoch_min + at for at in (0, 2, 2, 3)]
            assert not any(map(is_reserved, found))
        assert is_reserved(1440 * 400 + 1)


def expiry(codec: Any) -> None:
    """A key may be used to the end of the 65,536 minutes of its number; 255 never expires."""
    for ken in range(KEN_NEVER + 1):
        last = (ken << 16) + 0xFFFF
        assert not codec.is_expired(last, ken)
        assert not codec.is_expired(ken << 16, ken)
        if ken < KEN_NEVER:
            assert codec.is_expired(last + 1, ken)
    assert not codec.is_expired(TID_MAX, KEN_NEVER)
    assert not codec.is_expired(0, 0), "a key of number 0 can be used on its first days"


LAWS = (published_issues, ends_of_the_bases, clock_of_the_office, minute_that_is_not_sold, expiry)


def shifted(utc_minute: int, base: BaseDate, *, offset_min: int) -> int:
    """Minutes between two local times of a machine whose zone has summer time: an hour short."""
    there, then = (
        wall(one).replace(tzinfo=BRUSSELS).timestamp()
        for one in (utc_minute + offset_min, base.epoch_min)
    )
    return tid_of(base.epoch_min + int(there - then) // 60, base, offset_min=0)


def signed(tid: int, base: BaseDate) -> int:
    """24 bits with a sign: from 2008-12-12 (base 1993) on the date lies before the base date."""
    return wall_min_of(tid - (1 << 24) if tid >> 23 else tid, base)


def from_1993(tid: int, _base: BaseDate) -> int:
    return wall_min_of(tid, BaseDate.Y1993)


def not_skipped(utc_minute: int, base: BaseDate, *, offset_min: int) -> int:
    tid = utc_minute + offset_min - base.epoch_min
    return tid_of(utc_minute, base, offset_min=offset_min) if not is_reserved(tid) else tid


MISTAKES: dict[str, dict[str, Callable[..., object]]] = {
    "base date always 1993, encoding": {
        "tid_of": lambda minute, _base, *, offset_min: tid_of(
            minute, BaseDate.Y1993, offset_min=offset_min
        )
    },
    "base date always 1993, decoding": {"wall_min_of": from_1993},
    "minutes in local time of a machine with summer time": {"tid_of": shifted},
    "24 bits with a sign": {"wall_min_of": signed},
    "00:01 not skipped": {"tid_of": not_skipped},
    "expiry as KEN * 65535": {"is_expired": lambda tid, ken: tid > ken * 65_535},
    "expiry at the first minute of its number": {"is_expired": lambda tid, ken: tid >> 16 >= ken},
    "time basis ignored": {
        "tid_of": lambda minute, base, *, offset_min: tid_of(minute, base, offset_min=0)
    },
}  # fmt: skip


@each_cell("law", LAWS)
def test_a_tid_keeps_the_law(law):
    law(right)


@each_cell("name", MISTAKES)
def test_a_mistake_breaks_a_law(name):
    codec = SimpleNamespace(**{**vars(right), **MISTAKES[name]})
    broken = []
    for law in LAWS:
        try:
            law(codec)
        except (AssertionError, TokenError, pytest.fail.Exception):
            broken.append(law.__name__)
    assert broken, name


def test_a_tid_is_the_date_that_its_timestamp_codec_reads():
    rng = Random(9)
    for base in BaseDate:
        for tid in (0, 1, TID_MAX, *(rng.randrange(TID_MAX) for _ in range(500))):
            read = CODECS[f"sts-tid-{base.value}"].decode(tid.to_bytes(3, "big"))
            assert read.total_ms == 60_000 * wall_min_of(tid, base)


def test_ken_255_by_the_wrong_rule_expires_six_weeks_early():
    """The figure that docs/sts.md gives: KEN * 65535 ends base 1993 on 10 October 2024."""
    wrong = wall(wall_min_of(255 * 65_535 + 1, BaseDate.Y1993))
    end = wall(wall_min_of(TID_MAX, BaseDate.Y1993))
    assert (f"{wrong:%Y-%m-%d %H:%M}", (end - wrong).days) == ("2024-10-10 03:46", 45)
    assert not is_expired(255 * 65_535 + 1, KEN_NEVER)


def test_the_first_minutes_of_a_day_collide():
    """Two published tokens issued at 00:01 have the TID of 00:02: who buys then buys once."""
    for digits, key in (
        ("20388873191656671689", "E653341F9D5BF36F"),
        ("18070818655140104337", "F94B6ED353C3BFDB113E2D3A7EA3C41D"),
    ):
        record: Any = decode_sts(digits, key_of(key))
        midnight = utc_min("2004-03-29 00:00")
        assert record.tid == midnight + 2 - BaseDate.Y1993.epoch_min
        for at in (1, 2):
            assert tid_of(midnight + at, BaseDate.Y1993, offset_min=0) == record.tid
