"""`meter-emu sts`: tokens of 20 digits, decoded and encoded; keys, and tokens that change them."""

from typing import TYPE_CHECKING, Any, Final

import click

from card_protocol.tokens.sts.digits import TOKEN_DIGITS
from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.names import FILE, LEFT, OneOf, json_option
from meter_emu.cli.output import STDOUT, echo, print_json, say_written, write_atomically
from meter_emu.cli.sts_options import KeyMeant, base_option, basis_option, key_meant, key_options

if TYPE_CHECKING:
    from card_protocol.tokens.sts.fields import StsRecord

_PAN: Final = "--meter-pan 600727000000000009 --supply-group 123456"
_CURRENCY: Final = "-currency"
STS_KINDS: Final = (
    "electricity", "water", "gas", "time", "power-limit", "clear-credit", "tariff-rate",
    "clear-tamper", "phase-unbalance", "water-factor", "meter-test",
)  # fmt: skip


@click.group(cls=CliGroup)
def sts() -> None:
    """Decode and encode STS tokens (IEC 62055-41), derive keys and change them."""


@examples(
    "sts decode 29054347139309851356",
    f"sts decode 51638423060042734509 15361891762113502242 {_PAN}",
    "sts decode 29054347139309851356 --base 1993 --basis Africa/Johannesburg --json -",
)
@sts.command()
@click.argument("tokens", nargs=-1, required=True, metavar="TOKEN...")
@key_options
@base_option
@basis_option
@click.option("--show-keys", is_flag=True, help="Show what a key-change token brings.")
@json_option
def decode(
    tokens: tuple[str, ...],
    base: str | None,
    basis: str | None,
    *,
    show_keys: bool,
    json_file: str | None,
    **options: Any,  # noqa: ANN401  what `key_options` adds
) -> None:
    """Decode tokens: every field, or the check that failed.

    Spaces and dashes between digits do not matter. Several key-change tokens are put together.
    """
    from card_protocol.tokens.sts.fields import StsKeySection
    from card_protocol.tokens.sts.key_change import join_sections
    from meter_emu.cli.sts_words import change_rows, token_facts, token_rows
    from meter_emu.cli.wall_clock import basis_zone

    meant = key_meant(options, base)
    zone = None if basis is None else basis_zone(basis)
    found = [(digits, _decoded(digits, meant)) for digits in _typed(tokens)]
    sections = [record for _, record in found if isinstance(record, StsKeySection)]
    change = join_sections(sections) if len(sections) > 1 else None
    if json_file is not None:
        from msgspec import convert

        from meter_emu.cli.printed.tokens import KeyChangeJson, StsDecodedJson

        facts = tuple(token_facts(digits, one, show_keys=show_keys) for digits, one in found)
        rows = None if change is None else change_rows(change, show_keys=show_keys)
        brings = convert(rows, KeyChangeJson | None)
        print_json(StsDecodedJson(key=meant.words, tokens=facts, key_change=brings), json_file)
    if json_file != STDOUT:
        for digits, one in found:
            _say(digits, token_rows(one, meant.words, base, zone, show_keys=show_keys))
        if change is not None:
            _say("together", change_rows(change, show_keys=show_keys))


def _typed(words: tuple[str, ...]) -> list[str]:
    """Return the tokens without what people put between digits; short words are parts of one."""
    tokens = [word.replace(" ", "").replace("-", "") for word in words]
    return ["".join(tokens)] if all(len(token) < TOKEN_DIGITS for token in tokens) else tokens


def _say(head: str, rows: dict[str, str]) -> None:
    echo(f"{head}: {rows['kind']}")
    for name, value in rows.items():
        if name != "kind":
            echo(f"  {name.replace('_', ' '):<16} {value}")


def _decoded(digits: str, meant: KeyMeant) -> "StsRecord":
    from card_protocol.errors import TokenError
    from card_protocol.tokens.sts.codec import decode_sts
    from card_protocol.tokens.sts.keys import DecoderKey

    def holds(key: DecoderKey) -> bool:
        try:
            decode_sts(digits, key)
        except TokenError as error:
            return error.check not in {"CRC", "digits", "range", "class"}
        return True

    try:
        return decode_sts(digits, meant.key)
    except TokenError as error:
        if error.check != "CRC":
            raise TokenError(f"token {digits[:24]}", str(error)) from None
        other = meant.holds_otherwise(holds)
        raise TokenError(f"token {digits}", f"{error}; it is {meant.words}{other}") from None


class _Kind(OneOf):
    """A kind of token that can be made; currency credit is refused by its name."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        if str(value).endswith(_CURRENCY):
            self.fail("currency credit has no public layout, so it is not here", param, ctx)
        return super().convert(value, param, ctx)


@examples(
    "sts encode electricity --value 25.6 --base 1993 --basis utc --issued-at '1996-03-25 13:55'",
    f"sts encode clear-credit --value all --base 2014 --basis Africa/Lagos {_PAN}",
    "sts encode meter-test --value 1",
)
@sts.command()
@click.argument("kind", metavar="KIND", type=_Kind(STS_KINDS))
@click.option("--value", metavar="VALUE", help="kWh, m3 or minutes with one decimal; watts; a "
              "register, or all; a rate, a factor; hex bits of tests.")  # fmt: skip
@click.option("--issued-at", metavar="TIME",
              help="'2020-06-02 10:15' on that clock, with Z or +02:00 an instant. Default: now."
              )  # fmt: skip
@click.option("--random", "rnd", type=click.IntRange(0, 15), help="Default: drawn.")
@click.option("--maker", type=click.IntRange(0, 0xFFFF), default=0, show_default=True,
              help="For meter-test: for this manufacturer's meters.")  # fmt: skip
@key_options
@base_option
@basis_option
@json_option
def encode(kind: str, json_file: str | None, base: str | None, **options: Any) -> None:  # noqa: ANN401
    """Make a token.

    The base date and the clock it counts on have no default: a token says neither.
    """
    from card_protocol.tokens.sts.codec import encode_sts
    from meter_emu.cli.sts_words import grouped, record_of

    meant = key_meant(options, base)
    record, remark = record_of(kind, base, options)
    token = encode_sts(record, meant.key)
    if json_file is not None:
        from meter_emu.cli.printed.tokens import StsEncodedJson

        print_json(StsEncodedJson(token=token, remark=remark), json_file)
    if json_file != STDOUT:
        echo(f"{grouped(token)}  {kind}, under {meant.words}")
        if remark:
            echo(remark)


@examples(
    f"sts key {_PAN}",
    f"sts key {_PAN} --derivation dkga04 --base 2014 --cipher ea11 --key-revision 4",
    f"sts key {_PAN} --vending-key vending.key --out meter.key",
)
@sts.command("key")
@key_options
@base_option
@click.option("--out", type=LEFT, metavar="FILE", help="Write the key there, and do not show it.")
@json_option
def key_(base: str | None, out: str | None, json_file: str | None, **options: Any) -> None:  # noqa: ANN401
    """Derive the decoder key of a meter."""
    if options["meter_pan"] is None:
        raise click.UsageError("expected --meter-pan and --supply-group: what to derive a key from")
    meant = key_meant(options, base)
    digits = meant.key.raw.hex().upper()
    if out is not None:
        write_atomically(out, f"{digits}\n".encode(), private=True)
        say_written(out)
    shown = None if out is not None else digits
    cipher = meant.key.cipher.name
    if json_file is not None:
        from meter_emu.cli.printed.tokens import StsKeyJson

        print_json(StsKeyJson(cipher=cipher, derivation=meant.words, key=shown), json_file)
    if json_file != STDOUT:
        echo(f"{shown or 'key'}  for {cipher}, {meant.words}")


@examples(
    f"sts keychange {_PAN} --new-tariff-index 2",
    f"sts keychange {_PAN} --derivation dkga04 --base 2014 --new-base 2035 --new-key-revision 5",
    "sts keychange --key meter.key --new-key new.key --new-key-revision 2 --expiry 200 --json -",
)
@sts.command()
@key_options
@base_option
@click.option("--new-key", type=FILE, metavar="FILE", help="The new key, if it is not derived.")
@click.option("--new-supply-group", metavar="DIGITS")
@click.option("--new-tariff-index", type=click.IntRange(0, 99))
@click.option("--new-key-revision", type=click.IntRange(1, 9))
@click.option("--new-key-type", type=click.IntRange(1, 3))
@click.option("--new-base", type=OneOf(["1993", "2014", "2035"]))
@click.option("--expiry", type=click.IntRange(0, 255), default=255, show_default=True,
              help="The key expiry number; 255 is never.")  # fmt: skip
@click.option("--rollover", is_flag=True, help="The roll-over bit; another base date sets it.")
@json_option
def keychange(
    base: str | None,
    expiry: int,
    *,
    rollover: bool,
    json_file: str | None,
    **options: Any,  # noqa: ANN401
) -> None:
    """Make the tokens that bring a meter another key.

    Two for a key of 8 bytes, four for one of 16. What is not new stays as it is.
    """
    from card_protocol.tokens.sts.key_change import StsKeyChange, key_change_tokens
    from card_protocol.tokens.sts.keys import KeyType
    from meter_emu.cli.sts_words import change_rows, grouped

    meant = key_meant(options, base)
    new = dict(options)
    for name in ("supply_group", "tariff_index", "key_revision", "key_type"):
        given = options[f"new_{name}"]
        new[name] = options[name] if given is None else given
    new_base = options["new_base"] or base
    if options["new_key"] is not None:
        new |= {
            "key": options["new_key"],
            "meter_pan": None,
            "vending_key": None,
            "derivation": None,
        }
        brought = key_meant(new | {"supply_group": None}, new_base)
    elif options["meter_pan"] is None:
        raise click.UsageError("expected --new-key, or --meter-pan to derive the new key")
    else:
        brought = key_meant(new, new_base)
    long = len(brought.key.raw) == 16  # EA11
    change = StsKeyChange(
        key=brought.key,
        key_type=KeyType(new["key_type"]),
        revision=new["key_revision"],
        tariff_index=new["tariff_index"],
        ken=expiry,
        rollover=rollover or new_base != base,
        supply_group=new["supply_group"] if long else None,
    )
    tokens = key_change_tokens(change, meant.key)
    given = change_rows(change, show_keys=False)
    if json_file is not None:
        from meter_emu.cli.printed.tokens import StsKeyChangedJson

        print_json(StsKeyChangedJson(tokens=tuple(tokens), **given), json_file)
    if json_file != STDOUT:
        echo(f"{len(tokens)} tokens for a key change, under {meant.words}")
        for number, token in enumerate(tokens, 1):
            echo(f"{number} of {len(tokens)}: {grouped(token)}")
        _say("they bring", given)
