"""Every act of a person is a row: its words mean one act each, and the act says them back."""

import re
from itertools import chain
from typing import Literal, get_args, get_origin

from meter_emu.cli.live.panel_page import panel_page
from meter_emu.cli.live.screen import KEY_COMMANDS
from meter_emu.sitting.commands import WORDS, parse_command
from meter_emu.world.meter.acts import ACTS, DRAWN, KEY_WORDS, OF_KEY, OF_TRACE, OF_WORD, Act, Type
from meter_emu.world.meter.board import Board
from tests.cells import each_cell
from tests.docs.test_meter_image import installed

AMOUNTS = (0, 1, 4_000, 2**40)


def typed(word: str, board: Board) -> Act | None:
    """Return the act of a word alone, `None` for one that wants an argument."""
    takes = WORDS[word].takes
    return OF_WORD[word].typed(word, "", board) if takes[:1] in {"", "["} else None


def test_a_word_of_people_files_and_traces_is_one_act_s() -> None:
    for said, rows in (
        (OF_WORD, [act.WORDS for act in ACTS]),
        (OF_KEY, [act.KEYS for act in ACTS]),
        (OF_TRACE, [act.TRACED for act in ACTS]),
        (KEY_WORDS, [word.keys for act in ACTS for word in act.WORDS.values()]),
    ):
        assert sorted(said) == sorted(chain.from_iterable(rows))


@each_cell(("what", "amount"), [(what, amount) for what in OF_TRACE for amount in AMOUNTS])
def test_what_a_trace_says_is_recorded_as_it_was(what: str, amount: int) -> None:
    act = OF_TRACE[what].recorded(what, amount)
    assert act.trace[0] == what
    assert (act.trace[1] or 0) in {amount, 0} or isinstance(act, Type)  # has a 1 in front
    assert OF_TRACE[what].recorded(what, act.trace[1] or 0) == act


@each_cell("word", OF_WORD)
def test_a_word_that_is_typed_is_an_act_that_a_trace_can_say(word: str) -> None:
    board = installed()
    act = typed(word, board)
    if act is not None:
        what, amount = act.trace
        assert OF_TRACE[what].recorded(what, amount or 0) == act


@each_cell("key", OF_KEY)
def test_what_a_campaign_file_says_is_said_back(key: str) -> None:
    kind = OF_KEY[key].KEYS[key].kind
    said = get_args(kind) if get_origin(kind) is Literal else ("1",)
    for one in said:
        act = OF_KEY[key].in_file(key, one)
        assert act.file == (key, one)
        assert act.in_story


def test_acts_that_are_drawn_can_be_done_whatever_has_happened() -> None:
    assert set(map(type, DRAWN)) <= set(ACTS)
    assert all(act.event is not None for act in DRAWN), "what it does is to be seen in a story"


def test_keys_are_words_of_a_sitting() -> None:
    assert KEY_WORDS.items() <= KEY_COMMANDS.items()
    assert {parse_command(line) for line in KEY_WORDS.values()} >= {
        parse_command(word) for word in OF_WORD if WORDS[word].takes[:1] in {"", "["}
    }


def test_the_front_panel_has_something_to_press_for_each_act() -> None:
    page = panel_page()
    pressed = set(re.findall(r'data-(?:key|do)="([^"]+)"', page))
    assert set(OF_WORD) <= pressed, "a new act has the line of commands, and a control of its own"
