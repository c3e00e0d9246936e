"""Which IAM role is meant, what acts as it, and what a block of its sessions leaves alive."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from federation.identity import MountClass
from operations import OperationError, deployed
from operations.engine import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from federation.account import AccountAccess
    from operations.deployed import DeployedMount

_KINDS = {
    "vaultwif:vault:SecretsEngine": "secrets engine",
    "vaultwif:federation:AuthMethod": "auth method",
    "vaultwif:aws:TargetRole": "target role",
}
"""Components that have an IAM role, and what a person calls them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """An IAM role whose sessions this stack uses."""

    stack: str
    arn: str
    what: str
    """What it is to the stack, for a person."""
    called: str
    """How the settings call it, with ``auth/`` before an auth method; empty: others own it."""
    account: AccountAccess
    address: str
    """Address of Vault."""
    mount: DeployedMount | None = None
    """The mount that acts as it; none acts as a target role all the time."""

    @property
    def name(self) -> str:
        """Its name in IAM, without its path."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """Something that goes on when the sessions of a role have ended."""

    what: str
    command: str = ""
    """What ends it."""

    def document(self) -> dict[str, str]:
        """Return it as JSON has it."""
        return {"what": self.what, "command": self.command}


def meant(stack: str, called: str) -> Role:
    """Return the role that is meant.

    Args:
        stack: Name of the stack.
        called: ARN of the role; or the name of a secrets engine or target role in the settings, or
            ``auth/`` and the name of an auth method.

    Raises:
        EngineError: there is no such stack.
        OperationError: the stack uses no such role, or two.
    """
    roles = list(_roles(stack, deployed.living(stack)))
    found = {role.arn: role for role in roles if called and called in (role.arn, role.called)}
    if len(found) == 1:
        return next(iter(found.values()))
    known = "".join(f"\n  {role.called or role.arn}: {role.arn} ({role.what})" for role in roles)
    why = "is more than one role" if found else "is no role"
    raise OperationError(f"{called!r} {why} of the stack {stack}; it uses{known or ' none'}")


def _roles(stack: str, resources: list[dict[str, Any]]) -> Iterator[Role]:
    """Find the roles in the state, also in what a destroy has left of it."""
    accounts = deployed.accounts(resources)
    address, mounts = "", {}
    with suppress(EngineError):  # a destroy that failed may have taken Vault away
        held = deployed.among(stack, resources)
        address, mounts = held.address, {mount.role_arn: mount for mount in held.mounts}

    def role(arn: str, what: str, called: str = "") -> Role:
        return Role(
            stack=stack,
            arn=arn,
            what=what,
            called=called,
            account=accounts[arn.split(":")[4]],
            address=address,
            mount=mounts.get(arn),
        )

    own = set()
    for each in resources:
        component, _, called = each.get("parent", "").rpartition("::")
        kind = _KINDS.get(component.rpartition("$")[2].rpartition("::")[2])
        if each["type"] == "aws:iam/role:Role" and kind:
            own.add(each["outputs"]["arn"])
            yield role(each["outputs"]["arn"], f"{kind} {called.removeprefix('auth/')}", called)
    others = {arn for mount in mounts.values() for arn in _targets(mount)} - own
    for arn in sorted(others):
        if arn.split(":")[4] in accounts:
            yield role(arn, "target role that others own")


def _targets(mount: DeployedMount) -> list[str]:
    """Return the roles that a mount hands out sessions of."""
    return [arn for each in mount.vault_roles.values() for arn in each.get("roleArns") or ()]


def left_by(role: Role) -> list[Left]:
    """Name what a block of the role's sessions does not end, and how that is ended."""
    found = [] if role.mount is None else list(_left_by_mount(role, role.mount))
    if role.mount is None:
        found.append(
            Left(what="sessions of other roles that its sessions assumed: those roles, likewise")
        )
    return [
        *found,
        Left(
            what="who holds a Vault token that may read credentials reads new ones: end that first",
            command="vault token revoke TOKEN_OR_ACCESSOR",
        ),
        Left(
            what="what its sessions did stays (users, keys, policies, other sign-ins): see it in "
            "CloudTrail, by the name of the role",
            command="aws cloudtrail lookup-events --lookup-attributes "
            f"AttributeKey=ResourceName,AttributeValue={role.name}",
        ),
    ]


def _left_by_mount(role: Role, mount: DeployedMount) -> Iterator[Left]:
    where = f" --namespace {mount.namespace}" if mount.namespace else ""
    if mount.mount_class is MountClass.AUTH:
        yield Left(
            what="Vault tokens of who has logged in: they are Vault's, not AWS's",
            command=f"vault lease revoke -prefix auth/{mount.path}/login",
        )
    for name, held in sorted(mount.vault_roles.items()):
        if held.get("credentialType") == "iam_user":
            yield Left(
                what=f"IAM users of leases of {mount.path}/{name}: their keys are their own",
                command=f"vaultaws revoke {mount.path} {name}{where}",
            )
    for arn in dict.fromkeys(_targets(mount)):
        yield Left(
            what=f"sessions of {arn}, handed out or taken with a session that is now blocked",
            command=f"vaultaws revoke-sessions {arn} --stack {role.stack}",
        )
