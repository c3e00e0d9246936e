"""Whether Vault really gets a session of its role at AWS."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, ResourceProvider, UpdateResult

from components.account import access, holdings, identity_providers
from federation import certificates, identity, trust
from federation.obstacles import Seen, obstacles

if TYPE_CHECKING:
    from federation.names import MountNames
    from settings import AccountSettings

EFFECTIVE_SECONDS = 90.0
"""How long AWS may take until a new role, trust policy or identity provider counts; seconds as a
rule (IAM User Guide, "Changes that I make are not always immediately visible")."""

VISIBLE_SECONDS = 15.0
"""How long an obstacle that can be seen may still be the past."""

PAUSE_SECONDS = 1.0
"""Between two attempts."""

_SESSION = re.compile(r"arn:([a-z-]+):sts::(\d{12}):assumed-role/([^/]+)/")


class NoSessionError(Exception):
    """Vault gets no session of its role; the message says why, as far as it can be told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionCheckArgs:
    """Whose session, and everything that AWS judges it by."""

    address: str
    """Address of Vault."""
    names: MountNames
    """Namespace of the mount and name of its role."""
    path: str
    """Path of the mount."""
    issuer: pulumi.Input[str]
    """The ``iss`` claim."""
    subject: pulumi.Input[str]
    """The ``sub`` claim."""
    audience: str
    """The ``aud`` claim."""
    role_arn: pulumi.Input[str]
    """The IAM role."""
    provider_arn: pulumi.Input[str]
    """The identity provider."""
    thumbprints: pulumi.Input[list[str]]
    """Thumbprints of the issuer's chain. When they change, Vault may have tried in vain before,
    and a client of AWS that could not sign in at first never does: it is made anew."""
    account: AccountSettings
    """The account."""


class _SessionCheckProvider(ResourceProvider):
    """Waits on create and update; module path and class name stand in the state."""

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Wait for a session, or fail with the cause."""
        _await_session(props)
        return CreateResult(props["role_arn"], _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Wait for a session, or fail with the cause."""
        _await_session(news)
        return UpdateResult(_asked(news))


class SessionCheck(pulumi.dynamic.Resource, module="vaultwif", name="SessionCheck"):
    """Stands before a mount's users and roles until AWS gives Vault a session of its own role.

    AWS takes its time until what was just made counts. Who read credentials in that time would get
    an error, and so would everybody after, for Vault then keeps a client without credentials until
    its configuration is written or it is restarted.
    """

    def __init__(
        self, name: str, args: SessionCheckArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {
            "address": args.address,
            "namespace": args.names.namespace,
            "path": args.path,
            "issuer": args.issuer,
            "subject": args.subject,
            "audience": args.audience,
            "role_arn": args.role_arn,
            "provider_arn": args.provider_arn,
            "thumbprints": args.thumbprints,
            **access(args.account),
        }
        super().__init__(_SessionCheckProvider(), name, props, opts)


def _await_session(props: dict[str, Any]) -> None:
    from clients.vault import NotSignedInError, Vault  # noqa: PLC0415 - the program never needs it

    began = time.monotonic()
    with Vault(props["address"], props["namespace"]) as vault:
        while True:
            try:
                _require_own(vault.session(props["path"]), props)
            except NotSignedInError as error:
                # Also before giving up: the client that failed would stay, whatever is mended.
                vault.reconnect(props["path"])
                waited = time.monotonic() - began
                known = _obstacles(props) if waited >= VISIBLE_SECONDS else []
                if known or waited >= EFFECTIVE_SECONDS:
                    raise NoSessionError(_told(props, known)) from error
            else:
                return
            time.sleep(PAUSE_SECONDS)


def _require_own(session: str, props: dict[str, Any]) -> None:
    """Refuse a session that is not of the declared role."""
    _, partition, _, _, account, role = props["role_arn"].split(":", 5)
    named = _SESSION.match(session)
    own = (partition, account, role.rpartition("/")[2])
    if named is None or named.groups() != own:
        raise NoSessionError(
            f"the mount {props['path']} acts at AWS as {session}, not as {props['role_arn']}: "
            "Vault has AWS keys in its environment or in the mount, and prefers them. Take them "
            "away (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_PROFILE), restart Vault, and run "
            "`pulumi up` again"
        )


def _told(props: dict[str, Any], known: list[str]) -> str:
    path, role_arn, account = props["path"], props["role_arn"], props["account_id"]
    if known:
        return (
            f"AWS gives Vault's mount {path} no session of {role_arn}. {'. '.join(known)}. Mend "
            "that, or wait until the stack that owns it has, then run `pulumi up` again"
        )
    return (
        f"AWS gave Vault's mount {path} no session of {role_arn} for {EFFECTIVE_SECONDS:.0f} s, "
        "though audience and trust policy are right and nothing is known against its thumbprint. "
        "Vault's log has AWS's reason (`error assuming role with web identity`), and so "
        f"has CloudTrail of account {account} (AssumeRoleWithWebIdentity): check that Vault "
        f"reaches STS, and AWS {identity.host(props['issuer'])}; then run `pulumi up` again"
    )


def _obstacles(props: dict[str, Any]) -> list[str]:
    issuer, arn = props["issuer"], props["provider_arn"]
    claims = {"iss": issuer, "aud": props["audience"], "sub": props["subject"]}
    providers = identity_providers(props)
    role = holdings(props).role(props["role_arn"].rpartition("/")[2])
    return obstacles(
        Seen(
            host=identity.host(issuer),
            presented=_presented(identity.host(issuer)),
            provider_arn=arn,
            listed=providers.thumbprints(arn),
            audience=props["audience"],
            registered=providers.audiences(arn),
            role_arn=props["role_arn"],
            untrusted=trust.explain(role.trust, issuer, claims) if role else ["there is none"],
        )
    )


def _presented(host: str) -> str | None:
    """Return the thumbprint of a host; it need not be in reach of this machine, only of AWS."""
    from clients import tls  # noqa: PLC0415 - the program itself never needs it

    try:
        chain = tls.presented_chain(host)
        return certificates.judge(chain, now=dt.datetime.now(dt.UTC)).thumbprints[0]
    except (tls.TlsError, certificates.ChainRefused):
        return None


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in props.items() if not key.startswith("__") and value is not None
    }
