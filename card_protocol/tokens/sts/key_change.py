"""A key change: two tokens that bring a key of 8 bytes to a meter, or four for one of 16.

All are encrypted under the key that the meter has. The first says, by the roll-over bit, that the
new key goes with the next base date: the meter then forgets the TIDs it keeps, and counts anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.codec import encode_sts
from card_protocol.tokens.sts.fields import KeyPart, StsKeySection
from card_protocol.tokens.sts.keys import DecoderKey, KeyType, TokenCipher
from card_protocol.tokens.sts.tid import KEN_NEVER

_PART_BYTES: Final = 4
_ORDER: Final = (1, 3, 4, 2)  # the sections in the order of their parts in a key of 16 bytes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class StsKeyChange:
    """A new key and what the meter shall know of it.

    `ken` is its expiry number (255: never), `revision` and `tariff_index` those it was derived
    with. `supply_group`, six digits, goes with keys of 16 bytes only. `third` is the bit 3KCT of
    the first token; no published vector sets it, not even in sets of four.
    """

    key: DecoderKey
    key_type: KeyType
    revision: int
    tariff_index: int
    ken: int = KEN_NEVER
    rollover: bool = False
    third: bool = False
    supply_group: str | None = None

    def __post_init__(self) -> None:
        for what, value, high in (
            ("key expiry number", self.ken, KEN_NEVER),
            ("key revision", self.revision, 15),
            ("tariff index", self.tariff_index, 99),
        ):
            if not 0 <= value <= high:
                raise TokenError(what, f"{value} is outside 0 to {high}")
        group = self.supply_group
        if (group is not None) is not (self.key.cipher is TokenCipher.EA11):
            raise TokenError("supply group", "expected it with a key of 16 bytes, and only then")
        if group is not None and not (len(group) == 6 and group.isascii() and group.isdigit()):
            raise TokenError("supply group", f"expected 6 digits, got {group!r}")


def key_change_tokens(change: StsKeyChange, under: DecoderKey) -> tuple[str, ...]:
    """Return the tokens that bring a change to the meter whose key is `under`, in their order.

    Raise `TokenError` for keys of two ciphers.
    """
    if change.key.cipher is not under.cipher:
        new, old = change.key.cipher.name, under.cipher.name
        raise TokenError("key", f"the new key is for {new}, the meter's is for {old}")
    return tuple(encode_sts(section, under) for section in _sections(change))


def _sections(change: StsKeyChange) -> list[StsKeySection]:
    first = change.ken >> 4 << 8 | change.revision << 4
    first |= change.rollover << 3 | change.third << 2 | change.key_type
    heads = {1: first, 2: (change.ken & 15) << 8 | change.tariff_index}
    if change.supply_group is not None:
        group = int(change.supply_group)
        heads |= {3: group & 0xFFF, 4: group >> 12}
    order = _ORDER if change.key.cipher is TokenCipher.EA11 else (1, 2)
    raw = change.key.raw
    parts = {
        number: KeyPart(raw[_PART_BYTES * at : _PART_BYTES * (at + 1)])
        for at, number in enumerate(order)
    }
    return [StsKeySection(number, heads[number], parts[number]) for number in sorted(order)]


def join_sections(sections: Sequence[StsKeySection]) -> StsKeyChange:
    """Return the change that two or four key-change tokens bring, in any order.

    Raise `TokenError` unless they are sections 1 and 2, or 1 to 4, each once.
    """
    by_number = {one.number: one for one in sections}
    if len(by_number) != len(sections) or sorted(by_number) not in ([1, 2], [1, 2, 3, 4]):
        got = ", ".join(str(one.number) for one in sections)
        raise TokenError("sections", f"expected 1 and 2, or 1 to 4, each once; got {got}")
    long = len(sections) > 2
    first, second = by_number[1].head, by_number[2].head
    key_type = first & 3
    if not key_type:
        raise TokenError("key type", "0 is a factory's, which no token brings")
    group = f"{by_number[4].head << 12 | by_number[3].head:06}" if long else None
    raw = b"".join(by_number[number].part.raw for number in (_ORDER if long else (1, 2)))
    return StsKeyChange(
        key=DecoderKey(raw),
        key_type=KeyType(key_type),
        revision=first >> 4 & 15,
        tariff_index=second & 0xFF,
        ken=(first >> 8) << 4 | second >> 8,
        rollover=bool(first >> 3 & 1),
        third=bool(first >> 2 & 1),
        supply_group=group,
    )
