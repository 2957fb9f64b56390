"""What the supply of an STS meter must be, by the office's ledger and by effect; and who can buy.

A small ideal of its own. It knows what was sold under which key and with which TID, what was keyed
in, and when supply was seen to go and come; never a display. Credit is tokens taken minus energy
used, to the watt-hour: supply is on exactly while it is above zero, off one look later.

A meter that obeys every rule may leave a household without a way to buy. So there is a second
account (`sts_lived`): what was paid and can never be had, and since when nothing that the office
sells is taken.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, final

from typing_extensions import override

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.codec import decode_sts
from card_protocol.tokens.sts.fields import (
    REGISTER_ALL,
    CreditKind,
    SettingKind,
    StsCredit,
    StsMeterTest,
    StsRecord,
    StsSetting,
)
from card_protocol.tokens.sts.tid import is_expired
from meter_emu.desk.vending import MeterKey
from meter_emu.hardware.metrology import UNIT
from meter_emu.languages.speech import marked
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household
from meter_emu.world.households.sts_ledger import (
    StsSale,
    StsToken,
    sections_of,
    sts_digits,
)
from meter_emu.world.judge.account import LoadProfile
from meter_emu.world.judge.obligations import NO_CREDIT, Must, PromiseRow
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.judge.token_walk import Ahead, TokenWalk, ahead_of_walk, row_of_walk, walked
from meter_emu.world.meter.devices import decoder_key, first_key
from meter_emu.world.meter.events import Event, What

DEPTH: Final = 50  # TIDs; docs/sts.md
_THERE_IS: Final = marked("there is credit")
_USED_UP: Final = marked("the credit is used up")
_WITHIN_A_LOOK: Final = marked("the credit is used up within a look")
CREDIT: Final = "credit"
# An entry is served within a poll's own work; a time that it measures begins in it.
_SOON_US: Final = SECOND_US
_WRONG: Final = frozenset({"digits", "range", "CRC", "key"})


@final
@dataclass(frozen=True, slots=True)
class StsCredited:
    """One state that a meter may be in.

    Supply ends at `low` to `high` Wh of use since the start. `key` is `None` once halves of two
    sets have made a key that no office has. `empty_us` is when the credit was used up. A lock
    ends at `locked_us`.
    """

    low: int
    high: int
    key: MeterKey | None
    tids: tuple[int, ...]
    waiting: tuple[StsToken, ...] = ()
    waiting_us: int = 0
    tries: int = 0
    locked_us: int = 0
    empty_us: int | None = None
    credited: frozenset[str] = frozenset()

    def takes(self, token: StsToken, *, checks_ken: bool) -> bool:
        """Whether a token with a TID is taken by its key and its TID."""
        if self.key is None or not same_key(token.under, self.key) or token.tid is None:
            return False
        new = token.tid not in self.tids and token.tid >= self.tids[0]
        return new and not (checks_ken and is_expired(token.tid, self.key.ken))


def same_key(one: MeterKey, other: MeterKey) -> bool:
    """Whether two records are of the same key: its expiry is not in it."""
    return replace(one, ken=0) == replace(other, ken=0)


@final
class StsWalk(TokenWalk[StsCredited]):
    """Takes the states that a meter may be in through its events."""

    def __init__(self, household: Household, campaign: Campaign) -> None:
        model = household.model
        assert model.sts is not None, "it is such a meter"
        self._sts: Final = model.sts
        self._profile: Final = LoadProfile(household.load)
        self._used = 0  # rate-µs since the start
        wh = household.age.credit_wh
        first = StsCredited(wh, wh, first_key(model.sts), (model.sts.first_tid,) * DEPTH)
        first = first if wh else replace(first, empty_us=campaign.start_us)
        super().__init__(household, campaign, first)
        self._sold: Final = {
            sts_digits(token, model, household.meter_id): token
            for token in household.tokens
            if isinstance(token, StsToken) and not token.refused
        }
        self.history: Final[list[tuple[int, tuple[StsCredited, ...]]]] = [(self.now_us, (first,))]

    @override
    def must(self, possible: StsCredited) -> Must:
        if possible.empty_us is not None:
            return Must.EITHER if self.now_us < possible.empty_us + self._look_us else Must.OFF
        return Must.ON if self._used < possible.low * UNIT else Must.EITHER

    @override
    def standing(self, possible: StsCredited) -> object:
        used, now_us = self._used // UNIT, self.now_us
        gone_us = possible.waiting_us + self._sts.half_s * SECOND_US + _SOON_US
        waits = bool(possible.waiting) and now_us < gone_us
        empty_us = possible.empty_us
        return replace(
            possible,
            low=possible.low - used,
            high=possible.high - used,
            waiting=possible.waiting if waits else (),
            waiting_us=possible.waiting_us if waits else 0,
            locked_us=possible.locked_us if now_us < possible.locked_us + _SOON_US else 0,
            empty_us=empty_us and max(0, empty_us + self._look_us - now_us),
            credited=frozenset(),
        )

    @override
    def edges(self, possible: StsCredited) -> Iterable[int]:
        if possible.empty_us is not None:
            return (possible.empty_us + self._look_us,)
        if not self._powered or not self._on:
            return ()
        ends = (self._reached_us(units) for units in (possible.low, possible.high))
        return [us for us in ends if us is not None]

    @override
    def passes(self, to_us: int) -> None:
        if self._powered and self._on:
            self._used += self._profile.used(self.now_us, to_us)
        super().passes(to_us)
        self.states = [
            replace(possible, empty_us=to_us)
            if possible.empty_us is None and self._used >= possible.high * UNIT
            else possible
            for possible in self.states
        ]

    @override
    def why(self, owed: Must) -> tuple[str, str]:
        if owed is Must.ON:
            return _THERE_IS, CREDIT
        if owed is Must.OFF:
            return _USED_UP, NO_CREDIT
        return _WITHIN_A_LOOK, NO_CREDIT

    @override
    def take(self, event: Event) -> None:
        super().take(event)
        if event.what is What.TYPED:
            self.history.append((event.at_us, tuple(self.states)))

    @override
    def power_back(self, gone_us: int) -> None:
        self.states = [replace(one, waiting=(), tries=0, locked_us=0) for one in self.states]

    @override
    def moved(self, *, on: bool) -> None:
        if not on:
            gone_us = self.now_us - self._look_us
            self.states = [
                replace(possible, empty_us=gone_us)
                if self.must(possible) is Must.EITHER
                else possible
                for possible in self.states
            ]

    def _reached_us(self, units: int) -> int | None:
        return self._profile.reached_us(self.now_us, units * UNIT - self._used)

    @override
    def after(self, possible: StsCredited, event: Event) -> Iterator[StsCredited]:
        """Yield what an entry leaves; two states where a lock or a half may just be over or not."""
        now_us = event.at_us
        if now_us < possible.locked_us + _SOON_US:
            yield possible
            if now_us < possible.locked_us:
                return
        gone_us = possible.waiting_us + self._sts.half_s * SECOND_US
        if possible.waiting and now_us >= gone_us:
            yield self._obeyed(replace(possible, waiting=()), event)
            if now_us >= gone_us + _SOON_US:
                return
        yield self._obeyed(possible, event)

    def _obeyed(self, possible: StsCredited, event: Event) -> StsCredited:
        token = self._sold.get(event.detail)
        if token is None:
            return self._unsold(possible, event)
        if token.sale.setting == "meter-test":
            return replace(possible, tries=0)
        if possible.key is None or not same_key(token.under, possible.key):
            return self._unsold(possible, event)
        if token.number:
            return self._section(possible, token, event.at_us)
        return self._dated(possible, token, event.at_us)

    def _wrong(self, possible: StsCredited, at_us: int) -> StsCredited:
        tries = possible.tries + 1
        if tries < self._sts.tries:
            return replace(possible, tries=tries)
        doubled = self._sts.lock_first_s << min(tries - self._sts.tries, 16)
        lock_s = min(self._sts.lock_most_s, doubled)
        return replace(possible, tries=tries, locked_us=at_us + lock_s * SECOND_US)

    def _unsold(self, possible: StsCredited, event: Event) -> StsCredited:
        """Take in what nobody sold under this key: digits that are wrong, or a token by chance."""
        household = self._household
        key = None
        if possible.key is not None:
            key = decoder_key(household.model, household.meter_id, possible.key)
        try:
            record = decode_sts(event.detail, key)
        except TokenError as error:
            return self._wrong(possible, event.at_us) if error.check in _WRONG else possible
        if isinstance(record, StsMeterTest):
            return replace(possible, tries=0) if record.maker in (0, self._sts.maker) else possible
        token = None if possible.key is None else _by_chance(record, possible.key)
        return possible if token is None else self._dated(possible, token, event.at_us)

    def _dated(self, possible: StsCredited, token: StsToken, at_us: int) -> StsCredited:
        sale, key = token.sale, possible.key
        assert key is not None, "it was decoded under one"
        assert token.tid is not None, "it has a TID"
        if not possible.takes(token, checks_ken=self._sts.checks_ken):
            return possible
        low, high, empty_us = possible.low, possible.high, possible.empty_us
        if sale.wh is not None:
            credit_wh = high - self._used // UNIT
            if key.key_type == "default" or credit_wh + sale.wh > self._sts.credit_most_wh:
                return possible
            low, high, empty_us = low + sale.wh, high + sale.wh, None
            if self._used >= high * UNIT:  # it does not reach above zero
                empty_us = possible.empty_us
        elif sale.setting == "clear-credit":
            low, high = self._used // UNIT, self._used_by(at_us + WORK_US) // UNIT
            empty_us = at_us - self._look_us
        return replace(
            possible,
            low=low,
            high=high,
            empty_us=empty_us,
            tids=tuple(sorted((*possible.tids[1:], token.tid))),
            tries=0,
            credited=possible.credited | {token.id} if sale.wh is not None else possible.credited,
        )

    def _used_by(self, us: int) -> int:
        flows = self._powered and self._on
        return self._used + (self._profile.used(self.now_us, us) if flows else 0)

    def _section(self, possible: StsCredited, token: StsToken, at_us: int) -> StsCredited:
        new = token.sale.new_key
        assert new is not None, "a section brings a key"
        if token.number == 1 and new.key_type == "common":
            return possible
        waiting = {one.number: one for one in (*possible.waiting, token)}
        if len(waiting) < sections_of(self._sts):
            return replace(possible, waiting=tuple(waiting.values()), waiting_us=at_us, tries=0)
        keys = [one.sale.new_key for one in waiting.values()]
        first, second = waiting[1].sale, waiting[2].sale.new_key
        assert first.new_key is not None, "likewise"
        assert second is not None, "likewise"
        whole = all(key is not None and same_key(key, new) for key in keys)
        # The expiry number is in two halves.
        ken = first.new_key.ken & 0xF0 | second.ken & 0x0F
        return replace(
            possible,
            key=replace(new, ken=ken) if whole else None,
            tids=(0,) * DEPTH if first.rollover else possible.tids,
            waiting=(),
            tries=0,
        )


def _by_chance(record: StsRecord, key: MeterKey) -> StsToken | None:
    """Return the token that a record is which nobody sold; `None` for one that does nothing here.

    Doubt: a section of a key by chance (one in some 10^6 wrong entries) is not followed.
    """
    sale = StsSale(id="by chance", household="", sold_us=0)
    if isinstance(record, StsCredit) and record.kind is CreditKind.ELECTRICITY:
        return StsToken(sale=replace(sale, wh=record.amount * 100), under=key, tid=record.tid)
    if isinstance(record, StsSetting):
        if record.kind is SettingKind.CLEAR_CREDIT and record.value in (0, REGISTER_ALL):
            sale = replace(sale, setting="clear-credit")
        elif record.kind not in (SettingKind.POWER_LIMIT, SettingKind.CLEAR_TAMPER):
            return None
        return StsToken(sale=sale, under=key, tid=record.tid)
    return None


def sts_walk(household: Household, campaign: Campaign, events: Sequence[Event]) -> StsWalk:
    """Return the walk to the end of a story."""
    return walked(StsWalk(household, campaign), campaign, events)


def sts_row(household: Household, campaign: Campaign, events: Sequence[Event]) -> PromiseRow:
    """Return the row of what is owed to a household with such a meter."""
    return row_of_walk(household, campaign, sts_walk(household, campaign, events).spans)


def sts_ahead(
    household: Household, campaign: Campaign, events: Sequence[Event], until_us: int
) -> Ahead:
    """Return what is owed from the end of a campaign until later, and what counts besides."""
    return ahead_of_walk(sts_walk(household, campaign, events), campaign.end_us, until_us)
