"""The dialogue with a budget card of either generation, on any carrier, in the meter's own words.

The identity is read first and gives the card's generation; a record of another generation on it is
refused (`BAD_FORMAT`).

The program applies and *saves* what was read before `write_back` is called, so a card pulled early,
or power cut, costs at most the write-back: numbers and cumulative amounts make the next insertion
harmless.
"""

from typing import Final

from card_protocol.carrier.carrier import BudgetCard
from card_protocol.carrier.find import find_card
from card_protocol.errors import ApduError
from card_protocol.formats.budget import (
    DF_OF,
    NO_MAC,
    NO_TOKEN,
    WRITE_BACK,
    IdentityRecord,
    OrderFlags,
    WriteBackRecord,
    instants,
    reactivation_token_valid,
)
from card_protocol.formats.budget.generations import AnyDeskRecord, CardRecords, order_mac
from card_protocol.formats.budget.instants import InstantDeskRecord
from card_protocol.keys import Key
from card_protocol.status import SW
from card_protocol.timestamp import MINUTES_NONE
from meter_emu.domain import (
    Contents,
    Identity,
    Order,
    RawEnd,
    Reactivation,
    Result,
    Tariff,
    Wallet,
    WriteBack,
)
from meter_emu.firmware.dialogues.base import AskCard, CardDialogue
from meter_emu.firmware.layouts import Factory

# Plain integers: the complement of an `IntFlag` has no bits but the named ones.
_PREPAYMENT_ON: Final = int(OrderFlags.PREPAYMENT_ON)
_LIMITER_GRANTED: Final = int(OrderFlags.LIMITER_GRANTED)
_KNOWN_FLAGS: Final = _PREPAYMENT_ON | _LIMITER_GRANTED


class BudgetDialogue(CardDialogue):
    """One session with a budget card of either energy, known by its identity."""

    __slots__ = ("_card", "_generation", "_ours")

    def __init__(self, exchange: AskCard, factory: Factory) -> None:
        super().__init__(exchange, factory)
        self._card: BudgetCard | None = None
        self._ours = False
        self._generation = 0

    def _identify(self) -> None:
        ours = DF_OF.get(self._factory.energy)
        for df in sorted(DF_OF.values(), key=lambda df: df != ours):
            try:
                card = find_card(self._terminal, df)
            except ApduError as error:
                if error.sw != SW.FILE_NOT_FOUND:
                    raise
            else:
                self._generation = card.claimed().generation
                self._card, self._ours = card, df == ours
                return
        raise ApduError("no budget card")

    def _read(self, challenge: bytes) -> Contents | Result:
        card, factory = self._card, self._factory
        assert card is not None, "a card is identified before it is read"
        # The identity is readable by anyone: a foreign card is refused before an authentication
        # that must fail, and would cost it one of its tries.
        identity = card.claimed()
        if not self._ours or identity.energy != factory.energy:
            return Result.WRONG_ENERGY
        if identity.meter_id != factory.meter_id:
            return Result.WRONG_METER
        if not self._authenticated(card, challenge):
            return Result.CARD_NOT_GENUINE
        key, token_key = self.desk_key(), Key(factory.key_reactivation)
        return self.said(card.contents(key), key, token_key, factory.meter_id)

    def desk_key(self) -> Key:
        """Return the key by which the office's records show that they are its own."""
        return Key(self._factory.key_desk_record)

    def said(self, records: CardRecords, key: Key, token_key: Key, meter_id: int) -> Contents:
        """Return the contents of a card's records for meter `meter_id`; see `contents_said`."""
        return contents_said(records, key, token_key, meter_id)

    def _written(self, said: WriteBack) -> None:
        assert self._card is not None, "a card is read before it is written"
        # The record has the write-back's fields, in the same order, between its head and its MAC.
        record = WriteBackRecord(WRITE_BACK.magic, self._generation, *said, NO_MAC)
        self._card.write_back(record, Key(self._factory.key_meter_record))


# The records in the meter's terms -----------------------------------------------------------------


def contents_said(records: CardRecords, key: Key, token_key: Key, meter_id: int) -> Contents:
    """Return the contents of a card's records for meter `meter_id`.

    `key` is that of the desk's records.
    """
    identity, desk = records
    issued = [record.issued_at_min for record in records]
    return Contents(
        identity_said(identity),
        Wallet(desk.loaded_cents, desk.load_count),
        order_said(desk, key, token_key, meter_id),
        tariff_said(desk),
        max([minute for minute in issued if minute != MINUTES_NONE], default=None),
        desk.seen_session,
    )


def identity_said(record: IdentityRecord) -> Identity:
    """Return the contents of an identity; in generation 1 its expiry has one form."""
    if record.generation == instants.GENERATION:
        expires = RawEnd(record.expires, record.expires_min, record.zone_rule)
    else:
        expires = RawEnd(record.expires)
    return Identity(record.card_number, expires)


def order_said(record: AnyDeskRecord, key: Key, token_key: Key, meter_id: int) -> Order:
    """Return the order in a desk's record, its token checked."""
    if isinstance(record, InstantDeskRecord):
        defer_until = RawEnd(record.defer_until, record.defer_min, record.zone_rule)
        cut_at = RawEnd(record.cut_at, record.cut_min, record.zone_rule)
    else:
        defer_until, cut_at = RawEnd(record.defer_until), RawEnd(record.cut_at)
    reactivation = Reactivation.NONE
    if record.token != NO_TOKEN:
        number, token = record.order_number, record.token
        proved = reactivation_token_valid(token_key, meter_id, number, token)
        reactivation = Reactivation.PROVED if proved else Reactivation.FORGED
    return Order(
        number=record.order_number,
        mac=order_mac(key, meter_id, record),
        defer_until=defer_until,
        cut_at=cut_at,
        prepayment_on=record.flags & _PREPAYMENT_ON != 0,
        limiter_granted=record.flags & _LIMITER_GRANTED != 0,
        reactivation=reactivation,
        unknown=record.flags & ~_KNOWN_FLAGS != 0,
    )


def tariff_said(record: AnyDeskRecord) -> Tariff:
    """Return the tariff in a desk's record."""
    return Tariff(
        record.tariff_number,
        record.price_ueur_per_wh,
        record.night_price_ueur_per_wh,
        record.mwh_per_unit,
    )
