"""A card pulled out at any command of its session: served whole or not at all, and once.

Pulled out at any byte that passes or is written: `tests/reliability/test_tears.py`.
"""

from card_protocol.card.image import CardKind
from meter_emu.firmware.layouts import EventCode
from tests.cells import each_cell
from tests.firmware.sessions import COMMANDS, RECORDS, Pulled, armed, events, spent

# How many of the commands, the last ones, are the write-back, and how many of these make it stand.
WRITING = {CardKind.SECURE: 1, CardKind.PLAIN: 3, CardKind.MEMORY: 4}
STANDING = {
    CardKind.SECURE: 1,
    CardKind.PLAIN: 1,
    CardKind.MEMORY: 2,
}  # a memory card's is read back


@each_cell("how", ["before", "within", "after"])
@each_cell(("carrier", "at"), [(kind, at + 1) for kind in CardKind for at in range(COMMANDS[kind])])
def test_a_card_pulled_at_any_command_is_served_whole_or_not_at_all(carrier, at, how):
    """Only the last commands write: pulled before them, nothing; at them, it may miss."""
    rig = armed(carrier)
    files = [rig.file(sfi) for sfi in RECORDS]
    rig.bench.insert(Pulled(rig.card, at, how))
    shown = rig.board.panel.text
    rig.bench.remove()
    executed = at > COMMANDS[carrier] - WRITING[carrier]
    assert shown.endswith("CARD 01 EXECUTED" if executed else "CARD 1C CARD_REMOVED")
    assert rig.state.order_number == executed
    assert rig.state.accepted_cents == 5_000 * executed
    assert [rig.file(sfi) for sfi in RECORDS] == files
    standing = at - (how != "after") > COMMANDS[carrier] - STANDING[carrier]
    if how != "within":
        assert (rig.write_back() is not None) == standing
    again = "CARD 02 ALREADY_EXECUTED" if executed else "CARD 01 EXECUTED"
    assert rig.insert() == f"CREDIT 100.00 EUR | {again}"
    assert events(rig).count(EventCode.ORDER_EXECUTED) == 1
    assert events(rig).count(EventCode.CREDIT_LOADED) == 1
    assert not spent(rig.card.image)


def test_a_session_is_as_many_commands_as_the_page_says():
    """Select, identity, three of authentication, one record, the write-back.

    Plain: two selects, two heads, one copy in two parts; the PIN, the next copy in two parts.
    Memory: a select that finds no files, the card type, the counter; identity, two copies; the
    counter, the code; two copies, the write-back, and the look whether it is there.
    """
    assert COMMANDS == {
        CardKind.SECURE: 1 + 1 + 3 + 1 + 1,
        CardKind.PLAIN: 2 + 2 + 2 + 1 + 2,
        CardKind.MEMORY: 3 + 3 + 2 + 4,
    }
