"""What a page of the front panel asks: one line a message, whoever carries it."""

import json
from collections.abc import Callable
from typing import Any


def asked(message: str, send_line: Callable[[str], bool]) -> dict[str, Any] | None:
    """Pass one line on; return what to answer."""
    try:
        said = json.loads(message)
    except (ValueError, RecursionError):
        return {"refused": "want JSON"}
    line = said.get("do") if isinstance(said, dict) else None
    if not isinstance(line, str) or not line.isprintable():
        return {"refused": 'want {"do": a line}'}
    if not send_line(line):
        return {"refused": "too much at once: it was not done", "do": line[:80]}
    return None
