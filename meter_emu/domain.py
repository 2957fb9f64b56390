"""The meter's own terms: orders, their results and its state, independent of the kind of card.

No card format is in here: a dialogue translates what its kind of card carries into these words, and
back. Codes are those that the meter stores and shows; the budget card carries the same. They are
tuples, which cost a session a third of what frozen dataclasses do.
"""

from enum import Enum, IntEnum, unique
from typing import Final, Literal, NamedTuple, TypeAlias, final

DeviceName: TypeAlias = Literal["budget", "openpaygo", "sts"]  # rows of `world.meter.devices`
BUDGET: Final = "budget"
SET_ERROR_S_MAX: Final = 3600  # ours: a tool that is worse sets no clock


class ZoneRule(NamedTuple):
    """A zone's legal time in the integers that a program is built with.

    `code` names the zone on cards of generation 2. Legal time is `standard_min` minutes ahead of
    UTC, and `summer_min` from the last Sunday of March to that of October, at `change_hour_utc` of
    both days (directive 2000/84/EC, articles 2 and 3; the same rule held from 1996).
    """

    code: int
    standard_min: int
    summer_min: int
    change_hour_utc: int = 1


@final
@unique
class Result(IntEnum):
    """The result of a card or of its order: shown on the display, written back to the card.

    Below 10h the card was obeyed; from 10h part of it was refused and not executed.
    """

    NONE = 0x00
    """Nothing to do: no order was ever written."""
    EXECUTED = 0x01
    """Order executed, credit booked."""
    ALREADY_EXECUTED = 0x02
    """This order was executed before; harmless."""
    PENDING = 0x03
    """Order accepted, or executed before; dated items wait for a clock that can be believed."""
    LATER_END_TAKEN = 0x04
    """Order executed; the two forms of T1 disagree and the later holds."""
    CARD_UNREADABLE = 0x10
    """No answer, or a command failed."""
    CARD_NOT_GENUINE = 0x11
    """Authentication failed: not a card of this operator for this meter."""
    WRONG_METER = 0x12
    """The card of another meter."""
    BAD_FORMAT = 0x13
    """Not the bytes this document describes, or a record that no desk writes: card number 0,
    money without a load, a price of 0."""
    BAD_MAC = 0x14
    """A MAC does not match."""
    STALE_ORDER = 0x15
    """A lower order number than the one executed."""
    BAD_DATE = 0x16
    """A date that does not exist, or one of which a form is missing."""
    CUT_BEFORE_DEFERRAL = 0x17
    """T2 lies before T1."""
    BAD_TOKEN = 0x18
    """The reactivation token is not for this meter and number."""
    WALLET_ROLLED_BACK = 0x1A
    """The wallet holds less than the meter has booked."""
    LOAD_TOO_LARGE = 0x1B
    """More than one load may bring."""
    CARD_REMOVED = 0x1C
    """Pulled out too early."""
    METER_NOT_CONFIGURED = 0x1D
    """The meter has no number yet."""
    CUT_DISAGREES = 0x1E
    """The two forms of T2 are not the same instant."""
    CARD_EXPIRED = 0x1F
    """A temporary card whose time is over."""
    CLOCK_CARD_STALE = 0x20
    """A clock card that is no newer than the last one, or names a time that has passed for
    certain."""
    CARD_REPLACED = 0x21
    """A lower card number than one the meter has obeyed."""
    STAMP_AHEAD = 0x22
    """The desk's own date is more than 15 minutes ahead of a clock that was set at the meter:
    credit and order are obeyed, the date is not."""
    CARD_TOO_SLOW = 0x23
    """Not served in 64 commands and 20 s, or a command not answered in 5 s."""
    CLOCK_NOT_SET = 0x24
    """The clock chip does not read back as a clock card set it; it is not believed."""
    ANOTHER_ORDER = 0x26
    """Another order than the one executed, under its number."""
    WRONG_ENERGY = 0x28
    """A card for the other energy; it costs the card no try."""
    NO_LIMITER = 0x29
    """The order grants a limiter and a gas meter has none."""
    NO_NIGHT_HOURS = 0x2A
    """The tariff has a night price and the meter no night hours."""

    @property
    def refused(self) -> bool:
        """Whether something on the card was refused: a wallet may be, and its order obeyed."""
        return says_refused(self)


def says_refused(code: int) -> bool:
    """Whether the code of a result says that something was refused, also one that nobody knows."""
    return code >= 0x10


def result_said(code: int) -> str:
    """Return the name of a result, or its number if nobody knows it."""
    return Result(code).name if code in set(Result) else f"{code:02X}h"


# From the card ------------------------------------------------------------------------------------


class RawEnd(NamedTuple):
    """An end as a card states it, not decoded: that is for the program's codec.

    `civil` is five BCD bytes `YYMMDDhhmm` of legal time, FF for none. A card that states the
    instant too has it in `minute`, minutes since 2000-01-01 00:00 UTC, FFFFFFFF for none, and in
    `zone_rule` the code of the zone whose legal time it is.
    """

    civil: bytes
    minute: int | None = None
    zone_rule: int | None = None


class Identity(NamedTuple):
    """Which of a meter's cards this is, and when it expires."""

    card_number: int
    expires: RawEnd


class Wallet(NamedTuple):
    """The amount ever loaded for a meter, and how many loads that were. Both only grow."""

    loaded_cents: int
    load_count: int


@final
@unique
class Reactivation(Enum):
    """Whether an order carries the token that cancels T1 and T2, and whether it is the right one.

    It is checked where the card is read, against meter and order number.
    """

    NONE = "none"
    PROVED = "proved"
    FORGED = "forged"


class Order(NamedTuple):
    """The one state that the office wants of a meter; the highest number replaces everything.

    `defer_until` is T1, `cut_at` T2. `mac` is eight bytes that name this order with its tariff and
    no other: two orders of one number differ in it. `unknown` says that the card orders something
    else as well, not defined here: no meter obeys it.
    """

    number: int
    mac: bytes
    defer_until: RawEnd
    cut_at: RawEnd
    prepayment_on: bool
    limiter_granted: bool
    reactivation: Reactivation = Reactivation.NONE
    unknown: bool = False


class Tariff(NamedTuple):
    """The prices the meter counts with, and the energy in one unit of its register.

    The night price holds in the night hours, which the meter knows; the same as by day is a
    mono-hourly tariff.
    """

    number: int
    price_ueur_per_wh: int
    night_price_ueur_per_wh: int
    mwh_per_unit: int


class Contents(NamedTuple):
    """All that the office orders on one card, each part proved to be of this meter's office.

    `issued_at_min` is when it last wrote, minutes since 2000-01-01 00:00 UTC; `seen_session` the
    last session of the meter whose write-back it has seen.
    """

    identity: Identity
    wallet: Wallet
    order: Order
    tariff: Tariff
    issued_at_min: int | None
    seen_session: int


class ClockSetting(NamedTuple):
    """A technician's card: the time, seconds since 2000-01-01 UTC, and its error bound."""

    set_to_s: int
    set_error_s: int


# From the meter -----------------------------------------------------------------------------------


class WriteBack(NamedTuple):
    """The meter's last results and its state, for the office to read.

    `challenge` is the random value that the meter sent to the card in this session, and `order_mac`
    that of the order in the meter (`Order.mac`), FF before the first. `clock`, `defer_until` and
    `cut_at` are five BCD bytes, FF for none; `events` the newest entries of its journal. A card may
    lack room for all of it: fields that may be `None` are then missing.
    """

    result: int
    meter_id: int
    session_count: int
    challenge: bytes | None
    clock: bytes
    clock_health: int
    uncertainty_s: int
    register_units: int
    charged_wh: int | None
    deferred_wh: int
    postpaid_wh: int | None
    balance_ueur: int
    charged_ueur: int | None
    emergency_debt_ueur: int | None
    accepted_cents: int
    accepted_count: int
    order_number: int
    order_mac: bytes | None
    order_result: int
    supply: int
    blocks: int
    shields: int
    defer_until: bytes
    cut_at: bytes
    tariff_number: int | None
    night_wh: int | None
    charged_night_wh: int | None
    shelter_left_min: int | None
    shelter_left_wh: int | None
    night_left_wh: int | None
    events: bytes
