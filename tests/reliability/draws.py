"""What plays of households are drawn from: anyhow, and near what a meter decides by."""

from typing import Any, Final

from hypothesis import strategies as st

from card_protocol.card.image import CardKind
from tests.reliability.plays import (
    AT_THE_OFFICE,
    BEGINS,
    DAY_MIN,
    DEEDS,
    HOUR_MIN,
    MODELS,
    Deed,
    Failing,
    Play,
)

_EDGES_MIN: Final = (0, 60, 120, 180, 475, 480, 540, 720, 960, 965, 1_320, 1_350, 1_380)
_AT: Final = st.builds(
    lambda day, edge, off: max(1, day * DAY_MIN + edge + off),
    st.one_of(st.integers(0, 9), st.integers(0, 365)),
    st.sampled_from(_EDGES_MIN),
    st.one_of(st.just(0), st.integers(-20, 20)),
)
_LONG: Final = st.builds(
    lambda at, hours: Failing(at, hours * 3_600_000), _AT, st.integers(1, 61 * 24)
)
_FLICKER: Final = st.builds(
    lambda at, on_s, off_ms, times: Failing(at, off_ms, times, on_s * 1_000),
    _AT, st.integers(2, 1_800), st.integers(20, 9_000), st.integers(1, 400),
)  # fmt: skip
_AT_THE_START: Final = st.builds(
    lambda at, on_ms, off_ms, times: Failing(at, off_ms, times, on_ms),
    _AT, st.integers(1_400, 1_900), st.integers(20, 9_000), st.integers(1, 60),
)  # fmt: skip
_VALUES: Final = {
    "load": st.sampled_from((500, 2_000, 25_000)),
    "load, the office ahead": st.sampled_from((60, 890, 1_000, 1_200, 86_400, 40 * 86_400)),
    **dict.fromkeys(
        ("defer", "cut", "defer and cut"),
        st.one_of(st.integers(2, 600), st.integers(2, 60 * DAY_MIN)),
    ),
}


@st.composite
def _deeds(draw: Any) -> Deed:
    what = draw(st.sampled_from(DEEDS))
    at_office = what in AT_THE_OFFICE
    return Deed(
        draw(_AT),
        what,
        draw(_VALUES.get(what, st.integers(0, 120))),
        then_min=draw(st.sampled_from((1, 1, 1, 30, 0))) if at_office else 0,
        every_min=draw(st.sampled_from((1, 60, 180, 720, DAY_MIN))),
        times=1 if at_office else draw(st.sampled_from((1, 1, 3, 60))),
    )


_SUPPLY: Final = st.one_of(_LONG, _FLICKER, _AT_THE_START)
_OLD: Final = st.sampled_from((0, 0, 30, 400, 1_000, 1_099, 1_200))
_COUNTED: Final = st.sampled_from((0, 0, 0xFFFD, 0x1_0000, 2**32 - 3))
_IN_OFFICE_HOURS: Final = st.one_of(
    st.just((475, 965)), st.tuples(st.integers(450, 490), st.integers(950, 980))
)
_RICH: Final = 3_000_000


def _play(**drawn: Any) -> st.SearchStrategy[Play]:
    """Return what draws a play, as given and otherwise anyhow."""
    anyhow: dict[str, Any] = {
        "model": st.sampled_from(MODELS),
        "begins": st.integers(0, len(BEGINS) - 1),
        "days": st.sampled_from((4, 10, 60, 120, 366)),
        "load_w": st.sampled_from((400, 2_000, 5_000, 9_200)),
        "balance_cents": st.sampled_from((1, 500, 1_500, _RICH)),
        "limiter": st.booleans(),
        "set_days": _OLD,
        "ppb": st.sampled_from((-50_000, 0, 50_000)),
        "sessions": _COUNTED,
        "carrier": st.sampled_from(list(CardKind)),
        "without_power": st.one_of(st.just((0, 0)), _IN_OFFICE_HOURS),
        "supply": st.lists(_SUPPLY, max_size=2).map(tuple),
        "deeds": st.lists(_deeds(), max_size=5).map(tuple),
    }
    return st.builds(Play, **(anyhow | drawn))


_SOON: Final = st.integers(60, 9 * DAY_MIN)
_ORDER: Final = st.builds(
    lambda at, what, in_min: Deed(at, what, in_min, then_min=1),
    _SOON, st.sampled_from(("defer", "cut", "defer and cut")),
    st.one_of(st.integers(60, 600), st.integers(60, 60 * DAY_MIN)),
)  # fmt: skip
_AHEAD: Final = st.builds(
    lambda at, value: Deed(at, "load, the office ahead", value, then_min=1),
    _SOON, _VALUES["load, the office ahead"],
)  # fmt: skip
_MANY: Final = st.builds(
    lambda at, what, every_min: Deed(at, what, 0, 0, every_min, 60),
    _SOON, st.sampled_from(("another's", "press", "insert")), st.sampled_from((60, 180, 720)),
)  # fmt: skip
_CARDS: Final = st.builds(
    # A lambda, as Hypothesis would draw the other fields of a named tuple too.
    lambda at, what, nth: Deed(at, what, nth),  # noqa: PLW0108
    st.integers(60, 3 * DAY_MIN), st.sampled_from(("insert", "copy", "old card")),
    st.integers(0, 3),
)  # fmt: skip
_BOUGHT: Final = st.builds(
    lambda at, what: Deed(at, what, 2_000, then_min=1),
    st.integers(60, DAY_MIN), st.sampled_from(("load", "new card", "limiter")),
)  # fmt: skip
_CHANGE_MIN: Final = 2 * DAY_MIN + 2 * HOUR_MIN  # of a clock, in three of `BEGINS`, 120 by each


def _some(*of: st.SearchStrategy[Any], at_most: int = 2) -> st.SearchStrategy[tuple[Any, ...]]:
    """Draw one of each, and some deeds besides."""
    more = st.lists(_deeds(), max_size=at_most).map(tuple)
    return st.tuples(*of, more).map(lambda drawn: (*drawn[:-1], *drawn[-1]))


PLAYS: Final = st.one_of(
    _play(),
    _play(  # orders, and a clock that may be lost, old or told another time
        balance_cents=st.just(_RICH),
        limiter=st.just(False),
        deeds=st.one_of(_some(_ORDER), _some(_ORDER, _AHEAD), _some(_ORDER, _ORDER)),
        supply=st.lists(_LONG, max_size=1).map(tuple),
        without_power=st.just((0, 0)),
    ),
    _play(  # no credit, and every hour that shelters
        balance_cents=st.just(1),
        load_w=st.sampled_from((5_000, 9_200)),
        without_power=_IN_OFFICE_HOURS,
        deeds=st.one_of(st.just(()), _some(_MANY)),
    ),
    _play(  # an order in the night of a change of clocks
        model=st.sampled_from(MODELS[1:]),
        begins=st.integers(1, len(BEGINS) - 1),
        days=st.just(4),
        balance_cents=st.just(_RICH),
        limiter=st.just(False),
        without_power=st.just((0, 0)),
        supply=st.builds(
            lambda off, off_ms, times, on_ms: (Failing(_CHANGE_MIN + off, off_ms, times, on_ms),),
            st.integers(-3, 0), st.integers(20, 9_000), st.integers(1, 60),
            st.integers(1_500, 1_900),
        ),
        deeds=_some(
            st.builds(
                lambda in_min: Deed(60, "cut", in_min, then_min=1),
                st.integers(_CHANGE_MIN - 60, _CHANGE_MIN + 12 * HOUR_MIN),
            ),
            at_most=1,
        ),
    ),
    _play(  # cards that are copied, kept back and replaced
        deeds=st.tuples(
            _BOUGHT, _BOUGHT, st.lists(_CARDS, max_size=6).map(tuple)
        ).map(lambda drawn: (*drawn[:2], *drawn[2])),
    ),
)  # fmt: skip
