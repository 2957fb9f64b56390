"""When each encoding ends: against dates that others published, and by trying both sides."""

import pytest

from card_protocol.errors import TimestampError
from card_protocol.timestamp.counts import Count, counting
from card_protocol.timestamp.encoding import Basis, Codec, EndKind
from card_protocol.timestamp.registry import CODECS
from card_protocol.timestamp.stamp import DAY_MS, MINUTE_MS, SECOND_MS, Stamp, stamp_at
from tests.cells import each_cell

# First moments that are not said right, from the sources of docs/date-bugs.md and by hand.
KNOWN = {
    "unix-i32": "2038-01-19 03:14:08",
    "unix-u32": "2106-02-07 06:28:16",
    "ntp-u32": "2036-02-07 06:28:16",
    "sts-tid-1993": "2024-11-24 20:16",
    "sts-tid-2014": "2045-11-24 20:16",
    "sts-tid-2035": "2066-11-24 20:16",
    "mjd-u16": "2038-04-23",
    "en1545-days": "2041-11-10",
    "fat-datetime": "2108-01-01 00:00:00",
    "emv-yymmdd": "2050-01-01",
    "mbus-g": "2081-01-01",
    "bcd-yymmddhhmm": "2100-01-01 00:00",
    "cp56time2a": "2100-01-01 00:00:00.000",
    "min2000-u32": "10166-02-15 04:15",  # FFFFFFFF means no date
    "min2000-u16": "2000-02-15 12:16",  # 45 d 12 h 16 min
}


def test_the_ends_are_those_that_others_published() -> None:
    found = {
        end.codec: str(end.at)
        for c in CODECS.values()
        for end in c.ends()
        if end.kind is EndKind.LAST
    }
    assert {name: found[name] for name in KNOWN} == KNOWN
    assert found.keys() == CODECS.keys(), "each has one"


@each_cell("name", CODECS)
def test_before_an_end_it_says_the_moment_and_from_it_on_it_does_not(name: str) -> None:
    codec = CODECS[name]
    (end,) = (one for one in codec.ends() if one.kind is EndKind.LAST)
    assert end.at.total_ms == end.last.total_ms + codec.step_ms
    last = _carried(codec, end.last)
    assert codec.decode(codec.encode(last)) == last
    with pytest.raises(TimestampError):
        codec.encode(_carried(codec, end.at))


def _carried(codec: Codec, stamp: Stamp) -> Stamp:
    more: dict[str, object] = {"offset_min": 0} if codec.basis is Basis.OFFSET else {}
    if "summer" in codec.carries:
        more["summer"] = False
    return Stamp(**{name: getattr(stamp, name) for name in Stamp.__slots__} | more)


def test_a_signed_reader_goes_wrong_at_the_sign_bit_and_not_before() -> None:
    tried = 0
    for codec in CODECS.values():
        for end in codec.ends():
            if end.kind is not EndKind.SIGN_BIT or not isinstance(codec, Count):
                continue
            signed = counting(
                stamp_at(codec.epoch_ms, MINUTE_MS), codec.step_ms, codec.size_bytes,
                signed=True, order=codec.order,
            )  # fmt: skip
            assert signed.decode(codec.encode(end.last)) == end.last, codec.name
            seen = signed.decode(codec.encode(end.at))
            assert seen != end.at
            assert str(seen) in end.then, codec.name
            tried += 1
    assert tried == 20


def test_counts_since_an_epoch_of_ones_own() -> None:
    """STS of base 2014 is a count of 24 bits, and so is any other epoch."""
    epoch = Stamp(year=2014, month=1, day=1, hour=0, minute=0)
    own, sts = counting(epoch, MINUTE_MS, 3), CODECS["sts-tid-2014"]
    assert [str(end.at) for end in own.ends()] == [str(end.at) for end in sts.ends()]
    assert str(counting(epoch, SECOND_MS, 4, order="little").decode(b"\1\0\0\0")).endswith(
        "00:00:01"
    )
    assert str(counting(epoch, DAY_MS, 2).decode(b"\0\x3b")) == "2014-03-01"
