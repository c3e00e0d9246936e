"""Whether a secrets engine really gets a session of its role at AWS."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.errors import NotSignedInError
from components.dynamic import reach
from federation import arns, certificates, identity
from federation.knowledge.exchange import reason_is_in
from federation.obstacles import Exchange, obstacles

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi

    from clients.secrets_engine import SecretsEngine
    from components.dynamic.base import Props
    from federation.account import AccountAccess

EFFECTIVE_SECONDS = 90.0
"""How long AWS may take until a new role, trust policy or identity provider counts; seconds as a
rule (IAM User Guide, "Changes that I make are not always immediately visible")."""

VISIBLE_SECONDS = 15.0
"""How long an obstacle that can be seen may still be the past."""

PAUSE_SECONDS = 1.0
"""Between two attempts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionArgs:
    """Everything that AWS judges a session by, beside what the mount holds."""

    subject: pulumi.Input[str]
    """The ``sub`` claim."""
    provider_arn: pulumi.Input[str]
    """The identity provider."""
    thumbprints: pulumi.Input[Sequence[str]]
    """Thumbprints of the issuer's chain. When they change, Vault may have tried in vain before,
    and a client of AWS that could not sign in at first never does: it is made anew."""
    account: AccountAccess
    """The account."""


def await_session(engine: SecretsEngine, props: Props) -> str:
    """Let the engine sign in until AWS takes it for its role; return why that is in vain, if it is.

    Raises:
        CloudError: Vault or AWS cannot be asked.
    """
    began = time.monotonic()
    while True:
        try:
            return _foreign(engine.session(), props)
        except NotSignedInError:
            # Also before giving up: the client that failed would stay, whatever is mended.
            engine.reconnect()
        waited = time.monotonic() - began
        known = _obstacles(props) if waited >= VISIBLE_SECONDS else []
        if known or waited >= EFFECTIVE_SECONDS:
            return _told(props, known)
        time.sleep(PAUSE_SECONDS)


def _foreign(session: str, props: Props) -> str:
    """Say what is wrong with a session that is not of the declared role; empty if it is."""
    if arns.is_session_of(session, props["role_arn"]):
        return ""
    return (
        f"the mount {props['path']} acts at AWS as {session}, not as {props['role_arn']}: "
        "Vault has AWS keys in its environment or in the mount, and prefers them. Take them "
        "away (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE), restart Vault, and run "
        "`pulumi up` again"
    )


def _told(props: Props, known: list[str]) -> str:
    path, role_arn, account = props["path"], props["role_arn"], props["account_id"]
    if known:
        return (
            f"AWS gives Vault's mount {path} no session of {role_arn}. {'. '.join(known)}. Mend "
            "that, or wait until the stack that owns it has, then run `pulumi up` again"
        )
    return (
        f"AWS gave Vault's mount {path} no session of {role_arn} for {EFFECTIVE_SECONDS:.0f} s, "
        "though audience and trust policy are right and nothing is known against its thumbprint. "
        f"{reason_is_in(account)}: check that Vault reaches STS, and AWS "
        f"{identity.host(props['issuer'])}; then run `pulumi up` again"
    )


def _obstacles(props: Props) -> list[str]:
    from clients.exchange import look  # noqa: PLC0415 - the program itself never needs it

    exchange = Exchange(
        issuer=props["issuer"],
        audience=props["audience"],
        subject=props["subject"],
        provider_arn=props["provider_arn"],
        role_arn=props["role_arn"],
    )
    presented = _presented(identity.host(exchange.issuer))
    return obstacles(look(reach.account(props), exchange, presented))


def _presented(host: str) -> str | None:
    """Return the thumbprint of a host; it need not be in reach of this machine, only of AWS."""
    from clients import tls  # noqa: PLC0415 - as above

    try:
        chain = tls.presented_chain(host)
        return certificates.judge(chain, now=dt.datetime.now(dt.UTC)).thumbprints[0]
    except (tls.TlsError, certificates.ChainRefused):
        return None
