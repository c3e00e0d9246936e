"""The guardrails judge whatever the program registers, and catch a change of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi_aws as aws
import pulumi_vault as vault
import pytest

import components.federated
import components.target_role
from components.human_login import HumanLogin
from federation.names import MountNames
from federation.trust import trust_policy
from policies.guardrails.rules import RULES
from tests.committed import SECRET, SECRET_SECTION, committed
from tests.judged import UNSEEN, Pack, Told
from tests.production import shipped
from tests.program.conftest import run_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.program.conftest import Engine

ROOT = Path(__file__).resolve().parents[2]
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
BOUNDED = {**UNSEEN, "boundary": {"allowed": [BOUNDARY]}}
PRODUCTION = {**UNSEEN, **json.loads((ROOT / "policies/guardrails/production.json").read_text())}


def _bounded() -> dict[str, Any]:
    """Return the dev stack's settings with a boundary for whatever is made."""
    config = committed()
    config["vault-aws-federation:accounts"]["main"]["boundary"] = BOUNDARY
    role = config["vault-aws-federation:secretsEngines"]["aws"]["roles"]["my-role"]
    role["boundary"] = BOUNDARY
    return config


def _production(**of_vault: object) -> list[Told]:
    values = {**shipped(), SECRET_SECTION: {"people": SECRET}}
    values["vault-aws-federation:vault"] |= of_vault
    registered = run_program(values, stack="production").requests
    return Pack(PRODUCTION).judge_all(registered)


def test_nothing_of_the_dev_stack_is_wrong(program: Engine, planned: Engine) -> None:
    assert len(program.requests) > 40
    assert Pack().judge_all(program.requests) == []
    assert Pack().judge_all(planned.requests) == []


def test_nothing_of_a_stack_with_every_component_is_wrong(everything: Engine) -> None:
    assert Pack().judge_all(everything.requests) == []


def test_nothing_of_the_production_example_is_wrong() -> None:
    assert _production() == []


def test_a_production_stack_that_protects_no_mount_is_stopped() -> None:
    told = _production(protect=False)
    assert {each.rule for each in told} == {"protected-mounts"}
    assert len(told) == 5, "three secrets engines, two auth methods"


def _with(monkeypatch: pytest.MonkeyPatch, module: object, kind: str, **inputs: object) -> None:
    """Let the program give a resource other inputs."""
    real: Callable[..., object] = getattr(module, kind)
    monkeypatch.setattr(module, kind, lambda *given, **named: real(*given, **{**named, **inputs}))


@pytest.fixture(scope="module")
def changed() -> list[Told]:
    """What is said of the program, changed in one place for each rule."""
    with pytest.MonkeyPatch.context() as patch:
        _with(patch, vault.aws, "SecretBackend", access_key="any", disable_remount=False)
        _with(patch, vault.aws, "AuthBackendClient", iam_server_id_header_value="AKIA" + "7" * 16)
        _with(patch, vault.aws, "AuthBackendRole", resolve_aws_unique_ids=False, token_max_ttl=None)
        _with(patch, vault.identity, "Oidc", issuer="https://vault.lab.test:8200")
        _with(patch, aws.iam, "OpenIdConnectProvider", thumbprint_lists=["0" * 40])
        _with(patch, aws, "ProviderArgs", allowed_account_ids=None)
        _with(patch, components.target_role, "TargetRoleArgs", boundary=None)
        patch.setattr(components.federated, "SESSION_SECONDS", 43_200)
        _without_subject(patch)
        _of_everybody(patch)
        _without_provider(patch)
        config = _bounded()
        config["vault-aws-federation:authMethods"]["aws"] |= {"wildcardPrincipals": True}
        role = config["vault-aws-federation:authMethods"]["aws"]["roles"]["dev-role-iam"]
        role["boundPrincipals"] = ["arn:aws:iam::123456789012:role/app-*"]
        requests = run_program(config).requests
    return Pack(BOUNDED).judge_all(requests)


def _without_subject(patch: pytest.MonkeyPatch) -> None:

    def without(provider_arn: str, audience: str, subject: str) -> dict[str, Any]:
        # The port that the issuer is given here would be wrong in the principal already.
        document = trust_policy(provider_arn.replace(":8200", ""), audience, subject)
        equals = document["Statement"][0]["Condition"]["StringEquals"]
        del equals[next(key for key in equals if key.endswith(":sub"))]
        return document

    patch.setattr(components.federated, "trust_policy", without)


def _of_everybody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MountNames, "user_arn_pattern", lambda *_: "arn:aws:iam::123456789012:*")
    patch.setattr(
        components.target_role,
        "target_trust",
        lambda *_, **__: {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}],
        },
    )


def _without_provider(patch: pytest.MonkeyPatch) -> None:
    real = HumanLogin.__init__
    patch.setattr(HumanLogin, "__init__", lambda self, name, args, _opts: real(self, name, args))


CAUGHT = [
    ("no-static-keys", "aws-mount has accessKey"),
    ("no-static-keys", "auth/aws-client has a key of AWS in iamServerIdHeaderValue"),
    ("bound-trust", "aws-workload statement 1 (OneVaultMount) has no StringEquals on"),
    ("bound-trust", "deploy-role statement 1 (no Sid) admits the principal '*'"),
    ("no-escalation", "aws-workload/issue-my-role has policy that allows iam:CreateAccessKey"),
    ("no-everything", "allows iam:CreateAccessKey on everything"),
    ("boundary", "deploy-role has no permissionsBoundary"),
    ("ceilings", "aws-workload has maxSessionDuration 43200 s"),
    ("ceilings", "auth/aws-role/dev-role-iam has no tokenMaxTtl"),
    ("https-issuer", "root-config has issuer 'https://vault.lab.test:8200'"),
    ("lasting-thumbprint", "123456789012/root-oidc has a thumbprint of zeros"),
    ("named-principals", "auth/aws-role/dev-role-iam has resolveAwsUniqueIds false"),
    ("named-principals", "binds 'arn:aws:iam::123456789012:role/app-*'"),
    ("explicit-provider", "123456789012 has no allowedAccountIds"),
    ("explicit-provider", "people-method names no provider"),
    ("protected-mounts", "aws-mount may be moved"),
]


def test_there_is_a_change_for_every_rule() -> None:
    assert {rule for rule, _ in CAUGHT} == {rule.name for rule in RULES}


@pytest.mark.parametrize(("rule", "says"), CAUGHT)
def test_a_change_of_the_program_is_caught(rule: str, says: str, changed: list[Told]) -> None:
    caught = [told for told in changed if told.rule == rule and says in told.message]
    assert caught, "\n".join(each.message for each in changed if each.rule == rule)
    assert all(each.mandatory for each in caught)


def test_with_the_boundary_that_the_stack_asks_for_nothing_is_wrong() -> None:
    assert Pack(BOUNDED).judge_all(run_program(_bounded()).requests) == []
