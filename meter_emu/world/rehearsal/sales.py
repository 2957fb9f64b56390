"""The sold tokens of a campaign file, and what its households key in of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

from card_protocol.errors import TokenError
from card_protocol.layout import filled
from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.domain import BUDGET, DeviceName
from meter_emu.nearest import hint
from meter_emu.world.households.household import Household, Households
from meter_emu.world.households.ledger import Sale, TypedToken, sold_to
from meter_emu.world.households.ledger_token import LedgerToken
from meter_emu.world.households.sts_file import meter_key
from meter_emu.world.households.sts_ledger import StsSale, vended
from meter_emu.world.meter.age import NEW
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.rehearsal.campaign_file import (
    RawCampaign,
    RawHousehold,
    RawToken,
)
from meter_emu.world.rehearsal.reading import FilePlace


def check_device(raw_household: RawHousehold, model: MeterModel, place: FilePlace) -> None:
    """Refuse what a household's device has not: credit that is no money, a memory to read."""
    if raw_household.limiter and not model.measures.limiter:
        place.refuse("limiter", f"{model.measures.meter} has none, expected false")
    device = DEVICES[model.device]
    if device.sells == "money" and raw_household.balance_eur is None:
        place.refuse("balance_eur", "is missing")
    if device.sells != "money" and raw_household.balance_eur is not None:
        place.refuse("balance_eur", f"{model.name} has no credit, expected none")
    if raw_household.image is not None and model.device != BUDGET:
        place.refuse("image", f"expected none for {model.name}: its memory is not read")
    if raw_household.rtc_base is not None and model.device != BUDGET:
        place.refuse("rtc_base", f"expected none for {model.name}, which has no legal time")


def ledger_of(
    raw_campaign: RawCampaign, top: FilePlace, model_of: Callable[[RawHousehold], MeterModel]
) -> dict[str, LedgerToken]:
    """Return the office's ledger: each sold token by its id, each device's in order of sale."""
    sales: dict[str, list[tuple[int, RawToken]]] = {one.id: [] for one in raw_campaign.household}
    for raw in raw_campaign.token:
        place = _token_place(raw, top)
        if raw.household not in sales:
            near = hint(raw.household, list(sales))
            place.refuse("household", f"no household has the id {raw.household!r}{near}")
        sales[raw.household].append((place.instant(raw.sold, "sold"), raw))
    found: dict[str, LedgerToken] = {}
    for raw_household in raw_campaign.household:
        of_one = sorted(sales[raw_household.id], key=lambda sale: sale[0])
        if not of_one:
            continue
        model, last = model_of(raw_household), raw_household.age or NEW
        try:
            tokens = _OFFICES[model.device](of_one, model, last.token_count, top)
        except TokenError as error:
            top.refuse("token", f"household {raw_household.id!r}: {error}")
        for token in tokens:
            if token.id in found:
                top.refuse("token", f"two have the id {token.id!r}")
            found[token.id] = token
    return found


_Sales: TypeAlias = Sequence[tuple[int, RawToken]]  # of one device, each with its instant


def _time_sold(
    sales: _Sales, _model: MeterModel, last_count: int, top: FilePlace
) -> list[LedgerToken]:
    paid = [_sale(raw, sold_us, _token_place(raw, top)) for sold_us, raw in sales]
    return list(sold_to(sales[0][1].household, paid, last_count))


def _energy_sold(
    sales: _Sales, model: MeterModel, _last_count: int, top: FilePlace
) -> list[LedgerToken]:
    sold = [_sts_sale(raw, sold_us, _token_place(raw, top)) for sold_us, raw in sales]
    return list(vended(sold, model))


def _none_sold(
    sales: _Sales, model: MeterModel, _last_count: int, top: FilePlace
) -> list[LedgerToken]:
    _token_place(sales[0][1], top).refuse("household", f"{model.name} takes no tokens")


_OFFICES: Final[
    dict[DeviceName, Callable[[_Sales, MeterModel, int, FilePlace], list[LedgerToken]]]
] = {"budget": _none_sold, "openpaygo": _time_sold, "sts": _energy_sold}


def _token_place(raw_token: RawToken, top: FilePlace) -> FilePlace:
    return top.at(f"token {raw_token.id!r}")


def _sale(raw_token: RawToken, sold_us: int, place: FilePlace) -> Sale:
    said = [raw_token.add is not None, raw_token.set is not None, raw_token.unlock]
    if said.count(True) != 1:
        place.refuse("", "expected one of add, set, unlock = true")
    if _sold_by_sts(raw_token).count(True):
        place.refuse("", "expected none of wh, new_key, limit_w, setting: it is paid by time")
    kind = PaygoKind.SET_TIME if raw_token.add is None else PaygoKind.ADD_TIME
    value = raw_token.set if raw_token.add is None else raw_token.add
    if raw_token.unlock:
        kind = PaygoKind.DISABLE
    return raw_token.id, sold_us, kind, value


def _sold_by_sts(raw_token: RawToken) -> list[bool]:
    named = (raw_token.wh, raw_token.new_key, raw_token.limit_w, raw_token.setting)
    return [one is not None for one in named]


def _sts_sale(raw_token: RawToken, sold_us: int, place: FilePlace) -> StsSale:
    if _sold_by_sts(raw_token).count(True) != 1:
        place.refuse("", "expected one of wh, new_key, limit_w, setting")
    if raw_token.rollover and raw_token.new_key is None:
        place.refuse("rollover", "goes with new_key")
    return filled(
        StsSale,
        raw_token,
        sold_us=sold_us,
        new_key=meter_key(raw_token.new_key),
        under=meter_key(raw_token.key),
    )


def tokens_of(household: str, ledger: Mapping[str, LedgerToken]) -> tuple[LedgerToken, ...]:
    """Return what the ledger has for a household, in order of sale."""
    return tuple(token for token in ledger.values() if token.household == household)


def with_others_tokens(households: Households, top: FilePlace) -> Households:
    """Return the households with other devices' tokens resolved in their visits."""
    entries = []
    for entry in households.entries:
        visits = tuple(
            replace(visit, token=_token_of(visit.token, entry.first, households, top))
            if visit.token is not None
            else visit
            for visit in entry.first.visits
        )
        entries.append(replace(entry, first=replace(entry.first, visits=visits)))
    return Households(tuple(entries), households.seed)


def _token_of(
    typed: TypedToken, own: Household, households: Households, top: FilePlace
) -> TypedToken:
    if typed.token.household == own.id:
        return typed
    place = top.at(f"household {own.id!r}")
    alone = households.alone(typed.token.household)
    if alone is None or len(alone) > 1:
        place.refuse("token", f"{typed.token.id!r} is sold to many, expected one household's")
    if alone[0].model.device != own.model.device:
        place.refuse("token", f"{typed.token.id!r} is for another kind of device")
    return replace(typed, meter_id=alone[0].meter_id)
