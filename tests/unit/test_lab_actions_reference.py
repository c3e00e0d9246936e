"""The whole table against what AWS publishes.

The Service Authorization Reference as parliament carries it, the API models as botocore does.
"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from lab.aws.front import actions
from lab.aws.front.actions import AuthorizationNeed, Call, InvalidParameter, authorization_requests

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from botocore.model import ServiceModel

TABLE = sorted(actions._OPERATIONS)
IAM = "arn:aws:iam::123456789012:"
PATH = "/vault/dev-root-aws/"
EXAMPLES = {
    "RoleArn": f"{IAM}role/teams/deploy",
    "PolicyArn": f"{IAM}policy/team/read",
    "PolicySourceArn": f"{IAM}role/teams/deploy",
    "OpenIDConnectProviderArn": f"{IAM}oidc-provider/vault.lab.test/v1/identity/oidc/plugins",
    "SerialNumber": f"{IAM}mfa/phone",
    "Path": PATH,
    "NewPath": PATH,
    "PathPrefix": PATH,
}


class Account:
    """Everything that is asked for exists, with a boundary and a tag."""

    def user_path(self, name: str) -> str | None:
        return PATH

    role_path = group_path = instance_profile_path = user_path

    def user_boundary(self, name: str) -> str | None:
        return f"{IAM}policy/boundary"

    role_boundary = user_boundary

    def access_key_owner(self, access_key_id: str) -> str | None:
        return "bob"

    def tags(self, resource: str) -> Mapping[str, str]:
        return {}


@cache
def _everything() -> list[dict[str, Any]]:
    found = importlib.util.find_spec("parliament")
    assert found is not None
    assert found.origin is not None
    definition = Path(found.origin).with_name("iam_definition.json")
    entries: list[dict[str, Any]] = json.loads(definition.read_text("utf-8"))
    return entries


@cache
def reference(service: str) -> dict[str, Any]:
    return {
        privilege["privilege"]: privilege["resource_types"]
        for entry in _everything()
        if entry["prefix"] == service
        for privilege in entry["privileges"]
    }


@cache
def model(service: str) -> ServiceModel:
    return botocore.session.Session().get_service_model(service)


def names_a_user(service: str, operation: str) -> bool:
    """Say whether the operation is about a user (a group's operations take one besides)."""
    shape = model(service).operation_model(operation).input_shape
    return bool(shape and "UserName" in shape.members and "GroupName" not in shape.members)


def full_call(service: str, operation: str) -> Call:
    """Build a call with every parameter that the API's model knows."""
    shape = model(service).operation_model(operation).input_shape
    parameters = {name: EXAMPLES.get(name, "x") for name in (shape.members if shape else ())}
    for name in ("Tags", "TagKeys", "TransitiveTagKeys"):
        if parameters.pop(name, None):
            suffix = ".Key" if name == "Tags" else ""
            parameters[f"{name}.member.1{suffix}"] = "team"
    return Call(
        service=service,
        operation=operation,
        parameters=parameters,
        account="123456789012",
        partition="aws",
        caller_arn=f"{IAM}user/alice",
        caller_user_name="alice",
    )


def needs_of(service: str, operation: str) -> Sequence[AuthorizationNeed]:
    return authorization_requests(full_call(service, operation), Account())


@pytest.mark.parametrize(("service", "operation"), TABLE)
def test_the_table_names_only_operations_and_parameters_that_the_api_has(
    service: str, operation: str
) -> None:
    assert operation in model(service).operation_names
    needs_of(service, operation)


@pytest.mark.parametrize(
    "operation",
    [name for service, name in TABLE if names_a_user(service, name)],
)
def test_a_user_may_be_left_out_exactly_where_the_api_says_so(operation: str) -> None:
    named = full_call("iam", operation)
    parameters = {key: value for key, value in named.parameters.items() if key != "UserName"}
    unnamed = replace(named, parameters=parameters)
    shape = model("iam").operation_model(operation).input_shape
    if shape and "UserName" in shape.required_members:
        with pytest.raises(InvalidParameter):
            authorization_requests(unnamed, Account())
    else:
        assert authorization_requests(unnamed, Account())[0].resource == f"{IAM}user{PATH}alice"


@pytest.mark.parametrize(("service", "operation"), TABLE)
def test_the_resource_is_of_a_type_that_the_reference_lists(service: str, operation: str) -> None:
    for need in needs_of(service, operation):
        listed = reference(service)[need.action.removeprefix(f"{service}:")]
        types = {entry["resource_type"].rstrip("*") for entry in listed} - {""}
        if need.resource == "*":
            assert not types
            continue
        kind = need.resource.split(":", 5)[5].split("/")[0]
        # A federation token is for a federated user, for which the reference says user.
        assert kind.removeprefix("federated-") in types


@pytest.mark.parametrize("operation", [name for service, name in TABLE if service == "iam"])
def test_the_condition_keys_of_iam_are_those_that_the_reference_lists(operation: str) -> None:
    for need in needs_of("iam", operation):
        listed = reference("iam")[need.action.removeprefix("iam:")]
        expected = {key.split("/")[0] for entry in listed for key in entry["condition_keys"]}
        found = {key.split("/")[0] for key in need.context}
        # Only the service that a role is handed on to says what it will be attached to.
        assert found == expected - {"iam:AssociatedResourceArn"}


# The reference lists the keys of every known identity provider with every operation of STS.
@pytest.mark.parametrize("operation", [name for service, name in TABLE if service == "sts"])
def test_the_condition_keys_of_sts_are_among_those_that_the_reference_lists(
    operation: str,
) -> None:
    for need in needs_of("sts", operation):
        listed = {
            key.split("/")[0]
            for privilege in ("AssumeRole", need.action.removeprefix("sts:"))
            for entry in reference("sts")[privilege]
            for key in entry["condition_keys"]
        }
        assert {key.split("/")[0] for key in need.context} <= listed
