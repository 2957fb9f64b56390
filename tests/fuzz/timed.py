"""A process in which targets are timed: `python -m tests.fuzz.timed SIDE FOLDER MUCH NAME...`.

Its sides are `guided` and `plain`, of targets and for `MUCH` seconds of processor time each, and
`alone`, of one parser and so many runs. What it found lies in the folder.
"""

import json
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from random import Random
from time import process_time
from typing import Any, Final

from meter_emu.fuzz.worker import INSTRUMENTED

KEPT_MAX: Final = 20_000  # inputs of a guided run that are tried again
PARSED_BYTES: Final = 64
AT_ONCE: Final = 16  # inputs between two looks at the clock
BUILD: Final = "reference"


# Every target -------------------------------------------------------------------------------------


class Timed:
    """A target's function in a guided run; says its rate and its inputs when it has lasted."""

    def __init__(self, check: Callable[[bytes, str], None], path: Path, span_s: float) -> None:
        self._check = check
        self._path = path
        self._span_s = span_s
        self._inputs: list[bytes] = []
        self._done = 0
        self._began_s = 0.0

    def __call__(self, data: bytes) -> None:
        self._began_s = self._began_s or process_time()
        self._check(data, BUILD)
        self._done += 1
        if len(self._inputs) < KEPT_MAX:
            self._inputs.append(data)
        if self._done % AT_ONCE == 0:
            took_s = process_time() - self._began_s
            if took_s >= self._span_s:
                rate, inputs = self._done / took_s, [data.hex() for data in self._inputs]
                self._path.write_text(json.dumps({"rate": rate, "inputs": inputs}))
                os._exit(0)


def guided(folder: Path, span_s: float, target_ids: list[str]) -> None:
    """Fuzz each target for a span in a child of its own, from its seeds."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from meter_emu.fuzz.mutate import crossed, mutated
        from meter_emu.fuzz.targets import targets

    for target_id in target_ids:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            continue
        target = targets()[target_id]
        corpus = folder / f"{target_id}.corpus"
        corpus.mkdir()
        for number, data in enumerate(target.seeds()):
            (corpus / str(number)).write_bytes(data)

        def mutate(data: bytes, size_max: int, seed: int, target: Any = target) -> bytes:
            blind = lambda raw: atheris.Mutate(raw, size_max)  # noqa: E731
            return mutated(target, data, Random(seed), blind)[:size_max]

        def cross(
            one: bytes, other: bytes, size_max: int, seed: int, target: Any = target
        ) -> bytes:
            return crossed(target, one, other, Random(seed))[:size_max]

        atheris.Setup(
            ["rates", "-seed=1", f"-max_len={target.size_max}", str(corpus)],
            Timed(target.check, folder / f"{target_id}.json", span_s),
            custom_mutator=mutate,
            custom_crossover=cross,
        )
        atheris.Fuzz()


def plain(folder: Path, span_s: float, target_ids: list[str]) -> None:
    """Try the inputs of each guided run again, and again, for as long."""
    from meter_emu.fuzz.targets import targets

    for target_id in target_ids:
        check, path = targets()[target_id].check, folder / f"{target_id}.json"
        inputs = cycle([bytes.fromhex(data) for data in json.loads(path.read_text())["inputs"]])
        check(next(inputs), BUILD)
        done, began_s = 0, process_time()
        while (took_s := process_time() - began_s) < span_s:
            for _ in range(AT_ONCE):
                check(next(inputs), BUILD)
            done += AT_ONCE
        (folder / f"{target_id}.plain").write_text(str(done / took_s))


# Parsers alone ------------------------------------------------------------------------------------


def alone(folder: Path, runs: float, names: list[str]) -> None:
    """Have libFuzzer call one parser with inputs of up to 64 bytes, its own mutator alone."""
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        parse, begins = parsers()[names[0]]
    (folder / "begun").write_bytes(begins)
    options = ["-seed=1", f"-runs={runs:.0f}", f"-max_len={PARSED_BYTES}", str(folder)]
    atheris.Setup(["timed", *options], atheris.instrument_func(parse))
    atheris.Fuzz()


def parsers() -> dict[str, tuple[Callable[[bytes], object], bytes]]:
    """Return what is timed alone: a function of bytes, and an input of 64 bytes that is right."""
    from card_protocol import tlv
    from card_protocol.apdu import CommandApdu, ResponseApdu
    from card_protocol.atr import Atr, offer
    from card_protocol.errors import CardProtocolError
    from card_protocol.formats.budget import DESK

    def refusing(parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
        def done(data: bytes) -> None:
            with suppress(CardProtocolError):
                parse(data)

        return done

    record = DESK.magic + bytes(DESK.size_bytes - len(DESK.magic))
    assert len(record) == PARSED_BYTES
    return {
        "empty": (lambda _data: None, bytes(PARSED_BYTES)),
        "c-apdu": (refusing(CommandApdu.parse), bytes.fromhex("00d600003b") + bytes(59)),
        "r-apdu": (refusing(ResponseApdu.parse), bytes(62) + b"\x90\x00"),
        "tlv, built": (lambda data: tlv.build([(0x53, data)]), bytes(PARSED_BYTES)),
        "atr": (refusing(Atr.parse), offer((0, 1), bytes(15)).to_bytes()),
        "record-desk": (refusing(DESK.parse), record),
    }


if __name__ == "__main__":
    side, path, much, *chosen = sys.argv[1:]
    {"guided": guided, "plain": plain, "alone": alone}[side](Path(path), float(much), chosen)
