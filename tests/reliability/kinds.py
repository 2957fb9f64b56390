"""Every kind of session a meter has, and what else it does that writes: what power is cut in.

The home of most of them is armed: its cut at T2 must come, whatever failed before, and not earlier.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from card_protocol.card.virtual import card_of
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import Result
from meter_emu.firmware.layouts import Health
from tests.firmware.meters import START, Rig
from tests.properties.trials import ModelAndCards
from tests.reliability.stage import clock_card, minute_now, press, show
from tests.rigs import counted

T: Final = Civil(2020, 7, 1, 15, 0)  # three hours after the start
T_UTC: Final = datetime(2020, 7, 1, 13, 0, tzinfo=UTC)
LOADED_CENTS: Final = 5_000
TEST_S: Final = 3  # of a gas meter, in place of twelve minutes: the loop is the same
_CREDIT_LASTS_S: Final = 1_500  # how long the 20 cents of a home in credit trouble last, with room


_NIGHT_S: Final = 4_200  # of the change of clocks: from before it to the first look after it

Deed = Callable[[Rig, ModelAndCards], object]


def nothing(_rig: Rig, _kit: ModelAndCards) -> None:
    """Do nothing."""


def card_again(rig: Rig, _kit: ModelAndCards) -> None:
    rig.insert()


@dataclass(frozen=True, kw_only=True)
class Kind:
    """`before` is what has happened, `act` what power is cut in: a deed, or so many seconds.

    `again` is what people do when power is back, until the meter has what it was to have; the
    button comes after it where the home is dark. `ends` is the instant before which nothing may
    be switched off and by which it must be, `late_s` after it where credit lasts longer.
    `last` is shown of the meter at the very end.
    """

    name: str
    before: Deed = nothing
    act: Deed | int
    again: Deed = card_again
    start: datetime = START
    balance_cents: int = 5_000
    ends: datetime | None = T_UTC
    late_s: int = 0
    last: Deed = nothing
    gas: bool = True  # whether gas meters have it


def work(*works: Work) -> Deed:
    """Have the office write, one visit after another, and nothing be put in."""

    def deed(rig: Rig, _kit: ModelAndCards) -> None:
        for one in works:
            rig.write(one)

    return deed


def served(*works: Work) -> Deed:
    """Have each visit to the office followed by one to the meter."""

    def deed(rig: Rig, _kit: ModelAndCards) -> None:
        for one in works:
            rig.write(one)
            rig.insert()

    return deed


def both(*deeds: Deed) -> Deed:
    def deed(rig: Rig, kit: ModelAndCards) -> None:
        for one in deeds:
            one(rig, kit)

    return deed


def card_in(rig: Rig, _kit: ModelAndCards) -> None:
    rig.bench.insert(rig.card)


ARMED: Final = served(Work(cut_at=T))
PRICED: Final = Work(tariff=Pricing(7, 300, 300))


def lose_clock(rig: Rig, _kit: ModelAndCards) -> None:
    """Have the clock chip begin anew, as after an empty reserve."""
    rtc, now_us = rig.board.rtc, rig.board.now_us
    rtc.power_on_reset(bytes(rtc.GARBAGE_BYTES), now_us)
    rig.run(120)
    while rig.state.health == Health.TRUSTED:
        rig.run(600)


def technician(rig: Rig, _kit: ModelAndCards) -> None:
    rig.bench.insert(clock_card(rig))


def technician_again(rig: Rig, _kit: ModelAndCards) -> None:
    """A card cut off in its session is spent: the technician makes another."""
    rig.run(1)
    show(rig, clock_card(rig))


def stamped_and_settled(rig: Rig, kit: ModelAndCards) -> None:
    """The card again; and one day a technician, because a lower bound is late by anything."""
    rig.insert()
    technician_again(rig, kit)


def stamped(rig: Rig, _kit: ModelAndCards) -> None:
    rig.write(Work(load_cents=LOADED_CENTS), issued_at_min=minute_now(rig))


def reissued(number: int, expires: Civil | None) -> Deed:
    def deed(rig: Rig, kit: ModelAndCards) -> None:
        rig.old = rig.card  # type: ignore[attr-defined]
        rig.card.power_on()
        account = rig.desk.account(rig.card.transmit)
        rig.card.power_off()
        image = rig.desk.reissue(
            account, card_number=number, expires=expires, issued_at_min=0, card_kind=kit.carrier
        )
        rig.card = card_of(image, counted())

    return deed


def replaced_refused(rig: Rig, _kit: ModelAndCards) -> None:
    shown = show(rig, rig.old)  # type: ignore[attr-defined]
    assert shown.endswith(Result.CARD_REPLACED.name)


def expired_refused(rig: Rig, _kit: ModelAndCards) -> None:
    assert rig.insert().endswith(Result.CARD_EXPIRED.name)


def dark_for_credit(rig: Rig, kit: ModelAndCards) -> None:
    while rig.state.supply:
        rig.run(600)


SPRING: Final = datetime(2020, 3, 29, 0, 58, tzinfo=UTC)
AUTUMN: Final = datetime(2020, 10, 25, 0, 58, tzinfo=UTC)

KINDS: Final = {
    kind.name: kind
    for kind in (
        Kind(name="load", before=both(ARMED, work(Work(load_cents=LOADED_CENTS))), act=card_in),
        Kind(
            name="arm",
            before=work(Work(load_cents=LOADED_CENTS, defer_until=T._replace(hour=14), cut_at=T)),
            act=card_in,
        ),
        Kind(
            name="defer",
            before=work(Work(defer_until=T._replace(hour=13))),
            act=card_in,
            balance_cents=20,
            ends=T_UTC.replace(hour=11),
            late_s=_CREDIT_LASTS_S,
        ),
        Kind(name="cut", before=work(Work(cut_at=T)), act=card_in),
        Kind(
            name="reactivate",
            before=both(served(Work(cut_at=Civil(2020, 6, 30, 9, 0))), work(Work(reactivate=True))),
            act=card_in,
            ends=None,
        ),
        Kind(name="tariff", before=both(ARMED, work(PRICED)), act=card_in),
        Kind(
            name="limiter",
            before=both(ARMED, work(Work(limiter=True))),
            act=card_in,
            gas=False,
        ),
        Kind(name="prepayment", before=both(ARMED, work(Work(prepayment=False))), act=card_in),
        Kind(name="write-back", before=ARMED, act=card_in),
        Kind(
            name="clock card",
            before=both(ARMED, lose_clock),
            act=technician,
            again=technician_again,
        ),
        Kind(
            name="stamp",
            before=both(ARMED, lose_clock, stamped),
            act=card_in,
            again=stamped_and_settled,
        ),
        Kind(
            name="replacement card",
            before=both(ARMED, reissued(2, None)),
            act=card_in,
            last=replaced_refused,
        ),
        Kind(
            name="temporary card",
            before=both(ARMED, reissued(2, T)),
            act=card_in,
            last=expired_refused,
        ),
        Kind(
            name="drive off",
            before=work(Work(cut_at=Civil(2020, 6, 30, 9, 0))),
            act=card_in,
            ends=None,
        ),
        Kind(
            name="drive on",
            before=served(Work(cut_at=Civil(2020, 6, 30, 9, 0)), Work(reactivate=True)),
            act=press,
            ends=None,
        ),
        Kind(
            name="emergency credit", before=dark_for_credit, act=press, balance_cents=1, ends=None
        ),
        Kind(
            name="step in spring",
            before=served(Work(cut_at=Civil(2020, 3, 29, 6, 0))),
            act=_NIGHT_S,
            start=SPRING,
            ends=datetime(2020, 3, 29, 4, 0, tzinfo=UTC),
        ),
        Kind(
            name="step in autumn",
            before=served(Work(cut_at=Civil(2020, 10, 25, 6, 0))),
            act=_NIGHT_S,
            start=AUTUMN,
            ends=datetime(2020, 10, 25, 5, 0, tzinfo=UTC),
        ),
        Kind(
            name="daily wake",
            before=served(Work(cut_at=Civil(2020, 7, 2, 4, 0))),
            act=7_800,
            start=datetime(2020, 7, 1, 21, 58, tzinfo=UTC),
            ends=datetime(2020, 7, 2, 2, 0, tzinfo=UTC),
        ),
    )
}


def fitted_kit(kit: ModelAndCards) -> ModelAndCards:
    """Return the kit with the tightness test of its meter made short."""
    rearm = kit.model.rearm
    if not rearm.tightness_s:
        return kit
    rearm = msgspec.structs.replace(rearm, tightness_s=TEST_S)
    return kit._replace(model=msgspec.structs.replace(kit.model, rearm=rearm))
