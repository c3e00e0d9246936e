"""Where a session signs in to the AWS console, and the address that does it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlencode

from federation.regions import partition_of

_HOSTS = {
    "aws": ("signin.aws.amazon.com", "console.aws.amazon.com"),
    "aws-cn": ("signin.amazonaws.cn", "console.amazonaws.cn"),
    "aws-us-gov": ("signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
}
"""Of each partition, where sessions sign in and where the console is: IAM User Guide, "Enable
custom identity broker access to the AWS console", and the same page of the other partitions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Console:
    """The console of a region."""

    region: str
    sign_in_host: str
    host: str

    @property
    def endpoint(self) -> str:
        """Where a session is exchanged for what signs a browser in."""
        return f"https://{self.sign_in_host}/federation"

    @property
    def home(self) -> str:
        """The first page."""
        return f"https://{self.host}/console/home?region={self.region}"

    def has(self, page: str) -> bool:
        """Tell whether a page belongs to it."""
        form = r"https://([a-z0-9-]+\.)?" + re.escape(self.host) + r"([/?#]|$)"
        return re.match(form, page) is not None

    def sign_in_address(self, token: str, *, issuer: str, page: str) -> str:
        """Return the address that signs a browser in, a secret that is good for 15 minutes.

        Args:
            token: What the endpoint gave.
            issuer: Where who is signed out finds new credentials; the console shows it.
            page: The first page.
        """
        asked = {"Action": "login", "Issuer": issuer, "Destination": page, "SigninToken": token}
        return f"{self.endpoint}?{urlencode(asked)}"


def console_of(region: str) -> Console | None:
    """Return the console of a region; ``None`` where that of its partition is not known here.

    Raises:
        ValueError: No partition has regions of this form.
    """
    hosts = _HOSTS.get(partition_of(region).name)
    return Console(region=region, sign_in_host=hosts[0], host=hosts[1]) if hosts else None
