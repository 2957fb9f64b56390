"""Programs that people have for cards, on each of ours: they find their way and write nothing.

pySim is in no registry that tests install from. Its first steps are what pySim-read of osmocom sent
to these cards over PC/SC when it was run once, at its commit 597f1e03: is there a UICC, which make
is it, and the file with a classic SIM's serial number, where it gives up, because no card here
knows class A0.
"""

import subprocess
import sys
from collections.abc import Iterator
from random import Random

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.virtual import VirtualCard, card_of
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.desk.desk import Desk
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_S
from tests.docs.pages import page, table
from tests.pcsc.needs import absent, pyscard_absent, refuse
from tests.pcsc.slots import card_in

# pyscard as its own manual has it; what is typed is sent, a line a command.
PYSCARD = """
import sys
from smartcard.System import readers
connection = readers()[0].createConnection()
connection.connect()
print("ATR", bytes(connection.getATR()).hex())
for line in sys.stdin:
    data, sw1, sw2 = connection.transmit([*bytes.fromhex(line)])
    print(line.strip(), ">", f"{bytes(data).hex()}{sw1:02x}{sw2:02x}")
connection.disconnect()
"""
PYSIM = (
    "00a40004023f0000", "00a40004023f0000", "00a4000402000c00", "00a40004023f0000",
    "00a40004027f4d00", "a0a40000023f0000",
)  # fmt: skip
MF_TEMPLATE = "620a82013883023f008a0103"  # ISO/IEC 7816-4, 5.3.3: a DF, 3F00, in use


def pysim_hears(*answers: str) -> tuple[str, ...]:
    return tuple(f"{asked} > {said}\n" for asked, said in zip(PYSIM, answers, strict=True))


FILE_CARD_TO_PYSIM = pysim_hears(
    f"{MF_TEMPLATE}9000", f"{MF_TEMPLATE}9000", "6a82", f"{MF_TEMPLATE}9000", "6a82", "6e00"
)
ATRS = {
    CardKind.SECURE: "3b8c018073f4014066534543555245ba",
    CardKind.PLAIN: "3b8b01807334014065504c41494e33",
    CardKind.MEMORY: "3b04a2131091",
}
# Each client: what it is started with, what is typed, and what it says of each kind of card; of
# several in brackets one, as its versions differ.
CLIENTS: dict[str, tuple[list[str], str, dict[CardKind, tuple[str | tuple[str, ...], ...]]]] = {
    "opensc-explorer": (
        ["opensc-explorer", "--reader", "0"],
        "cd DF01\ninfo EF01\ncat EF01\ncd ..\ninfo BE01\ncat BE01\nquit\n",
        {
            CardKind.SECURE: (
                "File path:               3F00/DF01/EF01",
                "File size:               48 bytes",
                "00000000: 42 49 01 01 ",
            ),
            CardKind.PLAIN: (
                "File path:               3F00/BE01",
                "File size:               1024 bytes",
                "EF structure:            Transparent",
                "00000000: 50 45 01 03 ",
            ),
            CardKind.MEMORY: ("unable to select",),
        },
    ),
    "opensc-tool": (
        ["opensc-tool", "--reader", "0", "--send-apdu", "00:A4:00:0C:02:3F:00"],
        "",
        {
            CardKind.SECURE: ("SW1=0x90, SW2=0x00",),
            CardKind.PLAIN: ("SW1=0x90, SW2=0x00",),
            CardKind.MEMORY: ("SW1=0x6E, SW2=0x00",),
        },
    ),
    "scriptor": (
        ["scriptor", "-r", VPCD_READERS[0]],
        "A0 A4 00 00 02 3F 00\n",
        dict.fromkeys(CardKind, ("< 6E 00 : ",)),
    ),
    "pkcs11-tool": (
        ["pkcs11-tool", "--list-slots"],
        "",
        dict.fromkeys(CardKind, (f"Slot 0 (0x0): {VPCD_READERS[0]}", "(token not recognized)")),
    ),
    "pcsc_scan": (
        ["pcsc_scan", "-c"],
        "",
        {
            kind: ("Card state: Card inserted", f"ATR: {bytes.fromhex(atr).hex(' ').upper()}\n")
            for kind, atr in ATRS.items()
        },
    ),
    "pyscard": (
        [sys.executable, "-c", PYSCARD],
        "00a4000c02be01\n00b000000a\nffa400000106\nffb0000004\n",
        {
            CardKind.SECURE: (f"ATR {ATRS[CardKind.SECURE]}\n", "00a4000c02be01 > 6a82\n"),
            CardKind.PLAIN: ("00a4000c02be01 > 9000\n", "00b000000a > 504501030000000101"),
            CardKind.MEMORY: ("00a4000c02be01 > 6e00\n", "ffb0000004 > a21310919000\n"),
        },
    ),
    "pySim-read, its first steps": (
        [sys.executable, "-c", PYSCARD],
        "\n".join(PYSIM),
        {
            CardKind.SECURE: FILE_CARD_TO_PYSIM,
            CardKind.PLAIN: FILE_CARD_TO_PYSIM,
            CardKind.MEMORY: pysim_hears(*["6e00"] * len(PYSIM)),
        },
    ),
    "ykman": (
        ["ykman", "--reader", VPCD_READERS[0], "info"],
        "",
        dict.fromkeys(CardKind, (("Failed to connect", "Device type: Security Key"),)),
    ),
}


@pytest.fixture(params=CardKind, ids=lambda kind: kind.name.lower())
def card(request: pytest.FixtureRequest, pcscd: PrivatePcscd) -> Iterator[VirtualCard]:
    if why := absent("opensc-tool", "pcsc_scan", "ykman") or pyscard_absent():
        refuse(why)
    desk = Desk(TEST_MASTER_KEY, challenge=bytes)
    card = card_of(desk.issue(1, issued_at_min=0, card_kind=request.param), Random(1).randbytes)
    with PcscLink(VPCD_READERS[0]) as link, card_in(pcscd, link, card):
        yield card


@pytest.mark.slow("a reader service of its own", short=1)
def test_each_client_finds_its_way_and_writes_nothing(
    pcscd: PrivatePcscd, card: VirtualCard
) -> None:
    before = card.image.to_bytes()
    for name, (command, typed, says) in CLIENTS.items():
        done = subprocess.run(
            command, env=pcscd.environment, input=typed, capture_output=True, text=True,
            timeout=HANG_S, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert "Traceback" not in said, (name, said)
        for text in says[card.image.kind]:
            either = (text,) if isinstance(text, str) else text
            assert any(one in said for one in either), (name, said)
    assert card.image.to_bytes() == before


def test_the_page_has_a_row_for_each_client() -> None:
    head = ("client", "on a secure card", "on a plain card", "on a memory card")
    assert CLIENTS.keys() < {row[0] for row in table(page("docs/card-serve.md"), *head)}
