"""Emergency credit is offered whenever there is no credit."""

from meter_emu.defects import Defect, Effect, unannounced
from meter_emu.firmware.layouts import Factory, State
from meter_emu.firmware.ledger import Ledger


@Defect(
    mechanism="an emergency credit that can be taken twice",
    effect=Effect.WRONG_MONEY,
    law="emergency-again",
    shown=unannounced(
        "2020-01-13 09:00",
        "2020-01-23 12:00",
        load_w=1000,
        visits=("2020-01-14 10:00 red", "2020-01-17 11:00 red", "2020-01-22 10:00 insert"),
    ),
    blind="households that repay before they take again",
    seen="inferred: it is offered once until it is repaid (energieinfowallonie.be)",
    avoid="keep a debt as a debt, and ask for it",
)
class EmergencyAgainAndAgain(Ledger):
    """Does not ask whether the last one was repaid."""

    def emergency_offered(self, state: State, factory: Factory) -> bool:
        return factory.emergency_cents > 0
