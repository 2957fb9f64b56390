"""The catalogues: every sentence of the program, translated, with its holes, and compiled."""

import ast
import re
from collections.abc import Sequence
from gettext import GNUTranslations
from string import Formatter

import pytest

from meter_emu.languages.speech import speech_of
from tests.cells import each_cell
from tests.languages.catalogues import FOLDER, TRANSLATED, catalogue, compiled, extracted
from tests.tidy.repository import name_of, tracked, tree_of

SPOKEN_ROOMS = ("meter_emu/planner/", "meter_emu/cli/plan.py")
SAY = {"said", "said_of", "marked", "marked_of"}
NOT_SAID = {  # functions whose texts are for `--help`, schemas or us, and stay English
    "means", "click.option", "examples", "option", "compile", "AssertionError", "TypeVar",
}  # fmt: skip


# One word for one thing: what the field says where the English has the word, besides in a hole.
TERMS = {
    r"\border(s|ed)?\b": {"fr": "ord(re|onn)", "nl": "bev(el|olen)"},
    r"\breactivat": {"fr": "réactiv", "nl": r"\b(ge)?reactive"},
    r"\bcredit\b": {"fr": "crédit", "nl": "krediet"},
    r"\bmeters?\b": {"fr": "compteur", "nl": "meter"},
    r"\bcards?\b": {"fr": "carte", "nl": "kaart"},
    r"\boffices?\b": {"fr": "bureau", "nl": "kanto"},
    r"\bhouseholds?\b": {"fr": "ménage", "nl": "gezin"},
    r"\bannounce": {"fr": "annonc", "nl": "kondig"},
    r"\bdistrict": {"fr": "district", "nl": "district"},
    r"\bcommand": {"fr": "commande", "nl": "opdracht"},
}
# Keys, commands and holes stay as they are: they are no words of a sentence.
_NAMES = r"\{\w+\}|\w+_\w+|\w+-emu|--?\w[\w-]*"
MANY = {"cuts", "most"}  # holes that are never one: of several nights; a limit of ours


NO_WORDS = {"pip install 'meter-emu[plan]'", "end of data", "a visit",
            '"Mo-Fr 09:00-16:30; Sa 09:00-12:00; PH off"'}  # fmt: skip


def forms(string: str | Sequence[str] | None) -> tuple[str, ...]:
    assert string is not None
    return (string,) if isinstance(string, str) else tuple(string)


def holes(text: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(text) if name is not None]


def pairs(code: str) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(forms(one.id), forms(one.string)) for one in catalogue(code) if one.id]


@each_cell("code", TRANSLATED)
def test_a_catalogue_has_what_the_program_says_and_nothing_else(code):
    """`make languages` brings it up to date."""
    said = [forms(one.id) for one in extracted() if one.id]
    assert [one for one, _ in pairs(code)] == said
    assert len(said) > 100


@each_cell("code", TRANSLATED)
def test_every_sentence_is_translated_whole(code):
    for sentence, translated in pairs(code):
        assert len(translated) == len(sentence), sentence
        for own, form in zip(sentence, translated, strict=True):
            assert form, sentence
            assert holes(form) == holes(own), sentence
            assert (form[:1] == " ") == sentence[0].startswith(" "), sentence
            assert form.endswith(".") == sentence[0].endswith("."), sentence
    assert not [one.id for one in catalogue(code) if one.fuzzy and one.id]


def strayed(code: str, sentence: str, translated: str) -> list[str]:
    """Return the terms of a sentence that its translation has another word for."""
    own, other = (re.sub(_NAMES, "", text) for text in (sentence, translated))
    return [
        term
        for term, words in TERMS.items()
        if re.search(term, own, re.IGNORECASE) and not re.search(words[code], other, re.IGNORECASE)
    ]


@each_cell("code", TRANSLATED)
def test_one_thing_has_one_word(code):
    for sentence, translated in pairs(code):
        for own, form in zip(sentence, translated, strict=True):
            assert strayed(code, own, form) == [], form
    assert strayed("nl", "no order", "geen opdracht")
    assert strayed("nl", "reactivation from", "heractivering vanaf")


def declined(form: str) -> set[str]:
    """Return the holes of a French sentence whose number an adjective after them follows."""
    found = re.findall(r"\{(\w+)\}\s\w+(?:é|u|er|re|ère)s\b", form)
    return set(found) - MANY


def test_where_a_count_meets_an_adjective_there_are_two_forms():
    for sentence, translated in pairs("fr"):
        for form in translated:
            assert declined(form) <= ({"count"} if len(sentence) == 2 else set()), form
    assert declined("; {limited} limités") == {"limited"}


@each_cell("code", TRANSLATED)
def test_what_is_compiled_is_the_catalogue(code):
    path = FOLDER / f"{code}.mo"
    assert path.read_bytes() == compiled(catalogue(code)), "make languages"
    with path.open("rb") as file:
        found = GNUTranslations(file)
    for sentence, translated in pairs(code):
        for number, form in enumerate(translated):
            if len(sentence) == 1:
                assert found.gettext(*sentence) == form
            else:
                assert found.ngettext(sentence[0], sentence[1], 1 + number) == form
    of_none = speech_of(code).sentences.ngettext("{count} mistake", "{count} mistakes", 0)
    assert of_none == "{count} mistakes", "what is not in it stays English"


def test_a_sentence_without_its_translation_is_seen(monkeypatch, tmp_path):
    """Each check of this file can fail."""
    (tmp_path / "one.py").write_text(
        'from meter_emu.languages.speech import said\nsaid("new {hole}", hole="")\n'
    )
    (tmp_path / "two.py").write_text('said("of another kind")\n')
    found = [one.id for one in extracted(tmp_path) if one.id]
    assert found == ["new {hole}"]
    broken = catalogue("fr")
    message = broken.get("is empty")
    assert message is not None
    message.string = "est plein"
    assert compiled(broken) != (FOLDER / "fr.mo").read_bytes()
    assert holes("{a} of {b}") != holes("{b} of {a}")


def unsaid(tree: ast.Module) -> list[tuple[int, str]]:
    """Return the texts of two words and more that go through no catalogue."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            if name in NOT_SAID or name.rpartition(".")[2] in SAY | NOT_SAID:
                skipped |= set(ast.walk(node))
        elif (
            isinstance(node, (ast.Assert, ast.Raise)) and "AssertionError" in ast.unparse(node)
        ) or isinstance(node, ast.Assert):
            skipped |= set(ast.walk(node))
        elif isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)):
            skipped |= {node.body[0].value} if isinstance(node.body[0], ast.Expr) else set()
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node not in skipped and node.value not in NO_WORDS
        if re.search(r"[A-Za-z]+ [A-Za-z]+", node.value)
    ]


@pytest.mark.slow("reads all modules")
def test_the_planners_rooms_say_nothing_past_the_catalogue():
    names = {name_of(path): path for path in tracked() if path.suffix == ".py"}
    spoken = [name for name in names if name.startswith(SPOKEN_ROOMS)]
    assert len(spoken) > 5
    for name in spoken:
        assert unsaid(tree_of(names[name])) == [], name


@pytest.mark.parametrize("text", ['f("expected a word")', 'x = f"{1} is not there"'])
def test_a_text_past_the_catalogue_is_seen(text: str):
    assert unsaid(ast.parse(text))
    assert not unsaid(ast.parse('said("expected a word")'))


def test_no_sentence_is_put_together_of_pieces():
    """A hole for a word of ours is a piece: its place and form differ by language."""
    banned = {"who", "rest", "are", "is_", "more_words", "verb", "noun"}
    for one in extracted():
        for form in forms(one.id):
            assert not banned & set(holes(form)), form
