"""How many mistakes are found that were planted by one who had not read what is to find them.

`python -m tests.unseen verify`, `explore` or `fuzz` asks for the sets that lie here, or for files
of one's own behind it: entries, each a line `# NN name`, further lines of `# key: value`, and a
diff. Each mistake is put into a copy of this tree of its own, with the diff of `replanted.diff`
where its own does not fit any more. A find of the fuzzer counts if its input holds on the tree as
it is. `--jobs 1` for one at a time, `--only NN`, `--seeds 1,2`. Exit status 1 if `verify` does not
find one that it has found.
"""

import json
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path
from shutil import copytree, ignore_patterns
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from meter_emu.domain import DeviceName
from meter_emu.stories.story import own_models
from tests.forked import ROOT

HERE: Final = Path(__file__).parent
STORIES: Final = 300
_TIME_S: Final = 60
# The device that a class of mistakes is of, where that is not the budget meter.
_DEVICES: Final[dict[str, DeviceName]] = {"sts": "sts", "paygo": "openpaygo"}
# What `verify` does not find, and why.
_TOO_RARE: Final = "too rare for 300 stories of the first seed"
NOT_FOUND: Final = {
    "authenticated-before-the-meter-is-known": "no story puts a card into another's meter",
    **dict.fromkeys(
        (
            "deferral-does-not-renew-the-shelter",
            "sheltered-minutes-never-begin-anew",
            "shelter-goes-on-after-deferral",
        ),
        "no story uses a shelter up twice, and pays between",
    ),
    **dict.fromkeys(
        (
            "stop-flag-under-the-wrong-mask",
            "slack-of-the-ticks-in-parts-per-million",
            "stamp-sets-an-unset-clock-back",
            "ends-compared-by-their-civil-time",
            "charged-money-wraps-like-energy",
            "lower-bound-journalled-at-midnight-alone",
            "expiry-of-generation-2-by-its-civil-time",
            "night-energy-counted-in-the-charged-account-alone",
            "battery-stop-kept-at-setting",
            "uncertainty-wraps",
            "shelter-not-counted-with-a-limiter",
            "stamp-in-24-bits",
            "stamp-of-the-identity",
            "countdown-over-the-wrap-of-the-ticks",
            "countdown-across-the-wrap-of-the-ticks",
        ),
        _TOO_RARE,
    ),
}
# What has no place in this tree any more, and why.
GONE: Final = {
    "only-the-later-slip-is-asked": "whose doing it was is lived again, and not read from two slips"
}
PATCH: Final = ("patch", "-p1", "--quiet", "--force", "--no-backup-if-mismatch")
_PARTS: Final = ("card_protocol", "meter_emu", "fixtures", "docs/try")
_ENTRY: Final = re.compile(r"^# (\d\d) (\S+)$", re.MULTILINE)
_SAID: Final = re.compile(r"^# (\w+): (.*)$", re.MULTILINE)


class Mistake(NamedTuple):
    """A mistake of a set: `said` is what its author says of it, by key."""

    number: str
    name: str
    said: dict[str, str]
    diff: str


class Looked(NamedTuple):
    """What became of one: how soon it was found, in words and in a figure, or why it was not."""

    found: bool
    words: str
    after: int = 0


class _NoAnswerError(Exception):
    """The command ended without an answer: that is not to have found anything."""


def mistakes(text: str) -> Iterator[Mistake]:
    """Yield the mistakes of a set."""
    for number, name, body in zip(*[iter(_ENTRY.split(text)[1:])] * 3, strict=True):
        head, diff, rest = body.partition("diff --git ")
        yield Mistake(number, name, dict(_SAID.findall(head)), diff + rest)


@cache
def replanted() -> dict[str, Mistake]:
    """Return by name the mistakes that were written again for this tree."""
    return {one.name: one for one in mistakes((HERE / "replanted.diff").read_text("utf-8"))}


def planted(mistake: Mistake, folder: Path) -> None:
    """Put a copy of the program with a mistake into a folder."""
    for part in _PARTS:
        copytree(ROOT / part, folder / part, ignore=ignore_patterns("__pycache__"))
    diff = replanted().get(mistake.name, mistake).diff
    subprocess.run(PATCH, cwd=folder, input=diff, text=True, check=True)


def _said(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run `meter-emu` as it is in a folder."""
    line = [sys.executable, "-P", "-m", "meter_emu", *command]
    ran = subprocess.run(
        line,
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode not in {0, 1}:
        raise _NoAnswerError(f"exit status {ran.returncode}: {ran.stderr.strip()[-200:]}")
    return ran


def verified(mistake: Mistake, folder: Path) -> Looked:
    """Look for it with all laws: a session of `verify`, with the models of its device."""
    device = _DEVICES.get(mistake.said.get("class", ""))
    models = () if device is None else (kit.model_name for kit in own_models(device))
    ran = _said(
        folder, "verify", "reference", "--examples", str(STORIES), "--jobs", "1", "--json", "-",
        *(word for name in models for word in ("--model", name)),
    )  # fmt: skip
    laws = [law for law in json.loads(ran.stdout)["laws"] if law["broken"]]
    if not laws:
        return Looked(found=False, words=f"nothing in {STORIES} stories")
    law = min(laws, key=lambda law: int(law["broken"]["story"]))
    story = int(law["broken"]["story"])
    return Looked(True, f"story {story}, {law['id']}", story)


def explored(_: Mistake, folder: Path) -> Looked:
    """Look for it in all built-in scopes, for a minute."""
    ran = _said(
        folder, "explore", "reference", "--scope", "all", "--time", str(_TIME_S), "--jobs", "1"
    )
    found = ran.returncode == 1
    return Looked(found, ran.stdout.split("\n", 1)[0] if found else "nothing")


def fuzzed(mistake: Mistake, folder: Path, seed: int) -> Looked:
    """Look for it with the target that its author would take, for a minute."""
    finds, corpus = folder / f"finds-{seed}", folder / f"corpus-{seed}"
    ran = _said(
        folder, "fuzz", "run", mistake.said["target"], "--time", str(_TIME_S), "--jobs", "1",
        "--seed", str(seed), "--to", str(finds), "--corpus", str(corpus),
    )  # fmt: skip
    if not ran.returncode:
        return Looked(found=False, words=f"nothing by seed {seed}")
    for find in sorted(set(finds.glob("*.toml")) - set(finds.glob("*.campaign.toml"))):
        again = _said(ROOT, "fuzz", "replay", str(find))
        if again.returncode:
            return Looked(found=False, words=f"a false alarm by seed {seed}: {find.name}")
    return Looked(found=True, words=f"seed {seed}")


def _by_seeds(mistake: Mistake, folder: Path, seeds: list[int]) -> Looked:
    each = [fuzzed(mistake, folder, seed) for seed in seeds]
    words = ", ".join(one.words for one in each)
    return Looked(any(one.found for one in each), words, sum(one.found for one in each))


def _looked(look: Callable[[Mistake, Path], Looked], mistake: Mistake) -> Looked:
    if mistake.name in GONE:
        return Looked(found=False, words=GONE[mistake.name])
    with TemporaryDirectory() as folder:
        planted(mistake, Path(folder))
        try:
            return look(mistake, Path(folder))
        except _NoAnswerError as error:
            return Looked(found=False, words=str(error))


def main() -> int:
    """Print a line for each mistake, and a total; return the exit status."""
    parser = ArgumentParser(prog="python -m tests.unseen", description=__doc__)
    parser.add_argument("way", choices=("verify", "explore", "fuzz"))
    parser.add_argument("sets", type=Path, nargs="*")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--seeds", default="1,2")
    asked = parser.parse_args()
    seeds = [int(seed) for seed in asked.seeds.split(",")]
    look: dict[str, Callable[[Mistake, Path], Looked]] = {
        "verify": verified,
        "explore": explored,
        "fuzz": partial(_by_seeds, seeds=seeds),
    }
    ours = sorted(HERE.glob("fuzz-*.diff" if asked.way == "fuzz" else "verify-*.diff"))
    each = [
        one
        for path in asked.sets or ours
        for one in mistakes(path.read_text("utf-8"))
        if not asked.only or one.number in asked.only
    ]
    found, of, after = Counter[str](), Counter[str](), []
    lost = list[str]()
    with ThreadPoolExecutor(asked.jobs) as pool:
        for mistake, looked in zip(
            each, pool.map(partial(_looked, look[asked.way]), each), strict=True
        ):
            kind = mistake.said.get("class", "planted")
            of[kind] += 1
            found[kind] += looked.found
            after += [looked.after] * looked.found
            lost += [] if looked.found or mistake.name in NOT_FOUND | GONE else [mistake.name]
            mark = "found" if looked.found else "NOT"
            sys.stdout.write(
                f"{mistake.number} {kind:15} {mark:5} {mistake.name}: {looked.words}\n"
            )
            sys.stdout.flush()
    for kind in of:
        sys.stdout.write(f"{kind}: {found[kind]} of {of[kind]}\n")
    sys.stdout.write(f"found: {found.total()} of {of.total()}; median {median(after or [0]):g}\n")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())
