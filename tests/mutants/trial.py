"""One mutant of the reference against the laws, and nothing else."""

from dataclasses import replace
from time import process_time
from typing import Any, Final

from meter_emu.laws import laws
from meter_emu.laws.law import Broken, DrawStory, Law, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import models
from tests.mutants.sites import mutant_of, put_in

POLLS_MAX: Final = 1_000  # ours: of a home; the reference has 400 at most, in 300 stories


def tried(mutant_id: str, *, stories: int, seed: int) -> dict[str, Any]:
    """Return which law breaks first for a mutant, after how many stories, or that none does.

    So many are drawn in each way that a law draws one, and each law is asked of all of its own;
    `reached` counts the homes in which the changed routine ran.
    """
    mutant, runs, began = mutant_of(mutant_id), [0], process_time()
    put_in(mutant, lambda: runs.__setitem__(0, runs[0] + 1))
    groups: dict[DrawStory, list[Law]] = {}
    for law in laws().values():
        groups.setdefault(law.draw, []).append(law)
    reached = 0
    for number in range(stories):
        for draw, group in groups.items():
            runs[0] = 0
            story = draw(seeded(f"{seed}/{draw.__name__}/{number}"), models())
            trial = Trial(replace(story, polls_max=POLLS_MAX), "reference")
            for law in group:
                try:
                    finding = law.asked(trial)
                except Exception as error:  # noqa: BLE001  the installer runs our driver unguarded
                    words = f"{type(error).__name__}: {error}"
                    return {"failed": "not to be installed", "words": words, "took_s": 0.0}
                if isinstance(finding, Broken):
                    return {
                        "law": law.id,
                        "after": number + 1,
                        "words": finding.words,
                        "took_s": round(process_time() - began, 1),
                    }
            reached += runs[0] > 0
    return {"law": None, "reached": reached, "took_s": round(process_time() - began, 1)}
