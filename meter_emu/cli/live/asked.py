"""What a page asks of a sitting: a line as it is typed, a moment to go to, or the office's form."""

from collections.abc import Callable
from typing import Any, Final, final

import msgspec

from meter_emu.errors import CommandError, MeterEmuError
from meter_emu.languages.speech import said
from meter_emu.sitting.commands import LINE_CHARS_MAX, in_reach, typed_instant_us
from meter_emu.sitting.sitting import Sitting
from meter_emu.sitting.view import legal_words
from meter_emu.units import DAY_US
from meter_emu.world.meter.times import us_to_utc

FAR_US: Final = 366 * DAY_US  # ours: later than this beyond the last thing known may be a slip


@final
class PageRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A request: one of `do`, `go` and `office`. `form` is its number, in the answer again."""

    do: str = ""
    go: str = ""
    sure: bool = False  # whether a moment that is far ahead is meant
    office: dict[str, str] | None = None
    form: int = 0


@final
class PageAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a form: what is wrong by field, or what to ask before it is done."""

    form: int
    wrong: dict[str, str] = {}
    ask: str = ""


def _request_in(message: str) -> PageRequest:
    """Return what a page's message asks; raise `CommandError`."""
    try:
        request = msgspec.json.decode(message, type=PageRequest)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise CommandError(f"expected a line, a moment or a form: {str(error)[:80]}") from None
    if len(msgspec.json.encode(request)) > LINE_CHARS_MAX:
        raise CommandError(f"expected at most {LINE_CHARS_MAX:,} bytes")
    if not (request.do or request.go) and request.office is None:
        raise CommandError("expected a line, a moment or a form")
    fields = request.office or {}
    texts = (request.do, request.go, *fields, *fields.values())
    if not all(text.isprintable() for text in texts):
        raise CommandError("expected characters that can be printed")
    return request


def asked(message: str, send_line: Callable[[str], bool]) -> dict[str, Any] | None:
    """Pass what is asked on, as one line for `obeying`; return what to answer at once."""
    try:
        request = _request_in(message)
    except CommandError as error:
        return {"refused": str(error)}
    if not send_line(msgspec.json.encode(request).decode()):
        return {"refused": "too much at once: it was not done", "do": request.do[:80]}
    return None


def obeying(
    sitting: Sitting, known_until_us: int, show: Callable[[PageAnswer], None]
) -> Callable[[str], None]:
    """Return who takes such lines for a sitting, and shows what became of each form."""
    return lambda line: show(_answer_to(_request_in(line), sitting, known_until_us))


def _answer_to(request: PageRequest, sitting: Sitting, known_until_us: int) -> PageAnswer:
    """Have a sitting do what is asked, and return what became of it.

    A moment more than a year after `known_until_us` is asked about first: to live years takes
    minutes, and a mistyped year is usual.
    """
    if request.do:
        sitting.type_in(request.do)
    if request.office is not None:
        return PageAnswer(request.form, sitting.fill_in(request.office))
    if not request.go:
        return PageAnswer(request.form)
    zone, now_us = sitting.meter.model.zone, sitting.meter.board.now_us
    try:
        at_us = in_reach(typed_instant_us(request.go, now_us, zone))
    except MeterEmuError as error:
        return PageAnswer(request.form, {"go": str(error)})
    known_us = max(known_until_us, now_us, sitting.history.end_us or 0)
    if at_us > known_us + FAR_US and not request.sure:
        when, last = legal_words(at_us, zone)[:16], legal_words(known_us, zone)[:10]
        return PageAnswer(
            request.form,
            ask=said(
                "{when} is far after {last}, the last day of this. Go there?", when=when, last=last
            ),
        )
    word = "back" if at_us < now_us else "until"
    sitting.type_in(f"{word} {us_to_utc(at_us).isoformat()}")  # no hour is meant twice
    return PageAnswer(request.form)
