"""Keys of a card and its meter: diversification and MACs, over `cryptography`.

Every key a card or a meter holds derives from the operator's master key and the meter's number,
so a card is bound to its meter and a stolen meter gives away only its own keys.
Derivation: NIST SP 800-108 in counter mode with AES-CMAC. MAC: AES-CMAC, NIST SP 800-38B,
truncated to its first eight bytes (SP 800-38B appendix A.2: at least 64 bits).
"""

from enum import Enum, unique
from functools import lru_cache
from typing import Final, NoReturn, final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode

KEY_SIZE_BYTES: Final = 16
MAC_SIZE_BYTES: Final = 8


@final
@unique
class Purpose(Enum):
    """What a diversified key is for; its value is the label of the derivation."""

    METER_AUTH = b"meter authenticates to card"
    DESK_AUTH = b"desk authenticates to card"
    CARD_AUTH = b"card authenticates to terminal"
    DESK_RECORD = b"records the desk writes"
    METER_RECORD = b"records the meter writes"
    REACTIVATION = b"reactivation token"


@final
class Key:
    """An AES-128 key; only `raw` shows its bytes: not `repr`, not `str`, and no pickle."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_SIZE_BYTES:
            raise ValueError(f"a key is {KEY_SIZE_BYTES} bytes, got {len(raw)}")
        self.raw: Final = raw

    def __repr__(self) -> str:
        return "Key(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: derive it where it is needed")

    def cmac(self, data: bytes) -> bytes:
        """Return the full 16-byte AES-CMAC of `data`."""
        mac = _begun(self.raw).copy()
        mac.update(data)
        return mac.finalize()

    def mac(self, data: bytes) -> bytes:
        """Return the eight-byte MAC of `data`."""
        return self.cmac(data)[:MAC_SIZE_BYTES]

    def verify(self, data: bytes, mac: bytes) -> bool:
        """Whether `mac` is the eight-byte MAC of `data`; compares in constant time."""
        return bytes_eq(self.mac(data), mac)


@lru_cache(maxsize=64)  # a copy of it costs a third of a new one, and a home has a dozen keys
def _begun(raw: bytes) -> CMAC:
    return CMAC(AES(raw))


@lru_cache(maxsize=64)  # a home asks for each of its keys at every visit
def derive(master: Key, purpose: Purpose, meter_id: int) -> Key:
    """Return the key of one meter for one purpose. `meter_id` is below 2**64."""
    kdf = KBKDFCMAC(
        algorithm=AES,
        mode=Mode.CounterMode,
        length=KEY_SIZE_BYTES,
        rlen=4,
        llen=4,
        location=CounterLocation.BeforeFixed,
        label=purpose.value,
        context=meter_id.to_bytes(8, "big"),
        fixed=None,
    )
    return Key(kdf.derive(master.raw))
