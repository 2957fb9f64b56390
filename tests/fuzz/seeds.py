"""Numbers whose random bytes together reach every mark and oracle of a target, each twice.

python -m tests.fuzz.seeds stories
"""

from random import Random

import click

from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.reach import REACH
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.targets import targets

AMONG = 400
TIMES = 2


def marks(target: Target, number: int) -> set[str]:
    """Return the marks that one input meets, and the oracles that held of a change."""
    REACH.clear()
    data = Random(number).randbytes(target.size_max)
    why = failure(target, data, "reference")
    assert why is None, (target.id, number, why)
    return (REACH.met.keys() & set(target.reaches)) | REACH.held.keys()


@click.command()
@click.argument("target_id", type=click.Choice([one.id for one in targets().values() if one.drawn]))
def main(target_id: str) -> None:
    """Print them, the one that reaches most first; say which marks none of them reaches."""
    target = targets()[target_id]
    met = {number: marks(target, number) for number in range(AMONG)}
    left = dict.fromkeys((*target.reaches, *set().union(*met.values())), TIMES)
    chosen = []
    while met and any(left.values()):
        best = max(met, key=lambda number: sum(left[mark] > 0 for mark in met[number]))
        gained = met.pop(best)
        if not any(left[mark] for mark in gained):
            break
        chosen.append(best)
        left |= {mark: max(0, left[mark] - 1) for mark in gained}
    click.echo(f"{target_id}: {tuple(chosen)}")
    for mark, times in left.items():
        if times:
            click.echo(f"{mark}: {times} too few in {AMONG}")


if __name__ == "__main__":
    main()
