"""What whoever deploys is told of itself by AWS, and what it needs there."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
from botocore.exceptions import ClientError

from clients import aws, deployer, discovery
from clients.deployer import Deployer
from clients.errors import AwsError, CloudError
from federation import deploy_rights
from federation.account import AccountAccess
from settings.rights import needed_at_aws
from tests.unit.declared import ENGINES, PEOPLE, changed, load

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
MAIN = "arn:aws:iam::123456789012"
SESSION = "arn:aws:sts::123456789012:assumed-role/deployer/vault-aws-federation"
PROVIDER = f"{MAIN}:oidc-provider/vault.example.com/v1/identity/oidc/plugins"
Result = dict[str, Any]


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetRole")


class _Iam:
    """IAM that simulates as it is told, and remembers what it was asked."""

    def __init__(self, answer: Callable[[str, str], Result], role: str | ClientError = "") -> None:
        self._answer, self._role = answer, role
        self.asked: list[list[str]] = []

    def client(self, _service: str, **_options: object) -> _Iam:
        return self

    def get_role(self, RoleName: str) -> Result:  # noqa: N803 - boto3's name
        if isinstance(self._role, ClientError):
            raise self._role
        return {"Role": {"Arn": f"{MAIN}:role/{self._role}{RoleName}"}}

    def get_paginator(self, operation: str) -> _Iam:
        assert operation == "simulate_principal_policy"
        return self

    def paginate(self, **asked: Any) -> list[Result]:  # noqa: ANN401 - boto3's own
        self.asked.append(asked["ResourceArns"])
        return [
            {"EvaluationResults": [self._answer(action, resource)]}
            for action in asked["ActionNames"]
            for resource in asked["ResourceArns"]
        ]


def _asking(monkeypatch: pytest.MonkeyPatch, iam: _Iam, caller: str = SESSION) -> Deployer:
    monkeypatch.setattr(aws, "_signed_in", lambda _access: (iam, caller))
    return Deployer(AccountAccess(account_id="123456789012", region="us-east-1"))


def _result(action: str, resource: str, **more: Any) -> Result:  # noqa: ANN401 - AWS's answer
    decided = {"EvalActionName": action, "EvalResourceName": resource}
    return decided | {"EvalDecision": "implicitDeny", **more}


@pytest.mark.parametrize(
    ("more", "why", "certain"),
    [
        ({}, "no policy allows it", True),
        ({"EvalDecision": "explicitDeny"}, "a policy denies it", True),
        (
            {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}},
            "a service control policy does not allow it",
            True,
        ),
        (
            {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
            "the permissions boundary does not allow it",
            True,
        ),
        (
            {"MissingContextValues": ["iam:PermissionsBoundary"]},
            "a condition decides about it (iam:PermissionsBoundary)",
            False,
        ),
    ],
)
def test_what_a_simulation_denies_is_told_with_why(
    monkeypatch: pytest.MonkeyPatch, more: Result, why: str, *, certain: bool
) -> None:
    iam = _Iam(lambda action, resource: _result(action, resource, **more))
    (found,) = _asking(monkeypatch, iam).denied("a", {"b": frozenset({"iam:GetRole"})})
    assert (found.action, found.resource) == ("iam:GetRole", "b")
    assert (found.why, found.certain) == (why, certain)


def test_an_answer_for_several_resources_at_once_is_taken_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    specific = [
        {"EvalResourceName": "b", "EvalResourceDecision": "allowed"},
        {"EvalResourceName": "c", "EvalResourceDecision": "explicitDeny"},
    ]
    iam = _Iam(lambda action, _: _result(action, "b", ResourceSpecificResults=specific))
    found = _asking(monkeypatch, iam).denied("a", {"b": frozenset({"iam:GetRole"})})
    assert [(each.resource, each.why) for each in found] == [("c", "a policy denies it")]


def test_resources_that_need_the_same_are_asked_about_in_few_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    iam = _Iam(lambda action, resource: _result(action, resource, EvalDecision="allowed"))
    needed = {f"role/{number}": frozenset({"iam:GetRole"}) for number in range(45)}
    assert _asking(monkeypatch, iam).denied("a", needed | {"*": frozenset({"iam:ListUsers"})}) == []
    assert [len(resources) for resources in iam.asked] == [1, 20, 20, 5]


@pytest.mark.parametrize(
    ("caller", "role", "principal"),
    [
        (f"{MAIN}:user/a", "", f"{MAIN}:user/a"),
        (SESSION, "teams/", f"{MAIN}:role/teams/deployer"),
        (SESSION, _refusal("AccessDenied"), f"{MAIN}:role/deployer"),
    ],
)
def test_a_session_is_simulated_as_its_role(
    monkeypatch: pytest.MonkeyPatch, caller: str, role: str | ClientError, principal: str
) -> None:
    iam = _Iam(_result, role)
    assert _asking(monkeypatch, iam, caller).principal() == principal


def test_a_role_that_cannot_be_read_for_another_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    iam = _Iam(_result, _refusal("ServiceFailure"))
    with pytest.raises(AwsError, match="read the role deployer: ServiceFailure"):
        _asking(monkeypatch, iam).principal()


def _answer(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:  # noqa: ANN401 - of requests
    def get(_url: str, **_options: object) -> requests.Response:
        answer = requests.Response()
        vars(answer).update({"status_code": 200, **fields})
        return answer

    monkeypatch.setattr(requests, "get", get)


def test_the_clock_of_aws_is_read_from_the_date_of_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _answer(monkeypatch, headers={"date": formatdate(time.time() + 120, usegmt=True)})
    assert abs(deployer.seconds_ahead("us-east-1") - 120) < 3
    _answer(monkeypatch, headers={})
    with pytest.raises(AwsError, match="has no date"):
        deployer.seconds_ahead("us-east-1")


def test_an_identity_provider_that_answers_with_something_else_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _answer(monkeypatch, _content=b'{"issuer": "https://people.example.com/"}')
    assert discovery.named_issuer("https://people.example.com/") == "https://people.example.com/"
    _answer(monkeypatch, _content=b"<html>")
    with pytest.raises(CloudError, match=r"https://people\.example\.com/\.well-known/openid"):
        discovery.named_issuer("https://people.example.com")


def test_what_is_needed_is_what_the_shipped_policy_grants(folder: Path) -> None:
    granted = {
        entry["Sid"]: set(entry["Action"])
        for entry in json.loads((ROOT / "policies/aws/deploy.json").read_text("utf-8"))["Statement"]
    }
    assert granted == {
        "RolesOfTheStack": deploy_rights.ROLE
        | deploy_rights.BOUNDARY
        | deploy_rights.MANAGED_POLICIES,
        "IdentityProviderOfTheIssuer": deploy_rights.IDENTITY_PROVIDER,
        "LooksForWhatIsLeft": deploy_rights.LOOKS,
    }
    assert needed_at_aws(load(ENGINES, folder), "main") == {
        "*": deploy_rights.LOOKS,
        f"{MAIN}:role/vault-secret-dev-root-aws": deploy_rights.ROLE,
        PROVIDER: deploy_rights.IDENTITY_PROVIDER,
    }


def test_who_uses_what_others_manage_needs_less_and_a_boundary_needs_more(folder: Path) -> None:
    boundary = "arn:aws:iam::210987654321:policy/boundary"
    sections = changed(
        PEOPLE,
        {
            "accounts.main.identityProvider": "existing",
            "accounts.other.boundary": boundary,
            "targetRoles.deploy.managedPolicies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        },
    )
    found = load(sections, folder)
    assert needed_at_aws(found, "main")[PROVIDER] == deploy_rights.AUDIENCES
    target = "arn:aws:iam::210987654321:role/vault-target-dev-deploy"
    assert needed_at_aws(found, "other") == {
        "*": deploy_rights.LOOKS,
        target: deploy_rights.ROLE | deploy_rights.BOUNDARY | deploy_rights.MANAGED_POLICIES,
    }
