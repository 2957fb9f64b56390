"""A recorded meter says the same again, and another program's first other word is found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from card_protocol.card.image import CardKind
from card_protocol.keys import Purpose, derive
from card_protocol.trace import Done, Exchanged, Inserted, Recorder, Torn, Trace, TraceRow, no_clock
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.ports import Button
from meter_emu.resources import built_in, find
from meter_emu.units import DAY_US, HOUR_US, SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, VisitKind
from meter_emu.world.meter.acts import ActListener, Appliances, MeterTrace, Power, Press
from meter_emu.world.meter.bench import Bench
from meter_emu.world.meter.board import Board
from meter_emu.world.meter.clock_chips import clock_of
from meter_emu.world.meter.image import image_of
from meter_emu.world.meter.replay import Replay
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import rig_of, run_meter

JULY = load_campaign(find("campaigns", "ores-2020-07"))
HOMES = {entry.first.id: entry.household(1, JULY.seed) for entry in JULY.households.entries}


class Recording:
    """One meter's trace in a file."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "meter.trace"
        self.path.write_bytes(b"")
        self.recorder = Recorder(self._write, {"kind": "test"})

    def _write(self, line: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(line)

    def witness_of(self, board: Board) -> ActListener:
        return MeterTrace(self.recorder, board, clock_of(board))

    def rows(self) -> list[TraceRow]:
        with Trace(self.path) as trace:
            return list(trace.rows())


def rehearsed(household: Household, campaign: Campaign, folder: Path) -> list[TraceRow]:
    recording = Recording(folder)
    seen = run_meter(household, campaign, recording.witness_of)
    assert seen == run_meter(household, campaign), "a witness changes nothing"
    recording.recorder.ended(clock=no_clock, us=campaign.end_us)
    return recording.rows()


def played(household: Household, campaign: Campaign, rows: list[TraceRow]) -> Replay:
    bench, _ = rig_of(household, campaign).bench(lambda _event: None)
    replay = Replay(bench, iter(rows), "t")
    replay.run()
    return replay


def commands(rows: list[TraceRow]) -> int:
    return sum(isinstance(row, Exchanged) for row in rows)


@pytest.mark.slow("cuts or changes it anywhere", short=10)
@pytest.mark.parametrize("name", HOMES)
def test_every_home_of_july_2020_says_the_same_again(name, tmp_path):
    """Outages, drifting clocks, plain cards and buttons among them."""
    rows = rehearsed(HOMES[name], JULY, tmp_path)
    replay = played(HOMES[name], JULY, rows)
    assert replay.difference is None
    assert replay.exchanges == commands(rows)
    came = any(visit.kind is VisitKind.INSERT for visit in HOMES[name].visits)
    assert bool(replay.exchanges) is came


@pytest.mark.slow("cuts or changes it anywhere")
def test_every_kind_of_home_there_is_says_the_same_again(tmp_path):
    """Gas with its countdown and its appliances, clock cards, generation 2: one home of each."""
    kinds, deeds = set(), set()
    for path in built_in("campaigns").values():
        campaign = load_campaign(path)
        for entry in campaign.households.entries:
            household = entry.household(1, campaign.seed)
            kind = (
                household.model_name,
                household.carrier,
                household.card_generation,
                household.careless,
            )
            if kind in kinds or campaign.name == JULY.name:
                continue
            kinds.add(kind)
            rows = rehearsed(household, campaign, tmp_path)
            deeds |= {row.what for row in rows if isinstance(row, Done)}
            replay = played(household, campaign, rows)
            assert replay.difference is None, (path.name, household.id)
            assert replay.exchanges == commands(rows)
    assert {"appliances shut", "appliances lit", "blue button"} <= deeds or "red button" in deeds


@pytest.mark.parametrize("name", ["friday", "never-back"])
def test_a_defect_is_found_at_the_first_thing_it_says_otherwise(name, tmp_path):
    rows = rehearsed(HOMES[name], JULY, tmp_path)
    other = load_campaign(find("campaigns", "ores-2020-07"), build="reference+end-exclusive")
    household = next(household for household in other.households if household.id == name)
    replay = played(household, other, rows)
    assert replay.difference is not None
    assert "UPDATE BINARY file 3" in replay.difference
    assert "instead of" in replay.difference
    assert replay.exchanges == 6


def test_a_recording_that_goes_on_where_the_meter_is_done_is_a_difference(tmp_path):
    household = HOMES["friday"]
    rows = rehearsed(household, JULY, tmp_path)
    last = max(at for at, row in enumerate(rows) if isinstance(row, Exchanged))
    more = [*rows[: last + 1], rows[last], *rows[last + 1 :]]
    difference = played(household, JULY, more).difference
    assert difference is not None
    assert difference.endswith("; now: nothing, the meter is done")
    fewer = [*rows[:last], *rows[last + 1 :]]
    difference = played(household, JULY, fewer).difference
    assert difference is not None
    assert "recorded: power off; now: UPDATE BINARY file 3" in difference


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_recording_that_was_cut_off_is_played_as_far_as_it_goes(share, tmp_path):
    household = HOMES["friday"]
    rows = rehearsed(household, JULY, tmp_path)
    part = rows[: int(len(rows) * share)]
    replay = played(household, JULY, part)
    assert replay.difference is None
    assert replay.exchanges == commands(part)


def test_the_time_of_a_row_is_what_the_clock_chip_shows(tmp_path):
    """Not the true one: the clock of this home is half a minute fast, and its registers are UTC."""
    household = replace(HOMES["friday"], clock_error_s=30, drift_ppb=0)
    rows = rehearsed(household, JULY, tmp_path)
    first = next(row for row in rows if isinstance(row, Inserted))
    assert isinstance(first.us, int)
    fast = datetime.fromtimestamp(first.us // SECOND_US, UTC) + timedelta(seconds=30)
    assert first.at == f"{fast:%Y-%m-%d %H:%M:%S}"


# Cuts, and deeds in the middle of a poll ----------------------------------------------------------


def with_carrier(carrier: CardKind) -> Household:
    """Return a home with a card of this kind; the campaign has none with a memory card."""
    like = CardKind.SECURE if carrier is CardKind.MEMORY else carrier
    household = next(
        household
        for household in HOMES.values()
        if household.carrier is like and not household.outages
    )
    return replace(household, carrier=carrier)


def inserted_us(household: Household) -> int:
    return next(visit.at_us for visit in household.visits if visit.kind is VisitKind.INSERT)


@pytest.mark.slow("cuts or changes it anywhere", short=1)
@pytest.mark.parametrize("carrier", CardKind)
def test_a_session_cut_anywhere_is_cut_again(carrier, tmp_path):
    """The supply fails in a command, in an answer, while a plain card writes."""
    household = with_carrier(carrier)
    start_us = inserted_us(household)
    visits = tuple(visit for visit in household.visits if visit.at_us <= start_us)
    short = replace(JULY, start_us=start_us - DAY_US, end_us=start_us + HOUR_US)
    torn, sizes = 0, set()
    for offset_us in range(20_000, 1_000_000, 8_000):
        lost_us = start_us + offset_us
        outages = ((lost_us, lost_us + 60 * SECOND_US),)
        cut = replace(household, visits=visits, outages=outages)
        rows = rehearsed(cut, short, tmp_path)
        replay = played(cut, short, rows)
        assert replay.difference is None, offset_us
        assert replay.exchanges == commands(rows)
        torn += sum(isinstance(row, Torn) for row in rows)
        sizes.add(commands(rows))
    assert len(sizes) > 5
    assert bool(torn) is (carrier is not CardKind.SECURE)


DEEDS: dict[str, Callable[[Bench], None]] = {
    "pulled": lambda bench: bench.remove(),
    "pressed": lambda bench: bench.do(Press(Button.BLUE, 4_000)),
    "dark": lambda bench: bench.do(Power(on=False)),
    "shut": lambda bench: bench.do(Appliances(lit=False)),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("at", [1, 4, 7])
def test_what_is_done_within_a_poll_is_done_there_again(deed, at, tmp_path):
    household = with_carrier(CardKind.SECURE)
    recording = Recording(tmp_path)
    made = rig_of(household, JULY)
    bench, _ = made.bench(lambda _event: None, recording.witness_of(made.board))
    calls = count(1)
    board = bench.board

    def meanwhile() -> None:
        if next(calls) == at:
            DEEDS[deed](bench)

    board.meanwhile = meanwhile
    start_us = inserted_us(household)
    bench.run_until(start_us)
    card = made.first_card(issued_at_min=0)
    bench.insert(card)
    if deed == "dark":
        bench.do(Power(on=True))
    bench.run_until(start_us + HOUR_US)
    recording.recorder.ended(clock=no_clock, us=start_us + HOUR_US)
    again, _ = rig_of(household, JULY).bench(lambda _event: None)
    replay = Replay(again, iter(recording.rows()), "t")
    replay.run()
    assert replay.difference is None
    assert replay.exchanges == commands(recording.rows())
    assert next(calls) > at
    assert image_of(again.board, household.model) == image_of(board, household.model)
    assert again.board.panel.text == board.panel.text


@pytest.mark.parametrize("carrier", CardKind)
def test_no_key_of_meter_or_desk_is_in_a_trace(carrier, tmp_path):
    household = with_carrier(carrier)
    recording = Recording(tmp_path)
    run_meter(household, JULY, recording.witness_of)
    text = recording.path.read_text("ascii").lower()
    keys = [derive(TEST_MASTER_KEY, purpose, household.meter_id).raw.hex() for purpose in Purpose]
    keys.append(TEST_MASTER_KEY.raw.hex())
    assert len(keys) > 5
    assert not [key for key in keys if key in text]
    assert ("ff20000003xxxxxx" in text) is (carrier is CardKind.MEMORY)  # nor is a card's code
