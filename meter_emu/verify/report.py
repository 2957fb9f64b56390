"""What `verify` found, law by law."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from meter_emu.laws.law import Law
from meter_emu.world.rehearsal.campaign import Campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Counterexample:
    """A story on which a law is broken, made small; `told` has it in a household's words.

    It was found at story `number`, and `runs` more were lived to make it small.
    """

    number: int
    campaign: Campaign
    words: str
    told: tuple[str, ...]
    tape: tuple[int, ...]
    runs: int

    @property
    def text(self) -> str:
        """The campaign file."""
        return campaign_toml(self.campaign)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One law: on how many stories it held, why others said nothing, and what broke it."""

    law: Law
    held_on: int
    asides: Mapping[str, int]
    broken: Counterexample | None

    @property
    def not_observable(self) -> str | None:
        """Why no story said anything of it, if none did."""
        if self.broken is not None or self.held_on:
            return None
        return max(self.asides, key=lambda why: self.asides[why], default="no story was tried")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found of a build."""

    build: str
    seed: int
    stories: int
    examined: tuple[Examined, ...]
    not_covered: tuple[str, ...]

    @property
    def broken(self) -> bool:
        """Whether any law is."""
        return any(one.broken is not None for one in self.examined)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "build": self.build,
            "seed": self.seed,
            "stories": self.stories,
            "laws": [_json_of(one) for one in self.examined],
            "not_covered": list(self.not_covered),
        }


def _json_of(one: Examined) -> dict[str, Any]:
    found = one.broken
    return {
        "id": one.law.id,
        "says": one.law.says,
        "properties": list(one.law.properties),
        "presumes": one.law.presumes,
        "held_on": one.held_on,
        "put_aside": dict(sorted(one.asides.items())),
        "not_observable": one.not_observable,
        "broken": found
        and {
            "story": found.number,
            "words": found.words,
            "told": list(found.told),
            "campaign": found.text,
            "tape": list(found.tape),
            "runs": found.runs,
        },
    }
