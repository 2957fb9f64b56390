"""How a live meter stands, as words: read once, shown as lines or as a screen."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, final

from meter_emu.firmware.layouts import Health
from meter_emu.languages.speech import marked, said
from meter_emu.ports import Lamp
from meter_emu.sitting.cards import Cards
from meter_emu.units import DAY_US, HOUR_US, MINUTE_US, SECOND_US, euro
from meter_emu.world.meter.clock_chips import clock_of
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.live import LiveMeter
from meter_emu.world.meter.pace import RATE_JUMPS
from meter_emu.world.meter.plan import Insight, Planned
from meter_emu.world.meter.times import us_to_legal
from meter_emu.zones import TimeZone

LAMPS: Final = {
    Lamp.CREDIT_EXHAUSTED: "CREDIT",
    Lamp.RECONNECT: "RECONNECT",
    Lamp.FAULT: "FAULT",
    Lamp.CLOCK_DOUBTED: "CLOCK",
}
_HEALTH: Final = {
    Health.TRUSTED: marked("trusted"),
    Health.LOW_VOLTAGE: marked("low voltage"),
    Health.IMPOSSIBLE_DATE: marked("impossible date"),
    Health.BACKWARDS: marked("backwards"),
    Health.TOO_FAR_AHEAD: marked("too far ahead"),
    Health.SET_TOO_LONG_AGO: marked("set too long ago"),
    Health.TICKS_DISAGREE: marked("ticks disagree"),
    Health.BEING_SET: marked("being set"),
    Health.LOWER_BOUND: marked("lower bound"),
    Health.DISPUTED: marked("disputed"),
}
_SPANS: Final = ((DAY_US, "d"), (HOUR_US, "h"), (MINUTE_US, "min"), (SECOND_US, "s"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Everything a person at the meter, or behind it, can know at one moment."""

    now_us: int
    rate: int
    display: str
    lamps: Lamp
    beep_count: int
    supply: str
    balance_ueur: int | None
    card: str
    known: Insight | None
    chip_clock: str | None  # what the clock chip shows, in what it counts
    zone: TimeZone


def view_of(meter: LiveMeter, cards: Cards, rate: int) -> View:
    """Return how a meter stands now."""
    board = meter.board
    return View(
        now_us=board.now_us,
        rate=rate,
        display=board.panel.text,
        lamps=board.panel.lamps,
        beep_count=board.panel.beep_count,
        supply=_supply(meter),
        balance_ueur=meter.balance_ueur(),
        card=cards.words(),
        known=meter.insight(),
        chip_clock=clock_of(board)(),
        zone=meter.model.zone,
    )


def lines_of(view: View, *, brief: bool = False) -> Iterator[tuple[str, str]]:
    """Yield what is known, a name and words each; what will be done next comes last."""
    yield "display", view.display or "blank"
    lit = [name for lamp, name in LAMPS.items() if lamp in view.lamps]
    yield "lamps", ", ".join(lit) or "none"
    yield "supply", view.supply
    yield "true time", legal_words(view.now_us, view.zone)
    yield "clock", clock_words(view)
    balance = view.balance_ueur
    yield "balance", "unknown" if balance is None else f"{euro(balance)} EUR"
    yield "card", view.card
    for planned in plan_of(view):
        yield "next", planned_words(planned, view, brief=brief)


def plan_of(view: View) -> tuple[Planned, ...]:
    """Return what the meter will do by itself, soonest first."""
    return () if view.known is None else view.known.plan


def clock_words(view: View) -> str:
    """Return what the meter's own clock says, and whether the meter believes it."""
    known = view.known
    if known is None and view.chip_clock is not None:
        return said("{time}, as its chip counts", time=view.chip_clock)
    if known is None or known.utc_us is None:
        return said("shows no time that can be")
    health = said(_HEALTH[known.health])
    return f"{legal_words(known.utc_us, view.zone)}  {health}, +-{known.uncertainty_s} s"


def planned_words(planned: Planned, view: View, *, brief: bool = False) -> str:
    """Return what will be done, when, and how long that is from now; `brief` fits 60 columns."""
    civil = "" if planned.civil is None else f" {planned.civil}"
    if brief:
        when = us_to_legal(planned.at_us, view.zone)
        return f"{when.day:>2} {when:%b %H:%M}  {planned.deed.value}{civil}"
    left = f"in {span_words(max(0, planned.at_us - view.now_us)):<11} "
    return f"{legal_words(planned.at_us, view.zone)}  {left}{planned.deed.value}{civil}"


def span_words(span_us: int) -> str:
    """Return a span in its two largest units, cut off."""
    words: list[str] = []
    for unit_us, name in _SPANS:
        count, span_us = divmod(span_us, unit_us)
        if count or words:
            words.append(f"{count} {name}")
    return " ".join(words[:2]) or "0 s"


def rate_words(rate: int) -> str:
    """Return how fast time goes."""
    if rate == RATE_JUMPS:
        return said("by jumps alone")
    return said("real time") if rate == 1 else said("{rate} x real time", rate=str(rate))


def event_line(event: Event, zone: TimeZone) -> str:
    """Return one event as a line."""
    doubt = "" if event.clock_trusted else "  (clock not trusted)"
    said = "  ".join(part for part in (event.detail, event.shown) if part)
    return f"{legal_words(event.at_us, zone)}  {event.what.value:<10}  {said}{doubt}".rstrip()


def legal_words(at_us: int, zone: TimeZone) -> str:
    """Return the legal time of an instant."""
    return f"{us_to_legal(at_us, zone):%Y-%m-%d %H:%M:%S}"


def _supply(meter: LiveMeter) -> str:
    board = meter.board
    parts = [
        said("on") if board.switch.on else said("off"),
        f"{board.metrology.rate(board.now_us)} {meter.model.measures.rate_unit}",
    ]
    if board.switch.limiter_a:
        parts.append(said("limited to {ampere} A", ampere=board.switch.limiter_a))
    if not board.powered:
        parts.append(said("the meter has no supply"))
    return ", ".join(parts)
