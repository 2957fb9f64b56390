"""The process in which one target is fuzzed, until its time is over or something is found.

`python -m meter_emu.fuzz.worker` takes its target, build and seed from the environment, so that
processes which libFuzzer forks have them too, and libFuzzer's own options from the command line:
`-merge=1 INTO FROM` and `-fork=2` too. SIGUSR1 ends it after the input it is at; it
sends itself one when the time of its run is over (`watched.py`).
With atheris it is libFuzzer, guided by the coverage of our packages. Without, a seeded mutator goes
over the corpus and keeps what is new in size: it finds less, and the first line says so.

It must import nothing of ours that a target tries before atheris has had the chance to instrument
it.
"""

import os
import shlex
import signal
import sys
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random
from time import monotonic, process_time
from typing import TYPE_CHECKING, Any, Final

from meter_emu.resources import read_file
from meter_emu.workers.leash import end_with

if TYPE_CHECKING:
    from meter_emu.fuzz.target import Target

ENV_TARGET: Final = "METER_EMU_FUZZ_TARGET"  # MODULE:ID
ENV_BUILD: Final = "METER_EMU_FUZZ_BUILD"
ENV_SEED: Final = "METER_EMU_FUZZ_SEED"
ENV_UNGUIDED: Final = "METER_EMU_FUZZ_UNGUIDED"
ENV_LEASH: Final = "METER_EMU_FUZZ_LEASH"  # the pipe that closes when who started it is gone
FOUND: Final = 77  # exit status, as libFuzzer has it
BEGINS: Final = "INFO: it begins, after"
UNGUIDED: Final = "INFO: no atheris here: a seeded mutator without coverage"
INSTRUMENTED: Final = ["card_protocol", "meter_emu"]
# Targets of bare parsers: their own branches say nothing of a parser, and cost a third of the rate.
PLAIN: Final = ["meter_emu.fuzz.targets.wire", "meter_emu.fuzz.targets.records"]
_REPORT_S: Final = 1.0
_KEEP_MAX: Final = 2_000  # ours: inputs a seeded run keeps in memory


def main() -> int:
    """Fuzz; return 0 when the time is over, 77 with a find, which lies where the run says."""
    if ENV_LEASH in os.environ:
        end_with(int(os.environ[ENV_LEASH]))
    atheris = None if os.environ.get(ENV_UNGUIDED) else _atheris()
    if atheris is None:
        return _unguided(sys.argv[1:])
    _guided(atheris, load())
    return 0


def load() -> "Target":
    """Import the target of the environment, instrumented where atheris is there, and return it."""
    atheris = _atheris()
    import meter_emu.fuzz.reach  # noqa: F401 - counting is not what is to be covered

    if atheris is None:
        return _target()
    with atheris.instrument_imports(include=INSTRUMENTED, exclude=PLAIN):
        return _target()


def _atheris() -> Any:  # noqa: ANN401 - a C extension without types
    try:
        import atheris
    except ImportError:
        return None
    return atheris


def one_input(data: bytes) -> None:
    """Try an input on the target of the environment; raise what does not hold."""
    _target().check(data, _build())


def _build() -> str:
    return os.environ.get(ENV_BUILD, "reference")


@cache
def _target() -> "Target":
    from meter_emu.fuzz.targets import target_at

    return target_at(os.environ[ENV_TARGET])


def _guided(atheris: Any, target: "Target") -> None:  # noqa: ANN401
    from meter_emu.fuzz.mutate import crossed, mutated
    from meter_emu.fuzz.watched import Watched, plan_of_environment

    watched = Watched(target, _build(), plan_of_environment())

    def mutate(data: bytes, size_max: int, seed: int) -> bytes:
        def blind(data: bytes) -> bytes:
            changed: bytes = atheris.Mutate(data, size_max)
            return changed

        return mutated(target, data, Random(seed), blind)[:size_max]

    def cross(one: bytes, other: bytes, size_max: int, seed: int) -> bytes:
        return crossed(target, one, other, Random(seed))[:size_max]

    # What libFuzzer forks it starts by a shell, with these words.
    again = f"{shlex.quote(sys.executable)} -m {__spec__.name}"
    ours = {} if target.raw else {"custom_mutator": mutate, "custom_crossover": cross}
    _say_begins()
    atheris.Setup([again, *sys.argv[1:]], watched.trying(), **ours)
    atheris.Fuzz()


def _unguided(argv: list[str]) -> int:
    """Go over the corpus with the seeded mutator; options and lines are libFuzzer's."""
    from meter_emu.fuzz.mutate import blindly, crossed, mutated
    from meter_emu.fuzz.watched import Watched, plan_of_environment

    options = dict(word[1:].split("=", 1) for word in argv if word.startswith("-") and "=" in word)
    folders = [Path(word) for word in argv if not word.startswith("-")]
    target = _target()
    asked_to_end = _asked_to_end()
    random = Random(os.environ.get(ENV_SEED, "1"))
    corpus = [read_file(path) for folder in folders for path in sorted(folder.iterdir())]
    corpus = corpus or list(target.seeds())
    sizes = {len(data) for data in corpus}
    watched = Watched(target, _build(), plan_of_environment())
    tried = watched.trying()
    runs = int(options.get("runs", "-1"))
    sys.stderr.write(f"{UNGUIDED}\n")
    _say_begins()
    done, began_at = 0, monotonic()
    said_at = began_at
    while done != runs and not asked_to_end():
        if done < len(corpus):
            data = corpus[done]
        elif random.randrange(8) == 0:
            data = crossed(target, random.choice(corpus), random.choice(corpus), random)
        else:
            one = random.choice(corpus)
            data = mutated(
                target, one, random, lambda raw: blindly(raw, target.words, target.size_max, random)
            )
        done += 1
        if (error := _error(tried, data)) is not None:
            _say(done, len(corpus), monotonic() - began_at)
            sys.stderr.write("".join(traceback.format_exception(error)))
            return FOUND
        if len(data) not in sizes and len(corpus) < _KEEP_MAX:
            sizes.add(len(data))
            corpus.append(data)
        if monotonic() - said_at > _REPORT_S:
            said_at = monotonic()
            _say(done, len(corpus), said_at - began_at)
    watched.report()
    _say(done, len(corpus), monotonic() - began_at)
    return 0


def _asked_to_end() -> Callable[[], bool]:
    """Return what says whether somebody asked this process to end, as libFuzzer is asked to."""
    asked: list[int] = []
    signal.signal(signal.SIGUSR1, lambda number, _frame: asked.append(number))
    return lambda: bool(asked)


def _error(tried: Callable[[bytes], None], data: bytes) -> Exception | None:
    """Try an input; return what did not hold."""
    from meter_emu.fuzz.target import Trying

    with Trying() as trying:
        tried(data)
    return trying.error


def _say_begins() -> None:
    sys.stderr.write(f"{BEGINS} {process_time():.2f} s of the processor\n")
    sys.stderr.flush()


def _say(done: int, corpus: int, took_s: float) -> None:
    rate = round(done / took_s) if took_s else 0
    sys.stderr.write(f"#{done} pulse corp: {corpus}/0b exec/s: {rate}\n")


if __name__ == "__main__":
    raise SystemExit(main())
