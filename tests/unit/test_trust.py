import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from federation import identity
from federation.identity import MountClass
from federation.names import provider_arn
from federation.trust import explain, others_let_in, trust_policy

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


OTHER = "plugin-identity:root:secret:aws_99999999"
PRINCIPAL = {"AWS": "arn:aws:iam::123456789012:root"}


def test_the_trust_of_one_mount_lets_nobody_else_in() -> None:
    assert others_let_in(policy(), ARN, SUBJECT) == []
    assert others_let_in(policy(Principal={"Federated": [ARN]}), ARN, SUBJECT) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Condition": {"StringEquals": {f"{KEY}:aud": AUDIENCE}}}, "no StringEquals on"),
        ({"Condition": {"StringLike": {f"{KEY}:sub": "plugin-*"}}}, "no StringEquals on"),
        ({"Condition": {"ForAllValues:StringEquals": {f"{KEY}:sub": SUBJECT}}}, "no StringEquals"),
        ({"Condition": {"StringEqualsIfExists": {f"{KEY}:sub": SUBJECT}}}, "no StringEquals"),
        ({"Condition": {}}, "no StringEquals on"),
        ({"Condition": {"StringEquals": {f"{KEY}:SUB": [SUBJECT, OTHER]}}}, f"admits '{OTHER}'"),
        ({"Principal": {"Federated": [ARN, f"{ARN}/x"]}}, "trusts"),
        ({"Principal": "*"}, "trusts '*'"),
        ({"Principal": PRINCIPAL, "Action": "sts:AssumeRole"}, "trusts {'AWS'"),
        ({"Principal": PRINCIPAL, "Action": "STS:assume*"}, "trusts {'AWS'"),
        ({"Principal": PRINCIPAL, "Action": "*"}, "trusts {'AWS'"),
        ({"Principal": {**PRINCIPAL, "Federated": ARN}}, "trusts"),
    ],
)
def test_whatever_may_let_in_somebody_else_is_listed(changes: dict[str, Any], said: str) -> None:
    (told,) = others_let_in(policy(**changes), ARN, SUBJECT)
    assert told.startswith("OneVaultMount: ")
    assert said in told


def test_a_second_statement_is_looked_at_too_and_one_that_denies_lets_nobody_in() -> None:
    document = policy()
    added = {"Effect": "Allow", "Principal": PRINCIPAL, "Action": "sts:AssumeRole"}
    document["Statement"].append(added)
    (told,) = others_let_in(document, ARN, SUBJECT)
    assert told.startswith("statement without Sid: trusts")
    added["Effect"] = "Deny"
    assert others_let_in(document, ARN, SUBJECT) == []
    added |= {"Effect": "Allow", "Action": "sts:TagSession"}
    assert others_let_in(document, ARN, SUBJECT) == [], "it gives no session"


def test_a_policy_with_not_principal_trusts_whoever_it_does_not_name() -> None:
    document = policy()
    del document["Statement"][0]["Principal"]
    document["Statement"][0]["NotPrincipal"] = PRINCIPAL
    (told,) = others_let_in(document, ARN, SUBJECT)
    assert "NotPrincipal" in told
