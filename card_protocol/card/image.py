"""A file card's memory: everything that survives power off, as one value and as bytes.

An image is immutable. A command that changes the card builds the next image and the card takes it
over in one assignment, so a cut leaves the old one or the new one and never a mix.

It holds keys and a PIN, so it prints none of them and refuses to be pickled. `to_bytes` exports it;
a file of those bytes is as secret as the card.
"""

import struct
from binascii import crc32
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum, unique
from typing import Final, NoReturn, Self, final

from card_protocol.card.files import Access, FileSpec, FileTree
from card_protocol.errors import LayoutError
from card_protocol.keys import KEY_SIZE_BYTES, PIN_SIZE_MAX, Key, is_pin

_VERSION: Final = 1
PIN_TRIES_MAX: Final = 3  # as bank and SIM cards have
KEY_TRIES_MAX: Final = 10  # ours: torn contacts may cost a few tries, guessing 64 bits gains none
_ERASED: Final = b"\xff"

# offset  size  field             unit   note
# 0x00    2     magic             -      a Kind of file card: "SC" or "PC"
# 0x02    1     version           -      1
# 0x03    1     life cycle        -      a LifeCycle
# 0x04    4     image size        bytes  all of it, CRC included
# 0x08    1     file count        files
# 0x09    1     PIN tries left    tries  0..3
# 0x0A    1     meter tries left  tries  0..10, key reference 1
# 0x0B    1     desk tries left   tries  0..10, key reference 2
# 0x0C    8     PIN               -      ASCII digits, padded with FF; all FF is no PIN
# 0x14    16    meter key         -      authenticates the meter; a plain card's keys are zeros
# 0x24    16    desk key          -      authenticates the desk
# 0x34    16    card key          -      authenticates the card
# 0x44    9*n   file table        -      one row a file, see below
# ...           contents          -      in the order of the table, without gaps
# end-4   4     CRC-32            -      of everything before it
_HEADER: Final = struct.Struct(">2sBBIBBBB8s16s16s16s")
# +0      2     DF identifier     -
# +2      2     EF identifier     -
# +4      1     short identifier  -      1..30
# +5      1     read rule         -      an Access
# +6      1     update rule       -      an Access
# +7      2     size              bytes
_ROW: Final = struct.Struct(">HHBBBH")
_CRC: Final = struct.Struct(">I")
assert (_HEADER.size, _ROW.size, _CRC.size) == (0x44, 9, 4), "image layout drifted"


@final
@unique
class CardKind(Enum):
    """The kind of card; its value is the magic of the image.

    `SECURE` cards have keys and write all or nothing, `PLAIN` cards are one file on any ISO/IEC
    7816-4 card, `MEMORY` is the SLE4442, 256 bytes behind a code.
    """

    SECURE = b"SC"
    PLAIN = b"PC"
    MEMORY = b"MC"


@final
@unique
class LifeCycle(IntEnum):
    """The state of a card, as ISO/IEC 7816-4 life cycle status bytes."""

    BLANK = 0x01  # creation state: no keys, no files
    PERSONALISED = 0x03  # initialisation state: issued, and no terminal has proved itself yet
    IN_USE = 0x07  # operational state, activated
    BLOCKED = 0x0C  # tries exhausted, until a desk has proved itself


@final
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CardImage:
    """Everything persistent of one card. `tries_left` has the PIN, meter and desk counters.

    `kind` is secure or plain, `life_cycle` the ISO/IEC 7816-4 state, `pin` what VERIFY compares.
    `contents` has one byte string a file, in the order of `tree.specs`. Meter and office prove
    themselves by `meter_key` and `desk_key`, the card by `card_key`. A plain card has no keys: the
    three are zeros.
    """

    kind: CardKind = CardKind.SECURE
    life_cycle: LifeCycle
    pin: bytes = field(repr=False)
    tries_left: tuple[int, int, int]
    meter_key: Key
    desk_key: Key
    card_key: Key
    tree: FileTree = field(repr=False)
    contents: tuple[bytes, ...] = field(repr=False)

    @property
    def keyed(self) -> bool:
        """Whether the card has keys to authenticate with."""
        return self.kind is CardKind.SECURE

    def to_bytes(self) -> bytes:
        """Return the image as laid out above. It contains the keys in the clear."""
        table = b"".join(
            _ROW.pack(s.df, s.fid, s.sfi, s.read, s.update, s.size_bytes) for s in self.tree.specs
        )
        tail = table + b"".join(self.contents)
        size = _HEADER.size + len(tail) + _CRC.size
        keys = (self.meter_key.raw, self.desk_key.raw, self.card_key.raw)
        count = len(self.tree.specs)
        head = _HEADER.pack(
            self.kind.value,
            _VERSION,
            self.life_cycle,
            size,
            count,
            *self.tries_left,
            self.pin,
            *keys,
        )
        return head + tail + _CRC.pack(crc32(head + tail))

    @classmethod
    def from_bytes(cls, raw: bytes) -> Self:
        """Return the image in `raw`.

        Raises:
            LayoutError: The bytes are no card image; the error names the place of the mistake.
        """
        _check_frame(raw)
        fields = _HEADER.unpack_from(raw)
        life_cycle, count, tries, (pin, *keys) = fields[2], fields[4], fields[5:8], fields[8:]
        _require(life_cycle in set(LifeCycle), 0x03, "a life cycle", life_cycle)
        for offset, left, most in zip(range(0x09, 0x0C), tries, _TRIES_MAX, strict=True):
            _require(left <= most, offset, f"at most {most} tries left", left)
        spent = (life_cycle == LifeCycle.BLOCKED) == (0 in tries)
        _require(spent, 0x09, "a counter at 0 in a blocked card, and only there", life_cycle)
        fits = pin == _NO_PIN if life_cycle == LifeCycle.BLANK else is_pin(pin.rstrip(_ERASED))
        _require(fits, 0x0C, "a PIN, or none in a blank card", life_cycle)
        kind = CardKind(fields[0])
        keyed = kind is CardKind.SECURE or keys == [NO_KEY.raw] * len(keys)
        _require(keyed, 0x14, "keys of zeros in a plain card", life_cycle)
        tree = FileTree(_parse_rows(raw, count))
        return cls(
            kind=kind,
            life_cycle=LifeCycle(life_cycle),
            pin=pin,
            tries_left=tries,
            meter_key=Key(keys[0]),
            desk_key=Key(keys[1]),
            card_key=Key(keys[2]),
            tree=tree,
            contents=_parse_contents(raw, tree),
        )

    def content(self, df: int, sfi: int) -> bytes:
        """Return the content of the file `sfi` (1 to 30) in the DF with the identifier `df`.

        No access rule is asked.

        Raises:
            KeyError: There is no such file.
        """
        return self.contents[self._index(df, sfi)]

    def with_content(self, df: int, sfi: int, content: bytes) -> Self:
        """Return the image with one file replaced whole, past all access rules.

        Args:
            df: Two-byte identifier of the DF that the file is in.
            sfi: Short identifier of the file, 1 to 30.
            content: The new bytes, as many as the file has.

        Raises:
            KeyError: There is no such file.
            LayoutError: The content has another size than the file.
        """
        index = self._index(df, sfi)
        _check_size(self.tree.specs[index], content)
        return self.with_part(index, 0, content)

    def with_part(self, index: int, offset: int, part: bytes) -> Self:
        """Return the image with some bytes of one file replaced, past all access rules.

        Args:
            index: Place of the file in `contents`, from 0.
            offset: Where the bytes go, in bytes from the beginning of the file.
            part: The bytes; the last one still lies inside the file.
        """
        old = self.contents[index]
        new = old[:offset] + part + old[offset + len(part) :]
        assert len(new) == len(old), "an update changes no size"
        contents = (*self.contents[:index], new, *self.contents[index + 1 :])
        return self._changed(self.life_cycle, self.tries_left, contents)

    def with_tries(self, counter: int, left: int) -> Self:
        """Return the image with one retry counter set.

        Args:
            counter: Which one: 0 for the PIN, 1 for the meter's key, 2 for the desk's.
            left: Tries left; at 0 that secret is blocked.
        """
        if self.tries_left[counter] == left:
            return self
        tries = list(self.tries_left)
        tries[counter] = left
        life_cycle = self.life_cycle if left else LifeCycle.BLOCKED
        return self._changed(life_cycle, (tries[0], tries[1], tries[2]), self.contents)

    def untried(self) -> Self:
        """Return the image in use with all tries, as a desk that proved itself leaves it."""
        return self._changed(LifeCycle.IN_USE, _TRIES_MAX, self.contents)

    def in_use(self) -> Self:
        """Return the image after a terminal proved itself for the first time."""
        in_use = self.life_cycle is LifeCycle.IN_USE
        return self if in_use else replace(self, life_cycle=LifeCycle.IN_USE)

    def _changed(
        self, life_cycle: LifeCycle, tries_left: tuple[int, int, int], contents: tuple[bytes, ...]
    ) -> Self:
        return type(self)(
            kind=self.kind,
            life_cycle=life_cycle,
            pin=self.pin,
            tries_left=tries_left,
            meter_key=self.meter_key,
            desk_key=self.desk_key,
            card_key=self.card_key,
            tree=self.tree,
            contents=contents,
        )

    def _index(self, df: int, sfi: int) -> int:
        index = self.tree.by_sfi(df, sfi)
        if index is None:
            raise KeyError(f"no file {sfi} in DF {df:04X}")
        return index

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CardImage) and self.to_bytes() == other.to_bytes()

    def __hash__(self) -> int:
        return hash(self.to_bytes())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a card image holds keys and is not pickled; use to_bytes()")


_NO_PIN: Final = _ERASED * PIN_SIZE_MAX
NO_KEY: Final = Key(bytes(KEY_SIZE_BYTES))
_MAGICS: Final = frozenset({CardKind.SECURE.value, CardKind.PLAIN.value})
_TRIES_MAX: Final = (PIN_TRIES_MAX, KEY_TRIES_MAX, KEY_TRIES_MAX)


def blank() -> CardImage:
    """Return a card as delivered: no keys, no files; it refuses everything."""
    return CardImage(
        life_cycle=LifeCycle.BLANK,
        pin=_NO_PIN,
        tries_left=_TRIES_MAX,
        meter_key=NO_KEY,
        desk_key=NO_KEY,
        card_key=NO_KEY,
        tree=FileTree(()),
        contents=(),
    )


def personalise(
    tree: FileTree,
    contents: tuple[bytes, ...],
    *,
    meter_key: Key,
    desk_key: Key,
    card_key: Key,
    pin: str,
    card_kind: CardKind = CardKind.SECURE,
) -> CardImage:
    """Return the image of a card that is ready to be handed out.

    `contents` goes with `tree.specs`, one by one. Raise `LayoutError` when a content does not
    have its file's size, or the PIN is not four to eight digits.
    """
    digits = pin.encode("ascii", "replace")
    if not is_pin(digits):
        raise LayoutError("PIN", offset=0, expected="4 to 8 digits", got=f"{len(pin)} characters")
    if len(contents) != len(tree.specs):
        expected = f"{len(tree.specs)} contents"
        raise LayoutError("card image", offset=0x44, expected=expected, got=str(len(contents)))
    for spec, content in zip(tree.specs, contents, strict=True):
        _check_size(spec, content)
    return CardImage(
        kind=card_kind,
        life_cycle=LifeCycle.PERSONALISED,
        pin=digits.ljust(PIN_SIZE_MAX, _ERASED),
        tries_left=_TRIES_MAX,
        meter_key=meter_key,
        desk_key=desk_key,
        card_key=card_key,
        tree=tree,
        contents=contents,
    )


def _check_size(spec: FileSpec, content: bytes) -> None:
    if len(content) != spec.size_bytes:
        raise LayoutError(
            f"file {spec.fid:04X}",
            offset=0,
            expected=f"{spec.size_bytes} bytes",
            got=f"{len(content)} bytes",
        )


def _require(met: bool, offset: int, expected: str, got: int) -> None:
    if not met:
        raise LayoutError("card image", offset=offset, expected=expected, got=str(got))


def _check_frame(raw: bytes) -> None:
    """Check magic, version, size and CRC."""
    if raw[:2] not in _MAGICS:
        expected = " or ".join(
            f"magic {magic}" for magic in sorted(kind.value.hex() for kind in CardKind)
        )
        raise LayoutError("card image", offset=0, expected=expected, got=raw[:2].hex())
    least = _HEADER.size + _CRC.size
    _require(len(raw) >= least, 0, f"at least {least} bytes", len(raw))
    _require(raw[2] == _VERSION, 2, f"version {_VERSION}", raw[2])
    size = int.from_bytes(raw[4:8], "big")
    _require(size == len(raw), 4, f"{size} bytes", len(raw))
    (expected,) = _CRC.unpack_from(raw, size - _CRC.size)
    got = crc32(raw[: -_CRC.size])
    if got != expected:
        at = size - _CRC.size
        raise LayoutError(
            "card image", offset=at, expected=f"CRC-32 {got:08x}", got=f"{expected:08x}"
        )


def _parse_rows(raw: bytes, count: int) -> list[FileSpec]:
    end = _HEADER.size + count * _ROW.size
    _require(end <= len(raw) - _CRC.size, 8, f"room for {count} files", len(raw))
    rules = set(Access)
    specs = []
    for offset in range(_HEADER.size, end, _ROW.size):
        df, fid, sfi, read, update, size_bytes = _ROW.unpack_from(raw, offset)
        _require(read in rules, offset + 5, "an access rule", read)
        _require(update in rules, offset + 6, "an access rule", update)
        specs.append(FileSpec(df, fid, sfi, size_bytes, Access(read), Access(update)))
    return specs


def _parse_contents(raw: bytes, tree: FileTree) -> tuple[bytes, ...]:
    at = _HEADER.size + len(tree.specs) * _ROW.size
    contents = []
    for spec in tree.specs:
        contents.append(raw[at : at + spec.size_bytes])
        at += spec.size_bytes
    _require(at == len(raw) - _CRC.size, 8, f"{at + _CRC.size} bytes for these files", len(raw))
    return tuple(contents)
