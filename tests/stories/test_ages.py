"""Each number that is stored has an age, or a reason why it needs none: from the layouts alone."""

from dataclasses import fields
from typing import get_type_hints

from card_protocol.formats.budget import DESK, IDENTITY, WRITE_BACK, instants
from card_protocol.formats.budget.compact import DESK_PART, IDENTITY_PART, METER_PART
from card_protocol.formats.clock import CLOCK
from card_protocol.formats.container import HEAD
from meter_emu.firmware.layouts import FACTORY, STATE
from meter_emu.world.meter.age import Age

LAYOUTS = (
    *(STATE, FACTORY, IDENTITY, DESK, instants.DESK, WRITE_BACK),
    *(IDENTITY_PART, DESK_PART, METER_PART, HEAD, CLOCK),
)
# By which age a count begins near its bounds: of the meter, the card of each kind, the container.
AGED = {
    "sequence": {"save_count", "card_writes"},
    "booked_units": {"register_units"}, "register_units": {"register_units"},
    "charged_wh": {"charged_wh"}, "deferred_wh": {"deferred_wh"}, "postpaid_wh": {"postpaid_wh"},
    "night_wh": {"night_wh"}, "charged_night_wh": {"charged_night_wh"},
    "accepted_cents": {"loaded_cents"}, "loaded_cents": {"loaded_cents"},
    "charged_ueur": {"loaded_cents"},
    "accepted_count": {"load_count"}, "load_count": {"load_count"},
    "order_number": {"order_number"}, "card_number": {"card_number"},
    "session_count": {"session_count"}, "seen_session": {"session_count"},
    "shown_session": {"session_count"},
}  # fmt: skip
CLOCKED = "an instant, an error or ticks: the story's own time"
ORDERED = "given by an order, a tariff or a model: stories draw it"
CODED = "a code, flags or bits: its values are few"
SEALED = "a check sum or the number of a format"
BOUNDED = "its own bound ends it long before that of its field: a hazard goes there"
NO_COUNT = {
    CLOCKED: (
        "last_time_s last_ticks_ms last_day clock_set_s set_error_s clock_card_s certain_s clock "
        "refused_stamp_min sheltered_ticks_ms issued_at_min expires_min defer_min cut_min set_to_s "
        "uncertainty_s defer_until cut_at"
    ),
    ORDERED: (
        "price_ueur_per_wh night_price_ueur_per_wh mwh_per_unit tariff_number meter_id "
        "customer_ref customer_high customer_low limiter_ampere window_start_minute "
        "window_end_minute drift_bound_ppb trust_max_days outage_max_days emergency_cents "
        "load_max_cents "
        "low_credit_cents rearm_hold_ms tightness_s night_start_minute night_end_minute "
        "connection_w shelter_longest_min balance_ueur balance_100ueur"
    ),
    CODED: (
        "flags health supply account order_result rate lost_by result clock_health blocks shields "
        "holds energy rtc_base rearm_key zone_rule"
    ),
    SEALED: "pad version crc generation record_count size_bytes",
    BOUNDED: (
        "emergency_debt_ueur remainder_mwh untimed_wh doubted_from_wh sheltered_wh sheltered_min "
        "powered_from_min shelter_left_min shelter_left_wh night_left_wh"
    ),
}


def numbers() -> set[str]:
    """Return the fields of all layouts that hold a number."""
    found = set()
    for layout in LAYOUTS:
        values = layout.parse(layout.magic + bytes(layout.size_bytes - len(layout.magic)))
        found |= {one.name for one in layout.fields if isinstance(getattr(values, one.name), int)}
    return found


def test_each_stored_number_has_an_age_or_a_reason() -> None:
    reasons = {name: why for why, names in NO_COUNT.items() for name in names.split()}
    assert not reasons.keys() & AGED.keys()
    assert numbers() == reasons.keys() | AGED.keys()


def test_each_age_is_of_a_stored_count() -> None:
    of_tokens = {"token_count", "credit_wh"}  # of devices that have no card
    ages = {field.name for field in fields(Age)}
    assert set().union(*AGED.values()) | of_tokens == ages
    assert set(get_type_hints(Age)) >= ages
