"""What households lived in drawn campaigns with office errors, on real meters, by two accounts."""

import os
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import pytest

from meter_emu.errors import ConfigError
from meter_emu.world.judge.lived import LossReason
from meter_emu.world.judge.outcome import Outcome
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Lived
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.cells import few
from tests.world.judge.lived_campaigns import (
    DrawnCampaign,
    done_in,
    drawn_campaign,
    had_in,
    heard_in,
    read_again,
)
from tests.world.judge.lived_cases import plain
from tests.world.judge.naive_lived import Act, Heard, Stretch, lived

CAMPAIGNS: Final = int(os.environ.get("METER_EMU_LIVED", few(120, short=60)))
PARTS: Final = 2  # ours: one for each of two processors
DRAWN_MAX: Final = 20  # ours: a draw may arm a card for a T2 before the T1 that it already holds
ERRORS: Final = {"dates", "hours", "forgotten", "torn", "late", "copied", "extended", "expired"}
BOOT_US: Final = 6_500_000  # of each model that is drawn, with the time of a look


class Case(NamedTuple):
    """A campaign that was run, and what is read of it for the account that knows the page alone."""

    drawn: DrawnCampaign
    outcome: Outcome
    heard: list[Heard] | None
    acts: list[Act]
    had: list[Stretch]

    @property
    def naive(self) -> tuple[str, int | None, str]:
        return lived(self.heard, self.acts, self.had, BOOT_US)


def lived_case(folder: Path, seed: int) -> Case:
    path = folder / "drawn.toml"
    for again in range(DRAWN_MAX):
        drawn = drawn_campaign(seed, again)
        path.write_text(drawn.text, "utf-8")
        campaign = load_campaign(path)
        (household,) = campaign.households
        try:
            events = run_meter(household, campaign)
        except ConfigError as error:
            if "lies before the end of the deferral" not in str(error):
                raise
            continue
        outcome, file = judge(household, campaign, events), read_again(drawn.text)
        had = had_in(file, events, outcome.breaches)
        return Case(drawn, outcome, heard_in(file), done_in(file), had)
    raise AssertionError(f"seed {seed}: no campaign that an office can write")


@pytest.mark.slow("rehearses 120 drawn campaigns")
@pytest.mark.parametrize("part", range(PARTS))
def test_two_accounts_of_drawn_campaigns_agree(tmp_path, part):
    """One is written from the page, and reads text, log and display; `make test-lived`: 20,000."""
    verdicts, errors = Counter[str](), set[str]()
    for seed in range(part, CAMPAIGNS, PARTS):
        one = lived_case(tmp_path, seed)
        assert plain(one.outcome.lived) == one.naive, f"seed {seed}\n{one.drawn.text}"
        verdicts[one.naive[0]] += 1
        errors |= one.drawn.errors
    assert errors == ERRORS
    assert len(verdicts) >= (len(Lived) if CAMPAIGNS >= 2_000 else 5), verdicts


@pytest.mark.parametrize(
    ("seed", "verdict"),
    [
        (3_918, Lived.DARK_BEFORE),
        (12_679, Lived.CUT_UNANNOUNCED),
        (12_134, Lived.CUT_UNANNOUNCED),
    ],
)
def test_a_cut_by_an_order_is_by_the_order_also_of_who_has_no_credit(tmp_path, seed, verdict):
    """Of 20,000: armed for a T2 that had passed, or limited in a deferral as power came back."""
    one = lived_case(tmp_path, seed)
    assert (one.outcome.lived.verdict, one.outcome.lived.why) == (verdict, LossReason.ORDER)
    assert plain(one.outcome.lived) == one.naive


def test_a_cut_for_credit_as_power_comes_back_is_no_harm(tmp_path):
    """One of 20,000: the credit ended as the street lost its power."""
    one = lived_case(tmp_path, 19_504)
    assert plain(one.outcome.lived) == one.naive == ("not_announced", None, "")


@pytest.mark.slow("rehearses some drawn campaigns")
def test_a_household_that_is_read_wrongly_lives_something_else():
    """The comparison can fail: acts left out, a supply that begins late, other reasons."""
    differ = Counter[str]()
    with TemporaryDirectory() as folder:
        cases = [lived_case(Path(folder), seed) for seed in range(40)]
    for one in cases:
        found = plain(one.outcome.lived)
        later = [part._replace(from_us=part.from_us + 1, to_us=part.to_us + 1) for part in one.had]
        by_order = [part._replace(why="order" if part.why else "") for part in one.had]
        differ["acts"] += one._replace(acts=[]).naive != found
        differ["heard"] += one._replace(heard=[]).naive != found
        differ["when"] += one._replace(had=later).naive != found
        differ["why"] += one._replace(had=by_order).naive != found
    assert min(differ[what] for what in ("acts", "heard", "when", "why")) > 2, differ
