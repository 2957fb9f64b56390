"""A page of which something does not come says what, and never loads for ever."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.page.seen import expect
from tests.page.test_in_node import PAGE
from tests.site.walked import served
from tests.web.browser import PROGRAM

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-page`")
pytestmark = pytest.mark.skipif(
    not os.environ.get("METER_EMU_PAGE") or PROGRAM is None,
    reason="make test-page builds it, with chromium",
)
NO_SCRIPT = "the page has no script or"
NOT_COME = "did not come"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PAGE, tmp_path / "page", copy_function=os.link))


def said(browser: Any, address: str, words: str, **more: Any) -> None:
    context = browser.new_context(**more)
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#state")).to_contain_text(words)
    assert page.locator("#go").is_disabled()
    context.close()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        *((name, NO_SCRIPT) for name in ("app.mjs", "engine.mjs")),
        *((name, NOT_COME) for name in ("worker.mjs", "python.mjs", "pipe.mjs", "known.json")),
        *((name, NOT_COME) for name in ("python/program.zip", "python/pyodide.asm.wasm")),
        ("sw.js", "Failed to register a ServiceWorker"),
    ],
)
@pytest.mark.parametrize("how", ["gone", "another"])
def test_a_file_that_does_not_come_is_said(
    browser: Any, folder: Path, name: str, words: str, how: str
) -> None:
    (folder / name).unlink()
    if how == "another":
        if name in {"app.mjs", "engine.mjs", "sw.js"}:
            pytest.skip("a script that a server changed is the server's page")
        (folder / name).write_bytes(b"another file")
    with served(folder) as address:
        said(browser, address, words)


def test_without_a_script_or_a_server_the_words_of_the_page_stand(browser: Any) -> None:
    with served(PAGE) as address:
        said(browser, address, NO_SCRIPT, java_script_enabled=False)
    said(browser, (PAGE / "index.html").as_uri(), NO_SCRIPT)


def test_a_worker_that_dies_is_said_and_the_page_begins_again(browser: Any) -> None:
    context = browser.new_context()
    page = context.new_page()
    with served(PAGE) as address:
        page.goto(address)
        expect(page.locator("#go")).to_be_enabled()
        page.workers[0].evaluate("close()")
        page.locator("#go").click()
        page.locator("#cancel").click()
        expect(page.locator("#answer")).to_contain_text("The program does not answer.")
        page.locator("#again").click()
        expect(page.locator("#again")).to_be_hidden()
        expect(page.locator("#go")).to_be_enabled()
    context.close()
