"""Which AWS service and region a public host name stands for, as AWS's own models say.

botocore carries them: the list of partitions with their DNS suffixes, and a model of each service
with the name that its hosts begin with.
"""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

_HEAD_BYTES = 3_000
"""Of a service's model: its metadata stands first."""
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d+|us-gov")
_ALSO = {"ddb": "dynamodb"}
"""Names that hosts have beside those of the models: ``<account>.ddb.<region>``, which SDKs prefer
as soon as they know the account ("Account-based endpoints", AWS SDKs and Tools reference)."""
_LABELLED = {"s3": re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"), "ddb": re.compile(r"\d{12}")}
"""What may stand before a service's name: a bucket, an account."""

SIGN_IN = {
    "signin.aws.amazon.com": "aws",
    "signin.amazonaws.cn": "aws-cn",
    "signin.amazonaws-us-gov.com": "aws-us-gov",
}
"""Where sessions sign in to the console, with the partition of each."""
CONSOLE = {host.replace("signin", "console"): each for host, each in SIGN_IN.items()}


@dataclass(frozen=True, kw_only=True)
class Service:
    """One service of AWS as botocore describes it."""

    name: str
    """botocore's own, which need not be what hosts begin with."""
    prefix: str
    """What its hosts begin with."""
    protocol: str
    """``query``, ``ec2``, ``json``, ``rest-json``, ``rest-xml`` or ``smithy-rpc-v2-cbor``."""
    signing_name: str


@dataclass(frozen=True, kw_only=True)
class Host:
    """A host name taken apart."""

    service: Service
    region: str
    """As it stands there; empty if none does."""
    suffix: str
    label: str
    """What stands before the service: S3's bucket, DynamoDB's account; else empty."""


def aws_host(name: str) -> Host | None:
    """Take a host name in lower case apart; None for what is no service of AWS."""
    for suffix in suffixes():
        rest = name.removesuffix(f".{suffix}")
        if rest == name:
            continue
        labels = [label for label in rest.split(".") if label != "dualstack"]
        region = labels.pop() if _REGION.fullmatch(labels[-1]) else ""
        for at in range(len(labels)):
            prefix = ".".join(labels[at:]).removesuffix("-fips")
            service = service_at(_ALSO.get(prefix, prefix))
            if service and _may_begin(".".join(labels[:at]), prefix):
                label = ".".join(labels[:at])
                return Host(service=service, region=region, suffix=suffix, label=label)
    return None


def _may_begin(label: str, prefix: str) -> bool:
    pattern = _LABELLED.get(prefix)
    return not label or bool(pattern and pattern.fullmatch(label))


@cache
def suffixes() -> dict[str, tuple[str, frozenset[str]]]:
    """Return, by DNS suffix, the region that a host without one signs for, and its partitions.

    A longer suffix comes before one that it ends with.
    """
    listed = resources.files("botocore").joinpath("data/partitions.json").read_text("utf-8")
    found: dict[str, tuple[str, set[str]]] = {}
    for partition in json.loads(listed)["partitions"]:
        outputs = partition["outputs"]
        for suffix in (outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]):
            # Partitions share suffixes; the first, the public one, owns the bare host name.
            _, partitions = found.setdefault(suffix, (outputs["implicitGlobalRegion"], set()))
            partitions.add(partition["id"])
    ordered = sorted(found, key=len, reverse=True)
    return {suffix: (found[suffix][0], frozenset(found[suffix][1])) for suffix in ordered}


@cache
def service_at(prefix: str) -> Service | None:
    """Return the service whose hosts begin with ``prefix``.

    Where several share one, as the generations of one service do, the first by name stands for all.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]*", prefix):
        return None
    own = _described(_data() / prefix)
    if own and own.prefix == prefix:
        return own
    return _all().get(prefix)


@cache
def service_signed(name: str) -> Service | None:
    """Return the service that signatures name so."""
    found = service_at(name)
    if found and found.signing_name == name:
        return found
    return next((each for each in _all().values() if each.signing_name == name), None)


@cache
def _all() -> dict[str, Service]:
    described = map(_described, sorted(_data().iterdir(), reverse=True))
    return {service.prefix: service for service in described if service}


@cache
def _data() -> Path:
    return Path(str(resources.files("botocore"))) / "data"


def _described(folder: Path) -> Service | None:
    models = sorted(folder.glob("*/service-2.json.gz"))
    if not models:
        return None
    with gzip.open(models[-1]) as model:
        head = model.read(_HEAD_BYTES).decode(errors="ignore")
    known = dict(re.findall(r'"(endpointPrefix|protocol|signingName)"\s*:\s*"([^"]+)"', head))
    prefix = known["endpointPrefix"]
    return Service(
        name=folder.name,
        prefix=prefix,
        protocol=known["protocol"],
        signing_name=known.get("signingName") or prefix,
    )
