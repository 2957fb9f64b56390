"""Takes the pictures of `docs/front-panel.md`: `make shots`."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.docs.pages import ROOT
from tests.web.browser import go_to, window
from tests.web.seat import NEVER_BACK, WRONG, panel

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
                seen.locator("#bytes").scroll_into_view_if_needed()
                shot(seen, "bytes")
        with panel(*NEVER_BACK, cwd=cwd) as address, window(address, 1280, 1000) as seen:
            go_to(seen, "2020-07-02 23:30")
            shot(seen, "night-without")
    return 0


def shot(seen: Any, name: str) -> None:
    seen.wait_for_timeout(700)  # for the slowest part of the page, its bytes
    seen.screenshot(path=str(FOLDER / f"{name}.png"))


if __name__ == "__main__":
    sys.exit(main())
