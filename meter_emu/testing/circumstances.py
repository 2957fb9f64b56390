"""A test's settings for its meter, `@pytest.mark.meter(...)`, and the household they describe."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias

import msgspec
from msgspec import Meta

from card_protocol.card.image import CardKind
from meter_emu.errors import ConfigError
from meter_emu.resources import find, typed
from meter_emu.testing.when import when_us
from meter_emu.units import DAY_US, EPOCH_2000_US, HOURS_A_DAY, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST
from meter_emu.world.households.household import Household
from meter_emu.world.meter.model import load_model
from meter_emu.world.meter.times import END_US
from meter_emu.world.rehearsal.reading import Euro, cents_of

MARK: Final = "@pytest.mark.meter"  # the place of a mistake in a setting
_Rate: TypeAlias = Annotated[int, Meta(ge=0, le=40_000)]


class Circumstances(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One meter's circumstances. `start` is legal time where the model's zone is.

    `model` is a built-in name or a file, `balance_eur` the credit in euro, `carrier` the kind of
    card and `generation` that of its records. `prepayment` is whether it is on, `limiter` whether
    10 A are granted.

    `load_per_hour` is W, or dm³/h of gas. `clock_error_s` is RTC minus true time when the story
    starts, in seconds; `drift_ppb`, in parts per billion, counts from there (positive is fast).
    """

    model: str = "electricity-pcf8563-utc"
    start: str = "2020-03-18 12:00"  # the day the suspension of 2020 was asked for
    balance_eur: Euro = 20
    load_per_hour: _Rate = 250  # ours: 6 kWh a day, a small household
    clock_error_s: Annotated[int, Meta(ge=-(10**9), le=10**9)] = 0
    drift_ppb: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    carrier: Literal["secure", "plain", "memory"] | None = None  # by default the link's
    generation: Literal[1, 2] = 1
    prepayment: bool = True
    limiter: bool = False


class Marker(Protocol):
    """What a test runner calls a marker."""

    @property
    def args(self) -> tuple[Any, ...]:
        """Its positional arguments."""
        ...

    @property
    def kwargs(self) -> Mapping[str, Any]:
        """Its keyword arguments."""
        ...


def circumstances_of(marks: Iterable[Marker]) -> Circumstances:
    """Return the setting that markers make, the nearest first: of each key the first one holds.

    Raise `ConfigError` for a setting that cannot be.
    """
    said: dict[str, Any] = {}
    for mark in marks:
        if mark.args:
            raise ConfigError(MARK, "", f"expected key=value, got {mark.args[0]!r}")
        said = {**mark.kwargs, **said}
    return typed(said, Circumstances, path=MARK)


def household_of(setting: Circumstances, build: str, carrier: CardKind) -> tuple[Household, int]:
    """Return the household a setting means, and when its story starts, in true microseconds.

    It has a card of the kind `carrier` if the setting does not say. Raise `ConfigError` for a
    model, a time or an amount that is none, and for another card where there are plain ones only.
    """
    model = load_model(find("meters", setting.model))
    start_us = when_us(setting.start, model.zone, path=MARK, key="start")
    shown_us = start_us + setting.clock_error_s * SECOND_US
    if not EPOCH_2000_US + DAY_US <= shown_us < END_US - DAY_US:
        raise ConfigError(
            MARK, "clock_error_s", "expected a clock that shows a day of 2000 to 2099"
        )
    try:
        balance_cents = cents_of(setting.balance_eur)
    except ValueError as error:
        raise ConfigError(MARK, "balance_eur", str(error)) from None
    if setting.limiter and not model.limiter_a:
        raise ConfigError(MARK, "limiter", f"a {model.name} has none")
    kind = carrier if setting.carrier is None else CardKind[setting.carrier.upper()]
    if carrier is CardKind.PLAIN is not kind:
        why = f"expected plain on this link: a {kind.name.lower()} card would be a virtual one"
        raise ConfigError(MARK, "carrier", why)
    household = Household(
        id="bench",
        kind="the meter of a test",
        model=model,
        model_name=setting.model,
        build=build,
        balance_cents=balance_cents,
        load=(setting.load_per_hour,) * HOURS_A_DAY,
        clock_error_s=setting.clock_error_s,
        drift_ppb=setting.drift_ppb,
        clock_set_us=start_us,
        limiter=setting.limiter,
        prepayment=setting.prepayment,
        card_generation=setting.generation,
        meter_id=METER_ID_FIRST,
        carrier=kind,
    )
    return household, start_us
