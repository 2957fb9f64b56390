"""What a browser has not is imported nowhere but where it says so, and not missed elsewhere.

Python in a browser starts no process, has no build of `cryptography`, no thread's own number and no
hard links.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.tidy.repository import ROOT

_SCRIPT = """
import contextlib, importlib, io, json, os, pkgutil, sys, threading
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

def cmac(key, data):
    sys.modules.update(library)  # it imports parts of its own when it is called
    mac = CMAC(AES(key))
    mac.update(data)
    sys.modules.update(dict.fromkeys(library))
    return mac.finalize()

library = {name: it for name, it in sys.modules.items() if name.split(".")[0] == "cryptography"}
for name in list(sys.modules):
    if name.split(".")[0] in {BLOCKED}:
        del sys.modules[name]
sys.modules.update(dict.fromkeys({BLOCKED}))
del threading.get_native_id, os.link

import card_protocol, meter_emu
failed = []
for package in (card_protocol, meter_emu):
    walked = pkgutil.walk_packages(package.__path__, package.__name__ + ".", onerror=lambda _: None)
    for module in walked:
        if not module.name.endswith("__main__"):
            try:
                importlib.import_module(module.name)
            except ImportError:
                failed.append(module.name)
from card_protocol import ciphers
from meter_emu.cli.app import run
ciphers.use(cmac)
sys.argv = ["meter-emu", "card", "new", {CARD}, "--meter-id", "541000000001"]
with contextlib.redirect_stdout(io.StringIO()):
    assert run() == 0
out, sys.argv = io.TextIOWrapper(io.BytesIO()), ["meter-emu", *{COMMAND}]
with contextlib.redirect_stdout(out):
    status = run()
print(json.dumps([failed, status, out.buffer.getvalue().decode()]))
"""
_BLOCKED = {
    *("_multiprocessing", "_posixshmem", "multiprocessing", "cryptography", "atheris", "dask"),
    *("distributed", "hypothesis", "pytest", "smartcard", "starlette", "uvicorn", "websockets"),
}
# Modules, and why they need what a browser has not.
_NEED_IT = {
    "card_protocol.openssl": "the library itself",
    "meter_emu.cli.driver_verified": "a driver's laws run in processes",
    "meter_emu.cli.live.door": "a web server",
    "meter_emu.cli.live.served": "a web server",
    "meter_emu.cli.live.web": "a web server",
    "meter_emu.cli.verifying": "its option --driver: a driver's laws run in processes",
    "meter_emu.driver_bench.verify_driver": "a driver's laws run in processes",
    "meter_emu.fuzz.modelled": "its model has a cipher library of its own",
    "meter_emu.fuzz.models.file_card": "a cipher library of its own",
    "meter_emu.fuzz.targets.card_session": "its model has a cipher library of its own",
    "meter_emu.fuzz.targets.files": "its model has a cipher library of its own",
    "meter_emu.fuzz.targets.wire": "its model has a cipher library of its own",
    "meter_emu.laws.card_kept": "its oracle has a cipher library of its own",
    "meter_emu.laws.office_doubts": "its oracle has a cipher library of its own",
    "meter_emu.laws.office_record": "its oracle has a cipher library of its own",
    "meter_emu.laws.written_back": "its oracle has a cipher library of its own",
    "meter_emu.pytest_laws": "pytest",
    "meter_emu.pytest_plugin": "pytest",
    "meter_emu.strategies": "hypothesis",
    "meter_emu.testing": "it has the driver bench",
    "meter_emu.workers.cluster": "Dask",
    "meter_emu.workers.dask_loop": "Dask",
    "meter_emu.workers.processes": "processes",
}


@pytest.mark.slow("imports each module of the package in a new interpreter, and rehearses")
def test_all_but_a_few_modules_work_without_processes_and_cipher_library(tmp_path: Path) -> None:
    command = ["rehearse", "leap-day-2000", "--json", "-"]
    script = _SCRIPT.replace("{BLOCKED}", repr(_BLOCKED)).replace("{COMMAND}", repr(command))
    script = script.replace("{CARD}", repr(str(tmp_path / "a.card")))

    def said(*argv: str) -> str:
        return subprocess.run(
            argv, cwd=ROOT, capture_output=True, text=True, check=True, timeout=HANG_S
        ).stdout

    failed, status, out = json.loads(said(sys.executable, "-c", script))
    assert failed == sorted(_NEED_IT)
    assert status == 0
    assert out == said(sys.executable, "-m", "meter_emu", *command)
