"""Reads credentials from Vault, and lets them live longer."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from clients.errors import AwsError, CloudError, VaultError, VaultForbiddenError
from clients.identity_proof import default_region
from clients.issued_identity import KNOWN_SECONDS, Keys, await_known
from clients.leases import ISSUE_SECONDS, Leases
from clients.tokens import held_token, renew_token
from clients.vault import Vault
from operations import OperationError
from operations.credentials.issued import Issued

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.credentials.targets import Target


def issue(target: Target, *, patience: float = KNOWN_SECONDS) -> Issued:
    """Read new credentials, and hand them out once AWS STS knows them.

    What a user's key and its lease live is the lease or the token that read it, whichever ends
    first; a session lives by itself.

    Args:
        target: Of which Vault role.
        patience: Seconds until a new user's key must be known.

    Raises:
        OperationError: the token may not read them.
        CloudError: Vault or AWS is not reached or refuses, or AWS does not know the key in time:
            then the lease is ended.
    """
    with _vault(target) as vault:
        token_seconds = _kept_alive(vault)
        asked_at = time.time()
        lease = Leases(vault).issue(target.mount, target.role)
        user = not lease.session_token
        bounds = [lease.seconds, *([token_seconds] if user and token_seconds is not None else [])]
        lifetime = float(min(bounds))
        region = target.region or (default_region() if user else "")
        if user:
            keys = Keys(
                access_key_id=lease.access_key_id,
                secret_access_key=lease.secret_access_key,
                session_token="",
                region=region,
            )
            try:
                await_known(keys, seconds=patience)
            except BaseException:
                _end(vault, lease.lease_id)
                raise
    return Issued(
        access_key_id=lease.access_key_id,
        secret_access_key=lease.secret_access_key,
        session_token=lease.session_token,
        lease_id=lease.lease_id,
        renewable=lease.renewable,
        expires_at=asked_at + lifetime,
        lifetime=lifetime,
        region=region,
    )


def prolonged(target: Target, issued: Issued) -> Issued | None:
    """Let credentials live longer; ``None`` where that gives them less than half of a new life.

    Raises:
        OperationError: the token may do nothing.
        CloudError: Vault is not reached.
    """
    if not issued.renewable:
        return None
    with _vault(target) as vault:
        token_seconds = _kept_alive(vault)
        asked_at = time.time()
        try:
            seconds = Leases(vault).renew(issued.lease_id)
        except VaultForbiddenError:
            raise
        except VaultError:
            return None  # revoked, or at its end
    seconds = seconds if token_seconds is None else min(seconds, token_seconds)
    if 2 * seconds < issued.lifetime:
        return None
    return replace(issued, expires_at=asked_at + seconds)


def revoke(target: Target, issued: Issued) -> str:
    """End the lease of credentials; return why it did not end, empty if it did."""
    if not issued.lease_id:
        return ""
    try:
        with _vault(target) as vault:
            Leases(vault).revoke(issued.lease_id)
    except (CloudError, OperationError) as error:
        return f"the lease {issued.lease_id} ends at {issued.expiration}, not now: {error}"
    return ""


@contextmanager
def _vault(target: Target) -> Iterator[Vault]:
    """Connect; say how to log in where Vault takes no token."""
    try:
        with Vault(target.address, target.namespace, timeout=ISSUE_SECONDS) as vault:
            yield vault
    except VaultForbiddenError as error:
        said = str(error).rpartition(" (")[0]
        raise OperationError(
            f"{said}: the token has ended or may not do this; log in by `vaultaws login`, and see "
            "there what may be read"
        ) from error


def _kept_alive(vault: Vault) -> int | None:
    """Renew the token if half of its life is over; return for how long it is good.

    ``None`` for ever, or where nobody tells: a token of another namespace may not ask here.
    """
    try:
        held = held_token(vault)
        if held.waning:
            renew_token(vault)
            held = held_token(vault)
    except VaultForbiddenError:
        return None
    return held.seconds


def _end(vault: Vault, lease_id: str) -> None:
    try:
        Leases(vault).revoke(lease_id)
    except (VaultError, AwsError):
        return  # what is under way says more; the lease ends by itself
