"""The worker's calls, on CPython: words of the command line, and a panel without a socket."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from card_protocol import ciphers
from card_protocol.errors import CipherError
from meter_emu.cli import progress
from meter_emu.cli.live import start
from meter_emu.inpage.panel import InPage, PageSource
from meter_emu.inpage.refused import NO_OPTIONS, why_not
from meter_emu.inpage.worker import command, sit_in_page, take_cipher


def hex_cmac(key: str, message: str) -> str:
    mac = CMAC(AES(bytes.fromhex(key)))
    mac.update(bytes.fromhex(message))
    return mac.finalize().hex()


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have what a page brings go with the test."""
    for module, name in ((ciphers, "_brought"), (progress, "_hearing"), (start, "_brought")):
        monkeypatch.setattr(module, name, [])
    monkeypatch.setattr("sys.argv", ["meter-emu"])
    yield
    ciphers.chosen.cache_clear()


def said(*words: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(command(words, (), lambda done, total: None))
    return answer


def test_a_cipher_that_is_wrong_by_one_bit_is_refused() -> None:
    take_cipher(hex_cmac)
    with pytest.raises(CipherError, match="differs from NIST"):
        take_cipher(lambda key, message: f"{int(hex_cmac(key, message), 16) ^ 1:032x}")


def test_a_command_says_its_words_and_status() -> None:
    assert said("timestamp", "decode", "2007032301") == {
        "status": 0, "err": "", "out": said("timestamp", "decode", "2007032301")["out"],
        "link": "#v=1&do=timestamp+decode+2007032301",
    }  # fmt: skip
    wrong = said("rehearse", "ores-2021-07")
    assert wrong["status"] == 2
    assert wrong["err"].startswith("meter-emu: ores-2021-07: no such file")


def test_long_work_is_heard_of() -> None:
    heard: list[tuple[int, int]] = []
    words = ["rehearse", "leap-day-2000", "--jobs", "1"]
    assert json.loads(command(words, (), lambda done, total: heard.append((done, total))))
    (first, *_) = heard
    assert 0 < first[0] <= first[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("verify reference", "verify does not run here: its laws"),
        ("card serve home.card", "card serve does not run here"),
        ("run electricity-pcf8563-utc --web", "run does not run here"),
        ("rehearse winter --build ./mine", "no program of yours runs here"),
        *((f"rehearse winter {name} x", f"{name} does not work here") for name in NO_OPTIONS),
        *((f"rehearse winter {name}=x", f"{name} does not work here") for name in NO_OPTIONS),
    ],
)
def test_what_does_not_run_in_a_page_says_why(words: str, why: str) -> None:
    answer = said(*words.split())
    assert answer["status"] == 2
    assert answer["err"].startswith(f"meter-emu: {why}")


def test_help_is_given_of_every_command() -> None:
    assert why_not(["verify", "--help"]) is None
    assert why_not(["run", "--reader", "x"], at_meter=True) is not None
    assert said("fuzz", "--help")["status"] == 0


def sitting(*messages: str) -> tuple[dict[str, Any], dict[str, Any], list[str], list[str]]:
    """Sit at a meter that a page sends these messages; give status, state, log and refusals."""
    shown: dict[str, Any] = {}
    log: list[str] = []
    refused: list[str] = []
    left = [*messages]

    def show(text: str) -> None:
        parts = json.loads(text)
        if "refused" in parts:
            refused.append(parts["refused"])
            return
        log.extend(parts.pop("log"))
        shown.update(parts)

    def wait(_ms: float) -> str:
        return left.pop(0) if left else json.dumps({"do": "quit"})

    answer = json.loads(sit_in_page(["run", "--rate", "max"], wait, show))
    return answer, shown, log, refused


def test_a_panel_in_a_page_has_what_one_on_a_socket_has() -> None:
    do = [json.dumps({"do": line}) for line in ("remove", "office reactivate", "insert", "next")]
    answer, shown, log, refused = sitting(*do)
    assert answer == {"status": 0, "out": "", "err": ""}
    assert shown["now"]["ended"]
    assert shown["now"]["supplied"]
    assert shown["bytes"]["card"]
    assert any("reactivate" in line for line in log)
    assert refused == []


def test_what_is_no_request_is_refused_and_does_nothing() -> None:
    _, shown, _, refused = sitting("no JSON", '{"do": "blue\\nblue"}', '{"do": 1}')
    assert len(refused) == 3
    assert shown["now"]["heard"] == 1  # quit


def test_a_form_is_answered_in_the_page_too() -> None:
    _, shown, _, _ = sitting('{"go": "2072-07-03 23:01", "form": 4}')
    assert shown["answer"]["form"] == 4
    assert "far after" in shown["answer"]["ask"]


def test_a_page_is_told_only_what_changed() -> None:
    seen: list[str] = []
    page = InPage(seen.append)
    page.publish({"now": "1", "keys": "2"}, ["a"])
    page.publish({"now": "1", "keys": "2"}, [])
    page.publish({"now": "3", "keys": "2"}, [])
    assert seen == ['{"now":1,"keys":2,"log":["a"]}', '{"now":3,"log":[]}']


def test_nothing_asked_is_nothing_read() -> None:
    source = PageSource(lambda _ms: "", lambda _text: None)
    assert source.read(50_000_000) == b""
    assert not source.ended
