"""`meter-emu sts`: what it says of published tokens, what it makes, and what it refuses."""

import stat

import pytest

PAN = ("--meter-pan", "600727000000000009", "--supply-group", "123456")
PAN_04 = (*PAN[:3], "123457", "--derivation", "dkga04")
CREDIT = "29054347139309851356"
ISSUED = ("--base", "1993", "--basis", "utc", "--issued-at", "1996-03-25 13:55", "--random", "11")


def test_a_token_is_told_field_by_field_under_each_base_date_that_is_possible(emu):
    done = emu("sts", "decode", CREDIT)
    assert (done.code, done.err) == (0, "")
    for line in (
        "29054347139309851356: electricity credit",
        "amount           25.6 kWh (code 0100)",
        "TID              1698595",
        "base 1993        1996-03-25 13:55 on the vending system's clock",
        "base 2014        2017-03-25 13:55",
        "base 2035        2038-03-25 13:55",
    ):
        assert line in done.out
    one = emu("sts", "decode", CREDIT, "--base", "2014", "--basis", "Africa/Johannesburg")
    assert "2017-03-25 13:55 Africa/Johannesburg, 2017-03-25 11:55 UTC" in one.out
    assert "base 1993" not in one.out


def test_digits_may_be_typed_in_groups(emu):
    wanted = emu("sts", "decode", CREDIT).out
    for words in (["2905 4347 1393 0985 1356"], ["2905", "4347", "1393", "0985", "1356"],
                  ["29054-34713-93098-51356"]):  # fmt: skip
        assert emu("sts", "decode", *words).out == wanted


def test_json_has_the_fields_as_numbers(emu):
    said = emu("sts", "decode", CREDIT, "--json", "-").json()
    (one,) = said["tokens"]
    assert said["key"] == "the published sample key"
    assert [one[name] for name in ("class", "subclass", "tid", "amount")] == [0, 0, 1698595, 256]
    assert one["issued_by_base"]["2035"] == "2038-03-25 13:55"


@pytest.mark.parametrize(
    ("args", "token"),
    [
        (("electricity", "--value", "25.6", *ISSUED), "2905 4347 1393 0985 1356"),
        (("water", "--value", "35.6", *ISSUED), "4744 5274 8079 7568 6464"),
        (("gas", "--value", "45.6", *ISSUED), "3669 4449 1200 7565 4222"),
        (("clear-credit", "--value", "all", *ISSUED[:4], "--issued-at", "2004-03-29T00:01Z",
          "--random", "5", *PAN), "2038 8873 1916 5667 1689"),
        (("meter-test", "--value", "1"), "0000 0000 0001 5099 7584"),
    ],
)  # fmt: skip
def test_a_published_token_is_made_again(emu, args, token):
    done = emu("sts", "encode", *args)
    assert (done.code, done.err, done.out[:24]) == (0, "", token)


def test_what_is_not_quite_what_was_typed_is_said(emu):
    done = emu("sts", "encode", "electricity", "--value", "2000", *ISSUED)
    assert "rounded up to 2000.4 kWh" in done.out
    at = (*ISSUED[:4], "--issued-at", "2004-03-29 00:01")
    assert "the TID is that of 00:02" in emu("sts", "encode", "gas", "--value", "1", *at).out


def test_the_basis_moves_the_tid(emu):
    instant = ("--base", "2014", "--issued-at", "2020-07-03T21:01Z", "--value", "1")
    tids = set()
    for basis in ("utc", "Europe/Brussels", "Africa/Johannesburg", "America/Bogota"):
        token = emu("sts", "encode", "gas", *instant, "--basis", basis, "--json", "-").json()[
            "token"
        ]
        tids.add(emu("sts", "decode", token, "--json", "-").json()["tokens"][0]["tid"])
    assert len(tids) == 3, "Brussels in summer and Johannesburg are both two hours ahead"


def test_a_key_is_derived_shown_or_written_for_its_owner_alone(emu, tmp_path):
    assert emu("sts", "key", *PAN).out.startswith("E653341F9D5BF36F  for EA07, DKGA02")
    file = tmp_path / "meter.key"
    more = ("--base", "2014", "--cipher", "ea11", "--key-revision", "4")
    done = emu("sts", "key", *PAN_04, *more, "--out", file)
    assert "DAA89218" not in done.out + done.err
    assert file.read_text() == "DAA892189D08E738DFDED73924C87F32\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = emu("sts", "encode", "gas", "--value", "1", *ISSUED, "--key", file, "--json", "-")
    token = made.json()["token"]
    assert "1.0 m3" in emu("sts", "decode", token, *PAN_04, *more).out


def test_the_published_key_changes_are_made_and_put_together(emu):
    done = emu("sts", "keychange", *PAN, "--new-tariff-index", 2, "--json", "-").json()
    assert done["tokens"] == ["51638423060042734509", "15361891762113502242"]
    over = ("--base", "2014", "--key-revision", 4, "--new-base", "2035", "--new-key-revision", 5)
    done = emu("sts", "keychange", *PAN_04, *over, "--json", "-").json()
    assert done["tokens"] == ["44163577485799480640", "26556810679164981397"]
    assert done["rollover"].startswith("yes")
    shown = emu("sts", "decode", *done["tokens"], *PAN_04, *over[:4])
    assert "key revision     5" in shown.out
    assert "08205E0" not in shown.out, "a key is hidden"
    shown = emu("sts", "decode", *done["tokens"], *PAN_04, *over[:4], "--show-keys")
    assert "B08205E074AFC5D6" in shown.out


def test_a_change_of_a_long_key_takes_four_tokens(emu, tmp_path):
    long = (*PAN_04, "--base", "2014", "--cipher", "ea11")
    tokens = emu("sts", "keychange", *long, "--new-key-revision", 2, "--json", "-").json()["tokens"]
    assert len(tokens) == 4
    assert "supply group     123457" in emu("sts", "decode", *tokens, *long).out
    new = tmp_path / "new.key"
    new.write_text("00112233445566778899aabbccddeeff")
    tokens = emu("sts", "keychange", *long, "--new-key", new, "--json", "-").json()["tokens"]
    shown = emu("sts", "decode", *tokens, *long, "--show-keys").out
    assert "00112233445566778899AABBCCDDEEFF" in shown


def test_a_failed_crc_says_under_what_and_what_would_hold(emu):
    token = "44163577485799480640"
    right = (*PAN_04, "--base", "2014", "--key-revision", 4)
    assert emu("sts", "decode", token, *right).code == 0
    for other, hint in (
        (("--base", "2035", "--key-revision", 4), "holds under base date 2014"),
        (("--base", "2014"), "holds under key revision 4"),
        (("--base", "1993"), "holds under base date 2014 and key revision 4"),
        (("--base", "2014", "--key-revision", 4, "--key-type", 1), "holds under key type 2"),
    ):
        said = emu("sts", "decode", token, *PAN_04, *other).complains()
        assert "CRC: class 2, decrypted by EA07" in said
        assert "DKGA04 from the published test vending key" in said
        assert hint in said
    assert "it holds" not in emu("sts", "decode", token).complains()
    nobodys = f"{int(token) ^ 2:020}"
    assert "it holds" not in emu("sts", "decode", nobodys, *right).complains()


WRONG: tuple[tuple[tuple[object, ...], str], ...] = (
    (("decode", CREDIT[:19]), "digits: expected 20, got 19"),
    (("decode", CREDIT + "1"), "digits: expected 20, got 21"),
    (("decode", CREDIT[:19] + "x"), "character 20 is 'x'"),
    (("decode", "73786976294838206464"), "the largest STS token"),
    (("decode", "9" * 5000), "digits: expected 20, got 5000"),
    (("decode",), "Missing argument"),
    (("decode", CREDIT, "--basis", "Africa/Atlantis"), "no zone 'Africa/Atlantis'"),
    (("decode", CREDIT, "--basis", "/etc/passwd"), "no zone '/etc/passwd'"),
    (("decode", CREDIT, "--base", "2000"), "'2000' is not one of 1993, 2014, 2035"),
    (("decode", CREDIT, "--meter-pan", "600727000000000008", *PAN[2:]), "expected 9"),
    (("decode", CREDIT, "--meter-pan", "600727"), "--supply-group"),
    (("decode", CREDIT, *PAN[:3], "12"), "supply group: expected 6 digits"),
    (("decode", CREDIT, *PAN[2:]), "--supply-group wants --meter-pan"),
    (("decode", CREDIT, *PAN_04), "wants --base"),
    (("decode", CREDIT, *PAN, "--cipher", "ea11"), "EA11 wants DKGA04"),
    (("decode", CREDIT, *PAN, "--derivation", "dkga01"), "DKGA01 has no public description"),
    (("decode", CREDIT, *PAN, "--derivation", "dkga03"), "DKGA03 has no public description"),
    (("decode", CREDIT, *PAN, "--vending-key", "short.key"), "a key of 16 or 40 hex digits"),
    (("decode", CREDIT, *PAN, "--vending-key", "v64.key", "--derivation", "dkga04"),
     "is for DKGA02"),
    (("decode", CREDIT, "--key", "short.key"), "expected a key of 16 or 32 hex digits, got 6"),
    (("decode", CREDIT, "--key", "letters.key"), "expected a key of 16 or 32 hex digits"),
    (("decode", CREDIT, "--key", "binary.key"), "expected a key of 16 or 32 hex digits"),
    (("decode", CREDIT, "--key", "none.key"), "no such file"),
    (("decode", CREDIT, "--key", "v64.key", *PAN), "--key and --meter-pan"),
    (("encode", "gas", "--value", "1"), "expected --base and --basis"),
    (("encode", "gas", "--value", "1.25", *ISSUED), "at most one decimal, got '1.25'"),
    (("encode", "gas", "--value", "1e9", *ISSUED), "at most one decimal"),
    (("encode", "gas", "--value", "-1", *ISSUED), "at most one decimal"),
    (("encode", "gas", *ISSUED), "expected m3 with"),
    (("encode", "gas", "--value", "1820162.5", *ISSUED), "amount: 18201625 is outside"),
    (("encode", "electricity-currency", "--value", "1", *ISSUED), "has no public layout"),
    (("encode", "electrcity", "--value", "1", *ISSUED), "did you mean 'electricity'"),
    (("encode", "power-limit", "--value", "1.5", *ISSUED), "expected watts, got '1.5'"),
    (("encode", "clear-credit", "--value", "8", *ISSUED), "register: 8 is not 0 to 7"),
    (("encode", "clear-tamper", "--value", "8", *ISSUED), "takes no --value"),
    (("encode", "tariff-rate", "--value", "65536", *ISSUED), "value: 65536 is outside"),
    (("encode", "meter-test", "--value", "xyz"), "expected hex digits"),
    (("encode", "gas", "--value", "1", *ISSUED[:5], "soon"), "'soon'"),
    (("encode", "gas", "--value", "1", *ISSUED[:5], "1992-12-31 23:59"), "before base date 1993"),
    (("encode", "gas", "--value", "1", *ISSUED[:5], "2024-11-24 20:16"), "after the last minute"),
    (("encode", "gas", "--value", "1", "--base", "2014", "--basis", "Europe/Brussels",
      "--issued-at", "2020-10-25 02:30"), "Europe/Brussels shows 2020-10-25 02:30 twice"),
    (("encode", "gas", "--value", "1", "--base", "2014", "--basis", "Europe/Brussels",
      "--issued-at", "2020-03-29 02:30"), "shows 2020-03-29 02:30 never"),
    (("key",), "expected --meter-pan"),
    (("keychange",), "expected --new-key, or --meter-pan"),
    (("keychange", *PAN, "--new-key", "long.key"),
     "the new key is for EA11, the meter's is for EA07"),
)  # fmt: skip


@pytest.mark.parametrize(("args", "text"), WRONG)
def test_bad_input_is_one_line_that_says_what_and_where(emu, tmp_path, monkeypatch, args, text):
    monkeypatch.chdir(tmp_path)
    for name, content in (
        ("short.key", b"abcdef"), ("letters.key", b"key of this meter"[:16]),
        ("binary.key", bytes(range(200, 232))), ("v64.key", b"ABABABABABABABAB\n"),
        ("long.key", b"5a" * 16),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    said = emu("sts", *args).complains()
    assert text in said
    for secret in ("ABABAB", "abcdef", "key of this", "5a5a"):
        assert secret not in said
