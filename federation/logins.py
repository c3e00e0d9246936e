"""What a Vault role of the AWS auth method admits, and what it gives."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from federation.principals import Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginRole:
    """One Vault role, checked: who may log in with it, and what the token may do."""

    name: str
    principals: tuple[Principal, ...]
    policies: Mapping[str, str] = field(default_factory=dict)
    """Vault policies of the stack's own: their text by the name that the settings call them."""
    existing_policies: tuple[str, ...] = ()
    """Names of Vault policies that somebody else keeps."""
    default_ttl_seconds: int
    """Lifetime of a token that is not renewed."""
    max_ttl_seconds: int
    """Longest lifetime of a token, renewals included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StsRole:
    """The role that looks principals of another account up there."""

    account: str
    arn: str
    external_id: str | None


def confusable(roles: Iterable[LoginRole]) -> str:
    """Say what a server that confuses accounts would let in; empty if nothing.

    That is CVE-2025-11621: a wildcard, or principals of one name in several accounts. One name
    counts across all Vault roles of a mount, whose IAM clients are the same.
    """
    principals = [principal for role in roles for principal in role.principals]
    wildcards = sorted({principal.arn for principal in principals if principal.wildcard})
    if wildcards:
        return f"the wildcard {wildcards[0]}"
    first: dict[tuple[str, str], Principal] = {}
    for principal in sorted(principals, key=lambda principal: principal.arn):
        # IAM does not tell names by case.
        other = first.setdefault((principal.kind, principal.name.lower()), principal)
        if other.account != principal.account:
            return f"the same name in two accounts, {other.arn} and {principal.arn}"
    return ""
