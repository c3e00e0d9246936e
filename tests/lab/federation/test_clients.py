"""The program's own clients against real servers of the laboratory."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
import trustme

from clients import tls
from clients.aws import Account
from clients.errors import AwsError, VaultError, VaultForbiddenError, VaultUnreachableError
from clients.signing_keys import SigningKeys
from clients.vault import Vault
from federation.account import AccountAccess
from federation.identity import MountClass
from lab.home import read_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/vault.lab.test/v1/identity/oidc/plugins"
ACCESS = AccountAccess(account_id="123456789012", region="us-east-1")


@pytest.fixture
def inside(deployed: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """This very process inside the laboratory's network."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "SSL_CERT_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in deployed.environment.items():
        monkeypatch.setenv(name, value)
    return deployed


def test_the_chain_behind_the_proxy_is_leaf_and_intermediate(inside: Laboratory) -> None:
    chain = tls.presented_chain("vault.lab.test")
    kept = read_json(inside.home.authority / "authority.json")["intermediate"]["certificate"]
    assert len(chain) == 2
    assert chain[-1] == ssl.PEM_cert_to_DER_cert(kept)


def test_a_host_the_proxy_refuses_is_named_with_the_reason(inside: Laboratory) -> None:
    with pytest.raises(tls.TlsError, match=r"refuses a tunnel to example\.test:443"):
        tls.presented_chain("example.test")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_a_direct_chain_is_read_as_presented(listener: socket.socket) -> None:
    authority = trustme.CA().create_child_ca().create_child_ca()
    leaf = authority.issue_cert("localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)

    def serve() -> None:
        connection, _ = listener.accept()
        # Who only looks at the chain hangs up without TLS's goodbye.
        with connection, contextlib.suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True).recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    chain = tls.presented_chain("127.0.0.1", listener.getsockname()[1])
    thread.join(30)
    presented = [ssl.PEM_cert_to_DER_cert(pem.bytes().decode()) for pem in leaf.cert_chain_pems]
    assert [hashlib.sha256(der).digest() for der in chain] == [
        hashlib.sha256(der).digest() for der in presented
    ]


def test_a_server_that_stays_silent_is_given_up(listener: socket.socket) -> None:
    with pytest.raises(tls.TlsError, match=r"did not present a certificate within 0\.2 s"):
        tls.presented_chain("127.0.0.1", listener.getsockname()[1], timeout=0.2)


def test_a_port_that_speaks_no_tls_is_said_to(listener: socket.socket) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            while connection.recv(4096):
                pass

    threading.Thread(target=serve, daemon=True).start()
    with pytest.raises(tls.TlsError, match="does not complete a TLS handshake"):
        tls.presented_chain("127.0.0.1", listener.getsockname()[1])


def test_a_closed_port_cannot_be_reached(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(tls.TlsError, match="cannot be reached"):
        tls.presented_chain("127.0.0.1", port)


def test_vault_says_what_a_mount_really_holds(inside: Laboratory) -> None:
    with Vault("https://vault.lab.test") as vault:
        held = vault.federation(MountClass.SECRET, "aws")
        assert held is not None
        assert held.audience == "vault-aws-secrets"
        assert held.role_arn == "arn:aws:iam::123456789012:role/vault-secret-dev-root-aws"
        assert held.accessor.startswith("aws_")
        assert held.token_key == "dev-root-plugin-identity"
        assert vault.federation(MountClass.SECRET, "nothing-here") is None
        assert vault.version() == "1.21.0+ent"


def test_vault_lists_and_revokes_one_prefix(inside: Laboratory) -> None:
    lease = inside.vault().read("aws/creds/my-role")["lease_id"]
    with Vault("https://vault.lab.test") as vault:
        assert lease in vault.leases("aws/creds/my-role")
        vault.revoke_prefix("aws/creds/my-role")
        assert vault.leases("aws/creds/my-role") == []
        assert vault.leases("aws/creds/no-such-role") == []


def test_a_wrong_token_is_told_apart_from_a_vault_that_is_away(
    inside: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "wrong")
    with Vault("https://vault.lab.test") as vault, pytest.raises(VaultForbiddenError) as refused:
        vault.leases("aws/creds/my-role")
    assert "wrong" not in str(refused.value).replace("wrong token", "")
    with Vault("https://127.0.0.1:9") as vault, pytest.raises(VaultUnreachableError):
        vault.leases("aws/creds/my-role")


def test_errors_of_both_kinds_are_vault_errors() -> None:
    assert issubclass(VaultForbiddenError, VaultError)
    assert issubclass(VaultUnreachableError, VaultError)


def test_audiences_are_added_and_removed_without_disturbing_others(inside: Laboratory) -> None:
    account = Account(ACCESS)
    others = account.audiences(PROVIDER)
    assert others
    account.add_audience(PROVIDER, "another")
    account.add_audience(PROVIDER, "another")
    assert account.audiences(PROVIDER) == others | {"another"}
    account.remove_audience(PROVIDER, "another")
    account.remove_audience(PROVIDER, "another")
    assert account.audiences(PROVIDER) == others


def test_a_signing_key_keeps_what_a_mount_still_asks_for(inside: Laboratory) -> None:
    key = "dev-root-plugin-identity"
    with Vault(inside.environment["VAULT_ADDR"]) as vault:
        keys = SigningKeys(vault)
        signed = keys.signed_audiences(key)
        assert signed is not None
        assert signed == {"vault-aws-secrets", "vault-aws-auth"}
        keys.sign_for(key, "another")
        keys.sign_for(key, "another")
        assert keys.signed_audiences(key) == signed | {"another"}
        for audience in ("another", *signed):
            keys.sign_no_more_for(key, audience)
        assert keys.signed_audiences(key) == signed
        with pytest.raises(VaultError, match="has no signing key 'nobody-has-it'"):
            keys.sign_for("nobody-has-it", "another")
        assert keys.signed_audiences("nobody-has-it") is None


def test_a_provider_that_is_gone_has_no_audiences_and_refuses_new_ones(inside: Laboratory) -> None:
    account = Account(ACCESS)
    gone = PROVIDER + "/gone"
    assert account.audiences(gone) is None
    account.remove_audience(gone, "any")
    with pytest.raises(AwsError, match="NoSuchEntity"):
        account.add_audience(gone, "any")


def test_credentials_of_another_account_are_refused(inside: Laboratory) -> None:
    other = AccountAccess(account_id="999999999999", region="us-east-1")
    with pytest.raises(AwsError, match="belong to account 123456789012, declared is 999999999999"):
        Account(other)
