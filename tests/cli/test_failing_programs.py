"""Programs that fail next to healthy ones, as a rehearsal reports them."""

import json
from typing import Any

import pytest

from tests.world.rehearsal.test_failing_programs import campaign_file
from tests.world.rehearsal.test_other_cards import CUT, INSERT, text


@pytest.mark.slow("rehearses whole campaigns")
def test_each_failing_program_is_in_the_table_beside_healthy_homes_with_exit_1(tmp_path, emu):
    path = campaign_file(
        tmp_path,
        *("Healthy", "Raises", "Returns", "Zero", "Loops", "LoopsInC", "CallsNothing", "Dies"),
    )
    options = ("--trust-builds", "--events", "--jobs", "2")
    done = emu("rehearse", path, "--json", tmp_path / "out.json", *options)
    *_, last = done.err.splitlines()  # before it, how far it is, where it takes ten seconds
    assert (done.code, last) == (1, f"meter-emu: wrote {tmp_path / 'out.json'}")
    shown = json.loads((tmp_path / "out.json").read_text("utf-8"))
    verdicts = {meter["id"]: meter["ordered"]["verdict"] for meter in shown["meters"]}
    assert verdicts == {
        "Healthy": "kept",
        "Raises": "crashed",
        "Returns": "crashed",
        "Zero": "crashed",
        "Loops": "hung",
        "LoopsInC": "hung",
        "CallsNothing": "hung",
        "Dies": "crashed",
        "ours": "kept",
    }
    meters = {meter["id"]: meter for meter in shown["meters"]}
    assert meters["ours"]["failure"] is None
    for name, why in (
        ("Loops", "no port was called for 10 s"),
        ("LoopsInC", "no port was called for 10 s"),
        ("Dies", "its process ended with status 3"),
    ):
        _check_ended_from_outside(meters[name], why)
        line = f"{name}: {why}, at 2020-06-01T01:00:00+02:00, its clock chip at 2020-05-31 23:00:00"
        assert f"{line}; last calls: rtc_read, display" in " ".join(done.out.split())
    assert "Raises: RuntimeError: boom" in done.out


def _check_ended_from_outside(meter: dict[str, Any], why: str) -> None:
    failure = meter["failure"]
    assert failure["why"] == why
    assert failure["at"] == "2020-06-01T01:00:00+02:00"
    assert failure["clock"] == "2020-05-31 23:00:00"
    assert failure["calls"] == ["rtc_read", "display"] * 4
    ended = "hung" if meter["ordered"]["verdict"] == "hung" else "crashed"
    assert [event["what"] for event in meter["events"]] == ["begins", ended]
    assert meter["events"][-1]["shown"] == "HELLO", "it was run again up to the poll before"


def test_remarks_are_a_part_of_the_result_and_a_mistake_of_the_office_names_file_and_visit(
    tmp_path, emu
):
    path = tmp_path / "c.toml"
    path.write_text(text(CUT), "utf-8")
    done = emu("rehearse", path)
    said = "note: household 'a', visit 1: what is written here never gets into the meter"
    assert (done.code, done.err) == (0, "")
    assert said in " ".join(done.out.split())
    assert emu("rehearse", path, "--strict").code == 1
    notes = emu("rehearse", path, "--json", "-").json()["notes"]
    assert notes == [said.removeprefix("note: ")]
    before = CUT.replace("['cut']", "['defer', 'cut'], defer_until = 2020-06-05T11:00:00")
    again = CUT.replace("06-02", "06-03").replace("06-08", "06-04")
    path.write_text(text(INSERT.replace("02T11", "02T09") + before + again), "utf-8")
    mistake = emu("rehearse", path)
    assert mistake.code == 2
    assert f"{path}: household 'a', visit 3: desk: the cut at 2020-06-04 11:00" in mistake.err


def test_a_byte_order_mark_is_accepted(tmp_path, emu):
    path = tmp_path / "c.toml"
    path.write_text(text(CUT + INSERT), "utf-8-sig")
    assert emu("rehearse", path).code == 0
