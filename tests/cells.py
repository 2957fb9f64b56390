"""A grid in one test: `each_cell` runs it for every cell, and a failure names those that fail.

It is written as `pytest.mark.parametrize` is, and costs a case for the whole grid and not one for
each cell. A cell has no fixtures of its own: what is made anew for each test stays parametrized.
A grid that takes seconds says how many of its cells are `short` enough for the gate: each run draws
others, and `make test-whole` tries all.
"""

import functools
import inspect
import os
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import pytest

SHOWN = 10  # ours: failing cells by name; the rest is a number
WHOLE = "METER_EMU_WHOLE" in os.environ

Test = Callable[..., None]


def each_cell(
    names: str | Sequence[str],
    cells: Iterable[Any] | Callable[[], Iterable[Any]],
    ids: Iterable[str] | Callable[[Any], object] | None = None,
    *,
    short: int | None = None,
) -> Callable[[Test], Test]:
    """Run the decorated test once for each of `cells`, all in one case.

    Every cell is tried; the first failure is raised and its notes name the cells that failed. With
    `short`, that many are drawn, by the seed that the run shows, unless METER_EMU_WHOLE is set.
    Cells that take long to make are given as a function, so that no worker makes them to collect.
    """
    arguments = [name.strip() for name in names.split(",")] if isinstance(names, str) else names

    @functools.cache
    def grid() -> list[tuple[Any, ...]]:
        return _rows(cells, arguments, one=arguments == [names])

    labels = None if ids is None or callable(ids) else list(ids)
    if not inspect.isfunction(cells):  # an enumeration can be called too, and is a grid
        assert labels is None or len(labels) == len(grid()), "an id for each cell"
        assert grid()

    def named(index: int) -> str:
        row = grid()[index]
        if labels is not None:
            return labels[index]
        if callable(ids):
            return "-".join(str(ids(value)) for value in row)
        return ", ".join(f"{n}={v!r}" for n, v in zip(arguments, row, strict=True))

    def of(test: Test) -> Test:
        signature = inspect.signature(test)
        kept = [p for name, p in signature.parameters.items() if name not in arguments]
        assert len(kept) + len(arguments) == len(signature.parameters), "the test takes each name"

        @functools.wraps(test)
        def every(**others: Any) -> None:
            __tracebackhide__ = True
            failed: dict[str, BaseException] = {}
            rows = grid()
            for index in drawn(len(rows), short):
                row = rows[index]
                try:
                    test(**dict(zip(arguments, row, strict=True)), **others)
                except (Exception, pytest.fail.Exception) as why:  # noqa: BLE001  a cell may fail in any way
                    failed[named(index)] = why
            if failed:
                some = f", {SHOWN} of them" * (len(failed) > SHOWN)
                first = next(iter(failed.values()))
                first.add_note(f"{len(failed)} of {len(rows)} cells fail{some}:")
                for cell in list(failed)[:SHOWN]:
                    first.add_note(f"  {cell}")
                raise first

        every.__signature__ = signature.replace(parameters=kept)  # type: ignore[attr-defined]
        return every

    return of


def _rows(
    cells: Iterable[Any] | Callable[[], Iterable[Any]], arguments: Sequence[str], *, one: bool
) -> list[tuple[Any, ...]]:
    made = cast("Iterable[Any]", cells() if inspect.isfunction(cells) else cells)
    rows = [(cell,) if one else tuple(cell) for cell in made]
    assert rows, "a grid without cells tests nothing"
    assert all(len(row) == len(arguments) for row in rows), "a cell has a value for each name"
    return rows


def few(count: int, *, short: int) -> int:
    """Return how many to try of what has no cells, as random homes: `short` of them in the gate."""
    return count if WHOLE else short


def drawn(count: int, short: int | None) -> Iterable[int]:
    """Return the numbers of the cells to try: all, or `short` of them by the run's own seed."""
    if short is None or WHOLE:
        return range(count)
    return sorted(random.sample(range(count), min(short, count)))
