"""One word, one meaning: whatever a user reads keeps to the table at the end of the glossary."""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache

import pytest

from tests.tidy.repository import modules, texts, walked

GLOSSARY = "docs/glossary.md"
HEADING = "## Words we avoid"
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/", "meter_emu/report/templates/")

SOLAR = "solar home systems are what the devices are called"
HEARD = "a key of the JSON: announcements as one household heard them"
SEED = "the id of a household draws its poll phase: another name would change every event"
MADE = "as the last run recorded it: the next one has the new words"
EXCEPTIONS = {  # (path, word): why it is right there
    ("README.md", "homes"): "the night of 2 July, once as a story",
    ("README.md", "dark"): "likewise",
    ("CHANGELOG.md", "told"): "a key as it was",
    ("meter_emu/cli/printed/rehearsed.py", "told"): HEARD,
    ("docs/campaign-file.md", "told"): HEARD,
    ("meter_emu/world/judge/verdicts.py", "dark"): "names of verdicts: off or limited, by whomever",
    ("docs/README.md", "home"): SOLAR,
    ("docs/openpaygo.md", "home"): SOLAR,
    ("docs/date-bugs.md", "home"): "home controllers: a product",
    ("docs/fuzzing.md", "home"): SEED,
    ("docs/evidence/kill-matrix.json", "home"): MADE,
    ("docs/evidence/mutants.json", "home"): MADE,
    ("card_protocol/tokens/openpaygo/__init__.py", "home"): SOLAR,
    ("meter_emu/cli/openpaygo.py", "home"): SOLAR,
    ("meter_emu/defects/zone/changes_up_to_2029.py", "home"): "home controllers: a product",
    ("meter_emu/defects/__init__.py", "home"): SEED,
    ("meter_emu/diagnosis/kept.py", "home"): "a variable of the shell",
    ("meter_emu/fuzz/bench.py", "home"): SEED,
    ("meter_emu/stories/story.py", "dark"): "the name of a draw: another name would draw otherwise",
    ("meter_emu/stories/story.py", "home"): SEED,
    ("meter_emu/world/rehearsal/covered.py", "home"): SEED,
}


@cache
def avoided() -> dict[str, str]:
    """Return each word or phrase to avoid, in small letters, with what to say instead."""
    table = texts()[GLOSSARY].split(HEADING, 1)[1].split("\n## ")[0]
    rows = re.findall(r"(?m)^\| (?!word|---)([^|]+) \| ([^|]+) \|$", table)
    return {word: instead for words, instead in rows for word in words.split(", ")}


@cache
def pattern() -> re.Pattern[str]:
    """Return what matches any of them as a word: no part of a file's name, an option or a path."""
    words = "|".join(sorted(map(re.escape, avoided()), key=len, reverse=True))
    return re.compile(rf"(?<![\w/.-])(?:{words})(?![\w/-]|\.\w)", re.IGNORECASE)


def found_in(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line, from 0, and each avoided word; a phrase may go on in the next line."""
    spaced = re.sub(r"\s", " ", text)
    for match in pattern().finditer(spaced):
        yield text.count("\n", 0, match.start()), match.group().lower()


def in_python(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and word, of docstrings, literals, and fields, which become keys of JSON."""
    for node in walked(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            value = node.value
            literal = value.replace("_", " ") if re.fullmatch(r"\w+", value) else value
            unfolded = re.sub(r"\n +", "\n", literal)
            for line, word in found_in(unfolded):
                yield node.lineno + line, word
        elif isinstance(node, ast.ClassDef):
            for field in node.body:
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
                    for _, word in found_in(field.target.id.replace("_", " ")):
                        yield field.lineno, word


def in_page(name: str, text: str) -> Iterator[tuple[int, str]]:
    """Yield line and word of a page or a template; of JSON the keys and words alike."""
    if name.endswith(".json"):
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=0).replace("_", " ")
    if name == GLOSSARY:
        before, _, after = text.partition(HEADING)
        own = after.split("\n## ")[0]
        text = before + re.sub(r"[^\n]", "", HEADING + own) + after[len(own) :]
    for line, word in found_in(text):
        yield line + 1, word


@cache
def findings() -> tuple[tuple[str, int, str], ...]:
    """Return path, line and word of every avoided word in what a user reads."""
    rows = [(name, *one) for name, tree in modules().items() for one in in_python(tree)]
    pages = {n: t for n, t in texts().items() if n.startswith(PAGES) and not n.endswith(".py")}
    return (*rows, *((name, *one) for name, text in pages.items() for one in in_page(name, text)))


@pytest.mark.slow("reads every file of the repository")
def test_one_word_has_one_meaning() -> None:
    wrong = [
        f"{name}:{line}: {word!r}: say {avoided()[word]}"
        for name, line, word in findings()
        if (name, word) not in EXCEPTIONS
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow("reads every file of the repository")
def test_an_exception_is_needed() -> None:
    assert set(EXCEPTIONS) <= {(name, word) for name, _, word in findings()}


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ('"""Run a verb."""', "verb"),
        ("def f():\n    '''One.\n\n    What\n    stands there.'''", "what stands"),
        ('KEY = "told_us"', "told"),
        ('f"{count} homes are dark"', "dark"),
        ("class Row(Struct):\n    told: str", "told"),
    ],
)
def test_a_planted_word_is_found_in_python(source, word) -> None:
    assert word in {found for _, found in in_python(ast.parse(source))}


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("docs/x.md", "A household is\ntold so.", "told"),
        ("docs/x.json", '{"homes_seen": 3}', "homes"),
        ("meter_emu/report/templates/x.jinja", "<h2>Homes</h2>", "homes"),
        (GLOSSARY, f"A verb.\n{HEADING}\n| verb | command |\n## Sources\n", "verb"),
    ],
)
def test_a_planted_word_is_found_on_a_page(name, text, word) -> None:
    assert word in {found for _, found in in_page(name, text)}


def test_what_is_no_word_is_no_finding() -> None:
    for text in ("card show home.card", "/home/user", "adverbs", "a told-off", "label"):
        assert not list(found_in(text)), text
    assert [line for line, _ in in_page("docs/x.md", "one\ntwo\nlives\nthrough")] == [3]
