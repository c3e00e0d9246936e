"""What a server of Vault lacks to be federated, by what it says of itself, and what to do then.

Each function returns None where nothing is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from federation import releases
from federation.trouble import Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from federation.identity import MountClass


def hidden(why: str) -> Trouble:
    """Say what follows from a version that cannot be asked for, and why it cannot."""
    return Trouble(
        f"its version is hidden ({why}), and without it the provider drops audience and role "
        "ARN silently: ",
        "let GET /v1/sys/seal-status through",
    )


def lacking(version: str, mount_class: MountClass) -> Trouble | None:
    """Say why the provider would drop audience and role ARN of a mount.

    Args:
        version: What the server says it is; empty if it says nothing.
        mount_class: Class of the mount.
    """
    if not version:
        return Trouble(
            "its version is redacted, and without it the provider drops audience and role ARN "
            "silently: ",
            "take redact_version out of the listener's configuration",
        )
    release, earliest = releases.parse(version), releases.FIRST[mount_class]
    first = ".".join(map(str, earliest))
    if "ent" not in version.partition("+")[2]:
        return Trouble(
            f"it is {version}, not Enterprise, and plugin workload "
            f"identity federation needs Vault Enterprise {first} or later: ",
            "use such a Vault",
        )
    if release is None or not release.at_least(*earliest):
        return Trouble(
            f"it is {version}, and the provider federates this kind of mount from release {first} "
            "on: ",
            "upgrade Vault",
        )
    return None


def danger(version: str, confusable: str | None) -> Trouble | None:
    """Say whom the server would let in beside those declared.

    Args:
        version: What the server says it is.
        confusable: What a server that confuses accounts would let in; see ``federation.logins``.
    """
    release = releases.parse(version)
    if not confusable or (release and not release.confuses_accounts):
        return None
    return Trouble(
        f"Vault is {version or 'of a hidden version'}, open to CVE-2025-11621, and with "
        f"{confusable} it would take principals of other accounts for those that are bound. ",
        f"Upgrade Vault (fixed in {releases.AWS_LOGIN_FIXED}), or bind exact principals, each "
        "name in one account",
    )


def fault(version: str, needs: Mapping[str, Any]) -> Trouble | None:
    """Say what of a mount the server's release cannot do.

    Args:
        version: What the server says it is.
        needs: What names the things that need something; see ``federation.releases.Fault``.
    """
    release = releases.parse(version)
    for each in releases.FAULTS:
        if (subject := needs.get(each.needed_by)) and release and each.of(release):
            return Trouble(
                f"Vault is {version}, {each.told.format(subject=subject)}. ", each.remedy
            )
    return None


def unfit(address: str, *, replication: str, disaster_recovery: str) -> Trouble | None:
    """Say why this node's cluster is not the one to deploy to.

    Args:
        address: Address under which it answers.
        replication: Its part in performance replication.
        disaster_recovery: Its part in disaster recovery replication.
    """
    if disaster_recovery == "secondary":
        return Trouble(
            f"Vault at {address} is a secondary of disaster recovery replication, which serves "
            "nobody: ",
            "let the address lead to the primary",
        )
    if replication == "secondary":
        return Trouble(
            f"Vault at {address} is a performance secondary: mounts, issuer and keys are the "
            "primary's, and leases that the primary gave out could not be revoked from here; ",
            "let vault.address lead to the primary, and see docs/high-availability.md",
        )
    return None


def lagging(address: str) -> Trouble:
    """Say what follows where a performance standby answers."""
    return Trouble(
        f"a performance standby answers for Vault at {address}, and what it reads may be old: ",
        "let the address lead to the active node alone (docs/high-availability.md)",
    )


def misled(namespace: str | None) -> Trouble | None:
    """Say what sends the official provider elsewhere than declared.

    Args:
        namespace: What ``VAULT_NAMESPACE`` is, if it is set.
    """
    if not namespace:
        return None
    return Trouble(
        f"VAULT_NAMESPACE is {namespace!r}, and the official provider takes it for the root "
        "namespace: ",
        "unset it; namespaces are declared in the settings",
    )


def unready(address: str, missing: list[str]) -> Trouble | None:
    """Say which rights the token lacks.

    Args:
        address: Address of Vault.
        missing: What it lacks, as :func:`federation.rights.lacking` tells it.
    """
    if not missing:
        return None
    return Trouble(
        f"the token of VAULT_TOKEN may not do in Vault at {address} what this stack needs; it "
        f"lacks {'; '.join(missing)}. ",
        "Add that to its policies, for which policies/vault/deploy.hcl is the pattern, or log in "
        "with another token",
    )
