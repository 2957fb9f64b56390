"""A household when its story begins: its meter by model and build, its office, its cards.

The one place that puts these together with the bench that runs the meter, for campaigns, live
meters, fuzzers, laws and tests. The caller decides who comes when, and where a card is put.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from random import Random
from typing import Final, final

from card_protocol.card.virtual import AnyImage, VirtualCard, card_of
from card_protocol.errors import LinkError, LinkErrorKind
from card_protocol.keys import Key
from card_protocol.tokens.openpaygo.counter import PaygoKind
from card_protocol.tokens.openpaygo.encode import encode_openpaygo
from meter_emu import families
from meter_emu.desk.card_image import RecordView
from meter_emu.desk.clock.clock_card import issue_clock_card
from meter_emu.desk.dates import CivilReading
from meter_emu.desk.desk import Exchange, Work
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.desk.switches import switched
from meter_emu.energies import Measure
from meter_emu.ports import Firmware, Ports
from meter_emu.units import EPOCH_2000_US, SECOND_US, decimal
from meter_emu.world.households.household import DeskOrder, Household, NewCard
from meter_emu.world.meter.acts import ActListener
from meter_emu.world.meter.age import Age
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board, SlotCard
from meter_emu.world.meter.build import Build, parse_build
from meter_emu.world.meter.devices import paygo_seed
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.failure import Alarm, CallLog, NoPulse
from meter_emu.world.meter.image import board_of_file
from meter_emu.world.meter.install import Installation, install
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.meter.observer import Observer, state_in
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

_WRITES: Final = frozenset({0xD6, 0xD0})  # UPDATE BINARY, and a reader's write to a memory card


@final
class Rig:
    """A household's meter from `start_us` on, its office and its cards; `master` is the operator's.

    `fate` decides what half-done things leave in the meter; cards and office draw their challenges
    from a stream of their own. So a meter does not change when a recording replaces its cards.

    Raise `ConfigError` for a build that does not exist, `ImageError` for an image that is not of
    this meter's model.
    """

    def __init__(
        self,
        household: Household,
        *,
        start_us: int,
        fate: Random,
        challenge: Callable[[int], bytes],
        master: Key = TEST_MASTER_KEY,
    ) -> None:
        self.household = household
        self.zone = household.model.zone
        self.challenge = challenge
        self.build = parse_build(household.build)
        desk, self._dates, codec = self.build.desk_parts(self.zone)
        self._master: Final = master
        self.board, self.meter_id = _board(household, self.build, start_us, fate, master)
        self.desk = desk(master, dates=self._dates, codec=codec, challenge=challenge)

    @classmethod
    def seeded(cls, household: Household, *, start_us: int, seed: int) -> "Rig":
        """Return the rig whose chance comes from the seed and the household's name."""
        fate = Random(f"{seed}/{household.id}")  # noqa: S311  torn cells, not secrets
        chance = Random(f"{seed}/{household.id}/cards")  # noqa: S311  no real card's
        return cls(household, start_us=start_us, fate=fate, challenge=chance.randbytes)

    # The meter -----------------------------------------------------------------------------------

    def bench(
        self,
        take: Callable[[Event], None],
        witness: ActListener | None = None,
        *,
        program: Callable[[Ports], Firmware] | None = None,
        log: CallLog | None = None,
        polls_max: int | None = None,
    ) -> tuple[Bench, Observer]:
        """Return the bench that runs the meter as this household has it, and its watch.

        The watch calls `take`; `witness` records what people do. It runs the build's program, or
        `program`. A program that is not ours always has a `log`.
        """
        board, model = self.board, self.household.model
        if log is None and self.build.factory is not None:
            log = CallLog(board, NoPulse() if self.build.hosted else Alarm())
        watch = Observer(board, self.build.readable(model), take)
        found = dict(self.household.rtc_found)

        def power(up: bool) -> None:
            if up:
                board.rtc.upset(found.get(board.now_us, ()))
            watch.power(up)

        bench = Bench(
            board,
            self.build.program(model) if program is None else program,
            poll_us=model.poll_s * SECOND_US,
            phase_us=self.household.poll_phase_us,
            boot_us=model.boot_ms * 1_000,
            outages=self.household.outages,
            on_poll=watch.look,
            on_power=power,
            witness=witness,
            log=log,
            polls_max=polls_max,
        )
        return bench, watch

    def live(self, take: Callable[[Event], None], witness: ActListener | None = None) -> LiveMeter:
        """Return the meter for interactive use; `take` gets every event."""
        return live_meter(self.household, take, partial(self.bench, witness=witness))

    def token(self, last_count: int, kind: PaygoKind, value: int | None) -> tuple[int, str]:
        """Return the next token for its device: count and digits; raise `TokenError`."""
        model = self.household.model
        assert model.paygo is not None, "its device takes tokens"
        seed = paygo_seed(model, self.meter_id, self._master)
        return encode_openpaygo(seed, last_count, kind, value, restricted=model.paygo.restricted)

    # Cards ---------------------------------------------------------------------------------------

    def first_card(self, *, issued_at_min: int | None = None) -> VirtualCard:
        """Return the household's card at the start of its story, issued now if not earlier.

        Raise `DeskError` for one that the office must not issue.
        """
        household, credit, age = self.household, self.household.model.credit, self._age()
        if issued_at_min is None:
            issued_at_min = self._minute_2000()
        account = self.desk.first_account(
            self.meter_id,
            card_number=age.card_number,
            energy=household.model.measures,
            tariff=credit.pricing,
            mwh_per_unit=credit.mwh_per_unit,
            generation=household.card_generation,
            expires=household.first_card.expires,
            reading=_reading(self.zone, household.first_card.expires_us),
            issued_at_min=issued_at_min,
            card_kind=household.carrier,
        )
        account = account._replace(
            desk=replace(
                account.desk,
                loaded_cents=age.loaded_cents,
                load_count=age.load_count,
                order_number=age.order_number,
                seen_session=age.session_count,
            )
        )
        image = self.desk.personalised(account, household.carrier, sequence=age.card_writes)
        card = card_of(image, self.challenge)
        standing = Work(
            limiter=True if household.limiter else None,
            prepayment=None if household.prepayment else False,
        )
        if standing.orders:  # what the meter already obeys, so that later orders keep it
            self.serve(card, standing, issued_at_min)
        return card

    def _age(self) -> Age:
        """Return what meter and card have counted before; that of a meter in an image is in it."""
        household = self.household
        if household.image is None:
            return household.age
        parts = self.build.readable(household.model)
        state = None if parts is None else state_in(self.board, parts)
        if state is None:
            return household.age
        return Age(
            card_number=max(1, state.card_number),
            order_number=state.order_number,
            load_count=state.accepted_count,
            loaded_cents=state.accepted_cents,
        )

    def replacement(self, card: SlotCard, new: NewCard, *, office_error_s: int) -> VirtualCard:
        """Return a new card from the office's account, which is what it last wrote on `card`.

        Raise `DeskError` for one that the office must not issue.
        """
        card.power_on()
        account = self.desk.account(card.transmit)
        card.power_off()
        image = self.desk.reissue(
            account,
            card_number=account.identity.card_number + 1,
            expires=new.expires,
            reading=_reading(self.zone, new.expires_us),
            issued_at_min=self._minute_2000(office_error_s),
            card_kind=self.household.carrier,
        )
        return card_of(image, self.challenge)

    def card_as_written(self) -> VirtualCard:
        """Return the card after the household's visits to the office, without any meter.

        Raise `DeskError` for what the office must not write.
        """
        card = self.first_card()
        for visit in self.household.visits:
            assert visit.desk is not None, "nobody but the office has had the card"
            self.board.now_us = visit.at_us
            if visit.desk.new_card is not None:
                card = self.replacement(
                    card, visit.desk.new_card, office_error_s=visit.desk.office_error_s
                )
            self.write(card, visit.desk)
        return card

    def clock_card(
        self, error_s: int, *, made_us: int | None = None, meter_id: int | None = None
    ) -> VirtualCard:
        """Return a clock card that a technician makes, tool error included.

        He makes it on the spot and for this meter, unless another time and meter are given.
        """
        made_us = self.board.now_us if made_us is None else made_us
        image = issue_clock_card(
            self._master,
            self.meter_id if meter_id is None else meter_id,
            set_to_s=(made_us - EPOCH_2000_US) // SECOND_US + error_s,
            set_error_s=self.household.model.clock.set_error_s,
        )
        return card_of(image, self.challenge)

    def write(self, card: SlotCard, order: DeskOrder) -> str:
        """Write an order on a card as the office does, and return it in words.

        Raise `DeskError` for one that the office must not write.
        """
        work = replace(order, reading=_reading(self.zone, order.defer_us, order.cut_us))
        self.serve(card, work, self._minute_2000(order.office_error_s), torn=order.torn)
        return order_in_words(order, self.household.model.measures.priced)

    def records_of(self, image: AnyImage) -> Sequence[RecordView]:
        """Return the records of a card of this operator, explained; none of another family's."""
        return families.explain_card_records(image, self._master) or ()

    def serve(self, card: SlotCard, work: Work, issued_at_min: int, *, torn: bool = False) -> None:
        """Let the office serve a card; raise `DeskError` for what it must not write.

        If `torn`, the card is pulled out before it is written on.
        """
        card.power_on()
        try:
            if torn:
                with suppress(LinkError):
                    self.desk.serve(_torn(card.transmit), work, issued_at_min=issued_at_min)
            else:
                self.desk.serve(card.transmit, work, issued_at_min=issued_at_min)
        finally:
            card.power_off()

    @property
    def now_min(self) -> int:
        """The minute it is by the office, since 2000 UTC."""
        return self._minute_2000()

    def _minute_2000(self, office_error_s: int = 0) -> int:
        """Return the minute it is by the date of an office."""
        return self._dates.stamp(self.board.now_us + office_error_s * SECOND_US)


def _torn(exchange: Exchange) -> Exchange:
    """Return the exchange with a card that is pulled out at the first write."""

    def pulled(command: bytes) -> bytes:
        if command[1] in _WRITES:
            raise LinkError(LinkErrorKind.CARD_GONE)
        return exchange(command)

    return pulled


def live_meter(
    household: Household,
    take: Callable[[Event], None],
    bench_for: Callable[[Callable[[Event], None]], tuple[Bench, Observer]],
) -> LiveMeter:
    """Return a household's meter for interactive use, on the bench that `bench_for` makes."""
    return LiveMeter(household.model, parse_build(household.build), take, bench_for)


def _board(
    household: Household, build: Build, start_us: int, fate: Random, master: Key
) -> tuple[Board, int]:
    """Return the household's meter at the start of its story, and its number."""
    if household.image is not None:
        board, meter_id = board_of_file(
            household.image,
            household.model,
            build,
            household.load,
            drift_ppb=household.drift_ppb,
            now_us=start_us,
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
        age=household.age,
    )
    board = install(
        household.model,
        build,
        installation,
        master=master,
        now_us=start_us,
        fate=fate,
    )
    return board, household.meter_id


def _reading(zone: TimeZone, *instants_us: int | None) -> CivilReading:
    """Return which reading of a repeated hour is meant: the later one if `zone` says so."""
    meant = (us for us in instants_us if us is not None)
    later = any(us_to_legal(us, zone).fold for us in meant)
    return CivilReading.LATER if later else CivilReading.EARLIER


def order_in_words(order: DeskOrder, priced: Measure) -> str:
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
    words += (switch.written[on] for switch, on in switched(order))
    if order.tariff is not None:
        words.append(order.tariff.in_words(priced.unit))
    if order.mwh_per_unit is not None:
        words.append(f"{order.mwh_per_unit} {priced.milli} per unit")
    if order.load_cents:
        words.append(f"load {decimal(order.load_cents, 100)} EUR")
    if order.fields is not None:
        words += (f"{name} as it is" for name in order.fields.said)
    return ", ".join(words)
