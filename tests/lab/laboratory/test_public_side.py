"""The laboratory's public side: what the world sees of a Vault that is otherwise private."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.laboratory.publishing import (
    DOCUMENTS,
    METHODS,
    SMUGGLED,
    VAULT,
    PublicSide,
    document,
    tricks,
)
from tests.lab.laboratory.test_vault_namespaces import Caller
from tests.lab.laboratory.test_vault_server import free_port, running

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMESPACES = ("", "team-a", "team-a/sub")
ISSUER = "https://issuer.lab.test"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicSide]:
    port = free_port()
    home = tmp_path_factory.mktemp("vault") / "home"
    with running(home, "-public", f"127.0.0.1:{port}") as server:
        for namespace in NAMESPACES:
            parent, _, name = namespace.rpartition("/")
            if name:
                Caller(server, parent).ask("PUT", f"sys/namespaces/{name}")
            here = Caller(server, namespace)
            here.ask("PUT", "identity/oidc/config", {"issuer": ISSUER})
            here.ask("POST", "sys/mounts/aws", {"type": "aws"})
            here.ask("PUT", "identity/oidc/key/signing", {"allowed_client_ids": "*"})
        yield PublicSide(port, "issuer.lab.test")


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_both_documents_of_each_namespace_are_served(public: PublicSide, namespace: str) -> None:
    issuer = f"{ISSUER}/v1/{namespace}{'/' if namespace else ''}identity/oidc/plugins"
    found = public.ask(document(namespace, "openid-configuration")).document()
    assert found["issuer"] == issuer
    assert found["jwks_uri"] == f"{issuer}/.well-known/keys"
    assert "keys" in public.ask(document(namespace, "keys")).document()
    assert public.ask(document(namespace, "keys"), "HEAD").status == 200


@pytest.mark.parametrize("target", [*VAULT, *tricks()])
def test_nothing_else_is_there(public: PublicSide, target: str) -> None:
    assert public.ask(target).is_refusal()


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_done_there(public: PublicSide, method: str) -> None:
    for name in DOCUMENTS:
        assert public.ask(document("", name), method).is_refusal()
    assert public.ask("/v1/sys/health", method).is_refusal()


@pytest.mark.parametrize("header", SMUGGLED)
def test_no_header_leads_elsewhere(public: PublicSide, header: str) -> None:
    plain = public.ask(document("", "openid-configuration"))
    smuggled = public.ask(document("", "openid-configuration"), headers={header: SMUGGLED[header]})
    assert smuggled.document() == plain.document()
    assert public.ask("/v1/sys/mounts", headers={header: SMUGGLED[header]}).is_refusal()


def test_no_body_is_passed_on(public: PublicSide) -> None:
    asked = public.ask(document("", "keys"), body=b'{"custom_metadata": {}}')
    assert asked.status in (200, 400, 413)
    assert public.ask("/v1/sys/health", body=b"{}").is_refusal()
