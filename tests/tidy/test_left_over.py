"""The temporary folder of a run is its own, and what a test leaves in it is named at the end."""

import tempfile
from pathlib import Path

from tests.left_over import left_in


def test_what_is_left_is_named_and_what_goes_with_its_process_is_not(tmp_path: Path) -> None:
    for name in ("tmpabc", "meter-emu-fuzz-1", "pcsc-2"):
        (tmp_path / name).mkdir()
    assert left_in(tmp_path) == ["pcsc-2", "tmpabc"]


def test_this_run_has_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = Path(tempfile.gettempdir())
    assert folder.name.startswith("me-")
    assert folder not in tmp_path.parents
