from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.laboratory.aws_front import MAIN, OTHER, allow, document, refused, world

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.aws_front import World

VAULT_USERS = f"arn:aws:iam::{MAIN}:user/vault/*"


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        built.provider()
        yield built


def trust_of(principal: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": principal}}
    return {**statement, **({"Condition": condition} if condition else {})}


def test_a_session_may_do_what_its_inline_policy_allows_and_nothing_else(aws: World) -> None:
    role = aws.role("creator", None, allow("iam:CreateUser", VAULT_USERS))
    session = aws.assume(role)["Credentials"]
    iam = aws.client("iam", credentials=session)
    arn = f"arn:aws:sts::{MAIN}:assumed-role/creator/vault-aws-secrets-1"
    created = iam.create_user(UserName="vault-a", Path="/vault/")["User"]
    assert created["UserId"].startswith("AIDA")
    with refused(
        "AccessDenied",
        403,
        f"User: {arn} is not authorized to perform: iam:CreateUser on resource: "
        f"arn:aws:iam::{MAIN}:user/elsewhere/vault-a because no identity-based policy allows the "
        "iam:CreateUser action",
    ):
        iam.create_user(UserName="vault-a", Path="/elsewhere/")
    with refused("AccessDenied", 403, "iam:ListUsers"):
        iam.list_users()
    entries = aws.decisions("iam:CreateUser")[-2:]
    assert [entry["outcome"] for entry in entries] == ["allowed", "refused"]
    assert {entry["principal"] for entry in entries} == {arn}
    assert {entry["session"] for entry in entries} == {"vault-aws-secrets-1"}
    assert {entry["account"] for entry in entries} == {MAIN}
    assert entries[0]["resource"] == f"arn:aws:iam::{MAIN}:user/vault/vault-a"
    assert "inline policy inline of role creator" in entries[0]["rule"]
    assert entries[1]["error"] == "AccessDenied"
    assert entries[0]["request_id"] != entries[1]["request_id"]


def test_an_explicit_deny_is_worded_as_such(aws: World) -> None:
    deny = {"Effect": "Deny", "Action": "iam:CreateUser", "Resource": "*"}
    role = aws.role("denier", None, allow("iam:*"), deny)
    session = aws.assume(role)["Credentials"]
    with refused("AccessDenied", 403, "with an explicit deny in an identity-based policy"):
        aws.client("iam", credentials=session).create_user(UserName="vault-b", Path="/vault/")


def test_a_boundary_limits_a_user_and_is_shown(aws: World) -> None:
    iam = aws.client("iam")
    boundary = iam.create_policy(
        PolicyName="boundary", PolicyDocument=document(allow("iam:GetUser"))
    )["Policy"]["Arn"]
    iam.create_user(UserName="bounded", PermissionsBoundary=boundary)
    iam.put_user_policy(
        UserName="bounded", PolicyName="all", PolicyDocument=document(allow("iam:*"))
    )
    shown = iam.get_user(UserName="bounded")["User"]["PermissionsBoundary"]
    assert shown["PermissionsBoundaryArn"] == boundary
    keys = iam.create_access_key(UserName="bounded")["AccessKey"]
    bounded = aws.client("iam", credentials=keys)
    assert bounded.get_user()["User"]["UserName"] == "bounded"
    with refused("AccessDenied", 403, "because no permissions boundary allows the iam:ListUsers"):
        bounded.list_users()
    with refused("DeleteConflict", 409):
        iam.delete_policy(PolicyArn=boundary)
    iam.delete_user_permissions_boundary(UserName="bounded")
    assert bounded.list_users()["Users"]


def test_a_user_asks_for_itself_by_leaving_the_name_out(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="vault-own", Path="/vault/")
    own = f"arn:aws:iam::{MAIN}:user/vault/${{aws:username}}"
    iam.put_user_policy(
        UserName="vault-own",
        PolicyName="own",
        PolicyDocument=document(allow("iam:GetUser", own)),
    )
    keys = iam.create_access_key(UserName="vault-own")["AccessKey"]
    user = aws.client("iam", credentials=keys)
    assert user.get_user()["User"]["Arn"] == f"arn:aws:iam::{MAIN}:user/vault/vault-own"
    with refused("AccessDenied", 403):
        user.get_user(UserName="bootstrap-administrator")


def test_a_session_must_name_the_user_it_asks_for(aws: World) -> None:
    role = aws.role("nameless", None, allow("iam:GetUser"))
    session = aws.assume(role)["Credentials"]
    with refused(
        "ValidationError", 400, "Must specify userName when calling with non-User credentials"
    ):
        aws.client("iam", credentials=session).get_user()


def test_a_session_ends_by_the_clock_of_aws(aws: World) -> None:
    role = aws.role("short")
    session = aws.assume(role, DurationSeconds=900)["Credentials"]
    sts = aws.client("sts", credentials=session)
    with aws.switched(clock_offset_seconds=890):
        assert sts.get_caller_identity()["Account"] == MAIN
    with aws.switched(clock_offset_seconds=901), refused("ExpiredToken", 403):
        sts.get_caller_identity()


def test_a_session_of_a_deleted_role_is_refused_even_if_the_role_returns(aws: World) -> None:
    role = aws.role("fleeting")
    sts = aws.client("sts", credentials=aws.assume(role)["Credentials"])
    assert sts.get_caller_identity()
    aws.client("iam").delete_role(RoleName="fleeting")
    with refused("InvalidClientTokenId", 403):
        sts.get_caller_identity()
    aws.role("fleeting")
    with refused("InvalidClientTokenId", 403):
        sts.get_caller_identity()


@pytest.mark.parametrize("token", [None, "wrong"])
def test_a_session_key_without_its_own_token_is_refused(aws: World, token: str | None) -> None:
    role = aws.role(f"token-{token}")
    session = {**aws.assume(role)["Credentials"], "SessionToken": token}
    with refused("InvalidClientTokenId", 403):
        aws.client("sts", credentials=session).get_caller_identity()


def test_session_credentials_get_no_other_temporary_credentials(aws: World) -> None:
    role = aws.role("federator", None, allow("sts:*"))
    sts = aws.client("sts", credentials=aws.assume(role)["Credentials"])
    with refused("AccessDenied", 403, "Cannot call GetSessionToken with session credentials"):
        sts.get_session_token()
    with refused("AccessDenied", 403, "Cannot call GetFederationToken with session credentials"):
        sts.get_federation_token(Name="someone")


def _user(aws: World, name: str, *statements: dict[str, Any]) -> dict[str, str]:
    iam = aws.client("iam")
    iam.create_user(UserName=name)
    policy = document(*statements)
    iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy)
    keys: dict[str, str] = iam.create_access_key(UserName=name)["AccessKey"]
    return keys


def test_a_user_gets_a_session_of_its_own_that_iam_does_not_know(aws: World) -> None:
    role = aws.role("by-token", trust_of(f"arn:aws:iam::{MAIN}:root"))
    long_term = _user(aws, "token", allow(["s3:ListAllMyBuckets", "iam:*"]), allow("sts:*", role))
    asked = aws.client("sts", credentials=long_term).get_session_token(DurationSeconds=900)
    life = asked["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(seconds=840) < life < timedelta(seconds=960)
    sts = aws.client("sts", credentials=asked["Credentials"])
    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{MAIN}:user/token"
    assert aws.client("s3", credentials=asked["Credentials"]).list_buckets()["Buckets"]
    with refused("InvalidClientTokenId", 403):
        aws.client("iam", credentials=asked["Credentials"]).get_user()
    with refused("AccessDenied", 403, "Cannot call GetFederationToken with session credentials"):
        sts.get_federation_token(Name="someone")
    longer = {"RoleArn": role, "RoleSessionName": "one", "DurationSeconds": 7200}
    with refused("ValidationError", 400, "MaxSessionDuration set for this role"):
        sts.assume_role(**longer)  # not by the hour of role chaining: this is no role's session
    assert sts.assume_role(**{**longer, "DurationSeconds": 900})["Credentials"]
    iam = aws.client("iam")
    iam.delete_user_policy(UserName="token", PolicyName="inline")
    with refused("AccessDenied", 403):
        aws.client("s3", credentials=asked["Credentials"]).list_buckets()
    iam.delete_access_key(UserName="token", AccessKeyId=long_term["AccessKeyId"])
    iam.delete_user(UserName="token")
    with refused("InvalidClientTokenId", 403):
        sts.get_caller_identity()


def test_a_federated_user_may_what_both_the_user_and_the_passed_policy_allow(aws: World) -> None:
    federated = f"arn:aws:sts::{MAIN}:federated-user/bob"
    may = allow(["s3:ListAllMyBuckets", "ec2:DescribeVpcs", "iam:*"])
    long_term = _user(aws, "broker", may, allow("sts:GetFederationToken", federated))
    sts = aws.client("sts", credentials=long_term)
    with refused("AccessDenied", 403, "federated-user/eve because no identity-based policy"):
        sts.get_federation_token(Name="eve")
    with refused("AccessDenied", 403, "sts:TagSession"):
        sts.get_federation_token(Name="bob", Tags=[{"Key": "Team", "Value": "one"}])
    policy = document(allow(["s3:ListAllMyBuckets", "dynamodb:ListTables", "iam:*", "sts:*"]))
    asked = sts.get_federation_token(Name="bob", Policy=policy)
    assert asked["FederatedUser"] == {"FederatedUserId": f"{MAIN}:bob", "Arn": federated}
    keys = asked["Credentials"]
    identity = aws.client("sts", credentials=keys).get_caller_identity()
    assert (identity["Arn"], identity["UserId"]) == (federated, f"{MAIN}:bob")
    assert aws.client("s3", credentials=keys).list_buckets()["Buckets"]
    with refused("UnauthorizedOperation", 403, "no session policy allows the ec2:DescribeVpcs"):
        aws.client("ec2", credentials=keys).describe_vpcs()
    with refused("AccessDeniedException", 400, "no identity-based policy allows"):
        aws.client("dynamodb", credentials=keys).list_tables()
    with refused("InvalidClientTokenId", 403):
        aws.client("iam", credentials=keys).list_users()
    with refused("AccessDenied", 403, "Cannot call AssumeRole with session credentials"):
        aws.client("sts", credentials=keys).assume_role(
            RoleArn=f"arn:aws:iam::{MAIN}:role/any", RoleSessionName="one"
        )
    nothing = sts.get_federation_token(Name="bob")["Credentials"]
    with refused("AccessDenied", 403, "no session policy allows the s3:ListAllMyBuckets"):
        aws.client("s3", credentials=nothing).list_buckets()


def test_a_role_is_assumed_only_if_both_sides_allow_it(aws: World) -> None:
    target = f"arn:aws:iam::{MAIN}:role/target"
    assumer = aws.role("assumer", None, allow("sts:AssumeRole", target))
    bystander = aws.role("bystander")
    aws.role("target", trust_of(f"arn:aws:iam::{MAIN}:root"))
    allowed = aws.client("sts", credentials=aws.assume(assumer)["Credentials"])
    given = allowed.assume_role(RoleArn=target, RoleSessionName="chained")
    assert given["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{MAIN}:assumed-role/target/chained"
    unprivileged = aws.client("sts", credentials=aws.assume(bystander)["Credentials"])
    with refused("AccessDenied", 403, "is not authorized to perform: sts:AssumeRole on resource"):
        unprivileged.assume_role(RoleArn=target, RoleSessionName="chained")
    aws.client("iam").update_assume_role_policy(
        RoleName="target", PolicyDocument=document(trust_of(bystander))
    )
    with refused("AccessDenied", 403):
        allowed.assume_role(RoleArn=target, RoleSessionName="chained")
    # The trust policy names this one itself, in its own account: nothing else is needed.
    assert unprivileged.assume_role(RoleArn=target, RoleSessionName="chained")


def test_a_chained_session_lasts_at_most_an_hour(aws: World) -> None:
    target = f"arn:aws:iam::{MAIN}:role/long"
    chainer = aws.role("chainer", None, allow("sts:AssumeRole", target))
    iam = aws.client("iam")
    iam.create_role(
        RoleName="long",
        MaxSessionDuration=7200,
        AssumeRolePolicyDocument=document(trust_of(f"arn:aws:iam::{MAIN}:root")),
    )
    request = {"RoleArn": target, "RoleSessionName": "long", "DurationSeconds": 7200}
    assert aws.client("sts").assume_role(**request)
    sts = aws.client("sts", credentials=aws.assume(chainer)["Credentials"])
    with refused(
        "ValidationError",
        400,
        "exceeds the 1 hour session limit for roles assumed by role chaining",
    ):
        sts.assume_role(**request)


def test_another_account_needs_the_external_id(aws: World) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "agreed"}}
    role = aws.role("across", trust_of(f"arn:aws:iam::{OTHER}:root", condition))
    sts = aws.client("sts", account=OTHER)
    with refused("AccessDenied", 403):
        sts.assume_role(RoleArn=role, RoleSessionName="visitor")
    given = sts.assume_role(RoleArn=role, RoleSessionName="visitor", ExternalId="agreed")
    session = aws.client("sts", credentials=given["Credentials"]).get_caller_identity()
    assert session["Account"] == MAIN


def test_session_tags_need_their_own_permission_and_reach_the_policies(aws: World) -> None:
    iam = aws.client("iam")
    everyone = f"arn:aws:iam::{MAIN}:root"
    role = aws.role(
        "taggable",
        trust_of(everyone),
        {
            **allow("iam:ListUsers"),
            "Condition": {"StringEquals": {"aws:PrincipalTag/team": "core"}},
        },
    )
    request: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "tagged"}
    tags = [{"Key": "team", "Value": "core"}]
    with refused("AccessDenied", 403, "sts:TagSession"):
        aws.client("sts").assume_role(**request, Tags=tags)
    trust = {**trust_of(everyone), "Action": ["sts:AssumeRole", "sts:TagSession"]}
    iam.update_assume_role_policy(RoleName="taggable", PolicyDocument=document(trust))
    untagged = aws.client("sts").assume_role(**request)["Credentials"]
    with refused("AccessDenied", 403):
        aws.client("iam", credentials=untagged).list_users()
    tagged = aws.client("sts").assume_role(**request, Tags=tags)["Credentials"]
    assert aws.client("iam", credentials=tagged).list_users()["Users"]


TAGGED_USERS = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Action": "iam:CreateUser",
            "Resource": "*",
            "Condition": {"Null": {"aws:RequestTag/Team": "true"}},
        }
    ],
}


def test_what_an_organisation_demands_binds_the_administrator_as_well(aws: World) -> None:
    iam = aws.client("iam")
    with aws.switched(service_control_policy=TAGGED_USERS):
        with refused(
            "AccessDenied",
            403,
            f"iam:CreateUser on resource: arn:aws:iam::{MAIN}:user/untagged with an explicit deny "
            "in a service control policy",
        ):
            iam.create_user(UserName="untagged")
        iam.create_user(UserName="of-a-team", Tags=[{"Key": "Team", "Value": "one"}])
        assert iam.list_users()["Users"], "what the policy does not name is as before"
    only_listing = {"Statement": {"Effect": "Allow", "Action": "iam:ListUsers", "Resource": "*"}}
    with aws.switched(service_control_policy=only_listing):
        iam.create_user(UserName="untagged")  # FullAWSAccess is attached besides
    rule = aws.decisions("iam:CreateUser")[-3]["rule"]
    assert rule == "explicitly denied by the service control policy, statement 1"


def test_accounts_do_not_see_each_other(aws: World) -> None:
    aws.client("iam").create_user(UserName="here")
    with refused("NoSuchEntity", 404):
        aws.client("iam", account=OTHER).get_user(UserName="here")


def test_a_recreated_principal_is_not_the_one_that_was_trusted(aws: World) -> None:
    trusted = aws.role("trusted", None, allow("sts:AssumeRole"))
    target = aws.role("guarded", trust_of(trusted))
    request = {"RoleArn": target, "RoleSessionName": "guest"}
    assert aws.client("sts", credentials=aws.assume(trusted)["Credentials"]).assume_role(**request)
    iam = aws.client("iam")
    iam.delete_role_policy(RoleName="trusted", PolicyName="inline")
    iam.delete_role(RoleName="trusted")
    trust = iam.get_role(RoleName="guarded")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"]["AWS"][0].startswith("AROA")
    aws.role("trusted", None, allow("sts:AssumeRole"))
    with refused("AccessDenied", 403):
        aws.client("sts", credentials=aws.assume(trusted)["Credentials"]).assume_role(**request)


def test_changes_take_effect_after_the_propagation_delay_only(aws: World) -> None:
    role = aws.role("late", None, allow("iam:GetUser"))
    iam = aws.client("iam", credentials=aws.assume(role)["Credentials"])
    administrator = aws.client("iam")
    with aws.switched(propagation_delay_seconds=3600):
        administrator.create_role(
            RoleName="unseen",
            AssumeRolePolicyDocument=document(trust_of(f"arn:aws:iam::{MAIN}:root")),
        )
        assert administrator.get_role(RoleName="unseen")
        with refused("AccessDenied", 403):
            aws.client("sts").assume_role(
                RoleArn=f"arn:aws:iam::{MAIN}:role/unseen", RoleSessionName="early"
            )
        administrator.create_user(UserName="unlisted", Path="/late/")
        assert administrator.get_user(UserName="unlisted")
        assert administrator.list_users(PathPrefix="/late/")["Users"] == []
        administrator.delete_role_policy(RoleName="late", PolicyName="inline")
        assert iam.get_user(UserName="bootstrap-administrator")
        keys = administrator.create_access_key(UserName="bootstrap-administrator")["AccessKey"]
        with refused("InvalidClientTokenId", 403):
            aws.client("sts", credentials=keys).get_caller_identity()
    assert aws.client("sts", credentials=keys).get_caller_identity()
    assert len(administrator.list_users(PathPrefix="/late/")["Users"]) == 1
    administrator.delete_user(UserName="unlisted")
    with refused("AccessDenied", 403):
        iam.get_user(UserName="bootstrap-administrator")
    administrator.delete_access_key(
        UserName="bootstrap-administrator", AccessKeyId=keys["AccessKeyId"]
    )
