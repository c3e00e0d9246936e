"""Namespaces by the stand-in ``vault`` plugin: made, changed, looked up and deleted."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from lab.plugins.resource import ProviderError
from lab.plugins.vault.namespace import look_up
from lab.plugins.vault.session import Settings, VaultSession
from tests.lab.plugins_world import new_project
from tests.lab.test_vault_namespaces import Caller
from tests.lab.test_vault_server import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.plugins_world import Project
    from tests.lab.test_vault_server import VaultServer

PROGRAM = (
    "root = pulumi.ResourceOptions(provider=vault.Provider('root'))",
    "outer = vault.Namespace('outer', path='team-a', opts=root)",
    "inner = vault.Namespace('inner', path='sub', namespace=outer.path_fq, opts=root)",
)
LOOK_UP = (
    "found = vault.get_namespace_output(path=inner.path, namespace=outer.path_fq,",
    "    opts=pulumi.InvokeOptions(provider=root.provider))",
    "pulumi.export('found', [found.id, found.path_fq, found.namespace_id])",
    "pulumi.export('made', [inner.id, inner.path_fq, inner.namespace_id])",
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[VaultServer]:
    with running(tmp_path / "vault") as started:
        yield started


@pytest.fixture
def project(server: VaultServer, tmp_path: Path) -> Project:
    made = new_project(tmp_path, server.url)
    environment = {**made.environment, "VAULT_TOKEN": server.root_token}
    return dataclasses.replace(made, environment=environment)


def test_a_namespace_in_another_from_the_first_preview_to_the_end(
    project: Project, server: VaultServer
) -> None:
    project.program(*PROGRAM, *LOOK_UP)
    assert project.steps()["inner"] == ["create"]
    project.up()
    outputs = json.loads(project.pulumi("stack", "output", "--json"))
    identifier = Caller(server, "team-a").ask("GET", "sys/namespaces/sub")["data"]["id"]
    assert outputs["made"] == ["team-a/sub/", "team-a/sub", identifier]
    assert outputs["found"] == outputs["made"]
    project.refresh()
    assert project.steps() == {}

    described = "custom_metadata={'of': 'a'}, opts=root)"
    project.program(PROGRAM[0], PROGRAM[1].replace("opts=root)", described), *PROGRAM[2:])
    assert project.steps()["outer"] == ["update"]
    project.up()
    held = Caller(server).ask("GET", "sys/namespaces/team-a")["data"]
    assert held["custom_metadata"] == {"of": "a"}
    assert project.steps() == {}

    project.program(PROGRAM[0], PROGRAM[1].replace("team-a", "team-b"), *PROGRAM[2:])
    steps = project.steps()
    assert "replace" in steps["outer"]
    assert "replace" in steps["inner"]
    project.pulumi("destroy", "--yes", "--skip-preview")
    assert Caller(server).call("LIST", "sys/namespaces").status_code == 404


def test_one_that_exists_is_not_taken_over_and_one_gone_is_made_anew(
    project: Project, server: VaultServer
) -> None:
    Caller(server).ask("PUT", "sys/namespaces/team-a")
    project.program(*PROGRAM[:2])
    told = project.up(fails=True)
    assert 'Vault answered 400: namespace "team-a/" already exists' in told
    Caller(server).ask("DELETE", "sys/namespaces/team-a")
    project.up()
    Caller(server).ask("DELETE", "sys/namespaces/team-a")
    project.refresh()
    assert project.steps()["outer"] == ["create"]


def test_an_import_is_told_the_namespace_around_by_the_environment(
    project: Project, server: VaultServer
) -> None:
    project.program(*PROGRAM[:2])
    project.up()
    Caller(server, "team-a").ask("PUT", "sys/namespaces/sub")
    environment = {**project.environment, "TERRAFORM_VAULT_NAMESPACE_IMPORT": "team-a"}
    provider = f"root={project.resource('root')['urn']}"
    dataclasses.replace(project, environment=environment).pulumi(
        *("import", "vault:index/namespace:Namespace", "inner", "sub", "--provider", provider),
        *("--protect=false", "--generate-code=false", "--yes", "--skip-preview"),
    )
    project.program(*PROGRAM)
    assert project.steps() == {}


def test_a_lookup_without_a_path_answers_from_the_settings_and_a_missing_one_fails(
    server: VaultServer,
) -> None:
    session = VaultSession(
        Settings(address=server.url, token=server.root_token, namespace="team-a")
    )
    assert look_up(session, {})["id"] == "team-a/"
    Caller(server).ask("PUT", "sys/namespaces/team-a")
    with pytest.raises(ProviderError, match='namespace "sub" not found'):
        look_up(session, {"path": "sub"})
