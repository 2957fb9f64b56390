"""Numbers of a wide range that are wide: those of `st.integers` are mostly small."""

from hypothesis import strategies as st


def up_to(most: int) -> st.SearchStrategy[int]:
    """Draw numbers from 0 to `most`, half of them evenly.

    In `st.integers(0, 2**32)` 98 of 100 are in the lower half, 85 in the lowest 256th.
    """
    size_bytes = (most.bit_length() + 7) // 8
    evenly = st.binary(min_size=size_bytes, max_size=size_bytes)
    return st.integers(0, most) | evenly.map(lambda raw: int.from_bytes(raw) % (most + 1))
