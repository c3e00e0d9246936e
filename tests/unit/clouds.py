"""Vault and AWS in memory, as far as dynamic resources look at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from clients import aws, tls
from clients import vault as client
from clients.errors import NotSignedInError, VaultError
from components.dynamic import federation as of_a_mount
from components.dynamic import probe, reach
from components.dynamic import session as of_an_engine
from components.dynamic.audience import ACCEPTED
from components.dynamic.configuration import ABLE
from federation import certificates
from federation.identity import MountClass
from federation.trust import trust_policy
from tests.unit.chains import NOW, certificate, sha1

if TYPE_CHECKING:
    import pytest

    from federation.account import AccountAccess

HOST = "vault.example.com"
ADDRESS = f"https://{HOST}"
ISSUER = f"{ADDRESS}/v1/identity/oidc/plugins"
ARN = f"arn:aws:iam::123456789012:oidc-provider/{HOST}/v1/identity/oidc/plugins"
KEY = "dev-root-plugin-identity"
ROLE = "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
SESSION = "arn:aws:sts::123456789012:assumed-role/vault-secret-dev-root-aws/vault-aws-secrets-1"
SUBJECT = "plugin-identity:root:secret:aws_0a1b2c3d"
USERS = "/vault/dev-root-aws/"
ACCOUNT = {"account_id": "123456789012", "region": "us-east-1"}

LEAF = certificate("host", "intermediate", ca=False)
OUR_CHAIN = [LEAF, certificate("intermediate", "root")]
THEIR_CHAIN = [LEAF, certificate("proxy", "root")]
OURS = sha1(OUR_CHAIN[-1])

HELD: dict[str, Any] = {
    "accessor": "auth_aws_1",
    "audience": "logins",
    "role_arn": "arn:aws:iam::123456789012:role/vault-auth-dev-root-aws",
    "token_ttl_seconds": 3_600,
    "token_key": KEY,
}
"""What the auth method holds that :func:`federation` declares."""


@dataclass(kw_only=True)
class World:
    """One namespace of a Vault, one account of AWS, and the issuer's host."""

    namespace: str = ""
    failing: Exception | None = None
    """What whoever asks Vault or AWS hears."""

    address: str = ADDRESS
    connected: int = 0
    """How often a connection to Vault was opened."""
    answering: client.Node = field(default_factory=client.Node)
    """The node of Vault's cluster that answers."""
    issuer_held: str = ""
    keys: tuple[str, ...] = ()
    capabilities_held: dict[str, list[str]] = field(default_factory=dict)
    namespaces: frozenset[str] = frozenset()
    mounts: frozenset[str] = frozenset()

    release: str | VaultError = "1.21.0+ent"
    mount_class: MountClass = MountClass.AUTH
    held: dict[str, Any] | None = field(default_factory=lambda: HELD)
    documents: dict[str, Any] = field(default_factory=lambda: {"issuer": ISSUER, "keys": [{}]})
    told: str = ""
    """What AWS says to the auth method."""

    sessions: list[str | None] = field(default_factory=lambda: [SESSION])
    """Who the engine is at each attempt, the last one for ever; ``None``: nobody."""
    reconnected: int = 0
    registered: frozenset[str] | None = frozenset({"vault-aws"})
    """Audiences of the identity provider; ``None``: there is none."""
    iam_role: aws.HeldRole | None = field(
        default_factory=lambda: aws.HeldRole(trust=trust_policy(ARN, "vault-aws", SUBJECT), tags={})
    )
    removed: list[tuple[str, str]] = field(default_factory=list)
    """What was taken from identity providers."""
    signed: frozenset[str] = frozenset()
    """Audiences that the key signs for."""
    signed_by_others: dict[str, frozenset[str]] = field(default_factory=dict)
    """Audiences that the keys of others sign for."""
    written: list[str] = field(default_factory=list)
    """Username templates that were written."""
    chain: list[bytes] = field(default_factory=lambda: OUR_CHAIN)
    other_chain: list[bytes] = field(default_factory=list)
    """What every second look at the host finds, behind a load balancer."""
    looks: int = 0
    """How often the host was looked at."""
    unreachable: bool = False
    """Whether the host is out of this machine's reach."""
    elsewhere: dict[str, str | None] = field(default_factory=dict)
    """What is found in place of a role, user or policy; whatever is not listed is there."""
    users: list[list[str]] = field(default_factory=lambda: [[]])
    """Which IAM users each look finds, the last one for ever."""
    passwords: frozenset[str] = frozenset()
    """Which of them AWS does not delete."""

    def put_in_place(self, monkeypatch: pytest.MonkeyPatch) -> Self:
        """Let every client meet this world, at a fixed time and without waiting."""
        judge = certificates.judge
        for place, name, fake in (
            (client, "Vault", self.vault),
            (reach, "AuthMethod", self.mount),
            (reach, "SecretsEngine", self.mount),
            (reach, "Logins", self.mount),
            (reach, "SigningKeys", self.mount),
            (client, "public_document", self.document),
            (aws, "Account", self.account),
            (tls, "presented_chain", self.presented_chain),
            (certificates, "judge", lambda *chain, **given: judge(*chain, **given | {"now": NOW})),
            (probe, "REACH_SECONDS", 0),
            (probe, "PAUSE_SECONDS", 0),
            (of_an_engine, "EFFECTIVE_SECONDS", 0),
            (of_an_engine, "VISIBLE_SECONDS", 0),
            (of_an_engine, "PAUSE_SECONDS", 0),
            (of_a_mount, "VISIBLE_SECONDS", 0),
            (of_a_mount, "PAUSE_SECONDS", 0),
            # Each call of the engine's here is a command of its own.
            (reach, "LATELY_SECONDS", 0),
        ):
            monkeypatch.setattr(place, name, fake)
        reach.forget()
        return self

    def vault(self, address: str, namespace: str = "", **_: object) -> Self:
        assert (address, namespace) == (ADDRESS, self.namespace)
        self.connected += 1
        return self

    def mount(self, vault: object, path: str = "aws") -> Self:
        assert (vault, path) == (self, "aws")
        return self

    def account(self, access: AccountAccess) -> Self:
        assert access.account_id == "123456789012"
        return self._answering()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def node(self) -> client.Node:
        return self.answering

    def look_up_token(self) -> None:
        self._answering()

    def capabilities(self, paths: list[str]) -> dict[str, list[str]]:
        return {path: self.capabilities_held[path] for path in paths}

    def issuer(self) -> str:
        return self._answering().issuer_held

    def signing_keys(self) -> list[str]:
        return [*self._answering().keys, *self.signed_by_others]

    def has_namespace(self, name: str) -> bool:
        return name in self._answering().namespaces

    def mounted(self) -> frozenset[str]:
        return self._answering().mounts

    def version(self) -> str:
        if isinstance(self.release, VaultError):
            raise self.release
        return self.release

    def federation(self, mount_class: MountClass, path: str) -> client.HeldFederation | None:
        assert (mount_class, path) == (self.mount_class, "aws")
        return client.HeldFederation(**self.held) if self.held else None

    def set_username_template(self, template: str) -> None:
        self.held = {**(self.held or {}), "username_template": template}
        self.written.append(template)

    def sign_for(self, key: str, audience: str) -> None:
        assert key == KEY
        self._answering()
        self.signed |= {audience}

    def sign_no_more_for(self, key: str, audience: str) -> None:
        assert key == KEY
        self._answering()
        self.signed -= {audience}

    def signed_audiences(self, key: str) -> frozenset[str]:
        if key in self.signed_by_others:
            return self.signed_by_others[key]
        assert key == KEY
        return self._answering().signed

    def add_audience(self, provider_arn: str, audience: str) -> None:
        assert provider_arn == ARN
        self.registered = (self.registered or frozenset()) | {audience}

    def remove_audience(self, provider_arn: str, audience: str) -> None:
        self.removed.append((provider_arn, audience))
        self.registered = (self.registered or frozenset()) - {audience}

    def set_token_key(self, path: str, key: str) -> None:
        assert path == "aws"
        self.held = {**(self.held or {}), "token_key": key}

    def configure_oidc(self, path: str, **_: str) -> None:
        assert path == "people"
        self._answering()

    def look_up(self, _arn: str) -> str:
        return self.told

    def document(self, url: str) -> dict[str, Any]:
        assert url.startswith(f"{ISSUER}/.well-known/")
        return self.documents

    def session(self) -> str:
        session = self.sessions.pop(0) if len(self.sessions) > 1 else self.sessions[0]
        if session is None:
            raise NotSignedInError("no session")
        return session

    def reconnect(self) -> None:
        self.reconnected += 1

    def audiences(self, provider_arn: str) -> frozenset[str] | None:
        assert provider_arn == ARN
        return self.registered

    def thumbprints(self, provider_arn: str) -> list[str]:
        assert provider_arn == ARN
        return [OURS.upper()]

    def role(self, name: str) -> aws.HeldRole | None:
        assert name == "vault-secret-dev-root-aws"
        return self.iam_role

    def there(self, arn: str) -> str | None:
        return self.elsewhere.get(arn, arn)

    def users_under(self, path: str) -> list[str]:
        assert path == USERS
        return self.users.pop(0) if len(self.users) > 1 else self.users[0]

    def what_keeps(self, users: list[str]) -> list[str]:
        return [f"{user} has a password" for user in users if user in self.passwords]

    def presented_chain(self, host: str) -> list[bytes]:
        assert host == HOST
        if self.unreachable:
            raise tls.TlsError(f"{host}:443 cannot be reached")
        self.looks += 1
        return self.other_chain if self.other_chain and self.looks % 2 == 0 else self.chain

    def _answering(self) -> Self:
        if self.failing:
            raise self.failing
        return self


def issuer(ownership: str, address: str = ADDRESS, namespace: str = "") -> dict[str, Any]:
    """Return the inputs of the issuer's check and guard."""
    asked = {"address": ADDRESS, "namespace": namespace, "key": KEY}
    return asked | {"issuer": address, "ownership": ownership}


def provider(ownership: str, arn: str = ARN) -> dict[str, Any]:
    """Return the inputs of the identity provider's check and, with audiences, guard."""
    return ACCOUNT | {"provider_arn": arn, "ownership": ownership}


def namespace(ownership: str, name: str = "sub", parent: str = "team") -> dict[str, Any]:
    """Return the inputs of a namespace's check."""
    return {"address": ADDRESS, "parent": parent, "name": name, "ownership": ownership}


def federation(**changes: object) -> dict[str, Any]:
    """Return the inputs of an auth method's federation, as the engine hands them over."""
    return {
        "address": ADDRESS,
        "namespace": "",
        "path": "aws",
        "mount_class": "auth",
        "server": ABLE,
        "issuer": ISSUER,
        **HELD,
        "token_ttl_seconds": 3_600.0,
        **changes,
    }


ENGINE: dict[str, Any] = {
    "accessor": "aws_0a1b2c3d",
    "audience": "vault-aws",
    "role_arn": ROLE,
    "token_ttl_seconds": 3_600,
    "token_key": KEY,
    "username_template": "declared",
}
"""What the secrets engine holds that :func:`engine` declares."""


def engine(**changes: object) -> dict[str, Any]:
    """Return the inputs of a secrets engine's federation, as the engine hands them over."""
    return federation(
        mount_class="secret",
        **ENGINE
        | {
            "subject": SUBJECT,
            "provider_arn": ARN,
            "thumbprints": [OURS],
            "iam_path": USERS,
            **ACCOUNT,
            "profile": None,
            "__provider": "of the engine",
        }
        | changes,
    )


def audience(**changes: object) -> dict[str, Any]:
    """Return the inputs of an audience."""
    return {
        "address": ADDRESS,
        "namespace": "",
        "key": KEY,
        "audience": "ours",
        "provider_arn": ARN,
        "exclusive": True,
        "state": ACCEPTED,
        **ACCOUNT,
        "adopted": None,
        **changes,
    }
