"""`meter-emu schema`: what every command prints holds under its JSON Schema, as others read it.

The reader of schemas is not ours: jsonschema. In the other tests the types hold: `outcome.checked`.
"""

import json
import re
import shlex
import sys
import tomllib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from meter_emu.cli import printed
from meter_emu.cli.schema import schema_of, schemas
from meter_emu.resources import ResourceKind, built_in
from tests.cells import each_cell
from tests.cli.test_layout import ORDER
from tests.diagnosis import small
from tests.planner.sheets import town

WRITTEN: dict[str, ResourceKind] = {
    "campaign": "campaigns",
    "model": "meters",
    "incident": "incidents",
    "layout": "layouts",
    "plan": "plans",
}
READERS = {"card-readers", "card-get", "card-put", "card-relay", "card-serve"}  # want PC/SC

PAN = "--meter-pan 600727000000000009 --supply-group 123456"
NIGHT = "--defer-until '2020-07-03 23:01' --cut-at '2020-07-03 23:01'"
# A line for each schema; all run in one folder, in this order.
LINES = f"""
card-new: card new a.card --meter-id 541 --issued-at '2020-03-23 14:50'
card-clock: card clock c.card --meter-id 541 --set-to '2020-03-23 14:50'
desk-account: desk arm a.card {NIGHT} --issued-at '2020-03-23 14:55'
card-show: card show a.card
card-send: card send a.card 00A4000C02BE01 00B000000A
image-new: image new a.image --model electricity-pcf8563-utc --meter-id 541 --at '2020-03-23 15:00'
run: run --image a.image --start '2020-03-24 07:00' --rate max --lines
desk-read: desk read a.card
image-show: image show a.image
diff: image diff a.image a.image
dump-show: card show order.bin --layout state-grid-order
timestamp-decode: timestamp decode 2007032301 --around 2020-07-03
timestamp-encode: timestamp encode '2020-07-03 23:01'
timestamp-ends: timestamp ends --after 1990-01-01
timestamp-scan: timestamp scan order.bin --from 2000-01-01 --to 2040-01-01
sts-decode: sts decode 29054347139309851356
sts-encode: sts encode meter-test --value 1
sts-key: sts key {PAN}
sts-keychange: sts keychange {PAN} --new-tariff-index 2
openpaygo-decode: openpaygo decode 662486790
openpaygo-encode: openpaygo encode add-time --value 30
desk-tokens: desk token sell shop.toml --device-id 7 --days 7
fuzz-list: fuzz list
fuzz-run: fuzz run canary --runs 2000 --no-coverage --time 20 --jobs 1
fuzz-replay: fuzz replay find.toml
list: list campaigns
rehearse: rehearse ores-2020-07 --household june-29 --events --trace t.jsonl --jobs 1
trace-show: trace show t.jsonl
trace-replay: trace replay t.jsonl
trace-export: trace export t.jsonl --pcapng t.pcapng
verify: verify reference+end-exclusive --examples 20 --jobs 1 --law never-early
verify-driver: verify --driver tests.driver_bench.drivers.ours:Ours --examples 10 --law torn-get
distinguish: distinguish reference+end-exclusive reference --examples 40
explore: explore reference+end-exclusive --depth 1 --jobs 1
explore-every: explore reference+end-exclusive --scope all --depth 0 --jobs 1
explore-cuts: explore reference+end-exclusive --scope sessions --cuts 1 --jobs 1
plan-result: plan run plan.toml --jobs 1
diagnose: diagnose incident.toml --samples 1 --jobs 1 --kept kept --only night-named-by-its-morning
"""
COMMANDS = dict(line.split(": ", 1) for line in LINES.strip().splitlines())


def refused(schema: dict[str, Any], found: Any) -> list[str]:
    """Return what jsonschema has against it: where, and why."""
    reader = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    return [f"{one.json_path}: {one.message}" for one in reader.iter_errors(found)]


@pytest.mark.slow("a command for each schema: 3 s for 34 of them")
def test_what_every_command_prints_holds_under_its_schema(emu, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANTED", "9")  # a driver with a fault
    Path("acts.txt").write_text("insert a.card\nremove\n")
    Path("incident.toml").write_text(small.text(), "utf-8")
    Path("order.bin").write_bytes(ORDER.read_bytes())
    town(tmp_path, 8)
    Path("shop.toml").write_text('model = "openpaygo"\n[[device]]\nid = 7\n')
    canary = 'target = "canary"\nbuild = "reference"\ninput = "{}"\nwhy = "it was found"\n'
    Path("find.toml").write_text(canary.format(b"METER-EMU".hex()))
    assert set(schemas()) - set(WRITTEN) - READERS == set(COMMANDS), "a line for each"
    for name, line in COMMANDS.items():
        with Path("acts.txt").open() as acts:
            monkeypatch.setattr(sys, "stdin", acts)
            done = emu(*shlex.split(line), "--json", f"{name}.json")
        assert done.code in {0, 1}, (name, done.err)
        text = Path(f"{name}.json").read_text("utf-8")
        texts = text.splitlines() if name == "run" else [text]
        assert texts, name
        for found in map(json.loads, texts):
            assert found["schema"] == f"{name}/{3 if name == 'rehearse' else 1}"
            assert refused(schema_of(name), found) == [], name


TOY = """from meter_emu.cli.printed.base import Printed


class ToyJson(Printed, tag="toy/1"):
    \"\"\"A toy.\"\"\"

    toys: int
"""


def test_what_a_new_command_prints_has_a_schema_without_being_listed(tmp_path, monkeypatch):
    (tmp_path / "toys.py").write_text(TOY)
    monkeypatch.setattr(printed, "__path__", [*printed.__path__, str(tmp_path)])
    assert "toys" in schema_of("toy")["$defs"]["ToyJson"]["properties"]
    monkeypatch.delitem(sys.modules, f"{printed.__name__}.toys")


@pytest.mark.slow("jsonschema reads a rehearsal eight times")
def test_a_schema_refuses_what_is_not_printed(emu):
    """The negative of the test above: no key may go, no date be another, no number a text."""
    found = json.loads(emu("rehearse", "ores-2020-07", "--household", "june-29", "--json", "-").out)
    schema = schema_of("rehearse")
    assert refused(schema, found) == []
    passed = [key for key in found if not refused(schema, {k: found[k] for k in found if k != key})]
    assert passed == []
    meter = found["meters"][0]
    of = {"at": meter["ordered"], "as_expected": meter, "verdict": meter["lived"]}
    for key, wrong in (("at", "3 July"), ("as_expected", 1), ("verdict", "well")):
        kept, of[key][key] = of[key][key], wrong
        (said,) = refused(schema, found)
        assert said.split(": ")[0].endswith(f".{key}"), said
        of[key][key] = kept


def plain(found: Any) -> Any:
    """Return TOML as an editor gives it to a schema: dates are texts."""
    if isinstance(found, dict):
        return {key: plain(value) for key, value in found.items()}
    if isinstance(found, list):
        return [plain(one) for one in found]
    return found.isoformat() if isinstance(found, (datetime, date)) else found


@pytest.mark.slow("jsonschema reads every built-in file three times")
@each_cell("name", WRITTEN)
def test_a_built_in_file_holds_under_its_schema_and_a_typo_does_not(name):
    schema = schema_of(name)
    for path in built_in(WRITTEN[name]).values():
        found = plain(tomllib.loads(path.read_text("utf-8")))
        assert refused(schema, found) == [], path
        assert refused(schema, found | {"nmae": "x"}), "an unknown key"
        first = next(key for key in found if key in {"name", "source"})
        assert refused(schema, found | {first: 5}), "a number for a text"


def undescribed(schema: dict[str, Any]) -> list[str]:
    """Return the keys that do not say what they are for: an editor would show nothing."""
    return [
        f"{table}.{key}"
        for table, one in schema["$defs"].items()
        for key, about in one.get("properties", {}).items()
        if not about.get("description")
    ]


@each_cell("name", WRITTEN)
def test_every_key_of_a_file_says_what_it_is_for_and_what_a_date_looks_like(name):
    schema = schema_of(name)
    assert undescribed(schema) == []
    table = next(iter(schema["$defs"].values()))
    del next(iter(table["properties"].values()))["description"]
    assert len(undescribed(schema)) == 1


@each_cell("wrong", ["3 July 2020", "2020-07-03", "2020-07-03T24:01", "2020-07-03 23:01"])
def test_a_date_of_a_campaign_has_its_pattern(wrong):
    schema = schema_of("campaign")
    path = built_in("campaigns")["ores-2020-07"]
    found = plain(tomllib.loads(path.read_text("utf-8")))
    assert refused(schema, found | {"start": wrong})
    assert not refused(schema, found | {"start": "2020-03-01 00:00:00+01:00"})


def test_a_pattern_is_one_that_every_reader_knows():
    r"""ECMA 262 has no `\Z`, and no reader has to know what Python has of its own."""
    for name in schemas():
        patterns = re.findall(r'"pattern": "(.*?)"', json.dumps(schema_of(name)))
        assert not [one for one in patterns if re.search(r"\\\\[AZ]|\(\?P", one)], name


def test_the_list_names_every_schema_and_a_near_name_is_offered(emu):
    lines = emu("schema").out.splitlines()
    assert [line.split()[0] for line in lines] == list(schemas())
    assert all(len(line.split()) > 2 for line in lines), "each says what it is of"
    assert "did you mean 'card-show'?" in emu("schema", "card-shwo").complains()


@each_cell("name", ["campaign", "run", "sts-decode"])
def test_a_schema_is_one(name):
    jsonschema.Draft202012Validator.check_schema(schema_of(name))
