"""Which AWS service and region a public host name stands for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

from moto.utilities.utils import get_partition

from lab.aws.front.wire import LOOPBACK, ApiError, Message

UNSIGNED = frozenset({"AssumeRoleWithWebIdentity", "AssumeRoleWithSAML"})
"""Calls that carry their own proof and no signature (STS API reference, each operation)."""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A service and the region its signatures must name; None accepts any region."""

    service: str
    region: str | None

    def serves(self, partition: str) -> bool:
        """Say whether what lies in a partition is known here."""
        return self.region is None or get_partition(self.region) == partition


def endpoint_of(message: Message) -> Endpoint:
    """Say what the request's Host stands for; a loopback host is told by the signature's scope.

    Raises:
        ApiError: no AWS service of the laboratory has this name.
    """
    host = message.host.lower().partition(":")[0]
    if host in LOOPBACK:
        return Endpoint(service=_signed_service(message), region=None)
    service, _, rest = host.partition(".")
    service = service.removesuffix("-fips")
    for suffix, (global_region, partitions) in _suffixes().items():
        found = re.fullmatch(rf"(?:([a-z0-9-]+)\.)?{re.escape(suffix)}", rest)
        if found and service in ("iam", "sts", "ec2"):
            region = _region(found.group(1) or "", global_region)
            if get_partition(region) in partitions:  # otherwise no DNS server knows the name
                return Endpoint(service=service, region=region)
    raise ApiError(
        "UnknownEndpoint",
        404,
        f"No AWS service of the laboratory answers to {host!r}; it serves iam, sts and ec2 under "
        "their public names.",
    )


def _region(named: str, global_region: str) -> str:
    if re.fullmatch(r"[a-z]+(-[a-z]+)+-\d+", named):
        return named
    # "IAM endpoints", AWS General Reference: iam.us-gov.amazonaws.com
    return "us-gov-west-1" if named == "us-gov" else global_region


@cache
def _suffixes() -> dict[str, tuple[str, set[str]]]:
    """Return, by DNS suffix, the region that a host without one signs for, and its partitions.

    botocore carries AWS's own list of partitions.
    """
    listed = resources.files("botocore").joinpath("data/partitions.json").read_text("utf-8")
    found: dict[str, tuple[str, set[str]]] = {}
    for partition in json.loads(listed)["partitions"]:
        outputs = partition["outputs"]
        for suffix in (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]):
            # Partitions share suffixes; the first, the public one, owns the bare host name.
            _, partitions = found.setdefault(suffix, (outputs["implicitGlobalRegion"], set()))
            partitions.add(partition["id"])
    return found


def _signed_service(message: Message) -> str:
    if message.parameters.get("Action") in UNSIGNED:
        return "sts"
    credential = message.headers.get("authorization", "") or message.parameters.get(
        "X-Amz-Credential", ""
    )
    scope = re.search(r"/(iam|sts|ec2)/aws4_request", credential)
    return scope.group(1) if scope else "sts"
