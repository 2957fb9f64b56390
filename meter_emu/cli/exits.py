"""The exit statuses of the program: the table that a script may rely on."""

from typing import Final

from meter_emu.errors import NothingCheckedError

EXIT_OK: Final = 0
EXIT_FOUND: Final = 1  # something is wrong, differs or breaks a promise: the answer, no mistake
EXIT_BAD_INPUT: Final = 2  # and work that came to nothing: no result, good or bad
EXIT_UNSEEN: Final = 3  # what was asked is done, and standard output did not take the answer
EXIT_SIGNAL: Final = 128  # and the signal's number, as a shell reports it
EXIT_INTERRUPTED: Final = EXIT_SIGNAL + 2  # SIGINT
EXIT_PIPE_CLOSED: Final = EXIT_SIGNAL + 13  # SIGPIPE: the reader of our output has gone


def status_of_signal(error: RuntimeError) -> int:
    """Return the status of a signal that came as a class was made; raise what is something else.

    Up to Python 3.11 what is raised there comes as the cause of a `RuntimeError`.
    """
    cause = error.__cause__
    if isinstance(cause, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    if isinstance(cause, SystemExit) and isinstance(cause.code, int):
        return cause.code
    raise error


def see_checked(what: str, nothing: str | None) -> None:
    """Raise `NothingCheckedError` where there is a reason why nothing was checked."""
    if nothing is not None:
        raise NothingCheckedError(what, nothing)
