"""Records: each number up to the end of its field; what a memory card carries of one."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from random import Random
from typing import Any, Final

from card_protocol.card.image import CardKind
from card_protocol.errors import LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import CardId, WriteBackRecord, compact
from card_protocol.formats.budget.generations import DESK_RECORDS
from card_protocol.keys import Purpose, derive
from card_protocol.layout import Layout
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.families import card_layouts
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance

_U16, _S32 = 0xFFFF, 2**31
_NONE, _A_TIME = b"\xff" * 5, bytes.fromhex("2007032301")
_CARD: Final = CardId(9, 7, CardKind.MEMORY)


@law_with_runs(id="record-limits", properties=("P4", "P10"), presumes="the built-in formats")
def record_limits(trial: Trial) -> Finding:
    """A record holds each number up to its field's end, and a memory card what it has room for."""
    random = chance(trial, "records")
    for layout in card_layouts():
        for words in _limits(layout, random):
            return Broken(f"{layout.name}: {words}")
    for part in (_of_meter, _of_office, _copies):
        for words in part(random):
            return Broken(f"memory card: {words}")
    return None


def _limits(layout: Layout[Any], random: Random) -> Iterator[str]:
    raw = layout.magic + random.randbytes(layout.size_bytes - len(layout.magic))
    record = layout.parse(raw)
    if layout.build(record) != raw:
        yield "is another when it is built again"
    for other in (raw[:-1], raw + b"\0", b"\0" + raw[1:]):
        yield from _refused(lambda other=other: layout.parse(other), 0)  # type: ignore[misc]
    for place, field in enumerate(layout.fields):
        bits = 8 * field.size_bytes
        if field.kind == "bytes":
            for bad in (b"", bytes(field.size_bytes + 1), 0):
                yield from _refused(_built(layout, record, place, bad), field.offset)
            continue
        low = 0 if field.kind == "uint" else -(2 ** (bits - 1))
        high = low + 2**bits - 1
        for value in (low, high):
            one = _with(layout, record, place, value)
            if layout.parse(layout.build(one)) != one:
                yield f"{field.name} does not hold {value}"
        for wrong in (low - 1, high + 1, b"1", None):
            yield from _refused(_built(layout, record, place, wrong), field.offset)


def _with(layout: Layout[Any], record: Any, place: int, value: object) -> Any:  # noqa: ANN401  any
    values = layout.values(record)  # `replace` looks at each field again, which took most of it
    return layout.record(*values[:place], value, *values[place + 1 :])


def _built(
    layout: Layout[Any],
    record: Any,  # noqa: ANN401  of any layout
    place: int,
    value: object,
) -> Callable[[], object]:
    return lambda: layout.build(_with(layout, record, place, value))


def _refused(ask: Callable[[], object], at: int) -> Iterator[str]:
    try:
        ask()
    except LayoutError as error:
        if error.offset == at:
            return
    yield f"what does not fit at {at} is taken, or refused elsewhere"


def _of_meter(random: Random) -> Iterator[str]:
    """A write-back carries what a memory card has room for, and a session's low 16 bits."""
    many = (0, 1, _U16, _U16 + 1, 2**32 - 1)
    empty = budget.WRITE_BACK.parse(b"BB" + bytes(budget.WRITE_BACK.size_bytes - 2))
    times: dict[str, Any] = {
        name: random.choice((_NONE, _A_TIME)) for name in ("clock", "defer_until", "cut_at")
    }
    for steps in (-_S32 - 1, -_S32, -1, 0, 5, _S32 - 1, _S32):
        part = compact.meter_part(replace(empty, **times, balance_ueur=steps * 100 + 99), 1)
        if part.balance_100ueur != min(max(steps, -_S32), _S32 - 1):
            yield f"a balance of {steps} steps is carried as {part.balance_100ueur}"
    written: WriteBackRecord = replace(
        empty, **times, generation=1, meter_id=9, session_count=random.choice(many),
        accepted_count=random.choice(many), order_number=random.choice(many), result=3,
        clock_health=4, uncertainty_s=5, register_units=6, deferred_wh=7, accepted_cents=8,
        order_result=9, supply=10, blocks=random.randrange(16), shields=random.randrange(16),
        balance_ueur=-1_401,
    )  # fmt: skip
    part = compact.meter_part(written, 12)
    again = compact.write_back_of(compact.METER_PART.parse(compact.METER_PART.build(part)), 9)
    if part.sequence != 12:
        yield "a copy has another number"
    held: dict[str, Any] = {name: min(getattr(written, name), _U16)
            for name in ("accepted_count", "order_number")}  # fmt: skip
    held["session_count"] = written.session_count & _U16
    missing: dict[str, Any] = {
        field.name: None for field in fields(written) if getattr(again, field.name) is None
    }
    expected = replace(written, **held, **missing, balance_ueur=-1_500, events=b"\xff" * 24)
    if again != expected:
        yield f"the write-back {again} is not {expected}"
    if set(missing) != {
        "challenge", "charged_wh", "postpaid_wh", "charged_ueur", "emergency_debt_ueur",
        "order_mac", "tariff_number", "night_wh", "charged_night_wh", "shelter_left_min",
        "shelter_left_wh", "night_left_wh",
    }:  # fmt: skip
        yield f"the write-back has no {sorted(missing)}"


def _of_office(random: Random) -> Iterator[str]:
    """An order has dates or a token; its record is the same when it is read from a memory card."""
    layout = DESK_RECORDS[1]
    raw = b"BD\1" + bytes(13) + _NONE * 2 + b"\xff" * 8
    record = layout.parse(raw.ljust(layout.size_bytes, b"\0"))
    token, sessions = random.randbytes(8), random.choice((0, _U16, _U16 + 1))
    dated = replace(record, defer_until=_A_TIME, flags=3, seen_session=sessions, order_number=2)
    for one in (dated, replace(dated, defer_until=_NONE, token=token)):
        part = compact.desk_part(one, 5)
        again = compact.desk_record_of(part)
        expected = replace(one, reserved=b"\xff\xff", seen_session=sessions & _U16)
        if again != expected or part.sequence != 5:
            yield f"the order {again} is not {expected}"
    later = DESK_RECORDS[2].parse(b"BD\2" + bytes(DESK_RECORDS[2].size_bytes - 3))
    for wrong in (replace(dated, token=token), replace(dated, flags=0x80), later):
        yield from _refused(lambda wrong=wrong: compact.desk_part(wrong, 1), 0)  # type: ignore[misc]
    identity = budget.IDENTITY.parse(b"BI\1\1".ljust(budget.IDENTITY.size_bytes, b"\0"))
    for number in (0, 2**32 - 1, 2**32, 2**48 - 1):
        owner = replace(identity, customer_ref=number, card_number=7, meter_id=9)
        if compact.identity_of(compact.identity_part(owner)).customer_ref != number:
            yield f"customer {number} is another"
    yield from _refused(lambda: compact.identity_part(replace(identity, generation=2)), 0)


def _copies(random: Random) -> Iterator[str]:
    """The current copy is the newest that is whole; the next goes to the other place."""
    key, layout = derive(TEST_MASTER_KEY, Purpose.DESK_RECORD, 9), compact.DESK_PART
    numbers = random.sample((1, 2, 300, _U16 - 1), 2)
    raws = []
    for number in numbers:
        part = layout.parse(b"D\0" + number.to_bytes(2, "big") + bytes(layout.size_bytes - 4))
        raws.append(compact.seal_part(layout, part, key, _CARD))
    broken = random.choice((None, 0, 1))
    if broken is not None:
        raws[broken] = raws[broken][:-1] + bytes((raws[broken][-1] ^ 1,))
    left = [copy for copy in (0, 1) if copy != broken]
    newest = max(left, key=lambda copy: numbers[copy])
    found = compact.compact_in_force(layout, tuple(raws), key, _CARD)
    if found is None or (found.copy, found.part.sequence) != (newest, numbers[newest]):
        yield f"of copies {numbers}, {broken} not whole, {found} is current"
    if compact.next_copy(found, "") != (1 - newest, numbers[newest] + 1):
        yield f"the copy after {found} is {compact.next_copy(found, '')}"
    if compact.compact_in_force(layout, (b"M" + raws[0][1:], bytes(44)), key, _CARD) is not None:
        yield "a part of another kind is current"
    if compact.next_copy(None, "") != (0, 1):
        yield "a first copy goes elsewhere"
    last = layout.parse(raws[0][:2] + b"\xff\xff" + raws[0][4:])
    yield from _refused(lambda: compact.next_copy(compact.InForce(0, last), ""), 0)
    ours, none = (compact.no_copy(layout, raws) for raws in ((b"D", b"\xff"), (b"\xff", b"\xff")))
    if not isinstance(ours, MacError) or not isinstance(none, LayoutError) or none.offset:
        yield "a part that was never written, and one that is forged, are taken for each other"
