"""Each guardrail four ways: what passes, what does not, what is absent, what is not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from policies.guardrails.rules import RULES
from policies.guardrails.rules.rule import AUTH_CLIENT, AUTH_MOUNT, ENGINE, ENGINE_ROLE, ROLE
from tests.judged import UNKNOWN
from tests.unit.guarded import (
    ACCOUNT,
    GONE,
    ISSUER,
    SOUND,
    SUBJECT,
    allow,
    document,
    judged,
    statement,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

PEOPLE = "vault:jwt/authBackendRole:AuthBackendRole"
ENDPOINT = "vault:generic/endpoint:Endpoint"
KEY = "AKIA" + "7" * 16
BOUND = {f"{ISSUER}:aud": "vault-aws", f"{ISSUER}:sub": SUBJECT}


def _trust(**changes: object) -> dict[str, str]:
    return {"assumeRolePolicy": document(statement(**changes))}


def _condition(**operators: object) -> dict[str, str]:
    return _trust(Condition=operators)


def _ids(value: object) -> str | None:
    return value if isinstance(value, str) else None


VIOLATIONS: list[tuple[str, dict[str, Any], dict[str, Any], str]] = [
    ("no-static-keys", {"accessKey": "any"}, {}, "has accessKey"),
    ("no-static-keys", {"secretKeyWo": "any"}, {}, "has secretKeyWo"),
    ("no-static-keys", {"accessKey": "any"}, {"kind": AUTH_CLIENT}, "has accessKey"),
    ("no-static-keys", {"secretKey": "any"}, {"kind": "pulumi:providers:aws"}, "has secretKey"),
    ("no-static-keys", {}, {"kind": "aws:iam/accessKey:AccessKey"}, "is a key that lasts"),
    ("no-static-keys", {"tags": {"a": [KEY]}}, {"kind": ROLE}, "in tags.a.0"),
    (
        "no-static-keys",
        {},
        {"kind": "vault:aws/secretBackendStaticRole:SecretBackendStaticRole"},
        "keeps a user",
    ),
    ("bound-trust", _condition(StringEquals={f"{ISSUER}:aud": "a"}), {}, f"on {ISSUER}:sub"),
    ("bound-trust", _condition(StringEquals={f"{ISSUER}:sub": "a"}), {}, f"on {ISSUER}:aud"),
    ("bound-trust", _condition(StringLike=BOUND), {}, "no StringEquals"),
    ("bound-trust", _condition(StringEqualsIgnoreCase=BOUND), {}, "no StringEquals"),
    ("bound-trust", _condition(StringEqualsIfExists=BOUND), {}, "holds where there is no"),
    ("bound-trust", _condition(**{"ForAllValues:StringEquals": BOUND}), {}, "holds where there"),
    ("bound-trust", _condition(StringEquals={**BOUND, f"{ISSUER}:sub": "*"}), {}, "in full"),
    ("bound-trust", _condition(StringEquals={**BOUND, f"{ISSUER}:aud": []}), {}, "in full"),
    (
        "bound-trust",
        _condition(StringEquals={f"https://{key}": value for key, value in BOUND.items()}),
        {},
        "no scheme",
    ),
    ("bound-trust", _trust(Principal="*"), {}, "principal '*'"),
    ("bound-trust", _trust(Principal={"AWS": "*"}), {}, "AWS '*'"),
    ("bound-trust", _trust(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), {}, ":root'"),
    ("bound-trust", _trust(Principal={"AWS": ACCOUNT}), {}, f"AWS '{ACCOUNT}'"),
    ("bound-trust", _trust(Principal={"Federated": "*"}), {}, "Federated '*'"),
    ("bound-trust", _trust(Principal={"Service": "ec2.amazonaws.com"}), {}, "kind Service"),
    ("bound-trust", _trust(Principal=GONE, NotPrincipal={"AWS": "a"}), {}, "NotPrincipal"),
    ("bound-trust", _trust(Action="sts:*"), {}, "allows 'sts:*'"),
    ("bound-trust", _trust(Action=GONE, NotAction="sts:TagSession"), {}, "NotAction"),
    ("bound-trust", {"assumeRolePolicy": "{"}, {}, "is no JSON"),
    ("bound-trust", {"assumeRolePolicy": "[]"}, {}, "is no policy"),
    (
        "no-escalation",
        {"policy": allow("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/vault/other/*")},
        {},
        "others than the mount's users",
    ),
    (
        "no-escalation",
        {
            "policy": allow(
                "iam:AttachUserPolicy", f"arn:aws:iam::{ACCOUNT}:user/vault/dev-root-aws/*"
            )
        },
        {},
        "without naming the policies",
    ),
    ("no-escalation", {"policy": allow("iam:PassRole", "arn:a")}, {}, "iam:PassRole"),
    ("no-escalation", {"policy": allow("IAM:put*", "arn:a")}, {}, "iam:PutRolePolicy"),
    ("no-escalation", {"policy": allow("*", "arn:a")}, {}, "ssm:SendCommand"),
    (
        "no-escalation",
        {"policy": document({"Effect": "Allow", "NotAction": "s3:*", "Resource": "arn:a"})},
        {},
        "iam:UpdateAssumeRolePolicy",
    ),
    ("no-escalation", {"policy": allow("sts:AssumeRole", "arn:aws:iam::*:role/a")}, {}, "pattern"),
    ("no-escalation", {"policy": "nothing"}, {}, "is no JSON"),
    (
        "no-escalation",
        {"policyArns": ["arn:aws:iam::aws:policy/IAMFullAccess"]},
        {"kind": ENGINE_ROLE},
        "IAMFullAccess",
    ),
    (
        "no-escalation",
        {"policyDocument": allow("iam:CreateAccessKey", f"arn:aws:iam::{ACCOUNT}:user/a")},
        {"kind": ENGINE_ROLE},
        "policyDocument that allows iam:CreateAccessKey",
    ),
    (
        "no-escalation",
        {"inlinePolicies": [{"policy": allow("iam:PassRole", "arn:a")}]},
        {"kind": ROLE},
        "inlinePolicies",
    ),
    ("no-everything", {"policy": allow("s3:GetObject", "*")}, {}, "s3:GetObject on everything"),
    ("no-everything", {"policy": allow("s3:Get*", ["arn:aws:s3:::*"])}, {}, "s3:Get* on every"),
    ("no-everything", {"policy": allow("*", "*")}, {}, "allows * on everything"),
    ("no-everything", {"policy": allow("s*:Get", "arn:*")}, {}, "s*:get can name"),
    (
        "no-everything",
        {"policy": document({"Effect": "Allow", "NotAction": "a", "Resource": "b"})},
        {},
        "all but ['a']",
    ),
    (
        "no-everything",
        {"policy": document({"Effect": "Allow", "Action": "s3:GetObject", "NotResource": "b"})},
        {},
        "on everything",
    ),
    ("boundary", {"permissionsBoundary": ""}, {}, "has no permissionsBoundary"),
    (
        "boundary",
        {"credentialType": "iam_user"},
        {"kind": ENGINE_ROLE},
        "has no permissionsBoundaryArn",
    ),
    ("ceilings", {"identityTokenTtl": 3601}, {}, "identityTokenTtl 3601 s"),
    ("ceilings", {"maxLeaseTtlSeconds": 86401}, {}, "maxLeaseTtlSeconds 86401 s"),
    ("ceilings", {"maxLeaseTtlSeconds": 0}, {}, "768 hours"),
    ("ceilings", {"maxSessionDuration": 43200}, {"kind": ROLE}, "maxSessionDuration 43200 s"),
    ("ceilings", {"maxStsTtl": 7200}, {"kind": ENGINE_ROLE}, "maxStsTtl 7200 s"),
    ("ceilings", {"tokenMaxTtl": 90000}, {"kind": PEOPLE}, "tokenMaxTtl 90000 s"),
    ("ceilings", {"tokenMaxTtl": 60, "tokenPeriod": 60}, {"kind": PEOPLE}, "tokenPeriod"),
    (
        "ceilings",
        {"path": "auth/people/role/a", "dataJson": '{"token_max_ttl": 90000}'},
        {"kind": ENDPOINT},
        "token_max_ttl 90000 s",
    ),
    (
        "ceilings",
        {"path": "auth/people/role/a", "dataJson": '{"token_ttl": 60, "token_period": 1}'},
        {"kind": ENDPOINT},
        "token_period",
    ),
    ("https-issuer", {"issuer": "http://vault.lab.test"}, {}, "without a port"),
    ("https-issuer", {"issuer": "https://vault.lab.test:8200"}, {}, ":8200"),
    ("https-issuer", {"issuer": "https://vault.lab.test/"}, {}, "https://<host>"),
    (
        "https-issuer",
        {"url": f"https://{ISSUER}/"},
        {"kind": SOUND["lasting-thumbprint"][0]},
        "without a slash",
    ),
    ("lasting-thumbprint", {"thumbprintLists": []}, {}, "has no thumbprint"),
    ("lasting-thumbprint", {"thumbprintLists": ["0" * 40]}, {}, "zeros"),
    ("lasting-thumbprint", {"thumbprintLists": ["ab" * 32]}, {}, "no SHA-1"),
    (
        "named-principals",
        {"boundIamPrincipalArns": [f"arn:aws:iam::{ACCOUNT}:role/app-*"]},
        {},
        "role/app-*",
    ),
    ("named-principals", {"resolveAwsUniqueIds": False}, {}, "resolveAwsUniqueIds false"),
    ("explicit-provider", {}, {"kind": ROLE, "provider": "default_7_51_1"}, "default_7_51_1"),
    ("explicit-provider", {}, {"kind": ENGINE, "provider": ""}, "names no provider"),
    ("protected-mounts", {"disableRemount": False}, {}, "may be moved"),
    ("protected-mounts", {}, {"protect": False}, "is not protected"),
    ("protected-mounts", {"type": "aws"}, {"kind": AUTH_MOUNT, "protect": False}, "is not prot"),
]
"""Rule, changed inputs, other traits of the resource, and words of what is said."""

ABSENT = {
    "no-static-keys": ("roleArn", "has no roleArn"),
    "bound-trust": ("assumeRolePolicy", None),
    "no-escalation": ("policy", None),
    "no-everything": ("policy", None),
    "boundary": ("permissionsBoundary", "has no permissionsBoundary"),
    "ceilings": ("maxLeaseTtlSeconds", "768 hours"),
    "https-issuer": ("issuer", None),
    "lasting-thumbprint": ("thumbprintLists", "has no thumbprint"),
    "named-principals": ("boundIamPrincipalArns", "binds no principal"),
    "explicit-provider": ("allowedAccountIds", "has no allowedAccountIds"),
    "protected-mounts": ("disableRemount", "may be moved"),
}
"""By rule, what is not given, and what is said; nothing where AWS or Vault has a sound default, or
takes no such resource."""

UNKNOWNS = {
    "no-static-keys": ("accessKey", "has accessKey"),
    "bound-trust": ("assumeRolePolicy", None),
    "no-escalation": ("policy", None),
    "no-everything": ("policy", None),
    "boundary": ("permissionsBoundary", None),
    "ceilings": ("maxLeaseTtlSeconds", None),
    "https-issuer": ("issuer", None),
    "lasting-thumbprint": ("thumbprintLists", None),
    "named-principals": ("boundIamPrincipalArns", None),
    "explicit-provider": ("allowedAccountIds", ""),
    "protected-mounts": ("disableRemount", None),
}
"""By rule, what is not known yet, and what is said all the same. None: that it cannot be judged
yet. Empty: nothing, for it counts that it is given."""


def test_every_rule_is_tested_in_each_way() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert set(SOUND) == set(ABSENT) == set(UNKNOWNS) == set(names)
    assert {rule for rule, *_ in VIOLATIONS} == set(names)


@pytest.mark.parametrize("rule", SOUND)
def test_what_is_sound_passes(rule: str) -> None:
    assert judged(rule, {}) == []


@pytest.mark.parametrize(("rule", "changes", "traits", "says"), VIOLATIONS, ids=_ids)
def test_what_violates_is_stopped(
    rule: str, changes: Mapping[str, Any], traits: Mapping[str, Any], says: str
) -> None:
    told = judged(rule, changes, **traits)
    assert any(says in each.message for each in told), told
    assert all(each.mandatory for each in told)
    remedy = next(each.remedy for each in RULES if each.name == rule)
    assert all(remedy in each.message for each in told)


@pytest.mark.parametrize("rule", ABSENT)
def test_what_is_not_given_is_what_vault_or_aws_makes_of_it(rule: str) -> None:
    name, says = ABSENT[rule]
    told = judged(rule, {name: GONE})
    assert len(told) == (says is not None)
    assert all(str(says) in each.message for each in told)


@pytest.mark.parametrize("rule", UNKNOWNS)
def test_what_is_not_known_yet_is_said_and_stops_nothing(rule: str) -> None:
    name, says = UNKNOWNS[rule]
    told = judged(rule, {name: UNKNOWN})
    if says is None:
        assert [each.mandatory for each in told] == [False]
        assert f".{name} can't be known during preview" in told[0].message
    else:
        assert [(says in each.message, each.mandatory) for each in told] == [(True, True)] * bool(
            says
        )


def test_a_message_never_holds_what_is_secret() -> None:
    told = judged("no-static-keys", {"accessKey": KEY, "secretKey": "hush"})
    assert len(told) == 3
    assert not [each for each in told if KEY in each.message or "hush" in each.message]
