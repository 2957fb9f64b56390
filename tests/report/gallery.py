"""Takes the small pictures of docs/gallery.md, a dozen real results: `make shots`.

Each is what a command printed, or the page that it wrote. The first line that it printed is written
into the picture, so that a test can tell when the program says something else today.
"""

import html
import os
import shlex
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

from tests.cli.sitting import MODEL
from tests.docs.pages import ROOT
from tests.report.picture import with_text
from tests.web.browser import PROGRAM, go_to, window
from tests.web.seat import NEVER_BACK, WRONG, panel

FOLDER: Final = ROOT / "docs" / "gallery"
PAGE: Final = ROOT / "docs" / "gallery.md"
BYTES_MAX: Final = 100_000
WIDE: Final = {"width": 700, "height": 438}
_BOTH: Final = "reference+end-exclusive+reactivation-clears-one"
_TERMINAL: Final = """<!doctype html><meta charset="utf-8"><style>
body { margin: 0; padding: 14px; background: #16202b; color: #e6edf3; }
pre { font: 12.5px/1.45 monospace; margin: 0; white-space: pre-wrap; } b { color: #8fd0ff; }
</style><pre><b>$ COMMAND</b>
SAID</pre>"""
DRIVER: Final = """class Mine:
    chip, bus = "ds1307", "transfer"

    def begin(self, bench):
        self.bench = bench

    def get(self):
        time = self.bench.transfer(0x68, b"\\x00", 3)
        date = self.bench.transfer(0x68, b"\\x03", 4)
        second, minute, hour, _, day, month, year = (b // 16 * 10 + b % 16 for b in time + date)
        return 2000 + year, month, day, hour, minute, second
"""


class Shown(NamedTuple):
    """A picture: its name, its title, the command, and where to look in the page that it writes."""

    name: str
    title: str
    command: str
    page: str = ""  # a selector; empty is what the command printed
    status: int = 0


GALLERY: Final = (
    Shown("sound", "A sound campaign", "rehearse ores-2020-07 --report page", ".board"),
    Shown("night", "The night of 2 July, with two mistakes",
          f"rehearse ores-2020-07 --build {_BOTH} --report page", "svg.night", 1),
    Shown("board", "A board's page", "plan run summer-2027 --report page", ".board"),
    Shown("fleet", "A fleet, a sample of it", "rehearse ores-fleet --sample 200 --report page",
          ".board"),
    Shown("driver", "A clock driver's trace: the date is read after the time",
          "verify --driver mine:Mine --law torn-get", status=1),
    Shown("panel", "The panel of a meter", shlex.join(("run", *NEVER_BACK, *WRONG, "--web")),
          "panel"),
    Shown("rollover", "A token meter's roll-over",
          "rehearse sts-rollover-2024 --build reference+rollover-bit-ignored", status=1),
    Shown("counterexample", "A mistake that verify found, in a story made small",
          "verify reference+torn-read --law tick-inside --examples 40", status=1),
    Shown("explored", "An explored scope: every sequence of acts",
          "explore reference+end-exclusive --scope new --depth 2", status=1),
    Shown("diagnosis", "A diagnosis",
          "diagnose ores-2020-07 --singles --only end-exclusive "
          "--only night-named-by-its-morning --report page", "#matrix"),
    Shown("card", "A decoded card", "card show home.card"),
    Shown("timeline", "A time line",
          f"rehearse ores-2020-07 --build {_BOTH} --household june-29 --report page", "details", 1),
)  # fmt: skip


def prepared(folder: Path) -> None:
    """Put into a folder what the commands find there: a clock driver, and a card with orders."""
    (folder / "mine.py").write_text(DRIVER, "utf-8")
    ends = "--defer-until 2020-07-03T23:01 --cut-at 2020-07-03T23:01"
    run("card new home.card --meter-id 541000000001 --issued-at '2020-03-23 14:50'", folder)
    run(f"desk arm home.card {ends} --issued-at '2020-03-23 14:55'", folder)


def run(command: str, folder: Path, status: int = 0) -> str:
    """Return what a command prints in a folder."""
    words = [sys.executable, "-m", "meter_emu", *shlex.split(command)]
    env = {**os.environ, "COLUMNS": "96", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        words, cwd=folder, env=env, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == status, (command, done.stderr)
    return done.stdout


def first_line(said: str) -> str:
    """Return what is written into a picture."""
    return said.splitlines()[0].strip().encode("ascii", "ignore").decode()


def picture(browser: Any, one: Shown, folder: Path) -> bytes:
    """Return the picture of what a command prints, or of the page that it writes."""
    said = run(one.command, folder, one.status)
    seen = browser.new_page(viewport=WIDE)
    if one.page:
        seen.goto((folder / "page" / "index.html").as_uri())
        found = seen.locator(one.page).first
        if one.page == "details":
            seen.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            found = seen.locator("svg.drawing:not(.night)").first
        if one.page != ".board":
            found.evaluate("one => scrollTo(0, one.getBoundingClientRect().top + scrollY - 60)")
    else:
        text = _TERMINAL.replace("COMMAND", html.escape(f"meter-emu {one.command}"))
        seen.set_content(text.replace("SAID", html.escape(said)))
    raw: bytes = seen.screenshot()
    seen.close()
    return with_text(raw, first_line(said))


def of_panel(folder: Path) -> bytes:
    """Return the picture of the panel, in the night of 2 July, with a defect."""
    with (
        panel(*NEVER_BACK, *WRONG, cwd=folder) as address,
        window(address, WIDE["width"], WIDE["height"]) as seen,
    ):
        go_to(seen, "2020-07-02 23:30")
        seen.wait_for_timeout(700)
        raw: bytes = seen.screenshot()
    return with_text(raw, MODEL)


def page() -> str:
    """Return docs/gallery.md."""
    parts = [
        f"## {one.title}\n\n![{one.title}](gallery/{one.name}.png)\n\n"
        f"```text\nmeter-emu {one.command}\n```\n"
        for one in GALLERY
    ]
    begins = (
        "# Gallery\n\nTwelve real results, each with the command that made it. `make shots` makes "
        "them anew; a test tells when one is\nout of date. `mine.py` and `home.card` are from "
        "`tests/report/gallery.py`.\n"
    )
    return "\n".join([begins, *parts])


def main() -> None:
    """Write page and pictures."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    PAGE.write_text(page(), "utf-8")
    with TemporaryDirectory() as name:
        folder = Path(name)
        prepared(folder)
        (FOLDER / "panel.png").write_bytes(of_panel(folder))
        with sync_playwright() as driver:
            flags = ["--no-sandbox"] if os.getuid() == 0 else []
            browser = driver.chromium.launch(executable_path=PROGRAM, args=flags)
            for one in GALLERY:
                if one.page != "panel" and one.name in (sys.argv[1:] or one.name):
                    (FOLDER / f"{one.name}.png").write_bytes(picture(browser, one, folder))
            browser.close()


if __name__ == "__main__":
    main()
