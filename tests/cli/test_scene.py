"""A link shows what it was made of, or says why it cannot; whatever a stranger writes in one."""

import zlib
from base64 import urlsafe_b64encode
from hashlib import sha256
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meter_emu.cli.scene import LINK_CHARS_MAX, Scene, link_of, scene_of
from meter_emu.errors import CommandError
from tests.cells import each_cell

PRINTED = st.text(st.characters(exclude_categories=("C", "Z")), max_size=12)
LINES = st.lists(PRINTED.filter(str.strip), max_size=5).map("\n".join)
NAMES = st.from_regex(r"[a-z][a-z.-]{0,8}\.toml", fullmatch=True)
SCENES = st.builds(
    Scene,
    st.lists(PRINTED, min_size=1, max_size=6).map(tuple),
    st.dictionaries(NAMES, st.binary(max_size=200), max_size=3),
    LINES,
)


def packed(data: bytes) -> str:
    return urlsafe_b64encode(zlib.compress(data)).decode()


def written(*fields: tuple[str, str]) -> str:
    return "#" + urlencode([("v", "1"), *fields])


@given(SCENES)
def test_a_link_shows_what_it_was_made_of(scene: Scene) -> None:
    assert scene_of(link_of(scene)) == scene


@given(SCENES, st.data())
def test_a_link_that_was_changed_shows_its_files_or_says_so(
    scene: Scene, data: st.DataObject
) -> None:
    link = link_of(scene)
    at = data.draw(st.integers(0, len(link)))
    changed = link[:at] + data.draw(st.text(max_size=4)) + link[at + data.draw(st.integers(0, 3)) :]
    try:
        shown = scene_of(changed)
    except CommandError:
        return
    assert set(shown.files.values()) <= set(scene.files.values()), "each file by its hash"


def test_who_is_another_has_another_link() -> None:
    words = ("run", "ores-2020-07", "--household", "never-back")
    links = {link_of(Scene((*words[:-1], name))) for name in ("never-back", "both-orders")}
    assert len(links) == 2
    assert len({link_of(Scene(words, {"a.toml": data})) for data in (b"1", b"2")}) == 2


def test_what_may_have_a_key_in_it_goes_by_its_hash() -> None:
    link = link_of(Scene(("show", "file", "home.card"), {"home.card": b"secret"}))
    assert packed(b"secret").rstrip("=") not in link
    assert sha256(b"secret").hexdigest() in link
    with pytest.raises(CommandError, match="it did not go with the link"):
        scene_of(link)


def test_a_link_has_an_end() -> None:
    chaos = b"".join(sha256(bytes([place])).digest() for place in range(256))
    long = link_of(Scene(("rehearse", "mine.toml"), {"mine.toml": chaos}))
    assert len(long) < 200, "the file is named alone"
    assert link_of(Scene(("run",), {}, "x" * LINK_CHARS_MAX)) == ""
    bomb = packed(bytes(1 << 24))
    assert len(bomb) > LINK_CHARS_MAX, "no link is long enough for so much"


@each_cell(
    ("link", "why"),
    [
        ("", "damaged"),
        ("#v=1", "damaged"),
        ("#s=dW50aWw", "damaged"),
        ("#v=2&do=run", "another version"),
        (written(("do", "run '")), "damaged"),
        (written(("do", "")), "damaged"),
        (written(("do", "run\x1b[2J")), "damaged"),
        (written(("do", "run"), ("acts", "!")), "damaged"),
        (written(("do", "run"), ("acts", "/w")), "damaged"),
        (written(("do", "run"), ("acts", "G1sySg")), "damaged"),  # an escape of a terminal
        (written(("do", "run x"), ("file", "../x:00:")), "damaged"),
        (written(("do", "run x"), ("file", f"x.toml:{'0' * 64}:{packed(b'1')}")), "damaged"),
        (written(("do", "run x"), ("file", f"x.toml:{'0' * 64}:AAAA")), "damaged"),
        (written(("do", "run x"), ("file", f"x.toml:{'0' * 64}:é")), "damaged"),
        (written(("do", "run"), *[("file", "x.toml::")] * 9), "damaged"),
        (written(("do", "run " + "x" * LINK_CHARS_MAX)), "longer than"),
    ],
)
def test_what_is_no_link_of_ours_is_said(link: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        scene_of(link)


def test_a_file_that_unpacks_without_end_is_refused() -> None:
    data = bytes((1 << 20) + 1)
    link = written(
        ("do", "rehearse x"), ("file", f"x.toml:{sha256(data).hexdigest()}:{packed(data)}")
    )
    assert len(link) <= LINK_CHARS_MAX
    with pytest.raises(CommandError, match="damaged"):
        scene_of(link)
