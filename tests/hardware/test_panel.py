"""The front of the meter."""

from meter_emu.hardware.panel import Panel
from meter_emu.ports import Button, Lamp


def test_before_anything_is_shown_the_display_is_blank_and_nothing_was_heard():
    panel = Panel()
    assert (panel.text, panel.lamps, panel.beep_count) == ("", Lamp(0), 0)


def test_text_is_cut_to_the_display_and_to_what_it_can_show():
    panel = Panel()
    panel.show("Crédit €5 " + "x" * 80)
    assert panel.text == "Cr?dit ?5 " + "x" * 54
    panel.show("5\x1b[2J\n\x7f~")
    assert panel.text == "5?[2J??~"


def test_buttons_stay_latched_until_taken_and_only_once():
    panel = Panel()
    panel.press(Button.BLUE)
    panel.press(Button.RED)
    panel.press(Button.BLUE)
    assert panel.take_keys() == Button.BLUE | Button.RED
    assert panel.take_keys() == Button(0)


def test_nothing_survives_a_power_cut_but_the_observers_count():
    panel = Panel()
    panel.show("5.00 EUR")
    panel.lamps = Lamp.FAULT
    panel.press(Button.RED)
    panel.beep()
    panel.lose_power()
    assert (panel.text, panel.lamps, panel.take_keys()) == ("", Lamp(0), Button(0))
    assert panel.beep_count == 1
