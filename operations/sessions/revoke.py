"""Ends the sessions of one IAM role, and lets the mount that acts as it sign in anew."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from clients.auth_method import AuthMethod
from clients.aws import Account
from clients.errors import NotSignedInError, VaultError
from clients.role_block import RoleBlock
from clients.secrets_engine import NOT_SIGNED_IN, SecretsEngine
from clients.vault import Vault
from federation.identity import MountClass
from federation.knowledge.access import refused_caller
from federation.session_block import POLICY, written
from operations import OperationError, log
from operations.sessions.roles import Role, left_by

if TYPE_CHECKING:
    from operations.deployed import DeployedMount

SESSION_SECONDS = 3600
"""Longest session that Vault asks for, of a mount's role as of a target role (IAM User Guide,
"Methods to assume a role", role chaining)."""

SIGN_IN_SECONDS = 60.0
"""How long a mount may be refused a new session before that is told."""

PAUSE_SECONDS = 0.5
"""Between two looks at AWS's clock, and two attempts to sign in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What was done."""

    role: Role
    before: datetime
    """Sessions issued before it are refused everything."""
    signed_in_as: str
    """Session that the mount has since; empty for a target role, of which Vault keeps none."""

    def document(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "stack": self.role.stack,
            "role": self.role.arn,
            "blocked_before": written(self.before),
            "policy": POLICY,
            "signed_in_as": self.signed_in_as,
            "not_ended": [left.document() for left in left_by(self.role)],
        }


def end_sessions(role: Role) -> Ended:
    """Block every session of a role that has begun until now, and sign in anew.

    AWS comes first, so that a Vault that is away or in the wrong hands delays nothing. The moment
    is AWS's next full second: it dates sessions by seconds, so one of the second that runs could
    not be told from an older one. It has passed when this returns, so new sessions work.

    Raises:
        AwsError: AWS did not block anything.
        OperationError: the sessions are blocked, and the mount did not sign in anew.
    """
    block = RoleBlock(Account(role.account), role.name)
    before = block.clock() + timedelta(seconds=1)
    block.put(before)
    log.info(
        f"blocked: sessions of {role.arn} that began before {written(before)} are refused "
        f"everything (inline policy {POLICY})"
    )
    while block.clock() < before:
        time.sleep(PAUSE_SECONDS)
    session = ""
    if role.mount:
        session = _signed_in_anew(role, role.mount)
        log.info(f"signed in anew: the {role.what} is {session}")
    return Ended(role=role, before=before, signed_in_as=session)


def take_back(role: Role) -> datetime | None:
    """Take the block of a role's sessions back; return its moment, ``None`` if there was none.

    Raises:
        AwsError: unreachable or refused.
    """
    block = RoleBlock(Account(role.account), role.name)
    before = block.held()
    block.take_back()
    return before


def revived(before: datetime, now: datetime) -> str:
    """Say what taking a block back lets live again."""
    last = before + timedelta(seconds=SESSION_SECONDS)
    if now >= last:
        return f"Every session that began before {written(before)} has ended by itself since."
    return (
        f"Sessions that began before {written(before)} live again, until they end by themselves: "
        f"the last that Vault handed out at {written(last)}."
    )


def _signed_in_anew(role: Role, mount: DeployedMount) -> str:
    try:
        with Vault(role.address, mount.namespace) as vault:
            if mount.mount_class is MountClass.AUTH:
                return _method(AuthMethod(vault, mount.path), role)
            return _engine(SecretsEngine(vault, mount.path))
    except VaultError as error:
        raise OperationError(
            f"{error}\nThe sessions are blocked, and the {role.what} may still use one of them: "
            "reading credentials and revoking leases fail until it signs in anew. Mend the above "
            "and repeat this command, or restart Vault"
        ) from error


def _engine(engine: SecretsEngine) -> str:
    """Let a secrets engine forget its session; return whom AWS takes it for since."""
    until = time.monotonic() + SIGN_IN_SECONDS
    while True:
        engine.reconnect()
        try:
            return engine.session()
        except NotSignedInError:
            if time.monotonic() >= until:
                raise
        time.sleep(PAUSE_SECONDS)


def _method(method: AuthMethod, role: Role) -> str:
    """Let an auth method forget its session; return whom AWS takes it for since.

    AWS names it only where it may not look for a role that does not exist.
    """
    nobody = f"{role.arn.partition('/')[0]}/vault-session-check"
    until = time.monotonic() + SIGN_IN_SECONDS
    while True:
        method.sign_in_anew()
        told = method.look_up(nobody)
        if NOT_SIGNED_IN not in told:
            return refused_caller(told, "iam:GetRole") or role.arn
        if time.monotonic() >= until:
            raise NotSignedInError(f"Vault's auth method {method.path} has no session at AWS")
        time.sleep(PAUSE_SECONDS)
