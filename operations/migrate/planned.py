"""What a stack declares of a secrets engine, as the engine's own preview of an update tells it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic.alias_generators import to_snake

from operations import OperationError, deployed
from operations.engine import pulumi
from operations.recovery.replaced import needed
from operations.recovery.unrecorded import Found, Planned

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from federation.account import AccountAccess

MOUNT = "vault:aws/secretBackend:SecretBackend"
ROLE = "aws:iam/role:Role"
VAULT_ROLE = "vault:aws/secretBackendRole:SecretBackendRole"
GUARD = "command:local:Command"
POLICY = "aws:iam/rolePolicy:RolePolicy"
COMPONENT = "vaultwif:vault:SecretsEngine"

_TUNED = {
    "description": "description",
    "defaultLeaseTtlSeconds": "default_lease_ttl",
    "maxLeaseTtlSeconds": "max_lease_ttl",
    "identityTokenKey": "identity_token_key",
}
_SET = (
    *("region", "stsEndpoint", "identityTokenAudience", "identityTokenTtl", "roleArn"),
    "usernameTemplate",
)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A secrets engine as an update would leave it."""

    name: str
    address: str
    namespace: str
    path: str
    account: AccountAccess
    mount: Planned
    roles: Mapping[str, Planned]
    """Its Vault roles, by name."""
    deletable: frozenset[str]
    """ARN patterns of the users that its IAM role will be allowed to delete."""
    before: tuple[str, ...]
    """URNs of what an update would create before the mount, for the mount needs it."""
    way: tuple[str, ...]
    """URNs of its IAM role and that role's policies, as far as an update would create them."""
    recorded: frozenset[str]
    """URNs of mount and Vault roles that the state has already."""

    @property
    def tuned(self) -> dict[str, Any]:
        """What the mount is tuned to, as Vault's API calls it."""
        inputs = self.mount.inputs
        return {to: inputs[name] for name, to in _TUNED.items() if name in inputs}

    @property
    def settings(self) -> dict[str, Any]:
        """What the engine is set to, as Vault's API calls it."""
        inputs = self.mount.inputs
        return {to_snake(name): inputs[name] for name in _SET if name in inputs}

    def role(self, name: str) -> dict[str, Any]:
        """Return what a Vault role is set to, as Vault's API calls it."""
        return {
            to_snake(key): value
            for key, value in self.roles[name].inputs.items()
            if key not in ("backend", "name") and not key.startswith("__")
        }

    def unrecorded_mount(self) -> list[Found]:
        """Return the mount as it is imported; nothing where the state has it."""
        return self._found([self.mount], lambda planned: planned.inputs["path"])

    def unrecorded_roles(self) -> list[Found]:
        """Return the Vault roles as they are imported, without those that the state has."""
        return self._found(
            self.roles.values(), lambda planned: f"{self.path}/roles/{planned.inputs['name']}"
        )

    def _found(self, planned: Iterable[Planned], identifier: Any) -> list[Found]:  # noqa: ANN401 - a function
        return [
            Found(planned=each, identifier=called, what=f"{called} in Vault", doubt="")
            for each in planned
            if each.urn not in self.recorded
            for called in [identifier(each)]
        ]


def read(stack: str, name: str) -> Engine:
    """Ask what an update would do to an engine; nothing is written.

    Raises:
        OperationError: no preview is possible, or no such engine is declared.
    """
    preview = json.loads(pulumi("preview", "--json", stack=stack))
    return among(preview, name)


def among(preview: Mapping[str, Any], name: str) -> Engine:
    """Return what ``pulumi preview --json`` tells of an engine.

    Raises:
        OperationError: no such engine is declared.
    """
    steps = [step for step in preview.get("steps", []) if step.get("newState")]
    states = {step["newState"]["urn"]: step["newState"] for step in steps}
    creating = {step["newState"]["urn"] for step in steps if step["op"] == "create"}
    owner = _component(states, name)
    own = [state for state in states.values() if state.get("parent") == owner]
    inputs = {urn: state.get("inputs", {}) for urn, state in states.items()}
    mount = Planned.of(next(state for state in own if state["type"] == MOUNT), inputs)
    kept = [state for state in own if state["type"] in (ROLE, POLICY)]
    roles = [Planned.of(state, inputs) for state in own if state["type"] == VAULT_ROLE]
    before_mount = _all_needed(mount.urn, states)
    role_arn = str(mount.inputs["roleArn"])
    return Engine(
        name=name,
        address=mount.settings["address"],
        namespace=mount.settings.get("namespace", ""),
        path=mount.inputs["path"],
        account=deployed.accounts(list(states.values()))[role_arn.split(":")[4]],
        mount=mount,
        roles={role.inputs["name"]: role for role in roles},
        deletable=frozenset(arn for state in kept for arn in _deletable(state["inputs"])),
        before=tuple(urn for urn in states if urn in before_mount & creating),
        way=tuple(state["urn"] for state in kept if state["urn"] in creating),
        recorded=frozenset(each.urn for each in (mount, *roles) if each.urn not in creating),
    )


def _component(states: Mapping[str, Mapping[str, Any]], name: str) -> str:
    engines = {
        urn.rpartition("::")[2]: urn for urn, each in states.items() if each["type"] == COMPONENT
    }
    if name not in engines:
        raise OperationError(
            f"the stack declares no secrets engine {name}; it declares "
            f"{', '.join(sorted(engines)) or 'none'}. Declare the mount in the stack's settings, "
            "with the path that it has and with its Vault roles, and repeat"
        )
    return engines[name]


def _all_needed(urn: str, states: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return whatever must be there before a resource is, itself left out."""
    found: set[str] = set()
    left = [urn]
    while left:
        state = states.get(left.pop(), {})
        wanted = {
            *needed(state),
            *filter(None, (state.get("parent"), state.get("provider", "").rpartition("::")[0])),
        }
        left += wanted - found
        found |= wanted
    return found - {urn}


def _deletable(inputs: Mapping[str, Any]) -> list[str]:
    """Return on which users an inline policy allows DeleteUser."""
    try:
        statements = json.loads(inputs.get("policy") or "{}").get("Statement", [])
    except ValueError:  # a preview has something else for what depends on what is to come
        return []
    found: list[str] = []
    for statement in statements:
        if "iam:DeleteUser" in statement["Action"]:
            resource = statement["Resource"]
            found += [resource] if isinstance(resource, str) else resource
    return found
