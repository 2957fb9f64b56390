"""Clock drivers and date routines alone: a bench, laws, and what breaks them."""

from typing import Final

TRIES: Final = 200  # ours: of a law, where no number is given
