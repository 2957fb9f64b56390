"""The built page on a static server, in the system's browser, as a person uses it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from tests.site.walked import served
from tests.web.browser import PROGRAM

READY_MS: Final = 240_000  # ours: it takes five seconds on a quiet machine, and tests are not alone


class Seen(NamedTuple):
    """A page, and what it did that it should not."""

    page: Any
    address: str
    wrong: list[str]  # what the console said, policy violations with it
    hosts: set[str]

    def hear(self, said: Any) -> None:
        """Take what the console says, but for what is no fault: `info`, `log`."""
        if said.type in {"error", "warning"}:
            self.wrong.append(f"{said.type}: {said.text}")


@contextmanager
def opened(folder: Path, *, width: int = 1440, **more: Any) -> Iterator[Seen]:
    """Serve the folder, open its first page, and wait until Python is there."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=READY_MS)
    with served(folder) as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": width, "height": 1000}, **more)
        context.set_default_timeout(READY_MS)
        page = context.new_page()
        seen = Seen(page, address, [], set())
        page.on("pageerror", lambda error: seen.wrong.append(str(error)))
        page.on("console", lambda said: seen.hear(said))  # noqa: PLW0108  the driver marks what it calls
        context.on("request", lambda request: seen.hosts.add(urlsplit(request.url).netloc))
        page.goto(address)
        expect(page.locator("#go")).to_be_enabled()
        yield seen
        browser.close()


def rehearsed(page: Any) -> str:
    """Press Rehearse and wait; return the digest of the JSON."""
    page.locator("#go").click()
    return digest(page)


def digest(page: Any) -> str:
    """Wait for a rehearsal to end; return the digest of its JSON."""
    from playwright.sync_api import expect

    expect(page.locator("#go")).to_be_enabled()
    expect(page.locator("#made")).to_be_visible()
    return str(page.locator("#digest").inner_text())


def expect(what: Any) -> Any:
    from playwright.sync_api import expect as of_playwright

    of_playwright.set_options(timeout=READY_MS)
    return of_playwright(what)
