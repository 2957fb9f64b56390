"""What the pages of a front panel are shown, as JSON in parts, each made anew when it changes."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final, Protocol, final, get_args

import msgspec

from meter_emu.cli.live.asked import PageAnswer
from meter_emu.cli.live.link import LinkOf
from meter_emu.cli.live.panel_page import tour_of
from meter_emu.cli.live.screen import Log
from meter_emu.cli.live.twin import Twin
from meter_emu.desk.card_image import RecordView
from meter_emu.languages.speech import said, written_decimal, written_number
from meter_emu.ports import ButtonName, Lamp
from meter_emu.report.words import HAPPENED
from meter_emu.rows import Row
from meter_emu.sitting.bytes_seen import rows_seen, written_by
from meter_emu.sitting.history import A_VISIT
from meter_emu.sitting.sitting import Sitting
from meter_emu.sitting.view import (
    clock_words,
    legal_words,
    plan_of,
    rate_words,
)
from meter_emu.units import MINUTE_US, euro
from meter_emu.world.households.household import newest_announced
from meter_emu.world.judge.answer import HouseholdCounts
from meter_emu.world.judge.breaches import supply_of
from meter_emu.world.judge.verdicts import PLAIN
from meter_emu.world.meter.acts import KEY_WORDS
from meter_emu.world.meter.bus import BusLog
from meter_emu.world.meter.devices import DEVICES
from meter_emu.world.meter.events import Event, What
from meter_emu.world.meter.model import Rearm
from meter_emu.world.rehearsal.by_hand import LivedByHand

SHOWN_EVERY_NS: Final = 50_000_000  # ours: twenty pictures a second
BYTES_EVERY_NS: Final = 250_000_000  # ours: explaining an image, or judging, takes 5 ms
DOTS_MAX: Final = 400
EXCHANGES_SHOWN: Final = 60
_LAMPS: Final = {
    "credit": Lamp.CREDIT_EXHAUSTED,
    "reconnect": Lamp.RECONNECT,
    "fault": Lamp.FAULT,
    "clock": Lamp.CLOCK_DOUBTED,
}


class Shows(Protocol):
    """What brings the state to pages: a server, or a worker in the page itself."""

    pages: int

    def publish(self, parts: dict[str, str], log: list[str]) -> None:
        """Show these parts of the state, JSON each, and these further lines of the log."""
        ...


@final
class PageState:
    """Publishes how a sitting stands.

    `lived` is its household, if it is of a campaign, `twin` the meter that lives the same; `link`
    makes the link to it.
    """

    def __init__(
        self,
        sitting: Sitting,
        log: Log,
        served: Shows,
        title: str,
        lived: LivedByHand | None,
        twin: Twin | None,
        link: LinkOf,
    ) -> None:
        self._sitting: Final = sitting
        self._log: Final = log
        self._served: Final = served
        self._title: Final = title
        self._lived: Final = lived
        self._twin: Final = twin
        self._link: Final = link
        self._said = 0
        self._next_ns = self._next_bytes_ns = self._next_happened_ns = self._next_twin_ns = 0
        self._minute = 0  # of what was said to have happened
        self._happened_at: tuple[object, ...] = ()
        self._bytes_at: tuple[object, ...] = ()
        self._kept: dict[str, str] = {
            "keys": json.dumps(KEY_WORDS),
            "serial": json.dumps(str(sitting.premises.rig.meter_id)),
            "tour": json.dumps(
                "" if lived is None else tour_of(lived.campaign.name, lived.household.id)
            ),
        }
        self._bus: Final = BusLog(sitting.meter.bench)
        sitting.meter.bench.overhear(self._bus.between)
        sitting.history.forgets = self._bus.forget_what_is_ahead

    def answer(self, answer: PageAnswer) -> None:
        """Show what became of a page's form."""
        if answer.form:
            self._kept["answer"] = msgspec.json.encode(answer).decode()

    def show(self, heard: int, *, ended: bool = False) -> None:
        """Publish what has changed, if it is time again; `heard` is how many lines were taken."""
        if self._twin is not None and not self._sitting.meter.bench.polling:
            self._twin.follow(self._sitting)
        now_ns = time.monotonic_ns()
        if now_ns < self._next_ns and not ended:
            return
        self._next_ns = now_ns + SHOWN_EVERY_NS
        parts = self._kept
        parts["now"] = json.dumps({**self._now(), "heard": heard, "ended": ended})
        history = self._sitting.history
        happened_at = (len(history.events), history.event_count, history.end_us)
        minute = self._sitting.meter.board.now_us // MINUTE_US
        news = happened_at != self._happened_at or minute != self._minute
        if (news and now_ns >= self._next_happened_ns) or ended:
            self._happened_at, self._minute = happened_at, minute
            self._next_happened_ns = now_ns + BYTES_EVERY_NS
            parts["happened"] = json.dumps(self._happened())
            script = history.script(self._sitting.meter.board.now_us)
            parts["script"], parts["link"] = json.dumps(script), json.dumps(self._link(script))
        resting = not self._sitting.meter.bench.polling
        if resting and self._served.pages and now_ns >= self._next_bytes_ns:
            self._next_bytes_ns = now_ns + BYTES_EVERY_NS
            bytes_at = (self._sitting.meter.bench.polls, *happened_at)
            if bytes_at != self._bytes_at:
                self._bytes_at = bytes_at
                parts["bytes"] = json.dumps(self._bytes())
        if self._twin is not None and (now_ns >= self._next_twin_ns or ended):
            self._next_twin_ns = now_ns + BYTES_EVERY_NS
            parts["twin"] = json.dumps(self._twin.shown(self._sitting))
        said, self._said = self._log.since(self._said), self._log.count
        self._served.publish(dict(parts), said)

    def _now(self) -> dict[str, Any]:
        sitting = self._sitting
        view, history = sitting.view(), sitting.history
        zone = view.zone
        return {
            "title": self._title,
            "us": view.now_us,
            "time": legal_words(view.now_us, zone),
            "rate": view.rate,
            "rate_words": rate_words(view.rate),
            "jumping": sitting.jumping,
            "jump": self._jump(),
            "undo": said(history.undone) if history.undone == A_VISIT else history.undone,
            "past": history.end_us is not None,
            "display": view.display,
            "powered": sitting.meter.board.powered,
            "lamps": {name: lamp in view.lamps for name, lamp in _LAMPS.items()},
            "supplied": sitting.meter.board.switch.on,
            "supply": view.supply,
            "keypad": DEVICES[sitting.meter.model.device].keypad,
            "sells": DEVICES[sitting.meter.model.device].sells,
            "slot": DEVICES[sitting.meter.model.device].slot,
            "flow": sitting.meter.board.metrology.rate(view.now_us),
            "buttons": {
                button: _does(button, sitting.meter.model.rearm, view.lamps)
                for button in get_args(ButtonName)
            },
            "appliances": sitting.meter.board.metrology.lit(view.now_us),
            "beeps": view.beep_count,
            "balance": None
            if view.balance_ueur is None
            else written_decimal(euro(view.balance_ueur)),
            "clock": clock_words(view),
            "inside": None if view.card == "none" else view.card,
            "cards": list(sitting.cards.names()),
            "plan": [
                [legal_words(one.at_us, zone), said(one.deed.value), str(one.civil or "")]
                for one in plan_of(view)
            ],
            "saved_nowhere": sitting.saved_nowhere,
        }

    def _jump(self) -> list[Any] | None:
        """Return where a jump under way leads, and the part of it that is done, if known."""
        jump, meter = self._sitting.jump, self._sitting.meter
        if jump is None:
            return None
        if jump.goal_us <= jump.from_us:
            return [said("the next event"), None]
        part = (meter.board.now_us - jump.from_us) / (jump.goal_us - jump.from_us)
        return [legal_words(jump.goal_us, meter.model.zone)[:16], round(min(part, 1.0), 3)]

    # What has happened ---------------------------------------------------------------------------

    def _happened(self) -> dict[str, Any]:
        sitting = self._sitting
        history, zone = sitting.history, sitting.meter.model.zone
        now_us = sitting.meter.board.now_us
        end_us = max(now_us, history.end_us or 0)
        in_order = sorted(history.events, key=lambda event: event.at_us)
        begins_us = in_order[0].at_us
        shown: dict[str, Any] = {
            "from": begins_us,
            "to": end_us,
            "back_from": history.begins_us,
            "supply": [
                [one.from_us, one.to_us, one.had.value, said(one.had.value)]
                for one in supply_of(in_order, begins_us, end_us + 1)
            ],
            "events": [self._event(one) for one in in_order[-DOTS_MAX:]],
        }
        lived = self._lived
        if lived is not None:
            happened = sorted(history.happened, key=lambda event: event.at_us)
            shown |= self._judged(lived, happened, now_us)
        return shown | {"zone": zone.key}

    def _event(self, event: Event) -> list[Any]:
        words = "  ".join(part for part in (event.detail, event.shown) if part)
        time_of = legal_words(event.at_us, self._sitting.meter.model.zone)
        return [event.at_us, time_of, said(HAPPENED[event.what]), words]

    def _judged(self, lived: LivedByHand, happened: list[Event], now_us: int) -> dict[str, Any]:
        zone, household = lived.campaign.zone, lived.household
        outcome, spans = lived.judged(happened, now_us)
        counts = HouseholdCounts(replace(lived.campaign, end_us=now_us + 1), so_far=True)
        counts.add(household, outcome)
        answer = counts.answer
        announced = newest_announced(household.announced, now_us)
        marks = []
        if announced is not None:
            ends = {"T1": announced.defer_us, "T2": announced.cut_us}
            for us in sorted({us for us in ends.values() if us is not None}):
                names = ", ".join(name for name, at_us in ends.items() if at_us == us)
                when = legal_words(us, zone)[:16]
                marks.append([us, said("announced {names} {when}", names=names, when=when)])
        ahead = lived.ahead[:20]
        return {
            "must": [
                [one.from_us, one.to_us, one.must.value, f"{said(one.must.value)}: {said(one.why)}"]
                for one in spans
            ],
            "announced": marks,
            "announcement": "" if announced is None else announced.in_words,
            "verdict": outcome.verdict.value,
            "verdict_said": said(PLAIN[outcome.verdict].heading),
            "tone": answer.tone.value,
            "answer": answer.said,
            "breaches": [one.in_words for one in outcome.breaches[:3]],
            "findings": [
                f"{legal_words(one.from_us, zone)[:16]}  {one.words}"
                for one in outcome.findings[:5]
            ],
            "ahead": [
                [one.at_us, legal_words(one.at_us, zone)[:16], said(one.kind.value)]
                for one in ahead
            ],
            "ends": lived.campaign.end_us,
            "cut": [one.at_us for one in happened if one.what is What.OPENED],
        }

    # Bytes ---------------------------------------------------------------------------------------

    def _bytes(self) -> dict[str, Any]:
        sitting, log = self._sitting, self._bus
        meter, rig = sitting.meter, sitting.premises.rig
        now_us, zone = meter.board.now_us, meter.model.zone
        rows = []
        if rig.build.readable(meter.model) is not None:
            for seen in rows_seen(meter.image(), meter.model, log):
                whence = written_by(seen, log, now_us)
                by = None
                if whence is not None:
                    by = [whence.at_us, legal_words(whence.at_us, zone), whence.command]
                rows.append([seen.part, seen.chip, seen.at, *_row(seen.row), seen.touched, by])
        touched = log.last_poll()
        return {
            "meter": rows,
            "card": list(_records(self._card_records())),
            "bus": [
                [one.chip, "write" if one.writes else "read", one.at, len(one.data)]
                for one in touched[-EXCHANGES_SHOWN:]
            ],
            "apdus": [
                list(one.shown) for one in log.exchanges_of(touched[-1].poll)[-EXCHANGES_SHOWN:]
            ]
            if touched
            else [],
        }

    def _card_records(self) -> tuple[RecordView, ...]:
        image = self._sitting.cards.at_hand()
        return () if image is None else tuple(self._sitting.premises.rig.records_of(image))


def _does(button: ButtonName, rearm: Rearm, lamps: Lamp) -> str:
    """Return what a button does now, as the meter's lamps and its model say."""
    if button == rearm.key and Lamp.RECONNECT in lamps:
        if not rearm.hold_ms:
            return said("reconnects")
        return said("reconnects, held {seconds} s", seconds=written_number(rearm.hold_ms / 1000))
    return said("next page") if button == "blue" else said("nothing now")


def _row(row: Row) -> list[Any]:
    return [row.field, row.raw, row.meaning, row.wrong]


def _records(records: tuple[RecordView, ...]) -> Iterator[list[Any]]:
    for record in records:
        for row in record.rows:
            yield [record.name, row.offset, *_row(row), record.seal.value]
