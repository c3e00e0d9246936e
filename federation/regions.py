"""AWS's regions and partitions, as its own SDK lists them.

The list is the file ``partitions.json`` of botocore, which AWS keeps: data of a package, read
by Python's import system where the package lies, once a region is asked about, and without
importing botocore, which takes a hundred times as long.
"""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.abc import ResourceLoader
from importlib.util import find_spec
from pathlib import Path

_OF_VAULT = "amazonaws.com"
"""What Vault puts behind every region (its AWS secrets engine, ``matchingSTSEndpoint``)."""
_LIKELY = 0.7
"""How alike a region must be to be what was meant, as difflib counts it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """One partition: regions that share accounts, ARNs and a domain."""

    name: str
    form: re.Pattern[str]
    """What its regions look like, those to come included."""
    suffix: str
    """Domain of its services."""
    regions: frozenset[str]
    """Those that there were when the list was made."""
    of_all: str
    """The region that stands for services which a partition has once, as IAM."""


@cache
def partitions() -> Mapping[str, Partition]:
    """Return every partition by its name."""
    found = find_spec("botocore")
    if found is None or found.origin is None or not isinstance(found.loader, ResourceLoader):
        raise RuntimeError("botocore, whose list of AWS's regions is used, is not installed")
    listed = found.loader.get_data(str(Path(found.origin).with_name("data") / "partitions.json"))
    return {
        entry["id"]: Partition(
            name=entry["id"],
            form=re.compile(entry["regionRegex"].removeprefix("^").removesuffix("$"), re.ASCII),
            suffix=entry["outputs"]["dnsSuffix"],
            regions=frozenset(name for name in entry["regions"] if not name.endswith("-global")),
            of_all=entry["outputs"]["implicitGlobalRegion"],
        )
        for entry in json.loads(listed)["partitions"]
    }


def partition_of(region: str) -> Partition:
    """Return the partition of a region, known or to come.

    Raises:
        ValueError: No partition has regions of this form; says what was probably meant.
    """
    for partition in partitions().values():
        if region in partition.regions or partition.form.fullmatch(region):
            return partition
    meant = _meant(region)
    told = f"; did you mean {meant}?" if meant else ""
    raise ValueError(f"must be an AWS region such as us-east-1, us-gov-west-1 or cn-north-1{told}")


def check_region(region: str, *, newer: bool = False) -> None:
    """Check that there is a region.

    Args:
        region: What to check.
        newer: Whether it may be one that the list does not have yet.

    Raises:
        ValueError: There is none, or none yet; says what was probably meant.
    """
    if region in partition_of(region).regions or newer:
        return
    meant = _meant(region)
    raise ValueError(
        "is no region that the pinned botocore knows; "
        f"{f'did you mean {meant}? If' if meant else 'if'} AWS has it since, set newRegion beside "
        "it to true"
    )


def global_region(partition: str) -> str:
    """Return the region that stands for services which a partition has once, as IAM."""
    return partitions()[partition].of_all


def sts_endpoint(region: str) -> str:
    """Return the address of STS in a region.

    Source: AWS General Reference, "AWS Security Token Service endpoints and quotas".

    Raises:
        ValueError: No partition has regions of this form.
    """
    return f"https://sts.{region}.{partition_of(region).suffix}"


def unguessed_sts_endpoint(region: str) -> str | None:
    """Return the address of a region's STS where Vault would not find it; None where it would."""
    return sts_endpoint(region) if partition_of(region).suffix != _OF_VAULT else None


def _meant(region: str) -> str:
    """Spell the regions that are most like what was written; empty if none is."""
    known = sorted(name for partition in partitions().values() for name in partition.regions)
    written = re.sub(r"[\s_]+", "-", region.strip().lower())
    close = difflib.get_close_matches(written, known, n=3, cutoff=_LIKELY)
    same_letters = [name for name in close if sorted(name) == sorted(written)]
    nearest = [name for name in close if _likeness(name, written) == _likeness(close[0], written)]
    return " or ".join(sorted(same_letters or nearest))


def _likeness(name: str, written: str) -> float:
    return difflib.SequenceMatcher(None, name, written).ratio()
