"""Every answer of an STS meter by its number: to all published tokens, and to each way to be wrong.

What a published token must be answered follows from the class, subclass and field that its source
gives, not from our decoder.
"""

from dataclasses import replace
from typing import Any, Final

import pytest

from card_protocol.tokens.sts.codec import encode_sts
from card_protocol.tokens.sts.fields import CreditKind, StsCredit, StsMeterTest
from card_protocol.tokens.sts.key_change import StsKeyChange, key_change_tokens
from card_protocol.tokens.sts.keys import DecoderKey, KeyType
from card_protocol.tokens.sts.tid import BaseDate
from meter_emu.desk.vending import MeterKey
from meter_emu.firmware.token.sts import StsAnswer
from meter_emu.firmware.token.sts_layouts import tid_bytes
from meter_emu.units import SECOND_US
from meter_emu.world.meter.devices import decoder_key, first_key
from tests.card_protocol.sts_vectors import vectors
from tests.world.judge.sts_bench import answer, bench_of, board_of, state_of, sts_model
from tests.world.judge.sts_homes import METER_ID

NO_TIDS: Final = tid_bytes((0,) * 50)


def wanted(vector: dict[str, Any]) -> int:
    """Return the number that a meter for electricity with one phase must answer."""
    token_class, sub = vector["class"], vector["subclass"]
    if token_class == 0 and sub == 0:  # the model holds 999,999.9 kWh
        return 4 if vector["value"] > 9_999_999 else 1
    if token_class == 0:
        return 8
    if token_class == 1:
        maker = int(vector["payload_44bit"], 16) & (0xFF if sub == 0 else 0xFFFF)
        return 1 if maker == 0 else 14
    if sub in (3, 4):
        head = int(vector["payload_44bit"], 16) >> 32
        return 5 if sub == 3 and head & 3 in (0, 3) else {3: 2, 4: 3}[sub]
    if sub in (8, 9):
        return 1 if vector["key"]["cipher"] == "EA11" else 8
    if sub == 1:
        return 1 if vector["field_16bit"] in (0, 0xFFFF) else 8
    return 1 if sub in (0, 5) else 8


@pytest.mark.slow("a meter for each of 184 tokens")
def test_every_published_token_is_answered_by_its_number() -> None:
    seen: dict[int, int] = {}
    for vector in vectors():
        raw = bytes.fromhex(vector["key"].get("decoder_key") or "0ABC12DEF3456789")
        model = sts_model("sts-ea11" if len(raw) == 16 else "sts")
        board = board_of(model, key=raw.ljust(16, b"\0"), tids=NO_TIDS)
        got = answer(bench_of(board), vector["token"])
        assert got == wanted(vector), vector
        seen[got] = seen.get(got, 0) + 1
    assert sum(seen.values()) == 184
    assert {1, 2, 3, 4, 8} <= seen.keys()


MODEL: Final = sts_model()
KEY: Final = decoder_key(MODEL, METER_ID, first_key(sts_model().sts))  # type: ignore[arg-type]
OTHER: Final = DecoderKey(bytes(range(8)))
TID: Final = 11_000_000


def credit(tid: int = TID, code: int = 100, key: DecoderKey = KEY) -> str:
    return encode_sts(StsCredit(CreditKind.ELECTRICITY, 5, tid, code), key)


def change(key_type: KeyType = KeyType.DUTK, **more: Any) -> tuple[str, ...]:
    new = StsKeyChange(key=OTHER, key_type=key_type, revision=2, tariff_index=1, **more)
    return key_change_tokens(new, KEY)


def test_each_answer_has_a_way_to_it() -> None:
    seen = set()

    def ask(digits: str, want: int, **changes: Any) -> None:
        model = changes.pop("model", MODEL)
        board = board_of(model, **changes)
        before = state_of(board)
        got = answer(bench_of(board), digits)
        assert got == want, StsAnswer(want).name
        after = state_of(board)
        if want > 3:  # what is refused changes nothing but the lock
            after = replace(
                after, sequence=before.sequence, tries=before.tries, locked=before.locked,
                since_ms=before.since_ms, crc=before.crc,
            )  # fmt: skip
            assert after == before
        seen.add(got)

    ask(credit(), 1)
    ask(change()[0], 2)
    ask(change()[1], 3)
    ask(credit(code=0xFFFF), 4, model=sts_model(credit_most_wh=1_000_000_000))
    ask(change(KeyType.DCTK)[0], 5)
    ask(credit()[:19], 6)
    ask("9" * 20, 7)
    ask(encode_sts(StsCredit(CreditKind.WATER, 5, TID, 100), KEY), 8)
    ask(credit(tid=10_219_999), 9)
    ask(credit(tid=10_220_000), 10)
    ask(credit(tid=(200 << 16) + 65_536), 11, ken=200)
    ask(credit(tid=(200 << 16) + 65_535), 1, ken=200)
    ask(credit(tid=(200 << 16) + 65_536), 1, ken=200, model=sts_model(checks_ken=False))
    ask(credit(), 12, key_type=KeyType.DDTK)
    ask(credit(), 1, key_type=0)
    ask(credit(key=OTHER), 13)
    ask(encode_sts(StsMeterTest(1, 1, 77), None), 14)
    ask(encode_sts(StsMeterTest(1, 1, 77), None), 1, model=sts_model(maker=77))
    bench = bench_of(board_of(MODEL))
    assert [answer(bench, credit(key=OTHER)) for _ in range(4)] == [13, 13, 13, 15]
    seen.add(15)
    assert seen == set(StsAnswer)


def test_locks_double_up_to_the_longest_and_end_by_success_and_by_power() -> None:
    wrong = credit(key=OTHER)
    for tries, lock_s in ((3, 10), (4, 20), (5, 40), (9, 640), (10, 1280), (11, 1280), (99, 1280)):
        for wait_s, locked in ((lock_s - 1, True), (lock_s + 1, False)):
            bench = bench_of(board_of(MODEL, tries=tries - 1))
            assert answer(bench, wrong) == 13
            bench.run_until(bench.board.now_us + wait_s * SECOND_US)
            assert answer(bench, credit()) == (15 if locked else 1), (tries, wait_s)
            if not locked:  # a success begins anew
                assert state_of(bench.board).tries == 0
    bench = bench_of(board_of(MODEL, tries=9))
    assert answer(bench, wrong) == 13
    bench.plan_outage(bench.board.now_us + SECOND_US, bench.board.now_us + 2 * SECOND_US)
    bench.run_until(bench.board.now_us + 5 * SECOND_US)
    assert answer(bench, credit()) == 1


def test_halves_wait_ten_minutes_and_no_longer_and_not_over_a_power_failure() -> None:
    first, second = change()
    for wait_s, power, taken in ((598, True, True), (601, True, False), (300, False, False)):
        bench = bench_of(board_of(MODEL))
        assert answer(bench, second) == 3
        if not power:
            bench.plan_outage(bench.board.now_us + SECOND_US, bench.board.now_us + 9 * SECOND_US)
        bench.run_until(bench.board.now_us + wait_s * SECOND_US)
        assert answer(bench, first) == (1 if taken else 2)
        assert answer(bench, credit(key=OTHER)) == (1 if taken else 13)


def test_four_sections_of_a_long_key_come_in_any_order() -> None:
    model = sts_model("sts-ea11")
    assert model.sts is not None
    key = decoder_key(model, METER_ID, first_key(model.sts))
    new = MeterKey(base=BaseDate.Y2035, revision=3, tariff_index=1)
    after = decoder_key(model, METER_ID, new)
    brought = StsKeyChange(
        key=after, key_type=KeyType.DUTK, revision=3, tariff_index=1, rollover=True,
        supply_group="123457",
    )  # fmt: skip
    tokens = key_change_tokens(brought, key)
    for order in ((0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)):
        board = board_of(model)
        bench = bench_of(board)
        answers = [answer(bench, tokens[place]) for place in order]
        assert answers[-1] == 1
        assert state_of(board).key == after.raw
        assert state_of(board).tids == NO_TIDS
        assert answer(bench, encode_sts(StsCredit(CreditKind.ELECTRICITY, 5, 7, 10), after)) == 1


def test_halves_of_two_sets_make_a_meter_deaf() -> None:
    """A trap that no field prevents: docs/token-meters.md warns of it."""
    another = DecoderKey(bytes(range(8, 16)))
    bench = bench_of(board_of(MODEL))
    brought = StsKeyChange(key=another, key_type=KeyType.DUTK, revision=3, tariff_index=1)
    assert answer(bench, change()[0]) == 2
    assert answer(bench, key_change_tokens(brought, KEY)[1]) == 1
    for key in (KEY, OTHER, another):
        bench.run_until(bench.board.now_us + 2_000 * SECOND_US)
        assert answer(bench, credit(key=key)) == 13
