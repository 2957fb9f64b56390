"""A second account of what a household lived, written from `docs/decisions/announced.md` alone.

Its author had the page and had not read the account of the package. It is slow on purpose: nothing
is carried along; each question is asked of the whole history, at each instant at which anything can
change.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple


class Heard(NamedTuple):
    made_us: int
    defer_us: int | None
    cut_us: int | None
    takers_only: bool
    late_max_us: int

    @property
    def end_us(self) -> int:
        end = self.defer_us if self.cut_us is None else self.cut_us
        assert end is not None
        return end


class Act(NamedTuple):
    at_us: int
    what: str


class Stretch(NamedTuple):
    from_us: int
    to_us: int
    had: str
    why: str


class Term(NamedTuple):
    from_us: int
    to_us: int
    state: str
    newest: Heard | None  # where it begins; a free or unheard one may see others after it


class Loss(NamedTuple):
    from_us: int
    ended_us: int | None  # `None` while it goes on at the end
    parts: tuple[Stretch, ...]  # its times of "off" and "limited"


class History(NamedTuple):
    heard: Sequence[Heard]
    acts: Sequence[Act]
    supply: Sequence[Stretch]
    start_up_us: int

    @property
    def start_us(self) -> int:
        return self.supply[0].from_us

    @property
    def end_us(self) -> int:
        return self.supply[-1].to_us

    def stretch(self, at_us: int) -> Stretch:
        return next(s for s in self.supply if s.from_us <= at_us < s.to_us)

    def newest(self, at_us: int) -> Heard | None:
        return max((h for h in self.heard if h.made_us <= at_us), default=None)

    def carried(self) -> Iterator[tuple[int, str]]:
        """Yield each put in that counts: when, and the word it carries."""
        asked = None
        for act in self.acts:
            if act.what != "put in":
                asked = act.what
            elif asked is not None and self.stretch(act.at_us).had != "no power":
                yield self.heard_by_the_meter_us(act.at_us), asked
                asked = None

    def heard_by_the_meter_us(self, at_us: int) -> int:
        """When a card that is put in at an instant counts: the meter may still be starting."""
        dark = [s.to_us for s in self.supply if s.had == "no power" and s.to_us <= at_us]
        return max(at_us, max(dark) + self.start_up_us) if dark else at_us

    def _by_words(self, at_us: int, *, free: bool, takes_part: bool) -> str:
        newest = self.newest(at_us)
        if free:
            return "free"
        if newest is None or (newest.takers_only and not takes_part):
            return "unheard"
        if at_us < newest.end_us:
            return "promised"
        return "over" if newest.cut_us is None else "ended"

    def state(self, at_us: int) -> str:
        """The state at an instant, after all that happens at it."""
        free = takes_part = False
        for when, word in self.carried():
            if when > at_us:
                break
            if word == "take part":
                takes_part, free = True, False
            elif self._by_words(when, free=free, takes_part=takes_part) != "unheard":
                free = True
        return self._by_words(at_us, free=free, takes_part=takes_part)

    def changes(self) -> list[int]:
        """Every instant of the rehearsal at which anything can change."""
        found = {self.start_us, *(s.from_us for s in self.supply), *(a.at_us for a in self.acts)}
        found |= {when for when, _ in self.carried()}
        for one in self.heard:
            found |= {one.made_us, *(t for t in (one.defer_us, one.cut_us) if t is not None)}
        return sorted(x for x in found if self.start_us <= x < self.end_us)

    def terms(self) -> list[Term]:
        found: list[Term] = []
        for at_us in self.changes():
            state, newest = self.state(at_us), self.newest(at_us)
            goes_on = found and found[-1].state == state
            if goes_on and (state in {"free", "unheard"} or found[-1].newest == newest):
                continue
            if found:
                found[-1] = found[-1]._replace(to_us=at_us)
            found.append(Term(at_us, self.end_us, state, newest))
        return found

    def deadline_us(self, at_us: int, of: Heard | None = None) -> int:
        newest = of or self.newest(at_us)
        assert newest is not None
        found = at_us + newest.late_max_us
        for stretch in self.supply:
            if stretch.had == "no power" and stretch.from_us < found and stretch.to_us > at_us:
                found = stretch.to_us + self.start_up_us + newest.late_max_us
        return found

    def losses(self) -> list[Loss]:
        found: list[list[Stretch]] = []
        ended: list[int | None] = []
        running = False
        for stretch in self.supply:
            if stretch.had in {"on", "ready"}:
                if running:
                    ended[-1] = stretch.from_us
                running = False
            elif stretch.had in {"off", "limited"}:
                more = running and stretch.had == "off" and found[-1][-1].had == "limited"
                if running and not more:
                    found[-1].append(stretch)
                else:
                    if more:
                        ended[-1] = stretch.from_us
                    found.append([stretch])
                    ended.append(None)
                running = True
        return [Loss(p[0].from_us, e, tuple(p)) for p, e in zip(found, ended, strict=True)]

    def coming_us(self, term: Term) -> int | None:
        """When the household came in this term for what was taken before it."""
        if term.state == "free":
            return term.from_us
        if term.state != "promised":
            return None
        came = (at for at, word in self.carried() if word == "take part")
        return next((at for at in came if term.from_us <= at < term.to_us), None)


def _without_seams(supply: Sequence[Stretch]) -> list[Stretch]:
    """Join neighbours that are alike: the page lets them be, and nothing may depend on it."""
    found: list[Stretch] = []
    for stretch in supply:
        if found and (found[-1].had, found[-1].why) == (stretch.had, stretch.why):
            found[-1] = found[-1]._replace(to_us=stretch.to_us)
        else:
            found.append(stretch)
    return found


def _harm(history: History, term: Term, at_us: int, losses: Sequence[Loss]) -> str | None:
    """Return the harm that is true at one instant of a term, the upper row first."""
    stretch = history.stretch(at_us)
    loss = next((x for x in losses if stretch in x.parts), None)
    if loss is None:
        return None
    carried = loss.from_us < term.from_us or loss.from_us == history.start_us
    not_for_credit = stretch.why != "credit"
    newest = history.newest(at_us)
    before_t1 = newest is not None and newest.defer_us is not None and at_us < newest.defer_us
    if not carried:
        if term.state == "promised" and (not_for_credit or before_t1):
            return "dark_before"
        if term.state == "free" and not_for_credit:
            return "dark_though_reactivated"
        if term.state in {"unheard", "over"} and not_for_credit:
            return "cut_unannounced"
        return None
    coming = history.coming_us(term)
    if coming is None or at_us < history.deadline_us(coming):
        return None
    if not_for_credit or (term.state == "promised" and before_t1):
        return "not_given_back"
    return None


def _too_soon(history: History, term: Term, losses: Sequence[Loss]) -> bool:
    end = history.end_us
    newest = history.newest(end - 1)
    if term.state != "unheard":
        assert newest is not None
        if history.deadline_us(newest.end_us, newest) > end:
            return True
    if term.state == "ended" and history.deadline_us(term.from_us) > end:
        return True
    coming = history.coming_us(term)
    if coming is None or history.deadline_us(coming) <= end:
        return False
    into = (x for x in losses if x.from_us < term.from_us or x.from_us == history.start_us)
    return any(x.ended_us is None for x in into)


def lived(
    heard: Sequence[Heard] | None, acts: Sequence[Act], supply: Sequence[Stretch], start_up_us: int
) -> tuple[str, int | None, str]:
    """Return the verdict, since when, and the reason, as the page defines them."""
    if heard is None:
        return "not_announced", None, ""
    end = supply[-1].to_us
    history = History(
        [h for h in heard if h.made_us < end],
        [a for a in acts if a.at_us < end],
        _without_seams(supply),
        start_up_us,
    )
    terms, losses = history.terms(), history.losses()

    def instants(term: Term, more: Sequence[int]) -> list[int]:
        return sorted(x for x in {*history.changes(), *more} if term.from_us <= x < term.to_us)

    def first(says: Callable[[Term, int], str | None]) -> tuple[str, int] | None:
        for term in terms:
            starts = [term.from_us, history.coming_us(term)]
            more = [history.deadline_us(x) for x in starts if x is not None and history.newest(x)]
            for at_us in instants(term, more):
                if word := says(term, at_us):
                    return word, at_us
        return None

    def still_on(term: Term, at_us: int) -> str | None:
        late = term.state == "ended" and at_us >= history.deadline_us(term.from_us)
        return "still_on" if late and history.stretch(at_us).had == "on" else None

    if harm := first(lambda term, at_us: _harm(history, term, at_us, losses)):
        word, at_us = harm
        return word, at_us, history.stretch(at_us).why
    if still := first(still_on):
        return still[0], still[1], ""
    if _too_soon(history, terms[-1], losses):
        return "cannot_be_said", None, ""
    if all(term.state == "unheard" for term in terms):
        return "not_announced", None, ""
    over = [term for term in terms if term.state == "ended"]
    dark = [
        x
        for x in (instants(over[-1], []) if over else [])
        if history.stretch(x).had in {"off", "limited"}
    ]
    return "as_announced", (dark[0] if dark else None), ""
