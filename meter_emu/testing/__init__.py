"""The bench for tests: a meter, cards, an office, and time on request.

`meter_emu.pytest_plugin` hands these out as fixtures; `docs/testing-with-pytest.md` shows how. What
`__all__` names is public.

Examples:
    An armed meter gives supply until T1, though it has no credit, once somebody presses its button:

    >>> from meter_emu.testing import Circumstances, Direct, MeterSetup
    >>> it = MeterSetup(Circumstances(balance_eur=0), build="reference", seed=0, reach=Direct())
    >>> it.desk.arm(it.card, defer_until="2020-07-03 23:01", cut_at="2020-07-03 23:01")
    >>> it.meter.insert(it.card).name
    'EXECUTED'
    >>> it.meter.press("red")
    >>> it.world.run_until("2020-07-03 23:00")
    >>> it.meter.supply_on
    True
"""

from meter_emu.domain import Result
from meter_emu.driver_bench.clock_bench import ClockBench
from meter_emu.driver_bench.verify_driver import verify_driver
from meter_emu.ports import Button, Lamp
from meter_emu.testing.card import Card
from meter_emu.testing.circumstances import Circumstances
from meter_emu.testing.desk import Desk
from meter_emu.testing.links import Direct
from meter_emu.testing.meter import Meter
from meter_emu.testing.setup import MeterSetup
from meter_emu.testing.world import World

__all__ = [
    "Button",
    "Card",
    "Circumstances",
    "ClockBench",
    "Desk",
    "Direct",
    "Lamp",
    "Meter",
    "MeterSetup",
    "Result",
    "World",
    "verify_driver",
]
