"""What an operator, a file or a cable got wrong: one root, one clear line each at the CLI.

What a device would answer is a value; what we got wrong is an assert. `PowerLost` is neither: it
is the supply going away under a running program, raised by the board and caught only by the code
that restarts it. It derives from `BaseException` so that no `except Exception` can swallow a power
cut.
"""

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from meter_emu.toml_typos import TomlTypo


class MeterEmuError(Exception):
    """Root of all exceptions of `meter_emu`."""


class ConfigError(MeterEmuError):
    """A model, campaign or option that cannot be used.

    Args:
        path: The file, or the call or option.
        key: The key in it, with points between levels; empty for all of it.
        why: What was expected, and what is there.
        typo: The place in a file that is no TOML.
    """

    def __init__(self, path: str, key: str, why: str, typo: "TomlTypo | None" = None) -> None:
        super().__init__(f"{path}: {key}: {why}" if key else f"{path}: {why}")
        self.path = path
        self.key = key
        self.why = why
        self.typo = typo

    def __reduce__(self) -> tuple[type[Self], tuple[object, ...]]:
        """Return it with what it was made of: it may come from another process."""
        return type(self), (self.path, self.key, self.why, self.typo)


class ImageError(MeterEmuError):
    """A file, `path`, that is no usable meter or card image; `why` says what was expected."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: {why}")
        self.path = path


class CardError(MeterEmuError):
    """A card that the office cannot serve; says where it is and why."""


class DeskError(MeterEmuError):
    """An order the office must not write; says which rule forbids it."""


class CommandError(MeterEmuError):
    """A command to a live meter that cannot be executed, and why."""


class OutputError(MeterEmuError):
    """An output, `path`, that cannot be written, and `why`."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path}: cannot be written: {why}")
        self.path = path


class NothingCheckedError(MeterEmuError):
    """Work that came to nothing, and why: it must not pass for a good result."""

    def __init__(self, what: str, why: str) -> None:
        super().__init__(f"{what}: nothing was checked: {why}")


class WorkerError(MeterEmuError):
    """A worker process that ended before its work was done, and how."""


class ProgramError(MeterEmuError):
    """A meter's program that failed: `kind` is crashed or hung, `why` says how in one line."""

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(f"the program {kind}: {why}")
        self.kind = kind
        self.why = why


class PollsSpentError(MeterEmuError):
    """The story's poll limit was reached."""


class PollOverrun(BaseException):  # nor may a program handle its own end
    """A poll has taken more calls or more time than any meter needs; it ends here."""


class PowerLost(BaseException):  # a power cut, not an error anyone may handle on the way up
    """The meter's supply went away inside a port call; what the call left behind is physics."""
