"""A campaign: which household has which meter, what was announced, and who does what when.

The file is TOML for people (`docs/campaign-file.md`). It is resolved to integers here, once, so
that no other module parses, guesses or rounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from itertools import pairwise
from pathlib import Path

import msgspec

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.domain import BUDGET
from meter_emu.errors import ConfigError
from meter_emu.hardware.rtc.calendar_chip import Registers
from meter_emu.nearest import hint
from meter_emu.resources import find, read_toml, toml_of, typed
from meter_emu.units import DAY_US, EPOCH_2000_US, HOURS_A_DAY, MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    Announcement,
    Entry,
    Household,
    Households,
    Range,
    Reported,
    Spread,
    Visit,
    VisitKind,
    shared_id,
    shared_meter_id,
)
from meter_emu.world.households.wording import placeholders
from meter_emu.world.judge.verdicts import FindingKind, Lived, Verdict
from meter_emu.world.meter.age import NEW, Age
from meter_emu.world.meter.model import MeterModel, load_model
from meter_emu.world.meter.times import END_US
from meter_emu.world.rehearsal.campaign_file import (
    RawAnnouncement,
    RawCampaign,
    RawHousehold,
    RawOutage,
)
from meter_emu.world.rehearsal.reading import FilePlace
from meter_emu.world.rehearsal.sales import check_device, ledger_of, tokens_of, with_others_tokens
from meter_emu.world.rehearsal.visits import VisitReader, in_order, new_card, registers_of, remarks


def load_campaign(
    path: Path, *, seed: int | None = None, build: str | None = None, model: str | None = None
) -> Campaign:
    """Return the campaign in a file.

    Builds are names only here: the engine knows which there are.

    Args:
        path: The file, as `find("campaigns", NAME)` returns it for a built-in one.
        seed: Overrides the file's.
        build: The program of every meter, whatever the file says.
        model: The model of the households of its energy: a path or a built-in name.

    Raises:
        ConfigError: The file cannot be used; the error has file, key and what was expected.
    """
    raw = read_toml(path, RawCampaign)
    seed = raw.seed if seed is None else seed
    return _Resolver(path, raw, seed=seed, build=build, model=model).campaign()


def campaign_of_file(text: str, path: Path, models: Mapping[str, MeterModel]) -> Campaign:
    """Return the campaign in a file's text; `models` are those it names, by name."""
    raw = typed(toml_of(text), RawCampaign, path=str(path))
    resolver = _Resolver(path, raw, seed=raw.seed, build=None, model=None)
    resolver.models |= models
    return resolver.campaign()


class _Resolver:
    """Turns the raw file into integers and keeps each place for error messages."""

    def __init__(
        self,
        path: Path,
        raw_campaign: RawCampaign,
        *,
        seed: int,
        build: str | None,
        model: str | None,
    ) -> None:
        self.path = path
        self.raw = raw_campaign
        self.seed = seed
        self.build = build
        self.models: dict[str, MeterModel] = {}
        self.others: dict[tuple[str, str], tuple[str, MeterModel]] = {}
        if model is not None:
            other = load_model(find("meters", model))
            self.others[other.device, other.energy] = (model, other)
        self.top = FilePlace(str(path), raw_campaign.zone)
        self.start_us = self.top.instant(raw_campaign.start, "start")
        self.end_us = self.top.instant(raw_campaign.end, "end")
        if not _shown(self.start_us):
            self.top.refuse(
                "start", "expected a day after the first and before the last of 2000 to 2099"
            )
        if self.end_us <= self.start_us:
            self.top.refuse(
                "end", f"expected after start ({raw_campaign.start}), got {raw_campaign.end}"
            )
        self.announced = _announcements(raw_campaign.announced, self.top, self.start_us)

    def campaign(self) -> Campaign:
        entries: list[Entry] = []
        before = 0
        self.ledger = ledger_of(self.raw, self.top, self._model_of)
        for raw in self.raw.household:
            entries.append(self._entry(raw, self.top.at(f"household {raw.id!r}"), before))
            before += raw.count
        households = self._with_others_cards(self._all_different(entries))
        households = with_others_tokens(households, self.top)
        kinds = {(entry.first.model.device, entry.first.model.energy) for entry in entries}
        for device, energy in self.others.keys() - kinds:
            what = "a meter for" if device == BUDGET else f"a device of {device} for"
            self.top.refuse("household", f"none has {what} {energy}, as the model given is")
        return Campaign(
            name=self.raw.name,
            zone=self.raw.zone,
            start_us=self.start_us,
            end_us=self.end_us,
            seed=self.seed,
            announced=self.announced,
            households=households,
            path=str(self.path),
            language=self.raw.language,
            polls_max=self.raw.polls_max,
            reported=tuple(
                Reported(self.top.instant(one.at, "reported"), one.text)
                for one in self.raw.reported
            ),
        )

    def _heard(self, raw_household: RawHousehold, place: FilePlace) -> tuple[Announcement, ...]:
        """Return what a household heard: what it names, or else what has no name."""
        names = raw_household.announced
        if names is None:
            return _in_turn([one for one in self.announced if one.name is None], place)
        if names == "none":
            return ()
        known = {one.name: one for one in self.announced if one.name is not None}
        for name in names:
            if name not in known:
                want = f"expected {', '.join(known)}" if known else "no announcement has a name"
                place.refuse("announced", f"{want}, got {name!r}{hint(name, list(known))}")
        return _in_turn([known[name] for name in dict.fromkeys(names)], place)

    def _entry(self, raw_household: RawHousehold, place: FilePlace, before: int) -> Entry:
        """Return one entry; `before` households precede it."""
        if raw_household.meter_id is not None and raw_household.count > 1:
            place.refuse("meter_id", f"expected none for {raw_household.count} copies")
        model_name, own = self._own_model(raw_household, place)
        model_name, model = self.others.get((own.device, own.energy), (model_name, own))
        if model.zone.key != self.raw.zone.key:
            why = f"{model.name} keeps the time of {model.zone.key}, expected {self.raw.zone.key}"
            place.refuse("model", why)
        if raw_household.rtc_base is not None:
            if raw_household.image is not None:
                place.refuse("rtc_base", "expected none with an image, whose clock has its own")
            model = msgspec.structs.replace(model, rtc_base=raw_household.rtc_base)
        check_device(raw_household, model, place)
        phase_us = raw_household.poll_phase_us
        if phase_us is not None and phase_us >= model.poll_s * SECOND_US:
            place.refuse("poll_phase_us", f"expected less than {model.poll_s} s, one poll")
        spread, errors_s, drifts_ppb = self._spread(raw_household, place, own, model)
        announced = self._heard(raw_household, place)
        first = Household(
            id=raw_household.id,
            kind=raw_household.kind,
            model=model,
            model_name=model_name,
            rtc_base=raw_household.rtc_base,
            build=self.build or raw_household.build or self.raw.build,
            balance_cents=place.cents(raw_household.balance_eur or 0, "balance_eur"),
            load=_load(raw_household, model, place),
            clock_error_s=errors_s[0],
            drift_ppb=drifts_ppb[0],
            clock_set_us=self._clock_set(raw_household, place),
            limiter=raw_household.limiter,
            prepayment=raw_household.prepayment,
            careless=raw_household.rearm == "careless",
            card_generation=self._generation(raw_household, place),
            first_card=new_card(raw_household.card_expires, place),
            poll_phase_us=0,
            outages=self._outages(raw_household.outages, place),
            visits=self._visits(raw_household, place, model, announced, spread.visits_s),
            meter_id=METER_ID_FIRST + before
            if raw_household.meter_id is None
            else raw_household.meter_id,
            carrier=CardKind[raw_household.carrier.upper()],
            expect=_expect(raw_household.expect, "expect", (Verdict, FindingKind), place),
            expect_lived=_expect(raw_household.expect_lived, "expect_lived", (Lived,), place),
            image=None if raw_household.image is None else self.path.parent / raw_household.image,
            announced=announced,
            expect_cut_us=_expect_cut(raw_household.expect_cut, place),
            rtc_found=_rtc_found(raw_household, place, own, model),
            age=_age(raw_household, place),
            group=raw_household.group or "",
            tokens=tokens_of(raw_household.id, self.ledger),
        )
        return Entry(
            first=first,
            count=raw_household.count,
            poll_phase_us=phase_us,
            spread=spread,
            remarks=tuple(remarks(raw_household, first, place, self.end_us)),
        )

    def _own_model(self, raw_household: RawHousehold, place: FilePlace) -> tuple[str, MeterModel]:
        model_name = raw_household.model or self.raw.model
        if model_name is None:
            place.refuse("model", "is missing here and at the top of the file")
        return model_name, self._model(model_name, place)

    def _model_of(self, raw_household: RawHousehold) -> MeterModel:
        """Return the model that a household is rehearsed with."""
        _, own = self._own_model(raw_household, self.top.at(f"household {raw_household.id!r}"))
        return self.others.get((own.device, own.energy), ("", own))[1]

    def _generation(self, raw_household: RawHousehold, place: FilePlace) -> int:
        generation = raw_household.card_generation or self.raw.card_generation
        if raw_household.carrier == "memory" and generation != 1:
            place.refuse("carrier", f"a memory card has no room for generation {generation}")
        return generation

    def _clock_set(self, raw_household: RawHousehold, place: FilePlace) -> int:
        if raw_household.clock_set is None:
            return self.start_us
        clock_set_us = place.instant(raw_household.clock_set, "clock_set")
        if clock_set_us > self.start_us:
            place.refuse("clock_set", f"expected no later than start ({self.raw.start})")
        return clock_set_us

    def _spread(
        self, raw_household: RawHousehold, place: FilePlace, own: MeterModel, model: MeterModel
    ) -> tuple[Spread, Range, Range]:
        """Return how the households of an entry vary, and the bounds of their clocks."""
        errors_s = _bounds(raw_household.clock_error_s, place, "clock_error_s")
        drifts_ppb = _bounds(raw_household.drift_ppb, place, "drift_ppb")
        errors_s = _share(errors_s, own.clock.set_error_s, model.clock.set_error_s)
        drifts_ppb = _share(drifts_ppb, own.clock.drift_bound_ppb, model.clock.drift_bound_ppb)
        if not all(_shown(self.start_us + error_s * SECOND_US) for error_s in errors_s):
            place.refuse("clock_error_s", "expected a clock that shows a day of 2000 to 2099")
        later_s = raw_household.visits_later_s
        spread = Spread(
            clock_error_s=errors_s if isinstance(raw_household.clock_error_s, list) else None,
            drift_ppb=drifts_ppb if isinstance(raw_household.drift_ppb, list) else None,
            visits_s=None if later_s is None else _bounds(later_s, place, "visits_later_s"),
        )
        return spread, errors_s, drifts_ppb

    def _visits(
        self,
        raw_household: RawHousehold,
        place: FilePlace,
        model: MeterModel,
        announced: Sequence[Announcement],
        later_s: Range | None,
    ) -> tuple[Visit, ...]:
        said = (self.raw.start, self.raw.end)
        within_us = (self.start_us, self.end_us)
        reader = VisitReader(
            place, model, announced, within_us=within_us, said=said, ledger=self.ledger
        )
        visits = reader.all(raw_household.visits)
        for off_s in later_s or ():
            for visit in visits:
                if not self.start_us <= visit.at_us + off_s * SECOND_US < self.end_us:
                    why = f"{off_s} s puts a visit outside start and end"
                    place.refuse("visits_later_s", why)
        return visits

    def _all_different(self, entries: Sequence[Entry]) -> Households:
        name, meter_id = shared_id(entries), shared_meter_id(entries)
        if name is not None:
            self.top.refuse("household", f"two have the id {name!r}, expected each once")
        if meter_id is not None:
            self.top.refuse("household", f"two have the meter_id {meter_id}")
        return Households(tuple(entries), self.seed)

    def _with_others_cards(self, households: Households) -> Households:
        """Return the households with other people's cards resolved in their visits."""
        entries = []
        for entry, raw in zip(households.entries, self.raw.household, strict=True):
            place = self.top.at(f"household {raw.id!r}")
            visits = tuple(
                replace(visit, other=self._whose(visit, entry.first, raw, place, households))
                if visit.kind is VisitKind.OTHERS_CARD
                else visit
                for visit in entry.first.visits
            )
            entries.append(replace(entry, first=replace(entry.first, visits=visits)))
        return Households(tuple(entries), households.seed)

    def _whose(
        self,
        visit: Visit,
        own: Household,
        raw_household: RawHousehold,
        household: FilePlace,
        households: Households,
    ) -> Household:
        """Return the household whose card a visit uses, with its visits to the office so far."""
        name = raw_household.visits[visit.in_file - 1].card_of
        assert name is not None, "it is another's card because the file says whose"
        place = household.at(f"visit {visit.in_file}")
        alone = households.alone(name)
        if alone is None:
            names = [entry.first.id for entry in households.entries]
            place.refuse("card_of", f"no household has the id {name!r}{hint(name, names)}")
        other = alone[0]
        if other.meter_id in range(own.meter_id, own.meter_id + raw_household.count):
            place.refuse("card_of", "expected the id of another household than this one")
        written = (
            earlier
            for earlier in other.visits
            if earlier.kind is VisitKind.DESK and earlier.at_us <= visit.at_us
        )
        return replace(other, visits=tuple(written))

    def _outages(
        self, raws: Sequence[RawOutage], household: FilePlace
    ) -> tuple[tuple[int, int], ...]:
        outages: list[tuple[int, int]] = []
        free_from_us = self.start_us
        for number, raw in enumerate(raws, 1):
            place = household.at(f"outage {number}")
            from_us, to_us = place.instant(raw.from_, "from"), place.instant(raw.to, "to")
            if not free_from_us <= from_us < to_us <= self.end_us:
                place.refuse("", "expected from before to, in time order, within start and end")
            free_from_us = to_us + 1
            outages.append((from_us, to_us))
        return tuple(outages)

    def _model(self, name: str, place: FilePlace) -> MeterModel:
        if name not in self.models:
            try:
                path = find("meters", name, folder=self.path.parent)
            except ConfigError as error:
                raise ConfigError(str(self.path), place.key("model"), str(error)) from None
            self.models[name] = load_model(path)
        return self.models[name]


def _shown(us: int) -> bool:
    """Whether every clock chip can show an instant, whatever its time zone."""
    return EPOCH_2000_US + DAY_US <= us < END_US - DAY_US


def _load(raw_household: RawHousehold, model: MeterModel, place: FilePlace) -> tuple[int, ...]:
    """Return the load under the name that fits the energy; the other name must be absent."""
    loads = {"load_w": raw_household.load_w, "load_dm3_per_h": raw_household.load_dm3_per_h}
    name = model.measures.load_key
    load = loads.pop(name)
    ((other_name, other),) = loads.items()
    if other is not None:
        place.refuse(other_name, f"expected {name} for {model.energy}")
    if load is None:
        place.refuse(name, "is missing")
    return (load,) * HOURS_A_DAY if isinstance(load, int) else tuple(load)


def _age(raw_household: RawHousehold, place: FilePlace) -> Age:
    """Return what meter and card have counted; refuse money without loads, or with an image."""
    raw = raw_household.age
    if raw is None:
        return NEW
    if raw_household.image is not None:
        place.refuse("age", "expected none with an image, whose meter has its own")
    if bool(raw.loaded_cents) != bool(raw.load_count):
        place.refuse("age", "expected both loaded_cents and load_count, or neither")
    return Age(**msgspec.structs.asdict(raw))


def _rtc_found(
    raw_household: RawHousehold, household: FilePlace, own: MeterModel, model: MeterModel
) -> tuple[tuple[int, Registers], ...]:
    """Return the clock chip's contents at power-ups, if the file gives any."""
    found = []
    for number, outage in enumerate(raw_household.outages, 1):
        if outage.rtc is None:
            continue
        place = household.at(f"outage {number}")
        if model.rtc != own.rtc:
            place.refuse("rtc", f"expected a model with a {own.rtc}, whose registers these are")
        registers = registers_of(outage.rtc, model, place, "rtc")
        found.append((place.instant(outage.to, "to"), registers))
    return tuple(found)


def _expect(
    names: Sequence[str] | None, key: str, kinds: Sequence[type[Enum]], place: FilePlace
) -> tuple[str, ...] | None:
    known = [each.value for kind in kinds for each in kind]
    for one in names or ():
        if one not in known:
            place.refuse(key, f"expected one of {', '.join(known)}, got {one!r}{hint(one, known)}")
    return None if names is None else tuple(names)


def _expect_cut(times: Sequence[datetime] | None, place: FilePlace) -> Range | None:
    if times is None:
        return None
    from_us, to_us = (place.instant(when, "expect_cut") for when in times)
    if to_us < from_us:
        place.refuse(
            "expect_cut", f"expected [from, to], the earlier first, got {times[0]}, {times[1]}"
        )
    return from_us, to_us


def _bounds(given: int | Sequence[int], place: FilePlace, key: str) -> Range:
    """Return a range; a single number gives a range of one."""
    low, high = (given, given) if isinstance(given, int) else given
    if low > high:
        place.refuse(key, f"expected [from, to], the smaller first, got {low}, {high}")
    return low, high


def _share(errors: Range, bound: int, other_bound: int) -> Range:
    """Return the errors scaled from one bound to another, rounded towards zero."""
    if bound == other_bound:
        return errors
    low, high = (
        abs(error) * other_bound // max(1, bound) * (1 if error >= 0 else -1) for error in errors
    )
    return low, high


def _announcements(
    raws: RawAnnouncement | Sequence[RawAnnouncement] | None, top: FilePlace, start_us: int
) -> tuple[Announcement, ...]:
    """Return what was announced to anybody, in the order of the file; names are different."""
    found: list[Announcement] = []
    raws = [raws] if isinstance(raws, RawAnnouncement) else raws or []
    for raw in raws:
        place = top.at("announced" if raw.name is None else f"announced {raw.name!r}")
        if raw.name is not None and raw.name in [one.name for one in found]:
            place.refuse("name", "expected each name once")
        found.append(_announcement(raw, place, start_us))
    _in_turn([one for one in found if one.name is None], top)
    return tuple(found)


def _announcement(
    raw_announcement: RawAnnouncement, place: FilePlace, start_us: int
) -> Announcement:
    if raw_announcement.defer_until is None and raw_announcement.cut_at is None:
        place.refuse("", "expected defer_until, cut_at or both")
    defer_until, defer_us = _announced_end(raw_announcement.defer_until, place, "defer_until")
    cut_at, cut_us = _announced_end(raw_announcement.cut_at, place, "cut_at")
    if defer_us is not None and cut_us is not None:
        in_order(defer_us, cut_us, place)
    made_us = (
        start_us if raw_announcement.made is None else place.instant(raw_announcement.made, "made")
    )
    if made_us >= min(us for us in (defer_us, cut_us) if us is not None):
        place.refuse(
            "made", f"expected before what it announces, got {raw_announcement.made or 'start'}"
        )
    announcement = Announcement(
        name=raw_announcement.name,
        defer_until=defer_until,
        cut_at=cut_at,
        defer_us=defer_us,
        cut_us=cut_us,
        text=raw_announcement.text,
        language=raw_announcement.language,
        made_us=made_us,
        takers_only=raw_announcement.for_ == "who-takes-part",
        late_max_us=raw_announcement.late_max_min * MINUTE_US,
    )
    for name in placeholders(raw_announcement.text):
        if name not in announcement.ends:
            known = " or ".join(f"{{{one}}}" for one in announcement.ends)
            place.refuse("text", f"expected {known}, got {{{name}}}{hint(name, announcement.ends)}")
    return announcement


def _in_turn(heard: Sequence[Announcement], place: FilePlace) -> tuple[Announcement, ...]:
    """Return what one household hears as it hears it, one after the other."""
    heard = sorted(heard, key=lambda one: one.made_us)
    for one, other in pairwise(heard):
        if one.made_us == other.made_us:
            names = " and ".join(repr(found.name) for found in (one, other) if found.name)
            which = f": {names}" if names else ""
            place.refuse("announced", f"two are made at one instant, expected each its own{which}")
    return tuple(heard)


def _announced_end(
    when: datetime | None, place: FilePlace, key: str
) -> tuple[Civil | None, int | None]:
    return (None, None) if when is None else place.minute(when, key)
