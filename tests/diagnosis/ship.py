"""Make the signatures that come with the package: `make signatures`, from kept ones where it can.

They are those of all single mistakes in the built-in incidents, of the pairs that decide there, and
of what would decide.
"""

import click

from meter_emu.diagnosis import SAMPLES
from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.incident import load_incident
from meter_emu.diagnosis.kept import code_digest, default_folder
from meter_emu.diagnosis.shipped import packed, shipped_file
from meter_emu.diagnosis.signatures import Signature
from meter_emu.resources import built_in


def hear(what: str, done: int, of: int) -> None:
    """Show how far it is."""
    click.echo(f"\r{what}: {done} of {of} ", nl=False, err=True)


def main() -> None:
    """Run what is not kept, and write the file."""
    stories: dict[str, dict[str, Signature]] = {}
    for path in built_in("incidents").values():
        at_work = Diagnosing(
            load_incident(path),
            samples=SAMPLES,
            seed=0,
            kept_in=default_folder(),
            jobs=None,
            hear=hear,
        )
        at_work.pairs(at_work.decided(at_work.singles()))
        stories |= at_work.predictor.kept.stories()
    raw = packed(code_digest(), stories)
    shipped_file().write_bytes(raw)
    click.echo(f"{shipped_file().name}: {len(raw)} bytes, {len(stories)} stories")


if __name__ == "__main__":
    main()
