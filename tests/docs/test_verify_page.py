"""The page on the laws: it has the properties they are of, its counterexamples are found."""

import re

import pytest

from meter_emu.laws import laws
from meter_emu.verify.run import verify
from tests.docs.pages import page

PAGE = page("docs/laws.md")
SHOWN = re.findall(
    r"`meter-emu verify (\S+) --law (\S+) --jobs 1`\n\n```text\n(.*?)```", PAGE, re.DOTALL
)


def test_the_page_has_the_properties_that_laws_are_of() -> None:
    """Each law, what it says and what it presumes are `meter-emu list laws`."""
    named = set(re.findall(r"\((P\d+)\)", PAGE))
    assert named == {str(one) for law in laws().values() for one in law.properties}


def test_five_are_shown() -> None:
    assert len(SHOWN) == 5


@pytest.mark.slow("searches for it", short=2)
@pytest.mark.parametrize(("build", "law_id", "text"), SHOWN)
def test_a_counterexample_is_what_verify_finds(build: str, law_id: str, text: str) -> None:
    (examined,) = verify(build, law_ids=[law_id]).examined
    assert examined.broken is not None
    for line in (examined.broken.words, *examined.broken.course):
        assert line in text
