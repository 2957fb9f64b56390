"""Who is let in to the front panel: a page that has its token, and comes from its own address.

All others get one answer, the same whatever they asked, and no line on the sitting's terminal.
A connection is a stranger's until it has shown the token: it has a few seconds for that, and where
there are too many strangers the oldest goes. So no number of them takes the place of a page.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final, TypeAlias, cast, final

import h11
from starlette.websockets import WebSocketDisconnect
from uvicorn.protocols.http.h11_impl import H11Protocol

LOOPBACK: Final = "127.0.0.1"
STRANGERS_MAX: Final = 32  # ours: connections that have not shown the token yet
SHOW_S: Final = 5.0  # ours: to send the headers of a request; a browser takes milliseconds
_BODY: Final = b"no such page\n"
_HEADERS: Final = (
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(_BODY)),
    (b"connection", b"close"),
)
_REFUSED: Final = b"".join(
    (b"HTTP/1.1 404 Not Found\r\n", *(b"%s: %s\r\n" % pair for pair in _HEADERS), b"\r\n", _BODY)
)

_Scope: TypeAlias = MutableMapping[str, Any]
_Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_Application: TypeAlias = Callable[[_Scope, _Receive, _Send], Awaitable[None]]


@final
class Guarded:
    """An application behind the token of its address; `Door` asks it as well."""

    def __init__(self, app: _Application, token: str, port: int) -> None:
        self._app: Final = app
        self._token: Final = token.encode()
        self._hosts: Final = {b"%s:%d" % (name, port) for name in (LOOPBACK.encode(), b"localhost")}

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Answer one request, or refuse it."""
        if self.lets_in(scope):
            with suppress(OSError, WebSocketDisconnect):  # it has gone: there is nobody to answer
                await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 404, "headers": [*_HEADERS]})
        await send({"type": "http.response.body", "body": _BODY})

    def lets_in(self, scope: _Scope) -> bool:
        """Whether a request is from a page of this sitting."""
        headers: dict[bytes, bytes] = dict(scope["headers"])
        host, origin = headers.get(b"host", b""), headers.get(b"origin")
        _, _, rest = scope["raw_path"].partition(b"/")
        shown, slash, _ = rest.partition(b"/")
        upgrades = b"upgrade" in headers  # a socket is no page's without an origin
        return (
            bool(slash)
            and secrets.compare_digest(shown, self._token)
            and host in self._hosts
            and (origin == b"http://" + host or (origin is None and not upgrades))
        )


@final
class Door(H11Protocol):
    """One connection; its server's application is a `Guarded`."""

    known = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection of somebody who has to show the token soon."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self._leave = self.loop.call_later(SHOW_S, transport.abort)
        others = (one for one in self.connections if isinstance(one, Door) and not one.known)
        strangers = sorted(others, key=lambda one: one.since)
        for one in strangers[:-STRANGERS_MAX]:
            one.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end has gone."""
        self._leave.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Let a page talk; it is not one that only says that it would."""
        if self._is_page():
            super().handle_websocket_upgrade(event)
        else:
            self._refuse()

    def handle_events(self) -> None:
        """Do what has come; who has shown the token may stay."""
        super().handle_events()
        if not self.known and self._is_page():
            self.known = True
            self._leave.cancel()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  no word of what was wrong
        """Answer what is no HTTP."""
        self._refuse()

    def _is_page(self) -> bool:
        asked = cast("_Scope | None", self.scope)  # nothing yet
        return asked is not None and cast("Guarded", self.config.app).lets_in(asked)

    def _refuse(self) -> None:
        self.transport.write(_REFUSED)
        self.transport.close()
