from __future__ import annotations

import json
from typing import Any

import pytest

from federation.account import AccountAccess
from federation.identity import MountClass
from operations.deployed import among
from operations.engine import EngineError

OWN = "pulumi-python:dynamic/vaultwif:"
CONNECTION = {"type": f"{OWN}Connection", "outputs": {"address": "https://vault.example.com"}}


def _provider(account: str, **inputs: str) -> dict[str, Any]:
    ids = json.dumps([account])
    return {
        "type": "pulumi:providers:aws",
        "inputs": {"allowedAccountIds": ids, "region": "eu-west-1", **inputs},
    }


def _federation(parent: str, account: str, **outputs: str) -> dict[str, Any]:
    held = {
        "mount_class": "secret",
        "namespace": "team-a",
        "path": "aws",
        "accessor": "aws_0a1b2c3d",
        "issuer": "https://vault.example.com/v1/team-a/identity/oidc/plugins",
        "audience": "vault-aws",
        "role_arn": f"arn:aws:iam::{account}:role/vault-secret-dev-team--a-aws",
        **outputs,
    }
    return {"type": f"{OWN}Federation", "parent": parent, "outputs": held}


def _role(parent: str, name: str) -> dict[str, Any]:
    kind = "vault:aws/secretBackendRole:SecretBackendRole"
    # The provider's namespace is not among what a role's record holds.
    outputs = {"name": name, "backend": "aws", "namespace": None, "credentialType": "iam_user"}
    return {"type": kind, "parent": parent, "outputs": outputs}


def test_each_mount_has_its_own_vault_roles_and_the_way_into_its_account() -> None:
    deploy = {"roleArn": "arn:aws:iam::444455556666:role/deploy", "externalId": "secret-handshake"}
    found = among(
        "dev",
        [
            CONNECTION,
            _provider("123456789012", profile="main"),
            _provider("444455556666", assumeRoles=json.dumps([deploy])),
            _federation("one", "123456789012", iam_path="/vault/dev-team.a-aws/"),
            _federation("other", "444455556666", namespace="team-b"),
            _role("one", "reader"),
            _role("other", "writer"),
            {**_role("one", "old"), "delete": True},
        ],
    )
    first, second = found.mounts
    assert found.address == "https://vault.example.com"
    assert first.mount_class is MountClass.SECRET
    assert (set(first.vault_roles), set(second.vault_roles)) == ({"reader"}, {"writer"})
    assert (first.namespace, second.namespace) == ("team-a", "team-b")
    assert (first.iam_path, second.iam_path) == ("/vault/dev-team.a-aws/", "")
    assert first.account == AccountAccess(
        account_id="123456789012", region="eu-west-1", profile="main"
    )
    assert second.account == AccountAccess(
        account_id="444455556666",
        region="eu-west-1",
        deploy_role_arn=deploy["roleArn"],
        external_id="secret-handshake",
    )


def test_a_stack_without_anything_is_told_to_be_deployed() -> None:
    with pytest.raises(EngineError, match="the stack dev has nothing deployed"):
        among("dev", [])


def test_what_a_refresh_saw_of_another_role_does_not_hide_whose_mount_it_is() -> None:
    arn = "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
    role = {"type": "aws:iam/role:Role", "parent": "one", "outputs": {"arn": arn}}
    drifted = _federation("one", "", role_arn="", accessor="")
    found = among("dev", [CONNECTION, _provider("123456789012"), drifted, role])
    assert (found.mounts[0].role_arn, found.mounts[0].accessor) == (arn, "")
    assert found.mounts[0].account.account_id == "123456789012"
