"""An AES-CMAC from elsewhere serves as `cryptography` does, or is refused; so does our DES."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from hypothesis import given
from hypothesis import strategies as st

from card_protocol import ciphers
from card_protocol.des import encrypted
from card_protocol.errors import CipherError
from card_protocol.openssl import OpenSsl


def by_hand(key: bytes, data: bytes) -> bytes:
    """AES-CMAC by the steps of NIST SP 800-38B, 6.1 and 6.2, over single blocks of AES."""

    def aes(block: int) -> int:
        out = Cipher(AES(key), modes.ECB()).encryptor().update(block.to_bytes(16, "big"))
        return int.from_bytes(out, "big")

    def doubled(value: int) -> int:
        return (value << 1 ^ (0x87 if value >> 127 else 0)) & (1 << 128) - 1

    whole = bool(data) and len(data) % 16 == 0
    subkey = doubled(aes(0)) if whole else doubled(doubled(aes(0)))
    padded = data if whole else (data + b"\x80").ljust(-(-(len(data) + 1) // 16) * 16, b"\x00")
    blocks = [int.from_bytes(padded[at : at + 16], "big") for at in range(0, len(padded), 16)]
    blocks[-1] ^= subkey
    chained = 0
    for block in blocks:
        chained = aes(chained ^ block)
    return chained.to_bytes(16, "big")


@pytest.fixture
def _as_before() -> Iterator[None]:
    yield
    ciphers._brought.clear()
    ciphers.chosen.cache_clear()


@pytest.mark.slow("a hundred keys, by single blocks")
@given(st.binary(min_size=16, max_size=16), st.binary(max_size=80))
def test_two_make_the_same_mac(key: bytes, data: bytes) -> None:
    assert by_hand(key, data) == OpenSsl().cmac(key, data)


@pytest.mark.usefixtures("_as_before")
def test_what_is_brought_derives_the_same_keys_and_encrypts_the_same_blocks() -> None:
    key, block, library = bytes(range(16)), bytes(range(8)), OpenSsl()
    ciphers.use(by_hand)
    brought = ciphers.chosen()
    assert not isinstance(brought, OpenSsl)
    for label, context in ((b"", b""), (b"records the desk writes", b"\x00\x01"), (b"x", key)):
        assert brought.derive(key, label, context) == library.derive(key, label, context)
    assert brought.cmac(key, b"data") == library.cmac(key, b"data")
    assert brought.des(block, block) == library.des(block, block)


@pytest.mark.usefixtures("_as_before")
def test_one_turned_bit_anywhere_is_refused_and_nothing_changes() -> None:
    library = OpenSsl()
    for size in (0, 16, 40, 64):
        for place in range(128):

            def wrong(key: bytes, data: bytes, size: int = size, place: int = place) -> bytes:
                mac = int.from_bytes(library.cmac(key, data), "big")
                turned = mac ^ 1 << place if len(data) == size else mac
                return turned.to_bytes(16, "big")

            with pytest.raises(CipherError, match=f"of {size} bytes"):
                ciphers.use(wrong)
    assert isinstance(ciphers.chosen(), OpenSsl)


# NIST SP 800-20, first rows of tables A.1 to A.4: key, block, encrypted block.
_PUBLISHED = """
0101010101010101 8000000000000000 95f8a5e5dd31d900
8001010101010101 0000000000000000 95a8d72813daa94d
1046913489980131 0000000000000000 88d55e54f54c97b4
7ca110454a1a6e57 01a1d6d039776742 690f5b0d9a26939b
"""


def test_des_is_that_of_its_standard() -> None:
    rows = [[bytes.fromhex(word) for word in row.split()] for row in _PUBLISHED.split("\n") if row]
    assert len(rows) == 4
    for key, block, want in rows:
        assert encrypted(key, block) == want == OpenSsl().des(key, block)


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=8, max_size=8))
def test_des_judges_the_librarys_and_the_other_way(key: bytes, block: bytes) -> None:
    library = Cipher(TripleDES(3 * key), modes.ECB()).encryptor().update(block)
    assert encrypted(key, block) == library


def test_des_takes_eight_bytes_and_nothing_else() -> None:
    for key, block in ((bytes(7), bytes(8)), (bytes(8), bytes(9)), (b"", b"")):
        with pytest.raises(ValueError, match="8 bytes each"):
            encrypted(key, block)
