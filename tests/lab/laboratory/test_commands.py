"""What a person types in a fresh clone, from `make up` to `make down`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lab import processes, switches
from lab.home import Home, read_json
from lab.switches import Fault, Switches
from tests.awaiting import eventually
from tests.lab.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of its own with nothing made in it yet."""
    folder = tmp_path_factory.mktemp("clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout.decode()
    for name in filter(None, listed.split("\0")):
        source = ROOT / name
        if source.is_file():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    try:
        yield folder
    finally:
        _make(folder, "lab-down")


def _make(clone: Path, *targets: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    finished = subprocess.run(
        ["make", *targets], cwd=clone, capture_output=True, text=True, check=False
    )
    if check and finished.returncode != 0:
        pytest.fail(f"make {' '.join(targets)}\n{finished.stdout[-8000:]}{finished.stderr[-4000:]}")
    return finished


def _in_laboratory(clone: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", f'eval "$(make -s env)"; {command}'],
        cwd=clone,
        capture_output=True,
        text=True,
        check=False,
    )


def _processes(clone: Path) -> dict[str, int]:
    folder = Home(clone / ".lab").processes
    return {path.stem: read_json(path)["pid"] for path in folder.glob("*.json")}


def _runs(pid: int) -> bool:
    """Whether the process lives; one that ended stays listed until its parent asks for it."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def _ours(clone: Path) -> dict[str, list[str]]:
    """What exists at AWS and in Vault that this program makes."""
    aws = {
        "users": "aws iam list-users --query 'Users[].UserName'",
        "roles": "aws iam list-roles --query 'Roles[].RoleName'",
        "providers": "aws iam list-open-id-connect-providers"
        " --query 'OpenIDConnectProviderList[].Arn'",
    }
    found = {what: json.loads(_output(clone, command)) for what, command in aws.items()}
    python = (
        "import hvac, json, os; c = hvac.Client(verify=os.environ['SSL_CERT_FILE']); "
        "print(json.dumps({'mounts': [m for m, v in c.sys.list_mounted_secrets_engines()['data']"
        ".items() if v['type'] == 'aws'], 'policies': c.sys.list_policies()['data']['policies'], "
        "'keys': (c.list('identity/oidc/key') or {'data': {'keys': []}})['data']['keys']}))"
    )
    found.update(json.loads(_output(clone, f'python -c "{python}"')))
    found["users"].remove("bootstrap-administrator")
    found["roles"].remove("app")  # the application that `make lab` makes
    found["policies"] = sorted(set(found["policies"]) - {"default", "root"})
    found["keys"] = sorted(set(found["keys"]) - {"default"})
    return found


def _output(clone: Path, command: str) -> str:
    finished = _in_laboratory(clone, command)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def test_a_fresh_clone_comes_up_stays_up_and_goes_away(clone: Path) -> None:
    first = _make(clone, "up").stdout
    assert "vault read aws/creds/my-role" in first
    assert "vault login -method=aws -path=aws role=dev-role-iam" in first
    assert "make down" in first
    assert _ours(clone)["mounts"] == ["aws/"]
    started = _processes(clone)
    assert set(started) == {"network", "aws", "people", "vault"}

    second = _make(clone, "up").stdout
    assert "from Go modules" not in second
    assert "unchanged" in second
    assert not any(word in second for word in ("created", "updated", "deleted", "replaced"))
    assert _processes(clone) == started

    assert "unchanged" in _output(clone, "pulumi preview --stack dev --expect-no-changes")

    _make(clone, "lab-down")
    assert not any(_runs(pid) for pid in started.values())
    _make(clone, "lab")
    assert set(_processes(clone)) == set(started)
    _output(clone, "pulumi preview --stack dev --expect-no-changes")
    issued = _output(
        clone,
        'curl -sf -H @- "$VAULT_ADDR/v1/aws/creds/my-role" <<< "X-Vault-Token: $VAULT_TOKEN"',
    )
    assert json.loads(issued)["data"]["access_key"].startswith("AKIA")

    _make(clone, "down")
    kinds = ("users", "roles", "providers", "mounts", "policies", "keys")
    nothing: dict[str, list[str]] = {kind: [] for kind in kinds}
    assert _ours(clone) == nothing
    _make(clone, "down")

    _make(clone, "up")
    assert _ours(clone)["mounts"] == ["aws/"]
    _make(clone, "down")
    assert _ours(clone) == nothing


def test_a_killed_run_is_mended_by_the_next_one(clone: Path) -> None:
    _make(clone, "lab")
    faults = Faults(Home(clone / ".lab"))
    faults.set(Fault(kind="hold", write="vault.lab.test POST /v1/sys/mounts/aws"))
    with subprocess.Popen(
        ["make", "up"],
        cwd=clone,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as making:
        eventually("the mount is about to be made", lambda: faults.writes("held"), seconds=120)
        os.killpg(making.pid, signal.SIGKILL)
    switches.store(Home(clone / ".lab"), Switches())

    said = _make(clone, "up").stdout
    assert "locked the stack dev at" in said
    assert "its lock is cleared" in said
    assert _ours(clone)["mounts"] == ["aws/"]
    _make(clone, "down")


def test_nothing_that_is_committed_is_changed_by_the_commands(clone: Path) -> None:
    changed = [
        name
        for name in ("Pulumi.yaml", "Pulumi.dev.yaml", "Makefile")
        if (clone / name).read_bytes() != (ROOT / name).read_bytes()
    ]
    assert changed == []


def test_help_has_a_line_for_each_command() -> None:
    helped = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    listed = {line.split()[0] for line in helped.splitlines()}
    wanted = "up preview down lab lab-down env unit test check clean"
    assert listed >= set(wanted.split())


def test_env_says_what_to_do_when_no_laboratory_runs(tmp_path: Path) -> None:
    finished = subprocess.run(
        [ROOT / ".venv/bin/python", "-m", "lab", "env", "--home", tmp_path / "none"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode != 0
    assert finished.stdout == ""
    assert "make lab" in finished.stderr


def test_a_vault_that_is_gone_for_good_is_abandoned(clone: Path) -> None:
    _make(clone, "up")
    refused = _make(clone, "down", "ABANDON_VAULT=1", check=False)
    assert refused.returncode != 0
    assert "answers, so it is not gone for good" in refused.stderr

    home = Home(clone / ".lab")
    processes.stop(home, ["vault"])
    shutil.rmtree(home.vault)
    abandoned = _make(clone, "down", "ABANDON_VAULT=1")
    assert "Vault leaves no IAM user behind" in abandoned.stdout
    assert set(_processes(clone)) >= {"network", "aws"}

    _make(clone, "up")
    assert _ours(clone)["mounts"] == ["aws/"]
    _make(clone, "down")
