"""The starter in C of a device that is paid for by the day: it gives what was paid, and no more.

`make test-firmware` asks more: 2,000 households and stories, every mistake, sanitizers.
"""

import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from card_protocol.errors import TokenError
from card_protocol.tokens.openpaygo.chain import EXTENDED, STANDARD, PaygoKey, PaygoSeed
from card_protocol.tokens.openpaygo.counter import COUNT_MAX, PaygoCounter, PaygoKind
from card_protocol.tokens.openpaygo.decode import PaygoOutcome, decode_openpaygo
from card_protocol.tokens.openpaygo.encode import encode_openpaygo
from meter_emu.resources import find
from meter_emu.verify.run import verify
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import Verdict
from meter_emu.world.meter.build import parse_build
from meter_emu.world.meter.host.starter import make_starter
from meter_emu.world.meter.host.starter import starter as files_of
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.world.judge.paygo_homes import MODEL, campaign_of_home, differences, drawn
from tests.world.judge.test_paygo_cuts import CELLS, ENTRY_US, REFUSED, TAKEN, lived
from tests.world.meter.host.compiling import linked, starter

HERE = Path(__file__).parent
LONG = bool(os.environ.get("METER_EMU_FIRMWARE"))
HOMES = 2000 if LONG else 4
HOMES_MAX = 150
ENTRIES, AT_THE_END = (2000, 200) if LONG else (40, 2)  # those are long to hash
CUTS = range(20, ENTRY_US, 199 if LONG else 1_499)
MODELS = ["openpaygo", "openpaygo-part-days"]  # four keys come with another clock chip
CAMPAIGNS = ("paygo-month", "paygo-counts")
# What finds each: random households, a campaign's, or power that fails at each call of an entry.
BY_HOMES = (
    "BITS_NOT_MOVED", "DAYS_IN_16_BITS", "LOST_CLOCK_BEGINS", "REST_LOST", "ROUNDED_FIRST",
    "SET_LEAVES_OPEN", "UNLOCK_NOT_KEPT", "UNTIL_MIDNIGHT", "USED_FORGOTTEN",
)  # fmt: skip
BY_COUNTS = ("REACH_IN_16_BITS",)
BY_CUTS = ("COUNT_SAVED_FIRST",)


def token_starter(folder: Path, *flags: str) -> str:
    return starter(folder, *flags, device="openpaygo")


def broken_homes(build: str, homes: int) -> Iterator[int]:
    """Yield the numbers of the random households that do not get what they paid for."""
    for number in range(homes):
        household = drawn(number).household(build)
        campaign = campaign_of_home(household)
        if judge(household, campaign, run_meter(household, campaign)).verdict is not Verdict.KEPT:
            yield number


def broken_in(name: str, build: str) -> list[str]:
    """Return the households of a campaign that do not get what they paid for."""
    campaign = load_campaign(find("campaigns", name), build=build)
    found = []
    for entry in campaign.households.entries:
        household = entry.household(1, campaign.households.seed)
        outcome = judge(household, campaign, run_meter(household, campaign))
        if outcome.verdict is not Verdict.KEPT:
            found.append(household.id)
    return found


def ends_of_cuts(build: str) -> set[tuple[bool, ...]]:
    """Return the ends of a token that is keyed in twice, with power failing at each instant."""
    program = parse_build(build).program(MODEL)
    return {lived(program, (at,), settles) for at in CUTS for settles in CELLS[:2]}


@pytest.mark.slow("builds and runs a program in C")
def test_the_starter_gives_every_home_what_it_paid_for(tmp_path):
    build = token_starter(tmp_path)
    assert list(broken_homes(build, HOMES)) == []
    assert [broken_in(name, build) for name in CAMPAIGNS] == [[], []]
    for number in range(HOMES):
        household = drawn(number).household(build)
        events = run_meter(household, campaign_of_home(household))
        assert differences(drawn(number), events) == []


@pytest.mark.slow("builds and runs a program in C")
def test_the_starter_keeps_every_law_of_such_a_device(tmp_path):
    build = token_starter(tmp_path)
    report = verify(build, models=MODELS, examples=2000 if LONG else 1, seed=4)
    assert [(e.law.id, e.broken.words, e.broken.text) for e in report.examined if e.broken] == []
    assert any(e.held_on for e in report.examined)


@pytest.mark.slow("builds and runs a program in C")
def test_an_entry_is_taken_or_not_wherever_power_fails(tmp_path):
    assert ends_of_cuts(token_starter(tmp_path)) == {TAKEN, REFUSED}


@pytest.mark.slow("builds and runs programs in C", short=2)
@pytest.mark.parametrize("mistake", BY_HOMES)
def test_a_mistake_in_its_c_is_caught_by_random_households(mistake, tmp_path, record_property):
    found = next(broken_homes(token_starter(tmp_path, f"-DMISTAKE_{mistake}"), HOMES_MAX), None)
    record_property(mistake, f"household {found}")
    assert found is not None


@pytest.mark.slow("builds and runs a program in C")
@pytest.mark.parametrize("mistake", BY_COUNTS)
def test_a_mistake_at_the_end_of_its_counter_is_caught_there(mistake, tmp_path):
    build = token_starter(tmp_path, f"-DMISTAKE_{mistake}")
    assert broken_in("paygo-counts", build) == ["last-adds", "last-set", "last-unlock"]


@pytest.mark.slow("builds and runs a program in C")
@pytest.mark.parametrize("mistake", BY_CUTS)
def test_what_is_saved_in_two_is_caught_by_power_cuts(mistake, tmp_path):
    assert ends_of_cuts(token_starter(tmp_path, f"-DMISTAKE_{mistake}")) > {TAKEN, REFUSED}


def test_each_of_its_mistakes_is_caught_by_one_of_these():
    own = (text for name, text in files_of("openpaygo").items() if name not in files_of())
    planted = set(re.findall(r"(?:#ifn?def|defined) MISTAKE_(\w+)", own_text(own)))
    assert len(planted) >= 10
    assert planted == {*BY_HOMES, *BY_COUNTS, *BY_CUTS}


def own_text(files: Iterator[bytes]) -> str:
    program = files_of("openpaygo")["my_meter.c"]  # the budget meter has one of this name too
    return b"".join([*files, program]).decode()


@pytest.mark.skipif(not LONG, reason="make test-firmware")
def test_under_sanitizers_it_says_nothing(tmp_path):
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
    build = token_starter(tmp_path, *flags)
    assert list(broken_homes(build, 200)) == []
    assert [broken_in(name, build) for name in CAMPAIGNS] == [[], []]


def drawn_entry(chance: Random, number: int) -> tuple[PaygoSeed, PaygoCounter, bool, str]:
    """Return a device, its counter, whether its keypad is small, and digits that are keyed in."""
    seed = PaygoSeed(PaygoKey(chance.randbytes(16)), chance.choice([None, chance.randrange(10**9)]))
    last = COUNT_MAX if number < AT_THE_END else chance.choice([0, 1, 2, 20, 300])
    last = max(0, last - chance.randrange(2))
    used = frozenset(n for n in range(max(0, last - 15), last + 1) if chance.random() < 0.4)
    small, form = chance.random() < 0.3, chance.choice([STANDARD, EXTENDED])
    kinds = [PaygoKind.ADD_TIME, PaygoKind.SET_TIME]
    kinds += [PaygoKind.DISABLE, PaygoKind.COUNTER_SYNC] if form is STANDARD else []
    kind = chance.choice(kinds)
    value = None if kind not in kinds[:2] else chance.randrange(996)
    before = min(
        max(0, last + chance.choice([-100, -65, -15, -3, 0, 2, 30, 62, 64, 99, 101])), 65533
    )
    _, digits = encode_openpaygo(seed, before, kind, value, form=form, restricted=small)
    what = chance.random()
    if what < 0.1:
        digits = digits[: chance.randrange(len(digits))] or "0"
    elif what < 0.2:
        digits = "".join(chance.choice("0123456789") for _ in digits)
    return seed, PaygoCounter(last, used), small, digits


def as_the_codec_says(seed: PaygoSeed, counter: PaygoCounter, small: bool, digits: str) -> str:
    """Return the line that the codec would print."""
    try:
        answer = decode_openpaygo(digits, seed, counter, restricted=small)
    except TokenError:
        return f"2 0 0 0 {counter.count}"
    if answer.kind is None or answer.outcome not in (PaygoOutcome.TAKEN, PaygoOutcome.USED):
        return f"2 0 0 0 {counter.count}"
    said = int(answer.outcome is PaygoOutcome.USED), list(PaygoKind).index(answer.kind)
    return f"{said[0]} {said[1]} {answer.value} {answer.count} {answer.after.count}"


def used_in(bits: int, count: int) -> set[int]:
    return {count - n for n in range(1, 16) if bits >> n & 1 and count - n > 0}


@pytest.mark.slow("hashes long chains")
def test_it_reads_every_form_of_a_token_as_the_codec_does(tmp_path):
    make_starter(tmp_path / "mine", "openpaygo")
    flags = ("-I", str(tmp_path / "mine"))
    sources = [HERE / "tokens_read.c", tmp_path / "mine" / "tokens.c"]
    reader = linked(sources, tmp_path / "tokens_read", *flags, host=False)
    chance = Random(46)
    entries = [drawn_entry(chance, number) for number in range(ENTRIES)]
    lines = [
        f"{seed.key.raw.hex()} {seed.starting_code} {int(small)} {counter.count} "
        f"{sum(1 << counter.count - one for one in counter.used)} {digits}"
        for seed, counter, small, digits in entries
    ]
    done = subprocess.run(
        [reader], input="\n".join(lines), capture_output=True, text=True, check=True
    )
    said = [line.rpartition(" ")[::2] for line in done.stdout.splitlines()]
    assert [words for words, _ in said] == [as_the_codec_says(*entry) for entry in entries]
    kinds = Counter(words.split()[0] for words, _ in said)
    assert min(kinds[answer] for answer in "012") > len(entries) // 20
    for (words, used), (seed, counter, small, digits) in zip(said, entries, strict=True):
        if words.startswith("0"):
            after = decode_openpaygo(digits, seed, counter, restricted=small).after
            assert used_in(int(used), after.count) == {n for n in after.used if 0 < n < after.count}
