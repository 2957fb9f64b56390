"""`list` and `show defect`: every name there is, and a home that can be played."""

import pytest

from meter_emu.cli.listing import LISTED
from meter_emu.defects import DEFECT_PARTS, catalogue
from tests.cli.outcome import checked


@pytest.mark.slow("reads every built-in campaign", short=4)
@pytest.mark.parametrize("kind", LISTED)
def test_every_kind_is_listed_in_lines_and_in_json(emu, kind):
    names = list(LISTED[kind]())
    done = emu("list", kind)
    assert done.code == 0
    first = [line.split()[0] for line in done.out.splitlines() if line]
    if kind == "defects":
        assert set(names) <= set(first)
    else:
        assert done.out.splitlines()[0] == f"{len(names)} {kind}"
        assert first[1:] == names
    given = checked(emu("list", kind, "--json", "-").out)
    assert [row["name"] for row in given[kind]] == names


def test_defects_are_listed_by_part_with_their_counts(emu):
    first, *rest = emu("list", "defects").out.splitlines()
    assert first == f"{len(catalogue())} defects in {len(DEFECT_PARTS)} parts"
    for part, title in DEFECT_PARTS.items():
        count, *lines = emu("list", "defects", "--part", part).out.splitlines()
        names = [line.split()[0] for line in lines]
        assert count == f"{len(names)} defects in {part}"
        assert names == [one.id for one in catalogue().values() if one.where == part]
        begin = rest.index(f"{part}: {title}") + 1
        assert [line.split()[0] for line in rest[begin : begin + len(names)]] == names
    given = checked(emu("list", "defects", "--part", "zone", "--json", "-").out)
    assert all(catalogue()[row["name"]].where == "zone" for row in given["defects"])
    assert "did you mean 'zone'?" in emu("list", "defects", "--part", "zones").complains()
    assert "laws have no parts" in emu("list", "laws", "--part", "zone").complains()


def test_a_kind_that_is_none_is_one_line(emu):
    assert "defects" in emu("list", "defect").complains()


def test_an_id_that_is_none_is_answered_with_the_nearest(emu):
    assert "did you mean 'end-exclusive'?" in emu("show", "defect", "end-exclusiv").complains()


def test_a_defect_is_told_whole_with_what_its_home_meets(emu):
    done = emu("show", "defect", "doy-common-year")
    assert done.code == 0
    defect = catalogue()["doy-common-year"]
    for text in (defect.mechanism, defect.blind, defect.seen, defect.avoid):
        assert text in done.out
    assert "the household: early, cut 2020-02-29 12:0" in done.out
    assert "cut_at = 2020-03-01T12:00:00" in done.out


def test_the_campaign_alone_can_be_played(emu, tmp_path):
    shown = emu("show", "defect", "end-exclusive", "--toml")
    path = tmp_path / "shown.toml"
    path.write_text(shown.out, "utf-8")
    assert emu("rehearse", path).code == 1
    assert emu("rehearse", path, "--build", "reference").code == 0


def test_any_file_is_called_what_it_is(emu, tmp_path):
    meter = ("--meter-id", "541000000001")
    emu("card", "new", tmp_path / "a.card", *meter)
    emu("image", "new", tmp_path / "a.image", "--model", "electricity-pcf8563-utc", *meter)
    (tmp_path / "a.toml").write_text(emu("show", "campaign", "winter").out, "utf-8")
    for name, kind in (("a.card", "a card image:"), ("a.image", "a meter image:")):
        path = tmp_path / name
        shown = emu(name.partition(".")[2], "show", path).out
        assert emu("show", "file", path).out == f"{path} is {kind}\n{shown}"
    assert "is a campaign of 19 households: " in emu("show", "file", tmp_path / "a.toml").out
    (tmp_path / "other").write_text("no file of ours")
    assert "is no card image" in emu("show", "file", tmp_path / "other").complains()
