"""What stands in the way of moving a mount, decided from what it is and what is declared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from operations.migrate.planned import Engine

IAM_USER = "iam_user"
_SHORTEST = 3
"""Characters that an entry of ``formerUsers`` has before its wildcard."""
_LITERAL = re.compile(r'printf "([A-Za-z0-9_+=,.@-]{3,})')
_BEGINS = re.compile(r"[A-Za-z0-9_+=,.@-]*")


@dataclass(frozen=True, kw_only=True)
class Lease:
    """A lease of the mount that is not over."""

    role: str
    id: str
    began: datetime
    ends: datetime | None


@dataclass(frozen=True, kw_only=True)
class Keyed:
    """A mount that runs on a key, as Vault and AWS hold it."""

    settings: Mapping[str, Any]
    tuned: Mapping[str, Any]
    roles: Mapping[str, Mapping[str, Any]]
    static_roles: Sequence[str]
    leases: Sequence[Lease]
    users: Mapping[str, Sequence[str]]
    """Names of the account's IAM users, by each path on which the mount makes users."""
    keys: Sequence[str] = ()
    """Ids of the keys that the IAM user has whose key it is."""
    lacking: str = ""
    """Why this Vault federates nothing; empty if it does."""

    @property
    def beginnings(self) -> list[str]:
        """What the names of its users begin with, as far as its template says it."""
        template = str(self.settings.get("username_template") or "")
        plain = _BEGINS.match(template)
        begins = [plain[0]] if plain and len(plain[0]) >= _SHORTEST else []
        begins += [found.partition("%")[0] for found in _LITERAL.findall(template)]
        return list(dict.fromkeys(begins))

    @property
    def former_users(self) -> list[str]:
        """What to write as ``formerUsers`` so that its leases can end after the move."""
        return [f"{path}{begin}*" for path in sorted(self.users) for begin in self.beginnings]

    def makers(self) -> dict[str, Mapping[str, Any]]:
        """Return the Vault roles that make IAM users."""
        return {
            name: role
            for name, role in self.roles.items()
            if IAM_USER in str(role.get("credential_type", ""))
        }


def obstacles(keyed: Keyed, engine: Engine) -> list[str]:
    """Return why the mount cannot be moved as it is, a sentence each with what to do."""
    return [*_of_vault(keyed), *_of_roles(keyed, engine), *_of_leases(keyed, engine)]


def changes(keyed: Keyed, engine: Engine) -> list[tuple[str, str, str, str]]:
    """Return what becomes otherwise for who reads: Vault role, what of it, before, after.

    What a Vault role is called by others than its readers, such as the path of its users, too.
    """
    found = []
    for name in sorted(engine.roles):
        before, after = keyed.roles.get(name, {}), engine.role(name)
        for key in sorted(before.keys() | after.keys()):
            old, new = _plain(before.get(key)), _plain(after.get(key))
            if old != new:
                found.append((name, key, old, new))
    return found


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(sorted(map(str, value)))
    return "" if value in (None, {}, 0) else "".join(str(value).split())


def _of_vault(keyed: Keyed) -> Iterator[str]:
    if keyed.lacking:
        yield f"this Vault federates nothing: {keyed.lacking}"
    if others := sorted(set(keyed.keys) - {str(keyed.settings.get("access_key"))}):
        yield (
            f"its IAM user has a second key, {', '.join(others)}, and AWS gives nobody a third, "
            "with which the mount could go back: delete it if nobody uses it"
        )
    if keyed.static_roles:
        yield (
            f"it has the static roles {', '.join(keyed.static_roles)}, for which its role at AWS "
            "gets no rights: move them to a mount of their own, or delete them"
        )
    if keyed.settings.get("rotation_period") or keyed.settings.get("rotation_schedule"):
        yield (
            "Vault rotates its key by itself: write `disable_automated_rotation=true` to its "
            "config/root, so that the key stays the same until it is deleted"
        )


def _of_roles(keyed: Keyed, engine: Engine) -> Iterator[str]:
    if undeclared := sorted(keyed.roles.keys() - engine.roles.keys()):
        yield (
            f"the settings do not declare its Vault role(s) {', '.join(undeclared)}, which could "
            f"read no credentials any more: declare them in secretsEngines.{engine.name}.roles, or "
            "delete them in Vault"
        )
    declared = {
        group for name in engine.roles for group in engine.role(name).get("iam_groups") or ()
    }
    live = {lease.role for lease in keyed.leases}
    for name, role in sorted(keyed.makers().items()):
        if name in live and (left := sorted(set(role.get("iam_groups") or ()) - declared)):
            yield (
                f"users of {name} are in the group(s) {', '.join(left)}, which its role at AWS "
                "could not take them out of: declare them as groups of a Vault role until these "
                f"leases are over, or end them by `vaultaws revoke {engine.path} {name}`"
            )


def _of_leases(keyed: Keyed, engine: Engine) -> Iterator[str]:
    makers = keyed.makers()
    leases = [
        lease for lease in keyed.leases if lease.role in makers or lease.role not in keyed.roles
    ]
    if not leases:
        return
    prefix = f"arn:{_partition(engine)}:iam::{engine.account.account_id}:user"
    left = [
        f"{path}{user}"
        for path, users in keyed.users.items()
        for user in users
        if any(map(user.startswith, keyed.beginnings or ("",)))
        and not any(fnmatchcase(f"{prefix}{path}{user}", each) for each in engine.deletable)
    ]
    if not left:
        return
    write = ", ".join(f'"{each}"' for each in keyed.former_users)
    advice = (
        f"write formerUsers: [{write}] to secretsEngines.{engine.name} of the settings, for as "
        "long as they live"
        if write
        else f"write the beginning of their names as formerUsers of secretsEngines.{engine.name}"
    )
    yield (
        f"{len(leases)} lease(s) are live, and its role at AWS could not delete their IAM users, "
        f"such as {left[0]}: {advice}; or end them first by `vaultaws revoke {engine.path} ROLE`"
    )


def _partition(engine: Engine) -> str:
    return str(engine.mount.inputs["roleArn"]).split(":")[1]
