"""Diagnosis of an incident: which known mistakes are consistent with what was reported.

An incident file states what was observed (`incident`). Every mistake of the catalogue, and every
mistake of data that an office can make (`hypotheses`), runs in sampled households (`sampling`);
what people could have seen of it is its signature (`signatures`), kept on disk (`kept`). Ranking is
arithmetic on signatures (`predictions`, `ranking`); `pairs` adds the second mistake, `decide` says
what to ask next.
"""

from typing import Final

SAMPLES: Final = 1  # ours: of each kind on each model; a cold run takes so many times as long
