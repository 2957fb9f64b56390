"""The catalogues of sentences, by Babel: `make languages` brings them up to date and compiles them.

What is new comes without a translation, what is said no more goes; no guess is made.
"""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from meter_emu.languages.tables import SPOKEN

PACKAGE: Final = Path(__file__).parents[2] / "meter_emu"
FOLDER: Final = PACKAGE / "languages"
TRANSLATED: Final = SPOKEN[1:]  # English is in the program
_FUNCTIONS: Final = (  # and which of their words are sentences
    {
        "said": (1,),
        "marked": (1,),
        "later": (1,),
        "said_of": (1, 2),
        "marked_of": (1, 2),
        "Plain": (1,),
    },
    {"Plain": (2,)},
    {"Plain": (3,)},
)
_METHODS: Final = {".py": "python", ".jinja": "jinja2.ext:babel_extract"}
_IMPORT: Final = "from meter_emu.languages.speech import"
_WHEN: Final = datetime(2026, 12, 1, tzinfo=UTC)  # the same bytes, whenever they are made
_WIDTH: Final = 100


def extracted(package: Path = PACKAGE) -> Catalog:
    """Return a catalogue of all sentences in the package, none of them translated."""
    found = Catalog()
    for suffix, method in _METHODS.items():
        for path in sorted(package.rglob(f"*{suffix}")):
            if suffix == ".py" and _IMPORT not in path.read_text("utf-8"):
                continue  # a function of another kind may have the name of ours
            for functions in _FUNCTIONS:
                for _line, sentence, _notes, _ in extract_from_file(method, path, functions):
                    found.add(sentence)
    return found


def catalogue(code: str) -> Catalog:
    """Return the catalogue of a language as it is in the tree."""
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code)


def written(found: Catalog) -> bytes:
    """Return the file of a catalogue."""
    found.creation_date = found.revision_date = _WHEN
    file = BytesIO()
    write_po(file, found, width=_WIDTH, no_location=True)
    return file.getvalue()


def compiled(found: Catalog) -> bytes:
    """Return what `gettext` reads."""
    found.creation_date = found.revision_date = _WHEN
    file = BytesIO()
    write_mo(file, found)
    return file.getvalue()


def brought_up_to_date(code: str) -> Catalog:
    """Return the catalogue of a language with the sentences that are said today."""
    found = catalogue(code)
    found.update(extracted(), no_fuzzy_matching=True)
    found.obsolete.clear()
    return found


if __name__ == "__main__":
    for each in TRANSLATED:
        path = FOLDER / f"{each}.po"
        path.write_bytes(written(brought_up_to_date(each)))
        path.with_suffix(".mo").write_bytes(compiled(catalogue(each)))
