"""A Vault that is a cluster: a node that lags, a leader that steps down, a secondary.

The tests are one story of one stack, in their order.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import hvac.exceptions
import pytest

from clients.signing_keys import SigningKeys
from clients.vault import Node, Vault
from lab.switches import Fault, Switches, store
from tests.lab.conftest import ROOT
from tests.lab.faults import Faults
from tests.lab.stacks import Stack, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory

LAG_SECONDS = 0.5
KEY = "identity/oidc/key/probe"
MOUNT = "vault.lab.test POST /v1/sys/mounts/aws"
REVOCATION = "vault.lab.test PUT /v1/sys/leases/revoke-prefix/aws/creds/my-role"


@pytest.fixture(scope="module")
def stack(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder: Path = tmp_path_factory.mktemp("stack")
    made = Stack(world, folder, "dev", ROOT)
    made.create(settings())
    return made


@pytest.fixture(autouse=True)
def _plain_afterwards(world: Laboratory) -> Iterator[None]:
    yield
    store(world.home, Switches())


@pytest.fixture
def vault(world: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    """The program's own client, as a process of the laboratory's network has it."""
    for name in ("HTTPS_PROXY", "VAULT_TOKEN", "VAULT_ADDR"):
        monkeypatch.setenv(name, world.environment[name])
    monkeypatch.setenv("VAULT_CACERT", world.environment["SSL_CERT_FILE"])
    with Vault(world.environment["VAULT_ADDR"]) as made:
        yield made


def _lag(world: Laboratory, fault: Fault | None = None) -> None:
    world.home.writes.unlink(missing_ok=True)
    store(world.home, Switches(vault_standby_lag_seconds=LAG_SECONDS, fault=fault))


def test_the_node_that_lags_is_met_by_others_and_waited_for_by_the_program(
    world: Laboratory, vault: Vault
) -> None:
    _lag(world)
    stock = world.vault()
    vault.write(KEY, {"allowed_client_ids": ["first"]})
    assert stock.read(KEY) is None
    began = time.monotonic()
    assert SigningKeys(vault).signed_audiences("probe") == frozenset({"first"})
    assert time.monotonic() - began > LAG_SECONDS / 2
    SigningKeys(vault).sign_for("probe", "second")
    assert SigningKeys(vault).signed_audiences("probe") == frozenset({"first", "second"})
    assert vault.node() == Node(
        performance_standby=True, replication="disabled", disaster_recovery="disabled"
    )
    vault.delete(KEY)
    assert SigningKeys(vault).signed_audiences("probe") is None


def test_who_asks_for_what_the_node_lacks_is_told_to_repeat(
    world: Laboratory, vault: Vault
) -> None:
    _lag(world)
    answer = world.vault().adapter.post(f"/v1/{KEY}", json={})
    index = {"X-Vault-Index": answer.headers["X-Vault-Index"]}
    with pytest.raises(hvac.exceptions.VaultError, match="required index state not present"):
        world.vault().adapter.get(f"/v1/{KEY}", headers=index)
    vault.delete(KEY)


def test_while_nobody_leads_others_fail_and_the_program_waits(
    world: Laboratory, vault: Vault
) -> None:
    faults = Faults(world.home)
    faults.set(Fault(kind="step-down"))
    with pytest.raises(hvac.exceptions.InternalServerError, match="local node not active"):
        world.vault().write_data(KEY, data={})
    assert SigningKeys(vault).signed_audiences("probe") is None
    vault.write(KEY, {})
    assert SigningKeys(vault).signed_audiences("probe") == frozenset()
    vault.delete(KEY)
    assert len(faults.writes("leaderless")) == 1


def test_a_performance_secondary_is_refused_before_anything_else(
    world: Laboratory, stack: Stack
) -> None:
    store(world.home, Switches(vault_replication="secondary"))
    refused = stack.up(check=False)
    assert refused.returncode != 0
    assert "Vault at https://vault.lab.test is a performance secondary" in refused.stdout
    assert "let vault.address lead to the primary" in refused.stdout
    assert holdings(world) == {}


def test_an_update_converges_on_a_lagging_node_though_the_leader_steps_down(
    world: Laboratory, stack: Stack
) -> None:
    _lag(world, Fault(kind="step-down", write=MOUNT))
    done = stack.up()
    assert "a performance standby answers for Vault at https://vault.lab.test" in done.stdout
    assert Faults(world.home).writes("leaderless") == [MOUNT]
    store(world.home, Switches())
    stack.expect_no_changes()


def test_a_destroy_leaves_nothing_though_the_leader_steps_down(
    world: Laboratory, stack: Stack
) -> None:
    assert world.vault().read("aws/creds/my-role")["data"]["access_key"]
    _lag(world, Fault(kind="step-down", write=REVOCATION))
    stack.destroy()
    assert Faults(world.home).writes("leaderless") == [REVOCATION]
    store(world.home, Switches())
    assert holdings(world) == {}
