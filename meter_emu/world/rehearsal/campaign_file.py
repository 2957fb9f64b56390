"""A campaign file as people write it: its keys and their types. Nothing is resolved here.

What the keys mean is in `docs/campaign-file.md`, and `campaign` makes a `Campaign` of them.
"""

from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

from meter_emu.desk.switches import SWITCHED
from meter_emu.desk.vending import Edition, OfficeName
from meter_emu.resources import PRINTABLE, FileTime, means
from meter_emu.units import HOURS_A_DAY, MINUTE_US
from meter_emu.world.households.household import LATE_MAX_US
from meter_emu.world.households.sts_file import RawMeterKey
from meter_emu.world.meter.acts import ACTS
from meter_emu.world.rehearsal.reading import Euro
from meter_emu.zones import TimeZone

_Rate: TypeAlias = Annotated[int, Meta(ge=0, le=40_000)]
_Load: TypeAlias = (
    _Rate | Annotated[list[_Rate], Meta(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]
)
_Text: TypeAlias = Annotated[str, Meta(min_length=1, pattern=PRINTABLE)]
# The type checker sees a text: written out, the rows of switches would be a second list of them.
if TYPE_CHECKING:
    DeskWord: TypeAlias = str
else:
    DeskWord = Literal["defer", "cut", "reactivate", *SWITCHED]
RecordWord: TypeAlias = Literal["wallet", "order", "tariff"]
_Generation: TypeAlias = Literal[1, 2]


_Seconds: TypeAlias = Annotated[int, Meta(ge=-(10**9), le=10**9)]
_Drift: TypeAlias = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
_PAIR: Final = Meta(min_length=2, max_length=2)


_Place: TypeAlias = Annotated[int, Meta(ge=1, le=20)]  # of a digit, the longest token has 20


class RawTariff(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A tariff that the office writes on a card."""

    number: Annotated[int, Meta(ge=1, le=65_535), means("the tariff's number")]
    price_ueur_per_wh: Annotated[
        int, Meta(ge=1, le=100_000), means("micro-euro per Wh; 250 is 0.25 EUR/kWh")
    ]
    night_price_ueur_per_wh: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        means("in the night hours of the meter's model; none is mono-hourly"),
    ] = None
    mwh_per_unit: Annotated[
        Annotated[int, Meta(ge=1, le=65_535)] | None, means("gas: milliwatt-hours in a dm³")
    ] = None


_Civil: TypeAlias = Annotated[str, Meta(pattern="^[0-9A-F]{10}$")]
_U32: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class RawFields(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Values that a faulty office writes into a card's order and wallet."""

    defer_until: Annotated[_Civil | None, means("T1 as ten hex digits")] = None
    defer_min: Annotated[_U32 | None, means("T1 of generation 2, minutes since 2000")] = None
    cut_at: Annotated[_Civil | None, means("T2 as ten hex digits")] = None
    cut_min: Annotated[_U32 | None, means("T2 of generation 2, minutes since 2000")] = None
    zone_rule: Annotated[Annotated[int, Meta(ge=0, le=255)] | None, means("of generation 2")] = None
    loaded_cents: Annotated[_U32 | None, means("ever loaded")] = None
    load_count: Annotated[_U32 | None, means("how many loads")] = None
    token: Annotated[
        Annotated[str, Meta(pattern="^[0-9A-F]{16}$")] | None,
        means("of a reactivation, 16 hex digits"),
    ] = None
    flags: Annotated[Annotated[int, Meta(ge=0, le=255)] | None, means("of the order")] = None
    reserved: Annotated[
        Annotated[str, Meta(pattern="^([0-9A-F]{4}|[0-9A-F]{18})$")] | None,
        means("bytes that nobody reads yet: two of generation 1, nine of generation 2"),
    ] = None


class _RawAtOffice(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A visit to the office, and which card is put in."""

    at: Annotated[FileTime, means("when; visits are in the order of their times")]
    desk: Annotated[list[DeskWord], means("the card at the office: what it orders")] = []
    defer_until: Annotated[
        FileTime | None, means("T1 of the order, where it is not as announced; whole minutes")
    ] = None
    cut_at: Annotated[
        FileTime | None, means("T2 of the order, where it is not as announced; whole minutes")
    ] = None
    load_eur: Annotated[Euro | None, means("what is loaded, 5 to 250")] = None
    tariff: Annotated[RawTariff | None, means("what the office writes of the tariff")] = None
    replace_card: Annotated[bool, means("the office hands out a new card with the next number")] = (
        False
    )
    card_expires: Annotated[FileTime | None, means("of a replacement that is temporary")] = None
    office_error_s: Annotated[
        _Seconds, means("how far ahead the office's own date is, in seconds")
    ] = 0
    fields: Annotated[
        RawFields | None,
        means("values of an office that is wrong, in place of what the visit would write"),
    ] = None
    insert: Annotated[bool, means("the household's newest card is put into the meter")] = False
    card_of: Annotated[_Text | None, means("with `insert`: the card of this household")] = None
    card_number: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        means("with `insert`: the card with this number, from 1"),
    ] = None
    copy_of: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        means("with `insert`: a copy from the N-th visit to the office"),
    ] = None


# Doubt: the type checker sees none of these keys: `visits` asks for them by their names. Written
# out, they would be a second list of acts.
if TYPE_CHECKING:
    _RawAct = _RawAtOffice
else:  # the keys of the rows of acts
    _RawAct = msgspec.defstruct(
        "_RawAct",
        [
            (key, Annotated[said.kind | None, means(said.means)], None)
            for act in ACTS
            for key, said in act.KEYS.items()
        ],
        bases=(_RawAtOffice,),
        kw_only=True,
    )


class RawVisit(_RawAct, forbid_unknown_fields=True, kw_only=True):
    """One act, at a meter or at the office."""

    clock_card: Annotated[bool, means("a technician sets the meter's clock")] = False
    clock_error_s: Annotated[
        int, Meta(ge=-3600, le=3600), means("how far off the technician's tool is, in seconds")
    ] = 0
    made: Annotated[FileTime | None, means("when the clock card was made, if not on the spot")] = (
        None
    )
    meter_id: Annotated[
        Annotated[int, Meta(ge=1, le=2**63 - 1)] | None,
        means("for which meter the clock card was made, if not this one"),
    ] = None
    lost: Annotated[bool, means("the clock chip takes nothing of what is written")] = False
    upset: Annotated[
        _Text | None,
        means(
            "registers of the clock chip and the bytes that they hold from now on: `05=31 07=02`"
        ),
    ] = None
    records: Annotated[
        list[RecordWord], means("of a copy: the parts that are as they were then")
    ] = msgspec.field(default_factory=list)
    flipped: Annotated[
        Annotated[int, Meta(ge=0, le=511)] | None, means("of a copy: the bit that is turned over")
    ] = None
    token: Annotated[_Text | None, means("a sold token is keyed in, by its id in `token`")] = None
    wrong_digit: Annotated[
        _Place | None, means("with `token`: which of its digits is keyed in wrong, from 1")
    ] = None
    swapped_digits: Annotated[
        _Place | None, means("with `token`: this digit and the next have changed places")
    ] = None
    first_digits: Annotated[
        _Place | None, means("with `token`: only so many of its digits are keyed in")
    ] = None
    torn: Annotated[bool, means("the card is pulled out before anything is written on it")] = False


class RawOutage(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Hours without power."""

    from_: Annotated[FileTime, means("when power fails")] = msgspec.field(name="from")
    to: Annotated[FileTime, means("when power is back")]
    rtc: Annotated[
        _Text | None, means("registers of the clock chip and what they hold then: `05=31 07=02`")
    ] = None


class RawAge(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a meter and its card have counted before the story; the fields of `Age`."""

    card_number: Annotated[int, Meta(ge=1, le=2**32 - 1), means("of the first card")] = 1
    order_number: Annotated[_U32, means("the last order")] = 0
    load_count: Annotated[_U32, means("how many loads")] = 0
    loaded_cents: Annotated[_U32, means("ever loaded")] = 0
    session_count: Annotated[_U32, means("sessions with a card")] = 0
    save_count: Annotated[_U32, means("saves of the memory")] = 1
    card_writes: Annotated[
        Annotated[int, Meta(ge=1, le=2**32 - 1)], means("writes of the first card by the office")
    ] = 1
    register_units: Annotated[_U32, means("what the register has counted, Wh or dm³")] = 0
    charged_wh: Annotated[_U32, means("charged")] = 0
    deferred_wh: Annotated[_U32, means("used without charge while disconnection was deferred")] = 0
    postpaid_wh: Annotated[_U32, means("used without prepayment")] = 0
    night_wh: Annotated[_U32, means("used in night hours")] = 0
    charged_night_wh: Annotated[_U32, means("charged at the night's price")] = 0
    token_count: Annotated[
        Annotated[int, Meta(ge=0, le=65_535)], means("the last count of OpenPAYGO tokens")
    ] = 1
    credit_wh: Annotated[
        Annotated[int, Meta(ge=0, le=2**31 - 1)], means("the energy that an STS meter has left")
    ] = 0


class RawHousehold(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A household, or many alike."""

    id: Annotated[_Text, means("its name in the report, used once")]
    kind: Annotated[_Text, means("what it is, one line in plain words")]
    group: Annotated[_Text | None, means("a district, or what else the answer is to split by")] = (
        None
    )
    model: Annotated[
        _Text | None, means("meter model: a path from this file, or a built-in name")
    ] = None
    build: Annotated[_Text | None, means("the program of its meter")] = None
    rtc_base: Annotated[
        Literal["utc", "standard", "legal"] | None,
        means("which time its clock counts, where not what its model says"),
    ] = None
    count: Annotated[
        int, Meta(ge=1, le=1_000_000), means("that many copies, each with a poll phase of its own")
    ] = 1
    balance_eur: Annotated[
        Euro | None,
        means("credit on the meter at `start`; may be negative. None for what is paid by time"),
    ] = None
    load_w: Annotated[
        _Load | None, means("what it draws in watt, always or by hour of the UTC day; electricity")
    ] = None
    load_dm3_per_h: Annotated[
        _Load | None, means("what it draws in dm³ an hour, in place of `load_w`; gas")
    ] = None
    clock_error_s: Annotated[
        _Seconds | Annotated[list[_Seconds], _PAIR],
        means("how far ahead the clock was when it was set, in seconds; copies draw from a range"),
    ] = 0
    drift_ppb: Annotated[
        _Drift | Annotated[list[_Drift], _PAIR],
        means("how the clock drifts; positive is fast, 11574 is a second a day"),
    ] = 0
    visits_later_s: Annotated[
        Annotated[list[_Seconds], _PAIR] | None,
        means("all visits are so much later, each copy draws its own"),
    ] = None
    poll_phase_us: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        means("it polls so many microseconds after `start`; drawn if left out"),
    ] = None
    clock_set: Annotated[
        FileTime | None, means("when its clock was last set; `start` if left out")
    ] = None
    limiter: Annotated[bool, means("whether the 10 A limiter is granted at `start`")] = False
    prepayment: Annotated[bool, means("whether prepayment is on at `start`")] = True
    rearm: Annotated[
        Literal["careful", "careless"] | None,
        means("gas: a careless person leaves an appliance open at first"),
    ] = None
    card_generation: Annotated[_Generation | None, means("the card format's generation")] = None
    card_expires: Annotated[FileTime | None, means("of a first card that is temporary")] = None
    outages: Annotated[list[RawOutage], means("times without power in the street")] = []
    visits: Annotated[list[RawVisit], means("what is done at the meter and at the office")] = []
    announced: Annotated[
        Annotated[list[_Text], Meta(min_length=1)] | Literal["none"] | None,
        means("the names of the announcements that it heard; none at all is `none`"),
    ] = None
    meter_id: Annotated[
        Annotated[int, Meta(ge=1, le=2**63 - 1)] | None,
        means("the meter's number, where it matters"),
    ] = None
    carrier: Annotated[
        Literal["secure", "plain", "memory"],
        means("its card: secure, plain (one file), memory (SLE4442)"),
    ] = "secure"
    expect: Annotated[list[str] | None, means("verdicts and findings that are right for it")] = None
    expect_lived: Annotated[
        list[str] | None, means("what it is right that it lived, compared with what it heard")
    ] = None
    expect_cut: Annotated[
        Annotated[list[FileTime], _PAIR] | None,
        means("its cut is expected between these two times"),
    ] = None
    image: Annotated[_Text | None, means("a meter image to start from, a path from this file")] = (
        None
    )
    age: Annotated[RawAge | None, means("what meter and card have counted before `start`")] = None


class RawToken(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A token that the office sold for one device, or one each for all copies of a household."""

    id: Annotated[_Text, means("its name in this file, used once")]
    household: Annotated[_Text, means("the id of the household whose device it is for")]
    sold: Annotated[FileTime, means("when; counts are in the order of sale")]
    add: Annotated[
        Annotated[int, Meta(ge=0, le=995)] | None,
        means("time that it adds, in units of the device: days, or parts of a day"),
    ] = None
    set: Annotated[
        Annotated[int, Meta(ge=0, le=995)] | None, means("time that it sets, whatever was left")
    ] = None
    unlock: Annotated[bool, means("ends the payments: the device is supplied for good")] = False
    wh: Annotated[
        Annotated[int, Meta(ge=100, le=1_638_300, multiple_of=100)] | None,
        means("STS: energy, in whole tenths of a kWh"),
    ] = None
    new_key: Annotated[
        RawMeterKey | None, means("STS: a new key; its tokens are called ID-1, ID-2 and so on")
    ] = None
    rollover: Annotated[
        bool, means("STS: the new key comes with the roll-over bit, which empties the memory")
    ] = False
    limit_w: Annotated[
        Annotated[int, Meta(ge=0, le=16_383)] | None, means("STS: the most that may be drawn")
    ] = None
    setting: Annotated[
        Literal["clear-credit", "clear-tamper", "meter-test"] | None, means("STS: another token")
    ] = None
    key: Annotated[
        RawMeterKey | None,
        means("STS: the key that it is sold under, where not the one on the office's record"),
    ] = None
    office: Annotated[
        OfficeName, means("STS: a right office, or which mistake the one has that sells this")
    ] = "right"
    edition: Annotated[
        Edition, means("STS: TIDs are minutes of UTC (3), or of the clock on the wall (2)")
    ] = 3
    office_error_s: Annotated[
        _Seconds, means("STS: how far ahead the office's own date is, in seconds")
    ] = 0


class RawAnnouncement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What was announced, to all or by name."""

    name: Annotated[_Text | None, means("for the households that say it, and no others")] = None
    made: Annotated[
        FileTime | None, means("when people heard it; it replaces what they heard before")
    ] = None
    for_: Annotated[
        Literal["who-takes-part", "all"],
        means("those who ask an office for it and then put the card in; or all"),
    ] = msgspec.field(default="who-takes-part", name="for")
    defer_until: Annotated[FileTime | None, means("T1: no disconnection before it")] = None
    cut_at: Annotated[FileTime | None, means("T2: disconnected then, not before T1")] = None
    text: Annotated[
        str,
        Meta(pattern=PRINTABLE),
        means("the announcement in words; {defer_until} and {cut_at} become the dates"),
    ] = ""
    language: Annotated[Literal["en", "fr", "nl", "de"], means("of the dates in `text`")] = "en"
    late_max_min: Annotated[
        int, Meta(ge=1, le=10_080), means("so many minutes after T2 a cut is still as announced")
    ] = LATE_MAX_US // MINUTE_US


class RawReported(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Something reported from outside, and when."""

    at: Annotated[FileTime, means("when it is said to have happened")]
    text: Annotated[_Text, means("the report")]


class RawCampaign(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A campaign: households, whom they visit and when, and what was announced."""

    name: Annotated[_Text, means("the title of the report")]
    language: Annotated[
        Literal["en", "fr", "nl"] | None,
        means("of answer, table and page, if no --language says other"),
    ] = None
    zone: Annotated[TimeZone, means("whose legal time this file is in")]
    start: Annotated[FileTime, means("from when on it is rehearsed")]
    end: Annotated[FileTime, means("it is rehearsed to before this time")]
    seed: Annotated[
        int, Meta(ge=0, le=2**63 - 1), means("what copies and poll phases are drawn from")
    ] = 0
    model: Annotated[
        _Text | None,
        means(
            "meter model for households that name none: a path from this file, or a built-in name"
        ),
    ] = None
    build: Annotated[
        _Text,
        means(
            "for households that name none: reference, plain, MODULE:FACTORY, ./PROGRAM; +DEFECT"
        ),
    ] = "reference"
    card_generation: Annotated[_Generation, means("for households that name none")] = 1
    polls_max: Annotated[
        Annotated[int, Meta(ge=1, le=10**9)] | None, means("how many polls a household has at most")
    ] = None
    announced: Annotated[
        RawAnnouncement | list[RawAnnouncement] | None,
        means("what was announced, when, and to whom"),
    ] = None
    reported: Annotated[
        list[RawReported], means("what others said had happened; nothing is judged by it")
    ] = []
    token: Annotated[list[RawToken], means("the office's ledger of sold tokens")] = []
    household: Annotated[list[RawHousehold], Meta(min_length=1), means("the households")]
