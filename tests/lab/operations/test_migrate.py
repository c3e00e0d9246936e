"""A mount that ran on a key acts as its role, and nobody who reads from it notices but once."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import pytest

from lab import switches
from lab.switches import Fault, Switches
from tests.awaiting import eventually
from tests.committed import USER
from tests.lab.conftest import ROOT
from tests.lab.faults import Faults
from tests.lab.leases import Lease, read_lease
from tests.lab.stacks import Stack, administrator, settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.conftest import Laboratory

LEASES = 10
CLIENTS = 2
PAUSE_SECONDS = 0.2
"""Between two reads of one client."""
KEEPER = "keeper-of-vault"
"""The IAM user whose key Vault has."""
ANNOUNCED_SECONDS = 20
FORMER = "/vault-*"


@dataclass
class Moved:
    """A mount made by hand, on a key, and a stack that declares it."""

    stack: Stack
    key: Mapping[str, str] = field(repr=False)

    def migrate(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["vaultaws", "migrate", "aws", *options, "--stack", self.stack.name],
            cwd=self.stack.folder,
            env=dict(self.stack.laboratory.environment),
            capture_output=True,
            text=True,
            check=False,
        )

    def step(self, *options: str) -> dict[str, Any]:
        answer = self.migrate(*options, "--yes", "--json")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        document: dict[str, Any] = json.loads(answer.stdout)
        return document

    def move(self) -> dict[str, Any]:
        return self.step("move", "--deadline", str(ANNOUNCED_SECONDS))

    def config(self) -> Mapping[str, Any]:
        held: Mapping[str, Any] = self.stack.laboratory.vault().read("aws/config/root")["data"]
        return held

    def keys(self) -> dict[str, str]:
        listed = administrator(self.stack.laboratory).list_access_keys(UserName=KEEPER)
        return {key["AccessKeyId"]: key["Status"] for key in listed["AccessKeyMetadata"]}


class Client(threading.Thread):
    """Reads credentials and uses them, again and again, and notes when that did not go."""

    def __init__(self, laboratory: Laboratory) -> None:
        super().__init__()
        self._laboratory = laboratory
        self._ended = threading.Event()
        self.reads = 0
        self.gaps: list[float] = []
        """Seconds from each last success before an error to the first one after it."""
        self.errors: list[str] = []

    def run(self) -> None:
        good, failing = time.monotonic(), False
        while not self._ended.wait(PAUSE_SECONDS):
            try:
                read_lease(self._laboratory, "aws/creds/my-role").caller()
            except Exception as error:  # noqa: BLE001 - of Vault, AWS or the network alike
                self.errors.append(str(error))
                failing = True
                continue
            if failing:
                self.gaps.append(time.monotonic() - good)
            good, failing = time.monotonic(), False
            self.reads += 1

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self.join()


def _settings(**engine: Any) -> dict[str, Any]:  # noqa: ANN401 - settings are JSON
    own = {"account": "main", "audience": "vault-aws-secrets", "roles": {"my-role": USER}}
    return settings(aws={**own, **engine})


@pytest.fixture(scope="module")
def moved(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """The mount as somebody made it years ago, by hand."""
    iam, vault = administrator(world), world.vault()
    iam.create_user(UserName=KEEPER)
    everything = {"Effect": "Allow", "Action": "iam:*", "Resource": "arn:aws:iam::*:user/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName=KEEPER, PolicyName="users", PolicyDocument=document)
    key = iam.create_access_key(UserName=KEEPER)["AccessKey"]
    vault.sys.enable_secrets_engine("aws", path="aws", description="by hand")
    secrets = {"access_key": key["AccessKeyId"], "secret_key": key["SecretAccessKey"]}
    vault.write_data("aws/config/root", data={**secrets, "region": "us-east-1"})
    policy = (ROOT / USER["policy"]).read_text("utf-8")
    role = {"credential_type": "iam_user", "policy_document": policy}
    vault.write_data("aws/roles/my-role", data=role)
    stack = Stack(world, tmp_path_factory.mktemp("moved") / "stack", "moved", ROOT)
    stack.create(_settings())
    return Moved(stack, {"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]})


def _users(leases: list[Lease]) -> list[str]:
    return [lease.caller().rpartition("/")[2] for lease in leases]


def _there(laboratory: Laboratory, users: list[str]) -> set[str]:
    everybody = {user["UserName"] for user in administrator(laboratory).list_users()["Users"]}
    return everybody & set(users)


def _killed_at(moved: Moved, write: str) -> None:
    """Move the mount, and kill that before Vault gets one write."""
    home = moved.stack.laboratory.home
    faults = Faults(home)
    faults.set(Fault(kind="hold", write=write))
    moving = subprocess.Popen(
        ["vaultaws", "migrate", "aws", "move", "--yes", "--stack", moved.stack.name],
        cwd=moved.stack.folder,
        env=dict(moved.stack.laboratory.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(f"{write} is held", lambda: faults.writes("held"), seconds=180)
    finally:
        moving.kill()
        moving.wait()
        switches.store(home, Switches())


def test_what_stands_in_the_way_is_told_and_nothing_is_changed(moved: Moved) -> None:
    lab = moved.stack.laboratory
    lease = read_lease(lab, "aws/creds/my-role")
    lab.vault().write_data("aws/roles/forgotten", data={"credential_type": "iam_user"})
    before = moved.config()
    shown = moved.migrate()
    assert shown.returncode == 1
    assert f"its key: {moved.key['id']}" in shown.stdout
    assert "the settings do not declare its Vault role(s) forgotten" in shown.stdout
    assert f'write formerUsers: ["{FORMER}"] to secretsEngines.aws' in shown.stdout
    refused = moved.migrate("move", "--yes")
    assert refused.returncode == 1
    assert "is not moved, and nothing was changed" in refused.stderr
    assert moved.config() == before
    lab.vault().delete("aws/roles/forgotten")
    lease.revoke()


def test_ten_leases_live_on_and_a_client_sees_one_gap_at_most(moved: Moved) -> None:
    lab = moved.stack.laboratory
    moved.stack.configure(_settings(formerUsers=[FORMER]))
    leases = [read_lease(lab, "aws/creds/my-role") for _ in range(LEASES)]
    users = _users(leases)
    plan = moved.migrate("--json")
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert json.loads(plan.stdout)["leases"] == {"my-role": LEASES}
    clients = [Client(lab) for _ in range(CLIENTS)]
    with ExitStack() as load:
        for client in clients:
            load.enter_context(client)
        done = moved.move()
    for client in clients:
        assert client.reads > LEASES
        assert len(client.gaps) <= 1, client.errors
        assert max(client.gaps, default=0) <= ANNOUNCED_SECONDS
    assert done["gap_seconds"] <= ANNOUNCED_SECONDS

    assert moved.keys() == {moved.key["id"]: "Active"}
    config = moved.config()
    assert (config["access_key"], config["identity_token_audience"]) == ("", "vault-aws-secrets")
    assert "/vault/moved-root-aws/" in read_lease(lab, "aws/creds/my-role").caller()
    moved.stack.expect_no_changes()
    assert sorted(_users(leases)) == sorted(users)
    for lease in leases:
        lease.revoke()
    assert _there(lab, users) == set()

    proven = moved.migrate("prove")
    assert proven.returncode == 0, proven.stdout + proven.stderr


def test_a_step_is_undone_and_a_key_that_somebody_uses_stays(moved: Moved) -> None:
    lab, key = moved.stack.laboratory, moved.key["id"]
    early = moved.migrate("delete", "--yes", "--inactive-for", "0s")
    assert early.returncode == 1
    assert f"the key {key} is active: first" in early.stderr

    assert moved.step("deactivate")["stage"] == "is federated; its key is inactive"
    assert moved.keys() == {key: "Inactive"}
    kept = moved.migrate("delete", "--yes")
    assert kept.returncode == 1
    assert "whoever else needs it may not have noticed" in kept.stderr
    assert moved.step("undo")["undone"] == f"the key {key} is active again"
    assert moved.keys() == {key: "Active"}

    lab.aws("sts", key, moved.key["secret"]).get_caller_identity()
    used = moved.migrate("deactivate", "--yes")
    assert used.returncode == 1
    assert "AWS has seen it used for sts in us-east-1" in used.stderr
    iam = administrator(lab)
    iam.update_access_key(UserName=KEEPER, AccessKeyId=key, Status="Inactive")
    refused = moved.migrate("delete", "--yes", "--inactive-for", "0s")
    assert refused.returncode == 1
    assert "Somebody else has it" in refused.stderr
    iam.update_access_key(UserName=KEEPER, AccessKeyId=key, Status="Active")

    since = read_lease(lab, "aws/creds/my-role")
    undone = moved.step("undo")
    assert undone["stage"] == "runs on its key"
    assert f"Vault uses {key} no longer" in undone["undone"]
    assert moved.config()["access_key"] in moved.keys().keys() - {key}
    assert ":user/vault-root-my-role" in read_lease(lab, "aws/creds/my-role").caller()
    since.revoke()
    assert not list(moved.stack.folder.glob("migration.*"))


def test_a_mount_that_gets_no_session_gets_its_key_back(moved: Moved) -> None:
    lab, role = moved.stack.laboratory, "vault-secret-moved-root-aws"
    iam = administrator(lab)
    trust = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    nobody = json.loads(json.dumps(trust).replace(":aud", ":nothing"))
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(nobody))
    crowded = moved.migrate("move", "--yes")
    assert "its IAM user has a second key, " + moved.key["id"] in crowded.stderr
    iam.delete_access_key(UserName=KEEPER, AccessKeyId=moved.key["id"])
    (before,) = moved.keys()
    failed = moved.migrate("move", "--yes", "--deadline", "1")
    assert failed.returncode == 1
    assert "has a key back" in failed.stderr
    assert moved.config()["access_key"] in moved.keys().keys() - {before}
    assert ":user/vault-root-my-role" in read_lease(lab, "aws/creds/my-role").caller()
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))
    iam.delete_access_key(UserName=KEEPER, AccessKeyId=before)


def test_an_unused_key_is_deleted_and_even_then_the_mount_can_go_back(moved: Moved) -> None:
    lab = moved.stack.laboratory
    _killed_at(moved, "vault.lab.test POST /v1/aws/roles/my-role")
    assert "identity_token_audience" in moved.config()
    assert len(moved.keys()) == 2
    early = moved.migrate("deactivate", "--yes")
    assert early.returncode == 1
    assert "or was interrupted at it: type `vaultaws migrate aws move`" in early.stderr
    assert json.loads(moved.migrate("--json").stdout)["next"].endswith(" move --stack moved")
    moved.move()
    assert len(moved.keys()) == 1
    moved.step("deactivate")
    done = moved.step("delete", "--inactive-for", "0s")
    assert done["stage"] == "is federated; its key is deleted"
    assert moved.keys() == {}
    assert ":user/vault/moved-root-aws/" in read_lease(lab, "aws/creds/my-role").caller()
    shown = moved.migrate()
    assert shown.returncode == 0
    assert f"The IAM user {KEEPER} is left" in shown.stdout

    moved.step("undo")
    (key,) = moved.keys()
    assert moved.config()["access_key"] == key
    assert ":user/vault-root-my-role" in read_lease(lab, "aws/creds/my-role").caller()
    resources = json.loads(moved.stack.pulumi("stack", "export").stdout)["deployment"]["resources"]
    assert not [
        each for each in resources if each["type"] == "vault:aws/secretBackend:SecretBackend"
    ]
