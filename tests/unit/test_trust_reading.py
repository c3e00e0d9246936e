"""Trust policies that people wrote, and what is wrong with them whoever comes."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from federation.knowledge.trust_reading import document, doubts, wanted
from federation.trust import trust_policy

HOST = "vault.example.com/v1/identity/oidc/plugins"
ARN = f"arn:aws:iam::123456789012:oidc-provider/{HOST}"
TRUST = trust_policy(ARN, "vault-aws", "plugin-identity:root:secret:aws_1")


def _with(condition: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"Statement": {**TRUST["Statement"][0], "Condition": condition, **changes}}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(TRUST),
        quote(json.dumps(TRUST)),
        json.dumps({"Role": {"RoleName": "x", "AssumeRolePolicyDocument": TRUST}}),
        json.dumps({"AssumeRolePolicyDocument": TRUST}),
    ],
    ids=["plain", "URL-encoded", "get-role", "part of it"],
)
def test_a_document_is_found_as_aws_hands_it_out(text: str) -> None:
    assert document(text) == TRUST


@pytest.mark.parametrize("text", ["", "AccessDenied", "{}", "[1]", '{"Role": []}', '{"a": 1}'])
def test_anything_else_is_none(text: str) -> None:
    assert document(text) is None


def test_the_programs_own_trust_raises_no_doubt_and_is_said_in_three_lines() -> None:
    assert doubts(TRUST) == []
    assert wanted(TRUST) == [
        f"OneVaultMount: Allow sts:AssumeRoleWithWebIdentity to Federated {ARN}",
        f"  if StringEquals {HOST}:aud: vault-aws",
        f"  if StringEquals {HOST}:sub: plugin-identity:root:secret:aws_1",
    ]


BOTH = {f"{HOST}:aud": "a", f"{HOST}:sub": "s"}


@pytest.mark.parametrize(
    ("trust", "told"),
    [
        (
            _with({"StringEquals": {f"https://{HOST}:aud": "a", f"{HOST}:sub": "s"}}),
            (
                f"OneVaultMount: the condition key https://{HOST}:aud has a scheme, so it is never "
                f"there and the condition never holds; write {HOST}:aud"
            ),
        ),
        (
            _with({"StringEquals": {"vault.example.com:aud": "a", f"{HOST}:sub": "s"}}),
            (
                "OneVaultMount: the condition key vault.example.com:aud is not that of the "
                "Principal's issuer, so it is never there and the condition never holds; write "
                f"{HOST}:aud"
            ),
        ),
        (
            _with({"StringEquals": {f"{HOST}:aud": "a"}}),
            (
                "OneVaultMount: nothing is asked of sub: every mount of Vault with that audience "
                "is admitted, not one alone"
            ),
        ),
        (
            _with({"StringEquals": {f"{HOST}:sub": "s"}}),
            "OneVaultMount: nothing is asked of aud: a token for anybody's audience is admitted",
        ),
        (
            _with(
                {"StringLike": {f"{HOST}:sub": "plugin-*"}, "StringEquals": {f"{HOST}:aud": "a"}}
            ),
            (
                f"OneVaultMount: StringLike {HOST}:sub admits whatever fits a pattern; use "
                "StringEquals"
            ),
        ),
        (
            _with({"StringEquals": BOTH}, Action="sts:GetCallerIdentity"),
            (
                "no statement is about sts:AssumeRoleWithWebIdentity, so no token is ever "
                "exchanged for this role"
            ),
        ),
    ],
    ids=["scheme", "host alone", "no sub", "no aud", "pattern", "another action"],
)
def test_what_can_never_hold_or_holds_too_often_is_named(trust: dict[str, Any], told: str) -> None:
    assert doubts(trust) == [told]


def test_a_slash_at_the_end_of_the_provider_is_named() -> None:
    trust = _with({"StringEquals": BOTH}, Principal={"Federated": f"{ARN}/"})
    assert doubts(trust)[0] == (
        f"OneVaultMount: Principal {ARN}/ ends with a slash; the issuer of Vault has none"
    )


@pytest.mark.parametrize(
    "trust",
    [
        _with({"StringEquals": BOTH}, Action=["sts:TagSession", "STS:assumeRoleWithWebIdentity"]),
        _with({"StringEquals": {"x:amr": "y"}}, Effect="Deny"),
        {"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}]},
    ],
    ids=["actions have no case", "a denial", "of another kind"],
)
def test_what_is_well_or_not_about_tokens_raises_no_doubt(trust: dict[str, Any]) -> None:
    assert doubts(trust) == []


def test_a_principal_of_any_shape_is_said() -> None:
    assert wanted({"Statement": [{"Effect": "Allow", "Action": "*", "Principal": "*"}, "x"]}) == [
        "statement without Sid: Allow * to *"
    ]
    assert wanted({"Statement": {"Effect": "Allow"}}) == [
        "statement without Sid: Allow no action to nobody"
    ]
