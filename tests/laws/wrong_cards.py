"""Programs that are wrong in what they write, on cards and in their memory; our own otherwise."""

from typing_extensions import override

from card_protocol.formats.budget.generations import CardRecords
from card_protocol.keys import Key
from meter_emu.domain import Contents, Order, Reactivation, Result, Tariff, Wallet
from meter_emu.firmware.dialogues.budget import BudgetDialogue
from meter_emu.firmware.gate import OrderGate
from meter_emu.firmware.layouts import State
from meter_emu.firmware.ledger import Ledger
from meter_emu.firmware.memory import Memory
from meter_emu.ports import Ports
from meter_emu.world.meter.build import dialogues
from tests.laws.wrong import Wrapped


class _Uncharged(Ledger):
    """Forgets with each load what it has charged."""

    @override
    def load(self, state: State, wallet: Wallet) -> int:
        state.charged_ueur = 0
        return super().load(state, wallet)


class _Saving(Memory):
    """Saves in every poll, changed or not."""

    @override
    def save_changed(self, state: State) -> None:
        self.save(state)


def saving(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Saving)


class _Obliging(OrderGate):
    """Obeys an order whatever its other flags are."""

    @override
    def judge(
        self, order: Order, tariff: Tariff, state: State, *, limited: bool, nights: bool
    ) -> Result:
        known = order._replace(unknown=False)
        return super().judge(known, tariff, state, limited=limited, nights=nights)


def obliging(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Obliging)


class _AsText(BudgetDialogue):
    """Keeps the token of an order as text, which ends before the first 00."""

    def said(self, records: CardRecords, key: Key, token_key: Key, meter_id: int) -> Contents:
        said = super().said(records, key, token_key, meter_id)
        cut_short = b"\0" in records.desk.token
        forged = said.order._replace(reactivation=Reactivation.FORGED)
        return said._replace(order=forged) if cut_short else said


class AsText(Wrapped):
    """Our program with a dialogue that keeps text."""

    def __init__(self, ports: Ports) -> None:
        super().__init__(ports)
        self._program._dialogues = (_AsText, *dialogues()[1:])


def uncharged(ports: Ports) -> Wrapped:
    return Wrapped(ports, _Uncharged)
