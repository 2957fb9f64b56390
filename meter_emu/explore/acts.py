"""All acts that a scope can have: a row each, which knows it in a visit and makes one.

`acts_in` says which of them a scope has; `with_acts` adds some to a household.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple, final

from meter_emu.desk.as_is import AsIs
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.switches import SWITCHED
from meter_emu.errors import ConfigError
from meter_emu.explore.scope import Scope
from meter_emu.laws.law import campaign_of
from meter_emu.units import DAY_US, MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, NewCard, Visit, VisitKind
from meter_emu.world.households.ledger import NO_TYPO, TypedToken, Typo
from meter_emu.world.meter.acts import OF_KEY, Press
from meter_emu.world.meter.clock_chips import clock_chip
from meter_emu.world.meter.times import us_to_civil

OUTAGE_US: Final = 3 * MINUTE_US
_AHEAD_S: Final = 800  # ours: an office's date that no meter takes for the time
_NO_DATE: Final = bytes.fromhex("2002300800")  # 30 February
_TYPED: Final = "12345678901234567890"  # as many digits as a token of STS has: none that was sold


@final
class Placed(NamedTuple):
    """Where an act is added: a household, and when in its file."""

    campaign: Campaign
    household: Household
    at_us: int

    def visit(self, kind: VisitKind, **keys: object) -> Visit:
        """Return a visit of a kind."""
        return Visit(at_us=self.at_us, kind=kind, **keys)  # type: ignore[arg-type]

    def office(self, **keys: object) -> Visit:
        """Return a visit to the office."""
        return self.visit(VisitKind.DESK, desk=DeskOrder(**keys))  # type: ignore[arg-type]

    def end(self, name: str) -> Visit:
        """Return an order with T1 or T2, a day after the visit or half-way to the end."""
        left_us = self.campaign.end_us - self.at_us
        us = (self.at_us + min(DAY_US, left_us // 2)) // MINUTE_US * MINUTE_US
        civil = us_to_civil(us, self.campaign.zone)
        if name == "defer":
            return self.office(defer_until=civil, defer_us=us)
        return self.office(cut_at=civil, cut_us=us)

    def no_date(self) -> Visit:
        """Return an order with a T2 that no calendar has, and a load with it."""
        no_such = {1: AsIs(cut_at=_NO_DATE), 2: AsIs(zone_rule=255)}
        order = self.end("cut").desk
        assert order is not None, "an order"
        fields = no_such[self.household.card_generation]
        return self.visit(VisitKind.DESK, desk=replace(order, load_cents=500, fields=fields))

    def token(self, typo: Typo) -> Visit:
        """Return a sold token keyed in, the first of the ledger."""
        if not self.household.tokens:
            raise ConfigError(self.campaign.path, "act", "nothing is sold here to be keyed in")
        token = TypedToken(token=self.household.tokens[0], typo=typo)
        return self.visit(VisitKind.KEYED_IN, token=token)

    def another(self) -> Visit:
        """Return the card of another household, on which its office has written."""
        loaded = Visit(
            at_us=self.campaign.start_us, kind=VisitKind.DESK, desk=DeskOrder(load_cents=2_000)
        )
        number = self.household.meter_id + 1
        other = replace(self.household, id="another", meter_id=number, visits=(loaded,))
        return self.visit(VisitKind.OTHERS_CARD, other=other)

    def upset(self) -> Visit:
        """Return another hour in the registers of the clock."""
        return self.visit(
            VisitKind.UPSET, registers=((clock_chip(self.household.model).chip.HOURS, 0x03),)
        )


@final
class ActRow(NamedTuple):
    """How an act is recognised, and one of it."""

    is_in: Callable[[Visit], bool]
    made: Callable[[Placed], Visit]


def _ordered(is_in: Callable[[DeskOrder], bool], made: Callable[[Placed], Visit]) -> ActRow:
    return ActRow(lambda visit: visit.desk is not None and is_in(visit.desk), made)


def _switching(name: str, *, on: bool) -> ActRow:
    return _ordered(lambda order: getattr(order, name) is on, lambda at: at.office(**{name: on}))


def _kind(kind: VisitKind, made: Callable[[Placed], Visit] | None = None) -> ActRow:
    return ActRow(lambda visit: visit.kind is kind, made or (lambda at: at.visit(kind)))


def _copy(*, whole: bool, flipped: int | None = None) -> ActRow:
    def is_in(visit: Visit) -> bool:
        turned = (visit.flipped is None) is (flipped is None)
        return visit.kind is VisitKind.COPY and (not visit.records) is whole and turned

    records = () if whole else ("wallet",)
    return ActRow(
        is_in,
        lambda at: at.visit(VisitKind.COPY, copy_number=1, records=records, flipped=flipped),
    )


def _clock_card(
    is_in: Callable[[Visit], bool], made: Callable[[Placed], dict[str, object]]
) -> ActRow:
    return ActRow(
        lambda visit: visit.kind is VisitKind.CLOCK_CARD and is_in(visit),
        lambda at: at.visit(VisitKind.CLOCK_CARD, **made(at)),
    )


def _at_meter(key: str, said: str) -> ActRow:
    act = OF_KEY[key].in_file(key, said)
    if isinstance(act, Press):
        return ActRow(lambda visit: visit.act == act, lambda at: at.visit(VisitKind.ACT, act=act))
    row = type(act)
    return ActRow(
        lambda visit: isinstance(visit.act, row), lambda at: at.visit(VisitKind.ACT, act=act)
    )


OUTAGE: Final = "outage"
ACT_ROWS: Final[Mapping[str, ActRow]] = {
    "defer": _ordered(lambda order: order.defer_us is not None, lambda at: at.end("defer")),
    "cut": _ordered(lambda order: order.cut_us is not None, lambda at: at.end("cut")),
    "reactivate": _ordered(lambda order: order.reactivate, lambda at: at.office(reactivate=True)),
    "load": _ordered(lambda order: order.load_cents > 0, lambda at: at.office(load_cents=2_000)),
    **{word: _switching(name, on=on) for word, (name, on) in SWITCHED.items()},
    "tariff": _ordered(
        lambda order: order.tariff is not None, lambda at: at.office(tariff=Pricing.of(9, 310))
    ),
    "worth-of-a-unit": _ordered(
        lambda order: order.mwh_per_unit is not None,
        lambda at: at.office(tariff=Pricing.of(9, 90), mwh_per_unit=10_300),
    ),
    "new-card": _ordered(
        lambda order: order.new_card is not None and order.new_card.expires_us is None,
        lambda at: at.office(new_card=NewCard()),
    ),
    "temporary-card": _ordered(
        lambda order: order.new_card is not None and order.new_card.expires_us is not None,
        lambda at: at.office(new_card=_expiring(at)),
    ),
    "office-date": _ordered(
        lambda order: order.office_error_s != 0,
        lambda at: at.office(prepayment=True, office_error_s=_AHEAD_S),
    ),
    "wrong-fields": _ordered(
        lambda order: order.fields is not None,
        lambda at: at.no_date(),
    ),
    "torn-visit": _ordered(
        lambda order: order.torn, lambda at: at.office(load_cents=1_000, torn=True)
    ),
    "insert": _kind(VisitKind.INSERT),
    "old-card": _kind(VisitKind.OLD_CARD, lambda at: at.visit(VisitKind.OLD_CARD, card_number=1)),
    "copy": _copy(whole=True),
    "copied-record": _copy(whole=False),
    "flipped-bit": _copy(whole=False, flipped=9),
    "anothers-card": _kind(VisitKind.OTHERS_CARD, lambda at: at.another()),
    "clock-card": _clock_card(lambda visit: visit.sets_the_clock, lambda _at: {}),
    "old-clock-card": _clock_card(
        lambda visit: visit.made_us is not None,
        lambda at: {"made_us": at.campaign.start_us - DAY_US},
    ),
    "anothers-clock-card": _clock_card(
        lambda visit: visit.for_meter is not None,
        lambda at: {"for_meter": at.household.meter_id + 1},
    ),
    "lost-setting": _clock_card(lambda visit: visit.lost, lambda _at: {"lost": True}),
    "upset": _kind(VisitKind.UPSET, lambda at: at.upset()),
    "token": ActRow(
        lambda visit: visit.token is not None and visit.token.typo == NO_TYPO,
        lambda at: at.token(NO_TYPO),
    ),
    "mistyped-token": ActRow(
        lambda visit: visit.token is not None and visit.token.typo != NO_TYPO,
        lambda at: at.token(Typo(wrong=3)),
    ),
    "press-red": _at_meter("press", "red"),
    "press-blue": _at_meter("press", "blue"),
    "hold-red": _at_meter("hold", "red"),
    "hold-blue": _at_meter("hold", "blue"),
    "type": _at_meter("type", _TYPED),
}
ALL_ACTS: Final = (*ACT_ROWS, OUTAGE)


def acts_in(scope: Scope) -> frozenset[str]:
    """Return which acts a scope has, by the names of `ALL_ACTS`."""
    visits = list(scope.visits)
    found = {name for name, row in ACT_ROWS.items() if any(map(row.is_in, visits))}
    return frozenset(found | {OUTAGE for act in scope.acts if act.outage_us})


def acts_missing(scope: Scope) -> tuple[str, ...]:
    """Return which acts a scope has not."""
    has = acts_in(scope)
    return tuple(name for name in ALL_ACTS if name not in has)


def with_acts(campaign: Campaign, names: Iterable[str]) -> Campaign:
    """Return the campaign of one household with acts more, each when its last visit is.

    Raise `ConfigError` for a token where none is sold.
    """
    household = campaign.households[0]
    last_us = household.visits[-1].at_us if household.visits else campaign.start_us
    for name in names:
        if name == OUTAGE:
            lost_us = max([last_us, *(back for _, back in household.outages)]) + MINUTE_US
            outages = (*household.outages, (lost_us, lost_us + OUTAGE_US))
            household = replace(household, outages=outages)
        else:
            visit = ACT_ROWS[name].made(Placed(campaign, household, last_us))
            household = replace(household, visits=(*household.visits, visit))
    return campaign_of(campaign, household)


def _expiring(at: Placed) -> NewCard:
    end = at.end("cut").desk
    assert end is not None, "an order"
    return NewCard(expires=end.cut_at, expires_us=end.cut_us)
