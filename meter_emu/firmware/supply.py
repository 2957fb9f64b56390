"""Blocks, shields and the switch: small coupled machines as plain tables.

Theory. A *block* is a reason to cut: PROGRAMMED (T2 came; latched until a reactivation) and CREDIT
(balance and emergency credit used up). A *shield* works against CREDIT only and stops opening: the
deferral until T1, the non-disconnection period, prepayment switched off. From blocks, shields and
the limiter follows one *permission*; permissions and the household's button are the cues of the
supply machine. The switch (contactor or valve) only follows the supply state, so nothing can
disagree. A gas meter gives the button's cue only when its tightness countdown has ended without
flow.

A shield never reconnects. But under a deferral or without prepayment the household is meant to have
supply, so there a person may reconnect (READY); in a mere non-disconnection period a household
already without supply for lack of credit stays so until it loads (`docs/decisions/supply.md`).
"""

from collections.abc import Mapping
from enum import Enum, IntFlag, unique
from types import MappingProxyType
from typing import Final, TypeAlias, final

from meter_emu.firmware.layouts import CONNECTED, Supply


@final
class Block(IntFlag):
    """Reasons to cut."""

    PROGRAMMED = 0x01
    CREDIT = 0x02


@final
class Shield(IntFlag):
    """Reasons not to cut for CREDIT."""

    DEFERRAL = 0x01
    WINDOW = 0x02
    PREPAYMENT_OFF = 0x04


NO_SHIELD: Final = Shield(0)


@final
@unique
class Permission(Enum):
    """The result of blocks and shields for the supply machine."""

    OPEN = "open"  # must be off
    HOLD = "hold"  # stays as it is
    LIMIT = "limit"  # may be on, through the current limiter
    ALLOW = "allow"  # may be on; a person reconnects


LIMIT: Final = Permission.LIMIT  # both by names of their own, as in `layouts`
ALLOW: Final = Permission.ALLOW


@final
@unique
class Cue(Enum):
    """An input of the supply machine: a permission, or a person at the button."""

    OPEN = "open"
    HOLD = "hold"
    ALLOW = "allow"
    BUTTON = "button"


_CUE_OF: Final = {
    Permission.OPEN: Cue.OPEN,
    Permission.HOLD: Cue.HOLD,
    Permission.LIMIT: Cue.ALLOW,
    Permission.ALLOW: Cue.ALLOW,
}

_BLOCKS: Final = tuple(map(Block, range(4)))
_SHIELDS: Final = tuple(map(Shield, range(8)))

# shields over CREDIT, the strongest first; the first that is up decides
_OVER_CREDIT: Final = (
    (Shield.PREPAYMENT_OFF, Permission.ALLOW),
    (Shield.DEFERRAL, Permission.ALLOW),
    (Shield.WINDOW, Permission.HOLD),
)

# A granted limiter gives 10 A instead of a cut.
_WITH_LIMITER: Final = {
    Permission.OPEN: Permission.LIMIT,
    Permission.HOLD: Permission.ALLOW,
    Permission.ALLOW: Permission.ALLOW,
}

SupplyInput: TypeAlias = tuple[int, Cue]  # a `Supply`, as the state record holds it

# state                              cue          next state
SUPPLY_STEPS: Final[Mapping[SupplyInput, Supply]] = MappingProxyType({
    (Supply.CONNECTED, Cue.OPEN): Supply.DISCONNECTED,
    (Supply.CONNECTED, Cue.HOLD): Supply.CONNECTED,
    (Supply.CONNECTED, Cue.ALLOW): Supply.CONNECTED,
    (Supply.CONNECTED, Cue.BUTTON): Supply.CONNECTED,
    (Supply.DISCONNECTED, Cue.OPEN): Supply.DISCONNECTED,
    (Supply.DISCONNECTED, Cue.HOLD): Supply.DISCONNECTED,
    (Supply.DISCONNECTED, Cue.ALLOW): Supply.READY_FOR_RECONNECTION,
    (Supply.DISCONNECTED, Cue.BUTTON): Supply.DISCONNECTED,
    (Supply.READY_FOR_RECONNECTION, Cue.OPEN): Supply.DISCONNECTED,
    (Supply.READY_FOR_RECONNECTION, Cue.HOLD): Supply.DISCONNECTED,
    (Supply.READY_FOR_RECONNECTION, Cue.ALLOW): Supply.READY_FOR_RECONNECTION,
    (Supply.READY_FOR_RECONNECTION, Cue.BUTTON): Supply.CONNECTED,
})  # fmt: skip

# The state to which each permission leads each state, computed once as well.
_SETTLED: Final = {
    (int(state), allowed): SUPPLY_STEPS[state, cue]
    for state in Supply
    for allowed, cue in _CUE_OF.items()
}


def _unlimited(blocks: Block, shields: Shield) -> Permission:
    if not blocks:
        return Permission.ALLOW
    if Block.PROGRAMMED in blocks:
        return Permission.OPEN
    answers = (answer for shield, answer in _OVER_CREDIT if shield in shields)
    return next(answers, Permission.OPEN)


# All cases, computed once: a poll looks several up.
_PERMISSIONS: Final = {
    (blocks, shields, granted): _WITH_LIMITER[answer] if granted else answer
    for blocks in _BLOCKS
    for shields in _SHIELDS
    for answer in (_unlimited(blocks, shields),)
    for granted in (False, True)
}
_EXCUSED: Final = {
    (blocks, shields): Block.CREDIT not in blocks or Shield.DEFERRAL in shields
    for blocks in _BLOCKS
    for shields in _SHIELDS
}


def blocks_of(*, programmed: bool, credit: bool) -> Block:
    """Return the reasons to cut that hold."""
    return _BLOCKS[programmed | credit << 1]


def shields_of(*, deferral: bool, window: bool, prepayment_off: bool) -> Shield:
    """Return the reasons not to cut for lack of credit."""
    return _SHIELDS[deferral | window << 1 | prepayment_off << 2]


def permission(blocks: Block, shields: Shield, *, limiter_granted: bool) -> Permission:
    """Return the permission that follows. Pure and total."""
    return _PERMISSIONS[blocks, shields, limiter_granted]


def sheltered(blocks: Block, shields: Shield) -> bool:
    """Whether the hours alone keep the supply on, in full where a limiter is granted."""
    return _PERMISSIONS[blocks, shields, False] is Permission.HOLD


def paid_or_excused(blocks: Block, shields: Shield) -> bool:
    """Whether credit is no reason to cut, hours or not: there is some, or it is not asked for.

    A limiter is none of it: it gives what little there is instead of a cut.
    """
    return _EXCUSED[blocks, shields]


def next_supply(supply: int, cue: Cue) -> Supply:
    """Return the next supply state. Pure and total over `Supply`."""
    return SUPPLY_STEPS[supply, cue]


def settle(supply: int, allowed: Permission) -> Supply:
    """Return the supply state under a permission."""
    return _SETTLED[supply, allowed]


def switch_belongs_on(supply: int) -> bool:
    """Whether the switch belongs on. Derived, so it can never disagree with the state."""
    return supply == CONNECTED
