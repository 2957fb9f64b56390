"""Says of two households at rest whether they are the same, by everything that can change in them.

Nobody lists what counts. Every attribute of every object that a saved household holds is compared,
but for what a rule of `LEFT_OUT` names. So what is forgotten keeps two states apart and hides
nothing. Of the judge, what it would ask of the household from here on counts, not what has passed.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain, repeat
from random import Random
from struct import Struct
from typing import Any, Final, NamedTuple, TypeAlias, final
from zlib import crc32

from card_protocol.card.image import CardImage
from card_protocol.card.sle4442 import MemoryImage
from card_protocol.card.virtual import AnyImage, parse_image
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import IDENTITY, WRITE_BACK, Sfi
from card_protocol.formats.budget.generations import DESK_RECORDS, parse_identity
from card_protocol.formats.budget.making import record_on
from card_protocol.layout import Layout
from meter_emu.explore.far import COUNT_FIELDS, FarFromEnds
from meter_emu.explore.left_out import (
    IN_DESK_RECORD,
    IN_IDENTITY,
    IN_STATE,
    IN_WRITE_BACK,
    LEFT_OUT,
    RULE_OF,
)
from meter_emu.explore.lives import Lives
from meter_emu.firmware.journal import is_after
from meter_emu.firmware.layouts import STATE, STATE_AT, State, crc_holds
from meter_emu.firmware.parts import Parts
from meter_emu.units import SECOND_US
from meter_emu.world.judge.obligations import Span
from meter_emu.world.judge.promise import Promise
from meter_emu.world.meter.at_rest import AtRest, Kept
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.observer import state_in

_IMAGES: Final = (CardImage, MemoryImage)
_Mentioned: TypeAlias = tuple[tuple[bytes, int, str | None], ...]
_Places: TypeAlias = tuple[tuple[str, list[slice]], ...]
_Texts: TypeAlias = dict[str, list[bytes]]
_Names: TypeAlias = dict[int, tuple[bytes, str]]  # of things by identity: a name, and its rule
_ABSENT: Final = object()
_SUM: Final = Struct(">I")
_Parts: TypeAlias = tuple[tuple[str, bytes], ...]
_VALUES_MAX: Final = 2_000  # ours: some 20 MB
_PLAIN: Final = frozenset({int, str, bytes, bool, type(None)})
_OLD_CARDS: Final = b".old_cards"
_ALWAYS: Final = ("shown", "phase")  # written as well where it is what it was
_FIGURES: Final = re.compile(r"[0-9][0-9:.,-]*")


def without_figures(shown: str) -> str:
    """Return what a display says but for amounts, dates and times."""
    return _FIGURES.sub("#", shown)


@final
class Canonical(NamedTuple):
    """The digest of what counts, and a sum of what each rule left out, of as many bytes each."""

    digest: bytes
    left_out: bytes

    def differing(self, other: "Canonical") -> tuple[str, ...]:
        """Return the rules that made this state the same as another."""
        mine, theirs = (_SUM.iter_unpack(one.left_out) for one in (self, other))
        sums = zip(LEFT_OUT, mine, theirs, strict=True)
        return tuple(name for name, here, there in sums if here != there)


class _Named(NamedTuple):
    """Names of things by identity, and of what was kept, each; as long as `referred` is alive.

    `renamed` are things that had another name where the scope begins.
    """

    names: _Names
    renamed: Collection[int]
    each: list[bytes]
    referred: list[tuple[Any, ...]]


@final
class Forms:
    """Makes the canonical forms of what a household of a scope comes to.

    A form is how the household differs from where its scope begins; what is the same is passed by.
    """

    def __init__(self, lives: Lives) -> None:
        board = lives.story.bench.board
        self._parts: Final[Parts | None] = lives.story.rig.build.readable(
            lives.scope.household.model
        )
        self._copied: Final = lives.scope.copied
        self._cells: Final = board.eeprom.cells
        self._cells_began: Final = bytes(self._cells)
        model = lives.scope.household.model
        ours = lives.story.rig.build.factory is None
        self._device: Final = DEVICES[model.device] if ours else DEVICES["budget"]
        self._standing: tuple[int, ...] = ()
        records = self._device.records
        self._journal: Final = (
            (STATE, STATE_AT) if records is None else (records.state, records.state_at)
        )
        self._in_state: Final = _by_rule(self._journal[0], IN_STATE)
        self._far: Final = FarFromEnds(lives.scope)
        self._state: State | None = None
        self._relative = self._summed = self._long_saved = False
        self._numbered: list[tuple[str, int]] = []
        self._due_us, self._last = 0, False
        self._poll_us: Final = lives.scope.household.model.poll_s * SECOND_US
        numbers = (visit.card_number or 0 for visit in lives.scope.visits)
        self._drawn: Final = max(numbers, default=0)
        self._values: Final[dict[int, tuple[object, bytes]]] = {}
        self._cards: Final[dict[bytes, _Parts]] = {}
        self._named: Final[dict[tuple[int, ...], _Named]] = {}
        self._mentioned: Final[dict[int, tuple[tuple[Any, ...], _Mentioned]]] = {}
        self._root_names: _Names = {}
        self._renamed: Collection[int] = ()
        began = self._names_of(lives.began)
        self._root_names = began.names
        self._root: Final = dict(zip(began.each, lives.began.kept, strict=True))

    def of(
        self, lives: Lives, ahead: Sequence[Span], order: Promise, standing: frozenset[object]
    ) -> Canonical:
        """Return the form of a household where it stands.

        `ahead` is what the judge asks from here on if nothing more happens, by that order, and
        `standing` what he goes by when a token comes.
        """
        texts: dict[str, list[bytes]] = {name: [] for name in ("", *LEFT_OUT)}
        parts = self._parts
        self._state = state = None if parts is None else state_in(lives.story.bench.board, parts)
        self._relative = state is not None and self._far.numbers(state)
        self._summed = state is not None and self._far.sums(state)
        self._long_saved = state is not None and self._far.saved(state, lives.story.bench.board)
        self._standing = self._stands(lives.story.bench.board)
        if self._standing:
            self._summed = self._long_saved = True
        self._due_us, self._last = lives.due_us, lives.due_us == lives.scope.instants[-1]
        self._numbered.clear()
        self._write(lives, texts)
        for writing in lives.story.writings[: self._copied]:
            self._write_card(writing, texts)
        texts[""] += self._ahead_of_whom()
        # What the judge promises counts what was ever loaded. Where sums are left out, only how far
        # the card is ahead of the meter may count, or two households with equal futures stay apart.
        if self._relative and self._summed and state is not None:
            order = replace(
                order,
                loaded_cents=order.loaded_cents - state.accepted_cents,
                load_count=order.load_count - state.accepted_count,
            )
        texts[""].append(_asked(lives.due_us, ahead, order))
        texts[""] += sorted(repr(one).encode() for one in standing)
        # The first text is what counts, and its digest alone is compared. The others are kept as
        # sums, to say afterwards which rule merged two states.
        digest, *left_out = (b"\0".join(text) for text in texts.values())
        for known in (self._values, self._cards, self._named, self._mentioned):
            if len(known) > _VALUES_MAX:
                known.clear()
        return Canonical(
            hashlib.blake2b(digest, digest_size=16).digest(),
            b"".join(_SUM.pack(crc32(text)) for text in left_out),
        )

    def _stands(self, board: Board) -> tuple[int, ...]:
        """Return what sums and times of a token device come to; nothing of another."""
        standing, (layout, at_both) = self._device.standing, self._journal
        if standing is None:
            return ()
        copies = [bytes(board.eeprom.cells[at : at + layout.size_bytes]) for at in at_both]
        newest = _newest_of(copies, layout)
        ticks_ms = (board.now_us - board.ticks_from_us) // 1_000
        units = board.metrology.read_units(board.now_us)
        return standing(layout.parse(newest), units, ticks_ms)

    def _write(self, lives: Lives, texts: _Texts) -> None:
        """Write down in what a household differs from the root, each thing under its rule."""
        rest = lives.saved()
        named = self._names_of(rest)
        names, self._renamed = named.names, named.renamed
        for kept, name in zip(rest.kept, named.each, strict=True):
            thing, held, _ = kept
            rule = "chance" if isinstance(thing, Random) else names[id(thing)][1]
            root = self._root.get(name)
            if kept is root:  # kept from where the scope begins, so nothing has touched it
                continue
            before = None if root is None else root.held
            if thing is self._cells:
                self._write_cells(b"".join(held), texts)
            elif isinstance(held, dict) and not isinstance(thing, dict):
                self._write_attributes(kept, before or {}, name, rule, names, texts)
            else:
                if name.endswith(_OLD_CARDS):
                    held = held[: self._drawn]
                text = self._contents(thing, held, rule, names)
                if root is None or self._contents(thing, before, rule, self._root_names) != text:
                    texts[rule].append(b"%b %b" % (name, text))

    def _write_attributes(
        self,
        kept: Kept,
        before: Mapping[str, Any],
        name: bytes,
        rule: str,
        names: _Names,
        texts: _Texts,
    ) -> None:
        """Write down the attributes of one object that differ from before."""
        own, always = _rules(kept.thing.__class__), _always(kept.thing.__class__)
        for attribute, value, old in _differing(kept.held, before, self._renamed):
            if type(value) in _PLAIN:
                if attribute in always:
                    continue
                if type(old) is type(value) and old == value:
                    continue
                text = repr(value).encode()
            elif isinstance(value, _IMAGES):
                if rule:
                    texts[rule].append(value.to_bytes())
                else:
                    self._write_card(value.to_bytes(), texts)
                continue
            elif own.get(attribute) == "follows":  # worked out from what is written already
                continue
            else:
                text = self._said(value, names)
                if old is not _ABSENT and self._said(old, self._root_names) == text:
                    continue
            text = b"%b.%b %b" % (name, attribute.encode(), text)
            self._put(own.get(attribute, rule), text, texts)
        for attribute in always:
            if attribute in kept.held:
                text = repr(kept.held[attribute]).encode()
                self._put(own[attribute], b"%b.%b %b" % (name, attribute.encode(), text), texts)

    def _names_of(self, rest: AtRest) -> "_Named":
        """Return the names of what was kept, in its order, and of all that it mentions.

        A name says how a thing is reached, so a program that was built anew has that of the old.
        It follows from what refers to what: as long as that is the same, so are the names.
        """
        referred = [kept.refers_to for kept in rest.kept]
        key = tuple(map(id, referred))
        known = self._named.get(key)
        if known is None:
            names: _Names = {}
            each = []
            for kept in rest.kept:
                named = names.get(id(kept.thing))
                name, rule = named or (type(kept.thing).__name__.encode(), "")
                names[id(kept.thing)] = name, rule
                each.append(name)
                for attribute, one, its_rule in self._mentions(kept, rest, name):
                    if one not in names:
                        names[one] = name + attribute, rule if its_rule is None else its_rule
            root = self._root_names or names
            renamed = {one for one, named in names.items() if root.get(one, named)[0] != named[0]}
            known = self._named[key] = _Named(names, renamed, each, referred)
        return known

    def _mentions(self, kept: Kept, rest: AtRest, name: bytes) -> "_Mentioned":
        """Return what a thing refers to that is kept too: by which attribute, and its rule."""
        if not kept.refers_to:
            return ()
        referred = kept.refers_to
        known = self._mentioned.get(id(referred))
        if known is None:
            found = tuple(
                (b".%b" % attribute.encode(), id(thing), rule)
                for attribute, value, rule in self._held(kept, name)
                for thing in _things_in(value)
                if rest.of(thing) is not None
            )
            known = self._mentioned[id(referred)] = referred, found
        return known[1]

    def _held(self, kept: Kept, name: bytes) -> Iterator[tuple[str, Any, str | None]]:
        """Yield what a thing holds by attribute or by place, and the rule that leaves it out."""
        if isinstance(kept.held, dict) and not isinstance(kept.thing, dict):
            rules = _rules(kept.thing.__class__)
            for attribute, value in kept.held.items():
                yield attribute, value, rules.get(attribute)
            return
        # Of the cards that were replaced nobody of the scope puts in any after the first so many.
        used = self._drawn if name.endswith(_OLD_CARDS) else len(kept.refers_to)
        for place, value in enumerate(kept.refers_to):
            yield str(place), value, "drawer" if place >= used else None

    def _said(self, value: Any, names: _Names) -> bytes:  # noqa: ANN401 - anything at all
        if type(value) in _PLAIN:
            return repr(value).encode()
        named = names.get(id(value))
        if named is not None:
            return b"@" + named[0]
        if isinstance(value, tuple):
            if _PLAIN.issuperset(map(type, value)):
                return repr(value).encode()
            return b"(%b)" % b",".join(self._said(one, names) for one in value)
        known = self._values.get(id(value))
        if known is None:  # kept, so that nothing else gets its place in memory
            known = self._values[id(value)] = value, _stable(value)
        return known[1]

    def _contents(self, thing: Any, contents: Any, rule: str, names: _Names) -> bytes:  # noqa: ANN401
        """Return what is in something that is no object with attributes."""
        if isinstance(thing, bytearray):
            return b"".join(contents)
        if rule == "history":
            return b"%d" % len(contents)
        if isinstance(thing, Random):
            return b"%d" % hash(contents[:2])  # of integers: the same in any process
        if rule == "counts" and isinstance(thing, list):
            return b"%d" % hash(contents)
        values = chain.from_iterable(contents.items()) if isinstance(contents, dict) else contents
        return b",".join(self._said(one, names) for one in values)

    def _put(self, rule: str, text: bytes, texts: _Texts) -> None:
        """Write down a text by its rule: a number by how much of it counts."""
        if rule in texts:
            texts[rule].append(text)
        elif rule in ("sums?", "shown"):
            texts["sums" if self._summed else ""].append(text)
            if self._summed and rule == "shown":
                texts[""].append(without_figures(text.decode()).encode())
        elif rule == "booked?":
            texts["sums" if self._summed else "saved" if self._long_saved else ""].append(text)
        elif rule == "saved?":
            texts["saved" if self._long_saved else ""].append(text)
        elif rule == "phase":  # of the cadence of polls, a minute or a second
            texts["counts"].append(text)
            texts[""].append(b"%d" % ((int(text.split()[-1]) - self._due_us) % self._poll_us))
        elif self._relative:
            texts["numbers"].append(text)
            self._numbered.append((rule, int.from_bytes(text, "big")))
        else:
            texts[""].append(text)

    def _ahead_of_whom(self) -> Iterator[bytes]:
        """Yield each number by its place among those like it; cents that count, by the difference.

        The office goes on from the highest, and everybody else compares: at the last instant only
        the meter does, with its own.
        """
        of_kind: dict[str, set[int]] = {}
        for rule, number in self._numbered:
            of_kind.setdefault(rule, {int(getattr(self._state, rule))}).add(number)
        places = {rule: sorted(numbers) for rule, numbers in of_kind.items()}
        for rule, number in self._numbered:
            own = int(getattr(self._state, rule))
            if rule not in COUNT_FIELDS and not self._summed:
                yield b"%d" % (number - own)
            elif self._last:
                yield b"%d" % ((number > own) - (number < own))
            else:
                yield b"%d" % places[rule].index(number)

    def _write_cells(self, cells: bytes, texts: _Texts) -> None:
        """Write down a memory: of our own program the state that counts, without its copies."""
        state = self._state
        if state is None and self._device.records is None:
            texts[""].append(cells)
            return
        layout, at_both = self._journal
        size = layout.size_bytes
        copies = [cells[at : at + size] for at in at_both]
        texts["copies"] += copies
        if state is not None:
            sequence = state.sequence.to_bytes(4, "big")
            newest = next(raw for raw in copies if raw[4:8] == sequence)
        else:
            newest = _newest_of(copies, layout)
            texts[""].append(repr(self._standing).encode())
        for rule, text in _fields(newest, self._in_state):
            self._put(rule, text, texts)
        others = [(0, at_both[0]), (at_both[1] + size, len(cells))]
        texts[""] += [cells[at:to] for at, to in others if cells[at:to] != self._cells_began[at:to]]

    def _write_card(self, raw: bytes, texts: _Texts) -> None:
        """Write down a card, its records field by field; a memory card as it is."""
        known = self._cards.get(raw)
        if known is None:
            known = self._cards[raw] = tuple(_of_card(parse_image(raw), raw))
        for rule, text in known:
            self._put(rule, text, texts)


def _newest_of(copies: Sequence[bytes], layout: Layout[Any]) -> bytes:
    """Return the newer of a token device's two copies, by its sequence in bytes 4 to 7."""
    valid = [raw for raw in copies if raw.startswith(layout.magic) and crc_holds(raw)]
    assert valid, "our program has saved one"
    first, last = (int.from_bytes(raw[4:8], "big") for raw in (valid[0], valid[-1]))
    return valid[-1] if is_after(last, first) else valid[0]


def _of_card(image: AnyImage, raw: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a card's parts, each with its rule."""
    if isinstance(image, MemoryImage):
        yield "", raw
        return
    try:
        records = [record_on(image, sfi) for sfi in (Sfi.IDENTITY, Sfi.DESK, Sfi.WRITE_BACK)]
        desk = DESK_RECORDS[parse_identity(records[0]).generation]
    except (CardProtocolError, KeyError):  # spoiled, or no card of this family
        yield "", raw
        return
    yield "copies", raw
    yield from _fields(records[0], _by_rule(IDENTITY, IN_IDENTITY))
    yield "", repr((image.life_cycle, image.tries_left)).encode()
    yield from _fields(records[1], _by_rule(desk, IN_DESK_RECORD))
    yield from _fields(records[2], _by_rule(WRITE_BACK, IN_WRITE_BACK))


def _stable(value: Any) -> bytes:  # noqa: ANN401 - anything at all
    """Return a value in bytes, the same in any process."""
    if isinstance(value, tuple):
        return b",".join(_stable(one) for one in value)
    text = repr(value)
    return type(value).__name__.encode() if " at 0x" in text else text.encode()


def _things_in(value: Any) -> Iterator[Any]:  # noqa: ANN401 - anything at all
    """Yield what a value refers to, each of a tuple: of a method its object."""
    for one in value if isinstance(value, tuple) else (value,):
        thing = getattr(one, "__self__", one)
        if type(thing) not in _PLAIN:
            yield thing


def _by_rule(layout: Layout[Any], rules: Mapping[str, str]) -> _Places:
    """Return where a record's fields are, together by the rule that they go by."""
    places: dict[str, list[slice]] = {"": []}
    at = 0
    for field in layout.fields:
        rule = rules.get(field.name)
        if rule is not None:
            end = field.offset + field.size_bytes
            places[""].append(slice(at, field.offset))
            places.setdefault(rule, []).append(slice(field.offset, end))
            at = end
    places[""].append(slice(at, layout.size_bytes))
    return tuple(places.items())


def _fields(raw: bytes, places: _Places) -> Iterator[tuple[str, bytes]]:
    """Yield a record's fields, together by the rule that they go by."""
    for rule, of_rule in places:
        yield rule, b"".join([raw[place] for place in of_rule])


def _differing(
    attributes: Mapping[str, Any], before: Mapping[str, Any], renamed: Collection[int]
) -> list[tuple[str, Any, Any]]:
    """Return the attributes that are not the very same as before, or go by another name now."""
    old = (
        before.values()
        if list(attributes) == list(before)
        else map(before.get, attributes, repeat(_ABSENT))
    )
    rows = zip(attributes, attributes.values(), old, strict=True)
    if renamed:
        return [row for row in rows if row[1] is not row[2] or id(row[1]) in renamed]
    return [row for row in rows if row[1] is not row[2]]


@cache
def _rules(kind: type) -> dict[str, str]:
    """Return the rules for the attributes of a class, by their names."""
    names = {one.__name__ for one in kind.__mro__}
    return {name: rule for (of, name), rule in RULE_OF.items() if of in names}


@cache
def _always(kind: type) -> tuple[str, ...]:
    return tuple(name for name, rule in _rules(kind).items() if rule in _ALWAYS)


def _asked(due_us: int, ahead: Sequence[Span], order: Promise) -> bytes:
    spans = [
        (max(span.from_us, due_us), span.to_us, span.must.value, span.rule, span.invites)
        for span in ahead
    ]
    return repr((due_us, spans, replace(order, from_us=0))).encode()
