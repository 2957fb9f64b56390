"""`meter-emu card`: make card images, explain what is on them, compare two."""

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.exits import EXIT_FOUND, EXIT_OK
from meter_emu.cli.explained import (
    print_record,
    print_rows,
    tell_differences,
    verdict_on,
)
from meter_emu.cli.get import get
from meter_emu.cli.held import (
    CARD_IMAGE,
    HeldFile,
    at_the_desk,
    check_free,
    image_in,
    leave_image,
    open_desk,
    read_image,
)
from meter_emu.cli.names import (
    FILE,
    OneOf,
    ambiguous_option,
    civil_time,
    expires_option,
    issued_at_min,
    issued_at_option,
    json_option,
    master_key_option,
    meter_option,
    read_master_key,
    reading_meant,
    second_2000_meant,
)
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.place import CardCommand, CardReader, file_argument, reader_option, wait_option
from meter_emu.cli.put import put
from meter_emu.cli.readers import readers
from meter_emu.cli.relay import relay
from meter_emu.cli.send import send
from meter_emu.cli.serve import serve
from meter_emu.cli.with_layout import compare_dumps, layout_option, only_with_layout, show_dump
from meter_emu.energies import BY_CODE, DEFAULT, ENERGIES
from meter_emu.errors import ImageError

if TYPE_CHECKING:
    from card_protocol.card.virtual import AnyImage
    from meter_emu.cli.printed.card_results import CardShownJson
    from meter_emu.desk.card_image import RecordView
    from meter_emu.rows import Part

_U32: Final = click.IntRange(0, 0xFFFF_FFFF)
_U64: Final = click.IntRange(0, 0xFFFF_FFFF_FFFF_FFFF)


@click.group(cls=CliGroup)
def card() -> None:
    """Make card images, explain and compare them, and plug them into PC/SC."""


@examples(
    "card new home.card --meter-id 541000000001",
    "card new gas.card --meter-id 541000000002 --energy gas --carrier plain",
    "card new visit.card --meter-id 7 --expires '2020-07-18 00:00' --generation 2",
)
@card.command()
@click.argument("file", type=FILE)
@meter_option("The meter the card is bound to.")
@click.option(
    "--energy",
    type=OneOf(list(ENERGIES)),
    default=DEFAULT.name,
    show_default=True,
    help="Which energy the meter measures.",
)
@click.option("--customer", type=_U64, default=0, help="The customer reference, 13 digits.")
@click.option("--card-number", type=_U32, default=1, show_default=True)
@click.option(
    "--carrier",
    type=OneOf(["secure", "plain", "memory"]),
    default="secure",
    show_default=True,
    help="A card with keys and atomic writes, one plain file on any ISO/IEC 7816-4 card, or the "
    "256 bytes of an SLE4442.",
)
@click.option(
    "--generation",
    type=OneOf(["1", "2"]),
    default="1",
    show_default=True,
    help="1 carries civil times, 2 instants with the announced time next to them (no memory card).",
)
@expires_option
@ambiguous_option
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@master_key_option
@issued_at_option
@json_option
def new(
    file: str,
    meter: int,
    energy: str,
    customer: int,
    card_number: int,
    carrier: str,
    generation: str,
    expires: str | None,
    which: str | None,
    force: bool,
    key_file: str | None,
    issued_at: str | None,
    json_file: str | None,
) -> None:
    """Issue a new budget card for a meter and save its image as FILE."""
    from card_protocol.card.image import CardKind
    from meter_emu.desk.desk import Desk

    check_free(file, force=force)
    image = Desk(read_master_key(key_file)).issue(
        meter,
        energy=ENERGIES[energy],
        customer_ref=customer,
        card_number=card_number,
        generation=int(generation),
        expires=None if expires is None else civil_time(expires),
        reading=reading_meant(which),
        issued_at_min=issued_at_min(issued_at),
        card_kind=CardKind[carrier.upper()],
    )
    leave_image(file, image.to_bytes(), replace=force)
    _tell_issued(file, image, meter, card_number, json_file)


@examples(
    "card reissue home.card second.card",
    "card reissue home.card second.card --card-number 7",
    "card reissue home.card visit.card --expires '2020-07-18 00:00'",
)
@card.command()
@click.argument("old", type=FILE)
@click.argument("file", metavar="NEW", type=FILE)
@click.option("--card-number", type=_U32, help="Default: one more than the old card's.")
@expires_option
@ambiguous_option
@click.option("--force", is_flag=True, help="Replace NEW if it is there.")
@master_key_option
@issued_at_option
@json_option
def reissue(
    old: str,
    file: str,
    card_number: int | None,
    expires: str | None,
    which: str | None,
    force: bool,
    key_file: str | None,
    issued_at: str | None,
    json_file: str | None,
) -> None:
    """Replace a card: NEW takes over the records of OLD.

    OLD is the office's account of the card, and NEW has its carrier and generation. Once the meter
    has obeyed NEW, it refuses OLD.
    """
    from meter_emu.desk.desk import Desk

    check_free(file, force=force)
    key = read_master_key(key_file)
    open_desk()
    with HeldFile(old, CARD_IMAGE) as held:  # what is loaded meanwhile would be on neither card
        account, before = at_the_desk(
            old, image_in(old, held.content), key, lambda office, reader: office.account(reader)
        )
        number = account.identity.card_number + 1 if card_number is None else card_number
        image = Desk(key).reissue(
            account,
            card_number=number,
            expires=None if expires is None else civil_time(expires),
            reading=reading_meant(which),
            issued_at_min=issued_at_min(issued_at),
            card_kind=before.kind,
        )
        if force and held.is_named(file):
            held.write(image.to_bytes())
        else:
            leave_image(file, image.to_bytes(), replace=force)
    _tell_issued(file, image, account.identity.meter_id, number, json_file)


@examples(
    "card clock clock.card --meter-id 541000000001",
    "card clock clock.card --meter-id 541000000001 --set-to '2020-06-02 10:15'",
    "card clock clock.card --meter-id 541000000001 --set-error-s 5 --force",
)
@card.command("clock")
@click.argument("file", type=FILE)
@meter_option("The meter whose clock it sets.")
@click.option(
    "--set-to",
    metavar="TIME",
    help="'2020-06-02 10:15' is legal time, with Z or +02:00 an instant. Default: now.",
)
@click.option(
    "--set-error-s",
    type=int,
    default=60,
    show_default=True,
    help="How far off the tool and the way to the meter may be, 1 to 3600 s.",
)
@ambiguous_option
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@master_key_option
@json_option
def clock(
    file: str,
    meter: int,
    set_to: str | None,
    set_error_s: int,
    which: str | None,
    force: bool,
    key_file: str | None,
    json_file: str | None,
) -> None:
    """Make a technician's card that sets a meter's clock, and save its image as FILE.

    It is made at the meter and put in at once: its time is the card's, not the meter's.
    """
    from meter_emu.desk.clock.clock_card import issue_clock_card
    from meter_emu.rows import second_2000

    check_free(file, force=force)
    key, set_to_s = read_master_key(key_file), second_2000_meant(set_to, which)
    image = issue_clock_card(key, meter, set_to_s=set_to_s, set_error_s=set_error_s)
    leave_image(file, image.to_bytes(), replace=force)
    at = second_2000(set_to_s).note
    if json_file is not None:
        from meter_emu.cli.printed.card_results import ClockCardJson

        shown = ClockCardJson(file=file, meter=meter, set_to=at, set_error_s=set_error_s)
        print_json(shown, json_file)
    if json_file != STDOUT:
        echo(f"{file}: clock card for meter {meter}: sets it to {at}, ±{set_error_s} s")


def _tell_issued(
    file: str, image: "AnyImage", meter: int, card_number: int, json_file: str | None
) -> None:
    from card_protocol.carrier.find import laid_open

    carrier = image.kind.name.lower()
    energy = BY_CODE[laid_open(image).claimed().energy].name
    if json_file is not None:
        from meter_emu.cli.printed.card_results import CardNewJson

        shown = CardNewJson(
            file=file, carrier=carrier, energy=energy, meter=meter, card_number=card_number
        )
        print_json(shown, json_file)
    if json_file != STDOUT:
        echo(f"{file}: {carrier} card {card_number} for {energy} meter {meter}")


@examples(
    "card show home.card",
    "card show home.card --json -",
    "card show order.bin --layout state-grid-order",
)
@card.command(cls=CardCommand)
@file_argument("file")
@reader_option(required=False)
@wait_option
@master_key_option
@layout_option
@json_option
def show(
    file: str | None,
    reader: str | None,
    wait_s: int,
    key_file: str | None,
    layout: str | None,
    begins: int | None,
    json_file: str | None,
) -> int:
    """Explain every field of every record on the card in FILE. Keys are never shown.

    Of a card in a reader that is what anyone may read: nothing is written, nothing proved. With a
    layout, FILE is the dump of somebody else's card. Exit status 1 when something on the card is
    wrong: a MAC, a value out of range.
    """
    from meter_emu import families
    from meter_emu.desk.card_image import Seal

    if layout is not None:
        return show_dump(_dump(file), layout, begins, json_file)
    only_with_layout(begins)
    key = read_master_key(key_file)
    if reader is not None:
        name, image = reader, CardReader(reader, wait_s, None).copy()
    else:
        assert file is not None, "click asks for one of the two"
        name, image = file, read_image(file)
    records = families.explain_card_records(image, key)
    if records is None:
        known = ", ".join(f"no {family.name}" for family in families.FAMILIES)
        raise ImageError(name, f"{known}: it has not the files of one")
    names = {record.name for record in records}
    around = [part for part in families.explain_card_image(image, key) if part.name not in names]
    if reader is not None:
        around = []
    if json_file is not None:
        print_json(_shown(file, reader, image, records, around), json_file)
    if json_file != STDOUT:
        echo(f"{name}: {verdict_on(records)}")
        echo(_in_short(image) if reader is None else f"{_carrier(image)} card")
        _print_card(records, around)
    sound = all(record.seal in {Seal.OK, Seal.EMPTY} for record in records)
    clean = not any(row.wrong for record in records for row in record.rows)
    return EXIT_OK if sound and clean and not any(r.wrong for r in records) else EXIT_FOUND


@examples(
    "card diff before.card after.card",
    "card diff before.card after.card --json -",
    "card diff home.card --reader ACR",
)
@card.command(cls=CardCommand)
@click.argument("a", type=FILE)
@file_argument("b", "B")
@reader_option(required=False)
@wait_option
@master_key_option
@layout_option
@json_option
def diff(
    a: str,
    b: str | None,
    reader: str | None,
    wait_s: int,
    key_file: str | None,
    layout: str | None,
    begins: int | None,
    json_file: str | None,
) -> int:
    """Say in which fields the card images in A and B differ. Keys are never shown.

    With a reader, B is the card in it, without what only a key may read; with a layout, both are
    dumps of somebody else's cards. Exit status 0 when they are the same, 1 when they differ.
    """
    from meter_emu.families import explain_card_image
    from meter_emu.rows import differences

    if layout is not None:
        return compare_dumps(a, _dump(b), layout, begins, json_file)
    only_with_layout(begins)
    key, card_a = read_master_key(key_file), read_image(a)
    if reader is not None:
        b, card_b = reader, _all_else_alike(CardReader(reader, wait_s, None).copy(), card_a)
    else:
        assert b is not None, "click asks for one of the two"
        card_b = read_image(b)
    if _shape(card_a) != _shape(card_b):
        raise ImageError(b, f"its files are not those of {a}, there is nothing to compare")
    parts_a, parts_b = explain_card_image(card_a, key), explain_card_image(card_b, key)
    found = list(differences(parts_a, parts_b, card_a.to_bytes(), card_b.to_bytes()))
    return tell_differences(a, b, found, json_file)


@examples(
    "card layout home.card",
    "card layout gas.card",
    "card layout home.card --master-key office.key",
)
@card.command()
@click.argument("file", type=FILE)
@master_key_option
def layout(file: str, key_file: str | None) -> None:
    """Write the layout of a card image.

    Change a copy of it to explain a dump that is laid out in a similar way.
    """
    from meter_emu.families import explain_card_image
    from meter_emu.foreign.written_out import layout_toml

    card_image = read_image(file)
    parts = explain_card_image(card_image, read_master_key(key_file))
    name = f"card image of {file}"
    echo(layout_toml(name, parts, len(card_image.to_bytes())), nl=False)


def _dump(file: str | None) -> str:
    """Return the file of a dump; a layout cannot say how a card in a reader is read."""
    if file is None:
        raise click.UsageError("--layout is for a file, not for a card in a reader")
    return file


def _all_else_alike(copy: "AnyImage", other: "AnyImage") -> "AnyImage":
    """Return what was read of a real card, with all that nobody may read there as on another."""
    from card_protocol.card.image import CardImage

    if _shape(copy) != _shape(other):
        return copy
    if isinstance(copy, CardImage):
        assert isinstance(other, CardImage), "of the same shape"
        return replace(other, contents=copy.contents)
    assert not isinstance(other, CardImage), "of the same shape"
    return replace(other, main=copy.main, counter=copy.counter)


def _shape(image: "AnyImage") -> tuple[object, ...]:
    """Return what two images must have in common for their bytes to mean the same."""
    from card_protocol.card.sle4442 import MemoryImage

    return (image.kind,) if isinstance(image, MemoryImage) else image.tree.specs


def _in_short(image: "AnyImage") -> str:
    tries = ", ".join(f"{who} {left}" for who, left in _tries(image).items())
    return f"{_carrier(image)} card, {_life_cycle(image)}; tries left: {tries}"


def _print_card(records: tuple["RecordView", ...], around: list["Part"]) -> None:
    for record in records:
        print_record(record)
    for part in around:
        said = f", {part.said}" if part.said else ""
        echo(f"\n{part.name}: from byte {part.offset} of the file, {part.size_bytes} bytes{said}")
        print_rows(part.rows)


def _shown(
    file: str | None,
    reader: str | None,
    image: "AnyImage",
    records: tuple["RecordView", ...],
    around: list["Part"],
) -> "CardShownJson":
    from msgspec import UNSET, convert

    from meter_emu.cli.printed.base import shaped
    from meter_emu.cli.printed.byte_results import PartShownJson, RecordShownJson
    from meter_emu.cli.printed.card_results import CardShownJson, TriesJson

    of_file = file is not None
    return CardShownJson(
        file=UNSET if file is None else file,
        life_cycle=_life_cycle(image) if of_file else UNSET,
        tries_left=convert(_tries(image), TriesJson) if of_file else UNSET,
        reader=UNSET if reader is None else reader,
        carrier=_carrier(image),
        records=tuple(shaped(record, RecordShownJson) for record in records),
        around=tuple(shaped(part, PartShownJson) for part in around),
    )


def _carrier(image: "AnyImage") -> str:
    return image.kind.name.lower()


def _life_cycle(image: "AnyImage") -> str:
    from card_protocol.card.sle4442 import MemoryImage

    if isinstance(image, MemoryImage):  # a chip has none: it takes codes, or it does not any more
        return "in use" if image.tries_left else "blocked"
    return image.life_cycle.name.lower().replace("_", " ")


def _tries(image: "AnyImage") -> dict[str, int]:
    """Return the tries left of what this kind of card has: keys, or just a PIN, or a code."""
    from card_protocol.card.sle4442 import MemoryImage

    if isinstance(image, MemoryImage):
        return {"code": image.tries_left}
    tries = dict(zip(("pin", "meter", "desk"), image.tries_left, strict=True))
    return tries if image.keyed else {"pin": tries["pin"]}


for _command in (get, put, readers, relay, send, serve):
    card.add_command(_command)
