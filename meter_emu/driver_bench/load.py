"""Where a driver is: `module:Class` in Python, or an executable; and what its modules import.

Drivers for CircuitPython and MicroPython name modules that only their boards have. They are stood
in for, when they are missing, by what a bus driver needs of them.
"""

import io
import os
import sys
import time
import tokenize
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Final, final

from typing_extensions import override

from meter_emu.driver_bench.buses import CircuitPythonI2C, MicroPythonI2C, Smbus
from meter_emu.driver_bench.driver import Driver, PythonDriver
from meter_emu.driver_bench.host import HostDriver
from meter_emu.errors import ConfigError


def open_driver(name: str | type) -> Driver:
    """Return a driver, `module:Class`, a class or a path; raise `ConfigError` for none."""
    if isinstance(name, type):
        return PythonDriver(name.__name__, name)
    if ":" in name and os.sep not in name:
        return _python(name)
    path = Path(name)
    if not path.is_file():
        why = "expected MODULE:CLASS or an executable, as drivers:Mine or ./driver"
        raise ConfigError("verify", "--driver", f"{why}; there is no file {name!r}")
    if not os.access(path, os.X_OK):
        raise ConfigError("verify", "--driver", f"{name!r} is not executable")
    return HostDriver(name)


def _python(name: str) -> Driver:
    module, _, class_ = name.partition(":")
    stand_in()
    try:
        found = getattr(import_module(module), class_, None)
    except ModuleNotFoundError as error:
        missing = error.name or module
        why = "no such module here" if missing == module else f"it imports {missing}, not there"
        raise ConfigError("verify", module, why) from None
    except Exception as error:  # noqa: BLE001 - whatever somebody's module raises
        why = f"its import fails: {type(error).__name__}: {error}"
        raise ConfigError("verify", module, why) from None
    if not isinstance(found, type):
        raise ConfigError("verify", name, f"{module} has no class {class_!r}")
    return PythonDriver(name, found)


def stand_in() -> None:
    """Provide stand-ins for a board's modules that drivers import and that are missing here."""
    if _STAND_INS not in sys.meta_path:
        sys.meta_path.append(_STAND_INS)


@final
class _StandIns(MetaPathFinder, Loader):
    """The last finder: Python calls it for modules that no other finder has."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for a board's module."""
        return spec_from_loader(fullname, self) if fullname in _MODULES else None

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """Let Python make it."""
        return None

    @override
    def exec_module(self, module: ModuleType) -> None:
        """Fill it."""
        vars(module).update(_MODULES[module.__name__])
        if module.__name__ == "circuitpython_typing":
            module.__path__ = []


def _const(value: Any) -> Any:  # noqa: ANN401 - MicroPython's const returns what it is given
    return value


# What MicroPython's `time` has besides; `keep_time` brings them.
_KEPT_LATER: Final = (
    "sleep", "sleep_ms", "sleep_us", "ticks_ms", "ticks_us", "ticks_add", "ticks_diff",
)  # fmt: skip


def _utime() -> dict[str, Any]:
    names = ("time", "localtime", "gmtime", "mktime")
    found: dict[str, Any] = {name: getattr(time, name) for name in names}
    for name in _KEPT_LATER:
        found[name] = lambda *args, name=name: vars(time)[name](*args)
    return found


_MODULES: Final[dict[str, dict[str, Any]]] = {
    "busio": {"I2C": CircuitPythonI2C},
    "board": {},
    "circuitpython_typing": {"ReadableBuffer": bytes, "WriteableBuffer": bytearray},
    "circuitpython_typing.device_drivers": {"I2CDeviceDriver": object},
    "machine": {"I2C": MicroPythonI2C, "SoftI2C": MicroPythonI2C, "Pin": object, "RTC": object},
    "micropython": {"const": _const},
    "smbus2": {"SMBus": Smbus},
    "smbus": {"SMBus": Smbus},
    "utime": _utime(),
    "ucollections": vars(import_module("collections")),
    "ustruct": vars(import_module("struct")),
    "uerrno": vars(import_module("errno")),
}
_STAND_INS: Final = _StandIns()


@final
class _Unmangled(SourceFileLoader):
    """Loads MicroPython source, which has no private names: `self.__x` there is `__x` anywhere."""

    @override
    def source_to_code(self, data: Any, path: Any, *, _optimize: int = -1) -> Any:  # type: ignore[override]
        """Compile it with other names for private ones."""
        text = data if isinstance(data, str) else bytes(data).decode()
        return super().source_to_code(_renamed(text).encode(), path, _optimize=_optimize)


def micropython(path: str) -> ModuleType:
    """Return a MicroPython module from its file; raise `ConfigError` where it cannot be loaded."""
    stand_in()
    name = Path(path).stem
    loader = _Unmangled(name, path)
    spec = spec_from_file_location(name, path, loader=loader)
    assert spec is not None, "a loader was given"
    module = ModuleType(name)
    module.__spec__ = spec
    try:
        loader.exec_module(module)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise ConfigError("verify", path, f"cannot be read: {why}") from None
    return module


def _renamed(text: str) -> str:
    """Return the source with `__name` as `_mp__name`, which Python does not mangle."""
    tokens = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        private = token.type == tokenize.NAME and token.string.startswith("__")
        if private and not token.string.endswith("__"):
            tokens.append((token.type, f"_mp{token.string}"))
        else:
            tokens.append((token.type, token.string))
    return str(tokenize.untokenize(tokens))
