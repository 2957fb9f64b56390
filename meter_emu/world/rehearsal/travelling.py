"""A campaign and its outcomes as text, for workers that run elsewhere.

A campaign is sent as its file's text with the models it names; the receiver rebuilds an equal one.
"""

from dataclasses import fields
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from meter_emu.errors import ConfigError
from meter_emu.ports import Lamp
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.meter.events import Beginning, Event
from meter_emu.world.meter.model import MeterModel
from meter_emu.world.rehearsal.campaign import campaign_of_file
from meter_emu.world.rehearsal.campaign_toml import campaign_toml


class _Sent(msgspec.Struct, frozen=True):
    """A campaign as sent: its file's text, the file's name, and the models by name."""

    text: str
    path: str
    models: dict[str, MeterModel]


def campaign_as_text(campaign: Campaign) -> str:
    """Return the text from which `campaign_of_text` rebuilds an equal campaign.

    Raise `ConfigError` for a household whose meter begins with an image: that file exists only
    here.
    """
    models: dict[str, MeterModel] = {}
    for entry in campaign.households.entries:
        household = entry.first
        if household.image is not None:
            why = (
                f"{household.image} is a file of this machine: rehearse this one without --cluster"
            )
            raise ConfigError(campaign.path, f"household {household.id!r}: image", why)
        if household.rtc_base is None or household.model_name not in models:
            models[household.model_name] = household.model
    text = msgspec.json.encode(_Sent(campaign_toml(campaign), campaign.path, models)).decode()
    assert campaign_of_text(text) == campaign, "a campaign's file makes it again"
    return text


def campaign_of_text(text: str) -> Campaign:
    """Return the campaign from its text."""
    sent = msgspec.json.decode(text, type=_Sent)
    return campaign_of_file(sent.text, Path(sent.path), sent.models)


class _Begins(msgspec.Struct, frozen=True):
    """The fields that only the first event has; it shares the rest with all events."""

    supply_on: bool
    limiter_a: int
    lamps: int


_FIELDS: Final = tuple(field.name for field in fields(Event))
HouseholdResult: TypeAlias = tuple[Outcome, list[Event]]
SentRow: TypeAlias = tuple[Outcome, _Begins | None, list[Event]]


def sent_row(result: HouseholdResult) -> SentRow:
    """Return a result as it is sent."""
    outcome, events = result
    if not events:
        return outcome, None, []
    first = events[0]
    assert isinstance(first, Beginning), "the first event of every household is how it begins"
    begins = _Begins(first.supply_on, first.limiter_a, first.lamps.value)
    return outcome, begins, [_plain(first), *events[1:]]


def result_of(row: SentRow) -> HouseholdResult:
    """Return the result from its sent form."""
    outcome, begins, events = row
    if begins is None:
        return outcome, []
    first = Beginning(
        **{name: getattr(events[0], name) for name in _FIELDS},
        supply_on=begins.supply_on,
        limiter_a=begins.limiter_a,
        lamps=Lamp(begins.lamps),
    )
    return outcome, [first, *events[1:]]


def _plain(first: Beginning) -> Event:
    return Event(**{name: getattr(first, name) for name in _FIELDS})
