"""The ledger of an office that sells OpenPAYGO tokens, as a file.

The counts of a device's tokens follow from their kinds, so each line has its count to be compared:
a ledger that lost a line would sell a count twice.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypeAlias, final

from msgspec import Meta, Struct
from typing_extensions import override

from card_protocol.keys import Key
from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoKind, next_count
from card_protocol.tokens.openpaygo.encode import VALUE_MAX, encode_openpaygo
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import ConfigError
from meter_emu.resources import PRINTABLE, FileTime, means, typed
from meter_emu.world.households.ledger import token_words, units_in
from meter_emu.world.households.ledger_file import HandedOut, LedgerFile, Purchase, sold_at
from meter_emu.world.meter.devices import paygo_seed
from meter_emu.world.meter.model import MeterModel

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
    token: Annotated[list[RawLine], means("what was sold, in this order")] = []


@final
class PaygoLedgerFile(LedgerFile[RawLine]):
    """The ledger of an office for devices that are paid for by time."""

    KEY_SIZES: ClassVar = (16,)
    GROUP: ClassVar = 3
    SELLS: ClassVar = "time (sell --days), set --days and disable"

    def __init__(self, path: str, table: dict[str, Any], model: MeterModel) -> None:
        """Read it; raise `ConfigError`."""
        super().__init__(path, model)
        raw = typed(table, RawLedger, path=path)
        self._last: Final[dict[int, int]] = {}
        self._unlocked: Final[set[int]] = set()
        for device in raw.device:
            if device.id in self._last:
                self.two_devices(device.id)
            self._last[device.id] = device.last_count
        for place, raw_line in enumerate(raw.token, 1):
            self._take(f"token {place}", raw_line)

    @override
    def sell(self, device_id: int, purchase: Purchase, at: datetime) -> RawLine:
        add = _units_of(purchase.days, self.model, PaygoKind.ADD_TIME)
        left = _units_of(purchase.days_left, self.model, PaygoKind.SET_TIME)
        unlock = bool(purchase.unlock)
        if (add, left, unlock) == (None, None, False):
            self.sells_only()
        kind = PaygoKind.ADD_TIME if left is None else PaygoKind.SET_TIME
        count = self._next("", device_id, PaygoKind.DISABLE if unlock else kind)
        raw_line = RawLine(device=device_id, sold=at, add=add, set=left, unlock=unlock, count=count)
        self._take("", raw_line)
        return raw_line

    @override
    def tokens(self, raw_line: RawLine, key: bytes | None) -> Iterator[HandedOut]:
        assert self.model.paygo is not None, "it is such a device"
        seed = paygo_seed(self.model, raw_line.device, TEST_MASTER_KEY if key is None else Key(key))
        _, digits = encode_openpaygo(
            seed, raw_line.count - 1, _kind_sold(raw_line), _units_sold(raw_line),
            restricted=self.model.paygo.restricted,
        )  # fmt: skip
        yield HandedOut(
            digits=digits,
            does=token_words(_kind_sold(raw_line), _units_sold(raw_line), self.model),
            device_id=raw_line.device,
            sold=sold_at(raw_line),
            which=f"count {raw_line.count}",
            count=raw_line.count,
        )

    @override
    def line_toml(self, raw_line: RawLine) -> Iterator[str]:
        value = _units_sold(raw_line)
        word = "unlock" if raw_line.unlock else "set" if raw_line.add is None else "add"
        yield "[[token]]"
        yield f"device = {raw_line.device}"
        yield f"sold = {raw_line.sold:%Y-%m-%dT%H:%M:%SZ}"
        yield f"{word} = {'true' if value is None else value}"
        yield f"count = {raw_line.count}"

    def _take(self, where: str, raw_line: RawLine) -> None:
        said = (raw_line.add is not None, raw_line.set is not None, raw_line.unlock)
        if said.count(True) != 1:
            raise ConfigError(self.path, where, "expected one of add, set, unlock = true")
        count = self._next(where, raw_line.device, _kind_sold(raw_line))
        if raw_line.count != count:
            changed = "a line before it is missing or changed"
            why = f"has count {raw_line.count}, expected {count}: {changed}"
            raise ConfigError(self.path, where, why)
        self._last[raw_line.device] = count
        if raw_line.unlock:
            self._unlocked.add(raw_line.device)
        self.sold.append(raw_line)

    def _next(self, where: str, device_id: int, kind: PaygoKind) -> int:
        last = self._last.get(device_id)
        if last is None:
            self.no_device(where, device_id, self._last)
        if device_id in self._unlocked:
            why = f"device {device_id} is unlocked for good: it needs no more tokens"
            raise ConfigError(self.path, where, why)
        count = next_count(last, kind)
        if count > COUNT_MAX:
            why = f"device {device_id} has had count {last}, and {COUNT_MAX} is the last there is"
            raise ConfigError(self.path, where, why)
        return count


def _kind_sold(raw_line: RawLine) -> PaygoKind:
    """Return the kind of a token in a ledger."""
    if raw_line.unlock:
        return PaygoKind.DISABLE
    return PaygoKind.SET_TIME if raw_line.add is None else PaygoKind.ADD_TIME


def _units_sold(raw_line: RawLine) -> int | None:
    """Return the value of a token in a ledger."""
    return raw_line.set if raw_line.add is None else raw_line.add


def _units_of(days: str | None, model: MeterModel, kind: PaygoKind) -> int | None:
    """Return the value of days that somebody may ask for."""
    return None if days is None else units_in(days, model, kind)
