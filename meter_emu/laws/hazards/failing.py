"""A supply that fails again and again at one call of the program, or at one that drifts.

An operation of more than one write may be cut any number of times in a row. The story is run once
to see what the program calls, and once with an adversary at the ports, who sees each call and takes
the power away in the one that was chosen. The outages that he made are then a story like any other.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Final, NamedTuple, final

from card_protocol.card.image import CardKind
from meter_emu.laws.hazards.cards import with_cards
from meter_emu.laws.hazards.placing import Call, calls, with_placed
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Finding, Law, Trial, chance, trial_of
from meter_emu.stories import people
from meter_emu.stories.chooser import Chooser
from meter_emu.stories.story import Among, begin, finish, models
from meter_emu.stories.times import FIRST_S, Timing, change_s
from meter_emu.units import DAY_S, HOUR_S, MINUTE_S, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import DeskOrder
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.failure import Alarm, CallLog, NoPulse, Pulse
from meter_emu.world.meter.model import uncertainty_s

TIMES: Final = (40, 20, 7, 3, 2, 1)
_DARK_S: Final = (1, 10, MINUTE_S, HOUR_S, HOUR_S + MINUTE_S)
_EXCHANGE: Final = "card_exchange"
_WRITES: Final = frozenset({"eeprom_write", "rtc_write", "switch_drive", _EXCHANGE})
_AFTER_S: Final = 3 * HOUR_S  # whatever T or a change of clocks makes the meter do is over by then
_SESSIONS: Final = 1 << 16  # as many numbers as a memory card says
_LAST_US: Final = 2_000_000  # ours: more than any one call takes but for a wait


class CallPlace(NamedTuple):
    """Where in a poll the supply fails: `into_us` after the `nth` call of a name has begun.

    Each failure is `drift` calls after the one before. Without a name all calls are counted.
    """

    name: str
    nth: int
    into_us: int
    drift: int = 0


@final
class Adversary:
    """A pulse that takes the power away at one place, `times` times in a span of true time."""

    def __init__(
        self,
        bench: Bench,
        place: CallPlace,
        *,
        times: int,
        dark_us: int,
        span_us: tuple[int, int],
        inner: Pulse,
    ) -> None:
        self.outages: Final[list[tuple[int, int]]] = []
        self._bench: Final = bench
        self._place: Final = place
        self._times: Final = times
        self._dark_us: Final = dark_us
        self._span_us: Final = span_us
        self._inner: Final = inner
        self._seen: Final[Counter[str]] = Counter()

    def began(self, board: Board) -> None:
        """See `Pulse`."""
        self._seen.clear()
        self._inner.began(board)

    def called(self, name: str, now_us: int) -> None:
        """See `Pulse`."""
        place, failed = self._place, len(self.outages)
        wanted = place.name in {"", name} and self._seen[place.name] == (
            place.nth + place.drift * failed
        )
        self._seen.update(("", name))
        lost_us = now_us + place.into_us
        over = not self.outages or self.outages[-1][1] <= now_us
        in_span = self._span_us[0] <= now_us < self._span_us[1]
        if wanted and over and failed < self._times and in_span:
            self.outages.append((lost_us, lost_us + self._dark_us))
            self._bench.plan_outage(*self.outages[-1])
        self._inner.called(name, now_us)

    def answered(self) -> None:
        """See `Pulse`."""
        self._inner.answered()

    def ended(self) -> None:
        """See `Pulse`."""
        self._inner.ended()


def fails_again(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw a household with much to write before its T, with one outage hours after it.

    How often the supply fails, and in which call, is up to the law, which moves the outage there.
    """
    kits = among or models()
    stepped = chooser.below(2) == 0
    legal = [kit for kit in kits if kit.model.rtc_base == "legal"]
    seed, draft = begin(chooser, (legal if stepped else ()) or kits)
    changed_s = change_s(draft.timing.end_s, draft.model.zone)
    end_s = draft.timing.end_s
    if stepped:
        end_s = changed_s + (1 + chooser.below(48)) * HOUR_S + chooser.of((0, 0, 1, 30)) * MINUTE_S
    armed_s = max(FIRST_S, min(end_s, changed_s if stepped else end_s) - chooser.below(40) * HOUR_S)
    draft.timing = Timing(armed_s, max(end_s, armed_s + 3 * HOUR_S))
    draft.first_s = armed_s - DAY_S
    draft.ample_credit = True
    people.live(draft, people.ARMED)
    if chooser.below(2):
        draft.bring(armed_s + HOUR_S, DeskOrder(load_cents=2_000))
    if chooser.below(4) == 3:
        draft.technician(armed_s + 2 * HOUR_S, draft.tool_error_s())
    lost_s = draft.timing.end_s + _AFTER_S
    lost_s += 2 * uncertainty_s(draft.model, 0, 900 * DAY_S * SECOND_US)
    # Then power holds, and the card goes in once more: that says what became of the account.
    draft.outages.append((lost_s, lost_s + chooser.of(_DARK_S)))
    draft.insert(lost_s + 2 * HOUR_S)
    return finish(draft, seed)


def torn_card(chooser: Chooser, among: Among = ()) -> Campaign:
    """Draw the same with a card that the meter writes copy by copy."""
    return fails_again(chooser, with_cards(among, CardKind.PLAIN, CardKind.MEMORY))


def failing(trial: Trial) -> Trial | None:
    """Return the story, run, with its outage where the supply fails again and again."""
    household = trial.household
    if len(household.outages) != 1:
        return None
    ((lost_us, back_us),) = household.outages
    draw = chance(trial, "fails again")
    # Not in its first poll: until then a new meter charges by day, whatever the hour.
    second_us = trial.campaign.start_us + household.model.poll_s * SECOND_US
    poll = _poll(draw, calls(trial, second_us, lost_us))
    if poll is None:
        return None
    return failed(
        trial,
        call_in(draw, poll),
        times=draw.choice(TIMES),
        dark_us=back_us - lost_us,
        span_us=(poll[0].poll_us, lost_us),
    )


def tearing(trial: Trial) -> Trial | None:
    """Return the story, run, with its outage once, in the second half of a card's session."""
    household = trial.household
    if len(household.outages) != 1:
        return None
    ((lost_us, back_us),) = household.outages
    draw = chance(trial, "torn")
    heard = [
        call for call in calls(trial, trial.campaign.start_us, lost_us) if call.name == _EXCHANGE
    ]
    if not heard:
        return None
    number = draw.choice(sorted({call.poll for call in heard}))
    session = [call for call in heard if call.poll == number]
    nth = draw.randrange(len(session) // 2, len(session))
    into_us = draw.choice((1, 1_000, 10_000))
    return failed(
        trial,
        CallPlace(_EXCHANGE, nth, into_us),
        times=1,
        dark_us=back_us - lost_us,
        span_us=(session[0].poll_us, lost_us),
    )


def failed(
    trial: Trial, place: CallPlace, *, times: int, dark_us: int, span_us: tuple[int, int]
) -> Trial:
    """Return the trial's story with the outages that an adversary makes in it, without its own.

    What he saw is its run: power that is known to fail at an instant fails as it did for him.
    """
    met: list[Adversary] = []

    def meet(bench: Bench) -> None:
        inner = NoPulse() if trial.bounded else Alarm()
        met.append(
            Adversary(bench, place, times=times, dark_us=dark_us, span_us=span_us, inner=inner)
        )
        bench.log = CallLog(bench.board, met[0])

    events = trial.events(replace(trial.household, outages=()), prepare=meet)
    return trial_of(trial, replace(trial.household, outages=tuple(met[0].outages)), events)


def _poll(draw: Random, heard: Sequence[Call]) -> list[Call] | None:
    """Return the calls of one poll that writes; a kind of write that is rare is as likely."""
    polls: dict[str, list[int]] = {}
    for call in heard:
        if call.name in _WRITES:
            polls.setdefault(call.name, []).append(call.poll)
    if not polls:
        return None
    number = draw.choice(polls[draw.choice(sorted(polls))])
    return [call for call in heard if call.poll == number]


def call_in(draw: Random, poll: Sequence[Call]) -> CallPlace:
    """Return a place in a poll: before a call, in the middle of it, or just after it."""
    writes = [n for n, call in enumerate(poll) if call.name in _WRITES]
    n = draw.choice(writes) if draw.randrange(4) else draw.randrange(len(poll))
    ends_us = poll[n + 1].at_us if n + 1 < len(poll) else poll[n].at_us + 1
    long_us = min(ends_us - poll[n].at_us, _LAST_US)
    # Not at 0: that instant is the end of the call before too, and would fall into that.
    into_us = draw.choice((1, max(1, long_us // 2), long_us + 1))
    if draw.randrange(4) == 0:
        return CallPlace("", n, into_us, draw.choice((1, -1, 2)))
    name = poll[n].name
    return CallPlace(name, sum(call.name == name for call in poll[:n]), into_us)


def _promises_and_numbers(trial: Trial) -> Finding:
    found = promises(trial)
    return found if isinstance(found, Broken) else numbered_twice(trial) or found


def numbered_twice(trial: Trial) -> Finding:
    """Return a session number that a meter has said before, or one that is older than that.

    An office knows by it that a write-back was put back.
    """
    written = [event.written for event in trial.run.events if event.written is not None]
    for one, other in pairwise(said.session for said in written):
        if not 0 < (other - one) % _SESSIONS < _SESSIONS // 2:
            return Broken(f"a card says session {other}, after session {one} was written back")
    return None


FAILS_AGAIN: Final = Law(
    id="fails-again",
    says="power that fails again and again in whatever the meter writes breaks no promise, and no "
    "session has a number twice",
    properties=("P6", "P7"),
    presumes="a card on which the meter writes",
    draw=fails_again,
    check=lambda trial: with_placed(
        trial, failing, "the meter writes nothing", _promises_and_numbers
    ),
    one_in=40,
    hazard=True,
)

TORN_CARD: Final = Law(
    id="torn-card",
    says="power that fails while a card is written leaves it one that the meter takes again",
    properties=("P6", "P7", "P13"),
    presumes="a card that is written copy by copy",
    draw=torn_card,
    check=lambda trial: with_placed(trial, tearing, "no card is read", _promises_and_numbers),
    one_in=40,
    hazard=True,
)
