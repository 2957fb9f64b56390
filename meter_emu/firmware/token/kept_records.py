"""Where a device with a keypad keeps what it must remember."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from card_protocol.layout import Layout
from meter_emu.firmware.journal import JournalledT

FactoryT = TypeVar("FactoryT")


@final
@dataclass(frozen=True, slots=True)
class Records(Generic[FactoryT, JournalledT]):
    """Where a device keeps what the factory wrote, and its state, and what either can be."""

    version: int
    factory: Layout[FactoryT]
    factory_at: int
    possible_factory: Callable[[FactoryT], bool]
    state: Layout[JournalledT]
    state_at: tuple[int, int]
    possible_state: Callable[[JournalledT], bool]
