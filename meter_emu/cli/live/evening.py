"""What `meter-emu run` alone begins with: the evening of 3 July 2020, and a card to live it with.

The meter obeyed the card of spring 2020 in March. The card lies in a folder of its own, a file like
any other: a desk can write on it, and `insert` puts it back.
"""

import tempfile
from pathlib import Path
from random import Random
from typing import Any, Final

from card_protocol.card.make import card_of
from card_protocol.timestamp import Civil
from meter_emu.cli.live.commands import typed_instant_us
from meter_emu.cli.output import write_atomically
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk, Work
from meter_emu.units import EPOCH_2000_US, MINUTE_US

CARD_NAME: Final = "home.card"
# Friday 3 July 2020, 23:01 was announced (La Libre, 3 July 2020): a quarter of an hour before.
METER: Final = "electricity-pcf8563-utc"
OPTIONS: Final = {
    "start": "2020-07-03 22:45",
    "balance_eur": "20",
    "load_w": 400,
}
ANNOUNCED: Final = Civil(2020, 7, 3, 23, 1)
_ARMED_AT: Final = "2020-07-03 22:40"  # ours: no later than the meter's clock, or it would move it


def alone(options: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """Return the options that `run` alone stands for, and the file of the card to begin with."""
    card = _card(options["meter_id"])
    path = Path(tempfile.mkdtemp(prefix="meter-emu-")) / CARD_NAME
    write_atomically(path, card, private=True)
    return options | OPTIONS | {"meter": METER}, str(path)


def words(file: str) -> tuple[str, ...]:
    """Return what a person needs to know of this evening."""
    return (
        f"It is Friday 3 July 2020, 22:45. This meter got its order in March: cut at {ANNOUNCED}.",
        f"Its card is {file}. Another terminal can be the office:",
        f"meter-emu desk reactivate {file} --issued-at '2020-07-03 22:50'",
        "n goes to what comes next, x pulls the card out, i puts it back, h lists all words.",
    )


def _card(meter_id: int) -> bytes:
    """Return a card with the two orders of spring 2020, as an office writes it."""
    issued_at_min = (typed_instant_us(_ARMED_AT, EPOCH_2000_US) - EPOCH_2000_US) // MINUTE_US
    chance = Random(0)  # noqa: S311  a virtual card's challenges
    desk = Desk(BENCH_MASTER_KEY, challenge=chance.randbytes)
    card = card_of(desk.issue(meter_id, issued_at_min=issued_at_min), chance.randbytes)
    orders = Work(defer_until=ANNOUNCED, cut_at=ANNOUNCED)
    card.power_on()
    desk.serve(card.transmit, orders, issued_at_min=issued_at_min)
    card.power_off()
    return card.image.to_bytes()
