"""Namespaces of the laboratory's Vault, held against what Vault Enterprise documents of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.lab.laboratory.test_vault_server import FEDERATION, VaultServer, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFIGURATION = "identity/oidc/plugins/.well-known/openid-configuration"
NOTHING = 'path "nothing" { capabilities = ["deny"] }'
KEYS = "identity/oidc/plugins/.well-known/keys"


@dataclass(frozen=True)
class Caller:
    """One token in one namespace."""

    server: VaultServer
    namespace: str = ""
    token: str = ""

    def call(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        **headers: str,
    ) -> requests.Response:
        """Send a request as the CLI does; the namespace stands in the header."""
        given = {"X-Vault-Token": self.token or self.server.root_token}
        if self.namespace:
            given["X-Vault-Namespace"] = self.namespace
        return self.server.session.request(
            method,
            f"{self.server.url}/v1/{path}",
            json=body,
            headers={**given, **headers},
            timeout=60,
        )

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON has no narrower type
        """Send a request that must succeed; return the answer's JSON."""
        answer = self.call(method, path, body)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultServer]:
    with running(tmp_path_factory.mktemp("vault") / "home") as started:
        yield started


@pytest.fixture
def root(server: VaultServer) -> Iterator[Caller]:
    """The root user in the root namespace; every namespace is gone afterwards."""
    caller = Caller(server)
    yield caller
    _clear(caller)


def _clear(caller: Caller) -> None:
    found = caller.call("LIST", "sys/namespaces")
    for name in found.json()["data"]["keys"] if found.ok else ():
        child = f"{caller.namespace}/{name}".strip("/")
        _clear(Caller(caller.server, child))
        assert caller.call("DELETE", f"sys/namespaces/{name.rstrip('/')}").ok


@pytest.fixture
def team(root: Caller) -> Caller:
    root.ask("PUT", "sys/namespaces/team-a")
    return Caller(root.server, "team-a")


@pytest.fixture
def sub(team: Caller) -> Caller:
    team.ask("PUT", "sys/namespaces/sub")
    return Caller(team.server, "team-a/sub")


def restricted(caller: Caller, policy: str, name: str = "restricted") -> str:
    """Return a token of the caller's namespace with one policy."""
    caller.ask("PUT", f"sys/policies/acl/{name}", {"policy": policy})
    made = caller.ask("POST", "auth/token/create", {"policies": [name], "ttl": "1h"})
    return str(made["auth"]["client_token"])


class TestTheNamespacesThemselves:
    def test_one_is_made_read_listed_patched_and_deleted(self, root: Caller) -> None:
        made = root.ask("PUT", "sys/namespaces/team-a", {"custom_metadata": {"of": "a", "is": "b"}})
        data = made["data"]
        assert re.fullmatch(r"[0-9A-Za-z]{5}", data["id"])
        assert data["path"] == "team-a/"
        assert data["custom_metadata"] == {"of": "a", "is": "b"}
        assert root.ask("GET", "sys/namespaces/team-a")["data"] == data
        assert root.ask("LIST", "sys/namespaces")["data"] == {
            "keys": ["team-a/"],
            "key_info": {"team-a/": data},
        }
        assert root.ask("GET", "sys/namespaces?list=True")["data"]["keys"] == ["team-a/"]
        merge = {"custom_metadata": {"of": "c", "is": None}}
        changed = root.ask("PATCH", "sys/namespaces/team-a", merge)["data"]
        assert changed == {**data, "custom_metadata": {"of": "c"}}
        gone = root.ask("DELETE", "sys/namespaces/team-a")
        assert gone["data"] is None
        assert "deletion has been queued" in gone["warnings"][0]
        assert root.call("GET", "sys/namespaces/team-a").status_code == 404
        assert root.call("LIST", "sys/namespaces").status_code == 404

    def test_nested_ones_are_made_within_their_parent(self, sub: Caller) -> None:
        parent, outside = Caller(sub.server, "team-a"), Caller(sub.server)
        assert parent.ask("GET", "sys/namespaces/sub")["data"]["path"] == "team-a/sub/"
        assert parent.ask("LIST", "sys/namespaces")["data"]["keys"] == ["sub/"]
        assert outside.ask("LIST", "sys/namespaces")["data"]["keys"] == ["team-a/"]

    @pytest.mark.parametrize(
        ("path", "told"),
        [
            ("team-a", 'namespace "team-a/" already exists'),
            ("team-a%2Fsub", '"/" is not allowed in namespace names'),
            ("root", "reserved"),
            ("identity", "reserved"),
            ("kept", 'existing mount at "kept/" conflicts'),
        ],
    )
    def test_a_name_that_is_taken_or_none_is_refused(
        self, team: Caller, path: str, told: str
    ) -> None:
        root = Caller(team.server)
        root.ask("POST", "sys/mounts/kept", {"type": "kv"})
        try:
            answer = root.call("PUT", f"sys/namespaces/{path}")
            assert answer.status_code == 400
            assert told in answer.json()["errors"][0]
        finally:
            root.ask("DELETE", "sys/mounts/kept")

    def test_children_are_deleted_first_and_what_is_inside_goes_along(self, sub: Caller) -> None:
        root, parent = Caller(sub.server), Caller(sub.server, "team-a")
        parent.ask("POST", "sys/mounts/aws", {"type": "aws"})
        refused = root.call("DELETE", "sys/namespaces/team-a")
        assert refused.status_code == 400
        assert "child namespaces" in refused.json()["errors"][0]
        before = root.ask("GET", "sys/namespaces/team-a")["data"]["id"]
        parent.ask("DELETE", "sys/namespaces/sub")
        root.ask("DELETE", "sys/namespaces/team-a")
        assert not (sub.server.home / "namespaces" / before).exists()
        root.ask("PUT", "sys/namespaces/team-a")
        assert root.ask("GET", "sys/namespaces/team-a")["data"]["id"] != before
        assert "aws/" not in parent.ask("GET", "sys/mounts")["data"]

    def test_one_that_does_not_exist_leads_nowhere(self, root: Caller) -> None:
        for caller, path in ((Caller(root.server, "nowhere"), ""), (root, "nowhere/")):
            answer = caller.call("GET", f"{path}sys/namespaces/sub")
            assert answer.status_code == 404
            assert 'no handler for route "nowhere/' in answer.json()["errors"][0]


class TestTheirPaths:
    def test_header_and_path_lead_to_the_same_place(self, sub: Caller) -> None:
        sub.ask("POST", "sys/mounts/aws", {"type": "aws", "description": "of sub"})
        for header, prefix in (
            ("team-a/sub", ""),
            ("team-a/sub/", ""),
            ("/team-a", "sub/"),
            ("", "team-a/sub/"),
            ("root", "team-a/sub/"),
        ):
            found = Caller(sub.server, header).ask("GET", f"{prefix}sys/mounts/aws")
            assert found["data"]["description"] == "of sub"
        for header in ("", "team-a"):
            assert Caller(sub.server, header).call("GET", "sys/mounts/aws").status_code == 400

    def test_the_same_mount_path_is_another_mount_in_each(self, sub: Caller) -> None:
        places = [Caller(sub.server, path) for path in ("", "team-a", "team-a/sub")]
        try:
            for number, place in enumerate(places):
                place.ask("POST", "sys/mounts/aws", {"type": "aws"})
                role = {
                    "credential_type": "iam_user",
                    "policy_arns": f"arn:aws:iam::aws:policy/{number}",
                }
                place.ask("PUT", "aws/roles/same", role)
            accessors = {place.ask("GET", "sys/mounts/aws")["data"]["accessor"] for place in places}
            assert len(accessors) == 3
            for number, place in enumerate(places):
                held = place.ask("GET", "aws/roles/same")["data"]["policy_arns"]
                assert held == [f"arn:aws:iam::aws:policy/{number}"]
        finally:
            places[0].ask("DELETE", "sys/mounts/aws")

    @pytest.mark.parametrize("path", ["sys/seal-status", "sys/health", "sys/in-flight-req"])
    def test_what_only_the_root_namespace_has_is_not_in_others(
        self, team: Caller, path: str
    ) -> None:
        assert Caller(team.server).call("GET", path).ok
        assert team.call("GET", path).status_code == 404

    def test_requests_under_way_are_told_of_every_namespace(self, team: Caller) -> None:
        told = Caller(team.server).ask("GET", "sys/in-flight-req")
        assert [entry["request_path"] for entry in told.values()] == ["/v1/sys/in-flight-req"]


class TestTheirTokens:
    def test_one_of_the_root_policy_acts_in_every_child(self, sub: Caller) -> None:
        made = Caller(sub.server).ask("POST", "auth/token/create", {"ttl": "1h"})
        child = made["auth"]["client_token"]
        for path in ("team-a", "team-a/sub"):
            caller = Caller(sub.server, path, child)
            caller.ask("PUT", "sys/policies/acl/made", {"policy": NOTHING})
            itself = caller.ask("GET", "auth/token/lookup-self")["data"]
            assert itself["id"] == child
        Caller(sub.server, "team-a", child).ask("POST", "auth/token/revoke-self")
        assert Caller(sub.server, "team-a", child).call("GET", "sys/mounts").status_code == 403

    def test_one_of_a_parent_may_do_in_a_child_what_its_policies_say(self, team: Caller) -> None:
        token = restricted(
            Caller(team.server),
            'path "team-a/sys/policies/acl/*" { capabilities = ["create", "read"] }\n'
            'path "team-a/sys/leases/lookup/*" { capabilities = ["list"] }\n'
            'path "team-a/sys/namespaces" { capabilities = ["list"] }',
        )
        within = Caller(team.server, "team-a", token)
        within.ask("PUT", "sys/policies/acl/made", {"policy": NOTHING})
        within.ask("GET", "sys/policies/acl/made")
        assert within.call("LIST", "sys/namespaces").status_code == 404
        for method, path in (
            ("DELETE", "sys/policies/acl/made"),
            ("GET", "sys/mounts"),
            ("LIST", "sys/leases/lookup/aws/creds/x/"),  # asks for sudo besides
            ("PUT", "sys/namespaces/sub"),
        ):
            assert within.call(method, path).status_code == 403, path

    def test_one_of_a_child_is_nothing_outside(self, sub: Caller) -> None:
        everything = 'path "*" { capabilities = ["create","read","update","delete","list","sudo"] }'
        token = restricted(Caller(sub.server, "team-a"), everything)
        assert Caller(sub.server, "team-a", token).call("GET", "sys/mounts").ok
        assert Caller(sub.server, "team-a/sub", token).call("GET", "sys/mounts").ok
        assert Caller(sub.server, "", token).call("GET", "sys/mounts").status_code == 403
        Caller(sub.server).ask("PUT", "sys/namespaces/team-b")
        assert Caller(sub.server, "team-b", token).call("GET", "sys/mounts").status_code == 403
        # Wherever it is asked, a token knows itself; the official plugin relies upon it.
        itself = Caller(sub.server, "", token).ask("GET", "auth/token/lookup-self")
        assert itself["data"]["id"] == token

    def test_a_child_has_no_policy_of_its_parent(self, team: Caller) -> None:
        Caller(team.server).ask("PUT", "sys/policies/acl/of-root", {"policy": NOTHING})
        assert team.call("GET", "sys/policies/acl/of-root").status_code == 404

    def test_no_token_is_no_token_anywhere(self, team: Caller) -> None:
        for caller in (Caller(team.server, "team-a", "none"), Caller(team.server, "", "none")):
            assert caller.call("GET", "sys/mounts").status_code == 403
            assert caller.call("PUT", "sys/namespaces/other").status_code == 403


class TestTheirIdentityTokens:
    def test_the_documents_of_each_name_its_issuer_and_hold_its_own_keys(self, sub: Caller) -> None:
        keys = []
        for path in ("", "team-a", "team-a/sub"):
            prefix = f"{path}/" if path else ""
            place = Caller(sub.server, path)
            place.ask("PUT", "identity/oidc/config", {"issuer": "https://vault.lab.test"})
            place.ask("POST", "sys/mounts/aws", {"type": "aws"})
            place.ask("PUT", "aws/config/root", FEDERATION)  # has the key made
            issuer = f"https://vault.lab.test/v1/{prefix}identity/oidc/plugins"
            # As AWS asks: by path alone, without a token.
            document = requests.get(
                f"{sub.server.url}/v1/{prefix}{CONFIGURATION}", timeout=30
            ).json()
            assert document["issuer"] == issuer
            assert document["jwks_uri"] == f"{issuer}/.well-known/keys"
            served = requests.get(f"{sub.server.url}/v1/{prefix}{KEYS}", timeout=30).json()["keys"]
            keys.append({key["kid"] for key in served})
        Caller(sub.server).ask("DELETE", "sys/mounts/aws")
        assert all(keys)
        assert len(set.union(*keys)) == sum(map(len, keys))


def test_a_restart_keeps_namespaces_and_what_is_in_them(tmp_path: Path) -> None:
    home = tmp_path / "vault"
    paths = ("team-a", "team-a/sub")
    with running(home) as first:
        Caller(first).ask("PUT", "sys/namespaces/team-a", {"custom_metadata": {"of": "a"}})
        Caller(first, "team-a").ask("PUT", "sys/namespaces/sub")
        kept = [
            Caller(first, path).ask("POST", "sys/mounts/aws", {"type": "aws"})
            or Caller(first, path).ask("GET", "sys/mounts/aws")["data"]["accessor"]
            for path in paths
        ]
        before = Caller(first).ask("GET", "sys/namespaces/team-a")["data"]
        assert home.joinpath("namespaces.json").stat().st_mode & 0o777 == 0o600
        # What a process leaves that is killed while it makes or deletes a namespace.
        (home / "namespaces" / "aaaaa").mkdir()
    with running(home) as second:
        assert Caller(second).ask("GET", "sys/namespaces/team-a")["data"] == before
        held = [
            Caller(second, path).ask("GET", "sys/mounts/aws")["data"]["accessor"] for path in paths
        ]
        assert held == kept
        assert not (home / "namespaces" / "aaaaa").exists()


def test_the_community_edition_has_none(tmp_path: Path) -> None:
    with running(tmp_path / "vault", "-edition", "community") as server:
        answer = Caller(server).call("PUT", "sys/namespaces/team-a")
        assert answer.status_code == 404
        assert not (server.home / "namespaces").exists()
