from __future__ import annotations

from typing import Any

import pytest

from lab.aws.judgement.policy import (
    Decision,
    Request,
    TrustPrincipal,
    UnknownPolicyElement,
    evaluate_trust,
    parse_trust_policy,
)

Body = dict[str, Any]

ACCOUNT = "123456789012"
USERS = f"arn:aws:iam::{ACCOUNT}:user/vault/dev-root-aws/"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/dev-root-aws"
TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev-root-aws/vault-aws-secrets-1"
ISSUER = "vault.lab.test/v1/identity/oidc/plugins"
PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{ISSUER}"
SUBJECT = "plugin-identity:root:secret:aws_1"

WEB_IDENTITY = TrustPrincipal(kind="Federated", arns=(PROVIDER,), account=ACCOUNT)
ROLE_SESSION = TrustPrincipal(
    kind="AWS", arns=(SESSION, ROLE), account=ACCOUNT, unique_ids=("AROAEXAMPLE",)
)
USER = TrustPrincipal(
    kind="AWS", arns=(f"{USERS}bob",), account=ACCOUNT, unique_ids=("AIDAEXAMPLE",)
)
SERVICE = TrustPrincipal(kind="Service", arns=("ec2.amazonaws.com",), account=ACCOUNT)


def trust(
    principal: object, effect: str = "Allow", action: object = "sts:*", **more: object
) -> Body:
    return {"Effect": effect, "Principal": principal, "Action": action, **more}


def policy(*statements: Body) -> Body:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trusts(who: TrustPrincipal, *bodies: Body, **context: tuple[str, ...]) -> Decision:
    is_web_identity = who.kind == "Federated"
    request = Request(
        action="sts:AssumeRoleWithWebIdentity" if is_web_identity else "sts:AssumeRole",
        resource=TARGET,
        context={key.replace("_", ":", 1): values for key, values in context.items()},
        principal=who.arns[0],
        principal_account=who.account,
    )
    return evaluate_trust(request, policy(*bodies), principal=who)


@pytest.mark.parametrize(
    ("principal", "who", "allowed", "direct"),
    [
        ({"AWS": ACCOUNT}, ROLE_SESSION, True, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ROLE_SESSION, True, False),
        ({"AWS": ACCOUNT}, USER, True, False),
        ({"AWS": "999999999999"}, USER, False, False),
        ({"AWS": "arn:aws:iam::999999999999:root"}, USER, False, False),
        ({"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:root"}, USER, False, False),
        ({"AWS": ROLE}, ROLE_SESSION, True, True),
        ({"AWS": SESSION}, ROLE_SESSION, True, True),
        ({"AWS": "AROAEXAMPLE"}, ROLE_SESSION, True, True),
        ({"AWS": "AIDAEXAMPLE"}, USER, True, True),
        ({"AWS": f"{USERS}bob"}, USER, True, True),
        ({"AWS": f"{USERS}BOB"}, USER, False, False),
        ({"AWS": [f"{USERS}alice", f"{USERS}bob"]}, USER, True, True),
        ({"AWS": [ACCOUNT, f"{USERS}bob"]}, USER, True, True),
        ({"AWS": "*"}, USER, True, True),
        ("*", USER, True, True),
        ({"AWS": f"{USERS}*"}, USER, False, False),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, ROLE_SESSION, False, False),
        (
            {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/dev-root-aws/*"},
            ROLE_SESSION,
            False,
            False,
        ),
        ({"AWS": "arn:aws:iam::*:root"}, USER, False, False),
        ({"AWS": f"{USERS}${{aws:username}}"}, USER, False, False),
        ({"AWS": "AROAOTHER"}, ROLE_SESSION, False, False),
        ({"Federated": PROVIDER}, WEB_IDENTITY, True, True),
        ({"Federated": ["cognito-identity.amazonaws.com", PROVIDER]}, WEB_IDENTITY, True, True),
        ({"Federated": f"{PROVIDER}/"}, WEB_IDENTITY, False, False),
        ({"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/*"}, WEB_IDENTITY, False, False),
        ({"Federated": "*"}, WEB_IDENTITY, False, False),
        ({"AWS": PROVIDER}, WEB_IDENTITY, False, False),
        ({"AWS": ACCOUNT}, WEB_IDENTITY, False, False),
        ({"Federated": ACCOUNT}, WEB_IDENTITY, False, False),
        ({"AWS": "*"}, WEB_IDENTITY, False, False),
        ("*", WEB_IDENTITY, False, False),
        ({"Federated": ROLE}, ROLE_SESSION, False, False),
        ({"Service": "ec2.amazonaws.com"}, SERVICE, True, True),
        ({"Service": "lambda.amazonaws.com"}, SERVICE, False, False),
        ({"Service": "ec2.amazonaws.com", "AWS": f"{USERS}bob"}, USER, True, True),
    ],
)
def test_a_trust_policy_names_principals_exactly(
    principal: object, who: TrustPrincipal, *, allowed: bool, direct: bool
) -> None:
    decision = trusts(who, trust(principal))
    assert (decision.allowed, decision.direct) == (allowed, direct)
    assert not decision.explicit_deny


@pytest.mark.parametrize("who", [WEB_IDENTITY, ROLE_SESSION, USER, SERVICE])
@pytest.mark.parametrize("everyone", ["*", {"AWS": "*"}])
def test_a_deny_for_everyone_reaches_every_kind_of_principal(
    everyone: object, who: TrustPrincipal
) -> None:
    allow = trust({who.kind: list(who.arns)})
    assert trusts(who, allow).allowed
    decision = trusts(who, allow, trust(everyone, "Deny"))
    assert not decision.allowed
    assert decision.explicit_deny
    assert decision.rule == "explicitly denied by the trust policy, statement 2"


def test_a_deny_of_the_account_reaches_the_principals_in_it() -> None:
    assert trusts(
        USER, trust({"AWS": ACCOUNT}, "Deny"), trust({"AWS": f"{USERS}bob"})
    ).explicit_deny


def test_a_deny_for_someone_else_does_not_matter() -> None:
    assert trusts(USER, trust({"AWS": f"{USERS}alice"}, "Deny"), trust({"AWS": ACCOUNT})).allowed


def test_direct_trust_counts_only_where_its_own_statement_applies() -> None:
    conditional = trust(
        {"AWS": f"{USERS}bob"}, Condition={"StringEquals": {"sts:ExternalId": "right"}}
    )
    through_account = trust({"AWS": ACCOUNT})
    assert not trusts(USER, conditional, through_account).direct
    assert trusts(USER, conditional, through_account, sts_ExternalId=("right",)).direct


def federated(**operators: object) -> Body:
    return trust(
        {"Federated": PROVIDER}, action="sts:AssumeRoleWithWebIdentity", Condition=operators
    )


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({f"{ISSUER}:aud": "vault-aws-secrets", f"{ISSUER}:sub": SUBJECT}, True),
        ({f"{ISSUER.upper()}:AUD": "vault-aws-secrets"}, True),
        ({f"{ISSUER}:aud": ["other", "vault-aws-secrets"]}, True),
        ({f"{ISSUER}:aud": "vault-aws-auth"}, False),
        ({f"{ISSUER}:sub": "plugin-identity:root:secret:aws_2"}, False),
        ({f"https://{ISSUER}:aud": "vault-aws-secrets"}, False),
        ({f"{ISSUER}:aud": "vault-aws-secrets", f"https://{ISSUER}:sub": SUBJECT}, False),
        ({"vault.lab.test:aud": "vault-aws-secrets"}, False),
    ],
)
def test_a_federated_trust_is_as_good_as_its_condition_keys(
    condition: Body, *, allowed: bool
) -> None:
    request = Request(
        action="sts:AssumeRoleWithWebIdentity",
        resource=ROLE,
        context={f"{ISSUER}:aud": ("vault-aws-secrets",), f"{ISSUER}:sub": (SUBJECT,)},
        principal=PROVIDER,
        principal_account=ACCOUNT,
    )
    document = policy(federated(StringEquals=condition))
    assert evaluate_trust(request, document, principal=WEB_IDENTITY).allowed is allowed


def test_a_refused_trust_says_which_condition_was_not_met() -> None:
    decision = trusts(
        WEB_IDENTITY, federated(StringEquals={f"https://{ISSUER}:aud": "vault-aws-secrets"})
    )
    assert decision.kind == "role trust policy"
    assert decision.rule == (
        f"the trust policy does not allow sts:AssumeRoleWithWebIdentity to {PROVIDER} "
        f"(the trust policy, statement 1, requires StringEquals on https://{ISSUER}:aud)"
    )


def test_a_trust_in_another_action_is_no_trust() -> None:
    assert not trusts(USER, trust({"AWS": ACCOUNT}, action="sts:TagSession")).allowed
    assert trusts(USER, trust({"AWS": ACCOUNT}, action=["sts:TagSession", "STS:assume*"])).allowed


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (trust({"AWS": ACCOUNT}, Resource="*"), "has Resource"),
        (trust({"AWS": ACCOUNT}, NotPrincipal="*"), "has NotPrincipal"),
        ({"Effect": "Deny", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "sts:*"}, "NotPrincipal"),
        ({"Effect": "Allow", "Principal": "*", "NotAction": "sts:TagSession"}, "has NotAction"),
        ({"Effect": "Allow", "Action": "sts:AssumeRole"}, "Principal is "),
        (trust({}), "Principal is "),
        (trust(ACCOUNT), "Principal is "),
        (trust({"CanonicalUser": "x"}), "has CanonicalUser"),
        (trust({"AWS": []}), "AWS is a text or a list of texts"),
        (trust({"AWS": {"x": "y"}}), "AWS is a text or a list of texts"),
        (trust({"AWS": ACCOUNT}, action="iam:GetUser"), "sts: actions alone, not iam:GetUser"),
        (trust({"AWS": ACCOUNT}, action="*"), "sts: actions alone"),
        (trust({"AWS": ACCOUNT}, Condition={"StringIs": {}}), "StringIs"),
        (trust({"AWS": ACCOUNT}, Condition={"StringIs": {"a:b": "c"}}), "StringIs"),
    ],
)
def test_what_a_trust_policy_may_not_hold_is_refused_loudly(body: Body, message: str) -> None:
    with pytest.raises(UnknownPolicyElement, match=message):
        parse_trust_policy(policy(body))
    with pytest.raises(UnknownPolicyElement, match=message):
        trusts(USER, body)
