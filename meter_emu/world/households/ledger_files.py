"""Which ledger an office's file is: its model says it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

from msgspec import Struct

from meter_emu.domain import DeviceName
from meter_emu.errors import ConfigError
from meter_emu.resources import find, read_table, typed
from meter_emu.world.households.ledger_file import LedgerFile
from meter_emu.world.households.paygo_ledger_file import PaygoLedgerFile
from meter_emu.world.households.sts_ledger_file import StsLedgerFile
from meter_emu.world.meter.model import MeterModel, load_model


class _Head(Struct):
    model: str


_Opened: TypeAlias = Callable[[str, dict[str, Any], MeterModel], LedgerFile[Any]]
_LEDGERS: Final[dict[DeviceName, _Opened]] = {
    "openpaygo": PaygoLedgerFile,
    "sts": StsLedgerFile,
}


def open_ledger(path: str) -> LedgerFile[Any]:
    """Return the ledger in a file; raise `ConfigError`."""
    table = read_table(Path(path))
    head = typed({key: table[key] for key in ("model",) if key in table}, _Head, path=path)
    model = load_model(find("meters", head.model, folder=Path(path).parent))
    if model.device not in _LEDGERS:
        raise ConfigError(path, "model", f"{model.name} takes no tokens")
    return _LEDGERS[model.device](path, table, model)
