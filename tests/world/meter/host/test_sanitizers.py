"""A report of a sanitizer is a crash and the same each time: no chance, since a process differs."""

import re
from pathlib import Path

import pytest

from meter_emu.stories.chooser import Replayed
from meter_emu.stories.story import armed_household, on_build, own_models
from meter_emu.world.meter.failure import FailureKind
from meter_emu.world.rehearsal.fleet import rehearsed
from tests.world.meter.host.compiling import linked

HERE = Path(__file__).parent
(KIT,) = (kit for kit in own_models() if kit.model_name == "electricity-pcf8563-utc")
ADDRESS = ("-fsanitize=address", "-g")
UNDEFINED = ("-fsanitize=undefined", "-fno-sanitize-recover=undefined", "-g")


@pytest.mark.slow("compiles with a sanitizer", short=1)
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (ADDRESS, {
            "heap": "ERROR: AddressSanitizer: heap-buffer-overflow on address 0x…",
            "stack": "ERROR: AddressSanitizer: stack-buffer-overflow on address 0x…",
            "freed": "ERROR: AddressSanitizer: heap-use-after-free on address 0x…",
        }),
        (UNDEFINED, {
            "overflow": "runtime error: signed integer overflow: 9 + 2147483647",
            "shift": "runtime error: shift exponent 36 is too large",
        }),
        ((), {"says_its_number": "Assertion failed in process"}),
    ],
    ids=("address", "undefined", "none"),
)  # fmt: skip
def test_a_report_is_a_crash_and_the_same_when_run_again(
    flags: tuple[str, ...], said: dict[str, str], tmp_path: Path
) -> None:
    made = linked([HERE / "sanitized.c"], tmp_path / "made", "-w", *flags)
    for name, words in said.items():
        (tmp_path / name).hardlink_to(made)
        campaign = on_build(armed_household(Replayed([]), [KIT]), str(tmp_path / name))
        _, seen = rehearsed(campaign.households[0], campaign, events=True)
        failure = seen[-1].failure
        assert failure is not None
        assert failure.kind is FailureKind.CRASHED, failure.why
        assert words in failure.why
        assert not re.search(r"==\d+==|0x[0-9a-f]{3}", failure.why)
