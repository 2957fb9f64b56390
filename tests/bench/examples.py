"""What an example of `verify` costs, law by law, and how long it takes until a defect is caught.

`python -m tests.bench.examples` measures each law, takes from `docs/evidence/power.json` how often
stories and hazards catch each defect, and prints the time to the catch: as laws are asked today,
and with every law that runs a household of its own asked of one story in so many.
"""

import sys
from collections.abc import Callable
from math import inf, log
from time import process_time

from meter_emu.laws import laws
from meter_emu.laws.law import DrawStory, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.verify.program import covered
from meter_emu.world.meter.build import parse_build
from tests.bench import power

ALTERNATIVES = (10, 20, 40, 80)
_P_MAX = 0.999  # of what was caught in every story
_OneIn = Callable[[Law], int]


def costs(stories: int) -> dict[DrawStory, dict[str, float]]:
    """Return the milliseconds of each law by its draw; "" is the story that they share."""
    kits, _ = covered(parse_build("reference"), ())
    found: dict[DrawStory, dict[str, float]] = {}
    for law in laws().values():
        found.setdefault(law.draw, {"": 0.0})[law.id] = 0.0
    for draw, of_draw in found.items():
        for number in range(stories):
            began = process_time()
            trial = Trial(draw(seeded(f"1/{draw.__name__}/{number}"), kits), "reference")
            _ = trial.run
            for name in of_draw:
                if name:
                    laws()[name].asked(trial)
                ended = process_time()
                of_draw[name] += 1000 * (ended - began) / stories
                began = ended
    return found


def example_ms(found: dict[DrawStory, dict[str, float]], one_in: _OneIn) -> float:
    """Return what an example costs where laws are asked so often."""
    whole = 0.0
    for of_draw in found.values():
        asked = {name: one_in(laws()[name]) for name in of_draw if name}
        whole += of_draw[""] / min(asked.values())
        whole += sum(of_draw[name] / times for name, times in asked.items())
    return whole


def examples_to_catch(one: power.Power, one_in: _OneIn) -> float:
    """Return how many examples catch a defect in half of all cases, by stories and hazards."""
    rate = _rate(one.everywhere)
    rate += sum(_rate(share) / one_in(laws()[name]) for name, share in one.hazards.items())
    return log(2) / rate if rate else inf


def _rate(share: power.Share) -> float:
    return -log(1 - min(_P_MAX, share.kills / share.of))


def main() -> None:
    """Print a line for today, and one for each alternative."""
    found, defects = costs(40), power.read().defects
    ways: dict[str, _OneIn] = {"today": lambda law: law.one_in}
    for many in ALTERNATIVES:
        ways[f"one in {many}"] = lambda law, many=many: law.one_in if law.one_in == 1 else many  # type: ignore[misc]
    for name, one_in in ways.items():
        each_ms = example_ms(found, one_in)
        took = sorted(each_ms * examples_to_catch(one, one_in) / 1000 for one in defects)
        sys.stdout.write(
            f"{name:<10} {each_ms:5.1f} ms an example; to the catch, s: median"
            f" {took[len(took) // 2]:.3f}, nine in ten {took[len(took) * 9 // 10]:.2f}, all"
            f" {took[-1]:.1f}, on average {sum(took) / len(took):.3f}\n"
        )


if __name__ == "__main__":
    main()
