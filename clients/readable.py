"""Which AWS credentials the connection's token may read, as Vault itself says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.errors import VaultForbiddenError
from federation import readable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clients.vault import Vault


def readable_among(vault: Vault, roles: Iterable[str]) -> list[str]:
    """Return which of the Vault roles the token may read, each as ``<mount>/<role>``.

    None where it may not even ask, as in a namespace that it knows nothing of.

    Raises:
        VaultError: unreachable.
    """
    paths = {role: "{}/creds/{}".format(*role.rsplit("/", 1)) for role in roles}
    if not paths:
        return []
    try:
        held = vault.capabilities(list(paths.values()))
    except VaultForbiddenError:
        return []
    return [role for role, path in paths.items() if readable.may_read(held[path])]


def readable_roles(vault: Vault, namespace: str) -> list[str]:
    """Return the Vault roles of a namespace that the token may read, as ``<mount>/<role>``.

    They are those that its policies name and those that it may list; of a pattern such as
    ``aws/creds/*`` nobody who may not list can say what it stands for.

    Raises:
        VaultForbiddenError: the token is none.
        VaultError: unreachable.
    """
    seen = vault.read("sys/internal/ui/mounts") or {}
    mounts = [path for path, each in (seen.get("secret") or {}).items() if each["type"] == "aws"]
    acl = vault.read("sys/internal/ui/resultant-acl") or {}
    roles = set(readable.named_roles(acl, mounts, namespace))
    for mount in mounts:
        try:
            roles |= {f"{mount}{role}" for role in vault.listed(f"{mount}roles")}
        except VaultForbiddenError:
            continue  # as most people, whose policies name what they may read
    return readable_among(vault, sorted(roles))
