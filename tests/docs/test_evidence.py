"""docs/evidence/README.md says what its data give, and has a row for each page of evidence."""

from tests.docs.evidence import PAGE, text
from tests.docs.pages import page, table


def test_the_claims_are_what_the_data_give() -> None:
    assert PAGE.read_text("utf-8") == text(), "python -m tests.docs.evidence"


def test_each_page_of_evidence_has_its_claim_and_its_command() -> None:
    rows = table(page("docs/evidence/README.md"), "claim", "figure", "page", "again")
    pages = {path.stem for path in PAGE.parent.glob("*.md")} - {"README"}
    assert {row[2].partition("]")[0].strip("[") for row in rows} == pages
    targets = [row[3].split()[1] for row in rows if row[3].startswith("make ")]
    assert [name for name in targets if f"\n{name}: " not in page("Makefile")] == []
