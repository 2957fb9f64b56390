"""The head of a campaign file: what tests write above the households they are about.

And which of the built-in ones are of another kind than the rest.
"""

from functools import cache
from typing import Final

from meter_emu.resources import built_in
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.rehearsal.campaign import load_campaign

FLEETS: Final = frozenset({"ores-fleet", "sts-weeks"})  # thousands of households, of few kinds
MODEL = "electricity-pcf8563-utc"
T2 = "2020-07-03T23:01:00"
# A whole file: one household that is cut as announced.
STREET = """name = "street"
zone = "Europe/Brussels"
start = 2020-06-01T08:00:00
end = 2020-07-08T12:00:00
model = "electricity-pcf8563-utc"
[announced]
cut_at = 2020-07-03T23:01:00
[[household]]
id = "number-1"
kind = "never came back"
balance_eur = 80
load_w = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""


def head(
    name: str, start: str, end: str, *more: str, model: str = MODEL, announced: str | None = T2
) -> str:
    """Return the lines up to the first household: T1 and T2 at one moment, or nothing announced.

    Times are as in the file; `more` are lines of their own, those of `[announced]` among them.
    """
    lines = [f'name = "{name}"', 'zone = "Europe/Brussels"', f"start = {start}", f"end = {end}"]
    shown = [line for line in more if line.startswith("text = ")]
    lines += [f'model = "{model}"', *(line for line in more if line not in shown)]
    if announced is not None:
        lines += ["[announced]", f"defer_until = {announced}", f"cut_at = {announced}", *shown]
    return "\n".join(lines) + "\n"


@cache
def of_tokens() -> frozenset[str]:
    """Return the campaigns of devices that take typed tokens, which run another program."""
    found = set()
    for name, path in built_in("campaigns").items():
        first = load_campaign(path).households.entries[0].first
        if DEVICES[first.model.device].keypad:
            found.add(name)
    return frozenset(found)
