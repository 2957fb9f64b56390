"""The SLE4442 in a reader of ACS, by its data sheet (07.95) and docs/memory-card.md."""

from typing import Final, final

from meter_emu.fuzz.models.apdus import asked_often

_PROTECTION, _COUNTER, _CODE = 0x104, 0x108, 0x109
# Sizes of data and of the answer, by instruction.
_SIZES: Final = {
    0xB0: ((0,), range(1, 257)), 0xB1: ((0,), (4,)), 0xB2: ((0,), (4,)),
    0xD0: (range(1, 256), (0,)), 0xD1: (range(1, 256), (0,)),
    0x20: ((3,), (0,)), 0xD2: ((3,), (0,)),
}  # fmt: skip


@final
class MemoryCardModel:
    """A powered chip in its reader; `image` is all that lasts, without its CRC."""

    def __init__(self, image: bytes) -> None:
        self.image: Final = bytearray(image[:-4])
        self.rights = set[str]()
        self._selected = False

    def transmit(self, raw: bytes) -> bytes:
        """Return what the reader must answer."""
        asked = asked_often(raw)
        if raw[:2] == b"\xff\xa4":
            self._selected = asked is not None and asked.data == b"\x06"
            if self._selected:
                self.rights.clear()  # the reader powers the card down and up
            return b"\x90\x00" if self._selected else b"\x67\x00" if asked is None else b"\x6a\x80"
        if asked is None or asked.cla != 0xFF:
            return b"\x67\x00" if asked is None else b"\x6e\x00"
        if asked.ins not in _SIZES:
            return b"\x6d\x00"
        if not self._selected:
            return b"\x69\x85"
        sizes, les = _SIZES[asked.ins]
        if len(asked.data) not in sizes or (asked.ne or 0) not in les:
            return b"\x67\x00"
        if asked.p1 or asked.p2 != {0x20: 0, 0xD2: 1}.get(asked.ins, asked.p2):
            return b"\x6a\x86"
        end = asked.p2 + max(len(asked.data), asked.ne or 0)
        if end > {0xB0: 256, 0xD0: 256, 0xD1: 32}.get(asked.ins, 999):
            return b"\x6b\x00"
        return self._obey(asked.ins, asked.p2, asked.data, end)

    def _obey(self, ins: int, at: int, data: bytes, end: int) -> bytes:
        image, knows = self.image, "code" in self.rights
        if ins == 0xB0:
            return bytes(image[4 + at : 4 + end]) + b"\x90\x00"
        if ins == 0xB1:
            code = bytes(image[_CODE : _CODE + 3]) if knows else bytes(3)
            return bytes((image[_COUNTER],)) + code + b"\x90\x00"
        if ins == 0xB2:
            return bytes(image[_PROTECTION : _PROTECTION + 4]) + b"\x90\x00"
        if ins == 0x20:
            return b"\x90" + bytes((self._present(data, knows=knows),))
        for place, value in enumerate(data, start=at):
            bit = 1 << place % 8
            held = place < 32 and not image[_PROTECTION + place // 8] & bit
            if not knows:
                break
            if ins == 0xD2:
                image[_CODE + place - 1] = value
            elif ins == 0xD0 and not held:
                image[4 + place] = value
            elif ins == 0xD1 and image[4 + place] == value:
                image[_PROTECTION + place // 8] &= 0xFF - bit  # for good
        return b"\x90\x00"

    def _present(self, code: bytes, *, knows: bool) -> int:
        """Return the error counter after the code was compared: a bit of it for each try left."""
        counter = self.image[_COUNTER]
        if not knows and counter:
            self.image[_COUNTER] = counter & (counter - 1)  # one bit less
            if code == self.image[_CODE : _CODE + 3]:
                self.rights.add("code")
        if "code" in self.rights:
            self.image[_COUNTER] = 7
        return self.image[_COUNTER]
