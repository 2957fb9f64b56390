"""The commands of the cards: one row each, checked in one place, and their handlers.

A row says what is legal before any handler runs: how much data, whether an answer is requested, and
in which life cycle. A handler gets a command that passed its row, with the `CardSession`: what a
card knows between power on and power off. It returns the R-APDU. Refusals are status words; the
order of the checks is the order of `FileCard.transmit`.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import Enum, unique
from hmac import compare_digest
from typing import Final, final

from card_protocol.apdu import NE_MAX, NE_SHORT_MAX
from card_protocol.card.files import MF, SFI_MAX, Access, FileTree, df_name
from card_protocol.card.image import KEY_TRIES_MAX, PIN_TRIES_MAX, CardImage, LifeCycle
from card_protocol.keys import (
    CARD_KEY_REFERENCE,
    PIN_REFERENCE,
    PIN_SIZE_MAX,
    PIN_SIZE_MIN,
    PROOF_SIZE_BYTES,
    RANDOM_SIZE_BYTES,
    Role,
    external_text,
    internal_text,
    is_pin,
)
from card_protocol.status import SW
from card_protocol.tlv import build

Rng = Callable[[int], bytes]
Fate = Callable[[], int]  # 0 to 255
Settle = Callable[[bytes, bytes], bytes]


@final
class CardSession:
    """A powered card. A new session is a reset: only `image` is taken from one to the next.

    `rights` are bits of `Access` gathered so far; they belong to the whole card, so selecting
    another DF keeps them. `challenge` is from the *previous* command, empty if it was no GET
    CHALLENGE; `next_challenge` is from this one. `settle` is set while the power fails: it takes
    the old and the new bytes of a write and returns the cells' new contents.
    """

    __slots__ = ("challenge", "df", "ef", "image", "next_challenge", "rights", "rng", "settle")

    def __init__(self, image: CardImage, rng: Rng) -> None:
        self.image = image
        self.rng: Final = rng
        self.df = MF
        self.ef: int | None = None
        self.rights: int = Access.ALWAYS
        self.challenge = b""
        self.next_challenge = b""
        self.settle: Settle | None = None


Handler = Callable[[CardSession, int, int, bytes, int], bytes]

SUCCESS: Final = b"\x90\x00"
_ALL_THERE_IS: Final = frozenset({NE_SHORT_MAX, NE_MAX})  # the meaning of Le 00 and 0000
_PIN_COUNTER: Final = 0


def refuse(sw: int) -> bytes:
    """Return the response that is only a status word."""
    return sw.to_bytes(2, "big")


@final
@unique
class LeRule(Enum):
    """Whether a command must, may or must not expect response data (that is, have an Le)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    NONE = "none"


@final
@dataclass(frozen=True, slots=True)
class Command:
    """One row: `nc` holds the sizes of command data allowed, in bytes.

    `blocked` is a blocked card's answer; `None` means that it still obeys.
    """

    ins: int
    name: str
    nc: Collection[int]
    answer: LeRule
    blocked: SW | None
    handler: Handler
    spec: str


def select(session: CardSession, p1: int, p2: int, data: bytes, ne: int) -> bytes:
    """SELECT by file identifier (P1 00): the MF, any DF, an EF of the current DF; no data, the MF.

    A DF of the current one (01), an EF of it (02), its parent (03). By a DF's name or the beginning
    of it (04), the first there is. By path from the MF (08), not included in it, or from the
    current DF (09). A failed search leaves the selection unchanged. P2 is 0C for no answer, 04
    for the FCP template, 00 for the same wrapped as FCI. Without Le the answer is left out,
    whatever P2 says.
    """
    if p1 not in _SELECTED_BY or p2 not in _TEMPLATES:
        return refuse(SW.INCORRECT_P1_P2)
    sizes, find = _SELECTED_BY[p1]
    if len(data) not in sizes:
        return refuse(SW.WRONG_LENGTH)
    found = find(session.image.tree, session.df, data)
    if found is None:
        return refuse(SW.FILE_NOT_FOUND)
    session.df, session.ef = found
    template = _TEMPLATES[p2]
    if not (template and ne):
        return SUCCESS
    return build([(template, _control_parameters(session))])[:ne] + SUCCESS


_Place = tuple[int, int | None]  # a DF, and an EF's index


def _by_fid(tree: FileTree, df: int, data: bytes) -> _Place | None:
    fid = int.from_bytes(data, "big") if data else MF
    return (fid, None) if fid in tree.dfs else _ef(tree, df, data)


def _child_df(tree: FileTree, df: int, data: bytes) -> _Place | None:
    fid = int.from_bytes(data, "big")
    return (fid, None) if df == MF and fid in tree.dfs - {MF} else None


def _ef(tree: FileTree, df: int, data: bytes) -> _Place | None:
    index = tree.by_fid(df, int.from_bytes(data, "big"))
    return None if index is None else (df, index)


def _parent(_tree: FileTree, df: int, _data: bytes) -> _Place | None:
    return None if df == MF else (MF, None)


def _by_name(tree: FileTree, _df: int, data: bytes) -> _Place | None:
    df = tree.by_name(data)
    return None if df is None else (df, None)


def _from_mf(tree: FileTree, _df: int, data: bytes) -> _Place | None:
    return _along(tree, MF, data)


def _along(tree: FileTree, df: int, data: bytes) -> _Place | None:
    """Return the end of a path from a DF: DFs, all of them in the MF, then perhaps an EF."""
    *passed, last = (data[at : at + 2] for at in range(0, len(data), 2))
    for fid in passed:
        found = _child_df(tree, df, fid)
        if found is None:
            return None
        df, _ = found
    return _child_df(tree, df, last) or _ef(tree, df, last)


_FID: Final = frozenset({2})
_PATH: Final = range(2, 17, 2)
_Find = Callable[[FileTree, int, bytes], _Place | None]
# P1 of SELECT and how much data goes with it, ISO/IEC 7816-4, table "P1 of SELECT".
_SELECTED_BY: Final[dict[int, tuple[Collection[int], _Find]]] = {
    0x00: (frozenset({0, 2}), _by_fid),
    0x01: (_FID, _child_df),
    0x02: (_FID, _ef),
    0x03: (frozenset({0}), _parent),
    0x04: (range(1, 17), _by_name),
    0x08: (_PATH, _from_mf),
    0x09: (_PATH, _along),
}
# P2 of SELECT and the tag it is answered with, ISO/IEC 7816-4, table "P2 of SELECT".
_TEMPLATES: Final = {0x0C: 0, 0x04: 0x62, 0x00: 0x6F}


def _control_parameters(session: CardSession) -> bytes:
    """ISO/IEC 7816-4, table "File control parameter data objects"."""
    if session.ef is None:
        own = session.df.to_bytes(2, "big")
        name = [] if session.df == MF else [(0x84, df_name(session.df))]
        state = bytes((session.image.life_cycle,))
        return build([(0x82, b"\x38"), (0x83, own), *name, (0x8A, state)])  # 38: a DF
    spec = session.image.tree.specs[session.ef]
    return build(
        [
            (0x80, spec.size_bytes.to_bytes(2, "big")),
            (0x82, b"\x01"),  # 01: a transparent working EF
            (0x83, spec.fid.to_bytes(2, "big")),
            (0x88, bytes((spec.sfi << 3,))),
            (0x8A, b"\x05"),  # 05: activated
            (0x8C, bytes((_UPDATE_AND_READ, _CONDITION[spec.update], _CONDITION[spec.read]))),
        ]
    )


# ISO/IEC 7816-4, "Security attributes in compact format": the operations, and a condition for each.
_UPDATE_AND_READ: Final = 0x03
_CONDITION: Final = {
    Access.ALWAYS: 0x00,
    Access.NEVER: 0xFF,
    Access.PIN: 0x10,  # user authentication
    Access.METER: 0x20,  # external authentication; which role's key has no place in it
    Access.DESK: 0x20,
    Access.METER_OR_DESK: 0x20,
}
assert _CONDITION.keys() == set(Access), "every rule has its condition"


def read_binary(session: CardSession, p1: int, p2: int, _data: bytes, ne: int) -> bytes:
    """READ BINARY: bytes of the current EF, or of the one whose SFI is in P1.

    Le 00 reads up to the end of the file, at most 256 bytes. A longer Le gives the bytes there are
    and 6282; an offset at or past the end is 6B00.
    """
    at = _locate(session, p1, p2)
    if isinstance(at, SW):
        return refuse(at)
    index, offset = at
    if not session.image.tree.specs[index].read & session.rights:
        return refuse(SW.SECURITY_STATUS_NOT_SATISFIED)
    content = session.image.contents[index]
    part = content[offset : offset + ne]
    if len(part) == ne or (part and ne in _ALL_THERE_IS):
        return part + SUCCESS
    return part + refuse(SW.END_OF_FILE) if part else refuse(SW.WRONG_OFFSET)


def update_binary(session: CardSession, p1: int, p2: int, data: bytes, _ne: int) -> bytes:
    """UPDATE BINARY: overwrite bytes of an EF; never past its end.

    All of them or none, unless the power fails in it (`session.settle`) and the card is a plain
    one: then each cell is whatever the cut left.
    """
    at = _locate(session, p1, p2)
    if isinstance(at, SW):
        return refuse(at)
    index, offset = at
    spec = session.image.tree.specs[index]
    if not spec.update & session.rights:
        return refuse(SW.SECURITY_STATUS_NOT_SATISFIED)
    if offset >= spec.size_bytes:
        return refuse(SW.WRONG_OFFSET)
    if offset + len(data) > spec.size_bytes:
        return refuse(SW.NOT_ENOUGH_SPACE)
    if session.settle is not None:
        old = session.image.contents[index][offset : offset + len(data)]
        data = session.settle(old, data)
    session.image = session.image.with_part(index, offset, data)
    return SUCCESS


def _locate(session: CardSession, p1: int, p2: int) -> tuple[int, int] | SW:
    """Return file index and offset. A good SFI in P1 (bit 8 set) makes its file current."""
    if p1 < 0x80:
        return SW.NO_CURRENT_EF if session.ef is None else (session.ef, p1 << 8 | p2)
    sfi = p1 & 0x7F
    if not 1 <= sfi <= SFI_MAX:
        return SW.INCORRECT_P1_P2
    index = session.image.tree.by_sfi(session.df, sfi)
    if index is None:
        return SW.FILE_NOT_FOUND
    session.ef = index
    return index, p2


def get_challenge(session: CardSession, p1: int, p2: int, _data: bytes, ne: int) -> bytes:
    """GET CHALLENGE: eight random bytes, good for the very next command only.

    Who asks for fewer gets so many, and they are good for no proof.
    """
    if p1 or p2:
        return refuse(SW.INCORRECT_P1_P2)
    challenge = session.rng(RANDOM_SIZE_BYTES)
    if ne >= RANDOM_SIZE_BYTES:
        session.next_challenge = challenge
    return challenge[:ne] + SUCCESS


def internal_authenticate(session: CardSession, p1: int, p2: int, data: bytes, ne: int) -> bytes:
    """INTERNAL AUTHENTICATE: the card proves itself (see `keys`)."""
    if p1:
        return refuse(SW.INCORRECT_P1_P2)
    if p2 != CARD_KEY_REFERENCE:
        return refuse(SW.REFERENCE_NOT_FOUND)
    return session.image.card_key.mac(internal_text(data))[:ne] + SUCCESS


def external_authenticate(session: CardSession, p1: int, p2: int, data: bytes, _ne: int) -> bytes:
    """EXTERNAL AUTHENTICATE: the terminal proves its role (see `keys`).

    A wrong proof takes the role's right away and costs a try; the meter's last one blocks the card,
    until a desk has proved itself. The desk's last try is never taken: a blocked key would block a
    household's card for good, and 64 bits are not guessed. The try is taken *before*
    the comparison, so cutting the power in between wins no free guess.
    """
    if p1:
        return refuse(SW.INCORRECT_P1_P2)
    if p2 not in _ROLES:
        return refuse(SW.REFERENCE_NOT_FOUND)
    image = session.image
    of_desk = p2 == Role.DESK
    if image.life_cycle is LifeCycle.BLOCKED and not of_desk:
        return refuse(SW.AUTHENTICATION_BLOCKED)
    if not session.challenge:
        return refuse(SW.CONDITIONS_NOT_SATISFIED)
    key = image.desk_key if of_desk else image.meter_key
    session.image = image.with_tries(p2, max(image.tries_left[p2] - 1, int(of_desk)))
    session.rights &= ~p2
    text = external_text(p2, session.challenge, data[:RANDOM_SIZE_BYTES])
    if not key.verify(text, data[RANDOM_SIZE_BYTES:]):
        return _refuse_try(session, p2)
    session.rights |= p2
    session.image = image.untried() if of_desk else image.in_use().with_tries(p2, KEY_TRIES_MAX)
    return SUCCESS


_ROLES: Final = frozenset(Role)
assert all(Access(role).name == role.name for role in Role), "a role's right has its number"


def verify(session: CardSession, p1: int, p2: int, data: bytes, _ne: int) -> bytes:
    """VERIFY: compare the PIN. No data asks for the state: 9000 when verified, else 63Cx.

    A malformed PIN is 6A80 and costs no try; a wrong one does, and the third blocks.
    """
    if p1:
        return refuse(SW.INCORRECT_P1_P2)
    if p2 != PIN_REFERENCE:
        return refuse(SW.REFERENCE_NOT_FOUND)
    image = session.image
    if not data:
        verified = session.rights & Access.PIN
        return SUCCESS if verified else refuse(_tries(image.tries_left[_PIN_COUNTER]))
    if not is_pin(data):
        return refuse(SW.WRONG_DATA)
    session.image = image.with_tries(_PIN_COUNTER, image.tries_left[_PIN_COUNTER] - 1)
    session.rights &= ~Access.PIN
    if not compare_digest(data.ljust(PIN_SIZE_MAX, b"\xff"), image.pin):
        return _refuse_try(session, _PIN_COUNTER)
    session.rights |= Access.PIN
    session.image = image.with_tries(_PIN_COUNTER, PIN_TRIES_MAX)
    return SUCCESS


def get_response(_session: CardSession, _p1: int, _p2: int, _data: bytes, _ne: int) -> bytes:
    """GET RESPONSE with nothing waiting: a waiting answer under T=0 never comes here."""
    return refuse(SW.CONDITIONS_NOT_SATISFIED)


def manage_channel(_session: CardSession, _p1: int, _p2: int, _data: bytes, _ne: int) -> bytes:
    """MANAGE CHANNEL: there is the basic channel and no other."""
    return refuse(SW.CHANNEL_NOT_SUPPORTED)


def _refuse_try(session: CardSession, counter: int) -> bytes:
    """Answer 63Cx; a card without tries left forgets every right it had given."""
    left = session.image.tries_left[counter]
    if left == 0:
        session.rights = Access.ALWAYS
    return refuse(_tries(left))


def _tries(left: int) -> int:
    return 0x63C0 | left


_PIN_SIZES: Final = frozenset({0, *range(PIN_SIZE_MIN, PIN_SIZE_MAX + 1)})
_ANY: Final = range(1, 0x8000)
_PROOF: Final = frozenset({PROOF_SIZE_BYTES})
_RANDOM: Final = frozenset({RANDOM_SIZE_BYTES})
_SELECTORS: Final = range(17)
_NO: Final = frozenset({0})
_6983: Final = SW.AUTHENTICATION_BLOCKED
_6985: Final = SW.CONDITIONS_NOT_SATISFIED

# The words of a card that is not in service (a blank one answers 6985 to every row). 6985, because
# the instruction exists (not 6D00, not 6A81) and no right would help (not 6982): the state of the
# card is in the way. The commands that compare a secret say 6983, the word for exhausted tries. A
# blocked card still shows whose it is: SELECT, and reading what anyone may read. And it lets a desk
# prove itself, which gives all tries back.
#
# INS, name, Nc, answer, blocked, handler, section of ISO/IEC 7816-4
COMMANDS: Final = (
    Command(0x20, "VERIFY", _PIN_SIZES, LeRule.NONE, _6983, verify, "VERIFY command"),
    Command(0x70, "MANAGE CHANNEL", _NO, LeRule.OPTIONAL, None,
            manage_channel, "MANAGE CHANNEL command"),
    Command(0x82, "EXTERNAL AUTHENTICATE", _PROOF, LeRule.NONE, None,
            external_authenticate, "EXTERNAL AUTHENTICATE command"),
    Command(0x84, "GET CHALLENGE", _NO, LeRule.REQUIRED, None,
            get_challenge, "GET CHALLENGE command"),
    Command(0x88, "INTERNAL AUTHENTICATE", _RANDOM, LeRule.REQUIRED, _6985,
            internal_authenticate, "INTERNAL AUTHENTICATE command"),
    Command(0xA4, "SELECT", _SELECTORS, LeRule.OPTIONAL, None, select, "SELECT command"),
    Command(0xB0, "READ BINARY", _NO, LeRule.REQUIRED, None, read_binary, "READ BINARY command"),
    Command(0xC0, "GET RESPONSE", _NO, LeRule.REQUIRED, None,
            get_response, "GET RESPONSE command"),
    Command(0xD6, "UPDATE BINARY", _ANY, LeRule.NONE, _6985,
            update_binary, "UPDATE BINARY command"),
)  # fmt: skip
SECURE_ROWS: Final = {command.ins: command for command in COMMANDS}
assert len(SECURE_ROWS) == len(COMMANDS), "two commands share an instruction byte"
# The commands of a card without keys: files and a PIN, and no authentication.
PLAIN_ROWS: Final = {ins: SECURE_ROWS[ins] for ins in (0x20, 0x70, 0xA4, 0xB0, 0xC0, 0xD6)}
