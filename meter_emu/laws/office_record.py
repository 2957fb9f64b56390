"""What the office writes: each byte of its records, as `docs/card-format.md` says, and their seals.

Offsets, letters, labels and MACs are written here again; the MAC is NIST's AES-CMAC alone.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain
from random import Random
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from card_protocol.card.image import CardImage, CardKind
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import Sfi
from card_protocol.formats.budget.compact import DESK_AT, DESK_PART
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Account, Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import DeskError
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial, chance
from meter_emu.world.rehearsal.engine import rig_of
from meter_emu.world.rehearsal.rig import Rig

_NAMES: Final = (
    "magic generation flags loaded count order defer cut token tariff price night factor"
)
_DESK: Final = {1: struct.Struct(">2sBBIII5s5s8sHIIHII2s"),
                2: struct.Struct(">2sBBIIII5sI5sB8sHIIHII9s")}  # fmt: skip
_FIELDS: Final = {
    1: (*_NAMES.split(), "issued", "seen", "reserved"),
    2: ("magic", "generation", "flags", "loaded", "count", "order", "defer_min", "defer", "cut_min",
        "cut", "zone", "token", "tariff", "price", "night", "factor", "issued", "seen", "reserved"),
}  # fmt: skip
_IDENTITY: Final = struct.Struct(">2sBBQQII5sIB2s")
_NONE, _NO_TOKEN, _NO_MINUTE = b"\xff" * 5, b"\xff" * 8, 0xFFFF_FFFF
_LETTERS: Final = {CardKind.SECURE: b"S", CardKind.PLAIN: b"P", CardKind.MEMORY: b"M"}
RECORDS, _TOKENS = b"records the desk writes", b"reactivation token"
_BY_METER: Final = b"records the meter writes"
_BY_CARD: Final = b"card authenticates to terminal"
_PREPAYMENT, _LIMITER = 0x01, 0x02
_VISITS: Final = 8


@dataclass(frozen=True, slots=True)
class _Card:
    """A card, and whose it is; `card` is what a terminal is put on."""

    card: VirtualCard
    meter_id: int
    number: int

    @property
    def image(self) -> CardImage:
        """Its image, of a card with files."""
        assert isinstance(self.card.image, CardImage), "a memory card has parts and no records"
        return self.card.image

    @property
    def head(self) -> bytes:
        """The bytes before each record in its MAC."""
        return struct.pack(">QI", self.meter_id, self.number) + _LETTERS[self.card.image.kind]


def _cmac(key: bytes, text: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(text)
    return mac.finalize()


def mac(label: bytes, meter_id: int, text: bytes) -> bytes:
    """Return a MAC by a meter's key of this label: SP 800-108, one block of a counter."""
    fixed = label + b"\0" + struct.pack(">Q", meter_id) + struct.pack(">I", 128)
    key = _cmac(TEST_MASTER_KEY.raw, struct.pack(">I", 1) + fixed)
    return _cmac(key, text)[:8]


def order_text(meter_id: int, desk: Any) -> bytes:  # noqa: ANN401  of either generation
    """Return the text of an order's MAC: docs/card-format.md, "order_mac"."""
    minutes = [getattr(desk, name, _NO_MINUTE) for name in ("defer_min", "cut_min")]
    return struct.pack(
        ">Q5sIB5sI5sIB8sHIIH", meter_id, b"order", desk.order_number, desk.flags,
        desk.defer_until, minutes[0], desk.cut_at, minutes[1], getattr(desk, "zone_rule", 0xFF),
        desk.token, desk.tariff_number, desk.price_ueur_per_wh, desk.night_price_ueur_per_wh,
        desk.mwh_per_unit,
    )  # fmt: skip


@law_with_runs(
    id="office-record",
    properties=("P4", "P13"),
    presumes="our office, with or without defects",
    one_in=20,
)
def office_record(trial: Trial) -> Finding:
    """The office writes each byte as the page says, and reads no record with a bit changed."""
    random = chance(trial, "visits")
    rig = rig_of(trial.household, trial.campaign)
    image = rig.first_card().image
    account = _account(rig, image)
    card = _Card(card_of(image, rig.challenge), rig.meter_id, account.identity.card_number)
    held = _held(card) if image.kind is not CardKind.MEMORY else None
    minute = rig.now_min
    for _ in range(_VISITS):
        work, minute = _drawn(random, rig), minute + random.randrange(2)  # or in the same minute
        before = _account(rig, card.card.image)
        rig.serve(card.card, work, minute)
        after = _account(rig, card.card.image)
        want = _after(held or _of(before.desk), work, minute, rig)
        held = want if held else None
        words = next(
            chain(_differs(card, _of(after.desk), want), _replaced(rig, after, minute)), None
        )
        if words is not None:
            return Broken(f"the office writes {words}")
    parts = _forged(rig, card, random), _seen(rig, card, random), _new(rig), _new_memory_card(rig)
    words = next(chain(*parts), None)
    return None if words is None else Broken(words)


def _account(rig: Rig, image: Any) -> Any:  # noqa: ANN401  of a card of any kind
    card = card_of(image, rig.challenge)
    card.power_on()
    return rig.desk.account(card.transmit)


def _held(card: _Card) -> dict[str, Any]:
    """Return the desk's record on a card, by its bytes."""
    raw = record_on(card.image, Sfi.DESK)
    return dict(zip(_FIELDS[raw[2]], _DESK[raw[2]].unpack(raw[:-8]), strict=True))


_AS: Final = {
    "magic": "magic", "generation": "generation", "flags": "flags", "loaded": "loaded_cents",
    "count": "load_count", "order": "order_number", "defer_min": "defer_min",
    "defer": "defer_until", "cut_min": "cut_min", "cut": "cut_at", "zone": "zone_rule",
    "token": "token", "tariff": "tariff_number", "price": "price_ueur_per_wh",
    "night": "night_price_ueur_per_wh", "factor": "mwh_per_unit", "issued": "issued_at_min",
    "seen": "seen_session", "reserved": "reserved",
}  # fmt: skip


def _of(record: Any) -> dict[str, Any]:  # noqa: ANN401  of either generation
    """Return the desk's record as the office read it."""
    return {name: getattr(record, _AS[name]) for name in _FIELDS[record.generation]}


def _drawn(random: Random, rig: Rig) -> Work:
    """Return what a household may ask for at one visit, each thing apart from the others.

    Noon is never an hour that comes twice. Of T1 and T2 alone no other can be on the wrong side.
    """
    year = random.choice((2000, 2024, 2069, 2070, 2099))
    t1 = Civil(year, random.randrange(1, 12), random.randrange(1, 29), 12, random.randrange(60))
    ends: dict[str, Any] = random.choice(
        (
            {},
            {},
            {"defer_until": t1, "cut_at": t1._replace(month=t1.month + 1)},
            {"defer_until": t1._replace(year=2000, month=1)},
            {"cut_at": t1._replace(year=2099, month=12)},
            {"reactivate": True},
        )
    )
    roomy = rig.household.carrier is not CardKind.MEMORY  # which has two bytes for a price
    price = random.choice((1, 250, 2**32 - 1 if roomy else 2**16 - 1))
    night = random.choice((1, price)) if rig.household.model.measures.nights else None
    tariff = Pricing.of(random.choice((1, 65_535)), price, night)
    limits = (True, False) if rig.household.model.measures.limiter else (False,)
    work = Work(
        **ends,
        load_cents=random.choice((0, 0, 500, 25_000)),
        tariff=random.choice((None, None, tariff)),
        prepayment=random.choice((None, None, True, False)),
        limiter=random.choice((None, None, *limits)),
    )
    return work if work.orders else replace(work, load_cents=work.load_cents or 777)


def _after(was: dict[str, Any], work: Work, minute: int, rig: Rig) -> dict[str, Any]:
    """Return what the record has to hold after a visit."""
    now = {**was, "loaded": was["loaded"] + work.load_cents, "issued": minute}
    now["count"] += work.load_cents > 0
    if work.tariff is not None:
        now["tariff"], now["price"], now["night"] = work.tariff
    flagged = work.prepayment is not None or work.limiter is not None
    if not (work.tariff or work.reactivate or work.defer_until or work.cut_at or flagged):
        return now
    now["order"] += 1
    for flag, on in ((_PREPAYMENT, work.prepayment), (_LIMITER, work.limiter)):
        if on is not None:
            now["flags"] = now["flags"] & ~flag | flag * on
    if work.reactivate:
        now |= {"defer": _NONE, "cut": _NONE}
        now |= {"defer_min": _NO_MINUTE, "cut_min": _NO_MINUTE} if "zone" in now else {}
    for name, when in (("defer", work.defer_until), ("cut", work.cut_at)):
        if when is not None:
            digits = "".join(f"{part % 100:02}" for part in when)
            now |= {name: bytes.fromhex(digits), "token": _NO_TOKEN}
            if "zone" in now:
                now[f"{name}_min"] = _minute(when, rig)
    if work.reactivate or now["token"] != _NO_TOKEN:
        text = struct.pack(">QI", rig.meter_id, now["order"]) + b"cancels T1 and T2"
        now["token"] = mac(_TOKENS, rig.meter_id, text)
    return now


def _minute(when: Civil, rig: Rig) -> int:
    instant = datetime(*when, tzinfo=rig.zone.info).astimezone(UTC)
    return (instant - datetime(2000, 1, 1, tzinfo=UTC)) // timedelta(minutes=1)


def _differs(card: _Card, read: dict[str, Any], want: dict[str, Any]) -> Iterator[str]:
    for name, value in want.items():
        if read[name] != value:
            yield f"{name} {read[name]!r}, and it should be {value!r}"
    if card.card.image.kind is CardKind.MEMORY:
        return
    raw = record_on(card.image, Sfi.DESK)
    body = _DESK[want["generation"]].pack(*want.values())
    if raw != body + mac(RECORDS, card.meter_id, card.head + body):
        yield f"{raw.hex()} as its record"
    raw = record_on(card.image, Sfi.IDENTITY)
    fields = _IDENTITY.unpack(raw[:-8])
    named = (b"BI", want["generation"], card.meter_id, card.number, b"\xff" * 2)
    if (*fields[:2], fields[3], fields[5], fields[10]) != named:
        yield f"{raw.hex()} as its identity"
    if raw[-8:] != mac(RECORDS, card.meter_id, card.head + raw[:-8]):
        yield "an identity under another MAC"


def _seen(rig: Rig, card: _Card, random: Random) -> Iterator[str]:
    """The office notes the last session that a meter wrote back, and none that has another MAC."""
    if card.card.image.kind is CardKind.MEMORY:
        return
    size, seen = len(record_on(card.image, Sfi.WRITE_BACK)), _held(card)["seen"]
    for session, genuine in ((9, True), (3, True), (12, False), (2**32 - 1, True)):
        head = struct.pack(">2sBBQI", b"BB", _held(card)["generation"], 1, card.meter_id, session)
        body = head.ljust(size - 8, b"\0")
        seal = mac(_BY_METER, card.meter_id, card.head + body)
        wrong = bytes((seal[0] ^ 1 << random.randrange(8),)) + seal[1:]
        image = with_record(card.image, Sfi.WRITE_BACK, body + (seal if genuine else wrong))
        card = replace(card, card=card_of(image, rig.challenge))
        rig.serve(card.card, Work(load_cents=500), rig.now_min)
        seen = max(seen, session) if genuine else seen
        if _held(card)["seen"] != seen:
            yield f"the office has seen session {_held(card)['seen']}, and {seen} is right"


def _replaced(rig: Rig, account: Account, minute: int) -> Iterator[str]:
    """A card in place of a lost one brings all that the lost one would have, and is newer."""
    number, kind = account.identity.card_number + 1, rig.household.carrier
    image = rig.desk.reissue(account, card_number=number, issued_at_min=minute, card_kind=kind)
    anew = _account(rig, image)
    was, now = _of(account.desk), _of(anew.desk)
    if anew.identity.card_number != number:
        yield f"card {anew.identity.card_number} in place of card {number - 1}"
    for name in was.keys() - {"seen"}:
        if now[name] != was[name]:
            yield f"{name} {now[name]!r} on a card in place of one with {was[name]!r}"


def _new_memory_card(rig: Rig) -> Iterator[str]:
    """A new memory card has one copy of what the office wrote, number 1, and a code of its own."""
    image = rig.desk.issue(9, card_number=7, issued_at_min=6, card_kind=CardKind.MEMORY)
    assert isinstance(image, MemoryImage), "it was asked for"
    first, second = DESK_AT
    copy = DESK_PART.parse(image.main[first : first + DESK_PART.size_bytes])
    if copy.sequence != 1 or set(image.main[second : second + DESK_PART.size_bytes]) != {0xFF}:
        yield f"the office issues a memory card with copy {copy.sequence} first"
    if image.code != mac(_BY_CARD, 9, b"psc" + struct.pack(">I", 7))[:3]:
        yield "the office issues a memory card with another code"


def _new(rig: Rig) -> Iterator[str]:
    """A new card brings nothing: no money, no order, no date, and prepayment is on."""
    for generation, fields in _FIELDS.items():
        image = rig.desk.issue(9, customer_ref=8, card_number=7, issued_at_min=6,
                               generation=generation, tariff=Pricing.of(5, 4, 3))  # fmt: skip
        card = _Card(card_of(image, rig.challenge), 9, 7)
        held = _held(card)
        none = {"defer": _NONE, "cut": _NONE, "defer_min": _NO_MINUTE, "cut_min": _NO_MINUTE}
        want = dict.fromkeys(fields, 0) | {name: none[name] for name in fields if name in none}
        want |= {"magic": b"BD", "generation": generation, "flags": _PREPAYMENT, "tariff": 5}
        want |= {"token": _NO_TOKEN, "price": 4, "night": 3, "factor": 1_000, "issued": 6}
        want["reserved"] = b"\xff" * len(held["reserved"])
        if "zone" in want:
            want["zone"] = rig.zone.rule.code
        if held != want:
            yield f"the office issues a card of generation {generation} with {held}"
        named = (b"BI", generation, 1, 9, 8, 7, 6, _NONE, _NO_MINUTE, 0xFF, b"\xff" * 2)
        if _IDENTITY.unpack(record_on(card.image, Sfi.IDENTITY)[:-8]) != named:
            yield f"the office issues a card of generation {generation} with another identity"


def _forged(rig: Rig, card: _Card, random: Random) -> Iterator[str]:
    """A record of which one bit is another is refused, and one that lies on another carrier."""
    if card.card.image.kind is CardKind.MEMORY:
        return
    image = card.image
    for sfi in (Sfi.IDENTITY, Sfi.DESK):
        raw = record_on(image, sfi)
        for at in (len(raw) - 1, random.randrange(len(raw)), random.randrange(4, len(raw))):
            bit = 1 << random.randrange(8)
            wrong = raw[:at] + bytes((raw[at] ^ bit,)) + raw[at + 1 :]
            try:
                _account(rig, with_record(image, sfi, wrong))
            except (CardProtocolError, DeskError):
                continue
            yield f"the office reads a card with byte {at} of file {sfi} changed"
