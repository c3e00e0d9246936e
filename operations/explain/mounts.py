"""The mounts of a stack as AWS sees them now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clients.aws import Account
from clients.exchange import look
from clients.tls import TlsError, presented_chain
from federation import certificates, identity
from federation.obstacles import Exchange, Seen, obstacles
from operations import OperationError, deployed, engine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from federation.account import AccountAccess

SECTIONS = {"secrets_engines": "", "auth_methods": "auth/"}
"""Outputs that list mounts, and what stands before the name of each here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A mount of the stack."""

    name: str
    """As the settings call it; of auth methods with ``auth/``."""
    exchange: Exchange
    declared: tuple[str, ...]
    """Thumbprints that the stack gave to the identity provider, or found there."""
    account: AccountAccess


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What there is to see of one mount."""

    mount: Mount
    seen: Seen
    warnings: tuple[str, ...]
    problems: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "mount": self.mount.name,
            "issuer": self.mount.exchange.issuer,
            "role": self.seen.role_arn,
            "identity_provider": self.seen.provider_arn,
            "thumbprint_presented": self.seen.presented,
            "thumbprints_at_aws": list(self.seen.listed),
            "thumbprints_of_stack": list(self.mount.declared),
            "warnings": list(self.warnings),
            "problems": list(self.problems),
        }


def of_stack(stack: str, name: str = "") -> list[Mount]:
    """Return the mounts of a stack, or the one of that name.

    Raises:
        EngineError: there is no such stack, or nothing is deployed.
        OperationError: the stack has no such mount.
    """
    outputs, held = engine.outputs(stack), deployed.read(stack)
    found = [
        _mount(f"{prefix}{key}", said, held.accounts)
        for section, prefix in SECTIONS.items()
        for key, said in outputs.get(section, {}).items()
    ]
    chosen = [mount for mount in found if name in ("", mount.name)]
    if not chosen:
        names = ", ".join(mount.name for mount in found) or "none"
        raise OperationError(f"the stack {stack} has no mount {name!r}; it has {names}")
    return chosen


def _mount(name: str, said: Mapping[str, Any], accounts: Mapping[str, AccountAccess]) -> Mount:
    return Mount(
        name=name,
        exchange=Exchange(
            issuer=said["issuer"],
            audience=said["audience"],
            subject=said["subject"],
            provider_arn=said["provider_arn"],
            role_arn=said["role_arn"],
        ),
        declared=tuple(said["thumbprints"]),
        account=accounts[said["role_arn"].split(":")[4]],
    )


def trust_of(mount: Mount) -> dict[str, Any]:
    """Return the trust policy that AWS holds for the role of a mount.

    Raises:
        OperationError: there is no such role.
        AwsError: unreachable or refused.
    """
    arn = mount.exchange.role_arn
    role = Account(mount.account).role(arn.rpartition("/")[2])
    if role is None:
        raise OperationError(f"there is no role {arn}: run `pulumi up`")
    return role.trust


def looked_at(mounts: Iterable[Mount], claims: Mapping[str, Any] | None = None) -> list[Look]:
    """Look at mounts; each host and each account is asked once.

    Args:
        mounts: The mounts.
        claims: Those of a token, in place of those that the mount's tokens should have.

    Raises:
        AwsError: unreachable or refused.
    """
    accounts: dict[AccountAccess, Account] = {}
    hosts: dict[str, _Presented] = {}
    looks = []
    for mount in mounts:
        account = accounts.get(mount.account) or Account(mount.account)
        accounts[mount.account] = account
        host = identity.host(mount.exchange.issuer)
        presented = hosts.get(host) or _presented(host)
        hosts[host] = presented
        seen = look(account, _with(mount.exchange, claims), presented.thumbprint)
        problems = (*presented.problems, *obstacles(seen))
        looks.append(Look(mount=mount, seen=seen, warnings=presented.warnings, problems=problems))
    return looks


def _with(exchange: Exchange, claims: Mapping[str, Any] | None) -> Exchange:
    if claims is None:
        return exchange
    audience = claims.get("aud")
    first = audience[0] if isinstance(audience, list) and audience else audience
    return replace(exchange, audience=str(first), subject=str(claims.get("sub")))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Presented:
    thumbprint: str | None = None
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def _presented(host: str) -> _Presented:
    """Return what a host presents; it need not be in reach of this machine, only of AWS."""
    try:
        verdict = certificates.judge(presented_chain(host), now=dt.datetime.now(dt.UTC))
    except TlsError as error:
        return _Presented(warnings=(f"its thumbprint was not read from here: {error}",))
    except certificates.ChainRefused as error:
        return _Presented(problems=(f"certificate chain of {host}: {error}",))
    return _Presented(thumbprint=verdict.thumbprints[0], warnings=verdict.warnings)
