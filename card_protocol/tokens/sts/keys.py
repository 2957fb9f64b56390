"""Decoder keys of STS meters, and how a vending key gives them: DKGA02 and DKGA04.

DKGA01 (fixed ranges of old meters) and DKGA03 (withdrawn in 2018) have no public test vector, so
they are not here.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum, unique
from types import MappingProxyType
from typing import Final, TypeAlias, final

from card_protocol import ciphers
from card_protocol.errors import TokenError
from card_protocol.tokens.secret import TokenSecret
from card_protocol.tokens.sts.ea07 import Ea07
from card_protocol.tokens.sts.meter_pan import IIN_SHORT, MeterPan
from card_protocol.tokens.sts.misty1 import Misty1
from card_protocol.tokens.sts.tid import BaseDate

_DKGA02_KEY_BYTES: Final = 8
_DKGA04_KEY_BYTES: Final = 20


@final
@unique
class TokenCipher(Enum):
    """How tokens are encrypted; its value is its number in IEC 62055-41."""

    EA07 = "07"
    EA11 = "11"


_SIZE_BYTES: Final[Mapping[TokenCipher, int]] = MappingProxyType(
    {TokenCipher.EA07: 8, TokenCipher.EA11: 16}
)
_BlockCipher: TypeAlias = Ea07 | Misty1


@final
@unique
class KeyType(IntEnum):
    """Whose key it is; key type 0 never leaves a factory, and is not derived here."""

    DDTK = 1  # default: credit tokens are refused under it
    DUTK = 2  # of one meter
    DCTK = 3  # common to a supply group


@final
class DecoderKey(TokenSecret):
    """The key of a meter; `raw` is 8 bytes for EA07, 16 for EA11, in standard byte order.

    `cipher` is which of the two it is for; `block_cipher` encrypts and decrypts with it.
    """

    __slots__ = ("block_cipher", "cipher")

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw, tuple(_SIZE_BYTES.values()))
        small = len(raw) == _SIZE_BYTES[TokenCipher.EA07]
        self.cipher: Final = TokenCipher.EA07 if small else TokenCipher.EA11
        number = int.from_bytes(raw, "big")
        self.block_cipher: Final[_BlockCipher] = Ea07(number) if small else Misty1(number)


@final
class VendingKey(TokenSecret):
    """The key of a supply group: 8 bytes for DKGA02, 20 for DKGA04."""

    __slots__ = ()

    def __init__(self, raw: bytes) -> None:
        super().__init__(raw, (_DKGA02_KEY_BYTES, _DKGA04_KEY_BYTES))

    @property
    def algorithm(self) -> str:
        """The derivation that takes a key of this size."""
        return "DKGA02" if len(self.raw) == _DKGA02_KEY_BYTES else "DKGA04"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyParameters:
    """What a decoder key is derived from, with a vending key.

    `supply_group` has six digits, `tariff_index` is 0-99, `revision` 1-9. The base date and the
    cipher are in the derivation of DKGA04 alone.
    """

    pan: MeterPan
    supply_group: str
    tariff_index: int
    revision: int
    key_type: KeyType
    base: BaseDate
    cipher: TokenCipher

    def __post_init__(self) -> None:
        group = self.supply_group
        if len(group) != 6 or not group.isascii() or not group.isdigit():
            raise TokenError("supply group", f"expected 6 digits, got {group!r}")
        if not 0 <= self.tariff_index <= 99:
            raise TokenError("tariff index", f"{self.tariff_index} is outside 0 to 99")
        if not 1 <= self.revision <= 9:
            raise TokenError("key revision", f"{self.revision} is outside 1 to 9")


def derive_decoder_key(vending: VendingKey, of: KeyParameters) -> DecoderKey:
    """Return the decoder key of a meter, by the derivation that the vending key is for.

    Raise `TokenError` where that derivation gives no key for the cipher.
    """
    if vending.algorithm == "DKGA04":
        return DecoderKey(_dkga04(vending.raw, of))
    if of.cipher is not TokenCipher.EA07:
        raise TokenError("cipher", "DKGA02 gives 8 bytes, for EA07 only; EA11 wants DKGA04")
    return DecoderKey(_dkga02(vending.raw, of))


def _dkga02(key: bytes, of: KeyParameters) -> bytes:
    """DES of a block of digits, with the block and the key added back."""
    pan = str(of.pan)[1:-1]
    if of.key_type is KeyType.DCTK:  # common to all meters of the issuer
        pan = of.pan.iin.ljust(len(IIN_SHORT) + 13, "0")[1:]
    control = f"{of.key_type}{of.supply_group}{of.tariff_index:02}{of.revision}FFFFFF"
    block = _xor(bytes.fromhex(pan), bytes.fromhex(control))
    return _xor(_xor(ciphers.chosen().des(key, block), block), key)


def _dkga04(key: bytes, of: KeyParameters) -> bytes:
    """HMAC-SHA-256 of the parameters, each after its length."""
    size = _SIZE_BYTES[of.cipher]
    fields = (
        b"04",
        f"{of.base.value % 100:02}".encode(),
        of.cipher.value.encode(),
        f"{of.tariff_index:02}".encode(),
    )
    tail = (of.supply_group.encode(), f"{of.key_type}".encode(), f"{of.revision}".encode())
    data = b"\x04" + b"".join(bytes((len(one),)) + one for one in fields) + b"\x00\x04"
    data += b"".join(bytes((len(one),)) + one for one in tail)
    pan = str(of.pan).encode()
    data += bytes((len(pan),)) + pan + (8 * size).to_bytes(4, "big")
    return hmac.digest(key, data, "sha256")[:size]


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))
