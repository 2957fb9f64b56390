"""A declaration is checked before any law: one line, the likely mend, and no law accuses."""

import pytest

from meter_emu.driver_bench import clock_bench
from meter_emu.driver_bench.law import FindingRank
from meter_emu.driver_bench.verify_driver import verify_driver
from meter_emu.errors import ConfigError
from tests.driver_bench.drivers import declared, right


@pytest.mark.slow("runs drivers, each in processes of its own", short=2)
@pytest.mark.parametrize(
    ("driver", "said"),
    [
        ("OtherChip", "looks: pcf8563 is at 51h; expected address = 0x68, or chip ds1307 or ds323"),
        ("BeginsElsewhere", "expected address = 0x68"),
        ("DecimalAddress", "at 68h, where the driver looks: 68 is decimal, expected 0x68"),
        ("SignOutside", "registers: register 0Fh is outside the map: expected size=10"),
        ("AlarmOutside", "registers: register 0Bh is outside the map: expected size=c"),
        ("SinceOther", "year_base: every year is off by +4: expected year_base = 2004,"),
        ("LastCentury", "years: every year is off by -100: expected years = 1900..1999,"),
        ("TwoDigits", "get: every year is off by -2,000: a moment has its whole year, add 2,000"),
        ("DueInMinutes", "due: it counts in minutes: expected due_unit = 60"),
    ],
)  # fmt: skip
def test_a_wrong_declaration_is_one_line_and_no_verdict(driver: str, said: str) -> None:
    heard: list[object] = []
    with pytest.raises(ConfigError) as error:
        verify_driver(getattr(declared, driver), tries=5, hear=heard.append)
    assert said in str(error.value)
    assert "\n" not in str(error.value)
    assert heard == [], "no law was checked"


@pytest.mark.slow("runs drivers, each in processes of its own")
@pytest.mark.parametrize(
    ("driver", "laws"),
    [
        ("DueDeclared", ("due",)),
        ("NoDoubt", ("doubt-reported", "doubt-kept", "set-over-doubt", "set-starts")),
        ("WordsInOrder", ("alarm-registers", "alarm-unused", "alarm-set-keeps-time")),
        ("DecodesToUtc", ("decode",)),
        ("DecodesLocal", ("decode",)),
    ],
)
def test_what_is_declared_rightly_is_accused_of_nothing(driver: str, laws: tuple[str, ...]) -> None:
    report = verify_driver(getattr(declared, driver), tries=20, law_ids=laws, every=False)
    assert [found for one in report.examined for found in one.found] == []
    assert any(one.tries for one in report.examined)


def test_what_a_routine_cannot_do_is_no_wrong_date() -> None:
    report = verify_driver(declared.Cannot, tries=5, law_ids=("alarm-registers",))
    assert not report.wrong
    assert report.examined[0].lacks == "the driver cannot: no alarm on this board"


@pytest.mark.parametrize(
    ("driver", "law_id", "differs"),
    [
        ("OffInGet", "get-registers", [("year",)]),
        ("Mode12", "twelve-set-in", [("mode",)]),
        ("BothWaysWrong", "twelve-switch",
         [("to 24-hour mode", "hour"), ("to 12-hour mode", "hour")]),
        ("DecodesBackwards", "decode", [("offset", "hour"), ("offset", "hour", "minute")]),
    ],
)  # fmt: skip
def test_what_was_missed_or_hidden_is_found(
    driver: str, law_id: str, differs: list[tuple[str, ...]]
) -> None:
    report = verify_driver(getattr(declared, driver), tries=60, law_ids=(law_id,), every=False)
    found = {tuple(one.differs) for one in report.examined[0].found}
    assert found >= set(differs)
    assert all(one.rank is FindingRank.WRONG_DATE for one in report.examined[0].found)


def test_a_mistake_of_the_bench_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> bytes:
        raise IndexError("ours")

    monkeypatch.setattr(clock_bench.ClockBench, "_answer", fails)
    with pytest.raises(AssertionError, match="the bench failed, not the driver"):
        verify_driver(right.Whole, tries=2, law_ids=("get-registers",))
