"""How the stand-in ``vault`` plugin opens and keeps its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lab.plugins.resource import ProviderError
from lab.plugins.vault import auth_role
from lab.plugins.vault.__main__ import VaultPlugin
from lab.plugins.vault.auth_role import AuthBackendRole
from lab.plugins.vault.identity import OidcKey
from lab.plugins.vault.secrets_engine import SecretBackendRole
from lab.plugins.vault.session import Settings, VaultRefusal, VaultSession
from tests.lab.plugins_world import TOKEN, VaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lab.plugins.values import Values

URN = "urn:pulumi:test::project::type::name"


@pytest.fixture
def server() -> Iterator[VaultServer]:
    with VaultServer() as started:
        yield started


def _session(server: VaultServer, *, skip_child_token: bool = False) -> VaultSession:
    return VaultSession(
        Settings(
            address=server.address,
            token=TOKEN,
            max_retries=0,
            skip_child_token=skip_child_token,
        )
    )


def test_opening_looks_the_token_up_makes_a_child_token_and_asks_for_the_version(
    server: VaultServer,
) -> None:
    session = _session(server)
    assert server.vault.requests == []
    session.get("sys/policies/acl/one")
    session.get("sys/policies/acl/two")
    assert [path for _, path, _ in server.vault.requests] == [
        "auth/token/lookup-self",
        "auth/token/create",
        "sys/seal-status",
        "sys/policies/acl/one",
        "sys/policies/acl/two",
    ]
    assert server.vault.requests[1][2] == {
        "display_name": "terraform",
        "ttl": "1200s",
        "explicit_max_ttl": "1200s",
        "renewable": False,
    }


def test_no_child_token_is_made_when_told_so(server: VaultServer) -> None:
    _session(server, skip_child_token=True).get("sys/policies/acl/one")
    assert ("POST", "auth/token/create") not in server.vault.changes()


@pytest.mark.parametrize(
    ("version", "from_1_16", "from_1_17"),
    [
        ("1.21.0+ent", True, True),
        ("1.21.0+ent.hsm", True, True),
        ("1.16.3+ent", True, False),
        ("1.17.0-rc1+ent", True, False),
        ("1.21.0", False, False),
        ("1.21.0+lab", False, False),
        ("nonsense", False, False),
    ],
)
def test_only_a_readable_enterprise_version_has_federation(
    server: VaultServer, version: str, *, from_1_16: bool, from_1_17: bool
) -> None:
    server.vault.version = version
    session = _session(server)
    assert session.supports(1, 16, enterprise=True) is from_1_16
    assert session.supports(1, 17, enterprise=True) is from_1_17


def test_a_version_that_cannot_be_asked_for_is_no_error(server: VaultServer) -> None:
    server.vault.refuse("GET", "sys/seal-status", 403)
    assert not _session(server).supports(1, 16, enterprise=False)


def test_a_refused_token_names_the_call_and_the_status_but_not_the_token(
    server: VaultServer,
) -> None:
    server.vault.refuse("GET", "auth/token/lookup-self", 403)
    with pytest.raises(
        VaultRefusal, match="GET auth/token/lookup-self: Vault answered 403"
    ) as error:
        _session(server).get("sys/policies/acl/one")
    assert TOKEN not in str(error.value)


def test_a_vault_that_is_not_there_is_named(server: VaultServer) -> None:
    settings = Settings(address="http://127.0.0.1:9", token=TOKEN, max_retries=0)
    with pytest.raises(ProviderError, match=r"no answer from Vault at http://127\.0\.0\.1:9"):
        VaultSession(settings).get("sys/policies/acl/one")


def test_address_and_token_come_from_the_environment_or_are_asked_for(
    server: VaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAULT_ADDR", raising=False)
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    with pytest.raises(ProviderError, match="VAULT_ADDR"):
        VaultPlugin().open({})
    monkeypatch.setenv("VAULT_ADDR", server.address)
    assert VaultPlugin().open({}).get("sys/policies/acl/one") is None
    monkeypatch.delenv("VAULT_TOKEN")
    with pytest.raises(ProviderError, match="VAULT_TOKEN"):
        VaultPlugin().open({})


def test_a_failed_move_of_a_mount_is_told(server: VaultServer) -> None:
    failed = {"data": {"migration_id": "m", "migration_info": {"status": "failure"}}}
    server.vault.refused["POST", "sys/remount"] = 200, failed
    server.vault.refused["GET", "sys/remount/status/m"] = 200, failed
    with pytest.raises(ProviderError, match="moving the mount aws to other failed"):
        _session(server).remount("aws", "other")


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"credentialType": "iam_user"}, "at least one of policy_document, policy_arns"),
        (
            {"credentialType": "assumed_role", "roleArns": ["a"], "userPath": "/v/"},
            "user_path is for credential_type iam_user only, not 'assumed_role'",
        ),
        (
            {"credentialType": "iam_user", "policyArns": ["a"], "maxStsTtl": 60},
            "max_sts_ttl is for credential_type assumed_role or federation_token only",
        ),
    ],
)
def test_a_role_that_cannot_be_is_refused_before_vault_is_asked(
    server: VaultServer, inputs: Values, message: str
) -> None:
    role = SecretBackendRole(_session(server), URN)
    with pytest.raises(ProviderError, match=message):
        role.create({"backend": "aws", "name": "r", **inputs})
    assert server.vault.requests == []


def test_only_changed_settings_of_a_role_are_sent_and_unset_ones_as_empty(
    server: VaultServer,
) -> None:
    role = SecretBackendRole(_session(server), URN)
    server.vault.stored["mount:aws"] = {}
    old = {
        "backend": "aws",
        "name": "r",
        "credentialType": "iam_user",
        "policyArns": ["a"],
        "userPath": "/v/",
        "iamTags": {"a": "b"},
    }
    identifier = role.create(old)
    server.vault.requests.clear()
    role.update(identifier, old, {**old, "policyArns": ["b"], "userPath": "", "iamTags": {}})
    assert server.vault.requests == [
        (
            "PUT",
            "aws/roles/r",
            {"credential_type": "iam_user", "policy_arns": ["b"], "user_path": "", "iam_tags": {}},
        )
    ]


def test_a_key_keeps_the_audiences_that_others_added(server: VaultServer) -> None:
    key = OidcKey(_session(server), URN)
    old = key.plan({}, {"name": "key", "allowedClientIds": ["own"]})
    identifier = key.create(old)
    server.vault.stored["identity/oidc/key/key"]["allowed_client_ids"] = ["own", "other"]
    key.update(identifier, old, {**old, "rotationPeriod": 60})
    assert server.vault.stored["identity/oidc/key/key"] == {
        "algorithm": "RS256",
        "rotation_period": 60,
        "verification_ttl": 86400,
        "allowed_client_ids": ["own", "other"],
    }


def test_a_login_role_whose_principal_is_unknown_is_written_sixty_one_times(
    server: VaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth_role, "WRITE_PAUSE_SECONDS", 0)
    server.vault.refuse("PUT", "auth/aws/role/app")
    role = AuthBackendRole(_session(server), URN)
    planned = role.plan({}, {"role": "app", "boundIamPrincipalArns": ["arn:a"]})
    with pytest.raises(VaultRefusal, match="answered 400"):
        role.create(planned)
    assert server.vault.changes().count(("PUT", "auth/aws/role/app")) == 61


def test_a_login_role_that_stops_resolving_is_replaced_and_one_that_starts_is_not(
    server: VaultServer,
) -> None:
    role = AuthBackendRole(_session(server), URN)
    off = {"role": "app", "resolveAwsUniqueIds": False}
    resolving, not_resolving = role.plan({}, {"role": "app"}), role.plan({}, off)
    assert role.judge(resolving, off).replaces == ("resolveAwsUniqueIds",)
    assert role.judge(not_resolving, {"role": "app"}).replaces == ()
    assert role.judge(not_resolving, {"role": "app"}).changed == {"resolveAwsUniqueIds"}
