"""Makes a landing page from a page of the repository, and the night of July 2020 as it is today.

What it is in two sentences and the doors are the page's own first paragraph and first table, so
that README.md and the site cannot say two things. The picture and the run below it are one
rehearsal, lived while the site is built, in the language of the page.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import card_protocol
from tests.docs.pages import ROOT

NIGHT: Final = "rehearse ores-2020-07 --build reference+end-exclusive+reactivation-clears-one"
REPORT: Final = "july-{language}.html"
_STYLES: Final = ROOT / "meter_emu" / "report" / "templates"
_ONE_LINE: Final = "400"  # columns: a browser folds lines as wide as it is
_REM_PX: Final = 16  # a report's; the site has another
_DOOR: Final = re.compile(r"^\| (\*\*.+?) \| (.+) \|$", re.MULTILINE)
_FIRST: Final = re.compile(r"\A# (?P<title>.+)\n\n(?P<said>(?:.+\n)+)")


class Words(NamedTuple):
    """What a landing page says that is not in the page of the repository, in its language."""

    begin: str
    page: str  # the button that leads to `begin`
    without: str
    caption: str
    whole: str
    run: str
    version: str
    wheel: str
    source: str


LANDINGS: Final = {
    "README.md": ("en", Words(
        "Begin", "start.md", "Try it in this browser",
        "July 2020 with two plausible mistakes in the meters' program: an end date is exclusive, "
        "a reactivation clears one of two orders.",
        "The whole report", "The run that drew it", "Version {version}", "download the wheel",
        "source and tests",
    )),
    "docs/fr.md": ("fr", Words(
        "Commencer", "plan-a-sheet.md", "L'essayer dans ce navigateur",
        "Juillet 2020 avec deux erreurs plausibles dans le programme des compteurs : une date de "
        "fin est exclue, une réactivation n'efface qu'un des deux ordres.",
        "Le rapport entier", "La commande qui l'a dessiné", "Version {version}",
        "télécharger le wheel", "sources et tests",
    )),
    "docs/nl.md": ("nl", Words(
        "Beginnen", "plan-a-sheet.md", "In deze browser proberen",
        "Juli 2020 met twee aannemelijke fouten in het programma van de meters: een einddatum "
        "telt niet mee, een reactivering wist één van twee bevelen.",
        "Het hele verslag", "Het bevel dat het tekende", "Versie {version}",
        "het wheel downloaden", "broncode en tests",
    )),
}  # fmt: skip


class Run(NamedTuple):
    """What a terminal printed, and the report it wrote."""

    printed: str
    report: str


def night_in(language: str, folder: Path) -> Run:
    """Return the night of July 2020, rehearsed now; its report is written into a folder."""
    command = [sys.executable, "-m", "meter_emu", *NIGHT.split(), "--language", language]
    done = subprocess.run(
        [*command, "--report", str(folder)],
        cwd=ROOT, env={**os.environ, "COLUMNS": _ONE_LINE},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    return Run(done.stdout, (folder / "index.html").read_text("utf-8"))


def downloads() -> tuple[str, str]:
    """Return the names of the wheel and of the source, as they are built."""
    version = card_protocol.__version__
    return f"meter_emu-{version}-py3-none-any.whl", f"meter_emu-{version}.tar.gz"


def distributions(folder: Path) -> None:
    """Build both into a folder, with what is installed here."""
    build = ("-m", "build", "--no-isolation", "--outdir", str(folder))
    subprocess.run([sys.executable, *build], cwd=ROOT, check=True, capture_output=True)
    assert {path.name for path in folder.iterdir()} == set(downloads())


def picture(report: str) -> str:
    """Return the answer, the three figures and the night out of a report, as they are there."""
    parts = (
        r'<div class="answer \w+">.*?</div>', r'<ul class="tiles">.*?</ul>',
        r"<figure>(.*?)</figure>",
    )  # fmt: skip
    found = [re.search(part, report, re.DOTALL) for part in parts]
    assert all(found), "the report has an answer, figures and a night"
    drawn = "\n".join(one[one.re.groups] for one in found if one is not None)
    return re.sub(r"\n\s*", "", drawn)  # a blank line would end the block


def drawn() -> str:
    """Return the styles of a report for the picture alone, in pixels, and by the site's colours."""
    text = "".join((_STYLES / name).read_text("utf-8") for name in ("style.css", "board.css"))
    light, dark, paper = re.findall(r":root \{(.*?)\}", text, re.DOTALL)
    media = r"(?m)^@media (print|\(prefers-color-scheme: dark\)) \{.*?^\}"
    rest = re.sub(media, "", text, flags=re.DOTALL)
    rest = re.sub(r"(?m)^ *(:root|@page|html|body) \{.*?\}", "", rest, flags=re.DOTALL)
    rest = re.sub(r"([\d.]+)rem", lambda found: f"{float(found[1]) * _REM_PX:g}px", rest)
    return (
        f".july {{{light}}}\n[data-md-color-scheme=slate] .july {{{dark}}}\n"
        f"@media print {{ .july.july {{{paper}}} }}\n.md-typeset .july {{\n{rest}}}\n"
    )


def begun(text: str) -> tuple[re.Match[str], list[tuple[str, str]]]:
    """Return the heading of a page with what it is, and the rows of its table of doors."""
    first = _FIRST.match(text)
    doors = _DOOR.findall(text)
    assert first is not None, "it begins with a heading and what it is"
    assert doors, "it has a table of doors"
    return first, doors


def landing(name: str, text: str, run: Run, *, pressed: bool) -> str:
    """Return the landing page made of a page's text, whose links are as on the site."""
    language, words = LANDINGS[name]
    first, doors = begun(text)
    try_it = f"[{words.without}](try/index.html){{ .md-button }}" if pressed else ""
    wheel, source = downloads()
    whole = f'<a href="{REPORT.format(language=language)}">{words.whole}</a>'
    version = words.version.format(version=card_protocol.__version__)
    printed = run.printed.split("\n\n")[0]
    after = "" if name == "README.md" else text[text.rindex(doors[-1][1]) + len(doors[-1][1]) + 2 :]
    cards = "\n".join(
        f"-   **{said[2].upper()}{said[3:]}\n\n    {links}\n" for said, links in doors
    )
    return f"""---
title: {first["title"]}
hide: [navigation, toc, path]
---

<div class="landing" lang="{language}" markdown>
<div class="hero" markdown>
<div markdown>

# {first["title"]}

{first["said"]}
[{words.begin}]({words.page}){{ .md-button .md-button--primary }} {try_it}

{version} · [{words.wheel}](download/{wheel}) · [{words.source}](download/{source})
{{ .version }}

</div>
<figure class="july"><div class="board">{picture(run.report)}</div>
<figcaption>{words.caption} {whole}</figcaption>
</figure>
</div>

<div class="grid cards doors" markdown>

{cards}
</div>

## {words.run}

```sh
meter-emu {NIGHT}{"" if language == "en" else f" --language {language}"}
```

```text
{printed}
```

{after}
</div>
"""
