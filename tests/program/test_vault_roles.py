"""What Vault is told of a role, option by option, and how a person reads its credentials."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from components.secrets_engine import read_command
from federation.roles import AssumedRole
from tests.committed import committed
from tests.program.conftest import PROJECT, run_program

if TYPE_CHECKING:
    from tests.program.conftest import Engine

TARGETS = ["arn:aws:iam::123456789012:role/one", "arn:aws:iam::123456789012:role/two"]
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
FILE = "policies/aws/get-own-user.json"
ROLES: dict[str, Any] = {
    "plain": {"credentialType": "iam_user", "policy": FILE},
    "user": {
        "credentialType": "iam_user",
        "policy": FILE,
        "managedPolicies": [READ_ONLY],
        "groups": ["people/readers"],
        "tags": {"team": "a"},
        "boundary": READ_ONLY,
    },
    "session": {
        "credentialType": "assumed_role",
        "roleArns": TARGETS,
        "policy": FILE,
        "managedPolicies": [READ_ONLY],
        "externalId": "partner",
        "sessionTags": {"team": "a"},
        "defaultTtlSeconds": 900,
        "maxTtlSeconds": 1_800,
    },
    "one-target": {"credentialType": "assumed_role", "roleArns": TARGETS[:1]},
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    config = {
        f"{PROJECT}:{section}": committed()[f"{PROJECT}:{section}"]
        for section in ("vault", "accounts")
    }
    own = {"account": "main", "audience": "vault-aws", "path": "cloud/aws", "roles": ROLES}
    return run_program({**config, f"{PROJECT}:secretsEngines": {"aws": own}})


def _inputs(engine: Engine, role: str) -> dict[str, Any]:
    (found,) = (entry for entry in engine.registered() if entry.name == f"aws-role/{role}")
    common = {"backend", "credentialType", "name"}
    return {key: value for key, value in found.inputs.items() if key not in common}


def test_a_role_is_told_to_vault_with_every_option(engine: Engine) -> None:
    user, session = _inputs(engine, "user"), _inputs(engine, "session")
    assert user.pop("policyDocument") == session.pop("policyDocument")
    assert user == {
        "userPath": "/vault/dev-root-aws/",
        "policyArns": [READ_ONLY],
        "iamGroups": ["readers"],
        "iamTags": {"team": "a"},
        "permissionsBoundaryArn": READ_ONLY,
    }
    assert session == {
        "roleArns": TARGETS,
        "policyArns": [READ_ONLY],
        "externalId": "partner",
        "sessionTags": {"team": "a"},
        "defaultStsTtl": 900,
        "maxStsTtl": 1_800,
    }


def test_what_a_role_does_not_have_is_not_told(engine: Engine) -> None:
    assert set(_inputs(engine, "plain")) == {"userPath", "policyDocument"}
    assert set(_inputs(engine, "one-target")) == {"roleArns", "defaultStsTtl", "maxStsTtl"}


def test_the_command_names_a_target_where_vault_cannot_tell() -> None:
    one = AssumedRole(name="deploy", role_arns=tuple(TARGETS[:1]))
    two = replace(one, role_arns=tuple(TARGETS))
    assert read_command("cloud/aws", "", one) == "vault read cloud/aws/creds/deploy"
    assert read_command("aws", "team-a", two) == (
        f"vault read -namespace=team-a aws/creds/deploy role_arn={TARGETS[0]}"
    )
