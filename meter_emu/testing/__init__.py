"""The bench for tests: a meter, cards, an office, and time on request.

`meter_emu.pytest_plugin` hands these out as fixtures; `docs/testing-with-pytest.md` shows how. What
`__all__` names is public.
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
