"""The front panel in a page: two functions of its worker in place of a socket."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, TypeAlias, final

from meter_emu.cli.live.asked import asked, obeying
from meter_emu.cli.live.lines import Lines
from meter_emu.cli.live.link import LinkOf
from meter_emu.cli.live.screen import Log
from meter_emu.cli.live.start import Serving
from meter_emu.cli.live.state import PageState
from meter_emu.cli.live.twin import Twin
from meter_emu.sitting.sitting import Sitting
from meter_emu.world.rehearsal.by_hand import LivedByHand

NS_A_MS: Final = 1_000_000

# A message of the page, waited for so many ms, less than 0 being for ever; empty if none came.
Wait: TypeAlias = Callable[[float], str]
Show: TypeAlias = Callable[[str], object]


@final
class PageSource:
    """What the page asks; see `Source`."""

    def __init__(self, wait: Wait, show: Show) -> None:
        self.caught: int | None = None  # a page has no signals
        self.ended = False  # with the page its worker goes too
        self._wait: Final = wait
        self._show: Final = show

    def read(self, wait_ns: int | None) -> bytes:
        """See `Source`."""
        message = self._wait(-1 if wait_ns is None else wait_ns / NS_A_MS)
        if not message:
            return b""
        lines: list[str] = []

        def send_line(line: str) -> bool:
            lines.append(line)
            return True

        answer = asked(message, send_line)
        if answer is not None:
            self._show(json.dumps(answer))
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")


@final
class InPage:
    """Shows the one page what has changed; see `Shows`."""

    def __init__(self, show: Show) -> None:
        self.pages = 1
        self._show: Final = show
        self._shown: dict[str, str] = {}

    def publish(self, parts: dict[str, str], log: list[str]) -> None:
        """See `Shows`."""
        new = {name: text for name, text in parts.items() if self._shown.get(name) != text}
        if new or log:
            self._shown |= new
            said = [f"{json.dumps(name)}:{text}" for name, text in new.items()]
            self._show("{" + ",".join([*said, f'"log":{json.dumps(log)}']) + "}")


def in_page(wait: Wait, show: Show) -> Serving:
    """Return what brings a sitting to the page."""

    @contextmanager
    def serving(
        sitting: Sitting,
        log: Log,
        title: str,
        lived: LivedByHand | None,
        twin: Twin | None,
        port: int,  # noqa: ARG001  a page has none
        link: LinkOf,
    ) -> Iterator[Lines]:
        state = PageState(sitting, log, InPage(show), title, lived, twin, link)
        source, ends_us = PageSource(wait, show), 0 if lived is None else lived.campaign.end_us
        obey = obeying(sitting, ends_us, state.answer)
        lines = Lines(sitting, source, log, lambda: state.show(lines.heard), at_once=obey)
        yield lines
        state.show(lines.heard, ended=True)

    return serving
