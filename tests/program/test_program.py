"""The graph of the committed dev stack: identities, parents, providers, order, options."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

import components
from federation.names import USERNAME_TEMPLATE
from tests.committed import USER, committed
from tests.program.conftest import refused, run_program

if TYPE_CHECKING:
    from tests.program.conftest import Engine, Registered

SNAPSHOT = Path(__file__).parent / "resources.txt"


def _one(engine: Engine, name: str) -> Registered:
    found = [resource for resource in engine.registered() if resource.name == name]
    assert len(found) == 1, name
    return found[0]


def test_every_identity_is_in_the_snapshot(program: Engine) -> None:
    """A changed line here replaces what people run: it wants a decision and an alias."""
    registered = [resource.urn for resource in program.registered()]
    assert registered == SNAPSHOT.read_text("utf-8").splitlines()


def test_a_first_preview_registers_the_same_resources(program: Engine, planned: Engine) -> None:
    assert [entry.urn for entry in planned.registered()] == [
        entry.urn for entry in program.registered()
    ]


def test_every_cloud_resource_names_its_provider(program: Engine) -> None:
    clouds = ("aws:", "vault:", "command:")
    checked = [entry for entry in program.registered() if entry.type.startswith(clouds)]
    assert checked
    for entry in checked:
        package = entry.type.partition(":")[0]
        assert f"pulumi:providers:{package}::" in entry.provider, entry.urn


def _component_types() -> list[type[pulumi.ComponentResource]]:
    found = []
    for module in pkgutil.iter_modules(components.__path__):
        names = vars(importlib.import_module(f"components.{module.name}"))
        found += [
            value
            for value in names.values()
            if isinstance(value, type)
            and issubclass(value, pulumi.ComponentResource)
            and value.__module__ == f"components.{module.name}"
        ]
    return found


@pytest.mark.parametrize("component", _component_types(), ids=lambda kind: kind.__name__)
def test_a_component_says_its_type_and_has_the_children_it_says(
    component: type[pulumi.ComponentResource], everything: Engine
) -> None:
    said = " ".join((component.__doc__ or "").split())
    token = re.search(r"Type ``(vaultwif:\w+:\w+)``", said)
    children = re.search(r"Children: (.+?)\. (?:[A-Z]|$)|Children: (.+)\.$", said)
    assert token, "the docstring names the type token"
    assert children, "the docstring lists the children"
    listed = re.findall(r"``(<[^`]*)``", children[1] or children[2])
    # The component's own name goes before whatever stands for another's.
    patterns = [re.sub(r"<(?!name>)\w+>", ".+", re.escape(child)) for child in listed]
    instances = [entry for entry in everything.registered() if entry.type == token[1]]
    assert instances
    for instance in instances:
        parent = f"{instance.type}::{instance.name}"
        own = [entry.name for entry in everything.registered() if entry.parent == parent]
        named = [each.replace("<name>", re.escape(instance.name)) for each in patterns]
        for name in own:
            assert any(re.fullmatch(pattern, name) for pattern in named), name
        for pattern in named:
            assert any(re.fullmatch(pattern, name) for name in own), (
                f"{instance.urn} has no child {pattern}"
            )


def test_the_mount_knows_its_role_before_the_role_exists(planned: Engine) -> None:
    mount = _one(planned, "aws-mount").inputs
    assert mount["roleArn"] == "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    assert "accessKey" not in mount
    assert "secretKey" not in mount


def test_the_trust_policy_binds_audience_and_subject_of_this_mount(program: Engine) -> None:
    trust = json.loads(_one(program, "aws-workload").inputs["assumeRolePolicy"])
    host = "vault.lab.test/v1/identity/oidc/plugins"
    (statement,) = trust["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            f"{host}:aud": "vault-aws-secrets",
            f"{host}:sub": "plugin-identity:root:secret:aws_0a1b2c3d",
        }
    }
    assert statement["Principal"] == {
        "Federated": f"arn:aws:iam::123456789012:oidc-provider/{host}"
    }


def test_a_path_holds_one_mount_so_it_is_deleted_before_it_is_replaced(program: Engine) -> None:
    options = _one(program, "aws-mount").options
    assert options.deleteBeforeReplace
    # A template that somebody resets in Vault is written back: no lease needs to end for it.
    assert not options.replaceOnChanges
    trigger = [value.string_value for value in options.replacement_trigger.list_value.values]
    role = "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    assert trigger == [role, "vault-aws-secrets", USERNAME_TEMPLATE]
    assert _one(program, "aws-mount").inputs["disableRemount"] is True
    assert list(_one(program, "123456789012/root-oidc").options.ignoreChanges) == ["clientIdLists"]


def test_the_order_leaves_what_revocation_needs_until_the_last(program: Engine) -> None:
    """Dependencies are destroyed backwards: roles, leases, users, then AWS, then the mount."""
    guard = _one(program, "aws-leases/my-role")
    assert "aws-leases/my-role" in _one(program, "aws-role/my-role").depends_on
    federation = _one(program, "aws-federation")
    policies = {"aws-workload/revoke", "aws-workload/issue-my-role"}
    # Directly: what an update removes is no longer among what the federation depends on.
    assert {"aws-federation", *policies} <= set(guard.depends_on)
    assert "aws-workload/issue-deploy" not in guard.depends_on
    assert {"aws-mount", "aws-workload", *policies} <= set(federation.depends_on)
    audience = _one(program, "123456789012/root-audience/vault-aws-secrets")
    assert audience.name in _one(program, "aws-mount").depends_on
    assert {"root-key", "123456789012/root-guard"} <= set(audience.depends_on)


def test_a_lease_guard_names_no_place_on_this_machine_and_no_secret(program: Engine) -> None:
    guard = _one(program, "aws-leases/my-role").inputs
    assert guard["delete"] == "python -m operations.leases aws my-role"
    # The namespace too, though it is root: a shell's own would count instead.
    users = guard["environment"].pop("IAM_USERS")
    assert guard["environment"] == {"VAULT_ADDR": "https://vault.lab.test", "VAULT_NAMESPACE": ""}
    assert json.loads(users) == {
        "iam_path": "/vault/dev-root-aws/",
        "account_id": "123456789012",
        "region": "us-east-1",
    }
    assert guard["triggers"] == ["aws_0a1b2c3d", "123456789012"]


def test_the_vault_provider_carries_no_token(program: Engine) -> None:
    (provider,) = [e for e in program.registered() if e.type == "pulumi:providers:vault"]
    assert provider.inputs["address"] == "https://vault.lab.test"
    assert not [
        name for name in provider.inputs if "token" in name.lower() and "child" not in name.lower()
    ]


def test_the_vault_provider_waits_for_a_leader(program: Engine) -> None:
    (provider,) = [e for e in program.registered() if e.type == "pulumi:providers:vault"]
    assert provider.inputs["maxRetries"] == "4"


def test_the_aws_provider_refuses_any_other_account_and_gives_up_in_useful_time(
    program: Engine,
) -> None:
    (provider,) = [e for e in program.registered() if e.type == "pulumi:providers:aws"]
    assert json.loads(provider.inputs["allowedAccountIds"]) == ["123456789012"]
    assert provider.inputs["maxRetries"] == "8"
    assert not {"accessKey", "secretKey", "token"} & set(provider.inputs)


def test_a_reader_may_read_one_role_and_nothing_else(program: Engine) -> None:
    policy = _one(program, "aws-access/my-role").inputs
    assert policy["name"] == "dev-root-aws-creds-my-role"
    paths = re.findall(r'path "([^"]+)"', policy["policy"])
    assert paths == ["aws/creds/my-role", "sys/leases/revoke/aws/creds/my-role/*"]
    granted = re.findall(r"capabilities += (\[[^\]]*\])", policy["policy"])
    assert granted == ['["read"]', '["update"]']
    # In the body, Vault would take the id of any lease.
    assert 'denied_parameters = { "lease_id" = [] }' in policy["policy"]


def _with_engine(**changes: object) -> dict[str, Any]:
    config = committed()
    engines = json.loads(json.dumps(config["vault-aws-federation:secretsEngines"]))
    engines["aws"] |= changes
    return {**config, "vault-aws-federation:secretsEngines": engines}


def test_a_second_role_adds_its_own_resources_and_touches_no_identity(program: Engine) -> None:
    both = committed()["vault-aws-federation:secretsEngines"]["aws"]["roles"] | {"other": USER}
    before = {entry.urn for entry in program.registered()}
    after = {entry.urn for entry in run_program(_with_engine(roles=both)).registered()}
    assert before <= after
    added = {urn.rpartition(" ")[2] for urn in after - before}
    assert added == {
        "aws-workload/issue-other",
        "aws-leases/other",
        "aws-role/other",
        "aws-access/other",
    }


def test_what_is_declared_existing_is_neither_made_nor_changed() -> None:
    config = committed()
    config["vault-aws-federation:vault"] = {
        "address": "https://vault.lab.test",
        "issuer": "existing",
    }
    config["vault-aws-federation:accounts"] = {
        "main": {"id": "123456789012", "region": "us-east-1", "identityProvider": "existing"}
    }
    types = {entry.type for entry in run_program(config).registered()}
    assert "vault:identity/oidc:Oidc" not in types
    assert "aws:iam/openIdConnectProvider:OpenIdConnectProvider" not in types
    assert "pulumi-python:dynamic/vaultwif:Audience" in types


def test_wrong_settings_register_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refused(_with_engine(account="nobody", audience=""), monkeypatch)
    assert "secretsEngines.aws.account" in message
    assert "secretsEngines.aws.audience" in message
