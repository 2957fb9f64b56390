"""A campaign: who lives behind which meter, what was announced, and who does what when.

The file is TOML for people (`docs/campaign-file.md`); what the world runs is resolved here once,
to integers, so that nothing behind this module parses, guesses or rounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn, TypeAlias, final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.pricing import Pricing, check_tariff
from meter_emu.domain import Energy
from meter_emu.errors import ConfigError, DeskError
from meter_emu.ports import Button
from meter_emu.resources import PRINTABLE, find, read_toml
from meter_emu.units import DAY_US, EPOCH_2000_US, HOURS_A_DAY, MINUTE_US, SECOND_US, decimal
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.times import END_US, legal_to_us, us_to_civil, zone_named
from meter_emu.world.rehearsal.euro import Euro, cents_of
from meter_emu.world.rehearsal.household import (
    DeskOrder,
    Entry,
    Household,
    Households,
    NewCard,
    Visit,
    VisitKind,
    shared_id,
    shared_meter_id,
)
from meter_emu.world.rehearsal.verdicts import Verdict

METER_ID_FIRST: Final = 541_000_000_001  # ours: 54 begins Belgian article numbers, the rest counts


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    """What everybody was told: both times as legal time and as instants, and the words."""

    defer_until: Civil
    cut_at: Civil
    defer_us: int
    cut_us: int
    text: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A whole rehearsal, resolved: the same file and seed give the same campaign.

    An ordinary season has no announcement; whatever is dated in it belongs to one household.
    """

    name: str
    zone: ZoneInfo
    zone_name: str
    start_us: int
    end_us: int
    seed: int
    announced: Announcement | None
    households: Households


# The file as people write it.
_Rate: TypeAlias = Annotated[int, Meta(ge=0, le=40_000)]
_Load: TypeAlias = (
    _Rate | Annotated[list[_Rate], Meta(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]
)
_Text: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
_Word: TypeAlias = Literal[
    "defer", "cut", "reactivate", "prepayment-on", "prepayment-off", "limiter-on", "limiter-off"
]


_Generation: TypeAlias = Literal[1, 2]


class _RawTariff(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    number: Annotated[int, Meta(ge=1, le=65_535)]
    price_ueur_per_wh: Annotated[int, Meta(ge=1, le=100_000)]
    night_price_ueur_per_wh: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    mwh_per_unit: Annotated[int, Meta(ge=1, le=65_535)] | None = None


class _RawVisit(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    at: datetime
    desk: list[_Word] = msgspec.field(default_factory=list)
    defer_until: datetime | None = None
    cut_at: datetime | None = None
    load_eur: Euro | None = None
    tariff: _RawTariff | None = None
    replace_card: bool = False
    card_expires: datetime | None = None
    insert: bool = False
    press: Literal["red", "blue"] | None = None
    hold: Literal["red", "blue"] | None = None
    clock_card: bool = False
    clock_error_s: Annotated[int, Meta(ge=-3600, le=3600)] = 0


class _RawOutage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    from_: datetime = msgspec.field(name="from")
    to: datetime


class _RawHousehold(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    id: _Text
    kind: _Text
    model: _Text | None = None
    build: _Text | None = None
    count: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    balance_eur: Euro
    load_w: _Load | None = None
    load_dm3_per_h: _Load | None = None
    clock_error_s: Annotated[int, Meta(ge=-(10**9), le=10**9)] = 0
    drift_ppb: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 0
    clock_set: datetime | None = None
    limiter: bool = False
    prepayment: bool = True
    rearm: Literal["careful", "careless"] = "careful"
    card_generation: _Generation | None = None
    card_expires: datetime | None = None
    outages: list[_RawOutage] = msgspec.field(default_factory=list)
    visits: list[_RawVisit] = msgspec.field(default_factory=list)
    meter_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    carrier: Literal["secure", "plain", "memory"] = "secure"
    expect: list[str] | None = None
    image: _Text | None = None


class _RawAnnouncement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    defer_until: datetime
    cut_at: datetime
    text: Annotated[str, Meta(pattern=PRINTABLE)] = ""


class _RawCampaign(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    name: _Text
    zone: _Text
    start: datetime
    end: datetime
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0
    model: _Text | None = None
    build: _Text = "reference"
    card_generation: _Generation = 1
    announced: _RawAnnouncement | None = None
    household: Annotated[list[_RawHousehold], Meta(min_length=1)]


def load_campaign(
    path: Path, *, seed: int | None = None, build: str | None = None, model: str | None = None
) -> Campaign:
    """Return the campaign in a file; `seed`, `build` and `model` override what it says.

    `model`, a path or a built-in name, is for the households of its energy. Raise `ConfigError`
    naming file, key and what was wanted. Builds are names only here: the engine knows which there
    are.
    """
    raw = read_toml(path, _RawCampaign)
    seed = raw.seed if seed is None else seed
    return _Resolver(path, raw, seed=seed, build=build, model=model).campaign()


class _Resolver:
    """Turns the raw file into integers, keeping hold of where it is for the error's sake."""

    def __init__(
        self, path: Path, raw: _RawCampaign, *, seed: int, build: str | None, model: str | None
    ) -> None:
        self.path = path
        self.raw = raw
        self.seed = seed
        self.build = build
        self.models: dict[str, MeterModel] = {}
        self.others: dict[str, tuple[str, MeterModel]] = {}
        if model is not None:
            other = load_model(find("meters", model))
            self.others[other.energy] = (model, other)
        self.zone = zone_named(raw.zone, path=str(path), key="zone")
        self.start_us = self._instant(raw.start, "start")
        self.end_us = self._instant(raw.end, "end")
        if self.end_us <= self.start_us:
            self._refuse("end", f"want after start ({raw.start}), got {raw.end}")
        self.announced = None if raw.announced is None else self._announcement(raw.announced)

    def campaign(self) -> Campaign:
        entries: list[Entry] = []
        before = 0
        for index, raw in enumerate(self.raw.household):
            entries.append(self._entry(raw, f"household[{index}]", before))
            before += raw.count
        for energy in self.others.keys() - {entry.first.model.energy for entry in entries}:
            self._refuse("household", f"none has a meter for {energy}, as the model given is")
        return Campaign(
            name=self.raw.name,
            zone=self.zone,
            zone_name=self.raw.zone,
            start_us=self.start_us,
            end_us=self.end_us,
            seed=self.seed,
            announced=self.announced,
            households=self._all_different(entries),
        )

    def _announcement(self, raw: _RawAnnouncement) -> Announcement:
        defer_until, defer_us = self._minute(raw.defer_until, "announced.defer_until")
        cut_at, cut_us = self._minute(raw.cut_at, "announced.cut_at")
        self._in_order(defer_us, cut_us, "announced.cut_at")
        return Announcement(
            defer_until=defer_until, cut_at=cut_at, defer_us=defer_us, cut_us=cut_us, text=raw.text
        )

    def _entry(self, raw: _RawHousehold, key: str, before: int) -> Entry:
        """Return one entry; `before` households stand in front of it."""
        model_name = raw.model or self.raw.model
        if model_name is None:
            self._refuse(f"{key}.model", "is missing here and at the top of the file")
        if raw.meter_id is not None and raw.count > 1:
            self._refuse(f"{key}.meter_id", f"want none for {raw.count} copies")
        own = self._model(model_name, f"{key}.model")
        model_name, model = self.others.get(own.energy, (model_name, own))
        error_s = _share(raw.clock_error_s, own.clock.set_error_s, model.clock.set_error_s)
        clock_set_us = self.start_us
        if raw.clock_set is not None:
            clock_set_us = self._instant(raw.clock_set, f"{key}.clock_set")
            if clock_set_us > self.start_us:
                self._refuse(f"{key}.clock_set", f"want no later than start ({self.raw.start})")
        shown_us = self.start_us + error_s * SECOND_US
        if not EPOCH_2000_US + DAY_US <= shown_us < END_US - DAY_US:
            self._refuse(f"{key}.clock_error_s", "want a clock that shows a day of 2000 to 2099")
        generation = raw.card_generation or self.raw.card_generation
        if raw.carrier == "memory" and generation != 1:
            self._refuse(f"{key}.carrier", f"a memory card has no room for generation {generation}")
        first = Household(
            id=raw.id,
            kind=raw.kind,
            model=model,
            model_name=model_name,
            build=self.build or raw.build or self.raw.build,
            balance_cents=self._cents(raw.balance_eur, f"{key}.balance_eur"),
            load=self._load(raw, model, key),
            clock_error_s=error_s,
            drift_ppb=_share(raw.drift_ppb, own.clock.drift_bound_ppb, model.clock.drift_bound_ppb),
            clock_set_us=clock_set_us,
            limiter=raw.limiter,
            prepayment=raw.prepayment,
            careless=raw.rearm == "careless",
            card_generation=generation,
            first_card=self._card(raw.card_expires, f"{key}.card_expires"),
            poll_phase_us=0,
            outages=self._outages(raw.outages, f"{key}.outages"),
            visits=self._visits(raw.visits, f"{key}.visits", model),
            meter_id=METER_ID_FIRST + before if raw.meter_id is None else raw.meter_id,
            carrier=CardKind[raw.carrier.upper()],
            expect=self._expect(raw.expect, f"{key}.expect"),
            image=None if raw.image is None else self.path.parent / raw.image,
        )
        return Entry(first=first, count=raw.count)

    def _load(self, raw: _RawHousehold, model: MeterModel, key: str) -> tuple[int, ...]:
        """Return the load under the name that fits the energy; the other must be absent."""
        loads = {
            "electricity": ("load_w", raw.load_w),
            "gas": ("load_dm3_per_h", raw.load_dm3_per_h),
        }
        name, load = loads.pop(model.energy)
        ((other_name, other),) = loads.values()
        if other is not None:
            self._refuse(f"{key}.{other_name}", f"want {name} for {model.energy}")
        if load is None:
            self._refuse(f"{key}.{name}", "is missing")
        return (load,) * HOURS_A_DAY if isinstance(load, int) else tuple(load)

    def _all_different(self, entries: Sequence[Entry]) -> Households:
        name, meter_id = shared_id(entries), shared_meter_id(entries)
        if name is not None:
            self._refuse("household", f"two have the id {name!r}, want each once")
        if meter_id is not None:
            self._refuse("household", f"two have the meter_id {meter_id}")
        return Households(tuple(entries), self.seed)

    def _outages(self, raws: Sequence[_RawOutage], key: str) -> tuple[tuple[int, int], ...]:
        outages: list[tuple[int, int]] = []
        free_from_us = self.start_us
        for index, raw in enumerate(raws):
            at = f"{key}[{index}]"
            from_us, to_us = (
                self._instant(raw.from_, f"{at}.from"),
                self._instant(raw.to, f"{at}.to"),
            )
            if not free_from_us <= from_us < to_us <= self.end_us:
                self._refuse(at, "want from before to, in time order, within start and end")
            free_from_us = to_us + 1
            outages.append((from_us, to_us))
        return tuple(outages)

    def _visits(self, raws: Sequence[_RawVisit], key: str, model: MeterModel) -> tuple[Visit, ...]:
        visits = [self._visit(raw, f"{key}[{index}]", model) for index, raw in enumerate(raws)]
        return tuple(sorted(visits, key=lambda visit: visit.at_us))

    def _visit(self, raw: _RawVisit, key: str, model: MeterModel) -> Visit:
        at_us = self._instant(raw.at, f"{key}.at")
        if not self.start_us <= at_us < self.end_us:
            self._refuse(f"{key}.at", f"want from {self.raw.start} to before {self.raw.end}")
        writes = bool(raw.desk) or raw.load_eur is not None or raw.tariff is not None
        at_desk = writes or raw.replace_card
        buttons = [raw.press is not None, raw.hold is not None]
        if [at_desk, raw.insert, raw.clock_card, *buttons].count(True) != 1:
            orders = "desk orders (desk, load_eur, tariff, replace_card)"
            want = f"{orders}, insert = true, press, hold, clock_card = true"
            self._refuse(key, f"want one of: {want}")
        if raw.card_expires is not None and not raw.replace_card:
            self._refuse(f"{key}.card_expires", "want replace_card = true beside it")
        if raw.clock_error_s and not raw.clock_card:
            self._refuse(f"{key}.clock_error_s", "want clock_card = true beside it")
        if raw.clock_card:
            error_s = raw.clock_error_s
            return Visit(at_us=at_us, kind=VisitKind.CLOCK_CARD, clock_error_s=error_s)
        if raw.insert:
            return Visit(at_us=at_us, kind=VisitKind.INSERT)
        if raw.press is not None:
            return Visit(at_us=at_us, kind=VisitKind.PRESS, key=Button[raw.press.upper()])
        if raw.hold is not None:
            return Visit(at_us=at_us, kind=VisitKind.HOLD, key=Button[raw.hold.upper()])
        return Visit(at_us=at_us, kind=VisitKind.DESK, desk=self._order(raw, key, model))

    def _order(self, raw: _RawVisit, key: str, model: MeterModel) -> DeskOrder:
        words = set(raw.desk)
        for pair in ({"prepayment-on", "prepayment-off"}, {"limiter-on", "limiter-off"},
                     {"reactivate", "defer"}, {"reactivate", "cut"}):  # fmt: skip
            if pair <= words:
                self._refuse(f"{key}.desk", f"want only one of {' and '.join(sorted(pair))}")
        defer_until, defer_us = self._dated(raw.defer_until, "defer", words, f"{key}.defer_until")
        cut_at, cut_us = self._dated(raw.cut_at, "cut", words, f"{key}.cut_at")
        if defer_us is not None and cut_us is not None:
            self._in_order(defer_us, cut_us, f"{key}.cut_at")
        load_cents = 0
        if raw.load_eur is not None:
            load_cents = self._cents(raw.load_eur, f"{key}.load_eur")
            low, high = model.credit.load_min_cents, model.credit.load_max_cents
            if not low <= load_cents <= high:
                told = [f"{decimal(cents, 100)} EUR" for cents in (low, high, load_cents)]
                self._refuse(f"{key}.load_eur", "want {} to {}, got {}".format(*told))
        return DeskOrder(
            defer_until=defer_until,
            cut_at=cut_at,
            reactivate="reactivate" in words,
            load_cents=load_cents,
            prepayment=_switch(words, "prepayment"),
            limiter=_switch(words, "limiter"),
            tariff=None
            if raw.tariff is None
            else self._tariff(raw.tariff, f"{key}.tariff", Energy[model.energy.upper()]),
            mwh_per_unit=None if raw.tariff is None else raw.tariff.mwh_per_unit,
            defer_us=defer_us,
            cut_us=cut_us,
            new_card=self._card(raw.card_expires, f"{key}.card_expires")
            if raw.replace_card
            else None,
        )

    def _dated(
        self, own: datetime | None, word: str, words: set[_Word], key: str
    ) -> tuple[Civil | None, int | None]:
        """Return the end a desk word means: the visit's own, or the announced one."""
        if word not in words:
            if own is not None:
                self._refuse(key, f"want {word!r} among the desk orders of this visit as well")
            return None, None
        if own is not None:
            return self._minute(own, key)
        told = self.announced
        if told is None:
            self._refuse(key, "is missing, and the file announces none")
        if word == "defer":
            return told.defer_until, told.defer_us
        return told.cut_at, told.cut_us

    def _card(self, expires: datetime | None, key: str) -> NewCard:
        return NewCard() if expires is None else NewCard(*self._minute(expires, key))

    def _model(self, name: str, key: str) -> MeterModel:
        if name not in self.models:
            try:
                path = find("meters", name, beside=self.path.parent)
            except ConfigError as error:
                raise ConfigError(str(self.path), key, str(error)) from None
            self.models[name] = load_model(path)
        return self.models[name]

    def _expect(self, raw: Sequence[str] | None, key: str) -> tuple[str, ...] | None:
        known = [verdict.value for verdict in Verdict]
        for index, word in enumerate(raw or ()):
            if word not in known:
                self._refuse(f"{key}[{index}]", f"want one of {', '.join(known)}, got {word!r}")
        return None if raw is None else tuple(raw)

    def _cents(self, raw: Euro, key: str) -> int:
        try:
            return cents_of(raw)
        except ValueError as error:
            self._refuse(key, str(error))

    def _minute(self, raw: datetime, key: str) -> tuple[Civil, int]:
        """Return a date that goes onto a card, as legal time and as the instant it names."""
        us = self._instant(raw, key)
        if us % MINUTE_US:
            self._refuse(key, f"want whole minutes, as cards carry, got {raw}")
        return us_to_civil(us, self.zone), us

    def _instant(self, raw: datetime, key: str) -> int:
        return legal_to_us(raw, self.zone, path=str(self.path), key=key)

    def _in_order(self, defer_us: int, cut_us: int, key: str) -> None:
        if cut_us < defer_us:
            self._refuse(key, "want no earlier than defer_until: a cut inside the deferral")

    def _tariff(self, raw: _RawTariff, key: str, energy: Energy) -> Pricing:
        pricing = Pricing.of(raw.number, raw.price_ueur_per_wh, raw.night_price_ueur_per_wh)
        try:
            check_tariff(energy, pricing)
        except DeskError as error:
            self._refuse(key, str(error))
        return pricing

    def _refuse(self, key: str, why: str) -> NoReturn:
        raise ConfigError(str(self.path), key, why)


def _share(error: int, bound: int, other_bound: int) -> int:
    """Return the error that takes the same share of another bound, cut off towards zero."""
    if bound == other_bound:
        return error
    share = abs(error) * other_bound // max(1, bound)
    return share if error >= 0 else -share


def _switch(words: set[_Word], what: str) -> bool | None:
    """Return what `what`-on or `what`-off among the words says, `None` when neither is there."""
    if f"{what}-on" in words:
        return True
    return False if f"{what}-off" in words else None
