"""Whom a sweep deletes, and whom it leaves because nobody can know."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest
from botocore.hooks import HierarchicalEmitter
from botocore.retries.bucket import TokenBucket
from typer.testing import CliRunner

from clients import aws, iam_users
from clients.errors import (
    AwsError,
    VaultError,
    VaultForbiddenError,
    VaultUnreachableError,
    VaultUntrustedError,
)
from clients.vault import Node
from federation.account import AccountAccess
from federation.identity import MountClass
from federation.kept_users import Keeper
from federation.left_users import IamUser, Verdict
from operations import OperationError, cli, deployed
from operations.deployed import Deployed, DeployedMount, NothingDeployedError
from operations.sweep import evidence, told, users
from operations.sweep.users import Asked, Sweep, SweepError

if TYPE_CHECKING:
    from collections.abc import Sequence

ACCESS = AccountAccess(account_id="123456789012", region="us-east-1")
PATH = "/vault/dev-team.a-aws/"
MOUNT = DeployedMount(
    mount_class=MountClass.SECRET,
    namespace="team/a",
    path="aws",
    accessor="aws_0a1b2c3d",
    issuer="https://vault.test/v1/team/a/identity/oidc/plugins",
    audience="vault-aws",
    role_arn="arn:aws:iam::123456789012:role/vault-secret-dev-team.a-aws",
    account=ACCESS,
    iam_path=PATH,
    vault_roles={"my-role": {}, "other": {}},
)
STACK = Deployed(
    stack="dev",
    address="https://vault.test",
    mounts=(MOUNT,),
    accounts={ACCESS.account_id: ACCESS},
    resources=(),
)
ASKED = Asked(
    stack="dev",
    paths=(),
    account="",
    tags={},
    older_than=dt.timedelta(hours=1),
    per_second=100,
    without_vault=False,
)


@dataclass
class Clouds:
    """An account and a Vault, each as far as a sweep asks it."""

    users: list[IamUser] = field(default_factory=list)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    deleted: list[str] = field(default_factory=list)
    refuses: set[str] = field(default_factory=set)
    node: Node | VaultError = field(default_factory=Node)
    mounts: dict[str, dict[str, Any]] = field(default_factory=dict)
    leases: dict[tuple[str, str], dt.datetime] = field(default_factory=dict)
    """When each began, by namespace and path."""
    silent_after: bool = False
    hides_requests: bool = False
    known: Deployed | None = STACK

    def swept(self, *, delete: bool = False, **asked: Any) -> Sweep:  # noqa: ANN401 - its fields
        return users.sweep(replace(ASKED, **asked), delete=delete)

    def verdicts(self, **asked: Any) -> dict[str, Verdict]:  # noqa: ANN401 - its fields
        return {each.user.name: each.judged.verdict for each in self.swept(**asked).found}


def _user(
    name: str = "vault-token-my-role-Ab12Cd34", hours: float = 48, path: str = PATH
) -> IamUser:
    created = dt.datetime.now(dt.UTC) - dt.timedelta(hours=hours)
    return IamUser(name=name, path=path, created=created)


class Users:
    """The IAM users of an account."""

    def __init__(self, clouds: Clouds, access: AccountAccess, *, per_second: float) -> None:
        self.clouds = clouds
        assert access.account_id == "123456789012"
        assert per_second == 100

    def under(self, path: str) -> list[IamUser]:
        return [user for user in self.clouds.users if user.path == path]

    def tags(self, user: str) -> dict[str, str]:
        return self.clouds.tags.get(user, {})

    def has(self, user: str) -> list[Keeper]:
        return [Keeper(what="an access key", identifier=f"AKIA{user}")]

    def delete(self, user: str, has: Sequence[Keeper]) -> None:
        assert has
        if user in self.clouds.refuses:
            raise AwsError("AWS refuses to delete it")
        self.clouds.deleted.append(user)


class Vault:
    """One namespace."""

    def __init__(self, clouds: Clouds, address: str, namespace: str = "") -> None:
        self.clouds = clouds
        assert address == "https://vault.test"
        self.namespace = namespace

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def node(self) -> Node:
        if isinstance(self.clouds.node, VaultError):
            raise self.clouds.node
        return self.clouds.node

    def requests_under_way(self) -> dict[str, str]:
        if self.clouds.hides_requests:
            raise VaultForbiddenError("no")
        return {}

    def aws_engines(self) -> dict[str, str]:
        if self.clouds.silent_after:
            raise VaultUnreachableError("no connection")
        mounts = self.clouds.mounts.get(self.namespace, {})
        return {path.rstrip("/"): accessor for path, accessor in mounts.items()}

    def listed(self, path: str) -> list[str]:
        prefix = path.removeprefix("sys/leases/lookup/") + "/"
        return sorted(
            {
                lease.removeprefix(prefix).split("/")[0] + "/"
                for namespace, lease in self.clouds.leases
                if namespace == self.namespace and lease.startswith(prefix)
            }
        )

    def leases(self, prefix: str) -> list[str]:
        return [
            lease
            for namespace, lease in self.clouds.leases
            if namespace == self.namespace and lease.startswith(f"{prefix}/")
        ]

    def write(self, path: str, data: dict[str, str], *, verb: str) -> dict[str, Any]:
        assert (path, verb) == ("sys/leases/lookup", "look up")
        began = self.clouds.leases[self.namespace, data["lease_id"]]
        return {"data": {"issue_time": began.isoformat(), "expire_time": None}}


@pytest.fixture
def clouds(monkeypatch: pytest.MonkeyPatch) -> Clouds:
    held = Clouds(users=[_user()], mounts={"team/a": {"aws/": "aws_0a1b2c3d"}})

    def read(stack: str) -> Deployed:
        assert stack == "dev"
        if held.known is None:
            raise NothingDeployedError("nothing is deployed")
        return held.known

    monkeypatch.setattr(deployed, "read", read)
    monkeypatch.setattr(users, "IamUsers", partial(Users, held))
    monkeypatch.setattr(evidence, "Vault", partial(Vault, held))
    return held


def test_a_lease_of_any_engine_in_any_namespace_of_the_stack_keeps_a_user(clouds: Clouds) -> None:
    (user,) = clouds.users
    assert clouds.verdicts() == {user.name: Verdict.LEFT}
    clouds.mounts[""] = {"by-hand/": "aws_f0f0f0f0"}
    for namespace, lease in (("", "by-hand/sts/my-role/1"), ("team/a", "aws/creds/my-role/1")):
        clouds.leases = {(namespace, lease): user.created}
        swept = clouds.swept(delete=True)
        assert swept.found[0].judged.leases == (f"{namespace}/{lease}".lstrip("/"),)
    clouds.leases = {("team/a", "aws/creds/other/1"): user.created}
    assert clouds.verdicts(delete=True) == {user.name: Verdict.LEFT}
    assert clouds.deleted == [user.name]


def test_young_users_and_those_without_the_tag_stay(clouds: Clouds) -> None:
    young, tagged = _user("vault-token-other-Ab12Cd34", 0.5), _user("vault-x-other-Ab12Cd34")
    clouds.users += [young, tagged]
    clouds.tags = {tagged.name: {"team": "a"}}
    verdicts = clouds.verdicts(tags={"team": "a"}, delete=True)
    assert verdicts == {young.name: Verdict.YOUNG, tagged.name: Verdict.LEFT}
    assert clouds.deleted == [tagged.name]


def test_an_engine_that_vault_does_not_have_is_no_proof_unless_that_is_said(
    clouds: Clouds,
) -> None:
    clouds.mounts = {"team/a": {"aws/": "aws_another1"}}
    swept = clouds.swept(delete=True)
    assert swept.found[0].judged.verdict is Verdict.UNKNOWN
    assert "it has lost its storage, or is another Vault" in swept.trouble()
    assert clouds.deleted == []
    # Leases that are there count all the same.
    clouds.leases = {("team/a", "aws/creds/my-role/1"): clouds.users[0].created}
    assert list(clouds.verdicts(without_vault=True).values()) == [Verdict.LIVE]
    clouds.leases = {}
    assert list(clouds.verdicts(without_vault=True).values()) == [Verdict.LEFT]


@pytest.mark.parametrize("part", ["primary", "secondary"])
def test_of_a_replicated_vault_nobody_knows_all_leases(clouds: Clouds, part: str) -> None:
    clouds.node = Node(replication=part)
    assert list(clouds.verdicts(without_vault=True, delete=True).values()) == [Verdict.UNKNOWN]
    assert clouds.deleted == []
    clouds.node = Node(replication="disabled")
    assert list(clouds.verdicts().values()) == [Verdict.LEFT]


def test_only_a_vault_that_says_nothing_at_all_is_gone(clouds: Clouds) -> None:
    clouds.node = VaultUnreachableError("no connection")
    with pytest.raises(SweepError, match="does not answer, so nobody knows"):
        clouds.swept(delete=True)
    assert list(clouds.verdicts(without_vault=True).values()) == [Verdict.LEFT]

    for failure in (VaultUntrustedError("another certificate"), VaultError("sealed")):
        clouds.node = failure
        with pytest.raises(VaultError, match=str(failure)):
            clouds.swept(without_vault=True, delete=True)
    clouds.node, clouds.silent_after = Node(), True
    with pytest.raises(VaultUnreachableError):
        clouds.swept(without_vault=True, delete=True)
    assert clouds.deleted == []


def test_who_may_be_in_the_making_is_waited_for(clouds: Clouds) -> None:
    clouds.hides_requests = True
    clouds.users = [_user(hours=0.1)]
    with pytest.raises(OperationError, match="may not read sys/in-flight-req"):
        clouds.swept(older_than=dt.timedelta(minutes=5), delete=True)
    clouds.hides_requests = False
    assert list(clouds.verdicts(older_than=dt.timedelta()).values()) == [Verdict.LEFT]


def test_a_user_that_aws_keeps_does_not_hold_up_the_others(clouds: Clouds) -> None:
    names = [f"vault-token-my-role-Ab12Cd{number:02}" for number in range(8)]
    clouds.users = [_user(name) for name in names]
    clouds.refuses = {names[0], *names[3:6]}
    swept = clouds.swept(delete=True)
    assert clouds.deleted == names[1:3]
    assert [bool(each.failure) for each in swept.found] == [True, False, False, *[True] * 5]
    said = swept.trouble()
    assert "6 user(s) could not be deleted; mend it, and repeat:" in said
    assert f"{names[7]}: not tried, because AWS refused several in a row" in said
    entries = told.document(swept, "dev")["users"]
    assert [entry["deleted"] for entry in entries] == [False, True, True, *[False] * 5]


def test_under_a_path_of_nobodys_only_vaults_users_are_judged(clouds: Clouds) -> None:
    names = (
        "alice",
        "vault-admin",
        "vault-token-my-role-1700000000-AbCdEfGhIjKlMnOpQrSt",
        "vault-token-my-role-Ab12Cd35",
    )
    clouds.users = [_user(name, path="/old/") for name in names]
    swept = clouds.swept(paths=("/old/",), delete=True)
    assert clouds.deleted == list(names[2:])
    assert swept.foreign == 2


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/vault/dev-root-gone/", ""),
        ("/old/", ""),
        ("/", ""),
        ("old/", "has not both outer slashes"),
        ("/vault/production-root-aws/", "is a path of another stack"),
        ("/vault/", "is a path of another stack"),
    ],
)
def test_paths_of_other_stacks_are_refused(path: str, wrong: str) -> None:
    found = users.wrong_path("dev", path)
    assert wrong in found
    assert bool(found) is bool(wrong)


def test_a_stack_that_was_given_up_needs_account_and_path(clouds: Clouds) -> None:
    clouds.known = None
    given: dict[str, Any] = {"paths": (PATH,), "account": "123456789012", "without_vault": True}
    for name in given:
        with pytest.raises(SweepError, match="nothing is deployed; of a stack that was given up"):
            clouds.swept(**{each: value for each, value in given.items() if each != name})
    assert list(clouds.verdicts(**given, delete=True).values()) == [Verdict.LEFT]
    assert len(clouds.deleted) == 1


def test_every_request_to_aws_takes_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    events = HierarchicalEmitter()
    client = SimpleNamespace(meta=SimpleNamespace(events=events))
    session = SimpleNamespace(client=lambda *_, **__: client)
    monkeypatch.setattr(aws, "_signed_in", lambda _: (session, "arn:aws:iam::1:user/a"))
    turns: list[float] = []
    monkeypatch.setattr(TokenBucket, "acquire", lambda bucket: turns.append(bucket.max_rate))
    iam_users.IamUsers(ACCESS, per_second=3)
    # What botocore does for each attempt, and only then sends.
    events.emit("request-created.iam.ListUserTags", request=None)
    assert turns == [3]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--path", "/vault/other-root-aws/"), "is a path of another stack"),
        (("--tag", "team"), "is not of the form KEY=VALUE"),
        (("--older-than", "soon"), "is a number and s, m, h or d"),
        (("--rate", "0"), "0.5"),
    ],
)
def test_what_is_typed_wrongly_is_said_before_anything_is_asked(
    options: tuple[str, str], said: str
) -> None:
    shell = {"COLUMNS": "200", "TERM": "dumb"}
    answer = CliRunner().invoke(cli.app, ["sweep", "--stack", "dev", *options], env=shell)
    assert answer.exit_code == 2
    assert said in answer.output
