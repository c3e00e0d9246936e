"""ARNs and regions: which partition they belong to, and whether they are what they should be."""

import re

_PARTITIONS = (
    (re.compile(r"cn-[a-z]+-\d"), "aws-cn"),
    (re.compile(r"us-gov-[a-z]+-\d"), "aws-us-gov"),
    (re.compile(r"us-iso-[a-z]+-\d"), "aws-iso"),
    (re.compile(r"us-isob-[a-z]+-\d"), "aws-iso-b"),
    (re.compile(r"eu-isoe-[a-z]+-\d"), "aws-iso-e"),
    (re.compile(r"us-isof-[a-z]+-\d"), "aws-iso-f"),
    (re.compile(r"eusc-[a-z]+-[a-z]+-\d"), "aws-eusc"),
    (re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d"), "aws"),
)
"""Regions of each partition, as AWS's own partition data describes them."""

_OTHER_SUFFIXES = {
    "aws-cn": "amazonaws.com.cn",
    "aws-iso": "c2s.ic.gov",
    "aws-iso-b": "sc2s.sgov.gov",
    "aws-iso-e": "cloud.adc-e.uk",
    "aws-iso-f": "csp.hci.ic.gov",
    "aws-eusc": "amazonaws.eu",
}
"""Where a partition's services are, if not under ``amazonaws.com`` (same source)."""

OF_AWS = "aws"
"""What the ARNs of AWS's own policies have in place of an account."""

_IAM_ARN = re.compile(
    r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}|aws):(?P<kind>role|policy)"
    r"/([\x21-\x29\x2b-\x3e\x40-\x7e]+/)?[A-Za-z0-9_+=,.@-]{1,128}"
)
"""A role or a policy, exact: neither ``*`` nor ``?`` anywhere."""


def partition_of(region: str) -> str:
    """Return the partition of a region.

    Raises:
        ValueError: No partition has regions of this form.
    """
    for pattern, partition in _PARTITIONS:
        if pattern.fullmatch(region):
            return partition
    raise ValueError("must be an AWS region such as us-east-1, us-gov-west-1 or cn-north-1")


def check_region(region: str) -> None:
    """Check that a region belongs to a partition; see :func:`partition_of`."""
    partition_of(region)


def sts_endpoint(region: str) -> str:
    """Return the address of STS in a region.

    Source: AWS General Reference, "AWS Security Token Service endpoints and quotas".

    Raises:
        ValueError: No partition has regions of this form.
    """
    return f"https://sts.{region}.{_OTHER_SUFFIXES.get(partition_of(region), 'amazonaws.com')}"


def unguessed_sts_endpoint(region: str) -> str | None:
    """Return the address of a region's STS where Vault would not find it; None where it would.

    Vault puts the suffix ``amazonaws.com`` behind every region (its AWS secrets engine,
    ``matchingSTSEndpoint``). The suffixes of the other partitions are those of AWS's own
    partition data.
    """
    return sts_endpoint(region) if partition_of(region) in _OTHER_SUFFIXES else None


def owner(arn: str) -> tuple[str, str]:
    """Return partition and account of an ARN that :func:`require` accepts."""
    _, partition, _, _, account, _ = arn.split(":", 5)
    return partition, account


def require(
    arn: str, kind: str, *, partition: str | None = None, accounts: tuple[str, ...] = ()
) -> None:
    """Check that an ARN names exactly one role or policy of a partition.

    Args:
        arn: What to check.
        kind: ``role`` or ``policy``.
        partition: The partition it must be in; None for any.
        accounts: The accounts it may be in (``aws``: AWS's own policies); empty for any.

    Raises:
        ValueError: Saying what is allowed.
    """
    match = _IAM_ARN.fullmatch(arn)
    if "*" in arn or "?" in arn:
        raise ValueError(f"must be the ARN of one {kind}, without wildcards")
    if match is None or match["kind"] != kind:
        raise ValueError(
            f"must be the ARN of a {kind}: arn:{partition or 'aws'}:iam::<account>:{kind}/..."
        )
    if partition and match["partition"] != partition:
        raise ValueError(f"must be in the partition {partition} of the account's region")
    if accounts and match["account"] not in accounts:
        raise ValueError(f"must be in account {' or '.join(accounts)}")
