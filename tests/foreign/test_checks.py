"""Checksums against the check values of the public catalogue, and the parameters it names."""

from typing import get_args

from meter_emu.foreign.checks import CHECKS, CheckKind
from tests.cells import each_cell

# Of the ASCII digits 1 to 9: reveng.sourceforge.io/crc-catalogue; sums and XOR by hand.
CATALOGUE = {
    "sum8": 0xDD,
    "sum16": 0x01DD,
    "xor8": 0x31,
    "crc8": 0xF4,
    "crc16-arc": 0xBB3D,
    "crc16-modbus": 0x4B37,
    "crc16-ccitt-false": 0x29B1,
    "crc16-kermit": 0x2189,
    "crc16-x25": 0x906E,
    "crc32": 0xCBF43926,
}


@each_cell("kind", get_args(CheckKind))
def test_the_check_value_is_that_of_the_catalogue(kind: CheckKind) -> None:
    check = CHECKS[kind]
    assert check.of(b"123456789") == CATALOGUE[kind]
    assert check.of(b"123456798") != CATALOGUE[kind] or kind in {"sum8", "sum16", "xor8"}
    assert all(check.of(bytes([byte])) < 256**check.size_bytes for byte in range(256))
