"""Text of somebody else as one line that steers no terminal."""


def one_line(text: str) -> str:
    """Return text as one line, with what a terminal would obey, or a person not see, escaped."""
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return " " if char.isspace() else char.encode("unicode_escape").decode("ascii")
