"""Which credentials a token may read, from what Vault says of its policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_READING = frozenset({"read", "root"})
_CREDENTIALS = re.compile(r"creds/([\w.-]+)")


def may_read(capabilities: Iterable[str]) -> bool:
    """Tell whether the capabilities of a path (``sys/capabilities-self``) allow to read it."""
    held = set(capabilities)
    return bool(held & _READING) and "deny" not in held


def named_roles(acl: Mapping[str, Any], mounts: Iterable[str], namespace: str) -> list[str]:
    """Return the Vault roles whose credentials a token's policies name, as ``<mount>/<role>``.

    Args:
        acl: What ``sys/internal/ui/resultant-acl`` answers. Paths with a pattern name no role.
        mounts: Paths of the namespace's AWS secrets engines.
        namespace: Path of the namespace; Vault Enterprise begins paths with it.
    """
    within = f"{namespace}/" if namespace else ""
    named = [path.removeprefix(within) for path in acl.get("exact_paths") or ()]
    return sorted(
        f"{mount}/{found[1]}"
        for mount in {mount.rstrip("/") for mount in mounts}
        for path in named
        if path.startswith(f"{mount}/")
        and (found := _CREDENTIALS.fullmatch(path.removeprefix(f"{mount}/")))
    )
