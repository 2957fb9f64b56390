"""An incident file: what it means, and each mistake in it as one line that says where."""

import re
from pathlib import Path

import pytest

from meter_emu.diagnosis.incident import Incident, combined, load_incident
from meter_emu.errors import ConfigError
from meter_emu.resources import built_in
from tests.diagnosis.small import text

NIGHT = "cut = [2020-07-02T22:45:00, 2020-07-03T07:00:00]"


def loaded(folder: Path, written: str) -> Incident:
    path = folder / "incident.toml"
    path.write_text(written, "utf-8")
    return load_incident(path)


def refused(folder: Path, written: str) -> str:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, written)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{folder}/incident.toml: ")


def test_the_built_in_incident_is_read() -> None:
    incident = load_incident(built_in("incidents")["ores-2020-07"])
    assert list(incident.fleets) == ["ores", "resa"]
    assert incident.first.name == "ores"
    assert incident.fleets["resa"].same_product is None
    redo = incident.persons["redo"].household
    assert len(redo.visits) == 8
    night = incident.observations[0]
    assert (night.id, night.many, night.whose.reactivated) == ("night", "some", False)


def test_sources_that_did_not_copy_each_other_multiply_their_odds() -> None:
    assert combined([(0.9, "a", None)]) == pytest.approx(0.9)
    assert combined([(0.9, "a", None), (0.8, "b", None)]) == pytest.approx(36 / 37)
    assert combined([(0.9, "a", None), (0.8, "b", "a")]) == pytest.approx(0.9)
    assert combined([(0.8, "b", "a"), (0.8, "c", "a")]) == pytest.approx(0.8)
    assert combined([(0.8, "c", "b"), (0.8, "b", "a"), (0.9, "a", None)]) == pytest.approx(0.9)
    assert combined([(0.8, "a", "b"), (0.8, "b", "a"), (0.7, "c", "a")]) == pytest.approx(0.8)


WRONG = {  # what is replaced, by what: the line that it gives
    ("from = 0.013, to = 0.093", "from = 0.013, to = 1.2"): "observed 'most-not': share.to: ",
    ("part = [0.013, 0.093]", "part = [0.013, 1.2]"): "fleet 'ores', part 2: ",
    ("part = [0.013, 0.093]", "part = [0.093, 0.013]"): "fleet 'ores': part: expected [from, to]",
    ('ref = "[9]", sure = 0.75', 'ref = "[9]", sure = 1.0'): (
        "observed 'error-8', source [9]: sure: expected more than 0 and less than 1: with a surety "
        "of 1 nothing could speak against it"
    ),
    ('ref = "[9]", sure = 0.75', 'ref = "[9]", sure = 0'): (
        "observed 'error-8', source [9]: sure: expected more than 0 and less than 1: with a surety "
        "of 0 it says nothing"
    ),
    ('ref = "[9]", sure = 0.75', 'ref = "[9]", sure = 0.3'): (
        "observed 'error-8', source [9]: sure: expected at least 0.5: below, report the opposite"
    ),
    ('campaign = "ores-2020-07"', 'campaign = "ores-2020-08"'): (
        "fleet 'ores': ores-2020-08: no such file"
    ),
    ("gas-never-back = 1_227", "gas-never-bak = 1_227"): (
        "fleet 'ores': kinds: expected one of june-15, "
    ),
    ('like = "ores:june-29"', 'like = "ores:june-28"'): (
        "person 'redo': like: expected one of june-15, "
    ),
    (
        'like = "ores:june-29"',
        'like = "aieg:june-29"',
    ): "person 'redo': like: expected one of ores, resa, got 'aieg'",
    ('"redo" }\nsome = { fed', '"rdo" }\nsome = { fed'): (
        "observed 'office-mends', whose: id: expected one of redo, remedy, got 'rdo', did you mean "
        "'redo'?"
    ),
    ("at_visit = 6", "at_visit = 5"): (
        "observed 'error-8', some: at_visit: expected one with a card: 2, 4, 6, 8"
    ),
    (
        'same_product = "unknown"',
        'same_product = "maybe"',
    ): "fleet 'resa': same_product: expected one of",
    ("fed = 2020-07-03T12:00:00", "fed = 2021-07-03T12:00:00"): (
        "observed 'office-mends', some: fed: expected times within the campaign's start and end"
    ),
    ("exposed = 2_900", "exposed = 290_000"): (
        "silence 'resa-not-before': exposed: expected at most the fleet's 35000, got 290000"
    ),
    ("heard = 0.02", "heard = 0"): "silence 'resa-not-before': heard: expected more than 0",
    ('id = "gas-too"', 'id = "night"'): "observed: two are called 'night', expected each once",
    ('energy = "gas"', 'energy = "water"'): "observed 'gas-too', whose: energy: expected one of",
    ("[[silence]]", "[[silences]]"): "silences: unknown key, did you mean 'silence'?",
    ("on_the_wall_since = 2012-01-01", "on_the_wall_since = 2021-01-01"): (
        "fleet 'ores': on_the_wall_since: expected a day before the campaign's start"
    ),
}


@pytest.mark.parametrize(("place", "line"), WRONG.items())
def test_a_mistake_is_one_line_that_says_where(
    place: tuple[str, str], line: str, tmp_path: Path
) -> None:
    assert place[0] in text(), "what is replaced is there"
    said = refused(tmp_path, text().replace(place[0], place[1], 1))
    assert said.startswith(line)


CONTRADICTING = {
    "some and none of the same": (
        f'whose = {{ fleet = "ores", reactivated = false }}\nnone = {{ {NIGHT} }}'
    ),
    "some in a time in which there are none": (
        'whose = { fleet = "ores" }\nnone = { cut = [2020-07-02T12:00:00, 2020-07-03T12:00:00] }'
    ),
    "fed and without supply": 'whose = { id = "redo" }\nsome = { off = 2020-07-03T12:00:00 }',
    "served and refused": 'whose = { id = "redo" }\nsome = { card = "served", at_visit = 6 }',
}


def with_another(whose_and_what: str) -> str:
    more = f'[[observed]]\nid = "other"\n{whose_and_what}\n'
    return f'{text()}\n{more}sources = [{{ ref = "[9]", sure = 0.9 }}]\n'


@pytest.mark.parametrize("whose_and_what", CONTRADICTING.values(), ids=CONTRADICTING)
def test_an_incident_that_contradicts_itself_is_refused(
    whose_and_what: str, tmp_path: Path
) -> None:
    said = refused(tmp_path, with_another(whose_and_what))
    assert re.fullmatch(r"observed 'other': contradicts '[\w-]+': no cause could fit both", said)


def test_one_time_inside_another_is_no_contradiction(tmp_path: Path) -> None:
    narrow = (
        'whose = { fleet = "ores" }\nnone = { cut = [2020-07-03T02:00:00, 2020-07-03T03:00:00] }'
    )
    assert len(loaded(tmp_path, with_another(narrow)).observations) == 17
