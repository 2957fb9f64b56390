"""Tokens decoded a second, with the keys' tables at hand."""

from collections.abc import Iterator

from card_protocol.tokens.openpaygo.chain import PaygoKey, PaygoSeed
from card_protocol.tokens.openpaygo.counter import PaygoCounter
from card_protocol.tokens.openpaygo.decode import PaygoOutcome, decode_openpaygo
from card_protocol.tokens.sts.codec import decode_sts
from tests.bench.row import Row, rate
from tests.card_protocol.sts_vectors import decoder_key, vectors


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the rows of tokens."""
    rounds = 1 if quick else 5
    for cipher in ("EA07", "EA11"):
        tokens = [(v["token"], decoder_key(v)) for v in vectors() if v["key"]["cipher"] == cipher]

        def decode_all(pairs=tokens) -> None:
            for digits, key in pairs:
                decode_sts(digits, key)

        found = rate(decode_all, count=1 if quick else 40, rounds=rounds) * len(tokens)
        yield Row(
            what=f"STS tokens decoded, {cipher}, keys cached",
            measured=f"{found:,.0f}/s",
        )
    seed = PaygoSeed(PaygoKey(bytes(range(16))), 123_456_789)
    counter = PaygoCounter(1)
    assert decode_openpaygo("987654321", seed, counter).outcome is PaygoOutcome.INVALID
    found = rate(
        lambda: decode_openpaygo("987654321", seed, counter),
        count=2 if quick else 200,
        rounds=rounds,
    )
    yield Row(what="OpenPAYGO tokens refused at count 1", measured=f"{found:,.0f}/s")
