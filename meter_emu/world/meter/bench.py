"""One meter on the bench: power, polls, cards and buttons along true time.

Polls happen at the model's cadence. A program's sleep hint lets the bench skip polls that would do
nothing, except those whose accesses may straddle the end of the hint, an RTC midnight or an outside
event: skipping them would hide what they read. With `obey_hints=False` every poll is run; the
result must be the same, byte for byte.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Final

from meter_emu.errors import PollOverrun, PollsSpentError, PowerLost
from meter_emu.ports import SECONDS_A_DAY, Firmware, Ports, Sleep
from meter_emu.world.meter.acts import Act, ActListener
from meter_emu.world.meter.board import NEVER_US, Board, SlotCard
from meter_emu.world.meter.failure import (
    CALLS_MAX,
    POLL_US_MAX,
    CallLog,
    check_answer,
    program_error,
)

POLL_LONGEST_US: Final = 1_000_000  # ours: a poll without a card takes less than 0.1 s


class Bench:
    """Runs one program on one board from `board.now_us` on.

    `program` builds the firmware, before its first poll and after every power-up; each poll is
    bounded (`failure`), and there are at most `polls_max`. With a `log` its ports come from there.
    Every method that runs the program raises `ProgramError` if it fails, and `PollsSpentError`
    after its last poll. `outages` are true (from, to) instants, ascending and apart. `on_poll` is
    called after every poll, `on_power` when the supply goes and comes, `on_card` with bench and
    card before it is put in and when the program has looked at it, and `witness` records what
    people do.
    `polling` is whether the program is running: it sees acts in the meantime
    (`Board.meanwhile`) in its ports, or in the next poll right after.
    """

    def __init__(
        self,
        board: Board,
        program: Callable[[Ports], Firmware],
        *,
        poll_us: int,
        phase_us: int = 0,
        boot_us: int = 0,
        outages: Sequence[tuple[int, int]] = (),
        obey_hints: bool = True,
        on_poll: Callable[[], None] = lambda: None,
        on_power: Callable[[bool], None] = lambda _up: None,
        witness: ActListener | None = None,
        log: CallLog | None = None,
        polls_max: int | None = None,
    ) -> None:
        self.board = board
        self._program = program
        self._firmware: Firmware | None = None
        self.log = log
        self.polls = 0
        self._polls_max = NEVER_US if polls_max is None else polls_max
        self._poll_us = poll_us
        self._anchor_us = board.now_us + phase_us
        self._boot_us = boot_us
        self._outages = list(reversed(outages))
        self.obey_hints = obey_hints
        self.watched = False  # somebody looks at the display at the end of every span of time
        self.on_poll = on_poll
        self.on_card: Callable[[Bench, SlotCard], None] = lambda _bench, _card: None
        self._on_power = on_power
        self._witness = witness
        self._wake_us = board.now_us
        self._midnight_us = NEVER_US
        self._hint: Sleep | None = None
        self._longest_us = 0  # of the polls so far, up to `POLL_LONGEST_US`
        self.polling = False
        self.up_us = board.now_us  # when the program started last, and when its power failed last
        self.down_us = -1
        self._woken = False
        self._arm()

    # Time ----------------------------------------------------------------------------------------

    def run_until(self, until_us: int) -> None:
        """Let true time pass up to `until_us`; runs the polls that begin before it."""
        while self.step(until_us):
            pass
        self.board.now_us = max(self.board.now_us, until_us)

    def step(self, until_us: int) -> bool:
        """Do the next thing before `until_us`; return whether there was one.

        That is a poll, or the supply going or coming. If there is none, no time has passed.
        """
        board = self.board
        if not board.powered:
            back_us = self._outages[-1][1]
            if back_us > until_us:
                return False
            self._power_up(back_us)
            return True
        at_us = self._next_poll_us(until_us)
        if board.fails_at_us <= min(at_us, until_us):
            self._power_down()
        elif at_us >= until_us:
            return False
        else:
            board.now_us = max(board.now_us, at_us)
            self._poll()
        return True

    @property
    def firmware(self) -> Firmware | None:
        """The program of this power-up, `None` until it is polled for the first time."""
        return self._firmware

    def rebuild(self) -> None:
        """Build the program anew from the board's contents; this must change nothing."""
        self._firmware = None

    def overhear(self, between: Callable[[Ports], Ports]) -> None:
        """Put somebody between the program and its ports, who hands every call on."""
        program = self._program
        self._program = lambda ports: program(between(ports))
        self.rebuild()

    # Acts of people ------------------------------------------------------------------------------

    def insert(self, card: SlotCard, name: str = "card") -> None:
        """Put a card in, `name` for people; wakes a powered program at once."""
        if self._witness is not None:
            card = self._witness.inserted(card, name)
        self.on_card(self, card)
        self.board.insert(card)
        self.wake()
        self.on_card(self, card)

    def remove(self) -> None:
        """Pull the card out."""
        if self._witness is not None:
            self._witness.removed()
        self.board.remove()

    def plan_outage(self, lost_us: int, back_us: int) -> None:
        """Plan a supply failure from one true instant to another.

        Raise `ValueError` unless both are in the future and apart from every other outage.
        """
        outages = sorted([*self._outages, (lost_us, back_us)], reverse=True)
        apart = all(early[1] < late[0] for late, early in pairwise(outages))
        if not (self.board.now_us <= lost_us < back_us and apart):
            raise ValueError("expected an outage ahead, from before to, apart from every other")
        self._outages = outages
        if self.board.powered:
            self._arm()

    def do(self, act: Act) -> None:
        """Have somebody do this now, if it can be done."""
        if act.possible(self):
            if self._witness is not None:
                self._witness.did(act)
            act.does(self)

    # What acts need (`meter_emu.world.meter.acts.Hands`) ------------------------------------------

    def wake(self) -> None:
        """Run the program at once; one that is running runs again when it has finished."""
        self._woken = True
        if self.board.powered and not self.polling:
            self._poll()

    def lose_supply(self) -> None:
        """Take the supply away now, until somebody restores it; ends a poll under way."""
        self._outages.append((self.board.now_us, NEVER_US))
        self._arm()
        if not self.polling:
            self.step(self.board.now_us)

    def regain_supply(self) -> None:
        """Give the supply back now, whatever took it away."""
        gone_us, _ = self._outages.pop()
        self._outages.append((gone_us, self.board.now_us))
        self.step(self.board.now_us)

    def load_changed(self) -> None:
        """Plan again: the register reaches the hint's reading at another time now."""
        asleep = self.board.powered and not self.polling and self._wake_us > self.board.now_us
        if asleep:
            self._plan(self._hint, self.board.rtc.second_of_day(self.board.now_us))

    # Inside --------------------------------------------------------------------------------------

    def _arm(self) -> None:
        self.board.fails_at_us = self._outages[-1][0] if self._outages else NEVER_US

    def _poll(self) -> None:
        self._woken = True
        while self._woken and self.board.powered:
            self._woken = False
            self._poll_once()

    def _poll_once(self) -> None:
        board = self.board
        if self.polls == self._polls_max:
            raise PollsSpentError(f"the meter has had its {self.polls} polls")
        self.polls += 1
        rtc = board.rtc
        began_us, with_card = board.now_us, board.card_waiting
        before, writes = rtc.second_of_day(began_us), board.rtc_writes
        board.calls_left, board.overrun_us = CALLS_MAX, board.now_us + POLL_US_MAX
        self.polling = True
        try:
            hint = self._run_program()
            check_answer(hint, CALLS_MAX - board.calls_left, board.overran)
        except PowerLost:
            self._power_down()
            return
        except (Exception, PollOverrun) as error:
            failed = program_error(error)
            if failed is None:
                raise
            raise failed from error
        finally:
            self.polling = False
        after = rtc.second_of_day(board.now_us)
        if not with_card:
            took_us = board.now_us - began_us
            if took_us > self._longest_us:
                self._longest_us = min(POLL_LONGEST_US, took_us)
        # A hint is for the RTC day of the reading; if midnight came within the poll, which a clock
        # that was set does not show, it may be for the day before: it counts as over.
        ran_on = before is not None and after is not None and before <= after
        same_day = ran_on and board.rtc_writes == writes
        clockless = hint is not None and hint.until_second is None
        self._hint = hint if same_day or clockless else None
        self._plan(self._hint, after)
        self.on_poll()

    def _run_program(self) -> Sleep | None:
        log = self.log
        if log is None:
            if self._firmware is None:
                self._firmware = self._program(self.board)
            return self._firmware.poll()
        with log.poll():
            if self._firmware is None:
                self._firmware = self._program(log.ports)
            return self._firmware.poll()

    def _power_down(self) -> None:
        board = self.board
        board.now_us = self.down_us = max(board.now_us, board.fails_at_us)
        board.lose_power()
        self.rebuild()  # the program of one power-up ends here, and with it the process it may have
        self._on_power(False)

    def _power_up(self, back_us: int) -> None:
        board = self.board
        self._outages.pop()
        self._arm()
        board.now_us = max(board.now_us, back_us)
        board.regain_power()
        self._on_power(True)
        up_us = board.now_us + self._boot_us
        if up_us >= board.fails_at_us:
            self._power_down()
            return
        board.now_us = self.up_us = up_us
        self._anchor_us = up_us + self._poll_us
        self._poll()

    def _plan(self, hint: Sleep | None, second_of_day: int | None) -> None:
        """Turn a hint into the true instant it ends, from the chips' future readings."""
        now_us = self.board.now_us
        self._wake_us = now_us
        if hint is None or not self.obey_hints:
            return
        if hint.until_second is None:
            shown_us, self._midnight_us = NEVER_US - now_us, NEVER_US
        else:
            edges_us = self._clock_edges(hint.until_second, second_of_day)
            if edges_us is None:  # a stopped clock: no hint can end
                return
            shown_us, midnight_us = edges_us
            self._midnight_us = now_us + midnight_us
        if hint.until_units is not None:
            reached_us = self.board.metrology.us_until_units(hint.until_units, now_us)
            shown_us = shown_us if reached_us is None else min(shown_us, reached_us)
        self._wake_us = now_us + shown_us

    def _clock_edges(self, second: int, second_of_day: int | None) -> tuple[int, int] | None:
        """Return the µs until the clock chip shows a second of its day, and its next midnight."""
        if second_of_day is None:
            return None
        rtc = self.board.rtc
        shown_us = midnight_us = rtc.us_until_second_of_day(SECONDS_A_DAY, second_of_day)
        if second != SECONDS_A_DAY:
            shown_us = rtc.us_until_second_of_day(second, second_of_day)
        return None if shown_us is None or midnight_us is None else (shown_us, midnight_us)

    def hint_over(self) -> None:
        """Let the program look at its next polls: what it sleeps by was changed from outside."""
        self._hint, self._wake_us = None, self.board.now_us

    def _next_poll_us(self, until_us: int) -> int:
        """Return when the next poll begins: a cadence instant, in the future."""
        # Awake: the next instant of the cadence.
        soonest_us = self._cadence_from(self.board.now_us)
        if self._wake_us <= soonest_us:
            return soonest_us
        # Asleep: the first one at or after the end of the hint.
        at_us = self._cadence_from(self._wake_us)
        # But a poll that, as long as the longest so far, still runs when the hint ends, at an RTC
        # midnight, or when the caller wants to look, is run whatever the hint says: it may read the
        # clock after the end, and skipped, its torn readings could never be seen.
        # And what a person reads is as old as the last poll, so that one is run where one looks.
        for edge_us in (self._wake_us, self._midnight_us, until_us):
            # So long before the edge the last poll before it begins.
            ahead_us = (edge_us - self._anchor_us) % self._poll_us or self._poll_us
            seen = self.watched and edge_us == until_us
            if (seen or ahead_us <= self._longest_us) and edge_us - ahead_us >= soonest_us:
                at_us = min(at_us, edge_us - ahead_us)
        return at_us

    def _cadence_from(self, at_us: int) -> int:
        """Return the first cadence instant at or after `at_us`."""
        return at_us + (self._anchor_us - at_us) % self._poll_us
