"""The front panel's server: one page, its two files and a socket, on this machine's loopback alone.

Only a page that has the token of its address, and comes from that very address, is let in (`door`).
The server runs in a thread of its own and knows nothing of meters: lines go into a pipe, and what
is published goes to every page. A page that is slow or asleep gets the newest state when it reads
again, and every line of the log that it has not had.
"""

import asyncio
import json
import os
import secrets
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Final, final

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from meter_emu.cli.live.asked import asked
from meter_emu.cli.live.door import LOOPBACK, STRANGERS_MAX, Door, Guarded
from meter_emu.cli.live.panel_page import PANEL, panel_page
from meter_emu.errors import ConfigError

PAGE_MESSAGE_MAX: Final = 16_384  # bytes, ours: a line has 4,096 characters at most
PAGES_MAX: Final = 20  # ours: windows that look at one sitting
LOG_KEPT: Final = 5_000  # ours: of the log, for a page that has been asleep
_TYPES: Final = {
    "": "text/html",
    "panel.css": "text/css",
    "icon.svg": "image/svg+xml",
    "panel.js": "text/javascript",
}
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address has the token
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@final
class Served:
    """What the pages see, and what they ask. `publish` may be called from another thread."""

    def __init__(self, send_line: Callable[[str], bool]) -> None:
        self.page: Final = panel_page()
        self._send_line: Final = send_line
        self._loop: asyncio.AbstractEventLoop | None = None
        self._changed: asyncio.Condition | None = None
        self._state: dict[str, str] = {}  # JSON by name of the part
        self._versions: dict[str, int] = {}
        self._version = 0
        self._log: deque[str] = deque(maxlen=LOG_KEPT)
        self._said = 0  # how many lines there have been
        self.pages = 0

    def publish(self, parts: dict[str, str], log: list[str]) -> None:
        """Show these parts of the state, JSON each, and these further lines of the log."""
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self._take, parts, log)

    def _take(self, parts: dict[str, str], log: list[str]) -> None:
        changed = {name for name, text in parts.items() if self._state.get(name) != text}
        if not changed and not log:
            return
        self._version += 1
        for name in changed:
            self._state[name], self._versions[name] = parts[name], self._version
        self._log += log
        self._said += len(log)
        if self._changed is not None:
            asyncio.ensure_future(self._tell(self._changed))  # noqa: RUF006  it ends at once

    @staticmethod
    async def _tell(changed: asyncio.Condition) -> None:
        async with changed:
            changed.notify_all()

    async def begin(self) -> None:
        """Take the server's loop for one's own."""
        self._loop, self._changed = asyncio.get_running_loop(), asyncio.Condition()

    async def talk(self, page: WebSocket) -> None:
        """Serve one page until it goes away."""
        assert self._changed is not None, "the server has begun"
        if self.pages >= PAGES_MAX:
            await page.close(1013, "too many pages look at this sitting")
            return
        await page.accept()
        self.pages += 1
        showing = asyncio.create_task(self._show(page, self._changed))
        try:
            while True:
                answer = asked(await page.receive_text(), self._send_line)
                if answer is not None:
                    await page.send_text(json.dumps(answer))
        except (WebSocketDisconnect, KeyError):  # it has gone; a message of bytes has no text
            with suppress(RuntimeError):
                await page.close(1003)
        finally:
            self.pages -= 1
            showing.cancel()

    async def _show(self, page: WebSocket, changed: asyncio.Condition) -> None:
        version, lines = 0, 0
        with suppress(WebSocketDisconnect, RuntimeError, OSError):
            while True:
                async with changed:
                    await changed.wait_for(
                        lambda: self._version > version or self._said > lines  # noqa: B023
                    )
                since, version = version, self._version
                new = [name for name, at in self._versions.items() if at > since]
                parts = [f"{json.dumps(name)}:{self._state[name]}" for name in new]
                kept = max(0, len(self._log) - (self._said - lines))
                parts.append(f'"log":{json.dumps(list(islice(self._log, kept, None)))}')
                lines = self._said
                await page.send_text("{" + ",".join(parts) + "}")


def app_of(served: Served, token: str, port: int) -> Guarded:
    """Return the application of one sitting."""

    def give(request: Request) -> Response:
        name = request.path_params.get("name", "")
        if name not in _TYPES:
            return PlainTextResponse("no such page\n", 404, _HEADERS)
        content = (PANEL / name).read_bytes() if name else served.page.encode()
        return Response(content, media_type=_TYPES[name], headers=_HEADERS)

    routes = [
        Route("/{token}/", give),
        Route("/{token}/{name}", give),
        WebSocketRoute("/{token}/socket", served.talk),
    ]
    return Guarded(Starlette(routes=routes), token, port)


@contextmanager
def serving_at(served: Served, port: int) -> Iterator[str]:
    """Serve in a thread for a block, and give the address; `ConfigError` for a port in use."""
    try:
        listener = socket.create_server((LOOPBACK, port))
    except OSError as error:
        why = f"{LOOPBACK} port {port}: {os.strerror(error.errno or 0).lower()}"
        raise ConfigError("--port", "", why) from None
    with listener:
        port, token = listener.getsockname()[1], secrets.token_urlsafe(16)
        config = uvicorn.Config(
            app_of(served, token, port),
            http=Door,
            ws="websockets-sansio",
            ws_max_size=PAGE_MESSAGE_MAX,
            ws_per_message_deflate=False,  # it never leaves this machine
            lifespan="off",
            log_config=None,
            log_level="error",  # of what strangers send nothing is said
            access_log=False,
            server_header=False,
            date_header=False,
            proxy_headers=False,  # who comes is who connects
            backlog=STRANGERS_MAX,
            timeout_graceful_shutdown=1,
            limit_concurrency=4 * PAGES_MAX + STRANGERS_MAX,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=_run, args=(server, served, listener), daemon=True)
        thread.start()
        try:
            yield f"http://{LOOPBACK}:{port}/{token}/"
        finally:
            server.should_exit = True
            thread.join(5)


def _run(server: uvicorn.Server, served: Served, listener: socket.socket) -> None:
    async def run() -> None:
        await served.begin()
        await server.serve([listener])

    asyncio.run(run())
