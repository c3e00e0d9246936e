"""What a token needs in Vault to deploy, change and destroy a stack, path by path.

Which of ``create`` and ``update`` a write needs is up to Vault: ``create`` where it looks whether
the thing is there already and it is not, ``update`` everywhere else (Vault, "Policies",
capabilities).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Rights = dict[str, frozenset[str]]
"""Capabilities by path, as the namespace of the path knows it."""

WRITTEN: Final = frozenset(("read", "update", "delete"))
MADE: Final = WRITTEN | {"create"}
PATHS_OF_LEASES: Final = ("creds", "sts")
"""Both hand out credentials of every Vault role of a secrets engine (Vault, AWS secrets engine API,
"Generate credentials")."""
SESSION_PROBE: Final = "session-check"
"""Name of a static role and of an IAM user, neither of which ever exists."""
LOOKUP_PROBE: Final = "federation-check"
"""Name of a Vault role of an auth method that is never made: AWS does not know its principal."""


def of_namespace(name: str, *, managed: bool) -> Rights:
    """Rights in the namespace around one, given by its own name.

    How Vault sees its making, as ``create`` or as ``update``, is not documented, so it is left out.
    """
    return {f"sys/namespaces/{name}": frozenset(("read", "delete") if managed else ("read",))}


def of_issuer(key: str, *, managed: bool) -> Rights:
    """Rights for the issuer of a namespace and the stack's signing key there."""
    return {
        "identity/oidc/config": frozenset(("read", "update") if managed else ("read",)),
        "identity/oidc/key": frozenset(("list",)),
        f"identity/oidc/key/{key}": MADE,
        # Where mounts are that a key still signs for.
        "sys/mounts": frozenset(("read",)),
        "sys/auth": frozenset(("read",)),
    }


def of_policies(policies: Iterable[str]) -> Rights:
    """Rights for Vault policies of the stack's own."""
    return {f"sys/policies/acl/{name}": WRITTEN for name in policies}


def of_secrets_engine(path: str, roles: Iterable[str]) -> Rights:
    """Rights for a secrets engine, its Vault roles, and the end of their leases."""
    rights = {
        f"sys/mounts/{path}": WRITTEN,
        f"sys/mounts/{path}/tune": frozenset(("update",)),
        f"{path}/config/root": MADE - {"delete"},
        f"{path}/static-roles/{SESSION_PROBE}": frozenset(("update",)),
        f"{path}/roles": frozenset(("list",)),
    }
    for role in roles:
        rights[f"{path}/roles/{role}"] = WRITTEN
        for leases in (f"{path}/{way}/{role}" for way in PATHS_OF_LEASES):
            rights[f"sys/leases/lookup/{leases}"] = frozenset(("list", "sudo"))
            rights[f"sys/leases/revoke-prefix/{leases}"] = frozenset(("update", "sudo"))
    return rights


def of_auth_method(path: str, roles: Iterable[str], accounts: Iterable[str]) -> Rights:
    """Rights for an aws auth method, its Vault roles, and the roles for other accounts."""
    return {
        **_of_method(path),
        f"auth/{path}/config/client": MADE,
        f"auth/{path}/config/identity": frozenset(("read", "update")),
        f"auth/{path}/role/{LOOKUP_PROBE}": frozenset(("create",)),
        **{f"auth/{path}/config/sts/{account}": MADE for account in accounts},
        **{f"auth/{path}/role/{role}": MADE for role in roles},
    }


def of_login(path: str, role: str) -> Rights:
    """Rights for a login of people, with its groups."""
    by_id = {f"identity/{kind}/id/ID": WRITTEN for kind in ("group", "group-alias")}
    made = {f"identity/{kind}": frozenset(("update",)) for kind in ("group", "group-alias")}
    return {
        **_of_method(path),
        f"auth/{path}/config": frozenset(("read", "update")),
        f"auth/{path}/role/{role}": MADE,
        **made,
        **by_id,
    }


def _of_method(path: str) -> Rights:
    return {
        f"sys/auth/{path}": frozenset(("update", "delete", "sudo")),
        f"sys/mounts/auth/{path}": frozenset(("read",)),
        f"sys/mounts/auth/{path}/tune": frozenset(("read", "update")),
    }


def within(namespace: str, rights: Rights) -> Rights:
    """Return rights as the root namespace knows them."""
    if not namespace:
        return rights
    return {f"{namespace}/{path}": capabilities for path, capabilities in rights.items()}


def lacking(needed: Mapping[str, Iterable[str]], held: Mapping[str, Iterable[str]]) -> list[str]:
    """Return what is needed and not held, a line for each path, sorted.

    Args:
        needed: Capabilities by path.
        held: What Vault says of a token (``sys/capabilities-self``); ``root`` means everything.
    """
    found = []
    for path, capabilities in sorted(needed.items()):
        there = set(held.get(path, ()))
        if "root" not in there and (missing := set(capabilities) - there):
            found.append(f"{', '.join(sorted(missing))} on {path}")
    return found
