"""Finds the scope of a name: a built-in one, any campaign file, or the story of a hazard."""

from dataclasses import replace
from pathlib import Path

from meter_emu.errors import ConfigError
from meter_emu.explore.scope import Scope, scope_of
from meter_emu.laws import laws
from meter_emu.nearest import hint
from meter_emu.resources import built_in
from meter_emu.stories.chooser import seeded
from meter_emu.verify.program import covered
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.campaign import load_campaign


def scope_named(name: str, build: str) -> Scope:
    """Return the scope of a name, as `campaign_named` finds its campaign."""
    return scope_of(campaign_named(name, build), build)


def campaign_named(name: str, build: str) -> Campaign:
    """Return the campaign of a file, a built-in name, `CAMPAIGN:HOUSEHOLD` or a hazard's law.

    Raise `ConfigError` for what is none of these.
    """
    parse_build(build)
    law = laws().get(name)
    if law is not None and law.hazard:
        kits, _ = covered(parse_build(build), ())
        return law.draw(seeded(f"0/{law.draw.__name__}/0"), kits)
    file, _, household = name.partition(":")
    known = {**built_in("campaigns"), **built_in("scopes")}
    path = known.get(file) or Path(file)
    if file not in known and not path.exists():
        hazards = [law.id for law in laws().values() if law.hazard]
        why = f"no such file, scope, campaign or hazard{hint(name, [*known, *hazards])}"
        raise ConfigError(name, "", f"{why}; `meter-emu list scopes` has all")
    campaign = load_campaign(path)
    return _alone(campaign, household) if household else campaign


def _alone(campaign: Campaign, household: str) -> Campaign:
    """Return the campaign with this household alone."""
    alone = campaign.households.alone(household)
    if alone is None:
        ids = [entry.first.id for entry in campaign.households.entries]
        why = f"no household {household!r}{hint(household, ids)}"
        raise ConfigError(campaign.path, "household", why)
    return replace(campaign, households=alone)
