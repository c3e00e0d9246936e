"""What stands for GitHub: comments and issues of one repository, as its REST API keeps them."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHOR = "github-actions[bot]"


@dataclass
class Hub:
    """The comments of every pull request and issue, the issues, and what was written."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON
        """Return what a request below the repository's address gets."""
        if method == "GET":
            return self._page(path)
        self.writes.append(f"{method} {path}")
        if method == "POST":
            listed = self.issues if path == "issues" else self.comments
            made = {"user": {"login": AUTHOR}, "state": "open", **body}
            made |= {"id": 1000 + len(listed), "number": 1 + len(listed)}
            listed.append(made)
            return made
        of_comment = path.startswith("issues/comments/")
        listed, key = (self.comments, "id") if of_comment else (self.issues, "number")
        (one,) = [each for each in listed if each[key] == int(path.rpartition("/")[2])]
        one |= body
        return one

    def _page(self, path: str) -> list[dict[str, Any]]:
        asked = re.search(r"[?&]page=(\d+)", path)
        assert asked
        listed = self.comments
        if path.startswith("issues?"):
            assert "state=open&labels=" in path
            listed = [each for each in self.issues if each["state"] == "open"]
        start = (int(asked[1]) - 1) * 100
        return listed[start : start + 100]


@contextmanager
def serving(hub: Hub, repository: str) -> Iterator[str]:
    """Serve one on loopback, and yield the address that ``GITHUB_API_URL`` is set to."""

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path.removeprefix(f"/repos/{repository}/")
            said = json.dumps(hub.answer(self.command, path, json.loads(sent or b"{}"))).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = do_PATCH = _do  # noqa: N815 - the library's own names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
