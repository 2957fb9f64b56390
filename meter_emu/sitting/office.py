"""The office, asked in one line as a person says it: `load 50, cut at 3 July 23:01`."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Any, Final, final

from card_protocol.card.virtual import VirtualCard
from card_protocol.formats.budget import WriteBackRecord
from meter_emu.desk.budget.view import explain_written_back
from meter_emu.desk.dates import DeskDates
from meter_emu.desk.desk import Account
from meter_emu.desk.switches import SWITCHES
from meter_emu.energies import BY_CODE
from meter_emu.errors import CommandError, DeskError
from meter_emu.rows import of_energy
from meter_emu.sitting.cards import Cards
from meter_emu.sitting.commands import typed_instant_us, written
from meter_emu.units import EPOCH_2000_US, MINUTE_US, SECOND_US
from meter_emu.world.households.household import DeskOrder, NewCard
from meter_emu.world.rehearsal.rig import Rig
from meter_emu.zones import TimeZone

_AMOUNT: Final = re.compile(r"(\d{1,9}(?:[.,]\d{1,2})?)(?: ?EUR)?", re.ASCII)
_ON_OFF: Final = MappingProxyType({"on": True, "off": False, "granted": True, "withdrawn": False})


@final
@dataclass(frozen=True, slots=True)
class AtCounter:
    """A visit to the office: the card's file, empty for the one at hand, and what is wanted.

    `reads` asks what the meter last wrote on it.
    """

    card: str
    order: DeskOrder
    reads: bool = False

    @property
    def writes(self) -> bool:
        """Whether anything is to be written on a card that there is."""
        return self.order != DeskOrder(office_error_s=self.order.office_error_s)


@final
@dataclass(slots=True)
class _Asked:
    """What one line has asked so far; times are read at `now_us`."""

    now_us: int
    zone: TimeZone
    fields: dict[str, Any] = field(default_factory=dict)
    reads: bool = False

    def ask(self, part: str) -> None:
        """Add one part of the line; raise `CommandError`."""
        for word, take in _PARTS.items():
            if part == word or part.startswith(f"{word} "):
                take(self, part[len(word) :].strip())
                return
        raise CommandError(f"the office does {', '.join(_PARTS)}, got {part[:40]!r}")

    def issue(self, rest: str) -> None:
        """Ask for a new card."""
        self._alone(rest)
        self.fields["new_card"] = NewCard()

    def read(self, rest: str) -> None:
        """Ask what the meter wrote."""
        self._alone(rest)
        self.reads = True

    def reactivate(self, rest: str) -> None:
        """Order the ordinary rules back."""
        self._alone(rest)
        self.fields["reactivate"] = True

    def load(self, rest: str) -> None:
        """Load an amount in euro."""
        found = _AMOUNT.fullmatch(rest)
        if found is None:
            raise CommandError(f"expected an amount such as 50 or 12.50, got {rest[:40]!r}")
        self.fields["load_cents"] = int(Decimal(found[1].replace(",", ".")) * 100)

    def defer(self, rest: str) -> None:
        """Order T1."""
        self._ends("defer_until", "defer_us", rest.removeprefix("until "))

    def cut(self, rest: str) -> None:
        """Order T2."""
        self._ends("cut_at", "cut_us", rest.removeprefix("at "))

    def switch(self, rest: str, name: str) -> None:
        """Switch what has a row of `SWITCHES`."""
        if rest not in _ON_OFF:
            raise CommandError(f"expected on or off, got {rest[:40]!r}")
        self.fields[name] = _ON_OFF[rest]

    def dated(self, rest: str) -> None:
        """Let the office have another date than it is."""
        at_us = typed_instant_us(rest, self.now_us, self.zone)
        now_us = self.now_us - self.now_us % MINUTE_US
        self.fields["office_error_s"] = (at_us - now_us) // SECOND_US

    def _ends(self, name: str, instant: str, rest: str) -> None:
        dates = DeskDates(self.zone)
        when = dates.parse(written(rest, self.now_us, self.zone))
        self.fields[name] = when
        self.fields[instant] = EPOCH_2000_US + dates.minute_of(when) * MINUTE_US

    @staticmethod
    def _alone(rest: str) -> None:
        if rest:
            raise CommandError(f"expected a comma before {rest[:40]!r}")


_PARTS: Final[MappingProxyType[str, Callable[[_Asked, str], None]]] = MappingProxyType(
    {
        "new": _Asked.issue,
        "read": _Asked.read,
        "load": _Asked.load,
        "reactivate": _Asked.reactivate,
        "defer": _Asked.defer,
        "cut": _Asked.cut,
        **{switch.name: partial(_Asked.switch, name=switch.name) for switch in SWITCHES},
        "dated": _Asked.dated,
    }
)
_LINE: Final = re.compile(rf"(?:(?P<card>.*?)\s+)??(?P<work>(?:{'|'.join(_PARTS)})(?![^\s,]).*)")


def at_counter(text: str, now_us: int, zone: TimeZone) -> AtCounter:
    """Return what a line asks of the office at an instant.

    Raise `CommandError` or `DeskError` for what no office does.
    """
    found = _LINE.fullmatch(text)
    if found is None:
        raise CommandError(f"expected {', '.join(_PARTS)} after the card's file, got {text[:40]!r}")
    asked = _Asked(now_us, zone)
    for part in found["work"].split(","):
        asked.ask(" ".join(part.split()))
    return AtCounter(found["card"] or "", DeskOrder(**asked.fields), asked.reads)


def of_fields(fields: Mapping[str, str], now_us: int, zone: TimeZone) -> AtCounter | dict[str, str]:
    """Return what a form asks of the office at an instant, or what is wrong, by field.

    `fields` has the card's file as `card`, and what else is wanted by the words of a typed line.
    """
    asked, wrong = _Asked(now_us, zone), {}
    for name, value in fields.items():
        if name == "card":
            continue
        if name not in _PARTS:
            wrong[name] = "the office has no such field"
            continue
        try:
            _PARTS[name](asked, " ".join(value.split()))
        except (CommandError, DeskError) as error:
            wrong[name] = str(error)
    if not (wrong or asked.reads or asked.fields.keys() - {"office_error_s"}):
        return {"load": "expected an amount, or a moment, or another thing to do"}
    return wrong or AtCounter(fields.get("card", ""), DeskOrder(**asked.fields), asked.reads)


def line_of(fields: Mapping[str, str]) -> str:
    """Return the line that asks what a form does: there a comma parts, and is no decimal mark."""
    parts = [f"{name} {value.replace(',', '.')}".strip() for name, value in fields.items()]
    card = [fields["card"]] if "card" in fields else []
    return " ".join(["office", *card, ", ".join(part for part in parts if part[:5] != "card ")])


def read_back(rig: Rig, cards: Cards, name: str) -> Iterator[str]:
    """Yield what the meter last wrote on a card, a field a line, and what does not agree with it.

    Raise `CommandError` for a card that no meter has written on.
    """

    def read(card: VirtualCard) -> tuple[WriteBackRecord | None, Account]:
        card.power_on()
        try:
            return rig.desk.write_back_record(card.transmit)
        finally:
            card.power_off()

    written, account = cards.serve(name, read)
    if written is None:
        raise CommandError("no meter has written on this card yet")
    energy = BY_CODE[account.identity.energy]
    for row in of_energy(explain_written_back(written), energy).rows:
        if row.meaning:
            yield f"{row.field:<22} {row.meaning}"
    yield from (doubt.words for doubt in rig.desk.doubts(written, account))
