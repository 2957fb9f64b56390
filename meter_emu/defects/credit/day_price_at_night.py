"""Day and night price are exchanged."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.layouts import Rate, State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="the two prices of a tariff exchanged",
    effect=Effect.WRONG_MONEY,
    law="account",
    shown=unannounced(
        "2020-07-14 10:00",
        "2020-07-16 12:00",
        load_w=1000,
        balance_eur=50,
        model="electricity-bi-hourly",
        visits=("2020-07-15 07:00 insert",),
    ),
    blind="tariffs of one price",
    seen="britkat1980/giv_tcp#263, BottlecapDave/HomeAssistant-OctopusEnergy#240",
    avoid="name the two; try an hour of the day and one of the night",
)
class DayPriceAtNight(Ledger):
    """Has the two in the wrong order."""

    def price_ueur_per_wh(self, state: State) -> int:
        night = state.rate == Rate.NIGHT
        return state.price_ueur_per_wh if night else state.night_price_ueur_per_wh
