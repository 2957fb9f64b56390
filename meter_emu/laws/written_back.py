"""A write-back agrees with meter and card, field by field, and with the one before it.

Offsets and codes are those of `docs/card-format.md`; what a memory card has no room for is not
compared.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, TypeAlias

from card_protocol.carrier.find import laid_open
from card_protocol.errors import CardProtocolError, TimestampError
from card_protocol.formats.budget import WriteBackRecord
from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import decode_bcd_minute
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import Result, result_said, says_refused
from meter_emu.laws.hazards.credit import many_loads
from meter_emu.laws.judged import law_of_stories
from meter_emu.laws.law import MOVES, Aside, Broken, Finding, Trial
from meter_emu.laws.office_record import RECORDS, mac, order_text
from meter_emu.laws.sessions import SeenSession
from meter_emu.ports import Lamp
from meter_emu.units import EPOCH_2000_US, HOUR_US, SECOND_US, UEUR_PER_CENT
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.judge.hours import ZoneHours
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.events import What
from meter_emu.world.meter.model import uncertainty_s

_U32: Final = 1 << 32
_SESSIONS: Final = 1 << 16  # as many numbers as a memory card says
_SURE_UEUR: Final = 20_000  # ours: so far from nothing a balance is surely on its side of it
_ROUNDED_S: Final = 5  # ours: by so much a program may round its uncertainty up
_DAY: Final = timedelta(1)
_NO_MAC: Final = b"\xff" * 8
_ON, _READY = 1, 2  # of `supply`
_PROGRAMMED, _CREDIT = 0x01, 0x02  # of `blocks`
_DEFERRAL, _PREPAYMENT_OFF = 0x01, 0x04  # of `shields`
_PREPAYMENT_ON, _LIMITER = 0x01, 0x02  # of an order's flags
_ORDER_EXECUTED, _REFUSED, _DISAGREE, _UNCHECKED = 6, 7, 15, 21  # codes of the journal
_EVENT_BYTES: Final = 8
_U24_MAX: Final = 0xFFFFFF
_OBEYED: Final = frozenset({Result.EXECUTED, Result.PENDING, Result.LATER_END_TAKEN})
_SESSION_S: Final = 180  # ours: from a card's insertion to its last event, and a minute begun
_RESULTS: Final = frozenset(Result)
_NO_DATE: Final = b"\xff" * 5
_TWICE: Final = 2  # once for the card, once for credit that is low
_PRESSED: Final = frozenset({What.KEY_PRESSED, What.KEY_HELD})
_CLOCK_MOVES: Final = frozenset({VisitKind.CLOCK_CARD, VisitKind.UPSET})
_Events: TypeAlias = Sequence[tuple[int, int, int]]


class _Said(NamedTuple):
    """A write-back, the card that it lies on, and what was seen of the session.

    `unheard` is whether a session since the last write-back left none: what that did nobody knows.
    """

    written: Any  # a `WriteBackRecord`: its fields that may be missing are asked for first
    card: CardRecords
    seen: SeenSession
    unheard: bool

    @property
    def heard(self) -> bool:
        """Whether the order on the card is the one in the meter."""
        same = self.written.order_number == self.card.desk.order_number
        return bool(same) and not says_refused(self.written.result)

    @property
    def refused(self) -> bool:
        """Whether the card, or something on it, was refused."""
        return says_refused(self.written.result)

    @property
    def trusted(self) -> bool:
        """Whether the meter believes its clock."""
        return bool(self.written.clock_health == 0)


@law_of_stories(
    id="write-back",
    properties=("P9", "P10", "P13"),
    presumes="a card on which the meter writes",
    one_in=2,
)
def write_back(trial: Trial) -> Finding:
    """Each field that the meter writes on a card agrees with meter, card, and the one before."""
    household = trial.household
    if household.image is not None:
        return Aside("a meter that nobody has seen begin")
    said = list(_all_said(trial))
    for before, now in zip([None, *said], said, strict=False):
        for wrong in _disagreeing(trial, before, now):
            return Broken(f"the card says {wrong}", for_good=True)
    return None if said else Aside("no card came back with a new write-back")


def _all_said(trial: Trial) -> Iterator[_Said]:
    """Yield the new write-backs of sessions in which power held."""
    household = trial.household
    desk_key, meter_key = (
        derive(TEST_MASTER_KEY, purpose, household.meter_id)
        for purpose in (Purpose.DESK_RECORD, Purpose.METER_RECORD)
    )
    unheard = False
    for seen in trial.sessions:
        unheard, before = True, unheard
        if seen.after is seen.before or not seen.unbroken:
            continue
        try:
            card = laid_open(seen.after)
            records, written = card.contents(desk_key), card.written_back(meter_key)
            if written is not None and written != laid_open(seen.before).written_back(meter_key):
                yield _Said(written, records, seen, before)
                unheard = False
        except CardProtocolError:  # another meter's, or no budget card
            continue


def _disagreeing(trial: Trial, before: _Said | None, said: _Said) -> Iterator[str]:
    household, events = trial.household, trial.run.events
    pressed = any(
        event.what in _PRESSED and (before is None or event.at_us > before.seen.at_us)
        for event in events
        if event.at_us <= said.seen.at_us
    )
    yield from _of_session(household, before, said)
    yield from _of_supply(said)
    yield from _of_clock(household, said)
    yield from _of_order(household, before, said)
    yield from _of_money(household, before, said, pressed=pressed)
    yield from _of_journal(household, before, said)
    if before is not None and not (said.unheard or before.refused or said.refused):
        yield from _of_registers(trial, before, said)  # a card that is refused books nothing


def _of_session(household: Household, before: _Said | None, said: _Said) -> Iterator[str]:
    written, age = said.written, household.age
    if written.meter_id != household.meter_id:
        yield f"meter {written.meter_id}"
    since = age.session_count if before is None else before.written.session_count
    # A memory card keeps 16 bits of the number. By serial arithmetic, later is up to half of the
    # range ahead: whatever is further was counted backwards.
    if not 0 < (written.session_count - since) % _SESSIONS < _SESSIONS // 2:
        yield f"session {written.session_count}, after session {since}"
    again = before is not None and written.challenge == before.written.challenge
    if again and written.challenge is not None:
        yield "the challenge of the session before"
    first, last = said.seen.units
    if (written.register_units - first) % _U32 > (last - first) % _U32:
        yield f"register {written.register_units}, which showed {first} to {last}"
    if not said.seen.beeps:
        yield f"session {written.session_count}, of which nothing was heard"


def _of_supply(said: _Said) -> Iterator[str]:
    written, lamps = said.written, said.seen.lamps
    if (written.supply == _ON) != said.seen.supply_on:
        yield f"supply {written.supply}, and it is {'on' if said.seen.supply_on else 'off'}"
    if (written.supply == _READY) != (Lamp.RECONNECT in lamps):
        yield f"supply {written.supply}, and the lamp says otherwise"
    if Lamp.FAULT in lamps:
        yield f"supply {written.supply}, and the lamp of a fault is lit"
    if not said.heard:  # then the flags on this card are another order's
        return
    flags = said.card.desk.flags
    if bool(written.shields & _PREPAYMENT_OFF) == bool(flags & _PREPAYMENT_ON):
        yield f"shields {written.shields:#04x}, and the order's flags are {flags:#04x}"
    if abs(written.balance_ueur) > _SURE_UEUR:
        blocked = bool(flags & _PREPAYMENT_ON) and written.balance_ueur < 0
        if bool(written.blocks & _CREDIT) != blocked:
            yield f"blocks {written.blocks:#04x} with {written.balance_ueur} micro-euro"
    if written.blocks & _PROGRAMMED and written.supply == _ON and not flags & _LIMITER:
        yield "a programmed cut, and supply"
    if written.blocks & _PROGRAMMED and said.card.desk.token != _NO_MAC:
        yield "a programmed cut after a reactivation"


def _of_clock(household: Household, said: _Said) -> Iterator[str]:
    written = said.written
    if said.trusted == (Lamp.CLOCK_DOUBTED in said.seen.lamps):
        yield f"clock health {written.clock_health}, and the lamp says otherwise"
    if not said.trusted:
        return
    # Who set or spoilt the clock since has moved what the uncertainty counts from.
    if not _is_moved(household):
        u_s = uncertainty_s(household.model, household.clock_set_us, said.seen.at_us)
        if not -_ROUNDED_S <= written.uncertainty_s - u_s <= _ROUNDED_S:
            yield f"an uncertainty of {written.uncertainty_s} s, expected {u_s} s"
    clock, defer, cut = map(_when, (written.clock, written.defer_until, written.cut_at))
    if clock is None:
        return
    # A day on either side: legal time does not say which of two equal hours is meant, and what is
    # wrong by minutes the judge finds.
    deferred = bool(written.shields & _DEFERRAL)
    if deferred and (defer is None or defer < clock - _DAY):
        yield f"a deferral, at {clock} until {defer}"
    if not deferred and defer is not None and defer > clock + _DAY and said.heard:
        yield f"no deferral, at {clock} until {defer}"
    if cut is not None and cut < clock - _DAY and not written.blocks & _PROGRAMMED:
        yield f"no programmed cut, at {clock} of {cut}"


def _when(raw: bytes) -> datetime | None:
    """Return a date of a write-back; a wrong one is found elsewhere."""
    try:
        civil = decode_bcd_minute(raw)
        return None if civil is None else datetime(*civil)  # noqa: DTZ001  legal time
    except (TimestampError, ValueError):  # ValueError is 31 February, which BCD does not refuse
        return None


def _of_order(household: Household, before: _Said | None, said: _Said) -> Iterator[str]:
    written, desk = said.written, said.card.desk
    if says_refused(written.order_result):
        yield f"{result_said(written.order_result)} of the order that it obeys"
    for code in (written.result, written.order_result):
        if code not in _RESULTS:
            yield f"{result_said(code)}, which is no result"
    number = household.age.order_number if before is None else before.written.order_number
    number = min(number, 0xFFFF) if written.order_mac is None else number
    tariff = (
        household.model.credit.tariff_number if before is None else before.written.tariff_number
    )
    seal = _NO_MAC if before is None else before.written.order_mac
    anew = written.order_number != number
    if anew and not said.heard:
        return  # heard on a card that was pulled out, or whose session broke
    if anew and written.order_result not in _OBEYED:
        yield f"{result_said(written.order_result)} of a new order that it obeys"
    if anew:
        tariff, seal = desk.tariff_number, _seal(household, desk)
    if written.tariff_number not in {None, tariff}:
        yield f"tariff {written.tariff_number}, expected {tariff}"
    # The first write-back has no earlier one to compare with: its order is this card's, or none.
    known = {None, seal} | ({_seal(household, desk)} if before is None else set())
    if written.order_mac not in known and seal is not None:
        yield f"another order {written.order_number} than the one it obeyed"


def _seal(household: Household, desk: Any) -> bytes:  # noqa: ANN401  of either generation
    return mac(RECORDS, household.meter_id, order_text(household.meter_id, desk))


def _of_money(
    household: Household, before: _Said | None, said: _Said, *, pressed: bool
) -> Iterator[str]:
    written = said.written
    if written.charged_ueur is None or written.emergency_debt_ueur is None:
        return
    loan_ueur = household.model.credit.emergency_cents * UEUR_PER_CENT
    if written.emergency_debt_ueur > loan_ueur:
        yield f"a debt of {written.emergency_debt_ueur} micro-euro, of {loan_ueur} lent"
    if before is not None and before.written.charged_ueur is not None:
        was, is_ = _worth(before.written), _worth(written)
    elif household.age.said:
        return  # what it has charged before nobody knows
    else:
        was, is_ = household.balance_cents * UEUR_PER_CENT, _worth(written)
    if was != is_:
        yield f"{is_ - was} micro-euro more than were loaded, charged and lent"
    # Where a session was not written back, nobody knows in which one the credit became low.
    stale = said.unheard or said.refused or (before is not None and before.refused)
    if not (stale or written.emergency_debt_ueur or household.outages):
        yield from _of_low_credit(household, before, said)
    if before is None or pressed:  # a press may have taken emergency credit: then a debt is right
        return
    loaded_cents = written.accepted_cents - before.written.accepted_cents
    debt_ueur = before.written.emergency_debt_ueur or 0
    owed_ueur = max(0, debt_ueur - loaded_cents * UEUR_PER_CENT)
    if written.emergency_debt_ueur != owed_ueur:
        yield f"a debt of {written.emergency_debt_ueur} micro-euro, expected {owed_ueur}"
    if not (said.written.blocks | before.written.blocks) & _CREDIT:
        favour = (written.shelter_left_min, written.shelter_left_wh)
        if favour != (before.written.shelter_left_min, before.written.shelter_left_wh):
            yield f"{favour} left of a shelter that nobody used"
    if said.trusted and before.trusted and written.night_left_wh != before.written.night_left_wh:
        yield f"{written.night_left_wh} Wh left at the night price, and the clock is believed"


def _of_low_credit(household: Household, before: _Said | None, said: _Said) -> Iterator[str]:
    """Check that credit that is low was heard to be, once a load."""
    was_ueur, left_ueur = household.balance_cents * UEUR_PER_CENT, said.written.balance_ueur
    if before is not None:
        was_ueur = before.written.balance_ueur - before.written.emergency_debt_ueur
    low_ueur = household.model.credit.low_credit_cents * UEUR_PER_CENT
    is_low = 0 < left_ueur <= low_ueur < was_ueur
    if is_low and said.seen.beeps_before + said.seen.beeps < _TWICE:
        yield f"{left_ueur} micro-euro left, and nothing was heard of it"


def _worth(written: Any) -> int:  # noqa: ANN401  all of its fields are there
    """Return what is not explained by loads: balance and what was charged, less what was lent."""
    accepted_ueur = written.accepted_cents * UEUR_PER_CENT
    worth = written.balance_ueur + written.charged_ueur - written.emergency_debt_ueur
    return int(worth - accepted_ueur)


def _of_registers(trial: Trial, before: _Said, said: _Said) -> Iterator[str]:
    """Check that all energy since the last write-back is in the account that it belongs to."""
    was, now, household = before.written, said.written, trial.household
    if now.charged_wh is None or was.charged_wh is None:
        return
    charged, deferred, postpaid, night = (
        (getattr(now, name) - getattr(was, name)) % _U32
        for name in ("charged_wh", "deferred_wh", "postpaid_wh", "night_wh")
    )
    orders = [visit.desk for visit in household.visits if visit.desk is not None]
    if not any(order.mwh_per_unit for order in orders):
        units = (now.register_units - was.register_units) % _U32
        wh = units * household.model.credit.mwh_per_unit // 1000
        if abs(wh - charged - deferred - postpaid) > 1:
            yield f"{charged}, {deferred} and {postpaid} Wh more in its accounts, of {wh} Wh used"
    # Across a new order some of it was used under the old one, and no write-back says how much.
    if now.order_number != was.order_number:
        return
    both, either = now.shields & was.shields, now.shields | was.shields
    if both & _PREPAYMENT_OFF and charged + deferred:
        yield f"{charged} Wh charged and {deferred} deferred without prepayment"
    suspended = household.model.deferral_accounting == "suspended"
    if suspended and both & _DEFERRAL and not either & _PREPAYMENT_OFF and charged + postpaid:
        yield f"{charged} Wh charged and {postpaid} postpaid in a deferral"
    bi_hourly = household.model.credit.pricing.bi_hourly and not any(o.tariff for o in orders)
    still = not household.outages and not any(
        before.seen.at_us < event.at_us < said.seen.at_us and event.what in MOVES
        for event in trial.run.events
    )
    if bi_hourly and still and said.trusted and before.trusted and said.seen.supply_on:
        least, most = _night_wh(household, before.seen.at_us, said.seen.at_us)
        if not least <= night <= most:
            yield f"{night} Wh more by night, of {least} to {most} Wh"


def _night_wh(household: Household, from_us: int, to_us: int) -> tuple[int, int]:
    """Return the least and the most energy that flowed at night, Wh, by a right clock and *u*."""
    model, profile = household.model, LoadProfile(household.load)
    assert model.night is not None, "it has two prices"
    hours, at_us, used, edges = ZoneHours(model.night, model.zone), from_us, 0, 1
    while at_us < to_us:
        until_us = min(to_us, hours.next_change_us(at_us))
        used += profile.used(at_us, until_us) if hours.hold(at_us) else 0
        edges, at_us = edges + 1, until_us
    u_us = uncertainty_s(model, household.clock_set_us, to_us) * SECOND_US
    unsure = edges * (2 * u_us + model.poll_s * SECOND_US + WORK_US) * max(household.load)
    wh = (amount * model.credit.mwh_per_unit // (1000 * HOUR_US)
          for amount in (used - unsure, used + unsure))  # fmt: skip
    least, most = wh
    return max(0, least - 2), most + 2


def _of_journal(household: Household, before: _Said | None, said: _Said) -> Iterator[str]:
    """Check the newest events: what the session was about is one of them, at its time."""
    written = said.written
    if written.charged_wh is None:
        return
    events = _events(written)
    newest = events[0] if events else (0, 0, 0)
    for _, code, of in events:
        if code == _REFUSED and not says_refused(of):
            yield f"{result_said(of)} as an event of a card that was refused"
    if says_refused(written.result):
        if newest[1:] != (_REFUSED, written.result):
            yield f"{result_said(written.result)}, and its newest event is {newest[1]}"
        yield from _of_time(household, said, newest)
        return
    expires = said.card.identity.expires != _NO_DATE and not said.trusted
    if expires and not _is_among(events, _UNCHECKED, said.card.identity.card_number):
        yield "nothing of an expiry that it could not check in its newest events"
    if before is not None and not said.unheard and not says_refused(before.written.result):
        yield from _of_sessions(before, said, events)
    yield from _of_orders(household, before, said, events)


def _of_time(household: Household, said: _Said, newest: tuple[int, int, int]) -> Iterator[str]:
    """Check when the newest event was, of a clock that was never touched."""
    if _is_moved(household) or not said.trusted:
        return
    off_s = newest[0] * 60 + EPOCH_2000_US // SECOND_US - said.seen.at_us // SECOND_US
    if abs(off_s) > said.written.uncertainty_s + _SESSION_S:
        yield f"its newest event {off_s} s from where it was"


def _is_moved(household: Household) -> bool:
    moved = household.outages or household.rtc_found
    return bool(moved) or any(visit.kind in _CLOCK_MOVES for visit in household.visits)


def _is_among(events: _Events, code: int, of: int) -> bool:
    """Whether there is such an event, or as many of the same minute as there is room for."""
    named = (code, min(of, _U24_MAX)) in {event[1:] for event in events}
    return named or len({minute for minute, _, _ in events}) <= 1


def _of_sessions(before: _Said, said: _Said, events: _Events) -> Iterator[str]:
    """Check that who has not seen the session before is noted, and nobody else."""
    was, now, desk = before.written, said.written, said.card.desk
    counts = (was.accepted_count, was.order_number), (now.accepted_count, now.order_number)
    same = before.card.identity.card_number == said.card.identity.card_number
    if counts[0] == counts[1] or not same:
        return
    if not was.session_count <= desk.seen_session < now.session_count:
        if not _is_among(events, _DISAGREE, desk.seen_session):
            yield f"nothing of session {desk.seen_session}, the last that the office has seen"
    elif events[:1] and events[0][1] == _DISAGREE:
        yield f"sessions that disagree, and the office has seen {desk.seen_session}"


def _of_orders(
    household: Household, before: _Said | None, said: _Said, events: _Events
) -> Iterator[str]:
    number = said.written.order_number
    known = household.age.order_number if before is None else before.written.order_number
    if number == known or not said.heard or said.unheard:
        return
    if said.written.result == Result.ALREADY_EXECUTED:
        yield f"order {number} was executed before, and it is new"
    if not said.trusted:
        return
    if not _is_among(events, _ORDER_EXECUTED, number):
        yield f"nothing of order {number} in its newest events"
    minutes = [minute for minute, _, _ in events]
    if not _is_moved(household) and minutes != sorted(minutes, reverse=True):
        yield "its newest events in another order"


def _events(written: WriteBackRecord) -> _Events:
    """Return minute, code and detail of each event there is."""
    raw = written.events
    each = [raw[at : at + _EVENT_BYTES] for at in range(0, len(raw), _EVENT_BYTES)]
    whole = (one for one in each if one != b"\xff" * _EVENT_BYTES)
    return [
        (int.from_bytes(one[:4], "big"), one[4], int.from_bytes(one[5:], "big")) for one in whole
    ]


SUMS: Final = replace(
    write_back,
    id="sums-go-on",
    says="each sum on the card goes on from what was loaded and charged before, however much",
    draw=many_loads.draw,
    one_in=40,
)
