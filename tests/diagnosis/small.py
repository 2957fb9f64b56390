"""A small diagnosis for tests: the Walloon incident on one model an energy, with few mistakes."""

import re
from pathlib import Path

from meter_emu.diagnosis.diagnose import Diagnosing
from meter_emu.diagnosis.incident import load_incident
from meter_emu.resources import built_in

FEW = (
    "end-exclusive",
    "night-named-by-its-morning",
    "odd-day-lost",
    "reactivation-clears-one",
    "office:order-a-day-early",
)
_DROPPED = ("gas-monday", "before-summer-time", "never-back-summer")


def text() -> str:
    """Return the incident's file, with one model for each energy and few kinds."""
    whole = built_in("incidents")["ores-2020-07"].read_text("utf-8")
    models = 'models = ["electricity-pcf8563-utc", "gas-pcf8563-battery"]'
    whole = re.sub(r"models = \[.*?\]", models, whole, flags=re.DOTALL)
    return re.sub(rf"(?m)^(?:{'|'.join(_DROPPED)}) = .*\n", "", whole)


def at_work(folder: Path, written: str | None = None) -> Diagnosing:
    """Return the diagnosis of an incident file, with few mistakes and one sample of each."""
    path = folder / "incident.toml"
    path.write_text(text() if written is None else written, "utf-8")
    return Diagnosing(
        load_incident(path), samples=1, seed=0, kept_in=folder / "kept", jobs=1, only=FEW
    )
