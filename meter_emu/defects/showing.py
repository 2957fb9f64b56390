"""A home in which a defect shows, written as a campaign file of some ten lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, final

_HOUR: Final = timedelta(hours=1)
_TEN_MINUTES: Final = timedelta(minutes=10)
_DAY: Final = timedelta(days=1)
_MODEL: Final = "electricity-pcf8563-utc"
_ACTS: Final = {
    "insert": "insert = true",
    "technician": "clock_card = true",
    "ahead": 'desk = ["prepayment-on"], office_error_s = 800',
    "red": 'press = "red"',
    "blue": 'press = "blue"',
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """One household from `start` to `end`; times are legal, as `2020-07-03 23:01`.

    One that comes twice has its offset behind it: `2020-10-25 02:30+01:00`.

    `cut` and `defer` are what was announced. `visits` are a time and what is done: `insert`,
    `technician`, `red` or `blue` for a button, `ahead` for an order of an office whose clock is
    800 s ahead, `load 50` in euro, `copy 1` for the card as it first came from the office, or words
    of the desk. `keys` are lines of the household as they stand in the file.
    """

    start: str
    end: str
    visits: tuple[str, ...]
    cut: str | None = None
    defer: str | None = None
    model: str = _MODEL
    balance_eur: int = 50
    load_w: int = 50
    keys: tuple[str, ...] = ()

    def toml(self, name: str, build: str) -> str:
        """Return the campaign file in which the home's meter runs a build."""
        return "\n".join(self._lines(name, build)) + "\n"

    def _lines(self, name: str, build: str) -> Iterator[str]:
        yield f'name = "{name}"'
        yield 'zone = "Europe/Brussels"'
        yield f"start = {_stamp(self.start)}"
        yield f"end = {_stamp(self.end)}"
        if self.cut or self.defer:
            yield "[announced]"
            if self.defer:
                yield f"defer_until = {_stamp(self.defer)}"
            if self.cut:
                yield f"cut_at = {_stamp(self.cut)}"
            yield f'text = "until {self.cut or self.defer}"'
        yield "[[household]]"
        yield f'id = "home"\nkind = "in which {name} shows"'
        yield f'model = "{self.model}"\nbuild = "{build}"'
        yield f"balance_eur = {self.balance_eur}\nload_w = {self.load_w}"
        yield from self.keys
        yield "visits = ["
        for visit in self.visits:
            yield f"  {{ at = {_stamp(visit[:16])}, {_act(visit[17:])} }},"
        yield "]"


def armed(
    cut: str,
    *,
    on: str,
    then: tuple[str, ...] = (),
    end: str | None = None,
    model: str = _MODEL,
    balance_eur: int = 50,
    load_w: int = 50,
    off: tuple[str, int] | None = None,
    keys: tuple[str, ...] = (),
) -> Showing:
    """Return a home armed at the office and ten minutes later at the meter: T1 and T2 are `cut`.

    `then` is what else is done, `off` from when on there is no power, and for how many hours. It
    is watched to two days after T2, or to `end`.
    """
    office, stop = _when(on), _when(end) if end else _when(cut) + 2 * _DAY
    keys = (*keys, *_outage(off))
    return Showing(
        start=_text(office - _HOUR),
        end=_text(stop),
        cut=cut,
        defer=cut,
        visits=(f"{on} defer cut", f"{_text(office + _TEN_MINUTES)} insert", *then),
        model=model,
        balance_eur=balance_eur,
        load_w=load_w,
        keys=keys,
    )


def untold(
    start: str,
    end: str,
    *,
    load_w: int,
    balance_eur: int = 1,
    model: str = _MODEL,
    visits: tuple[str, ...] = (),
    off: tuple[str, int] | None = None,
    keys: tuple[str, ...] = (),
) -> Showing:
    """Return a home without an announcement, from `start` to `end`: the ordinary rules hold.

    `off` is from when on there is no power, and for how many hours.
    """
    keys = (*keys, *_outage(off))
    return Showing(
        start=start,
        end=end,
        visits=visits,
        model=model,
        balance_eur=balance_eur,
        load_w=load_w,
        keys=keys,
    )


def clock_lost(*visits: str) -> Showing:
    """Return a home without power up to 17 February 2020, 10:00: its clock begins in 2000 again.

    Its credit ends on the evening of the 19th.
    """
    return untold(
        "2020-01-06 09:00",
        "2020-02-22 12:00",
        load_w=50,
        model="electricity-ds3231-utc",
        visits=visits,
        off=("2020-01-07 10:00", 984),
    )


def _outage(off: tuple[str, int] | None) -> Iterator[str]:
    if off is not None:
        back = _text(_when(off[0]) + off[1] * _HOUR)
        yield f"outages = [{{ from = {_stamp(off[0])}, to = {_stamp(back)} }}]"


def _act(what: str) -> str:
    if what in _ACTS:
        return _ACTS[what]
    verb, *rest = what.split()
    if verb == "load":
        return f"load_eur = {rest[0]}"
    if verb == "copy":
        return f"insert = true, copy_of = {rest[0]}"
    words = ", ".join(f'"{word}"' for word in (verb, *rest))
    return f"desk = [{words}]"


def _when(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M}"


def _stamp(text: str) -> str:
    return f"{text[:10]}T{text[11:16]}:00{text[16:]}"
