"""What a stack has deployed, read from its state on whatever backend that lies."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from federation.account import AccountAccess
from federation.identity import MountClass
from operations.engine import EngineError, pulumi

_OWN = "pulumi-python:dynamic/vaultwif:"
_IAM_ROLE = "aws:iam/role:Role"
_ROLES = {
    MountClass.SECRET: ("vault:aws/secretBackendRole:SecretBackendRole", "name"),
    MountClass.AUTH: ("vault:aws/authBackendRole:AuthBackendRole", "role"),
}


class NothingDeployedError(EngineError):
    """The stack is there, and nothing is deployed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployedMount:
    """A mount that AWS trusts."""

    mount_class: MountClass
    namespace: str
    """Path of its namespace; empty for the root namespace."""
    path: str
    """Of auth methods without ``auth/``."""
    accessor: str
    issuer: str
    audience: str
    role_arn: str
    """IAM role that it assumes."""
    account: AccountAccess
    """The account of that role, and the way to reach it."""
    iam_path: str = ""
    """Where a secrets engine makes users, with both outer slashes."""
    vault_roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the state holds of each Vault role, by its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployed:
    """What a stack has deployed."""

    stack: str
    address: str
    """Address of Vault."""
    mounts: tuple[DeployedMount, ...]
    accounts: dict[str, AccountAccess]
    """Every account that the stack signs in to, by its id."""
    resources: tuple[dict[str, Any], ...]
    """The whole state; what is secret in it is encrypted."""


def read(stack: str) -> Deployed:
    """Return what a stack has deployed.

    Raises:
        NothingDeployedError: it has deployed no connection to Vault.
        EngineError: there is no such stack.
    """
    return among(stack, living(stack))


def living(stack: str) -> list[dict[str, Any]]:
    """Return the resources of a stack's state, without those that are only still to be deleted.

    Raises:
        EngineError: there is no such stack.
    """
    exported = json.loads(pulumi("stack", "export", stack=stack))
    return _living(exported["deployment"].get("resources", []))


def among(stack: str, resources: list[dict[str, Any]]) -> Deployed:
    """Return what the resources of a state are.

    Args:
        stack: Name of the stack.
        resources: As ``pulumi stack export`` has them.

    Raises:
        NothingDeployedError: no connection to Vault is among them.
    """
    held = _living(resources)
    connection = next((each for each in held if each["type"] == f"{_OWN}Connection"), None)
    if connection is None:
        raise NothingDeployedError(
            f"the stack {stack} has nothing deployed: deploy it by `pulumi up`"
        )
    reached = accounts(held)
    found = [each for each in held if each["type"] == f"{_OWN}Federation"]
    return Deployed(
        stack=stack,
        address=connection["outputs"]["address"],
        mounts=tuple(_mount(each, reached, held) for each in found),
        accounts=reached,
        resources=tuple(held),
    )


def accounts(resources: list[dict[str, Any]]) -> dict[str, AccountAccess]:
    """Return every account that providers among resources sign in to, by its id."""
    return {
        access.account_id: access
        for each in resources
        if each["type"] == "pulumi:providers:aws"
        for access in [_access(each["inputs"])]
    }


def _living(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for each in resources if not each.get("delete")]


def _access(inputs: dict[str, Any]) -> AccountAccess:
    """Return how an AWS provider signs in; the engine keeps what is no text as JSON."""
    (account_id,) = json.loads(inputs["allowedAccountIds"])
    assumed = json.loads(inputs.get("assumeRoles") or "[]")
    role = assumed[0] if assumed else {}
    return AccountAccess(
        account_id=account_id,
        region=inputs["region"],
        profile=inputs.get("profile"),
        deploy_role_arn=role.get("roleArn"),
        external_id=role.get("externalId"),
    )


def _mount(
    federation: dict[str, Any], accounts: dict[str, AccountAccess], resources: list[dict[str, Any]]
) -> DeployedMount:
    held = federation["outputs"]
    mount_class = MountClass(held["mount_class"])
    beside = [each for each in resources if each.get("parent") == federation["parent"]]
    # What Vault holds by now may be another role, or none: a refresh records that.
    declared = (each["outputs"]["arn"] for each in beside if each["type"] == _IAM_ROLE)
    role_arn = next(declared, held["role_arn"])
    kind, name = _ROLES[mount_class]
    return DeployedMount(
        mount_class=mount_class,
        namespace=held["namespace"],
        path=held["path"],
        accessor=held["accessor"],
        issuer=held["issuer"],
        audience=held["audience"],
        role_arn=role_arn,
        account=accounts[role_arn.split(":")[4]],
        iam_path=held.get("iam_path", ""),
        vault_roles={
            each["outputs"][name]: each["outputs"] for each in beside if each["type"] == kind
        },
    )
