"""A campaign file as people write it: its keys and their types. Nothing is resolved here.

What the keys mean is in `docs/campaign-file.md`, and `campaign` makes a `Campaign` of them.
"""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from meter_emu.resources import PRINTABLE
from meter_emu.units import HOURS_A_DAY
from meter_emu.world.rehearsal.reading import Euro
from meter_emu.zones import TimeZone

_Rate: TypeAlias = Annotated[int, Meta(ge=0, le=40_000)]
_Load: TypeAlias = (
    _Rate | Annotated[list[_Rate], Meta(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]
)
_Text: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
DeskWord: TypeAlias = Literal[
    "defer", "cut", "reactivate", "prepayment-on", "prepayment-off", "limiter-on", "limiter-off"
]
RecordWord: TypeAlias = Literal["wallet", "order", "tariff"]
_Generation: TypeAlias = Literal[1, 2]


_Seconds: TypeAlias = Annotated[int, Meta(ge=-(10**9), le=10**9)]
_Drift: TypeAlias = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
_PAIR: Final = Meta(min_length=2, max_length=2)


class RawTariff(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A tariff that the office writes on a card."""

    number: Annotated[int, Meta(ge=1, le=65_535)]
    price_ueur_per_wh: Annotated[int, Meta(ge=1, le=100_000)]
    night_price_ueur_per_wh: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    mwh_per_unit: Annotated[int, Meta(ge=1, le=65_535)] | None = None


_Civil: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-F]{10}$")]
_U32: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class RawFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Values that a faulty office writes into a card's order and wallet."""

    defer_until: _Civil | None = None
    defer_min: _U32 | None = None
    cut_at: _Civil | None = None
    cut_min: _U32 | None = None
    zone_rule: Annotated[int, Meta(ge=0, le=255)] | None = None
    loaded_cents: _U32 | None = None
    load_count: _U32 | None = None
    token: Annotated[str, Meta(pattern="^[0-9A-F]{16}$")] | None = None


class RawVisit(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One act, at a meter or at the office."""

    at: datetime
    desk: list[DeskWord] = msgspec.field(default_factory=list)
    defer_until: datetime | None = None
    cut_at: datetime | None = None
    load_eur: Euro | None = None
    tariff: RawTariff | None = None
    replace_card: bool = False
    card_expires: datetime | None = None
    office_error_s: _Seconds = 0
    fields: RawFields | None = None
    insert: bool = False
    card_of: _Text | None = None
    card_number: Annotated[int, Meta(ge=1, le=1000)] | None = None
    copy_of: Annotated[int, Meta(ge=1, le=1000)] | None = None
    press: Literal["red", "blue"] | None = None
    hold: Literal["red", "blue"] | None = None
    clock_card: bool = False
    clock_error_s: Annotated[int, Meta(ge=-3600, le=3600)] = 0
    made: datetime | None = None
    meter_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    lost: bool = False
    upset: _Text | None = None
    records: list[RecordWord] = msgspec.field(default_factory=list)
    flipped: Annotated[int, Meta(ge=0, le=511)] | None = None
    torn: bool = False


class RawOutage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Hours without power."""

    from_: datetime = msgspec.field(name="from")
    to: datetime
    rtc: _Text | None = None


class RawAge(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a meter and its card have counted before the story; the fields of `Age`."""

    card_number: Annotated[int, Meta(ge=1, le=2**32 - 1)] = 1
    order_number: _U32 = 0
    load_count: _U32 = 0
    loaded_cents: _U32 = 0
    session_count: _U32 = 0
    save_count: _U32 = 1
    register_units: _U32 = 0
    charged_wh: _U32 = 0
    deferred_wh: _U32 = 0
    postpaid_wh: _U32 = 0
    night_wh: _U32 = 0
    charged_night_wh: _U32 = 0


class RawHousehold(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A household, or many alike."""

    id: _Text
    kind: _Text
    model: _Text | None = None
    build: _Text | None = None
    rtc_base: Literal["utc", "standard", "legal"] | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    balance_eur: Euro
    load_w: _Load | None = None
    load_dm3_per_h: _Load | None = None
    clock_error_s: _Seconds | Annotated[list[_Seconds], _PAIR] = 0
    drift_ppb: _Drift | Annotated[list[_Drift], _PAIR] = 0
    visits_later_s: Annotated[list[_Seconds], _PAIR] | None = None
    poll_phase_us: Annotated[int, Meta(ge=0)] | None = None
    clock_set: datetime | None = None
    limiter: bool = False
    prepayment: bool = True
    rearm: Literal["careful", "careless"] | None = None
    card_generation: _Generation | None = None
    card_expires: datetime | None = None
    outages: list[RawOutage] = msgspec.field(default_factory=list)
    visits: list[RawVisit] = msgspec.field(default_factory=list)
    announced: _Text | None = None
    meter_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    carrier: Literal["secure", "plain", "memory"] = "secure"
    expect: list[str] | None = None
    expect_cut: Annotated[list[datetime], _PAIR] | None = None
    image: _Text | None = None
    age: RawAge | None = None


class RawAnnouncement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What was announced, to all or by name."""

    name: _Text | None = None
    defer_until: datetime | None = None
    cut_at: datetime | None = None
    text: Annotated[str, Meta(pattern=PRINTABLE)] = ""
    language: Literal["en", "fr", "nl", "de"] = "en"


class RawReported(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Something reported from outside, and when."""

    at: datetime
    text: _Text


class RawCampaign(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A whole file."""

    name: _Text
    zone: TimeZone
    start: datetime
    end: datetime
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    model: _Text | None = None
    build: _Text = "reference"
    card_generation: _Generation = 1
    polls_max: Annotated[int, Meta(ge=1, le=10**9)] | None = None
    announced: RawAnnouncement | list[RawAnnouncement] | None = None
    reported: list[RawReported] = msgspec.field(default_factory=list)
    household: Annotated[list[RawHousehold], Meta(min_length=1)]
