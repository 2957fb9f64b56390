"""A card of files as ISO/IEC 7816-4 and docs/card-format.md have it, on the bytes of its image."""

from collections.abc import Callable
from functools import lru_cache
from struct import iter_unpack, unpack_from
from typing import Final, NamedTuple, final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from meter_emu.fuzz.models.apdus import CommandFields, asked_often

_LIFE, _TRIES, _PIN, _KEYS, _TABLE = 3, 9, 12, 0x14, 0x44
_CREATION, _IN_USE, _BLOCKED = 1, 7, 12
_MF: Final = 0x3F00
_METER, _DESK, _PIN_RIGHT, _EVERYBODY = 1, 2, 4, 0x80
# Who may, by the byte of a rule; and the condition that SELECT tells of each.
_MAY: Final = {
    0: set[int](), 1: {_METER}, 2: {_DESK}, 3: {_METER, _DESK}, 4: {_PIN_RIGHT}, 0x80: {_EVERYBODY}
}  # fmt: skip
_CONDITION: Final = {0: 0xFF, 1: 0x20, 2: 0x20, 3: 0x20, 4: 0x10, 0x80: 0x00}
# Sizes of data; whether Le must, may or must not be there; what a blocked card says.
_RULES: Final = {
    0x20: ((0, 4, 5, 6, 7, 8), "no", 0x6983), 0x70: ((0,), "may", 0), 0x82: ((16,), "no", 0),
    0x84: ((0,), "must", 0), 0x88: ((8,), "must", 0x6985), 0xA4: (range(17), "may", 0),
    0xB0: ((0,), "must", 0), 0xC0: ((0,), "must", 0), 0xD6: (range(1, 0x8000), "no", 0x6985),
}  # fmt: skip
# Sizes of data by P1 of SELECT.
_SELECTS: Final = {0: (0, 2), 1: (2,), 2: (2,), 3: (0,), 4: range(1, 17), 8: range(2, 17, 2),
                   9: range(2, 17, 2)}  # fmt: skip
_OF_KEYS: Final = frozenset({0x82, 0x84, 0x88})
_TAKES_DATA: Final = frozenset({0x20, 0x82, 0x88, 0xA4, 0xD6})
_KEYLESS: Final = (
    {ins: rule for ins, rule in _RULES.items() if ins not in _OF_KEYS}, _TAKES_DATA - _OF_KEYS
)  # fmt: skip


class _File(NamedTuple):
    df: int
    fid: int
    sfi: int
    read: int
    update: int
    size: int
    at: int


@final
class FileCardModel:
    """A powered card; `image` is all that lasts, without its CRC. `random` is its source."""

    def __init__(self, image: bytes, random: Callable[[int], bytes], *, t0: bool) -> None:
        self.image: Final = bytearray(image[:-4])
        self._random, self._t0 = random, t0
        self._files = _files_of(image[_TABLE : _TABLE + 9 * image[8]])
        self._rules, self._takes = _KEYLESS if image[:2] == b"PC" else (_RULES, _TAKES_DATA)
        self._dfs = {_MF} | {one.df for one in self._files}
        self._df = _MF
        self._ef: _File | None = None
        self.rights = {_EVERYBODY}
        self._challenge = self._fresh = self._waiting = b""

    def transmit(self, raw: bytes) -> bytes:
        """Return what the card must answer."""
        self._challenge, self._fresh = self._fresh, b""
        waiting, self._waiting = self._waiting, b""
        asked = asked_often(raw)
        if asked is None:
            return _sw(0x6700)
        if asked.cla:
            return _sw(_class_word(asked.cla))
        if not self._t0:
            return self._obey(asked)
        if len(asked.data) > 255:
            return _sw(0x6700)
        ne = min(asked.ne or 256, 256)
        if asked.ins == 0xC0 and waiting and not (asked.p1 or asked.p2 or asked.data):
            return self._rest(waiting, ne)
        if asked.ins in self._takes:
            if not asked.data and ne != 256:
                return _sw(0x6700)
            may = self._rules[asked.ins][1] != "no"
            answer = self._obey(asked._replace(ne=256 if may else None))
            if len(answer) == 2:
                return answer
            self._waiting = answer[:-2]
            return _sw(0x6100 | len(self._waiting))
        answer = self._obey(asked._replace(ne=ne))
        return answer if len(answer) - 2 in {0, ne} else _sw(0x6C00 | len(answer) - 2)

    def _rest(self, waiting: bytes, ne: int) -> bytes:
        if ne > len(waiting):
            self._waiting = waiting
            return _sw(0x6C00 | len(waiting))
        self._waiting = waiting[ne:]
        return waiting[:ne] + _sw(0x6100 | len(self._waiting) if self._waiting else 0x9000)

    def _obey(self, asked: CommandFields) -> bytes:
        if asked.ins not in self._rules:
            return _sw(0x6D00)
        sizes, le, blocked = self._rules[asked.ins]
        if self.image[_LIFE] == _CREATION:
            return _sw(0x6985)
        if self.image[_LIFE] == _BLOCKED and blocked:
            return _sw(blocked)
        wrong_le = le == ("must" if asked.ne is None else "no")
        if len(asked.data) not in sizes or wrong_le:
            return _sw(0x6700)
        return self._handlers[asked.ins](self, asked)

    # Files ----------------------------------------------------------------------------------------

    def _select(self, asked: CommandFields) -> bytes:
        sizes = _SELECTS.get(asked.p1)
        if sizes is None or asked.p2 not in {0x00, 0x04, 0x0C}:
            return _sw(0x6A86)
        if len(asked.data) not in sizes:
            return _sw(0x6700)
        place = self._found(asked.p1, asked.data)
        if place is None:
            return _sw(0x6A82)
        self._df, self._ef = place
        if asked.p2 == 0x0C or not asked.ne:
            return _sw(0x9000)
        inner = self._of_ef(self._ef) if self._ef else self._of_df()
        template = bytes((0x62 if asked.p2 else 0x6F, len(inner))) + inner
        return template[: asked.ne] + _sw(0x9000)

    def _found(self, p1: int, data: bytes) -> tuple[int, _File | None] | None:
        fid = int.from_bytes(data[:2], "big")
        if p1 == 0 and (not data or fid in self._dfs):
            return (fid if data else _MF), None
        if p1 == 1:
            return (fid, None) if self._df == _MF and fid in self._dfs - {_MF} else None
        if p1 == 3:
            return None if self._df == _MF else (_MF, None)
        if p1 == 4:
            named = (df for df in sorted(self._dfs - {_MF}) if _name(df).startswith(data))
            return next(((df, None) for df in named), None)
        place: tuple[int, _File | None] | None = (_MF if p1 == 8 else self._df, None)
        for at in range(0, len(data), 2):
            if place is None or place[1] is not None:
                return None
            fid = int.from_bytes(data[at : at + 2], "big")
            below = p1 in {8, 9} and place[0] == _MF and fid in self._dfs - {_MF}
            last = at + 2 == len(data)
            place = (fid, None) if below else self._child(place[0], fid) if last else None
        return place

    def _child(self, df: int, fid: int) -> tuple[int, _File] | None:
        found = [one for one in self._files if (one.df, one.fid) == (df, fid)]
        return (df, found[0]) if found else None

    def _of_df(self) -> bytes:
        name = b"" if self._df == _MF else b"\x84\x0c" + _name(self._df)
        state = bytes((self.image[_LIFE],))
        return b"\x82\x01\x38\x83\x02" + self._df.to_bytes(2, "big") + name + b"\x8a\x01" + state

    def _of_ef(self, ef: _File) -> bytes:
        rules = bytes((3, _CONDITION[ef.update], _CONDITION[ef.read]))
        return (
            b"\x80\x02" + ef.size.to_bytes(2, "big") + b"\x82\x01\x01\x83\x02"
            + ef.fid.to_bytes(2, "big") + b"\x88\x01" + bytes((ef.sfi * 8,)) + b"\x8a\x01\x05"
            + b"\x8c\x03" + rules
        )  # fmt: skip

    def _place(self, asked: CommandFields) -> int:
        """Return the offset, or a refusal; a short identifier makes its file the current one."""
        if asked.p1 & 0x80:
            sfi = asked.p1 - 0x80
            if sfi not in range(1, 31):
                return -0x6A86
            found = [one for one in self._files if (one.df, one.sfi) == (self._df, sfi)]
            if not found:
                return -0x6A82
            self._ef = found[0]
            return asked.p2
        return asked.p1 * 256 + asked.p2 if self._ef else -0x6986

    def _read(self, asked: CommandFields) -> bytes:
        offset = self._place(asked)
        if offset < 0 or self._ef is None:
            return _sw(-offset)
        if not _MAY[self._ef.read] & self.rights:
            return _sw(0x6982)
        left, ne = self._ef.size - offset, asked.ne or 0
        if left <= 0:
            return _sw(0x6B00)
        begin = self._ef.at + offset
        data = bytes(self.image[begin : begin + min(left, ne)])
        return data + _sw(0x9000 if left >= ne or ne in {256, 65_536} else 0x6282)

    def _update(self, asked: CommandFields) -> bytes:
        offset = self._place(asked)
        if offset < 0 or self._ef is None:
            return _sw(-offset)
        if not _MAY[self._ef.update] & self.rights:
            return _sw(0x6982)
        left = self._ef.size - offset
        if left <= 0 or len(asked.data) > left:
            return _sw(0x6B00 if left <= 0 else 0x6A84)
        begin = self._ef.at + offset
        self.image[begin : begin + len(asked.data)] = asked.data
        return _sw(0x9000)

    # Rights ---------------------------------------------------------------------------------------

    def _verify(self, asked: CommandFields) -> bytes:
        if asked.p1 or asked.p2 != 1:
            return _sw(0x6A86 if asked.p1 else 0x6A88)
        if not asked.data:
            return _sw(0x9000 if _PIN_RIGHT in self.rights else 0x63C0 | self.image[_TRIES])
        if any(digit not in b"0123456789" for digit in asked.data):
            return _sw(0x6A80)
        right = bytes(self.image[_PIN : _PIN + 8]) == (asked.data + b"\xff" * 8)[:8]
        return self._tried(0, _PIN_RIGHT, right=right)

    def _prove(self, asked: CommandFields) -> bytes:
        role = asked.p2
        if asked.p1 or role not in {_METER, _DESK}:
            return _sw(0x6A86 if asked.p1 else 0x6A88)
        if self.image[_LIFE] == _BLOCKED and role == _METER:
            return _sw(0x6983)
        if not self._challenge:
            return _sw(0x6985)
        text = b"ext" + bytes((role,)) + self._challenge + asked.data[:8]
        right = self._mac(role - 1, text) == asked.data[8:]
        if right:
            self.image[_LIFE] = _IN_USE
            self.image[_TRIES : _TRIES + 3] = b"\x03\x0a\x0a" if role == _DESK else bytes(
                (self.image[_TRIES], 10, self.image[_TRIES + 2])
            )  # fmt: skip
            self.rights.add(role)
            return _sw(0x9000)
        return self._tried(role, role, right=False)

    def _tried(self, counter: int, right_of: int, *, right: bool) -> bytes:
        """Count a secret that was shown; the desk's last try is never taken."""
        if right:
            self.rights.add(right_of)
            self.image[_TRIES + counter] = 3
            return _sw(0x9000)
        self.rights.discard(right_of)
        left = max(self.image[_TRIES + counter] - 1, 1 if counter == _DESK else 0)
        self.image[_TRIES + counter] = left
        if not left:
            self.image[_LIFE] = _BLOCKED
            self.rights = {_EVERYBODY}
        return _sw(0x63C0 | left)

    def _draw(self, asked: CommandFields) -> bytes:
        if asked.p1 or asked.p2:
            return _sw(0x6A86)
        drawn, ne = self._random(8), asked.ne or 0
        self._fresh = drawn if ne >= 8 else b""
        return drawn[:ne] + _sw(0x9000)

    def _own(self, asked: CommandFields) -> bytes:
        if asked.p1 or asked.p2 != 3:
            return _sw(0x6A86 if asked.p1 else 0x6A88)
        return self._mac(2, b"int" + asked.data)[: asked.ne] + _sw(0x9000)

    def _mac(self, key: int, text: bytes) -> bytes:
        at = _KEYS + 16 * key
        mac = CMAC(AES(bytes(self.image[at : at + 16])))
        mac.update(text)
        return mac.finalize()[:8]

    _handlers: Final[dict[int, Callable[["FileCardModel", CommandFields], bytes]]] = {
        0x20: _verify, 0x70: lambda _card, _asked: _sw(0x6881), 0x82: _prove, 0x84: _draw,
        0x88: _own, 0xA4: _select, 0xB0: _read, 0xC0: lambda _card, _asked: _sw(0x6985),
        0xD6: _update,
    }  # fmt: skip


@lru_cache(16)
def _files_of(file_table: bytes) -> tuple[_File, ...]:
    """Return the files of a card, whose bytes follow the table in its order."""
    files, at = list[_File](), _TABLE + len(file_table)
    for df, fid, sfi, read, update, size in iter_unpack(">HHBBBH", file_table):
        files.append(_File(df, fid, sfi, read, update, size, at))
        at += size
    return tuple(files)


def image_holds(image: bytes) -> bool:
    """Whether an image, its CRC right, is of a card that there can be."""
    if len(image) < _TABLE + 4 or image[2] != 1 or int.from_bytes(image[4:8], "big") != len(image):
        return False
    life, (pin, *keys), tries = image[_LIFE], image[_TRIES:_PIN], image[_PIN:_KEYS]
    fits = pin <= 3 and max(keys) <= 10 and (life == _BLOCKED) == (not all(image[_TRIES:_PIN]))
    digits = tries.rstrip(b"\xff")
    known = tries == b"\xff" * 8 if life == _CREATION else len(digits) >= 4 and digits.isdigit()
    keyless = image[:2] == b"SC" or not any(image[_KEYS:_TABLE])
    end = _TABLE + 9 * image[8]
    if life not in {1, 3, 7, 12} or not (fits and known and keyless) or end > len(image) - 4:
        return False
    rows = [unpack_from(">HHBBBH", image, at) for at in range(_TABLE, end, 9)]
    dfs = {_MF, *(row[0] for row in rows)}
    reserved = {0, 0x3FFF, 0xFFFF}
    return (
        all(df not in reserved and fid not in reserved | dfs for df, fid, *_ in rows)
        and all(0 < row[2] < 31 and {*row[3:5]} <= _MAY.keys() for row in rows)
        and all(0 < row[5] <= 0x7FFF for row in rows)
        and len({row[:2] for row in rows}) == len({(row[0], row[2]) for row in rows}) == len(rows)
        and end + sum(row[5] for row in rows) == len(image) - 4
    )  # fmt: skip


def _sw(word: int) -> bytes:
    return word.to_bytes(2, "big")


def _name(df: int) -> bytes:
    return b"\xf0meter-emu" + df.to_bytes(2, "big")


def _class_word(cla: int) -> int:
    """Return the refusal of a class other than 00 (ISO/IEC 7816-4, 5.4.1)."""
    if cla >= 0x20:
        return 0x6881 if 0x40 <= cla <= 0x7F else 0x6E00
    return 0x6884 if cla & 0x10 else 0x6882 if cla & 0x0C else 0x6881
