"""The office: it refuses what no card carries and no rule allows, and writes what lies next to it.

The limits are the law's own: of the published terminal text, the card's fields and `datetime`.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.errors import DeskError
from meter_emu.laws.law import Broken, Finding, Law, Trial
from meter_emu.stories.story import armed_household
from meter_emu.world.rehearsal.engine import rig_of
from meter_emu.world.rehearsal.rig import Rig

_MINUTES: Final = 2**32 - 1  # the last number of 32 bits says none


class _Asked(NamedTuple):
    """What somebody asks of the office, and whether it is to do it."""

    what: str
    ask: Callable[[Rig], object]
    right: bool


def _served(work: Work) -> Callable[[Rig], object]:
    return lambda rig: rig.serve(rig.first_card(), work, rig.now_min)


def _stamped(minute: int) -> Callable[[Rig], object]:
    return lambda rig: rig.serve(rig.first_card(), Work(load_cents=500), minute)


def _issued(**given: object) -> Callable[[Rig], object]:
    def ask(rig: Rig) -> object:
        words = {"meter_id": 1, "issued_at_min": 0, **given}
        return rig.desk.issue(words.pop("meter_id"), **words)  # type: ignore[arg-type]

    return ask


def _reissued(by: int) -> Callable[[Rig], object]:
    def ask(rig: Rig) -> object:
        card = rig.first_card()
        card.power_on()
        account = rig.desk.account(card.transmit)
        number = account.identity.card_number + by
        return rig.desk.reissue(account, card_number=number, issued_at_min=0)

    return ask


def _date(*when: int) -> Callable[[Rig], object]:
    return _served(Work(cut_at=Civil(*when)))


def _priced(number: int, day: int, night: int | None = None) -> Callable[[Rig], object]:
    return _served(Work(tariff=Pricing.of(number, day, night)))


_T1: Final = Civil(2030, 6, 3, 12, 0)
_ASKED: Final = (
    *(_Asked(f"a load of {cents} cents", _served(Work(load_cents=cents)), right)
      for cents, right in ((499, False), (500, True), (25_000, True), (25_001, False))),
    *(_Asked(f"the date {when}", _date(*when), right) for when, right in (
        ((2000, 2, 29, 0, 0), True), ((2023, 2, 29, 0, 0), False), ((2024, 2, 29, 23, 59), True),
        ((2030, 4, 31, 12, 0), False), ((1999, 12, 31, 23, 59), False),
        ((2099, 6, 30, 12, 0), True), ((2100, 1, 1, 0, 0), False), ((2030, 13, 1, 0, 0), False),
        ((2030, 6, 3, 24, 0), False), ((2030, 6, 3, 23, 60), False), ((2030, 6, 0, 0, 0), False))),
    *(_Asked(f"a cut {words} the deferral's end", _served(Work(defer_until=_T1, cut_at=cut)), right)
      for words, cut, right in (("before", _T1._replace(minute=0, hour=11), False),
                                ("at", _T1, True), ("after", _T1._replace(minute=1), True))),
    _Asked("an order that reactivates and arms", _served(Work(reactivate=True, cut_at=_T1)), False),
    *(_Asked(f"tariff {number}", _priced(number, 200), right)
      for number, right in ((0, False), (1, True), (65_535, True), (65_536, False))),
    *(_Asked(f"prices {day} and {night}", _priced(2, day, night), right)
      for day, night, right in ((0, None, False), (200, 0, False), (200, 201, False))),
    *(_Asked(f"a card of meter {meter_id}", _issued(meter_id=meter_id), right)
      for meter_id, right in ((0, False), (1, True), (2**64 - 1, True), (2**64, False))),
    *(_Asked(f"card number {number}", _issued(card_number=number), right)
      for number, right in ((0, False), (1, True))),
    *(_Asked(f"memory card {words}", _issued(card_kind=CardKind.MEMORY, **given), right)
      for words, given, right in (
          ("number 65,535", {"card_number": 65_535}, True),
          ("number 65,536", {"card_number": 65_536}, False),
          ("for customer 2^48 - 1", {"customer_ref": 2**48 - 1}, True),
          ("for customer 2^48", {"customer_ref": 2**48}, False),
          ("of generation 2", {"generation": 2}, False))),
    *(_Asked(f"a card of generation {number}", _issued(generation=number), right)
      for number, right in ((0, False), (1, True), (2, True), (3, False))),
    *(_Asked(f"a visit in minute {minute}", _stamped(minute), right)
      for minute, right in ((-1, False), (0, True), (_MINUTES - 1, True), (_MINUTES, False))),
    *(_Asked(f"a replacement numbered {by} above its card", _reissued(by), right)
      for by, right in ((-1, False), (0, False), (1, True))),
)  # fmt: skip


def _check(trial: Trial) -> Finding:
    asked = _ASKED[trial.campaign.seed % len(_ASKED)]
    rig = rig_of(trial.household, trial.campaign)
    try:
        asked.ask(rig)
    except DeskError:
        done = False
    else:
        done = True
    if done is asked.right:
        return None
    return Broken(f"the office {'writes' if done else 'refuses'} {asked.what}")


LAW: Final = Law(
    id="office-limits",
    says="the office refuses what no card carries or no rule allows, and writes what is next to it",
    properties=("P4",),
    presumes="our office, with or without defects",
    draw=armed_household,
    check=_check,
)
