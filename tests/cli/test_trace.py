"""`trace`: what was recorded is shown, played to a build, and dissected by a program not ours."""

import json
import os
import shutil
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from card_protocol.formats.container import TRANSPORT_PIN
from meter_emu.desk.published_key import TEST_MASTER_KEY
from tests.bounds import HANG_S
from tests.campaigns import head
from tests.cli.outcome import checked
from tests.forked import PROGRAM, Forked, ran

HOME = ("rehearse", "ores-2020-07", "--household", "friday", "--trace")


@pytest.fixture(scope="module")
def friday(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "friday.trace"
    ran(*HOME, path).check_returncode()
    return path


def test_a_rehearsal_recorded_twice_leaves_the_same_bytes(emu, friday, tmp_path):
    emu(*HOME, tmp_path / "again.trace")
    assert (tmp_path / "again.trace").read_bytes() == friday.read_bytes()


def test_recording_changes_nothing_of_the_result(emu, friday, tmp_path):
    plain = emu("rehearse", "ores-2020-07", "--household", "friday", "--json", "-", "--events")
    traced = emu(*HOME, tmp_path / "t", "--json", "-", "--events")
    assert traced.out == plain.out
    assert [meter["id"] for meter in checked(plain.out)["meters"]] == ["friday"]


@pytest.mark.slow("records and reads whole campaigns")
def test_one_home_alone_is_the_home_among_all(emu, tmp_path):
    alone = json.loads(
        emu("rehearse", "ores-2020-07", "--household", "gas-dark", "--json", "-", "--events").out
    )
    all_of_them = checked(emu("rehearse", "ores-2020-07", "--json", "-", "--events").out)
    household = next(meter for meter in all_of_them["meters"] if meter["id"] == "gas-dark")
    assert alone["meters"] == [household]


def test_a_trace_is_shown_in_words_and_bytes_and_json(emu, friday):
    shown = emu("trace", "show", friday)
    lines = shown.out.splitlines()
    commands = sum('"row":"exchange"' in line for line in friday.read_text("ascii").splitlines())
    assert lines[0] == f"{friday}: {commands} commands, all answered, 2 insertions of a card"
    assert "household friday" in lines[1]
    assert lines[2].endswith("card put in: the household's card")
    assert lines[2][:11] == "2020-03-24 "
    assert lines[-1] == "2020-07-08 10:00:00.000Z  end of the recording"
    assert any("EXTERNAL AUTHENTICATE with key 1: success" in line for line in lines)
    with_bytes = emu("trace", "show", "--bytes", friday).out
    assert f"{'':19}  > 00a4000c02df01\n{'':19}  < 9000\n" in with_bytes
    as_json = checked(emu("trace", "show", "--json", "-", friday).out)
    assert as_json["origin"]["household"] == "friday"
    assert len(as_json["rows"]) == len(lines) - 2
    assert as_json["cut"] is False


def test_the_same_build_says_the_same(emu, friday):
    done = emu("trace", "replay", friday)
    assert (done.code, done.err) == (0, "")
    assert done.out == f"{friday}: reference: 14 commands as recorded\n"


def test_another_build_is_told_from_its_first_other_word(emu, friday):
    done = emu("trace", "replay", friday, "--build", "reference+end-exclusive")
    assert done.code == 1
    first, second = done.out.splitlines()
    assert first == f"{friday}: reference+end-exclusive: 6 commands as recorded, then another"
    assert second.startswith("line 10 (2020-03-24 ")
    assert "UPDATE BINARY file 3" in second
    assert second.endswith("write-back: cut_at 2007022301 instead of 2007032301")
    given = json.loads(
        emu("trace", "replay", friday, "--build", "reference+end-exclusive", "--json", "-").out
    )
    assert given["difference"] == second
    assert given["exchanges"] == 6


CARRIED = (
    head(
        "one home",
        "2020-03-18T00:00:00",
        "2020-07-08T12:00:00",
        "seed = 2020",
        'build = "reference"',
        'text = "x"',
    )
    + """[[household]]
id = "friday"
kind = "armed"
carrier = "{carrier}"
balance_eur = 20
load_w = 300
visits = [
  {{ at = 2020-03-20T10:00:00, desk = ["defer", "cut"] }},
  {{ at = 2020-03-20T10:40:00, insert = true }},
]
"""
)


@pytest.mark.parametrize(
    ("carrier", "command", "part", "days"),
    [
        # The first of two commands that write a copy.
        ("plain", "UPDATE BINARY from 0, 255", "write-back", ("2007022301", "2007032301")),
        (
            "memory",
            "reader: WRITE MEMORY from 152, 52",
            "meter part",
            ("2020-07-02 23:01", "2020-07-03 23:01"),
        ),
    ],
)
def test_the_fields_that_differ_are_named_on_every_kind_of_card(
    emu, tmp_path, carrier, command, part, days
):
    (tmp_path / "one.toml").write_text(CARRIED.format(carrier=carrier), "utf-8")
    trace = tmp_path / "one.trace"
    assert emu("rehearse", tmp_path / "one.toml", "--trace", trace).code == 0
    done = emu("trace", "replay", trace, "--build", "reference+end-exclusive")
    assert done.code == 1
    now, then = days
    ends = [f"{part}: {end} {now} instead of {then}" for end in ("defer_until", "cut_at")]
    assert done.out.endswith(f"now: {command} bytes sent, but {'; '.join(ends)}\n")


def test_a_trace_cut_off_is_shown_played_and_exported_as_far_as_it_goes(emu, friday, tmp_path):
    cut = tmp_path / "cut.trace"
    cut.write_bytes(friday.read_bytes()[:-700])
    assert emu("trace", "show", cut).out.endswith("the recording was cut off here\n")
    done = emu("trace", "replay", cut)
    assert done.code == 0
    assert "as recorded; there the recording was cut off" in done.out
    done = emu("trace", "export", cut, "--pcapng", tmp_path / "cut.pcapng")
    assert done.code == 0
    assert "was cut off" in done.err


def test_a_campaign_that_changed_makes_another_meter_and_is_refused(emu, tmp_path):
    campaign = tmp_path / "mine.toml"
    campaign.write_bytes(Path("fixtures/campaigns/ores-2020-07.toml").read_bytes())
    trace = tmp_path / "t.trace"
    emu("rehearse", campaign, "--household", "friday", "--trace", trace)
    assert emu("trace", "replay", trace).code == 0
    campaign.write_text(campaign.read_text("utf-8") + "\n# another\n", "utf-8")
    assert "is not what it was" in emu("trace", "replay", trace).complains()
    campaign.unlink()
    assert "no such file" in emu("trace", "replay", trace).complains()


@pytest.fixture
def card(emu, tmp_path):
    """A plain card: its PIN is shown at every visit."""
    path = tmp_path / "card.img"
    assert emu("card", "new", path, "--meter-id", "541000000001", "--carrier", "plain").code == 0
    return path


def test_a_visit_to_the_office_is_recorded_without_its_pin(emu, card, tmp_path):
    trace = tmp_path / "desk.trace"
    done = emu("desk", "load", card, "--eur", "50", "--trace", trace)
    assert done.code == 0, done.err
    text = trace.read_text("ascii")
    assert '"command":"00200001' in text
    assert "xxxxxxxx" in text
    assert TRANSPORT_PIN.encode().hex() not in text
    assert TEST_MASTER_KEY.raw.hex() not in text
    shown = emu("trace", "show", trace).out
    assert shown.splitlines()[1] == "of: kind desk"
    assert "card pulled out" in shown
    assert "there is no meter to play it to" in emu("trace", "replay", trace).complains()


def test_a_trace_of_a_visit_that_failed_tells_how_far_it_came(emu, card, tmp_path):
    trace = tmp_path / "desk.trace"
    key = tmp_path / "key"
    key.write_text("00" * 16)
    emu("desk", "load", card, "--eur", "50", "--trace", trace, "--master-key", key).complains()
    shown = emu("trace", "show", trace).out
    assert shown.splitlines()[0].endswith("; cut off before its end")
    assert shown.endswith("the recording was cut off here\n")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (("rehearse", "ores-2020-07", "--trace", "t"), "say which with --household"),
        (("rehearse", "ores-2020-07", "--household", "nobody"), "none has the id 'nobody'"),
        ((*HOME, "/nowhere/t"), "cannot be written"),
        ((*HOME, "."), "cannot be written: is a directory"),
        (("trace", "show", "missing"), "cannot be read"),
        (("trace", "show", "README.md"), "line 1: expected a trace"),
        (("trace", "replay", "README.md"), "line 1: expected a trace"),
        (("trace", "export", "README.md", "--pcapng", "x"), "line 1: expected a trace"),
        (("trace", "export", "README.md"), "Missing option '--pcapng'"),
    ],
)
def test_mistakes_are_one_line(emu, args, why):
    assert why in emu(*args).complains()


@pytest.mark.slow("records and reads whole campaigns")
def test_a_build_that_does_not_exist_is_a_mistake(emu, friday):
    assert "'x'" in emu("trace", "replay", friday, "--build", "reference+x").complains()


# The packet analyser ------------------------------------------------------------------------------


@pytest.fixture
def tshark():
    if shutil.which("tshark"):
        return "tshark"
    why = "tshark is not installed; as root: apt-get install tshark"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def dissected(tshark: str, capture: Path, *fields: str) -> list[list[str]]:
    wanted = [part for field in fields for part in ("-e", field)]
    done = subprocess.run(
        [tshark, "-r", capture, "-T", "fields", *wanted], capture_output=True, text=True, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.slow("starts tshark")
def test_tshark_dissects_every_packet_as_iso_7816(emu, friday, tshark, tmp_path):
    capture = tmp_path / "friday.pcapng"
    assert emu("trace", "export", friday, "--pcapng", capture).code == 0
    rows = dissected(tshark, capture, "_ws.col.Protocol", "_ws.col.Info", "frame.time_epoch")
    said = [row[1] for row in rows]
    assert "Malformed" not in " ".join(said)
    first = said[: said.index("Response APDU (to Read binary)")]
    assert first[1:] == ["Select file", "Response APDU (to Select file)", "Read binary"]
    assert {"External authenticate", "Response APDU (to External authenticate)"} <= set(said)
    lines = [json.loads(line) for line in friday.read_text().splitlines()]
    resets = sum(line["row"] == "reset" for line in lines)
    exchanges = sum(line["row"] == "exchange" for line in lines)
    assert len(rows) == resets + 2 * exchanges
    assert [row[0] for row in rows].count("ISO 7816") == 2 * exchanges
    atrs = dissected(tshark, capture, "iso7816.atr.init_char", "iso7816.atr.t0")
    assert [row for row in atrs if row[0]] == [["0x3b", "0x8c"]] * resets
    assert rows[0][2].startswith("1585")  # 24 March 2020


@pytest.mark.slow("starts tshark")
def test_tshark_sees_the_bytes_of_the_trace_and_no_secret(emu, card, tshark, tmp_path):
    trace, capture = tmp_path / "desk.trace", tmp_path / "desk.pcapng"
    emu("desk", "load", card, "--eur", "50", "--trace", trace)
    emu("trace", "export", trace, "--pcapng", capture)
    rows = dissected(tshark, capture, "frame.comment", "iso7816.apdu.ins", "iso7816.apdu.sw1")
    verify = [row for row in rows if row[1] == "0x20"]
    assert len(verify) == 1
    assert "stand for a secret" in verify[0][0]
    lines = [json.loads(line) for line in trace.read_text().splitlines()]
    commands = [line for line in lines if line["row"] == "exchange"]
    means = [row[0].partition(",the bytes 00")[0] for row in rows if row[1]]
    assert means == [line["means"] for line in commands]
    assert {row[0] for row in rows if not row[1]} == {""}, "an answer is in its command's comment"
    assert [row[1] for row in rows if row[1]] == [f"0x{line['command'][2:4]}" for line in commands]
    answered = [f"0x{line['answer'][-4:-2]}" for line in commands]
    assert [row[2] for row in rows if row[2]] == answered


def test_what_is_recorded_at_an_office_has_its_true_time(emu, card, tshark, tmp_path):
    trace, capture = tmp_path / "desk.trace", tmp_path / "desk.pcapng"
    before = time.time_ns() // 1_000
    emu("desk", "load", card, "--eur", "50", "--trace", trace)
    after = time.time_ns() // 1_000
    rows = [json.loads(line) for line in trace.read_text().splitlines()[1:]]
    times = [row["us"] for row in rows]
    assert [before, *times, after] == sorted([before, *times, after])
    shown = emu("trace", "show", trace).out.splitlines()[2]
    moment = datetime.fromtimestamp(times[0] / 1e6, UTC)
    assert shown.startswith(f"{moment:%Y-%m-%d %H:%M:%S}.{times[0] // 1_000 % 1_000:03}Z  card put")
    emu("trace", "export", trace, "--pcapng", capture)
    seen = [row[0] for row in dissected(tshark, capture, "frame.time_epoch", "iso7816.apdu.ins")]
    said = [
        row["us"] for row in rows for _ in row.get("answer", "")[:2] if row["row"] == "exchange"
    ]
    assert [int(float(one) * 1e6 + 0.5) for one in seen[1:]] == said


# Live ---------------------------------------------------------------------------------------------


def exporting(trace: Path) -> subprocess.Popen[bytes]:
    command = [*PROGRAM, "trace", "export", str(trace), "--follow", "--pcapng", "-"]
    return Forked(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.slow("records and reads whole campaigns")
def test_a_recording_is_watched_while_it_grows(emu, card, tshark, tmp_path):
    """The first half is dissected before the second is written, which begins inside a line."""
    whole, live = tmp_path / "desk.trace", tmp_path / "live.trace"
    emu("desk", "load", card, "--eur", "50", "--trace", whole)
    raw = whole.read_bytes()
    half = raw.index(b"SELECT BE01")
    live.write_bytes(raw[:half])
    command = [tshark, "-l", "-i", "-", "-T", "fields", "-e", "frame.comment"]
    with (
        exporting(live) as export,
        subprocess.Popen(
            command, stdin=export.stdout, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        ) as watching,
    ):  # fmt: skip
        assert watching.stdout is not None
        said = [watching.stdout.readline() for _ in range(2)]
        assert said == ["\n", "SELECT DF01: file or application not found\n"]
        with live.open("ab") as growing:
            growing.write(raw[half:])
        assert "UPDATE BINARY from 512, 255 bytes sent: success\n" in [*watching.stdout]
        assert export.wait(HANG_S) == 0, "the recording has ended"


def test_a_recording_that_is_begun_anew_and_a_reader_that_leaves_end_the_watch(emu, card, tmp_path):
    whole, live = tmp_path / "desk.trace", tmp_path / "live.trace"
    emu("desk", "load", card, "--eur", "50", "--trace", whole)
    first = whole.read_bytes().splitlines(keepends=True)[:3]
    live.write_bytes(b"".join(first))
    with exporting(live) as left:
        assert left.stdout is not None
        left.stdout.read(1)
        left.stdout.close()
        assert left.wait(HANG_S) == 141
    with exporting(live) as anew:
        assert anew.stdout is not None
        anew.stdout.read(1)
        live.write_bytes(first[0])
        _, said = anew.communicate(timeout=HANG_S)
        assert anew.returncode == 2
        assert said.decode().endswith("line 4: the recording was begun anew\n")


def test_a_trace_on_standard_output_is_alone_there(emu, card, tmp_path):
    done = emu("desk", "load", card, "--eur", "50", "--trace", "-")
    assert done.code == 0
    rows = [json.loads(line)["row"] for line in done.out.splitlines()]
    assert (rows[0], rows[-1]) == ("trace", "end")
    assert "ever loaded 50.00 EUR" in done.err
    (tmp_path / "the.trace").write_text(done.out)
    shown = emu("trace", "show", tmp_path / "the.trace").out
    assert "card pulled out" in shown
    before = card.read_bytes()
    both = ("desk", "load", card, "--eur", "50", "--trace", "-", "--json", "-")
    assert "only one thing goes to standard output" in emu(*both).complains()
    assert card.read_bytes() == before
    rehearsed = emu(*HOME, "-").out.splitlines()
    assert json.loads(rehearsed[-1])["row"] == "end"


def test_a_capture_on_standard_output_is_for_a_program(emu, friday, tmp_path):
    capture = tmp_path / "friday.pcapng"
    done = emu("trace", "export", friday, "--pcapng", capture, "--json", "-")
    rows = [json.loads(line)["row"] for line in friday.read_text().splitlines()]
    given = checked(done.out)
    assert given == {
        "file": str(friday), "out": str(capture), "cut": False,
        "packets": rows.count("reset") + 2 * rows.count("exchange"),
    }  # fmt: skip
    to_stdout = ("trace", "export", friday, "--pcapng", "-")
    assert "is for a program" in emu(*to_stdout, "--json", "-").complains()
    assert (
        "give --pcapng -" in emu("trace", "export", friday, "--pcapng", "x", "--follow").complains()
    )


@pytest.mark.parametrize("where", ["header", "row"])
@pytest.mark.parametrize("verb", [("show",), ("replay",), ("export", "--pcapng", "out.pcapng")])
def test_what_is_nested_without_end_is_one_line(emu, friday, tmp_path, verb, where):
    header, first = friday.read_bytes().splitlines(keepends=True)[:2]
    deep = b'{"row":"insert","at":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    bad = tmp_path / "deep.trace"
    bad.write_bytes(deep if where == "header" else header + first + deep)
    done = emu("trace", verb[0], bad, *(tmp_path / one if "." in one else one for one in verb[1:]))
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "Traceback" not in done.err
