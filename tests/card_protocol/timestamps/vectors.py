"""The published timestamps of fixtures/vectors, and what a reader gets wrong of them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from card_protocol.timestamp.stamp import Stamp

PATH = Path(__file__).parents[3] / "fixtures" / "vectors" / "timestamps.json"
VECTORS: list[dict[str, Any]] = json.loads(PATH.read_text())["vectors"]
SAID = ("offset_min", "summer", "weekday")


def wrong(codec: str, decode: Callable[[bytes], Stamp]) -> list[str]:
    """Return the vectors of a codec that a decoder reads otherwise than published."""
    found = []
    for row in VECTORS:
        if row["codec"] != codec:
            continue
        stamp = decode(bytes.fromhex(row["hex"]))
        read = (str(stamp), *(getattr(stamp, name) for name in SAID if name in row))
        if read != (row["stamp"], *(row[name] for name in SAID if name in row)):
            found.append(f"{row['hex']}: {read}")
    return found
