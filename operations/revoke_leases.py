"""Revoke every lease of one Vault role: ``python -m operations.revoke_leases MOUNT ROLE``.

Reads ``VAULT_ADDR`` and ``VAULT_NAMESPACE``, which the lease guard sets, and ``VAULT_TOKEN``. The
token needs ``sudo`` on ``sys/leases/lookup`` and ``sys/leases/revoke-prefix`` of the two prefixes.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from typing import TYPE_CHECKING

from clients.vault import Vault, VaultError, VaultForbiddenError, VaultUnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEADLINE_SECONDS = 90.0
"""How long AWS may take to agree. It applies changed permissions within seconds, seldom more (IAM
User Guide, "Changes that I make are not always immediately visible"), and a destroy must end."""

PAUSE_SECONDS = 1.0
"""Between two attempts."""


class LeasesRemainError(Exception):
    """Leases are left; the message says which, why and what to do."""


def revoke(vault: Vault, mount: str, role: str, *, deadline: float = DEADLINE_SECONDS) -> int:
    """Revoke the leases of a Vault role until none is left, and return how many there were.

    A mount or Vault role that is gone has no leases left: nothing to do. The Vault role is usually
    gone already, so that no new lease can appear behind this one's back.

    Args:
        vault: Connection to the namespace of the mount.
        mount: Path of the secrets engine.
        role: Name of the Vault role.
        deadline: Seconds to repeat what AWS refuses.

    Raises:
        VaultUnreachableError: Vault does not answer.
        VaultError: Vault does not let this token see or revoke leases.
        LeasesRemainError: AWS did not let Vault delete what it had made.
    """
    # Both paths hand out credentials of every role (Vault, AWS secrets engine API).
    return sum(
        _empty(vault, f"{mount}/{path}/{role}", time.monotonic() + deadline)
        for path in ("creds", "sts")
    )


def _empty(vault: Vault, prefix: str, deadline: float) -> int:
    leases = vault.leases(prefix)
    seen = set(leases)
    refusal: VaultError | None = None
    while leases:
        try:
            vault.revoke_prefix(prefix)
        except (VaultUnreachableError, VaultForbiddenError):
            raise
        except VaultError as error:
            refusal = error
        leases = vault.leases(prefix)
        seen |= set(leases)
        if leases and time.monotonic() >= deadline:
            raise LeasesRemainError(
                f"{len(leases)} lease(s) under {prefix} are left, the first is {leases[0]}: "
                f"{refusal or 'Vault says they are revoked, and still lists them'}"
            )
        if leases:
            time.sleep(PAUSE_SECONDS)
    return len(seen)


def _advice(error: Exception) -> str:
    if isinstance(error, VaultUnreachableError):
        return (
            "Bring Vault back and repeat `pulumi destroy`. If it is gone for good, nothing can end "
            "its leases: drop Vault's resources from the state (`pulumi state delete`), destroy "
            "the rest, and delete the IAM users of the engine's path yourself."
        )
    if isinstance(error, LeasesRemainError):
        return (
            "The IAM users behind these leases still exist, so nothing they need was deleted. "
            "Check that Vault reaches AWS and that its IAM role, inline policies and identity "
            "provider are as this stack made them, then repeat `pulumi destroy`."
        )
    return (
        "The IAM users behind the leases may still exist, so nothing they need was deleted. Give "
        "the token of VAULT_TOKEN `sudo` on sys/leases/lookup and sys/leases/revoke-prefix, then "
        "repeat `pulumi destroy`."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 when no lease is left, 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m operations.revoke_leases")
    parser.add_argument("mount", help="path of the secrets engine")
    parser.add_argument("role", help="name of the Vault role")
    given = parser.parse_args(argv)
    address = os.environ.get("VAULT_ADDR")
    if not address:
        parser.error("VAULT_ADDR is not set")
    try:
        with Vault(address, os.environ.get("VAULT_NAMESPACE", "")) as vault:
            count = revoke(vault, given.mount, given.role)
    except (VaultError, LeasesRemainError) as error:
        print(f"{error}\n{_advice(error)}", file=sys.stderr)
        return 1
    print(f"{count} lease(s) of {given.mount}/{given.role} revoked; none is left")
    return 0


if __name__ == "__main__":
    sys.exit(main())
