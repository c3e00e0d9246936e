"""The decision log: what AWS was asked, by whom, and which rule decided."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One call and its decision. Never holds a secret or a token, only names, ARNs and rules.

    A client that repeats a call sends the same ``invocation_id`` again, under a new ``request_id``.
    """

    request_id: str
    invocation_id: str | None
    account: str | None
    principal: str
    session: str | None
    action: str
    resource: str
    outcome: Literal["allowed", "refused"]
    rule: str
    further: tuple[str, ...]
    """Where a call needs several permissions and has them: the others, each with its rule."""
    error: str | None
    """The AWS code that the client got, also of an allowed call that failed later."""
    trail: dict[str, Any] | None
    """What CloudTrail tells of it, if it does."""


class DecisionLog:
    """Appends entries, a JSON object a line, each written before the client gets its answer."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._lock = threading.Lock()

    def write(self, entry: Entry) -> None:
        """Append one entry with the machine's time (UTC)."""
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **vars(entry)}
        with self._lock:
            os.write(self._descriptor, json.dumps(line).encode() + b"\n")
