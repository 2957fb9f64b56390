"""Ours against the maintainers' Python package: 2,000 tokens here, more in `make test-tokens`.

The package is asked with the same last count and the same used counts, and always a 0 among those:
with an empty list it takes a used token again, with `None` it raises where it would look. Every
disagreement has a name and a reason; docs/openpaygo.md says who is right by the specification.
"""

import os
import sys
from collections import Counter
from random import Random
from typing import Any, NamedTuple

import pytest
from openpaygo import (
    OpenPAYGOTokenDecoder,
    OpenPAYGOTokenEncoder,
    TokenType,
)

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import (
    EXTENDED,
    STANDARD,
    PaygoForm,
    PaygoKey,
    PaygoSeed,
    base_of,
    ending_in,
    next_code,
)
from card_protocol.tokens.openpaygo.counter import PaygoCounter, PaygoKind
from card_protocol.tokens.openpaygo.decode import PaygoAnswer, PaygoOutcome, decode_openpaygo
from card_protocol.tokens.openpaygo.encode import encode_openpaygo
from card_protocol.tokens.openpaygo.keypad import keyed
from tests.cells import few

TOKENS = int(os.environ.get("METER_EMU_TOKENS", few(2_000, short=200)))
TYPES = {
    PaygoKind.ADD_TIME: TokenType.ADD_TIME,
    PaygoKind.SET_TIME: TokenType.SET_TIME,
    PaygoKind.DISABLE: TokenType.DISABLE_PAYG,
    PaygoKind.COUNTER_SYNC: TokenType.COUNTER_SYNC,
}
EDGES = (0, 1, 994, 995, 996, 997, 998, 999)
OLDER = 16
RAISED = "raised"


class Case(NamedTuple):
    seed: PaygoSeed
    form: PaygoForm
    restricted: bool


def crafted(case: Case, value: int, count: int) -> str:
    """Return the token of any value and count, also of one that no server makes."""
    base = base_of(value, case.seed, case.form)
    code = ending_in(case.seed.starting_code, base, case.form)
    for _ in range(count):
        code = next_code(code, case.seed, case.form)
    return keyed(ending_in(code, base, case.form), case.form, restricted=case.restricted)


def asked(case: Case, digits: str, counter: PaygoCounter) -> tuple[Any, ...]:
    """Return the package's value, type, count and used counts."""
    try:
        found = OpenPAYGOTokenDecoder.decode_token(
            digits, case.seed.key.raw.hex(), counter.count, used_counts=[0, *sorted(counter.used)],
            starting_code=case.seed.starting_code, restricted_digit_set=case.restricted,
        )  # fmt: skip
    except UnboundLocalError:
        return None, RAISED, None, None
    return tuple(found)


def answered(case: Case, digits: str, counter: PaygoCounter) -> PaygoAnswer:
    """Return our answer; restricted digits that stand for no code are invalid to the package."""
    try:
        return decode_openpaygo(digits, case.seed, counter, restricted=case.restricted)
    except TokenError as error:
        if (error.check, case.restricted) != ("range", True):
            raise
        return PaygoAnswer(outcome=PaygoOutcome.INVALID, after=counter, value=0)


def agree(ours: PaygoAnswer, theirs: tuple[Any, ...]) -> bool:
    value, kind, count, used = theirs
    if ours.outcome is PaygoOutcome.TAKEN:
        assert ours.kind is not None
        if (value, kind, count) != (ours.value, TYPES[ours.kind], ours.count):
            return False
        # Only an even count is an "add time", the one kind that may be older than the last.
        within = {one for one in used if one > ours.after.count - OLDER and one > 0}
        kept = {one for one in ours.after.used if one > 0}
        return not [one for one in within ^ kept if one % 2 == 0]
    refused = {PaygoOutcome.USED: TokenType.ALREADY_USED, PaygoOutcome.INVALID: TokenType.INVALID}
    return bool(kind == refused.get(ours.outcome))


def name_of(case: Case, counter: PaygoCounter, ours: PaygoAnswer, theirs: tuple[Any, ...]) -> str:
    """Return which known disagreement this is; anything else is a find."""
    count = ours.count
    if count is None:
        raised = case.form is EXTENDED and theirs[1] == RAISED
        return "an invalid extended token raises" if raised else "unknown"
    if case.form is STANDARD and ours.value in {996, 997}:
        return "reserved value obeyed"
    if case.form is STANDARD and ours.value in {998, 999} and count % 2 == 0:
        return "998 or 999 at an even count added as time"
    if case.form is EXTENDED and ours.value in {998, 999}:
        return "extended 998 or 999 closes or opens the counter"
    if ours.kind is PaygoKind.COUNTER_SYNC and count < max(counter.used, default=0):
        return "used counts after a sync to a lower count"
    if count == counter.count and count % 2 == 0 and count not in counter.used:
        return "the last count itself taken"
    if ours.outcome is PaygoOutcome.TAKEN and counter.count % 2 == 0:
        return "the first count of a device forgotten as used"
    return "unknown"


def drawn(rng: Random, case: Case, counter: PaygoCounter) -> str:
    """Return a token worth trying: near the edges of every window, in order or not, or wrong."""
    form, last = case.form, counter.count
    edges = (last - 64, last - 63, last - 17, last - 16, last - 15, last - 14, last - 2, last - 1,
             last, last + 1, last + 2, last + 63, last + 64, last + 65, last + 100, last + 101,
             0)  # fmt: skip
    value = rng.choice(EDGES) if rng.random() < 0.3 else rng.randrange(form.values)
    near = max(0, last + rng.randint(-16, 6))
    count = max(0, rng.choice(edges)) if rng.random() < 0.12 else near
    digits = crafted(case, value, count)
    if rng.random() < 0.03:
        at = rng.randrange(len(digits))
        digits = digits[:at] + rng.choice("1234") + digits[at + 1 :]
    return digits


def new_case(rng: Random) -> Case:
    # 0 means "none given" to the package, so no device here has it.
    seed = PaygoSeed(PaygoKey(rng.randbytes(16)), rng.randrange(1, 1_000_000_000))
    return Case(seed, rng.choice((STANDARD, STANDARD, EXTENDED)), rng.random() < 0.3)


@pytest.mark.slow("a token each against the maintainers' package")
def test_every_token_is_answered_alike_or_the_disagreement_has_a_name():
    rng = Random(TOKENS)
    tried: Counter[str] = Counter()
    done = 0
    while done < TOKENS:
        case, counter = new_case(rng), PaygoCounter(rng.choice((1, 1, 1, 2, 5, 10)))
        for _ in range(min(12, TOKENS - done)):
            done += 1
            digits = drawn(rng, case, counter)
            ours = answered(case, digits, counter)
            theirs = asked(case, digits, counter)
            known = agree(ours, theirs)
            word = ours.outcome.name.lower() if known else name_of(case, counter, ours, theirs)
            tried[word] += 1
            assert word != "unknown", (digits, case.form, counter, ours, theirs)
            counter = ours.after
    said = f"\n{done} tokens: {', '.join(f'{n} {word}' for word, n in tried.most_common())}"
    sys.stdout.write(said)
    assert min(tried["taken"], tried["used"], tried["invalid"]) > TOKENS // 50


@pytest.mark.slow("makes 500 tokens twice")
def test_every_token_is_made_alike():
    rng = Random(TOKENS + 1)
    for _ in range(TOKENS // 4):
        case = new_case(rng)
        kind = rng.choice(list(PaygoKind) if case.form is STANDARD else list(PaygoKind)[:2])
        timed = kind in {PaygoKind.ADD_TIME, PaygoKind.SET_TIME}
        high = 995 if case.form is STANDARD else 999_999
        value = rng.choice((0, 1, high, rng.randint(0, high))) if timed else None
        last = rng.randrange(40)
        wanted = OpenPAYGOTokenEncoder.generate_token(
            case.seed.key.raw.hex(), last, value, TYPES[kind],
            starting_code=case.seed.starting_code, restricted_digit_set=case.restricted,
            extended_token=case.form is EXTENDED,
        )  # fmt: skip
        ours = encode_openpaygo(
            case.seed, last, kind, value, form=case.form, restricted=case.restricted
        )
        assert ours == wanted


SEED = PaygoSeed(PaygoKey(bytes.fromhex("a29ab82edc5fbbc41ec9530f6dac86b1")), 123_456_789)
PLAIN = Case(SEED, STANDARD, False)


def package(digits: str, count: int, used: list[int] | None) -> Any:
    return OpenPAYGOTokenDecoder.decode_token(
        digits, SEED.key.raw.hex(), count, used_counts=used, starting_code=SEED.starting_code
    )


def test_what_the_package_does_by_its_list_of_used_counts():
    """What docs/openpaygo.md says of it; if a new version differs, the page must say so."""
    digits = "662486790"  # adds a day, count 2
    assert package(digits, 0, [0]) == (1.0, TokenType.ADD_TIME, 2, [0, 2])
    assert package(digits, 2, [0, 2])[1] == TokenType.ALREADY_USED
    assert package(digits, 2, [])[1] == TokenType.ADD_TIME, "taken again"
    assert package(digits, 0, [])[3] is None, "nothing is kept"
    with pytest.raises(TypeError):
        package(digits, 2, None)


def answers(value: int, count: int, counter: PaygoCounter, form: PaygoForm = STANDARD) -> Any:
    case = PLAIN._replace(form=form)
    digits = crafted(case, value, count)
    ours = decode_openpaygo(digits, SEED, counter)
    return ours, asked(case, digits, counter)


def test_each_disagreement_is_what_the_page_says():
    ours, theirs = answers(996, 2, PaygoCounter(1))
    assert (ours.outcome, theirs[:2]) == (PaygoOutcome.RESERVED, (996, TokenType.ADD_TIME))
    ours, theirs = answers(998, 2, PaygoCounter(1))
    assert (ours.kind, theirs[:2]) == (PaygoKind.DISABLE, (998, TokenType.ADD_TIME))
    ours, theirs = answers(999, 2, PaygoCounter(1))
    assert (ours.kind, theirs[:2]) == (PaygoKind.COUNTER_SYNC, (999, TokenType.ADD_TIME))
    ours, theirs = answers(999, 3, PaygoCounter(9), EXTENDED)
    assert (ours.outcome, theirs[:2]) == (PaygoOutcome.USED, (999, TokenType.SET_TIME))
    ours, theirs = answers(5, 10, PaygoCounter(10))
    assert (ours.outcome, theirs[:2]) == (PaygoOutcome.USED, (5, TokenType.ADD_TIME))
    ours, theirs = answers(5, 12, PaygoCounter(10))
    assert (sorted(ours.after.used), theirs[3]) == ([10, 12], [0, 12])
    ours, theirs = answers(999, 41, PaygoCounter(60, frozenset({58, 60})))
    assert ours.after.used == frozenset(range(26, 42))
    assert theirs[2:] == (41, list(range(44, 61)))


def test_an_invalid_extended_token_raises_in_the_package():
    digits = f"{int(crafted(PLAIN._replace(form=EXTENDED), 5, 2)) + 1_000_000:012}"
    assert decode_openpaygo(digits, SEED, PaygoCounter()).outcome is PaygoOutcome.INVALID
    with pytest.raises(UnboundLocalError):
        package(digits, 1, [0])


def test_after_a_sync_to_a_lower_count_the_package_takes_an_add_twice():
    back = PaygoCounter(60, frozenset({58, 60}))
    ours, theirs = answers(999, 41, back)
    add = crafted(PLAIN, 7, 42)
    first = decode_openpaygo(add, SEED, ours.after)
    assert first.outcome is PaygoOutcome.TAKEN
    assert decode_openpaygo(add, SEED, first.after).outcome is PaygoOutcome.USED
    _, kind, count, used = package(add, theirs[2], theirs[3])
    assert kind == TokenType.ADD_TIME
    assert package(add, count, used)[1] == TokenType.ADD_TIME, "and again"
