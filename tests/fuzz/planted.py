"""Mistakes planted on purpose: at the least one for each sentence of what must hold.

Each is one change of one routine; `holds` is the sentence of docs/fuzzing.md that it breaks.
"""

from dataclasses import replace
from typing import Any, Final, final

import msgspec

from card_protocol import t0, trace
from card_protocol.apdu import ResponseApdu
from card_protocol.atr import FI
from card_protocol.card.virtual import FileCard
from card_protocol.errors import LinkError, LinkErrorKind, TraceError, UndecodedError
from card_protocol.link import pcsc, pcsc_process
from card_protocol.link.replay import ReplayCard
from card_protocol.serve.vpcd import Control, VpcdSlot
from card_protocol.terminal import Terminal
from card_protocol.tokens.openpaygo import decode as paygo
from card_protocol.tokens.openpaygo.chain import PaygoSeed
from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.sts import amount, crc, fields, key_change
from card_protocol.trace import Exchanged, Trace
from meter_emu import resources, rows
from meter_emu.domain import Result, Wallet
from meter_emu.firmware import memory
from meter_emu.firmware.dialogues.base import CardDialogue
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import LAYOUT_VERSION, Health, State, crc_holds, with_crc
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.trust import ClockTrust
from meter_emu.foreign import layout_file
from meter_emu.foreign.checks import CHECKS
from meter_emu.world.rehearsal import reading
from tests.fuzz.fault import Fault

_BUILT: Final = "refused, or the same bytes when it is built again"
_READ: Final = "says what the standard reads"
_power_off: Final = FileCard.power_off
_move: Final = t0.Asking._move
_once: Final = Terminal._once
_slot_answer: Final = VpcdSlot._answer
_load: Final = Ledger.load
_apply: Final = OrderGate.apply
_tried: Final = PaygoCounter.tried
_answer: Final = paygo.PaygoAnswer
_transmit: Final = ReplayCard.transmit
_crc: Final = crc.crc_of
_pack: Final = fields.pack
_sections: Final = key_change._sections
_wrong: Final = Trace._wrong
_cents_of: Final = reading.cents_of
_fetches: Final = trace.fetches
_authenticated: Final = CardDialogue._authenticated
_account: Final = Ledger.account
_suspicion: Final = ClockTrust.suspicion
_valid_state: Final = memory.valid_state
_layout_field: Final = layout_file._Reader._field
_named: Final = rows.named
_table: Final = resources.read_table


def tries_given_back(self: FileCard) -> None:
    """Take the power away; the tries of the PIN are all there again."""
    _power_off(self)
    self._image = self._image.with_tries(0, 3) if self._image.tries_left[0] else self._image


def last_byte_lost(self: Any, count: int) -> bytes:
    """Move data to the card; the last byte of a command is sent as 0."""
    sent = _move(self, count)
    return sent[:-1] + b"\0" if sent and not self._left else sent


def one_byte_less(self: Terminal, command: Any) -> ResponseApdu:
    """Exchange; an answer of more than four bytes loses its last."""
    response = _once(self, command)
    data = response.data[:-1] if len(response.data) > 4 else response.data
    return ResponseApdu(data, response.sw)


def left_on(self: VpcdSlot, message: bytes) -> bytes:
    """Obey a message; POWER OFF leaves the card on."""
    return b"" if message == bytes((Control.POWER_OFF,)) else _slot_answer(self, message)


def repaid_twice(self: Ledger, state: State, wallet: Wallet) -> int:
    """Load, and credit once more what was repaid."""
    before = state.emergency_debt_ueur
    cents = _load(self, state, wallet)
    state.balance_ueur += before - state.emergency_debt_ueur
    return cents


def old_price(self: OrderGate, order: Any, tariff: Any, state: State, now: Any) -> None:
    """Apply an order; the price stays what it was."""
    price = state.price_ueur_per_wh
    _apply(self, order, tariff, state, now)
    state.price_ueur_per_wh = price


def load_forgotten(self: Ledger, state: State, wallet: Wallet) -> int:
    """Load, and keep the counts of before."""
    kept = state.accepted_cents, state.accepted_count
    cents = _load(self, state, wallet)
    state.accepted_cents, state.accepted_count = kept
    return cents


def asked_on(self: Any, do: str, line: bytes) -> Any:
    """Return an answer; a process that gave none is kept."""
    try:
        return pcsc_process.parse_answer(do, line)
    except UndecodedError:
        raise LinkError(LinkErrorKind.BROKEN) from None


def by_its_name(self: ReplayCard, command: bytes) -> bytes:
    """Answer a command that has the header of the recorded one."""
    row, header = self._playback.next, trace.hide(command)[0][:8]
    same = isinstance(row, Exchanged) and row.command[:8] == header
    if not same or self._playback.difference is not None or row.answer is msgspec.UNSET:  # type: ignore[union-attr]
        return _transmit(self, command)
    self._playback.take()
    self._playback.exchanges += 1
    return trace.reveal(row.answer)  # type: ignore[union-attr]


def without_stride(self: Any, field: Any, *rest: Any) -> Any:
    """Return the cells of a run; they follow each other."""
    return _layout_field(self, msgspec.structs.replace(field, stride=None), *rest)


@final
class FetchedOnce:
    """Says of a GET RESPONSE behind another that it fetches nothing."""

    def __init__(self) -> None:
        self._before = False

    def __call__(self, command: bytes) -> bool:
        fetches = _fetches(command) and not self._before
        self._before = _fetches(command)
        return fetches


def any_proof(self: Any, *rest: Any) -> bool:
    """Have card and meter prove themselves, whatever comes of it."""
    _authenticated(self, *rest)
    return True


def any_outage(self: Any, reading: Any, utc_s: int, *rest: Any) -> Any:
    """Judge a clock; one that is too far ahead is believed."""
    doubt = _suspicion(self, reading, utc_s, *rest)
    return Health.TRUSTED if doubt is Health.TOO_FAR_AHEAD else doubt


def any_version(raw: bytes, possible_end: Any) -> State | None:
    """Return the state in a copy, whichever version it says that it has."""
    ours = crc_holds(raw) and with_crc(raw[:2] + bytes((LAYOUT_VERSION,)) + raw[3:])
    return _valid_state(ours or raw, possible_end)


def two_lines(self: Trace, why: str) -> TraceError:
    """Refuse in two lines."""
    return TraceError("a trace", f"wrong:\n{_wrong(self, why)}")


def wrong_token_counted(
    text: str, seed: PaygoSeed, counter: PaygoCounter, *, restricted: bool
) -> Any:
    """Decode; a wrong token is taken for one that gives nothing."""
    answer = paygo.decode_openpaygo(text, seed, counter, restricted=restricted)
    if answer.outcome is not paygo.PaygoOutcome.INVALID:
        return answer
    after = PaygoCounter(counter.count + 1, counter.used)
    return replace(answer, outcome=paygo.PaygoOutcome.TAKEN, after=after)


@final
class AnyDigit:
    """A check digit that is the right one."""

    def __ne__(self, other: object) -> bool:
        return False

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def a_cent_less(path: Any) -> Any:
    """Read a model's file; of the emergency credit a cent is lost."""
    table = _table(path)
    credit = table.get("credit")
    if isinstance(credit, dict) and isinstance(credit.get("emergency_cents"), int):
        credit["emergency_cents"] -= 1
    return table


def _fault(
    what: str, target: str, holds: str, place: str = "", put: Any = None, **more: Any
) -> Fault:
    return Fault(what=what, target=target, holds=holds, place=place, put=put, seeded=True, **more)


PLANTED: Final = {
    "fi-of-the-low-half": _fault("Fi of an ATR is looked up by the low half of TA1", "atr", _READ,
        "card_protocol.atr:Atr.fi", property(lambda self: FI.get(self._ta1 & 0xF))),
    "people-forgotten": _fault("a campaign is written without what its people do", "campaign",
        "refused in one line, or the same campaign when it is written again",
        "meter_emu.world.rehearsal.campaign_toml:_people", lambda *_: iter(())),
    "balance-without-sign": _fault("of an amount in a campaign its sign is lost", "campaign",
        "what its file says", "meter_emu.world.rehearsal.reading:cents_of",
        lambda amount: abs(_cents_of(amount))),
    "kind-of-a-fault": _fault("a card that was removed is said never to have been there",
        "pcsc-child", "a link error of its kind, or the answer that JSON has",
        "card_protocol.link.pcsc:MEANINGS",
        {**pcsc.MEANINGS, "SCARD_W_REMOVED_CARD": pcsc.MEANINGS["SCARD_E_NO_SMARTCARD"]}),
    "answer-of-one-byte": _fault("an answer of one byte is read for a status word", "card-answers",
        "no error, within the session's bound", "card_protocol.apdu:ResponseApdu.parse",
        classmethod(lambda cls, raw: cls(bytes(raw[:-2]), raw[-2] << 8 | raw[-1]))),
    "any-proof": _fault("a card whose proof is wrong is read all the same", "card-answers",
        "no money, no order, no cut",
        "meter_emu.firmware.dialogues.base:CardDialogue._authenticated", any_proof),
    "without-end": _fault("a session is not bounded by its commands", "card-answers",
        "no error, within the session's bound", "meter_emu.firmware.dialogues.base:EXCHANGES_MAX",
        1 << 30),
    "any-mac": _fault("any MAC is right", "card-answers", "no money, no order, no cut",
        "card_protocol.keys:Key.verify", lambda *_: True),
    "image-unchecked": _fault("a memory card's image is not checked", "card-image",
        "refused, or the same bytes again", "card_protocol.card.sle4442:_require", lambda *_: None),
    "any-pin": _fault("any PIN is right", "card-image", "answers and writes as the rules say",
        "card_protocol.card.commands:compare_digest", lambda *_: True),
    "old-price": _fault("an order is obeyed at the price before", "card-records",
        "what is right is obeyed and kept", "meter_emu.firmware.gate:OrderGate.apply", old_price),
    "another-each-time": _fault("an order shown again is taken for another", "card-records",
        "twice counts once", "meter_emu.firmware.gate:OrderGate.judge_again",
        lambda *_: Result.ANOTHER_ORDER),
    "load-forgotten": _fault("a load is booked and not counted", "card-records",
        "twice counts once", "meter_emu.firmware.ledger:Ledger.load", load_forgotten),
    "tries-given-back": _fault("a reset gives back the tries of the PIN", "card-session",
        "a reset leaves the image", "card_protocol.card.virtual:FileCard.power_off",
        tries_given_back),
    "any-outage": _fault("a clock is believed whatever the outage was", "clock-registers",
        "believed where it can be right, and no other",
        "meter_emu.firmware.trust:ClockTrust.suspicion", any_outage),
    "any-version": _fault("a record of another version is read", "memory",
        "it goes on with the newest state that can be", "meter_emu.firmware.memory:valid_state",
        any_version),
    "any-clock": _fault("a program without clock trust", "clock-registers",
        "no cut comes that is twenty years away", build="plain"),
    "no-uncertainty": _fault("ends are compared with the clock, whatever it may be off",
        "household", "never early, never late", "meter_emu.firmware.trust:Now.early_s",
        property(lambda self: self.utc_s)),
    "charged-though-protected": _fault("energy is charged while an order protects", "household",
        "who is protected is supplied and charged nothing",
        "meter_emu.firmware.ledger:Ledger.account",
        lambda self, state, factory, **_: _account(self, state, factory, deferral_holds=False)),
    "repaid-twice": _fault("what a load repays is credited again", "household",
        "money is conserved", "meter_emu.firmware.ledger:Ledger.load", repaid_twice),
    "used-count-forgotten": _fault("of used counts a device keeps the last alone", "keypad",
        "a count is credited once", build="reference+used-counts-forgotten"),
    "wrong-token-counted": _fault("a wrong token moves the count", "keypad",
        "refused, it changes nothing", "meter_emu.firmware.token.paygo:decode_openpaygo",
        wrong_token_counted),
    "credit-first": _fault("what a token gives is saved before its count", "keypad",
        "cut, it is taken or not", build="reference+credit-before-count"),
    "gap-forgotten": _fault("bytes between fields get no row", "layout",
        "one line of refusal, or a row for each field",
        "meter_emu.foreign.layout_file:_filled", lambda cells, _: cells),
    "stride-as-size": _fault("a run of fields lies as if it had no stride", "layout",
        "one line of refusal, or a row for each field",
        "meter_emu.foreign.layout_file:_Reader._field", without_stride),
    "names-of-bits": _fault("what a code means is looked up without its highest bit", "layout",
        "its numbers and checks right", "meter_emu.foreign.dump:named",
        lambda names: _named({key & 0x7F: name for key, name in names.items()})),
    "x25-as-kermit": _fault("a CRC-16/X-25 is computed as KERMIT", "layout",
        "its numbers and checks right", "meter_emu.foreign.dump:CHECKS",
        {**CHECKS, "crc16-x25": CHECKS["crc16-kermit"]}),
    "dark-display": _fault("a display shows nothing", "memory", "the display says something",
        "meter_emu.world.meter.board:Board.display", lambda *_: None),
    "first-copy": _fault("of two copies of the state the first counts", "memory",
        "it goes on with the newest state that can be",
        "meter_emu.firmware.memory:is_newer", lambda *_: False),
    "any-energy": _fault("a meter may have what no meter of its energy has", "model",
        "refused in one line, or the model that the file says",
        "meter_emu.world.meter.model:_check_energy", lambda *_: None),
    "a-cent-less": _fault("of a model's emergency credit a cent is lost", "model",
        "refused in one line, or the model that the file says",
        "meter_emu.world.meter.model:read_table", a_cent_less),
    "small-keypad": _fault("a token of the small keypad is read at the wrong length",
        "openpaygo-digits", "refused, or typed as it was read",
        "card_protocol.tokens.openpaygo.keypad:_size", lambda form, **_: form.digits),
    "counted-though-refused": _fault("a token that is refused puts the count to 9",
        "openpaygo-digits", "what is refused leaves the counter",
        "card_protocol.tokens.openpaygo.decode:PaygoAnswer",
        lambda **said: _answer(**said | ({} if said.get("kind") else {"after": PaygoCounter(9)}))),
    "window-of-65": _fault("a token is known one count further ahead", "openpaygo-token",
        "taken and counted as the counter says",
        "card_protocol.tokens.openpaygo.counter:PaygoCounter.tried",
        lambda self, kind: _tried(self, kind) + 1),
    "used-forgotten": _fault("an add-time token is not kept as used", "openpaygo-token",
        "none is taken twice", "card_protocol.tokens.openpaygo.counter:PaygoCounter.after",
        lambda self, _kind, count: PaygoCounter(max(self.count, count), self.used)),
    "answer-not-hex": _fault("a reader's answer may be any text", "pcsc-child",
        "a link error of its kind, or the answer that JSON has",
        "card_protocol.link.pcsc_process:_ANSWERS",
        {**pcsc_process._ANSWERS,
         "transmit": msgspec.json.Decoder(pcsc_process.PcscAnswer[str])}),
    "asked-on": _fault("a process that gave no answer is asked again", "pcsc-child",
        "who gave none is asked no more",
        "card_protocol.link.pcsc_process:PcscProcess._understood", asked_on),
    "fetched-twice": _fault("of a secret that is fetched in parts the second is shown", "recorded",
        "secrets hidden, and they alone", "card_protocol.trace:fetches", FetchedOnce()),
    "pin-shown": _fault("a trace shows the PIN", "recorded",
        "secrets hidden, and they alone", "card_protocol.trace:_SHOWN", trace._SHOWN | {0x20}),
    "replayed-short": _fault("a replayed answer has a wrong last byte", "replayed",
        "the recorded answers", "card_protocol.link.replay:reveal",
        lambda text: trace.reveal(text)[:-1] + b"\xff"),
    "replayed-by-name": _fault("a replay looks at the header of a command alone", "replayed",
        "a flipped bit that is seen is a difference at its line",
        "card_protocol.link.replay:ReplayCard.transmit", by_its_name),
    "amount-off-by-one": _fault("the last step of amounts begins one late", "sts-amount",
        "the least code that is not less", "card_protocol.tokens.sts.amount:_FIRST",
        (*amount._FIRST[:3], amount._FIRST[3] + 1)),
    "largest-refused": _fault("the largest amount is refused", "sts-amount",
        "refused above the largest", "card_protocol.tokens.sts.amount:AMOUNT_MAX",
        amount.AMOUNT_MAX - 1),
    "crc-of-six-bytes": _fault("the CRC of a token leaves out its class", "sts-block",
        "refused by the first check that fails, or what its bits say",
        "card_protocol.tokens.sts.codec:crc_of", lambda _class, upper: _crc(0, upper)),
    "random-bit": _fault("a token is made with a bit of its random number flipped", "sts-block",
        "the same again", "card_protocol.tokens.sts.codec:pack",
        lambda record: _pack(record) ^ 1 << 40),
    "67-bits": _fault("a token of 67 bits is taken", "sts-digits",
        "refused where it is not 66 bits", "card_protocol.tokens.sts.digits:TOKEN_MAX", 1 << 67),
    "random-bit-typed": _fault("a token is made with a bit flipped", "sts-digits",
        "the same digits when it is made again", "card_protocol.tokens.sts.codec:pack",
        lambda record: _pack(record) ^ 1),
    "parts-in-order": _fault("the parts of a long key are put together in order", "sts-key-change",
        "refused, or what its bits say", "card_protocol.tokens.sts.key_change:_ORDER",
        (1, 2, 3, 4)),
    "section-forgotten": _fault("a key change is made without its last section", "sts-key-change",
        "the same tokens when the change is made again",
        "card_protocol.tokens.sts.key_change:_sections", lambda change: _sections(change)[:-1]),
    "any-check-digit": _fault("the check digits of a MeterPAN are not looked at", "sts-meter-pan",
        "refused, or the same digits again, with two check digits that hold",
        "card_protocol.tokens.sts.meter_pan:luhn", lambda _digits: AnyDigit()),
    "null-for-ever": _fault("NULL is waited for without end", "t0-stream",
        "byte for byte what the procedure bytes say: sent, answered, refused or given up",
        "card_protocol.t0:NULLS_MAX", 1 << 62),
    "any-pin-over-t0": _fault("any PIN is right", "t0-and-direct",
        "the same answers, which are what the rules say",
        "card_protocol.card.commands:compare_digest", lambda *_: True),
    "last-byte-over-t0": _fault("the last byte sent over T=0 is 0", "t0-and-direct",
        "both cards hold the same bytes", "card_protocol.t0:Asking._move", last_byte_lost),
    "never-again": _fault("an order brought again is refused", "tear",
        "brought again, the card does its work",
        "meter_emu.firmware.gate:OrderGate.judge_again", lambda *_: Result.STALE_ORDER),
    "le-of-eight": _fault("6Cxx is followed with an Le of 8", "terminal",
        "sends what 61xx and 6Cxx ask for", "card_protocol.terminal:right_le",
        lambda sw: 8 if sw >> 8 == 0x6C else None),
    "answer-cut": _fault("a terminal loses the last byte of a long answer", "terminal",
        "returns the whole answer", "card_protocol.terminal:Terminal._once", one_byte_less),
    "bits-swapped": _fault("day and hour of a packed minute are swapped", "timestamp",
        "no time, or the same bytes when it is encoded again",
        "card_protocol.timestamp.packed:_BITS", (7, 4, 5, 6, 5)),
    "leap-every-fourth": _fault("every fourth year is a leap year", "timestamp-codecs",
        "no date, or the moment that datetime says", "card_protocol.timestamp.days:is_leap",
        lambda year: year % 4 == 0),
    "last-too-early": _fault("a count ends where its sign bit is", "timestamp-codecs",
        "in range", "card_protocol.timestamp.counts:Count.last",
        property(lambda self: self._stamp(self._high // 2))),
    "zone-forgotten": _fault("a GSM time is written without its zone", "timestamp-codecs",
        "the same bytes written again", "card_protocol.timestamp.digits:_zone_byte", lambda _: 0),
    "two-lines": _fault("a trace is refused in two lines", "trace",
        "refused in one line, or every row has words", "card_protocol.trace:Trace._wrong",
        two_lines),
    "unpowered-obeys": _fault("a card without power says that it obeyed", "vpcd",
        "answered as the driver's manual says, however cut",
        "card_protocol.serve.vpcd:UNPOWERED", b"\x90\x00"),
    "left-on": _fault("POWER OFF leaves the card on", "vpcd", "power and card as it left them",
        "card_protocol.serve.vpcd:VpcdSlot._answer", left_on),
}  # fmt: skip
