"""The families of cards, a row each: their contents, their dialogue with a meter, their desk.

Only its own folders, its commands and the office that issues it know a family by name. The program
gets the dialogues, `card show` and `card diff` ask each family about an image, a replayed trace
names fields by the layouts, and each layout is a fuzz target.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, final

from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage
from card_protocol.formats.budget.making import BUDGET_LAYOUTS
from card_protocol.formats.clock import CLOCK
from card_protocol.keys import Key
from card_protocol.layout import Layout
from meter_emu.desk.budget.explained import budget_parts, explain_budget_card
from meter_emu.desk.card_image import RecordView, chip_parts, file_card_parts
from meter_emu.desk.clock.clock_view import clock_parts, explain_clock_card
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.firmware.dialogues.budget import BudgetDialogue
from meter_emu.firmware.dialogues.clock import ClockDialogue
from meter_emu.rows import Part


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CardFamily:
    """One family. `layouts` are those of every record on its cards, on any carrier.

    `explain` returns the records of a card, `None` where the image is no card of the family;
    `parts` yields them with their offsets in an image.
    """

    name: str
    layouts: tuple[Layout[Any], ...]
    dialogue: type[CardDialogue]
    explain: Callable[[AnyImage, Key], tuple[RecordView, ...] | None]
    parts: Callable[[AnyImage, Key], Iterable[Part]]


# In the order in which a meter tries to identify a card.
FAMILIES: Final[tuple[CardFamily, ...]] = (
    CardFamily(
        name="budget card",
        layouts=BUDGET_LAYOUTS,
        dialogue=BudgetDialogue,
        explain=explain_budget_card,
        parts=budget_parts,
    ),
    CardFamily(
        name="clock card",
        layouts=(CLOCK,),
        dialogue=ClockDialogue,
        explain=explain_clock_card,
        parts=clock_parts,
    ),
)


def explain_card_records(image: AnyImage, master: Key) -> tuple[RecordView, ...] | None:
    """Return a card's records, explained; `None` for a card of no family."""
    found = (family.explain(image, master) for family in FAMILIES)
    return next((views for views in found if views is not None), None)


def explain_card_image(image: AnyImage, master: Key) -> tuple[Part, ...]:
    """Return every byte of a card's image, in order, explained."""
    known: dict[int, Part] = {}
    for family in FAMILIES:
        for part in family.parts(image, master):
            known.setdefault(part.offset, part)
    if isinstance(image, MemoryImage):
        return chip_parts(image, known.values())
    return file_card_parts(image, known)


def card_layouts() -> Iterator[Layout[Any]]:
    """Yield the layout of every record on a card of any family."""
    for family in FAMILIES:
        yield from family.layouts
