"""The ledger of an office that sells STS tokens: what was paid for, and what was handed out.

A sale is what a person asked for. The tokens of it, one or as many as the sections of a key, say
under which key and with which TID they were made; or why the office handed out nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias, final

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.amount import code_of
from card_protocol.tokens.sts.codec import encode_sts
from card_protocol.tokens.sts.digits import TOKEN_DIGITS
from card_protocol.tokens.sts.fields import (
    REGISTER_ALL,
    CreditKind,
    SettingKind,
    StsCredit,
    StsMeterTest,
    StsRecord,
    StsSetting,
)
from card_protocol.tokens.sts.key_change import StsKeyChange, key_change_tokens
from card_protocol.tokens.sts.keys import VendingKey
from card_protocol.tokens.sts.tid import KEN_NEVER
from meter_emu.desk.published_key import TEST_VENDING_KEY
from meter_emu.desk.vending import OFFICES, Edition, MeterKey, OfficeName
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.ledger_token import Keypad
from meter_emu.world.meter.devices import STS_KEY_TYPES, decoder_key, first_key
from meter_emu.world.meter.model import MeterModel, Sts
from meter_emu.world.meter.times import us_to_utc

_EDITION: Final = 3  # of an office that a file says nothing of
OtherToken: TypeAlias = Literal["clear-credit", "clear-tamper", "meter-test"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StsSale:
    """One sale: energy, a new key, a limit or a setting; exactly one of them.

    `under` is the key where it is not the one on record. The office's date is `office_error_s`
    ahead.
    """

    id: str
    household: str
    sold_us: int
    wh: int | None = None
    new_key: MeterKey | None = None
    rollover: bool = False
    limit_w: int | None = None
    setting: OtherToken | None = None
    under: MeterKey | None = None
    office: OfficeName = "right"
    edition: Edition = _EDITION
    office_error_s: int = 0

    @property
    def words(self) -> str:
        """What was sold, in words."""
        if self.wh is not None:
            return f"{self.wh} Wh"
        if self.new_key is not None:
            rolls = ", roll-over" if self.rollover else ""
            return f"key of base {self.new_key.base.value}, revision {self.new_key.revision}{rolls}"
        return f"limit {self.limit_w} W" if self.limit_w is not None else self.setting or ""

    def in_file(self) -> Iterator[str]:
        """Yield the lines of a campaign file that say what was sold, and by what office."""
        yield from self.lines()
        if self.office != "right":
            yield f'office = "{self.office}"'
        if self.edition != _EDITION:
            yield f"edition = {self.edition}"
        if self.office_error_s:
            yield f"office_error_s = {self.office_error_s}"

    def lines(self) -> Iterator[str]:
        """Yield the lines of a file that say what was sold."""
        for key, value in (("wh", self.wh), ("limit_w", self.limit_w)):
            if value is not None:
                yield f"{key} = {value}"
        for key, of in (("new_key", self.new_key), ("key", self.under)):
            if of is not None:
                yield f"{key} = {_meter_key_toml(of)}"
        if self.rollover:
            yield "rollover = true"
        if self.setting is not None:
            yield f'setting = "{self.setting}"'


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StsToken:
    """One token of a sale, or the refusal of it in words; of a new key the section `number`."""

    sale: StsSale
    under: MeterKey
    number: int = 0
    tid: int | None = None
    refused: str = ""

    @property
    def id(self) -> str:
        """Its name: the sale's, and of a new key the section."""
        return f"{self.sale.id}-{self.number}" if self.number else self.sale.id

    @property
    def household(self) -> str:
        """The id of the household that it was sold to."""
        return self.sale.household

    @property
    def sold_us(self) -> int:
        """When it was sold."""
        return self.sale.sold_us

    @property
    def words(self) -> str:
        """What was sold, in words."""
        return self.sale.words

    @property
    def order(self) -> tuple[int, ...]:
        """When it was sold, and of a new key the section."""
        return self.sale.sold_us, self.number

    def keypad(self, _model: MeterModel) -> Keypad:
        """Return the keys that it is keyed in by."""
        return Keypad("0123456789", TOKEN_DIGITS)

    def digits_for(self, model: MeterModel, device_id: int) -> str:
        """Return the digits that the office hands out."""
        return sts_digits(self, model, device_id)

    def in_file(self) -> tuple[str, Iterator[str]] | None:
        """Return the sale as a file has it: of a new key the first section stands for all."""
        return (self.sale.id, self.sale.in_file()) if self.number <= 1 else None


def sections_of(sts: Sts) -> int:
    """Return how many tokens bring a new key."""
    return 4 if sts.cipher == "EA11" else 2


@final
class StsOffice:
    """An office and its record of one meter."""

    def __init__(self, model: MeterModel) -> None:
        assert model.sts is not None, "it is such a meter"
        self._model: Final = model
        self._sts: Final = model.sts
        self.record = first_key(model.sts)
        self._given: set[int] = set()

    def sold(self, sale: StsSale) -> Iterator[StsToken]:
        """Yield the tokens of a sale, or its refusal, and remember them."""
        vending = OFFICES[sale.office]
        under = vending.key(sale.under or self.record)
        if sale.new_key is not None:
            self.record = sale.new_key
            if sale.rollover:
                self._given = set()
            for number in range(1, sections_of(self._sts) + 1):
                yield StsToken(sale=sale, under=under, number=number)
            return
        if sale.setting == "meter-test":
            yield StsToken(sale=sale, under=under)
            return
        try:
            tid = self.tid(sale, under)
        except TokenError as error:
            yield StsToken(sale=sale, under=under, refused=str(error))
            return
        if vending.expired(tid, under.ken):
            why = f"key expiry number: {under.ken} has passed"
            yield StsToken(sale=sale, under=under, refused=why)
            return
        self._given.add(tid)
        yield StsToken(sale=sale, under=under, tid=tid)

    def tid(self, sale: StsSale, under: MeterKey) -> int:
        """Return the TID that a sale gets; raise `TokenError` where there is none."""
        vending, at_us = OFFICES[sale.office], sale.sold_us + sale.office_error_s * SECOND_US
        wall = us_to_utc(at_us).astimezone(self._model.zone.info).utcoffset()
        assert wall is not None, "a zone has an offset"
        ahead_min = vending.ahead_min(int(wall.total_seconds()) // 60, sale.edition)
        return vending.tid(at_us // MINUTE_US, ahead_min, under.base, self._given)


def vended(sales: Iterable[StsSale], model: MeterModel) -> Iterator[StsToken]:
    """Yield the tokens of one meter's sales, which are in order of time."""
    office = StsOffice(model)
    for sale in sales:
        yield from office.sold(sale)


@lru_cache(maxsize=4096)
def sts_digits(
    token: StsToken, model: MeterModel, device_id: int, vending: VendingKey = TEST_VENDING_KEY
) -> str:
    """Return the digits of a token, as the office hands them out."""
    assert not token.refused, "the office handed it out"
    key, sale = decoder_key(model, device_id, token.under, vending), token.sale
    if sale.new_key is None:
        return encode_sts(_record(token), key)
    change = key_change(sale, model, device_id, vending)
    return key_change_tokens(change, key)[token.number - 1]


def key_change(
    sale: StsSale, model: MeterModel, device_id: int, vending: VendingKey = TEST_VENDING_KEY
) -> StsKeyChange:
    """Return the change that a sale of a new key brings."""
    new = sale.new_key
    assert new is not None, "a new key was sold"
    assert model.sts is not None, "it is such a meter"
    key_type = STS_KEY_TYPES[new.key_type]
    assert key_type is not None, "no office sells a factory's key"
    return StsKeyChange(
        key=decoder_key(model, device_id, new, vending),
        key_type=key_type,
        revision=new.revision,
        tariff_index=new.tariff_index,
        ken=new.ken,
        rollover=sale.rollover,
        supply_group=model.sts.supply_group if model.sts.cipher == "EA11" else None,
    )


def _meter_key_toml(key: MeterKey) -> str:
    said = f"base = {key.base.value}, revision = {key.revision}"
    if key.tariff_index != 1:
        said += f", tariff_index = {key.tariff_index}"
    if key.key_type != "unique":
        said += f', key_type = "{key.key_type}"'
    return f"{{ {said}{'' if key.ken == KEN_NEVER else f', ken = {key.ken}'} }}"


def _record(token: StsToken) -> StsRecord:
    sale, tid = token.sale, token.tid
    if sale.setting == "meter-test":
        return StsMeterTest(0, 1, 0)
    assert tid is not None, "it has a TID"
    rnd = tid & 15  # ours: nobody reads it
    if sale.wh is not None:
        return StsCredit(CreditKind.ELECTRICITY, rnd, tid, code_of(sale.wh // 100))
    if sale.limit_w is not None:
        return StsSetting(SettingKind.POWER_LIMIT, rnd, tid, code_of(sale.limit_w))
    if sale.setting == "clear-credit":
        return StsSetting(SettingKind.CLEAR_CREDIT, rnd, tid, REGISTER_ALL)
    return StsSetting(SettingKind.CLEAR_TAMPER, rnd, tid, 0)
