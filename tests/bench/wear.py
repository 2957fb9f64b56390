"""How many years each kind of meter lives by the writes to its memory, counted page by page.

`python -m tests.bench.wear` prints the table of `docs/evidence/wear.md`.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.firmware.layouts import Health
from meter_emu.world.meter.acts import Power
from meter_emu.world.meter.model import MeterModel
from tests.firmware.meters import METER_ID, Rig
from tests.properties.trials import METERS

DAY_S: Final = 86_400
YEAR_DAYS: Final = 365
MINUTE_S: Final = 60
FAILURE_S: Final = 15 * MINUTE_S


def _usual(rig: Rig) -> int:
    """Four weeks of 500 W with a load each week; return their days."""
    for _ in range(4):
        rig.write(Work(load_cents=2_500))
        rig.insert()
        rig.run(7 * DAY_S)
    return 28


def _doubted(rig: Rig) -> int:
    """Two weeks of a clock that was lost, while a cut is to come."""
    rig.write(Work(cut_at=Civil(2021, 7, 1, 12, 0)))
    rig.insert()
    rig.bench.do(Power(on=False))
    rig.run((rig.made.household.model.clock.backup_days + 1) * DAY_S)
    rig.bench.do(Power(on=True))
    rig.run(DAY_S)
    assert rig.state.health != Health.TRUSTED, "its clock was lost"
    rig.board.eeprom.wear[:] = [0] * len(rig.board.eeprom.wear)
    rig.run(14 * DAY_S)
    return 14


def _nobodys_card(rig: Rig) -> int:
    """A day in which a card of another meter is put in once a minute."""
    rig.card = Rig(meter_id=METER_ID + 1, carrier=CardKind.PLAIN).card
    for _ in range(DAY_S // MINUTE_S):
        rig.insert()
        rig.run(MINUTE_S)
    return 1


def _failing(rig: Rig) -> int:
    """A day in which power fails each quarter of an hour."""
    for _ in range(DAY_S // FAILURE_S):
        rig.run(FAILURE_S - 10)
        rig.bench.do(Power(on=False))
        rig.run(10)
        rig.bench.do(Power(on=True))
    return 1


def _own_card(rig: Rig) -> int:
    """A day in which the household's own card is put in once a minute."""
    for _ in range(DAY_S // MINUTE_S):
        rig.insert()
        rig.run(MINUTE_S)
    return 1


LIVES: Final[dict[str, Callable[[Rig], int]]] = {
    "a load a week": _usual,
    "a clock that was lost, a cut to come": _doubted,
    "anybody's card, each minute": _nobodys_card,
    "its own card, each minute": _own_card,
    "a power failure each quarter of an hour": _failing,
}


class Worn(NamedTuple):
    """The writes to the most worn page in a year, and the years that it endures them."""

    a_year: int
    years: int


def worst(rig: Rig) -> int:
    """Return the writes to the page that was written most."""
    return max(rig.board.eeprom.wear)


def worn(model: MeterModel, life: Callable[[Rig], int]) -> Worn:
    """Return what a year of such a life does to a meter's memory."""
    rig = Rig(model=model, load=500, carrier=CardKind.PLAIN)
    days = life(rig)
    a_year = -(-worst(rig) * YEAR_DAYS // days)
    return Worn(a_year, model.eeprom_endurance_cycles // a_year)


def rows(models: dict[str, MeterModel]) -> Iterator[str]:
    """Yield the rows of the page's table."""
    for name, model in models.items():
        found = (worn(model, live) for live in LIVES.values())
        yield (
            f"| `{name}` | " + " | ".join(f"{one.a_year:,}: {one.years:,}" for one in found) + " |"
        )


if __name__ == "__main__":
    sys.stdout.write("".join(f"{row}\n" for row in rows(METERS)))
