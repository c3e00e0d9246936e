"""Which role is meant, what a block says, in which order it is put, and how a person is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from clients import aws
from clients.aws import Account
from clients.errors import AwsError, NotSignedInError, VaultUnreachableError
from clients.role_block import RoleBlock
from federation.account import AccountAccess
from federation.knowledge.steps import BLOCK
from federation.session_block import block, blocked_before, written
from operations import OperationError, cli, deployed, engine
from operations.sessions import revoke, roles

if TYPE_CHECKING:
    from collections.abc import Callable

ACCOUNT = "123456789012"
ENGINE = f"arn:aws:iam::{ACCOUNT}:role/vault-secret-dev-root-aws"
METHOD = f"arn:aws:iam::{ACCOUNT}:role/vault-auth-dev-root-aws"
TARGET = f"arn:aws:iam::{ACCOUNT}:role/vault-target-dev-deploy"
FOREIGN = f"arn:aws:iam::{ACCOUNT}:role/teams/own"
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
OWN = "pulumi-python:dynamic/vaultwif:"
STACK = "urn:pulumi:dev::vault-aws-federation::"
PARENTS = {
    "aws": f"{STACK}vaultwif:vault:SecretsEngine::aws",
    "auth/aws": f"{STACK}vaultwif:federation:AuthMethod::auth/aws",
    "deploy": f"{STACK}vaultwif:aws:TargetRole::deploy",
}


def _federation(called: str, mount_class: str, role_arn: str) -> dict[str, Any]:
    held = {
        **dict.fromkeys(("accessor", "issuer", "audience"), "x"),
        "mount_class": mount_class,
        "namespace": "team",
        "path": "aws",
        "role_arn": role_arn,
    }
    return {"type": f"{OWN}Federation", "parent": PARENTS[called], "outputs": held}


def _role(called: str, arn: str) -> dict[str, Any]:
    return {"type": "aws:iam/role:Role", "parent": PARENTS[called], "outputs": {"arn": arn}}


def _vault_role(name: str, kind: str, *arns: str) -> dict[str, Any]:
    outputs = {"name": name, "credentialType": kind, "roleArns": list(arns) or None}
    kind = "vault:aws/secretBackendRole:SecretBackendRole"
    return {"type": kind, "parent": PARENTS["aws"], "outputs": outputs}


RESOURCES = [
    {"type": f"{OWN}Connection", "outputs": {"address": "https://vault.example.com"}},
    {
        "type": "pulumi:providers:aws",
        "inputs": {"allowedAccountIds": json.dumps([ACCOUNT]), "region": "us-east-1"},
    },
    _federation("aws", "secret", ENGINE),
    _federation("auth/aws", "auth", METHOD),
    _role("aws", ENGINE),
    _role("auth/aws", METHOD),
    _role("deploy", TARGET),
    _vault_role("my-role", "iam_user"),
    _vault_role("deploy", "assumed_role", TARGET, FOREIGN, "arn:aws:iam::999999999999:role/far"),
]


class FakeIam:
    """IAM with one role, whose clock runs a second with each look."""

    def __init__(self) -> None:
        self.now = NOW
        self.policies: dict[str, Any] = {}
        self.done: list[str] = []
        self.dated = True

    def get_role(self, **_: str) -> dict[str, Any]:
        self.done.append("look")
        date = f"{self.now:%a, %d %b %Y %H:%M:%S} GMT"
        self.now += timedelta(seconds=0.5)
        return {"ResponseMetadata": {"HTTPHeaders": {"date": date} if self.dated else {}}}

    def put_role_policy(self, **values: str) -> None:
        self.done.append("block")
        self.policies[values["PolicyName"]] = json.loads(values["PolicyDocument"])

    def get_role_policy(self, **values: str) -> dict[str, Any]:
        return {"PolicyDocument": self._held(values["PolicyName"])}

    def delete_role_policy(self, **values: str) -> None:
        self._held(values["PolicyName"])
        del self.policies[values["PolicyName"]]

    def _held(self, name: str) -> Any:  # noqa: ANN401 - a document
        if name not in self.policies:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "none"}}, "x")
        return self.policies[name]


class FakeVault:
    """A connection to a namespace that signs in anew, or does not."""

    iam: FakeIam
    failing: list[Exception]

    def __init__(self, address: str, namespace: str) -> None:
        assert (address, namespace) == ("https://vault.example.com", "team")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...


class FakeMount:
    """A secrets engine and an auth method in one."""

    told = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/m/new is not authorized to perform: iam:GetRole"
    )

    def __init__(self, vault: FakeVault, path: str) -> None:
        assert path == "aws"
        self.vault, self.path = vault, path

    def reconnect(self) -> None:
        self.vault.iam.done.append("sign in anew")
        if self.vault.failing:
            raise self.vault.failing.pop()

    def session(self) -> str:
        return f"arn:aws:sts::{ACCOUNT}:assumed-role/vault-secret-dev-root-aws/new"

    def sign_in_anew(self) -> None:
        self.reconnect()

    def look_up(self, arn: str) -> str:
        assert arn == f"arn:aws:iam::{ACCOUNT}:role/vault-session-check"
        return self.told


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> FakeIam:
    """The stack above at an AWS and a Vault in memory."""
    fake = FakeIam()
    session = SimpleNamespace(client=lambda *_, **__: fake)
    monkeypatch.setattr(aws, "_signed_in", lambda _: (session, "arn:aws:iam::1:user/a"))
    monkeypatch.setattr(deployed, "living", lambda _: RESOURCES)
    monkeypatch.setattr(engine, "selected", lambda stack: stack or "dev")
    monkeypatch.setattr(FakeVault, "iam", fake, raising=False)
    monkeypatch.setattr(FakeVault, "failing", [], raising=False)
    monkeypatch.setattr(revoke, "Vault", FakeVault)
    monkeypatch.setattr(revoke, "SecretsEngine", FakeMount)
    monkeypatch.setattr(revoke, "AuthMethod", FakeMount)
    monkeypatch.setattr(revoke, "PAUSE_SECONDS", 0)
    return fake


def _typed(*arguments: str, given: str = "") -> tuple[int, str, str]:
    answer = CliRunner().invoke(cli.app, ["revoke-sessions", *arguments], input=given)
    expected = SystemExit | OperationError | AwsError
    assert answer.exception is None or isinstance(answer.exception, expected)
    failure = "" if isinstance(answer.exception, SystemExit) else str(answer.exception or "")
    return answer.exit_code, answer.stdout, answer.stderr + failure


def test_the_block_is_aws_own() -> None:
    assert block(NOW)["Statement"] == [
        {
            "Sid": "EndOlderSessions",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2030-01-01T12:00:00Z"}},
        }
    ]
    assert blocked_before(block(NOW)) == NOW


@pytest.mark.parametrize(
    ("policy", "moment"),
    [
        # As AWS's console writes it: one statement, and parts of a second.
        (
            {
                "Statement": {
                    "Condition": {
                        "DateLessThan": {"aws:TokenIssueTime": ["2030-01-01T12:00:00.000Z"]}
                    }
                }
            },
            NOW,
        ),
        ({"Statement": [{"Condition": {"DateLessThan": {"aws:TokenIssueTime": "?"}}}]}, None),
        ({"Statement": [{"Effect": "Allow"}, "x"]}, None),
        (None, None),
    ],
)
def test_a_block_of_others_is_read(policy: object, moment: datetime | None) -> None:
    assert blocked_before(policy) == moment


@pytest.mark.usefixtures("iam")
@pytest.mark.parametrize(
    ("called", "arn", "what"),
    [
        ("aws", ENGINE, "secrets engine aws"),
        (ENGINE, ENGINE, "secrets engine aws"),
        ("auth/aws", METHOD, "auth method aws"),
        ("deploy", TARGET, "target role deploy"),
        (FOREIGN, FOREIGN, "target role that others own"),
    ],
)
def test_a_role_is_called_by_its_name_or_its_arn(called: str, arn: str, what: str) -> None:
    role = roles.meant("dev", called)
    assert (role.arn, role.what) == (arn, what)
    assert role.account == AccountAccess(account_id=ACCOUNT, region="us-east-1")
    assert (role.mount is None) == (arn in (TARGET, FOREIGN))


@pytest.mark.usefixtures("iam")
@pytest.mark.parametrize("called", ["", "nobody", "arn:aws:iam::999999999999:role/far"])
def test_a_role_that_the_stack_does_not_use_is_refused_with_those_it_does(called: str) -> None:
    with pytest.raises(OperationError) as refused:
        roles.meant("dev", called)
    said = str(refused.value)
    assert said.startswith(f"{called!r} is no role of the stack dev; it uses\n  aws: {ENGINE} (")
    assert "role/far" not in said.partition(";")[2]


@pytest.mark.usefixtures("iam")
def test_two_roles_of_one_name_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARENTS, "deploy", f"{STACK}vaultwif:aws:TargetRole::aws")
    monkeypatch.setattr(deployed, "living", lambda _: [*RESOURCES, _role("deploy", TARGET)])
    with pytest.raises(OperationError, match="'aws' is more than one role of the stack dev"):
        roles.meant("dev", "aws")


def test_what_a_destroy_has_left_can_still_be_freed(
    iam: FakeIam, monkeypatch: pytest.MonkeyPatch
) -> None:
    iam.policies[BLOCK] = block(NOW)
    monkeypatch.setattr(deployed, "living", lambda _: [RESOURCES[1], _role("aws", ENGINE)])
    code, printed, _ = _typed("aws", "--undo", "--yes")
    assert code == 0
    assert printed.startswith(f"the block of {ENGINE} is taken back.")
    assert iam.policies == {}


def test_aws_comes_first_and_the_mount_signs_in_once_the_moment_has_passed(iam: FakeIam) -> None:
    code, printed, _ = _typed("aws", "--stack", "dev", "--yes")
    assert code == 0
    assert iam.done[:2] == ["look", "block"]
    assert iam.done[-1] == "sign in anew"
    # AWS dates sessions by seconds, so the one that runs is over before the mount signs in.
    assert set(iam.done[2:-1]) == {"look"}
    (moment,) = map(blocked_before, iam.policies.values())
    assert moment == NOW + timedelta(seconds=1)
    assert iam.now > moment
    assert "vaultaws revoke aws my-role --namespace team" in printed
    for arn in (TARGET, FOREIGN):
        assert f"vaultaws revoke-sessions {arn} --stack dev" in printed
    assert f"vaultaws revoke-sessions {ENGINE} --stack dev --undo" in printed


def test_a_target_role_has_nobody_who_signs_in(iam: FakeIam) -> None:
    code, printed, _ = _typed("deploy", "--yes")
    assert code == 0
    assert "sign in anew" not in iam.done
    assert "sessions of other roles that its sessions assumed" in printed


def test_an_auth_method_signs_in_anew_and_its_logins_are_named(iam: FakeIam) -> None:
    code, printed, _ = _typed("auth/aws", "--yes", "--json")
    document = json.loads(printed)
    assert code == 0
    assert "sign in anew" in iam.done
    assert document["signed_in_as"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/m/new"
    assert document["blocked_before"] == written(NOW + timedelta(seconds=1))
    assert document["not_ended"][0]["command"] == "vault lease revoke -prefix auth/aws/login"


def test_a_vault_that_is_away_delays_no_block(iam: FakeIam) -> None:
    FakeVault.failing = [VaultUnreachableError("Vault cannot be reached")]
    code, _, said = _typed("aws", "--yes")
    assert code == 1
    assert (
        "Vault cannot be reached\nThe sessions are blocked, and the secrets engine aws may" in said
    )
    assert iam.policies


def test_a_mount_that_gets_no_session_yet_tries_again(
    iam: FakeIam, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Callable[[], str]] = [lambda: "arn:new"]

    def session(_: FakeMount) -> str:
        if len(iam.done) and answers and iam.done.count("sign in anew") < 3:
            raise NotSignedInError("no session")
        return answers[0]()

    monkeypatch.setattr(FakeMount, "session", session)
    assert _typed("aws", "--yes")[0] == 0
    assert iam.done.count("sign in anew") == 3
    monkeypatch.setattr(revoke, "SIGN_IN_SECONDS", 0.0)
    iam.done.clear()
    code, _, said = _typed("aws", "--yes")
    assert code == 1
    assert "no session" in said
    monkeypatch.setattr(FakeMount, "told", "NoCredentialProviders: no valid providers in chain")
    assert "auth method aws has no session" in _typed("auth/aws", "--yes")[2]


@pytest.mark.parametrize("given", ["", "n\n", "\n"])
def test_without_a_yes_nothing_is_changed(iam: FakeIam, given: str) -> None:
    code, printed, said = _typed("aws", given=given)
    assert code == 1
    assert printed == ""
    assert f"{ENGINE}\n  the secrets engine aws of the stack dev" in said
    assert "The mount signs in anew" in said
    assert "Do it? [y/N] " in said
    assert said.endswith("not confirmed, so nothing was changed; --yes does not ask")
    assert iam.done == []


def test_a_yes_at_the_question_does(iam: FakeIam) -> None:
    code, _, said = _typed("deploy", given="y\n")
    assert code == 0
    assert "Vault assumes it anew" in said
    assert iam.policies


def test_taking_back_says_what_lives_again(iam: FakeIam) -> None:
    assert (
        _typed("aws", "--undo", "--yes")[1]
        == f"there was no block of {ENGINE}: nothing was changed\n"
    )
    _typed("aws", "--yes")
    assert "The inline policy AWSRevokeOlderSessions is deleted" in _typed("aws", "--undo")[2]
    document = json.loads(_typed("aws", "--undo", "--yes", "--json")[1])
    assert document["taken_back"] is True
    assert document["blocked_before"] == written(NOW + timedelta(seconds=1))
    assert iam.policies == {}
    later = revoke.revived(NOW, NOW + timedelta(hours=1))
    assert (
        later == "Every session that began before 2030-01-01T12:00:00Z has ended by itself since."
    )
    assert "live again, until" in revoke.revived(NOW, NOW)


def test_an_answer_without_a_date_is_not_guessed_at(iam: FakeIam) -> None:
    iam.dated = False
    with pytest.raises(AwsError, match="AWS's answer has no date"):
        RoleBlock(Account(AccountAccess(account_id=ACCOUNT, region="x")), "r").clock()


def test_a_role_that_is_gone_is_told(iam: FakeIam, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(**_: str) -> None:
        raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "none"}}, "GetRole")

    monkeypatch.setattr(iam, "get_role", gone)
    code, _, said = _typed("aws", "--yes")
    assert (code, said.splitlines()[-1]) == (
        1,
        "there is no role vault-secret-dev-root-aws in this account: run `pulumi up`",
    )


def test_a_block_that_aws_refuses_is_told(iam: FakeIam, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**_: str) -> None:
        raise ClientError({"Error": {"Code": "LimitExceeded", "Message": "10240"}}, "x")

    monkeypatch.setattr(iam, "put_role_policy", refused)
    code, _, said = _typed("aws", "--yes")
    assert code == 1
    assert "AWS refuses to put the inline policy AWSRevokeOlderSessions on the role" in said
    assert "LimitExceeded: 10240" in said
