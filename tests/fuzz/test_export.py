"""What is exported is what OSS-Fuzz and ClusterFuzzLite take, and libFuzzer runs and merges it."""

import os
import re
import subprocess
import sys
from configparser import ConfigParser
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from meter_emu.fuzz.corpus import begins_with
from meter_emu.fuzz.export import exported
from meter_emu.fuzz.targets import targets
from tests.cli.outcome import runner

# A line of a libFuzzer dictionary: a word in quotes, its bytes as they are or as \xNN.
WORD = re.compile(r'"(?:\\x[0-9a-f]{2})+"')

guided = pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris is not installed: make .stamps/fuzz"
)


@pytest.mark.parametrize("target_id", targets())
def test_a_target_is_four_files_that_a_fuzzing_service_reads(target_id):
    target = targets()[target_id]
    files = exported(target)
    name = target_id.replace("-", "_") + "_fuzzer"
    assert set(files) == {
        f"{name}.py", f"{name}.options", f"{name}.dict", f"{name}_seed_corpus.zip"
    }  # fmt: skip
    tree = compile(files[f"{name}.py"], name, "exec")
    assert "TestOneInput" in tree.co_names
    options = ConfigParser()
    options.read_string(files[f"{name}.options"].decode())
    assert options["libfuzzer"]["dict"] in files
    assert int(options["libfuzzer"]["max_len"]) == target.size_max
    comment, *words = files[f"{name}.dict"].decode().splitlines()
    assert comment.startswith("#")
    assert [word for word in words if not WORD.fullmatch(word)] == []
    with ZipFile(BytesIO(files[f"{name}_seed_corpus.zip"])) as archive:
        inputs = {one: archive.read(one) for one in archive.namelist()}
    assert inputs == begins_with(target)
    assert exported(target) == files, "the same target gives the same bytes"


@pytest.fixture
def fuzzer(tmp_path, monkeypatch, capsys):
    """Export the canary and return what runs its fuzzer with libFuzzer's words."""
    done = runner(monkeypatch, capsys)("fuzz", "export", tmp_path / "out", "canary")
    assert (done.code, done.out) == (0, f"{tmp_path}/out: 4 files, four for a target\n")
    root = Path(__file__).parents[2]

    def run(*words: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, tmp_path / "out" / "canary_fuzzer.py", *words]
        env = {**os.environ, "PYTHONPATH": str(root)}
        return subprocess.run(
            [*map(str, command)], env=env, cwd=tmp_path, capture_output=True, text=True
        )

    return run


@pytest.mark.slow("fuzzes in processes of its own")
@guided
def test_an_exported_fuzzer_runs(fuzzer, tmp_path):
    words = tmp_path / "out" / "canary_fuzzer.dict"
    done = fuzzer("-runs=100", f"-dict={words}")
    assert done.returncode == 0, done.stderr
    assert "Done 100 runs" in done.stderr
    (tmp_path / "sung").write_bytes(b"CUT!")
    assert "OracleError: the canary sings" in fuzzer("sung").stdout + fuzzer("sung").stderr


DRIVER = """
import sys, atheris
from canary_fuzzer import TestOneInput
atheris.Setup([*sys.argv, "-runs=2000", "-seed=1"], TestOneInput)
atheris.Fuzz()
"""


@guided
def test_in_a_driver_of_ones_own_it_is_instrumented(fuzzer, tmp_path):
    (tmp_path / "out" / "driver.py").write_text(DRIVER)
    root = Path(__file__).parents[2]
    command = [sys.executable, str(tmp_path / "out" / "driver.py")]
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True)
    edges = [int(found) for found in re.findall(r"cov: (\d+)", done.stderr)]
    assert max(edges) > 4, done.stderr


@pytest.mark.slow("fuzzes in processes of its own")
@guided
def test_merging_twice_is_merging_once(fuzzer, tmp_path):
    shared, into = tmp_path / "shared", tmp_path / "into"
    for folder in (shared, into):
        folder.mkdir()
    for data in (b"CUT?", b"CUT", b"CU", b"C", b"X", b"YYYY", b"CX", b"CUX"):
        (shared / data.decode()).write_bytes(data)
    sets = []
    for _ in range(2):
        done = fuzzer("-merge=1", into, shared)
        assert done.returncode == 0, done.stderr
        sets.append({path.name: path.read_bytes() for path in into.iterdir()})
    assert 1 < len(sets[0]) < 8, "what reaches nothing of its own is left out"
    assert sets[0] == sets[1]
