"""ARNs: which partition and account they belong to, and whether they are what they should be."""

import re

OF_AWS = "aws"
"""What the ARNs of AWS's own policies have in place of an account."""

_IAM_ARN = re.compile(
    r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}|aws):(?P<kind>role|policy)"
    r"/([\x21-\x29\x2b-\x3e\x40-\x7e]+/)?[A-Za-z0-9_+=,.@-]{1,128}"
)
"""A role or a policy, exact: neither ``*`` nor ``?`` anywhere."""
ROLE = _IAM_ARN.pattern.replace("role|policy", "role")
POLICY = _IAM_ARN.pattern.replace("role|policy", "policy")
"""One of the two, for who checks nothing but the form."""


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


def is_session_of(session: str, role: str) -> bool:
    """Tell whether an ARN is that of a session of a role; sessions do not tell the role's path.

    Args:
        session: What STS says of a caller: ``arn:aws:sts::123456789012:assumed-role/role/session``.
        role: ARN of the IAM role.
    """
    _, partition, _, _, account, resource = role.split(":", 5)
    name = resource.rpartition("/")[2]
    return session.startswith(f"arn:{partition}:sts::{account}:assumed-role/{name}/")


def nobody_beside(role: str) -> str:
    """Return the ARN of a role that nobody has, in the account of another one."""
    partition, account = owner(role)
    return f"arn:{partition}:iam::{account}:role/vault-federation-check"
