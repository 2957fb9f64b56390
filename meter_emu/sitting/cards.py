"""Where cards come from: image files, put in and pulled out by hand, or taken to the office."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import PurePath
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol, TypeVar, final

from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from meter_emu.errors import CommandError
from meter_emu.units import EPOCH_2000_US, MINUTE_US, SECOND_US
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.events import What
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.rehearsal.by_hand import LivedByHand
from meter_emu.world.rehearsal.rig import Rig

NO_CARD: Final = "none"
CARD_NAMED: Final = "home.card"  # ours: a card that nobody has named
_DoneT = TypeVar("_DoneT")


class HeldCard(Protocol):
    """A file that is nobody else's to change until `release`."""

    @property
    def path(self) -> str:
        """Its name as it was given."""
        ...

    content: bytes

    def write(self, data: bytes) -> None:
        """Make it hold exactly these bytes; raise `OutputError`."""
        ...

    def is_named(self, path: str) -> bool:
        """Whether a name means this file."""
        ...

    def release(self) -> None:
        """Let others have it."""
        ...


class Files(Protocol):
    """The files of a sitting."""

    def hold(self, path: str) -> HeldCard:
        """Hold the file of a card; raise `ImageError`."""
        ...

    def card_in(self, path: str, raw: bytes) -> AnyImage:
        """Return the card image that these bytes of a file are; raise `ImageError`."""
        ...

    def leave(self, path: str, data: bytes, *, replace: bool) -> None:
        """Make a file hold these bytes, and only `replace` one that is there."""
        ...


class CardsThen(NamedTuple):
    """The cards of a sitting at one moment: which is in the slot, and what each file held."""

    inside: VirtualCard | None
    inside_path: str
    held: Mapping[str, bytes]


class Cards(Protocol):
    """The cards that can be put into the meter's slot."""

    def insert(self, meter: LiveMeter, argument: str) -> None:
        """Put a card in and let the meter serve it; raise what is wrong with that."""
        ...

    def remove(self, meter: LiveMeter) -> None:
        """Pull the card out; raise `CommandError` when there is none."""
        ...

    def serve(self, name: str, do: Callable[[VirtualCard], _DoneT]) -> _DoneT:
        """Let the office do something with a card, empty for the one at hand."""
        ...

    def write(self, meter: LiveMeter, rig: Rig, name: str, order: DeskOrder) -> None:
        """Let the office write an order on a card, or on a new one if the order has one.

        Raise what it refuses, and `OutputError` where there is a file of that name already.
        """
        ...

    def attend(self, meter: LiveMeter) -> None:
        """Do what is due between two polls."""
        ...

    def close(self, meter: LiveMeter) -> None:
        """Do what is left when the sitting is over."""
        ...

    def words(self) -> str:
        """Say what is in the slot."""
        ...

    def names(self) -> tuple[str, ...]:
        """Return the cards that are known, the one at hand last."""
        ...

    def at_hand(self) -> AnyImage | None:
        """Return the card in the slot or else the one that had been there last."""
        ...

    def then(self) -> CardsThen:
        """Return how the cards are now."""
        ...

    def put_back(self, then: CardsThen) -> None:
        """Make all cards what they were; raise `ImageError` where another program has one."""
        ...


@final
class FileCards:
    """Cards of image files. What a session changed is in the file when the session is over.

    Cards draw their challenges from `challenge`. A file is held while its card is in the meter.
    """

    def __init__(self, files: Files, challenge: Callable[[int], bytes]) -> None:
        self._files: Final = files
        self._challenge: Final = challenge
        self._held: HeldCard | None = None
        self._card: VirtualCard | None = None  # in the slot, or pulled out and not saved yet
        self._inside = False
        self._saved: AnyImage | None = None  # what the file holds
        self._refused: AnyImage | None = None  # what could not be saved when it was tried
        self._known: dict[str, bytes] = {}  # what each file of this sitting was last seen to hold
        self._first: dict[str, bytes] = {}  # and what it held when it was seen first

    def insert(self, meter: LiveMeter, argument: str) -> None:
        """Put the card of an image file in, of the one at hand for an empty name."""
        if self._held is not None:
            why = "is in the slot: remove it first" if self._inside else "could not be saved yet"
            raise CommandError(f"{PurePath(self._held.path).name} {why}")
        path = self._meant(argument)
        with ExitStack() as stack:
            held = self._hold(path, stack)
            image = self._files.card_in(path, held.content)
            stack.pop_all()  # and holds it on
        self._held, self._saved, self._refused = held, image, None
        card = card_of(image, self._challenge)
        self._card, self._inside = card, True
        meter.insert(card, PurePath(path).name)
        self.attend(meter)

    def remove(self, meter: LiveMeter) -> None:
        """Pull the card out; within a poll it is saved as soon as the poll is over."""
        if not self._inside:
            raise CommandError("there is no card in the slot")
        meter.remove()
        self._inside = False
        self.attend(meter)

    def serve(self, name: str, do: Callable[[VirtualCard], _DoneT]) -> _DoneT:
        """Let the office do something with the card of a file, and save it."""
        path = self._meant(name)
        if self._held is not None and self._held.is_named(path):
            raise CommandError(f"{PurePath(path).name} is in the slot: remove it first")
        with ExitStack() as stack:
            held = self._hold(path, stack)
            image = self._files.card_in(path, held.content)
            card = card_of(image, self._challenge)
            done = do(card)
            self._write(held, card.image.to_bytes())
        return done

    def write(self, meter: LiveMeter, rig: Rig, name: str, order: DeskOrder) -> None:
        """Let the office write on a card's file; a new card gets a file of its own."""
        new = order.new_card
        if new is not None:
            error_s = order.office_error_s
            if self._known:  # the card at hand is taken for lost
                fresh = self.serve(
                    "", lambda old: rig.replacement(old, new, office_error_s=error_s)
                )
            else:
                at_us = rig.board.now_us + error_s * SECOND_US
                fresh = rig.first_card(issued_at_min=(at_us - EPOCH_2000_US) // MINUTE_US)
            name, raw = name or CARD_NAMED, fresh.image.to_bytes()
            self._files.leave(name, raw, replace=False)
            self._see(name, raw)
        meter.note(What.DESK, self.serve(name, lambda card: rig.write(card, order)))

    def attend(self, meter: LiveMeter) -> None:
        """Save the card if it has changed, and forget one that was pulled out.

        Raise `OutputError` when it cannot be saved; then it is kept, and tried again when it has
        changed further, and at the end.
        """
        card = self._card
        if card is None or meter.bench.polling:
            return
        image = card.image
        if image is not self._saved:
            if image is self._refused:
                return
            self._refused = image
            self._save(image)
        if not self._inside:
            self._let_go()

    def close(self, meter: LiveMeter) -> None:
        """Save the card for the last time; raise `OutputError`."""
        self._refused = None
        try:
            self.attend(meter)
        finally:
            self._let_go()

    def words(self) -> str:
        """Say which file's card is in the slot."""
        return PurePath(self._held.path).name if self._inside and self._held else NO_CARD

    def names(self) -> tuple[str, ...]:
        """Return the files of this sitting, the one at hand last."""
        return tuple(self._known)

    def at_hand(self) -> AnyImage | None:
        """Return the card in the slot, or what the file of the last one was seen to hold."""
        if self._card is not None:
            return self._card.image
        if not self._known:
            return None
        path = next(reversed(self._known))
        return self._files.card_in(path, self._known[path])

    def then(self) -> CardsThen:
        """Return what each file holds, and which card is in the slot."""
        path = self._held.path if self._held is not None else ""
        return CardsThen(
            self._card if self._inside else None, path, MappingProxyType(self._known.copy())
        )

    def put_back(self, then: CardsThen) -> None:
        """Make every file hold what it held then."""
        before, held = self._held, dict[str, HeldCard]()
        contents = {**self._first, **then.held}
        with ExitStack() as stack:
            for path in contents:
                here = before is not None and before.path == path
                held[path] = before if before is not None and here else self._hold(path, stack)
            for path, raw in contents.items():
                self._write(held[path], raw)
            stack.pop_all()  # nothing can fail any more
        inside = None if then.inside is None else held[then.inside_path]
        for one in (*held.values(), *((before,) if before and before.path not in held else ())):
            if one is not inside:
                one.release()
        if inside is not None:
            self._saved = self._files.card_in(inside.path, inside.content)
        self._known = dict(then.held)
        self._held, self._card, self._inside = inside, then.inside, inside is not None
        self._refused = None  # the file is as the card was then

    def _meant(self, name: str) -> str:
        """Return the file that a name means: as it is, by its last part, or the one at hand."""
        if not name and not self._known:
            raise CommandError(
                "expected FILE: there has been no card yet, office home.card new makes one"
            )
        if not name:
            return next(reversed(self._known))
        alike = [path for path in self._known if PurePath(path).name == name]
        return name if name in self._known or not alike else alike[-1]

    def _hold(self, path: str, stack: ExitStack) -> HeldCard:
        held = self._files.hold(path)
        stack.callback(held.release)
        self._see(path, held.content)
        self._first.setdefault(path, held.content)
        return held

    def _see(self, path: str, raw: bytes) -> None:
        self._known.pop(path, None)
        self._known[path] = raw

    def _write(self, held: HeldCard, raw: bytes) -> None:
        if raw != held.content:
            held.write(raw)
        self._see(held.path, raw)

    def _save(self, image: AnyImage) -> None:
        assert self._saved is not None, "a card in the slot came from its file"
        assert self._held is not None, "and that is held"
        self._write(self._held, image.to_bytes())
        self._saved = image

    def _let_go(self) -> None:
        if self._held is not None:
            self._held.release()
        self._held = self._card = None


@final
class HouseholdCards:
    """The cards of a household of a campaign; they are no files, and the newest is at hand."""

    def __init__(self, lived: LivedByHand) -> None:
        self._lived: Final = lived

    def insert(self, meter: LiveMeter, argument: str) -> None:
        """Put the household's newest card in."""
        if meter.board.card is not None:
            raise CommandError(f"{CARD_NAMED} is in the slot: remove it first")
        self._check(argument)
        self._lived.insert()

    def remove(self, meter: LiveMeter) -> None:
        """Pull the card out."""
        if meter.board.card is None:
            raise CommandError("there is no card in the slot")
        meter.remove()

    def serve(self, name: str, do: Callable[[VirtualCard], _DoneT]) -> _DoneT:
        """Let the office do something with the newest card."""
        self._check(name)
        story = self._lived.story
        if story.bench.board.card is not None:
            raise CommandError(f"{CARD_NAMED} is in the slot: remove it first")
        return do(story.card)

    def write(self, meter: LiveMeter, rig: Rig, name: str, order: DeskOrder) -> None:  # noqa: ARG002
        """Let the office write on the newest card, or on one that is newer."""
        self.serve(name, lambda _card: self._lived.at_office(order))

    def attend(self, meter: LiveMeter) -> None:
        """Do nothing: no file is to be saved."""

    def close(self, meter: LiveMeter) -> None:
        """Do nothing."""

    def words(self) -> str:
        """Say whether a card is in the slot."""
        return NO_CARD if self._lived.story.bench.board.card is None else CARD_NAMED

    def names(self) -> tuple[str, ...]:
        """Return the one card at hand."""
        return (CARD_NAMED,)

    def at_hand(self) -> AnyImage:
        """Return the newest card."""
        return self._lived.story.card.image

    def then(self) -> CardsThen:
        """Return nothing: cards that are no files are saved with the meter."""
        return CardsThen(None, "", {})

    def put_back(self, then: CardsThen) -> None:
        """Do nothing."""

    def _check(self, name: str) -> None:
        if name not in {"", CARD_NAMED}:
            raise CommandError(f"the card of a household in a campaign is {CARD_NAMED}")
