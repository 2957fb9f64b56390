"""A target that must fail: it shows that the machinery notices, keeps and plays again a find."""

from typing import Final

from meter_emu.fuzz.reach import must
from meter_emu.fuzz.target import Target

_CALL: Final = b"CUT!"


def _check(data: bytes, _build: str) -> None:
    for at, letter in enumerate(_CALL):  # one letter after the other, as a format's magic is met
        if len(data) <= at or data[at] != letter:
            return
    must(False, "the canary sings: this target fails on purpose")


TARGETS: Final = (
    Target(
        id="canary",
        asks="four bytes in a row",
        oracles="fails on CUT!, on purpose",
        size_max=16,
        check=_check,
        seeds=lambda: (b"CUT?",),
        canary=True,
    ),
)
