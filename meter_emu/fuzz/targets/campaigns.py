"""The target in campaign files: what is read of one, and what is written again.

An input is the file itself, or a byte 00, which no file has, and what one is drawn from: most
changes of a text are no campaign any more.
"""

import tomllib
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, Final, final

from meter_emu.errors import MeterEmuError
from meter_emu.fuzz.models.campaigns import campaign_said, household_said, visit_said
from meter_emu.fuzz.reach import must, note
from meter_emu.fuzz.scratch import scratch_file
from meter_emu.fuzz.target import Target
from meter_emu.resources import built_in
from meter_emu.stories.chooser import FromBytes
from meter_emu.units import MINUTE_US
from meter_emu.world.households.campaign import Campaign
from meter_emu.world.households.household import Household, Visit
from meter_emu.world.rehearsal.campaign import load_campaign
from meter_emu.world.rehearsal.campaign_toml import campaign_toml

_DRAWN: Final = b"\0"
_SIZE_MAX: Final = 8_192
_HOMES_MAX: Final = 40
_START: Final = datetime(2020, 2, 3, 12)  # noqa: DTZ001 - legal time, as in a file
_DAYS: Final = 300  # both changes of clocks lie in them
_SEEDS: Final = range(24)
_TOML_WORDS: Final = (
    b"[[household]]", b"[[household.visits]]", b"id = ", b"at = 2020-07-03T23:01:00",
    b"2020-03-29T02:30:00", b"2020-10-25T02:30:00+02:00", b"cut_at", b"defer_until", b"count = ",
    b"reactivate = true", b"load_eur", b"model = ", b"expect = ", b"0x", b"inf", b"nan", b'"""',
)  # fmt: skip


@final
class _Drawn:
    """A campaign that is right, drawn from bytes."""

    def __init__(self, data: bytes) -> None:
        self._chooser: Final = FromBytes(data)

    def text(self) -> str:
        chooser = self._chooser
        end = _START + timedelta(days=_DAYS)
        text = 'name = "drawn"\nzone = "Europe/Brussels"\nmodel = "electricity-pcf8563-utc"\n'
        text += f"start = {_START.isoformat()}\nend = {end.isoformat()}\n"
        text += f"seed = {chooser.below(9)}\n"
        text += chooser.of(("", 'language = "fr"\n', "polls_max = 5000\n"))
        if chooser.below(2):
            cut = self._day(40)
            text += f"[announced]\ndefer_until = {cut}\ncut_at = {cut}\n"
            text += chooser.of(("", "late_max_min = 77\n", f"made = {self._day(0, 30)}\n"))
        return text + "".join(self._household(number) for number in range(1 + chooser.below(3)))

    def _day(self, first: int, last: int = _DAYS) -> str:
        """Return a whole minute that the legal day has once."""
        day = first + self._chooser.below(last - first)
        minute = 3 * 60 + self._chooser.below(20 * 60)
        begins = _START.replace(hour=0) + timedelta(days=1 + day % (_DAYS - 2), minutes=minute)
        return begins.isoformat()

    def _household(self, number: int) -> str:
        chooser = self._chooser
        load = chooser.of(("0", "400", str([10 * hour for hour in range(24)])))
        text = f'[[household]]\nid = "h{number}"\nkind = "a household"\nload_w = {load}\n'
        balance = chooser.of(("20", '"-3.5"', '"7.05"'))
        text += f"balance_eur = {balance}\n"
        for line in (
            "limiter = true\n", "prepayment = false\n", f"drift_ppb = {chooser.around(20_000)}\n",
            f"clock_error_s = {chooser.around(40)}\n", 'carrier = "plain"\n', 'group = "north"\n',
            f"clock_set = 2020-01-{10 + chooser.below(20)}T08:{10 + chooser.below(50)}:07\n",
        ):  # fmt: skip
            text += line if chooser.below(3) == 2 else ""
        if chooser.below(2):
            lost, back = sorted((self._day(0), self._day(0)))
            text += f"outages = [{{ from = {lost}, to = {back[:-2]}30 }}]\n"
        visits = [self._visit() for _ in range(chooser.below(5))]
        return text + f"visits = [{', '.join(visits)}]\n"

    def _visit(self) -> str:
        chooser, at = self._chooser, self._day(35)
        later = (datetime.fromisoformat(at) + timedelta(days=30)).isoformat()
        what = chooser.of((
            "insert = true", f'load_eur = "{5 + chooser.below(200)}.{10 + chooser.below(90)}"',
            f'desk = ["defer", "cut"], defer_until = {later}, cut_at = {later}',
            'desk = ["reactivate"]', 'desk = ["limiter-on", "prepayment-off"]',
            f"clock_card = true, clock_error_s = {chooser.around(60)}", "replace_card = true",
            f"load_eur = 20, office_error_s = {chooser.around(3000)}", "load_eur = 7, torn = true",
            f"tariff = {{ number = 2, price_ueur_per_wh = {1 + chooser.below(900)} }}",
            "clock_card = true, lost = true", 'desk = ["limiter-off", "prepayment-on"]',
        ))  # fmt: skip
        return f"{{ at = {at}, {what} }}"


def _check(data: bytes, _build: str) -> None:
    path, drawn = scratch_file("fuzzed.toml"), data[:1] == _DRAWN
    text = _Drawn(data[1:]).text() if drawn else data
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        campaign = load_campaign(path)
        if len(campaign.households) > _HOMES_MAX:
            return
        written = campaign_toml(campaign)
    except MeterEmuError as error:
        must("\n" not in str(error), "a refusal is one line")
        refusable = not drawn and data not in _files()
        must(refusable, "a file that is right is not refused", str(error))
        note("refused")
        return
    note("a drawn campaign" if drawn else "a campaign")
    _as_said(campaign, tomllib.loads(path.read_text("utf-8-sig")))
    path.write_text(written)
    again = load_campaign(path)
    must(campaign_toml(again) == written, "a campaign is the same when written again")
    must(list(again.households) == list(campaign.households), "and nothing of it is lost")
    kept = {name: getattr(again, name) for name in ("announced", "seed", "polls_max", "reported")}
    must(all(getattr(campaign, name) == one for name, one in kept.items()), "nor of all of them")


def _as_said(campaign: Campaign, table: dict[str, Any]) -> None:
    """Ask that what was read is what the file says."""
    said = campaign_said(table)
    announced = [
        (one.made_us, one.defer_us, one.cut_us, one.late_max_us // MINUTE_US, one.text)
        for one in campaign.announced
    ]
    want = [(*one[:3], one[3] or late[3], one[4])
            for one, late in zip(said.pop("announced"), announced, strict=True)]  # fmt: skip
    must(announced == want, "an announcement is as in its file", f"{announced}, expected {want}",
         moved=bool(want))  # fmt: skip
    _alike(campaign, said, "a campaign is what its file says")
    for entry, raw in zip(campaign.households.entries, table["household"], strict=True):
        one = household_said(raw, table)
        carrier = entry.first.carrier.name.lower()
        must(carrier == one.pop("carrier"), "a card is what the file says")
        _alike(entry.first, one, "a household is what its file says")
        _visits_as_said(entry.first, raw.get("visits", ()), table["zone"])


def _alike(read: object, said: dict[str, Any], what: str) -> None:
    for name, want in said.items():
        now = getattr(read, name)
        now = list(now) if isinstance(now, tuple) else now
        if now != want:
            must(False, what, f"{name} {now}, expected {want}")
    must(True, what)


def _visits_as_said(household: Household, raws: list[dict[str, Any]], zone: str) -> None:
    read = sorted(household.visits, key=lambda visit: visit.in_file)
    must(len(read) == len(raws), "each visit is read", moved=bool(raws))
    for visit, raw in zip(read, raws, strict=True):
        said = visit_said(raw, zone)
        seen = {name: _of_visit(visit, name) for name in said}
        must(seen == said, "a visit is what its file says", f"{seen}, expected {said}")
        note(f"a visit: {visit.kind.name}")


def _of_visit(visit: Visit, name: str) -> object:
    """Return what a visit has of the name; what only an office does is not there in the others."""
    desk = visit.desk
    if name in {"at_us", "clock_error_s", "lost"}:
        return getattr(visit, name)
    if name == "new_card":
        return desk is not None and desk.new_card is not None
    if name == "price":
        return desk and desk.tariff and desk.tariff.price_ueur_per_wh
    return getattr(desk, name) if desk is not None else 0 if name in _COUNTS else (
        None if name in {"prepayment", "limiter"} else False)  # fmt: skip


_COUNTS: Final = {"load_cents", "office_error_s"}


@cache
def _files() -> tuple[bytes, ...]:
    """Return the built-in campaigns: all are right."""
    texts = (path.read_bytes() for path in built_in("campaigns").values())
    return tuple(text for text in texts if len(text) <= _SIZE_MAX)


def _seed(number: int) -> bytes:
    return _DRAWN + Random(number).randbytes(120)


TARGETS: Final = (
    Target(
        id="campaign",
        asks="a campaign file",
        oracles="refused in one line, or the same campaign when it is written again; "
        "what its file says",
        reaches=(
            "refused", "a campaign", "a drawn campaign",
            *(f"a visit: {kind}" for kind in ("DESK", "INSERT", "CLOCK_CARD")),
        ),
        size_max=_SIZE_MAX,
        check=_check,
        drawn=True,
        seeds=lambda: (*_files(), b"?", *map(_seed, _SEEDS)),
        words=_TOML_WORDS,
    ),
)  # fmt: skip
