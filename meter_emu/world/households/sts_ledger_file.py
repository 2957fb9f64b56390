"""The ledger of an office that sells STS tokens, as a file.

The office counts a meter's sales, and gives each token a TID that no other of this meter has. Both
follow from the lines before, and each line has them to be compared.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, TypeAlias, final

from msgspec import Meta, Struct
from typing_extensions import override

from card_protocol.errors import TokenError
from card_protocol.tokens.sts.keys import VendingKey
from card_protocol.tokens.sts.tid import TID_MAX, BaseDate
from meter_emu.desk.published_key import TEST_VENDING_KEY
from meter_emu.desk.vending import Edition, MeterKey
from meter_emu.errors import ConfigError
from meter_emu.resources import PRINTABLE, FileTime, means, typed
from meter_emu.units import MINUTE_US, SECOND_US
from meter_emu.world.households.ledger_file import HandedOut, LedgerFile, NewKey, Purchase, sold_at
from meter_emu.world.households.sts_file import RawMeterKey, meter_key
from meter_emu.world.households.sts_ledger import (
    OtherToken,
    StsOffice,
    StsSale,
    StsToken,
    sections_of,
    sts_digits,
)
from meter_emu.world.meter.devices import decoder_key
from meter_emu.world.meter.model import MeterModel

_Id: TypeAlias = Annotated[int, Meta(ge=1, le=(1 << 63) - 1)]
_WH_MAX: Final = 1_638_300  # every tenth of a kWh up to it has an amount code
_KWH: Final = re.compile(r"(\d{1,4})(?:\.(\d))?", re.ASCII)


class RawStsDevice(Struct, forbid_unknown_fields=True, kw_only=True):
    """A meter that the office sells tokens for."""

    id: Annotated[_Id, means("its number")]


class RawStsLine(Struct, forbid_unknown_fields=True, kw_only=True):
    """What was sold."""

    device: Annotated[_Id, means("whose it is")]
    sold: Annotated[FileTime, means("when it was sold")]
    wh: Annotated[
        Annotated[int, Meta(ge=100, le=_WH_MAX, multiple_of=100)] | None, means("energy")
    ] = None
    new_key: Annotated[RawMeterKey | None, means("a new key")] = None
    rollover: Annotated[bool, means("the roll-over bit of the new key")] = False
    limit_w: Annotated[
        Annotated[int, Meta(ge=0, le=16_383)] | None, means("the most that may be drawn")
    ] = None
    setting: Annotated[OtherToken | None, means("another token")] = None
    sale: Annotated[int, Meta(ge=1), means("the number of this sale to this meter")]
    tid: Annotated[Annotated[int, Meta(ge=0, le=TID_MAX)] | None, means("the TID that it has")] = (
        None
    )


class RawStsLedger(Struct, forbid_unknown_fields=True, kw_only=True):
    """What such an office's ledger can have."""

    model: Annotated[
        Annotated[str, Meta(min_length=1, pattern=PRINTABLE)],
        means("of all its meters: a built-in one, or a file next to this"),
    ]
    edition: Annotated[Edition, means("TIDs are minutes of UTC (3), or of the wall clock (2)")] = 3
    device: Annotated[list[RawStsDevice], means("the meters")]
    token: Annotated[list[RawStsLine], means("what was sold, in this order")] = []


@final
class StsLedgerFile(LedgerFile[RawStsLine]):
    """The ledger of an office for STS meters."""

    KEY_SIZES: ClassVar = (8, 20)
    GROUP: ClassVar = 4
    SELLS: ClassVar = "energy (sell --kwh), new keys (key-change), set --limit-w and set --clear"

    def __init__(self, path: str, table: dict[str, Any], model: MeterModel) -> None:
        """Read it; raise `ConfigError`."""
        super().__init__(path, model)
        raw = typed(table, RawStsLedger, path=path)
        assert model.sts is not None, "it is such a meter"
        self._sections: Final = sections_of(model.sts)
        self._edition: Final = raw.edition
        self._offices: Final[dict[int, StsOffice]] = {}
        self._sales: Final[dict[int, int]] = {}
        self._tokens: Final[dict[tuple[int, int], tuple[StsToken, ...]]] = {}
        for device in raw.device:
            if device.id in self._offices:
                self.two_devices(device.id)
            self._offices[device.id] = StsOffice(model)
            self._sales[device.id] = 0
        for place, raw_line in enumerate(raw.token, 1):
            self._take(f"token {place}", raw_line)

    @override
    def sell(self, device_id: int, purchase: Purchase, at: datetime) -> RawStsLine:
        record = self._office("", device_id).record
        new_key, rollover = None, False
        if purchase.new_key is not None:
            new_key, rollover = self._changed(record, purchase.new_key)
        setting: OtherToken | None = None
        if purchase.clear is not None:
            setting = "clear-credit" if purchase.clear == "credit" else "clear-tamper"
        wh = None if purchase.kwh is None else _wh_in(purchase.kwh)
        if (wh, new_key, purchase.limit_w, setting) == (None, None, None, None):
            self.sells_only()
        raw_line = RawStsLine(
            device=device_id, sold=at, wh=wh, new_key=new_key, rollover=rollover,
            limit_w=purchase.limit_w, setting=setting, sale=self._sales[device_id] + 1,
        )  # fmt: skip
        raw_line.tid = self._given("", raw_line)[0].tid
        return raw_line

    @override
    def tokens(self, raw_line: RawStsLine, key: bytes | None) -> Iterator[HandedOut]:
        vending = TEST_VENDING_KEY if key is None else VendingKey(key)
        tokens = self._tokens[raw_line.device, raw_line.sale]
        keys = [one for one in (tokens[0].under, tokens[0].sale.new_key) if one is not None]
        derived = {decoder_key(self.model, raw_line.device, one, vending).raw for one in keys}
        if len(derived) < len(keys):  # no base date and no expiry is in a key by DKGA02
            why = "the new key is the one before: expected another revision or tariff index"
            raise ConfigError(self.path, "", why)
        for token in tokens:
            which = f"TID {token.tid}" if token.tid is not None else "no TID"
            if token.number:
                which = f"section {token.number} of {self._sections}"
            yield HandedOut(
                digits=sts_digits(token, self.model, raw_line.device, vending),
                does=token.sale.words,
                device_id=raw_line.device,
                sold=sold_at(raw_line),
                which=which,
                tid=token.tid,
                section=token.number or None,
            )

    @override
    def line_toml(self, raw_line: RawStsLine) -> Iterator[str]:
        yield "[[token]]"
        yield f"device = {raw_line.device}"
        yield f"sold = {raw_line.sold:%Y-%m-%dT%H:%M:%SZ}"
        yield from self._sale(raw_line).lines()
        yield f"sale = {raw_line.sale}"
        if raw_line.tid is not None:
            yield f"tid = {raw_line.tid}"

    def _take(self, where: str, raw_line: RawStsLine) -> None:
        said = (raw_line.wh, raw_line.new_key, raw_line.limit_w, raw_line.setting)
        if sum(one is not None for one in said) != 1:
            raise ConfigError(self.path, where, "expected one of wh, new_key, limit_w, setting")
        self._office(where, raw_line.device)
        changed = "a line before it is missing or changed"
        want = self._sales[raw_line.device] + 1
        if raw_line.sale != want:
            raise ConfigError(
                self.path, where, f"has sale {raw_line.sale}, expected {want}: {changed}"
            )
        tid = self._given(where, raw_line)[0].tid
        if raw_line.tid != tid:
            raise ConfigError(
                self.path, where, f"has TID {raw_line.tid}, expected {tid}: it or {changed}"
            )

    def _given(self, where: str, raw_line: RawStsLine) -> tuple[StsToken, ...]:
        """Have a line sold, and return its tokens; refuse what the office refuses."""
        office = self._offices[raw_line.device]
        key, sale = office.record, self._sale(raw_line)
        tokens = tuple(office.sold(sale))
        if tokens[0].refused:
            over = sale.sold_us // MINUTE_US >= key.base.epoch_min
            then = "; a new key comes first: desk token key-change" if over else ""
            raise ConfigError(
                self.path, where, f"device {raw_line.device}: {tokens[0].refused}{then}"
            )
        self._sales[raw_line.device] = raw_line.sale
        self._tokens[raw_line.device, raw_line.sale] = tokens
        self.sold.append(raw_line)
        return tokens

    def _office(self, where: str, device_id: int) -> StsOffice:
        if device_id not in self._offices:
            self.no_device(where, device_id, self._offices)
        return self._offices[device_id]

    def _sale(self, raw_line: RawStsLine) -> StsSale:
        return StsSale(
            id=str(raw_line.sale),
            household=str(raw_line.device),
            sold_us=int(sold_at(raw_line).timestamp()) * SECOND_US,
            wh=raw_line.wh,
            new_key=meter_key(raw_line.new_key),
            rollover=raw_line.rollover,
            limit_w=raw_line.limit_w,
            setting=raw_line.setting,
            edition=self._edition,
        )

    def _changed(self, record: MeterKey, new: NewKey) -> tuple[RawMeterKey, bool]:
        """Return the key that is sold in place of the one on record, and the roll-over bit."""
        base = BaseDate(new.base) if new.base is not None else record.base
        revision = record.revision if new.revision is None else new.revision
        index = record.tariff_index if new.tariff_index is None else new.tariff_index
        ken = record.ken if new.ken is None else new.ken
        raw = RawMeterKey(base=base.value, revision=revision, tariff_index=index, ken=ken)
        if meter_key(raw) == record:
            why = "nothing is new in this key: desk token list shows sold tokens once more"
            raise ConfigError(self.path, "", why)
        return raw, new.rollover or base is not record.base


def _wh_in(kwh: str) -> int:
    found = _KWH.fullmatch(kwh)
    wh = 0 if found is None else int(found[1]) * 1000 + int(found[2] or 0) * 100
    if not 0 < wh <= _WH_MAX:
        raise TokenError("kWh", f"expected 0.1 to {_WH_MAX / 1000} in tenths, got {kwh[:40]!r}")
    return wh
