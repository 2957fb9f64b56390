"""A meter model: every number of a meter apart from its program, read from a file with its source.

The files lie in `fixtures/meters/`; the order of the fields here is the order there.
"""

from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias, final, get_args

import msgspec
from msgspec import Meta

from meter_emu.desk.pricing import Pricing
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.energies import DEFAULT, ENERGIES, Energy
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.ports import ButtonName
from meter_emu.resources import PRINTABLE, means, read_table, typed
from meter_emu.units import PPB, SECOND_US
from meter_emu.zones import BELGIAN, TimeZone

Minute: TypeAlias = Annotated[int, Meta(ge=0, le=1439)]
_PPB_SECONDS: Final = PPB * SECOND_US


class ClockBounds(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How far the RTC may be off, and when the meter stops trusting it."""

    set_error_s: Annotated[
        int, Meta(ge=1, le=3600), means("how far off the clock may be when it is set, in seconds")
    ]
    drift_bound_ppb: Annotated[
        int, Meta(ge=0, le=1_000_000), means("how much it may drift; 11574 is a second a day")
    ]
    trust_max_days: Annotated[
        int, Meta(ge=1, le=36_500), means("the meter trusts it so long after it was set")
    ]
    # time is journalled once a day only
    outage_max_days: Annotated[int, Meta(ge=2, le=3650), means("and so long without power")]
    backup_days: Annotated[int, Meta(ge=0, le=3650), means("how long it runs without power")]


class Credit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Amounts in cents, and the tariff a meter leaves the factory with.

    Prices are in micro-euro per Wh; without one for the night the tariff is mono-hourly. A unit of
    the register (1 Wh, or 1 dm³ of gas) holds `mwh_per_unit` milliwatt-hours.
    """

    emergency_cents: Annotated[
        int, Meta(ge=0, le=100_000), means("credit that is had once, until a load has repaid it")
    ]
    load_min_cents: Annotated[
        int, Meta(ge=0, le=100_000), means("the least that the office loads at a time")
    ]
    load_max_cents: Annotated[
        int, Meta(ge=1, le=1_000_000), means("the most that the office loads at a time")
    ]
    low_credit_cents: Annotated[int, Meta(ge=0, le=100_000), means("the meter warns below this")]
    price_ueur_per_wh: Annotated[
        int, Meta(ge=1, le=100_000), means("micro-euro per Wh; 250 is 0.25 EUR/kWh")
    ]
    night_price_ueur_per_wh: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        means("in the night hours; none is mono-hourly"),
    ] = None
    mwh_per_unit: Annotated[
        int,
        Meta(ge=1, le=65_535),
        means("milliwatt-hours in a unit of the register: 1000 for Wh, a gas's for dm³"),
    ]
    tariff_number: Annotated[
        int, Meta(ge=1, le=65_535), means("of the tariff that it leaves the factory with")
    ]

    @property
    def pricing(self) -> Pricing:
        """The tariff as the office writes it on the first card."""
        return Pricing.of(self.tariff_number, self.price_ueur_per_wh, self.night_price_ueur_per_wh)


class Rearm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a person asks for supply: which button, held how long, and how long gas is tested."""

    key: Annotated[ButtonName, means("the button that asks for supply")]
    hold_ms: Annotated[int, Meta(ge=0, le=60_000), means("how long it is held")]
    tightness_s: Annotated[int, Meta(ge=0, le=3600), means("how long gas is tested for tightness")]


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Hours over midnight, in minutes of the legal day from start to end, and whole weekends."""

    start_minute: Annotated[Minute, means("of the legal day, from 0")]
    end_minute: Annotated[Minute, means("of the next day, from 0")]
    weekend: Annotated[bool, means("whole weekends too")]


class Paygo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a device of OpenPAYGO has."""

    time_divider: Annotated[int, Meta(ge=1, le=255), means("parts of a day in a token's unit")] = 1
    restricted: Annotated[bool, means("its keypad has the keys 1 to 4 alone")] = False


class Sts(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an STS meter has: the key that it is delivered with, and what makers choose."""

    cipher: Annotated[Literal["EA07", "EA11"], means("of its tokens; keys of 8 or of 16 bytes")]
    supply_group: Annotated[
        str, Meta(pattern="^[0-9]{6}$"), means("whose vending key its own is derived from")
    ]
    tariff_index: Annotated[int, Meta(ge=0, le=99), means("of its first key")]
    key_revision: Annotated[int, Meta(ge=1, le=9), means("of its first key")]
    base: Annotated[Literal[1993, 2014, 2035], means("the base date of its first key")]
    key_type: Annotated[
        Literal["initial", "default", "unique"], means("whose its first key is")
    ] = "unique"
    ken: Annotated[int, Meta(ge=0, le=255), means("expiry number of its first key; 255 never")]
    first_tid: Annotated[
        int, Meta(ge=0, le=0xFFFFFF), means("fills its memory of TIDs: when it was made")
    ]
    checks_ken: Annotated[bool, means("whether keys expire in it")] = True
    maker: Annotated[int, Meta(ge=0, le=0xFFFF), means("code of its manufacturer")]
    half_s: Annotated[
        int, Meta(ge=1, le=3600), means("it forgets half a key change after so many seconds")
    ]
    tries: Annotated[int, Meta(ge=1, le=100), means("wrong entries until the keypad is locked")]
    lock_first_s: Annotated[int, Meta(ge=1, le=3600), means("how long; doubled by each more")]
    lock_most_s: Annotated[int, Meta(ge=1, le=36_000), means("the longest lock")]
    credit_most_wh: Annotated[
        int, Meta(ge=1_000, le=2**31 - 1), means("a token that goes beyond is refused")
    ]


@final
class MeterModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model of meter. `clock_chips` and `families` resolve the names of chip and dialogue."""

    # if record and image have room for it
    name: Annotated[
        str,
        Meta(min_length=1, max_length=24, pattern=PRINTABLE),
        means("as it is shown, and on the meter's image"),
    ]
    # a row of `energies.ENERGIES`
    energy: Annotated[str, Meta(min_length=1), means(" or ".join(ENERGIES))]
    rtc: Annotated[str, Meta(min_length=1), means("the clock chip")]
    rtc_base: Annotated[Literal["utc", "standard", "legal"], means("which time the clock counts")]
    zone: Annotated[TimeZone, means("whose legal time dates, window and night hours are in")] = (
        BELGIAN
    )
    poll_s: Annotated[int, Meta(ge=1, le=3600), means("how often the program looks, in seconds")]
    boot_ms: Annotated[int, Meta(ge=0, le=60_000), means("how long it takes to start")]
    # the program's records end at 300h
    eeprom_size_bytes: Annotated[int, Meta(ge=1024, le=65_536), means("a power of two")]
    # the program writes 64 bytes at a time
    eeprom_page_bytes: Annotated[int, Meta(ge=64, le=256), means("a power of two")]
    eeprom_endurance_cycles: Annotated[
        int,
        Meta(ge=1_000, le=100_000_000),
        means("how often a page is written before it reads weak; a tenth more, and it fails"),
    ]
    limiter_a: Annotated[int, Meta(ge=0, le=100), means("the limiter, in ampere; 0 is none")]
    connection_w: Annotated[
        int, Meta(ge=1, le=1_000_000), means("the most that the connection carries")
    ]
    # Doubt: what the meters of 2020 did with energy in a deferral is not public. `suspended` is
    # ours, from "la facturation reportée".
    deferral_accounting: Annotated[
        Literal["suspended", "negative"],
        means("while disconnection is deferred: not charged, or charged below zero"),
    ]
    # Doubt: what the meters of 2020 did is not public. One source has each: docs/meter-model.md.
    later_cut: Annotated[
        Literal["stays_cut", "reconnect"],
        means("a later T2 in a meter that has cut: nothing, or a person may reconnect"),
    ]
    clock: Annotated[ClockBounds, means("how far the clock may be off")]
    credit: Annotated[Credit, means("amounts, and the tariff of the factory")]
    rearm: Annotated[Rearm, means("how a person asks for supply")]
    window: Annotated[Window, means("the non-disconnection period")]
    shelter_longest_min: Annotated[
        int, Meta(ge=1, le=10_080), means("the longest that this period may last, by any clock")
    ]
    night: Annotated[Window | None, means("the night hours of a bi-hourly tariff")] = None
    device: Annotated[DeviceName, means(" or ".join(get_args(DeviceName)))] = BUDGET
    paygo: Annotated[Paygo | None, means("of a device of OpenPAYGO alone")] = None
    sts: Annotated[Sts | None, means("of an STS meter alone")] = None

    @property
    def measures(self) -> Energy:
        """The row of its energy."""
        return ENERGIES[self.energy]


class _DeviceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The model file of a device with a keypad: it has no money, no hours and no limiter."""

    name: Annotated[str, Meta(min_length=1, max_length=24, pattern=PRINTABLE)]
    zone: TimeZone = BELGIAN
    poll_s: Annotated[int, Meta(ge=1, le=3600)]
    boot_ms: Annotated[int, Meta(ge=0, le=60_000)]
    eeprom_size_bytes: Annotated[int, Meta(ge=1024, le=65_536)]
    eeprom_page_bytes: Annotated[int, Meta(ge=64, le=256)]
    eeprom_endurance_cycles: Annotated[int, Meta(ge=1_000, le=100_000_000)]
    connection_w: Annotated[int, Meta(ge=1, le=1_000_000)]

    @property
    def model(self) -> MeterModel:
        """The model, with nothing of what such a device has not."""
        own = {name: getattr(self, name) for name in self.__struct_fields__}
        return MeterModel(
            **{**_NO_CLOCK, **own},
            energy=DEFAULT.name,
            rtc_base="utc",
            limiter_a=0,
            deferral_accounting="suspended",
            later_cut="stays_cut",
            credit=Credit(
                emergency_cents=0, load_min_cents=0, load_max_cents=1, low_credit_cents=0,
                price_ueur_per_wh=1, mwh_per_unit=1000, tariff_number=1,
            ),
            rearm=Rearm(key="red", hold_ms=0, tightness_s=0),
            window=Window(start_minute=1439, end_minute=0, weekend=False),
            shelter_longest_min=1,
        )  # fmt: skip


class _PaygoFile(_DeviceFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The model file of a device of OpenPAYGO."""

    device: Literal["openpaygo"]
    rtc: Annotated[str, Meta(min_length=1)]
    clock: ClockBounds
    paygo: Paygo


class _StsFile(_DeviceFile, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The model file of an STS meter, whose program reads no clock."""

    device: Literal["sts"]
    rtc: Annotated[str, Meta(min_length=1)]
    sts: Sts


# Of the bench's chip, for a program that never asks it.
_NO_CLOCK: Final = {
    "clock": ClockBounds(
        set_error_s=1, drift_bound_ppb=0, trust_max_days=1, outage_max_days=2, backup_days=0
    ),
}
_FILES: Final[dict[str, type[_DeviceFile]]] = {"openpaygo": _PaygoFile, "sts": _StsFile}


def load_model(path: Path) -> MeterModel:
    """Return the model in a file; raise `ConfigError` naming file, key and what was wanted."""
    table = read_table(path)
    of_device = _FILES.get(str(table.get("device")))
    if of_device is not None:
        model = typed(table, of_device, path=str(path)).model
    else:
        model = typed(table, MeterModel, path=str(path))
        for key, device in (("paygo", "openpaygo"), ("sts", "sts")):
            if getattr(model, key) is not None:
                raise ConfigError(str(path), key, f'expected device = "{device}" next to it')
    if model.energy not in ENERGIES:
        why = f"expected one of {', '.join(ENERGIES)}, got {model.energy!r}"
        raise ConfigError(str(path), "energy", why + hint(model.energy, ENERGIES))
    night = model.night or model.window
    for key, low, high in (
        ("window.start_minute", model.window.end_minute, model.window.start_minute),
        ("night.start_minute", night.end_minute, night.start_minute),
        ("credit.load_max_cents", model.credit.load_min_cents, model.credit.load_max_cents),
    ):
        if low >= high:
            raise ConfigError(str(path), key, f"expected more than {low}, got {high}")
    _check_energy(path, model)
    _check_night(path, model)
    for key, size in (
        ("eeprom_size_bytes", model.eeprom_size_bytes),
        ("eeprom_page_bytes", model.eeprom_page_bytes),
    ):
        if size & (size - 1):
            raise ConfigError(str(path), key, f"expected a power of two, got {size}")
    return model


def _check_energy(path: Path, model: MeterModel) -> None:
    """Refuse values that no meter of this energy has."""
    energy = model.measures
    for key, got, may_be, want in (
        ("credit.mwh_per_unit", model.credit.mwh_per_unit, energy.varies, energy.mwh_per_unit),
        ("rearm.tightness_s", model.rearm.tightness_s, energy.countdown, 0),
        ("limiter_a", model.limiter_a, energy.limiter, 0),
    ):
        if not may_be and got != want:
            raise ConfigError(str(path), key, f"expected {want} for {energy.name}, got {got}")
    if model.night is not None and not energy.nights:
        why = f"expected none: {energy.name} costs the same at all hours"
        raise ConfigError(str(path), "night", why)


def _check_night(path: Path, model: MeterModel) -> None:
    """Refuse a night price above the day's, or one without night hours."""
    pricing = model.credit.pricing
    if pricing.night_price_ueur_per_wh > pricing.price_ueur_per_wh:
        want = f"expected at most the day's {pricing.price_ueur_per_wh}"
    elif pricing.bi_hourly and model.night is None:
        want = "expected none: the model has no [night]"
    else:
        return
    raise ConfigError(str(path), "credit.night_price_ueur_per_wh", want)


def uncertainty_s(model: MeterModel, set_at_us: int, at_us: int) -> int:
    """Return how far the RTC may be off at `at_us`, in whole seconds, rounded up.

    The second that an RTC register does not show is part of `set_error_s`.
    """
    elapsed_us = max(0, at_us - set_at_us)
    return model.clock.set_error_s - (-model.clock.drift_bound_ppb * elapsed_us // _PPB_SECONDS)
