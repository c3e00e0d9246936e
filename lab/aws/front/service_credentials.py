"""Service-specific credentials of IAM users, which moto does not have.

Source: IAM API reference, "CreateServiceSpecificCredential" and its neighbours. They open nothing
in the laboratory; what counts is that AWS deletes no user who has one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.aws.front.wire import ApiError
from lab.aws.state.accounts import new_secret, new_unique_id

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.iam.models import IAMBackend, User

    from lab.aws.state.accounts import Account

    _Parameters = Mapping[str, str]

SERVICES = ("codecommit.amazonaws.com", "cassandra.amazonaws.com", "bedrock.amazonaws.com")
_KEPT = "service_credentials"


def service_credentials(user: User) -> list[dict[str, Any]]:
    """Return a user's service-specific credentials, as the API's answers show them."""
    kept: list[dict[str, Any]] = vars(user).setdefault(_KEPT, [])
    return kept


def _create(parameters: _Parameters, account: Account, iam: IAMBackend) -> dict[str, Any]:
    user, service = iam.get_user(parameters["UserName"]), parameters["ServiceName"]
    if service not in SERVICES:
        message = f"No such service {service} is supported for service specific credentials."
        raise ApiError("NotSupportedService", 404, message)
    credential = {
        "CreateDate": datetime.now(UTC),
        "ServiceName": service,
        "ServiceUserName": f"{user.name}-at-{account.id}",
        "ServiceSpecificCredentialId": new_unique_id(account.id, "ACCA"),
        "UserName": user.name,
        "Status": "Active",
    }
    service_credentials(user).append(credential)
    return {"ServiceSpecificCredential": {**credential, "ServicePassword": new_secret()}}


def _list(parameters: _Parameters, _: Account, iam: IAMBackend) -> dict[str, Any]:
    held = service_credentials(iam.get_user(parameters["UserName"]))
    service = parameters.get("ServiceName")
    found = [each for each in held if service in (None, each["ServiceName"])]
    return {"ServiceSpecificCredentials": found, "IsTruncated": False}


def _update(parameters: _Parameters, _: Account, iam: IAMBackend) -> dict[str, Any]:
    _found(parameters, iam)["Status"] = parameters["Status"]
    return {}


def _delete(parameters: _Parameters, _: Account, iam: IAMBackend) -> dict[str, Any]:
    service_credentials(iam.get_user(parameters["UserName"])).remove(_found(parameters, iam))
    return {}


def _found(parameters: _Parameters, iam: IAMBackend) -> dict[str, Any]:
    wanted = parameters["ServiceSpecificCredentialId"]
    for credential in service_credentials(iam.get_user(parameters["UserName"])):
        if credential["ServiceSpecificCredentialId"] == wanted:
            return credential
    message = f"The Service Specific Credential with id {wanted} cannot be found."
    raise ApiError("NoSuchEntity", 404, message)


OPERATIONS: Mapping[str, Callable[[_Parameters, Account, IAMBackend], dict[str, Any]]] = {
    "CreateServiceSpecificCredential": _create,
    "DeleteServiceSpecificCredential": _delete,
    "ListServiceSpecificCredentials": _list,
    "UpdateServiceSpecificCredential": _update,
}
