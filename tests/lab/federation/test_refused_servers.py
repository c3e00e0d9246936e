"""Servers that drop the federation without a word: refused, mended, and noticed when they turn."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest

from tests.committed import USER
from tests.lab.conftest import ROOT, Laboratory, lab_command
from tests.lab.logins import log_in, session, signed
from tests.lab.stacks import Stack, holdings
from tests.lab.stacks import settings as with_engine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.lab.stacks import Settings

_GOOD = ("--vault-edition", "ent", "--vault-version", "1.21.0", "--no-hide-vault-version")
_LOGIN = {
    "boundPrincipals": ["arn:aws:iam::123456789012:role/app"],
    "policies": ["dev"],
}
_CHECKS = ("auth/aws-federation", "aws-federation")
_FAILED = re.compile(
    r"^  \S+ \((?P<name>\S+)\):\n(?:    .*\n|\n)*?"
    r"    error: Exception calling application: (?P<message>.*)$",
    re.MULTILINE,
)


def settings() -> Settings:
    """Return settings with a mount of each class, as the committed stack has."""
    method = {"account": "main", "audience": "vault-aws-auth", "roles": {"dev-role-iam": _LOGIN}}
    return with_engine() | {"authMethods": {"aws": method}}


@dataclass(frozen=True, kw_only=True)
class Server:
    """A Vault on which the official provider drops audience and role ARN."""

    name: str
    flags: tuple[str, ...]
    cause: str
    """With the first release that the class of mount needs, where it is told."""
    remedy: str

    def told(self, check: str) -> tuple[str, str]:
        """Return cause and remedy as the check of a mount tells them."""
        release = "1.17" if check.startswith("auth/") else "1.16"
        return self.cause.format(release=release), self.remedy.format(release=release)


SERVERS = (
    Server(
        name="Community edition",
        flags=("--vault-edition", "community"),
        cause="it is 1.21.0, not Enterprise",
        remedy="needs Vault Enterprise {release} or later: use such a Vault",
    ),
    Server(
        name="1.15",
        flags=("--vault-version", "1.15.6"),
        cause="it is 1.15.6+ent, and the provider federates this kind of mount from release "
        "{release}",
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
    login_roles: tuple[str, ...]
    credentials: bool
    """Whether a person could read credentials afterwards."""
    login: bool
    """Whether an application could log in afterwards."""
    held: Any = None
    """If it succeeded, what the clouds hold since."""
    pending: dict[str, str] | None = None
    """If it succeeded, what the next one would change."""
    messages: Mapping[str, str] = field(default_factory=dict)
    """What failed, as the engine lists it at the end."""


@pytest.fixture(scope="module")
def world_as_declared(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - JSON
    """What the clouds hold after an update that had a good server all the while."""
    lab_command("application", world.home.root)
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
def resumed(stack: Stack, refused: Attempt) -> Attempt:
    """The next update, against a good server."""
    _become(stack.laboratory, _GOOD)
    return _up(stack)


@pytest.fixture(scope="module")
def previewed(stack: Stack, server: Server, resumed: Attempt) -> list[dict[str, Any]]:
    """The steps of a preview after the server has turned."""
    _become(stack.laboratory, server.flags)
    steps = stack.preview()["steps"]
    return [step for step in steps if step["op"] not in ("same", "refresh")]


@pytest.fixture(scope="module")
def turned(stack: Stack, previewed: list[object]) -> Attempt:
    """An update after the server has turned, which is to add a Vault role to each mount."""
    wanted = settings()
    wanted["secretsEngines"]["aws"]["roles"]["late-role"] = USER
    wanted["authMethods"]["aws"]["roles"]["late-role"] = _LOGIN
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
    assert sorted(refused.messages) == list(_CHECKS), refused.printed
    for check, message in refused.messages.items():
        assert message.startswith("Vault cannot federate the mount aws:")
        assert all(part in message for part in server.told(check)), message
        assert "then run `pulumi up` again" in message
        assert "the mount holds no audience and no role ARN" in message


def test_no_vault_role_is_made_and_nobody_gets_in_or_reads_credentials(refused: Attempt) -> None:
    assert (refused.vault_roles, refused.login_roles) == ((), ())
    assert not refused.credentials
    assert not refused.login


def test_the_next_update_against_a_good_server_converges(
    resumed: Attempt, world_as_declared: object
) -> None:
    _expect_converged(resumed, world_as_declared)


def test_a_server_that_turns_shows_as_a_diff_at_the_next_preview(
    previewed: list[dict[str, Any]], server: Server
) -> None:
    shown = {step["urn"].rpartition("::")[2]: step for step in previewed}
    assert sorted(shown) == list(_CHECKS)
    for check, step in shown.items():
        assert step["op"] == "update"
        cause, _ = server.told(check)
        assert cause in step["oldState"]["inputs"]["server"]
        assert step["newState"]["inputs"]["server"] == "able to federate"


def test_an_update_on_a_server_that_turned_fails_with_the_cause(
    turned: Attempt, server: Server
) -> None:
    assert not turned.succeeded
    assert sorted(turned.messages) == list(_CHECKS), turned.printed
    for check, message in turned.messages.items():
        assert all(part in message for part in server.told(check)), message
        assert "What the mount holds is still right" in message


def test_no_vault_role_is_added_on_a_server_that_turned(turned: Attempt) -> None:
    assert (turned.vault_roles, turned.login_roles) == (("my-role",), ("dev-role-iam",))


def test_the_update_after_that_converges(recovered: Attempt, world_as_declared: object) -> None:
    _expect_converged(recovered, world_as_declared)


def _expect_converged(attempt: Attempt, world_as_declared: object) -> None:
    assert attempt.succeeded, attempt.printed
    assert attempt.credentials
    assert attempt.login
    assert attempt.held == world_as_declared
    assert attempt.pending == {}


def _become(laboratory: Laboratory, flags: tuple[str, ...]) -> None:
    lab_command("up", laboratory.home.root, *flags)


def _up(stack: Stack) -> Attempt:
    # One mount's refusal must not hide that of the other, nor be why the other got no role.
    finished = stack.up("--continue-on-error", check=False)
    laboratory = stack.laboratory
    vault = laboratory.vault()
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
        vault_roles=_listed(laboratory, "aws/roles"),
        login_roles=_listed(laboratory, "auth/aws/roles"),
        credentials=answer is not None,
        login=_lets_in(laboratory),
        held=_held(laboratory) if succeeded else None,
        pending=stack.changes() if succeeded else None,
        messages=dict(_FAILED.findall(finished.stdout)),
    )


def _listed(laboratory: Laboratory, path: str) -> tuple[str, ...]:
    answer = laboratory.vault().list(path) or {"data": {"keys": []}}
    return tuple(sorted(answer["data"]["keys"]))


def _lets_in(laboratory: Laboratory) -> bool:
    try:
        auth = log_in(laboratory, "dev-role-iam", signed(session(laboratory, "app")))
    except hvac.exceptions.VaultError:
        return False
    laboratory.vault().auth.token.revoke_accessor(auth["accessor"])
    return True


def _held(laboratory: Laboratory) -> Any:  # noqa: ANN401 - JSON
    """Return what the clouds hold, with accessors, which no two mounts share, taken out."""
    vault = laboratory.vault()
    text = json.dumps(holdings(laboratory), default=sorted, sort_keys=True)
    for mounts in (vault.sys.list_mounted_secrets_engines(), vault.sys.list_auth_methods()):
        accessor = mounts["data"]["aws/"]["accessor"]
        assert accessor in text
        text = text.replace(accessor, "ACCESSOR")
    return json.loads(text)
