"""What a stack has in a namespace moves to another one and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lab.home import read_json
from tests.committed import USER
from tests.lab.conftest import ROOT, lab_command
from tests.lab.logins import session, signed
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

APP = {"boundPrincipals": ["arn:aws:iam::123456789012:role/app"], "policies": ["dev"]}
ALL = ("aws-mount", "auth/app-mount", "people-method", "people-group/engineering")


def declared(place: str) -> dict[str, Any]:
    """Return settings with one of everything in ``place``, and an engine that stays in root."""
    values = settings(
        aws={
            "account": "main",
            "audience": "vault-aws",
            "namespace": place,
            "roles": {"one": USER},
        },
        beside={"account": "main", "audience": "vault-beside", "roles": {"one": USER}},
    )
    values["vault"]["namespaces"] = {place: "managed"} if place else {}
    values["authMethods"] = {
        "app": {
            "account": "main",
            "audience": "vault-app",
            "namespace": place,
            "roles": {"app": APP},
        }
    }
    values["humanLogins"] = {
        "people": {
            "discoveryUrl": "https://people.lab.test",
            "clientId": "vault",
            "namespace": place,
            "groups": {"engineering": {"awsRoles": ["aws/one"]}},
        }
    }
    return values


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    lab_command("application", world.home.root)
    made = Stack(world, tmp_path_factory.mktemp("moves") / "stack", "dev", ROOT)
    made.create(declared("team-a"))
    (client,) = read_json(world.home.people)["clients"]
    made.hide_client_secret("people", client["secret"])
    made.up()
    return made


@pytest.mark.parametrize(("before", "after"), [("team-a", "team-b"), ("team-b", "")])
def test_everything_is_made_anew_there_and_leases_end_first(
    world: Laboratory, stack: Stack, before: str, after: str
) -> None:
    assert world.vault(before).read("aws/creds/one")["lease_id"]
    staying = world.vault().read("beside/creds/one")["lease_id"]

    stack.configure(declared(after))
    told = stack.changes()
    assert {name: told[name] for name in ALL} == dict.fromkeys(ALL, "replace")
    assert not [name for name in told if name.startswith("beside")]
    stack.up()
    stack.expect_no_changes()
    stack.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")

    (kept,) = administrator(world).list_users(PathPrefix="/vault/")["Users"]
    assert kept["Path"] == "/vault/dev-root-beside/"
    vault = world.vault(after)
    assert vault.read("aws/creds/one")["data"]["access_key"]
    proof = {"role": "app", **signed(session(world, "app"))}
    login: Any = vault.write_data("auth/app/login", data=proof)
    assert [name for name in login["auth"]["policies"] if name.endswith("login-dev")]
    assert vault.read("auth/people/config")["data"]["oidc_client_id"] == "vault"
    group = f"dev-{after or 'root'}-people-engineering".replace("team-", "team--")
    held = vault.read(f"identity/group/name/{group}")["data"]
    assert held["alias"]["name"] == "engineering"
    there = world.vault().list("sys/namespaces")
    assert (there["data"]["keys"] if there else []) == ([f"{after}/"] if after else [])
    world.vault().sys.revoke_lease(staying)


def test_nothing_is_left_in_the_end(world: Laboratory, stack: Stack) -> None:
    stack.destroy()
    left = holdings(world)
    assert set(left) == {"roles"}
    assert set(left["roles"]) == {"app"}
    assert world.vault().list("sys/namespaces") is None
