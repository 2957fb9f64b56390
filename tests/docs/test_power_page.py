"""The page on power is what was measured, and what was measured is enough."""

from math import inf
from statistics import median

from tests.bench.power import page, read
from tests.docs.pages import page as docs_page


def test_the_page_says_what_was_measured() -> None:
    assert docs_page("docs/evidence/power.md") == page(read())


def test_each_defect_is_caught_soon_enough() -> None:
    needed = {one.id: one.needed for one in read().defects}
    assert median(needed.values()) <= 20
    late = {name for name, stories in needed.items() if stories > 200}
    assert late == set()


def test_plain_hypothesis_needs_five_times_as_many_where_it_needs_more_than_ten() -> None:
    caught = [one for one in read().defects if one.needed < inf]
    hard = [one.fewer for one in caught if one.plain.median_at_least > 10]
    assert median(hard) >= 5
