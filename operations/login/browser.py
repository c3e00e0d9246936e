"""A person's browser, at an identity provider and back on loopback.

Source: RFC 8252, "OAuth 2.0 for Native Apps", and Vault, "JWT/OIDC auth method", whose command line
waits at the same address.
"""

from __future__ import annotations

import os
import selectors
import sys
import threading
import time
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, urlsplit

from operations import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

HOST, PORT, PATH = "localhost", 8250, "/oidc/callback"
REDIRECT_URI = f"http://{HOST}:{PORT}{PATH}"
"""What the identity provider is told; the outputs of a stack list it among ``redirect_uris``."""

WAIT_SECONDS = 300.0
"""How long a person may take: as long as Vault keeps a login (vault-plugin-auth-jwt,
``oidcRequestTimeout``)."""

REQUEST_SECONDS = 5.0
"""How long a browser may take to send its request, which keeps out who only connects."""

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>vaultaws</title>
<p style="font-family: sans-serif; margin: 3rem auto; max-width: 30rem">{text}</p></html>
"""


class Callback:
    """Waits on loopback for what an identity provider sends back; a context manager.

    Args:
        state: What the answer must carry to be the one to this login.
        pasted: Whether a person may also paste the address that the browser was sent to.

    Raises:
        OperationError: something else listens at the port, and nothing can be pasted.
    """

    def __init__(self, state: str, *, pasted: bool) -> None:
        self._state, self._pasted = state, pasted
        self._answer: dict[str, str] = {}
        callback = self

        class Handler(_Handler):
            answers = callback

        self._server: HTTPServer | None = None
        try:
            # By number, for what localhost is called is up to a file of the machine.
            self._server = HTTPServer(("127.0.0.1", PORT), Handler)
        except OSError as error:
            if not pasted:
                raise OperationError(
                    f"cannot wait for the browser at {REDIRECT_URI}: {error.strerror}; another "
                    "login may be under way: end it, or repeat this one with --no-browser"
                ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _is: BaseException | None,
        _at: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.server_close()

    def take(self, answer: Mapping[str, str]) -> bool:
        """Keep an answer if it is the one to this login; tell whether it is."""
        if answer.get("state") != self._state or not ({"code", "error"} & answer.keys()):
            return False
        self._answer = dict(answer)
        return True

    def wait(self) -> dict[str, str]:
        """Return what the identity provider sent back, as soon as it is there.

        Raises:
            OperationError: nobody came in time.
        """
        until = time.monotonic() + WAIT_SECONDS
        # Not the best of the platform, which takes no file for a terminal.
        with selectors.SelectSelector() as ready:
            if self._server:
                ready.register(self._server, selectors.EVENT_READ, self._server.handle_request)
            if self._pasted:
                ready.register(sys.stdin, selectors.EVENT_READ, lambda: self._paste(ready))
            while not self._answer:
                left = until - time.monotonic()
                if left <= 0 or not ready.get_map():
                    raise OperationError("nobody logged in, in five minutes: repeat the command")
                for key, _ in ready.select(left):
                    key.data()
        return self._answer

    def _paste(self, ready: selectors.BaseSelector) -> None:
        # Not by line: what is read ahead of a line would be waited for in vain.
        given = os.read(sys.stdin.fileno(), 65_536).decode(errors="replace")
        if not given:
            ready.unregister(sys.stdin)  # no more comes from there; a browser may still
        for line in given.split():
            if not self.take(dict(parse_qsl(urlsplit(line).query))):
                print(
                    f"that is not the address of this login: it begins with {REDIRECT_URI}? and "
                    "holds state and code",
                    file=sys.stderr,
                )


class _Handler(BaseHTTPRequestHandler):
    """Answers a browser, and nobody else who finds the port."""

    answers: ClassVar[Callback]
    timeout = REQUEST_SECONDS
    server_version, sys_version = "vaultaws", ""

    def do_GET(self) -> None:
        """Take an answer at the one path there is."""
        asked = urlsplit(self.path)
        if asked.path != PATH or not self.answers.take(dict(parse_qsl(asked.query))):
            self._say(HTTPStatus.NOT_FOUND, "This is not the login that is waited for.")
            return
        self._say(
            HTTPStatus.OK,
            "The terminal has the answer and says whether Vault lets you in. "
            "This window can be closed.",
        )

    def _say(self, status: HTTPStatus, text: str) -> None:
        page = _PAGE.format(text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Say nothing: the path holds a code."""


def serve(server: HTTPServer, *, until: Callable[[], bool], seconds: float) -> None:
    """Answer requests, one after the other, until something holds or so many seconds are over."""
    end = time.monotonic() + seconds
    while not until() and (left := end - time.monotonic()) > 0:
        server.timeout = left
        server.handle_request()


def open_page(address: str) -> None:
    """Open an address, which holds no secret, in the person's browser, beside this process.

    A browser of the terminal ends only with its last page, so nobody waits for it here.
    """
    threading.Thread(target=_open, args=(address,), daemon=True).start()


def _open(address: str) -> None:
    if not webbrowser.open(address):
        print(f"no browser could be opened; open this address in one:\n{address}", file=sys.stderr)


def has_browser() -> bool:
    """Tell whether there is a browser to open, and where to show it."""
    if sys.platform == "linux" and not (
        {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & os.environ.keys()
    ):
        return False
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
