"""What credentials are for: S3's buckets and objects, and what DynamoDB and EC2 list and describe.

Sources of what is authorised: the Service Authorization Reference for Amazon S3, DynamoDB and EC2,
and "Required permissions for Amazon S3 API operations" (S3 User Guide), by which alone the actions
of S3 have other names than its operations.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from moto.core.request import Request

from lab.aws.front import routing
from lab.aws.front.actions import AuthorizationNeed
from lab.aws.front.wire import Answer, ApiError, error_code, with_request_id
from lab.aws.judgement.authorize import authorize, not_served
from lab.aws.state.buckets import owner_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.routing import Asked
    from lab.aws.front.wire import Message
    from lab.aws.judgement.authorize import Verdict
    from lab.aws.judgement.principals import Caller
    from lab.aws.state.store import State

SERVICES = frozenset({"s3", "dynamodb", "ec2"})
"""As signatures and botocore name them alike."""

S3_ACTIONS: Mapping[str, str] = {
    "CreateBucket": "CreateBucket",
    "DeleteBucket": "DeleteBucket",
    "DeleteObject": "DeleteObject",
    "GetBucketLocation": "GetBucketLocation",
    "GetObject": "GetObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "PutObject": "PutObject",
}
"""Each operation of S3 that is served, and the action it is authorised as."""
_OBJECT_HEADERS = ("acl", "server-side-encryption", "storage-class")
_WITH = {"x-amz-acl": "PutObjectAcl", "x-amz-tagging": "PutObjectTagging"}
"""Headers of PutObject that need an action of their own."""
_NOT_MOTOS = frozenset({"host", "authorization", "x-amz-security-token", "content-length"})
_NOT_OURS = frozenset({"server", "date", "x-amzn-requestid", "status", "content-length"})
_FIRST_ERROR = 400
_MISSING = 404


@dataclass(frozen=True, kw_only=True)
class ResourceCall:
    """One call to S3, DynamoDB or EC2 by a caller whose signature holds."""

    message: Message
    endpoint: Endpoint
    asked: Asked
    caller: Caller

    @property
    def region(self) -> str:
        """Region that answers; behind a loopback host, the account's."""
        return self.endpoint.region or self.caller.account.region

    def needs(self) -> Sequence[AuthorizationNeed]:
        """Return what must be allowed.

        Raises:
            ApiError: AccessDenied for an operation that the laboratory does not serve.
        """
        find = _s3_needs if self.endpoint.service == "s3" else _listing_needs
        needs = find(self)
        if not needs:
            raise not_served(self.endpoint.service, self.asked.operation or "a call without a name")
        return needs

    def need(self, action: str, resource: str, **keys: str) -> AuthorizationNeed:
        """Return one need, with the condition keys that every call of these services has."""
        own = {"aws:RequestedRegion": (self.region,), **{k: (v,) for k, v in keys.items()}}
        name = f"{self.endpoint.service}:{action}"
        return AuthorizationNeed(action=name, resource=resource, context=own)


def perform(call: ResourceCall, state: State) -> Answer:
    """Answer a call that is allowed; what it changed in S3 is stored.

    Raises:
        ApiError: with the service's code.
    """
    answer = _PERFORMERS[call.endpoint.service](call)
    if call.endpoint.service == "s3" and call.message.method not in ("GET", "HEAD"):
        state.changed()
    return answer


def require_owned(call: ResourceCall) -> None:
    """Refuse a bucket of another account: without a bucket policy, it is its owner's alone.

    Raises:
        ApiError: AccessDenied.
    """
    bucket = call.asked.arguments.get("Bucket", "")
    owner = owner_of(bucket) if call.endpoint.service == "s3" else None
    if owner and owner != call.caller.account.id and call.asked.operation != "CreateBucket":
        rule = f"bucket {bucket} is of account {owner}"
        need = call.needs()[0]
        raise ApiError("AccessDenied", 403, "Access Denied", rule=f"{need.action}: {rule}")


def explain_missing(call: ResourceCall, answer: Answer, state: State) -> Sequence[Verdict]:
    """Let only who may list a bucket learn that an object is not there (GetObject, Permissions).

    Raises:
        DeniedError: for who may not list it.
    """
    missing = answer.status == _MISSING and call.asked.operation in ("GetObject", "HeadObject")
    bucket = call.asked.arguments.get("Bucket", "")
    if not missing or not owner_of(bucket):
        return ()
    need = call.need("ListBucket", _bucket_arn(call, bucket))
    return authorize(call.caller, [need], state)


def _s3_needs(call: ResourceCall) -> list[AuthorizationNeed]:
    operation, arguments = call.asked.operation, call.asked.arguments
    action = S3_ACTIONS.get(operation)
    if action is None:
        return []
    account = call.caller.account.id
    keys = {"s3:authType": "REST-HEADER", "s3:signatureversion": "AWS4-HMAC-SHA256"}
    if "authorization" not in call.message.headers:
        keys["s3:authType"] = "REST-QUERY-STRING"
    if "Bucket" not in arguments:
        return [call.need(action, "*", **keys)]
    resource = _bucket_arn(call, arguments["Bucket"])
    keys |= {"aws:ResourceAccount": account, "s3:ResourceAccount": account}
    if "Key" not in arguments:
        for name in ("Prefix", "Delimiter", "MaxKeys") if action == "ListBucket" else ():
            if name in arguments:
                keys[f"s3:{'max-keys' if name == 'MaxKeys' else name.lower()}"] = arguments[name]
        return [call.need(action, resource, **keys)]
    resource = f"{resource}/{arguments['Key']}"
    if "VersionId" in arguments:
        keys["s3:versionid"] = arguments["VersionId"]
        action += "Version"
    if action != "PutObject":
        return [call.need(action, resource, **keys)]
    sent = call.message.headers
    own = {f"s3:x-amz-{n}": sent[f"x-amz-{n}"] for n in _OBJECT_HEADERS if f"x-amz-{n}" in sent}
    further = [
        call.need(name, resource, **keys) for header, name in _WITH.items() if header in sent
    ]
    return [call.need(action, resource, **keys, **own), *further]


def _listing_needs(call: ResourceCall) -> list[AuthorizationNeed]:
    """Authorise what lists and describes: on a table, or on nothing.

    A call to EC2 that must name a resource is authorised on it; none of those is served.
    """
    service, operation = call.endpoint.service, call.asked.operation
    model = routing.operation_model(service, operation)
    if model is None or not operation.startswith(("Describe", "List")):
        return []
    required = model.input_shape.required_members if model.input_shape else []
    if not required:
        return [call.need(operation, "*")]
    named = [name for name in ("TableName", "ResourceArn") if name in required]
    if service != "dynamodb" or not named:
        return []
    table = str(call.asked.arguments.get(named[0], ""))
    account = call.caller.account
    place = f"arn:{account.partition}:dynamodb:{call.region}:{account.id}:table/"
    return [call.need(operation, table if table.startswith("arn:") else place + table)]


def _bucket_arn(call: ResourceCall, bucket: str) -> str:
    return f"arn:{call.caller.account.partition}:s3:::{bucket}"


def _s3(call: ResourceCall) -> Answer:
    from moto.s3.responses import S3Response  # noqa: PLC0415 - most laboratories never ask

    message = call.message
    query = [
        (name, value)
        for name, value in parse_qsl(message.query, keep_blank_values=True)
        if not name.startswith("X-Amz-")
    ]
    path = routing.bucket_path(message, call.endpoint)
    if "Key" in call.asked.arguments:
        dispatch = S3Response.key_dispatch
    elif "Bucket" in call.asked.arguments:
        dispatch = S3Response.ambiguous_dispatch
    else:
        dispatch = S3Response.bucket_dispatch
    request = _request(call, f"{path}?{urlencode(query)}" if query else path)
    return _answer(call, dispatch(request, request.url, request.headers))


def _dynamodb(call: ResourceCall) -> Answer:
    from moto.dynamodb.responses import DynamoHandler  # noqa: PLC0415 - as above

    return _dispatched(call, DynamoHandler.dispatch)


def _ec2(call: ResourceCall) -> Answer:
    from moto.ec2.responses import EC2Response  # noqa: PLC0415 - as above, and it takes a second

    return _dispatched(call, EC2Response.dispatch)


def _dispatched(call: ResourceCall, dispatch: Callable[[Request], Any]) -> Answer:
    try:
        return _answer(call, dispatch(_request(call, "/")))
    except NotImplementedError as error:
        raise not_served(call.endpoint.service, call.asked.operation) from error


def _request(call: ResourceCall, path: str) -> Request:
    """Build a clean request for moto: account and region chosen here, no key and no signature."""
    account, message = call.caller.account, call.message
    suffix = "amazonaws.com.cn" if account.partition == "aws-cn" else "amazonaws.com"
    headers = {name: value for name, value in message.headers.items() if name not in _NOT_MOTOS}
    # S3's objects are moto's to refuse to whoever signs nothing; here everybody has signed.
    headers |= {"x-moto-account-id": account.id, "Authorization": "verified"}
    url = f"https://{call.endpoint.service}.{call.region}.{suffix}{path}"
    return Request.from_primitives(message.method, url, headers, message.body)


def _answer(call: ResourceCall, given: tuple[int, Mapping[str, Any], Any]) -> Answer:
    status, headers, body = given
    kept = {name: str(value) for name, value in headers.items() if name.lower() not in _NOT_OURS}
    if call.message.method == "HEAD":
        kept |= {n: str(v) for n, v in headers.items() if n.lower() == "content-length"}
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    # What an object holds is nobody's to change.
    if call.asked.operation != "GetObject" or status >= _FIRST_ERROR:
        content = with_request_id(content.decode(), call.message.request_id)
    return Answer(
        status=status,
        body=content,
        error=None if status < _FIRST_ERROR else _code(content, status),
        headers=kept,
    )


def _code(content: bytes, status: int) -> str:
    if content.startswith(b"{"):
        return str(json.loads(content).get("__type", "")).rpartition("#")[2]
    return error_code(content) or str(status)


_PERFORMERS: Mapping[str, Callable[[ResourceCall], Answer]] = {
    "dynamodb": _dynamodb,
    "ec2": _ec2,
    "s3": _s3,
}
