"""Going back in a sitting: the same moment again, the same future, and another one."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from meter_emu.cli.live.start import CardFiles
from meter_emu.desk.desk import Work
from meter_emu.resources import find
from meter_emu.sitting import history
from meter_emu.sitting.cards import FileCards
from meter_emu.sitting.premises import OwnMeter
from meter_emu.sitting.sitting import Sitting
from meter_emu.units import HOUR_US, MINUTE_US, SECOND_US
from meter_emu.world.meter.at_rest import AtRest
from meter_emu.world.meter.display import credit_said
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.model import load_model
from meter_emu.world.meter.times import us_to_iso
from tests.rigs import rig_of

START_US = 1_593_406_800 * SECOND_US  # 29 June 2020 07:00 in Brussels
ACTS = (
    "red", "blue", "blue 4", "insert CARD", "remove", "power", "appliances", "appliances shut 7m",
    "office CARD load 5, defer until 2 July", "office CARD cut at 1 July 10:00", "next",
    "office CARD reactivate",
)  # fmt: skip
MODELS = ("electricity-pcf8563-utc", "gas-pcf8563-battery", "electricity-legal-time")


class Seat:
    """A sitting by jumps, with a card in a file of its own."""

    def __init__(self, folder: Path, model: str = MODELS[0], no_way_back: str = "") -> None:
        self.said: list[str] = []
        self.events: list[Event] = []
        rig = rig_of(
            start_us=START_US, model=load_model(find("meters", model)), balance_cents=40, load=900,
            drift_ppb=20_000, challenge=Random(3).randbytes,
        )  # fmt: skip
        self.card = folder / "home.card"
        made = rig.first_card(issued_at_min=10_741_440)
        rig.serve(made, Work(load_cents=600), 10_741_440)
        self.card.write_bytes(made.image.to_bytes())
        self.sitting = Sitting(
            OwnMeter(rig), FileCards(CardFiles(), rig.challenge), CardFiles(), rate=0, held=None,
            say=self.said.append, take=self.events.append, wall_ns=lambda: 0,
            no_way_back=no_way_back,
        )  # fmt: skip
        self.sitting.begin()

    def do(self, *lines: str) -> None:
        for line in lines:
            self.sitting.type_in(line.replace("CARD", str(self.card)))
            while self.sitting.jumping:
                self.sitting.turn()
        self.sitting.turn()

    @property
    def now_us(self) -> int:
        return self.sitting.meter.board.now_us

    def supplied(self) -> bool:
        return self.sitting.meter.board.switch.on

    def state(self) -> tuple[object, ...]:
        meter, board = self.sitting.meter, self.sitting.meter.board
        panel = (board.panel.text, board.panel.lamps, board.panel.beep_count)
        happened = [(one.at_us, one.what, one.shown) for one in self.sitting.history.happened]
        there = (self.sitting.cards.words(), self.card.read_bytes())
        return board.now_us, meter.image(), *panel, board.powered, happened, *there


def at(us: int, seat: Seat) -> str:
    return us_to_iso(us, seat.sitting.meter.model.zone)


lives = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(1, 900)), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return lambda: tmp_path_factory.mktemp("seat")


@given(st.sampled_from(MODELS), lives, st.data())
@settings(max_examples=12, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_back_at_a_moment_everything_is_as_it_was_and_goes_on_as_it_did(folders, model, life, data):
    """Also what the card's file holds, what was seen, and what chance brings next."""
    seat = Seat(folders(), model)
    states = [seat.state()]
    for act, minutes in life:  # an act may take no time: the instant before it is another
        seat.do("advance 1m", act, f"advance {minutes}m")
        states.append(seat.state())
    chosen = data.draw(st.integers(0, len(states) - 1), label="the moment")
    moment_us = states[chosen][0]
    assert isinstance(moment_us, int)
    seat.sitting._go_to(seat.sitting.history.moment_at(moment_us), moment_us)
    assert seat.state() == states[chosen]
    if chosen < len(states) - 1:
        seat.do("forth")
        assert seat.state() == states[-1]
        seat.sitting._go_to(seat.sitting.history.moment_at(moment_us), moment_us)
    for (act, minutes), want in zip(life[chosen:], states[chosen + 1 :], strict=True):
        seat.do("advance 1m", act, f"advance {minutes}m")
        assert seat.state() == want


def test_after_a_jump_the_display_is_no_older_than_a_poll_also_after_going_back(tmp_path):
    seat = Seat(tmp_path)
    seat.do("insert CARD", "remove", "red")

    def credit_said_late_cents() -> int:
        balance_ueur = seat.sitting.meter.balance_ueur()
        said = credit_said(seat.sitting.meter.board.panel.text)
        assert balance_ueur is not None
        assert said is not None
        return said - balance_ueur // 10_000

    moments = []
    for span in ("1m", "7m", "166m", "5h"):
        seat.do(f"advance {span}")
        assert credit_said_late_cents() in {0, 1}, span
        moments.append(seat.now_us)
    for moment_us in reversed(moments):
        seat.do(f"back {at(moment_us, seat)}")
        assert credit_said_late_cents() in {0, 1}


def test_a_jump_can_be_stopped_and_so_can_going_back(tmp_path):
    """A clock that a second passes on at each look: after a slice others are heard."""
    seat = Seat(tmp_path)
    seat.do("red", "advance 300d", "blue")
    last_us = seat.now_us
    seat.sitting._wall_ns = iter(range(0, 10**15, 10**9)).__next__
    seat.sitting.type_in("back 5d")
    seat.sitting.type_in("blue")
    assert seat.sitting.jump is not None, "what is far is not there at once"
    seat.sitting.turn()
    seat.sitting.type_in("stop")
    assert not seat.sitting.jumping
    assert seat.said[-2].endswith("again; rate 1 lets time go on")
    assert seat.said[-1].endswith("; 1 more not done")
    here_us = seat.now_us
    assert here_us < last_us - 5 * 86_400 * SECOND_US
    assert seat.sitting.history.end_us == last_us, "what came after is known still"
    seat.do("stop")
    assert seat.said[-1] == "! stop: nothing is under way"
    seat.do("forth")
    assert seat.now_us == last_us
    seat.sitting.type_in("advance 300d")
    seat.sitting.turn()
    seat.do("stop", "blue")
    assert last_us < seat.now_us < last_us + 300 * 86_400 * SECOND_US


@pytest.mark.slow("jumps hundreds of times")
def test_next_that_matters_passes_what_nobody_sees(tmp_path):
    """A clock that it reads at midnight is planned, and is not seen."""
    each, matters = Seat(tmp_path), Seat(tmp_path)
    steps = 0
    for seat in (each, matters):
        seat.do("insert CARD", "remove")
    seen = len(matters.events)
    matters.do("next matters")
    assert len(matters.events) > seen
    while each.now_us < matters.now_us and steps < 500:
        each.do("next")
        steps += 1
    assert steps > 1
    assert [one.at_us for one in each.events] == [one.at_us for one in matters.events]
    matters.do("appliances shut 900d", "next matters")
    assert matters.said[-1].endswith("nothing that matters in 400 days")


@given(st.sampled_from(MODELS), lives)
@settings(max_examples=8, phases=(Phase.explicit, Phase.reuse, Phase.generate))
def test_the_script_of_a_sitting_leads_to_the_same_bytes(folders, model, life):
    first, again = Seat(folders(), model), Seat(folders(), model)
    for act, minutes in life:
        first.do("advance 1m", act, f"advance {minutes}m")
    first.do("power", "back", "advance 3m")  # what was undone is not in it
    script = first.sitting.history.script(first.now_us)
    again.do(*script.replace(str(first.card), str(again.card)).splitlines())
    assert again.state()[1] == first.state()[1]
    assert again.card.read_bytes() == first.card.read_bytes()


def test_the_script_has_also_what_can_no_longer_be_gone_back_to(tmp_path, monkeypatch):
    """And what a form asked: an amount has a point there, for a comma parts."""
    monkeypatch.setattr(history, "MOMENTS_MAX", 6)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, again = Seat(tmp_path / "a"), Seat(tmp_path / "b")
    assert first.sitting.fill_in({"card": str(first.card), "load": "12,50"}) == {}
    first.do("insert CARD", "remove", *["advance 1h", "red"] * 12)
    assert len(first.sitting.history.deeds()) == 15
    script = first.sitting.history.script(first.now_us)
    again.do(*script.replace(str(first.card), str(again.card)).splitlines())
    assert again.state()[1] == first.state()[1]


def test_undone_acts_have_not_happened_and_something_else_can_be_done(tmp_path):
    seat = Seat(tmp_path)
    seat.do(
        "appliances shut",
        "office CARD cut at 1 July 10:00",
        "insert CARD",
        "remove",
        "until 3 July 12:00",
    )
    assert not seat.supplied()
    seat.do("back 2020-06-30 12:00")
    assert seat.said[-1] == "it is 2020-06-30 12:00:00 again; rate 1 lets time go on"
    assert seat.supplied()
    seat.do("office reactivate", "insert", "remove", "until 3 July 12:00")
    assert seat.supplied()
    seat.do("forth")
    assert seat.said[-1] == "! forth: this is the latest moment"
    seat.do("back", "back", "back")  # remove, insert, office: all three
    assert seat.sitting.history.event_count == 4  # begins, desk, card, not the reactivation
    seat.do("until 3 July 12:00")
    assert not seat.supplied()


def test_within_an_act_it_is_the_moment_before(tmp_path):
    seat = Seat(tmp_path)
    seat.do("advance 1h", "insert CARD")
    done_us = seat.now_us
    assert done_us > START_US + HOUR_US
    seat.do("advance 1h", f"back {at(done_us - done_us % MINUTE_US, seat)}")
    assert seat.now_us == START_US + HOUR_US
    assert seat.sitting.cards.words() == "none"


def test_what_cannot_be_gone_to_is_said(tmp_path):
    seat = Seat(tmp_path)
    for line, why in (
        ("back", "nothing was done before"),
        ("back 3d", "this sitting did not begin so early"),
        ("back friday", "expected a span such as 3d, or 2020-07-02 23:01, got 'friday'"),
        ("forth", "this is the latest moment"),
    ):
        seat.do(line)
        assert seat.said[-1] == f"! {line.split()[0]}: {why}"
    seat.do("advance 1h", "back 30m", "back 2020-06-29 09:00")
    assert seat.said[-1].endswith("later than anything that has happened: until goes there")
    fixed = Seat(tmp_path, no_way_back="a real card does not go back")
    fixed.do("red", "back")
    assert fixed.said[-1] == "! back: a real card does not go back"


def test_a_long_sitting_forgets_its_oldest_moments_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "MOMENTS_MAX", 20)
    seat = Seat(tmp_path)
    seat.do(*["blue"] * 25, "back 2020-06-29 07:00")
    assert START_US < seat.sitting.history.begins_us < seat.now_us
    assert seat.said[-1] == "! back: this sitting did not begin so early"


def test_what_has_not_changed_is_kept_once(tmp_path):
    seat = Seat(tmp_path)
    meter = seat.sitting.meter
    first = AtRest(meter.bench, meter)
    second = AtRest(meter.bench, meter, before=first)
    assert all(one is other for one, other in zip(first.kept, second.kept, strict=True))
    seat.do("blue")
    third = AtRest(meter.bench, meter, before=first)
    changed = {type(now.thing).__name__ for now in third.kept if now not in first.kept}
    assert "Panel" in changed
    assert "Metrology" not in changed
