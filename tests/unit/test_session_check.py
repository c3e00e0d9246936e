"""How long a session is waited for, and what is told when none comes."""

from __future__ import annotations

from typing import Any, Self

import pytest

from clients import aws, tls
from clients import vault as client
from components import session_check
from components.session_check import NoSessionError
from federation import certificates
from federation.trust import trust_policy

HOST = "vault.example.com"
ISSUER = f"https://{HOST}/v1/identity/oidc/plugins"
PROVIDER = f"arn:aws:iam::123456789012:oidc-provider/{HOST}/v1/identity/oidc/plugins"
ROLE = "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
SESSION = "arn:aws:sts::123456789012:assumed-role/vault-secret-dev-root-aws/vault-aws-secrets-1"
SUBJECT = "plugin-identity:root:secret:aws_0a1b2c3d"
OURS, THEIRS = "a" * 40, "b" * 40
PROPS: dict[str, Any] = {
    "address": f"https://{HOST}",
    "namespace": "",
    "path": "aws",
    "issuer": ISSUER,
    "subject": SUBJECT,
    "audience": "vault-aws",
    "role_arn": ROLE,
    "provider_arn": PROVIDER,
    "thumbprints": [OURS],
    "account_id": "123456789012",
    "region": "us-east-1",
    "profile": None,
    "__provider": "of the engine",
}
Check = session_check._SessionCheckProvider


class FakeWorld:
    """Vault, AWS and the issuer's host, as far as the check looks at them."""

    def __init__(self) -> None:
        self.sessions: list[str | None] = [SESSION]
        """Who Vault is at each attempt, the last one for ever; ``None``: nobody."""
        self.reconnected = 0
        self.registered: frozenset[str] | None = frozenset({"vault-aws"})
        self.role: aws.HeldRole | None = aws.HeldRole(
            trust=trust_policy(PROVIDER, "vault-aws", SUBJECT), tags={}
        )
        self.presented = OURS

    def __call__(self, *_: object) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def session(self, path: str) -> str:
        assert path == "aws"
        session = self.sessions.pop(0) if len(self.sessions) > 1 else self.sessions[0]
        if session is None:
            raise client.NotSignedInError("no session")
        return session

    def reconnect(self, path: str) -> None:
        assert path == "aws"
        self.reconnected += 1

    def audiences(self, provider_arn: str) -> frozenset[str] | None:
        assert provider_arn == PROVIDER
        return self.registered

    def thumbprints(self, _provider_arn: str) -> list[str]:
        return [OURS.upper()]

    def holding(self, name: str) -> aws.HeldRole | None:
        assert name == "vault-secret-dev-root-aws"
        return self.role

    def chain(self, host: str) -> list[bytes]:
        assert host == HOST
        if not self.presented:
            raise tls.TlsError("unreachable from here")
        return [self.presented.encode()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    fake = FakeWorld()

    class Holdings:
        def __init__(self, _access: aws.AccountAccess) -> None: ...

        def role(self, name: str) -> aws.HeldRole | None:
            return fake.holding(name)

    monkeypatch.setattr(client, "Vault", fake)
    monkeypatch.setattr(aws, "IdentityProviders", fake)
    monkeypatch.setattr(aws, "Holdings", Holdings)
    monkeypatch.setattr(tls, "presented_chain", fake.chain)
    monkeypatch.setattr(
        certificates,
        "judge",
        lambda chain, **_: certificates.Verdict(thumbprints=(chain[0].decode(),)),
    )
    for name in ("EFFECTIVE_SECONDS", "VISIBLE_SECONDS", "PAUSE_SECONDS"):
        monkeypatch.setattr(session_check, name, 0)
    return fake


def test_a_session_of_the_role_lets_the_update_go_on(world: FakeWorld) -> None:
    made = Check().create(PROPS)
    assert made.id == ROLE
    assert made.outs == {
        key: value for key, value in PROPS.items() if key not in ("__provider", "profile")
    }
    assert world.reconnected == 0


def test_aws_is_given_time_and_vault_a_new_client_each_time(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_check, "EFFECTIVE_SECONDS", 60)
    world.sessions = [None, None, SESSION]
    Check().update("id", PROPS, PROPS)
    assert world.reconnected == 2


def test_an_obstacle_in_sight_is_not_waited_for_as_long(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_check, "EFFECTIVE_SECONDS", 3600)
    world.sessions, world.presented = [None], THEIRS
    with pytest.raises(NoSessionError):
        Check().create(PROPS)
    assert world.reconnected == 1, "a client that failed would stay, whatever is mended"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"presented": THEIRS},
            f"presents a chain that ends in {THEIRS}, the identity provider {PROVIDER} lists "
            + OURS.upper(),
        ),
        ({"registered": frozenset({"x"})}, "audience: 'vault-aws' is not registered at"),
        ({"registered": None}, f"there is no identity provider {PROVIDER}"),
        ({"role": None}, f"trust policy of {ROLE}: there is none"),
        (
            {"role": aws.HeldRole(trust=trust_policy(PROVIDER, "vault-aws", "another"), tags={})},
            f"trust policy of {ROLE}: ",
        ),
    ],
    ids=["thumbprint", "audience", "identity provider", "role", "trust policy"],
)
def test_what_can_be_seen_is_named(world: FakeWorld, changes: dict[str, Any], told: str) -> None:
    world.sessions = [None]
    vars(world).update(changes)
    with pytest.raises(NoSessionError) as refusal:
        Check().create(PROPS)
    said = str(refusal.value)
    assert said.startswith(f"AWS gives Vault's mount aws no session of {ROLE}. ")
    assert told in said
    assert "run `pulumi up` again" in said


@pytest.mark.parametrize("presented", [OURS, ""], ids=["right", "not to be had from here"])
def test_what_cannot_be_seen_is_where_to_be_looked_for(world: FakeWorld, presented: str) -> None:
    world.sessions, world.presented = [None], presented
    with pytest.raises(NoSessionError) as refusal:
        Check().create(PROPS)
    said = str(refusal.value)
    assert "`error assuming role with web identity`" in said
    assert "CloudTrail of account 123456789012 (AssumeRoleWithWebIdentity)" in said


@pytest.mark.parametrize(
    "who",
    [
        "arn:aws:iam::123456789012:user/forgotten",
        SESSION.replace("123456789012", "210987654321"),
        SESSION.replace("-aws/", "-other/"),
        SESSION.replace("arn:aws:", "arn:aws-cn:"),
    ],
    ids=["a user", "another account", "another role", "another partition"],
)
def test_a_session_of_anybody_else_is_refused(world: FakeWorld, who: str) -> None:
    world.sessions = [who]
    with pytest.raises(NoSessionError, match="AWS keys in its environment") as refusal:
        Check().create(PROPS)
    assert f"the mount aws acts at AWS as {who}, not as {ROLE}" in str(refusal.value)
