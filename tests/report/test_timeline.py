"""What a drawing shows, bar by bar, and a curve that stays in its box."""

from dataclasses import replace
from fractions import Fraction

import pytest

from meter_emu.report.facts import Facts, Seen, facts_of
from meter_emu.report.timeline import CURVE_HEIGHT, CURVE_WIDTH, Drawing, drawings
from tests.cells import each_cell
from tests.report.pages import EARLY, REFERENCE, ores


def household(name: str, build: str = REFERENCE) -> tuple[Seen, Facts]:
    collector = ores(build)
    firsts = (group.first for group in collector.groups.values())
    seen = next(seen for seen in firsts if seen.household.id == name)
    return seen, facts_of(seen, collector.campaign)


def drawn(name: str, build: str = REFERENCE, **changes: object) -> list[Drawing]:
    seen, facts = household(name, build)
    return list(drawings(seen, replace(facts, **changes), ores(build).campaign))  # type: ignore[arg-type]


def lanes(drawing: Drawing) -> dict[str, list[str]]:
    """Return the words of every lane, breaking where a line may."""
    found = {}
    for lane in drawing.lanes:
        words = [bar.words for bar in lane.bars] + [glyph.words for glyph in lane.glyphs]
        found[lane.name] = [said.replace("\xa0", " ") for said in words]
    return found


SUPPLY = [
    "on: Wed 18 Mar 00:00 to Thu 2 Jul 23:10",
    "off: Thu 2 Jul 23:10 to Wed 8 Jul 12:00",
]
# u is nine minutes by then: T2 + 2u + a poll.
OWED = ["on: Wed 18 Mar 00:00 to Fri 3 Jul 23:01", "off: Fri 3 Jul 23:01 to Wed 8 Jul 12:00"]
DEFERRALS = {
    "deferral, as announced": ["Thu 2 Apr 10:30 to Fri 3 Jul 23:01"],
    "deferral, as the meter understood": ["Thu 2 Apr 10:30 to Thu 2 Jul 23:01"],
}


def test_a_home_cut_a_day_early_is_drawn_as_it_was_told_and_as_it_fared():
    """Weekdays 16:00 to 08:00 and whole weekends; 2 July 2020 is a Thursday."""
    whole, close = drawn("never-back", EARLY)
    assert lanes(whole) == {
        "supply": SUPPLY,
        "must be on / off": OWED,
        **DEFERRALS,
        "card and buttons": [
            "Thu 2 Apr 10:00: Office wrote on the card",
            "Thu 2 Apr 10:30: Card put in, meter obeyed",
        ],
    }
    assert lanes(close) == {
        "supply": SUPPLY,
        "must be on / off": OWED,
        "non-disconnection period": [
            "Tue 30 Jun 16:00 to Wed 1 Jul 08:00",
            "Wed 1 Jul 16:00 to Thu 2 Jul 08:00",
            "Thu 2 Jul 16:00 to Fri 3 Jul 08:00",
            "Fri 3 Jul 16:00 to Mon 6 Jul 08:00",
        ],
        "as the meter understood": [
            "on: Thu 2 Apr 10:30 to Thu 2 Jul 23:01",
            "off: Thu 2 Jul 23:01 to Wed 8 Jul 12:00",
        ],
    }
    marks = ["announced Fri 3 Jul 23:01", "meter: Thu 2 Jul 23:01", "✕ cut Thu 2 Jul 23:10"]
    for drawing in (whole, close):
        assert [mark.words.replace("\xa0", " ") for mark in drawing.marks] == marks
    assert [tick.words for tick in whole.ticks] == ["1 Apr", "1 May", "1 Jun", "1 Jul"]
    assert [tick.words for tick in close.ticks] == [
        "Wed 1 Jul",
        "Thu 2 Jul",
        "Fri 3 Jul",
        "Sat 4 Jul",
    ]


@pytest.mark.parametrize("without", ["deferral_promised", "deferral_stated"])
def test_a_deferral_that_only_one_side_knows_of_is_drawn_against_nothing(without):
    expected = list(DEFERRALS.values())
    expected[without == "deferral_stated"] = []
    whole, _ = drawn("never-back", EARLY, **{without: ()})
    assert [lanes(whole)[name] for name in DEFERRALS] == expected


@each_cell(
    ("name", "said"),
    [("never-came", "no order"), ("june-29", "ordinary rules"), ("never-back", "")],
)
def test_a_close_up_always_says_what_the_meter_understood(name, said):
    _, close = drawn(name)
    (lane,) = [one for one in lanes(close) if "as the meter understood" in one]
    assert lane.partition(": ")[2] == said


def test_what_there_is_nothing_of_has_no_lane():
    for drawing in drawn("never-armed"):
        assert not DEFERRALS.keys() & lanes(drawing).keys()
    seen, facts = household("never-armed")
    (whole, *_) = drawings(replace(seen, events=()), facts, ores(REFERENCE).campaign)
    assert "card and buttons" not in lanes(whole)


def test_lanes_lie_under_each_other_and_inside_the_drawing():
    for build in (REFERENCE, EARLY):
        for drawing in drawn("never-back", build):
            tops = [lane.y for lane in drawing.lanes]
            assert tops == sorted(set(tops))
            assert tops[0] == 0
            assert tops[-1] < drawing.axis_y < drawing.height


@each_cell("name", ["never-armed", "little-credit", "june-29"])
def test_the_balance_is_drawn_to_scale_and_fills_its_box(name):
    campaign = ores(REFERENCE).campaign
    (whole, *_) = drawn(name)
    assert whole.curve is not None
    points = [
        tuple(int(number) for number in point.split(","))
        for point in whole.curve.path.removeprefix("M").split(" L")
    ]
    balance = household(name)[1].balance
    highest = max(0, *(ueur for _, ueur in balance))
    lowest = min(0, *(ueur for _, ueur in balance))
    levels = {whole.curve.zero, *(y for _, y in points)}
    assert (min(levels), max(levels)) == (0, CURVE_HEIGHT)
    for (x, y), (us, ueur) in zip(points, balance, strict=True):
        share = Fraction(us - campaign.start_us, campaign.end_us - campaign.start_us)
        assert 0 <= share * CURVE_WIDTH - x < 1
        height = Fraction(ueur - lowest, highest - lowest) * CURVE_HEIGHT
        assert 0 <= y - (CURVE_HEIGHT - height) < 1


@each_cell("build", [REFERENCE, EARLY])
def test_a_mark_crosses_no_word(build):
    """Letters of 12 pixels stand on a line 12 below the top of their lane."""
    for group in ores(build).groups.values():
        seen = group.first
        for drawing in drawings(seen, facts_of(seen, ores(build).campaign), ores(build).campaign):
            tops = [lane.y for lane in drawing.lanes]
            tops += [] if drawing.curve is None else [drawing.curve.y]
            assert len(drawing.bands) == len(tops)
            for top, tall in drawing.bands:
                assert all(top + tall <= at or top >= at + 15 for at in tops)
                assert top + tall <= drawing.axis_y + 3, "the dates are below"
