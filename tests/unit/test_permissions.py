import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from federation import principals
from federation.identity import MountClass
from federation.logins import LoginRole, StsRole
from federation.names import MountNames
from federation.permissions import (
    ACTIONS,
    inline_policies,
    issue_policy,
    login_policies,
    revoke_group_policy,
    revoke_policy,
)
from federation.roles import AssumedRole, IamUser, VaultRole

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # parliament leaves its own files to the garbage collector
    from parliament import analyze_policy_string

ROOT = Path(__file__).parents[2]
USERS = "arn:aws:iam::123456789012:user/vault/dev-root-aws"
DEPLOY = "arn:aws:iam::123456789012:role/deploy"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
NAMES = MountNames(
    stack="dev",
    namespace="",
    key="aws",
    mount_class=MountClass.SECRET,
    account_id="123456789012",
    partition="aws",
)
PLAIN = IamUser(name="my-role", policy="{}")
FULL = IamUser(
    name="full",
    policy="{}",
    managed_policies=("arn:aws:iam::aws:policy/ReadOnlyAccess", BOUNDARY),
    groups=("people/devs", "auditors"),
    tags={"team": "a"},
    boundary=BOUNDARY,
)
APP = "arn:aws:iam::123456789012:role/team/app"
ALICE = "arn:aws:iam::123456789012:user/alice"
STRANGER = "arn:aws:iam::210987654321:role/app"
LOGIN = LoginRole(
    name="login",
    principals=tuple(principals.parse(arn) for arn in (STRANGER, APP, ALICE, f"{APP}-*")),
    existing_policies=("reader",),
    default_ttl_seconds=900,
    max_ttl_seconds=3_600,
)
OTHER_ACCOUNT = StsRole(
    account="210987654321", arn="arn:aws:iam::210987654321:role/look-up", external_id="partner"
)
ASSUMED = AssumedRole(name="deploy", role_arns=(DEPLOY,))


def allow(sid: str, action: str | list[str], resource: object, **more: object) -> dict[str, Any]:
    actions = [action] if isinstance(action, str) else action
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resource, **more}


def test_revocation_needs_lists_and_deletes_on_the_path_of_the_mount() -> None:
    assert revoke_policy(NAMES) == {
        "Version": "2012-10-17",
        "Statement": [
            allow(
                "ListGroups",
                "iam:ListGroupsForUser",
                [f"{USERS}/vault-*", "arn:aws:iam::123456789012:user/vault-*"],
            ),
            allow(
                "ListWhatUsersHave",
                ["iam:ListAccessKeys", "iam:ListAttachedUserPolicies", "iam:ListUserPolicies"],
                f"{USERS}/vault-*",
            ),
            allow(
                "DeleteUsers",
                [
                    "iam:DeleteAccessKey",
                    "iam:DeleteUser",
                    "iam:DeleteUserPolicy",
                    "iam:DetachUserPolicy",
                ],
                f"{USERS}/vault-*",
            ),
        ],
    }


def test_users_of_a_key_from_before_may_be_deleted_and_not_made() -> None:
    compiled = inline_policies(NAMES, [PLAIN], former=["/apps/legacy-*", "/vault-*"])
    by_account = "arn:aws:iam::123456789012:user"
    there = [f"{USERS}/vault-*", f"{by_account}/apps/legacy-*", f"{by_account}/vault-*"]
    lists, *others = compiled["revoke"]["Statement"]
    # Who is gone has no path.
    assert lists["Resource"] == [*there, f"{by_account}/legacy-*"]
    assert [statement["Resource"] for statement in others] == [there, there]
    assert compiled == inline_policies(NAMES, [PLAIN]) | {"revoke": compiled["revoke"]}


def test_a_user_with_an_inline_policy_needs_three_actions() -> None:
    users = f"{USERS}/vault-*-my-role-*"
    assert issue_policy(NAMES, PLAIN)["Statement"] == [
        allow("CreateUser", "iam:CreateUser", users),
        allow("CreateAccessKey", "iam:CreateAccessKey", users),
        allow("PutUserPolicy", "iam:PutUserPolicy", users),
    ]


def test_a_user_with_everything_is_bounded_in_everything_that_can_be() -> None:
    users = f"{USERS}/vault-*-full-*"
    bounded = {"StringEquals": {"iam:PermissionsBoundary": BOUNDARY}}
    listed = {"ArnEquals": {"iam:PolicyARN": [BOUNDARY, "arn:aws:iam::aws:policy/ReadOnlyAccess"]}}
    groups = [
        "arn:aws:iam::123456789012:group/auditors",
        "arn:aws:iam::123456789012:group/people/devs",
    ]
    listed["ArnEquals"]["iam:PolicyARN"].sort()
    assert issue_policy(NAMES, FULL)["Statement"] == [
        allow("CreateUser", "iam:CreateUser", users, Condition=bounded),
        allow("CreateAccessKey", "iam:CreateAccessKey", users),
        allow("PutUserPolicy", "iam:PutUserPolicy", users, Condition=bounded),
        allow("AttachUserPolicy", "iam:AttachUserPolicy", users, Condition=listed | bounded),
        allow("JoinGroups", "iam:AddUserToGroup", groups),
        allow("TagUser", "iam:TagUser", users),
    ]


def test_nothing_is_granted_for_what_a_role_does_not_have() -> None:
    managed = IamUser(name="m", managed_policies=("arn:aws:iam::aws:policy/X",))
    actions = {s["Action"][0] for s in issue_policy(NAMES, managed)["Statement"]}
    assert actions == {"iam:CreateUser", "iam:CreateAccessKey", "iam:AttachUserPolicy"}


def test_an_assumed_role_needs_the_exact_target_and_nothing_of_iam() -> None:
    assert issue_policy(NAMES, ASSUMED)["Statement"] == [
        allow("AssumeTargetRoles", "sts:AssumeRole", [DEPLOY])
    ]


def test_external_id_and_session_tags_are_granted_with_the_target() -> None:
    role = AssumedRole(
        name="deploy",
        role_arns=(f"{DEPLOY}-b", DEPLOY),
        external_id="partner",
        session_tags={"team": "a"},
    )
    targets = [DEPLOY, f"{DEPLOY}-b"]
    condition = {"StringEquals": {"sts:ExternalId": "partner"}}
    assert issue_policy(NAMES, role)["Statement"] == [
        allow("AssumeTargetRoles", "sts:AssumeRole", targets, Condition=condition),
        allow("TagSessions", "sts:TagSession", targets),
    ]


def test_session_policies_narrow_a_session_and_need_no_right() -> None:
    narrowed = replace(ASSUMED, policy="{}", managed_policies=("arn:aws:iam::aws:policy/X",))
    assert issue_policy(NAMES, narrowed) == issue_policy(NAMES, ASSUMED)


def test_leaving_a_group_is_a_policy_of_its_own() -> None:
    group = "arn:aws:iam::123456789012:group/people/devs"
    assert revoke_group_policy(NAMES, "people/devs")["Statement"] == [
        allow("LeaveGroup", "iam:RemoveUserFromGroup", group)
    ]


def test_the_role_of_a_mount_has_one_policy_per_purpose() -> None:
    assert list(inline_policies(NAMES, [PLAIN, FULL, ASSUMED])) == [
        "revoke",
        "revoke-group-auditors",
        "revoke-group-devs",
        "issue-deploy",
        "issue-full",
        "issue-my-role",
    ]


def test_no_change_of_the_roles_changes_a_policy_that_revocation_needs() -> None:
    before = inline_policies(NAMES, [PLAIN, FULL, ASSUMED])
    after = inline_policies(NAMES, [ASSUMED])
    for name in before.keys() & after.keys():
        assert before[name] == after[name]
    assert "revoke" in after


def test_logins_need_to_look_up_the_principals_that_are_bound_and_no_others() -> None:
    assert login_policies(NAMES, [LOGIN], []) == {
        "resolve-login": {
            "Version": "2012-10-17",
            "Statement": [
                allow("LookUpRoles", "iam:GetRole", [APP, f"{APP}-*"]),
                allow("LookUpUsers", "iam:GetUser", [ALICE]),
            ],
        }
    }


def test_principals_of_another_account_need_its_role_and_nothing_here() -> None:
    stranger = replace(LOGIN, principals=(principals.parse(STRANGER),))
    (policy,) = login_policies(NAMES, [stranger], [OTHER_ACCOUNT]).items()
    condition = {"StringEquals": {"sts:ExternalId": "partner"}}
    assert policy[0] == "account-210987654321"
    assert policy[1]["Statement"] == [
        allow("AssumeTargetRoles", "sts:AssumeRole", [OTHER_ACCOUNT.arn], Condition=condition)
    ]


def test_a_method_without_roles_may_do_nothing() -> None:
    assert login_policies(NAMES, [], []) == {}


def test_the_order_of_declaration_changes_nothing() -> None:
    one = json.dumps(inline_policies(NAMES, [PLAIN, FULL, ASSUMED]))
    other = json.dumps(inline_policies(NAMES, [ASSUMED, FULL, PLAIN]))
    assert one == other


def test_every_compiled_action_has_a_source_and_every_source_an_action() -> None:
    tagged = AssumedRole(name="t", role_arns=(DEPLOY,), session_tags={"a": "b"})
    compiled = inline_policies(NAMES, [FULL, tagged]).values()
    looked_up = login_policies(NAMES, [LOGIN], [OTHER_ACCOUNT]).values()
    actions = {
        action
        for document in (*compiled, *looked_up)
        for statement in document["Statement"]
        for action in statement["Action"]
    }
    assert actions == ACTIONS.keys()
    assert all(source.partition(",")[2] for source in ACTIONS.values())


@pytest.mark.parametrize("role", [PLAIN, FULL, ASSUMED], ids=lambda role: role.name)
def test_no_statement_is_open_to_every_resource(role: VaultRole) -> None:
    for document in inline_policies(NAMES, [role]).values():
        for statement in document["Statement"]:
            resources = statement["Resource"]
            for resource in [resources] if isinstance(resources, str) else resources:
                assert resource.startswith("arn:aws:iam::123456789012:")
                assert not resource.endswith("/*")


@pytest.mark.parametrize(
    "text",
    [json.dumps(document) for document in inline_policies(NAMES, [PLAIN, FULL, ASSUMED]).values()]
    + [json.dumps(policy) for policy in login_policies(NAMES, [LOGIN], [OTHER_ACCOUNT]).values()]
    + [file.read_text("utf-8") for file in sorted((ROOT / "policies" / "aws").glob("*.json"))],
)
def test_an_independent_linter_finds_nothing(text: str) -> None:
    findings = {finding.issue for finding in analyze_policy_string(text).findings}
    # An ARN compared as text, as AWS's own examples of permissions boundaries do.
    assert findings <= {"MISMATCHED_TYPE_BUT_USABLE"}
