"""Every command that leaves a file: what is there before, what is typed, and what is done next."""

from dataclasses import dataclass
from typing import Final, final

METER: Final = "541000000001"
AT: Final = ("--issued-at", "2020-06-02 10:15")
MODEL: Final = "electricity-pcf8563-utc"
NEW: Final = ("card", "new", "a.card", "--meter-id", METER, *AT)
PLAIN: Final = (*NEW, "--carrier", "plain")
MEMORY: Final = (*NEW, "--carrier", "memory")
IMAGE: Final = ("image", "new", "m.image", "--model", MODEL, "--meter-id", METER)
SET: Final = ("--at", "2020-06-02 10:00")
REHEARSE: Final = ("rehearse", "ores-2020-07", "--household", "never-back", "--jobs", "1")
RUN: Final = ("run", "--image", "m.image", "--rate", "max", "--lines", "--load-w", "400")
SITTING: Final = "insert a.card\nremove\nadvance 1h\nsave n.image\nadvance 2h\nquit\n"

LEDGER: Final = b"""model = "openpaygo"

[[device]]
id = 541000000001
"""

FIND: Final = b"""target = "canary"
build = "reference"
input = "4355542100010203"
why = ""
"""

Words = tuple[str, ...]


@final
@dataclass(frozen=True)
class Writes:
    """A command line that leaves files; `before` is run first, or `given` there, to work on.

    `again` is what is done next, the same if it is not said. `ends` is the status of a good end.
    `mixed` says that two files are changed one after the other and go together.
    """

    argv: Words
    before: tuple[Words, ...] = ()
    given: tuple[tuple[str, bytes], ...] = ()
    again: Words = ()
    typed: str = ""
    ends: int = 0
    mixed: bool = False


def _desk(*words: str, card: Words = PLAIN) -> Writes:
    command, *rest = words
    return Writes(("desk", command, "a.card", *rest, *AT), (card,))


def _token(*words: str, ledger: bytes = LEDGER) -> Writes:
    word, *more = words
    return Writes(
        ("desk", "token", word, "shop.toml", "--device-id", METER, *more, *AT),
        given=(("shop.toml", ledger),),
    )


WRITES: Final[dict[str, Writes]] = {
    "card new": Writes(NEW, again=(*NEW, "--force")),
    "card new --force": Writes((*NEW, "--force"), (PLAIN,)),
    "card reissue": Writes(
        ("card", "reissue", "a.card", "b.card", *AT), (NEW,),
        again=("card", "reissue", "a.card", "b.card", *AT, "--force"),
    ),
    "card reissue --force": Writes(
        ("card", "reissue", "a.card", "b.card", *AT, "--force"),
        (NEW, ("card", "new", "b.card", "--meter-id", "7", *AT)),
    ),
    "card clock": Writes(
        ("card", "clock", "c.card", "--meter-id", METER, "--set-to", "2020-06-02 10:15"),
        again=("card", "clock", "c.card", "--meter-id", METER, "--set-to", "2020-06-02 10:15",
               "--force"),
    ),
    "desk load": _desk("load", "--eur", "5"),
    "desk load, told": Writes(
        ("desk", "load", "a.card", "--eur", "5", *AT, "--json", "told.json"), (NEW,)
    ),
    "desk defer": _desk("defer", "--defer-until", "2020-07-03 23:01", card=NEW),
    "desk cut": _desk("cut", "--cut-at", "2020-07-03 23:01", card=MEMORY),
    "desk arm": _desk("arm", "--defer-until", "2020-07-03 23:01", "--cut-at", "2020-07-03 23:01"),
    "desk reactivate": _desk("reactivate", card=MEMORY),
    "desk prepayment": _desk("prepayment", "off", card=NEW),
    "desk limiter": _desk("limiter", "on"),
    "desk tariff": _desk("tariff", "--number", "2", "--price-ueur-per-wh", "275", card=NEW),
    "desk token sell": _token("sell", "--days", "7"),
    "desk token set": _token("set", "--days", "0"),
    "desk token sell, energy": _token(
        "sell", "--kwh", "5", ledger=LEDGER.replace(b"openpaygo", b"sts")
    ),
    "image new": Writes((*IMAGE, *SET), again=(*IMAGE, *SET, "--force")),
    "image new --force": Writes((*IMAGE, *SET, "--force"), ((*IMAGE, *SET, "--balance-eur", "5"),)),
    "run": Writes(RUN, ((*IMAGE, *SET), PLAIN), typed=SITTING, mixed=True),
    "rehearse": Writes((*REHEARSE, "--json", "r.json", "--report", "page")),
    "plan run": Writes(
        ("plan", "run", "summer-2027", "--plan", "A", "--jobs", "1", "--sheet", "sheet.csv",
         "--json", "p.json", "--report", "page"),
    ),
    "trace export": Writes(
        ("trace", "export", "t.jsonl", "--pcapng", "t.pcapng"),
        ((*REHEARSE, "--trace", "t.jsonl"),),
    ),
    "verify": Writes(
        ("verify", "reference+end-exclusive", "--examples", "20", "--jobs", "1", "--law",
         "never-early", "--to", "found", "--json", "v.json"),
        ends=1,
    ),
    "distinguish": Writes(
        ("distinguish", "reference+end-exclusive", "reference", "--examples", "20", "--json",
         "d.json"),
        ends=1,
    ),
    "card send": Writes(("card", "send", "a.card", "00:20:00:01:04:31:31:31:31"), (PLAIN,)),
    "fuzz minimize": Writes(("fuzz", "minimize", "find.toml"), given=(("find.toml", FIND),)),
    "list": Writes(("list", "campaigns", "--json", "l.json")),
    "sts key": Writes(
        ("sts", "key", "--meter-pan", "600727000000000009", "--supply-group", "123456", "--out",
         "m.key"),
    ),
}  # fmt: skip

# One of each way to write: a fresh file, one in place of another, two at once, a text.
SHORT: Final = (
    "card new", "card reissue --force", "desk load", "desk load, told", "image new --force", "run",
    "list",
)  # fmt: skip

# Commands without a row, and why.
OTHERWISE: Final = {
    "card serve": "tests/cli/test_serve.py kills it while a reader writes",
    "card put": "tests/pcsc/test_killed.py, with a reader",
    "card get": "the same",
    "card relay": "leaves only what it is told to with --json, as list does",
    **dict.fromkeys(
        ("desk token disable", "desk token key-change"),
        "leaves its line as desk token set does, and a second one is refused",
    ),
    "diagnose": "leaves whole files as list does, and signatures that are made again if lost",
    "explore": "leaves a campaign as verify does, a whole graph, and --json as list does",
    "firmware debug": "leaves nothing: it hands a household to a debugger",
    "firmware new": "leaves whole files of a new folder, which is made again",
    "fuzz export": "leaves whole files, one after another, that are made again",
    "fuzz run": "leaves finds as fuzz minimize does, and inputs that may be lost",
    **dict.fromkeys(
        ("card diff", "card readers", "card show", "desk account", "desk read", "desk token list",
         "fuzz list",
         "openpaygo decode", "openpaygo encode", "sts decode", "sts encode", "sts keychange",
         "card layout", "image layout", "timestamp decode", "timestamp encode", "timestamp ends",
         "timestamp scan",
         "fuzz replay", "image diff", "image show", "trace replay", "trace show", "show campaign",
         "schema", "show defect", "show file", "show layout", "show model", "show plan",
         "plan check", "plan show"),
        "only explains, with --json as list does",
    ),
}  # fmt: skip
