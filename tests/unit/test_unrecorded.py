"""What exists without a record: found in state and preview, judged, imported in its place."""

from __future__ import annotations

import dataclasses
import json
import shlex
from typing import TYPE_CHECKING, Any, Self

import pytest

from clients.aws import HeldIdentityProvider, HeldRole
from clients.logins import HeldGroup, HeldMethod
from clients.vault import HeldMount
from federation.account import AccountAccess
from operations.recovery import unrecorded
from operations.recovery.unrecorded import (
    AUTH_METHOD,
    GROUP,
    GROUP_ALIAS,
    IDENTITY_PROVIDER,
    MOUNT,
    NAMESPACE,
    ROLE,
    Planned,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STACK = "urn:pulumi:dev::project::pulumi:pulumi:Stack::project-dev"
AWS = "urn:pulumi:dev::project::pulumi:providers:aws::main"
VAULT = "urn:pulumi:dev::project::pulumi:providers:vault::root"
TRUST = {"Version": "2012-10-17", "Statement": [{"Sid": "OneVaultMount"}]}
TAGS = {"vault-stack": "dev", "vault-mount": "aws"}
ISSUER = "https://vault.example.com/v1/identity/oidc/plugins"
ARN = "arn:aws:iam::123456789012:oidc-provider/vault.example.com/v1/identity/oidc/plugins"
AWS_SETTINGS = {
    "region": "us-east-1",
    "allowedAccountIds": '["123456789012"]',
    "defaultTags": '{"tags": {"vault-stack": "dev"}}',
    "assumeRoles": '[{"roleArn": "arn:aws:iam::123456789012:role/deploy", "externalId": "x"}]',
}


class Clouds:
    """What AWS and Vault hold, and how they were reached."""

    def __init__(self) -> None:
        self.held: Any = None
        self.reached: object = None

    def account(self, access: AccountAccess) -> Self:
        self.reached = access
        return self

    def vault(self, address: str, namespace: str) -> Self:
        self.reached = (address, namespace)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def role(self, name: str) -> Any:  # noqa: ANN401 - whatever the test put there
        return self._found(name, "vault-role")

    def mount(self, path: str) -> Any:  # noqa: ANN401 - the same
        return self._found(path, "aws")

    def method(self, path: str) -> Any:  # noqa: ANN401 - the same
        return self._found(path, "people")

    def group(self, name: str) -> Any:  # noqa: ANN401 - the same
        return self._found(name, "dev-root-people-devs")

    def group_called(self, alias: str, accessor: str) -> Any:  # noqa: ANN401 - the same
        assert accessor == "auth_oidc_1"
        return self._found(alias, "devs")

    def identity_provider(self, issuer: str) -> Any:  # noqa: ANN401 - the same
        return self._found(issuer, ISSUER)

    def has_namespace(self, name: str) -> bool:
        return name == "inner"

    def mounted(self) -> list[str]:
        return list(self.held["mounts"])

    def namespaces(self) -> list[str]:
        return list(self.held["namespaces"])

    def signing_keys(self) -> list[str]:
        return ["default", *self.held["keys"]]

    def _found(self, asked: str, name: str) -> Any:  # noqa: ANN401 - the same
        assert asked == name
        return self.held


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    made = Clouds()
    monkeypatch.setattr(unrecorded, "Account", made.account)
    monkeypatch.setattr(unrecorded, "Vault", made.vault)
    monkeypatch.setattr(unrecorded, "Logins", lambda vault: vault)
    return made


def test_pending_creates_come_with_the_settings_of_their_provider() -> None:
    deployment = {
        "resources": [{"urn": STACK}, {"urn": AWS, "inputs": AWS_SETTINGS}],
        "pending_operations": [
            {"type": "creating", "resource": _state(ROLE, AWS)},
            {"type": "deleting", "resource": _state(ROLE, AWS, "going")},
            {"type": "creating", "resource": _state("aws:iam/rolePolicy:RolePolicy", AWS)},
        ],
    }
    assert unrecorded.pending_creates(deployment) == [_planned(ROLE, AWS, AWS_SETTINGS)]
    assert unrecorded.pending_creates({"resources": []}) == []


def test_what_is_imported_needs_what_it_would_have_needed() -> None:
    state = _state(ROLE, AWS) | {"dependencies": [STACK], "propertyDependencies": {}}
    resources = [{"urn": AWS, "inputs": AWS_SETTINGS}]
    pending = [{"type": "creating", "resource": state}]
    [found] = unrecorded.pending_creates({"resources": resources, "pending_operations": pending})
    assert found.needs == {"dependencies": [STACK]}


def test_planned_creates_are_those_of_a_preview_whose_names_can_be_taken() -> None:
    preview = {
        "steps": [
            {"op": "same", "newState": {"urn": AWS, "type": "x", "inputs": AWS_SETTINGS}},
            {"op": "create", "newState": _state(ROLE, AWS)},
            {"op": "update", "newState": _state(IDENTITY_PROVIDER, AWS)},
            {"op": "delete", "oldState": _state(MOUNT, VAULT)},
            {"op": "create", "newState": _state("vault:index/policy:Policy", VAULT)},
        ]
    }
    assert unrecorded.planned_creates(preview) == [_planned(ROLE, AWS, AWS_SETTINGS)]
    assert unrecorded.planned_creates({}) == []


@pytest.mark.parametrize("kind", [ROLE, IDENTITY_PROVIDER, MOUNT, AUTH_METHOD, GROUP, GROUP_ALIAS])
def test_what_does_not_exist_is_not_found(clouds: Clouds, kind: str) -> None:
    assert unrecorded.find([_given(kind)]) == []


@pytest.mark.parametrize(
    ("held", "doubt"),
    [
        (HeldRole(trust=TRUST, tags=TAGS), ""),
        (HeldRole(trust=TRUST, tags={"vault-stack": "dev"}), "does not carry this stack's tags"),
        (HeldRole(trust={}, tags=TAGS), "does not trust exactly this stack's mount"),
    ],
)
def test_a_role_is_ours_by_tags_and_trust(clouds: Clouds, held: HeldRole, doubt: str) -> None:
    clouds.held = held
    [found] = unrecorded.find([_given(ROLE)])
    assert found.identifier == "vault-role"
    assert doubt in found.doubt
    assert bool(doubt) == bool(found.doubt)
    assert clouds.reached == AccountAccess(
        account_id="123456789012",
        region="us-east-1",
        deploy_role_arn="arn:aws:iam::123456789012:role/deploy",
        external_id="x",
    )


@pytest.mark.parametrize("tags", [{"vault-stack": "dev"}, {"vault-stack": "other"}, {}])
def test_an_identity_provider_is_ours_by_its_tags(clouds: Clouds, tags: dict[str, str]) -> None:
    clouds.held = HeldIdentityProvider(arn=ARN, tags=tags)
    [found] = unrecorded.find([_given(IDENTITY_PROVIDER)])
    assert found.identifier == ARN
    assert bool(found.doubt) == (tags != {"vault-stack": "dev"})


@pytest.mark.parametrize(
    ("held", "doubt"),
    [
        (HeldMount(kind="aws"), ""),
        (HeldMount(kind="aws", role_arn="arn:ours"), ""),
        (HeldMount(kind="kv"), "its type is kv"),
        (HeldMount(kind="aws", vault_roles=("theirs",)), "it has Vault roles"),
        (HeldMount(kind="aws", access_key="AKIA"), "it holds an AWS key"),
        (HeldMount(kind="aws", role_arn="arn:theirs"), "it is for the role arn:theirs"),
    ],
)
def test_a_mount_is_ours_as_long_as_nobody_uses_it(
    clouds: Clouds, held: HeldMount, doubt: str
) -> None:
    clouds.held = held
    [found] = unrecorded.find([_given(MOUNT)])
    assert (found.identifier, found.doubt) == ("aws", doubt)
    assert clouds.reached == ("https://vault.example.com", "team")


@pytest.mark.parametrize(
    ("kind", "held", "identifier", "doubt"),
    [
        (AUTH_METHOD, HeldMethod(kind="oidc", roles=()), "people", ""),
        (AUTH_METHOD, HeldMethod(kind="userpass", roles=()), "people", "its type is userpass"),
        (AUTH_METHOD, HeldMethod(kind="oidc", roles=("theirs",)), "people", "it has roles"),
        (GROUP, HeldGroup(id="g1", kind="external", alias=""), "g1", ""),
        (GROUP, HeldGroup(id="g1", kind="internal", alias=""), "g1", "it is no external group"),
        (GROUP, HeldGroup(id="g1", kind="external", alias="a1"), "g1", "it has an alias"),
        (GROUP_ALIAS, HeldGroup(id="g1", kind="external", alias="a1"), "a1", ""),
        (
            GROUP_ALIAS,
            HeldGroup(id="g2", kind="external", alias="a1"),
            "a1",
            "it is of another group",
        ),
    ],
)
def test_what_belongs_to_a_login_is_ours_as_long_as_nobody_uses_it(
    kind: str, held: object, identifier: str, doubt: str, clouds: Clouds
) -> None:
    clouds.held = held
    [found] = unrecorded.find([_given(kind)])
    assert (found.identifier, found.doubt) == (identifier, doubt)
    assert clouds.reached == ("https://vault.example.com", "team")


@pytest.mark.parametrize(
    ("held", "doubt"),
    [
        ({}, ""),
        ({"mounts": ["kv/"]}, "it has mounts"),
        ({"namespaces": ["theirs/"]}, "it has namespaces"),
        ({"keys": ["theirs"]}, "it has signing keys"),
    ],
)
def test_a_namespace_is_ours_as_long_as_it_is_empty(
    clouds: Clouds, held: dict[str, list[str]], doubt: str
) -> None:
    clouds.held = {"mounts": [], "namespaces": [], "keys": []} | held
    [found] = unrecorded.find([_given(NAMESPACE)])
    assert (found.identifier, found.namespace, found.doubt) == ("inner", "outer", doubt)
    assert clouds.reached == ("https://vault.example.com", "team/outer/inner")
    line = "TERRAFORM_VAULT_NAMESPACE_IMPORT=outer pulumi import vault:index/namespace:Namespace "
    assert found.command("dev").startswith(line)


def test_a_role_whose_trust_is_not_known_yet_is_not_taken_for_ours(clouds: Clouds) -> None:
    clouds.held = HeldRole(trust=TRUST, tags=TAGS)
    given = _given(ROLE)
    unknown = {**given.inputs, "assumeRolePolicy": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}
    [found] = unrecorded.find([dataclasses.replace(given, inputs=unknown)])
    assert found.doubt == "it does not trust exactly this stack's mount"


def test_the_import_file_names_parents_and_providers_once(clouds: Clouds) -> None:
    clouds.held = HeldRole(trust=TRUST, tags=TAGS)
    found = unrecorded.find([_given(ROLE), _given(ROLE)])
    assert unrecorded.import_file(found) == {
        "nameTable": {"n0": STACK, "n1": AWS},
        "resources": 2
        * [{"type": ROLE, "name": "made", "id": "vault-role", "parent": "n0", "provider": "n1"}],
    }


def test_the_import_line_can_be_typed(clouds: Clouds) -> None:
    clouds.held = HeldRole(trust={}, tags={})
    [found] = unrecorded.find([_given(ROLE)])
    assert shlex.split(found.command("dev")) == [
        *("pulumi", "import", ROLE, "made", "vault-role"),
        *("--parent", f"parent={STACK}", "--provider", f"provider={AWS}"),
        *("--protect=false", "--generate-code=false", "--stack", "dev"),
    ]


def _inputs(kind: str) -> dict[str, Any]:
    inputs: dict[str, dict[str, Any]] = {
        ROLE: {
            "name": "vault-role",
            "assumeRolePolicy": json.dumps(TRUST),
            "tags": {"vault-mount": "aws"},
        },
        IDENTITY_PROVIDER: {"url": ISSUER},
        MOUNT: {"path": "aws", "roleArn": "arn:ours"},
        NAMESPACE: {"path": "inner", "namespace": "outer"},
        AUTH_METHOD: {"path": "people", "type": "oidc"},
        GROUP: {"name": "dev-root-people-devs", "type": "external"},
        GROUP_ALIAS: {"name": "devs", "mountAccessor": "auth_oidc_1", "canonicalId": "g1"},
    }
    return inputs.get(kind, {})


def _state(kind: str, provider: str, name: str = "made") -> dict[str, Any]:
    return {
        "urn": f"urn:pulumi:dev::project::{kind}::{name}",
        "type": kind,
        "inputs": _inputs(kind),
        "parent": STACK,
        "provider": f"{provider}::0b8e",
    }


def _planned(kind: str, provider: str, settings: Mapping[str, Any]) -> Planned:
    state = _state(kind, provider)
    return Planned(**(state | {"provider": provider}), settings=settings)


def _given(kind: str) -> Planned:
    if kind.startswith("vault:"):
        return _planned(kind, VAULT, {"address": "https://vault.example.com", "namespace": "team"})
    return _planned(kind, AWS, AWS_SETTINGS)
