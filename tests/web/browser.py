"""The system's browser at a front panel, driven as a person does."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.bounds import HANG_MS

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
WIDTHS = (390, 768, 1280, 1920)


@contextmanager
def window(address: str, width: int, height: int = 1000, **more: Any) -> Iterator[Any]:
    """Give a page of the panel; an error in it, or a refused request, is an error of the test."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=HANG_MS)
    wrong: list[str] = []
    with sync_playwright() as driver:
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = driver.chromium.launch(executable_path=PROGRAM, args=flags)
        context = browser.new_context(viewport={"width": width, "height": height}, **more)
        seen = context.new_page()
        seen.on("pageerror", lambda error: wrong.append(str(error)))
        seen.on("console", lambda said: wrong.append(said.text))
        seen.goto(address)
        expect(seen.locator("#clock")).not_to_be_empty()
        yield seen
        browser.close()
    assert wrong == [], wrong


def go_to(seen: Any, when: str) -> None:
    """Type a date and go there; what is seen then is what the panel shows of it."""
    from playwright.sync_api import expect

    seen.locator("#when-at").fill(when)
    seen.locator("#when button").click()
    expect(seen.locator("#clock")).to_contain_text(when)
