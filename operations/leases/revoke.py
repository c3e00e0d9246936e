"""Revokes every lease of one Vault role.

``IAM_USERS``, which a lease guard sets, says where the users behind the leases are. It is read, and
AWS asked, only where AWS does not delete one of them.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import time
from typing import TYPE_CHECKING

from clients.errors import VaultError, VaultForbiddenError, VaultUnreachableError
from clients.secrets_engine import NOT_SIGNED_IN, SecretsEngine
from clients.vault import Vault
from federation import identity
from federation.identity import MountClass
from federation.kept_users import WHERE
from federation.rights import PATHS_OF_LEASES
from operations import log
from operations.leases.errors import (
    ADVICE,
    EngineNotSignedInError,
    LeasesRemainError,
    NotFederatedError,
    RequestsRemainError,
    RevocationError,
    UserKeptError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEADLINE_SECONDS = 90.0
"""How long nothing may get better. AWS applies changed permissions within seconds, seldom more (IAM
User Guide, "Changes that I make are not always immediately visible"), Vault ends a request after
90 s (Vault, "Parameters", ``default_max_request_duration``), and a destroy must end."""

PAUSE_SECONDS = 1.0
"""Between two attempts."""

GONE_USER_SECONDS = 310.0
"""How long to wait for a lease whose IAM user is gone already, deleted by hand or by a Vault that
lost AWS's answer. Vault believes AWS that a user does not exist once the lease is five minutes old
(Vault, aws secrets engine, ``minAwsUserRollbackAge``), for AWS may not know a new user yet."""


def revoke_all(
    address: str, namespace: str, mount: str, role: str, *, deadline: float = DEADLINE_SECONDS
) -> int:
    """Wait for requests for credentials, revoke the leases, and return how many there were.

    Args:
        address: Of Vault.
        namespace: Path of the namespace of the mount; empty for the root namespace.
        mount: Path of the secrets engine.
        role: Name of the Vault role.
        deadline: Seconds to repeat what gets no better.

    Raises:
        RevocationError: not everything is revoked; with what to do.
        VaultError: Vault does not answer, or refuses.
    """
    try:
        with Vault(address) as root, Vault(address, namespace) as vault:
            if not await_requests(root, namespace, mount, role, deadline=deadline):
                log.warning(
                    "requests for credentials that are under way cannot be seen: the token may "
                    "not read sys/in-flight-req of the root namespace"
                )
            return revoke(SecretsEngine(vault, mount), role, deadline=deadline)
    except (VaultError, RevocationError) as error:
        lines = [str(error), _advice(error, mount, namespace)]
        if isinstance(error, EngineNotSignedInError):
            lines.append(_presented(address, namespace))
        raise RevocationError("\n".join(lines)) from error


def said(mount: str, role: str, count: int) -> str:
    """Return what a person is told when the leases of a Vault role have ended."""
    return f"{count} lease(s) of {mount}/{role} revoked; none is left"


def await_requests(vault: Vault, namespace: str, mount: str, role: str, *, deadline: float) -> bool:
    """Wait until the requests for credentials that are under way have ended.

    Such a request may have read the Vault role before that was deleted. Its lease appears only
    after the IAM user is complete: who looked for leases now would miss it.

    Args:
        vault: Connection to the root namespace, the only one that tells.
        namespace: Path of the namespace of the mount; empty for the root namespace.
        mount: Path of the secrets engine.
        role: Name of the Vault role.
        deadline: Seconds to wait.

    Returns:
        Whether Vault lets this token see requests at all; if not, nothing was waited for.

    Raises:
        VaultUnreachableError: Vault does not answer.
        RequestsRemainError: They do not end.
    """
    paths = _request_paths(namespace, mount, role)
    return await_ended(
        vault, lambda path: path.strip("/") in paths, f"{mount}/{role}", deadline=deadline
    )


def await_ended(
    vault: Vault, is_meant: Callable[[str], bool], whose: str, *, deadline: float
) -> bool:
    """Wait until the requests that are under way now, and meant, have ended.

    Args:
        vault: Connection to the root namespace, the only one that tells.
        is_meant: Whether a request for this path is.
        whose: Whose credentials are asked for, as an error says it.
        deadline: Seconds to wait.

    Returns:
        Whether Vault lets this token see requests at all; if not, nothing was waited for.

    Raises:
        VaultUnreachableError: Vault does not answer.
        RequestsRemainError: They do not end.
    """
    until = time.monotonic() + deadline
    first: set[str] | None = None
    while True:
        try:
            requests = vault.requests_under_way()
        except VaultUnreachableError:
            raise
        except VaultError:
            return False
        mine = {key for key, path in requests.items() if is_meant(path)}
        # Later ones find the Vault role as it is now: deleted, or with its new groups.
        if first is None and mine:
            log.info(f"waiting for {len(mine)} request(s) for credentials under way")
        first = mine if first is None else first & mine
        if not first:
            return True
        if time.monotonic() >= until:
            raise RequestsRemainError(
                f"{len(first)} request(s) for credentials of {whose} have been under way "
                f"for {deadline:.0f} s, and each may still make an IAM user"
            )
        time.sleep(PAUSE_SECONDS)


def _request_paths(namespace: str, mount: str, role: str) -> frozenset[str]:
    """Return every path that a request for credentials of the Vault role can be listed by.

    A namespace stands in the path, in the header, or first in the header and then in the path
    (Vault, "Vault Enterprise namespaces", usage). What stands in the header may be missing from
    the listed path, so each end of the namespace counts; no other namespace does.
    """
    parts = [part for part in namespace.split("/") if part]
    ends = ("/".join((*parts[first:], mount)) for first in range(len(parts) + 1))
    return frozenset(f"v1/{end}/{path}/{role}" for end in ends for path in PATHS_OF_LEASES)


def revoke(engine: SecretsEngine, role: str, *, deadline: float = DEADLINE_SECONDS) -> int:
    """Revoke the leases of a Vault role until none is left, and return how many there were.

    A mount or Vault role that is gone has no leases left: nothing to do. The Vault role is usually
    gone already, so that no new lease can appear behind this one's back; where it only changes,
    what it hands out by now is not waited for.

    Args:
        engine: The secrets engine.
        role: Name of the Vault role.
        deadline: Seconds to repeat what AWS refuses, from the last lease that went.

    Raises:
        VaultUnreachableError: Vault does not answer.
        VaultError: Vault does not let this token see or revoke leases.
        NotFederatedError: Vault could not sign in, and no waiting mends it.
        LeasesRemainError: AWS did not let Vault delete what it had made.
    """
    return sum(_empty(engine, f"{engine.path}/{path}/{role}", deadline) for path in PATHS_OF_LEASES)


def _empty(engine: SecretsEngine, prefix: str, deadline: float) -> int:
    leases = set(engine.vault.leases(prefix))
    old, seen = set(leases), set(leases)
    until = time.monotonic() + deadline
    any_gone = False
    while leases:
        refusal = _refusal(engine, prefix)
        before, leases = leases, set(engine.vault.leases(prefix))
        old &= leases
        seen |= leases
        if not leases or (not old and _is_declared(engine, prefix)):
            break
        if before - leases:
            until = max(until, time.monotonic() + deadline)
        if not any_gone and "NoSuchEntity" in str(refusal):
            any_gone = True
            until = max(until, time.monotonic() + GONE_USER_SECONDS)
            log.info(
                "AWS no longer has an IAM user whose lease is left; Vault believes it once the "
                "lease is five minutes old: waiting",
            )
        if time.monotonic() >= until:
            said = str(refusal or "Vault says they are revoked, and still lists them")
            raise _kind(said)(
                f"{len(leases)} lease(s) under {prefix} are left, the first is {min(leases)}: "
                f"{said}"
            )
        time.sleep(PAUSE_SECONDS)
    return len(seen)


def _kind(said: str) -> type[LeasesRemainError]:
    """Tell by AWS's words, in which Vault wraps none of its own, what is the matter."""
    if NOT_SIGNED_IN in said:
        return EngineNotSignedInError
    return UserKeptError if "DeleteConflict" in said else LeasesRemainError


def _refusal(engine: SecretsEngine, prefix: str) -> VaultError | None:
    try:
        engine.vault.revoke_prefix(prefix)
    except (VaultUnreachableError, VaultForbiddenError):
        raise
    except VaultError as error:
        if NOT_SIGNED_IN in str(error):
            _require_federation(engine)
            engine.reconnect()
        return error
    return None


def _require_federation(engine: SecretsEngine) -> None:
    held = engine.vault.federation(MountClass.SECRET, engine.path)
    if held and not (held.audience and held.role_arn):
        raise NotFederatedError(
            f"Vault cannot sign in to AWS: {engine.path}/config/root has no "
            "identity_token_audience or no role_arn, and was written anew by somebody else"
        )


def _is_declared(engine: SecretsEngine, prefix: str) -> bool:
    held = engine.vault.mount(engine.path)
    return held is not None and prefix.rpartition("/")[2] in held.vault_roles


def _advice(error: Exception, mount: str, namespace: str) -> str:
    from clients.aws import what_keeps_users  # noqa: PLC0415 - slow, and hardly any run fails

    where = "".join(f"{option} " for option in identity.command_scope(namespace))
    known = next(kind for kind in type(error).__mro__ if kind in ADVICE)
    users = json.loads(os.environ.get(WHERE, "{}"))
    kept = what_keeps_users(users) if known is UserKeptError else ""
    return ADVICE[known].format(config=f"{where}{mount}/config/root", kept=kept)


def _presented(address: str, namespace: str) -> str:
    """Say what AWS would judge the issuer by now, which is what changes unnoticed."""
    from clients.tls import TlsError, presented_chain  # noqa: PLC0415 - slow, and seldom needed
    from federation import certificates  # noqa: PLC0415 - as above

    try:
        with Vault(address, namespace) as vault:
            host = identity.host(vault.issuer() or address)
        chain = certificates.judge(presented_chain(host), now=dt.datetime.now(dt.UTC))
    except (VaultError, TlsError, certificates.ChainRefused) as error:
        return f"The issuer's thumbprint was not read: {error}"
    return (
        f"The thumbprint of {host} is {chain.thumbprints[0]} now: if `pulumi preview` shows a "
        "change to it, the certificate authority is another one, and `pulumi up` mends it."
    )
