"""What is owed to each card that is put in: obeyed, refused, or nobody can say."""

from dataclasses import replace

import pytest

from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdicts import FindingKind
from meter_emu.world.meter.events import Event, What
from tests.world.judge.test_excuses import Lived, kinds

HOME = """EXPIRES
balance_eur = 100
load_w = 100
visits = [
  { at = 2020-06-02T10:00:00, load_eur = 50MORE },
  { at = 2020-06-02T11:00:00, insert = true },
AFTER
]
"""


def lived(folder, expires: str = "", more: str = "", after: str = "") -> Lived:
    body = HOME.replace("EXPIRES", expires).replace("MORE", more).replace("AFTER", after)
    return Lived(folder, body, end="2020-06-14T12:00:00")


def answered(home: Lived, what: What, number: int = -1) -> Outcome:
    """Judge the log of the reference with the answer to one card, the last, the other way."""

    def changed(events: list[Event]) -> list[Event]:
        cards = [i for i, e in enumerate(events)
                 if e.what in {What.CARD_SERVED, What.CARD_REFUSED}]  # fmt: skip
        at = cards[number]
        return [replace(e, what=what) if i == at else e for i, e in enumerate(events)]

    return home.judge(change=changed)


def test_a_right_card_that_is_refused_is_a_finding(tmp_path):
    home = lived(tmp_path)
    assert home.judge().findings == ()
    assert FindingKind.GROUNDLESS_REFUSAL in kinds(answered(home, What.CARD_REFUSED))


@pytest.mark.parametrize(
    ("expires", "more"),
    [
        ("card_expires = 2020-06-02T11:00:00", ""),  # at that minute: its clock cannot say
        ("", ", office_error_s = 5000"),  # an office that is an hour ahead of the meter
        ("", ", fields = { load_count = 7 }"),  # an office that is wrong
    ],
)  # fmt: skip
def test_of_a_card_that_may_be_refused_nothing_is_found(tmp_path, expires, more):
    home = lived(tmp_path, expires, more)
    assert FindingKind.GROUNDLESS_REFUSAL not in kinds(answered(home, What.CARD_REFUSED))


def test_an_expired_card_that_is_obeyed_is_a_finding(tmp_path):
    home = lived(tmp_path, "card_expires = 2020-06-02T10:50:00")
    assert home.judge().findings == ()
    assert FindingKind.OBEYED_UNLAWFULLY in kinds(answered(home, What.CARD_SERVED))


def test_a_replaced_card_that_is_obeyed_is_a_finding(tmp_path):
    after = """  { at = 2020-06-04T10:00:00, replace_card = true },
  { at = 2020-06-04T11:00:00, insert = true },
  { at = 2020-06-05T11:00:00, insert = true, card_number = 1 },"""
    home = lived(tmp_path, after=after)
    assert home.judge().findings == ()
    assert FindingKind.OBEYED_UNLAWFULLY in kinds(answered(home, What.CARD_SERVED))


def test_every_write_back_is_audited_refused_or_not(tmp_path):
    """A meter that refuses a right card and keeps the money has two faults."""
    home = lived(tmp_path)

    def keeps(events: list[Event]) -> list[Event]:
        return [
            event
            if event.written is None
            else replace(
                event,
                what=What.CARD_REFUSED,
                written=replace(event.written, accepted_cents=0, accepted_count=0),
            )
            for event in events
        ]

    found = kinds(home.judge(change=keeps))
    assert {FindingKind.GROUNDLESS_REFUSAL, FindingKind.WRONG_MONEY} <= found
