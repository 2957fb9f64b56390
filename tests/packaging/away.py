"""Runs a command away from the checkout."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from tests.bounds import HANG_S

ROOT = Path(__file__).parents[2]
NOTHING: Mapping[str, str] = MappingProxyType({})


def away(
    *command: str,
    cwd: Path,
    path: Path | None = None,
    more: Mapping[str, str] = NOTHING,
    given: str = "",
    limit_s: float = HANG_S,
) -> subprocess.CompletedProcess[str]:
    """Run a command offline, with nothing of the checkout on its path; `given` is its input."""
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("PYTHON") or key == "PYTHONPYCACHEPREFIX"  # a cache is no path
    }
    env |= {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "COLUMNS": "80", **more}
    if path is not None:
        env["PYTHONPATH"] = str(path)
    return subprocess.run(
        command, cwd=cwd, env=env, input=given, capture_output=True, text=True, timeout=limit_s,
        check=False,
    )  # fmt: skip
