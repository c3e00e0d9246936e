"""The stand-in ``aws`` plugin against moto, operation by operation."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from pulumi.provider.experimental import provider

from lab.plugins.aws import session
from lab.plugins.aws.__main__ import AwsPlugin
from lab.plugins.provider import InitFailed
from lab.plugins.resource import ProviderError
from lab.plugins.values import UNKNOWN, Values, plain, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_iam import IAMClient
    from pulumi.provider.experimental.property_value import PropertyValue

ACCOUNT = "123456789012"
URL = "https://vault.lab.test/v1/identity/oidc/plugins"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
PRINTS = ["a" * 40, "b" * 40]


def _trust(service: str) -> Values:
    allowed = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [allowed]}


TRUST = json.dumps(_trust("ec2.amazonaws.com"))
SAME_TRUST = json.dumps(_trust("ec2.amazonaws.com"), indent=2, sort_keys=True)
OTHER_TRUST = json.dumps(_trust("lambda.amazonaws.com"))


def _grant(*actions: str) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class Engine:
    """Asks one plugin what the engine would ask it, and keeps the states it would keep."""

    settings: Values = field(default_factory=dict)
    plugin: AwsPlugin = field(default_factory=AwsPlugin)

    def __post_init__(self) -> None:
        arguments = {"region": "eu-west-1"} | {
            key: json.dumps(value) for key, value in self.settings.items()
        }
        request = provider.ConfigureRequest({}, wrap(arguments, frozenset()), True, True)  # noqa: FBT003 - the protocol's order
        asyncio.run(self.plugin.configure(request))

    def check(self, token: str, inputs: Values) -> dict[str, PropertyValue]:
        request = provider.CheckRequest(_urn(token), {}, wrap(inputs, frozenset()), b"\1" * 16)
        response = asyncio.run(self.plugin.check(request))
        assert not response.failures
        assert response.inputs is not None
        return response.inputs

    def create(self, token: str, inputs: Values, *, preview: bool = False) -> tuple[str, Values]:
        request = provider.CreateRequest(_urn(token), self.check(token, inputs), 0, preview)
        response = asyncio.run(self.plugin.create(request))
        return response.resource_id or "", plain(response.properties)

    def diff(self, token: str, state: Values, inputs: Values) -> provider.DiffResponse:
        news = self.check(token, inputs)
        request = provider.DiffRequest(_urn(token), "id", wrap(state, frozenset()), news, [])
        return asyncio.run(self.plugin.diff(request))

    def update(self, token: str, identifier: str, state: Values, inputs: Values) -> Values:
        request = provider.UpdateRequest(
            _urn(token),
            identifier,
            wrap(state, frozenset()),
            self.check(token, inputs),
            0,
            [],
            preview=False,
        )
        return plain(asyncio.run(self.plugin.update(request)).properties)

    def read(
        self, token: str, identifier: str, state: Values, inputs: Values
    ) -> provider.ReadResponse:
        state_, inputs_ = wrap(state, frozenset()), wrap(inputs, frozenset())
        request = provider.ReadRequest(_urn(token), identifier, state_, inputs_)
        return asyncio.run(self.plugin.read(request))

    def delete(self, token: str, identifier: str, state: Values) -> None:
        request = provider.DeleteRequest(_urn(token), identifier, wrap(state, frozenset()), 0)
        asyncio.run(self.plugin.delete(request))


def _urn(token: str) -> str:
    return f"urn:pulumi:test::project::{token}::name"


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[IAMClient]:
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(session, "PROPAGATION_POLL_SECONDS", 0.01)
    monkeypatch.setattr(session, "PROPAGATION_DEADLINE_SECONDS", 0.05)
    with mock_aws():
        yield boto3.client("iam", region_name="eu-west-1")


def _calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the host and operation of every call from now on."""
    calls: list[str] = []
    original = boto3.Session.client

    def recording(self: boto3.Session, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as boto3
        client: Any = original(self, *arguments, **options)
        client.meta.events.register(
            "before-call",
            lambda params, **_: calls.append(f"{params['url']} {params['body']['Action']}"),
        )
        return client

    monkeypatch.setattr(boto3.Session, "client", recording)
    return calls


def test_identity_is_asked_once_at_the_regional_name_and_never_in_a_preview(
    iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _calls(monkeypatch)
    engine = Engine({"allowedAccountIds": [ACCOUNT]})
    inputs = {"name": "role", "assumeRolePolicy": TRUST}
    _, planned = engine.create(ROLE, inputs, preview=True)
    assert planned["arn"] == UNKNOWN
    assert planned["name"] == "role"
    assert engine.diff(ROLE, {**planned, "description": "old"}, inputs).diffs == ["description"]
    assert calls == []

    engine.create(ROLE, inputs)
    engine.create(ROLE, {**inputs, "name": "other"})
    assert [call for call in calls if "sts" in call] == [
        "https://sts.eu-west-1.amazonaws.com/ GetCallerIdentity"
    ]


def test_another_account_is_refused_before_anything_is_done_there(
    iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _calls(monkeypatch)
    engine = Engine({"allowedAccountIds": ["999999999999"]})
    for _ in range(2):
        with pytest.raises(ProviderError, match=f"AWS account ID not allowed: {ACCOUNT}"):
            engine.create(ROLE, {"name": "role", "assumeRolePolicy": TRUST})
    assert len(calls) == 1
    assert iam.list_roles()["Roles"] == []


@pytest.mark.parametrize(("given", "attempts"), [({"maxRetries": 2}, 3), ({}, 26)])
def test_requests_are_repeated_as_often_as_the_provider_says(
    given: Values, attempts: int, iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    sent = []
    original = boto3.Session.client

    def unreachable(self: boto3.Session, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as boto3
        client: Any = original(self, *arguments, **options)

        def send(request: Any, **_: object) -> None:  # noqa: ANN401 - as botocore
            sent.append(request.url)
            raise EndpointConnectionError(endpoint_url=request.url)

        client.meta.events.register_first("before-send", send)
        return client

    monkeypatch.setattr(boto3.Session, "client", unreachable)
    with pytest.raises(ProviderError, match="retrieving AWS account details"):
        Engine(given).create(ROLE, {"name": "role", "assumeRolePolicy": TRUST})
    assert len(sent) == attempts
    assert iam.list_roles()["Roles"] == []


def test_roles_are_assumed_with_their_external_id_before_any_other_call(
    iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = _calls(monkeypatch)
    role = {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/deploy", "externalId": "false-id"}
    Engine({"assumeRoles": [role]}).create(ROLE, {"name": "role", "assumeRolePolicy": TRUST})
    assert [call.split()[1] for call in calls[:3]] == [
        "AssumeRole",
        "GetCallerIdentity",
        "CreateRole",
    ]


@pytest.fixture
def client_ids(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What was asked of the two operations on client ids, which moto does not have."""
    asked: list[tuple[str, str]] = []
    original = session.AwsSession.iam

    def iam(self: session.AwsSession, doing: str, operation: str, **given: object) -> Values:
        if "ClientID" in given:
            asked.append((operation.partition("_")[0], str(given["ClientID"])))
            return {}
        return original(self, doing, operation, **given)

    monkeypatch.setattr(session.AwsSession, "iam", iam)
    return asked


def test_an_identity_provider_changes_in_place_and_is_replaced_on_a_new_url(
    iam: IAMClient, client_ids: list[tuple[str, str]]
) -> None:
    engine = Engine({"defaultTags": {"tags": {"all": "1"}}})
    inputs = {
        "url": URL,
        "clientIdLists": ["b", "a"],
        "thumbprintLists": PRINTS,
        "tags": {"t": "1"},
    }
    arn, state = engine.create(PROVIDER, inputs)
    assert arn == state["arn"] == f"arn:aws:iam::{ACCOUNT}:oidc-provider/{URL[8:]}"
    assert state["tagsAll"] == {"all": "1", "t": "1"}
    assert engine.diff(PROVIDER, state, {**inputs, "clientIdLists": ["a", "b"]}).changes is False

    turned = {**inputs, "thumbprintLists": PRINTS[::-1]}
    assert engine.diff(PROVIDER, state, turned).diffs == ["thumbprintLists"]
    assert engine.diff(PROVIDER, state, {**inputs, "url": URL + "x"}).replaces == ["url"]

    after = {**turned, "clientIdLists": ["b", "c"], "tags": {"u": "2"}}
    state = engine.update(PROVIDER, arn, state, after)
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    assert client_ids == [("add", "c"), ("remove", "a")]
    assert found["ThumbprintList"] == PRINTS[::-1]
    assert {tag["Key"]: tag["Value"] for tag in found["Tags"]} == {"all": "1", "u": "2"}
    assert engine.diff(PROVIDER, state, after).changes is False

    engine.delete(PROVIDER, arn, state)
    engine.delete(PROVIDER, arn, state)
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
    assert engine.read(PROVIDER, arn, state, after).resource_id is None


def test_thumbprints_left_out_are_kept_and_an_empty_list_differs_for_ever(iam: IAMClient) -> None:
    engine = Engine()
    inputs = {"url": URL, "clientIdLists": ["a"], "thumbprintLists": PRINTS}
    arn, state = engine.create(PROVIDER, inputs)
    left_out = {"url": URL, "clientIdLists": ["a"]}
    assert engine.diff(PROVIDER, state, left_out).changes is False
    empty = {**left_out, "thumbprintLists": []}
    state = engine.update(PROVIDER, arn, state, empty)
    assert engine.diff(PROVIDER, state, empty).diffs == ["thumbprintLists"]


def test_a_role_changes_in_place_and_is_replaced_on_a_new_name_or_path(iam: IAMClient) -> None:
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=_grant("s3:GetObject"))
    arn = boundary["Policy"]["Arn"]
    engine = Engine()
    inputs = {"name": "role", "path": "/vault/", "assumeRolePolicy": TRUST}
    identifier, state = engine.create(ROLE, inputs)
    assert identifier == "role"
    assert state["arn"] == f"arn:aws:iam::{ACCOUNT}:role/vault/role"
    assert state["assumeRolePolicy"] == TRUST
    assert {"uniqueId", "createDate"} <= set(state)
    assert engine.diff(ROLE, state, {**inputs, "assumeRolePolicy": SAME_TRUST}).changes is False
    assert engine.diff(ROLE, state, {**inputs, "path": "/"}).replaces == ["path"]
    assert engine.diff(ROLE, state, {**inputs, "path": "/"}).delete_before_replace
    assert not engine.diff(ROLE, state, {**inputs, "name": "new"}).delete_before_replace
    unknown = engine.diff(ROLE, state, {**inputs, "assumeRolePolicy": UNKNOWN})
    assert (unknown.diffs, unknown.replaces) == (["assumeRolePolicy"], [])

    after = {
        **inputs,
        "assumeRolePolicy": OTHER_TRUST,
        "description": "text",
        "maxSessionDuration": 7200,
        "permissionsBoundary": arn,
        "tags": {"t": "1"},
    }
    state = engine.update(ROLE, identifier, state, after)
    found = iam.get_role(RoleName="role")["Role"]
    assert found["AssumeRolePolicyDocument"] == json.loads(OTHER_TRUST)
    assert (found["Description"], found["MaxSessionDuration"]) == ("text", 7200)
    assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == arn
    assert engine.diff(ROLE, state, after).changes is False

    state = engine.update(ROLE, identifier, state, inputs)
    found = iam.get_role(RoleName="role")["Role"]
    assert "PermissionsBoundary" not in found
    assert found["Description"] == ""
    assert engine.diff(ROLE, state, inputs).changes is False


def test_a_refresh_shows_what_drifted_and_keeps_the_programs_spelling(iam: IAMClient) -> None:
    engine = Engine()
    inputs = {"name": "role", "assumeRolePolicy": SAME_TRUST, "description": "mine"}
    identifier, state = engine.create(ROLE, inputs)
    clean = engine.read(ROLE, identifier, state, inputs)
    assert plain(clean.inputs) == inputs
    assert plain(clean.properties) == state

    iam.update_role_description(RoleName="role", Description="theirs")
    drifted = engine.read(ROLE, identifier, state, inputs)
    assert plain(drifted.inputs) == {**inputs, "description": "theirs"}


def test_an_import_gives_the_inputs_that_are_not_defaults(iam: IAMClient) -> None:
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUST, Path="/vault/")
    read = Engine().read(ROLE, "role", {}, {})
    assert plain(read.inputs) == {
        "name": "role",
        "path": "/vault/",
        "assumeRolePolicy": json.dumps(json.loads(TRUST), separators=(",", ":")),
    }


def test_a_role_policy_is_written_in_place_and_the_order_of_actions_counts(iam: IAMClient) -> None:
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=TRUST)
    engine = Engine()
    inputs = {"name": "issue", "role": "role", "policy": _grant("iam:GetUser", "iam:CreateUser")}
    identifier, state = engine.create(POLICY, inputs)
    assert identifier == "role:issue"
    spaced = json.dumps(json.loads(inputs["policy"]), indent=2, sort_keys=True)
    assert engine.diff(POLICY, state, {**inputs, "policy": spaced}).changes is False
    turned = {**inputs, "policy": _grant("iam:CreateUser", "iam:GetUser")}
    assert engine.diff(POLICY, state, turned).diffs == ["policy"]
    assert engine.diff(POLICY, state, {**inputs, "role": "other"}).replaces == ["role"]

    state = engine.update(POLICY, identifier, state, turned)
    found = iam.get_role_policy(RoleName="role", PolicyName="issue")
    assert found["PolicyDocument"] == json.loads(turned["policy"])
    engine.delete(POLICY, identifier, state)
    assert iam.list_role_policies(RoleName="role")["PolicyNames"] == []
    assert engine.read(POLICY, identifier, state, turned).resource_id is None


def test_a_role_leaves_its_instance_profiles_and_gives_up_policies_only_if_forced(
    iam: IAMClient,
) -> None:
    engine = Engine()
    inputs = {"name": "role", "assumeRolePolicy": TRUST}
    identifier, state = engine.create(ROLE, inputs)
    iam.create_instance_profile(InstanceProfileName="profile")
    iam.add_role_to_instance_profile(InstanceProfileName="profile", RoleName="role")
    iam.put_role_policy(RoleName="role", PolicyName="other", PolicyDocument=_grant("s3:GetObject"))
    with pytest.raises(ProviderError, match="deleting the IAM role role: DeleteConflict"):
        engine.delete(ROLE, identifier, state)

    engine.delete(ROLE, identifier, {**state, "forceDetachPolicies": True})
    assert iam.list_roles()["Roles"] == []
    profile = iam.get_instance_profile(InstanceProfileName="profile")["InstanceProfile"]
    assert profile["Roles"] == []
    engine.delete(ROLE, identifier, state)


def test_a_refusal_carries_the_code_of_aws(iam: IAMClient) -> None:
    engine = Engine()
    inputs = {"name": "role", "assumeRolePolicy": TRUST}
    engine.create(ROLE, inputs)
    with pytest.raises(ProviderError, match="creating the IAM role role: EntityAlreadyExists: "):
        engine.create(ROLE, inputs)


def test_a_failed_update_keeps_the_new_values_with_the_reason(iam: IAMClient) -> None:
    engine = Engine()
    inputs = {"name": "role", "assumeRolePolicy": TRUST}
    identifier, state = engine.create(ROLE, inputs)
    iam.delete_role(RoleName="role")
    with pytest.raises(InitFailed, match="NoSuchEntity") as raised:
        engine.update(ROLE, identifier, state, {**inputs, "description": "new"})
    assert raised.value.identifier == "role"
    assert plain(raised.value.properties)["description"] == "new"


def test_what_is_made_but_cannot_be_read_stays_known_and_is_to_be_replaced(
    iam: IAMClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine()
    inputs = {"name": "role", "assumeRolePolicy": TRUST}
    found = session.AwsSession.found
    monkeypatch.setattr(session.AwsSession, "found", lambda *_, **__: None)
    with pytest.raises(InitFailed, match="IAM does not show it") as raised:
        engine.create(ROLE, inputs)
    state = plain(raised.value.properties)
    assert engine.diff(ROLE, state, inputs).replaces == ["__tainted"]

    monkeypatch.setattr(session.AwsSession, "found", found)
    read = plain(engine.read(ROLE, raised.value.identifier, state, inputs).properties)
    assert engine.diff(ROLE, read, inputs).changes is False


def test_a_missing_name_is_chosen_from_the_seed_and_a_missing_property_is_refused() -> None:
    engine = Engine()
    assert plain(engine.check(ROLE, {"assumeRolePolicy": TRUST})) == {
        "assumeRolePolicy": TRUST,
        "name": "name-0101010",
        "__defaults": ["name"],
    }
    request = provider.CheckRequest(_urn(ROLE), {}, {}, b"\1" * 16)
    response = asyncio.run(engine.plugin.check(request))
    assert [failure.property for failure in response.failures or []] == ["assumeRolePolicy"]
