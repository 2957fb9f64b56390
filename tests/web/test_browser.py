"""The front panel in the system's browser, as a person sees and uses it: `make test-web`."""

from pathlib import Path
from typing import Any

import pytest

from tests.cells import each_cell
from tests.web.browser import PROGRAM, WIDTHS, go_to, window
from tests.web.seat import GAS, NEVER_BACK, OUT_OF_CREDIT, WRONG, panel

pytest.importorskip("playwright", reason="the browser's driver comes with `make test-web`")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no chromium: apt-get install chromium")
KEYS = (
    ("b", "key         blue"), ("B", "key held    blue"), ("a", "shut"), ("p", "power lost"),
    ("n", "nothing is planned"), ("u", "again"),
)  # fmt: skip
JUNE = ("--start", "2020-06-29 07:00", "--load-w", "400", "--balance-eur", "20")


def see(seen: Any, what: str, text: str) -> None:
    from playwright.sync_api import expect

    expect(seen.locator(what)).to_contain_text(text)


def test_the_night_of_2_july_with_the_defect_and_going_back(tmp_path: Path) -> None:
    with panel(*NEVER_BACK, *WRONG, cwd=tmp_path) as address, window(address, 1280) as seen:
        go_to(seen, "2020-07-02 23:30")
        see(seen, "#display", "OFF: CUT AS OF 2020-07-02 23:01")
        see(seen, "#verdict", "Cut before the ordered moment")
        see(seen, "#verdict", "the meter stated 2020-07-02 23:01")
        go_to(seen, "2020-06-29 23:30")
        seen.get_by_role("button", name="Reactivate").click()
        see(seen, "#log", "reactivate")
        drag(seen, ".office .chip", "#slot")
        see(seen, "#in-slot", "home.card")
        seen.get_by_role("button", name="Pull out").click()
        see(seen, "#in-slot", "drop a card here")
        go_to(seen, "2020-07-04 12:00")
        see(seen, "#lamps", "SUPPLY on")


def test_the_night_without_the_defect_from_the_office_on(tmp_path: Path) -> None:
    """From the office in spring to the dark flat, on the announced evening."""
    with (
        panel("electricity-pcf8563-utc", *JUNE, cwd=tmp_path) as address,
        window(address, 1280) as seen,
    ):
        seen.get_by_role("button", name="New card").click()
        see(seen, "#log", "new card")
        seen.get_by_label("Not before (T1)").fill("3 July 23:01")
        seen.get_by_label("Cut at (T2)").fill("3 July 23:01")
        seen.get_by_role("button", name="Write").click()
        see(seen, "#log", "cut at 2020-07-03 23:01")
        drag(seen, ".office .chip", "#slot")
        see(seen, "#display", "CARD 01 EXECUTED")
        see(seen, "#plan", "programmed cut T2 2020-07-03 23:01")
        drag(seen, "#in-slot .chip", "#office")
        see(seen, "#in-slot", "drop a card here")
        go_to(seen, "2020-07-02 23:59")
        see(seen, "#lamps", "SUPPLY on")
        go_to(seen, "2020-07-03 23:30")
        see(seen, "#display", "OFF: CUT AS OF 2020-07-03 23:01")
        seen.get_by_role("tab", name="Card").click()
        see(seen, "#bytes", "cut_at")
        assert (tmp_path / "home.card").exists()


def test_a_card_is_pulled_in_the_middle_of_its_session(tmp_path: Path) -> None:
    with (
        panel("electricity-pcf8563-utc", *JUNE, cwd=tmp_path, rate="1") as address,
        window(address, 1280) as seen,
    ):
        seen.get_by_role("button", name="New card").click()
        see(seen, "#pick", "home.card")
        seen.locator("h1").click()
        seen.keyboard.press("i")  # a session takes half a second
        seen.keyboard.press("x")
        see(seen, "#log", "card refused")
        see(seen, "#in-slot", "drop a card here")


def test_a_countdown_of_gas(tmp_path: Path) -> None:
    """A minute of it takes a second; then there is gas."""
    (tmp_path / "before.txt").write_text(OUT_OF_CREDIT, "utf-8")
    with panel(*GAS, cwd=tmp_path, rate="60") as address, window(address, 1280) as seen:
        see(seen, "#display", "CREDIT EXHAUSTED")
        seen.get_by_label("Load, euro").fill("50")
        seen.get_by_role("button", name="New card").click()
        see(seen, "#log", "new card")
        seen.get_by_role("button", name="Write").click()
        see(seen, "#log", "load 50.00 EUR")
        seen.get_by_role("button", name="Put in").click()
        see(seen, "#display", "HOLD BLUE")
        seen.get_by_role("button", name="Shut the appliances").click()
        see(seen, "#appliances", "Light the appliances")
        hold(seen, "blue", 3_200)
        see(seen, "#display", "WAIT ")
        see(seen, "#display", "CREDIT 49.4")
        see(seen, "#lamps", "SUPPLY on")


def test_the_tour_of_the_night_is_six_steps_and_is_shared_as_a_link(tmp_path: Path) -> None:
    """Its end is that of the household that was reactivated; the link alone leads there again."""
    with panel(*NEVER_BACK, *WRONG, cwd=tmp_path) as address, window(address, 1280) as seen:
        seen.get_by_role("button", name="Guided tour").click()
        for number in range(1, 7):
            seen.get_by_role("button", name="Next step").click()
            see(seen, "#step-of", f"{number} of 6")
            if number == 2:
                see(seen, "#display", "T1 2020-07-02 23:01")
            if number == 4:
                see(seen, "#display", "OFF: CUT AS OF 2020-07-02 23:01")
                see(seen, "#verdict", "Cut before the ordered moment")
        see(seen, "#clock", "2020-07-04 12:00")
        see(seen, "#lamps", "SUPPLY on")
        seen.get_by_role("button", name="Copy as a link").click()
        link = seen.evaluate("location.hash")
    with panel(*NEVER_BACK, *WRONG, cwd=tmp_path) as address, window(address + link, 1280) as seen:
        see(seen, "#caption", "Steps: 11")
        while seen.get_by_role("button", name="Next step").is_enabled():
            seen.get_by_role("button", name="Next step").click()
        see(seen, "#clock", "2020-07-04 12:00")
        see(seen, "#log", "reactivate")
        see(seen, "#lamps", "SUPPLY on")
    with panel(*NEVER_BACK, cwd=tmp_path) as address, window(address + link, 1280) as seen:
        begins = " ".join(("meter-emu run", NEVER_BACK[0], *WRONG, *NEVER_BACK[1:], "--web"))
        see(seen, "#log", f"the link is of another meter, which this begins: {begins}")
        assert seen.locator("#tour").is_hidden()


def test_a_slip_of_the_year_holds_nobody_hostage(tmp_path: Path) -> None:
    with panel(*NEVER_BACK, cwd=tmp_path) as address, window(address, 1280) as seen:
        seen.get_by_label("Date", exact=True).fill("2072-07-02 23:01")
        seen.get_by_label("Date", exact=True).press("Enter")
        see(seen, "#far-words", "2072-07-02 23:01")
        seen.get_by_role("button", name="Stay").click()
        seen.get_by_label("Date", exact=True).press("Enter")
        seen.get_by_role("button", name="Go there").click()
        see(seen, "#jump-to", "2072-07-02 23:01")
        seen.keyboard.press("Escape")
        see(seen, "#log", "stopped at")
        assert not seen.locator("#jump").is_visible()
        seen.get_by_label("Date", exact=True).fill("31 June")
        seen.get_by_label("Date", exact=True).press("Enter")
        see(seen, "#when-at-wrong", " has no 31 June")
        seen.get_by_label("Load, euro").fill("50, reactivate")
        seen.get_by_role("button", name="Write").click()
        see(seen, "#o-load-wrong", "expected an amount")


def test_each_hint_of_the_evening_alone_is_a_control_that_does_it(tmp_path: Path) -> None:
    """Who follows the first words of the page keeps the light."""
    with panel(cwd=tmp_path) as address, window(address, 1280) as seen:
        see(seen, "#log", "Next event goes on, Undo undoes.")
        said = seen.locator("#log").inner_text()
        names = ("Pull out", "Reactivate", "Put in", "Next event", "Undo")
        for name in names:
            assert name in said
            assert seen.get_by_role("button", name=name).count() == 1, name
        for name in names[:3]:
            seen.get_by_role("button", name=name).click()
        go_to(seen, "2020-07-04 12:00")
        see(seen, "#lamps", "SUPPLY on")


def test_every_control_is_reached_and_works_by_keyboard(tmp_path: Path) -> None:
    with (
        panel("electricity-pcf8563-utc", *JUNE, cwd=tmp_path) as address,
        window(address, 1280) as seen,
    ):
        reached: list[str] = []
        for _ in range(60):
            seen.keyboard.press("Tab")
            name = seen.evaluate(
                "() => { const a = document.activeElement;"
                " return a.id || a.textContent.trim() || a.tagName; }"
            )
            if name in reached[:1]:
                break
            reached.append(name)
        controls = seen.evaluate(
            "() => [...document.querySelectorAll('button, input, select, [tabindex=\"0\"]')]"
            ".filter((a) => !a.disabled && a.tabIndex >= 0 && a.offsetParent)"
            ".map((a) => a.id || a.textContent.trim())"
        )
        assert set(controls) <= set(reached), set(controls) - set(reached)
        seen.get_by_role("button", name="red").focus()
        seen.keyboard.press("Enter")
        see(seen, "#log", "key         red")
        seen.locator("h1").click()
        for key, said in KEYS:
            seen.keyboard.press(key)
            see(seen, "#log", said)
        seen.locator("#line").focus()
        seen.keyboard.press("ArrowLeft")
        see(seen, "#facts", "an earlier moment")
        seen.get_by_role("tab", name="Memory").focus()
        seen.keyboard.press("ArrowRight")
        see(seen, "#bytes", "seconds")


@each_cell(("width", "scheme"), [(w, s) for w in WIDTHS for s in ("light", "dark")])
def test_nothing_is_cut_off_and_axe_finds_nothing(width, scheme, tmp_path_factory):
    from axe_playwright_python.sync_playwright import Axe

    folder = tmp_path_factory.mktemp("seat")
    more = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}
    with (
        panel(*NEVER_BACK, *WRONG, cwd=folder) as address,
        window(address, width, **more) as seen,
    ):
        go_to(seen, "2020-07-02 23:30")
        see(seen, "#bytes", "state record")
        assert seen.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(seen)
        assert found.violations_count == 0, found.generate_report()


PAID = ("openpaygo", "--start", "2024-03-01 08:00", "--load-w", "12")


def tab_to(seen: Any, name: str) -> None:
    """Go to a control as somebody without a mouse does."""
    for _ in range(80):
        if seen.evaluate("document.activeElement.id || document.activeElement.textContent") == name:
            return
        seen.keyboard.press("Tab")
    raise AssertionError(f"no Tab reaches {name}")


def key_in(seen: Any, digits: str) -> None:
    """Press the keys of the keypad one by one, by Tab and Enter."""
    pad = seen.get_by_role("group", name="keys of the keypad")
    for digit in digits:
        pad.get_by_role("button", name=digit, exact=True).focus()
        seen.keyboard.press("Enter")
    tab_to(seen, "enter")
    seen.keyboard.press("Enter")


@pytest.mark.slow("a month at a panel in a browser")
def test_a_month_of_paid_light_by_keyboard_alone(tmp_path: Path) -> None:
    """Buy, mistype, key in, wait until it is over, and key the used one in again."""
    with panel(*PAID, cwd=tmp_path) as address, window(address, 1280) as seen:
        see(seen, "#display", "NOT PAID")
        see(seen, "#home-words", "The home is dark")
        tab_to(seen, "v-days")
        seen.keyboard.press("Control+A")
        seen.keyboard.type("30")
        seen.keyboard.press("Enter")
        see(seen, "#sold", "adds 30 days, count 2")
        digits = seen.locator("#sold").inner_text().split()[0]
        tab_to(seen, "digits")
        seen.keyboard.type(digits[:8] + str((int(digits[8]) + 1) % 10))
        seen.keyboard.press("Enter")
        see(seen, "#display", "NOT PAID | WRONG TOKEN")
        key_in(seen, digits)
        see(seen, "#display", "PAID 30d 00h | TAKEN")
        see(seen, "#home-words", "The lights are on.")
        tab_to(seen, "when-at")
        seen.keyboard.type("2024-03-31 07:00")
        seen.keyboard.press("Enter")
        see(seen, "#display", "PAID 0d 02h")  # summer begins that night, and 30 days are 720 hours
        tab_to(seen, "when-at")
        seen.keyboard.press("Control+A")
        seen.keyboard.type("2024-03-31 10:00")
        seen.keyboard.press("Enter")
        see(seen, "#display", "NOT PAID")
        see(seen, "#home-words", "The home is dark")
        key_in(seen, digits)
        see(seen, "#display", "NOT PAID | USED TOKEN")


@each_cell(("width", "scheme"), [(w, s) for w in (390, 1280) for s in ("light", "dark")])
def test_with_a_keypad_nothing_is_cut_off_and_axe_finds_nothing(width, scheme, tmp_path_factory):
    from axe_playwright_python.sync_playwright import Axe

    folder = tmp_path_factory.mktemp("seat")
    more = {"color_scheme": scheme, "reduced_motion": "reduce", "bypass_csp": True}
    with panel(*PAID, cwd=folder) as address, window(address, width, **more) as seen:
        seen.get_by_role("button", name="Sell").click()
        see(seen, "#sold", "adds 7 days, count 2")
        assert seen.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(seen)
        assert found.violations_count == 0, found.generate_report()


def test_what_a_meter_shows_is_text_and_nothing_else(tmp_path: Path) -> None:
    """A card's file name with markup in it is a name."""
    name = "<img src=x onerror=alert(1)>.card"
    with (
        panel("electricity-pcf8563-utc", *JUNE, cwd=tmp_path) as address,
        window(address, 1280) as seen,
    ):
        for line in (f"office {name} new", "insert"):
            seen.get_by_label("Any command").fill(line)
            seen.get_by_label("Any command").press("Enter")
        see(seen, "#in-slot", name)
        assert seen.locator("img").count() == 0


def drag(seen: Any, what: str, onto: str) -> None:
    seen.locator(what).hover()
    seen.mouse.down()
    box = seen.locator(onto).bounding_box()
    seen.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=6)
    seen.mouse.up()


def hold(seen: Any, name: str, for_ms: int) -> None:
    seen.get_by_role("button", name=name, exact=True).hover()
    seen.mouse.down()
    seen.wait_for_timeout(for_ms)
    seen.mouse.up()


def test_the_home_goes_dark_with_the_supply_and_the_case_says_what_buttons_do(
    tmp_path: Path,
) -> None:
    (tmp_path / "before.txt").write_text(OUT_OF_CREDIT + "office new, load 50\ninsert\n", "utf-8")
    with panel(*GAS, cwd=tmp_path) as address, window(address, 1280) as seen:
        see(seen, "#serial", "No. 541000000001")
        see(seen, "#home-words", "The home is dark: the meter has taken the supply.")
        see(seen, "#does-blue", "reconnects, held 3 s")
        see(seen, "#does-red", "nothing now")
    with panel(*NEVER_BACK, cwd=tmp_path) as address, window(address, 1280) as seen:
        see(seen, "#asleep", "blue wakes it")
        see(seen, "#home-words", "The lights are on.")
        assert seen.locator("#home.lit").count() == 1
        seen.get_by_role("button", name="Shut the appliances").click()
        see(seen, "#home-words", "All appliances are off.")
        seen.get_by_role("button", name="Light the appliances").click()
        seen.get_by_role("button", name="Cut the power in the street").click()
        see(seen, "#home-words", "The home is dark: the street has no supply.")
        assert seen.locator("#home.lit").count() == 0
