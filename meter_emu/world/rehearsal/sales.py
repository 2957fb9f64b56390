"""The sold tokens of a campaign file, and what its households key in of them."""

from collections.abc import Mapping
from dataclasses import replace

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.counter import PaygoKind
from meter_emu.domain import BUDGET
from meter_emu.nearest import hint
from meter_emu.world.households.household import Household, Households
from meter_emu.world.households.ledger import Sale, SoldToken, TypedToken, sold_to
from meter_emu.world.meter.age import NEW
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.rehearsal.campaign_file import RawCampaign, RawHousehold, RawToken
from meter_emu.world.rehearsal.reading import FilePlace


def check_device(raw_household: RawHousehold, model: MeterModel, place: FilePlace) -> None:
    """Refuse what a household's device has not: credit that is no money, a memory to read."""
    if raw_household.limiter and not model.measures.limiter:
        place.refuse("limiter", f"{model.measures.meter} has none, want false")
    device = DEVICES[model.device]
    if device.sells == "money" and raw_household.balance_eur is None:
        place.refuse("balance_eur", "is missing")
    if device.sells != "money" and raw_household.balance_eur is not None:
        place.refuse("balance_eur", f"{model.name} has no credit, want none")
    if raw_household.image is not None and model.device != BUDGET:
        place.refuse("image", f"want none for {model.name}: its memory is not read")
    if raw_household.rtc_base is not None and model.device != BUDGET:
        place.refuse("rtc_base", f"want none for {model.name}, which has no legal time")


def ledger_of(raw_campaign: RawCampaign, top: FilePlace) -> dict[str, SoldToken]:
    """Return the office's ledger: each sold token by its id, each device's in order of sale."""
    last = {
        one.id: NEW.token_count if one.age is None else one.age.token_count
        for one in raw_campaign.household
    }
    sales: dict[str, list[Sale]] = {name: [] for name in last}
    for raw in raw_campaign.token:
        place = top.at(f"token {raw.id!r}")
        if raw.household not in sales:
            near = hint(raw.household, list(sales))
            place.refuse("household", f"no household has the id {raw.household!r}{near}")
        sales[raw.household].append(_sale(raw, place))
    found: dict[str, SoldToken] = {}
    for name, of_one in sales.items():
        of_one.sort(key=lambda sale: sale[1])
        try:
            tokens = list(sold_to(name, of_one, last[name]))
        except TokenError as error:
            top.refuse("token", f"household {name!r}: {error}")
        for token in tokens:
            if token.id in found:
                top.refuse("token", f"two have the id {token.id!r}")
            found[token.id] = token
    return found


def _sale(raw_token: RawToken, place: FilePlace) -> Sale:
    said = [raw_token.add is not None, raw_token.set is not None, raw_token.unlock]
    if said.count(True) != 1:
        place.refuse("", "want one of add, set, unlock = true")
    kind = PaygoKind.SET_TIME if raw_token.add is None else PaygoKind.ADD_TIME
    value = raw_token.set if raw_token.add is None else raw_token.add
    if raw_token.unlock:
        kind = PaygoKind.DISABLE
    return raw_token.id, place.instant(raw_token.sold, "sold"), kind, value


def tokens_of(household: str, ledger: Mapping[str, SoldToken]) -> tuple[SoldToken, ...]:
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
        place.refuse("token", f"{typed.token.id!r} is sold to many, want one household's")
    if alone[0].model.device != own.model.device:
        place.refuse("token", f"{typed.token.id!r} is for another kind of device")
    return replace(typed, meter_id=alone[0].meter_id)
