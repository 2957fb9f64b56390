"""What a run of the command line leaves, and the one line it owes for a mistake."""


class Outcome:
    """Exit status and both streams."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def complains(self) -> str:
        """Return the one line of a run that ended with 2."""
        assert self.code == 2, (self.code, self.out, self.err)
        assert self.out == ""
        assert self.err.startswith("meter-emu: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        assert "Traceback" not in self.err
        return self.err
