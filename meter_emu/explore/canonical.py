"""Says of two households at rest whether they are the same, by everything that can change in them.

Nobody lists what counts. Every attribute of every object that a saved household holds is compared,
but for what a rule of `LEFT_OUT` names. So what is forgotten keeps two states apart and hides
nothing. Of the judge, what it would ask of the household from here on counts, not what has passed.
"""

# What a rule leaves out may matter after all: that is for the merged-pair test (`search`) to see,
# which lives both states on. A rule says why it should not matter.

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from random import Random
from typing import Any, Final, NamedTuple, final

from card_protocol.card.image import CardImage
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, parse_image
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import WRITE_BACK, Sfi
from card_protocol.formats.budget.generations import DESK_RECORDS, parse_identity
from card_protocol.formats.budget.making import record_on
from card_protocol.layout import Layout
from meter_emu.explore.lives import Lives
from meter_emu.firmware.layouts import STATE, STATE_AT, State
from meter_emu.firmware.parts import Parts
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.observer import state_in
from meter_emu.world.rehearsal.obligations import Span
from meter_emu.world.rehearsal.promise import Promise

LEFT_OUT: Final = {
    "chance": "the streams of chance: what a torn cell holds, what a card asks",
    "history": "what has passed: events, moves of the switch, visits, the office's old writings",
    "counts": "counts of polls, beeps, accesses, writes of a page",
    "copies": "which copy of the state is the newest, its sequence, and the older one",
    "journal": "the meter's own journal of events, and its count of sessions",
    "stamps": "when a card was written, by the office's date",
    "said": "what the meter said on a card, but for its answer, order and money",
    "seals": "MACs, tokens and challenges: they follow from what they seal, and from chance",
}
_VALUES_MAX: Final = 20_000  # ours: some megabytes
_PLAIN: Final = (int, str, bytes, bool, type(None))
_RULE_OF: Final = {
    ("Observer", "_moves"): "history",
    ("Board", "moves"): "history",
    ("HouseholdStory", "household"): "history",
    ("HouseholdStory", "writings"): "history",
    ("Observer", "_take"): "history",
    ("Bench", "polls"): "counts",
    ("Board", "rtc_writes"): "counts",
    ("Board", "rtc_bytes_written"): "counts",
    ("Board", "calls_left"): "counts",
    ("Board", "overrun_us"): "counts",
    ("Panel", "beep_count"): "counts",
    ("Panel", "_held_ms"): "counts",
    ("Metrology", "_still"): "counts",
    ("HouseholdStory", "_reissued"): "history",
    ("Eeprom", "wear"): "counts",
    ("Eeprom", "_before"): "copies",
    ("Eeprom", "_sent"): "copies",
    ("Eeprom", "_sent_base"): "copies",
    ("Eeprom", "_weak_before"): "copies",
    ("Eeprom", "busy_until_us"): "copies",
    ("Memory", "_copies"): "copies",
    ("Memory", "_newest"): "copies",
    ("Memory", "_raw"): "copies",
    ("Memory", "_values"): "copies",
}
_IN_STATE: Final = {
    "sequence": "copies",
    "crc": "copies",
    "events": "journal",
    "session_count": "journal",
    "shown_session": "journal",
    "order_mac": "seals",
}
_IN_DESK_RECORD: Final = {
    "issued_at_min": "stamps",
    "seen_session": "journal",
    "token": "seals",
    "mac": "seals",
}
_KEPT_OF_WRITE_BACK: Final = (
    "magic", "generation", "meter_id", "result", "accepted_cents", "accepted_count",
    "order_number", "order_result",
)  # fmt: skip
_IN_WRITE_BACK: Final = {
    field.name: "said" for field in WRITE_BACK.fields if field.name not in _KEPT_OF_WRITE_BACK
} | {"challenge": "seals", "order_mac": "seals", "mac": "seals"}


@final
class Canonical(NamedTuple):
    """The digest of what counts, and one of what each rule left out."""

    digest: bytes
    left_out: tuple[bytes, ...]

    def differing(self, other: "Canonical") -> tuple[str, ...]:
        """Return the rules that made this state the same as another."""
        pairs = zip(LEFT_OUT, self.left_out, other.left_out, strict=True)
        return tuple(name for name, mine, theirs in pairs if mine != theirs)


@final
class Forms:
    """Makes the canonical forms of what a household of a scope comes to."""

    def __init__(self, lives: Lives) -> None:
        household = lives.scope.household
        self._parts: Final[Parts | None] = lives.story.rig.build.readable(household.model)
        self._copied: Final = lives.scope.copied
        self._values: Final[dict[int, tuple[object, bytes]]] = {}

    def of(self, lives: Lives, ahead: Sequence[Span], order: Promise) -> Canonical:
        """Return the form of a household where it stands.

        `ahead` is what the judge asks from here on if nothing more happens, by that order.
        """
        texts: dict[str, list[bytes]] = {name: [] for name in ("", *LEFT_OUT)}
        board, parts = lives.story.bench.board, self._parts
        state = None if parts is None else state_in(board, parts)
        self._write(lives.saved(), state, texts)
        for writing in lives.story.writings[: self._copied]:
            self._write_card(parse_image(writing), texts)
        texts[""].append(_asked(lives.due_us, ahead, order))
        digests = [
            hashlib.blake2b(b"\0".join(text), digest_size=16 if not name else 6).digest()
            for name, text in texts.items()
        ]
        if len(self._values) > _VALUES_MAX:
            self._values.clear()
        return Canonical(digests[0], tuple(digests[1:]))

    def _write(self, rest: AtRest, state: State | None, texts: dict[str, list[bytes]]) -> None:
        """Write down everything that a saved household holds, each thing under its rule."""
        place = {id(kept.thing): number for number, kept in enumerate(rest.kept)}
        rules: dict[int, str] = {}
        cells = 0
        for number, (thing, copy) in enumerate(rest.kept):
            rule = "chance" if isinstance(thing, Random) else rules.get(id(thing), "")
            if id(thing) == cells:
                self._write_cells(copy, state, texts)
            elif isinstance(thing, Random):
                texts[rule].append(b"%d" % hash(copy[1]))  # of integers: the same in any process
            elif isinstance(thing, bytearray):
                texts[rule].append(copy)
            elif rule == "counts" and isinstance(thing, list):
                texts[rule].append(b"%d" % hash(copy))
            elif rule == "history":
                texts[rule].append(b"%d" % len(copy))
            elif isinstance(thing, list | set | dict | deque):
                texts[rule] += [b"%d" % number, *(self._value(one, place) for one in copy)]
            else:
                kind: type = type(thing)
                own = _rules(kind)
                for name, value in copy:
                    its = own.get(name, rule)
                    if its:
                        rules[id(getattr(value, "__self__", value))] = its
                    if name == "cells":
                        cells = id(value)
                    if isinstance(value, CardImage | MemoryImage):
                        self._write_card(value, texts)
                    else:
                        texts[its].append(self._value(value, place))

    def _write_cells(
        self, cells: bytes, state: State | None, texts: dict[str, list[bytes]]
    ) -> None:
        """Write down a memory: of our own program the state that counts, without its copies."""
        if state is None:
            texts[""].append(cells)
            return
        copies = [cells[at : at + STATE.size_bytes] for at in STATE_AT]
        texts["copies"] += copies
        newest = next(raw for raw in copies if int.from_bytes(raw[4:8], "big") == state.sequence)
        _write_fields(STATE, newest, _IN_STATE, texts)
        texts[""] += [cells[: STATE_AT[0]], cells[STATE_AT[1] + STATE.size_bytes :]]

    def _write_card(self, image: AnyImage, texts: dict[str, list[bytes]]) -> None:
        """Write down a card, its records field by field; a memory card as it is."""
        if isinstance(image, MemoryImage):
            texts[""].append(image.to_bytes())
            return
        try:
            records = [record_on(image, sfi) for sfi in (Sfi.IDENTITY, Sfi.DESK, Sfi.WRITE_BACK)]
            desk = DESK_RECORDS[parse_identity(records[0]).generation]
        except (CardProtocolError, KeyError):  # spoiled, or no card of this family
            texts[""].append(image.to_bytes())
            return
        texts["copies"].append(image.to_bytes())
        texts[""] += [records[0], repr((image.life_cycle, image.tries_left)).encode()]
        _write_fields(desk, records[1], _IN_DESK_RECORD, texts)
        _write_fields(WRITE_BACK, records[2], _IN_WRITE_BACK, texts)

    def _value(self, value: Any, place: dict[int, int]) -> bytes:  # noqa: ANN401 - anything at all
        if type(value) in _PLAIN:
            return repr(value).encode()
        number = place.get(id(value))
        if number is not None:
            return b"@%d" % number
        known = self._values.get(id(value))
        if known is None:  # kept, so that nothing else gets its place in memory
            known = self._values[id(value)] = value, _stable(value)
        return known[1]


def _stable(value: Any) -> bytes:  # noqa: ANN401 - anything at all
    """Return a value in bytes, the same in any process."""
    if isinstance(value, tuple):
        return b",".join(_stable(one) for one in value)
    text = repr(value)
    return type(value).__name__.encode() if " at 0x" in text else text.encode()


def _write_fields(
    layout: Layout[Any], raw: bytes, rules: Mapping[str, str], texts: dict[str, list[bytes]]
) -> None:
    """Write down a record's fields, each under its rule."""
    kept, at = texts[""], 0
    for field in layout.fields:
        rule = rules.get(field.name)
        if rule is not None:
            end = field.offset + field.size_bytes
            texts[rule].append(raw[field.offset : end])
            kept.append(raw[at : field.offset])
            at = end
    kept.append(raw[at:])


@cache
def _rules(kind: type) -> dict[str, str]:
    """Return the rules for the attributes of a class, by their names."""
    names = {one.__name__ for one in kind.__mro__}
    return {name: rule for (of, name), rule in _RULE_OF.items() if of in names}


def _asked(due_us: int, ahead: Sequence[Span], order: Promise) -> bytes:
    spans = [
        (max(span.from_us, due_us), span.to_us, span.must.value, span.rule, span.invites)
        for span in ahead
    ]
    return repr((due_us, spans, replace(order, from_us=0))).encode()
