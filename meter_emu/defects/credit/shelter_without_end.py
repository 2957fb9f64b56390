"""The hours shelter who has no credit for as long as power is only on in them."""

from meter_emu.defects import Defect, Effect, office_hours
from meter_emu.firmware.favours import Favours
from meter_emu.firmware.layouts import Factory, State


@Defect(
    mechanism="a protection that lasts as long as a condition that its holder can bring about",
    effect=Effect.WRONG_MONEY,
    law="shelter-has-an-end",
    shown=office_hours(load_w=9_000),
    blind="households that have power in office hours",
    seen="ours: our own program until November 2026",
    avoid="give every favour an end in a unit that the meter counts",
)
class ShelterWithoutEnd(Favours):
    """Asks what hour it is, and not how often it has been asked."""

    def shelter_ends(self, state: State, factory: Factory, register_units: int) -> bool:
        return False
