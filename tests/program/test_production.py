"""The production example, planned and registered with its shipped values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.committed import SECRET, SECRET_SECTION
from tests.production import shipped
from tests.program.conftest import run_program

if TYPE_CHECKING:
    from tests.program.conftest import Engine


@pytest.fixture(scope="module", params=[True, False], ids=["preview", "update"])
def production(request: pytest.FixtureRequest) -> Engine:
    """What the example registers, in a first preview and in an update."""
    values = {**shipped(), SECRET_SECTION: {"people": SECRET}}
    return run_program(values, stack="production", preview=request.param)


def test_the_example_has_of_everything_what_it_promises(production: Engine) -> None:
    kinds = Counter(entry.type for entry in production.registered())
    assert kinds["pulumi:providers:aws"] == 2
    assert kinds["vault:index/namespace:Namespace"] == 2
    assert kinds["vaultwif:vault:SecretsEngine"] == 3
    assert kinds["vaultwif:federation:AuthMethod"] == 2
    assert kinds["vaultwif:vault:HumanLogin"] == 1
    assert kinds["vaultwif:aws:TargetRole"] == 2
    assert kinds["vaultwif:vault:Issuer"] == 2


def test_one_identity_provider_stands_in_each_account_for_each_namespace_it_trusts(
    production: Engine,
) -> None:
    providers = {
        entry.name
        for entry in production.registered()
        if entry.type == "vaultwif:aws:IdentityProvider"
    }
    assert providers == {"main/apps", "data/apps", "data/data"}


def test_mounts_are_protected(production: Engine) -> None:
    mounts = [
        entry
        for entry in production.registered()
        if entry.type == "vault:aws/secretBackend:SecretBackend"
    ]
    assert len(mounts) == 3
    assert all(entry.options.protect for entry in mounts)
