"""docs/doubts.md has every doubt of the files, and doubts are found in any of their forms."""

from tests.docs.doubts import PAGE, Doubt, doubts, doubts_in, text

PYTHON = """
# DOUBT: one
# more of it.
LIMIT = 1


class Meter:
    def look(self):
        return 1  # DOUBT: at the end of a line is none

    # DOUBT: it may be late.
    @property
    def late(self):
        # DOUBT: first.
        # DOUBT: second.

        # of nothing
        return 2
""".replace("DOUBT", "Doubt")
C = """
/* DOUBT: one, over
 * two lines. */
int a; // other
// DOUBT: two.
""".replace("DOUBT", "Doubt")


def test_the_page_is_written_from_the_files():
    assert PAGE.read_text("utf-8") == text(), "run python -m tests.docs.doubts"


def test_a_doubt_has_words_and_a_reason():
    found = doubts()
    assert len(found) > 10
    for doubt in found:
        assert doubt.text.endswith("."), doubt
        assert len(doubt.text.split()) > 10, doubt


def test_each_form_of_a_doubt_is_found_at_its_place():
    assert list(doubts_in("a.py", PYTHON)) == [
        Doubt("a.py", "", "one more of it."),
        Doubt("a.py", "Meter.late", "it may be late."),
        Doubt("a.py", "Meter.late", "first."),
        Doubt("a.py", "Meter.late", "second."),
    ]
    assert list(doubts_in("a.c", C)) == [
        Doubt("a.c", "", "one, over two lines."),
        Doubt("a.c", "", "two."),
    ]
