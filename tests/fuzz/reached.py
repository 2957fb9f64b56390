"""What the seeds and the kept inputs of each target reach: rows as evidence/fuzz-reach.md has them.

python -m tests.fuzz.reached
"""

import click

from meter_emu.fuzz.corpus import kept_inputs
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.reach import REACH
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.targets import targets
from tests.fuzz.mutations import mutations

MUTATIONS = 12  # and so many changes of seeds, as the suite tries


def row(target: Target) -> str:
    """Try a target's inputs, and return its row."""
    REACH.clear()
    seeds, kept = target.seeds(), kept_inputs().get(target.id, ())
    for data in (*seeds, *kept, *mutations(target, MUTATIONS, seed=1)):
        why = failure(target, data, "reference")
        assert why is None, (target.id, why)
    marks = ", ".join(f"{mark} {REACH.met.get(mark, 0):,}" for mark in target.reaches)
    least = min(REACH.held, key=lambda what: (REACH.held[what], what))
    held = f"{len(REACH.held)}; {least}: {REACH.held[least]:,}"
    return f"| `{target.id}` | {len(seeds)} + {len(kept)} | {marks} | {held} |"


@click.command()
def main() -> None:
    """Print a row for each target but the canary."""
    for target in targets().values():
        if not target.canary:
            click.echo(row(target))


if __name__ == "__main__":
    main()
