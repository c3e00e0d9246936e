from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.laboratory.aws_front import (
    AUDIENCE,
    HOST,
    ISSUER,
    MAIN,
    PREFIX,
    PROVIDER,
    SUBJECT,
    allow,
    document,
    refused,
    web_trust,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.aws_front import World

WELL_KNOWN = "/v1/identity/oidc/plugins/.well-known"
NO_KEY = "Couldn't retrieve verification key from your identity provider"
NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        built.provider()
        built.role("workload", None, allow("iam:CreateUser", f"arn:aws:iam::{MAIN}:user/vault/*"))
        yield built


ROLE = f"arn:aws:iam::{MAIN}:role/workload"


def test_a_token_of_the_trusted_mount_gives_a_session_of_the_role(aws: World) -> None:
    given = aws.assume(ROLE)
    assert given["SubjectFromWebIdentityToken"] == SUBJECT
    assert given["Provider"] == PROVIDER
    assert given["Audience"] == AUDIENCE
    session = aws.client("sts", credentials=given["Credentials"]).get_caller_identity()
    assert session["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/workload/vault-aws-secrets-1"
    assert session["UserId"] == given["AssumedRoleUser"]["AssumedRoleId"]
    assert session["UserId"].startswith("AROA")


@pytest.mark.parametrize("changes", [{"RoleSessionName": "no spaces"}, {"DurationSeconds": 899}])
def test_wrong_parameters_are_a_validation_error(aws: World, changes: dict[str, Any]) -> None:
    with refused("ValidationError", 400, "failed to satisfy constraint"):
        aws.assume(ROLE, **changes)


def test_a_session_longer_than_the_role_allows_is_a_validation_error(aws: World) -> None:
    with refused("ValidationError", 400, "MaxSessionDuration"):
        aws.assume(ROLE, DurationSeconds=3601)


def test_garbage_is_no_token(aws: World) -> None:
    for garbage in ("garbage", "a.b.c", "e30.e30.e30"):
        with refused("InvalidIdentityToken", 400):
            aws.assume(ROLE, garbage)


def test_an_issuer_without_provider_is_named(aws: World) -> None:
    stranger = aws.issuer.token(iss="https://vault.lab.test/v1/identity/oidc")
    with refused(
        "InvalidIdentityToken", 400, "No OpenIDConnect provider found in your account for https://"
    ):
        aws.assume(ROLE, stranger)


def test_a_provider_of_another_account_does_not_count(aws: World) -> None:
    with refused("InvalidIdentityToken", 400, "No OpenIDConnect provider found"):
        aws.assume("arn:aws:iam::210987654321:role/workload")


def test_an_unreachable_issuer_gives_no_key(aws: World) -> None:
    with (
        aws.switched(unreachable=(HOST,)),
        refused("InvalidIdentityToken", 400, NO_KEY),
    ):
        aws.assume(ROLE)


@pytest.mark.parametrize(
    ("path", "status", "content"),
    [
        (f"{WELL_KNOWN}/openid-configuration", 503, {}),
        (f"{WELL_KNOWN}/openid-configuration", 200, []),
        (
            f"{WELL_KNOWN}/openid-configuration",
            200,
            {"issuer": "https://elsewhere.test", "jwks_uri": f"{ISSUER}/.well-known/keys"},
        ),
        (f"{WELL_KNOWN}/openid-configuration", 200, {"issuer": ISSUER}),
        (f"{WELL_KNOWN}/keys", 404, {}),
        (f"{WELL_KNOWN}/keys", 200, {"keys": []}),
    ],
)
def test_broken_discovery_gives_no_key(aws: World, path: str, status: int, content: object) -> None:
    aws.issuer.overrides[path] = (status, content)
    try:
        with refused("InvalidIdentityToken", 400, NO_KEY):
            aws.assume(ROLE)
    finally:
        aws.issuer.overrides.clear()


@pytest.mark.parametrize("chain", ["leaf-only", "with-root", "other-authority"])
def test_a_chain_that_ends_elsewhere_fails_the_thumbprint(aws: World, chain: str) -> None:
    with (
        aws.switched(presented_chain={HOST: chain}),
        refused("InvalidIdentityToken", 400, "certificate doesn't match configured thumbprint"),
    ):
        aws.assume(ROLE)


@pytest.mark.parametrize("wrong", ["another", "leaf"])
def test_a_wrong_thumbprint_fails_until_it_is_corrected(aws: World, wrong: str) -> None:
    aws.assume(ROLE)
    iam = aws.client("iam")
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=PROVIDER,
        ThumbprintList=[aws.leaf_thumbprint() if wrong == "leaf" else "0" * 40],
    )
    with refused("InvalidIdentityToken", 400, "certificate doesn't match configured thumbprint"):
        aws.assume(ROLE)
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=PROVIDER, ThumbprintList=["0" * 40, aws.thumbprint().upper()]
    )
    assert aws.assume(ROLE)["Credentials"]


def test_a_forged_signature_is_refused(aws: World) -> None:
    with refused("InvalidIdentityToken", 400):
        aws.assume(ROLE, aws.issuer.forged())
    assert aws.decisions("sts:AssumeRoleWithWebIdentity")[-1]["rule"].startswith("signature:")


def test_an_expired_token_is_refused(aws: World) -> None:
    with refused("ExpiredTokenException", 400):
        aws.assume(ROLE, aws.issuer.token(exp=int(time.time()) - 1))


def test_a_token_expires_by_the_clock_of_aws(aws: World) -> None:
    with aws.switched(clock_offset_seconds=600), refused("ExpiredTokenException", 400):
        aws.assume(ROLE)


@pytest.mark.parametrize("claim", ["iss", "sub", "aud", "exp", "iat"])
def test_a_token_without_a_required_claim_is_refused(aws: World, claim: str) -> None:
    with refused("InvalidIdentityToken", 400, claim):
        aws.assume(ROLE, aws.issuer.token(**{claim: None}))


def test_a_token_from_the_future_is_refused(aws: World) -> None:
    with refused("InvalidIdentityToken", 400, "nbf"):
        aws.assume(ROLE, aws.issuer.token(nbf=int(time.time()) + 3600))


def test_an_unregistered_audience_is_told_apart_from_an_untrusted_one(aws: World) -> None:
    with refused("InvalidIdentityToken", 400, "Incorrect token audience"):
        aws.assume(ROLE, aws.issuer.token(aud="unregistered"))
    iam = aws.client("iam")
    for _ in range(2):
        iam.add_client_id_to_open_id_connect_provider(
            OpenIDConnectProviderArn=PROVIDER, ClientID="registered"
        )
    listed = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)["ClientIDList"]
    assert sorted(listed) == ["registered", AUDIENCE]
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        aws.assume(ROLE, aws.issuer.token(aud="registered"))
    for _ in range(2):
        iam.remove_client_id_from_open_id_connect_provider(
            OpenIDConnectProviderArn=PROVIDER, ClientID="registered"
        )
    with refused("InvalidIdentityToken", 400, "Incorrect token audience"):
        aws.assume(ROLE, aws.issuer.token(aud="registered"))


def test_the_subject_of_another_mount_is_not_trusted(aws: World) -> None:
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        aws.assume(ROLE, aws.issuer.token(sub="plugin-identity:root:secret:aws_ffffffff"))
    assert "sub" in aws.decisions("sts:AssumeRoleWithWebIdentity")[-1]["rule"]


def test_a_condition_key_with_a_scheme_never_matches(aws: World) -> None:
    role = aws.role("with-scheme", web_trust(prefix=f"https://{PREFIX}"))
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        aws.assume(role)


def test_a_condition_key_without_the_path_never_matches(aws: World) -> None:
    role = aws.role("host-alone", web_trust(prefix=HOST))
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        aws.assume(role)


def test_an_explicit_deny_in_the_trust_policy_wins(aws: World) -> None:
    role = aws.role("denied")
    trust = document(web_trust(), web_trust(effect="Deny"))
    aws.client("iam").update_assume_role_policy(RoleName="denied", PolicyDocument=trust)
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        aws.assume(role)
    rule = aws.decisions("sts:AssumeRoleWithWebIdentity")[-1]["rule"]
    assert rule.startswith("explicitly denied")


@pytest.mark.parametrize("account", [MAIN, "999999999999"])
def test_a_missing_role_is_not_told_apart_from_an_untrusting_one(aws: World, account: str) -> None:
    with refused("AccessDenied", 403, NOT_AUTHORIZED):
        aws.assume(f"arn:aws:iam::{account}:role/missing")


def test_a_session_policy_limits_the_session(aws: World) -> None:
    with refused("MalformedPolicyDocument", 400):
        aws.assume(ROLE, Policy="{")
    narrow = document(allow("iam:GetUser"))
    session = aws.assume(ROLE, Policy=narrow)["Credentials"]
    with refused("AccessDenied", 403, "because no session policy allows the iam:CreateUser action"):
        aws.client("iam", credentials=session).create_user(UserName="vault-x", Path="/vault/")


def test_no_log_line_holds_a_token_or_a_secret(aws: World) -> None:
    token = aws.issuer.token()
    session = aws.assume(ROLE, token)["Credentials"]
    logged = aws.home.decisions.read_text("utf-8")
    for secret in (token, session["SecretAccessKey"], session["SessionToken"], "false-secret"):
        assert secret not in logged
    assert aws.home.decisions.stat().st_mode & 0o777 == 0o600
