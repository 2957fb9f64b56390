"""Spans and counts in words, against timedelta."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from meter_emu.report.words import one_style, shares
from meter_emu.world.judge.phrases import duration, households
from tests.cells import each_cell


@given(st.integers(0, 10**14))
def test_a_span_names_its_two_largest_units_and_is_never_longer(us):
    units = {"d": 86_400, "h": 3600, "min": 60, "s": 1}
    words = duration(us).split()
    said = sum(int(n) * units[unit] for n, unit in zip(words[::2], words[1::2], strict=True))
    left = us // 1_000_000 - said
    smallest = {"d": 3600, "h": 60, "min": 1, "s": 1}
    assert len(words) in {2, 4}
    assert left >= 0
    first = next((size for unit, size in smallest.items() if us // 1_000_000 >= units[unit]), 1)
    assert left < first
    assert timedelta(seconds=said) <= timedelta(microseconds=us)


@each_cell(
    ("us", "words"),
    [
        (0, "0 s"),
        (59_999_999, "59 s"),
        (558_000_000, "9 min 18 s"),
        (85_860_000_000, "23 h 51 min"),
        (86_400_000_000, "1 d"),
        (86_459_000_000, "1 d"),
        (-3_600_000_000, "1 h"),
    ],
)
def test_spans(us, words):
    assert duration(us) == words


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12).filter(any))
def test_shares_add_up_and_none_is_nothing_of_some_nor_all_of_not_all(counts):
    said = shares(counts)
    whole = [{"under 1%": 0, "over 99%": 100}.get(one) for one in said]
    parts = [
        int(one.removesuffix("%")) if part is None else part
        for one, part in zip(said, whole, strict=True)
    ]
    assert sum(parts) == 100
    assert all(abs(part - 100 * n / sum(counts)) < 1 for part, n in zip(parts, counts, strict=True))
    for text, count in zip(said, counts, strict=True):
        assert (text == "0%") == (count == 0)
        assert (text == "100%") == (count == sum(counts))


def test_dates_in_a_text_are_written_as_everywhere_on_the_page():
    said = one_style("announced T1 2020-07-03 23:01, and the meter stated 2020-07-02 23:01:30")
    assert said.replace("\xa0", " ") == (
        "announced T1 Fri 3 Jul 2020 23:01, and the meter stated Thu 2 Jul 2020 23:01:30"
    )
    assert one_style("2020-02-30 10:00") == "2020-02-30 10:00"  # no day, and that shows


def test_homes_are_counted():
    assert [households(count) for count in (0, 1, 53_579)] == [
        "0 households",
        "1 household",
        "53,579 households",
    ]
