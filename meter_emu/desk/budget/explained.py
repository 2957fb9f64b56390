"""A budget card explained, on whichever carrier: its records, and where they lie in an image."""

from card_protocol.card.make import AnyImage
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.errors import LayoutError
from card_protocol.formats.budget import DF_OF
from card_protocol.formats.budget.making import plain_tree, record_on
from card_protocol.keys import Key
from meter_emu.desk.budget.broken_view import explain_broken_copies
from meter_emu.desk.budget.memory_view import budget_cells, explain_memory_card
from meter_emu.desk.budget.view import budget_files, explain_card
from meter_emu.desk.card_image import RecordView
from meter_emu.rows import Part, of_own_energy


def explain_budget_card(image: AnyImage, master: Key) -> tuple[RecordView, ...] | None:
    """Return the records of a card explained, whole or not; `None` where it has no files for them.

    A memory card is taken for one whatever its cells hold: no other family is on such cards.
    """
    if isinstance(image, MemoryImage):
        return of_own_energy(explain_memory_card(image, master))
    try:
        return of_own_energy(explain_card(lambda sfi: record_on(image, sfi), master))
    except (KeyError, LayoutError):
        if image.tree.specs not in [plain_tree(df).specs for df in DF_OF.values()]:
            return None
        return of_own_energy(explain_broken_copies(image, master))


def budget_parts(image: AnyImage, master: Key) -> tuple[Part, ...]:
    """Return what of an image is a budget card's, explained, where it lies."""
    if isinstance(image, MemoryImage):
        return of_own_energy(tuple(budget_cells(image, master)))
    return of_own_energy(tuple(budget_files(image, master)))
