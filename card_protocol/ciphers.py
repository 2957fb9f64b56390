"""The one door to a cipher library: AES-CMAC, keys derived with it, and a block of DES.

`cryptography` does it, unless a program calls `use` before its first key: a browser has no build of
that library and brings an AES-CMAC of its own, which is first checked against NIST's vectors.
"""

from collections.abc import Callable
from functools import cache
from typing import Final, Protocol, TypeAlias, final

from card_protocol.errors import CipherError

Cmac: TypeAlias = Callable[[bytes, bytes], bytes]  # of a key of 16 bytes and a message: 16 bytes

# NIST SP 800-38B, D.1, examples 1 to 4 of AES-128: so many bytes of the message.
_KEY: Final = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
_MESSAGE: Final = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
_CMAC: Final = {
    0: "bb1d6929e95937287fa37d129b756746",
    16: "070a16b46b4d4144f79bdd9dd04a287c",
    40: "dfa66747de9ae63030ca32611497c827",
    64: "51f0bebf7e3b9d92fc49741779363cfe",
}


class Ciphers(Protocol):
    """What a cipher library does for this package."""

    def cmac(self, key: bytes, data: bytes) -> bytes:
        """Return the 16 bytes of AES-CMAC (NIST SP 800-38B); the key has 16 bytes."""
        ...

    def derive(self, key: bytes, label: bytes, context: bytes) -> bytes:
        """Return a key of 16 bytes: NIST SP 800-108 in counter mode with AES-CMAC.

        The counter comes first; counter and length have four bytes each.
        """
        ...

    def des(self, key: bytes, block: bytes) -> bytes:
        """Return a block of 8 bytes, encrypted by DES (FIPS 46-3); the key has 8 bytes."""
        ...


@final
class _Brought:
    """The three of them from an AES-CMAC alone."""

    def __init__(self, cmac: Cmac) -> None:
        self._cmac: Final = cmac

    def cmac(self, key: bytes, data: bytes) -> bytes:
        """See `Ciphers`."""
        return self._cmac(key, data)

    def derive(self, key: bytes, label: bytes, context: bytes) -> bytes:
        """See `Ciphers`: the first block is the whole key."""
        counter, size_bits = (1).to_bytes(4, "big"), (128).to_bytes(4, "big")
        return self._cmac(key, counter + label + b"\x00" + context + size_bits)

    def des(self, key: bytes, block: bytes) -> bytes:
        """See `Ciphers`."""
        from card_protocol.des import encrypted

        return encrypted(key, block)


_brought: list[Ciphers] = []


def use(cmac: Cmac) -> None:
    """Have this AES-CMAC serve instead of `cryptography`; raise `CipherError` if it is wrong."""
    for size, mac in _CMAC.items():
        if cmac(_KEY, _MESSAGE[:size]).hex() != mac:
            raise CipherError(f"AES-CMAC of {size} bytes differs from NIST SP 800-38B")
    _brought[:] = [_Brought(cmac)]
    chosen.cache_clear()


@cache
def chosen() -> Ciphers:
    """Return the library in use."""
    if _brought:
        return _brought[0]
    from card_protocol.openssl import OpenSsl

    return OpenSsl()
