"""A real browser without a window: what a page does there, reported by a probe in a copy of it."""

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.bounds import HANG_S

PROGRAM = shutil.which("chromium")
WHY_NOT = "no command chromium: apt-get install chromium"
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars", "--allow-file-access-from-files", "--enable-logging=stderr",
)  # fmt: skip
PROBE = (Path(__file__).parent / "probe.js").read_text("utf-8")
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
NARROWEST = 500  # no window is narrower; below that the page goes into a frame


@dataclass(frozen=True)
class Shown:
    """What the probe saw, and what the page said on the browser's console."""

    seen: dict[str, Any]
    console: list[str]


def need_browser() -> None:
    """Skip without a browser; where everything is meant to run, fail."""
    if PROGRAM is None:
        if os.environ.get("CI"):
            pytest.fail(WHY_NOT)
        pytest.skip(WHY_NOT)


def show(page: str, folder: Path, *, width: int, dark: bool = False) -> Shown:
    """Open a copy of the page, without its policy and with the probe, in a window so wide."""
    probed = POLICY.sub("", page).replace("</body>", f"<script>{PROBE}</script></body>")
    assert "probe" in probed
    path = folder / "page.html"
    path.write_text(probed, "utf-8")
    if width < NARROWEST:
        frame = f'<iframe src="page.html" style="width:{width}px;height:900px;border:0"></iframe>'
        path = folder / "frame.html"
        path.write_text(f"<!doctype html><title>frame</title><body>{frame}</body>", "utf-8")
    dumped = run(path, folder, f"--window-size={max(width, NARROWEST)},900", dark=dark)
    found = re.findall(r'<pre id="probe">(.*?)</pre>', dumped.stdout, re.DOTALL)
    assert found, dumped.stderr
    return Shown(json.loads(html.unescape(found[-1])), console_of(dumped.stderr))


SWEEP = """<!doctype html><title>sweep</title><body><script>
const frames = WIDTHS.map((width) => {
  const frame = document.createElement("iframe");
  frame.src = "page.html";
  frame.style = `width:${width}px;height:700px;border:0`;
  return document.body.appendChild(frame);
});
addEventListener("load", () => {
  const over = frames.map((frame) => {
    const root = frame.contentDocument.documentElement;
    return [root.clientWidth, root.scrollWidth];
  });
  const said = document.createElement("pre");
  said.id = "sweep";
  said.textContent = JSON.stringify(over);
  document.body.append(said);
});
</script></body>"""


def swept(page: str, folder: Path, widths: list[int]) -> list[tuple[int, int]]:
    """Return, for windows of these widths, how wide each is and how wide the page in it."""
    (folder / "page.html").write_text(page, "utf-8")
    path = folder / "sweep.html"
    path.write_text(SWEEP.replace("WIDTHS", json.dumps(widths)), "utf-8")
    dumped = run(path, folder, f"--window-size={max(widths)},900", dark=False)
    found = re.findall(r'<pre id="sweep">(.*?)</pre>', dumped.stdout, re.DOTALL)
    assert found, dumped.stderr
    return [(window, wide) for window, wide in json.loads(found[-1])]


def printed(page: str, folder: Path) -> int:
    """Return on how many sheets of paper a page is printed."""
    assert PROGRAM is not None, "need_browser comes first"
    path, paper = folder / "page.html", folder / "page.pdf"
    path.write_text(page, "utf-8")
    subprocess.run(
        [
            PROGRAM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer",
            f"--print-to-pdf={paper}", path.as_uri(),
        ],
        capture_output=True, timeout=2 * HANG_S, check=True,
    )  # fmt: skip
    return len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes()))


def run(path: Path, folder: Path, size: str, *, dark: bool) -> subprocess.CompletedProcess[str]:
    assert PROGRAM is not None, "need_browser comes first"
    return subprocess.run(
        [
            PROGRAM, *FLAGS, size, f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            "--dump-dom", path.as_uri(),
        ],
        capture_output=True, text=True, timeout=2 * HANG_S, check=False,
    )  # fmt: skip


def console_of(log: str) -> list[str]:
    """Return what pages said: errors, warnings and refusals all come as console lines."""
    return [line for line in log.splitlines() if "CONSOLE" in line]
