"""Programs that people have for cards, on each of ours: they find their way and write nothing."""

import subprocess
from collections.abc import Iterator
from random import Random

import pytest

from card_protocol.card.image import CardKind
from card_protocol.card.make import VirtualCard, card_of
from card_protocol.link.pcsc import PcscLink
from card_protocol.serve.pcscd import VPCD_READERS, PrivatePcscd
from meter_emu.desk.bench_key import BENCH_MASTER_KEY
from meter_emu.desk.desk import Desk
from tests.pcsc.needs import absent, pyscard_absent, refuse
from tests.pcsc.slots import card_in

CLIENT_S = 30.0
# Each client: what it is started with, what is typed, and what it says of each kind of card.
CLIENTS: dict[str, tuple[list[str], str, dict[CardKind, tuple[str, ...]]]] = {
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
                "00000000: 50 45 01 05 ",
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
}


@pytest.fixture(params=CardKind, ids=lambda kind: kind.name.lower())
def card(request: pytest.FixtureRequest, pcscd: PrivatePcscd) -> Iterator[VirtualCard]:
    if why := absent("opensc-tool", "scriptor") or pyscard_absent():
        refuse(why)
    desk = Desk(BENCH_MASTER_KEY, challenge=bytes)
    card = card_of(desk.issue(1, issued_at_min=0, kind=request.param), Random(1).randbytes)
    with PcscLink(VPCD_READERS[0]) as link, card_in(pcscd, link, card):
        yield card


def test_each_client_finds_its_way_and_writes_nothing(
    pcscd: PrivatePcscd, card: VirtualCard
) -> None:
    before = card.image.to_bytes()
    for name, (command, typed, says) in CLIENTS.items():
        done = subprocess.run(
            command, env=pcscd.environment, input=typed, capture_output=True, text=True,
            timeout=CLIENT_S, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        for text in says[card.image.kind]:
            assert text in said, (name, said)
    assert card.image.to_bytes() == before
