from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from lab.aws.front.actions import (
    AuthorizationNeed,
    Call,
    InvalidParameter,
    UnknownOperation,
    authorization_requests,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

ACCOUNT = "123456789012"
IAM = f"arn:aws:iam::{ACCOUNT}:"
PATH = "/vault/dev-root-aws/"
BOUNDARY = f"{IAM}policy/boundary"
ROLE_BOUNDARY = f"{IAM}policy/role-boundary"
POLICY = f"{IAM}policy/team/read"
PROVIDER = f"{IAM}oidc-provider/vault.lab.test/v1/identity/oidc/plugins"
TARGET = f"{IAM}role/teams/deploy"


@dataclass(frozen=True)
class Account:
    """Where everything exists that is asked for, except what is called absent."""

    tagged: dict[str, dict[str, str]] = field(default_factory=dict)

    def user_path(self, name: str) -> str | None:
        return None if name == "absent" else PATH

    def role_path(self, name: str) -> str | None:
        return None if name == "absent" else "/roles/"

    def group_path(self, name: str) -> str | None:
        return None if name == "absent" else "/groups/"

    def instance_profile_path(self, name: str) -> str | None:
        return None if name == "absent" else "/profiles/"

    def user_boundary(self, name: str) -> str | None:
        return None if name == "absent" else BOUNDARY

    def role_boundary(self, name: str) -> str | None:
        return None if name == "absent" else ROLE_BOUNDARY

    def access_key_owner(self, access_key_id: str) -> str | None:
        return "bob" if access_key_id == "KEY-OF-BOB" else None

    def tags(self, resource: str) -> Mapping[str, str]:
        return self.tagged.get(resource, {})


def call(operation: str, service: str = "iam", **parameters: str) -> Call:
    return Call(
        service=service,
        operation=operation,
        parameters={name.replace("__", "."): value for name, value in parameters.items()},
        account=ACCOUNT,
        partition="aws",
        caller_arn=f"{IAM}user/alice",
        caller_user_name="alice",
    )


def asked(operation: str, service: str = "iam", **parameters: str) -> list[tuple[str, str]]:
    needs = authorization_requests(call(operation, service, **parameters), Account())
    return [(need.action, need.resource) for need in needs]


def context(operation: str, service: str = "iam", **parameters: str) -> dict[str, tuple[str, ...]]:
    return dict(
        authorization_requests(call(operation, service, **parameters), Account())[0].context
    )


TAGS = {
    "Tags__member__1__Key": "team",
    "Tags__member__1__Value": "blue",
    "Tags__member__2__Key": "empty",
    "Tags__member__2__Value": "",
}
TAG_KEYS = {
    "aws:TagKeys": ("team", "empty"),
    "aws:RequestTag/team": ("blue",),
    "aws:RequestTag/empty": ("",),
}


# Resources.


@pytest.mark.parametrize(
    ("operation", "parameters", "resource"),
    [
        ("ListUsers", {}, "*"),
        ("GetAccountSummary", {}, "*"),
        ("ListOpenIDConnectProviders", {}, "*"),
        ("GetUser", {"UserName": "bob"}, f"{IAM}user{PATH}bob"),
        ("GetUser", {}, f"{IAM}user{PATH}alice"),
        ("CreateAccessKey", {}, f"{IAM}user{PATH}alice"),
        ("ListAccessKeys", {"UserName": "bob"}, f"{IAM}user{PATH}bob"),
        ("DeleteAccessKey", {"AccessKeyId": "KEY-OF-BOB"}, f"{IAM}user{PATH}alice"),
        ("GetAccessKeyLastUsed", {"AccessKeyId": "KEY-OF-BOB"}, f"{IAM}user{PATH}bob"),
        ("GetAccessKeyLastUsed", {"AccessKeyId": "KEY-OF-NOBODY"}, "*"),
        ("DeleteUser", {"UserName": "absent"}, f"{IAM}user/absent"),
        ("DeleteRole", {"RoleName": "absent"}, f"{IAM}role/absent"),
        ("DeleteGroup", {"GroupName": "absent"}, f"{IAM}group/absent"),
        ("CreateUser", {"UserName": "new"}, f"{IAM}user/new"),
        ("CreateUser", {"UserName": "new", "Path": "/a/b/"}, f"{IAM}user/a/b/new"),
        ("AddUserToGroup", {"UserName": "bob", "GroupName": "g"}, f"{IAM}group/groups/g"),
        ("RemoveUserFromGroup", {"UserName": "bob", "GroupName": "g"}, f"{IAM}group/groups/g"),
        ("ListGroupsForUser", {"UserName": "bob"}, f"{IAM}user{PATH}bob"),
        ("CreateGroup", {"GroupName": "g", "Path": "/x/"}, f"{IAM}group/x/g"),
        ("ListInstanceProfiles", {}, f"{IAM}instance-profile/"),
        ("ListInstanceProfiles", {"PathPrefix": "/a/"}, f"{IAM}instance-profile/a/"),
        ("GetRole", {"RoleName": "r"}, f"{IAM}role/roles/r"),
        ("CreateRole", {"RoleName": "r", "Path": "/x/"}, f"{IAM}role/x/r"),
        ("ListInstanceProfilesForRole", {"RoleName": "r"}, f"{IAM}role/roles/r"),
        (
            "GetInstanceProfile",
            {"InstanceProfileName": "p"},
            f"{IAM}instance-profile/profiles/p",
        ),
        ("CreatePolicy", {"PolicyName": "read", "Path": "/team/"}, POLICY),
        ("GetPolicyVersion", {"PolicyArn": POLICY, "VersionId": "v1"}, POLICY),
        (
            "CreateOpenIDConnectProvider",
            {"Url": "https://vault.lab.test/v1/identity/oidc/plugins"},
            PROVIDER,
        ),
        ("AddClientIDToOpenIDConnectProvider", {"OpenIDConnectProviderArn": PROVIDER}, PROVIDER),
        ("DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": PROVIDER}, PROVIDER),
    ],
)
def test_each_operation_is_authorised_on_the_resource_that_aws_names(
    operation: str, parameters: dict[str, str], resource: str
) -> None:
    assert asked(operation, **parameters) == [(f"iam:{operation}", resource)]


def test_the_partition_of_the_account_is_the_resources_partition() -> None:
    request = replace(call("GetUser", UserName="bob"), partition="aws-us-gov")
    (need,) = authorization_requests(request, Account())
    assert need.resource == f"arn:aws-us-gov:iam::{ACCOUNT}:user{PATH}bob"


def test_a_caller_that_is_no_user_must_name_one() -> None:
    session = replace(call("GetUser"), caller_user_name=None)
    with pytest.raises(InvalidParameter, match="Must specify userName"):
        authorization_requests(session, Account())
    named = replace(call("GetUser", UserName="bob"), caller_user_name=None)
    assert authorization_requests(named, Account())[0].resource == f"{IAM}user{PATH}bob"


def test_renaming_is_authorised_on_both_names() -> None:
    assert asked("UpdateUser", UserName="bob", NewUserName="eve", NewPath="/other/") == [
        ("iam:UpdateUser", f"{IAM}user{PATH}bob"),
        ("iam:UpdateUser", f"{IAM}user/other/eve"),
    ]
    assert asked("UpdateGroup", GroupName="g", NewGroupName="h") == [
        ("iam:UpdateGroup", f"{IAM}group/groups/g"),
        ("iam:UpdateGroup", f"{IAM}group/groups/h"),
    ]


def test_putting_a_role_into_an_instance_profile_passes_the_role() -> None:
    needs = authorization_requests(
        call("AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="r"), Account()
    )
    assert [(need.action, need.resource) for need in needs] == [
        ("iam:AddRoleToInstanceProfile", f"{IAM}instance-profile/profiles/p"),
        ("iam:PassRole", f"{IAM}role/roles/r"),
    ]
    assert needs[1].context == {"iam:PassedToService": ("ec2.amazonaws.com",)}


# Condition keys.


@pytest.mark.parametrize(
    ("operation", "parameters", "keys"),
    [
        ("CreateUser", {"UserName": "bob"}, {}),
        (
            "CreateUser",
            {"UserName": "bob", "PermissionsBoundary": POLICY},
            {"iam:PermissionsBoundary": (POLICY,)},
        ),
        ("CreateUser", {"UserName": "bob", **TAGS}, TAG_KEYS),
        ("CreateRole", {"RoleName": "r"}, {}),
        ("PutUserPolicy", {"UserName": "bob"}, {"iam:PermissionsBoundary": (BOUNDARY,)}),
        ("PutUserPolicy", {"UserName": "absent"}, {}),
        ("DeleteUserPolicy", {"UserName": "bob"}, {"iam:PermissionsBoundary": (BOUNDARY,)}),
        (
            "AttachUserPolicy",
            {"UserName": "bob", "PolicyArn": POLICY},
            {"iam:PermissionsBoundary": (BOUNDARY,), "iam:PolicyARN": (POLICY,)},
        ),
        (
            "AttachGroupPolicy",
            {"GroupName": "g", "PolicyArn": POLICY},
            {"iam:PolicyARN": (POLICY,)},
        ),
        (
            "PutUserPermissionsBoundary",
            {"UserName": "bob", "PermissionsBoundary": POLICY},
            {"iam:PermissionsBoundary": (POLICY,)},
        ),
        (
            "DeleteUserPermissionsBoundary",
            {"UserName": "bob"},
            {"iam:PermissionsBoundary": (BOUNDARY,)},
        ),
        ("DeleteRolePolicy", {"RoleName": "r"}, {"iam:PermissionsBoundary": (ROLE_BOUNDARY,)}),
        ("DeleteUser", {"UserName": "bob"}, {}),
        ("TagUser", {"UserName": "bob", **TAGS}, TAG_KEYS),
        (
            "UntagUser",
            {"UserName": "bob", "TagKeys__member__2": "b", "TagKeys__member__1": "a"},
            {"aws:TagKeys": ("a", "b")},
        ),
    ],
)
def test_each_operation_brings_its_condition_keys(
    operation: str, parameters: dict[str, str], keys: dict[str, tuple[str, ...]]
) -> None:
    assert context(operation, **parameters) == keys


def test_the_resources_tags_are_condition_keys() -> None:
    user, provider = f"{IAM}user{PATH}bob", PROVIDER
    account = Account(tagged={user: {"team": "blue"}, provider: {"team": "red"}})
    (need,) = authorization_requests(call("DeleteUser", UserName="bob"), account)
    assert need.context == {"aws:ResourceTag/team": ("blue",), "iam:ResourceTag/team": ("blue",)}
    request = call("GetOpenIDConnectProvider", OpenIDConnectProviderArn=provider)
    (need,) = authorization_requests(request, account)
    assert need.context == {"aws:ResourceTag/team": ("red",)}


@pytest.mark.parametrize(
    ("operation", "parameters", "resource"),
    [
        ("User", {"UserName": "new", "Path": PATH}, f"{IAM}user{PATH}new"),
        ("Role", {"RoleName": "new"}, f"{IAM}role/new"),
        ("Policy", {"PolicyName": "new"}, f"{IAM}policy/new"),
        ("InstanceProfile", {"InstanceProfileName": "new"}, f"{IAM}instance-profile/new"),
        ("OpenIDConnectProvider", {"Url": "https://a.test/b"}, f"{IAM}oidc-provider/a.test/b"),
    ],
)
def test_creating_with_tags_needs_the_right_to_tag_as_well(
    operation: str, parameters: dict[str, str], resource: str
) -> None:
    create = (f"iam:Create{operation}", resource)
    assert asked(f"Create{operation}", **parameters) == [create]
    tagged = authorization_requests(call(f"Create{operation}", **parameters, **TAGS), Account())
    assert [(need.action, need.resource) for need in tagged] == [
        create,
        (f"iam:Tag{operation}", resource),
    ]
    assert [need.context for need in tagged] == [TAG_KEYS, TAG_KEYS]


# STS and EC2.


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "GetSessionToken"])
def test_some_operations_need_no_permission(operation: str) -> None:
    assert asked(operation, "sts") == []


def test_assuming_a_role_is_authorised_on_the_role_with_what_the_call_says() -> None:
    (need,) = authorization_requests(
        call("AssumeRole", "sts", RoleArn=TARGET, RoleSessionName="s", ExternalId="x"), Account()
    )
    assert need == AuthorizationNeed(
        action="sts:AssumeRole",
        resource=TARGET,
        context={"sts:RoleSessionName": ("s",), "sts:ExternalId": ("x",)},
    )


def test_session_tags_and_a_source_identity_are_permissions_of_their_own() -> None:
    needs = authorization_requests(
        call(
            "AssumeRole",
            "sts",
            RoleArn=TARGET,
            RoleSessionName="s",
            SourceIdentity="bob",
            TransitiveTagKeys__member__1="team",
            **TAGS,
        ),
        Account(),
    )
    assert [(need.action, need.resource) for need in needs] == [
        ("sts:AssumeRole", TARGET),
        ("sts:TagSession", TARGET),
        ("sts:SetSourceIdentity", TARGET),
    ]
    expected = {
        "sts:RoleSessionName": ("s",),
        "sts:SourceIdentity": ("bob",),
        "sts:TransitiveTagKeys": ("team",),
        **TAG_KEYS,
    }
    assert [need.context for need in needs] == [expected] * 3


def test_a_web_identity_is_authorised_on_the_role() -> None:
    request = call("AssumeRoleWithWebIdentity", "sts", RoleArn=TARGET, RoleSessionName="s")
    (need,) = authorization_requests(request, Account())
    assert (need.action, need.resource) == ("sts:AssumeRoleWithWebIdentity", TARGET)
    assert need.context == {"sts:RoleSessionName": ("s",)}


def test_a_federation_token_is_authorised_on_the_federated_user() -> None:
    resource = f"arn:aws:sts::{ACCOUNT}:federated-user/bob"
    assert asked("GetFederationToken", "sts", Name="bob") == [("sts:GetFederationToken", resource)]
    assert asked("GetFederationToken", "sts", Name="bob", **TAGS) == [
        ("sts:GetFederationToken", resource),
        ("sts:TagSession", resource),
    ]


# What cannot be authorised.


@pytest.mark.parametrize(
    ("service", "operation", "message"),
    [
        ("iam", "ResyncMFADevice", "iam:ResyncMFADevice; it knows AddClientID"),
        ("iam", "getuser", "iam:getuser"),
        ("sts", "GetUser", "sts:GetUser; it knows AssumeRole, "),
        ("s3", "PutObject", "s3:PutObject; it knows nothing of s3"),
    ],
)
def test_an_operation_that_is_not_in_the_table_is_refused(
    service: str, operation: str, message: str
) -> None:
    with pytest.raises(UnknownOperation, match=message):
        authorization_requests(call(operation, service), Account())


@pytest.mark.parametrize(
    ("operation", "parameter"),
    [("DeleteUser", "UserName"), ("AddUserToGroup", "GroupName"), ("GetPolicy", "PolicyArn")],
)
def test_a_missing_parameter_is_named(operation: str, parameter: str) -> None:
    with pytest.raises(InvalidParameter, match=f"{operation} needs the parameter {parameter}"):
        authorization_requests(call(operation), Account())
