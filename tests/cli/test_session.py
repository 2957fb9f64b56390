"""A sitting on a wall that a test moves: how time is let pass makes no difference to any byte."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card_protocol.card.image import CardImage
from meter_emu.cli.live.start import CardFiles
from meter_emu.desk.desk import Work
from meter_emu.sitting.cards import FileCards
from meter_emu.sitting.premises import OwnMeter
from meter_emu.sitting.sitting import WAITING_MAX
from meter_emu.sitting.sitting import Sitting as Room
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.meter.events import Event
from meter_emu.world.meter.times import END_US, us_to_civil
from meter_emu.zones import BELGIAN
from tests.rigs import rig_of

START_US = 1_593_406_800 * SECOND_US  # 29 June 2020 07:00 in Brussels
METER = 541_000_000_001
DEEDS = ["red", "blue", "insert card", "remove", "power", "appliances", "appliances shut 7m"]


class Sitting:
    """A session whose shell waits on a wall of its own, in steps of some length."""

    def __init__(self, card: Path, *, rate: int, step_ns: int, start_us: int = START_US) -> None:
        self.wall_ns, self.step_ns = 0, step_ns
        self.said: list[str] = []
        self.events: list[Event] = []
        self.typed_meanwhile: list[str] = []
        rig = rig_of(start_us=start_us, balance_cents=40, load=900, drift_ppb=20_000)
        self.card = card
        self.session = Room(
            OwnMeter(rig), FileCards(CardFiles(), rig.challenge), CardFiles(), rate=rate, held=None,
            say=self.said.append, take=self.events.append, wall_ns=lambda: self.wall_ns,
        )  # fmt: skip
        self.session.wait = self._wait
        self.session.begin()

    def _wait(self, wait_ns: int) -> None:
        self.wall_ns += min(wait_ns, self.step_ns)
        while self.typed_meanwhile:
            self.session.type_in(self.typed_meanwhile.pop(0))

    def until_due(self, at_us: int) -> None:
        """Let the wall go on until an instant is due, whatever its steps."""
        while (wait_ns := self.session.pace.wait_ns(at_us, self.wall_ns)) or self.session.jumping:
            self.wall_ns += min(wait_ns or 0, self.step_ns)
            self.session.turn()
        self.session.turn()

    def bytes_now(self) -> tuple[bytes, bytes]:
        return self.session.meter.image(), self.card.read_bytes()


def card_in(folder: str, name: str) -> Path:
    rig = rig_of(start_us=START_US)
    card = rig.first_card()
    rig.serve(card, Work(load_cents=600), 10_741_440)
    path = Path(folder) / name
    path.write_bytes(card.image.to_bytes())
    return path


deeds = st.lists(st.tuples(st.integers(1, 90), st.sampled_from(DEEDS)), min_size=1, max_size=7)


@pytest.mark.slow("starts commands")
@given(deeds, st.sampled_from([1, 10, 60, 1_000]), st.integers(40, 900))
@settings(max_examples=25)
def test_a_sitting_at_the_pace_of_the_wall_leaves_the_bytes_of_one_by_jumps(deeds, rate, step_s):
    """`step_s` is how much of the meter's time the wall lets pass at a time.

    Up to 1,000 times real time a nanosecond of the wall is no more than a microsecond of the
    meter's, so a deed falls on the very same one.
    """
    with TemporaryDirectory() as folder:
        paced = Sitting(card_in(folder, "paced"), rate=rate, step_ns=step_s * 10**9 // rate)
        jumped = Sitting(card_in(folder, "jumped"), rate=0, step_ns=1)
        at_us = START_US
        for after_min, deed in deeds:
            at_us += after_min * MINUTE_US
            jumped.session.type_in(f"until {us_to_civil(at_us, BELGIAN)}")
            for sitting in (paced, jumped):
                sitting.until_due(at_us)
                sitting.session.type_in(deed.replace("card", str(sitting.card)))
        assert paced.bytes_now() == jumped.bytes_now()
        assert [(event.at_us, event.what) for event in paced.events] == [
            (event.at_us, event.what) for event in jumped.events
        ]


def test_what_waits_is_done_in_order_when_the_session_is_over(tmp_path):
    sitting = Sitting(card_in(str(tmp_path), "card"), rate=1, step_ns=10**7)
    sitting.typed_meanwhile = ["advance 2h", "show", "rate 60"]
    sitting.session.type_in(f"insert {sitting.card}")
    sitting.session.turn()
    while sitting.session.jumping:
        sitting.session.turn()
    assert sitting.session.meter.board.now_us >= START_US + 2 * 3_600 * SECOND_US
    (time,) = (line for line in sitting.said if line.startswith("true time"))
    assert time.endswith("2020-06-29 09:00:00")  # two hours after it was asked for
    assert sitting.said[0] == "60 x real time"  # which did not have to wait


def test_no_more_waits_than_a_person_can_have_meant(tmp_path):
    sitting = Sitting(card_in(str(tmp_path), "card"), rate=0, step_ns=1)
    for _ in range(WAITING_MAX + 3):
        sitting.session.type_in("advance 1s")  # the first is under way, the others wait
    assert sitting.said == [f"! advance: {WAITING_MAX} commands are waiting already"] * 2
    while sitting.session.jumping:
        sitting.session.turn()
    assert sitting.session.pace.true_us == START_US + (WAITING_MAX + 1) * SECOND_US


def test_a_card_pulled_while_it_is_served_is_saved_when_the_poll_is_over(tmp_path):
    path = card_in(str(tmp_path), "card")
    sitting = Sitting(path, rate=1, step_ns=10**7)
    before = CardImage.from_bytes(path.read_bytes())
    sitting.typed_meanwhile = ["remove"]
    sitting.session.type_in(f"insert {path}")
    sitting.session.turn()
    assert sitting.session.cards.words() == "none"
    after = CardImage.from_bytes(path.read_bytes())
    assert after.contents == before.contents
    sitting.session.type_in(f"insert {path}")
    assert sitting.events[-1].shown.endswith("CARD 01 EXECUTED")


def test_time_stands_where_clock_chips_end(tmp_path):
    start_us = END_US - 3_600 * SECOND_US
    sitting = Sitting(
        card_in(str(tmp_path), "card"), rate=1_000_000, step_ns=10**9, start_us=start_us
    )
    for _ in range(5):
        sitting.wall_ns += 10**9
        sitting.session.turn()
    assert sitting.session.pace.rate == 0
    assert sitting.said.count("! clock chips count to 2099: time stands") == 1
    sitting.session.type_in("advance 1h")
    assert sitting.said[-1].startswith("! advance: clock chips count to 2099")
    assert sitting.session.meter.board.now_us - END_US < SECOND_US
