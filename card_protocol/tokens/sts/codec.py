"""Twenty digits to a record and back: class, cipher, CRC, fields, as a meter checks them."""

from hmac import compare_digest
from typing import Final

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.crc import crc_of
from card_protocol.tokens.sts.digits import extract_class, insert_class
from card_protocol.tokens.sts.fields import StsRecord, class_of, pack, unpack
from card_protocol.tokens.sts.keys import DecoderKey

_CLEAR_CLASS: Final = 1  # meter tests are not encrypted: any meter obeys them


def decode_sts(digits: str, key: DecoderKey | None) -> StsRecord:
    """Return what the token of 20 `digits` says, decrypted with `key`.

    Without a key only class 1, which is not encrypted, can be decoded.

    Raises:
        TokenError: The token is none; `check` is the first check that failed: digits, range, class,
            key, CRC, subclass, register, padding.
    """
    token_class, block = extract_class(digits)
    if token_class == 3:
        raise TokenError("class", "3 is reserved")
    under = "not encrypted"
    if token_class != _CLEAR_CLASS:
        if key is None:
            raise TokenError("key", f"class {token_class} is encrypted: expected the decoder key")
        block = key.block_cipher.decrypt(block)
        under = f"decrypted by {key.cipher.name} under this decoder key"
    upper, said = block >> 16, block & 0xFFFF
    want = crc_of(token_class, upper)
    if not compare_digest(said.to_bytes(2, "big"), want.to_bytes(2, "big")):
        raise TokenError(
            "CRC", f"class {token_class}, {under}: it has {said:04X}, expected {want:04X}"
        )
    return unpack(token_class, upper)


def encode_sts(record: StsRecord, key: DecoderKey | None) -> str:
    """Return the 20 digits of `record`, encrypted with `key`; class 1 needs none.

    Raises:
        TokenError: A field does not fit its bits, or the key is missing.
    """
    token_class, upper = class_of(record), pack(record)
    block = upper << 16 | crc_of(token_class, upper)
    if token_class != _CLEAR_CLASS:
        if key is None:
            raise TokenError("key", f"class {token_class} is encrypted: expected the decoder key")
        block = key.block_cipher.encrypt(block)
    return insert_class(token_class, block)
