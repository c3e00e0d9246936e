"""What AWS remembers: moto's IAM and S3 and the sessions, on disk after every change."""

from __future__ import annotations

import pickle
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import moto
from moto.iam.models import iam_backends

from lab.aws.state import buckets
from lab.aws.state.accounts import seed
from lab.home import write_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.iam.models import IAMBackend

    from lab.aws.state.accounts import Account
    from lab.aws.state.sessions import Session
    from lab.home import Home
    from lab.switches import SwitchBoard


class State:
    """IAM, buckets and sessions of every account. Hold ``lock`` while reading or changing them."""

    def __init__(self, home: Home, accounts: Iterable[Account], switches: SwitchBoard) -> None:
        self.lock = threading.RLock()
        self.accounts = {account.id: account for account in accounts}
        self.sessions: dict[str, Session] = {}
        self._path = home.aws / "state.pickle"
        self._switches = switches
        self._past: deque[tuple[float, bytes, list[Any]]] = deque()
        self._with_buckets: set[str] = set()
        self._restore()
        for account in self.accounts.values():
            seed(account, self.iam(account.id))
            if account.id not in self._with_buckets:
                buckets.seed(account)
        self._stored = self._store()

    def now(self) -> float:
        """Return AWS's time for tokens and sessions, in seconds since the epoch."""
        return time.time() + self._switches.read().clock_offset_seconds

    def iam(self, account: str) -> IAMBackend:
        """Return the account's IAM as its own calls see it: every change at once."""
        return iam_backends[account][self.accounts[account].partition]

    def effective_iam(self, account: str) -> IAMBackend:
        """Return the account's IAM as signatures, policies, trust and the list of users see it.

        With a propagation delay this is what IAM was that long ago ("Changes that I make are not
        always immediately visible", IAM User Guide, troubleshooting).
        """
        horizon = time.monotonic() - self._switches.read().propagation_delay_seconds
        while self._past and self._past[0][0] <= horizon:
            self._past.popleft()
        if not self._past:
            return self.iam(account)
        _, stored, loaded = self._past[0]
        if not loaded:
            loaded.append(_load(stored)["iam"])
        past: IAMBackend = loaded[0][account]
        return past

    def key_delay_seconds(self) -> float:
        """Return how long some service does not know a new user's key."""
        return self._switches.read().key_delay_seconds

    def trail_delay_seconds(self) -> float:
        """Return how long CloudTrail does not tell of a call."""
        return self._switches.read().trail_delay_seconds

    def service_control_policies(self) -> list[tuple[str, dict[str, Any]]]:
        """Return by label what the organisation allows in its accounts; nothing limits by default.

        AWS attaches ``FullAWSAccess`` to every account ("Service control policies", AWS
        Organizations User Guide).
        """
        policy = self._switches.read().service_control_policy
        if policy is None:
            return []
        everything = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
        return [
            ("service control policy FullAWSAccess", everything),
            ("the service control policy", policy),
        ]

    def changed(self) -> None:
        """Store everything, and keep what was replaced for as long as it stays in effect."""
        if self._switches.read().propagation_delay_seconds > 0:
            self._past.append((time.monotonic(), self._stored, []))
        else:
            self._past.clear()
        self._stored = self._store()

    def _store(self) -> bytes:
        content = pickle.dumps(
            {
                "moto": moto.__version__,
                "iam": {account: self.iam(account) for account in self.accounts},
                "sessions": self.sessions,
                "buckets": {
                    account.id: buckets.buckets_of(account) for account in self.accounts.values()
                },
            }
        )
        write_bytes(self._path, content)
        return content

    def _restore(self) -> None:
        if not self._path.exists():
            return
        stored = _load(self._path.read_bytes())
        if stored["moto"] != moto.__version__:
            raise RuntimeError(
                f"{self._path} was written with moto {stored['moto']}, this is {moto.__version__}; "
                "install the pinned version, or remove the laboratory's folder to start afresh"
            )
        for account, backend in stored["iam"].items():
            if account in self.accounts:
                iam_backends[account][self.accounts[account].partition] = backend
        self.sessions = stored["sessions"]
        for account, kept in stored.get("buckets", {}).items():
            if account in self.accounts:
                buckets.restore(self.accounts[account], kept)
                self._with_buckets.add(account)


def _load(content: bytes) -> dict[str, Any]:
    # The laboratory's own file, owner-only: the one kind of pickle that is safe to load.
    stored: dict[str, Any] = pickle.loads(content)  # noqa: S301 - see above
    return stored
