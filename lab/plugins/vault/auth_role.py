"""Roles of the AWS auth method, and the names it gives to who logs in."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final

from lab.plugins.resource import Input
from lab.plugins.values import same_set
from lab.plugins.vault.session import repeated
from lab.plugins.vault.wire import (
    AUTH_BACKEND,
    NAMESPACE,
    TOKEN,
    TOKEN_SETS,
    VaultResource,
    body,
    snake,
    taken,
)

if TYPE_CHECKING:
    from lab.plugins.values import Values

WRITE_TRIES: Final = 61
WRITE_PAUSE_SECONDS: Final = 0.5

_BOUND = {
    "boundIamPrincipalArns": "bound_iam_principal_arn",
    "boundAccountIds": "bound_account_id",
    "boundAmiIds": "bound_ami_id",
    "boundEc2InstanceIds": "bound_ec2_instance_id",
    "boundIamInstanceProfileArns": "bound_iam_instance_profile_arn",
    "boundIamRoleArns": "bound_iam_role_arn",
    "boundRegions": "bound_region",
    "boundSubnetIds": "bound_subnet_id",
    "boundVpcIds": "bound_vpc_id",
}
"""Lists of the program, plural, and Vault's names for them, singular."""


def _stops_resolving(old: Values, new: Values) -> bool:
    return bool(old.get("resolveAwsUniqueIds")) and not new.get("resolveAwsUniqueIds")


class AuthBackendRole(VaultResource):
    """``vault:aws/authBackendRole:AuthBackendRole``: identifier ``auth/<mount>/role/<role>``.

    A write that Vault refuses with 400 is repeated for half a minute, because a principal that
    was just made may not be visible yet.
    """

    token = "vault:aws/authBackendRole:AuthBackendRole"  # noqa: S105 - a type token, not a secret
    inputs: ClassVar = {
        "backend": AUTH_BACKEND,
        "role": Input(required=True, replace=True),
        "authType": Input(default="iam", replace=True),
        **dict.fromkeys(_BOUND, Input(same=same_set)),
        "inferredEntityType": Input(),
        "inferredAwsRegion": Input(),
        "resolveAwsUniqueIds": Input(default=True, replace=_stops_resolving),
        "aliasMetadata": Input(),
        **dict.fromkeys(TOKEN, Input()),
        **dict.fromkeys(TOKEN_SETS, Input(same=same_set)),
        "tokenType": Input(computed=True),
        "namespace": NAMESPACE,
    }
    outputs = ("roleId",)

    def create(self, planned: Values) -> str:
        """Write the role over whatever has its name."""
        path = f"auth/{planned['backend']}/role/{planned['role']}"
        return self.update(path, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the role; Vault lower-cases its name, the state keeps the program's."""
        answer = self.session.get(identifier, self.namespace(state))
        if answer is None:
            return None
        backend, role = identifier.removeprefix("auth/").split("/role/", 1)
        single = ("authType", "inferredEntityType", "inferredAwsRegion", "resolveAwsUniqueIds")
        bound = {name: _listed(answer.get(wire)) for name, wire in _BOUND.items()}
        own = {"backend": backend, "role": role, "roleId": answer.get("role_id", "")}
        return state | own | bound | taken(answer, (*single, "aliasMetadata", *TOKEN))

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Write bounds always, settings of the token only when they changed."""
        changed = self.changed(old, planned)
        sent: Values = {"auth_type": planned["authType"]}
        sent |= {wire: planned[name] for name, wire in _BOUND.items() if planned.get(name)}
        if planned["authType"] == "iam":
            sent |= body(planned, ("inferredEntityType", "inferredAwsRegion"))
            sent["resolve_aws_unique_ids"] = planned["resolveAwsUniqueIds"]
        for name in ("aliasMetadata", *TOKEN):
            if name in changed:
                sent[snake(name)] = planned.get(name, type(old.get(name, ""))())
        repeated(
            lambda: self.session.put(identifier, sent, self.namespace(planned)),
            tries=WRITE_TRIES,
            pause_seconds=WRITE_PAUSE_SECONDS,
        )
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Delete the role."""
        self.session.delete(identifier, self.namespace(state))


class AuthBackendConfigIdentity(VaultResource):
    """``vault:aws/authBackendConfigIdentity:AuthBackendConfigIdentity``: alias names and metadata.

    Deleting it leaves Vault as it is.
    """

    token = "vault:aws/authBackendConfigIdentity:AuthBackendConfigIdentity"  # noqa: S105 - a type
    inputs: ClassVar = {
        "backend": AUTH_BACKEND,
        "iamAlias": Input(computed=True),
        "iamMetadatas": Input(computed=True, same=same_set),
        "ec2Alias": Input(computed=True),
        "ec2Metadatas": Input(computed=True, same=same_set),
        "namespace": NAMESPACE,
    }
    _WIRE: ClassVar = {
        "iamAlias": "iam_alias",
        "iamMetadatas": "iam_metadata",
        "ec2Alias": "ec2_alias",
        "ec2Metadatas": "ec2_metadata",
    }

    def create(self, planned: Values) -> str:
        """Write the configuration."""
        path = f"auth/{planned['backend']}/config/identity"
        return self.update(path, {}, planned)

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the configuration."""
        answer = self.session.get(identifier, self.namespace(state))
        if answer is None:
            return None
        backend = identifier.removeprefix("auth/").removesuffix("/config/identity")
        found = {name: answer.get(wire) for name, wire in self._WIRE.items()}
        return state | {"backend": backend} | found

    def update(self, identifier: str, old: Values, planned: Values) -> str:  # noqa: ARG002 - whole writes
        """Write the configuration."""
        sent = {wire: planned[name] for name, wire in self._WIRE.items() if planned.get(name)}
        self.session.put(identifier, sent, self.namespace(planned))
        return identifier

    def delete(self, identifier: str, state: Values) -> None:
        """Make no call, as the official plugin makes none."""


def _listed(value: object) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    return [str(item) for item in value] if isinstance(value, list) else []
