"""Short stories around a boundary: what people, the desk and the supply do within a few hours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from meter_emu.defects import Effect, catalogue
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Energy
from meter_emu.errors import DeskError
from meter_emu.ports import Button
from meter_emu.world.meter.model import MeterModel
from tests.properties.instants import near_boundaries
from tests.properties.lab import (
    DAY_US,
    HOUR_US,
    KITS,
    MINUTE_US,
    MODELS,
    SECOND_US,
    Kit,
    Lab,
    Setting,
    civil,
)

EPOCH_2000_US = 946_684_800 * SECOND_US
HALF_US = 2 * HOUR_US
# One that crashes or hangs has no money to keep: `tests/defects` has those.
ENDING = {Effect.CRASHES, Effect.HANGS}
BUILDS = [
    "reference",
    *(f"reference+{name}" for name, one in catalogue().items() if one.effect not in ENDING),
]

Deed = tuple[int, str, int]  # when after the start in µs, what, a number for it


@dataclass(frozen=True, kw_only=True)
class Story:
    """A setting, deeds in time order, and how long it is watched."""

    setting: Setting
    deeds: tuple[Deed, ...]
    long_us: int = 2 * HALF_US


def _arm(lab: Lab, number: int) -> None:
    at = civil(lab.board.now_us + number * MINUTE_US)
    try:
        lab.write(Work(defer_until=at, cut_at=at))
    except DeskError:  # a time that exists twice; the card stays as it was
        lab.card.power_off()
    lab.insert()


def _reactivate(lab: Lab, _number: int) -> None:
    lab.write(Work(reactivate=True))
    lab.insert()


def _load(lab: Lab, number: int) -> None:
    lab.write(Work(load_cents=500 + number))
    lab.insert()


def _switch(lab: Lab, number: int) -> None:
    granted = None if lab.energy is Energy.GAS else bool(number & 2)  # no limiter for gas
    lab.write(Work(prepayment_on=bool(number & 1), limiter_granted=granted))
    lab.insert()


def _tariff(lab: Lab, number: int) -> None:
    price = 1 + 10 * number
    night = None if lab.energy is Energy.GAS or number % 3 == 0 else 1 + 6 * number
    lab.write(Work(tariff=Pricing.of(1 + number, price, night)))
    lab.insert()


def _replace(lab: Lab, number: int) -> None:
    """Hand out a new card: every third lasts, the others expire within 100 min, before or after."""
    after_us = None if number % 3 == 0 else (number - 100) * MINUTE_US
    lab.replace_card(None if after_us is None else lab.board.now_us + after_us)
    lab.insert()


def _hold(lab: Lab, number: int) -> None:
    """Hold the blue button; an appliance is lit 0 to 1,000 s later, before or after its time."""
    lab.bench.shut_appliances(lab.board.now_us + 5 * number * SECOND_US)
    lab.bench.press(Button.BLUE, held_ms=4_000)


DEEDS: dict[str, Callable[[Lab, int], None]] = {
    "arm": _arm,
    "reactivate": _reactivate,
    "load": _load,
    "switch": _switch,
    "tariff": _tariff,
    "replace": _replace,
    "show": lambda lab, _number: lab.insert(),
    "red": lambda lab, _number: lab.bench.press(Button.RED),
    "hold": _hold,
    "shut": lambda lab, _number: lab.bench.shut_appliances(),
    "light": lambda lab, _number: lab.bench.light_appliances(),
    "blue": lambda lab, _number: lab.bench.press(Button.BLUE),
}


def live(story: Story, *, between: Callable[[Lab], None] = lambda _lab: None, **how: bool) -> Lab:
    """Run a story and return the lab at its end; `between` is called before every deed."""
    lab = Lab(story.setting, **how)
    for after_us, deed, number in story.deeds:
        lab.bench.run_until(story.setting.start_us + after_us)
        between(lab)
        DEEDS[deed](lab, number)
    lab.bench.run_until(story.setting.start_us + story.long_us)
    return lab


def kits(models: Sequence[MeterModel] = MODELS) -> st.SearchStrategy[Kit]:
    """Draw a meter of these models with cards of any generation on any carrier."""
    return st.sampled_from([kit for kit in KITS if kit.model in models])


@st.composite
def stories(
    draw: st.DrawFn, *, builds: list[str] = BUILDS, models: list[MeterModel] = MODELS
) -> Story:
    """Draw a story of four hours around a boundary, often near the end of credit."""
    start_us = draw(near_boundaries) - HALF_US
    moments = st.integers(0, 2 * HALF_US) | st.integers(0, 240).map(lambda m: m * MINUTE_US)
    deeds = draw(
        st.lists(
            st.tuples(moments, st.sampled_from(sorted(DEEDS)), st.integers(0, 200)), max_size=6
        )
    )
    cuts = sorted(draw(st.lists(st.integers(MINUTE_US, 2 * HALF_US), unique=True, max_size=4)))
    outages = [
        (start_us + lost, start_us + back)
        for lost, back in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    kit = draw(kits(models))
    expires = st.integers(-HALF_US, 2 * HALF_US).map(lambda after_us: start_us + after_us)
    setting = Setting(
        start_us=start_us,
        clock_set_us=max(start_us - draw(st.integers(0, 400)) * DAY_US, EPOCH_2000_US),
        clock_error_us=draw(st.integers(-59 * SECOND_US, 59 * SECOND_US)),
        drift_ppb=draw(st.integers(-100, 100)) * kit.model.clock.drift_bound_ppb // 100,
        phase_us=draw(st.integers(0, kit.model.poll_s * SECOND_US)),
        balance_cents=draw(st.integers(-300, 900)),
        load=tuple(draw(st.lists(st.integers(0, 9_000), min_size=24, max_size=24))),
        outages=outages,
        build=draw(st.sampled_from(builds)),
        seed=draw(st.integers(0, 2**16)),
        card_expires_us=draw(st.none() | expires),
        **kit._asdict(),
    )
    return Story(setting=setting, deeds=tuple(sorted(deeds)))
