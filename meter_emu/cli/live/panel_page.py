"""The page of the front panel in the language of now, and the tours that it can give."""

from importlib.resources import files
from typing import Final

from meter_emu.report.page import environment_of

PANEL: Final = files("meter_emu.cli.live") / "page"  # its other files
TOURS: Final = {  # of a household, by campaign and id
    ("ORES, end of the suspension of prepayment, July 2020", "never-back"): "night-of-2-july.txt",
}


def panel_page() -> str:
    """Return the page; what its script says is in it."""
    return _rendered("index.html")


def tour_of(campaign: str, household: str) -> str:
    """Return the tour of this household, a script with captions, empty where there is none."""
    name = TOURS.get((campaign, household))
    return "" if name is None else _rendered(name)


def _rendered(name: str) -> str:
    return environment_of("meter_emu.cli.live", "page").get_template(f"{name}.jinja").render()
