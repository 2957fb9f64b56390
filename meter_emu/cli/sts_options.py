"""Which STS key is meant: a file, a derivation from a vending key, or the published sample."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click

from meter_emu.cli.names import FILE, OneOf
from meter_emu.cli.token_keys import read_key_file

if TYPE_CHECKING:
    from card_protocol.tokens.sts.keys import DecoderKey, KeyParameters, VendingKey

_Command: TypeAlias = Callable[..., Any]

# Published test keys: the sample key of the token decoder tests and the vending keys of the
# compliance tests in NectarAPI/tokens-service @609cea0. They are nobody's secret.
_SAMPLE_KEY: Final = "0ABC12DEF3456789"
_SAMPLE_VENDING: Final = {
    "dkga02": "ABABABABABABABAB",
    "dkga04": "ABABABABABABABAB949494949494949401234567",
}
_BASES: Final = ("1993", "2014", "2035")
_CLOSED: Final = ("dkga01", "dkga03")

base_option: Final = click.option(
    "--base", type=OneOf(_BASES), help="The base date of the meter: 1 January of this year."
)
basis_option: Final = click.option(
    "--basis",
    metavar="ZONE",
    help="The clock that the vending system counts minutes on: utc, or a zone such as "
    "Africa/Johannesburg. A token does not say.",
)


def key_options(command: _Command) -> _Command:
    """Add the options that name a key."""
    for option in reversed(
        (
            click.option("--key", type=FILE, metavar="FILE",
                         help="The decoder key: 16 hex digits for EA07, 32 for EA11. "
                         "Default: the published sample key."),
            click.option("--meter-pan", metavar="DIGITS",
                         help="Derive the key of this meter: 18 digits."),
            click.option("--vending-key", type=FILE, metavar="FILE",
                         help="Derive from this key: 16 hex digits for DKGA02, 40 for DKGA04. "
                         "Default: the published test key."),
            click.option("--derivation", type=OneOf(["dkga01", *_SAMPLE_VENDING, "dkga03"]),
                         help="Default: by the vending key, or dkga02. 01 and 03 are refused."),
            click.option("--supply-group", metavar="DIGITS", help="Its six digits."),
            click.option("--tariff-index", type=click.IntRange(0, 99), default=1,
                         show_default=True),
            click.option("--key-revision", type=click.IntRange(1, 9), default=1,
                         show_default=True),
            click.option("--key-type", type=click.IntRange(1, 3), default=2, show_default=True,
                         help="1 default, 2 of one meter, 3 common."),
            click.option("--cipher", type=OneOf(["ea07", "ea11"]), default="ea07",
                         show_default=True, help="Which key DKGA04 shall give."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class KeyMeant:
    """A decoder key, in words where it is from, and if it was derived, from what."""

    key: "DecoderKey"
    words: str
    vending: "VendingKey | None" = None
    parameters: "KeyParameters | None" = None

    def holds_otherwise(self, holds: "Callable[[DecoderKey], bool]") -> str:
        """Return under which other assumptions a token holds, if the key was derived.

        Tried are other base dates, key revisions and key types: a wrong one passes a CRC of 16
        bits once in 65,536, so one answer of some eighty tries means something.
        """
        from card_protocol.tokens.sts.keys import KeyType, derive_decoder_key
        from card_protocol.tokens.sts.tid import BaseDate

        of = self.parameters
        if self.vending is None or of is None:
            return ""
        bases = BaseDate if self.vending.algorithm == "DKGA04" else (of.base,)
        found = []
        for base, revision, key_type in product(bases, range(1, 10), KeyType):
            other = replace(of, base=base, revision=revision, key_type=key_type)
            if other != of and holds(derive_decoder_key(self.vending, other)):
                shown = [f"base date {base.value}"] if base is not of.base else []
                shown += [f"key revision {revision}"] if revision != of.revision else []
                shown += [f"key type {key_type}"] if key_type != of.key_type else []
                found.append(" and ".join(shown))
        return f"; it holds under {', or under '.join(found)}" if found else ""


def key_meant(options: dict[str, Any], base: str | None) -> KeyMeant:
    """Return the key that the options of `key_options` name; raise `click.UsageError`."""
    from card_protocol.tokens.sts.keys import DecoderKey

    pan, file = options["meter_pan"], options["key"]
    if pan is not None:
        if file is not None:
            raise click.UsageError("--key and --meter-pan: give the key, or what to derive it from")
        return _derived(options, base)
    for name in ("vending_key", "derivation", "supply_group"):
        if options[name] is not None:
            raise click.UsageError(f"--{name.replace('_', '-')} wants --meter-pan")
    if file is None:
        return KeyMeant(DecoderKey(bytes.fromhex(_SAMPLE_KEY)), "the published sample key")
    return KeyMeant(DecoderKey(read_key_file(file, (8, 16))), f"the key in {file}")


def _derived(options: dict[str, Any], base: str | None) -> KeyMeant:
    from card_protocol.tokens.sts.keys import (
        KeyParameters,
        KeyType,
        TokenCipher,
        derive_decoder_key,
    )
    from card_protocol.tokens.sts.meter_pan import parse_pan
    from card_protocol.tokens.sts.tid import BaseDate

    if options["supply_group"] is None:
        raise click.UsageError("--meter-pan wants --supply-group, six digits")
    vending, words = _vending(options)
    if base is None and vending.algorithm == "DKGA04":
        raise click.UsageError("DKGA04 wants --base: the base date is in its keys")
    parameters = KeyParameters(
        pan=parse_pan(options["meter_pan"]),
        supply_group=options["supply_group"],
        tariff_index=options["tariff_index"],
        revision=options["key_revision"],
        key_type=KeyType(options["key_type"]),
        base=BaseDate(int(base or _BASES[0])),  # DKGA02 does not look at it
        cipher=TokenCipher[options["cipher"].upper()],
    )
    key = derive_decoder_key(vending, parameters)
    return KeyMeant(key, f"{vending.algorithm} from {words}", vending, parameters)


def _vending(options: dict[str, Any]) -> "tuple[VendingKey, str]":
    from card_protocol.tokens.sts.keys import VendingKey

    derivation, file = options["derivation"], options["vending_key"]
    if derivation in _CLOSED:
        raise click.UsageError(
            f"{derivation.upper()} has no public description with a test vector, so it is not here"
        )
    if file is None:
        raw = bytes.fromhex(_SAMPLE_VENDING[derivation or "dkga02"])
        return VendingKey(raw), "the published test vending key"
    key = VendingKey(read_key_file(file, (8, 20)))
    if derivation not in {None, key.algorithm.lower()}:
        raise click.UsageError(f"the key in {file} is for {key.algorithm}, not {derivation}")
    return key, f"the vending key in {file}"
