"""What an STS token says, in rows of words; and what was typed, as a record."""

import re
import secrets
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from card_protocol.tokens.sts.amount import amount_of, code_of
from card_protocol.tokens.sts.fields import (
    REGISTER_ALL,
    CreditKind,
    SettingKind,
    StsCredit,
    StsKeySection,
    StsMeterTest,
    StsRecord,
    StsSetting,
    class_of,
)
from card_protocol.tokens.sts.key_change import StsKeyChange
from card_protocol.tokens.sts.tid import BaseDate, is_reserved, tid_of, wall_min_of
from meter_emu.cli.printed.tokens import StsTokenShownJson
from meter_emu.cli.wall_clock import basis_zone, issue_min, shown, wall_words

_UNITS: Final[Mapping[CreditKind, str]] = MappingProxyType(
    {
        CreditKind.ELECTRICITY: "kWh",
        CreditKind.WATER: "m3",
        CreditKind.GAS: "m3",
        CreditKind.TIME: "minutes",
    }
)
_HIDDEN: Final = "hidden (--show-keys)"
_MAKER_2_DIGITS_MAX: Final = 0xFF
_LIMITS: Final = frozenset({SettingKind.POWER_LIMIT, SettingKind.PHASE_UNBALANCE})


def grouped(token: str) -> str:
    """Return the digits in fours, as they are printed for people."""
    return " ".join(token[at : at + 4] for at in range(0, len(token), 4))


def kind_words(record: StsRecord) -> str:
    """Return what a token is, in a few words."""
    if isinstance(record, StsMeterTest):
        return "meter test or display"
    if isinstance(record, StsKeySection):
        return f"key change, section {record.number}"
    name = record.kind.name.lower().replace("_", " ")
    return f"{name} credit" if isinstance(record, StsCredit) else name


def token_rows(
    record: StsRecord, key: str, base: str | None, zone: ZoneInfo | None, *, show_keys: bool
) -> dict[str, str]:
    """Return every field of a token by its name, `kind` first."""
    token_class = class_of(record)
    rows = {
        "kind": kind_words(record),
        "class": f"{token_class}, not encrypted" if token_class == 1 else f"{token_class}, {key}",
    }
    if isinstance(record, StsMeterTest):
        digits = 9 if record.subclass == 0 else 7
        rows["subclass"] = str(record.subclass)
        rows["control"] = f"{record.control:0{digits}X}"
        rows["manufacturer"] = str(record.maker) if record.maker else "0, any"
    elif isinstance(record, StsKeySection):
        rows |= _section_rows(record)
        rows["key_part"] = record.part.raw.hex().upper() if show_keys else _HIDDEN
    else:
        rows["subclass"] = str(record.kind.value)
        rows |= _value_row(record)
        rows["random"] = str(record.rnd)
        rows["TID"] = f"{record.tid}{', reserved: 00:01' if is_reserved(record.tid) else ''}"
        for year in BaseDate:
            if base in {None, str(year.value)}:
                rows[f"base {year.value}"] = wall_words(wall_min_of(record.tid, year), zone)
    return rows | {"CRC": "holds"}


def token_facts(digits: str, record: StsRecord, *, show_keys: bool) -> StsTokenShownJson:
    """Return the fields of a token as numbers, for programs."""
    kind, token_class = kind_words(record), class_of(record)
    if isinstance(record, StsMeterTest):
        return StsTokenShownJson(
            token=digits, kind=kind, token_class=token_class, **record._asdict()
        )
    if isinstance(record, StsKeySection):
        return StsTokenShownJson(
            token=digits,
            kind=kind,
            token_class=token_class,
            section=record.number,
            head=f"{record.head:03X}",
            key_part=record.part.raw.hex().upper() if show_keys else None,
        )
    return StsTokenShownJson(
        token=digits,
        kind=kind,
        token_class=token_class,
        subclass=record.kind.value,
        random=record.rnd,
        tid=record.tid,
        value=record[3],
        amount=record.amount,
        issued_by_base={str(year.value): shown(wall_min_of(record.tid, year)) for year in BaseDate},
    )


def _value_row(record: StsCredit | StsSetting) -> dict[str, str]:
    if isinstance(record, StsCredit):
        tenths = f"{record.amount // 10}.{record.amount % 10}"
        return {"amount": f"{tenths} {_UNITS[record.kind]} (code {record.code:04X})"}
    if record.amount is not None:
        return {"limit": f"{record.amount} W (code {record.value:04X})"}
    if record.kind is SettingKind.CLEAR_CREDIT:
        return {"register": "all" if record.value == REGISTER_ALL else str(record.value)}
    return {} if record.kind is SettingKind.CLEAR_TAMPER else {"value": str(record.value)}


def _section_rows(section: StsKeySection) -> dict[str, str]:
    head = section.head
    if section.number == 1:
        return {
            "expiry_high": f"{head >> 8:X}",
            "key_revision": str(head >> 4 & 15),
            "rollover": str(head >> 3 & 1),
            "3KCT": str(head >> 2 & 1),
            "key_type": str(head & 3),
        }
    if section.number == 2:
        return {"expiry_low": f"{head >> 8:X}", "tariff_index": str(head & 0xFF)}
    return {f"supply_group_{'low' if section.number == 3 else 'high'}": f"{head:03X}"}


def change_rows(change: StsKeyChange, *, show_keys: bool) -> dict[str, str]:
    """Return what a whole key change brings."""
    expires = "never" if change.ken == 0xFF else f"after TID {(change.ken << 16) + 0xFFFF}"
    rows = {
        "kind": "key change",
        "key_type": f"{change.key_type.value} {change.key_type.name}",
        "key_revision": str(change.revision),
        "tariff_index": f"{change.tariff_index:02}",
        "expiry": f"{change.ken}, {expires}",
        "rollover": "yes: the next base date, and the TIDs in the meter's memory are forgotten"
        if change.rollover
        else "no",
    }
    if change.supply_group is not None:
        rows["supply_group"] = change.supply_group
    if show_keys:
        rows["key"] = change.key.raw.hex().upper()
    return rows


def record_of(kind: str, base: str | None, options: dict[str, Any]) -> tuple[StsRecord, str]:
    """Return the record of what was typed, and a remark if it is not quite that."""
    name, value = kind.upper().replace("-", "_"), options["value"]
    if kind == "meter-test":
        maker = options["maker"]
        bits = _number(value, 16, "hex digits, a bit for each test or display")
        return StsMeterTest(int(maker > _MAKER_2_DIGITS_MAX), bits, maker), ""
    tid, moved = _tid(base, options)
    rnd = secrets.randbelow(16) if options["rnd"] is None else options["rnd"]
    if name in CreditKind.__members__:
        credit = CreditKind[name]
        tenths = _tenths(value, _UNITS[credit])
        code = code_of(tenths)
        got = amount_of(code)
        up = f"rounded up to {got // 10}.{got % 10} {_UNITS[credit]}, the next that has a code"
        remarks = [moved, up if got != tenths else ""]
        return StsCredit(credit, rnd, tid, code), ", ".join(filter(None, remarks))
    setting = SettingKind[name]
    return StsSetting(setting, rnd, tid, _setting_value(setting, value)), moved


def _setting_value(kind: SettingKind, value: str | None) -> int:
    if kind is SettingKind.CLEAR_TAMPER:
        if value is not None:
            raise click.UsageError("clear-tamper takes no --value")
        return 0
    if kind is SettingKind.CLEAR_CREDIT and value == "all":
        return REGISTER_ALL
    if kind in _LIMITS:
        return code_of(_number(value, 10, "watts"))
    return _number(value, 10, "a whole number")


def _tid(base: str | None, options: dict[str, Any]) -> tuple[int, str]:
    if base is None or options["basis"] is None:
        raise click.UsageError(
            "expected --base and --basis: a TID is minutes from a base date on the vending "
            "system's clock, and a token says neither"
        )
    zone = basis_zone(options["basis"])
    utc_min, offset_min = issue_min(options["issued_at"], zone)
    year = BaseDate(int(base))
    tid = tid_of(utc_min, year, offset_min=offset_min)
    moved = wall_min_of(tid, year) != utc_min + offset_min
    return tid, "00:01 is reserved: the TID is that of 00:02" if moved else ""


def _tenths(value: str | None, unit: str) -> int:
    found = re.fullmatch(r"([0-9]{1,7})(?:\.([0-9]))?", value or "")
    if found is None:
        raise click.UsageError(f"--value: expected {unit} with at most one decimal, got {value!r}")
    return 10 * int(found[1]) + int(found[2] or 0)


def _number(value: str | None, radix: int, want: str) -> int:
    text = value or ""
    digits = "0123456789abcdefABCDEF"[: 10 if radix == 10 else None]
    if not text or len(text) > 12 or set(text) - set(digits):
        raise click.UsageError(f"--value: expected {want}, got {value!r}")
    return int(text, radix)
