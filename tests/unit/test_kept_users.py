"""What keeps AWS from deleting an IAM user, as a person reads it."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from clients import aws
from clients.errors import AwsError
from federation import kept_users
from federation.account import AccountAccess
from federation.kept_users import Keeper

HELD: dict[str, Any] = {
    "list_mfa_devices": {"MFADevices": [{"SerialNumber": "arn:aws:iam::123456789012:mfa/phone"}]},
    "list_signing_certificates": {"Certificates": [{"CertificateId": "CERTIFICATE"}]},
    "list_ssh_public_keys": {"SSHPublicKeys": [{"SSHPublicKeyId": "APKAFALSE"}]},
    "list_service_specific_credentials": {
        "ServiceSpecificCredentials": [{"ServiceSpecificCredentialId": "ACCAFALSE"}]
    },
    "get_login_profile": {"LoginProfile": {}},
}
USERS = {"iam_path": "/vault/dev/", "account_id": "123456789012", "region": "us-east-1"}


class Iam:
    """Answers for ``kept``, who has one of each; nobody else has anything."""

    def __init__(self, *, forbidden: str = "") -> None:
        self._forbidden = forbidden

    def __getattr__(self, operation: str) -> Any:  # noqa: ANN401 - each operation has its answer
        def call(**asked: str) -> object:
            if operation == self._forbidden:
                raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, operation)
            if asked["UserName"] == "kept":
                return HELD[operation]
            if asked["UserName"] == "gone" or operation == "get_login_profile":
                raise ClientError({"Error": {"Code": "NoSuchEntity"}}, operation)
            return {key: [] for key in HELD[operation]}

        return call


def _account(
    monkeypatch: pytest.MonkeyPatch, *, forbidden: str = "", profile: str | None = None
) -> aws.Account:
    session = SimpleNamespace(client=lambda *_, **__: Iam(forbidden=forbidden))
    monkeypatch.setattr(aws, "_signed_in", lambda _: (session, "arn:aws:iam::1:user/a"))
    return aws.Account(
        AccountAccess(account_id="123456789012", region="us-east-1", profile=profile)
    )


def test_each_thing_is_told_with_the_command_that_takes_it_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = _account(monkeypatch, profile="main").what_keeps(["gone", "free", "kept"])
    phone = "arn:aws:iam::123456789012:mfa/phone"
    assert [line.removeprefix("IAM user kept has ") for line in told] == [
        f"{what}: `aws iam {operation} --user-name kept{named} --profile main`"
        for what, operation, named in (
            ("a password", "delete-login-profile", ""),
            ("an MFA device", "deactivate-mfa-device", f" --serial-number {phone}"),
            (
                "a signing certificate",
                "delete-signing-certificate",
                " --certificate-id CERTIFICATE",
            ),
            ("an SSH key", "delete-ssh-public-key", " --ssh-public-key-id APKAFALSE"),
            (
                "service-specific credentials",
                "delete-service-specific-credential",
                " --service-specific-credential-id ACCAFALSE",
            ),
        )
    ]


@pytest.mark.parametrize("forbidden", sorted(HELD))
def test_who_may_not_look_is_told_all_that_it_may_be(
    monkeypatch: pytest.MonkeyPatch, forbidden: str
) -> None:
    (told,) = _account(monkeypatch, forbidden=forbidden).what_keeps(["kept"])
    assert told == (
        f"It may be one of these: {kept_users.LIKELY}; AWS refuses to read what the IAM user kept "
        "has: AccessDenied: no"
    )
    assert "a password (`aws iam delete-login-profile`), an MFA device" in told


def test_the_users_of_a_guard_are_looked_up_and_whatever_fails_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Account:
        def __init__(self, access: AccountAccess) -> None:
            if access.profile == "renamed":
                raise AwsError("cannot sign in")

        def users_under(self, path: str) -> list[str]:
            assert path == "/vault/dev/"
            return ["second", "first"]

        def what_keeps(self, users: list[str]) -> list[str]:
            return [f"{user} is kept" for user in users if told]

    told = True
    monkeypatch.setattr(aws, "Account", Account)
    assert aws.what_keeps_users(USERS) == "first is kept. second is kept"
    told = False
    assert aws.what_keeps_users(USERS) == (
        f"By now, none of these is to be found: {kept_users.LIKELY}"
    )
    assert aws.what_keeps_users({}) == f"It is one of these: {kept_users.LIKELY}"
    assert aws.what_keeps_users(USERS | {"profile": "renamed"}) == (
        f"It is one of these: {kept_users.LIKELY}; which, was not read: cannot sign in"
    )


@pytest.mark.parametrize("what", kept_users.ORDER)
def test_the_commands_are_operations_of_iam_with_these_parameters(what: str) -> None:
    operation, option = Keeper(what=what).operation
    model = botocore.session.Session().get_service_model("iam")
    squeezed = {name.lower(): name for name in model.operation_names}
    shape = model.operation_model(squeezed[operation.replace("-", "")]).input_shape
    assert shape
    known = {name.lower() for name in shape.members}
    assert {"username", option.replace("-", "")} - {""} <= known, json.dumps(sorted(known))


def test_everything_has_a_place_in_the_order() -> None:
    assert len(set(kept_users.ORDER)) == len(kept_users.ORDER)
    assert set(kept_users.ORDER) == set(kept_users.OPERATIONS | kept_users.GIVEN)
