"""What is drawn of a wide range, measured."""

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.cells import each_cell
from tests.wide import up_to

SIXTEENTHS = 16


def drawn_of(strategy: st.SearchStrategy[int]) -> list[int]:
    seen: list[int] = []

    @settings(max_examples=300, derandomize=True, database=None, phases=[Phase.generate])
    @given(strategy)
    def drawn(number: int) -> None:
        seen.append(number)

    drawn()
    return seen


@each_cell("most", [2**16 - 1, 2**31, 2**32 - 1, 864_000_000_000, 2**64 - 1])
def test_every_part_of_a_range_is_drawn(most: int) -> None:
    seen = drawn_of(up_to(most))
    assert min(seen) >= 0
    assert max(seen) <= most
    upper = sum(number > most // 2 for number in seen)
    assert 0.15 < upper / len(seen) < 0.85
    assert {number * SIXTEENTHS // (most + 1) for number in seen} == set(range(SIXTEENTHS))
