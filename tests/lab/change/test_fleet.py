"""A fleet of stacks from one table, run by Pulumi's Automation API in the laboratory."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from examples.fleet.table import BASE
from tests.lab.conftest import ROOT, lab_command
from tests.lab.stacks import Stack, holdings

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.conftest import Laboratory

TEAMS = ("payments-main", "payments-data", "search-main")
TAKEN = "payments-data/reports"
"""Path of a mount that the shipped table gives to the second of these stacks."""


@pytest.fixture
def folder(world: Laboratory, tmp_path: Path) -> Path:
    """The project's folder; the applications' roles are there, the fleet's stacks are not."""
    lab_command("application", world.home.root)
    place = tmp_path / "project"
    Stack(world, place, BASE, ROOT)
    for file in place.glob("Pulumi.*.yaml"):
        file.unlink()
    return place


def fleet(world: Laboratory, folder: Path, module: str, *arguments: str) -> tuple[int, list[str]]:
    """Run a module of the example as a person does; return its exit code and what it printed."""
    finished = subprocess.run(
        ["python", "-m", f"examples.fleet.{module}", *arguments],
        cwd=folder,
        env=dict(world.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    return finished.returncode, (finished.stdout + finished.stderr).splitlines()


def all_held(world: Laboratory) -> list[object]:
    """Return what both accounts and Vault hold beside what they had, its namespaces included."""
    namespaces = world.vault().list("sys/namespaces")
    return [holdings(world), holdings(world, "data"), namespaces]


def test_a_fleet_of_which_one_stack_fails_is_repeated_found_done_and_destroyed(
    world: Laboratory, folder: Path
) -> None:
    before = all_held(world)
    vault = world.vault()
    vault.sys.enable_secrets_engine("kv", path=TAKEN)
    code, told = fleet(world, folder, "run", "up", "--at-once", "2")
    assert code == 1, told
    assert told[0].startswith(f"[1/4] {BASE}: done in "), told
    assert "up: 4 stacks, 3 done, 1 failed" in told
    assert any(f"path is already in use at {TAKEN}/" in line for line in told)
    assert any("python -m examples.fleet.run up --only payments-data`" in line for line in told)

    vault.sys.disable_secrets_engine(TAKEN)
    code, told = fleet(world, folder, "run", "up", "--only", "payments-data")
    assert (code, told[-2]) == (0, "up: 1 stacks, 1 done"), told
    code, told = fleet(world, folder, "run", "preview", "--expect-no-changes")
    assert code == 0, told
    assert [line.endswith(" s, no changes") for line in told[:4]] == [True] * 4, told

    for path in ("payments-main/checkout", TAKEN):
        assert vault.read(f"{path}/creds/app")["data"]["access_key"].startswith("AKIA")
    listed = world.run("pulumi", "stack", "ls", "--json", "--cwd", str(folder)).stdout
    stacks = {stack["name"]: stack["current"] for stack in json.loads(listed)}
    # Nobody's selected stack was changed.
    assert stacks == dict.fromkeys((BASE, *TEAMS), False)

    code, told = fleet(world, folder, "run", "destroy")
    assert (code, told[-2]) == (0, "destroy: 4 stacks, 4 done"), told
    assert told[3].startswith(f"[4/4] {BASE}: done in ")
    assert all_held(world) == before
    for name in (BASE, *TEAMS):
        Stack(world, folder, name, ROOT).pulumi("stack", "rm", "--yes")


def test_a_fleet_is_measured_and_leaves_nothing(world: Laboratory, folder: Path) -> None:
    before = all_held(world)
    code, told = fleet(world, folder, "measure", "--stacks", "1", "--federations", "1")
    assert code == 0, told
    rows = [line.split(" | ")[:2] for line in told if line.startswith(("| up", "| prev", "| dest"))]
    assert rows == [["| up", "2"], ["| preview", "2"], ["| destroy", "2"]]
    assert told[-1] == "left behind: nothing"
    assert all_held(world) == before
    assert not list(folder.glob("Pulumi.*.yaml"))
