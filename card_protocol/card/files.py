"""The files of a card: a master file, dedicated files under it, transparent files in those.

ISO/IEC 7816-4, "Structures for applications and data". A file tree is a description, plain data:
what is where, how large, and who may read or update it. Contents live in the card image.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, unique
from typing import Final, final

from card_protocol.errors import LayoutError

MF: Final = 0x3F00
FID_RESERVED: Final = frozenset({0x0000, MF, 0x3FFF, 0xFFFF})  # ISO/IEC 7816-4, file identifiers
FID_BASE: Final = 0xEF00  # ours: an EF's identifier is this plus its short one
# ours: ISO/IEC 7816-5 leaves F as the first digit to names that nobody registers. A DF's name is
# this and its identifier, so that a tree of identifiers is all an image has to hold.
DF_NAME_PREFIX: Final = b"\xf0meter-emu"
SFI_MAX: Final = 30  # five bits, 0 and 31 mean something else
FILE_SIZE_MAX: Final = 0x7FFF  # bytes; P1-P2 hold offsets of 15 bits
FILE_COUNT_MAX: Final = 0xFF


@final
@unique
class Access(IntEnum):
    """Who may do something with a file, as bits of the rights a session has gathered.

    A rule is met when any of its bits is among the rights. The first two bits are the roles of
    `Role`, the third is the PIN, and everyone has the last.
    """

    NEVER = 0x00
    METER = 0x01
    DESK = 0x02
    METER_OR_DESK = 0x03
    PIN = 0x04
    ALWAYS = 0x80


@final
@dataclass(frozen=True, slots=True)
class FileSpec:
    """One transparent EF: the DF it is in (or the MF), identifiers, size in bytes, rules."""

    df: int
    fid: int
    sfi: int
    size_bytes: int
    read: Access
    update: Access


@final
class FileTree:
    """All files of a card. Raise `LayoutError` for a tree no card could have.

    Wrong are: a reserved identifier, a short one outside 1 to 30, a size outside 1 to 32,767
    bytes, more than 255 files, and two files in one DF that share an identifier.
    """

    __slots__ = ("_by_fid", "_by_sfi", "dfs", "specs")

    def __init__(self, specs: Iterable[FileSpec]) -> None:
        self.specs: Final = tuple(specs)
        self.dfs: Final = frozenset({MF, *(spec.df for spec in self.specs)})
        _require(len(self.specs) <= FILE_COUNT_MAX, 0, "at most 255 files", len(self.specs))
        for index, spec in enumerate(self.specs):
            _check(index, spec, self.dfs)
        self._by_sfi = {(spec.df, spec.sfi): i for i, spec in enumerate(self.specs)}
        self._by_fid = {(spec.df, spec.fid): i for i, spec in enumerate(self.specs)}
        unique_count = min(len(self._by_sfi), len(self._by_fid))
        _require(unique_count == len(self.specs), 0, "every file its own identifiers", unique_count)

    def by_sfi(self, df: int, sfi: int) -> int | None:
        """Return the index of the file with this short identifier in this DF, if there is one."""
        return self._by_sfi.get((df, sfi))

    def by_fid(self, df: int, fid: int) -> int | None:
        """Return the index of the file with this identifier in this DF, if there is one."""
        return self._by_fid.get((df, fid))

    def by_name(self, name: bytes) -> int | None:
        """Return the first DF below the MF whose name begins so, if there is one."""
        named = (df for df in sorted(self.dfs - {MF}) if df_name(df).startswith(name))
        return next(named, None)


def df_name(df: int) -> bytes:
    """Return the name of a DF below the MF: 12 bytes."""
    return DF_NAME_PREFIX + df.to_bytes(2, "big")


def _check(index: int, spec: FileSpec, dfs: frozenset[int]) -> None:
    df_fits = spec.df == MF or (0 < spec.df < 0xFFFF and spec.df not in FID_RESERVED)
    _require(df_fits, index, "a DF identifier", spec.df)
    fid_fits = 0 < spec.fid < 0xFFFF and spec.fid not in FID_RESERVED | dfs
    _require(fid_fits, index, "an EF identifier of its own", spec.fid)
    _require(1 <= spec.sfi <= SFI_MAX, index, f"a short identifier 1 to {SFI_MAX}", spec.sfi)
    size_fits = 1 <= spec.size_bytes <= FILE_SIZE_MAX
    _require(size_fits, index, f"a size of 1 to {FILE_SIZE_MAX} bytes", spec.size_bytes)


def _require(met: bool, index: int, expected: str, got: int) -> None:
    if not met:
        raise LayoutError("file tree", offset=index, expected=expected, got=f"{got:X}h")
