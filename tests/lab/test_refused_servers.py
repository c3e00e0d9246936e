"""Servers that drop the federation without a word: refused, mended, and noticed when they turn."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest

from tests.lab.conftest import ROOT, Laboratory, lab_command
from tests.lab.stacks import Stack, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_GOOD = ("--vault-edition", "ent", "--vault-version", "1.21.0", "--no-hide-vault-version")
_LATE = {"credentialType": "iam_user", "policy": "policies/aws/get-own-user.json"}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A Vault on which the official provider drops audience and role ARN."""

    name: str
    flags: tuple[str, ...]
    cause: str
    remedy: str


SERVERS = (
    Server(
        name="Community edition",
        flags=("--vault-edition", "community"),
        cause="it is 1.21.0, not Enterprise",
        remedy="needs Vault Enterprise 1.16 or later: use such a Vault",
    ),
    Server(
        name="1.15",
        flags=("--vault-version", "1.15.6"),
        cause="it is 1.15.6+ent, and the provider federates this kind of mount from release 1.16",
        remedy="upgrade Vault",
    ),
    Server(
        name="hidden version",
        flags=("--hide-vault-version",),
        cause="its version is hidden",
        remedy="let GET /v1/sys/seal-status through",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What an update printed and what it left."""

    succeeded: bool
    printed: str
    vault_roles: tuple[str, ...]
    credentials: bool
    """Whether a person could read credentials afterwards."""
    held: Any = None
    """If it succeeded, what the clouds hold since."""
    pending: dict[str, str] | None = None
    """If it succeeded, what the next one would change."""


@pytest.fixture(scope="module")
def world_as_declared(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - JSON
    """What the clouds hold after an update that had a good server all the while."""
    stack = Stack(world, tmp_path_factory.mktemp("good"), "dev", ROOT)
    stack.create(settings())
    stack.up()
    held = _held(world)
    stack.destroy()
    return held


@pytest.fixture(scope="module", params=SERVERS, ids=lambda server: server.name)
def server(request: pytest.FixtureRequest) -> Server:
    chosen: Server = request.param
    return chosen


@pytest.fixture(scope="module")
def stack(
    server: Server,  # one stack each, from nothing
    world: Laboratory,
    world_as_declared: object,  # made and gone before this one begins
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    made = Stack(world, tmp_path_factory.mktemp("refused"), "dev", ROOT)
    made.create(settings())
    yield made
    _become(world, _GOOD)
    made.destroy()


@pytest.fixture(scope="module")
def refused(stack: Stack, server: Server) -> Attempt:
    """The first update, against a server that drops the federation."""
    _become(stack.laboratory, server.flags)
    return _up(stack)


@pytest.fixture(scope="module")
def mended(stack: Stack, refused: Attempt) -> Attempt:
    """The next update, against a good server."""
    _become(stack.laboratory, _GOOD)
    return _up(stack)


@pytest.fixture(scope="module")
def previewed(stack: Stack, server: Server, mended: Attempt) -> list[dict[str, Any]]:
    """The steps of a preview after the server has turned."""
    _become(stack.laboratory, server.flags)
    steps = stack.preview()["steps"]
    return [step for step in steps if step["op"] not in ("same", "refresh")]


@pytest.fixture(scope="module")
def turned(stack: Stack, previewed: list[object]) -> Attempt:
    """An update after the server has turned, which is to add a Vault role."""
    wanted = settings()
    wanted["secretsEngines"]["aws"]["roles"]["late-role"] = _LATE
    stack.configure(wanted)
    attempt = _up(stack)
    stack.configure(settings())
    return attempt


@pytest.fixture(scope="module")
def recovered(stack: Stack, turned: Attempt) -> Attempt:
    """The update after that, against a good server again."""
    _become(stack.laboratory, _GOOD)
    return _up(stack)


def test_an_update_fails_with_cause_and_remedy(refused: Attempt, server: Server) -> None:
    assert not refused.succeeded
    message = _message(refused.printed)
    assert message.startswith("Vault cannot federate the mount aws:")
    assert server.cause in message
    assert server.remedy in message
    assert "then run `pulumi up` again" in message
    assert "the mount holds no audience and no role ARN" in message


def test_no_vault_role_is_made_and_no_credentials_can_be_read(refused: Attempt) -> None:
    assert refused.vault_roles == ()
    assert not refused.credentials


def test_the_next_update_against_a_good_server_converges(
    mended: Attempt, world_as_declared: object
) -> None:
    assert mended.succeeded, mended.printed
    assert mended.credentials
    assert mended.held == world_as_declared
    assert mended.pending == {}


def test_a_server_that_turns_shows_as_a_diff_at_the_next_preview(
    previewed: list[dict[str, Any]], server: Server
) -> None:
    assert [(step["urn"].rpartition("::")[2], step["op"]) for step in previewed] == [
        ("aws-check", "update")
    ]
    assert server.cause in previewed[0]["oldState"]["inputs"]["server"]
    assert previewed[0]["newState"]["inputs"]["server"] == "able to federate"


def test_an_update_on_a_server_that_turned_fails_with_the_cause(
    turned: Attempt, server: Server
) -> None:
    assert not turned.succeeded
    message = _message(turned.printed)
    assert server.cause in message
    assert server.remedy in message
    assert "What the mount holds is still right" in message


def test_no_vault_role_is_added_on_a_server_that_turned(turned: Attempt) -> None:
    assert turned.vault_roles == ("my-role",)


def test_the_update_after_that_converges(recovered: Attempt, world_as_declared: object) -> None:
    assert recovered.succeeded, recovered.printed
    assert recovered.credentials
    assert recovered.held == world_as_declared
    assert recovered.pending == {}


def _become(laboratory: Laboratory, flags: tuple[str, ...]) -> None:
    lab_command("up", laboratory.home.root, *flags)


def _up(stack: Stack) -> Attempt:
    finished = stack.up(check=False)
    vault = stack.laboratory.vault()
    roles = vault.list("aws/roles") or {"data": {"keys": []}}
    try:
        answer = vault.read("aws/creds/my-role")
    except hvac.exceptions.VaultError:
        answer = None
    if answer:
        vault.sys.revoke_lease(answer["lease_id"])
    succeeded = finished.returncode == 0
    return Attempt(
        succeeded=succeeded,
        printed=finished.stdout,
        vault_roles=tuple(sorted(roles["data"]["keys"])),
        credentials=answer is not None,
        held=_held(stack.laboratory) if succeeded else None,
        pending=stack.changes() if succeeded else None,
    )


def _message(printed: str) -> str:
    """Return what the check said, as the engine lists it at the end."""
    _, found, message = printed.rpartition("error: Exception calling application: ")
    assert found, printed
    return message.partition("\n")[0]


def _held(laboratory: Laboratory) -> Any:  # noqa: ANN401 - JSON
    """Return what the clouds hold, with the accessor, which no two mounts share, taken out."""
    mounts = laboratory.vault().sys.list_mounted_secrets_engines()["data"]
    text = json.dumps(holdings(laboratory), default=sorted, sort_keys=True)
    assert mounts["aws/"]["accessor"] in text
    return json.loads(text.replace(mounts["aws/"]["accessor"], "ACCESSOR"))
