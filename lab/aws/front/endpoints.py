"""Which AWS service and region a request is for, and in which protocol it speaks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from moto.utilities.utils import get_partition

from lab import hosts
from lab.aws.front.wire import LOOPBACK, ApiError, Message

if TYPE_CHECKING:
    from lab.hosts import Service

UNSIGNED = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
"""Calls that carry their own proof and no signature (STS API reference, each operation)."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A service and the region its signatures must name; None accepts any region."""

    service: str
    """As signatures name it."""
    region: str | None
    protocol: str = "query"
    """Of the request, and so of the answer: a service may speak several."""
    bucket: str = ""
    """S3's bucket, where the host names it."""

    def serves(self, partition: str) -> bool:
        """Say whether what lies in a partition is known here."""
        return self.region is None or get_partition(self.region) == partition


def endpoint_of(message: Message) -> Endpoint:
    """Say what the request's Host stands for; a loopback host is told by the signature's scope.

    Raises:
        ApiError: no AWS service has this name.
    """
    host = message.host.lower().partition(":")[0]
    if host in LOOPBACK:
        service = hosts.service_signed(_signed_service(message))
        if service:
            protocol = _protocol(message, service)
            return Endpoint(service=service.signing_name, region=None, protocol=protocol)
    found = hosts.aws_host(host)
    if found:
        global_region, partitions = hosts.suffixes()[found.suffix]
        # "IAM endpoints", AWS General Reference: iam.us-gov.amazonaws.com
        region = {"": global_region, "us-gov": "us-gov-west-1"}.get(found.region, found.region)
        if get_partition(region) in partitions:  # otherwise no DNS server knows the name
            return Endpoint(
                service=found.service.signing_name,
                region=region,
                protocol=_protocol(message, found.service),
                bucket=found.label if found.service.prefix == "s3" else "",
            )
    raise ApiError(
        "UnknownEndpoint",
        404,
        f"No AWS service answers to {host!r}; the laboratory knows them under their public names.",
    )


def _protocol(message: Message, service: Service) -> str:
    """Tell by the request, for several generations of a service may share its name."""
    if message.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if message.headers.get("content-type", "").startswith("application/x-amz-json"):
        return "json"
    if "Action" in message.parameters and service.protocol != "ec2":
        return "query"
    return service.protocol


def _signed_service(message: Message) -> str:
    if message.parameters.get("Action") in UNSIGNED:
        return "sts"
    credential = message.headers.get("authorization", "") or message.parameters.get(
        "X-Amz-Credential", ""
    )
    scope = re.search(r"/([a-z0-9-]+)/aws4_request", credential)
    return scope.group(1) if scope else "sts"
