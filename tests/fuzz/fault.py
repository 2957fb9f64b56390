"""One mistake that is put in on purpose."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One mistake: in a `build`, or where `place` is put in place of what stands there.

    `holds` is the sentence of docs/fuzzing.md that it breaks. One that is `seeded` is looked for
    from the seeds of its target, as a run does; the others from an empty corpus.
    """

    what: str
    target: str
    holds: str
    build: str = "reference"
    place: str = ""
    put: Any = None
    seeded: bool = False

    def apply(self, put: Callable[[Any, str, Any], None] = setattr) -> None:
        """Make the change in this process."""
        if self.place:
            module, _, path = self.place.partition(":")
            *owners, name = path.split(".")
            owner: Any = import_module(module)
            for one in owners:
                owner = getattr(owner, one)
            assert hasattr(owner, name), self.place
            put(owner, name, self.put)
