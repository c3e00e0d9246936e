"""Every option of every credential type: what a lease gets, may do, and leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.lab import full
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory


@pytest.fixture(scope="module")
def clouds(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """A laboratory with the stack deployed."""
    full.deploy(world, tmp_path_factory.mktemp("full"))
    return world


def test_a_user_is_what_its_role_says_and_leaves_nothing(clouds: Laboratory) -> None:
    iam, lease = administrator(clouds), full.issue(clouds, "user")
    arn = lease.caller()
    name = arn.rpartition("/")[2]
    assert arn.startswith(f"arn:aws:iam::{full.MAIN}:user/vault/dev-root-aws/vault-")
    user = iam.get_user(UserName=name)["User"]
    assert user["PermissionsBoundary"]["PermissionsBoundaryArn"] == full.BOUNDARY
    tags = {tag["Key"]: tag["Value"] for tag in iam.list_user_tags(UserName=name)["Tags"]}
    assert tags.items() >= full.TAGS.items()
    attached = iam.list_attached_user_policies(UserName=name)["AttachedPolicies"]
    assert [policy["PolicyArn"] for policy in attached] == [full.READ_ONLY]
    groups = iam.list_groups_for_user(UserName=name)["Groups"]
    assert [group["Path"].strip("/") + "/" + group["GroupName"] for group in groups] == [full.GROUP]
    assert len(iam.list_user_policies(UserName=name)["PolicyNames"]) == 1

    lease.revoke()
    assert name not in {user["UserName"] for user in iam.list_users()["Users"]}
    assert iam.get_group(GroupName="readers")["Users"] == []
    refers = iam.list_entities_for_policy(PolicyArn=full.READ_ONLY)
    assert refers["PolicyUsers"] == []


def test_a_user_may_do_what_it_is_granted_within_its_boundary(clouds: Laboratory) -> None:
    lease = full.issue(clouds, "user")
    try:
        own = lease.client("iam")
        assert own.get_user()["User"]["Arn"] == lease.caller(), "by the inline policy"
        assert own.list_roles()["Roles"], "by the group and the managed policy"
        with pytest.raises(ClientError, match="AccessDenied"):
            own.list_users()  # granted by both, and not within the boundary
        with pytest.raises(ClientError, match="AccessDenied"):
            own.create_user(UserName="another")
    finally:
        lease.revoke()


def test_a_session_is_of_the_target_role_and_ends_when_its_role_says(clouds: Laboratory) -> None:
    lease = full.issue(clouds, "session")
    assert f":assumed-role/{_target(clouds)}/" in lease.caller()
    assert 0 < lease.seconds <= 900
    assert lease.client("iam").list_users()["Users"]
    with pytest.raises(ClientError, match="AccessDenied"):
        lease.client("iam").create_user(UserName="another")


def test_a_session_may_only_what_its_session_policies_leave_of_its_target(
    clouds: Laboratory,
) -> None:
    assert clouds.vault().read("aws/roles/session")["data"]["policy_arns"] == [full.CHANGE_PASSWORD]
    iam = full.issue(clouds, "session").client("iam")
    with pytest.raises(ClientError, match="because no session policy allows the iam:ListRoles"):
        iam.list_roles()  # granted by the target role alone
    with pytest.raises(ClientError, match="AccessDenied"):
        iam.get_account_password_policy()  # granted by a session policy alone


@pytest.mark.parametrize("seconds", [900, 1_800])
def test_a_session_lasts_as_long_as_was_asked_for(clouds: Laboratory, seconds: int) -> None:
    lease = full.issue(clouds, "session", ttl=f"{seconds}s")
    assert seconds - 60 < lease.seconds <= seconds


def _target(laboratory: Laboratory) -> str:
    roles = administrator(laboratory, "data").list_roles()["Roles"]
    (name,) = (role["RoleName"] for role in roles if role["RoleName"].endswith("-deploy"))
    return name
