"""Takes the pictures of `docs/front-panel.md`, and of `docs/token-meters.md`: `make shots`."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.cli.sitting import JUNE, MODEL
from tests.docs.pages import ROOT
from tests.web.browser import go_to, window
from tests.web.seat import GAS, NEVER_BACK, OUT_OF_CREDIT, WRONG, panel

FOLDER = ROOT / "docs" / "front-panel"


def main() -> int:
    """Write all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        cwd = Path(folder)
        with panel(*NEVER_BACK, *WRONG, cwd=cwd) as address:
            with window(address, 1280, 1000) as seen:
                go_to(seen, "2020-07-02 23:30")
                shot(seen, "night-with-the-defect")
            with window(address, 390, 844, color_scheme="dark") as seen:
                shot(seen, "on-a-telephone")
            with window(address, 1920, 1080, color_scheme="dark") as seen:
                shot(seen, "wide-and-dark")
            with window(address, 1280, 1000) as seen:
                seen.get_by_role("tab", name="Memory").scroll_into_view_if_needed()
                seen.locator("#bytes tr", has_text="cut_end").first.scroll_into_view_if_needed()
                shot(seen, "bytes")
        with panel(*NEVER_BACK, cwd=cwd) as address, window(address, 1280, 1000) as seen:
            go_to(seen, "2020-07-02 23:30")
            shot(seen, "night-without")
            go_to(seen, "2020-06-30 09:30")
            seen.get_by_role("button", name="Reactivate").click()
            seen.get_by_role("button", name="Put in").click()
            seen.get_by_role("button", name="Pull out").click()
            go_to(seen, "2020-07-04 12:00")
            shot(seen, "back-and-reactivated")
        (cwd / "before.txt").write_text(OUT_OF_CREDIT + "office new, load 50\ninsert\n", "utf-8")
        with panel(*GAS, cwd=cwd, rate="60") as address, window(address, 1280, 1000) as seen:
            seen.get_by_role("button", name="Shut the appliances").click()
            seen.locator("h1").click()
            seen.keyboard.press("B")
            seen.locator("#display", has_text="WAIT").wait_for()
            shot(seen, "countdown-of-gas")
        paid = ("openpaygo", "--start", "2024-03-01 08:00", "--load-w", "12")
        with panel(*paid, cwd=cwd) as address, window(address, 1280, 1000) as seen:
            seen.get_by_role("button", name="Sell").click()
            seen.locator("#sold", has_text="7 days").wait_for()
            seen.locator("#digits").fill(seen.locator("#sold").inner_text().split()[0])
            seen.get_by_role("button", name="Enter").click()
            seen.locator("#display", has_text="TAKEN").wait_for()
            shot(seen, "paid-by-the-day")
        (cwd / "home.card").unlink()
        with panel(MODEL, *JUNE, cwd=cwd, rate="1") as address, window(address, 1280, 1000) as seen:
            seen.get_by_role("button", name="New card").click()
            seen.locator(".chip").wait_for()
            seen.locator("h1").click()
            seen.keyboard.press("i")
            seen.keyboard.press("x")
            seen.locator("#log", has_text="card refused").wait_for()
            shot(seen, "card-pulled")
    return 0


def shot(seen: Any, name: str) -> None:
    seen.wait_for_timeout(700)  # for the slowest part of the page, its bytes
    seen.screenshot(path=str(FOLDER / f"{name}.png"))


if __name__ == "__main__":
    sys.exit(main())
