"""The two files of docs/testing-with-pytest.md in a folder of their own, next to the wheel alone.

The kiosk and one that is a day early run side by side, on every link there is.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import card_of
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from card_protocol.serve.vpcd import PluggedCard
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from meter_emu.testing.links import LINKS
from tests.docs.pages import blocks, page, section
from tests.packaging.away import NOTHING, away
from tests.pcsc.needs import DAEMON, absent, pyscard_absent, refuse

PAGE = section(page("docs/testing-with-pytest.md"), "A terminal of your own")
ON_LINK = {
    words[words.index("--meter-card-link") + 1] if "--meter-card-link" in words else "direct": words
    for words in (line.split() for line in re.findall(r"^    pytest.*$", PAGE, re.MULTILINE))
}


def lay_out(folder: Path) -> None:
    """Write the page's files, and both again with its mistake."""
    for text in blocks(PAGE, "python"):
        name = text.splitlines()[0].removeprefix("# ")
        (folder / name).write_text(text, "utf-8")
    (mistake,) = re.findall(r"`(datetime\(.+?\))`", PAGE)
    kiosk = (folder / "kiosk.py").read_text("utf-8")
    right = mistake.replace("day - 1", "day")
    assert kiosk.count(right) == 1
    (folder / "early.py").write_text(kiosk.replace(right, mistake), "utf-8")
    test = (folder / "test_kiosk.py").read_text("utf-8")
    (folder / "test_early.py").write_text(test.replace("from kiosk", "from early"), "utf-8")


@contextmanager
def a_card_in_a_reader(link: str) -> Iterator[Mapping[str, str]]:
    """Have the plain card that `pcsc` asks for in a reader; give what leads to it."""
    if link != "pcsc":
        yield NOTHING
        return
    image = Desk(TEST_MASTER_KEY, challenge=bytes).issue(
        7, issued_at_min=0, card_kind=CardKind.PLAIN
    )
    with TemporaryDirectory(prefix="pcsc-") as folder, PrivatePcscd(Path(folder)) as pcscd:
        pcscd.start()
        with PluggedCard(pcscd.plug(), card_of(image, bytes)):
            yield pcscd.variables


@pytest.mark.slow("builds the wheel or walks in an installed copy", short=1)
@pytest.mark.parametrize("link", LINKS)
def test_the_kiosk_passes_and_the_one_that_is_a_day_early_is_found(
    installed: Path, tmp_path: Path, link: str
) -> None:
    if link in {"vpcd", "pcsc"} and (why := absent(*DAEMON) or pyscard_absent()):
        refuse(why)
    lay_out(tmp_path)
    words = [word.replace("ACR", VPCD_READERS[0]) for word in ON_LINK[link]]
    alone = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "error", "-v")
    with a_card_in_a_reader(link) as more:
        done = away(sys.executable, "-m", *words, *alone, cwd=tmp_path, path=installed, more=more)
    said = done.stdout + done.stderr
    assert re.findall(r"^test_(\w+)\.py::\S+ (\w+)", said, re.MULTILINE) == [
        ("early", "FAILED"),
        ("kiosk", "PASSED"),
    ], said
    (promised,) = re.findall(r"`(assert '.+?)`", PAGE)
    assert promised in said
    assert "SELECT BE01: success" in said


def test_the_page_has_a_line_for_each_link() -> None:
    assert list(ON_LINK) == list(LINKS)
