"""The night price begins and ends by UTC."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.ends import Nights


@Defect(
    mechanism="hours of a tariff in UTC",
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
    seen="hours of a two-rate tariff two hours off in summer: "
    "BottlecapDave/HomeAssistant-OctopusEnergy#1784",
    avoid="convert once, and say in the name which time a number is",
)
class TariffInUtc(Nights):
    """Does not convert, as meters without a zone."""

    def legal_min(self, at_s: int) -> int:
        return at_s // 60
