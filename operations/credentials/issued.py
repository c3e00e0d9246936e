"""Credentials as they are handed out, and when they end."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Issued:
    """AWS credentials that Vault has issued and AWS knows."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(repr=False)
    """Empty for the key of an IAM user."""
    lease_id: str
    renewable: bool
    expires_at: float
    """Seconds since the epoch, by the clock of this machine."""
    lifetime: float
    """Seconds that they had when they were issued."""
    region: str
    """Where AWS was asked whether it knows them; empty if nobody had to ask."""

    @property
    def expiration(self) -> str:
        """When they end, as AWS writes it."""
        moment = dt.datetime.fromtimestamp(self.expires_at, dt.UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def environment(self) -> dict[str, str]:
        """Return the variables that AWS's clients read."""
        named = {
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_SESSION_TOKEN": self.session_token,
            "AWS_CREDENTIAL_EXPIRATION": self.expiration,
        }
        return {name: value for name, value in named.items() if value}

    def for_process(self) -> dict[str, Any]:
        """Return what a ``credential_process`` prints.

        Source: AWS SDKs and Tools Reference Guide, "Process credential provider".
        """
        token = {"SessionToken": self.session_token} if self.session_token else {}
        return {
            "Version": 1,
            "AccessKeyId": self.access_key_id,
            "SecretAccessKey": self.secret_access_key,
            **token,
            "Expiration": self.expiration,
        }
