"""One household of a campaign text, and what was seen of its meter, written by hand."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from meter_emu.ports import Lamp
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.judge.obligations import RULES, Must, PromiseRow, Span, SpanRule, row_of
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge
from meter_emu.world.meter.events import Beginning, Event, What
from meter_emu.world.meter.times import legal_to_us
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.campaigns import head

Seen = tuple[str | int, What]
TEXT = (
    head("test", "2020-06-01T10:00:00", "2020-07-08T12:00:00", model="MODEL")
    + """[[household]]
id = "a"
kind = "x"
LOAD
BODY
"""
)
ELECTRICITY, GAS = "electricity-pcf8563-utc", "gas-pcf8563-battery"


def campaign_of(
    folder: Path, body: str, *, model: str = ELECTRICITY, load: object = 100, text: str = TEXT
) -> Campaign:
    key = "load_dm3_per_h" if model == GAS else "load_w"
    text = text.replace("BODY", body).replace("MODEL", model).replace("LOAD", f"{key} = {load}")
    path = folder / "c.toml"
    path.write_text(text, "utf-8")
    return load_campaign(path)


def begins(campaign: Campaign, *, supply_on: bool = True) -> Beginning:
    """Return the first event of a home that nothing limits, and whose lamps are dark."""
    return Beginning(
        at_us=campaign.start_us,
        what=What.BEGINS,
        supply_on=supply_on,
        limiter_a=0,
        lamps=Lamp(0),
    )


class Case:
    """A campaign of one household to be judged; cards are obeyed unless said otherwise."""

    def __init__(self, folder: Path, body: str, *, stays_cut: bool = False, **how: object) -> None:
        self.campaign = campaign_of(folder, body, **how)  # type: ignore[arg-type]
        self.household: Household = self.campaign.households[0]
        if stays_cut:
            model = msgspec.structs.replace(self.household.model, later_cut="stays_cut")
            self.household = replace(self.household, model=model)

    def us(self, when: str | int) -> int:
        if isinstance(when, int):
            return when
        return legal_to_us(datetime.fromisoformat(when), self.campaign.zone, path="", key="")

    def events(
        self, *seen: Seen, key: str = "", trusted: bool = True, refused: Sequence[int] = ()
    ) -> list[Event]:
        """Return what was seen, and each card of the household as the meter takes it."""
        events = [
            Event(at_us=self.us(when), what=what, detail=key, clock_trusted=trusted)
            for when, what in seen
        ]
        for number, visit in enumerate(self.household.visits):
            if visit.kind is VisitKind.INSERT:
                what = What.CARD_REFUSED if number in refused else What.CARD_SERVED
                if any(lost <= visit.at_us < back for lost, back in self.household.outages):
                    what = What.CARD_UNSEEN
                events.append(Event(at_us=visit.at_us, what=what, visit=number))
        return [begins(self.campaign), *sorted(events, key=lambda event: event.at_us)]

    def judge(
        self, *seen: Seen, key: str = "", trusted: bool = True, refused: Sequence[int] = ()
    ) -> Outcome:
        events = self.events(*seen, key=key, trusted=trusted, refused=refused)
        return judge(self.household, self.campaign, events)

    def row(
        self,
        *seen: Seen,
        key: str = "",
        refused: Sequence[int] = (),
        rules: Sequence[SpanRule] = RULES,
    ) -> PromiseRow:
        events = self.events(*seen, key=key, refused=refused)
        return row_of(self.household, self.campaign, events, rules)

    def span(self, when: str | int, *seen: Seen, key: str = "red") -> Span:
        us = self.us(when)
        return next(span for span in self.row(*seen, key=key).spans if span.to_us > us)

    def must(self, when: str | int, *seen: Seen, key: str = "red") -> Must:
        return self.span(when, *seen, key=key).must
