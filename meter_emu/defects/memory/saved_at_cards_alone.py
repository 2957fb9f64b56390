"""What changes without a card is not saved."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.layouts import State
from meter_emu.firmware.memory import Memory


@Defect(
    mechanism="a state that is saved at every second card alone",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=unannounced(
        "2020-02-03 06:00",
        "2020-02-06 20:00",
        load_w=500,
        balance_eur=20,
        model="electricity-bi-hourly",
        visits=("2020-02-03 12:00 insert", "2020-02-04 12:00 insert", "2020-02-06 12:00 insert"),
    ),
    blind="meters that have seen one card, or have one price",
    seen="a state that is saved later, by a timer, and not in time for the end of power "
    "(gh:libretiny-eu/libretiny#41, gh:wled/WLED#1251)",
    avoid="save what changes before it is acted on",
)
class SavedAtCardsAlone(Memory):
    def save_changed(self, state: State) -> None:
        if state.session_count % 2 == 1:
            super().save_changed(state)
