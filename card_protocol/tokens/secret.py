"""What every secret of a token system has in common: it never shows its bytes by accident."""

from typing import Final, NoReturn


class TokenSecret:
    """A key; only `raw` shows its bytes: not `repr`, not `str`, and no pickle."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes, sizes_bytes: tuple[int, ...]) -> None:
        if len(raw) not in sizes_bytes:
            wanted = " or ".join(map(str, sizes_bytes))
            raise ValueError(f"expected a key of {wanted} bytes, got {len(raw)}")
        self.raw: Final = raw

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not pickled: derive it where it is needed")
