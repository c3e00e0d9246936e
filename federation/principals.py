"""Who may log in: IAM roles and users, by ARN."""

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

ARN = re.compile(
    r"arn:(?P<partition>[a-z-]+):iam::(?P<account>\d{12}):(?P<kind>role|user)"
    r"/(?P<rest>([\x21-\x29\x2b-\x2e\x30-\x3e\x40-\x7e]+/)*([A-Za-z0-9_+=,.@-]{1,64}\*?|\*))"
)
_SESSION = re.compile(r"arn:([a-z-]+):sts::(\d+):assumed-role/([^/]+)/.*")

MADE_BY_VAULT = "user/vault/"
"""Where the users of every secrets engine are; see :attr:`federation.names.MountNames.iam_path`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """An IAM role or user, or with ``*`` at its end all whose ARN begins so."""

    arn: str
    partition: str
    account: str
    kind: Literal["role", "user"]
    name: str
    """Without its path, which a session does not tell (STS API Reference, GetCallerIdentity)."""

    @property
    def wildcard(self) -> bool:
        """Whether it stands for more than one."""
        return self.arn.endswith("*")


def parse(arn: str) -> Principal:
    """Read the ARN of a principal.

    Vault takes a ``*`` at the end alone for a wildcard ("AWS auth method (API)", Create/update
    role, ``bound_iam_principal_arn``).

    Raises:
        ValueError: Saying what is allowed.
    """
    if session := _SESSION.fullmatch(arn):
        partition, account, role = session.groups()
        raise ValueError(
            f"must be the role, not a session of it: arn:{partition}:iam::{account}:role/{role}, "
            "with the role's path if it has one"
        )
    matched = ARN.fullmatch(arn)
    if matched is None:
        raise ValueError(
            "must be the ARN of a role or a user: arn:aws:iam::<account>:role/<name>, "
            "with * at its end or nowhere"
        )
    resource = f"{matched['kind']}/{matched['rest']}"
    begins = resource.removesuffix("*")
    if resource.startswith(MADE_BY_VAULT) or (
        resource.endswith("*") and MADE_BY_VAULT.startswith(begins)
    ):
        raise ValueError(
            f"must not take in {MADE_BY_VAULT}, the users that Vault itself makes: their "
            "credentials would log in to Vault again"
        )
    return Principal(
        arn=arn,
        partition=matched["partition"],
        account=matched["account"],
        kind="role" if matched["kind"] == "role" else "user",
        name=matched["rest"].rpartition("/")[2],
    )


def covers(arn: str, caller: str) -> bool:
    """Tell whether a bound principal may be a caller, as STS names callers.

    A session does not tell the path of its role: of a principal with a wildcard in the path, or
    with a path, only the name is looked at, and Vault decides.

    Args:
        arn: The principal; see :func:`parse`.
        caller: ARN of whoever calls, a session or a user.
    """
    principal = parse(arn)
    if session := _SESSION.fullmatch(caller):
        partition, account, name = session.groups()
        same = (principal.kind, principal.partition, principal.account) == (
            "role",
            partition,
            account,
        )
        return same and fnmatchcase(name, principal.name)
    return fnmatchcase(caller, principal.arn)
