"""The ledger of an office that sells tokens, as a file: its devices, and every token that it sold.

The counts of a device's tokens follow from their kinds, so each line has its count to be compared:
a ledger that lost a line would sell a count twice.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, TypeAlias, final

import msgspec
from msgspec import Meta, Struct

from card_protocol.keys import Key
from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoKind, next_count
from card_protocol.tokens.openpaygo.encode import VALUE_MAX, encode_openpaygo
from meter_emu.errors import ConfigError
from meter_emu.nearest import hint
from meter_emu.resources import PRINTABLE, FileTime, find, means, read_toml
from meter_emu.world.meter.devices import paygo_seed
from meter_emu.world.meter.model import load_model

_Id: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
_Count: TypeAlias = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
_Value: TypeAlias = Annotated[int, Meta(ge=0, le=VALUE_MAX)]
_Text: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]


class RawDevice(Struct, forbid_unknown_fields=True, kw_only=True):
    """A device that the office sells tokens for."""

    id: Annotated[_Id, means("its number")]
    last_count: Annotated[_Count, means("its last count before the first line of this ledger")] = 1


class RawLine(Struct, forbid_unknown_fields=True, kw_only=True):
    """A token that was sold."""

    device: Annotated[_Id, means("whose it is")]
    sold: Annotated[FileTime, means("when it was sold")]
    add: Annotated[_Value | None, means("what it adds, in units of the device")] = None
    set: Annotated[_Value | None, means("what it sets, in units of the device")] = None
    unlock: Annotated[bool, means("whether it ends the payments")] = False
    count: Annotated[_Count, means("the count that it has")]


class RawLedger(Struct, forbid_unknown_fields=True, kw_only=True):
    """What an office's ledger can have."""

    model: Annotated[_Text, means("of all its devices: a built-in one, or a file next to this")]
    device: Annotated[list[RawDevice], means("the devices")]
    token: Annotated[list[RawLine], means("what was sold, in this order")] = msgspec.field(
        default_factory=list
    )


@final
class LedgerFile:
    """A ledger that was read from a file and agrees with itself; what is sold goes at its end."""

    def __init__(self, path: str) -> None:
        """Read it; raise `ConfigError`."""
        raw = read_toml(Path(path), RawLedger)
        self.path: Final = path
        self.model: Final = load_model(find("meters", raw.model, folder=Path(path).parent))
        if self.model.paygo is None:
            raise ConfigError(path, "model", f"{self.model.name} takes no tokens of OpenPAYGO")
        self.sold: Final[list[RawLine]] = []
        self._last: Final[dict[int, int]] = {}
        self._unlocked: Final[set[int]] = set()
        for device in raw.device:
            if device.id in self._last:
                raise ConfigError(path, "device", f"two have the id {device.id}")
            self._last[device.id] = device.last_count
        for place, line in enumerate(raw.token, 1):
            self._take(f"token {place}", line)

    def next_line(
        self, device_id: int, kind: PaygoKind, value: int | None, at: datetime
    ) -> RawLine:
        """Return the line of a token that is sold now, and have it; raise `ConfigError`."""
        line = RawLine(
            device=device_id,
            sold=at,
            add=value if kind is PaygoKind.ADD_TIME else None,
            set=value if kind is PaygoKind.SET_TIME else None,
            unlock=kind is PaygoKind.DISABLE,
            count=self._next("device", device_id, kind),
        )
        self._take("", line)
        return line

    def digits(self, line: RawLine, master: Key) -> str:
        """Return the digits of a token, as the office hands them out."""
        assert self.model.paygo is not None, "it was looked at"
        seed = paygo_seed(self.model, line.device, master)
        _, digits = encode_openpaygo(
            seed, line.count - 1, kind_sold(line), units_sold(line),
            restricted=self.model.paygo.restricted,
        )  # fmt: skip
        return digits

    def _take(self, where: str, line: RawLine) -> None:
        said = (line.add is not None, line.set is not None, line.unlock)
        if said.count(True) != 1:
            raise ConfigError(self.path, where, "want one of add, set, unlock = true")
        count = self._next(where, line.device, kind_sold(line))
        if line.count != count:
            why = f"has count {line.count}, want {count}: a line before it is missing or changed"
            raise ConfigError(self.path, where, why)
        self._last[line.device] = count
        if line.unlock:
            self._unlocked.add(line.device)
        self.sold.append(line)

    def _next(self, where: str, device_id: int, kind: PaygoKind) -> int:
        last = self._last.get(device_id)
        if last is None:
            near = hint(str(device_id), [str(known) for known in self._last])
            raise ConfigError(self.path, where, f"has no device {device_id}{near}")
        if device_id in self._unlocked:
            why = f"device {device_id} is unlocked for good: it needs no more tokens"
            raise ConfigError(self.path, where, why)
        count = next_count(last, kind)
        if count > COUNT_MAX:
            why = f"device {device_id} has had count {last}, and {COUNT_MAX} is the last there is"
            raise ConfigError(self.path, where, why)
        return count


def kind_sold(line: RawLine) -> PaygoKind:
    """Return the kind of a token in a ledger."""
    if line.unlock:
        return PaygoKind.DISABLE
    return PaygoKind.SET_TIME if line.add is None else PaygoKind.ADD_TIME


def units_sold(line: RawLine) -> int | None:
    """Return the value of a token in a ledger."""
    return line.set if line.add is None else line.add


def line_toml(line: RawLine) -> Iterator[str]:
    """Yield the lines of the file that a token is."""
    value = units_sold(line)
    word = "unlock" if line.unlock else "set" if line.add is None else "add"
    yield "[[token]]"
    yield f"device = {line.device}"
    yield f"sold = {line.sold:%Y-%m-%dT%H:%M:%SZ}"
    yield f"{word} = {'true' if value is None else value}"
    yield f"count = {line.count}"
