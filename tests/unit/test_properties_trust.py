"""Builder, explanation and the laboratory's independent judge agree on who is trusted."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from federation.identity import MountClass, issuer, subject
from federation.names import provider_arn
from federation.trust import ASSUME, explain, trust_policy
from lab.aws.judgement.policy import Request, TrustPrincipal, evaluate_trust
from tests.unit import strategies as some

HOSTS = st.sampled_from(["https://vault.example.com", "https://vault.lab.test"])
AUDIENCES = st.sampled_from(["vault-aws-secrets", "vault-aws-auth", "*", "a"])

issuers = st.builds(issuer, HOSTS, some.namespaces)
subjects = st.builds(
    subject,
    st.sampled_from(["root", "aB3x9"]),
    st.sampled_from(MountClass),
    st.sampled_from(["aws_1a2b3c4d", "aws_1A2B3C4D", "aws_*"]),
)


def _near(right: str, *others: str) -> st.SearchStrategy[str]:
    """Return the right value mostly, else one that a careless judge would take."""
    wrong = [right.upper(), f"{right}/", f"{right} ", right[:-1], f"{right}x", f"*{right}", "*", ""]
    return st.sampled_from([right] * 3 * len(wrong) + wrong + list(others))


@st.composite
def _claims(draw: st.DrawFn, url: str, audience: str, sub: str) -> dict[str, Any]:
    audiences = _near(audience, draw(AUDIENCES))
    claims = {
        "iss": draw(_near(url, draw(issuers))),
        "aud": draw(st.one_of(audiences, st.lists(audiences, max_size=3))),
        "sub": draw(_near(sub, draw(subjects))),
        "name": draw(st.sampled_from(["x", audience, sub])),
    }
    missing = draw(st.sampled_from(["", "", "", "", *claims]))
    return {claim: value for claim, value in claims.items() if claim != missing}


def _trusted(document: dict[str, Any], url: str, claims: dict[str, Any]) -> bool:
    """Ask the laboratory, which knows the token's issuer by the provider registered for it."""
    if claims.get("iss") != url:
        return False
    arn = provider_arn("aws", some.ACCOUNT, url)
    prefix = arn.partition(":oidc-provider/")[2]
    aud, sub = claims.get("aud", []), claims.get("sub")
    request = Request(
        action=ASSUME,
        resource=f"arn:aws:iam::{some.ACCOUNT}:role/vault-secret-dev-root-aws",
        context={
            f"{prefix}:aud": tuple(aud) if isinstance(aud, list) else (aud,),
            f"{prefix}:sub": () if sub is None else (sub,),
        },
        principal=arn,
        principal_account=some.ACCOUNT,
    )
    principal = TrustPrincipal(kind="Federated", arns=(arn,), account=some.ACCOUNT)
    return evaluate_trust(request, document, principal=principal).allowed


@given(data=st.data(), url=issuers, audience=AUDIENCES, sub=subjects)
def test_exactly_the_tokens_of_one_mount_are_trusted(
    data: st.DataObject, url: str, audience: str, sub: str
) -> None:
    document = trust_policy(provider_arn("aws", some.ACCOUNT, url), audience, sub)
    claims = data.draw(_claims(url, audience, sub))
    aud = claims.get("aud", [])
    meant = (
        claims.get("iss") == url
        and audience in (aud if isinstance(aud, list) else [aud])
        and claims.get("sub") == sub
    )
    assert _trusted(document, url, claims) is meant
    assert (explain(document, url, claims) == []) is meant


@st.composite
def _statement(
    draw: st.DrawFn, url: str, audience: str, sub: str, operators: list[str]
) -> dict[str, Any]:
    """Return a statement such as people write by hand, right or nearly so."""
    statement: dict[str, Any]
    (statement,) = trust_policy(provider_arn("aws", some.ACCOUNT, url), audience, sub)["Statement"]
    keys = {
        draw(st.sampled_from([key, key, key.upper(), f"https://{key}"])): draw(
            st.sampled_from([value, value, [value, "other"], ["other"], []])
        )
        for key, value in statement["Condition"]["StringEquals"].items()
        if draw(st.sampled_from([True, True, True, False]))
    }
    arn = statement["Principal"]["Federated"]
    other = provider_arn("aws", some.ACCOUNT, draw(issuers))
    principals = ["*", {"AWS": "*"}, *({"Federated": it} for it in (arn, arn, [other, arn], other))]
    return statement | {
        "Sid": draw(st.sampled_from(["One", "Two"])),
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        "Action": draw(st.sampled_from([ASSUME, ["STS:*", "sts:TagSession"], "sts:AssumeRole"])),
        "Principal": draw(st.sampled_from(principals)),
        "Condition": {draw(st.sampled_from(operators)): keys} if keys else {},
    }


@given(data=st.data(), url=issuers, audience=AUDIENCES, sub=subjects)
def test_the_explanation_of_any_policy_agrees_with_the_judge(
    data: st.DataObject, url: str, audience: str, sub: str
) -> None:
    statement = _statement(url, audience, sub, ["StringEquals"])
    statements = data.draw(st.lists(statement, min_size=1, max_size=3))
    document = {"Version": "2012-10-17", "Statement": statements}
    claims = data.draw(_claims(url, audience, sub))
    assert (explain(document, url, claims) == []) is _trusted(document, url, claims)


@given(data=st.data())
def test_what_the_explanation_cannot_judge_it_does_not_call_satisfied(data: st.DataObject) -> None:
    url, audience, sub = issuer("https://vault.example.com"), "vault-aws-secrets", "s"
    operators = ["StringLike", "StringNotEquals", "StringEqualsIfExists", "StringEquals"]
    statement = _statement(url, audience, sub, operators)
    allow = trust_policy(provider_arn("aws", some.ACCOUNT, url), audience, sub)["Statement"]
    document = {
        "Version": "2012-10-17",
        "Statement": allow + data.draw(st.lists(statement, min_size=1, max_size=2)),
    }
    claims = data.draw(_claims(url, audience, sub))
    if explain(document, url, claims) == []:
        assert _trusted(document, url, claims)
