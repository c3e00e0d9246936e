from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from tests.lab.laboratory.aws_front import (
    AUDIENCE,
    HOST,
    ISSUER,
    MAIN,
    PROVIDER,
    allow,
    document,
    refused,
    web_trust,
    world,
)
from tests.unit.chains import certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_iam import IAMClient

    from tests.lab.laboratory.aws_front import World


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("front")) as built:
        built.provider()
        yield built


@pytest.mark.parametrize(
    "url",
    [
        "http://issuer.lab.test",
        "https://issuer.lab.test:8200",
        "https://issuer.lab.test/path?query=1",
        "https://issuer.lab.test/path?",
        "https://issuer.lab.test/#fragment",
        "issuer.lab.test",
    ],
)
def test_an_issuer_url_that_aws_refuses_is_refused(aws: World, url: str) -> None:
    with refused("InvalidInput", 400):
        aws.client("iam").create_open_id_connect_provider(Url=url, ThumbprintList=["0" * 40])


@pytest.mark.parametrize(
    ("thumbprints", "code"),
    [
        (["0" * 39], "ValidationError"),
        (["g" * 40], "InvalidInput"),
        (["0" * 40] * 6, "InvalidInput"),
    ],
)
def test_a_thumbprint_is_forty_hexadecimal_digits(
    aws: World, thumbprints: list[str], code: str
) -> None:
    iam = aws.client("iam")
    with refused(code, 400):
        iam.create_open_id_connect_provider(
            Url="https://issuer.lab.test", ThumbprintList=thumbprints
        )
    with refused(code, 400):
        iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=PROVIDER, ThumbprintList=thumbprints
        )


def test_an_update_needs_a_thumbprint(aws: World) -> None:
    with refused("InvalidInput", 400):
        aws.client("iam").update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=PROVIDER, ThumbprintList=[]
        )


def test_a_provider_is_unique_and_its_deletion_is_idempotent(aws: World) -> None:
    iam = aws.client("iam")
    with refused("EntityAlreadyExists", 409, ISSUER):
        iam.create_open_id_connect_provider(Url=ISSUER, ThumbprintList=["0" * 40])
    created = iam.create_open_id_connect_provider(
        Url="https://other.lab.test", ThumbprintList=["AB" * 20]
    )["OpenIDConnectProviderArn"]
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=created)
    assert got["ThumbprintList"] == ["AB" * 20]
    for _ in range(2):
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=created)
    with refused("NoSuchEntity", 404):
        iam.get_open_id_connect_provider(OpenIDConnectProviderArn=created)


def test_iam_fetches_the_thumbprint_that_nobody_gave(aws: World) -> None:
    iam = aws.client("iam")
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    request: dict[str, Any] = {"Url": ISSUER, "ClientIDList": [AUDIENCE]}
    with aws.switched(unreachable=(HOST,)), refused("OpenIdIdpCommunicationError", 400):
        iam.create_open_id_connect_provider(**request)
    iam.create_open_id_connect_provider(**request)
    got = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert got["ThumbprintList"] == [aws.thumbprint()]


@pytest.mark.parametrize(
    ("changes", "code", "status"),
    [
        ({"RoleName": "r" * 65}, "ValidationError", 400),
        ({"RoleName": "no spaces"}, "ValidationError", 400),
        ({"Path": "vault"}, "ValidationError", 400),
        ({"MaxSessionDuration": 3599}, "ValidationError", 400),
        ({"MaxSessionDuration": 43201}, "ValidationError", 400),
        ({"Description": "d" * 1001}, "ValidationError", 400),
        ({"Tags": [{"Key": f"k{n}", "Value": "v"} for n in range(51)]}, "ValidationError", 400),
        ({"Tags": [{"Key": "k" * 129, "Value": "v"}]}, "ValidationError", 400),
        ({"AssumeRolePolicyDocument": "{"}, "MalformedPolicyDocument", 400),
        (
            {"AssumeRolePolicyDocument": document(allow("sts:AssumeRole"))},
            "MalformedPolicyDocument",
            400,
        ),
        (
            {"AssumeRolePolicyDocument": document({**web_trust(), "Resource": "*"})},
            "MalformedPolicyDocument",
            400,
        ),
        (
            {"AssumeRolePolicyDocument": document({**web_trust(), "Action": "iam:GetUser"})},
            "MalformedPolicyDocument",
            400,
        ),
        (
            {
                "AssumeRolePolicyDocument": document(
                    {
                        "Effect": "Allow",
                        "Action": "sts:AssumeRole",
                        "Principal": {"AWS": f"arn:aws:iam::{MAIN}:role/missing"},
                    }
                )
            },
            "MalformedPolicyDocument",
            400,
        ),
        (
            {"AssumeRolePolicyDocument": document(web_trust(audience="a" * 2048))},
            "LimitExceeded",
            409,
        ),
        (
            {"PermissionsBoundary": f"arn:aws:iam::{MAIN}:policy/missing"},
            "NoSuchEntity",
            404,
        ),
    ],
)
def test_a_role_that_aws_refuses_is_refused(
    aws: World, changes: dict[str, Any], code: str, status: int
) -> None:
    request = {"RoleName": "strict", "AssumeRolePolicyDocument": document(web_trust()), **changes}
    iam = aws.client("iam")
    with refused(code, status):
        iam.create_role(**request)
    with refused("NoSuchEntity", 404):
        iam.get_role(RoleName="strict")


def test_names_are_unique_whatever_their_case(aws: World) -> None:
    aws.role("Workload")
    iam = aws.client("iam")
    with refused("EntityAlreadyExists", 409):
        aws.role("workload")
    iam.create_user(UserName="Somebody")
    iam.create_user(UserName="Else")
    iam.create_group(GroupName="Crew")
    iam.create_policy(PolicyName="Named", PolicyDocument=document(allow("iam:GetUser")))
    iam.create_instance_profile(InstanceProfileName="Server")
    with refused("EntityAlreadyExists", 409, "User with name somebody already exists."):
        iam.create_user(UserName="somebody")
    with refused("EntityAlreadyExists", 409, "User with name somebody already exists."):
        iam.update_user(UserName="Else", NewUserName="somebody")
    with refused("EntityAlreadyExists", 409, "Group with name crew already exists."):
        iam.create_group(GroupName="crew")
    with refused("EntityAlreadyExists", 409, "Instance Profile SERVER already exists."):
        iam.create_instance_profile(InstanceProfileName="SERVER")
    with refused("EntityAlreadyExists", 409, "A policy called NAMED already exists. Duplicate"):
        iam.create_policy(
            PolicyName="NAMED", Path="/other/", PolicyDocument=document(allow("iam:GetUser"))
        )


def test_inline_policies_of_a_role_share_one_quota(aws: World) -> None:
    aws.role("full")
    iam = aws.client("iam")
    large = document(allow([f"iam:{'A' * 100}{n}" for n in range(90)]))
    assert 9_000 < len(large) < 10_240 + 90
    iam.put_role_policy(RoleName="full", PolicyName="first", PolicyDocument=large)
    iam.put_role_policy(RoleName="full", PolicyName="first", PolicyDocument=large)
    with refused("LimitExceeded", 409, "10240"):
        iam.put_role_policy(RoleName="full", PolicyName="second", PolicyDocument=large)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        document({**allow("iam:GetUser"), "Principal": "*"}),
        document({**allow("iam:GetUser"), "Condition": {"StringIsh": {"aws:username": "a"}}}),
        document({"Effect": "Allow", "Action": "iam:GetUser"}),
    ],
)
def test_an_inline_policy_that_cannot_be_judged_is_refused(aws: World, text: str) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="judged")
    try:
        with refused("MalformedPolicyDocument", 400):
            iam.put_user_policy(UserName="judged", PolicyName="p", PolicyDocument=text)
    finally:
        iam.delete_user(UserName="judged")


def test_numbers_and_zones_in_conditions_are_taken_and_kept_as_they_were_written(
    aws: World,
) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="conditional")
    condition = {
        "NumericLessThanEquals": {"s3:max-keys": 10},
        "BinaryEquals": {"aws:any": "QmluYXJ5"},
        "DateLessThan": {"aws:CurrentTime": "2030-01-31T12:00:00-05:00"},
    }
    text = document({**allow("s3:ListBucket"), "Condition": condition})
    iam.put_user_policy(UserName="conditional", PolicyName="p", PolicyDocument=text)
    kept = iam.get_user_policy(UserName="conditional", PolicyName="p")["PolicyDocument"]
    assert kept == json.loads(text)
    iam.create_policy(PolicyName="conditional", PolicyDocument=text)


def test_a_user_in_use_cannot_be_deleted(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="busy")
    iam.create_group(GroupName="crowd")
    iam.add_user_to_group(GroupName="crowd", UserName="busy")
    keys = iam.create_access_key(UserName="busy")["AccessKey"]
    with refused("DeleteConflict", 409, "access keys"):
        iam.delete_user(UserName="busy")
    iam.delete_access_key(UserName="busy", AccessKeyId=keys["AccessKeyId"])
    with refused("DeleteConflict", 409, "group"):
        iam.delete_user(UserName="busy")
    iam.remove_user_from_group(GroupName="crowd", UserName="busy")
    iam.delete_user(UserName="busy")
    with refused("NoSuchEntity", 404):
        iam.get_user(UserName="busy")


def _keeping(iam: IAMClient, user: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Give a user, one after the other, what AWS deletes no user with; yield words and remedy."""
    name: Any = {"UserName": user}
    iam.create_login_profile(**name, Password="false-password-1")
    yield "must delete login profile first.", lambda: iam.delete_login_profile(**name)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName=user)["VirtualMFADevice"]
    serial = {"SerialNumber": device["SerialNumber"]}
    iam.enable_mfa_device(
        **name, **serial, AuthenticationCode1="123456", AuthenticationCode2="654321"
    )
    with refused("DeleteConflict", 409, "MFA VirtualDevice in use. Must deactivate first."):
        iam.delete_virtual_mfa_device(**serial)
    yield "must delete MFA device first.", lambda: iam.deactivate_mfa_device(**name, **serial)
    iam.delete_virtual_mfa_device(**serial)
    pem = ssl.DER_cert_to_PEM_cert(certificate("somebody", "authority"))
    signing = iam.upload_signing_certificate(**name, CertificateBody=pem)["Certificate"]
    with refused("LimitExceeded", 409, "Cannot exceed quota for CertificatesPerUser: 2"):
        for _ in range(2):
            second = iam.upload_signing_certificate(**name, CertificateBody=pem)["Certificate"]
    iam.delete_signing_certificate(**name, CertificateId=second["CertificateId"])
    yield (
        "must delete certificates first.",
        lambda: iam.delete_signing_certificate(**name, CertificateId=signing["CertificateId"]),
    )
    key = iam.upload_ssh_public_key(**name, SSHPublicKeyBody="ssh-rsa false")["SSHPublicKey"]
    yield (
        "must remove referenced objects first.",
        lambda: iam.delete_ssh_public_key(**name, SSHPublicKeyId=key["SSHPublicKeyId"]),
    )
    git: Any = {**name, "ServiceName": "codecommit.amazonaws.com"}
    own, other = (
        iam.create_service_specific_credential(**git)["ServiceSpecificCredential"] for _ in "12"
    )
    with refused("LimitExceeded", 409, "quota for ServiceSpecificCredentialsPerUser: 2"):
        iam.create_service_specific_credential(**git)
    with refused("NotSupportedService", 404):
        iam.create_service_specific_credential(**{**git, "ServiceName": "s3.amazonaws.com"})
    shown = iam.list_service_specific_credentials(**git)["ServiceSpecificCredentials"]
    assert len(shown) == 2
    assert "ServicePassword" in own
    assert "ServicePassword" not in shown[0]
    iam.delete_service_specific_credential(
        ServiceSpecificCredentialId=other["ServiceSpecificCredentialId"], **name
    )
    yield (
        "must remove referenced objects first.",
        lambda: iam.delete_service_specific_credential(
            ServiceSpecificCredentialId=own["ServiceSpecificCredentialId"], **name
        ),
    )


def test_a_user_is_deleted_only_once_nothing_of_theirs_is_left(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="kept")
    for words, remedy in _keeping(iam, "kept"):
        with refused("DeleteConflict", 409, f"Cannot delete entity, {words}"):
            iam.delete_user(UserName="kept")
        remedy()
    iam.delete_user(UserName="kept")
    with refused("NoSuchEntity", 404):
        iam.get_user(UserName="kept")


def test_what_is_in_use_or_full_is_neither_deleted_nor_filled(aws: World) -> None:
    iam = aws.client("iam")
    aws.role("serving")
    profile = {"InstanceProfileName": "serving"}
    iam.create_instance_profile(**profile)
    with refused("NoSuchEntity", 404, "Role serving is not in instance profile serving."):
        iam.remove_role_from_instance_profile(**profile, RoleName="serving")
    iam.add_role_to_instance_profile(**profile, RoleName="serving")
    with refused("DeleteConflict", 409, "must remove roles from instance profile first."):
        iam.delete_role(RoleName="serving")
    with refused("DeleteConflict", 409, "must remove roles from instance profile first."):
        iam.delete_instance_profile(**profile)
    text = document(allow("iam:GetUser"))
    arn = iam.create_policy(PolicyName="versions", PolicyDocument=text)["Policy"]["Arn"]
    iam.create_group(GroupName="holding")
    iam.attach_group_policy(GroupName="holding", PolicyArn=arn)
    with refused("DeleteConflict", 409, "must detach all policies first."):
        iam.delete_group(GroupName="holding")
    with refused("DeleteConflict", 409, "Cannot delete a policy attached to entities."):
        iam.delete_policy(PolicyArn=arn)
    with refused("LimitExceeded", 409, "A managed policy can have up to 5 versions."):
        for _ in range(5):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text)
    with refused("DeleteConflict", 409, "Cannot delete the default version of a policy."):
        iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    iam.create_user(UserName="joiner")
    with refused("LimitExceeded", 409, "Cannot exceed quota for GroupsPerUser: 10"):
        for number in range(11):
            iam.create_group(GroupName=f"joined-{number}")
            iam.add_user_to_group(GroupName=f"joined-{number}", UserName="joiner")
    with refused("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2"):
        for _ in range(3):
            iam.create_access_key(UserName="joiner")
    with refused("LimitExceeded", 409, "Cannot exceed quota for SSHPublicKeysPerUser: 5"):
        for _ in range(6):
            iam.upload_ssh_public_key(UserName="joiner", SSHPublicKeyBody="ssh-rsa false")


def test_an_update_of_a_role_changes_only_what_it_names(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_role(
        RoleName="updated",
        Description="kept",
        MaxSessionDuration=7200,
        AssumeRolePolicyDocument=document(web_trust()),
    )
    iam.update_role(RoleName="updated", MaxSessionDuration=3600)
    role = iam.get_role(RoleName="updated")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("kept", 3600)


def test_what_providers_read_of_a_role_is_served(aws: World) -> None:
    aws.role("read", None, allow("iam:GetUser"))
    iam = aws.client("iam")
    assert iam.list_role_policies(RoleName="read")["PolicyNames"] == ["inline"]
    got = iam.get_role_policy(RoleName="read", PolicyName="inline")["PolicyDocument"]
    assert got == json.loads(document(allow("iam:GetUser")))
    assert iam.list_attached_role_policies(RoleName="read")["AttachedPolicies"] == []
    assert iam.list_instance_profiles_for_role(RoleName="read")["InstanceProfiles"] == []
    iam.tag_role(RoleName="read", Tags=[{"Key": "stack", "Value": "dev"}])
    assert iam.list_role_tags(RoleName="read")["Tags"] == [{"Key": "stack", "Value": "dev"}]
    with refused("DeleteConflict", 409):
        iam.delete_role(RoleName="read")
    iam.delete_role_policy(RoleName="read", PolicyName="inline")
    iam.delete_role(RoleName="read")
    with refused("NoSuchEntity", 404):
        iam.delete_role(RoleName="read")


def test_lists_come_in_pages(aws: World) -> None:
    iam = aws.client("iam")
    for number in range(5):
        iam.create_user(UserName=f"page-{number}", Path="/pages/")
    first = iam.list_users(PathPrefix="/pages/", MaxItems=2)
    assert (len(first["Users"]), first["IsTruncated"]) == (2, True)
    pages = iam.get_paginator("list_users").paginate(
        PathPrefix="/pages/", PaginationConfig={"PageSize": 2}
    )
    names = [user["UserName"] for page in pages for user in page["Users"]]
    assert names == [f"page-{number}" for number in range(5)]


def test_aws_managed_policies_can_be_attached_and_count(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="reader")
    arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    iam.attach_user_policy(UserName="reader", PolicyArn=arn)
    keys = iam.create_access_key(UserName="reader")["AccessKey"]
    reader = aws.client("iam", credentials=keys)
    assert reader.list_users()["Users"]
    with refused("AccessDenied", 403):
        reader.create_user(UserName="unwanted")
    with refused("NoSuchEntity", 404):
        iam.attach_user_policy(UserName="reader", PolicyArn="arn:aws:iam::aws:policy/Missing")


def test_an_operation_that_is_not_served_is_refused_loudly(aws: World) -> None:
    with refused("AccessDenied", 403, "The laboratory does not serve iam:"):
        aws.client("iam").generate_service_last_accessed_details(Arn=f"arn:aws:iam::{MAIN}:user/x")
    with refused("AccessDenied", 403, "does not serve sts:GetSessionToken with an MFA code"):
        aws.client("sts").get_session_token(SerialNumber="GAHT12345678", TokenCode="123456")
    with refused("AccessDenied", 403, "The laboratory does not serve sts:GetAccessKeyInfo"):
        aws.client("sts").get_access_key_info(AccessKeyId="ASIAFALSEFALSEFALSE0")


def test_when_a_key_was_last_used_is_told_also_of_what_was_refused(aws: World) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="watched")
    key = iam.create_access_key(UserName="watched")["AccessKey"]

    def used() -> dict[str, Any]:
        answer = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        assert answer["UserName"] == "watched"
        last: dict[str, Any] = answer["AccessKeyLastUsed"]
        return last

    assert "LastUsedDate" not in used()
    with refused("AccessDenied", 403):
        aws.client("iam", credentials=key).list_users()
    first = used()
    assert (first["ServiceName"], first["Region"]) == ("iam", "us-east-1")
    iam.update_access_key(UserName="watched", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    with refused("InvalidClientTokenId", 403):
        aws.client("sts", credentials=key).get_caller_identity()
    assert used() == first
    iam.update_access_key(UserName="watched", AccessKeyId=key["AccessKeyId"], Status="Active")
    aws.client("sts", credentials=key).get_caller_identity()
    assert used()["ServiceName"] == "sts"


def test_several_permissions_of_one_call_are_logged_together(aws: World) -> None:
    aws.client("iam").create_user(UserName="tagged", Tags=[{"Key": "a", "Value": "b"}])
    entry = aws.decisions("iam:CreateUser")[-1]
    assert entry["resource"] == f"arn:aws:iam::{MAIN}:user/tagged"
    assert entry["further"][0].startswith("iam:TagUser allowed by")


def test_a_principal_is_simulated_by_all_its_policies(aws: World) -> None:
    iam = aws.client("iam")
    user = iam.create_user(UserName="simulated")["User"]["Arn"]
    statements = (allow("iam:Get*", "*"), allow("iam:DeleteRole", f"{user}-not"))
    denied = {"Effect": "Deny", "Action": "iam:GetUser", "Resource": user}
    iam.put_user_policy(
        UserName="simulated", PolicyName="p", PolicyDocument=document(*statements, denied)
    )
    boundary = iam.create_policy(
        PolicyName="narrow", PolicyDocument=document(allow("iam:Get*", "*"))
    )["Policy"]["Arn"]

    def told(action: str, resource: str) -> tuple[str, bool | None]:
        (result,) = iam.simulate_principal_policy(
            PolicySourceArn=user, ActionNames=[action], ResourceArns=[resource]
        )["EvaluationResults"]
        assert (result["EvalActionName"], result["EvalResourceName"]) == (action, resource)
        within = result.get("PermissionsBoundaryDecisionDetail", {})
        return result["EvalDecision"], within.get("AllowedByPermissionsBoundary")

    assert told("iam:GetRole", "*") == ("allowed", None)
    assert told("iam:GetUser", user) == ("explicitDeny", None)
    assert told("iam:DeleteRole", f"{user}-not") == ("allowed", None)
    assert told("iam:DeleteRole", user) == ("implicitDeny", None)
    iam.put_user_permissions_boundary(UserName="simulated", PermissionsBoundary=boundary)
    assert told("iam:DeleteRole", f"{user}-not") == ("implicitDeny", False)
    assert told("iam:GetRole", "*") == ("allowed", True)


def test_only_principals_of_the_account_are_simulated_and_with_their_own_policies(
    aws: World,
) -> None:
    iam = aws.client("iam")
    actions = ["iam:GetRole"]
    with refused("NoSuchEntity", 404):
        iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{MAIN}:role/nobody", ActionNames=actions
        )
    with refused("InvalidInput", 400):
        iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:sts::{MAIN}:assumed-role/a/b", ActionNames=actions
        )
    with refused("InvalidInput", 400, "without PolicyInputList"):
        iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{MAIN}:role/nobody",
            ActionNames=actions,
            PolicyInputList=["{}"],
        )
