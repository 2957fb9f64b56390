"""The built page in the system's browser: its rooms, what it keeps and what it asks for."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from meter_emu.resources import built_in
from tests.page.seen import Seen, digest, expect, opened, rehearsed
from tests.page.test_in_node import PAGE, in_cpython, sha256
from tests.site.walked import served
from tests.web.browser import PROGRAM

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-page`")
pytestmark = pytest.mark.skipif(
    not os.environ.get("METER_EMU_PAGE") or PROGRAM is None,
    reason="make test-page builds it, with chromium",
)
WRONG = "reference+end-exclusive"


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    with opened(PAGE, bypass_csp=False) as one:
        yield one


def test_a_rehearsal_by_keyboard_alone_has_the_bytes_of_cpython(seen: Seen) -> None:
    page = seen.page
    page.locator("#build").focus()
    page.keyboard.type("end-exclusive")
    assert page.locator("#build").input_value() == WRONG
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "go":
            break
    page.keyboard.press("Enter")
    done = in_cpython("rehearse", "ores-2020-07", "--build", WRONG, "--json", "-")
    assert digest(page) == sha256(done.stdout.encode())
    expect(page.locator("#answer")).to_contain_text("8 of 27 lived what was announced to them")
    frame = page.frame_locator("#report")
    expect(frame.locator("h1")).to_contain_text("ORES")
    assert frame.locator("body").evaluate("body => getComputedStyle(body).maxWidth") != "none"


def test_a_file_that_is_dropped_is_rehearsed(seen: Seen) -> None:
    page, path = seen.page, built_in("campaigns")["leap-day-2000"]
    page.locator("#build").select_option("")
    script = """async (text) => { const all = new DataTransfer();
      all.items.add(new File([text], "mine.toml"));
      document.querySelector("#rehearse").dispatchEvent(
        new DragEvent("drop", {dataTransfer: all, bubbles: true})) }"""
    page.evaluate(script, path.read_text("utf-8"))
    expect(page.locator("#hint")).to_contain_text("mine.toml is rehearsed")
    done = in_cpython("rehearse", str(path), "--json", "-")
    assert rehearsed(page) == sha256(done.stdout.encode())
    page.evaluate(script, path.read_text("utf-8").replace("name =", "nmae =", 1))
    page.locator("#go").click()
    expect(page.locator("#answer")).to_contain_text("nmae: unknown key, did you mean 'name'?")


def test_a_rehearsal_can_be_cancelled_and_another_begun(seen: Seen) -> None:
    page = seen.page
    page.locator("#file").set_input_files(built_in("campaigns")["thirties"])
    page.locator("#go").click()
    expect(page.locator("#far")).not_to_have_js_property("value", 0)
    page.locator("#cancel").click()
    expect(page.locator("#answer")).to_contain_text("interrupted")
    page.locator("#file").set_input_files([])
    page.locator("#campaign").select_option("leap-day-2000")
    done = in_cpython("rehearse", "leap-day-2000", "--json", "-")
    assert rehearsed(page) == sha256(done.stdout.encode())


def test_dates_tokens_and_files_are_decoded(seen: Seen, tmp_path: Path) -> None:
    page = seen.page
    page.locator("nav a", has_text="Decode").click()
    page.locator("#what button").click()
    expect(page.locator("#said")).to_contain_text("2020-07-03 23:01")
    page.locator("#kind").select_option(index=3)
    page.locator("#what button").click()
    expect(page.locator("#said")).to_contain_text("E653341F9D5BF36F")
    in_cpython("card", "new", "home.card", "--meter-id", "541000000001", cwd=tmp_path)
    page.locator("#image").set_input_files(tmp_path / "home.card")
    expect(page.locator("#said")).to_contain_text("home.card is a card image:")
    page.locator("#line").fill("verify reference")
    page.locator("#line").press("Enter")
    expect(page.locator("#said")).to_contain_text("verify does not run here: its laws run")


def test_a_household_of_the_report_opens_in_the_meter(seen: Seen) -> None:
    page = seen.page
    page.locator("nav a", has_text="Rehearse").click()
    page.locator("#campaign").select_option("leap-day-2000")
    rehearsed(page)
    page.locator("#live button").click()
    panel = page.frame_locator("#panel")
    expect(panel.locator("#title")).to_contain_text("leap day")
    expect(page.locator("#seat")).to_contain_text("of leap-day-2000")
    page.locator("#alone").click()
    panel = page.frame_locator("#panel")
    expect(panel.locator("#clock")).to_contain_text("2020-07-03")
    panel.get_by_role("button", name="Pull out").click()
    expect(panel.locator("#in-slot")).to_contain_text("drop a card here")


def test_axe_finds_nothing_in_any_room(seen: Seen) -> None:
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()
    for room in ("Rehearse", "The meter", "Decode"):
        seen.page.locator("nav a", has_text=room).click()
        found = axe.run(seen.page, options={"iframes": False})
        assert found.violations_count == 0, found.generate_report()


def test_only_its_own_host_was_asked_and_its_policy_was_kept(seen: Seen) -> None:
    assert seen.hosts - {""} == {seen.address.split("/")[2]}
    assert seen.wrong == []


def test_nothing_of_a_household_is_left_in_the_browser(seen: Seen) -> None:
    script = """async () => { const found = [];
      for (const name of await caches.keys())
        for (const one of await (await caches.open(name)).keys())
          found.push(new URL(one.url).pathname);
      return [found, localStorage.length, sessionStorage.length,
        (await indexedDB.databases()).length, document.cookie] }"""
    found, *others = seen.page.evaluate(script)
    listed = (PAGE / "SHA256SUMS").read_text("utf-8").splitlines()
    assert set(found) == {f"/{line.split('  ')[1]}" for line in listed} - {"/sw.js"}
    assert others == [0, 0, 0, ""]


def test_what_is_over_is_no_longer_seen_and_the_hashes_can_be_read(seen: Seen) -> None:
    expect(seen.page.locator("#starting")).to_be_hidden()
    script = "async (name) => (await fetch(name)).text()"
    assert "  sw.js\n" in seen.page.evaluate(script, "SHA256SUMS")
    assert "MPL-2.0" in seen.page.evaluate(script, "NOTICES.txt")


def test_it_works_without_a_network(seen: Seen) -> None:
    page = seen.page
    page.context.set_offline(True)
    page.goto(seen.address)
    expect(page.locator("#go")).to_be_enabled()
    page.locator("#campaign").select_option("leap-day-2000")
    done = in_cpython("rehearse", "leap-day-2000", "--json", "-")
    assert rehearsed(page) == sha256(done.stdout.encode())


def test_a_file_that_was_changed_on_the_server_is_not_taken(seen: Seen, tmp_path: Path) -> None:
    """One byte of the program's archive: the page says so, and starts nothing."""
    shutil.copytree(PAGE, tmp_path / "page")
    archive = tmp_path / "page" / "python" / "program.zip"
    data = bytearray(archive.read_bytes())
    data[1000] ^= 1
    archive.write_bytes(data)
    with served(tmp_path / "page") as address:
        page = seen.page.context.browser.new_context().new_page()
        page.goto(address)
        expect(page.locator("#state")).to_contain_text("is not what was published")
        expect(page.locator("#go")).to_be_disabled()
        page.context.close()


def test_the_meter_opened_by_itself_says_where_to_begin(seen: Seen) -> None:
    wrong: list[str] = []
    with served(PAGE) as address:
        page = seen.page.context.browser.new_context().new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(address + "meter/en.html")
        expect(page.locator("#log")).to_contain_text("This is a room of the page without install")
        page.context.close()
    assert wrong == []


BLOCKS = """<!doctype html><title>a page of the documentation</title>
<div class="highlight"><pre><code>meter-emu card new home.card --meter-id 541000000001
meter-emu show file home.card  # the same, explained</code></pre></div>
<div class="highlight"><pre><code>meter-emu verify reference</code></pre></div>
<div class="highlight"><pre><code>meter-emu rehearse winter --build ./mine
</code></pre></div>
<div class="highlight"><pre><code>make page</code></pre></div>
<script type="module" src="try/press.mjs"></script>
"""


def test_a_command_of_the_documentation_can_be_pressed_and_nothing_is_loaded_before(
    seen: Seen, tmp_path: Path
) -> None:
    shutil.copytree(PAGE, tmp_path / "try")
    (tmp_path / "index.html").write_text(BLOCKS, "utf-8")
    asked: list[str] = []
    with served(tmp_path) as address:
        page = seen.page.context.browser.new_context().new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(address)
        buttons = page.get_by_role("button", name="Try it here")
        expect(buttons).to_have_count(2)
        expect(page.locator(".press-not")).to_contain_text("Not in this page: its laws run")
        assert [url for url in asked if "/python" in url] == []
        buttons.first.click()
        expect(page.locator(".pressed").first).to_contain_text("home.card is a card image:")
        assert [url for url in asked if "/python/program.zip" in url] != []
        page.context.close()
