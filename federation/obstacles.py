"""Why AWS gives a mount no session, as far as it can be told from outside.

Vault itself says no more than ``NoCredentialProviders``: the SDK in it keeps AWS's reason to
itself, whatever it was.
"""

from collections.abc import Sequence
from dataclasses import dataclass


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
            f"identity provider {seen.provider_arn} lists {', '.join(seen.listed) or 'none'}; AWS "
            "refuses with InvalidIdentityToken unless a public authority stands behind that chain"
        )
    if seen.audience not in seen.registered:
        known = ", ".join(sorted(seen.registered)) or "none"
        found.append(
            f"audience: {seen.audience!r} is not registered at {seen.provider_arn}, which has "
            f"{known}; AWS refuses with InvalidIdentityToken"
        )
    found += [
        f"trust policy of {seen.role_arn}: {clause}; AWS refuses with AccessDenied"
        for clause in seen.untrusted
    ]
    return found
