"""Runs one household of a campaign from start to end and returns what could be seen.

Composition only: the meter from its model and build, its card from the desk, then the visits in
order. The household does what the campaign says and one thing more: whoever stands at the meter
after a card session presses the button when the lamp asks for it.
"""

from random import Random
from typing import Final, final
from zoneinfo import ZoneInfo

from card_protocol.card.base import FileCard
from card_protocol.card.budget import record_on
from card_protocol.card.make import card_of
from card_protocol.errors import CardProtocolError
from card_protocol.formats.budget import (
    WRITE_BACK,
    Energy,
    Result,
    Sfi,
    WriteBack,
    open_sealed,
)
from card_protocol.keys import Purpose, derive
from card_protocol.timestamp import decode_bcd_minute
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.clock_card import issue_clock_card
from meter_emu.desk.dates import Reading
from meter_emu.desk.desk import Desk, Work
from meter_emu.errors import ConfigError, DeskError
from meter_emu.ports import Key, Lamp
from meter_emu.world.board import Board
from meter_emu.world.build import Build, parse_build
from meter_emu.world.campaign import Campaign
from meter_emu.world.commission import EPOCH_2000_US, Installation, install
from meter_emu.world.compose import board_of_file, watched_bench
from meter_emu.world.events import Event, What
from meter_emu.world.household import DeskOrder, Household, NewCard, Visit, VisitKind
from meter_emu.world.outcome import WORK_US
from meter_emu.world.times import MINUTE_US, SECOND_US, us_to_legal

CARD_STAYS_US: Final = 30 * SECOND_US  # UK card meters: "leave the card in 15 to 30 s"
PRESS_AFTER_US: Final = 60 * SECOND_US  # ours: the person reads the display and presses
HOLD_MS: Final = 4_000  # 3 to 5 s, as the texts say (domain: synonyme-du-mot.com)
SHUT_US: Final = 30 * SECOND_US  # ours: going round the appliances
TRY_AGAIN_US: Final = 5 * MINUTE_US  # ours: the careless person finds the open appliance


def run_meter(household: Household, campaign: Campaign) -> list[Event]:
    """Return the events of one meter, in time order.

    Raise `ConfigError` for a build that does not exist or an order the desk refuses, `ImageError`
    for an image that is not of this meter's model.
    """
    story = _Story(household, campaign)
    for number, visit in enumerate(household.visits):
        story.live_until(visit.at_us)
        story.receive(visit, number)
    story.live_until(campaign.end_us)
    story.end(campaign.end_us)
    return sorted(story.events, key=lambda event: event.at_us)


@final
class _Story:
    """One meter, its card, its desk, and the events so far."""

    def __init__(self, household: Household, campaign: Campaign) -> None:
        self.events: list[Event] = []
        self._household = household
        self._zone = campaign.zone
        self._fate = Random(f"{campaign.seed}/{household.id}")  # noqa: S311  torn cells, not secrets
        build = parse_build(household.build)
        dates, codec = build.desk_parts()
        self._board, self._meter_id = _board(household, campaign, build, self._fate)
        self._energy = Energy[household.model.energy.upper()]
        self._desk = Desk(
            BENCH_MASTER_KEY,
            dates=dates,
            codec=codec,
            challenge=self._fate.randbytes,
        )
        self._card = self._issue(campaign.start_us)
        self._bench, self._watch = watched_bench(
            self._board,
            household.model,
            build,
            self.events.append,
            phase_us=household.poll_phase_us,
            outages=household.outages,
        )

    def live_until(self, until_us: int) -> None:
        """Let the meter run."""
        self._bench.run_until(until_us)

    def receive(self, visit: Visit, number: int) -> None:
        """Do what a person does at one visit, as soon as the one before is over."""
        if visit.kind is VisitKind.DESK:
            assert visit.desk is not None, "a desk visit has its orders"
            self._write(visit.desk)
        elif visit.kind is VisitKind.INSERT:
            self._insert(number)
        elif visit.kind is VisitKind.CLOCK_CARD:
            self._set_clock(visit.clock_error_s)
        else:
            assert visit.key is not None, "a press has its button"
            if visit.kind is VisitKind.HOLD:
                self._rearm(visit.key)
            else:
                self._press(visit.key)

    def end(self, at_us: int) -> None:
        """Take down how the meter stands when the rehearsal is over."""
        self._watch.see(at_us, What.ENDED)

    # The office ----------------------------------------------------------------------------------

    def _issue(self, start_us: int) -> FileCard:
        """Return the household's card, as it was before the campaign touched it."""
        household, credit = self._household, self._household.model.credit
        issued_at_min = _minute_2000(start_us)
        try:
            image = self._desk.issue(
                self._meter_id,
                energy=self._energy,
                tariff=credit.pricing,
                mwh_per_unit=credit.mwh_per_unit,
                generation=household.card_generation,
                expires=household.first_card.expires,
                reading=_reading(self._zone, household.first_card.expires_us),
                issued_at_min=issued_at_min,
                kind=household.carrier,
            )
        except DeskError as error:
            raise ConfigError(household.id, "card_expires", str(error)) from None
        card = card_of(image, self._fate.randbytes)
        standing = Work(
            limiter_granted=True if household.limiter else None,
            prepayment_on=None if household.prepayment else False,
        )
        if standing.orders:  # what the meter already obeys, so that later orders keep it
            card.power_on()
            self._desk.serve(card.transmit, standing, issued_at_min=issued_at_min)
            card.power_off()
        return card

    def _write(self, order: DeskOrder) -> None:
        at_us = self._board.now_us
        work = Work(
            load_cents=order.load_cents,
            defer_until=order.defer_until,
            cut_at=order.cut_at,
            reactivate=order.reactivate,
            prepayment_on=order.prepayment,
            limiter_granted=order.limiter,
            tariff=order.tariff,
            mwh_per_unit=order.mwh_per_unit,
            reading=_reading(self._zone, order.defer_us, order.cut_us),
        )
        if order.new_card is not None:
            self._replace_card(order.new_card, at_us)
        self._card.power_on()
        try:
            self._desk.serve(self._card.transmit, work, issued_at_min=_minute_2000(at_us))
        except DeskError as error:
            raise ConfigError(self._household.id, "desk", str(error)) from None
        finally:
            self._card.power_off()
        self._watch.see(at_us, What.DESK, detail=_words(order))

    def _replace_card(self, new: NewCard, at_us: int) -> None:
        """Have the office hand out a new card from its account, which is what it last wrote."""
        self._card.power_on()
        account = self._desk.account(self._card.transmit)
        self._card.power_off()
        try:
            image = self._desk.reissue(
                account,
                card_number=account.identity.card_number + 1,
                expires=new.expires,
                reading=_reading(self._zone, new.expires_us),
                issued_at_min=_minute_2000(at_us),
                kind=self._household.carrier,
            )
        except DeskError as error:
            raise ConfigError(self._household.id, "card_expires", str(error)) from None
        self._card = card_of(image, self._fate.randbytes)

    # The meter -----------------------------------------------------------------------------------

    def _insert(self, number: int) -> None:
        at_us = self._board.now_us
        if not self._board.powered:
            self._watch.see(at_us, What.CARD_UNSEEN, detail="no power", visit=number)
            return
        before = self._write_back()
        self._bench.insert(self._card)
        self._judge_session(at_us, before, number)
        asked = Lamp.RECONNECT in self._board.panel.lamps
        self._bench.run_until(max(self._board.now_us, at_us + CARD_STAYS_US))
        self._bench.remove()
        if asked:
            self._bench.run_until(max(self._board.now_us, at_us + PRESS_AFTER_US))
            self._reconnect()

    def _set_clock(self, error_s: int) -> None:
        """Have a technician make a clock card at the meter and put it in, tool error and all."""
        at_us = self._board.now_us
        if not self._board.powered:
            self._watch.see(at_us, What.CARD_UNSEEN, detail="no power")
            return
        image = issue_clock_card(
            BENCH_MASTER_KEY,
            self._meter_id,
            set_to_s=(at_us - EPOCH_2000_US) // SECOND_US + error_s,
            set_error_s=self._household.model.clock.set_error_s,
        )
        self._bench.insert(card_of(image, self._fate.randbytes))
        obeyed = self._board.panel.text.endswith(f"CARD {Result.EXECUTED:02X} EXECUTED")
        self._watch.see(at_us, What.CLOCK_SET if obeyed else What.CARD_REFUSED, detail="clock card")
        self._bench.run_until(max(self._board.now_us, at_us + CARD_STAYS_US))
        self._bench.remove()

    def _judge_session(self, at_us: int, before: WriteBack | None, number: int) -> None:
        """Tell from the card whether it was obeyed: a new write-back says so, and how."""
        after = self._write_back()
        if after is None or after == before or Result(after.result).refused:
            self._watch.see(at_us, What.CARD_REFUSED, visit=number)
            return
        understood = (decode_bcd_minute(after.defer_until), decode_bcd_minute(after.cut_at))
        self._watch.see(at_us, What.CARD_SERVED, understood=understood, visit=number)

    def _write_back(self) -> WriteBack | None:
        key = derive(BENCH_MASTER_KEY, Purpose.METER_RECORD, self._meter_id)
        try:
            raw = record_on(self._card.image, Sfi.WRITE_BACK)
            generation = self._household.card_generation
            return open_sealed(WRITE_BACK, raw, key, self._meter_id, generation)
        except CardProtocolError:  # no meter has written it yet
            return None

    def _press(self, key: Key) -> None:
        at_us = self._board.now_us
        self._bench.press(key)
        self._watch.see(at_us, What.KEY_PRESSED, detail=key.name.lower() if key.name else "")

    def _reconnect(self) -> None:
        """Do what the lamp asks for, as this model wants it."""
        rearm = self._household.model.rearm
        key = Key[rearm.key.upper()]
        if rearm.hold_ms:
            self._rearm(key)
        else:
            self._press(key)

    def _rearm(self, key: Key) -> None:
        """Shut all appliances, hold the button, wait, light them again: what gas asks for.

        Who is careless does it with one left open first.
        """
        if self._household.careless:
            self._hold(key)
            if not self._board.panel.lamps & Lamp.RECONNECT:
                return
            self._bench.run_until(self._board.now_us + TRY_AGAIN_US)
        self._watch.see(self._board.now_us, What.SHUT)
        self._board.shut_appliances()
        self._bench.run_until(self._board.now_us + SHUT_US)
        self._hold(key)
        self._bench.run_until(self._powered_us())
        self._board.open_appliances()
        self._watch.see(self._board.now_us, What.LIT)

    def _hold(self, key: Key) -> None:
        at_us = self._board.now_us
        self._bench.press(key, HOLD_MS)
        self._watch.see(at_us, What.KEY_HELD, detail=key.name.lower() if key.name else "")

    def _powered_us(self) -> int:
        """Return when the meter is at work again: nobody lights anything before a dark display."""
        now_us = self._board.now_us
        boot_us = self._household.model.boot_ms * 1_000 + WORK_US
        ends_us = (
            back_us + boot_us
            for lost_us, back_us in self._household.outages
            if lost_us <= now_us < back_us + boot_us
        )
        return max((now_us, *ends_us))


def _board(
    household: Household, campaign: Campaign, build: Build, fate: Random
) -> tuple[Board, int]:
    """Return the meter as the campaign finds it, and its number."""
    if household.image is not None:
        board, meter_id = board_of_file(
            household.image,
            household.model,
            build,
            household.load,
            drift_ppb=household.drift_ppb,
            now_us=campaign.start_us,
            fate=fate,
        )
        return board, household.meter_id if meter_id is None else meter_id
    installation = Installation(
        meter_id=household.meter_id,
        balance_cents=household.balance_cents,
        load=household.load,
        clock_error_us=household.clock_error_s * SECOND_US,
        drift_ppb=household.drift_ppb,
        clock_set_us=household.clock_set_us,
        prepayment=household.prepayment,
        limiter=household.limiter,
    )
    board = install(
        household.model,
        build,
        installation,
        master=BENCH_MASTER_KEY,
        now_us=campaign.start_us,
        fate=fate,
    )
    return board, household.meter_id


def _minute_2000(us: int) -> int:
    return (us - EPOCH_2000_US) // MINUTE_US


def _reading(zone: ZoneInfo, *instants_us: int | None) -> Reading:
    """Return which reading of a repeated hour is meant: the later if it is for one of them."""
    meant = (us for us in instants_us if us is not None)
    later = any(us_to_legal(us, zone).fold for us in meant)
    return Reading.LATER if later else Reading.EARLIER


def _words(order: DeskOrder) -> str:
    """Return what the office wrote, in words."""
    words = []
    if order.new_card is not None:
        expires = order.new_card.expires
        words.append("new card" if expires is None else f"new card until {expires}")
    if order.defer_until is not None:
        words.append(f"defer until {order.defer_until}")
    if order.cut_at is not None:
        words.append(f"cut at {order.cut_at}")
    if order.reactivate:
        words.append("reactivate")
    if order.prepayment is not None:
        words.append(f"prepayment {'on' if order.prepayment else 'off'}")
    if order.limiter is not None:
        words.append(f"limiter {'granted' if order.limiter else 'withdrawn'}")
    if order.tariff is not None:
        words.append(str(order.tariff))
    if order.mwh_per_unit is not None:
        words.append(f"{order.mwh_per_unit} mWh per unit")
    if order.load_cents:
        words.append(f"load {order.load_cents // 100}.{order.load_cents % 100:02} EUR")
    return ", ".join(words)
