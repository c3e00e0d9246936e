"""Why AWS gives a mount no session, as far as it can be told from outside.

Vault itself says no more than that it has no session (``knowledge.exchange.NO_SESSION``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from federation.knowledge.exchange import AUDIENCE, THUMBPRINT, UNTRUSTED
from federation.knowledge.rule import Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """Which token of Vault is to become a session of which role."""

    issuer: str
    """The ``iss`` claim."""
    audience: str
    """The ``aud`` claim."""
    subject: str
    """The ``sub`` claim."""
    provider_arn: str
    """The identity provider."""
    role_arn: str
    """The IAM role."""

    @property
    def claims(self) -> dict[str, Any]:
        """The claims that AWS judges."""
        return {"iss": self.issuer, "aud": self.audience, "sub": self.subject}


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What both sides show to whoever may look."""

    host: str
    """The issuer's host."""
    presented: str | None
    """Thumbprint of the chain that it presents now; ``None``: not to be had from here."""
    provider_arn: str
    """The identity provider."""
    listed: Sequence[str]
    """Thumbprints that the identity provider has."""
    audience: str
    """The ``aud`` claim."""
    registered: frozenset[str] | None
    """Audiences of the identity provider; ``None``: there is none."""
    role_arn: str
    """The IAM role."""
    untrusted: Sequence[str]
    """Clauses of the role's trust policy that the mount's tokens fail."""


def obstacles(seen: Seen) -> list[str]:
    """Name everything that makes AWS refuse a token of the mount; empty if nothing is known to.

    Source of the messages quoted: STS API Reference, "AssumeRoleWithWebIdentity", Errors; IAM User
    Guide, "Obtain the thumbprint for an OpenID Connect identity provider", says when a thumbprint
    counts.
    """
    if seen.registered is None:
        return [f"there is no identity provider {seen.provider_arn}: AWS knows no such issuer"]
    found = []
    if seen.presented and seen.presented not in map(str.lower, seen.listed):
        found.append(
            f"thumbprint: {seen.host} presents a chain that ends in {seen.presented}, the "
            f"identity provider {seen.provider_arn} lists {', '.join(seen.listed) or 'none'}; "
            f"{_refuses(THUMBPRINT)} unless a public authority stands behind that chain"
        )
    if seen.audience not in seen.registered:
        known = ", ".join(sorted(seen.registered)) or "none"
        found.append(
            f"audience: {seen.audience!r} is not registered at {seen.provider_arn}, which has "
            f"{known}; {_refuses(AUDIENCE)}"
        )
    found += [
        f"trust policy of {seen.role_arn}: {clause}; {_refuses(UNTRUSTED)}"
        for clause in seen.untrusted
    ]
    return found


def _refuses(rule: Rule) -> str:
    return f"AWS refuses with {rule.codes[0]}"
