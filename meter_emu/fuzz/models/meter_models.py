"""Which numbers a model's file may have: the table of docs/meter-model.md."""

from typing import Any, Final

# The least and the most that a key may be; in `""` those of no section.
RANGES: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "": {
        "poll_s": (1, 3_600), "boot_ms": (0, 60_000), "eeprom_size_bytes": (1_024, 65_536),
        "eeprom_page_bytes": (64, 256), "eeprom_endurance_cycles": (1_000, 100_000_000),
        "limiter_a": (0, 100), "connection_w": (1, 1_000_000), "shelter_longest_min": (1, 10_080),
    },
    "clock": {
        "set_error_s": (1, 3_600), "drift_bound_ppb": (0, 1_000_000),
        "trust_max_days": (1, 36_500), "outage_max_days": (2, 3_650), "backup_days": (0, 3_650),
    },
    "credit": {
        "emergency_cents": (0, 100_000), "load_min_cents": (0, 100_000),
        "load_max_cents": (1, 1_000_000), "low_credit_cents": (0, 100_000),
        "price_ueur_per_wh": (1, 100_000), "night_price_ueur_per_wh": (1, 100_000),
        "mwh_per_unit": (1, 65_535), "tariff_number": (1, 65_535),
    },
    "rearm": {"hold_ms": (0, 60_000), "tightness_s": (0, 3_600)},
    "window": {"start_minute": (0, 1_439), "end_minute": (0, 1_439)},
    "night": {"start_minute": (0, 1_439), "end_minute": (0, 1_439)},
    "paygo": {"time_divider": (1, 255)},
    "sts": {
        "tariff_index": (0, 99), "key_revision": (1, 9), "ken": (0, 255),
        "first_tid": (0, 16_777_215), "maker": (0, 65_535), "half_s": (1, 3_600),
        "tries": (1, 100), "lock_first_s": (1, 3_600), "lock_most_s": (1, 36_000),
        "credit_most_wh": (1_000, 2_147_483_647),
    },
}  # fmt: skip


def numbers_of(table: dict[str, Any]) -> list[tuple[str, str]]:
    """Return section and key of each number in a file."""
    return [
        (section, key)
        for section, ranges in RANGES.items()
        for key in ranges
        if key in (table if section == "" else table.get(section, {}))
    ]


def numbers_refused(table: dict[str, Any]) -> bool:
    """Whether the page refuses numbers: each by itself, and those that do not go together."""
    for section, key in numbers_of(table):
        least, most = RANGES[section][key]
        if not least <= (table if section == "" else table[section])[key] <= most:
            return True
    if any(table[f"eeprom_{what}_bytes"].bit_count() != 1 for what in ("size", "page")):
        return True
    if table.get("device", "budget") != "budget":
        return False
    credit, gas = table["credit"], table["energy"] == "gas"
    price = credit["price_ueur_per_wh"]
    night_price = credit.get("night_price_ueur_per_wh", price)
    hours = [table[one] for one in ("window", "night") if one in table]
    return (
        any(one["start_minute"] <= one["end_minute"] for one in hours)
        or credit["load_min_cents"] >= credit["load_max_cents"]
        or night_price > price or (night_price < price and "night" not in table)
        or (gas and ("night" in table or table["limiter_a"] > 0))
        or (not gas and (credit["mwh_per_unit"] != 1_000 or table["rearm"]["tightness_s"] > 0))
    )  # fmt: skip
