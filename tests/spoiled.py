"""What becomes of a file of lines on a bad disk, or in the hands of somebody."""

from random import Random


def spoiled(raw: bytes, chance: Random) -> bytes:
    """Return a file that was cut off, or of which bytes were changed, lost, doubled or moved."""
    at, lines = chance.randrange(len(raw)), raw.splitlines(keepends=True)
    line = chance.randrange(len(lines))
    size = chance.randrange(1, 40)
    return chance.choice(
        (
            lambda: raw[:at],
            lambda: raw[:at] + bytes([raw[at] ^ 1 << chance.randrange(8)]) + raw[at + 1 :],
            lambda: raw[:at] + raw[at + size :],
            lambda: raw[:at] + chance.randbytes(size) + raw[at:],
            lambda: b"".join(lines[:line] + lines[line + 1 :]),
            lambda: b"".join([*lines[:line], lines[line], *lines[line:]]),
            lambda: b"".join(chance.sample(lines, len(lines))),
            lambda: raw + raw,
        )
    )()
