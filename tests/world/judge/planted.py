"""Campaigns in which one cause, or two, is planted: why a household does not live what it heard.

Each is drawn as text: a home that does everything right, and then the cause. A home armed for T2 is
cut a few minutes later; one that reactivates keeps its supply.
"""

from datetime import datetime, timedelta
from random import Random
from typing import Final, NamedTuple

MODELS: Final = ("electricity-pcf8563-utc", "electricity-ds3231-utc", "gas-pcf8563-battery")
DAY: Final = timedelta(days=1)
DEFER_AND_CUT: Final = '["defer", "cut"]'
TEN_DAYS: Final = {"balance_eur": "27", "load_w": "400"}  # of credit
# Cause: who could put it right. A promise to all holds though nobody comes, so of a household that
# is late for one the plan, which made it, is enough as well.
CAUSES: Final = {
    "date": {"office"},
    "order": {"office"},
    "clock": {"clock"},
    "expired": {"card"},
    "unheard": {"plan"},
    "late": {"household", "plan"},
    "program": {"meter"},
    "power": {"supply"},
}
PAIRS: Final[dict[tuple[str, ...], set[str]]] = {
    ("date", "clock"): {"office", "clock"},
    ("date", "program"): {"office", "meter"},
    ("clock", "program"): {"clock", "meter"},
    ("expired", "clears one"): {"card", "meter"},
    ("expired and torn", "both"): {"office", "card"},
}


class Planted(NamedTuple):
    """A campaign of one household, and who could put it right."""

    text: str
    causes: tuple[str, ...]
    names: frozenset[str]


def planted(causes: tuple[str, ...], seed: int) -> Planted:
    """Return a campaign with these causes and no other."""
    home = _Home(causes, Random(f"{causes} {seed}"))
    for cause in causes:
        _PLANT.get(cause, _nothing)(home)
    if not {"late", "order"} & {*causes}:
        home.desk(home.start + DAY * 4, DEFER_AND_CUT, cut=home.written)
    head = [
        'name = "planted"', 'zone = "Europe/Brussels"', f"start = {home.start.isoformat()}",
        f"end = {(home.t2 + DAY * 6).isoformat()}", f"seed = {seed}", "",
    ]  # fmt: skip
    names = PAIRS[causes] if len(causes) > 1 else CAUSES[causes[0]]
    return Planted("\n".join([*head, *home.lines]), causes, frozenset(names))


class _Home:
    """A household that does everything right, and what is planted."""

    def __init__(self, causes: tuple[str, ...], chance: Random) -> None:
        self.alone, self.chance = len(causes) == 1, chance
        self.start = datetime.fromisoformat("2027-05-03T08:00:00") + DAY * chance.randint(0, 20)
        t2 = self.start.replace(hour=chance.choice([0, 9, 12, 23]), minute=1)
        self.t2 = t2 + DAY * chance.randint(58, 75)
        self.written: datetime | None = None  # in place of T2
        model = MODELS[0] if {"late", "order", "power"} & {*causes} else chance.choice(MODELS)
        load = "load_dm3_per_h" if model.startswith("gas") else "load_w"
        self.keys = {"id": '"home"', "kind": '"planted"', "model": f'"{model}"'}
        self.keys |= {"balance_eur": "300", load: str(chance.choice([20, 60, 90]))}
        everyone = "late" in causes
        name = "first" if "unheard" in causes else ""
        made = self.start + DAY * chance.randint(1, 3)
        self.announced = [_announced(name, made, self.t2, everyone=everyone)]
        self._visits = list[tuple[datetime, str]]()

    def desk(
        self, at: datetime, words: str, *, cut: datetime | None = None, more: str = ""
    ) -> None:
        """Visit the office, and put the card in some hours later."""
        asked = f"desk = {words}"
        if cut is not None:
            asked += f", cut_at = {cut.isoformat()}"
            asked += f", defer_until = {cut.isoformat()}" if "defer" in words else ""
        self._visits.append((at, ", ".join(filter(None, (asked, more)))))
        self._visits.append((at + timedelta(hours=self.chance.randint(1, 9)), "insert = true"))

    @property
    def lines(self) -> list[str]:
        keys = [f"{key} = {value}" for key, value in self.keys.items()]
        visits = [f"  {{ at = {at.isoformat()}, {more} }}," for at, more in sorted(self._visits)]
        return [*self.announced, "[[household]]", *keys, "visits = [", *visits, "]", ""]


def _nothing(_home: _Home) -> None:
    pass


def _date(home: _Home) -> None:
    days = [-1, 1, -9, 1 / 24, 1 / 8] if home.alone else [-9, -6, -4]
    home.written = home.t2 + DAY * home.chance.choice(days)


def _order(home: _Home) -> None:
    at, how = home.start + DAY * 4, home.chance.choice(["torn", "unasked", "token"])
    if how == "unasked":
        home.keys["announced"] = '"none"'
        home.desk(at, '["cut"]', cut=home.t2)
        return
    home.keys |= TEN_DAYS
    more = {"torn": "torn = true", "token": 'fields = { token = "0000000000000000" }'}
    home.desk(at, DEFER_AND_CUT, more=more[how])


def _clock(home: _Home) -> None:
    # Alone it may be fast or slow; with another cause that cuts too soon it is fast.
    days = home.chance.choice([-2, -1, 1, 2] if home.alone else [2, 3])
    home.keys["clock_error_s"] = str(days * 86_400)


def _late(home: _Home) -> None:
    home.keys |= TEN_DAYS
    home.desk(home.start + DAY * home.chance.randint(18, 25), DEFER_AND_CUT)


def _program(home: _Home) -> None:
    home.keys["build"] = '"reference+end-exclusive"'


def _clears_one(home: _Home) -> None:
    home.keys["build"] = '"reference+reactivation-clears-one"'


def _power(home: _Home) -> None:
    gone, back = home.start + DAY * 7, home.t2 - DAY
    home.keys["outages"] = f"[{{ from = {gone.isoformat()}, to = {back.isoformat()} }}]"


def _unheard(home: _Home) -> None:
    sooner = home.t2 - DAY * home.chance.randint(3, 8)
    home.announced.append(_announced("sooner", home.start + DAY * 6, sooner))
    home.keys["announced"] = '["first"]'
    home.desk(home.start + DAY * 9, DEFER_AND_CUT, cut=sooner)


def _expired(home: _Home) -> None:
    back = home.t2 - DAY * 5
    home.keys["card_expires"] = (back - DAY * 3).replace(hour=0, minute=0).isoformat()
    home.desk(back, '["reactivate"]')


def _torn_and_expired(home: _Home) -> None:
    back = home.t2 - DAY * 5
    home.keys["card_expires"] = (back - DAY * 3).replace(hour=0, minute=0).isoformat()
    home.desk(back, '["reactivate"]', more="torn = true")


_PLANT: Final = {
    "date": _date,
    "order": _order,
    "clock": _clock,
    "expired": _expired,
    "unheard": _unheard,
    "late": _late,
    "program": _program,
    "power": _power,
    "expired and torn": _torn_and_expired,
    "clears one": _clears_one,
}


def _announced(name: str, made: datetime, t2: datetime, *, everyone: bool = False) -> str:
    lines = ["[[announced]]", f"made = {made.isoformat()}"]
    lines += [f'name = "{name}"'] * bool(name) + ['for = "all"'] * everyone
    lines += [f"defer_until = {t2.isoformat()}", f"cut_at = {t2.isoformat()}", ""]
    return "\n".join(lines)
