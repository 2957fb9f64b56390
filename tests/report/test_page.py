"""The page as text: everything is on it, nothing comes from outside, and it can be read by all."""

import itertools
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from importlib.metadata import version

import pytest

from meter_emu.cli.rehearsing import made_by
from meter_emu.report.facts import Collector
from meter_emu.report.night import NIGHT_HEIGHT, night_of
from meter_emu.report.page import render
from meter_emu.resources import find
from meter_emu.stories.story import lived_by
from meter_emu.units import SECOND_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.judge.verdict import judge
from meter_emu.world.judge.verdicts import PLAIN, Verdict
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.engine import run_meter
from tests.campaigns import head
from tests.report.pages import (
    BOTH,
    EARLY,
    REFERENCE,
    Page,
    collected,
    ores,
    ores_page,
    ores_read,
    page_of,
)

BUILDS = pytest.mark.parametrize("build", [REFERENCE, EARLY, BOTH])

CAMPAIGN = (
    head(
        "one street",
        "2020-06-01T08:00:00",
        "2020-07-08T12:00:00",
        'build = "BUILD"',
        'text = "ANNOUNCED"',
    )
    + """[[household]]
id = "gone"
kind = "KIND"
count = COUNT
balance_eur = 8
load_w = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""
)


def street(
    *,
    kind: str = "never came back",
    count: int = 1,
    build: str = EARLY,
    announced: str = "Until 3 July.",
) -> str:
    text = CAMPAIGN.replace("KIND", kind).replace("COUNT", str(count))
    return text.replace("BUILD", build).replace("ANNOUNCED", announced)


SEASON = (
    head("one week", "2020-01-06T00:00:00", "2020-01-20T00:00:00", announced=None)
    + """[[household]]
id = "dark"
kind = "credit for a day and a half"
balance_eur = 9
load_w = 1000
[[household]]
id = "fed"
kind = "credit for good"
balance_eur = 200
load_w = 100
"""
)


def attributes(page: Page, name: str) -> list[str]:
    return [e.attributes[name] for e in page.elements if name in e.attributes]


@BUILDS
def test_every_kind_of_household_has_a_timeline_and_a_line_in_the_table(build):
    collector, page = ores(build), ores_read(build)
    kinds = {household.kind for household in collector.campaign.households}
    assert len(kinds) == 32
    assert sorted(one[2:] for one in page.texts("h3")) == sorted(kinds)
    heads = page.texts("th")
    assert all(any(head.endswith(kind) for head in heads) for kind in kinds)
    articles = page.all("article")
    drawings = [e for e in page.all("svg") if e.attributes.get("role") == "img"]
    night = 1
    assert len(drawings) == 2 * len(articles) + night
    assert all("Event log of" in article.text for article in articles)


def test_a_program_whose_memory_nobody_reads_and_that_covers_some_has_a_page():
    """As an executable has it: no balance at any event, and households that were not run."""
    seen = ores(REFERENCE)
    collector = Collector(seen.campaign, seen.made)
    for number, household in enumerate(itertools.islice(seen.campaign.households, 8)):
        run = lived_by(household, seen.campaign)
        events = [replace(event, balance_ueur=None) for event in run.events]
        outside = replace(run.outcome, verdict=Verdict.NOT_COVERED)
        collector.add(household, outside if number < 3 else run.outcome, events)
    page = Page(render(collector))
    said = " ".join(page.texts("p"))
    assert "Of 5 households, at the end 4 are supplied, 1 without credit; it was never" in said
    assert "The program does not cover 3 households: they were not run." in said
    assert page.texts("li")[3:6] == [
        "4supplied, 80.0%",
        "0disconnected by order, 0.0%",
        "1without credit, 20.0%",
    ]
    assert any(text.endswith("€ at the start, then unknown") for text in page.texts("dd"))


@BUILDS
def test_every_event_of_a_household_shown_is_in_its_log(build):
    collector, page = ores(build), ores_read(build)
    shown = sum(len(group.first.events) for group in collector.groups.values())
    stamps = [t for t in page.texts("th") if re.fullmatch(r"\w{3} \d+ \w{3} [\d:]{8}", t)]
    assert len(stamps) == shown


@pytest.mark.slow("rehearses whole campaigns")
def test_the_verdict_comes_first_then_the_supply_and_the_worst_moment_is_said_once():
    kept = ores_read(REFERENCE).texts("p")
    assert kept[0] == "! 24 of 27 lived what was announced to them; for the other 5 nothing was."
    assert kept[1].startswith("Of 32 households, at the end 16 are supplied, 1 behind a limiter")
    assert ores_page(REFERENCE).count("4 Jul 00:04, 15 supplied, 1 behind") == 1
    assert "at worst, on" not in ores_page(REFERENCE).replace(kept[1], "")
    texts = ores_read(BOTH).texts("p")
    assert texts[0].startswith("✕ 0 of 27 lived what was announced")
    assert texts[1].startswith("Of 32 households, at the end 5 are supplied")
    assert (
        "26 of 32 meters did otherwise than expected; 25 cut, the first in the night of 29 June, "
        "24 of them in the night of 2 July; 1 limited." in texts
    )
    (first,) = [text for text in texts if text.startswith("The first against")]
    assert "not-extended, on Mon 29 Jun 2020 23:09" in first  # its order still says 30 June
    assert "23 h 51 min before its ordered cut" in first


def test_kinds_of_one_household_each_are_a_list_of_verdicts_and_others_a_table_of_figures(
    tmp_path,
):
    text = ores_page(BOTH)
    assert 'class="shares"' not in text
    assert re.search(
        r"<dt>reactivated on Monday 15 June, [^<]+</dt><dd>Cut though nothing allowed it</dd>", text
    )
    assert '<dt>26 kinds more</dt><dd><a href="#households">' in text
    for count in (1, 2):
        other = page_of(tmp_path / "c.toml", street(count=count))
        assert ('class="shares"' in other) is (count == 2)


def test_who_was_cut_by_an_order_that_was_not_announced_is_something_to_do(tmp_path):
    """Two dates of an office's own: each order is obeyed, and nobody had heard of it."""
    own = """[[household]]
id = "DAY"
kind = "an order of their own"
balance_eur = 80
load_w = 100
visits = [
  { at = 2020-06-02T11:00:00, desk = ["cut"], cut_at = 2020-06-DAYT09:00:00 },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""
    text = street(build=REFERENCE) + own.replace("DAY", "30") + own.replace("DAY", "16")
    page = Page(page_of(tmp_path / "c.toml", text))
    (advice,) = [said for said in page.texts("li") if said.startswith("The office, and not")]
    assert "The office, and not the meter: 2 households" in advice
    assert (
        "2 were cut or limited up to 17 d 13 h before the announced moment (30, 16): "
        "the doing of the office." in page.texts("p")
    )
    assert not [said for said in ores_read(REFERENCE).texts("li") if "and not the meter" in said]


def test_a_home_that_was_to_have_supply_is_not_said_to_be_cut_before_a_moment(tmp_path):
    reactivated = """  { at = 2020-06-20T11:00:00, desk = ["reactivate"] },
  { at = 2020-06-20T11:30:00, insert = true },
]"""
    text = street(build=BOTH).replace("balance_eur = 8", "balance_eur = 80")
    head, end, _ = text.rpartition("]")
    assert end
    page = Page(page_of(tmp_path / "c.toml", head + reactivated))
    (first,) = [text for text in page.texts("p") if text.startswith("The first against")]
    assert first.endswith("2 Jul 2020 23:04; no cut was due for it at all.")


def test_wrong_displays_are_listed_with_the_day_from_which_they_were_wrong():
    page = ores_read(EARLY)
    rows = [" ".join(e.text.split()) for e in page.all("tr")]
    (row,) = [row for row in rows if row.startswith("never-back")]
    promise, in_meter, cut = "Fri 3 Jul 23:01", "Fri 3 Jul 23:01", "Thu 2 Jul 23:10"
    assert row.endswith(f"{promise}{in_meter}Thu 2 Jul 23:01, since Thu 2 Apr 10:30{cut}")
    (look,) = [text for text in page.texts("li") if text.startswith("Look at a display")]
    assert "the first from Wed 18 Mar 2020 10:30, 103 days before the first wrong cut" in look
    cells = [" ".join(e.text.split()) for e in ores_read(REFERENCE).all("td")]
    assert cells.count("as announced") == 32


def test_the_drawing_says_in_words_what_it_shows():
    page = ores_read(EARLY)
    (said,) = {e.text for e in page.all("desc") if "Supply cut on Thu\xa02\xa0Jul 23:27" in e.text}
    assert said.replace("\xa0", " ") == (
        "Announced: cut on Fri 3 Jul 23:01. "
        "The meter understood: cut on Thu 2 Jul 23:01. "
        "Supply cut on Thu 2 Jul 23:27, 23 h 33 min before the announced moment."
    )


def test_a_limit_is_not_called_a_cut():
    folded = next(e for e in ores_read(EARLY).all("details") if "10 A limiter" in e.text)
    assert "✕ limited Thu" in folded.text
    assert "✕ cut" not in folded.text


def test_nothing_is_loaded_from_outside():
    for build in (REFERENCE, BOTH):
        html = ores_page(build)
        page = ores_read(build)
        assert not page.all("link", "img", "iframe", "object", "embed", "base", "form")
        links = attributes(page, "href")
        assert links
        assert all(link.startswith("#") for link in links)
        assert not attributes(page, "src")
        assert set(re.findall(r"url\(([^)]*)\)", html)) == {"#hatch", "#half", "#dots", "#stripes"}
        assert "@import" not in html
        assert "http:" not in html
        assert "https:" not in html
        (policy,) = [
            e.attributes["content"] for e in page.all("meta") if "http-equiv" in e.attributes
        ]
        (script,) = page.all("script")
        assert script.attributes == {}
        digest = b64encode(sha256(script.text.encode()).digest()).decode()
        assert policy == (
            f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
        )


@BUILDS
def test_every_link_leads_to_one_place_on_the_page(build):
    page = ores_read(build)
    ids = attributes(page, "id")
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in attributes(page, "href")} <= set(ids)
    named = " ".join(attributes(page, "aria-labelledby")).split()
    assert set(named) <= set(ids)


@BUILDS
def test_headings_are_in_order_and_landmarks_are_there(build):
    page = ores_read(build)
    levels = [int(e.tag[1]) for e in page.elements if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert page.all("html")[0].attributes["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("main", "nav")] == [1, 1]
    assert all(e.attributes.get("aria-label") for e in page.all("nav"))
    assert all(e.attributes.get("aria-labelledby") for e in page.all("section"))
    assert page.all("title")[0].text.endswith(
        ": ORES, end of the suspension of prepayment, July 2020"
    )


@pytest.mark.slow("rehearses whole campaigns")
@BUILDS
def test_tables_have_headers_with_scope_and_drawings_have_words(build):
    page = ores_read(build)
    for cell in page.all("th"):
        assert cell.attributes.get("scope") in {"col", "row", "rowgroup"}
        assert cell.text.strip()
    drawings = [e for e in page.all("svg") if e.path[-1] == "figure"]
    assert drawings
    titles = {
        e.attributes["id"]: e.text
        for e in page.all("title", "desc", "figcaption")
        if "id" in e.attributes
    }
    for drawing in drawings:
        assert drawing.attributes["role"] == "img"
        named = drawing.attributes["aria-labelledby"].split()
        assert [bool(titles[name].strip()) for name in named] == [True, True]
    for other in page.all("svg"):
        inside = "svg" in other.path or other.path[-1] == "figure"
        assert inside or other.attributes.get("aria-hidden") == "true"


@pytest.mark.slow("renders the page of 2020 twice")
def test_the_same_rehearsal_gives_the_same_page():
    assert render(ores(EARLY)) == render(ores(EARLY)) == ores_page(EARLY)


def test_what_people_wrote_stays_text(tmp_path):
    hostile = "<script>alert('&')</script>\\\" onload=x"
    html = page_of(tmp_path / "c.toml", street(kind=hostile, announced="<b>now</b>"))
    page = Page(html)
    assert "✕ <script>alert('&')</script>\" onload=x" in page.texts("h3")
    assert not page.all("b")
    assert len(page.all("script")) == 1
    assert "<b>now</b>" in page.all("blockquote")[0].text
    assert not any("onload" in e.attributes for e in page.elements)


@pytest.mark.slow("lives thirty households")
@pytest.mark.parametrize("build", [REFERENCE, EARLY])
def test_one_of_each_kind_is_drawn_and_the_others_are_counted(tmp_path, build):
    page = Page(page_of(tmp_path / "c.toml", street(count=30, build=build)))
    assert len(page.all("article")) == 1
    assert "gone-1, the first of 30 households of this kind" in page.texts("span")


def test_an_ordinary_season_announces_nothing_and_shows_when_a_home_was_first_dark(tmp_path):
    """9 euro are 36 kWh, gone on Tuesday at noon: the cut is lawful at once."""
    page = Page(page_of(tmp_path / "c.toml", SEASON))
    assert "What was announced" not in page.texts("h2") + page.texts("a")
    assert "announced" not in attributes(page, "id")
    assert page.texts("figcaption") == [
        "Close up, 6 Jan to 8 Jan", "The whole rehearsal", "The whole rehearsal",
    ]  # fmt: skip
    assert "once on Tue 7 Jan 12:00" in " ".join(page.texts("dd"))
    assert not [text for text in page.texts("text") if "announced" in text]


def test_an_expectation_that_fails_is_broken_whatever_the_verdict(tmp_path):
    text = street(build=REFERENCE).replace('id = "gone"', 'id = "gone"\nexpect = ["early"]')
    page = Page(page_of(tmp_path / "c.toml", text))
    assert "1 of 1 meters did otherwise than expected." in page.texts("p")


@pytest.mark.slow("rehearses whole campaigns")
@BUILDS
def test_one_table_has_every_home_and_its_shares_add_up(build):
    page = ores_read(build)
    assert len([e for e in page.all("table") if e.attributes.get("class") == "kinds"]) == 1
    rows = [e for e in page.all("tr") if "data-find" in e.attributes]
    assert len(rows) == 32
    heads = [e.text for e in page.all("th") if e.attributes["scope"] == "rowgroup"]
    assert sum(int(re.findall(r"(\d+)%", head)[0]) for head in heads) == 100


@BUILDS
def test_the_page_writes_dates_in_one_style(build):
    """But in the author's own words, in what a display shows to the letter, and in a day's name."""
    page = ores_read(build)
    own = {"blockquote", "code", "h3", "title", "style", "script"}
    shown = " ".join(
        e.text for e in page.elements if e.tag in {"p", "dd", "td", "text", "desc", "li"}
        and not own & {e.tag, *e.path}
    )  # fmt: skip
    for said in page.texts("code"):
        shown = shown.replace(said, "")
    assert not re.findall(r"\d{4}-\d\d-\d\d|\d\d? (?:June|July) 2020", shown.replace("\xa0", " "))


def test_the_page_says_how_it_was_made_and_how_to_see_any_one_home():
    page = ores_read(EARLY)
    values = [text.removesuffix(" ·") for text in page.texts("dd")]
    made = dict(zip(page.texts("dt"), values, strict=True))
    assert made["Command"] == f"meter-emu rehearse ores-2020-07 --build {EARLY} --report DIR"
    raw = find("campaigns", "ores-2020-07").read_bytes()
    assert made["Campaign file"] == f"SHA-256 {sha256(raw).hexdigest()}"
    assert made["Tool"] == f"meter-emu {version('meter-emu')}"
    one = f"meter-emu rehearse ores-2020-07 --build {EARLY} --household ID --report DIR"
    assert one in page.texts("code")
    lived = f"meter-emu run ores-2020-07 --build {EARLY} --household ID --web"
    assert lived in page.texts("code")


def test_a_page_says_nothing_of_where_its_files_lie(tmp_path):
    (tmp_path / "model.toml").write_bytes(find("meters", "electricity-pcf8563-utc").read_bytes())
    (tmp_path / "c.toml").write_text(street(), "utf-8")
    made = made_by(
        str(tmp_path / "c.toml"), model=str(tmp_path / "model.toml"), seed=3, household="gone"
    )
    assert made.command == "meter-emu rehearse c.toml --model model.toml --seed 3 --household gone"
    assert made.one_household.endswith("--seed 3 --household ID --report DIR")
    assert made.lived == ""  # a live household has the model of its file


@pytest.mark.slow("rehearses whole campaigns")
def test_the_cuts_over_the_night_are_counted_kind_by_kind_against_what_was_said(tmp_path):
    text = (
        street(count=12)
        + """[[household]]
id = "few"
kind = "a few others"
count = 3
balance_eur = 8
load_w = 200
visits = [
  { at = 2020-06-02T11:00:00, desk = ["defer", "cut"] },
  { at = 2020-06-02T11:30:00, insert = true },
]
"""
    )
    text = text.replace(
        "[announced]",
        """[[reported]]
at = 2020-07-02T23:00:00
text = "dark homes"
[announced]""",
    )
    path = tmp_path / "c.toml"
    page = Page(page_of(path, text))
    campaign = load_campaign(path)
    seen = collected(campaign, made_by(str(path)))
    assert drawn_levels(seen) == counted_levels(campaign)
    assert "At most 15 households are cut or without credit" in " ".join(page.texts("p"))
    assert "reported Thu 2 Jul 23:00" in page.texts("li")
    assert "Reported: Thu 2 Jul 23:00, dark homes." in " ".join(page.texts("p"))
    assert "Outside this night: announced Fri 3 Jul 23:01." in " ".join(page.texts("p"))


def drawn_levels(seen: Collector) -> list[int]:
    """Return the upper edge of the picture, in households, at each minute of it."""
    night = night_of(seen)
    assert night is not None
    (area,) = night.areas
    points = [tuple(map(int, one.split())) for one in re.findall(r"\d+ \d+", area.path)]
    upper = points[: points.index(max(points)) + 1]
    return sorted({-((y - NIGHT_HEIGHT) * night.most // NIGHT_HEIGHT) for _, y in upper})


def counted_levels(campaign: Campaign) -> list[int]:
    """Return how many are without supply after each minute with a cut, household by household."""
    minutes = []
    for household in campaign.households:
        outcome = judge(household, campaign, run_meter(household, campaign))
        ((from_us, _),) = outcome.disconnected
        minutes.append(-(-(from_us // SECOND_US) // 60))
    after = sorted({sum(at <= minute for at in minutes) for minute in minutes})
    return [0, *after]


@pytest.mark.slow("rehearses whole campaigns")
def test_a_page_of_a_fleet_is_small(tmp_path):
    """However many homes there are of each kind: the bound is on what is drawn."""
    few, many = (page_of(tmp_path / "c.toml", street(count=count)) for count in (20, 120))
    assert len(many) - len(few) < 700


def test_every_verdict_has_plain_words():
    from meter_emu.report.words import HAPPENED
    from meter_emu.world.meter.events import What

    assert set(PLAIN) == set(Verdict)
    assert set(HAPPENED) == set(What)
    for plain in PLAIN.values():
        assert plain.heading[0].isupper()
        assert plain.meaning.endswith(".")
        assert plain.advice.endswith(".")


def test_from_a_wrong_date_one_gets_to_the_session_that_stored_it():
    page = ores_read(EARLY)
    links = [one for one in page.all("a") if one.attributes["href"].endswith("-e")]
    assert len(links) > 5
    places = {one.attributes["id"]: one.text for one in page.elements if "id" in one.attributes}
    for link in links:
        line = places[link.attributes["href"].removeprefix("#")]
        assert "Card" in line
        early = (
            r"cut at (Thu\s2\sJul|Mon\s29\sJun)\s2020 23:01"  # one day before what was announced
        )
        assert re.search(early, line), line
