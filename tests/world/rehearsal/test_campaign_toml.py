"""A campaign that is written as a file reads back to the same campaign, and the file is short."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal, get_args, get_origin

import pytest

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.as_is import AsIs
from meter_emu.desk.pricing import Pricing
from meter_emu.resources import built_in
from meter_emu.stories.ages import aged
from meter_emu.stories.chooser import Drawn
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US
from meter_emu.world.households.campaign import METER_ID_FIRST, Campaign
from meter_emu.world.households.household import (
    Announcement,
    DeskOrder,
    Entry,
    Household,
    Households,
    NewCard,
    Reported,
    Spread,
    Visit,
    VisitKind,
    newest_announced,
)
from meter_emu.world.meter.acts import OF_KEY
from meter_emu.world.meter.model import load_model
from meter_emu.world.meter.times import us_to_civil
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml
from meter_emu.zones import BELGIAN

MODELS = {name: load_model(path) for name, path in built_in("meters").items()}
START_US = 1_603_000_000_000_000  # 18 October 2020: the repeated hour lies a week ahead
END_US = START_US + 20 * DAY_US
REPEATED_US = 1_603_587_600_000_000  # 2020-10-25 01:00 UTC, in the middle of the repeated hours
NO_PLACES = str.maketrans("", "", "{}")  # braces in an announcement are places for its dates
LETTERS = "aZé0 -'\"\\#[]={}.,\u20ac\u05d0\U0001f4a1"  # what a file may hold and might trip over
CAMPAIGNS = 180
OTHERS = {VisitKind.OLD_CARD, VisitKind.COPY, VisitKind.OTHERS_CARD}
OF_A_LEDGER = {VisitKind.KEYED_IN}  # no budget meter has a keypad: the campaign of one that has
ACTS_OF_FILES = [
    act.in_file(key, said)
    for key, act in OF_KEY.items()
    if get_origin(act.KEYS[key].kind) is Literal
    for said in get_args(act.KEYS[key].kind)
]
OWN = [kind for kind in VisitKind if kind not in OTHERS | OF_A_LEDGER]
LINES_MAX = 31  # of a counterexample, so that somebody reads it


class Maker:
    """Draws campaigns of two households; everything that a file can say comes up."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)

    def maybe(self) -> bool:
        return self.chance.random() < 0.5

    def text(self) -> str:
        return "".join(self.chance.choices(LETTERS, k=self.chance.randint(1, 9)))

    def instant(self) -> int:
        if self.maybe():
            return self.chance.randrange(REPEATED_US - 2 * HOUR_US, REPEATED_US + 2 * HOUR_US)
        return self.chance.randrange(START_US, END_US)

    def minute(self) -> int:
        return self.instant() // MINUTE_US * MINUTE_US + self.chance.choice([0, 40]) * DAY_US

    def bounds(self) -> tuple[int, int]:
        low, high = sorted(self.chance.choices(range(-900, 900), k=2))
        return low, high

    def announcement(self, name: str | None) -> Announcement:
        defer_us, cut_us = sorted((self.minute(), self.minute()))
        had_defer, had_cut = self.chance.choice([(True, True), (True, False), (False, True)])
        return Announcement(
            name=name,
            defer_until=civil(defer_us) if had_defer else None,
            cut_at=civil(cut_us) if had_cut else None,
            defer_us=defer_us if had_defer else None,
            cut_us=cut_us if had_cut else None,
            text=self.text().translate(NO_PLACES) if self.maybe() else "",
            made_us=self.made_us(defer_us if had_defer else cut_us),
            takers_only=self.maybe(),
            late_max_us=self.chance.choice([60, 60, 1, 90]) * MINUTE_US,
        )

    def made_us(self, before_us: int) -> int:
        """Return the start if it may be, else an instant of its own before the announced end."""
        if before_us > START_US and self.maybe():
            return START_US
        return before_us - self.chance.randrange(1, 20 * DAY_US)

    def ends(self, shown: Announcement | None) -> tuple[int | None, int | None]:
        if shown is not None and self.maybe():
            return shown.defer_us, shown.cut_us
        defer_us, cut_us = sorted((self.minute(), self.minute()))
        return self.chance.choice(
            [(defer_us, cut_us), (defer_us, None), (None, cut_us), (None, None)]
        )

    def order(self, gas: bool, shown: Announcement | None) -> DeskOrder:
        defer_us, cut_us = self.ends(shown)
        armed = defer_us is not None or cut_us is not None
        tariff = None
        if self.maybe():
            night = self.chance.randint(1, 200) if not gas and self.maybe() else None
            tariff = Pricing.of(self.chance.randint(1, 9), self.chance.randint(200, 900), night)
        return DeskOrder(
            defer_until=None if defer_us is None else civil(defer_us),
            cut_at=None if cut_us is None else civil(cut_us),
            reactivate=not armed and self.maybe(),
            load_cents=self.chance.choice([500, 2_050, 25_000, 0 if armed else 1_234]),
            prepayment=self.chance.choice([None, True, False]),
            limiter=None if gas else self.chance.choice([None, True, False]),
            tariff=tariff,
            mwh_per_unit=11_600 if gas and tariff is not None and self.maybe() else None,
            defer_us=defer_us,
            cut_us=cut_us,
            new_card=self.card() if self.maybe() else None,
            office_error_s=self.chance.randint(-(10**6), 10**6) if self.maybe() else 0,
            fields=self.fields() if self.maybe() else None,
            torn=self.chance.choice([False, False, True, True]),
        )

    def fields(self) -> AsIs:
        return self.chance.choice(
            [
                AsIs(cut_at=self.chance.randbytes(5), cut_min=self.chance.randrange(2**32)),
                AsIs(defer_until=b"\xff" * 5, defer_min=0, zone_rule=2),
                AsIs(loaded_cents=self.chance.randrange(9_999), load_count=0),
                AsIs(token=self.chance.randbytes(8)),
            ]
        )

    def card(self) -> NewCard:
        if self.maybe():
            return NewCard()
        expires_us = self.minute()
        return NewCard(civil(expires_us), expires_us)

    def visit(self, gas: bool, heard: Sequence[Announcement]) -> Visit:
        kind, at_us = self.chance.choice(OWN), self.instant()
        if kind is VisitKind.UPSET:
            found = tuple(sorted({self.chance.randrange(7): self.chance.randrange(256)}.items()))
            return Visit(at_us=self.instant(), kind=kind, registers=found)
        clock_card = kind is VisitKind.CLOCK_CARD
        button = kind is VisitKind.ACT
        return Visit(
            at_us=at_us,
            kind=kind,
            desk=self.order(gas, newest_announced(heard, at_us))
            if kind is VisitKind.DESK
            else None,
            act=self.chance.choice(ACTS_OF_FILES) if button else None,
            clock_error_s=self.chance.randint(-3600, 3600) if clock_card else 0,
            made_us=START_US if clock_card and self.maybe() else None,
            for_meter=self.chance.randint(1, 2**63 - 1) if clock_card and self.maybe() else None,
            lost=clock_card and self.maybe(),
        )

    def load(self) -> tuple[int, ...]:
        if self.maybe():
            return (self.chance.randint(0, 40_000),) * 24
        return tuple(self.chance.choices(range(900), k=24))

    def heard(self, shown: Sequence[Announcement]) -> tuple[Announcement, ...]:
        """Return all that has no name, or some with a name, or nothing."""
        nameless = [one for one in shown if one.name is None]
        named = [one for one in shown if one.name is not None]
        some = self.chance.sample(named, self.chance.randint(0, len(named)))
        heard = self.chance.choice([nameless, some])
        return tuple(sorted(heard, key=lambda one: one.made_us))

    def entry(self, name: str, before: int, shown: Sequence[Announcement]) -> Entry:
        model_name = self.chance.choice(sorted(MODELS))
        model, heard = MODELS[model_name], self.heard(shown)
        carrier = self.chance.choice(list(CardKind))
        gas = model.energy == "gas"
        from_us, to_us = sorted(self.chance.sample(range(START_US, END_US), 2))
        visits = [self.visit(gas, heard) for _ in range(self.chance.randint(0, 6))]
        spread = Spread(
            clock_error_s=self.bounds() if self.maybe() else None,
            drift_ppb=self.bounds() if self.maybe() else None,
            visits_s=(0, 0) if self.maybe() else None,
        )
        home = Household(
            id=name,
            kind=self.text(),
            model=model,
            model_name=model_name,
            build=self.chance.choice(["reference", "reference+end-exclusive"]),
            balance_cents=self.chance.randint(-99_999, 999_999),
            load=self.load(),
            clock_error_s=spread.clock_error_s[0] if spread.clock_error_s else self.bounds()[0],
            drift_ppb=spread.drift_ppb[0] if spread.drift_ppb else self.bounds()[0],
            clock_set_us=START_US - self.chance.choice([0, 1, 40 * DAY_US]),
            limiter=not gas and self.maybe(),
            prepayment=self.maybe(),
            careless=gas and self.maybe(),
            group=self.text() if self.maybe() else "",
            card_generation=1 if carrier is CardKind.MEMORY else self.chance.choice([1, 2]),
            first_card=self.card(),
            poll_phase_us=0,
            outages=((from_us, to_us),) if (off := self.maybe()) else (),
            rtc_found=((to_us, ((0, 0x80), (7, 0x13))),) if off and from_us % 2 else (),
            visits=tuple(sorted(visits, key=lambda visit: visit.at_us)),
            meter_id=METER_ID_FIRST + before,
            carrier=carrier,
            expect=("held", "kept") if self.maybe() else None,
            expect_lived=("still_on",) if self.maybe() else None,
            image=Path("/somewhere/meter.img") if self.maybe() else None,
            announced=heard,
            expect_cut_us=(from_us, to_us) if self.maybe() else None,
        )
        if home.image is None and self.maybe():
            home = replace(home, age=aged(Drawn(self.chance), carrier))
        phase_us = self.chance.randrange(model.poll_s * 1_000_000) if self.maybe() else None
        count = self.chance.choice([1, 1, 3])
        return Entry(first=home, count=count, poll_phase_us=phase_us, spread=spread)

    def campaign(self) -> Campaign:
        names = {self.text() for _ in range(self.chance.randint(0, 2))}
        to_all: list[str | None] = [None] * self.chance.randint(0, 2)
        drawn = [self.announcement(name) for name in (*to_all, *sorted(names))]
        # Of two made at one instant nobody could say which counts.
        shown = tuple({one.made_us: one for one in drawn}.values())
        first = self.entry("a", 0, shown)
        seed = self.chance.choice([0, 7, 2**63 - 1])
        homes = (first, self.entry("b", first.count, shown))
        return Campaign(
            name=self.text(),
            zone=BELGIAN,
            start_us=START_US,
            end_us=END_US,
            seed=seed,
            announced=shown,
            households=Households(homes, seed),
            reported=tuple(
                Reported(self.instant() // 1_000_000 * 1_000_000, self.text())
                for _ in range(self.chance.randint(0, 2))
            ),
            polls_max=self.chance.choice([None, 50_000]),
        )


def civil(us: int) -> Civil:
    return us_to_civil(us, BELGIAN)


def read_back(campaign: Campaign, folder: Path) -> Campaign:
    path = folder / "written.toml"
    path.write_text(campaign_toml(campaign), "utf-8")
    return load_campaign(path)


DRAWN = [Maker(seed).campaign() for seed in range(CAMPAIGNS)]


@pytest.mark.slow("writes 100 campaigns")
def test_what_is_written_reads_back_to_the_same_campaign(tmp_path):
    for seed, campaign in enumerate(DRAWN):
        assert read_back(campaign, tmp_path) == campaign, f"Maker({seed})"


def test_a_change_of_anything_is_written(tmp_path):
    """The comparison above would see what the writer leaves out."""
    campaign = DRAWN[0]
    other = replace(campaign, end_us=campaign.end_us + 1)
    assert read_back(other, tmp_path) != campaign


@pytest.mark.parametrize("name", built_in("campaigns"))
def test_the_built_in_campaigns_are_written_and_read_back(tmp_path, name):
    campaign = load_campaign(built_in("campaigns")[name])
    assert read_back(campaign, tmp_path) == campaign


def test_all_that_a_file_can_say_was_drawn():
    households = [entry.first for campaign in DRAWN for entry in campaign.households.entries]
    visits = [visit for household in households for visit in household.visits]
    shown = [visit.desk for visit in visits if visit.desk is not None]
    assert {visit.kind for visit in visits} == set(OWN)
    assert {household.carrier for household in households} == set(CardKind)
    assert {household.model_name for household in households} == set(MODELS)
    counts = Counter[str]()
    for household in households:
        for visit in household.visits:
            counts["in the repeated hours"] += civil(visit.at_us)[:4] == (2020, 10, 25, 2)
            if visit.desk is not None and visit.desk.cut_us is not None:
                heard = newest_announced(household.announced, visit.at_us)
                as_heard = heard is not None and visit.desk.cut_us == heard.cut_us
                counts["the announced cut" if as_heard else "a cut of its own"] += 1
        counts["a group"] += bool(household.group)
        counts["registers found"] += bool(household.rtc_found)
        counts["announced by name"] += any(one.name for one in household.announced)
        counts["announced twice"] += len(household.announced) > 1
    for order in shown:
        counts["a night price"] += order.tariff is not None and order.tariff.bi_hourly
        counts["a wrong office"] += order.fields is not None
        counts["a new card"] += order.new_card is not None
        counts["a deferral alone"] += order.defer_us is not None and order.cut_us is None
    assert len(counts) == 11
    assert min(counts.values()) >= 20, counts


def test_any_household_of_july_2020_alone_is_a_file_that_somebody_reads():
    campaign = load_campaign(built_in("campaigns")["ores-2020-07"])
    for entry in campaign.households.entries:
        alone = replace(
            campaign,
            announced=entry.first.announced,
            households=Households((entry,), campaign.seed),
            reported=(),
        )
        lines = campaign_toml(alone).splitlines()
        assert len(lines) - len(entry.first.visits) < LINES_MAX, "\n".join(lines)
