"""`meter-emu desk`: what the office writes, on a card image or on a card in a reader.

A command states its `Work`. Reading the card, working at the desk, saving the whole
card and reporting are the same for all.
"""

import re
from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

import click

from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.desk_token import token
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.explained import print_record
from meter_emu.cli.names import (
    OneOf,
    ambiguous_option,
    civil_time,
    issued_at_min,
    issued_at_option,
    json_option,
    master_key_option,
    read_master_key,
    reading_meant,
)
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.place import CardCommand, Place, with_card
from meter_emu.desk.switches import SWITCHES, SwitchOrder
from meter_emu.energies import BY_CODE
from meter_emu.errors import CardError
from meter_emu.units import decimal

if TYPE_CHECKING:
    from card_protocol.formats.budget import WriteBackRecord
    from meter_emu.cli.printed.desk import AccountShownJson
    from meter_emu.desk.confirmed import Doubt
    from meter_emu.desk.desk import Account, Desk, Exchange, Work

_AT: Final = "'2020-07-03 23:01'"  # of the examples
_READER: Final = "--reader ACR --yes-write-hardware"
_AMOUNT: Final = re.compile(r"\d{1,9}(\.\d{1,2})?", re.ASCII)


def _writes(plan: Callable[..., "Work"]) -> Callable[..., None]:
    """Turn a function from options to `Work` into a command that writes on a card."""

    @with_card(writes=True)
    @master_key_option
    @issued_at_option
    @json_option
    @wraps(plan)
    def command(
        place: Place,
        key_file: str | None,
        issued_at: str | None,
        json_file: str | None,
        **own: Any,  # noqa: ANN401 - whatever the command's options are
    ) -> None:
        from card_protocol.timestamp import MINUTES_NONE

        work, minute = plan(**own), issued_at_min(issued_at)
        key = read_master_key(key_file)
        borne_min = minute

        def do(desk: "Desk", card: "Exchange") -> "Account":
            nonlocal borne_min
            if issued_at is not None:
                bears = (record.issued_at_min for record in desk.account(card))
                # The identity of a memory card has no date of issue.
                borne_min = max(one for one in bears if one != MINUTES_NONE)
            return desk.serve(card, work, issued_at_min=minute)

        account = place.serve(key, do, writes=True)
        if borne_min > minute:
            _say_earlier(place, minute, borne_min)
        _show_account(place, account, json_file)

    return command


def _work(**fields: Any) -> "Work":  # noqa: ANN401 - its fields, which its class checks
    from meter_emu.desk.desk import Work

    return Work(**fields)


class DeskCommands(CliGroup):
    """The commands of the office."""

    command_class = CardCommand


@click.group(cls=DeskCommands)
def desk() -> None:
    """Write on a card what the office writes. Dates are legal time, Europe/Brussels."""


desk.add_command(token)


@examples(
    "desk load home.card --eur 50",
    "desk load home.card --eur 12.50 --issued-at '2020-06-29 10:00'",
    f"desk load --eur 50 {_READER}",
)
@desk.command()
@_writes
@click.option("--eur", required=True, metavar="AMOUNT", help="5 to 250, such as 50 or 12.50.")
def load(eur: str) -> "Work":
    """Load credit."""
    from meter_emu.desk.desk import check_load

    cents = _cents(eur)
    check_load(cents)  # a visit without a load has 0, and this one asks for a load
    return _work(load_cents=cents)


@examples(
    f"desk defer home.card --defer-until {_AT}",
    "desk defer home.card --defer-until '2020-10-25 02:30' --if-ambiguous later",
    f"desk defer --defer-until {_AT} {_READER}",
)
@desk.command()
@_writes
@click.option(
    "--defer-until", "until", required=True, metavar="TIME", help="T1, such as '2020-07-03 23:01'."
)
@ambiguous_option
def defer(until: str, which: str | None) -> "Work":
    """Order that the meter does not disconnect before T1, whatever the credit."""
    return _work(defer_until=civil_time(until), reading=reading_meant(which))


@examples(
    f"desk cut home.card --cut-at {_AT}",
    f"desk cut home.card --cut-at {_AT} --issued-at '2020-03-23 14:55'",
    f"desk cut --cut-at {_AT} {_READER}",
)
@desk.command()
@_writes
@click.option("--cut-at", required=True, metavar="TIME", help="T2: '2020-07-03 23:01'.")
@ambiguous_option
def cut(cut_at: str, which: str | None) -> "Work":
    """Order a cut at T2, unless reactivated before."""
    return _work(cut_at=civil_time(cut_at), reading=reading_meant(which))


@examples(
    f"desk arm home.card --defer-until {_AT} --cut-at {_AT}",
    f"desk arm home.card --defer-until '2020-06-30 09:00' --cut-at {_AT} --json -",
    f"desk arm --defer-until {_AT} --cut-at {_AT} {_READER}",
)
@desk.command()
@_writes
@click.option("--defer-until", required=True, metavar="TIME", help="T1: '2020-07-03 23:01'.")
@click.option("--cut-at", required=True, metavar="TIME", help="T2, not before T1.")
@ambiguous_option
def arm(defer_until: str, cut_at: str, which: str | None) -> "Work":
    """Order both, T1 and T2, as in spring 2020.

    The meter does not disconnect before T1, and cuts at T2.
    """
    first, second = civil_time(defer_until), civil_time(cut_at)
    return _work(defer_until=first, cut_at=second, reading=reading_meant(which))


@examples(
    "desk reactivate home.card",
    "desk reactivate home.card --issued-at '2020-07-03 22:50'",
    f"desk reactivate {_READER}",
)
@desk.command()
@_writes
def reactivate() -> "Work":
    """Cancel T1 and T2, and end a programmed cut."""
    return _work(reactivate=True)


def _switches(switch: SwitchOrder) -> None:
    """Add the command of an order that is on or off."""
    word = switch.name

    @examples(
        f"desk {word} home.card off",
        f"desk {word} home.card on --issued-at '2020-07-03 10:00'",
        f"desk {word} off {_READER}",
    )
    @desk.command(word, help=switch.means)
    @_writes
    @click.argument("on", metavar="[on|off]", type=OneOf(["on", "off"]))
    def command(on: str) -> "Work":
        return _work(**{word: on == "on"})


for _switch in SWITCHES:
    _switches(_switch)


@examples(
    "desk tariff home.card --number 3 --price-ueur-per-wh 250",
    "desk tariff home.card --number 4 --price-ueur-per-wh 280 --night-price-ueur-per-wh 9",
    f"desk tariff --number 3 --price-ueur-per-wh 250 {_READER}",
)
@desk.command()
@_writes
@click.option("--number", type=int, required=True, help="The tariff's number, 1 to 65535.")
@click.option("--price-ueur-per-wh", type=int, required=True, help="250 is 0.25 EUR/kWh.")
@click.option("--night-price-ueur-per-wh", type=int, help="Default: none, mono-hourly.")
@click.option("--mwh-per-unit", type=int, help="Gas: 11500 is 11.5 kWh/m³. Default: as it was.")
def tariff(
    number: int,
    price_ueur_per_wh: int,
    night_price_ueur_per_wh: int | None,
    mwh_per_unit: int | None,
) -> "Work":
    """Write another tariff: one price, or a lower one in the meter's night hours."""
    from meter_emu.desk.pricing import Pricing

    pricing = Pricing.of(number, price_ueur_per_wh, night_price_ueur_per_wh)
    return _work(tariff=pricing, mwh_per_unit=mwh_per_unit)


@examples(
    "desk account home.card",
    "desk account home.card --json -",
    "desk account --reader ACR --wait-s 60",
)
@desk.command()
@with_card(writes=False)
@master_key_option
@json_option
def account(place: Place, key_file: str | None, json_file: str | None) -> None:
    """Say what is on the card now, and write nothing."""
    key = read_master_key(key_file)
    _show_account(place, place.serve(key, lambda office, card: office.account(card)), json_file)


@examples(
    "desk read home.card",
    "desk read home.card --json -",
    "desk read --reader ACR",
)
@desk.command()
@with_card(writes=False)
@master_key_option
@json_option
def read(place: Place, key_file: str | None, json_file: str | None) -> int:
    """Read back what the meter last wrote on the card; say where it is not what the office wrote.

    Exit status 1 if card and meter contradict each other.
    """
    from meter_emu.desk.budget.view import explain_written_back
    from meter_emu.rows import of_energy

    key = read_master_key(key_file)

    def both(office: "Desk", card: "Exchange") -> "tuple[WriteBackRecord, int, tuple[Doubt, ...]]":
        written, account = office.write_back_record(card)
        if written is None:
            raise CardError(f"{place.name}: no meter has written on this card yet")
        return written, account.identity.energy, office.doubts(written, account)

    written, energy_code, doubts = place.serve(key, both)
    record = of_energy(explain_written_back(written), BY_CODE[energy_code])
    if json_file is not None:
        from meter_emu.cli.printed.desk import written_back_json

        print_json(written_back_json(record, doubts), json_file)
    if json_file != STDOUT:
        wrong = [doubt.words for doubt in doubts if doubt.contradicts]
        open_yet = [doubt.words for doubt in doubts if not doubt.contradicts]
        agrees = "nothing that the meter wrote contradicts the office"
        echo(f"{place.name}: {'WRONG: ' + '; '.join(wrong) if wrong else agrees}")
        for words in open_yet:
            echo(words)
        print_record(record)
    return EXIT_FOUND if any(doubt.contradicts for doubt in doubts) else EXIT_OK


def _say_earlier(place: Place, minute: int, borne_min: int) -> None:
    """Say that what was written is dated before what stood on the card; minutes since 2000."""
    from meter_emu.desk.dates import DeskDates

    now, before = (DeskDates().legal(one) for one in (minute, borne_min))
    said = f"{place.name}: written as of {now}, before the {before} that it bore"
    echo(f"meter-emu: {said}", err=True)


def _show_account(place: Place, account: "Account", json_file: str | None) -> None:
    if json_file is not None:
        print_json(_shown(account), json_file)
    if json_file != STDOUT:
        echo(_account_as_text(place.name, account))


def _cents(text: str) -> int:
    if _AMOUNT.fullmatch(text) is None:
        raise click.BadParameter(f"expected an amount such as 50 or 12.50, got {text!r}")
    return int(Decimal(text) * 100)


def _shown(account: "Account") -> "AccountShownJson":
    from card_protocol.formats.budget import NO_TOKEN, OrderFlags
    from meter_emu.cli.printed.desk import AccountShownJson, OrderJson, TariffJson

    desk = account.desk
    return AccountShownJson(
        meter=account.identity.meter_id,
        card_number=account.identity.card_number,
        generation=account.identity.generation,
        expires=_time(account.identity.expires),
        loaded_cents=desk.loaded_cents,
        load_count=desk.load_count,
        order=OrderJson(
            number=desk.order_number,
            defer_until=_time(desk.defer_until),
            cut_at=_time(desk.cut_at),
            reactivates=desk.token != NO_TOKEN,
            prepayment_on=bool(desk.flags & OrderFlags.PREPAYMENT_ON),
            limiter_granted=bool(desk.flags & OrderFlags.LIMITER_GRANTED),
        ),
        tariff=TariffJson(
            number=desk.tariff_number,
            price_ueur_per_wh=desk.price_ueur_per_wh,
            night_price_ueur_per_wh=desk.night_price_ueur_per_wh,
            mwh_per_unit=desk.mwh_per_unit,
        ),
    )


def _time(raw: bytes) -> str | None:
    """Return a date of the card for people: also one that is none, for the card is written."""
    from card_protocol.errors import TimestampError
    from card_protocol.timestamp import decode_bcd_minute

    try:
        when = decode_bcd_minute(raw)
    except TimestampError:
        return f"{raw.hex()} (no date)"
    return None if when is None else str(when)


def _account_as_text(file: str, account: "Account") -> str:
    shown = _shown(account)
    order, price = shown.order, shown.tariff
    parts = [f"order {order.number}"]
    if order.defer_until:
        parts.append(f"no disconnection until {order.defer_until}")
    if order.cut_at:
        parts.append(f"cut at {order.cut_at}")
    if order.reactivates:
        parts.append("reactivates")
    parts.append(f"prepayment {'on' if order.prepayment_on else 'off'}")
    if order.limiter_granted:
        parts.append("limiter granted")
    unit = BY_CODE[account.identity.energy].priced.unit
    parts.append(f"tariff {price.number} at {price.price_ueur_per_wh} micro-euro/{unit}")
    if price.night_price_ueur_per_wh != price.price_ueur_per_wh:
        parts.append(f"at night {price.night_price_ueur_per_wh}")
    count = shown.load_count
    loads = f"{decimal(shown.loaded_cents, 100)} EUR in {count} load{'s' if count != 1 else ''}"
    until = f" (until {shown.expires})" if shown.expires else ""
    return f"{file}: meter {shown.meter}{until}: {', '.join(parts)}; ever loaded {loads}"
