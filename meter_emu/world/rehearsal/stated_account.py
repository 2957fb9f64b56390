"""What is wrong with the account that a write-back states: money, loads, registers of energy."""

from collections.abc import Sequence
from typing import Final

from card_protocol.card.image import CardKind
from card_protocol.formats.budget.compact import UEUR_PER_STEP
from meter_emu.units import HOUR_US, euro
from meter_emu.world.meter.events import WrittenBack
from meter_emu.world.rehearsal.account import UEUR, Books
from meter_emu.world.rehearsal.household import Household
from meter_emu.world.rehearsal.outcome import WORK_US
from meter_emu.world.rehearsal.promise import Told

_WH: Final = 1000 * HOUR_US  # mWh per unit and rate-µs in a Wh


def wrong_account(
    household: Household, written: WrittenBack, orders: Sequence[Told], books: Books
) -> str | None:
    """Return what an exact account does not allow; `orders` are all there were, the last in force.

    What flows in a session is its slack.
    """
    work = WORK_US * max(household.load) * orders[-1].mwh_per_unit
    wrong = (
        _wrong_balance(household, written, orders[-1], books, work)
        or _wrong_loads(written, orders[-1])
        or _wrong_energy(written, orders, books, work)
    )
    return None if wrong is None else household.model.measures.said(wrong)


def _wrong_balance(
    household: Household, written: WrittenBack, told: Told, books: Books, work: int
) -> str | None:
    low = (books.low - work * told.pricing.price_ueur_per_wh) // UEUR
    if household.carrier is CardKind.MEMORY:
        low = low // UEUR_PER_STEP * UEUR_PER_STEP  # it carries no more of it
    high = -(-books.high // UEUR)
    if low <= written.balance_ueur <= high:
        return None
    return f"balance {euro(written.balance_ueur)}, want {euro(low)} to {euro(high)}"


def _wrong_loads(written: WrittenBack, told: Told) -> str | None:
    if written.accepted_cents != told.loaded_cents:
        return f"accepted {written.accepted_cents} cents of {told.loaded_cents} on the card"
    if written.accepted_count != told.load_count:
        return f"accepted {written.accepted_count} loads of {told.load_count} on the card"
    return None


def _wrong_energy(
    written: WrittenBack, orders: Sequence[Told], books: Books, work: int
) -> str | None:
    """Compare each register of energy with what it may hold, and all of them with what was used."""
    charged, postpaid, deferred = written.charged_wh, written.postpaid_wh, written.deferred_wh
    if charged is None or postpaid is None:
        return None
    for name, stated, least, most in (
        ("charged", charged, books.charged_least, books.charged_most),
        ("counted", charged + deferred + postpaid, books.used_least, books.used_most),
    ):
        low, high = max(0, least // _WH), -(-(most + work) // _WH)
        if not low <= stated <= high:
            return f"{name} {stated} Wh, want {low} to {high}"
    if deferred and all(told.defer_us is None for told in orders):
        return f"{deferred} Wh deferred, and there was no deferral"
    if postpaid and all(told.prepayment for told in orders):
        return f"{postpaid} Wh to be paid afterwards, and prepayment was never off"
    if written.night_wh and not any(told.pricing.bi_hourly for told in orders):
        return f"{written.night_wh} Wh at night, and the night has no price of its own"
    return None
