"""The orders of an office that are words: each is a row, and everybody reads the table.

A row of `SWITCHES` is an order that is on or off. Desk, command, campaign file, sitting, rehearsal,
table, story in words, exploration and fuzzer take any of them, and know none by its name. A further
one is its field of `Work`, its bit of the desk record and its row; what a meter makes of it is a
rule of the program, and apart from that one of the ideal meter.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, final

from meter_emu.energies import Energy
from meter_emu.languages.speech import marked

SwitchName: TypeAlias = Literal["prepayment", "limiter"]


@final
class SwitchOrder(NamedTuple):
    """An order that is on or off; the office that says nothing of it leaves it as it was."""

    name: SwitchName  # the field of `Work`, and the word of `desk`, of a sitting and of its form
    flag: str  # the member of `OrderFlags`: a bit that both generations and a memory card carry
    written: Mapping[bool, str]  # what was written, in the events
    short: Mapping[bool, str]  # in the table of a rehearsal, in its language
    means: str  # help of its command
    fits: Callable[[Energy], bool]  # whether a meter of this energy can have it


SWITCHES: Final[tuple[SwitchOrder, ...]] = (
    SwitchOrder(
        name="prepayment",
        flag="PREPAYMENT_ON",
        written={True: "prepayment on", False: "prepayment off"},
        short={True: marked("prepayment on"), False: marked("prepayment off")},
        means="SwitchOrder the prepayment function on or off.",
        fits=lambda _energy: True,
    ),
    SwitchOrder(
        name="limiter",
        flag="LIMITER_GRANTED",
        written={True: "limiter granted", False: "limiter withdrawn"},
        short={True: marked("limiter on"), False: marked("limiter off")},
        means="Grant the 10 A limiter, or withdraw it.",
        fits=lambda energy: energy.limiter,
    ),
)
# The words of a campaign file that need no date: the field of `Work` that each sets, and to what.
SWITCHED: Final[Mapping[str, tuple[SwitchName, bool]]] = {
    f"{switch.name}-{word}": (switch.name, on)
    for switch in SWITCHES
    for word, on in (("on", True), ("off", False))
}


def switched(work: object) -> list[tuple[SwitchOrder, bool]]:
    """Return the switches of which a `Work` says something, and what."""
    said = ((switch, getattr(work, switch.name)) for switch in SWITCHES)
    return [(switch, on) for switch, on in said if on is not None]
