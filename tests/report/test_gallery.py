"""docs/gallery.md has the pictures and commands of `make shots`, and they are of today."""

from pathlib import Path

import pytest

from tests.cells import each_cell
from tests.report.gallery import BYTES_MAX, FOLDER, GALLERY, PAGE, first_line, page, prepared, run
from tests.report.picture import said_then

RUN = {one.name: one for one in GALLERY if one.page != "panel"}


def test_the_page_has_a_dozen_small_pictures_and_the_command_of_each() -> None:
    assert PAGE.read_text("utf-8") == page(), "make shots"
    assert len(GALLERY) == 12
    assert {path.stem for path in FOLDER.iterdir()} == {one.name for one in GALLERY}
    for path in FOLDER.iterdir():
        raw = path.read_bytes()
        assert raw[:8] == b"\x89PNG\r\n\x1a\n"
        assert len(raw) <= BYTES_MAX, path.name


@pytest.mark.slow("runs a command of the gallery")
@each_cell("name", list(RUN), short=1)
def test_a_command_of_the_gallery_prints_what_is_in_its_picture(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("gallery")
    prepared(folder)
    said = run(RUN[name].command, folder, RUN[name].status)
    assert said_then((FOLDER / f"{name}.png").read_bytes()) == first_line(said), "make shots"
