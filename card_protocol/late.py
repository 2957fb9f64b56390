"""Names of a package that are imported when they are first used, so that importing it loads little.

A type checker sees the imports under `TYPE_CHECKING`, and reports a name that is not there.
"""

from collections.abc import Callable, Mapping
from importlib import import_module


def late(
    package: str, modules: Mapping[str, str], own: Mapping[str, object]
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return `__getattr__` and `__dir__` of a package.

    `modules` has each module below it, with the names that come from there and a space between
    them; `own` are the package's globals.
    """
    places = {name: module for module, names in modules.items() for name in names.split()}

    def get(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{places[name]}"), name)

    return get, lambda: sorted({*own, *places})
