"""A reader of BER-TLV data objects, for tests: what is read must fill the bytes exactly."""

from io import BytesIO


def parsed(raw: bytes) -> list[tuple[int, bytes]]:
    """Return tags and values, of tags of one or two bytes and definite lengths."""
    stream, found = BytesIO(raw), []
    while head := stream.read(1):
        tag = head + (stream.read(1) if head[0] & 0x1F == 0x1F else b"")
        (size,) = stream.read(1)
        if size & 0x80:
            size = int.from_bytes(stream.read(size & 0x7F), "big")
        value = stream.read(size)
        assert len(value) == size, "a length lies"
        found.append((int.from_bytes(tag, "big"), value))
    return found
