"""`meter-emu openpaygo`: tokens of solar home systems, as a device takes them, and made anew."""

import re
from typing import TYPE_CHECKING, Final

import click

from meter_emu.cli.answers import so_many
from meter_emu.cli.app import CliGroup, examples
from meter_emu.cli.names import FILE, OneOf, json_option
from meter_emu.cli.output import STDOUT, echo, print_json
from meter_emu.cli.token_keys import read_key_file

if TYPE_CHECKING:
    from card_protocol.tokens.openpaygo.chain import PaygoSeed
    from card_protocol.tokens.openpaygo.counter import PaygoCounter
    from card_protocol.tokens.openpaygo.decode import PaygoAnswer
    from meter_emu.cli.printed.tokens import PaygoTokenShownJson

# The device of the walk in EnAccess/OpenPAYGO-docs @09a27ad, "Setting up"; nobody's secret.
_SAMPLE_KEY: Final = "A29AB82EDC5FBBC41EC9530F6DAC86B1"
_SAMPLE_CODE: Final = 123_456_789
PAYGO_KINDS: Final = ("add-time", "set-time", "disable", "counter-sync")
_USED_MAX: Final = 100  # ours: a device keeps sixteen

_key_option: Final = click.option(
    "--key", "key_file", type=FILE, metavar="FILE",
    help="The device's key, 32 hex digits. Default: the device of the published walk.",
)  # fmt: skip
_code_option: Final = click.option(
    "--starting-code", type=click.IntRange(0, 999_999_999), metavar="DIGITS",
    help="Up to 9 digits. Default: a hash of the key.",
)  # fmt: skip
_restricted_option: Final = click.option(
    "--restricted", is_flag=True, help="Digits 1 to 4 only: 15 or 20 of them."
)
_divider_option: Final = click.option(
    "--divider", type=click.IntRange(1, 255), default=1, show_default=True,
    help="The device's time divider: the parts of a day that a value counts.",
)  # fmt: skip


@click.group(cls=CliGroup)
def openpaygo() -> None:
    """Decode and encode OpenPAYGO tokens, standard and extended."""


@examples(
    "openpaygo decode 662486790 927706818",
    "openpaygo decode 324244134441123 --restricted --divider 4",
    "openpaygo decode 123456789 --key device.key --starting-code 516959010 --count 7 --used 6",
)
@openpaygo.command()
@click.argument("tokens", nargs=-1, required=True, metavar="TOKEN...")
@_key_option
@_code_option
@click.option("--count", type=click.IntRange(0, 0xFFFF), default=0, show_default=True,
              help="The last count that the device took.")  # fmt: skip
@click.option("--used", default="", metavar="COUNTS", help="Older counts that were used: 4,6,10.")
@_restricted_option
@_divider_option
@json_option
def decode(
    tokens: tuple[str, ...],
    key_file: str | None,
    starting_code: int | None,
    count: int,
    used: str,
    divider: int,
    json_file: str | None,
    *,
    restricted: bool,
) -> None:
    """Say what a device answers to tokens, entered one after the other."""
    from card_protocol.errors import TokenError
    from card_protocol.tokens.openpaygo.counter import PaygoCounter
    from card_protocol.tokens.openpaygo.decode import decode_openpaygo

    seed, words = _seed(key_file, starting_code)
    counter = PaygoCounter(count, _counts(used))
    answers = []
    for token in tokens:
        digits = re.sub("[ -]", "", token)
        try:
            answer = decode_openpaygo(digits, seed, counter, restricted=restricted)
        except TokenError as error:
            raise TokenError(f"token {digits[:24]}", str(error)) from None
        answers.append((digits, counter, answer))
        counter = answer.after
    if json_file is not None:
        from meter_emu.cli.printed.tokens import PaygoCounterShownJson, PaygoDecodedJson

        rows = tuple(_facts(digits, answer, divider) for digits, _, answer in answers)
        after = PaygoCounterShownJson(count=counter.count, used=tuple(sorted(counter.used)))
        print_json(PaygoDecodedJson(key=words, tokens=rows, after=after), json_file)
    if json_file != STDOUT:
        from card_protocol.tokens.openpaygo.decode import PaygoOutcome

        taken = sum(answer.outcome is PaygoOutcome.TAKEN for _, _, answer in answers)
        tokens_given = so_many(len(answers), "token", "tokens")
        echo(f"{taken} of {tokens_given} taken; the device is at count {counter.count}")
        for digits, before, answer in answers:
            echo(f"{digits}: {_shown(answer, before, divider, words)}")
        echo(f"used counts: {','.join(map(str, sorted(counter.used))) or 'none'}")


@examples(
    "openpaygo encode add-time --value 30",
    "openpaygo encode set-time --value 7 --count 4 --restricted",
    "openpaygo encode disable --key device.key --starting-code 516959010 --count 12 --json -",
)
@openpaygo.command()
@click.argument("kind", metavar="KIND", type=OneOf(PAYGO_KINDS))
@click.option("--value", type=click.IntRange(0, 999_999), metavar="N",
              help="Days, or parts of a day with a time divider; add-time and set-time want it."
              )  # fmt: skip
@_key_option
@_code_option
@click.option("--count", type=click.IntRange(0, 0xFFFF), default=0, show_default=True,
              help="The last count that the server used.")  # fmt: skip
@click.option("--extended", is_flag=True, help="12 digits, for a value of up to 999999.")
@_restricted_option
@_divider_option
@json_option
def encode(
    kind: str,
    value: int | None,
    key_file: str | None,
    starting_code: int | None,
    count: int,
    divider: int,
    json_file: str | None,
    *,
    extended: bool,
    restricted: bool,
) -> None:
    """Make the next token of a kind after the last count."""
    from card_protocol.tokens.openpaygo.chain import EXTENDED, STANDARD
    from card_protocol.tokens.openpaygo.counter import PaygoKind
    from card_protocol.tokens.openpaygo.encode import encode_openpaygo

    seed, words = _seed(key_file, starting_code)
    form = EXTENDED if extended else STANDARD
    new, token = encode_openpaygo(
        seed, count, PaygoKind(kind), value, form=form, restricted=restricted
    )
    if json_file is not None:
        from meter_emu.cli.printed.tokens import PaygoEncodedJson

        print_json(PaygoEncodedJson(token=token, count=new, key=words), json_file)
    if json_file != STDOUT:
        time = "" if value is None else f" {_duration(value, divider)}"
        grouped = " ".join(token[at : at + 3] for at in range(0, len(token), 3))
        echo(f"{grouped}  {kind}{time}, count {new}, under {words}")


def _seed(file: str | None, starting_code: int | None) -> "tuple[PaygoSeed, str]":
    from card_protocol.tokens.openpaygo.chain import PaygoKey, PaygoSeed

    if file is None:
        code = _SAMPLE_CODE if starting_code is None else starting_code
        return PaygoSeed(PaygoKey(bytes.fromhex(_SAMPLE_KEY)), code), "the published sample key"
    return PaygoSeed(PaygoKey(read_key_file(file, (16,))), starting_code), f"the key in {file}"


def _counts(text: str) -> frozenset[int]:
    found = re.fullmatch(r"\d{1,5}(?:,\d{1,5})*", text, re.ASCII)
    if text and (found is None or text.count(",") >= _USED_MAX):
        raise click.UsageError(f"--used: expected counts such as 4,6,10, got {text[:40]!r}")
    return frozenset(int(one) for one in text.split(",") if one)


def _shown(answer: "PaygoAnswer", before: "PaygoCounter", divider: int, words: str) -> str:
    from card_protocol.tokens.openpaygo.counter import PaygoKind
    from card_protocol.tokens.openpaygo.decode import PaygoOutcome

    if answer.kind is None or answer.outcome is PaygoOutcome.INVALID:
        if answer.count is not None:
            return f"refused: value {answer.value} is reserved (count {answer.count})"
        high = before.tried(PaygoKind.SET_TIME)
        return f"refused: no count from 0 to {high} gives it under {words}"
    timed = answer.kind.value.endswith("time")
    time = f" {_duration(answer.value, divider)}" if timed else ""
    what = f"{answer.kind.value}{time}, count {answer.count}"
    if answer.outcome is PaygoOutcome.USED:
        return f"refused: {what} was used before, or is too old at count {before.count}"
    return what


def _duration(value: int, divider: int) -> str:
    from card_protocol.tokens.openpaygo.encode import seconds_of

    days, rest = divmod(seconds_of(value, divider), 86_400)
    hours, minutes = rest // 3_600, rest // 60 % 60
    clock = f" {hours:02}:{minutes:02}" if rest else ""
    return f"{days} {'day' if days == 1 else 'days'}{clock}"


def _facts(digits: str, answer: "PaygoAnswer", divider: int) -> "PaygoTokenShownJson":
    from msgspec import convert

    from card_protocol.tokens.openpaygo.encode import seconds_of
    from meter_emu.cli.printed.tokens import OutcomeName, PaygoTokenShownJson

    timed = answer.kind is not None and answer.kind.value.endswith("time")
    return PaygoTokenShownJson(
        token=digits,
        outcome=convert(answer.outcome.name.lower(), OutcomeName),
        kind=None if answer.kind is None else answer.kind.value,
        value=answer.value if answer.kind is not None else None,
        seconds=seconds_of(answer.value, divider) if timed else None,
        count=answer.count,
    )
