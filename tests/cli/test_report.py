"""`rehearse --report DIR`: the page is there whole, or not at all, and nothing else changes."""

from functools import partial

import pytest

from tests.campaigns import head
from tests.cli.outcome import checked
from tests.report.pages import BOTH, page_of


@pytest.fixture
def rehearse(emu):
    return partial(emu, "rehearse")


@pytest.fixture
def street(tmp_path):
    """Two kinds of households: with an end taken as exclusive, one of them is wrongly cut."""
    path = tmp_path / "street.toml"
    path.write_text(MANY.replace("count = 70", "count = 2") + BACK, "utf-8")
    return path


def test_the_page_is_in_a_folder_made_for_it_and_the_status_is_the_same(rehearse, street, tmp_path):
    folder = tmp_path / "a" / "report"
    done = rehearse(street, "--report", folder, "--build", BOTH)
    said = f"meter-emu: wrote {folder / 'index.html'}\n"
    assert (done.code, done.err) == (1, said)
    assert done.out == rehearse(street, "--build", BOTH).out
    assert [path.name for path in folder.iterdir()] == ["index.html"]
    written = (folder / "index.html").read_text("utf-8")
    assert written == page_of(street, street.read_text("utf-8"), BOTH)


def test_json_beside_a_report_says_what_it_says_without(rehearse, street, tmp_path):
    done = rehearse(street, "--report", tmp_path, "--json", "-")
    assert done.code == 0
    assert done.out == rehearse(street, "--json", "-").out
    assert "events" not in checked(done.out)["meters"][0]
    assert (tmp_path / "index.html").exists()


def test_an_old_page_is_replaced(rehearse, street, tmp_path):
    page = tmp_path / "report" / "index.html"
    page.parent.mkdir()
    page.write_text("old", "utf-8")
    assert rehearse(street, "--report", page.parent).code == 0
    assert page.read_text("utf-8").endswith("</html>\n")
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]


@pytest.mark.slow("rehearses whole campaigns")
def test_several_processes_give_the_same_page(rehearse, tmp_path):
    source = tmp_path / "many.toml"
    source.write_text(MANY, "utf-8")
    pages = []
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        assert rehearse(source, "--report", folder, "--jobs", jobs).code == 0
        pages.append((folder / "index.html").read_bytes())
    assert pages[0] == pages[1]
    assert b"the first of 70 households of this kind" in pages[0]


MANY = (
    head("many", "2020-07-01T08:00:00", "2020-07-05T12:00:00")
    + """[[household]]
id = "home"
kind = "never came back"
count = 70
balance_eur = 8
load_w = 200
visits = [
  { at = 2020-07-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-07-02T11:30:00, insert = true },
]
"""
)
BACK = """[[household]]
id = "back"
kind = "reactivated"
balance_eur = 12
load_w = 300
visits = [
  { at = 2020-07-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-07-02T11:30:00, insert = true },
  { at = 2020-07-02T15:00:00, desk = ["reactivate"], load_eur = 20 },
  { at = 2020-07-02T16:00:00, insert = true },
]
"""


@pytest.mark.parametrize("where", ["file", "file/below", "page"])
def test_a_page_that_cannot_be_written_is_one_line_and_exit_2(rehearse, tmp_path, where):
    (tmp_path / "file").write_text("in the way", "utf-8")
    (tmp_path / "page" / "index.html").mkdir(parents=True)
    done = rehearse("ores-2020-07", "--report", tmp_path / where)
    assert done.code == 2
    assert "cannot be written" in done.err
    assert len(done.err.splitlines()) == 1
    assert (tmp_path / "file").read_text("utf-8") == "in the way"
    assert not list((tmp_path / "page" / "index.html").iterdir())
    assert [path.name for path in (tmp_path / "page").iterdir()] == ["index.html"]


def test_a_campaign_that_cannot_be_read_makes_no_folder(rehearse, tmp_path):
    assert rehearse("no-such", "--report", tmp_path / "report").code == 2
    assert list(tmp_path.iterdir()) == []
