"""docs/decisions/walks.md: its walks are as it says."""

import pytest

from tests.docs.pages import page, table
from tests.docs.walks import READER_WALK, ROOT, functions, walked, walks

PAGE = page("docs/decisions/walks.md")


HEAD = ("walk", "files", "functions", "files before the judge had a folder")
ANNEXES = tuple(
    f"meter_emu/{name}/"
    for name in ("diagnosis", "driver_bench", "explore", "foreign", "fuzz", "strategies")
)
ROWS = {row[0]: row[1:3] for row in table(PAGE, *HEAD)}


@pytest.mark.slow("runs what the page says")
def test_no_walk_is_longer_than_the_page_says() -> None:
    found = walks()
    assert {*found, READER_WALK} == set(ROWS)
    entered = {
        name for name, files in found.items() if any(file.startswith(ANNEXES) for file in files)
    }
    assert entered == {"one transition of `explore`"}, (
        "an annex is entered by its own command alone"
    )
    now = {name: (len(files), functions(files)) for name, files in found.items()}
    longer = {
        name: counts
        for name, counts in now.items()
        if any(is_now > int(was) for is_now, was in zip(counts, ROWS[name], strict=True))
    }
    assert longer == {}, "say on docs/decisions/walks.md what made the walk longer, or shorten it"


def test_a_walk_counts_what_runs_and_not_what_is_imported() -> None:
    def job() -> None:
        import card_protocol.tlv  # noqa: F401
        from card_protocol.timestamp import encode_bcd_minute

        encode_bcd_minute(None)

    assert walked(job) == {"card_protocol/timestamp/bcd.py": ["encode_bcd_minute"]}
    assert (ROOT / "card_protocol" / "tlv.py").is_file()
