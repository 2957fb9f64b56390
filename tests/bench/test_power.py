"""Defects in files of somebody else's are asked for like those of the catalogue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from meter_emu.defects import catalogue
from meter_emu.defects.ends import end_exclusive
from meter_emu.laws.judged import promises
from meter_emu.laws.law import Broken, Trial
from meter_emu.stories.chooser import seeded
from meter_emu.stories.story import story
from tests.bench.power import of_folder, power

ID = "the-day-before"
MINE = Path(end_exclusive.__file__).read_text("utf-8")


@pytest.fixture(autouse=True)
def the_catalogue_stays_as_it_is() -> Iterator[None]:
    yield
    catalogue().pop(ID, None)


def test_a_defect_of_a_folder_is_built_in_by_its_file_s_name(tmp_path: Path) -> None:
    (tmp_path / "the_day_before.py").write_text(MINE, "utf-8")
    (tmp_path / "helper.py").write_text("A = 1\n", "utf-8")
    assert of_folder(str(tmp_path)) == (ID,) == of_folder(str(tmp_path))
    trials = (Trial(story(seeded(number)), f"reference+{ID}") for number in range(20))
    assert any(isinstance(promises(trial), Broken) for trial in trials)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("end_exclusive.py", MINE, "end-exclusive is taken"),
        ("torn.py", "@Defect(", "cannot be imported: SyntaxError"),
        ("gone.py", "import nowhere_at_all", "cannot be imported: ModuleNotFoundError"),
        ("none.py", "A = 1\n", "expected files with a defect"),
    ],
)
def test_a_folder_that_cannot_be_is_one_line(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    done = CliRunner().invoke(power, ["--defects", str(tmp_path)])
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1), done.output
    assert said in done.stderr
