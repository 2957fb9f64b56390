"""`docs/states.md` is drawn from the tables the program runs on, and cannot fall behind them."""

from itertools import product

from meter_emu.firmware.layouts import Supply
from meter_emu.firmware.supply import Cue, Permission, Shield
from tests.firmware.draw_states import BEGIN, END, PAGE, redrawn


def test_the_page_is_what_the_tables_draw():
    """When this fails: `python -m tests.firmware.draw_states`."""
    page = PAGE.read_text("utf-8")
    assert page == redrawn(page)


def test_the_page_keeps_what_people_wrote_around_the_drawing():
    assert redrawn(f"before {BEGIN} old {END} after").startswith(f"before {BEGIN}\n")
    assert redrawn(f"before {BEGIN} old {END} after").endswith(f"{END} after")


def test_every_name_of_the_machines_is_on_the_page():
    page = PAGE.read_text("utf-8")
    for member in (*Supply, *Permission, *Shield):
        assert str(member.name) in page
    for state, cue in product(Supply, Cue):
        assert f"| {state.name} |" in page
        assert f" {cue.value} |" in page
