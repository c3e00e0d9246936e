"""The federation of one mount with its IAM role: verified, awaited, and ended with its users."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components.dynamic import configuration, reach
from components.dynamic.base import InUseError, Props, Watcher, inputs, names
from components.dynamic.probe import await_reach
from components.dynamic.session import SessionArgs, await_session
from federation.account import AccountAccess
from federation.identity import MountClass

if TYPE_CHECKING:
    from clients.vault import HeldFederation, Vault

VISIBLE_SECONDS = 15.0
"""How long IAM may go on listing a user that was deleted (IAM User Guide, "Changes that I make are
not always immediately visible")."""

PAUSE_SECONDS = 1.0
"""Between two looks."""


class FederationError(Exception):
    """A mount is not federated as declared; the message says how, why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FederationArgs:
    """Everything that must be true before the mount's roles mean anything."""

    address: str
    """Address of Vault."""
    namespace: str
    """Path of the namespace; empty for the root namespace."""
    mount_class: str
    """Secrets engine or auth method, as a value of ``MountClass``."""
    path: str
    """Path of the mount."""
    accessor: pulumi.Input[str]
    """The accessor that the trust policy names."""
    audience: str
    """The ``aud`` claim."""
    role_arn: pulumi.Input[str]
    """The IAM role."""
    issuer: pulumi.Input[str]
    """The ``iss`` claim."""
    token_key: pulumi.Input[str]
    """Name of the signing key."""
    token_ttl_seconds: int
    """Lifetime of a plugin token."""
    confusable: str | None = None
    """What a server that confuses accounts would let in; see ``federation.logins.confusable``."""
    without_external_id: str | None = None
    """A role for another account's principals that declares none; see ``federation.releases``."""
    conditioned: str | None = None
    """A Vault role that declares external id or session tags; see ``federation.releases``."""
    engine: EngineArgs | None = None
    """What only a secrets engine has."""
    server: str = configuration.ABLE


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineArgs(SessionArgs):
    """How a secrets engine names the users that it makes, and everything AWS judges it by."""

    username_template: str
    """How it names users."""
    iam_path: str
    """IAM path of every user, with both outer slashes."""


class _FederationProvider(Watcher):
    """Verifies, writes what the official provider does not, waits until AWS knows; see below."""

    INPUTS = tuple(
        key for key in names(FederationArgs, EngineArgs, AccountAccess) if key != "engine"
    )
    REPLACED_BY = ("account_id", "iam_path")

    def identify(self, props: Props) -> str:
        """Return class and path of the mount."""
        return f"{props['mount_class']}/{props['path']}"

    def noun(self, props: Props) -> str:
        """Return which federation was."""
        return f"the federation of {props['path']} was"

    def asked(self, props: Props) -> Props:
        """Return the inputs alone; a number arrives as a float, which nobody declared."""
        asked = super().asked(props)
        return asked | {"token_ttl_seconds": int(props["token_ttl_seconds"] or 0)}

    def apply(self, props: Props) -> None:
        """Verify what Vault holds and wait until the mount is somebody at AWS.

        The username template before the session, because both write the mount's configuration.

        Raises:
            FederationError: with cause and remedy.
        """
        declared = self.asked(props)
        found = _verified(reach.vault(declared), declared)
        if declared["mount_class"] == MountClass.AUTH:
            trouble = await_reach(reach.auth_method(declared), declared["role_arn"])
            if trouble:
                raise FederationError(
                    f"the mount {declared['path']} is of no use: {trouble}; then run `pulumi up` "
                    "again"
                )
            return
        engine = reach.secrets_engine(declared)
        configuration.write_template(engine, declared[configuration.TEMPLATE], found)
        if trouble := await_session(engine, declared):
            raise FederationError(trouble)

    def held(self, props: Props) -> Props:
        """Say what Vault holds, what the server lacks, and which issuer AWS would read."""
        return configuration.held(reach.vault(props), self.asked(props))

    def delete(self, _id: str, props: Props) -> None:
        """Refuse while users of the mount are left.

        Those whose making was interrupted have no lease, and neither has any once Vault has lost
        its storage: a lease guard sees none of them.
        """
        if "iam_path" not in props:
            return
        path, account = props["iam_path"], reach.account(props)
        deadline = time.monotonic() + VISIBLE_SECONDS
        while left := account.users_under(path):
            if time.monotonic() >= deadline:
                kept = account.what_keeps(sorted(left))
                raise InUseError(
                    f"IAM users are left under {path} in account {props['account_id']}, and no "
                    f"lease was found that would end them: {', '.join(sorted(left))}. Vault "
                    "deletes what it was interrupted at within about six minutes, as long as its "
                    "IAM role is there, which therefore stays: repeat `pulumi destroy` then. Those "
                    "that are still left, and all of a Vault that has lost its storage, nobody "
                    "else deletes: delete them by `vaultaws sweep --delete`, then repeat"
                    + "".join(f". {line}" for line in kept)
                )
            time.sleep(PAUSE_SECONDS)


def _verified(vault: Vault, declared: Props) -> HeldFederation | None:
    """Return what the mount holds, if it is as declared."""
    found = configuration.look(vault, declared)
    if problem := configuration.problem(vault, declared, found):
        raise FederationError(problem)
    return found


class Federation(pulumi.dynamic.Resource, module="vaultwif", name="Federation"):
    """Stands between a mount with its IAM role and whatever is handed out by them.

    Created, it lets nothing through until Vault holds what is declared and AWS gives it a session:
    who read credentials earlier would get an error, and so would everybody after, for Vault keeps
    a client that could not sign in. Vault without its part of the federation would even use AWS
    keys from its environment, and the official provider drops that part without a word where Vault
    is Community edition, too old, or hides its version.

    Destroyed, it is after the lease guards and before the IAM role, and only once no user is left:
    with the role would go the only identity that Vault can delete users by.

    It also writes back a username template that somebody reset. The official provider never writes
    one alone, and to replace the mount would end every lease. Whoever writes ``config/root``
    without the template makes Vault forget it (hashicorp/vault, issue 29851).
    """

    role_arn: pulumi.Output[str]
    """The IAM role, known once the mount is known to act as it."""

    def __init__(
        self, name: str, args: FederationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(_FederationProvider(), name, inputs(args), opts)
