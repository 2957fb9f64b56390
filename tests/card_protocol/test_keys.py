"""Keys compute what NIST published and never show themselves."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from card_protocol.card.image import CardImage
from card_protocol.keys import Key, Purpose, derive, memory_code
from tests.card_protocol.cards import MASTER_RAW, PIN, budget_image
from tests.cells import each_cell

VECTORS = Path(__file__).parents[2] / "fixtures/vectors/nist-sp800-38b-aes128-cmac.json"
PUBLISHED: dict[str, Any] = json.loads(VECTORS.read_text())


@each_cell("vector", PUBLISHED["vectors"], ids=lambda vector: vector["name"])
def test_cmac_is_the_one_nist_published(vector):
    key = Key(bytes.fromhex(PUBLISHED["key"]))
    message, mac = bytes.fromhex(vector["message"]), bytes.fromhex(vector["mac"])
    assert key.cmac(message) == mac
    assert key.mac(message) == mac[:8]
    assert key.verify(message, mac[:8])


@each_cell("bit", range(64))
def test_one_wrong_bit_fails_the_mac(bit):
    key = Key(MASTER_RAW)
    wrong = int.from_bytes(key.mac(b"text"), "big") ^ 1 << bit
    assert not key.verify(b"text", wrong.to_bytes(8, "big"))


@each_cell("size", [0, 7, 9, 16])
def test_a_mac_of_another_size_is_wrong(size):
    key = Key(MASTER_RAW)
    assert not key.verify(b"text", key.cmac(b"text")[:size])


@each_cell("purpose", Purpose)
@each_cell("meter_id", [0, 1, 541_448_820_000_123, 2**64 - 1])
def test_derivation_is_sp_800_108_counter_mode(purpose, meter_id):
    mac = CMAC(AES(MASTER_RAW))
    context = meter_id.to_bytes(8, "big")
    mac.update(bytes((0, 0, 0, 1)) + purpose.value + b"\x00" + context + (128).to_bytes(4, "big"))
    assert derive(Key(MASTER_RAW), purpose, meter_id).raw == mac.finalize()


@each_cell("number", [0, 1, 0xFFFF, 0x1_0000, 0xFF_FFFF, 0x100_0000, 2**32 - 1])
def test_a_memory_cards_code_is_that_of_its_page(number):
    """docs/memory-card.md, The code, written out."""
    mac = CMAC(AES(MASTER_RAW))
    mac.update(b"psc" + number.to_bytes(4, "big"))
    assert memory_code(Key(MASTER_RAW), number) == mac.finalize()[:3]


def test_every_purpose_and_meter_has_its_own_key():
    master = Key(MASTER_RAW)
    keys = {derive(master, purpose, meter).raw for purpose in Purpose for meter in range(50)}
    assert len(keys) == 50 * len(Purpose)


@each_cell("size", [0, 15, 17, 32])
def test_a_key_has_sixteen_bytes(size):
    with pytest.raises(ValueError, match="a key is 16 bytes"):
        Key(bytes(size))


def renderings(thing: object) -> list[str]:
    return [repr(thing), str(thing), f"{thing}", f"{thing!r:>200}", repr([thing]), f"{(thing,)}"]


def secrets_of(image: CardImage) -> list[bytes]:
    return [image.meter_key.raw, image.desk_key.raw, image.card_key.raw, PIN.encode()]


def shows(text: str, secret: bytes) -> bool:
    forms = (secret.hex(), secret.hex(" "), repr(secret)[2:-1], str(list(secret))[1:-1])
    return any(form.lower() in text.lower() for form in forms)


def test_a_key_never_prints_itself():
    assert not any(shows(text, MASTER_RAW) for text in renderings(Key(MASTER_RAW)))


def test_an_image_prints_no_secret():
    image = budget_image()
    for text in renderings(image):
        assert not any(shows(text, secret) for secret in secrets_of(image))


@each_cell("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_image_is_never_pickled(protocol):
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(budget_image(), protocol)
