"""What a campaign file says, from the table that TOML has: docs/campaign-file.md.

A value of a household is compared whole, so each key of the page stands here once.
"""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import takewhile
from typing import Any, Final
from zoneinfo import ZoneInfo

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_METER: Final = 541_000_000_001
_ACTS: Final = ("press", "hold", "type")

_Table = dict[str, Any]


def campaign_said(table: _Table) -> _Table:
    """Return what a campaign has but its announcements and households."""
    zone = ZoneInfo(table["zone"])
    return {
        "name": table["name"],
        "start_us": _us(table["start"], zone),
        "end_us": _us(table["end"], zone),
        "seed": table.get("seed", 0),
        "language": table.get("language"),
        "polls_max": table.get("polls_max"),
        "reported": [(_us(one["at"], zone), one["text"]) for one in table.get("reported", ())],
    }


def announced_said(table: _Table) -> list[_Table]:
    """Return all announcements of a file, in its order."""
    zone, said = ZoneInfo(table["zone"]), table.get("announced", [])
    return [
        {
            "name": one.get("name"),
            "made_us": _us(one.get("made", table["start"]), zone),
            "takers_only": one.get("for", "who-takes-part") == "who-takes-part",
            "late_max_us": one.get("late_max_min", 60) * 60_000_000,
            "text": one.get("text", ""),
            "language": one.get("language", "en"),
            **_dated(one, "defer_until", "defer_us", zone),
            **_dated(one, "cut_at", "cut_us", zone),
        }
        for one in ([said] if isinstance(said, dict) else said)
    ]


def heard_said(household: _Table, announced: list[_Table]) -> list[_Table]:
    """Return the announcements that a household heard, in the order in which they were made."""
    names = household.get("announced", [None])
    heard = [one for one in announced if names != "none" and one["name"] in names]
    return sorted(heard, key=lambda one: one["made_us"])


def household_said(household: _Table, table: _Table, before: int) -> _Table:
    """Return what a household of the file is at its start; `before` households precede it."""
    zone = ZoneInfo(table["zone"])
    load = household.get("load_w", household.get("load_dm3_per_h"))
    cut = household.get("expect_cut")
    return {
        "id": household["id"],
        "kind": household["kind"],
        "group": household.get("group", ""),
        "limiter": household.get("limiter", False),
        "prepayment": household.get("prepayment", True),
        "careless": household.get("rearm") == "careless",
        "build": household.get("build", table.get("build", "reference")),
        "model_name": household.get("model", table.get("model")),
        "rtc_base": household.get("rtc_base"),
        "card_generation": household.get("card_generation", table.get("card_generation", 1)),
        "meter_id": household.get("meter_id", _FIRST_METER + before),
        "balance_cents": _cents(household.get("balance_eur", 0)),
        "load": [load] * 24 if isinstance(load, int) else load,
        "clock_error_s": _least(household.get("clock_error_s", 0)),
        "drift_ppb": _least(household.get("drift_ppb", 0)),
        "clock_set_us": _us(household.get("clock_set", table["start"]), zone),
        "expect": household.get("expect"),
        "expect_lived": household.get("expect_lived"),
        "expect_cut_us": None if cut is None else [_us(one, zone) for one in cut],
        "outages": [
            (_us(one["from"], zone), _us(one["to"], zone)) for one in household.get("outages", ())
        ],
        "rtc_found": [
            (_us(one["to"], zone), _cells_of(one["rtc"]))
            for one in household.get("outages", ()) if "rtc" in one
        ],
    }  # fmt: skip


def around_said(household: _Table, table: _Table) -> _Table:
    """Return the rest of a household: its copies, their spread, its card and its age."""
    zone = ZoneInfo(table["zone"])
    ranges = [household.get(key) for key in ("clock_error_s", "drift_ppb", "visits_later_s")]
    return {
        "count": household.get("count", 1),
        "poll_phase_us": household.get("poll_phase_us"),
        "spread": [tuple(one) if isinstance(one, list) else None for one in ranges],
        "carrier": household.get("carrier", "secure"),
        "age": {key: value for key, value in household.get("age", {}).items()
                if value != int(key in {"card_number", "save_count", "token_count"})},
        "expires_us": _given(household, "card_expires", zone),
    }  # fmt: skip


def visits_said(household: _Table, heard: list[_Table], zone_key: str) -> list[_Table]:
    """Return what each visit does, and when, in the order of the file."""
    visits, zone = household.get("visits", []), ZoneInfo(zone_key)
    return [_visit(one, visits, heard, zone) for one in visits]


def _visit(visit: _Table, visits: list[_Table], heard: list[_Table], zone: ZoneInfo) -> _Table:
    at_us = _us(visit["at"], zone)
    said: _Table = {"at_us": at_us}
    if visit.get("insert"):
        in_turn = sorted(visits, key=lambda one: _us(one["at"], zone))
        before = takewhile(lambda one: one is not visit, in_turn)
        cards = 1 + sum(one.get("replace_card", False) for one in before)
        number = visit.get("card_number")
        return said | {
            "card_number": None if number == cards else number,
            "copy_number": visit.get("copy_of"),
            "records": tuple(visit.get("records", ())),
            "flipped": visit.get("flipped"),
            "whose": visit.get("card_of"),
        }
    if visit.get("clock_card"):
        return said | {
            "clock_error_s": visit.get("clock_error_s", 0), "lost": visit.get("lost", False),
            "made_us": _given(visit, "made", zone), "for_meter": visit.get("meter_id"),
        }  # fmt: skip
    if "upset" in visit:
        return said | {"registers": _cells_of(visit["upset"])}
    if "token" in visit:
        typo = (visit.get("wrong_digit"), visit.get("swapped_digits"), visit.get("first_digits"))
        return said | {"token": (visit["token"], *typo)}
    for key in _ACTS:
        if key in visit:
            return said | {"act": (key, visit[key])}
    return said | _at_office(visit, at_us, heard, zone)


def _at_office(visit: _Table, at_us: int, heard: list[_Table], zone: ZoneInfo) -> _Table:
    """Return what the office writes; a date that is not said is the newest announced one."""
    words, tariff, fields = visit.get("desk", ()), visit.get("tariff"), visit.get("fields")
    said: _Table = {
        "load_cents": _cents(visit.get("load_eur", 0)),
        "office_error_s": visit.get("office_error_s", 0),
        "torn": visit.get("torn", False),
        "reactivate": "reactivate" in words,
        "new_card": _given(visit, "card_expires", zone) if visit.get("replace_card") else "none",
        "mwh_per_unit": None if tariff is None else tariff.get("mwh_per_unit"),
        "tariff": None if tariff is None else (
            tariff["number"], tariff["price_ueur_per_wh"],
            tariff.get("night_price_ueur_per_wh", tariff["price_ueur_per_wh"]),
        ),
        "fields": fields and {
            key: bytes.fromhex(value) if isinstance(value, str) else value
            for key, value in fields.items()
        },
    }  # fmt: skip
    for name in ("prepayment", "limiter"):
        said[name] = True if f"{name}-on" in words else False if f"{name}-off" in words else None
    shown = [one for one in heard if one["made_us"] <= at_us]
    for word, key, name in (("defer", "defer_until", "defer_us"), ("cut", "cut_at", "cut_us")):
        if word in words and key not in visit:
            said |= {name: shown[-1][name], key: shown[-1][key]}
        else:
            said |= _dated(visit, key, name, zone)
    return said


def _cells_of(text: str) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(one, 16) for one in word.split("=")) for word in text.split())


def _cents(amount: int | str) -> int:
    return int(100 * Decimal(str(amount)))


def _least(given: int | list[int]) -> int:
    return given if isinstance(given, int) else given[0]


def _given(one: _Table, key: str, zone: ZoneInfo) -> int | None:
    return _us(one[key], zone) if key in one else None


def _dated(one: _Table, key: str, name: str, zone: ZoneInfo) -> _Table:
    """Return a date that goes onto a card: its instant, and the legal time that it is."""
    at_us = _given(one, key, zone)
    if at_us is None:
        return {name: None, key: None}
    legal = (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)
    return {name: at_us, key: legal.timetuple()[:5]}


def _us(when: Any, zone: ZoneInfo) -> int:  # noqa: ANN401 - a time of TOML
    """Return microseconds since 1970 of a legal time that there is once, or one with its offset."""
    at: datetime = when if when.tzinfo is not None else when.replace(tzinfo=zone)
    since = at.astimezone(UTC) - _EPOCH
    return since // timedelta(microseconds=1)
