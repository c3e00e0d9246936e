"""How Vault is asked where it is a cluster: its nodes may have no leader for a while, or lag.

Source of what a node says: Vault, ``http/handler.go`` (``respondStandby``,
``handleRequestForwarding``), ``sdk/logical`` (``ErrMissingRequiredState``), and "Eventual
consistency in Vault replication".
"""

from __future__ import annotations

import base64
import binascii
import time
from typing import Any

import requests
from requests.exceptions import ConnectTimeout, ProxyError, SSLError
from urllib3.exceptions import NewConnectionError

PATIENCE_SECONDS = 30.0
"""How long a cluster may have no leader, or a node lag. A leader that steps down is followed within
seconds, one that fails within some fifteen (Vault, "Integrated storage", performance
multiplier)."""

LONGEST_PAUSE_SECONDS = 2.0
"""Between two attempts; the first pause is a tenth of it, and each one twice the one before."""

INDEX = "X-Vault-Index"
"""Header by which Vault says what a write led to, and by which a reader asks for no less."""

LAGGING = "required index state not present"
LEADERLESS = (
    "local node not active but active cluster node not found",
    "no active Vault instance found",
    "node is not active",
    "Vault is in standby mode",
)
OVERLOADED = "overloaded, try again later"
_NOT_TAKEN = (LAGGING, *LEADERLESS, OVERLOADED)
"""What a node says that has not begun to do what it was asked."""

_REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS", "LIST", "PUT", "DELETE"})
"""Methods that may be repeated whatever became of the first time (RFC 9110, 9.2.2); LIST is
Vault's own, and reads."""
_FROM_BALANCER = frozenset({502, 503, 504})
"""What a load balancer answers that has no node to ask, or lost the one it asked."""
_SEALED = "Vault is sealed"
_CUT_OFF = "context canceled"
"""What a leader that steps down says of requests that it was working on."""


class UnsafeRedirectError(requests.RequestException):
    """A node sends its clients, and with them their token, to an address without TLS."""


class ClusterSession(requests.Session):
    """Repeats for a bounded time what a cluster did not do because of its own state.

    Whatever it is, a request is repeated when a node says that it has not begun with it. One that
    may have been done, because a connection or a load balancer failed, is repeated only if doing it
    twice is the same as once. Each request asks to be answered by a node that knows what this
    session wrote.
    """

    def __init__(self) -> None:
        super().__init__()
        self._index = ""
        self._answered = False

    def request(  # type: ignore[override] # its options are handed on as they are
        self,
        method: str,
        url: str,
        **options: Any,  # noqa: ANN401 - those of requests
    ) -> requests.Response:
        """Send a request, as often as it takes.

        Args:
            method: Of HTTP, or LIST.
            url: Whole address.
            options: Those of requests, and ``repeatable``: whether it may be done twice, where the
                method does not say it right.

        Raises:
            requests.RequestException: no answer; at once if there never was one.
        """
        until = time.monotonic() + PATIENCE_SECONDS
        pause = LONGEST_PAUSE_SECONDS / 10
        repeatable = options.pop("repeatable", method.upper() in _REPEATABLE)
        given = dict(options.pop("headers", None) or {})
        while True:
            headers = {**given, INDEX: self._index} if self._index else given
            try:
                response = super().request(method=method, url=url, headers=headers, **options)
            except requests.ConnectionError as error:
                again = self._answered and _may_return(error, repeatable=repeatable)
                if not again or time.monotonic() + pause > until:
                    raise
            else:
                self._answered = True
                if given_index := response.headers.get(INDEX):
                    self._index = _newest(self._index, given_index)
                again = not response.ok and _may_change(response, repeatable=repeatable)
                if not again or time.monotonic() + pause > until:
                    return response
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where a standby sends its clients, which is the leader's ``api_addr``.

        Raises:
            UnsafeRedirectError: it is not reached by TLS.
        """
        target = super().get_redirect_target(resp)
        if target and target.startswith("http:"):
            raise UnsafeRedirectError(
                f"Vault sends its clients from {resp.url.partition('?')[0]} to an address without "
                "TLS, where the token would be seen: api_addr of its nodes must begin with https"
            )
        return target


def advice(reasons: str) -> str:
    """Return what to do about a state of the cluster that has lasted; empty if it is none."""
    if LAGGING in reasons:
        return (
            f"the node that answers has lagged behind its cluster for {PATIENCE_SECONDS:.0f} s: "
            "let the address lead to the active node alone, or see the replication status"
        )
    if any(said in reasons for said in LEADERLESS):
        return (
            f"nobody has led the cluster for {PATIENCE_SECONDS:.0f} s: see `vault operator raft "
            "list-peers` and the logs of its nodes; nothing was done, run it again then"
        )
    return ""


def cut_off(error: requests.RequestException) -> bool:
    """Tell whether a connection ended that had been made.

    Of one through a proxy, urllib3 says that the proxy could not be connected to (``has_connected_
    to_proxy`` is forgotten when it closes); what really happened stands within.
    """
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, ProxyError):
        return isinstance(getattr(reason, "original_error", None), ConnectionError)
    other = isinstance(error, SSLError | ConnectTimeout) or reason is not None
    return isinstance(error, requests.ConnectionError) and not other


def _may_return(error: requests.ConnectionError, *, repeatable: bool) -> bool:
    if cut_off(error):
        return repeatable
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _may_change(response: requests.Response, *, repeatable: bool) -> bool:
    if response.status_code not in (412, 500, *_FROM_BALANCER):
        return False
    said = response.text
    if any(reason in said for reason in _NOT_TAKEN):
        return True
    if not repeatable or _SEALED in said:
        return False
    return response.status_code in _FROM_BALANCER or _CUT_OFF in said


def _newest(held: str, given: str) -> str:
    """Return the index that implies the other; the given one if none does."""
    before, after = _indexes(held), _indexes(given)
    known = before is not None and after is not None
    implied = known and all(old >= new for old, new in zip(before or (), after or (), strict=True))
    return held if implied else given


def _indexes(state: str) -> tuple[int, int] | None:
    """Take ``v1:<cluster>:<local>:<replicated>:<HMAC>`` apart, which Vault encodes (``api``)."""
    try:
        _, _, local, replicated, _ = base64.b64decode(state).decode().split(":")
        return int(local), int(replicated)
    except (binascii.Error, ValueError):
        return None
