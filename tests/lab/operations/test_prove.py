"""What ``vaultaws prove`` says of a sound stack, and of three servers that only look sound."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lab import switches
from lab.home import read_json
from lab.switches import Fault, Switches
from tests.lab.conftest import ROOT, Laboratory, lab_command
from tests.lab.logins import make_role
from tests.lab.stacks import administrator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ROLE = "vault-secret-dev-root-aws"
ARN = f"arn:aws:iam::123456789012:role/{ROLE}"
PROVIDER = "arn:aws:iam::123456789012:oidc-provider/vault.lab.test/v1/identity/oidc/plugins"
CONFIG = "aws/config/root"
USERS = "/vault/dev-root-aws/"
KEEPS = ("region", "username_template", "identity_token_ttl")
PATIENCE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was printed, and how it ended."""

    code: int
    said: str
    findings: list[dict[str, Any]]

    def of(self, result: str) -> set[tuple[str, str]]:
        """Return part and subject of the findings with a result."""
        return {(each["of"], each["what"]) for each in self.findings if each["result"] == result}

    def evidence(self, what: str) -> str:
        """Return the evidence of the first finding about something."""
        return next(str(each["evidence"]) for each in self.findings if each["what"] == what)


def prove(world: Laboratory, *arguments: str, **env: str) -> Proof:
    """Type the command as a program would."""
    typed = ("vaultaws", "prove", "--stack", "dev", "--json", *arguments)
    answer = world.run(*typed, env=env, check=False)
    assert "Traceback" not in answer.stderr, answer.stderr
    assert answer.stdout, answer.stderr
    return Proof(
        code=answer.returncode,
        said=answer.stdout + answer.stderr,
        findings=json.loads(answer.stdout)["findings"],
    )


def left(world: Laboratory) -> dict[str, Any]:
    """Return what a proof could have left: users, leases, tokens."""
    vault = world.vault()
    leases = vault.list("sys/leases/lookup/aws/creds/my-role") or {"data": {"keys": []}}
    tokens = vault.auth.token.list_accessors()["data"]["keys"]
    users = administrator(world).list_users(PathPrefix=USERS)["Users"]
    return {"users": users, "leases": leases["data"]["keys"], "tokens": len(tokens)}


@pytest.fixture(scope="module")
def well(world: Laboratory) -> Laboratory:
    """A laboratory of its own with the committed dev stack."""
    lab_command("application", world.home.root)
    world.pulumi("stack", "init")
    world.pulumi("up", "--yes", "--skip-preview")
    return world


@pytest.fixture
def nothing_left(well: Laboratory) -> Iterator[None]:
    """Whatever a test proves, nothing of it is left."""
    before = left(well)
    yield
    assert left(well) == before


@contextmanager
def keys_in_the_environment(world: Laboratory) -> Iterator[None]:
    """Run a block while Vault's process has AWS keys, which may do everything."""
    lab_command("up", world.home.root, "--vault-aws-keys", "main")
    try:
        yield
    finally:
        lab_command("up", world.home.root, "--vault-aws-keys", "")


@pytest.fixture(scope="module")
def filed(well: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> tuple[Proof, Path, Any]:
    """The whole proof of a sound stack, its report, and what was there before."""
    file = tmp_path_factory.mktemp("report") / "evidence.md"
    before = left(well)
    proof = prove(well, "--profile", "main-app", "--cloudtrail", "--report", str(file))
    return proof, file, before


def test_a_sound_stack_is_proven_but_for_the_login_of_a_person(
    filed: tuple[Proof, Path, Any], well: Laboratory
) -> None:
    proof, _, before = filed
    assert proof.code == 0, proof.said
    assert proof.of("not as declared") == set()
    assert proof.of("not shown") == {("login of people people", "people: login of a person")}
    shown = {what for _, what in proof.of("shown")}
    for life in ("issued", "used", "ended", "CloudTrail's record"):
        assert {f"my-role: {life}", f"deploy as vault-target-dev-deploy: {life}"} <= shown
    assert "dev-role-iam: login" in shown
    assert left(well) == before


def test_the_callers_are_seen_as_sessions_of_the_roles(filed: tuple[Proof, Path, Any]) -> None:
    proof, _, _ = filed
    session = f"assumed-role/{ROLE}/vault-aws-secrets-"
    assert session in proof.evidence("who the engine is at AWS")
    assert session in proof.evidence("my-role: CloudTrail's record")
    assert f"who came by {PROVIDER}" in proof.evidence("my-role: CloudTrail's record")
    assert ARN in proof.evidence("deploy as vault-target-dev-deploy: who assumed it")
    told = proof.evidence("CloudTrail's record of its own session")
    assert "the subject plugin-identity:root:auth:auth_aws_" in told


def test_the_report_says_who_looked_when_and_at_what_and_no_secret(
    filed: tuple[Proof, Path, Any], well: Laboratory
) -> None:
    proof, file, _ = filed
    text = file.read_text("utf-8")
    assert "| asked at Vault by the token of | root |" in text
    assert "user/bootstrap-administrator" in text
    for each in proof.findings:
        assert re.search(rf"\| {re.escape(each['what'])} \| {each['result']} \| .+ UTC \|", text)
    told = text + proof.said
    assert well.environment["VAULT_TOKEN"] not in told
    assert not re.search(r"hv[sb]\.\w", told)
    # Secret keys have 40 characters, and not only those of hexadecimal numbers.
    words = re.findall(r"(?<![\w/+-])[\w/+]{40}(?![\w/+-])", told)
    assert {word for word in words if not re.fullmatch(r"[0-9a-f]{40}", word)} == set()


def test_a_server_with_aws_keys_in_its_environment_is_unmasked(
    well: Laboratory, nothing_left: None
) -> None:
    """All that is configured is right, and all that is asked for is given."""
    with keys_in_the_environment(well):
        proof = prove(well, "--engine", "aws", "--method", "aws", "--cloudtrail")
    assert proof.code == 1
    assert proof.of("not as declared") == {
        ("secrets engine aws", "who the engine is at AWS"),
        ("secrets engine aws", "my-role: CloudTrail's record"),
        ("auth method aws", "who the method is at AWS"),
    }
    assert ("secrets engine aws", "my-role: used") in proof.of("shown")
    told = proof.evidence("my-role: CloudTrail's record")
    assert "user/bootstrap-administrator, which is no session of" in told
    assert "take them out of its environment" in proof.said


def test_a_server_whose_federation_fields_were_dropped_is_unmasked(
    well: Laboratory, nothing_left: None
) -> None:
    """With keys in its environment it goes on issuing credentials as if nothing had happened."""
    vault = well.vault()
    held = vault.read(CONFIG)["data"]
    own = {key: held[key] for key in (*KEEPS, "role_arn", "identity_token_audience")}
    with keys_in_the_environment(well):
        vault.write_data(CONFIG, data=own | {"role_arn": "", "identity_token_audience": ""})
        try:
            proof = prove(well, "--engine", "aws")
        finally:
            vault.write_data(CONFIG, data=own)
    assert proof.code == 1
    wrong = {what for _, what in proof.of("not as declared")}
    assert {"configuration read back", "who the engine is at AWS"} <= wrong
    assert ("secrets engine aws", "my-role: used") in proof.of("shown")
    told = proof.evidence("configuration read back")
    assert "audience is not set, declared is 'vault-aws-secrets'" in told
    assert f"role_arn is not set, declared is '{ARN}'" in told


def test_a_trust_that_lets_another_mount_in_is_unmasked(
    well: Laboratory, nothing_left: None
) -> None:
    """With the subject gone, whoever in Vault may mount an engine has the role."""
    iam = administrator(well)
    trust: Any = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
    opened = json.loads(json.dumps(trust))
    equals = opened["Statement"][0]["Condition"]["StringEquals"]
    del equals[next(key for key in equals if key.endswith(":sub"))]
    iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(opened))
    try:
        proof = prove(well, "--engine", "aws")
    finally:
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(trust))
    assert proof.code == 1
    assert proof.of("not as declared") == {("secrets engine aws", "the role lets nobody else in")}
    told = proof.evidence("the role lets nobody else in")
    assert re.search(r"a token of another mount, \S+:aws_00000000, satisfies", told)


def test_what_somebody_else_made_in_the_mounts_is_found(
    well: Laboratory, nothing_left: None
) -> None:
    vault = well.vault()
    group = vault.read("identity/group/name/dev-root-people-engineering")["data"]
    vault.write_data(
        "aws/roles/backdoor", data={"credential_type": "iam_user", "policy_document": "{}"}
    )
    vault.write_data(f"identity/group/id/{group['id']}", data={"policies": ["root-like"]})
    try:
        proof = prove(well, "--engine", "aws", "--login", "people")
    finally:
        vault.delete("aws/roles/backdoor")
        data = {"policies": group["policies"]}
        vault.write_data(f"identity/group/id/{group['id']}", data=data)
    assert proof.code == 1
    assert proof.of("not as declared") == {
        ("secrets engine aws", "Vault roles read back"),
        ("login of people people", "group engineering"),
    }
    assert proof.evidence("Vault roles read back") == "backdoor is there and not declared"


def test_a_key_that_is_not_known_yet_and_a_slow_trail_are_awaited(
    well: Laboratory, nothing_left: None
) -> None:
    switches.store(well.home, Switches(key_delay_seconds=4, trail_delay_seconds=3))
    try:
        proof = prove(well, "--engine", "aws", "--cloudtrail")
        switches.store(well.home, Switches(key_delay_seconds=60))
        late = prove(well, "--engine", "aws", "--deadline", "0")
    finally:
        switches.store(well.home, Switches())
    assert proof.code == 0, proof.said
    assert late.code == 1
    assert late.of("not as declared") == {("secrets engine aws", "my-role: used")}
    assert "AWS did not know the key for 0 s (InvalidClientTokenId)" in late.said


def _interrupted(
    world: Laboratory, number: signal.Signals, ready: Callable[[], bool], before: Switches
) -> subprocess.Popen[str]:
    """Start a proof, and interrupt it as soon as something is so."""
    switches.store(world.home, before)
    process = subprocess.Popen(
        # What runs in the background has interrupts ignored, which is inherited.
        ("env", "--default-signal=INT", "vaultaws", "prove", "--stack", "dev", "--engine", "aws"),
        cwd=ROOT,
        env=dict(world.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < until
        time.sleep(0.05)
    process.send_signal(number)
    return process


def test_interrupted_while_a_key_is_used_it_leaves_nothing(
    well: Laboratory, nothing_left: None
) -> None:
    def issued() -> bool:
        return bool(left(well)["leases"])

    process = _interrupted(well, signal.SIGTERM, issued, Switches(key_delay_seconds=600))
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    switches.store(well.home, Switches())
    assert process.returncode == 130, printed


def test_interrupted_while_vault_is_making_a_user_it_takes_the_user_back(
    well: Laboratory, nothing_left: None
) -> None:
    """Vault finishes what it was asked for, whoever has gone; so it is waited for."""
    write = "iam.amazonaws.com CreateAccessKey"

    def making() -> bool:
        return f'"{write}", "fate": "held"' in well.home.writes.read_text("utf-8")

    held = Switches(fault=Fault(kind="hold", write=write))
    well.home.writes.touch()
    process = _interrupted(well, signal.SIGINT, making, held)
    assert "waiting for Vault's answer" in _line(process, "interrupted")
    assert administrator(well).list_users(PathPrefix=USERS)["Users"]
    switches.store(well.home, Switches())
    printed, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, printed


def _line(process: subprocess.Popen[str], begins: str) -> str:
    assert process.stdout is not None
    return next((line for line in process.stdout if line.startswith(begins)), "")


def test_the_rights_of_the_two_files_are_all_it_takes(well: Laboratory, nothing_left: None) -> None:
    """And at AWS none of them is idle."""
    vault, iam = well.vault(), administrator(well)
    vault.sys.create_or_update_policy("prover", (ROOT / "policies/vault/prove.hcl").read_text())
    allowed = json.loads((ROOT / "policies/aws/prove.json").read_text("utf-8"))
    make_role(well, "prover")
    iam.put_role_policy(RoleName="prover", PolicyName="p", PolicyDocument=json.dumps(allowed))
    config = well.home.root / "aws-prover"
    account = read_json(well.home.accounts)[0]
    config.write_text(
        well.home.aws_config.read_text("utf-8")
        + "\n[profile prover]\nregion = us-east-1\nsource_profile = main\n"
        + f"role_arn = arn:aws:iam::{account['id']}:role/prover\nrole_session_name = prover\n",
        "utf-8",
    )
    token = vault.auth.token.create(policies=["prover"], no_parent=True)["auth"]["client_token"]
    lines = len(well.decisions())
    try:
        given = {"VAULT_TOKEN": token, "AWS_PROFILE": "prover", "AWS_CONFIG_FILE": str(config)}
        proof = prove(well, "--cloudtrail", **given)
    finally:
        vault.auth.token.revoke(token)
        iam.delete_role_policy(RoleName="prover", PolicyName="p")
        iam.delete_role(RoleName="prover")
        vault.sys.delete_policy("prover")
    assert proof.code == 0, proof.said
    assert {what for _, what in proof.of("not shown")} == {
        "dev-role-iam: login",
        "people: login of a person",
    }
    by = "assumed-role/prover/"
    asked = {each["action"] for each in well.decisions()[lines:] if by in each["principal"]}
    actions = {
        action
        for statement in allowed["Statement"]
        for action in (
            [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
        )
    }
    assert asked - {"sts:GetCallerIdentity"} == actions


def test_a_part_that_is_not_there_is_said_with_those_that_are(well: Laboratory) -> None:
    answer = well.run("vaultaws", "prove", "--stack", "dev", "--engine", "azure", check=False)
    assert answer.returncode == 1
    assert answer.stderr == "the stack dev has no secrets engine azure (there is aws)\n"
