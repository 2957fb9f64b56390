"""docs/glossary.md: each word of the house is defined where the page says, and has one row."""

import re

from tests.docs.pages import ROOT, page, table

PAGE = page("docs/glossary.md")
ROWS = table(PAGE, "word", "what it means here", "defined as")
# Words that maintainers say and a newcomer asks about first; each has a row, here or further up.
ASKED = (
    "account", "act", "doubt", "favour", "hazard", "law", "order", "promise", "scope", "shield",
    "story", "theme", "verdict", "visit", "walk",
)  # fmt: skip


def defined(name: str, text: str) -> bool:
    """Whether a module defines a name at its top: a class, a function, or a value."""
    top = rf"^(class {name}\b|def {name}\(|{name}(: [^=]+)? = )"
    return re.search(top, text, re.MULTILINE) is not None


def test_each_word_of_the_house_is_defined_where_the_page_says():
    lost = []
    for word, _, where in ROWS:
        said = re.fullmatch(r"(\w+) in `(\S+\.py)`", where)
        assert said, f"{word}: expected `Name` in `file.py`, got {where}"
        if not defined(said[1], (ROOT / said[2]).read_text("utf-8")):
            lost.append(word)
    assert lost == []


def test_a_name_that_is_only_used_is_not_defined():
    assert defined("Law", "@final\nclass Law:\n")
    assert defined("hazard", "hazard: Final = partial(Law)\n")
    assert not defined("Law", "LAW = Law(id='x')\nclass Laws:\n    Law = 1\n")


def test_a_word_has_one_row():
    words = re.findall(r"^\| ([^|]+?) \| ", PAGE.split("## Words we avoid")[0], re.MULTILINE)
    words = [word for word in words if word not in {"word", "---"}]
    assert sorted({word for word in words if words.count(word) > 1}) == []
    assert set(ASKED) <= set(words)


def test_the_words_of_the_house_are_in_order():
    assert [row[0] for row in ROWS] == sorted(row[0] for row in ROWS)
