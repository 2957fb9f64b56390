"""Programs that fail beside healthy ones, as whoever rehearses them sees it."""

import json
from typing import Any

from tests.world.rehearsal.test_failing_programs import campaign_file


def test_each_failing_program_is_in_the_table_beside_healthy_homes_with_exit_1(tmp_path, emu):
    path = campaign_file(
        tmp_path,
        *("Healthy", "Raises", "Returns", "Zero", "Loops", "LoopsInC", "CallsNothing", "Dies"),
    )
    done = emu("rehearse", path, "--json", tmp_path / "out.json", "--events", "--jobs", "2")
    assert (done.code, done.err) == (1, "")
    told = json.loads((tmp_path / "out.json").read_text("utf-8"))
    verdicts = {meter["id"]: meter["verdict"] for meter in told["meters"]}
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
    meters = {meter["id"]: meter for meter in told["meters"]}
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
    assert [event["what"] for event in meter["events"]] == [
        "hung" if meter["verdict"] == "hung" else "crashed"
    ]
    assert meter["events"][-1]["shown"] == "HELLO", "it was run again up to the poll before"
