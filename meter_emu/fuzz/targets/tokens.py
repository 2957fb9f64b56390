"""Targets in tokens: digits as anybody types them, and clear blocks with every check put right."""

from functools import cache
from hashlib import sha256
from itertools import islice
from typing import Final

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import (
    EXTENDED,
    STANDARD,
    PaygoKey,
    PaygoSeed,
)
from card_protocol.tokens.openpaygo.counter import PaygoCounter, PaygoKind
from card_protocol.tokens.openpaygo.decode import PaygoAnswer, PaygoOutcome, decode_openpaygo
from card_protocol.tokens.openpaygo.keypad import keyed, read_digits
from card_protocol.tokens.sts.amount import amount_of, code_of
from card_protocol.tokens.sts.codec import decode_sts, encode_sts
from card_protocol.tokens.sts.crc import crc_of
from card_protocol.tokens.sts.digits import insert_class
from card_protocol.tokens.sts.fields import KeyPart, StsCredit, StsKeySection, StsRecord
from card_protocol.tokens.sts.key_change import join_sections, key_change_tokens
from card_protocol.tokens.sts.keys import DecoderKey
from card_protocol.tokens.sts.meter_pan import PAN_DIGITS, luhn, parse_pan
from meter_emu.fuzz.models.token_rules import (
    PaygoDevice,
    pan_holds,
    paygo_chain,
    paygo_code,
    paygo_says,
    sts_amount,
    sts_crc,
    sts_fields,
    sts_parts,
)
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.target import FuzzField, Target, last_bytes

# Published test keys, as `meter-emu sts` and `openpaygo` have them for their defaults.
_KEYS: Final = tuple(
    DecoderKey(bytes.fromhex(one))
    for one in ("0ABC12DEF3456789", "F94B6ED353C3BFDB113E2D3A7EA3C41D")
)
_SEED: Final = PaygoSeed(PaygoKey(bytes.fromhex("A29AB82EDC5FBBC41EC9530F6DAC86B1")), 123_456_789)
_CIPHER_BLOCKS: Final = 512  # ours: with them each entry of each table was used
_CIPHERED: Final = ("1be1f7fe74fe1e92", "61b745d5d0044c73")  # the digests' first bytes
_UPPER_BYTES: Final = 6
_BLOCK_BYTES: Final = 9  # key and class in one, six of fields, two of CRC
_SECTION_BYTES: Final = 7
_PAYGO_BYTES: Final = 9


@cache
def _ciphers_hold() -> bool:
    """Whether each cipher, over blocks that use all of its tables, is that of published tokens."""
    blocks = [at * 0x9E3779B97F4A7C15 % (1 << 64) for at in range(_CIPHER_BLOCKS)]
    for key, known in zip(_KEYS, _CIPHERED, strict=True):
        coded = [key.block_cipher.encrypt(block) for block in blocks]
        if [key.block_cipher.decrypt(block) for block in coded[:64]] != blocks[:64]:
            return False
        if sha256(b"".join(block.to_bytes(8, "big") for block in coded)).hexdigest()[:16] != known:
            return False
    return True


def _sts_digits(data: bytes, _build: str) -> None:
    text = data.decode("latin-1")
    parts = sts_parts(text)
    try:
        record = decode_sts(text, _KEYS[0])
    except TokenError as error:
        note(error.check)
        must(str(error).startswith(error.check), "a refusal begins with the check that failed")
        early = error.check in {"digits", "range"}
        must(early == (parts is None), "what is not 66 bits is refused as such, and nothing else")
        if parts is not None and error.check == "CRC":
            clear = parts[1] if parts[0] == 1 else _KEYS[0].block_cipher.decrypt(parts[1])
            must(clear & 0xFFFF != sts_crc(parts[0], clear >> 16), "a CRC that is right holds")
        return
    note("taken")
    must(parts is not None, "what is taken is 66 bits")
    must(encode_sts(record, _KEYS[0]) == text, "a token is the same digits when it is made again")


def _sts_block(data: bytes, _build: str) -> None:
    """The first byte chooses key and class; then come the fields, and the CRC as it is sent."""
    if len(data) != _BLOCK_BYTES:
        return
    token_class, key = data[0] & 3, _KEYS[data[0] >> 2 & 1]
    upper, crc = int.from_bytes(data[1:7], "big"), int.from_bytes(data[7:], "big")
    block = upper << 16 | crc
    digits = insert_class(
        token_class, block if token_class == 1 else key.block_cipher.encrypt(block)
    )
    must(_ciphers_hold(), "a cipher codes as it did when published tokens were read by it")
    holds, fields = crc == sts_crc(token_class, upper), sts_fields(token_class, upper)
    cipher = block if token_class == 1 else key.block_cipher.encrypt(block)
    must(sts_parts(digits) == (token_class, cipher), "digits hold class and block")
    try:
        record = decode_sts(digits, key)
    except TokenError as error:
        note(error.check)
        first = "class" if token_class == 3 else "CRC" if not holds else "fields"
        must({"class": "class", "CRC": "CRC"}.get(error.check, "fields") == first,
             "the first check that fails is what is refused")  # fmt: skip
        must(not holds or fields is None, "what is right is not refused")
        return
    note("taken")
    must(holds, "what is taken has a right CRC")
    said: tuple[int, ...] | StsRecord = record
    if isinstance(record, StsKeySection):
        said = (record.number, record.head, int.from_bytes(record.part.raw, "big"))
    must(said == fields, "a record says what its bits say", f"{said}, expected {fields}")
    if isinstance(record, StsCredit):
        must(record.amount == sts_amount(record.code), "and its amount is that of its code")
    must(encode_sts(record, key) == digits, "a token is the same digits when it is made again")


def _sealed_block(data: bytes) -> bytes:
    if len(data) != _BLOCK_BYTES:
        return data
    return data[:7] + crc_of(data[0] & 3, int.from_bytes(data[1:7], "big")).to_bytes(2, "big")


def _key_change(data: bytes, _build: str) -> None:
    """Up to eight sections, each a number (one of 256 is none), 12 bits and a part of a key."""
    sections = []
    for at in range(0, len(data) - _SECTION_BYTES + 1, _SECTION_BYTES):
        one = data[at : at + _SECTION_BYTES]
        head = int.from_bytes(one[1:3], "big") & 0xFFF
        sections.append(StsKeySection(1 + one[0] % 4, head, KeyPart(one[3:])))
    try:
        change = join_sections(sections)
    except TokenError as error:
        note(error.check)
        numbers = sorted(one.number for one in sections)
        heads = {one.number: one.head for one in sections}
        right = numbers in ([1, 2], [1, 2, 3, 4]) and heads[1] & 3 and heads[2] & 0xFF < 100
        group = heads.get(4, 0) << 12 | heads.get(3, 0)
        must(not right or group > 999_999, "sections that make a key are not refused", str(error))
        return
    note("taken")
    heads = {one.number: one.head for one in sections}
    parts = {one.number: one.part.raw for one in sections}
    order = (1, 3, 4, 2) if len(sections) > 2 else (1, 2)
    must(change.key.raw == b"".join(parts[number] for number in order), "the key is in order")
    said = (change.ken, change.revision, change.rollover, change.third, change.key_type)
    bits = f"{heads[1]:012b}"
    want = (int(bits[:4], 2) << 4 | heads[2] >> 8, int(bits[4:8], 2), bits[8] == "1",
            bits[9] == "1", int(bits[10:], 2))  # fmt: skip
    must(said == want, "the first section says number, revision, roll-over and type", f"{said}")
    must(change.tariff_index == heads[2] % 256, "and the second the tariff")
    supplied = f"{heads[4] << 12 | heads[3]:06}" if len(sections) > 2 else None
    must(change.supply_group == supplied, "and the last two the supply group")
    under = _KEYS[len(sections) > 2]
    again = [decode_sts(token, under) for token in key_change_tokens(change, under)]
    must(sorted(sections) == sorted(again), "a change is the same tokens when it is made again")


def _meter_pan(data: bytes, _build: str) -> None:
    text = data.decode("latin-1")
    try:
        pan = parse_pan(text)
    except TokenError as error:
        note(error.check)
        must(not pan_holds(text), "a MeterPAN of which both check digits hold is not refused")
        return
    note("taken")
    must(str(pan) == text, "a MeterPAN is the same digits when it is written again")
    must(pan_holds(text), "both check digits hold")


def _sealed_pan(data: bytes) -> bytes:
    if len(data) != PAN_DIGITS or not data.isdigit():
        return data
    text = data.decode()
    split = 4 if text.startswith("0000") else 6
    number = text[split:-2] + luhn(text[split:-2])
    return (text[:split] + number + luhn(text[:split] + number)).encode()


def _paygo_digits(data: bytes, _build: str) -> None:
    """The first byte says which keypad; the rest is typed."""
    restricted, text = bool(data[:1] and data[0] & 1), data[1:].decode("latin-1")
    try:
        code, form = read_digits(text, restricted=restricted)
    except TokenError as error:
        note(error.check)
        must(paygo_code(text, restricted=restricted) is None, "what is a code is not refused")
        return
    must(code == paygo_code(text, restricted=restricted), "digits are read as the code they are")
    must(keyed(code, form, restricted=restricted) == text, "digits are typed as they were read")
    counter = PaygoCounter(2)
    answer = decode_openpaygo(text, _SEED, counter, restricted=restricted)
    taken = answer.outcome is PaygoOutcome.TAKEN
    note(answer.outcome.name)
    must(taken or answer.after == counter, "what is refused leaves the counter as it was")


def _paygo_token(data: bytes, _build: str) -> None:
    """A device's counter, and a token of any value and count; a last byte changes it."""
    if len(data) != _PAYGO_BYTES:
        return
    long, restricted = bool(data[0] & 1), bool(data[0] & 2)
    form = EXTENDED if long else STANDARD
    used = {data[1] - at for at in range(16) if int.from_bytes(data[2:4], "big") >> at & 1}
    counter = PaygoCounter(data[1], frozenset(one for one in used if one >= 0))
    value = int.from_bytes(data[4:7], "big") % form.values
    count, change = data[7], data[8] & 7
    last = (_SEED.starting_code + value) % form.values
    codes = paygo_chain(_SEED.key.raw, _SEED.starting_code, last, long=long)
    code = next(islice(codes, count, None))
    text = keyed((code + change * form.values) % (form.code_max + 1), form, restricted=restricted)
    first = decode_openpaygo(text, _SEED, counter, restricted=restricted)
    note(first.outcome.name)
    device = PaygoDevice(counter.count, counter.used)
    if change or first.count not in {None, count}:  # by chance another count may give these digits
        must(first.outcome is PaygoOutcome.INVALID or _gives(text, first, last, long=long),
             "no count gives a token that was changed")  # fmt: skip
        want, after = first.outcome.name, device
        if first.count is not None:
            want, after = paygo_says(device, value, first.count, long=long)
    else:
        want, after = paygo_says(device, value, count, long=long)
    said = (first.outcome.name, first.after.count, first.after.used)
    must(said == (want, *after), "a device takes what its counter says, and counts it",
         f"{said}, expected {(want, *after)}")  # fmt: skip
    if first.outcome is PaygoOutcome.TAKEN:
        second = decode_openpaygo(text, _SEED, first.after, restricted=restricted)
        again = second.outcome is PaygoOutcome.TAKEN and second.count == first.count
        must(not again or first.kind is PaygoKind.COUNTER_SYNC, "no token is taken twice")


def _gives(text: str, answer: PaygoAnswer, last: int, *, long: bool) -> bool:
    """Whether the count that a device found gives these digits."""
    codes = paygo_chain(_SEED.key.raw, _SEED.starting_code, last, long=long)
    code = next(islice(codes, answer.count, None))
    form = EXTENDED if long else STANDARD
    return text in {keyed(code, form, restricted=restricted) for restricted in (False, True)}


def _amount(data: bytes, _build: str) -> None:
    """Four bytes of an amount: the least code that is not less."""
    amount = int.from_bytes(data[:4], "big")
    try:
        code = code_of(amount)
    except TokenError as error:
        note(error.check)
        must(amount > sts_amount(0xFFFF), "an amount that a code can say is not refused")
        return
    note(f"exponent {code >> 14}")
    must(sts_amount(code) >= amount, "the buyer gets no less")
    must(not code or sts_amount(code - 1) < amount, "and as little more as there can be")
    must(amount_of(code) == sts_amount(code), "a code is the amount of its mantissa and exponent")


def _blocks() -> tuple[bytes, ...]:
    """Right blocks of each class and key, some refused for their fields, and one of a wrong CRC."""
    uppers = [0x0B19EB230100, 0x100000000100, 0x15A32D62FFFF, 0x15A32D620008, 0x5FA32D620001]
    uppers += [0x3F12060B8643, 0x4F02C59A27F1, 0x824172EF892E, 0x901EF6E04C28]
    uppers += [0x4B19EB230100, 0x8B19EB230100, 0xA00000000000, 0x200000000001]
    right = [
        _sealed_block(bytes((which,)) + upper.to_bytes(_UPPER_BYTES, "big") + bytes(2))
        for which in range(8)
        for upper in uppers
    ]
    return (*right, right[0][:-1] + b"\0")


_TOKENS: Final = (
    b"29054347139309851356", b"00000000000150997584", b"51638423060042734509",
    b"36190854030032778902", b"73786976294838206464", b"2905434713930985135",
    b"29054347139309851357",
)  # fmt: skip

_CHANGES: Final = (
    "000f12060b8643 010f02c59a27f1",
    "000a7214bd465d 010a0111d142f9 020241fa42bccf 03001e419b85f1",
    "000f10060b8643 010f02c59a27f1",
    "000f12060b8643 010f64c59a27f1",
    "000f12060b8643",
)  # the published two and four, and those of a factory's type, a wrong tariff index, and of one

_KEYED: Final = (
    b"\x00662486790", b"\x00942433796", b"\x00650975787", b"\x01324244134441123",
    b"\x00247264959011", b"\x0114323213131442331314", b"\x01444444444444444",
    b"\x01434323213344444", b"\x01434323213411111", b"\x00999999999", b"\x00999999999999",
)  # fmt: skip

_DEVICES: Final = (
    "00 01 0000 000001 02 00", "00 28 0005 000001 1a 00", "00 28 0005 0003e6 29 00",
    "00 28 0005 0003e7 0a 00", "00 28 0005 0003e4 29 00", "01 28 0005 0f4240 2a 00",
    "03 28 0005 000001 28 00", "02 28 0005 000001 2a 01",
)  # fmt: skip

TARGETS: Final = (
    Target(
        id="sts-digits",
        asks="an STS token as anybody types it",
        oracles="refused where it is not 66 bits; the same digits when it is made again",
        reaches=("taken", "digits", "range", "CRC"),
        size_max=24,
        check=_sts_digits,
        seeds=lambda: _TOKENS,
        words=_TOKENS,
    ),
    Target(
        id="sts-block",
        asks="the class, fields and CRC of an STS token, under two keys",
        oracles="refused by the first check that fails, or what its bits say; the same again",
        reaches=("taken", "CRC", "class", "subclass", "register", "padding"),
        size_max=_BLOCK_BYTES,
        check=_sts_block,
        seeds=_blocks,
        slots=lambda _data: [
            FuzzField(0, 1, tuple(bytes((one,)) for one in range(8))),
            FuzzField(1, 1, tuple(bytes((one << 4,)) for one in range(16))),
            FuzzField(5, 2, (b"\x00\x00", b"\x00\x07", b"\x00\x08", b"\xff\xff")),
        ],
        seal=_sealed_block,
        tags=last_bytes(2),
        fixed=True,
    ),
    Target(
        id="sts-amount",
        asks="an amount in tenths",
        oracles="the least code that is not less; refused above the largest",
        reaches=("amount", *(f"exponent {one}" for one in range(4))),
        size_max=4,
        check=_amount,
        seeds=lambda: tuple(
            (at + step).to_bytes(4, "big")
            for at in (16_384, 180_224, 1_818_624, 18_201_624) for step in (-1, 0, 1)
        ),
    ),
    Target(
        id="sts-key-change",
        asks="sections of an STS key change, in any order and number",
        oracles="refused, or what its bits say; the same tokens when the change is made again",
        reaches=("taken", "sections", "key type", "tariff index"),
        size_max=8 * _SECTION_BYTES,
        check=_key_change,
        seeds=lambda: tuple(map(bytes.fromhex, _CHANGES)),
    ),
    Target(
        id="sts-meter-pan",
        asks="a MeterPAN, any text",
        oracles="refused, or the same digits again, with two check digits that hold",
        reaches=("taken", "MeterPAN"),
        size_max=20,
        check=_meter_pan,
        seeds=lambda: (b"600727000000000009", b"000001000000000082", b"600727000000000008"),
        seal=_sealed_pan,
        tags=last_bytes(2),
    ),
    Target(
        id="openpaygo-digits",
        asks="an OpenPAYGO token as anybody types it, on either keypad",
        oracles="refused, or typed as it was read; what is refused leaves the counter",
        reaches=("TAKEN", "range"),
        size_max=24,
        check=_paygo_digits,
        seeds=lambda: _KEYED,
    ),
    Target(
        id="openpaygo-token",
        asks="a device's counter, and a token of any value and count",
        oracles="taken and counted as the counter says; none is taken twice",
        reaches=("TAKEN", "USED", "INVALID", "RESERVED"),
        size_max=_PAYGO_BYTES,
        check=_paygo_token,
        seeds=lambda: tuple(map(bytes.fromhex, _DEVICES)),
        slots=lambda data: [
            FuzzField(4, 3, (b"\0\3\xe3", b"\0\3\xe4", b"\0\3\xe6", b"\0\3\xe7")),
            FuzzField(7, 1, tuple(
                bytes(((data[1] + step) % 256,)) for step in (-64, -16, -14, -1, 0, 1, 64, 65, 100)
            )),
        ] if len(data) == _PAYGO_BYTES else [],
        fixed=True,
    ),
)  # fmt: skip
