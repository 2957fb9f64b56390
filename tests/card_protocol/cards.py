"""What the card tests share: one card, its secrets, and commands as raw bytes."""

from itertools import count

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from card_protocol.card.commands import Rng
from card_protocol.card.image import CardImage
from card_protocol.card.virtual import PlainCard, SecureCard
from card_protocol.formats.budget import DF_ELECTRICITY, Sfi
from card_protocol.formats.budget.making import (
    personalise_budget_card,
    personalise_plain_budget_card,
)
from card_protocol.keys import Key

MASTER_RAW = bytes.fromhex("4d41535445522d4b45592d54455354aa")
METER_ID = 541_448_820_000_123
PIN = "73519"
SIZES = {Sfi.IDENTITY: 48, Sfi.DESK: 64, Sfi.WRITE_BACK: 154}
SIZES_OF = {1: SIZES, 2: SIZES | {Sfi.DESK: 80}}  # by generation
RECORDS_OF = {
    generation: {sfi: bytes((sfi,)) * size for sfi, size in sizes.items()}
    for generation, sizes in SIZES_OF.items()
}
RECORDS = RECORDS_OF[1]
METER, DESK = 1, 2

SELECT_DF = bytes.fromhex("00a4000c02") + DF_ELECTRICITY.to_bytes(2, "big")
GET_CHALLENGE = bytes.fromhex("0084000008")
TERMINAL_RANDOM = bytes.fromhex("a0a1a2a3a4a5a6a7")


def budget_image(generation: int = 1) -> CardImage:
    records = RECORDS_OF[generation]
    return personalise_budget_card(
        Key(MASTER_RAW), METER_ID, records, pin=PIN, generation=generation, df=DF_ELECTRICITY
    )


def plain_image(generation: int = 1) -> CardImage:
    records = RECORDS_OF[generation]
    return personalise_plain_budget_card(records, generation=generation, df=DF_ELECTRICITY)


def plain_powered(image: CardImage | None = None, *, t0: bool = False) -> PlainCard:
    card = PlainCard(image or plain_image(), t0=t0)
    card.power_on()
    return card


def counting_rng() -> Rng:
    """Different bytes every time and the same ones in every run."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big")


def powered(image: CardImage | None = None, *, t0: bool = False) -> SecureCard:
    card = SecureCard(image or budget_image(), counting_rng(), t0=t0)
    card.power_on()
    return card


def mac8(key: Key, text: bytes) -> bytes:
    """The oracle: straight from the library, past our own module."""
    mac = CMAC(AES(key.raw))
    mac.update(text)
    return mac.finalize()[:8]


def role_key(image: CardImage, role: int) -> Key:
    return {METER: image.meter_key, DESK: image.desk_key}[role]


def proof_command(image: CardImage, role: int, card_random: bytes) -> bytes:
    """EXTERNAL AUTHENTICATE with the right proof, written out from the interface description."""
    text = b"ext" + bytes((role,)) + card_random + TERMINAL_RANDOM
    data = TERMINAL_RANDOM + mac8(role_key(image, role), text)
    return bytes((0x00, 0x82, 0x00, role, len(data))) + data


def authenticate(card: SecureCard, role: int) -> None:
    card_random = card.transmit(GET_CHALLENGE)[:-2]
    assert card.transmit(proof_command(card.image, role, card_random)) == b"\x90\x00"


def wrong_proof(card: SecureCard, role: int) -> bytes:
    card.transmit(GET_CHALLENGE)
    return card.transmit(bytes((0x00, 0x82, 0x00, role, 16)) + bytes(16))


def verify_command(pin: str) -> bytes:
    return bytes((0x00, 0x20, 0x00, 0x01, len(pin))) + pin.encode()


def read_command(sfi: int, size: int, offset: int = 0) -> bytes:
    return bytes((0x00, 0xB0, 0x80 | sfi, offset, size))


def update_command(sfi: int, data: bytes, offset: int = 0) -> bytes:
    return bytes((0x00, 0xD6, 0x80 | sfi, offset, len(data))) + data
