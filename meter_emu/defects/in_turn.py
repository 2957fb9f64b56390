"""A record that is saved in two steps, for defects in which power can fail between them."""

from meter_emu.firmware.journal import Journal, JournalledT


def saved_in_turn(journal: Journal[JournalledT], state: JournalledT, *first: str) -> None:
    """Save these fields of a record, and then all of it."""
    before = journal.load(powered_on=False)
    assert before is not None, "it was loaded"
    for name in first:
        setattr(before, name, getattr(state, name))
    journal.save(before)
    state.sequence = before.sequence
    journal.save(state)
