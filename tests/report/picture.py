"""Takes docs/report.png, the picture of the README, and two sheets for a board: `make shots`.

What the page said when it was taken is written into the picture, so that a test can tell when the
program says something else today.
"""

import os
import struct
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from meter_emu.cli.rehearsing import made_by
from meter_emu.report.page import render
from meter_emu.resources import find
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.sample import sampled
from tests.docs.pages import ROOT
from tests.report.pages import BOTH, Page, collected, ores_page, ores_read
from tests.web.browser import PROGRAM

PICTURE: Final = ROOT / "docs" / "report.png"
SHEETS: Final = {  # the first page as it is printed: 726 pixels are 192 mm
    "board-resa.png": ("resa-2020-06", None),
    "board-fleet.png": ("ores-fleet", 500),
}
_PAPER: Final = {"width": 726, "height": 1054}
_MARGIN: Final = 14  # pixels of paper around a sheet
_ALONE: Final = f"body {{ padding: {_MARGIN}px; }} .board ~ * {{ display: none; }}"
_KEY: Final = b"Description\0"
_END: Final = b"\0\0\0\0IEND\xaeB`\x82"
_SAID: Final = {"headline", "more-said"}


def said_today() -> str:
    """Return the answer of the page of July 2020 as it is today."""
    return answer_of(ores_read(BOTH))


def answer_of(page: Page) -> str:
    """Return the answer of a page."""
    elements = page.elements
    texts = [one.text for one in elements if one.attributes.get("class") in _SAID]
    return " ".join(" ".join(texts).split()).encode("ascii", "ignore").decode()


def said_then(raw: bytes) -> str:
    """Return what the page said when its picture was taken."""
    at = raw.find(b"tEXt" + _KEY)
    assert at > 0, "make shots"
    (size,) = struct.unpack(">I", raw[at - 4 : at])
    return raw[at + 4 + len(_KEY) : at + 4 + size].decode("latin-1")


def with_text(raw: bytes, text: str) -> bytes:
    """Return a picture with a text of it (PNG, 11.3.4.3)."""
    assert raw.endswith(_END)
    body = b"tEXt" + _KEY + text.encode("latin-1")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return raw[: -len(_END)] + chunk + _END


def sheet(name: str, sample: int | None) -> str:
    """Return the page of a built-in campaign, or of so many of its households."""
    campaign = load_campaign(find("campaigns", name))
    campaign = campaign if sample is None else sampled(campaign, sample)[0]
    return render(collected(campaign, made_by(name, sample=sample)))


def main() -> None:
    """Write the picture."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as folder, sync_playwright() as driver:
        file = Path(folder) / "index.html"
        file.write_text(ores_page(BOTH), "utf-8")
        flags = ["--no-sandbox"] if os.getuid() == 0 else []
        browser = driver.chromium.launch(executable_path=PROGRAM, args=flags)
        seen = browser.new_page(viewport={"width": 900, "height": 860})
        seen.goto(file.as_uri())
        PICTURE.write_bytes(with_text(seen.screenshot(), said_today()))
        paper = browser.new_page(viewport=_PAPER)
        paper.emulate_media(media="print")
        for name, (campaign, sample) in SHEETS.items():
            text = sheet(campaign, sample)
            file.write_text(text, "utf-8")
            paper.goto(file.as_uri())
            paper.add_style_tag(content=_ALONE)
            _, _, width, height = paper.locator(".board").bounding_box().values()
            size = {"x": 0, "y": 0, "width": width + 2 * _MARGIN, "height": height + 2 * _MARGIN}
            raw = paper.screenshot(clip=size, full_page=True)
            (PICTURE.parent / name).write_bytes(with_text(raw, answer_of(Page(text))))
        browser.close()


if __name__ == "__main__":
    main()
