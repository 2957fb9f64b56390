"""A cluster of this machine: the same results as here, also when a worker is killed on the way."""

import gc
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import islice
from pathlib import Path

import pytest

from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.errors import ConfigError, WorkerError
from meter_emu.resources import built_in
from meter_emu.stories.story import models
from meter_emu.verify.run import Examining, Stories
from meter_emu.workers.work import Here
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Households
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.fleet import Rehearsing, units
from meter_emu.world.rehearsal.travelling import campaign_as_text, result_of
from tests.workers.doors import NOBODY, another_user_runs, listening, pages
from tests.workers.test_leader_killed import descendants

pytestmark = pytest.mark.loopback


@pytest.fixture
def engines():
    """Return the module with the engine: Dask is imported where it is used, not to collect."""
    return import_module("meter_emu.workers.cluster")


@cache
def ores() -> Campaign:
    return load_campaign(built_in("campaigns")["ores-2020-07"])


def workers() -> set[int]:
    """Return the processes of ours that Dask started; Python's resource tracker is none."""
    lines = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(os.getpid())}
    return {pid for pid, line in lines.items() if b"spawn_main" in line}


@pytest.fixture
def another_cluster():
    """Hold the port that Dask's own page takes first, as another cluster on this machine does."""
    with socket.socket() as held:
        with suppress(OSError):  # there is another
            held.bind(("127.0.0.1", 8787))
            held.listen()
        yield


@pytest.mark.slow("starts workers")
@pytest.mark.usefixtures("another_cluster")
def test_a_worker_killed_half_way_changes_no_result_and_none_is_left(engines, monkeypatch):
    """Also where a result takes longer to come than the time between two looks."""
    monkeypatch.setattr(engines, "_LOOK_S", 0.002)
    task = Rehearsing(ores(), events=True)
    examining = Examining("reference+end-exclusive", models()[:2], seed=1)
    stories = [Stories(0, 2, ("never-early", "weeks")), Stories(2, 4, ("never-early",))]
    before = workers()
    with engines.cluster("local:2") as engine:
        with closing(engine.results(task, units(range(15), 3))) as results:
            found = list(islice(results, 2))
            os.kill(min(workers() - before), signal.SIGKILL)
            found += results
        assert list(engine.results(examining, stories)) == list(Here().results(examining, stories))
    assert not workers() - before
    want = list(Here().results(task, units(range(15), 3)))
    assert [list(map(result_of, batch.rows)) for batch in found] == [
        list(map(result_of, batch.rows)) for batch in want
    ]


@pytest.mark.slow("starts a scheduler")
def test_a_scheduler_that_goes_away_is_one_line(engines, tmp_path):
    command = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", "0"]
    command += ["--no-dashboard"]
    env = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env) as scheduler:
        assert scheduler.stderr is not None
        try:
            address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at" in line)
            with engines.cluster(address) as engine:
                scheduler.kill()
                task = Rehearsing(ores(), events=False)
                with pytest.raises(WorkerError, match=f"{address}: the scheduler has gone"):
                    next(engine.results(task, units(range(2), 1)))  # there is no worker: it waits
        finally:
            scheduler.kill()
            scheduler.communicate()


def test_a_campaign_travels_as_text_without_a_key_and_an_image_stays():
    for path in built_in("campaigns").values():
        whole = load_campaign(path)  # that it comes out equal is asserted where it is sent
        assert TEST_MASTER_KEY.raw.hex() not in campaign_as_text(whole).lower()
    copy = ores().households.alone(ores().households[5].id)
    assert copy is not None
    assert campaign_as_text(replace(ores(), households=copy))
    household = replace(copy.entries[0].first, image=Path("meter.img"))
    imaged = Households((replace(copy.entries[0], first=household),), ores().seed)
    with pytest.raises(ConfigError, match="is a file of this machine"):
        campaign_as_text(replace(ores(), households=imaged))


def test_what_a_worker_cannot_do_is_said_in_words(engines):
    have = f"{Rehearsing.__module__}:Rehearsing"
    task = Rehearsing(ores(), events=False)
    for sent, said in (
        (("0.0.0", have, task.as_text()), "is 0.0.0: install the same"),
        ((engines.run_there.__module__, have, ""), "install the same"),
    ):
        mistake, _ = engines.run_there(sent, "[0, 1]")
        assert mistake is not None
        assert said in mistake
    for address in ("local:0", "local:x", "local:", "nowhere", "foo://bar:1"):
        with pytest.raises(ConfigError), engines.cluster(address):
            pass


@pytest.mark.slow("starts a worker")
@pytest.mark.parametrize(
    ("who", "said"), [("worker", "Nanny failed to start"), ("nanny", "No module named 'not_here'")]
)
def test_workers_that_do_not_start_here_are_one_line(engines, who, said):
    """As where a module is wrong that somebody's own settings of Dask load first."""
    import dask

    settings = {f"distributed.{who}.preload": ["not_here"]}
    with dask.config.set(settings), pytest.raises(WorkerError) as raised:
        engines.cluster("local:1").__enter__()
    assert str(raised.value).startswith(f"--cluster local:1: no worker starts here: {said}")


CANCELS = "import asyncio\ndef dask_{}(_):\n    raise asyncio.CancelledError\n"


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("{}['key']", r"KeyError\('key'\)"),
        (CANCELS.format("setup"), "it was cancelled half-way"),
        (CANCELS.format("setup") + CANCELS.format("teardown"), "it was cancelled half-way"),
    ],
    ids=["wrong", "cancelled", "cancelled as it begins and as it closes"],
)
def test_a_cluster_whose_start_is_cancelled_is_closed(engines, tmp_path, module, said):
    """Each part of Dask can be cancelled; what is left unclosed warns where it is collected."""
    import dask

    (tmp_path / "module.py").write_text(module)
    settings = {"distributed.nanny.preload": [str(tmp_path / "module.py")]}
    with dask.config.set(settings), pytest.raises(WorkerError, match=said):
        engines.cluster("local:1").__enter__()
    gc.collect()


def test_what_fails_in_its_constructor_is_closed(engines):
    class Fails(engines.LocalCluster):  # type: ignore[misc, name-defined]
        def __init__(self, **how):
            super().__init__(**how)
            raise OSError("no more")

    with engines.Loop() as loop, ExitStack() as stack, pytest.raises(OSError, match="no more"):
        loop.make(Fails, stack, 1.0, n_workers=1)
    gc.collect()


@pytest.mark.slow("starts a worker, and collects garbage all the time")
def test_what_is_half_made_is_closed_and_no_garbage_is_collected_while_a_client_starts():
    command = [sys.executable, "-m", "tests.workers.collecting"]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("0 MainThread\n", "")


def test_what_passes_in_clear_is_known(engines):
    assert [engines.is_in_clear(name) for name in ("tcp://h:1", "tls://h:1", "local:2")] == [
        True, False, False,
    ]  # fmt: skip


@pytest.mark.slow("starts workers")
def test_on_this_machine_nobody_else_runs_anything_or_reads_a_page(engines, tmp_path):
    """Each port on which scheduler, nanny or worker listens, without their certificate."""
    before = listening({os.getpid(), *descendants(os.getpid())})
    with engines.cluster("local:1") as engine:
        there = listening({os.getpid(), *descendants(os.getpid())})
        ports = sorted(there.keys() - before.keys())
        assert len(set(map(there.get, ports))) > 1, "this process, and the worker's"
        assert len(ports) > 3
        assert {page for port in ports for page in pages(port)} <= {"/sitemap.json"}  # of itself
        control, *said = another_user_runs(ports, tmp_path)
        user = NOBODY if os.getuid() == 0 else os.getuid()
        assert control == f"{user} is let in by Scheduler", "at one that asks nobody"
        assert len(said) == 2 * len(ports), said
        assert [line for line in said if "refused" not in line] == []
        task = Rehearsing(ores(), events=False)
        assert list(engine.results(task, units(range(1), 1))), "and it works for us"
