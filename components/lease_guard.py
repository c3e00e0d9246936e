"""What a Vault role has handed out, and its end."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pulumi
from pulumi_command import local

from federation.account import AccountAccess
from federation.kept_users import WHERE


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseGuardArgs:
    """Whose leases end with the guard."""

    address: str
    """Address of Vault."""
    namespace: str
    """Path of the namespace; empty for the root namespace."""
    mount: str
    """Path of the secrets engine."""
    role: str
    """Name of the Vault role."""
    account: AccountAccess
    """The account of the users behind the leases."""
    iam_path: str
    """Their IAM path, with both outer slashes."""
    replaced_by: Sequence[pulumi.Input[str]]
    """What the leases cannot outlive: a changed value revokes them with the old value in place."""


class LeaseGuard(local.Command):
    """Revokes every lease of one Vault role when it is destroyed; does nothing before.

    Destroyed after the Vault role, so nothing new is issued, and before the IAM role, so Vault
    can still delete the users it made. A failure stops the destroy: nothing AWS-side is lost.
    """

    def __init__(
        self, name: str, args: LeaseGuardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        # Also when empty: a shell's own would send the revocation to another namespace.
        environment = {"VAULT_ADDR": args.address, "VAULT_NAMESPACE": args.namespace}
        # Where it looks for what keeps a user at AWS, if it must.
        users = {"iam_path": args.iam_path, **asdict(args.account)}
        known = {key: value for key, value in users.items() if value is not None}
        super().__init__(
            name,
            # Found on PATH at that time: an absolute path would tie the state to one machine.
            delete=shlex.join(["python", "-m", "operations.leases", args.mount, args.role]),
            environment=environment | {WHERE: json.dumps(known)},
            triggers=list(args.replaced_by),
            opts=opts,
        )
