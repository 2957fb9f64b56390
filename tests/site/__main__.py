"""Builds the documentation site in a folder and checks it: `python -m tests.site [FOLDER]`.

The page without install is in it as try/, if `make page` has built it, with a button under each
command that can run there.

Exit status 1 if the builder warns, a link leads nowhere, or a page loads anything from elsewhere.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click

from tests.docs.pages import ROOT
from tests.site.checked import faults
from tests.site.landing import distributions
from tests.site.staged import stage

PAGE = ROOT / ".stamps" / "page"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT / ".stamps" / "site")
def site(folder: Path) -> None:
    """Build and check; the pages are in FOLDER/built."""
    shutil.rmtree(folder, ignore_errors=True)
    tried = PAGE / "SHA256SUMS"
    try:
        stage(folder, pressed=tried.exists())
    except FileNotFoundError as error:
        sys.exit(f"{error.filename}: a page links to it, and it is not there")
    command = (sys.executable, "-m", "zensical", "build", "--clean", "-f", folder / "zensical.toml")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    if done.returncode or "Warning:" in said:
        sys.exit(said)
    built = (folder / "built").resolve()
    if tried.exists():
        shutil.copytree(PAGE, built / "try")
    distributions(built / "download")
    found = list(faults(built))
    if found:
        sys.exit("\n".join(found))
    if not tried.exists():
        click.echo("without try/: make page builds it, with node")
    click.echo(f"{len(list(built.rglob('*.html')))} pages in {built}, no link leads nowhere")


if __name__ == "__main__":
    site()
