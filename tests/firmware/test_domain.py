"""The meter's words against the cards': a code means the same on both sides."""

from card_protocol.formats.budget import DF_OF
from meter_emu.domain import Result
from meter_emu.energies import BY_CODE, ENERGIES


def test_codes_below_10h_were_obeyed_and_all_others_refused() -> None:
    """Their names and numbers are held to docs/card-format.md next to the format."""
    obeyed = {
        Result.NONE,
        Result.EXECUTED,
        Result.ALREADY_EXECUTED,
        Result.PENDING,
        Result.LATER_END_TAKEN,
    }
    assert {result for result in Result if not result.refused} == obeyed


def test_the_energies_of_a_meter_are_those_of_a_card() -> None:
    assert BY_CODE.keys() == DF_OF.keys()
    assert len(BY_CODE) == len(ENERGIES)
