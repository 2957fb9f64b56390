"""The front panel without a browser: who is let in, what is done, and what pages are shown."""

import socket
import subprocess
import urllib.error
import urllib.request
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from meter_emu.cli.live.panel_page import TOURS, tour_of
from meter_emu.cli.live.served import PAGE_MESSAGE_MAX, Served, serving_at
from meter_emu.errors import ConfigError
from meter_emu.resources import built_in
from meter_emu.sitting.commands import parse_command
from meter_emu.world.rehearsal.campaign import load_campaign
from tests.bounds import HANG_S
from tests.cells import WHOLE
from tests.cli.sitting import JUNE, MODEL, command, environment
from tests.rigs import rig_of
from tests.web.seat import NEVER_BACK, WRONG, Page, heard_panel, page, panel

pytestmark = pytest.mark.loopback


def fetched(address: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=HANG_S) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """One panel for the tests that leave it whole."""
    seat = (MODEL, *JUNE, "--balance-eur", "20", "--load-w", "400")
    with panel(*seat, cwd=tmp_path_factory.mktemp("seat")) as served:
        yield served


def test_only_this_address_with_its_token_is_served(address):
    """Another host name, another origin, another token, a file that is not of the page."""
    place = urlsplit(address)
    assert place.hostname == "127.0.0.1"
    status, headers, body = fetched(address)
    assert status == 200
    assert b"<title>meter-emu</title>" in body
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["referrer-policy"] == "no-referrer"
    for name in ("panel.js", "panel.css"):
        assert fetched(address + name)[0] == 200
    root = f"http://{place.netloc}"
    for wrong in (root + "/", root + "/x/", address + "served.py", address + "..%2fserved.py"):
        assert fetched(wrong)[0] == 404, wrong
    for header in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        assert fetched(address, **header)[0] == 404, header
    at = f"ws://{place.netloc}{place.path}socket"
    for origin in (Origin("http://evil.example"), Origin("null"), None):
        with pytest.raises(InvalidStatus), connect(at, origin=origin, proxy=None):
            pass
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://{place.netloc}/x/socket", origin=Origin(root), proxy=None),
    ):
        pass


UPGRADE = b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
# Without the token, or not as a page of this sitting: none is to be told from another.
STRANGERS = (
    b"GET / HTTP/1.1\r\nHost: HERE\r\n\r\n",
    b"GET /%C3%A9/ HTTP/1.1\r\nHost: HERE\r\n\r\n",
    b"GET /\xe9/ HTTP/1.1\r\nHost: HERE\r\n\r\n",
    b"GET /%ed%a0%80/panel.js HTTP/1.1\r\nHost: HERE\r\n\r\n",
    b"POST /x/ HTTP/1.1\r\nHost: HERE\r\nContent-Length: 9\r\n\r\n",
    b"GET TOKEN HTTP/1.1\r\nHost: HERE\r\n\r\n",
    b"GET /TOKEN/ HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /TOKEN/ HTTP/1.1\r\nHost: HERE\r\nOrigin: http://evil.example\r\n\r\n",
    b"GET /TOKEN HTTP/1.1\r\nHost: HERE\r\n\r\n",
    b"GET /x/socket HTTP/1.1\r\nHost: HERE\r\n" + UPGRADE,
    b"GET /TOKEN/socket HTTP/1.1\r\nHost: HERE\r\n" + UPGRADE,
    b"GET /x/ HTTP/1.1\r\nHost: HERE\r\n" + UPGRADE.replace(b"websocket", b"h2c"),
    b"GET /x/ HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00 a hello of TLS\r\n\r\n",
    b"\r\n\r\n\r\nno request\r\n\r\n",
    b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
)


def answered(place: SplitResult, request: bytes) -> bytes:
    """Return all that is answered to bytes, until the other end has gone."""
    here, token = place.netloc.encode(), place.path.strip("/").encode()
    with socket.create_connection((place.hostname or "", place.port or 0), HANG_S) as asking:
        asking.sendall(request.replace(b"HERE", here).replace(b"TOKEN", token))
        return b"".join(iter(partial(_some, asking), b""))


def _some(asking: socket.socket) -> bytes:
    try:
        return asking.recv(65_536)
    except ConnectionResetError:  # it was not read to its end
        return b""


@pytest.mark.slow("a panel of its own, the words of which are read")
def test_who_has_no_token_gets_one_answer_and_costs_the_terminal_nothing(tmp_path):
    with heard_panel(MODEL, *JUNE, cwd=tmp_path) as (address, rest):
        place = urlsplit(address)
        answers = {bytes(request[:60]): answered(place, request) for request in STRANGERS}
        assert set(answers.values()) == {answers[STRANGERS[0]]}, answers
        assert answers[STRANGERS[0]].startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert fetched(address)[0] == 200
    assert rest == [""], rest


@pytest.mark.slow("a panel of its own, with as many connections as a person never has")
def test_two_hundred_half_open_connections_are_in_nobodys_way(tmp_path):
    with panel(MODEL, *JUNE, cwd=tmp_path) as address, ExitStack() as held:
        place = urlsplit(address)
        at = (place.hostname or "", place.port or 0)
        half = [held.enter_context(socket.create_connection(at, HANG_S)) for _ in range(200)]
        for number, one in enumerate(half):
            with suppress(OSError):  # it has been shown out
                one.sendall(b"GET / HT" if number % 2 else b"GET /x/ HTTP/1.1\r\nHost: x\r\n")
        assert fetched(address)[0] == 200
        with page(address) as seen:
            seen.do("blue")
            seen.heard(1)
            assert seen.log
        for one in half:
            one.settimeout(HANG_S)
            assert _some(one) == b"", "each was shown out in the seconds that it had"


@pytest.mark.slow("serves a page to a client")
def test_two_hundred_acts_and_hostile_messages_and_the_sitting_is_whole(address):
    """All acts are done in order; each bad message is one answer, or the end of its socket.

    A page that does not read meanwhile holds nobody up, and catches up.
    """
    with page(address) as asleep, page(address) as seen:
        asleep.until(lambda page: bool(page.now))
        seen.do(*["blue"] * 200)
        seen.heard(200)
        assert len([line for line in seen.log if "  key         blue" in line]) == 200
        for bad in ("", "x", "[]", "{}", '{"do": 1}', '{"do": "a\\nb"}', "[" * 9_000):
            seen.socket.send(bad)
        seen.do("x" * 5_000)
        seen.until(lambda page: len(page.refused) == 8)
        seen.do("rm -rf /", "blue 1e9")
        seen.heard(202)
        assert len([line for line in seen.log if line.startswith("! ")]) == 2
        seen.do(*["advance 1h"] * 60, "red")
        seen.heard(263)
        asleep.until(lambda page: page.now["heard"] == seen.now["heard"])
        assert [line for line in asleep.log if "key         red" in line]
    for rude in ("x" * (PAGE_MESSAGE_MAX + 1), "x" * 1_000_000, b"\0bytes"):
        with page(address) as seen:
            seen.socket.send(rude)
            with pytest.raises(ConnectionClosed):
                seen.until(lambda page: False)
    with page(address) as again:
        again.until(lambda page: page.now.get("heard") == 263)
        assert len([line for line in again.log if "  key         blue" in line]) == 200


@pytest.mark.slow("serves a page to a client")
def test_a_mistyped_year_is_asked_about_and_a_jump_is_stopped_where_it_is(tmp_path):
    with panel(*NEVER_BACK, cwd=tmp_path) as address, page(address) as seen:
        far = seen.ask(go="2072-07-03 23:01")
        assert "2072-07-03 23:01" in far["ask"]
        begun = seen.now["time"]
        assert seen.ask(go="31 June")["wrong"]["go"] == "2020 has no 31 June"
        assert seen.now["time"] == begun
        seen.ask(go="2072-07-03 23:01", sure=True)
        seen.until(lambda page: page.now["jump"] is not None)
        assert seen.now["jump"][0] == "2072-07-03 23:01"
        seen.do("blue", "stop")
        seen.until(lambda page: page.now["jump"] is None)
        assert begun < seen.now["time"] < "2072-07-03"
        assert seen.log[-1].endswith("; 1 more not done")
        seen.do("back")
        seen.until(lambda page: page.now["past"])


@pytest.mark.slow("serves a page to a client")
def test_a_field_of_the_office_is_one_thing_whatever_stands_in_it(tmp_path):
    """A comma is a decimal mark there; words that are no amount order nothing, and are said."""
    seat = (MODEL, *JUNE, "--balance-eur", "20", "--load-w", "400")
    with panel(*seat, cwd=tmp_path) as address, page(address) as seen:
        wrong = seen.ask(office={"new": "", "load": "50, reactivate", "cut": "31 June 10:00"})
        assert wrong["wrong"].keys() == {"load", "cut"}
        assert seen.ask(office={"x": ""})["wrong"] == {"x": "the office has no such field"}
        assert seen.ask(office={})["wrong"].keys() == {"load"}
        assert not seen.now["cards"]
        assert "wrong" not in seen.ask(office={"new": "", "load": "12,50"})
        seen.until(lambda page: bool(page.now["cards"]))
        assert [line for line in seen.log if "load 12.50 EUR" in line]
        assert seen.ask(office={"dated": "tomorrow"})["wrong"].keys() == {"load"}


def test_each_tour_is_of_a_household_that_there_is_and_of_lines_that_there_are():
    for name, household in TOURS:
        named = [load_campaign(path) for path in built_in("campaigns").values()]
        (campaign,) = (one for one in named if one.name == name)
        assert household in {entry.first.id for entry in campaign.households.entries}
        for line in tour_of(name, household).splitlines():
            parse_command(line)


def test_a_second_server_on_the_port_is_one_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = Served(lambda _line: True)
        with pytest.raises(ConfigError) as refused, serving_at(served, port):
            pass
    assert str(refused.value) == f"--port: 127.0.0.1 port {port}: address already in use"


@pytest.mark.skipif(not WHOLE, reason="a lock is waited for 5 s: `make test-web`")
def test_the_image_of_a_sitting_is_locked_and_saved(tmp_path):
    from meter_emu.world.meter.image import image_of

    rig = rig_of(start_us=1_593_406_800_000_000)
    image = tmp_path / "home.image"
    image.write_bytes(before := image_of(rig.board, rig.household.model))
    with panel("--image", image, cwd=tmp_path) as address:
        second = subprocess.run(
            command("run", "--image", image, "--lines"), cwd=tmp_path, env=environment(),
            input="", capture_output=True, text=True, timeout=HANG_S,
        )  # fmt: skip
        assert second.returncode == 2
        assert "is in use by" in second.stderr
        with page(address) as seen:
            seen.do("advance 1d")
            seen.heard(1)
    assert image.read_bytes() != before


@pytest.mark.slow("serves a page to a client")
def test_the_night_of_2_july_and_another_end_of_it(tmp_path):
    """With the defects the household is cut a day early; going back and reactivating is another."""
    with panel(*NEVER_BACK, *WRONG, cwd=tmp_path) as address, page(address) as seen:
        seen.do("until 2020-07-02 23:30")
        seen.heard(1)
        assert seen.now["display"] == "OFF: CUT AS OF 2020-07-02 23:01"
        assert not seen.now["supplied"]
        seen.until(lambda page: page.shown["happened"]["verdict"] == "early")
        assert seen.shown["happened"]["findings"]
        seen.until(lambda page: "bytes" in page.shown and written(page, "cut_end") is not None)
        by = written(seen, "cut_end")
        assert by is not None
        assert by[1].startswith("2020-04-02 10:30")  # the write that stored it, not the last one
        assert by[2].startswith("00b0"), by  # and the READ BINARY before it
        seen.do(
            "back 3d", "office reactivate, load 50", "insert", "remove", "until 2020-07-04 12:00"
        )
        seen.heard(6)
        assert seen.now["supplied"]
        seen.until(lambda page: page.shown["happened"]["to"] == page.now["us"])
        assert not seen.shown["happened"]["breaches"]


def written(seen: Page, field: str) -> list[Any] | None:
    """Return who wrote a field of the record that is in force, as the page shows it."""
    found = [row for row in seen.shown["bytes"]["meter"] if row[3].startswith(field) and row[8]]
    return max((row[8] for row in found), default=None)


@pytest.mark.slow("serves a page to a client")
def test_two_meters_live_the_same_and_the_first_difference_is_marked(tmp_path):
    """The reference and a build with a defect: they part in spring, on the display."""
    with (
        panel(*NEVER_BACK, "--twin", WRONG[1], cwd=tmp_path) as address,
        page(address) as seen,
    ):
        seen.do("until 2020-04-01 12:00")
        seen.until(lambda page: page.shown.get("twin", {}).get("time", "") >= "2020-04-01 12:00")
        assert "apart" not in seen.shown["twin"]
        seen.do("until 2020-07-02 23:30")
        seen.until(lambda page: page.shown["twin"]["time"] >= "2020-07-02 23:30")
        twin = seen.shown["twin"]
        assert (seen.now["supplied"], twin["supplied"]) == (True, False)
        assert twin["display"] == "OFF: CUT AS OF 2020-07-02 23:01"
        assert twin["apart"][1].startswith("2020-04-02 10:30")
        seen.do(
            "back 2020-06-30 09:30",
            "office reactivate",
            "insert",
            "remove",
            "until 2020-07-04 12:00",
        )
        seen.until(lambda page: page.shown["twin"]["time"] >= "2020-07-04 12:00")
        seen.until(lambda page: page.shown["twin"]["supplied"])
