"""A part of the office is swapped for a faulty one: its routine changes and nothing else."""

from dataclasses import replace

from typing_extensions import override

from card_protocol.formats.budget import DeskRecord
from card_protocol.formats.budget.generations import AnyDeskRecord
from card_protocol.timestamp import BCD_NONE, Civil
from meter_emu.desk.dates import DeskCodec, DeskDates, Written
from meter_emu.desk.desk import Desk, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.desk.reader import DEEDS, T1, T2, Reader, dates
from tests.rigs import counted


class DayEarlyCodec(DeskCodec):
    """A faulty office: what it writes is a day early."""

    __slots__ = ()

    @override
    def write_time(self, when: Civil) -> bytes:
        return super().write_time(when._replace(day=when.day - 1))


class ForgetfulCodec(DeskCodec):
    """A faulty office: a reactivation cancels one of two items."""

    __slots__ = ()

    @override
    def disarmed(self, order: AnyDeskRecord) -> AnyDeskRecord:
        return replace(order, defer_until=BCD_NONE)


class StuckCodec(DeskCodec):
    """A faulty office: the number does not advance."""

    __slots__ = ()

    @override
    def next_number(self, number: int) -> int:
        return max(number, 1)


class CarelessDates(DeskDates):
    """A faulty office: it does not look which of two dates comes first."""

    __slots__ = ()

    @override
    def cut_precedes(self, defer_until: Written, cut_at: Written) -> bool:
        return False


def orders_of(desk: Desk) -> list[AnyDeskRecord]:
    reader = Reader(desk)
    return [
        reader.desk.serve(reader.exchange, Work(defer_until=T2, cut_at=T2), issued_at_min=1).desk,
        reader.desk.serve(reader.exchange, Work(limiter=True), issued_at_min=2).desk,
        reader.desk.serve(reader.exchange, Work(reactivate=True), issued_at_min=3).desk,
    ]


def changed(codec: DeskCodec) -> list[set[str]]:
    """Return, order by order, which fields a codec writes otherwise than the office's own."""
    good = orders_of(Desk(TEST_MASTER_KEY, challenge=counted()))
    bad = orders_of(Desk(TEST_MASTER_KEY, codec=codec, challenge=counted()))
    names = [name for name in DeskRecord.__slots__ if name != "mac"]
    return [
        {name for name in names if getattr(was, name) != getattr(now, name)}
        for was, now in zip(good, bad, strict=True)
    ]


def test_a_part_swapped_in_changes_its_routine_and_nothing_else():
    both = {"defer_until", "cut_at"}
    assert changed(DeskCodec()) == [set(), set(), set()]
    assert changed(DayEarlyCodec()) == [both, both, set()]
    assert changed(ForgetfulCodec()) == [set(), set(), {"cut_at"}]
    assert changed(StuckCodec()) == [set(), {"order_number"}, {"order_number", "token"}]


def test_a_careless_office_writes_what_the_reference_refuses():
    reader = Reader(Desk(TEST_MASTER_KEY, dates=CarelessDates(), challenge=counted()))
    reader.desk.serve(reader.exchange, Work(defer_until=T2, cut_at=T1), issued_at_min=1)
    assert dates(reader.order()) == (T2, T1)


def test_the_same_visits_leave_the_same_bytes():
    def run() -> tuple[bytes, ...]:
        reader = Reader()
        for deed in DEEDS.values():
            deed(reader.desk, reader.exchange)
        return reader.files()

    assert run() == run()
