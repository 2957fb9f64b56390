"""The office: reads a card, decides what may be written, writes it, and reads the card again.

An order is one state, not a queue. An operation takes the record that is on the card, changes what
it must and leaves the rest, raises the number by one and writes it sealed: a card torn out holds
the old record or the new one. Nothing is written before every record of the card has
shown its MAC, and nothing at all when one part of the work is refused.

Time is an argument here: each write carries `issued_at_min`, minutes since 2000-01-01 UTC, which a
meter takes as a lower bound for its own clock.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final, ParamSpec

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage
from card_protocol.carrier.carrier import BudgetCard, Credentials
from card_protocol.carrier.find import find_among
from card_protocol.errors import LayoutError, MacError
from card_protocol.formats import budget
from card_protocol.formats.budget import (
    DF_OF,
    GENERATION,
    NO_MAC,
    NO_TOKEN,
    NO_ZONE_RULE,
    DeskRecord,
    IdentityRecord,
    OrderFlags,
    WriteBackRecord,
    instants,
)
from card_protocol.formats.budget.generations import (
    DESK_RECORDS,
    AnyDeskRecord,
    CardRecords,
    order_mac,
)
from card_protocol.formats.budget.instants import GENERATION as INSTANTS
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.formats.budget.making import personalise_card
from card_protocol.keys import RANDOM_SIZE_BYTES, Key, Purpose, Role, derive
from card_protocol.terminal import Terminal
from card_protocol.timestamp import BCD_NONE, MINUTES_NONE, Civil
from meter_emu.desk.as_is import AsIs, as_is
from meter_emu.desk.confirmed import Doubt, doubts
from meter_emu.desk.dates import CivilReading, DeskCodec, DeskDates, Written
from meter_emu.desk.pricing import Pricing, check_factor, check_tariff
from meter_emu.desk.switches import switched
from meter_emu.domain import WriteBack
from meter_emu.energies import BY_CODE, DEFAULT, Energy
from meter_emu.errors import DeskError
from meter_emu.units import decimal

MEMORY_ENDS: Final = {"customer reference": 1 << 48, "card number": 1 << 16}  # memory-card.md
LOAD_CENTS_MIN: Final = 500  # 5 EUR an operation (domain: terminal text, synonyme-du-mot.com)
LOAD_CENTS_MAX: Final = 25_000  # 250 EUR, likewise
METER_ID_MAX: Final = 0xFFFF_FFFF_FFFF_FFFF  # what the record holds
PIN_NOT_USED: Final = "0000"  # ours: no file of a budget card asks for the PIN
_FF: Final = b"\xff"  # contents of a file that nobody has written

# The write-back is its record without head and MAC.
_SAID: Final = attrgetter(*WriteBack._fields)

_P = ParamSpec("_P")
Exchange = Callable[[bytes], bytes]
Account = CardRecords  # the office's account of a meter: the records of its newest card


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one visit to the office writes; `None`, false or 0 leaves a value as it is.

    All its order fields go into one order under one number. `defer_until` is T1: no disconnection
    before it, whatever the credit. `cut_at` is T2: cut then unless reactivated before. One that is
    on the card stays until another is written, or until `reactivate` takes both back and lifts a
    cut. Without prepayment the meter counts and never cuts. `load_cents` are 500 to 25,000 more
    than were ever loaded. `reading` says which instant is meant when the change of clocks skips or
    repeats one of the times.
    """

    load_cents: int = 0
    defer_until: Civil | None = None
    cut_at: Civil | None = None
    reactivate: bool = False
    prepayment: bool | None = None
    limiter: bool | None = None
    tariff: Pricing | None = None
    mwh_per_unit: int | None = None  # of a new tariff; gas only
    reading: CivilReading | None = None
    fields: AsIs | None = None  # values of a faulty office: written last, unchanged

    @property
    def orders(self) -> bool:
        """Whether it changes the order."""
        arms = self.defer_until is not None or self.cut_at is not None
        switches = bool(switched(self))
        priced = self.tariff is not None or self.mwh_per_unit is not None
        as_is = self.fields is not None and self.fields.of_order
        return arms or switches or self.reactivate or priced or as_is


def _card_with(account: Callable[_P, Account]) -> Callable[_P, AnyImage]:
    """Return what makes a new card of a first account: what it is asked with is the account's."""

    def issue(*args: _P.args, **said: _P.kwargs) -> AnyImage:
        """Return a new card: nothing loaded, order number 0, prepayment on, no write-back."""
        desk, kind = args[0], said.get("card_kind", CardKind.SECURE)
        assert isinstance(desk, Desk), "it is a method"
        assert isinstance(kind, CardKind), "the account was asked for a card of this kind"
        return desk.personalised(account(*args, **said), kind)

    return issue


class Desk:
    """An office that holds the master key; `dates` and `codec` are its parts. A part itself.

    `exchange` takes a C-APDU and returns the R-APDU of the card in the desk's reader. All writes
    return the new account. Refusals: `DeskError` for values the office must not write,
    `LayoutError` and `MacError` for a card that is foreign, of another operator or forged,
    `ApduError` for one that refuses us, `LinkError` for one that is gone.
    """

    def __init__(
        self,
        master: Key,
        *,
        dates: DeskDates | None = None,
        codec: DeskCodec | None = None,
        challenge: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._master: Final = master
        self._dates: Final = DeskDates() if dates is None else dates
        self._codec: Final = DeskCodec() if codec is None else codec
        self._challenge: Final = challenge

    def first_account(
        self,
        meter_id: int,
        *,
        customer_ref: int = 0,
        card_number: int = 1,
        energy: Energy = DEFAULT,
        tariff: Pricing | None = None,
        mwh_per_unit: int | None = None,
        generation: int = GENERATION,
        expires: Civil | None = None,
        reading: CivilReading | None = None,
        issued_at_min: int,
        card_kind: CardKind = CardKind.SECURE,
    ) -> Account:
        """Return the account of a meter that the office has done nothing for, unsealed.

        Without `tariff` or `mwh_per_unit` it carries the first ones of `energy`. A temporary card
        `expires`; `reading` says which instant is meant if there are two.
        """
        _check_meter_id(meter_id)
        _check_issued_at(issued_at_min)
        if card_number < 1:
            raise DeskError(f"the cards of a meter are numbered from 1, got {card_number}")
        tariff = Pricing.of(1, energy.first_price_ueur) if tariff is None else tariff
        factor = energy.mwh_per_unit if mwh_per_unit is None else mwh_per_unit
        check_tariff(energy, tariff)
        check_factor(energy, factor)
        _check_generation(generation, card_kind)
        _check_room(card_kind, customer_ref, card_number)
        identity = IdentityRecord(
            budget.IDENTITY.magic, generation, energy.code, meter_id, customer_ref,
            card_number, issued_at_min, BCD_NONE, MINUTES_NONE, NO_ZONE_RULE, _FF * 2, NO_MAC,
        )  # fmt: skip
        identity = self._expiring(identity, expires, reading)
        desk = _first_record(generation, tariff, factor, issued_at_min, self._codec.zone.rule.code)
        return Account(identity, desk)

    issue = _card_with(first_account)

    def reissue(
        self,
        account: Account,
        *,
        card_number: int,
        expires: Civil | None = None,
        reading: CivilReading | None = None,
        issued_at_min: int,
        card_kind: CardKind = CardKind.SECURE,
    ) -> AnyImage:
        """Return a replacement for a lost card from the office's own account of its meter.

        Money, order and tariff are those of the account, number and all, so nothing executed or
        booked is repeated or lost. `card_number` is higher than the account's: once the meter has
        obeyed the new card it refuses the old one. Until then the lost card stays valid.
        """
        _check_issued_at(issued_at_min)
        _check_room(card_kind, account.identity.customer_ref, card_number)
        before = account.identity.card_number
        if card_number <= before:
            raise DeskError(f"a replacement for card {before} has a higher number, {card_number}")
        identity = replace(account.identity, card_number=card_number, issued_at_min=issued_at_min)
        identity = self._expiring(identity, expires, reading)
        return self.personalised(account._replace(identity=identity), card_kind)

    def personalised(self, account: Account, card_kind: CardKind, *, sequence: int = 1) -> AnyImage:
        """Return a card with an account, sealed; `sequence` is the number of its first copy."""
        return personalise_card(
            self._master, account, card_kind, pin=PIN_NOT_USED, sequence=sequence
        )

    def account(self, exchange: Exchange) -> Account:
        """Return the card's contents, every record checked."""
        return self._open(exchange)[1]

    def read_back(self, exchange: Exchange) -> WriteBack | None:
        """Return the meter's last write-back on the card, `None` on a card no meter has seen."""
        record, _ = self.write_back_record(exchange)
        return None if record is None else WriteBack(*_SAID(record))

    def write_back_record(self, exchange: Exchange) -> tuple[WriteBackRecord | None, Account]:
        """Return the write-back on the card, and what the office wrote."""
        card, account, _ = self._open(exchange)
        return card.written_back(self._meter_record_key(account)), account

    def doubts(self, written: WriteBackRecord, account: Account) -> tuple[Doubt, ...]:
        """Return what a write-back says otherwise than the account of its card."""
        meter_id = account.identity.meter_id
        mac = order_mac(self._key(Purpose.DESK_RECORD, meter_id), meter_id, account.desk)
        return doubts(written, account.desk, mac)

    def serve(self, exchange: Exchange, work: Work, *, issued_at_min: int) -> Account:
        """Do all of one visit's `work` in one session; refuse all of it or none.

        All of it is one record, so a card that is torn out holds all of it or none. The record says
        as well which session of the meter the desk has seen last.
        """
        _check_issued_at(issued_at_min)
        if work.load_cents:
            check_load(work.load_cents)
        card, before, record_key = self._open(exchange)
        after = self._after(before, work, issued_at_min)
        if after != before:
            after = after._replace(desk=replace(after.desk, seen_session=self._seen(card, before)))
        return card.save(before, after, record_key)

    def _seen(self, card: BudgetCard, account: Account) -> int:
        """Return the last session of the meter that this office has seen written back."""
        try:
            written = card.written_back(self._meter_record_key(account))
        except (LayoutError, MacError):  # not of this meter: nothing was seen
            return account.desk.seen_session
        return max(account.desk.seen_session, written.session_count if written else 0)

    def _key(self, purpose: Purpose, meter_id: int) -> Key:
        return derive(self._master, purpose, meter_id)

    def _meter_record_key(self, account: Account) -> Key:
        return self._key(Purpose.METER_RECORD, account.identity.meter_id)

    def _expiring(
        self, identity: IdentityRecord, expires: Civil | None, reading: CivilReading | None
    ) -> IdentityRecord:
        at = None if expires is None else self._written(expires, reading, identity.generation)
        return self._codec.expiring(identity, at)

    def _written(self, when: Civil, reading: CivilReading | None, generation: int) -> Written:
        """Return a time as a card of `generation` carries it; raise `DeskError` if it cannot."""
        instants = generation == INSTANTS
        civil = self._dates.settle(when, reading, instants=instants)
        return Written(civil, self._dates.minute_of(civil, reading) if instants else None)

    def _open(self, exchange: Exchange) -> tuple[BudgetCard, Account, Key]:
        """Start a session: read the identity, authenticate both sides, read and check every record.

        Return card, account, and the key of the records that an office writes. Raise `DeskError`
        for a sealed card of an unknown energy.
        """
        card = find_among(Terminal(exchange), DF_OF.values())
        meter_id = card.claimed().meter_id  # a claim, until its MAC is checked in the next lines
        record_key = self._key(Purpose.DESK_RECORD, meter_id)
        card.identity(record_key)
        keys = (self._key(purpose, meter_id) for purpose in (Purpose.DESK_AUTH, Purpose.CARD_AUTH))
        card.authenticate(Credentials(Role.DESK, *keys), self._challenge(RANDOM_SIZE_BYTES))
        account = card.contents(record_key)
        energy = account.identity.energy
        if energy not in BY_CODE:
            raise DeskError(f"the card is for energy {energy}: expected one of {sorted(BY_CODE)}")
        return card, account, record_key

    def _after(self, account: Account, work: Work, issued_at_min: int) -> Account:
        """Return the account after `work`, unsealed; raise `DeskError` if that is not allowed."""
        desk, energy = account.desk, BY_CODE[account.identity.energy]
        if work.load_cents:
            desk = replace(
                desk,
                loaded_cents=desk.loaded_cents + work.load_cents,
                load_count=desk.load_count + 1,
                issued_at_min=issued_at_min,
            )
        if work.tariff is not None:
            factor = desk.mwh_per_unit if work.mwh_per_unit is None else work.mwh_per_unit
            check_tariff(energy, work.tariff)
            check_factor(energy, factor)
            number, price, night_price = work.tariff
            desk = replace(
                desk,
                tariff_number=number,
                price_ueur_per_wh=price,
                night_price_ueur_per_wh=night_price,
                mwh_per_unit=factor,
            )
        if work.mwh_per_unit is not None and work.tariff is None:
            raise DeskError("a calorific factor is part of a tariff, and no tariff was given")
        for switch, on in switched(work):
            if on and not switch.fits(energy):
                raise DeskError(f"{energy.meter} has no {switch.name} to grant")
        if work.orders:
            desk = self._ordered(desk, work, account.identity.meter_id)
            desk = replace(desk, issued_at_min=issued_at_min)
        account = account._replace(desk=desk)
        return account if work.fields is None else as_is(account, work.fields)

    def _ordered(self, order: AnyDeskRecord, work: Work, meter_id: int) -> AnyDeskRecord:
        """Return the next order, unsealed.

        A reactivation lasts until the next arming: an order between them repeats it under its own
        number, for a meter that missed the first. An arming replaces it, seen by the meter or not.
        """
        if work.defer_until is not None or work.cut_at is not None:
            if work.reactivate:
                raise DeskError("one order cannot both reactivate a meter and arm it")
            order = self._armed(order, work)
        if work.reactivate:
            order = self._codec.disarmed(order)
        number = self._codec.next_number(order.order_number)
        token = NO_TOKEN
        if work.reactivate or order.token != NO_TOKEN:
            key = derive(self._master, Purpose.REACTIVATION, meter_id)
            token = budget.reactivation_token(key, meter_id, number)
        flags = order.flags
        for switch, on in switched(work):
            flag = OrderFlags[switch.flag]
            flags = flags | flag if on else flags & ~flag
        return replace(order, order_number=number, flags=flags, token=token)

    def _armed(self, order: AnyDeskRecord, work: Work) -> AnyDeskRecord:
        """Check T1 and T2 as the clerk means them, then let the codec write the new ones."""
        new_defer, new_cut = (
            None if when is None else self._written(when, work.reading, order.generation)
            for when in (work.defer_until, work.cut_at)
        )
        old_defer, old_cut = self._codec.read_ends(order)
        defer, cut = new_defer or old_defer, new_cut or old_cut
        if defer is not None and cut is not None and self._dates.cut_precedes(defer, cut):
            why = f"the cut at {cut.civil} lies before the end of the deferral, {defer.civil}"
            raise DeskError(why)
        return self._codec.armed(order, new_defer, new_cut)


def _first_record(
    generation: int, tariff: Pricing, factor: int, issued_at_min: int, zone_rule: int
) -> AnyDeskRecord:
    """Return the record of a new card: no money, order number 0, prepayment on, no dates."""
    flags = OrderFlags.PREPAYMENT_ON
    number, price, night_price = tariff
    if generation == INSTANTS:
        return InstantDeskRecord(
            instants.DESK.magic, generation, flags, 0, 0, 0,
            MINUTES_NONE, BCD_NONE, MINUTES_NONE, BCD_NONE, zone_rule, NO_TOKEN,
            number, price, night_price, factor, issued_at_min, 0,
            instants.DESK.erased("reserved"), NO_MAC,
        )  # fmt: skip
    return DeskRecord(
        budget.DESK.magic, generation, flags, 0, 0, 0, BCD_NONE, BCD_NONE, NO_TOKEN,
        number, price, night_price, factor, issued_at_min, 0,
        budget.DESK.erased("reserved"), NO_MAC,
    )  # fmt: skip


def _check_meter_id(meter_id: int) -> None:
    if not 1 <= meter_id <= METER_ID_MAX:
        raise DeskError(f"a meter number is 1 to {METER_ID_MAX}, got {meter_id}")


def _check_issued_at(issued_at_min: int) -> None:
    if not 0 <= issued_at_min < MINUTES_NONE:
        raise DeskError(f"issued at minute {issued_at_min}: expected 0 to {MINUTES_NONE - 1}")


def _check_generation(generation: int, card_kind: CardKind) -> None:
    if generation not in DESK_RECORDS:
        raise DeskError(f"a card is of generation 1 or 2, got {generation}")
    if card_kind is CardKind.MEMORY and generation != GENERATION:
        raise DeskError(f"a memory card has no room for generation {generation}, only for 1")


def _check_room(card_kind: CardKind, *numbers: int) -> None:
    for (what, end), number in zip(MEMORY_ENDS.items(), numbers, strict=True):
        if card_kind is CardKind.MEMORY and number >= end:
            raise DeskError(f"a memory card has room for a {what} below {end}, got {number}")


def check_load(cents: int) -> None:
    """Raise `DeskError` for what nobody can load."""
    if not LOAD_CENTS_MIN <= cents <= LOAD_CENTS_MAX:
        low, high, got = (
            f"{decimal(one, 100)} EUR" for one in (LOAD_CENTS_MIN, LOAD_CENTS_MAX, cents)
        )
        raise DeskError(f"a load is {low} to {high}, got {got}")
