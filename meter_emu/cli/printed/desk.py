"""What `desk` prints as JSON."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import structs

from meter_emu.cli.printed.base import Printed, Shape, shaped
from meter_emu.cli.printed.byte_results import RecordShownJson
from meter_emu.desk.card_image import RecordView
from meter_emu.desk.confirmed import Doubt
from meter_emu.resources import means


class OrderJson(Shape):
    """The order on the card."""

    number: Annotated[int, means("counts up with each order")]
    defer_until: Annotated[str | None, means("T1, legal time: no disconnection until then")]
    cut_at: Annotated[str | None, means("T2, legal time: disconnected then")]
    reactivates: bool
    prepayment_on: bool
    limiter_granted: bool


class TariffJson(Shape):
    """The tariff on the card."""

    number: int
    price_ueur_per_wh: Annotated[int, means("micro-euro; 250 is 0.25 EUR/kWh")]
    night_price_ueur_per_wh: Annotated[int, means("the same number as by day: mono-hourly")]
    mwh_per_unit: Annotated[int, means("milliwatt-hours that the register's unit stands for")]


class AccountShownJson(Printed, tag="desk-account/1"):
    """What is on the card now; every command of `desk` that writes prints it."""

    meter: Annotated[int, means("the meter's number")]
    card_number: Annotated[int, means("1 for a meter's first card")]
    generation: int
    expires: Annotated[str | None, means("of a temporary card, legal time")]
    loaded_cents: Annotated[int, means("ever loaded")]
    load_count: int
    order: OrderJson
    tariff: TariffJson


class DoubtShownJson(Shape):
    """Where the meter's words are not what the office wrote."""

    words: str
    contradicts: Annotated[bool, means("whether card and meter cannot both be right")]


class WrittenBackJson(Printed, RecordShownJson, tag="desk-read/1"):
    """What the meter last wrote on the card."""

    doubts: tuple[DoubtShownJson, ...]


def written_back_json(record: RecordView, doubts: Sequence[Doubt]) -> WrittenBackJson:
    """Return the record explained, and where the office doubts it."""
    return WrittenBackJson(
        **structs.asdict(shaped(record, RecordShownJson)),
        doubts=tuple(shaped(doubt, DoubtShownJson) for doubt in doubts),
    )
