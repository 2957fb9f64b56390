"""What is done of a long rehearsal, in a file next to its output: a second run goes on from there.

Each of its results is the outcome of one household (`results_file`). The key has the campaign as
text and the places that are lived.

Programs that are not ours have no source here, and an image is a file that may change: a rehearsal
with either keeps nothing.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, final

from meter_emu.workers.results_file import ResultsFile, source_digest
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.meter.build import parse_build
from meter_emu.world.rehearsal.travelling import campaign_as_text


@final
class Checkpoint:
    """The file of one rehearsal; `say` gets a line where it goes on."""

    def __init__(self, path: Path, say: Callable[[str], None]) -> None:
        self._path: Final = path
        self._say: Final = say

    def through(
        self,
        campaign: Campaign,
        places: Sequence[int],
        results: Callable[[Sequence[int]], Generator[Outcome, None, None]],
    ) -> Generator[Outcome, None, None]:
        """Yield the outcome of each place: those that are kept, then `results`, keeping each.

        Raise `OutputError` where they cannot be kept.
        """
        done, kept = 0, ResultsFile(self._path, _key(campaign, places), Outcome)
        for outcome in kept.held():
            done += 1
            if done == len(places):  # who takes as many as there are asks for no more
                self._say_done(done, len(places))
            yield outcome
        if 0 < done < len(places):
            self._say_done(done, len(places))
        with closing(results(places[done:])) as rest:
            for outcome in rest:
                kept.add(outcome)
                yield outcome

    def remove(self) -> None:
        """Remove the file: what it was for is written."""
        self._path.unlink(missing_ok=True)

    def _say_done(self, done: int, total: int) -> None:
        self._say(f"{self._path}: {done:,} of {total:,} are done")


def may_be_kept(campaign: Campaign) -> bool:
    """Whether all that the outcomes depend on is in the key."""
    entries = campaign.households.entries
    return all(
        entry.first.image is None and parse_build(entry.first.build).factory is None
        for entry in entries
    )


def _key(campaign: Campaign, places: Sequence[int]) -> str:
    return repr((campaign_as_text(campaign), list(places), campaign.path, source_digest()))
