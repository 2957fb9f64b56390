"""The office: it refuses what no card carries and no rule allows, and writes what lies next to it.

The limits are the law's own: of the published terminal text, the card's fields and `datetime`.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import AnyImage, card_of
from card_protocol.errors import CardProtocolError, LayoutError
from card_protocol.timestamp import Civil
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.dates import CivilReading
from meter_emu.desk.desk import Work
from meter_emu.desk.pricing import Pricing
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.energies import ENERGIES
from meter_emu.errors import DeskError
from meter_emu.laws.judged import law_with_runs
from meter_emu.laws.law import Broken, Finding, Trial
from meter_emu.world.rehearsal.engine import rig_of
from meter_emu.world.rehearsal.rig import Rig
from meter_emu.zones import BELGIAN

_MINUTES: Final = 2**32 - 1  # the last number of 32 bits says none
_SET_TO_END: Final = 36_525 * 86_400  # seconds of 2000 to 2099
_VARIES: Final = next(energy for energy in ENERGIES.values() if energy.varies)
_A_STORY: Final = 24  # asked in each


class _Asked(NamedTuple):
    """What somebody asks of the office, and whether it is to do it, perhaps by the energy."""

    what: str
    ask: Callable[[Rig], object]
    right: bool | Callable[[Rig], bool]


def _served(work: Work) -> Callable[[Rig], object]:
    return lambda rig: rig.serve(rig.first_card(), work, rig.now_min)


def _stamped(minute: int) -> Callable[[Rig], object]:
    return lambda rig: rig.serve(rig.first_card(), Work(load_cents=500), minute)


def _issued(**given: object) -> Callable[[Rig], AnyImage]:
    def ask(rig: Rig) -> AnyImage:
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


def _second_card(**given: object) -> Callable[[Rig], object]:
    def ask(rig: Rig) -> object:
        account = rig.desk.first_account(1, issued_at_min=0)
        return rig.desk.reissue(account, issued_at_min=0, **given)  # type: ignore[arg-type]

    return ask


def _clock_card(set_to_s: int, set_error_s: int) -> Callable[[Rig], object]:
    return lambda rig: issue_clock_card(
        TEST_MASTER_KEY, rig.meter_id, set_to_s=set_to_s, set_error_s=set_error_s
    )


def _twice(first: Work, second: Work, **given: object) -> Callable[[Rig], object]:
    """Return two visits with one card; the law is about the second."""

    def ask(rig: Rig) -> None:
        card = card_of(_issued(**given)(rig), rig.challenge) if given else rig.first_card()
        for work in (first, second):
            rig.serve(card, work, rig.now_min)

    return ask


def _legal(minute: int) -> Callable[[Rig], object]:
    return lambda rig: rig.build.desk_parts(BELGIAN)[1].legal(minute)


def _text_read(text: str) -> Callable[[Rig], object]:
    return lambda rig: rig.build.desk_parts(BELGIAN)[1].parse(text)


def _wall(rig: Rig, *when: int) -> Civil:
    """Return what a clock on the wall shows there when it is so late in UTC and an hour more."""
    standard_min = rig.household.model.zone.rule.standard_min
    there = datetime(*when, tzinfo=UTC) + timedelta(minutes=standard_min - 60)  # type: ignore[misc,arg-type]
    return Civil(*there.timetuple()[:5])


def _expires(
    *when: int, reading: CivilReading | None = None, generation: int = 1
) -> Callable[[Rig], object]:
    return lambda rig: _issued(expires=_wall(rig, *when), reading=reading, generation=generation)(
        rig
    )


def _hour_that_comes_twice(
    defer: int, defer_reading: CivilReading, cut: int, cut_reading: CivilReading
) -> Callable[[Rig], object]:
    """Return a cut at minute `cut` of it, by a card that defers until minute `defer` of it."""

    def ask(rig: Rig) -> object:
        hour = _wall(rig, 2024, 10, 27, 2, 0)
        deferred = Work(defer_until=hour._replace(minute=defer), reading=defer_reading)
        ordered = Work(cut_at=hour._replace(minute=cut), reading=cut_reading)
        return _twice(deferred, ordered, generation=2)(rig)

    return ask


def _factor(value: int | None, tariff: Pricing | None) -> Callable[[Rig], object]:
    return _served(Work(tariff=tariff, mwh_per_unit=value))


def _date(*when: int) -> Callable[[Rig], object]:
    return _served(Work(cut_at=Civil(*when)))


def _priced(number: int, day: int, night: int | None = None) -> Callable[[Rig], object]:
    return _served(Work(tariff=Pricing.of(number, day, night)))


def _has_limiter(rig: Rig) -> bool:
    return rig.household.model.measures.limiter


def _has_nights(rig: Rig) -> bool:
    return rig.household.model.measures.nights


def _has_factors(rig: Rig) -> bool:
    return rig.household.model.measures.varies


def _has_room(rig: Rig) -> bool:
    return rig.household.carrier is not CardKind.MEMORY


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
      for day, night, right in ((0, None, False), (200, 0, False), (200, 201, False),
                                (1, None, True), (2**16, None, _has_room), (2**32, None, False),
                                (200, 200, True), (2, 1, _has_nights))),
    *(_Asked(f"a new card at {day} and {night}", _issued(tariff=Pricing.of(number, day, night)),
             right)
      for number, day, night, right in (
          (1, 1, None, True), (0, 1, None, False), (1, 0, None, False), (1, 9, 10, False),
          (1, 9, 0, False), (65_536, 1, None, False), (1, 2**32 - 1, None, True),
          (1, 2**32, None, False))),
    *(_Asked(f"a factor of {factor} with its tariff", _factor(factor, Pricing.of(3, 9)), right)
      for factor, right in ((1_000, True), (999, _has_factors), (0, False),
                            (1, _has_factors), (65_535, _has_factors),
                            (65_536, False))),
    *(_Asked(f"a new card with a factor of {factor}, which varies",
             _issued(energy=_VARIES, mwh_per_unit=factor), right)
      for factor, right in ((0, False), (1, True), (65_535, True), (65_536, False))),
    _Asked("a factor without a tariff", _factor(1_000, None), False),
    _Asked("a limiter", _served(Work(limiter=True)), _has_limiter),
    _Asked("no limiter", _served(Work(limiter=False)), True),
    *(_Asked(f"a clock card set to {to} within {off} s", _clock_card(to, off), right)
      for to, off, right in ((0, 1, True), (-1, 1, False), (_SET_TO_END - 1, 3_600, True),
                             (_SET_TO_END, 60, False), (60, 0, False), (60, 3_601, False))),
    *(_Asked(f"the text {text!r}", _text_read(text), right)
      for text, right in (("2020-07-03 23:01", True), (" 2020-07-03T23:01 ", True),
                          ("2020-7-3 23:01", False), ("2020-07-03 24:00", False), ("", False),
                          ("2020-07-03 23:01:00", False), ("2023-02-29 00:00", False))),
    *(_Asked(f"the hour that {words}, {reading}", _expires(*when, reading=reading), right)
      for words, when in (("is skipped", (2024, 3, 31, 2, 30)),
                          ("comes twice", (2024, 10, 27, 2, 30)))
      for reading, right in ((None, False), (CivilReading.LATER, True),
                             (CivilReading.EARLIER, words == "is skipped"))),
    *(_Asked(f"a card of generation {of} that expires {when}",
             _expires(*when, generation=of), right)
      for of, when, right in ((2, (2000, 1, 1, 1, 0), True), (2, (2000, 1, 1, 0, 59), False))),
    *(_Asked(f"a card that expires {when}", _issued(expires=Civil(*when)), right)
      for when, right in (((2024, 2, 29, 0, 0), True), ((2023, 2, 29, 0, 0), False),
                          ((2100, 1, 1, 0, 0), False))),
    *(_Asked(f"replacement {number} on a memory card",
             _second_card(card_number=number, card_kind=CardKind.MEMORY), right)
      for number, right in ((65_535, True), (65_536, False))),
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
    *(_Asked(f"an end {words} the other one, which is on the card", _twice(first, second), right)
      for words, first, second, right in (
          ("before", Work(defer_until=_T1), Work(cut_at=_T1._replace(hour=11)), False),
          ("after", Work(defer_until=_T1), Work(cut_at=_T1._replace(hour=13)), True),
          ("after", Work(cut_at=_T1), Work(defer_until=_T1._replace(hour=13)), False),
          ("before", Work(cut_at=_T1), Work(defer_until=_T1._replace(hour=11)), True))),
    *(_Asked(f"a cut at {cut} after the {first.value} {defer}",
             _hour_that_comes_twice(defer, first, cut, then), right)
      for defer, first, cut, then, right in (
          (30, CivilReading.EARLIER, 0, CivilReading.LATER, True),
          (0, CivilReading.LATER, 30, CivilReading.EARLIER, False))),
    *(_Asked(f"the legal time of minute {minute}", _legal(minute), right)
      for minute, right in ((0, True), (_MINUTES - 1, False))),
)  # fmt: skip


@law_with_runs(
    id="office-limits",
    properties=("P4",),
    presumes="our office, with or without defects",
)
def office_limits(trial: Trial) -> Finding:
    """The office refuses what no card carries or no rule allows, and writes what is next to it."""
    first = trial.campaign.seed % len(_ASKED)
    for asked in (_ASKED * 2)[first : first + _A_STORY]:
        rig = rig_of(trial.household, trial.campaign)
        right = asked.right(rig) if callable(asked.right) else asked.right
        try:
            asked.ask(rig)
        except DeskError:
            done = False
        except LayoutError:  # from the memory card that has no room for the price
            done = asked.right is not _has_room
        except CardProtocolError as error:
            return Broken(f"the office cannot read what it wrote: {asked.what}: {error}")
        else:
            done = True
        if done is not right:
            return Broken(f"the office {'writes' if done else 'refuses'} {asked.what}")
    return None
