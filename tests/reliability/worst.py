"""The worst that a supply can do by failing in one call again and again: searched, not only drawn.

Hypothesis climbs towards what is largest of each harm. `python -m tests.reliability.worst` tries
4,000 attacks and prints the rows of `docs/evidence/reliability.md`.
"""

import sys
from functools import cache
from typing import Final, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings, target
from hypothesis import strategies as st

from meter_emu.laws.hazards.failing import CallPlace
from meter_emu.units import MINUTE_US, UEUR_PER_CENT
from meter_emu.world.meter.times import to_us
from tests.reliability.kinds import KINDS
from tests.reliability.test_again import Again

HARMS: Final = {  # the most of each that is promised: the first is all that a shelter gives
    "EUR that the household owes": 167.9,
    "minutes that a cut is early": 0.0,
    "s of *u* at its setting": 3_660.0,
    "pages written for each failure": 40.0,
}


class Attack(NamedTuple):
    """In which operation, at which of its places, how often, and how long each time."""

    name: str
    place: int
    times: int
    dark_s: int


ATTACKS: Final = st.builds(
    Attack,
    st.sampled_from(sorted(KINDS)),
    st.integers(0, 2_000),
    st.integers(1, 40),
    st.integers(1, 7_300),
)


@cache
def _again(name: str) -> Again:
    return Again(name)


@cache
def _places(name: str) -> list[CallPlace]:
    return _again(name).places()


def harms(attack: Attack) -> tuple[float | None, ...]:
    """Return how bad an attack became, in the order of `HARMS`; `None` where it cannot be asked."""
    again, places = _again(attack.name), _places(attack.name)
    sweep, before = again.sweep, again.sweep._stands
    place = places[attack.place % len(places)]
    rig, adversary = again.attacked(place, attack.times, attack.dark_s)
    pages = sum(rig.board.eeprom.wear) - sum(before.board.eeprom.wear)
    sweep._recover(rig)
    error_s, early = rig.state.set_error_s, None
    if sweep.kind.ends is not None:
        end_us = to_us(sweep.kind.ends)
        sweep._until_after_the_end(rig)
        cuts = [end_us - at_us for at_us, on in rig.board.moves if not on]
        early = max(cuts) / MINUTE_US if cuts else None
    owed_ueur = max(0, -rig.state.balance_ueur)
    each = pages / attack.times if len(adversary.outages) == attack.times else None
    return owed_ueur / UEUR_PER_CENT / 100, early, float(error_s), each


def search(tries: int, *, seeded: bool = False) -> dict[str, tuple[float, Attack]]:
    """Return the largest of each harm that so many tries found, and by which attack."""
    worst: dict[str, tuple[float, Attack]] = {}

    @settings(
        max_examples=tries,
        deadline=None,
        database=None,
        derandomize=seeded,
        phases=[Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    @given(ATTACKS)
    def climb(attack: Attack) -> None:
        for name, found in zip(HARMS, harms(attack), strict=True):
            if found is None:
                continue
            target(found, label=name)
            if name not in worst or found > worst[name][0]:
                worst[name] = found, attack

    climb()
    return worst


if __name__ == "__main__":
    for harm, (most, by) in search(int(sys.argv[1]) if sys.argv[1:] else 4_000).items():
        where = f"{by.name}, {by.times} failures of {by.dark_s} s"
        sys.stdout.write(f"| {harm} | {most:.2f} | {HARMS[harm]:g} | {where} |\n")
