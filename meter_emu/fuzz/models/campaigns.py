"""What a campaign file says, from the table that TOML has: docs/campaign-file.md."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_VISIT: Final = {
    "load_cents": 0, "office_error_s": 0, "torn": False, "prepayment": None, "limiter": None,
    "reactivate": False, "new_card": False, "price": None,
}  # fmt: skip


def campaign_said(table: dict[str, Any]) -> dict[str, Any]:
    """Return the instants and counts of a campaign."""
    zone = ZoneInfo(table["zone"])
    announced = table.get("announced", [])
    announced = [announced] if isinstance(announced, dict) else announced
    return {
        "name": table["name"],
        "start_us": _us(table["start"], zone),
        "end_us": _us(table["end"], zone),
        "seed": table.get("seed", 0),
        "language": table.get("language"),
        "polls_max": table.get("polls_max"),
        "announced": [
            (_us(one.get("made", table["start"]), zone), _given(one, "defer_until", zone),
             _given(one, "cut_at", zone), one.get("late_max_min"), one.get("text", ""))
            for one in announced
        ],
    }  # fmt: skip


def household_said(household: dict[str, Any], table: dict[str, Any]) -> dict[str, Any]:
    """Return what a household of the file is at its start."""
    zone = ZoneInfo(table["zone"])
    load = household.get("load_w", household.get("load_dm3_per_h"))
    return {
        "id": household["id"],
        "kind": household["kind"],
        "group": household.get("group", ""),
        "limiter": household.get("limiter", False),
        "prepayment": household.get("prepayment", True),
        "careless": household.get("rearm") == "careless",
        "build": household.get("build", table.get("build", "reference")),
        "model_name": household.get("model", table.get("model")),
        "carrier": household.get("carrier", "secure"),
        "balance_cents": int(100 * Decimal(str(household.get("balance_eur", 0)))),
        "load": [load] * 24 if isinstance(load, int) else load,
        "clock_error_s": _least(household.get("clock_error_s", 0)),
        "drift_ppb": _least(household.get("drift_ppb", 0)),
        "clock_set_us": _us(household.get("clock_set", table["start"]), zone),
        "outages": [
            (_us(one["from"], zone), _us(one["to"], zone)) for one in household.get("outages", ())
        ],
    }


def visit_said(visit: dict[str, Any], zone_key: str) -> dict[str, Any]:
    """Return what one visit does, and when; dates that were announced are not said again."""
    zone, words = ZoneInfo(zone_key), visit.get("desk", ())
    said = _NO_VISIT | {
        "at_us": _us(visit["at"], zone),
        "load_cents": int(100 * Decimal(str(visit.get("load_eur", 0)))),
        "office_error_s": visit.get("office_error_s", 0),
        "torn": visit.get("torn", False),
        "reactivate": "reactivate" in words,
        "new_card": visit.get("replace_card", False),
        "price": visit.get("tariff", {}).get("price_ueur_per_wh"),
    }
    for name in ("prepayment", "limiter"):
        said[name] = True if f"{name}-on" in words else False if f"{name}-off" in words else None
    for key, name in (("defer_until", "defer_us"), ("cut_at", "cut_us")):
        if key in visit:
            said[name] = _us(visit[key], zone)
    if visit.get("clock_card"):
        said |= {"clock_error_s": visit.get("clock_error_s", 0), "lost": visit.get("lost", False)}
    return said


def _least(given: int | list[int]) -> int:
    return given if isinstance(given, int) else given[0]


def _given(one: dict[str, Any], key: str, zone: ZoneInfo) -> int | None:
    return _us(one[key], zone) if key in one else None


def _us(when: datetime, zone: ZoneInfo) -> int:
    """Return microseconds since 1970 of a legal time that there is once, or one with its offset."""
    at = when if when.tzinfo is not None else when.replace(tzinfo=zone)
    return (at.astimezone(UTC) - _EPOCH) // timedelta(microseconds=1)
