"""Clients that die at each byte of what they ask and hear: the server says nothing, and serves."""

import logging
import socket
import struct
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from meter_emu.cli.live import door
from meter_emu.cli.live.served import Served, serving_at
from tests.bounds import HANG_S
from tests.cells import drawn

pytestmark = pytest.mark.loopback
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: the end of the socket is a reset
FRAME = bytes([0x81, 0x85, 1, 2, 3, 4]) + bytes(
    one ^ mask for one, mask in zip(b"hello", bytes([1, 2, 3, 4, 1]), strict=True)
)
PARTS_SHORT = 60  # of the moments at which a client dies, in the gate


@pytest.fixture
def panel(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[Served, str]]:
    """A server whose every log record is kept."""
    served = Served(lambda _line: True)
    with caplog.at_level(logging.WARNING), serving_at(served, 0) as address:
        yield served, address


def requests(address: str) -> dict[str, bytes]:
    host, _, path = address.removeprefix("http://").partition("/")
    begins = f"HTTP/1.1\r\nHost: {host}\r\n"
    upgrade = (
        f"GET /{path}socket {begins}Origin: http://{host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )
    return {
        "page": f"GET /{path} {begins}\r\n".encode(),
        "file": f"GET /{path}panel.css {begins}\r\n".encode(),
        "socket": upgrade.encode() + FRAME * 2,
        "body": f"POST /{path} {begins}Content-Length: 9\r\n\r\nwhat ever".encode(),
        "stranger": f"GET /x/ {begins}\r\n".encode(),
        "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    }


def dies(address: str, sent: bytes, heard: int, *, hard: bool) -> None:
    """Send so much, hear so much of the answer, and be gone: by a reset, or by an end."""
    host, port = address.removeprefix("http://").partition("/")[0].split(":")
    with suppress(ConnectionError), socket.create_connection((host, int(port)), HANG_S) as one:
        one.sendall(sent)
        while heard > 0 and (more := one.recv(min(heard, 4_096))):
            heard -= len(more)
        if hard:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def moments(address: str) -> list[tuple[bytes, int]]:
    """Return every byte of each request, and then every tenth of its answer's first thousand."""
    found = []
    for sent in requests(address).values():
        found += [(sent[:at], 0) for at in range(len(sent))]
        found += [(sent, heard) for heard in range(0, 200, 5)]
    return found


@pytest.mark.slow("some hundreds of connections")
def test_a_client_that_dies_at_any_byte_costs_no_word_and_no_page(panel, caplog, monkeypatch):
    monkeypatch.setattr(door, "SHOW_S", 60.0)  # nobody is shut out for being slow
    served, address = panel
    every = [(*moment, hard) for moment in moments(address) for hard in (False, True)]
    for number in drawn(len(every), PARTS_SHORT):
        sent, heard, hard = every[number]
        served.publish({"at": str(number)}, ["x" * 100])
        dies(address, sent, heard if hard and heard < 100 else 0, hard=hard)
    with urllib.request.urlopen(address, timeout=HANG_S) as answer:
        assert answer.status == 200
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.slow("some hundreds of connections")
def test_pages_that_are_reset_as_they_are_sent_to_are_no_traceback(panel, caplog):
    """What was seen once in a flood: closing what had gone raised in the handler of that."""
    served, address = panel
    sent = requests(address)["socket"]
    for number in range(200):
        dies(address, sent, 1, hard=True)
        served.publish({"at": str(number)}, ["x" * 1_000])
    with urllib.request.urlopen(address, timeout=HANG_S) as answer:
        assert answer.status == 200
    assert [record.getMessage() for record in caplog.records] == []
