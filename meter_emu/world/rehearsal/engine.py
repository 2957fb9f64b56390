"""Runs one household of a campaign from start to end and returns what could be seen.

Who comes when: the visits in order. The household does what the campaign says, and after a card
session presses the button when the lamp asks for it. Without supply they also press it uninvited if
the card brought a reactivation or a load, and there is credit.
"""

# Theory
# ======
#
# A story is a list of visits in true time and one meter that runs between them. The engine moves
# the clock to a visit, does what a person does there, and lets the meter run on; the observer
# writes down what can be seen from outside. Nothing here judges: the verdict is computed from the
# list alone, by modules that do not know this one (`obligations`, `breaches`). So a recorded or a
# foreign meter can be judged by the same code, and a bug here cannot make a wrong meter right.
#
# 1. Visits never overlap. One that takes longer than the time to the next delays that one, as it
#    would in a kitchen: `live_until` in the past does nothing.
# 2. A person does what a household does, not what a test would like: reads the display for a
#    minute, presses if a lamp asks, forgets an open hob once if the campaign says so. Each such
#    habit is a constant with its source, because it moves cuts by seconds and verdicts may depend
#    on it.
# 3. What ends a story early is data, not an exception: a program that fails is the last event, and
#    the household is judged up to there.
#
# Twice, if it must
# -----------------
#
# The calls of the ports before a failure are worth much, and recording them slows every home. A
# program of ours is a pure function of its board, so it is run without recording, and only when it
# failed is the whole story run again with the log. A foreign program may look at a clock or throw
# dice: it is recorded from the start. WARNING: a build of ours that kept anything outside its board
# would fail in the first run and not in the second. The law `rebuilt` looks for that.
#
# Chance
# ------
#
# All of it comes from the seed of the campaign and the household (`Home.chance`), drawn in the
# order of what happens. A draw that is added in the middle of a story changes every card after it,
# and with them the bytes of every recorded trace.

from collections.abc import Callable
from typing import Final, assert_never, final

from card_protocol.card.image import CardImage
from card_protocol.card.virtual import AnyImage, VirtualCard, card_of, parse_image
from card_protocol.carrier.find import laid_open
from card_protocol.errors import CardProtocolError, LayoutError, TimestampError
from card_protocol.formats.budget import Sfi, WriteBackRecord
from card_protocol.formats.budget.generations import DESK_RECORDS
from card_protocol.formats.budget.making import record_on, with_record
from card_protocol.keys import Purpose, derive
from card_protocol.layout import filled
from card_protocol.timestamp import Civil, decode_bcd_minute
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.domain import says_refused
from meter_emu.errors import ConfigError, DeskError, PollsSpentError, ProgramError
from meter_emu.ports import Button, Lamp
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder, Household, Visit, VisitKind
from meter_emu.world.judge.outcome import WORK_US
from meter_emu.world.meter.acts import HOLD_MS, Act, Appliances, ListenerOf, Press, Type
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.clock_chips import clock_of, shows
from meter_emu.world.meter.events import (
    FAILED,
    NO_DATE,
    Beginning,
    Event,
    What,
    WrittenBack,
    beginning_of,
)
from meter_emu.world.meter.failure import Alarm, CallLog, Failure, FailureKind, NoPulse, Pulse
from meter_emu.world.meter.times import us_to_written
from meter_emu.world.rehearsal.rig import Rig

CARD_STAYS_US: Final = 30 * SECOND_US  # UK card meters: "leave the card in 15 to 30 s"
PRESS_AFTER_US: Final = 60 * SECOND_US  # ours: the person reads the display and presses
SHUT_US: Final = 30 * SECOND_US  # ours: going round the appliances
TIME_BYTES: Final = 6  # second to year; the weekday is the program's own affair
TRY_AGAIN_US: Final = 5 * MINUTE_US  # ours: the careless person finds the open appliance


POLLS_MAX: Final = 20_000  # ours: two weeks of a clock that gives nothing to sleep by

# Which fields of the desk's record belong to which part of a visit.
_PART_OF: Final = {
    **dict.fromkeys(("loaded_cents", "load_count"), "wallet"),
    **dict.fromkeys(
        (
            "flags", "order_number", "defer_min", "defer_until", "cut_min", "cut_at", "zone_rule",
            "token",
        ),
        "order",
    ),
    **dict.fromkeys(
        ("tariff_number", "price_ueur_per_wh", "night_price_ueur_per_wh", "mwh_per_unit"), "tariff"
    ),
}  # fmt: skip


def run_meter(
    household: Household,
    campaign: Campaign,
    witness_of: ListenerOf | None = None,
    pulse: Pulse | None = None,
    prepare: Callable[[Bench], None] | None = None,
) -> list[Event]:
    """Return the events of one meter in time order, from how it begins on.

    A witness records what people do at it.

    A story ends early when its program fails or its poll limit is reached: the last event says so.
    `pulse` watches a program that is not ours. Ours is run again after a failure to record its last
    calls. `prepare` gets the bench before anything happens on it.

    Raise `ConfigError` for a build that does not exist or an order the desk refuses, `ImageError`
    for an image that is not of this meter's model.
    """
    # A witness records as it goes and cannot take back a first run, so with one there is only one.
    build = parse_build(household.build)
    ours = build.factory is None
    if ours and witness_of is None:
        events = _story(household, campaign, None, None, prepare)
        failure = events[-1].failure
        if failure is None or failure.kind is FailureKind.UNSEEN:
            return events
    if pulse is None:
        pulse = NoPulse() if ours or build.hosted else Alarm()
    return _story(household, campaign, witness_of, pulse, prepare)


def how_it_begins(household: Household, campaign: Campaign) -> Beginning:
    """Return the first event of one meter, for a story with no other event seen."""
    seen: list[Event] = []
    rig_of(household, campaign).bench(seen.append)
    return beginning_of(seen)


def rig_of(household: Household, campaign: Campaign) -> Rig:
    """Return the rig of one household at the start of its story in a campaign."""
    return Rig.seeded(household, start_us=campaign.start_us, seed=campaign.seed)


def _story(
    household: Household,
    campaign: Campaign,
    witness_of: ListenerOf | None,
    pulse: Pulse | None,
    prepare: Callable[[Bench], None] | None,
) -> list[Event]:
    events: list[Event] = []
    story = HouseholdStory(household, campaign, events.append, witness_of, pulse)
    story.refuse_visits_outside()
    if prepare is not None:
        prepare(story.bench)
    try:
        for number, visit in enumerate(household.visits):
            story.live_until(visit.at_us)
            story.receive(visit, number)
        story.live_until(campaign.end_us)
    except (ProgramError, PollsSpentError) as error:
        story.fail(error)
    else:
        story.end(campaign.end_us)
    # The observer sees a switch move after the poll in which it moved, with the instant of the
    # move: events are therefore nearly, and not quite, in order. Equal instants stay as they were
    # seen.
    return sorted(events, key=lambda event: event.at_us)


@final
class HouseholdStory:
    """One household's rig, bench and card, and what people do with them; `take` gets every event.

    Raise `ConfigError` for a first card that the office must not issue.
    """

    def __init__(
        self,
        household: Household,
        campaign: Campaign,
        take: Callable[[Event], None],
        witness_of: ListenerOf | None = None,
        pulse: Pulse | None = None,
    ) -> None:
        self._brings = False  # whether the card has been given a reactivation or a load
        self.household, self._campaign = household, campaign
        rig = rig_of(household, campaign)
        self.rig, self._board = rig, rig.board
        if household.image is not None and rig.build.factory is not None:
            self._refuse_desk_visits(household)
        self._record_key: Final = derive(TEST_MASTER_KEY, Purpose.METER_RECORD, rig.meter_id)
        try:
            self.card = rig.first_card()
        except DeskError as error:
            raise self._mistake("card_expires", error) from None
        except LayoutError as error:  # too large for a memory card
            raise self._mistake("carrier", error) from None
        self.old_cards: list[VirtualCard] = []
        self._reissued = False  # whether the last writing was on a card that was new
        self.writings: list[bytes] = []  # the card each time it came from the office
        self._log = None if pulse is None else CallLog(self._board, pulse)
        # A clock that stands gives no hint to sleep by, and each of 16 weeks of minutes is then a
        # poll. Of our own program we know what it does in them, so such a home is left after two
        # weeks, `not_seen`. A foreign one is run to its end: nobody knows what it does in the
        # third.
        polls_max = campaign.polls_max
        if polls_max is None and rig.build.factory is None:
            polls_max = POLLS_MAX
        witness = None if witness_of is None else witness_of(rig.board)
        self.bench, self.watch = rig.bench(take, witness, log=self._log, polls_max=polls_max)

    def saved(self, before: AtRest | None = None) -> AtRest:
        """Return the household at rest: its meter, cards and office, and all that was seen.

        It shares with `before` what has not changed since. Its `resume` puts everything back,
        except what another's program keeps in its own memory.
        """
        return AtRest(self.bench, self, before=before)

    def live_until(self, until_us: int) -> None:
        """Let the meter run."""
        self.bench.run_until(until_us)

    def receive(self, visit: Visit, number: int) -> None:
        """Do one visit, as soon as the one before is over."""
        if visit.kind is VisitKind.DESK:
            assert visit.desk is not None, "a desk visit has its orders"
            self._write(visit.desk, visit.in_file)
        elif visit.kind is VisitKind.INSERT:
            self._insert(self.card, number)
        elif visit.kind is VisitKind.OLD_CARD:
            assert visit.card_number is not None, "an old card has its number"
            self._insert(self.old_cards[visit.card_number - 1], number)
        elif visit.kind is VisitKind.COPY:
            assert visit.copy_number is not None, "a copy was made at some time"
            self._insert(card_of(self.copied(visit), self.rig.challenge), number)
        elif visit.kind is VisitKind.OTHERS_CARD:
            self._insert(self._others_card(visit), number)
        elif visit.kind is VisitKind.CLOCK_CARD:
            self._set_clock(visit)
        elif visit.kind is VisitKind.UPSET:
            self._board.rtc.advance(self._board.now_us)
            self._board.rtc.upset(visit.registers)
            self.bench.hint_over()
        elif visit.kind is VisitKind.KEYED_IN:
            assert visit.token is not None, "a token is keyed in"
            self._do(Type(visit.token.digits(self.household.model, self.household.meter_id)))
        elif visit.kind is VisitKind.ACT:
            assert visit.act is not None, "it is an act"
            self._act(visit.act)
        else:
            assert_never(visit.kind)

    def end(self, at_us: int) -> None:
        """Record the meter's state at the end of the rehearsal."""
        self.watch.see(at_us, What.ENDED)

    def fail(self, error: ProgramError | PollsSpentError) -> None:
        """Record the failure that ended the story early."""
        board = self._board
        kind, why = FailureKind.UNSEEN, str(error)
        if isinstance(error, ProgramError):
            kind, why = FailureKind(error.kind), error.why
        failure = Failure(
            kind=kind,
            why=why,
            at_us=board.now_us,
            clock=clock_of(board)(),
            calls=() if self._log is None else self._log.calls,
        )
        self.watch.look()
        self.watch.see(board.now_us, FAILED[failure.kind], detail=failure.why, failure=failure)

    # The office ----------------------------------------------------------------------------------

    def _write(self, order: DeskOrder, visit_number: int) -> None:
        try:
            self.write(order)
        # An office without defects that refuses is a mistake in the campaign file, and the author's
        # to mend. One with defects has just shown what it does to a household: the card stays as it
        # was.
        except (DeskError, CardProtocolError) as error:  # too large a record, or one it cannot read
            if not self.rig.build.desk_has_defects:
                key = "desk" if order.new_card is None or self._reissued else "card_expires"
                raise self._mistake(key, error, visit_number) from None
            self.writings.append(self.card.image.to_bytes())
            self.watch.see(self._board.now_us, What.DESK_FAILED, detail=str(error))

    def write(self, order: DeskOrder) -> None:
        """Let the office write on the household's card, on a new one if the order has one.

        Raise `DeskError` or `CardProtocolError` for what it refuses.
        """
        self._reissued = False
        if order.new_card is not None:
            new = self.rig.replacement(
                self.card, order.new_card, office_error_s=order.office_error_s
            )
            self.old_cards.append(self.card)
            self.card, self._reissued = new, True
        written = self.rig.write(self.card, order)
        # Every state in which a card left the office, for the visit that plays an old copy: a card
        # that was read out at home and written back is the oldest trick of all.
        self.writings.append(self.card.image.to_bytes())
        self._brings |= order.reactivate or order.load_cents > 0
        self.watch.see(self._board.now_us, What.DESK, detail=written)

    def copied(self, visit: Visit) -> AnyImage:
        """Return a copy as it was then, or the newest card with some of its record as of then."""
        assert visit.copy_number is not None, "a copy was made at some time"
        then = parse_image(self.writings[visit.copy_number - 1])
        image = self.card.image
        if not visit.records or not isinstance(image, CardImage) or not isinstance(then, CardImage):
            return then
        old, new = (record_on(one, Sfi.DESK) for one in (then, image))
        for field in DESK_RECORDS[self.household.card_generation].fields:
            if _PART_OF.get(field.name) in visit.records:
                end = field.offset + field.size_bytes
                new = new[: field.offset] + old[field.offset : end] + new[end:]
        raw = bytearray(new)
        if visit.flipped is not None:
            raw[visit.flipped // 8 % len(raw)] ^= 1 << visit.flipped % 8
        return with_record(image, Sfi.DESK, bytes(raw))

    def _others_card(self, visit: Visit) -> VirtualCard:
        assert visit.other is not None, "another's card is somebody's"
        try:
            return rig_of(visit.other, self._campaign).card_as_written()
        except (DeskError, LayoutError) as error:
            raise self._mistake("card_of", error, visit.in_file) from None

    def refuse_visits_outside(self) -> None:
        """Refuse visits that the rehearsal has no time for: the judge would count what they ask."""
        campaign, zone = self._campaign, self._campaign.zone
        for visit in self.household.visits:
            if not campaign.start_us <= visit.at_us < campaign.end_us:
                ends = (us_to_written(us, zone) for us in (campaign.start_us, campaign.end_us))
                got = us_to_written(visit.at_us, zone)
                why = f"expected from {' to before '.join(ends)}, got {got}"
                raise self._mistake("at", ValueError(why), visit.in_file)

    def _refuse_desk_visits(self, household: Household) -> None:
        """Refuse the office a card for a meter whose last order nobody can read."""
        at_desk = [visit for visit in household.visits if visit.kind is VisitKind.DESK]
        if at_desk:
            why = (
                f"nobody can read in the memory of {household.build} which order was its last, and "
                "a card for this meter would begin at order 1: expected no visits to the office"
            )
            raise self._mistake("image", ValueError(why), at_desk[0].in_file)

    def _mistake(self, key: str, error: Exception, visit_number: int = 0) -> ConfigError:
        """Return a refused desk order as a mistake of the campaign's author."""
        words = f"household {self.household.id!r}"
        if visit_number:
            words += f", visit {visit_number}"
        campaign = self._campaign
        return ConfigError(campaign.path or campaign.name, f"{words}: {key}", str(error))

    # The meter -----------------------------------------------------------------------------------

    def _insert(self, card: VirtualCard, number: int) -> None:
        at_us = self._board.now_us
        unpowered = not self._board.powered
        after = self._at_the_start(
            card, number, self.put_in(card, number), at_us, unpowered=unpowered
        )
        if not self._board.powered and self.bench.down_us <= at_us:  # nobody hopes for anything
            self.bench.remove()
            return
        # Asked before the card is pulled: people press because of what they read while it was in.
        asked = Lamp.RECONNECT in self._board.panel.lamps or self._hopes(after)
        self.bench.run_until(max(self._board.now_us, at_us + CARD_STAYS_US))
        self.bench.remove()
        if asked:
            self.bench.run_until(max(self._board.now_us, at_us + PRESS_AFTER_US))
            self._reconnect()

    def put_in(self, card: VirtualCard, number: int) -> WriteBackRecord | None:
        """Put a card into the meter as visit `number`; return the write-back on it."""
        # The card itself is the witness of whether it was obeyed: a write-back that is new was made
        # in this session. The display says the same, but a program may say one thing and do
        # another.
        at_us, before = self._board.now_us, self._write_back(card)
        self.bench.insert(card, "the household's card" if card is self.card else "another card")
        # A card in a meter without power is not refused: nothing read it. They will try again, or
        # not.
        if not self._board.powered and self.bench.down_us <= at_us:
            self.watch.see(at_us, What.CARD_UNSEEN, detail="no power", visit=number)
            return before
        after = self._write_back(card)
        self._judge_session(at_us, before, after, number)
        return after

    def _at_the_start(
        self,
        card: VirtualCard,
        number: int,
        before: WriteBackRecord | None,
        put_us: int,
        *,
        unpowered: bool,
    ) -> WriteBackRecord | None:
        """Leave a card in whose session has not ended; return the write-back on it.

        One that was put in while `unpowered`, or in whose session power fails, is there at the next
        start.
        """
        while self._board.card_waiting and self.bench.step(put_us + CARD_STAYS_US):
            after = self._write_back(card)
            if after != before or (unpowered and self.bench.up_us > put_us):
                self._judge_session(self.bench.up_us, before, after, number)
                before, unpowered = after, False
        return before

    def _hopes(self, said: WriteBackRecord | None) -> bool:
        """Whether the card just put in should have given supply back, as its holder sees it.

        It brought a reactivation or a load, there is credit, and supply is off.
        """
        brings, self._brings = self._brings, False
        paid = said is not None and said.balance_ueur > 0
        return brings and paid and not self._board.switch.on

    def _set_clock(self, visit: Visit) -> None:
        """Make a clock card as a technician does, error included, and insert it."""
        at_us = self._board.now_us
        if not self._board.powered:
            self.watch.see(at_us, What.CARD_UNSEEN, detail="no power")
            return
        written = self._board.rtc_bytes_written
        card = self.rig.clock_card(
            visit.clock_error_s, made_us=visit.made_us, meter_id=visit.for_meter
        )
        self._board.rtc_deaf = visit.lost
        self.bench.insert(card, "a clock card")
        self._board.rtc_deaf = False
        # A clock card has no write-back, and a display may be in any words: what is written into
        # the chip, and stays there, says whether the card was obeyed. Stepping an hour to legal
        # time is one byte; a clock that is found lost may be set to another time than the card's.
        whole = self._board.rtc_bytes_written - written >= TIME_BYTES
        obeyed = whole and clock_of(self._board)() is not None
        if obeyed and visit.made_us is not None:
            set_us = visit.made_us + visit.clock_error_s * SECOND_US
            obeyed = shows(self._board, set_us, self.household.model.zone.rule)
        self.watch.see(at_us, What.CLOCK_SET if obeyed else What.CARD_REFUSED, detail="clock card")
        if self._board.powered:
            self.bench.run_until(max(self._board.now_us, at_us + CARD_STAYS_US))
        self.bench.remove()  # at once from a meter that has gone dark: he has another made

    def _judge_session(
        self, at_us: int, before: WriteBackRecord | None, after: WriteBackRecord | None, number: int
    ) -> None:
        """Record whether a card was obeyed: a new write-back says so, and how."""
        if after is None or after == before:
            self.watch.see(at_us, What.CARD_REFUSED, visit=number)
            return
        said = {"session": after.session_count, "clock": _stated(after.clock)}
        written = filled(WrittenBack, after, **said)
        if says_refused(after.result):
            self.watch.see(at_us, What.CARD_REFUSED, visit=number, written=written)
            return
        understood = (_stated(after.defer_until), _stated(after.cut_at))
        self.watch.see(
            at_us, What.CARD_SERVED, understood=understood, visit=number, written=written
        )

    def _write_back(self, card: VirtualCard) -> WriteBackRecord | None:
        try:
            return laid_open(card.image).written_back(self._record_key)
        except CardProtocolError:  # another meter's, or spoiled: none of this one
            return None

    def _act(self, act: Act) -> None:
        if isinstance(act, Press) and act.held_ms:
            self._rearm(act)
        else:
            self._do(act)

    def _do(self, act: Act) -> None:
        at_us = self._board.now_us
        self.bench.do(act)
        if act.event is not None:
            self.watch.see(at_us, act.event[0], detail=act.event[1])

    def _reconnect(self) -> None:
        """Do what the lamp asks for, in this model's way."""
        rearm = self.household.model.rearm
        self._act(Press(Button[rearm.key.upper()], HOLD_MS if rearm.hold_ms else 0))

    def _rearm(self, hold: Press) -> None:
        """Shut all appliances, hold the button, wait, light them again, as gas meters require.

        A careless person does it with one left open first.
        """
        # With an appliance open the countdown finds a flow, and the valve goes off again. Somebody
        # looks round the kitchen and does it right the second time, as the leaflets ask.
        if self.household.careless:
            self._do(hold)
            if not self._board.panel.lamps & Lamp.RECONNECT:
                return
            self.bench.run_until(self._board.now_us + TRY_AGAIN_US)
        self._do(Appliances(lit=False))
        self.bench.run_until(self._board.now_us + SHUT_US)
        self._do(hold)
        self.bench.run_until(self._powered_us())
        self._do(Appliances(lit=True))

    def _powered_us(self) -> int:
        """Return when the meter works again: nobody lights anything while its display is blank."""
        now_us = self._board.now_us
        boot_us = self.household.model.boot_ms * 1_000 + WORK_US
        ends_us = (
            back_us + boot_us
            for lost_us, back_us in self.household.outages
            if lost_us <= now_us < back_us + boot_us
        )
        return max((now_us, *ends_us))


def _stated(field: bytes) -> Civil | None:
    try:
        return decode_bcd_minute(field)
    except TimestampError:
        return NO_DATE
