"""The IAM calls: moto's, and those that moto lacks or answers unlike AWS."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.iam import models
from moto.iam.responses import IamResponse

from lab.aws.front import service_credentials, simulation
from lab.aws.front.validation import MOST_CLIENT_IDS
from lab.aws.front.wire import (
    Answer,
    ApiError,
    error_code,
    members,
    pairs,
    success,
    with_request_id,
)
from lab.aws.judgement import documents
from lab.aws.judgement.authorize import not_served
from lab.aws.state.accounts import new_unique_id
from lab.aws.state.discovery import UnreachableError
from lab.aws.state.entities import Entities

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from moto.iam.models import IAMBackend, User

    from lab.aws.state.accounts import Account
    from lab.aws.state.discovery import Discovery
    from lab.aws.state.store import State

    _Parameters = Mapping[str, str]
    _Result = dict[str, Any]

# moto has no other way to leave a document's conditions to the laboratory.
vars(models).update(
    IAMPolicyDocumentValidator=documents.IdentityShape,
    IAMTrustPolicyDocumentValidator=documents.TrustShape,
)

_DEFAULT_PAGE = 100
_OK = 200
_FORM = "application/x-www-form-urlencoded"


class Iam:
    """Performs IAM calls that are already authorised and checked. Hold the state's lock."""

    def __init__(self, state: State, discovery: Discovery) -> None:
        self._state = state
        self._discovery = discovery
        self._own: dict[str, Callable[[_Parameters, Account, IAMBackend], _Result]] = {
            "AddClientIDToOpenIDConnectProvider": self._add_client_id,
            "CreateGroup": self._create_group,
            "CreateUser": self._create_user,
            "DeleteUserPermissionsBoundary": self._delete_user_boundary,
            "ListRolePolicies": self._list_role_policies,
            "ListUserPolicies": self._list_user_policies,
            "ListUsers": self._list_users,
            "PutUserPermissionsBoundary": self._put_user_boundary,
            "RemoveClientIDFromOpenIDConnectProvider": self._remove_client_id,
            "UpdateRole": self._update_role,
            "SimulatePrincipalPolicy": self._simulate,
            **service_credentials.OPERATIONS,
        }

    def perform(
        self, operation: str, parameters: _Parameters, account: Account, request_id: str
    ) -> Answer:
        """Answer one call, and store the state if the call may have changed it.

        Raises:
            ApiError: with AWS's code.
        """
        iam = self._state.iam(account.id)
        if operation == "CreateOpenIDConnectProvider":
            parameters = self._with_thumbprint(parameters)
        doomed = _doomed(operation, parameters, iam)
        if operation in self._own:
            result = self._own[operation](parameters, account, iam)
            answer = success("iam", operation, result, request_id)
        else:
            answer = _moto(operation, parameters, account, request_id)
        if doomed and answer.status == _OK:
            documents.orphan(*doomed, self._state)
        if not operation.startswith(("Get", "List", "Simulate")):
            self._state.changed()
        return answer

    def _with_thumbprint(self, parameters: _Parameters) -> _Parameters:
        """Fill in the thumbprint that nobody gave (CreateOpenIDConnectProvider, ThumbprintList)."""
        if members(parameters, "ThumbprintList"):
            return parameters
        try:
            thumbprint = self._discovery.thumbprint(parameters["Url"])
        except UnreachableError as error:
            raise ApiError(
                "OpenIdIdpCommunicationError",
                400,
                "Please check .well-known/openid-configuration of the provider: "
                f"{parameters['Url']} is not valid.",
                rule=f"discovery: {error}",
            ) from error
        return {**parameters, "ThumbprintList.member.1": thumbprint}

    def _add_client_id(self, parameters: _Parameters, _: Account, iam: IAMBackend) -> _Result:
        provider = iam.get_open_id_connect_provider(parameters["OpenIDConnectProviderArn"])
        if parameters["ClientID"] not in provider.client_id_list:
            if len(provider.client_id_list) >= MOST_CLIENT_IDS:
                quota = f"ClientIdsPerOpenIdConnectProvider: {MOST_CLIENT_IDS}"
                raise ApiError("LimitExceeded", 409, f"Cannot exceed quota for {quota}")
            provider.client_id_list.append(parameters["ClientID"])
        return {}

    def _remove_client_id(
        self,
        parameters: _Parameters,
        _: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        provider = iam.get_open_id_connect_provider(parameters["OpenIDConnectProviderArn"])
        if parameters["ClientID"] in provider.client_id_list:
            provider.client_id_list.remove(parameters["ClientID"])
        return {}

    def _create_group(
        self,
        parameters: _Parameters,
        account: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        group = iam.create_group(parameters["GroupName"], parameters.get("Path", "/"))
        group.id = new_unique_id(account.id, "AGPA")
        return {"Group": group}

    def _create_user(
        self,
        parameters: _Parameters,
        account: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        user = iam.create_user(
            account.region,
            parameters["UserName"],
            parameters.get("Path", "/"),
            [{"Key": key, "Value": value} for key, value in pairs(parameters, "Tags").items()],
        )
        user.id = new_unique_id(account.id, "AIDA")
        if "PermissionsBoundary" in parameters:
            _set_boundary(user, parameters["PermissionsBoundary"])
        return {"User": user}

    def _put_user_boundary(
        self,
        parameters: _Parameters,
        _: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        _set_boundary(iam.get_user(parameters["UserName"]), parameters["PermissionsBoundary"])
        return {}

    def _delete_user_boundary(
        self,
        parameters: _Parameters,
        _: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        _set_boundary(iam.get_user(parameters["UserName"]), None)
        return {}

    def _update_role(self, parameters: _Parameters, _: Account, iam: IAMBackend) -> _Result:
        """Change only what is given; moto would reset the rest."""
        role = iam.get_role(parameters["RoleName"])
        role.description = parameters.get("Description", role.description)
        role.max_session_duration = parameters.get("MaxSessionDuration", role.max_session_duration)
        return {}

    def _simulate(self, parameters: _Parameters, account: Account, _: IAMBackend) -> _Result:
        return simulation.simulate(parameters, account, self._state)

    def _list_users(self, parameters: _Parameters, account: Account, _: IAMBackend) -> _Result:
        """List the users of a moment ago: the one call here whose answer lags behind changes."""
        prefix = parameters.get("PathPrefix", "/")
        known = self._state.effective_iam(account.id).users.values()
        users = [user for user in known if user.path.startswith(prefix)]
        return _page("Users", sorted(users, key=lambda user: user.name), parameters)

    def _list_user_policies(
        self,
        parameters: _Parameters,
        _: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        user = iam.get_user(parameters["UserName"])
        return _page("PolicyNames", sorted(user.policies), parameters)

    def _list_role_policies(
        self,
        parameters: _Parameters,
        _: Account,
        iam: IAMBackend,
    ) -> dict[str, Any]:
        role = iam.get_role(parameters["RoleName"])
        return _page("PolicyNames", sorted(role.policies), parameters)


def _doomed(
    operation: str,
    parameters: _Parameters,
    iam: IAMBackend,
) -> tuple[str, str] | None:
    """Return ARN and unique id of the principal that this call is about to delete."""
    if operation == "DeleteUser":
        user = iam.users.get(parameters["UserName"])
        return (user.arn, user.id) if user is not None else None
    if operation == "DeleteRole":
        role = Entities(iam).role(parameters["RoleName"])
        return (role.arn, role.id) if role is not None else None
    return None


def _moto(operation: str, parameters: _Parameters, account: Account, request_id: str) -> Answer:
    answered: Any
    try:
        answered = _MotoCall(operation, parameters, account).call_action()
    except NotImplementedError as error:
        raise not_served("iam", operation) from error
    status, _, body = answered
    return Answer(
        status=status,
        body=with_request_id(body, request_id),
        error=None if status == _OK else error_code(body.encode()),
    )


class _MotoCall(IamResponse):
    """A call as moto sees it once it has taken an HTTP request apart: account and region, no key.

    To put the call into such a request first takes longer than most calls take.
    """

    def __init__(self, operation: str, parameters: _Parameters, account: Account) -> None:
        super().__init__()
        sent = {**parameters, "Action": operation, "Version": "2010-05-08"}
        self.current_account = account.id
        self.region, self.partition = account.region, account.partition
        self.querystring = self.data = {name: [value] for name, value in sent.items()}
        self.headers = {"Content-Type": _FORM}
        self.response_headers: dict[str, str] = {}
        self.uri_match: dict[str, str] = {}
        form: Any = SimpleNamespace(
            method="POST", content_type=_FORM, values=sent, headers=self.headers, data=b"", path="/"
        )
        self.parse_parameters(form)

    @staticmethod
    def _enrich_response(headers: dict[str, str], body: Any) -> tuple[dict[str, str], Any]:  # noqa: ANN401 - moto's own
        """Leave out the id that moto makes up; the front puts in the request's own."""
        return headers, body


def _set_boundary(user: User, arn: str | None) -> None:
    """Give moto's user the two attributes that moto's role has by itself."""
    described = arn and {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": arn,
    }
    vars(user).update(permissions_boundary_arn=arn, permissions_boundary=described)


def _page(name: str, items: Sequence[Any], parameters: _Parameters) -> dict[str, Any]:
    start = int(parameters.get("Marker") or 0)
    end = start + int(parameters.get("MaxItems") or _DEFAULT_PAGE)
    page: dict[str, Any] = {name: items[start:end], "IsTruncated": end < len(items)}
    return {**page, "Marker": str(end)} if end < len(items) else page
