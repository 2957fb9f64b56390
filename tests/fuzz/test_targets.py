"""Targets hold on what is right, mutations get past the first check, and mistakes are found."""

import ast
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from card_protocol.card.virtual import parse_image
from card_protocol.errors import CardProtocolError
from card_protocol.formats.container import parse_container
from meter_emu.domain import Result
from meter_emu.firmware.layouts import STATE, STATE_AT, crc_holds
from meter_emu.fuzz import targets as module
from meter_emu.fuzz.bench import FuzzedMeter
from meter_emu.fuzz.corpus import kept_inputs
from meter_emu.fuzz.finds import failure
from meter_emu.fuzz.reach import REACH
from meter_emu.fuzz.target import Target
from meter_emu.fuzz.targets import targets
from meter_emu.fuzz.targets.stories import kits_of
from tests.cells import few
from tests.docs.pages import page, table
from tests.fuzz.mutations import mutations

MUTATIONS = 200


@pytest.mark.slow("fuzzes in processes of its own")
def test_every_target_holds_and_reaches_what_it_says_and_no_oracle_is_vacuous():
    """On its seeds, what runs kept, and mutations: each mark is met, each oracle saw a change.

    An oracle that is nowhere asked is found in the source.
    """
    wrong, held = [], Counter[str]()
    for target in targets().values():
        if target.canary:
            continue
        seeds = target.seeds()
        assert seeds, target.id
        REACH.clear()
        begins = (*seeds, *kept_inputs().get(target.id, ()))
        for number, data in enumerate(
            (*begins, *mutations(target, few(12, short=2), seed=1)), start=1
        ):
            assert len(data) <= target.size_max, target.id
            why = failure(target, data, "reference")
            if why is not None:
                wrong.append(f"{target.id}: {why}: {data.hex()}")
            if number == len(begins):
                missing = [mark for mark in target.reaches if mark not in REACH.met]
                wrong += [f"{target.id} does not begin with {mark}" for mark in missing]
        wrong += [f"{target.id} does not reach {mark}" for mark in REACH.missing(target.reaches)]
        assert target.reaches, f"{target.id} says nothing of what it must reach"
        held.update(REACH.held)
    wrong += [f"never held: {what}" for what in oracles() if not held[what]]
    assert wrong == []


def oracles() -> set[str]:
    """Return the words of every `must` in the source of the targets, canaries left out."""
    found = set()
    for path in Path(module.__file__).parents[1].rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"must", "must_at"}:
                what = node.args[1]
                if isinstance(what, ast.Constant) and path.stem != "canary":
                    found.add(str(what.value))
    assert len(found) > 80
    return found


def test_a_seed_that_is_refused_at_the_door_is_noticed():
    target = targets()["trace"]
    REACH.clear()
    assert failure(target, b'{"row":"trace"}\n', "reference") is None
    missing = REACH.missing(target.reaches)
    assert {"Exchanged", "Torn", "ended"} <= set(missing)


def test_an_oracle_that_compares_nothing_is_noticed():
    target = targets()["t0-and-direct"]
    REACH.clear()
    never_opened = b"".join(bytes((len(one),)) + one for one in target.words[:1])
    assert failure(target, never_opened, "reference") is None
    missing = REACH.missing(())
    assert "both cards hold the same (never with something changed)" in missing


def memory_holds(data: bytes) -> bool:
    return all(crc_holds(data[1 + at : 1 + at + STATE.size_bytes]) for at in (0, *STATE_AT))


def mac_holds(data: bytes) -> bool:
    """Whether a meter finds nothing wrong with the MAC of any record."""
    heard: list[Result] = []
    insert = FuzzedMeter.insert

    def listening(bench, card):
        heard.append(insert(bench, card))
        return heard[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FuzzedMeter, "insert", listening)
        targets()["card-records"].check(data, "reference")
    return bool(heard) and heard[0] is not Result.BAD_MAC


@pytest.mark.slow("fuzzes in processes of its own", short=1)
@pytest.mark.parametrize(
    ("target_id", "passes"),
    [
        ("record-state", crc_holds),
        ("record-factory", crc_holds),
        ("memory", memory_holds),
        ("container", lambda data: "CRC-32" not in why_not(parse_container, data)),
        ("card-image", lambda data: "CRC-32" not in why_not(parse_image, data)),
        ("card-records", mac_holds),
    ],
)
def test_nine_of_ten_mutations_pass_the_first_check(target_id, passes):
    target = targets()[target_id]
    tried = [passes(data) for data in mutations(target, MUTATIONS, seed=3)]
    assert sum(tried) >= 0.9 * len(tried)
    unsealed = [passes(data) for data in mutations(without_seal(target), MUTATIONS // 4, seed=2)]
    assert sum(unsealed) < 0.8 * len(unsealed), "the seal makes the difference"


def why_not(decode: Callable[[bytes], object], data: bytes) -> str:
    try:
        decode(data)
    except CardProtocolError as error:
        return str(error).replace(",", " ")
    return ""


def without_seal(target: Target) -> Target:
    return replace(target, seal=None)


@pytest.mark.slow("runs stories")
def test_a_program_is_asked_no_story_of_what_it_does_not_cover():
    """One that covers electricity alone is right, and gas would break it at the first story."""
    build = "tests.laws.strangers:electricity_only"
    target = targets()["stories"]
    for number in range(12):
        target.check(Random(number).randbytes(target.size_max), build)
    drawn = {kit.model.energy for kit in kits_of(build)}
    assert drawn == {"electricity"}
    assert {kit.model.energy for kit in kits_of("reference")} > drawn


REACH_HEAD = (
    "target", "seeds and kept", "marks, and how often each was met",
    "oracles that held of a change; least often",
)  # fmt: skip


def test_the_page_says_what_each_target_must_reach():
    rows = {row[0]: row[2] for row in table(page("docs/evidence/fuzz-reach.md"), *REACH_HEAD)}
    said = {
        name: [re.sub(r" [\d,]+$", "", one) for one in row.split(", ")]
        for name, row in rows.items()
    }
    assert said == {one.id: list(one.reaches) for one in targets().values() if not one.canary}
    counts = [one.rsplit(" ", 1)[1] for row in rows.values() for one in row.split(", ")]
    assert "0" not in counts
