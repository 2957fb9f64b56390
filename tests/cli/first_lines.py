"""Line 1 of every command, good and bad: what is typed, the exit status, and how line 1 goes.

Typed in a folder that `folder_of_files` fills. A line is a regular expression, matched from the
beginning; of exit status 2 it is the line on standard error.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from card_protocol.formats.budget import Sfi
from meter_emu.fuzz.finds import find_of, target_of
from tests.campaigns import STREET
from tests.cli.budget_cards import break_mac, write_back

PAN: Final = "--meter-pan 600727000000000009 --supply-group 123456"
DATED: Final = "--issued-at '2024-03-01 09:00'"
MISSING: Final = "meter-emu: {}: (cannot be read: )?[Nn]o such file"
NO_READER: Final = "meter-emu: (broken link: |cannot reach |PC/SC|other: [a-z-]+: import pyscard: )"
SHOP: Final = """model = "openpaygo"

[[device]]
id = 541000000123
"""
EARLY: Final = "reference+end-exclusive"


class FirstLine(NamedTuple):
    """What is typed behind the command, the exit status, and the pattern of line 1."""

    typed: str
    status: int
    says: str


_Rows = tuple[FirstLine, ...]


def _good(typed: str, says: str) -> FirstLine:
    return FirstLine(typed, 0, says)


def _found(typed: str, says: str) -> FirstLine:
    return FirstLine(typed, 1, says)


def _bad(typed: str, says: str) -> FirstLine:
    return FirstLine(typed, 2, says)


def _no_file(name: str, typed: str = "") -> FirstLine:
    return _bad(f"{name} {typed}", MISSING.format(name))


_SURELY: Final = "--reader nothing-like-it --yes-write-hardware"
_ACCOUNT: Final = r"home\.card: meter 541000000001: order \d+,"


def _desk(options: str = "") -> _Rows:
    return _good(f"home.card {options}", _ACCOUNT), _no_file("no.card", options)


FIRST_LINES: Final[Mapping[str, _Rows]] = MappingProxyType({
    "rehearse": (
        _good("street.toml", r"It lived what was announced\."),
        _found(f"street.toml --build {EARLY}", r"0 of 1 lived what was announced to them\."),
        _no_file("no.toml"),
    ),
    "plan check": (
        _good("summer-2027", "200 meters, no mistake: "),
        _no_file("no.toml"),
    ),
    "plan run": (
        _good("summer-2027 --plan A --seeds 3", r"Under A, \d+ of 200 are without supply on "),
        _no_file("no.toml"),
    ),
    "plan show": (_good("summer-2027 12", "name = "),
        _bad("summer-2027 999", "meter-emu: .*row 999")),
    "verify": (
        _good("reference --law never-early --examples 3",
              r"reference: nothing broken in \d+ stories of 1 law"),
        _found(f"{EARLY} --law never-early --examples 50", r".*end-exclusive: 1 of 1 law broken"),
        _bad("reference --law no-law", "meter-emu: "),
    ),
    "explore": (
        _good("reference --depth 0 --jobs 1", "reference, scope new: undecided, nothing broken "),
        _found(f"{EARLY} --depth 3 --jobs 1", r".*, scope new: broken; tried: "),
        _bad("reference --scope no-scope", "meter-emu: "),
    ),
    "distinguish": (
        _good("reference reference --examples 3",
              r"reference and reference: undecided, no difference in 3 stories \(seed 0\)"),
        _found(f"{EARLY} reference --examples 50", r"\S+ and reference differ in story \d+ of "),
        _bad("reference nobody", "meter-emu: "),
    ),
    "diagnose": (
        _good("ores-2020-07 --singles --only end-exclusive --samples 1 --kept kept --jobs 1",
              "Consistent with the reports, and "),
        _no_file("no.toml"),
    ),
    "firmware new": (
        _good("fresh", r"fresh: \d+ files; now: cd fresh"),
        _bad("full", "meter-emu: full/.*: it is there already"),
    ),
    "firmware debug": (_bad("street.toml --build ./none", r"meter-emu: \./none: "),),
    "fuzz list": (_good("", r"\d+ targets"),),
    "fuzz run": (
        _good("atr --runs 200 --time 60 --jobs 1 --no-coverage",
              r"fuzz: nothing new found in \d+ inputs of 1 target on reference"),
        _found("canary --time 60 --jobs 1 --no-coverage --corpus full-of-it",
               r"1 find in [\d,]+ inputs? of 1 target on reference"),
        _bad("no-target", "meter-emu: "),
    ),
    "fuzz replay": (
        _found("canary.toml", r"canary\.toml: fails: OracleError: the canary sings"),
        _no_file("no.toml"),
    ),
    "fuzz minimize": (
        _good("canary.toml", r"canary\.toml: \d+ bytes before, 4 now: "),
        _no_file("no.toml"),
    ),
    "fuzz export": (
        _good("out atr", "out: 4 files, four for a target"), _bad("out no-target", "meter-emu: "),
    ),
    "run": (_bad("no-model", "meter-emu: .*no-model"),),
    "card new": (
        _good("new.card --meter-id 7", r"new\.card: secure card 1 for electricity meter 7"),
        _bad("home.card --meter-id 7", r"meter-emu: home\.card: .*there"),
    ),
    "card reissue": (
        _good("home.card second.card", r"second\.card: secure card 2 for electricity meter"),
        _no_file("no.card", "second.card"),
    ),
    "card clock": (
        _good("clock.card --meter-id 7", r"clock\.card: clock card for meter 7: sets it to "),
        _bad("home.card --meter-id 7", r"meter-emu: home\.card: .*there"),
    ),
    "card show": (
        _good("home.card", r"home\.card: T1 2020-07-03 23:01, .*right MAC"),
        _found("spoiled.card", r"spoiled\.card: WRONG: MAC of the "),
        _no_file("no.card"),
    ),
    "card diff": (
        _good("home.card home.card", "the same, byte for byte"),
        _found("home.card spoiled.card", r"2 fields differ between A and B"),
        _no_file("no.card", "home.card"),
    ),
    "card layout": (_good("home.card", "name = "), _no_file("no.card")),
    "card send": (
        _good("home.card 00A4000C02BE01", "SELECT .*: "), _no_file("no.card", "00A4000C02BE01"),
    ),
    "card readers": (_bad("", NO_READER),),
    "card get": (_bad("got.card --reader nothing-like-it", NO_READER),),
    "card put": (_bad(f"home.card {_SURELY}", r"meter-emu: home\.card: expected a plain or a me"),),
    "card relay": (_bad("", "meter-emu: Missing option '--reader'"),),
    "card serve": (_no_file("no.card"),),
    "image new": (
        _good("new.image --model electricity-pcf8563-utc --meter-id 7",
              r"new\.image: meter 7 of model electricity-pcf8563-utc, [\d]+ bytes"),
        _bad("home.image --model electricity-pcf8563-utc --meter-id 7", "meter-emu: .*there"),
    ),
    "image show": (
        _good("home.image", r"home\.image: nothing is out of range"), _no_file("no.image"),
    ),
    "image diff": (
        _good("home.image home.image", "the same, byte for byte"),
        _found("home.image other.image", r"\d+ fields differ between A and B"),
        _no_file("no.image", "home.image"),
    ),
    "image layout": (_good("home.image", "name = "), _no_file("no.image")),
    "timestamp decode": (
        _good("2007032301 --around 2020-07-03", r"likely: 2020-07-03 23:01 \(bcd-yymmddhhmm\); "),
        _found("efefefefef", "no date under any of 8 codecs of this size"),
        _bad("nonsense", "meter-emu: .*expected hex digits"),
    ),
    "timestamp encode": (
        _good("'2020-07-03 23:01'",
              r"2020-07-03 23:01:00 CEST is 21:01:00 UTC; \d+ of \d+ codecs can write it"),
        _bad("tomorrow", "meter-emu: .*expected a date"),
    ),
    "timestamp ends": (
        _good("--after 2024-11-24", r"\d+ ends of encodings, the next 2024-11-24 "),
        _bad("--after tomorrow", "meter-emu: .*expected a date"),
    ),
    "timestamp scan": (
        _good("home.card --from 2020-01-01 --to 2021-01-01 --codec bcd-yymmddhhmm",
              r"home\.card: \d+ dates; random bytes would show about 0\.\d"),
        _found("home.card --from 1990-01-01 --to 1990-01-02 --codec bcd-yymmddhhmm",
               r"home\.card: 0 dates; random bytes would show about 0\.0"),
        _no_file("no.card", "--from 2020-01-01 --to 2021-01-01"),
    ),
    "trace show": (
        _good("t.jsonl", r"t\.jsonl: \d+ commands, all answered, 1 insertion of a card"),
        _no_file("no.jsonl"),
    ),
    "trace replay": (
        _good("t.jsonl", r"t\.jsonl: reference: \d+ commands as recorded"),
        _found("t.jsonl --build reference+end-exclusive",
               r"t\.jsonl: reference\+end-exclusive: \d+ commands as recorded, then another"),
        _no_file("no.jsonl"),
    ),
    "trace export": (
        _good("t.jsonl --pcapng t.pcapng", r"t\.pcapng: \d+ packets of t\.jsonl"),
        _no_file("no.jsonl", "--pcapng t.pcapng"),
    ),
    "schema": (_good("", "campaign "), _good("campaign", r"\{"), _bad("no-such", "meter-emu: ")),
    "list": (
        _good("defects", r"\d+ defects in \d+ parts"),
        _good("laws", r"\d+ laws"),
        _good("models", r"\d+ models"),
        _bad("nothings", "meter-emu: "),
    ),
    "show campaign": (_good("ores-2020-07", "# The campaign of spring 2020"), _no_file("no.toml")),
    "show defect": (
        _good("end-exclusive", "end-exclusive: an end date taken as "),
        _bad("end-inclusiv", "meter-emu: .*no defect"),
    ),
    "show file": (_good("home.card", r"home\.card is a card image:"), _no_file("no.card")),
    "show layout": (_good("state-grid-order", "# "), _no_file("no.toml")),
    "show model": (_good("electricity-pcf8563-utc", "# An electricity "), _no_file("no.toml")),
    "show plan": (_good("summer-2027", "# "), _no_file("no.toml")),
    "sts decode": (
        _good("29054347139309851356", "29054347139309851356: electricity credit"),
        _bad("29054347139309851357", "meter-emu: token 29054347139309851357: "),
    ),
    "sts encode": (
        _good("meter-test --value 1", r"(\d{4} ){5} meter-test, under "),
        _bad("meter-test", "meter-emu: .*expected hex digits"),
    ),
    "sts key": (_good(PAN, r"[0-9A-F]{16}  for "), _bad("", "meter-emu: expected --meter-pan")),
    "sts keychange": (
        _good(f"{PAN} --new-tariff-index 2", "2 tokens for a key change, under "),
        _bad("--new-tariff-index 2", "meter-emu: "),
    ),
    "openpaygo decode": (
        _good("662486790 927706818", "2 of 2 tokens taken; the device is at count 4"),
        _bad("12", "meter-emu: token 12: "),
    ),
    "openpaygo encode": (
        _good("add-time --value 30", r"(\d{3} )+ add-time 30 days, count "),
        _bad("add-time", "meter-emu: "),
    ),
    "desk account": _desk(),
    "desk load": _desk("--eur 50"),
    "desk defer": _desk("--defer-until '2020-07-03 23:01'"),
    "desk cut": _desk("--cut-at '2020-07-03 23:01'"),
    "desk arm": _desk("--defer-until '2020-07-03 23:01' --cut-at '2020-07-03 23:01'"),
    "desk reactivate": _desk(),
    "desk prepayment": (
        _good("home.card off", _ACCOUNT), _bad("no.card off", MISSING.format(r"no\.card")),
    ),
    "desk limiter": (
        _good("home.card on", _ACCOUNT), _bad("no.card on", MISSING.format(r"no\.card")),
    ),
    "desk tariff": _desk("--number 3 --price-ueur-per-wh 250"),
    "desk read": (
        _good("written.card", r"written\.card: nothing that the meter wrote contradicts the offi"),
        _bad("home.card", r"meter-emu: home\.card: no meter has written on this card yet"),
    ),
    "desk token sell": (
        _good(f"shop.toml --device-id 541000000123 --days 7 {DATED}", r"(\d{3} )+ .*7 days, dev"),
        _no_file("no.toml", "--device-id 541000000123 --days 7"),
    ),
    "desk token set": (
        _good(f"shop.toml --device-id 541000000123 --days 3 {DATED}", r"(\d{3} )+ .*3 days, dev"),
        _no_file("no.toml", "--device-id 541000000123 --days 7"),
    ),
    "desk token disable": (
        _good(f"shop.toml --device-id 541000000123 {DATED}", r"(\d{3} )+ .*device 541000000123"),
        _no_file("no.toml", "--device-id 541000000123"),
    ),
    "desk token key-change": (
        _good(f"power.toml --device-id 541000000123 --new-tariff-index 2 {DATED}",
              r"(\d{4} ){5} .*device 541000000123"),
        _no_file("no.toml", "--device-id 541000000123 --new-tariff-index 2"),
    ),
    "desk token list": (_good("shop.toml", r"shop\.toml: 0 sales"), _no_file("no.toml")),
})  # fmt: skip


def folder_of_files(folder: Path, emu: Callable[..., Any]) -> None:
    """Fill a folder, in which the process is, with one file of every kind."""
    for words in (
        "card new home.card --meter-id 541000000001 --issued-at 2020-03-20T10:00Z",
        (
            "desk arm home.card --defer-until 2020-07-03T23:01 --cut-at 2020-07-03T23:01 "
            "--issued-at 2020-03-23T14:55Z"
        ),
        (
            "image new home.image --model electricity-pcf8563-utc --meter-id 541000000001 "
            "--at 2020-03-20T10:00Z"
        ),
        (
            "image new other.image --model electricity-pcf8563-utc --meter-id 541000000001 "
            "--at 2020-03-20T10:00Z --balance-eur 12.50"
        ),
        "firmware new full",
    ):
        done = emu(*words.split())
        assert done.code == 0, done.err
    for name in ("spoiled.card", "written.card"):
        (folder / name).write_bytes((folder / "home.card").read_bytes())
    break_mac(folder / "spoiled.card", Sfi.DESK)
    write_back(folder / "written.card")
    (folder / "street.toml").write_text(STREET)
    (folder / "shop.toml").write_text(SHOP)
    (folder / "power.toml").write_text(SHOP.replace("openpaygo", "sts"))
    assert emu("rehearse", "street.toml", "--trace", "t.jsonl").code == 0
    canary = find_of(target_of("canary"), b"CUT!", "reference")
    (folder / "canary.toml").write_text(canary.to_toml())
