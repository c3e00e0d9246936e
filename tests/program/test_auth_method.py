"""The graph of an auth method: order, options, and what it writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from federation.identity import MountClass
from tests.committed import committed
from tests.program.conftest import run_program
from tests.program.test_program import _one

if TYPE_CHECKING:
    from tests.program.conftest import Engine

METHODS = "vault-aws-federation:authMethods"
LOOK_UP = "arn:aws:iam::210987654321:role/look-up"


def _with_method(**changes: object) -> dict[str, Any]:
    config = committed()
    methods = json.loads(json.dumps(config[METHODS]))
    methods["aws"] |= changes
    return {**config, METHODS: methods}


def test_the_trust_policy_binds_the_subject_of_an_auth_method(program: Engine) -> None:
    role = _one(program, "auth/aws-workload").inputs
    assert role["name"] == f"vault-{MountClass.AUTH}-dev-root-aws"
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    host = "vault.lab.test/v1/identity/oidc/plugins"
    assert statement["Condition"] == {
        "StringEquals": {
            f"{host}:aud": "vault-aws-auth",
            f"{host}:sub": "plugin-identity:root:auth:auth_aws_0a1b2c3d",
        }
    }


def test_the_method_holds_no_key_and_asks_one_region(program: Engine) -> None:
    client = _one(program, "auth/aws-client").inputs
    assert client == {
        "backend": "aws",
        "identityTokenAudience": "vault-aws-auth",
        "identityTokenTtl": 3_600,
        "roleArn": "arn:aws:iam::123456789012:role/vault-auth-dev-root-aws",
        "iamServerIdHeaderValue": "vault.lab.test",
        "stsEndpoint": "https://sts.us-east-1.amazonaws.com",
        "stsRegion": "us-east-1",
    }


def test_a_role_binds_unique_ids_and_gives_short_tokens(program: Engine) -> None:
    role = _one(program, "auth/aws-role/dev-role-iam").inputs
    assert role == {
        "backend": "aws",
        "role": "dev-role-iam",
        "authType": "iam",
        "boundIamPrincipalArns": ["arn:aws:iam::123456789012:role/app"],
        "resolveAwsUniqueIds": True,
        "tokenPolicies": ["dev-root-aws-login-dev"],
        "tokenTtl": 900,
        "tokenMaxTtl": 3_600,
    }
    assert _one(program, "auth/aws-identity").inputs["iamAlias"] == "unique_id"


def test_a_role_is_written_when_vault_can_look_its_principals_up(program: Engine) -> None:
    check = _one(program, "auth/aws-federation")
    assert {
        "auth/aws-mount",
        "auth/aws-client",
        "auth/aws-workload/resolve-dev-role-iam",
    } <= set(check.depends_on)
    assert "123456789012/root-audience/vault-aws-auth" in _one(program, "auth/aws-mount").depends_on
    role = _one(program, "auth/aws-role/dev-role-iam")
    assert {"auth/aws-federation", "auth/aws-identity", "auth/aws-policy/dev"} <= set(
        role.depends_on
    )


def test_what_stands_at_a_path_is_deleted_before_it_is_replaced(program: Engine) -> None:
    """Else the official provider would write the new one and then delete it as the old one."""
    at_a_path = ("mount", "client", "identity", "role/dev-role-iam")
    for name in at_a_path:
        assert _one(program, f"auth/aws-{name}").options.deleteBeforeReplace, name
    assert _one(program, "auth/aws-mount").inputs["disableRemount"] is True


def test_a_principal_of_another_account_adds_what_reaches_it_and_nothing_else(
    program: Engine,
) -> None:
    roles = {
        "dev-role-iam": {
            "boundPrincipals": [
                "arn:aws:iam::123456789012:role/app",
                "arn:aws:iam::210987654321:role/stranger",
            ],
            "policies": ["dev"],
        }
    }
    sts_roles = [{"roleArn": LOOK_UP, "externalId": "partner"}]
    engine = run_program(_with_method(roles=roles, stsRoles=sts_roles))
    before = {entry.urn for entry in program.registered()}
    added = {entry.urn for entry in engine.registered()} - before
    assert {urn.rpartition(" ")[2] for urn in added} == {
        "auth/aws-account/210987654321",
        "auth/aws-workload/account-210987654321",
    }
    account = _one(engine, "auth/aws-account/210987654321")
    assert account.inputs == {
        "backend": "aws",
        "accountId": "210987654321",
        "stsRole": LOOK_UP,
        "externalId": "partner",
    }
    assert account.options.deleteBeforeReplace
    assert "auth/aws-account/210987654321" in _one(engine, "auth/aws-role/dev-role-iam").depends_on


def test_the_check_knows_what_an_open_server_would_confuse(program: Engine) -> None:
    assert "confusable" not in _one(program, "auth/aws-federation").inputs
    roles = {
        "dev-role-iam": {
            "boundPrincipals": ["arn:aws:iam::123456789012:role/team/*"],
            "policies": ["dev"],
        }
    }
    engine = run_program(_with_method(roles=roles, wildcardPrincipals=True, serverId="mine"))
    check = _one(engine, "auth/aws-federation").inputs
    assert check["confusable"] == "the wildcard arn:aws:iam::123456789012:role/team/*"
    assert _one(engine, "auth/aws-client").inputs["iamServerIdHeaderValue"] == "mine"


def test_a_method_has_no_leases_to_guard_and_no_users(program: Engine) -> None:
    own = [entry for entry in program.registered() if entry.name.startswith("auth/aws-")]
    assert own
    assert not [entry for entry in own if entry.type.startswith("command:")]
    (federation,) = [entry for entry in own if entry.type.endswith(":Federation")]
    assert "iamPath" not in federation.inputs
    assert "iam_path" not in federation.inputs
