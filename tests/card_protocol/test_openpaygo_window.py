"""The window of counts: each edge from both sides, and a window that is one off is caught."""

from collections.abc import Callable
from random import Random

import pytest

from card_protocol.tokens.openpaygo.counter import (
    CounterLimits,
    PaygoCounter,
    PaygoKind,
    next_count,
)
from tests.cells import each_cell

ADD, SET, DISABLE, SYNC = PaygoKind
LAST = 200


def edges(limits: CounterLimits) -> None:
    """The first and the last count that is taken of each kind, and their neighbours."""
    counter = PaygoCounter(LAST, frozenset({LAST}))
    for kind in (ADD, SET, DISABLE):
        assert counter.tried(kind, limits) == LAST + 64
        assert counter.takes(kind, LAST + 1, limits)
        assert not counter.takes(kind, LAST, limits)
    assert counter.tried(SYNC, limits) == LAST + 100
    assert counter.takes(SYNC, LAST - 63, limits)
    assert not counter.takes(SYNC, LAST - 64, limits)
    assert counter.takes(ADD, LAST - 14, limits)
    assert not counter.takes(ADD, LAST - 16, limits)
    assert not counter.takes(SET, LAST - 1, limits)
    assert not counter.takes(DISABLE, LAST - 1, limits)


def nothing_twice(limits: CounterLimits) -> None:
    """Tokens in any order within reach: none is taken twice, and none older than a set is taken."""
    rng = Random(8)
    for _ in range(300):
        counter, taken, closed = PaygoCounter(rng.randrange(12)), set[int](), -1
        for _ in range(60):
            count = max(0, counter.count + rng.randint(-20, 8))
            kind = ADD if count % 2 == 0 else rng.choice((SET, DISABLE))
            if count > counter.tried(kind, limits) or not counter.takes(kind, count, limits):
                continue
            assert count not in taken
            assert count > closed
            taken.add(count)
            closed = count if kind is not ADD else closed
            counter = counter.after(kind, count, limits)
            assert all(counter.count - 16 < one <= counter.count for one in counter.used)


def unordered(limits: CounterLimits) -> None:
    """Eight adds entered from the last to the first are all taken: as the test procedure wants."""
    counter = PaygoCounter(LAST - 1, frozenset())
    for count in range(LAST + 14, LAST - 1, -2):
        assert counter.takes(ADD, count, limits), count
        counter = counter.after(ADD, count, limits)
    assert counter == PaygoCounter(LAST + 14, frozenset((LAST - 1, *range(LAST, LAST + 15, 2))))


LAWS = (edges, nothing_twice, unordered)


@each_cell("law", LAWS)
def test_the_counter_keeps_the_law(law: Callable[[CounterLimits], None]):
    law(CounterLimits())


@each_cell("name", ["ahead", "sync_ahead", "sync_back", "older"])
@each_cell("off", [-1, 1])
def test_a_limit_that_is_one_off_is_caught(name, off):
    """Of older tokens only even counts are adds, so there a step is two."""
    step = 2 * off if name == "older" else off
    wrong = CounterLimits(**{name: getattr(CounterLimits(), name) + step})
    with pytest.raises(AssertionError):
        edges(wrong)


def test_a_used_count_that_is_not_kept_is_caught(monkeypatch):
    right = PaygoCounter.after

    def forgetful(self, kind, count, limits):
        return PaygoCounter(right(self, kind, count, limits).count)

    monkeypatch.setattr(PaygoCounter, "after", forgetful)
    with pytest.raises(AssertionError):
        nothing_twice(CounterLimits())


def test_a_sync_sets_the_count_also_to_a_lower_one_and_closes_what_is_older():
    counter = PaygoCounter(LAST, frozenset({LAST})).after(SYNC, LAST - 39)
    assert counter.count == LAST - 39
    assert not any(counter.takes(ADD, count) for count in range(counter.count + 1))
    assert counter.takes(ADD, LAST - 38)


def test_count_0_adds_nothing_for_it_is_the_starting_code_itself():
    assert not PaygoCounter(1).takes(ADD, 0)
    assert PaygoCounter(1).takes(SYNC, 0)


def test_even_counts_add_and_odd_ones_do_not():
    for last in range(100):
        for kind in PaygoKind:
            count = next_count(last, kind)
            assert last < count <= last + 2
            assert (count % 2 == 0) is (kind is ADD)
