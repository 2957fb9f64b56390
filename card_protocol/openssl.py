"""The cipher library of `card_protocol.ciphers` wherever `cryptography` is there."""

from functools import lru_cache
from typing import final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFCMAC, CounterLocation, Mode


@lru_cache(maxsize=64)  # a copy of it costs a third of a new one, and a household has a dozen keys
def _begun(key: bytes) -> CMAC:
    return CMAC(AES(key))


@lru_cache(maxsize=32)  # of three records two are read again before as many others were
def _cmac(key: bytes, data: bytes) -> bytes:
    mac = _begun(key).copy()
    mac.update(data)
    return mac.finalize()


@final
class OpenSsl:
    """See `Ciphers`."""

    def cmac(self, key: bytes, data: bytes) -> bytes:
        """See `Ciphers`."""
        return _cmac(key, bytes(data))

    def derive(self, key: bytes, label: bytes, context: bytes) -> bytes:
        """See `Ciphers`."""
        kdf = KBKDFCMAC(
            algorithm=AES,
            mode=Mode.CounterMode,
            length=16,
            rlen=4,
            llen=4,
            location=CounterLocation.BeforeFixed,
            label=label,
            context=context,
            fixed=None,
        )
        return kdf.derive(key)

    def des(self, key: bytes, block: bytes) -> bytes:
        """See `Ciphers`."""
        return Cipher(TripleDES(3 * key), modes.ECB()).encryptor().update(block)  # noqa: S305  single DES it is
