"""The stand-in ``aws`` plugin: what it asks of IAM, held to recordings of the real provider."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.lab.laboratory.aws_requests import (
    ACCOUNT,
    ATTEMPTS,
    DEFAULT_TAGS,
    RECORDINGS,
    REGION,
    SERIES,
    Cloud,
    pauses,
    played,
)
from tests.lab.laboratory.plugins_world import Plugin, RefusedError, plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.laboratory.plugins_world import Values

TOKENS = {
    "aws_iam_role": "aws:iam/role:Role",
    "aws_iam_role_policy": "aws:iam/rolePolicy:RolePolicy",
    "aws_iam_role_policy_attachment": "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws_iam_openid_connect_provider": "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
}
PLURAL = {"client_id_list": "clientIdLists", "thumbprint_list": "thumbprintLists"}
"""The names that Pulumi's bridge makes plural."""
(RECORDING,) = RECORDINGS.glob("aws-*.json")
RECORDED = json.loads(RECORDING.read_text("utf-8"))
ROLE = TOKENS["aws_iam_role"]
TRUST = str(SERIES["aws_iam_role"][0][1]["assume_role_policy"])


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with Cloud().serving() as started:
        yield started


@pytest.fixture
def role(cloud: Cloud) -> Iterator[Plugin]:
    """A plugin that is asked for roles."""
    with plugin("aws", cloud.environment(), ROLE) as started:
        started.configure({"region": REGION})
        yield started


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return PLURAL.get(name, first + "".join(word.capitalize() for word in others))


@pytest.mark.parametrize("kind", SERIES)
def test_what_the_real_provider_asks_is_asked(cloud: Cloud, kind: str) -> None:
    with plugin("aws", cloud.environment(), TOKENS[kind]) as asked:

        def apply(inputs: Values) -> None:
            # One provider an update, as Terraform has it: the recordings hold its first questions.
            asked.configure({"region": REGION, "defaultTags": {"tags": DEFAULT_TAGS}})
            if inputs:
                asked.apply({_camel(name): value for name, value in inputs.items()})
            else:
                asked.refresh()
                asked.delete()

        steps = played(cloud, kind, apply)
    for found, recorded in zip(steps, RECORDED[kind], strict=True):
        assert found == recorded, found["step"]


def test_identity_is_asked_once_and_another_account_is_refused(cloud: Cloud) -> None:
    with plugin("aws", cloud.environment(), ROLE) as asked:
        asked.configure({"region": REGION, "allowedAccountIds": [ACCOUNT]})
        assert [each["Action"] for each in cloud.requests] == ["GetCallerIdentity"]
        with pytest.raises(RefusedError, match=f"AWS account ID not allowed: {ACCOUNT}"):
            asked.configure({"region": REGION, "allowedAccountIds": ["999999999999"]})


def test_roles_are_assumed_with_their_external_id_before_any_other_call(cloud: Cloud) -> None:
    deploy = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy", "externalId": "false-id"}
    with plugin("aws", cloud.environment(), ROLE) as asked:
        asked.configure({"region": REGION, "assumeRoles": [deploy]})
        asked.apply({"name": "role", "assumeRolePolicy": TRUST})
    first = [each["Action"] for each in cloud.requests[:3]]
    assert first == ["AssumeRole", "GetCallerIdentity", "CreateRole"]
    assert cloud.requests[0]["ExternalId"] == "false-id"


def test_a_request_that_fails_is_repeated_as_often_and_as_slowly_as_by_the_real_provider(
    cloud: Cloud,
) -> None:
    with plugin("aws", cloud.environment(), ROLE) as asked:

        def apply(_inputs: Values) -> None:
            said = f"AWS account details.*exceeded maximum number of attempts, {ATTEMPTS}"
            with pytest.raises(RefusedError, match=said):
                asked.configure({"region": REGION, "maxRetries": ATTEMPTS})

        found = pauses(cloud, apply)
    assert len(found) == ATTEMPTS - 1
    # Each is between a time and its double, by chance.
    for seconds, recorded in zip(found, RECORDED["pauses"], strict=True):
        assert recorded / 2.2 < seconds < 2.2 * recorded + 0.5


def test_a_refresh_shows_what_drifted_and_keeps_the_programs_spelling(
    cloud: Cloud, role: Plugin
) -> None:
    spelled = json.dumps(json.loads(TRUST), indent=2, sort_keys=True)
    inputs = {"name": "role", "assumeRolePolicy": spelled, "description": "mine"}
    role.apply(inputs)
    role.refresh()
    assert role.inputs["assumeRolePolicy"] == spelled
    cloud.client().update_role_description(RoleName="role", Description="theirs")
    role.refresh()
    assert role.inputs["description"] == "theirs"
    assert role.diff(inputs).diffs == ["description"]


def test_an_import_gives_the_inputs_that_a_program_would(cloud: Cloud, role: Plugin) -> None:
    cloud.client().create_role(RoleName="role", AssumeRolePolicyDocument=TRUST, Path="/vault/")
    role.identifier = "role"
    role.refresh()
    given = {"name": "role", "path": "/vault/", "assumeRolePolicy": TRUST}
    assert given.items() <= role.inputs.items()
    assert role.apply(given) == "same"


def test_what_is_gone_is_known_to_be_gone(cloud: Cloud, role: Plugin) -> None:
    role.apply({"name": "role", "assumeRolePolicy": TRUST})
    cloud.client().delete_role(RoleName="role")
    role.delete()
    role.apply({"name": "role", "assumeRolePolicy": TRUST})
    cloud.client().delete_role(RoleName="role")
    role.refresh()
    assert role.identifier == ""


def test_a_role_leaves_its_instance_profiles_and_gives_up_policies_only_if_forced(
    cloud: Cloud, role: Plugin
) -> None:
    iam = cloud.client()
    inputs = {"name": "role", "assumeRolePolicy": TRUST, "forceDetachPolicies": True}
    role.apply(inputs)
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="role")
    grant = str(SERIES["aws_iam_role_policy"][0][1]["policy"])
    iam.put_role_policy(RoleName="role", PolicyName="other", PolicyDocument=grant)
    cloud.requests.clear()
    role.delete()
    writes = [e["Action"] for e in cloud.requests if not e["Action"].startswith(("Get", "List"))]
    assert writes == ["RemoveRoleFromInstanceProfile", "DeleteRolePolicy", "DeleteRole"]


def test_a_refusal_carries_the_code_of_aws(cloud: Cloud, role: Plugin) -> None:
    cloud.client().create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(RefusedError, match=r"creating IAM Role \(role\): .*EntityAlreadyExists"):
        role.apply({"name": "role", "assumeRolePolicy": TRUST})


def test_a_failed_update_keeps_the_new_values(cloud: Cloud, role: Plugin) -> None:
    inputs = {"name": "role", "assumeRolePolicy": TRUST}
    role.apply(inputs)
    with pytest.raises(RefusedError, match="MalformedPolicyDocument"):
        role.apply({**inputs, "assumeRolePolicy": '{"Version": "none"}'})
    assert role.kept is not None
    assert role.kept["assumeRolePolicy"] == '{"Version": "none"}'


def test_a_missing_name_is_made_up_once_and_a_missing_property_is_refused(role: Plugin) -> None:
    role.apply({"assumeRolePolicy": TRUST})
    name = role.state["name"]
    assert name.startswith("name-")
    assert len(name) == len("name-") + 7
    assert role.apply({"assumeRolePolicy": TRUST}) == "same"
    with pytest.raises(RefusedError, match=r"Missing required argument.*name\.assumeRolePolicy"):
        role.check({})
