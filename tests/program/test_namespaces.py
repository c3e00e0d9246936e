"""The graph of a stack with one mount path in three namespaces: what is whose, what waits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.committed import committed, engines_in
from tests.program.conftest import namespace_id, run_program

if TYPE_CHECKING:
    from tests.program.conftest import Engine, Registered

PLACES = {"aws": "", "a": "team-a", "sub": "team-a/sub"}


def _config(**namespaces: str) -> dict[str, Any]:
    config = committed()
    config["vault-aws-federation:vault"] |= {
        "namespaces": {
            key.replace("__", "/").replace("_", "-"): namespaces[key] for key in namespaces
        }
    }
    config["vault-aws-federation:secretsEngines"] = engines_in(PLACES)
    for section in ("targetRoles", "humanLogins", "humanLoginSecrets"):
        config.pop(f"vault-aws-federation:{section}", None)
    return config


@pytest.fixture(scope="module")
def managed() -> Engine:
    return run_program(_config(team_a="managed", team_a__sub="managed"))


@pytest.fixture(scope="module")
def existing() -> Engine:
    return run_program(_config())


def _one(engine: Engine, name: str, type_part: str = "") -> Registered:
    (found,) = [e for e in engine.registered() if e.name == name and type_part in e.type]
    return found


def test_each_has_a_vault_provider_that_waits_for_it(managed: Engine) -> None:
    providers = [e for e in managed.registered() if e.type == "pulumi:providers:vault"]
    assert {e.name: e.inputs.get("namespace", "") for e in providers} == {
        "root": "",
        "team-a": "team-a",
        "team-a/sub": "team-a/sub",
    }
    assert "team-a-namespace" in _one(managed, "team-a", "providers").depends_on
    assert "team-a/sub-namespace" in _one(managed, "team-a/sub", "providers").depends_on
    for key, place in PLACES.items():
        for name in (f"{key}-mount", f"{key}-role/my-role", f"{key}-access/my-role"):
            assert f"providers:vault::{place or 'root'}::" in _one(managed, name).provider


def test_a_namespace_is_made_from_the_one_around_it_after_that_is_there(managed: Engine) -> None:
    outer, inner = (_one(managed, f"{path}-namespace") for path in ("team-a", "team-a/sub"))
    assert (outer.inputs["path"], outer.inputs.get("namespace")) == ("team-a", None)
    assert (inner.inputs["path"], inner.inputs["namespace"]) == ("sub", "team-a")
    assert all("providers:vault::root::" in made.provider for made in (outer, inner))
    assert "team-a/sub-namespace-check" in inner.depends_on
    assert "team-a-namespace-guard" in _one(managed, "team-a/sub-namespace-check").depends_on


@pytest.mark.parametrize("engine", ["managed", "existing"])
def test_subjects_have_the_id_and_issuers_the_path(
    engine: str, request: pytest.FixtureRequest
) -> None:
    program: Engine = request.getfixturevalue(engine)
    for key, place in PLACES.items():
        trust = json.loads(_one(program, f"{key}-workload").inputs["assumeRolePolicy"])
        issuer = f"vault.lab.test/v1/{place}{'/' if place else ''}identity/oidc/plugins"
        identifier = namespace_id(place) if place else "root"
        (statement,) = trust["Statement"]
        assert statement["Condition"]["StringEquals"] == {
            f"{issuer}:aud": f"vault-{key}",
            f"{issuer}:sub": f"plugin-identity:{identifier}:secret:aws_0a1b2c3d",
        }


def test_what_is_done_outside_providers_names_its_namespace(managed: Engine) -> None:
    for key, place in PLACES.items():
        guard = _one(managed, f"{key}-leases/my-role").inputs
        assert guard["environment"]["VAULT_NAMESPACE"] == place
        assert _one(managed, f"{key}-federation", "Federation").inputs["namespace"] == place
        for part in ("check", "guard"):
            found = _one(managed, f"{place or 'root'}-{part}", f"Issuer{part.title()}")
            assert found.inputs["namespace"] == place


def test_everything_in_a_namespace_goes_before_its_guard_and_that_before_itself(
    managed: Engine,
) -> None:
    assert "team-a-namespace" in _one(managed, "team-a-namespace-guard").depends_on
    assert "team-a-namespace-guard" in _one(managed, "team-a-check", "IssuerCheck").depends_on
    assert "team-a-namespace-guard" in _one(managed, "team-a", "providers").depends_on


def test_an_existing_one_is_looked_up_and_neither_made_nor_deleted(existing: Engine) -> None:
    types = {entry.type for entry in existing.registered()}
    assert "vault:index/namespace:Namespace" not in types
    assert "pulumi-python:dynamic/vaultwif:NamespaceGuard" not in types
    checks = [e.inputs for e in existing.registered() if e.type.endswith(":NamespaceCheck")]
    assert [(e["parent"], e["name"], e["ownership"]) for e in checks] == [
        ("", "team-a", "existing"),
        ("team-a", "sub", "existing"),
    ]


def test_a_first_preview_registers_the_same_resources(managed: Engine) -> None:
    planned = run_program(_config(team_a="managed", team_a__sub="managed"), preview=True)
    assert [e.urn for e in planned.registered()] == [e.urn for e in managed.registered()]
