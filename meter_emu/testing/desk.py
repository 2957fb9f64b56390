"""The office on the bench: what it writes goes onto a card, over whatever link the run has."""

from collections.abc import Callable
from typing import Final, Protocol, TypeVar, final

from card_protocol.card.virtual import AnyImage
from card_protocol.timestamp import Civil
from meter_emu.desk.desk import Account, Exchange
from meter_emu.desk.pricing import Pricing
from meter_emu.domain import WriteBack
from meter_emu.errors import ConfigError
from meter_emu.testing.card import Card
from meter_emu.testing.when import When, minute_of
from meter_emu.world.households.household import DeskOrder, NewCard
from meter_emu.world.meter.board import SlotCard
from meter_emu.world.meter.events import What
from meter_emu.world.rehearsal.reading import Euro, cents_of
from meter_emu.world.rehearsal.rig import Rig

_DoneT = TypeVar("_DoneT")

_WHO: Final = "desk"


class MakeCard(Protocol):
    """Puts an image on a new card."""

    def __call__(self, image: AnyImage, *, sets_clock: bool = False) -> Card:
        """Return the card."""
        ...


@final
class Desk:
    """The fixture `desk`: the office that serves the household's meter.

    Times are legal time in whole minutes. Each call is one visit: the card must not be in the
    meter.

    Args:
        rig: The board with its chips, and the office's keys.
        make: Makes a `Card` of a new card's image.
        note: Gets what the office did, for a failed test's report.
    """

    def __init__(self, rig: Rig, make: MakeCard, note: Callable[[What, str], None]) -> None:
        self._rig = rig
        self._make = make
        self._note = note

    # What is written on a card -------------------------------------------------------------------

    def load(self, card: Card, eur: Euro) -> None:
        """Load an amount, `eur`, on `card`: whole euro, or text such as `"12.50"`.

        Raises:
            ConfigError: The card is elsewhere, or the amount is none.
            DeskError: It is no load of 5 to 250 EUR.
            ApduError: The office does not serve such a card.
        """
        try:
            cents = cents_of(eur)
        except ValueError as error:
            raise ConfigError("desk.load", "eur", str(error)) from None
        self._write(card, DeskOrder(load_cents=cents))

    def defer(self, card: Card, until: When) -> None:
        """Order on `card`: do not disconnect, whatever the credit, `until` T1.

        Raises:
            ConfigError: The card is elsewhere, or the time is none in whole minutes.
            ApduError: The office does not serve such a card.
        """
        civil, us = self._minute(until, "desk.defer", "until")
        self._write(card, DeskOrder(defer_until=civil, defer_us=us))

    def cut(self, card: Card, at: When) -> None:
        """Order on `card`: cut `at` T2 unless reactivated before.

        Raises:
            ConfigError: The card is elsewhere, or the time is none in whole minutes.
            ApduError: The office does not serve such a card.
        """
        civil, us = self._minute(at, "desk.cut", "at")
        self._write(card, DeskOrder(cut_at=civil, cut_us=us))

    def arm(self, card: Card, *, defer_until: When, cut_at: When) -> None:
        """Order both in one record, as in spring 2020: on until T1, cut at T2.

        Args:
            card: The household's card.
            defer_until: T1, in whole minutes of legal time.
            cut_at: T2, likewise, not before T1.

        Raises:
            ConfigError: The card is elsewhere, or a time is none in whole minutes.
            DeskError: T2 is before T1.
            ApduError: The office does not serve such a card.
        """
        defer, defer_us = self._minute(defer_until, "desk.arm", "defer_until")
        cut, cut_us = self._minute(cut_at, "desk.arm", "cut_at")
        order = DeskOrder(defer_until=defer, defer_us=defer_us, cut_at=cut, cut_us=cut_us)
        self._write(card, order)

    def reactivate(self, card: Card) -> None:
        """Order the ordinary rules back on `card`: no T1, no T2, a programmed cut lifted.

        Raises:
            ConfigError: The card is elsewhere.
            ApduError: The office does not serve such a card.
        """
        self._write(card, DeskOrder(reactivate=True))

    def prepayment(self, card: Card, *, on: bool) -> None:
        """Switch the prepayment function `on` by `card`, or off: the meter counts and never cuts.

        Raises:
            ConfigError: The card is elsewhere.
            ApduError: The office does not serve such a card.
        """
        self._write(card, DeskOrder(prepayment=on))

    def limiter(self, card: Card, *, granted: bool) -> None:
        """Have the 10 A limiter `granted` by `card`, or withdrawn.

        Raises:
            ConfigError: The card is elsewhere.
            ApduError: The office does not serve such a card.
        """
        self._write(card, DeskOrder(limiter=granted))

    def tariff(
        self,
        card: Card,
        number: int,
        price_ueur_per_wh: int,
        night_price_ueur_per_wh: int | None = None,
    ) -> None:
        """Write another tariff.

        Args:
            card: The household's card.
            number: The tariff's number, 1 to 65,535, above the one before.
            price_ueur_per_wh: Micro-euro per Wh (per dm³ of gas): 250 is 0.25 EUR/kWh.
            night_price_ueur_per_wh: Likewise at night, at most the day's; by default there is one
                price.

        Raises:
            ConfigError: The card is elsewhere.
            DeskError: A number is outside what a tariff has.
            ApduError: The office does not serve such a card.
        """
        tariff = Pricing.of(number, price_ueur_per_wh, night_price_ueur_per_wh)
        self._write(card, DeskOrder(tariff=tariff))

    # What is read from a card --------------------------------------------------------------------

    def account(self, card: Card) -> Account:
        """Return what the office has written on `card`, every record checked.

        Raises:
            ConfigError: The card is elsewhere.
            ApduError: The office does not serve such a card.
        """
        return self._served(card, self._rig.desk.account)

    def read_back(self, card: Card) -> WriteBack | None:
        """Return what the meter last wrote on `card`, `None` on one that no meter has seen.

        Raises:
            ConfigError: The card is elsewhere.
            ApduError: The office does not serve such a card.
        """
        return self._served(card, self._rig.desk.read_back)

    # New cards -----------------------------------------------------------------------------------

    def replace(self, card: Card, *, expires: When | None = None) -> Card:
        """Return a new card for the same meter in place of `card`; a temporary one `expires`.

        Raises:
            ConfigError: The card is elsewhere, or the time is none in whole minutes.
            ApduError: The office does not serve such a card.
        """
        new = NewCard()
        if expires is not None:
            new = NewCard(*self._minute(expires, "desk.replace", "expires"))
        return self._make(self._rig.replacement(_at_the_desk(card), new, office_error_s=0).image)

    def clock_card(self, *, error_s: int = 0) -> Card:
        """Return a technician's card that sets the clock to now, `error_s` seconds off.

        Raises:
            DeskError: The meter's clock card would state an error outside what it can say.
        """
        return self._make(self._rig.clock_card(error_s).image, sets_clock=True)

    # Inside --------------------------------------------------------------------------------------

    def _write(self, card: Card, order: DeskOrder) -> None:
        written = self._rig.write(_at_the_desk(card), order)
        self._note(What.DESK, written)

    def _served(self, card: Card, do: Callable[[Exchange], _DoneT]) -> _DoneT:
        slot = _at_the_desk(card)
        slot.power_on()
        try:
            return do(slot.transmit)
        finally:
            slot.power_off()

    def _minute(self, when: When, path: str, key: str) -> tuple[Civil, int]:
        return minute_of(when, self._rig.zone, path=path, key=key)


def _at_the_desk(card: Card) -> SlotCard:
    card.check_at_hand()
    return card.in_slot(_WHO)
