"""The ports on which processes listen, and what somebody else may do at one."""

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.bounds import HANG_S

NOBODY = 65_534  # of Linux: who owns nothing
_LISTENS = "0A"  # of /proc/net/tcp
PAGES = ("/", "/info", "/info/main/workers.html", "/json/counts.json", "/metrics", "/health",
         "/status", "/sitemap.json", "/statics/css/base.css")  # fmt: skip
# As another user, where that can be had: first at a cluster as Dask makes it, which asks nobody.
_WITHOUT_A_CERTIFICATE = """
import asyncio, os, sys, tempfile
import dask, distributed
from distributed.core import connect
from distributed.security import Security

async def runs(address, **how):
    async def asked():
        comm = await connect(address, **how)
        await comm.write({"op": "identity", "reply": True})
        return (await comm.read())["type"]
    try:
        return "is let in by " + await asyncio.wait_for(asked(), 5)
    except Exception as error:
        return "refused: " + type(error).__name__

async def tried():
    at = {"protocol": "tcp", "host": "127.0.0.1", "port": 0, "dashboard_address": "127.0.0.1:0"}
    async with distributed.Scheduler(**at) as own:
        await runs(own.address)  # imports what is imported late
        another = Security.temporary().get_connection_args("client")
        if os.getuid() == 0:
            os.setgroups([]); os.setgid(NOBODY); os.setuid(NOBODY)
        print(os.getuid(), await runs(own.address), flush=True)
        ways = [(f"{way}://127.0.0.1:{port}", how) for port in sys.argv[1:]
                for way, how in (("tcp", {}), ("tls", another))]
        for said in await asyncio.gather(*(runs(at, **how) for at, how in ways)):
            print(said, flush=True)
        os._exit(0)

dask.config.set({"temporary-directory": tempfile.mkdtemp()})
asyncio.run(tried())
"""


def listening(processes: Iterable[int]) -> dict[int, int]:
    """Return the TCP ports of loopback on which these processes listen, each with its process."""
    found = {}
    for pid in processes:
        sockets = set()
        for name in Path(f"/proc/{pid}/fd").iterdir():
            try:
                sockets |= set(re.findall(r"socket:\[(\d+)\]", str(name.readlink())))
            except OSError:
                continue
        for family in ("tcp", "tcp6"):
            for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
                (
                    _,
                    local,
                    _,
                    state,
                    *_,
                ) = line.split()
                if state == _LISTENS and line.split()[9] in sockets:
                    found[int(local.rpartition(":")[2], 16)] = pid
    return found


def pages(port: int) -> list[str]:
    """Return the pages that somebody gets there over HTTP, asking for nothing else."""
    got = []
    for page in PAGES:
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=HANG_S)
        try:
            asked.request("GET", page)
            if asked.getresponse().status < 400:
                got.append(page)
        except (OSError, http.client.HTTPException):
            continue
        finally:
            asked.close()
    return got


def another_user_runs(ports: Iterable[int], folder: Path) -> list[str]:
    """Return what happens at ports to another user of this machine, who has Dask."""
    folder.chmod(0o777)
    script = _WITHOUT_A_CERTIFICATE.replace("NOBODY", str(NOBODY))
    words = [sys.executable, "-c", script, *map(str, ports)]
    env = {**os.environ, "TMPDIR": str(folder)}
    limit_s = 5 * HANG_S  # it imports Dask, and is refused at each port, one after the other
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, cwd="/", env=env, timeout=limit_s
    )
    return done.stdout.splitlines()
