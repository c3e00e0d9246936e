import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import identity
from federation.identity import MountClass
from federation.names import provider_arn
from federation.trust import explain, trust_policy

ISSUER = "https://vault.example.com/v1/identity/oidc/plugins"
ARN = provider_arn("aws", "123456789012", ISSUER)
KEY = "vault.example.com/v1/identity/oidc/plugins"
SUBJECT = "plugin-identity:root:secret:aws_1a2b3c4d"
AUDIENCE = "vault-aws-secrets"
CLAIMS = {"iss": ISSUER, "aud": [AUDIENCE], "sub": SUBJECT}


def policy(**changes: object) -> dict[str, Any]:
    document = trust_policy(ARN, AUDIENCE, SUBJECT)
    document["Statement"][0].update(changes)
    return document


def test_the_trust_policy_binds_audience_and_subject_exactly() -> None:
    assert trust_policy(ARN, AUDIENCE, SUBJECT) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "OneVaultMount",
                "Effect": "Allow",
                "Principal": {"Federated": ARN},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringEquals": {f"{KEY}:aud": AUDIENCE, f"{KEY}:sub": SUBJECT}},
            }
        ],
    }


def test_no_scheme_is_in_the_trust_policy() -> None:
    assert "https" not in json.dumps(trust_policy(ARN, AUDIENCE, SUBJECT))


def test_the_token_of_the_mount_satisfies_it() -> None:
    assert explain(policy(), ISSUER, CLAIMS) == []
    assert explain(policy(), ISSUER, CLAIMS | {"aud": AUDIENCE}) == []


def test_condition_keys_are_compared_without_regard_to_case() -> None:
    condition = {"StringEquals": {f"{KEY.upper()}:AUD": AUDIENCE, f"{KEY}:sub": SUBJECT}}
    assert explain(policy(Condition=condition), ISSUER, CLAIMS) == []


@pytest.mark.parametrize(
    ("claims", "document", "clauses"),
    [
        (
            {"aud": ["other"]},
            policy(),
            [f"OneVaultMount: StringEquals {KEY}:aud: wants '{AUDIENCE}', the token has 'other'"],
        ),
        (
            {"sub": "plugin-identity:root:secret:aws_other"},
            policy(),
            [
                (
                    f"OneVaultMount: StringEquals {KEY}:sub: wants '{SUBJECT}', "
                    "the token has 'plugin-identity:root:secret:aws_other'"
                )
            ],
        ),
        (
            {"iss": "https://other.example.com"},
            policy(),
            [f"token: iss is 'https://other.example.com', the issuer is '{ISSUER}'"],
        ),
        (
            {},
            policy(Condition={"StringEquals": {f"https://{KEY}:aud": AUDIENCE}}),
            [
                (
                    f"OneVaultMount: StringEquals https://{KEY}:aud: no claim has this key; keys "
                    "have no scheme and name the whole issuer"
                )
            ],
        ),
        (
            {},
            policy(Principal={"Federated": ARN + "/"}),
            [f"OneVaultMount: Principal is ['{ARN}/'], the issuer needs '{KEY}'"],
        ),
        (
            {},
            policy(Condition={"StringLike": {f"{KEY}:aud": "*"}}),
            [f"OneVaultMount: StringLike {KEY}:aud: only StringEquals can be judged here"],
        ),
        (
            {},
            policy(Action="sts:AssumeRole"),
            ["no statement allows sts:AssumeRoleWithWebIdentity"],
        ),
        (
            {},
            policy(Effect="Deny"),
            ["statement OneVaultMount: denies sts:AssumeRoleWithWebIdentity"],
        ),
        ({}, {}, ["no statement allows sts:AssumeRoleWithWebIdentity"]),
    ],
)
def test_the_clause_that_fails_is_named(
    claims: dict[str, Any], document: dict[str, Any], clauses: list[str]
) -> None:
    assert explain(document, ISSUER, CLAIMS | claims) == clauses


def test_every_failing_clause_is_named_at_once() -> None:
    clauses = explain(policy(), ISSUER, {"iss": ISSUER, "aud": "a", "sub": "s"})
    assert [clause.partition(": wants")[0] for clause in clauses] == [
        f"OneVaultMount: StringEquals {KEY}:aud",
        f"OneVaultMount: StringEquals {KEY}:sub",
    ]


def test_of_several_statements_the_nearest_to_success_speaks() -> None:
    far = policy(Principal={"Federated": "arn:aws:iam::1:oidc-provider/x"})["Statement"]
    near = policy()["Statement"]
    document = {"Statement": far + near}
    assert explain(document, ISSUER, CLAIMS | {"aud": "other"}) == explain(
        policy(), ISSUER, CLAIMS | {"aud": "other"}
    )
    assert explain(document, ISSUER, CLAIMS) == []


words = st.text("abcxyz-_", min_size=1, max_size=8)


@given(
    namespace=st.sampled_from(["", "team", "team/app"]),
    mount=st.tuples(words, st.sampled_from(MountClass), words),
    bearer=st.tuples(words, st.sampled_from(MountClass), words),
    audiences=st.tuples(words, words),
)
def test_builder_and_explanation_agree(
    namespace: str,
    mount: tuple[str, MountClass, str],
    bearer: tuple[str, MountClass, str],
    audiences: tuple[str, str],
) -> None:
    issuer = identity.issuer("https://vault.example.com", namespace)
    arn = provider_arn("aws", "123456789012", issuer)
    document = trust_policy(arn, audiences[0], identity.subject(*mount))
    claims = {"iss": issuer, "aud": [audiences[1]], "sub": identity.subject(*bearer)}
    satisfied = mount == bearer and audiences[0] == audiences[1]
    assert (explain(document, issuer, claims) == []) == satisfied
    own = {"iss": issuer, "aud": [audiences[0]], "sub": identity.subject(*mount)}
    assert explain(document, issuer, own) == []
