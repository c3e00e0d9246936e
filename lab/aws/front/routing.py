"""Which operation a request asks for, by the models of services that botocore ships."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from lab.aws.front.models import service_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel

    from lab.aws.front.endpoints import Endpoint
    from lab.aws.front.wire import Message


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An operation and what it is asked about."""

    operation: str
    """Of a service whose model is not read, what stands in the request."""
    arguments: Mapping[str, Any]
    """By the model's names of the operation's members, as far as path, query and body name them."""


def asked(message: Message, endpoint: Endpoint) -> Asked:
    """Take the operation out of a request, whatever its protocol."""
    if endpoint.protocol == "json":
        _, _, operation = message.headers.get("x-amz-target", "").rpartition(".")
        return Asked(operation=operation, arguments=_json(message.body))
    if endpoint.protocol in ("query", "ec2"):
        operation = message.parameters.get("Action", "")
        return Asked(operation=operation, arguments=message.parameters)
    if endpoint.protocol == "smithy-rpc-v2-cbor":  # /service/<name>/operation/<name>
        return Asked(operation=message.path.rpartition("/")[2], arguments={})
    if endpoint.service == "s3":
        return _rest(message, endpoint)
    return Asked(operation=f"{message.method} {message.path}", arguments={})


def operation_model(service: str, operation: str) -> OperationModel | None:
    """Return AWS's model of an operation; None if the service has none of this name."""
    model = service_model(service)
    return model.operation_model(operation) if operation in model.operation_names else None


def bucket_path(message: Message, endpoint: Endpoint) -> str:
    """Return the path of a request to S3 with the bucket in it, wherever the request names it."""
    return f"/{endpoint.bucket}{message.path}" if endpoint.bucket else message.path


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _rest(message: Message, endpoint: Endpoint) -> Asked:
    """Find the operation whose path, query and required members the request has the most of."""
    query = dict(parse_qsl(message.query, keep_blank_values=True))
    path = bucket_path(message, endpoint)
    fitting = list(_fitting(message, path, query, endpoint.service))
    if not fitting:
        return Asked(operation=f"{message.method} {message.path}", arguments={})
    _, operation, arguments = max(fitting, key=lambda found: found[0])
    return Asked(operation=operation, arguments=arguments)


def _fitting(
    message: Message, path: str, query: Mapping[str, str], service: str
) -> Iterator[tuple[int, str, dict[str, str]]]:
    for route in _routes(service):
        found = route.pattern.fullmatch(path)
        if route.method != message.method or not found or not route.query.items() <= query.items():
            continue
        arguments = {name: unquote(value) for name, value in found.groupdict().items()}
        for name, key in route.from_query.items():
            if key in query:
                arguments[name] = query[key]
        for name, key in route.from_headers.items():
            if key in message.headers:
                arguments[name] = message.headers[key]
        if route.required <= arguments.keys():
            # Of two that fit alike, as ListBuckets and ListDirectoryBuckets do, the shorter name.
            score = 100 * (len(route.query) + len(route.required)) - len(route.operation)
            yield score, route.operation, arguments


@dataclass(frozen=True, kw_only=True)
class _Route:
    operation: str
    method: str
    pattern: re.Pattern[str]
    query: Mapping[str, str]
    from_query: Mapping[str, str]
    from_headers: Mapping[str, str]
    required: frozenset[str]
    """Members that path, query or headers must name."""


@cache
def _routes(service: str) -> tuple[_Route, ...]:
    model = service_model(service)
    return tuple(_route(model.operation_model(name)) for name in model.operation_names)


def _route(operation: OperationModel) -> _Route:
    path, _, query = operation.http["requestUri"].partition("?")
    pattern = re.sub(r"\\{(\w+)(\\\+)?\\}", _group, re.escape(path))
    shape = operation.input_shape
    members = shape.members if shape else {}
    placed: dict[str, dict[str, str]] = {"querystring": {}, "header": {}, "uri": {}}
    for name, member in members.items():
        place = member.serialization.get("location")
        if place in placed:
            key = member.serialization.get("name", name)
            placed[place][name] = key.lower() if place == "header" else key
    required = {*shape.required_members} if shape else set()
    return _Route(
        operation=operation.name,
        method=operation.http["method"],
        pattern=re.compile(pattern + ("/?" if path != "/" and "+" not in path else "")),
        query=dict(parse_qsl(query, keep_blank_values=True)),
        from_query=placed["querystring"],
        from_headers=placed["header"],
        required=frozenset(required & {*placed["querystring"], *placed["header"], *placed["uri"]}),
    )


def _group(found: re.Match[str]) -> str:
    return f"(?P<{found[1]}>{'.+' if found[2] else '[^/]+'})"
