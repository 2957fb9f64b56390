"""JUnit's XML, as CI systems show it: one writer for all commands that judge."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import click

from meter_emu.cli.names import LEFT
from meter_emu.cli.output import write_atomically


class JUnitCase(NamedTuple):
    """One test case. It failed where `why` says something; `skipped` says why it was not tried."""

    name: str
    why: str = ""
    details: str = ""
    skipped: str = ""
    output: str = ""
    time_s: float = 0.0


def write_junit(
    path: str, command: str, subject: str, cases: Sequence[JUnitCase], said: Sequence[str] = ()
) -> None:
    """Write one suite, with the answer `said` over all cases, if there is one.

    Its name is the command with its subject, each case's class the subject.
    """
    from xml.etree import ElementTree as ET

    suite = ET.Element("testsuite", name=f"meter-emu {command} {subject}".rstrip())
    for case in cases:
        test = ET.SubElement(
            suite,
            "testcase",
            classname=subject or command,
            name=case.name,
            time=f"{case.time_s:.3f}",
        )
        if case.skipped:
            ET.SubElement(test, "skipped", message=_printable(case.skipped))
        if case.why:
            ET.SubElement(test, "failure", message=_printable(case.why)).text = _printable(
                case.details
            )
        if case.output:
            ET.SubElement(test, "system-out").text = _printable(case.output)
    if said:
        ET.SubElement(suite, "system-out").text = _printable("\n".join(said))
    for name, count in (
        ("tests", len(cases)),
        ("failures", sum(bool(case.why) for case in cases)),
        ("errors", 0),
        ("skipped", sum(bool(case.skipped) for case in cases)),
    ):
        suite.set(name, str(count))
    text = ET.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
    write_atomically(path, text.encode())


def _printable(text: str) -> str:
    """Return the text without what XML 1.0 has no place for, control characters and surrogates."""
    kept = (
        char if char in "\t\n" or (char >= " " and not "\ud800" <= char <= "\udfff") else "?"
        for char in text
    )
    return "".join("?" if char in "\ufffe\uffff" else char for char in kept)


junit_option: Final = click.option(
    "--junit", "junit_file", type=LEFT, metavar="FILE", help="Write JUnit's XML, for CI."
)
