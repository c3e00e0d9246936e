"""A mount or a role that is deleted to be made anew, and whatever goes wrong in between.

Nobody lists the writes: a replacement shows them. Of those, the ones that delete or make what
cannot be there twice go wrong, each in a replacement of its own, for here the very next run must
converge. The rest is as in any update, which is for ``test_failures_midway``.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.lab.accounts.test_namespaces import namespaces
from tests.lab.changed_program import changed
from tests.lab.conftest import ROOT, lab_command, start
from tests.lab.faults import ENGINE_LOST, NETWORK_LOST, REFUSED, Breaker, Kind, held
from tests.lab.stacks import Stack, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

WORKERS = 2
AWS_MOUNT = "/v1/sys/mounts/aws"
MANAGED = {"vault": {"address": "https://vault.lab.test", "namespaces": {"team-a": "managed"}}}


def _settings(audience: str) -> Settings:
    values = settings()
    values["secretsEngines"]["aws"]["audience"] = audience
    return values


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change that replaces something which cannot be there twice."""

    name: str
    audience: str = "one"
    renames_role: bool = False
    writes: tuple[str, str]
    """Ends of the writes that matter: they delete and make what has a name that can be taken."""

    def made(self, stack: Stack) -> AbstractContextManager[None]:
        """Let the stack be the changed one."""
        stack.configure(_settings(self.audience))
        if not self.renames_role:
            return nullcontext()
        line = 'return f"vault-{self.mount_class}-{self._scope}"'
        return changed(stack, "federation/names.py", line, f'{line} + "-v2"')


AUDIENCE = Change(
    name="audience", audience="two", writes=(f"DELETE {AWS_MOUNT}", f"POST {AWS_MOUNT}")
)
ROLE_NAME = Change(
    name="role name",
    renames_role=True,
    writes=(
        "DeleteRole vault-secret-dev-root-aws",
        "CreateRole vault-secret-dev-root-aws-v2",
    ),
)
TRIALS = list(product((AUDIENCE, ROLE_NAME), (REFUSED, NETWORK_LOST)))


def _trial(change: Change, kind: Kind, folder: Path) -> str:
    """Return what was not as it should be, after what had gone wrong; empty if nothing."""
    folder.mkdir()
    story: list[str] = []
    try:
        stack = Stack(start(folder / "laboratory"), folder / "stack", "dev", ROOT)
        stack.create(_settings("one"))
        _replace(change, kind, Breaker(stack), story)
    except (Exception, pytest.fail.Exception) as error:  # noqa: BLE001 - reported by the test
        return "\n".join([*story, f"{type(error).__name__}: {error}"])
    finally:
        lab_command("down", folder / "laboratory")
    return ""


def _replace(change: Change, kind: Kind, breaker: Breaker, story: list[str]) -> None:
    stack = breaker.stack
    # Before Vault opens a connection to AWS, which it keeps and which must be watched too.
    breaker.faults.watch()
    stack.up()
    with change.made(stack):
        breaker.faults.watch()
        stack.up()
        writes = [each for each in breaker.faults.writes() if each.endswith(change.writes)]
        wanted = held(breaker.laboratory)
    assert len(writes) == len(change.writes)
    for write in writes:
        stack.configure(_settings("one"))
        stack.up()
        with change.made(stack):
            assert breaker.run("up", kind, write) == write
            story.append(f"{write}\n{breaker.recover().stdout}")
            stack.up()
            stack.expect_no_changes()
            assert held(breaker.laboratory) == wanted
    assert breaker.laboratory.vault().read("aws/creds/my-role")["data"]["access_key"]
    stack.configure(_settings("one"))
    stack.up()
    with change.made(stack):
        assert breaker.run("up", kind, writes[-1]) == writes[-1]
        breaker.recover()
        stack.destroy()
    assert holdings(breaker.laboratory) == {}


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Future[str]]]:
    folder = tmp_path_factory.mktemp("replacing")
    with ThreadPoolExecutor(WORKERS) as pool:
        yield [
            pool.submit(_trial, change, kind, folder / str(number))
            for number, (change, kind) in enumerate(TRIALS)
        ]


@pytest.mark.parametrize(
    "number", range(len(TRIALS)), ids=lambda number: " ".join(part.name for part in TRIALS[number])
)
def test_the_update_or_the_destroy_after_a_failed_replacement_converges(
    trials: list[Future[str]], number: int
) -> None:
    problem = trials[number].result()
    assert not problem, problem


@pytest.mark.parametrize("kind", [ENGINE_LOST, NETWORK_LOST], ids=lambda kind: kind.name)
def test_a_namespace_made_without_a_record_is_imported(
    world: Laboratory, tmp_path: Path, kind: Kind
) -> None:
    stack = Stack(world, tmp_path / "stack", "dev", ROOT)
    values = settings() | MANAGED
    values["secretsEngines"]["aws"]["namespace"] = "team-a"
    stack.create(values)
    breaker = Breaker(stack)
    breaker.faults.watch()
    assert breaker.run("up", kind, "vault.lab.test PUT /v1/sys/namespaces/team-a")
    assert (
        "the namespace team-a in Vault exists and is not in the state" in breaker.recover().stdout
    )
    stack.up()
    stack.expect_no_changes()
    stack.destroy()
    assert holdings(world) == {}
    assert namespaces(world) == []
