"""The office's ledger of sold tokens, and what a person keys in of one.

The office has each device's last count: what it sells next has the next one of its kind. The digits
are made where they are keyed in, so a ledger says what was sold, and never how it is written.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final, TypeAlias, final

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import STANDARD
from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoCounter, PaygoKind, next_count
from card_protocol.tokens.openpaygo.decode import PaygoOutcome, decode_openpaygo
from card_protocol.tokens.openpaygo.encode import VALUE_MAX, encode_openpaygo
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.world.households.ledger_token import Keypad, LedgerToken
from meter_emu.world.meter.devices import paygo_seed
from meter_emu.world.meter.model import MeterModel


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SoldToken:
    """One line of the ledger: what was sold to whom and when, with the count that it got.

    `value` is in the units of the device, whole days or parts of one; `None` where a kind has none.
    `household` is the id of the entry of the campaign: each of its copies is sold one.
    """

    id: str
    household: str
    sold_us: int
    kind: PaygoKind
    value: int | None
    count: int

    @property
    def refused(self) -> str:
        """Empty: such an office hands out whatever it sells."""
        return ""

    @property
    def words(self) -> str:
        """What was sold, in words."""
        units = "" if self.value is None else f" {self.value}"
        return f"{self.kind.value}{units}, count {self.count}"

    @property
    def order(self) -> tuple[int, ...]:
        """Its count."""
        return (self.count,)

    def keypad(self, model: MeterModel) -> Keypad:
        """Return the keys that it is keyed in by."""
        assert model.paygo is not None, "such a device takes tokens"
        if model.paygo.restricted:
            return Keypad("1234", STANDARD.restricted_digits)
        return Keypad("0123456789", STANDARD.digits)

    def digits_for(self, model: MeterModel, device_id: int) -> str:
        """Return the digits that the office hands out."""
        return digits_of(self, model, device_id)

    def in_file(self) -> tuple[str, Iterator[str]]:
        """Return its id and what was sold, as a campaign file has it."""
        if self.kind is PaygoKind.DISABLE:
            return self.id, iter(("unlock = true",))
        word = "add" if self.kind is PaygoKind.ADD_TIME else "set"
        return self.id, iter((f"{word} = {self.value}",))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Typo:
    """How what is keyed in differs from what was sold; places are counted from 1.

    The digit at `wrong` is another, those at `swapped` and after it have changed places, or only
    the `first` ones are keyed in.
    """

    wrong: int | None = None
    swapped: int | None = None
    first: int | None = None

    def of(self, digits: str, keys: str) -> str:
        """Return what is keyed in for some digits, by a keypad with these keys."""
        typed = list(digits)
        if self.wrong is not None:
            at = self.wrong - 1
            typed[at] = keys[(keys.index(typed[at]) + 1) % len(keys)]
        if self.swapped is not None:
            at = self.swapped - 1
            typed[at : at + 2] = reversed(typed[at : at + 2])
        return "".join(typed[: self.first])


NO_TYPO: Final = Typo()
_DAYS: Final = re.compile(r"\d{1,3}(?:\.\d{1,6}|/(?P<parts>\d{1,3}))?", re.ASCII)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TypedToken:
    """A sold token as somebody keys it in; `meter_id` is whose it is, `None` for their own."""

    token: LedgerToken
    typo: Typo = NO_TYPO
    meter_id: int | None = None

    def digits(self, model: MeterModel, own_id: int) -> str:
        """Return what is keyed in at a device."""
        device_id = own_id if self.meter_id is None else self.meter_id
        sold = self.token.digits_for(model, device_id)
        return self.typo.of(sold, self.token.keypad(model).keys)


# Of one device, in order of sale: id, when, kind and value.
Sale: TypeAlias = tuple[str, int, PaygoKind, int | None]


def sold_to(household: str, sales: Iterable[Sale], last_count: int) -> Iterator[SoldToken]:
    """Yield the lines of the ledger for one device; raise `TokenError` where its counts end."""
    count = last_count
    for name, sold_us, kind, value in sales:
        count = next_count(count, kind)
        if count > COUNT_MAX:
            raise TokenError("count", f"{count} is above {COUNT_MAX}: this device takes no more")
        yield SoldToken(
            id=name, household=household, sold_us=sold_us, kind=kind, value=value, count=count
        )


def units_in(days: str, model: MeterModel, kind: PaygoKind) -> int:
    """Return the value of the days that somebody buys; raise `TokenError` for no value.

    Nothing can be set, and not added.
    """
    assert model.paygo is not None, "such a device takes tokens"
    divider, least = model.paygo.time_divider, int(kind is PaygoKind.ADD_TIME)
    found = _DAYS.fullmatch(days)
    if found is None or found["parts"] in ("0", "00", "000"):
        raise TokenError("days", f"expected days such as 7, 0.5 or 1/7, got {days[:40]!r}")
    units = Fraction(days) * divider
    if units.denominator != 1 or not least <= units <= VALUE_MAX:
        in_units = "whole days" if divider == 1 else f"parts of 1/{divider} day"
        most = Fraction(VALUE_MAX, divider)
        raise TokenError(
            "days", f"expected {Fraction(least, divider)} to {most} in {in_units}, got {days}"
        )
    return units.numerator


def token_words(kind: PaygoKind, value: int | None, model: MeterModel) -> str:
    """Return what a token does, in words."""
    assert model.paygo is not None, "such a device takes tokens"
    if value is None:
        return "ends the payments"
    days = Fraction(value, model.paygo.time_divider)
    word = "adds" if kind is PaygoKind.ADD_TIME else "sets"
    return f"{word} {days} {'day' if days == 1 else 'days'}"


@lru_cache(maxsize=4096)
def digits_of(token: SoldToken, model: MeterModel, device_id: int) -> str:
    """Return the digits of a sold token, as the office hands them out."""
    assert model.paygo is not None, "such a device takes tokens"
    seed = paygo_seed(model, device_id, TEST_MASTER_KEY)
    count, digits = encode_openpaygo(
        seed, token.count - 1, token.kind, token.value, restricted=model.paygo.restricted
    )
    assert count == token.count, "the ledger counts as the tokens do"
    return digits


@lru_cache(maxsize=4096)
def token_by_chance(
    typed: str, model: MeterModel, device_id: int, last_count: int
) -> SoldToken | None:
    """Return the token that digits are which nobody sold: one in some 15,000 of them is one."""
    assert model.paygo is not None, "such a device takes tokens"
    seed = paygo_seed(model, device_id, TEST_MASTER_KEY)
    try:
        answer = decode_openpaygo(
            typed, seed, PaygoCounter(last_count), restricted=model.paygo.restricted
        )
    except TokenError:
        return None
    if answer.kind is None or answer.count is None or answer.outcome is PaygoOutcome.INVALID:
        return None
    return SoldToken(
        id="by chance",
        household="",
        sold_us=0,
        kind=answer.kind,
        value=answer.value,
        count=answer.count,
    )
