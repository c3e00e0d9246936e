"""A Vault that AWS cannot reach: its issuers' documents are published at another host."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hvac
import pytest
from hvac.exceptions import InvalidRequest

from lab.home import read_json
from lab.switches import Switches, store
from tests.committed import engines_in
from tests.lab.conftest import ROOT
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from tests.lab.conftest import Laboratory

PLACES = {"aws": "", "a": "team-a"}


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """Engines in two namespaces, deployed with another issuer address."""
    values = settings(**engines_in(PLACES))
    values["vault"] |= {
        "issuerAddress": "https://issuer.lab.test",
        "namespaces": {"team-a": "managed"},
    }
    made = Stack(world, tmp_path_factory.mktemp("stacks") / "private", "private", ROOT)
    made.create(values)
    made.up()
    return made


def inside(world: Laboratory, namespace: str) -> hvac.Client:
    """Return a client that reaches Vault from its own machine, not through the network."""
    return hvac.Client(
        url=f"http://127.0.0.1:{read_json(world.home.ports)['vault']}",
        token=world.environment["VAULT_TOKEN"],
        namespace=namespace or None,
        proxies={},
    )


def test_aws_knows_the_issuer_by_the_public_host_alone(world: Laboratory, stack: Stack) -> None:
    iam = administrator(world)
    listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    prefix = "arn:aws:iam::123456789012:oidc-provider/issuer.lab.test/v1/"
    assert sorted(entry["Arn"] for entry in listed) == [
        f"{prefix}identity/oidc/plugins",
        f"{prefix}team-a/identity/oidc/plugins",
    ]
    outputs = stack.outputs()["secrets_engines"]
    assert outputs["a"]["issuer"] == ("https://issuer.lab.test/v1/team-a/identity/oidc/plugins")


@pytest.mark.parametrize("key", PLACES)
def test_credentials_need_the_public_host_and_not_vaults_own(
    key: str, world: Laboratory, stack: Stack
) -> None:
    vault = inside(world, PLACES[key])
    template = vault.read("aws/config/root")["data"]["username_template"]
    try:
        store(world.home, Switches(unreachable=("issuer.lab.test",)))
        # An engine signs in anew only after its configuration was written.
        vault.write_data("aws/config/root", data={"username_template": template})
        with pytest.raises(InvalidRequest, match="NoCredentialProviders"):
            vault.read("aws/creds/my-role")
        vault.write_data("aws/config/root", data={"username_template": template})
        store(world.home, Switches(unreachable=("vault.lab.test",)))
        lease = vault.read("aws/creds/my-role")
        assert lease["data"]["access_key"]
        vault.sys.revoke_lease(lease["lease_id"])
    finally:
        store(world.home, Switches())


def test_nothing_differs_afterwards_and_nothing_is_left_in_the_end(
    world: Laboratory, stack: Stack
) -> None:
    stack.expect_no_changes()
    stack.destroy()
    stack.pulumi("stack", "rm", "--yes")
    assert holdings(world) == {}
