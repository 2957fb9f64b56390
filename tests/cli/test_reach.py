"""What was not asked is said first, and less than half asked is no verdict."""

import json

import pytest

from meter_emu.cli.answers import Coverage

LAWS = ("law", "laws")


def test_less_than_half_is_undecided_and_half_decides():
    """Exhaustive up to six things: the word, the count and the names follow from who was asked."""
    for asked in range(4):
        for left in range(4):
            reach = Coverage(LAWS, ["a", "b", "c"][:asked], ["x", "y", "z"][:left], "4 stories")
            first, *more = reach.verdict("mine", "nothing broken", "9 stories")
            assert reach.decides == (2 * asked >= asked + left and asked > 0)
            assert first.startswith("mine: nothing broken in ") == reach.decides
            assert first.startswith("mine: undecided, nothing broken in ") != reach.decides
            assert (reach.nothing_asked is None) == (asked > 0)
            assert bool(more) == (left > 0)
            if left:
                assert more[0].startswith(f"not asked: {left} of {asked + left} law")
                assert more[0].endswith(", ".join("xyz"[:left]))


def test_names_are_bounded():
    reach = Coverage(LAWS, [], [f"law-{n}" for n in range(80)], "4 stories")
    said = " ".join(" ".join(reach.words()).split())
    assert "law-11, 68 more" in said
    assert "law-12" not in said


@pytest.mark.slow("draws the stories of a few laws", short=1)
@pytest.mark.parametrize("stories", [3, 60])
def test_laws_that_were_asked_are_named_in_json_as_on_the_screen(emu, stories):
    words = ("verify", "reference", "--law", "never-early", "--law", "cut-comes", "--jobs", 1)
    done = emu(*words, "--examples", stories, "--json", "-")
    shown = json.loads(done.out)
    assert sorted(shown["asked"] + shown["not_asked"]) == ["cut-comes", "never-early"]
    for law in shown["laws"]:
        tried = law["held_on"] + sum(law["not_applicable"].values())
        enough = law["held_on"] > 0 and tried >= min(4, stories)
        assert (law["id"] in shown["asked"]) == enough


def test_a_time_in_which_no_sequence_was_tried_is_not_green(emu, monkeypatch):
    """A scope of which an act was not exhausted says nothing, and the exit status is 2."""
    from meter_emu.explore import search

    ticks = iter(range(0, 10_000_000, 1_000))
    monkeypatch.setattr(search, "monotonic", ticks.__next__)
    done = emu("explore", "reference", "--scope", "session", "--time", 1, "--jobs", 1)
    assert done.code == 2
    assert "undecided, nothing broken in " in done.out
    assert done.err.endswith("no scope was asked: each needs every sequence of one act\n")


def test_kinds_of_story_that_were_not_compared_are_named(emu):
    done = emu("distinguish", "reference", "reference", "--examples", 2, "--json", "-")
    shown = json.loads(done.out)
    assert len(shown["asked"]) == 2
    assert len(shown["not_asked"]) > 20
    said = emu("distinguish", "reference", "reference", "--examples", 2).out
    assert said.startswith("reference and reference: undecided, no difference in 2 stories")
