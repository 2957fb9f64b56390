"""A driver in C as on a machine of 16 bits: an overflow that a host hides is found."""

import shutil
import subprocess
from pathlib import Path

import pytest

from meter_emu.driver_bench.sixteen import translated, write_int16
from meter_emu.driver_bench.verify_driver import verify_driver
from meter_emu.errors import ConfigError
from tests.driver_bench.planted import HERE, HOST, build, compiler


def build_int16(source: Path, to: Path, *options: str) -> str:
    """Return the driver as a machine of 16 bits has it."""
    copy = to / source.name
    shutil.copy(source, copy)
    made = to / f"{source.stem}{len(options)}.int16"
    files = ["-o", str(made), str(write_int16(str(copy))), str(to / "host.o")]
    strict = ["-std=c++20", "-Wall", "-Werror", f"-I{HOST}"]
    subprocess.run([compiler("g++"), *strict, *options, *files], check=True)
    return str(made)


@pytest.mark.slow("builds and runs drivers")
def test_an_overflow_of_int_is_found_where_int_has_16_bits(tmp_path: Path) -> None:
    source = HERE / "products.c"
    drivers = [
        str(build(source, tmp_path)),
        build_int16(source, tmp_path, "-DWIDE"),
        build_int16(source, tmp_path),
    ]
    found = [verify_driver(name, tries=50, every=False, law_ids=["number"]) for name in drivers]
    assert [report.wrong for report in found] == [False, False, True]
    (first,) = found[-1].examined[0].found
    assert first.words.endswith("expected 946720800, got 946655264, -65,536"), "10 times 3,600"


@pytest.mark.parametrize(
    ("c", "other"),
    [
        ("unsigned long x = 60UL * 0x3F;", "bench_u32 x = 60_16ul * 0x3F_16;"),
        ("static unsigned int y[7];", "static bench_u16 y[7_16];"),
        ("const uint8_t *p; long int z;", "const bench_u8 *p; bench_i32 z;"),
        ('printf("%d 12", a12); // int 5', 'printf("%d 12", a12); // int 5'),
        ("#include <stdint.h>\n#define DAY 86400L", "#include <stdint.h>\n#define DAY 86400_16l"),
        ("char c = '1'; x = 1.5f; int print_int;", "char c = '1'; x = 1.5f; bench_i16 print_int;"),
    ],
)
def test_types_and_literals_are_renamed_and_nothing_else(c: str, other: str) -> None:
    assert translated(c) == other


def test_a_file_without_the_line_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "x.c"
    with pytest.raises(ConfigError, match="cannot be read"):
        write_int16(str(path))
    path.write_text("int x;\n")
    with pytest.raises(ConfigError, match="has no line with 'what declares it'"):
        write_int16(str(path))
