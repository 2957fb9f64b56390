"""Exhausts what a handful of acts at a grid of instants can make of one household, and counts it.

All state is bytes and time is virtual, so every sequence of acts can be tried on the unmodified
program. `explore` goes breadth first and merges states that are the same; `cuts` tries every pair
of power cuts in one story.
"""

from typing import Final

EVERY: Final = "all"  # in place of a scope's name
